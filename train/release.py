"""Turn trained weights into those that ship: checkpoint, style codes.

    python -m train.release runs/first/ema.safetensors --note "20,000 steps of batch 4"

Writes ``facestyle/weights/mobile.safetensors`` and ``styles.json``, the codes of the gallery's
twelve paintings. The model card beside them is written by people.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from facestyle import __version__, checkpoint, gallery
from facestyle.checkpoint import Checkpoint
from facestyle.networks import create
from facestyle.style import StyleBook
from facestyle.stylize import Painter

WEIGHTS = Path(checkpoint.__file__).parent / "weights"


def release(trained: Path, note: str, folder: Path = WEIGHTS) -> Checkpoint:
    """Write the checkpoint and style codes of trained ``mobile`` weights."""
    state, _ = checkpoint.read_tensors(trained)
    network = create("mobile")
    network.load_state_dict(state)
    metadata = {"trained": note, "facestyle": __version__, "licence": "Apache-2.0"}
    made = Checkpoint("mobile", network, checkpoint.fingerprint(network.state_dict()), metadata)
    checkpoint.save(made, folder / "mobile.safetensors")
    painter = Painter(made)
    codes = (painter.read_style(p.path, p.name, p.caption) for p in gallery.paintings())
    StyleBook(made.fingerprint, tuple(codes)).save(folder / "styles.json")
    return made


def main() -> None:
    """Parse the command line and release."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trained", type=Path)
    parser.add_argument("--note", required=True)
    args = parser.parse_args()
    print(f"released {release(args.trained, args.note).fingerprint}")


if __name__ == "__main__":
    main()
