"""Turn trained weights into those that ship.

    python -m train.release runs/mobile/mobile.safetensors --note "8 runs of batch 4"
    python -m train.release runs/bisenet_small/bisenet_small.safetensors --note "..."

A ``mobile`` network becomes ``facestyle/weights/mobile.safetensors`` with ``styles.json``, the
codes of the gallery's paintings. Of several files it is the mean of their weights; one that is
named twice counts twice. An auxiliary network goes to ``train/auxiliary/weights`` in half
precision, since no file of the project may be larger than 5 MB. The model card beside
them is written by people.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from facestyle import __version__, checkpoint, gallery
from facestyle.checkpoint import Checkpoint
from facestyle.networks import create
from facestyle.shipped import read_painting
from facestyle.style import StyleBook
from facestyle.stylize import Painter
from train.auxiliary import watchers

STYLE_WEIGHTS = Path(checkpoint.__file__).parent / "weights"
AUXILIARY_WEIGHTS = Path(watchers.__file__).parent / "weights"
LICENCE = "Apache-2.0"


def release(trained: Sequence[Path], note: str) -> Path:
    """Write what ships of the mean of files of trained weights; returns where.

    Args:
        trained: files of one network, best of runs that followed each other: the mean of others
            is none of them.
        note: what the metadata says of the training, beside what the last file's says.
    """
    states: list[dict[str, Tensor]] = []
    metadata: dict[str, str] = {}
    for path in trained:
        state, metadata = checkpoint.read_tensors(path)
        if metadata.get("network") == "mobile":
            checkpoint.fit(create("mobile"), state, path)
        states.append(state)
    state = mean(states)
    about = {**metadata, "trained": note, "facestyle": __version__, "licence": LICENCE}
    if metadata.get("format") == watchers.FORMAT:
        name = metadata["network"]
        path = AUXILIARY_WEIGHTS / f"{name}.safetensors"
        half = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
        watchers.save(half, name, path, about)
        return path
    network = create("mobile")
    checkpoint.fit(network, state, trained[-1])
    made = Checkpoint("mobile", network, checkpoint.fingerprint(network.state_dict()), about)
    path = STYLE_WEIGHTS / "mobile.safetensors"
    checkpoint.save(made, path)
    painter = Painter(made)
    codes = tuple(read_painting(painter, painting) for painting in gallery.paintings())
    StyleBook(made.fingerprint, codes).save(STYLE_WEIGHTS / "styles.json")
    return path


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
    parser.add_argument("trained", type=Path, nargs="+")
    parser.add_argument("--note", required=True)
    args = parser.parse_args()
    print(f"released {release(args.trained, args.note)}")


if __name__ == "__main__":
    main()
