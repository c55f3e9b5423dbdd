"""Turn trained weights into those that ship.

    python -m train.release runs/mobile_first/mobile.safetensors --note "20,000 steps of batch 4"
    python -m train.release runs/bisenet_small/bisenet_small.safetensors --note "..."

A ``mobile`` network becomes ``facestyle/weights/mobile.safetensors`` with ``styles.json``, the
codes of the gallery's paintings. An auxiliary network goes to ``train/auxiliary/weights``
in half precision, since no file of the project may be larger than 5 MB. The model card beside
them is written by people.
"""

from __future__ import annotations

import argparse
from pathlib import Path

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


def release(trained: Path, note: str) -> Path:
    """Write what ships of a file of trained weights; returns where."""
    state, metadata = checkpoint.read_tensors(trained)
    about = {**metadata, "trained": note, "facestyle": __version__, "licence": LICENCE}
    if metadata.get("format") == watchers.FORMAT:
        name = metadata["network"]
        path = AUXILIARY_WEIGHTS / f"{name}.safetensors"
        half = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
        watchers.save(half, name, path, about)
        return path
    network = create("mobile")
    checkpoint.fit(network, state, trained)
    made = Checkpoint("mobile", network, checkpoint.fingerprint(network.state_dict()), about)
    path = STYLE_WEIGHTS / "mobile.safetensors"
    checkpoint.save(made, path)
    painter = Painter(made)
    codes = tuple(read_painting(painter, painting) for painting in gallery.paintings())
    StyleBook(made.fingerprint, codes).save(STYLE_WEIGHTS / "styles.json")
    return path


def main() -> None:
    """Parse the command line and release."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trained", type=Path)
    parser.add_argument("--note", required=True)
    args = parser.parse_args()
    print(f"released {release(args.trained, args.note)}")


if __name__ == "__main__":
    main()
