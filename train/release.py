"""Turn trained weights into those that ship.

    python -m train.release runs/mobile/mobile.safetensors --note "8 runs of batch 4"
    python -m train.release runs/studio/studio.safetensors --note "..."
    python -m train.release runs/bisenet_small/bisenet_small.safetensors --note "..."
    python -m train.release --gallery

A ``mobile`` or ``studio`` network becomes ``facestyle/weights/NETWORK.safetensors`` with
``styles.json``, the codes of the gallery's paintings, which are for both: ``mobile`` comes first,
and ``studio`` must have its style encoder. Of several files it is the mean of their weights; one
that is named twice counts twice. ``--half`` stores half precision; then both must, or their style
encoders would differ. An auxiliary network goes to ``train/auxiliary/weights`` in half
precision, since no file of the project may be larger than 5 MB. The model card beside
them is written by people. ``--gallery`` writes ``styles.json`` alone, after a change of the
gallery's paintings.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from facestyle import __version__, checkpoint, gallery
from facestyle.checkpoint import Checkpoint
from facestyle.errors import UserError
from facestyle.networks import NETWORKS
from facestyle.presets import DEFAULT
from facestyle.shipped import read_painting
from facestyle.style import StyleBook
from facestyle.stylize import Painter
from facestyle.tensor_files import fit, read_tensors, write_tensors
from train.auxiliary import files

STYLE_WEIGHTS = Path(checkpoint.__file__).parent / "weights"
AUXILIARY_WEIGHTS = files.WEIGHTS
LICENCE = "Apache-2.0"


def release(trained: Sequence[Path], note: str, half: bool = False) -> Path:
    """Write what ships of the mean of files of trained weights; returns where.

    Args:
        trained: files of one network, best of runs that followed each other: the mean of others
            is none of them.
        note: what the metadata says of the training, beside what the last file's says.
        half: whether a style network is stored in half precision; auxiliary ones always are.

    Raises:
        UserError: when the files are of several networks, of one that does not ship, or the style
            encoder is not that of the ``mobile`` that ships.
    """
    read = [read_tensors(path) for path in trained]
    metadata = read[-1][1]
    name = metadata.get("network", "")
    for path, (_, told) in zip(trained, read):
        if told.get("network", "") != name:
            raise UserError(f"{path} holds weights of {told.get('network')!r}, not of {name!r}")
    about = {**metadata, "trained": note, "facestyle": __version__, "licence": LICENCE}
    if metadata.get("format") == files.FORMAT:
        path = AUXILIARY_WEIGHTS / f"{name}.safetensors"
        files.save(halved(mean([state for state, _ in read])), name, path, about)
        return path
    if name not in NETWORKS or not NETWORKS[name].learns_style_encoder:
        raise UserError(f"{trained[-1]} holds weights of {name!r}, which has no style encoder")
    for path, (state, told) in zip(trained, read):
        fit(checkpoint.restore(told, name, path), state, path)
    return _release_style(mean([state for state, _ in read]), name, trained[-1], about, half)


def _release_style(
    state: dict[str, Tensor], name: str, source: Path, about: dict[str, str], half: bool
) -> Path:
    network = checkpoint.restore(about, name, source)
    # What is read back is what the fingerprint and the codes are of.
    fit(network, halved(state) if half else state, source)
    made = Checkpoint(name, network, checkpoint.fingerprint(network.state_dict()), about)
    if name != DEFAULT:
        first = checkpoint.load(STYLE_WEIGHTS / f"{DEFAULT}.safetensors", DEFAULT).style_fingerprint
        if made.style_fingerprint != first:
            raise UserError(
                f"{source}: its style encoder is {made.style_fingerprint}, where that of the "
                f"{DEFAULT} that ships is {first}; one style code must do for both"
            )
    path = STYLE_WEIGHTS / f"{name}.safetensors"
    kept = halved(network.state_dict()) if half else network.state_dict()
    write_tensors(kept, path, {**about, **checkpoint.describe(network)})
    gallery_styles(made).save(STYLE_WEIGHTS / "styles.json")
    return path


def gallery_styles(loaded: Checkpoint) -> StyleBook:
    """The codes of all paintings of the gallery, by the style encoder of some weights."""
    painter = Painter(loaded)
    codes = tuple(read_painting(painter, painting) for painting in gallery.paintings())
    return StyleBook(loaded.style_fingerprint, codes)


def release_gallery() -> Path:
    """Write the codes of the gallery's paintings by the weights that ship; returns where."""
    path = STYLE_WEIGHTS / "styles.json"
    gallery_styles(checkpoint.load(None, DEFAULT)).save(path)
    return path


def halved(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Floats in half precision; counters as they are."""
    return {k: v.half() if v.is_floating_point() else v for k, v in state.items()}


def mean(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Of every tensor; one state stays as it is, bit for bit."""
    if len(states) == 1:
        return states[0]
    return {
        key: torch.stack([state[key].double() for state in states]).mean(0).to(value.dtype)
        for key, value in states[0].items()
    }


def main() -> None:
    """Parse the command line and release."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trained", type=Path, nargs="*", help="files; none with --gallery")
    parser.add_argument("--note", help="what the metadata says of the training")
    parser.add_argument("--gallery", action="store_true", help="only encode the gallery anew")
    parser.add_argument("--half", action="store_true")
    args = parser.parse_args()
    try:
        if args.gallery == bool(args.trained) or (args.trained and not args.note):
            raise UserError("give trained weights with --note, or --gallery alone")
        made = release_gallery() if args.gallery else release(args.trained, args.note, args.half)
        print(f"released {made}")
    except UserError as error:
        parser.exit(2, f"error: {error}\n")


if __name__ == "__main__":
    main()
