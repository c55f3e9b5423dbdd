"""Whether painted video flickers, on real clips.

    python -m benchmarks.experiments.clips CLIPS --out benchmarks/results/clips.md

CLIPS is a folder or tar of folders of frames (``name/0000.jpg``, ...). Where the clip itself stays
still from one frame to the next, the painted one should too: the figure is the root mean square of
what changes there in the painted frames, and the same in the clip (its noise and compression), on a
scale of 255. For motion that is known exactly see ``warp`` in `facestyle evaluate quality`.

Makes: a table on the terminal and in --out (benchmarks/results/clips.md).
Takes: under a minute for 200 frames on one core.
Needs: clips.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from benchmarks.experiments import command
from facestyle import checkpoint, images
from facestyle.errors import UserError
from facestyle.files import write_text
from facestyle.shipped import style_book
from facestyle.stylize import Painter
from train.data.files import Files, open_files

STILL = 2 / 255
"""Changes of the clip below this, averaged over 9 x 9 pixels, are no motion."""

STYLES = ("great_wave", "wheat_field", "composition_viii", "madame_roulin")


def clips(files: Files) -> dict[str, list[str]]:
    """Names of frames by clip, in order.

    Raises:
        UserError: when there is none of two frames.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in files.names:
        path = PurePosixPath(name)
        if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
            found[path.parent.name].append(name)
    kept = {name: frames for name, frames in found.items() if len(frames) > 1}
    if not kept:
        raise UserError(f"{files.path}: no folder with two frames (.jpg or .png) in it")
    return kept


def still(before: Tensor, after: Tensor) -> Tensor:
    """Where nothing moves between two frames (1, 3, H, W), (H, W) bool."""
    change = F.avg_pool2d((after - before).abs().mean(1, keepdim=True), 9, 1, 4)
    return (change < STILL)[0, 0]


def change(before: Tensor, after: Tensor, where: Tensor) -> tuple[float, int]:
    """Sum of squared changes there, (1, 3, H, W) each, and how many values it is over."""
    squares = (after - before)[0][:, where].square()
    return float(squares.sum()), squares.numel()


@torch.inference_mode()
def measure(files: Files, painter: Painter, strength: float) -> dict[str, dict[str, float]]:
    """By clip and style (``photo`` for the clip itself) the root mean square change, of 255."""
    book = style_book(painter)
    codes = {name: book[name].tensor() for name in STYLES}
    results = {}
    for clip, names in clips(files).items():
        sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        last: dict[str, Tensor] = {}
        for name in tqdm(names, desc=clip, delay=2, disable=None):
            with Image.open(io.BytesIO(files.read(name))) as opened:
                frame = images.to_tensor(opened.convert("RGB"))
            seen = {"photo": frame}
            seen |= {style: painter.paint(frame, code, strength) for style, code in codes.items()}
            if last:
                where = still(last["photo"], frame)
                for key, picture in seen.items():
                    total, count = change(last[key], picture, where)
                    sums[key][0] += total
                    sums[key][1] += count
            last = seen
        results[clip] = {
            key: 255 * (total / max(count, 1)) ** 0.5 for key, (total, count) in sums.items()
        }
    return results


def to_markdown(results: dict[str, dict[str, float]], strength: float, made_by: str) -> str:
    """A row a clip."""
    lines = [
        "# Flicker on real clips",
        "",
        "Root mean square change from frame to frame, of 255, where the clip stays still; "
        f"strength {strength:g}.",
        "",
        "| clip | the clip itself | " + " | ".join(STYLES) + " |",
        "| --- |" + " ---: |" * (len(STYLES) + 1),
    ]
    for clip, row in results.items():
        cells = [f"{row[key]:.2f}" for key in ("photo", *STYLES)]
        lines.append(f"| {clip} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", "Made by:", "", f"    {made_by}", ""])


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure and write."""
    parser = command.parser("clips", __doc__)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--checkpoint", type=Path, help="the shipped weights by default")
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--out", type=Path, default=Path("clips.md"))
    args = parser.parse_args(arguments)
    with command.one_line_errors(parser):
        painter = Painter(checkpoint.load(args.checkpoint))
        results = measure(open_files(args.clips), painter, args.strength)
        text = to_markdown(results, args.strength, command.typed(parser, arguments))
        write_text(args.out, text)
    print(text)


if __name__ == "__main__":
    main()
