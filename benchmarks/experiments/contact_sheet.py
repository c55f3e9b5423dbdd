"""A grid of faces painted in the gallery's styles, to be looked at.

    python -m benchmarks.experiments.contact_sheet --content FACES --out docs/contact_sheet.jpg

Eight faces by eight paintings at 256 x 256, strength 1, no retouching; a last row shows one
face at strengths 0 to 1.

Makes: one picture, --out (docs/contact_sheet.jpg). Takes: seconds.
Needs: a folder of eight faces or more.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.experiments import command
from facestyle import checkpoint, gallery, images
from facestyle.stylize import Painter

SIDE = 256
GAP = 6
STYLES = (
    "composition_viii",
    "creation_of_the_world",
    "great_wave",
    "ia_orana_maria",
    "madame_roulin",
    "mada_primavesi",
    "spring",
    "wheat_field",
)


def _tile(rows: list[list[Tensor]]) -> Tensor:
    """Pictures of one size, (1, 3, H, W), in a grid with white gaps."""
    margin = (0, GAP, 0, GAP)
    padded = [[F.pad(picture, margin, value=1.0) for picture in row] for row in rows]
    return torch.cat([torch.cat(row, 3) for row in padded], 2)


def sheet(painter: Painter, faces: list[Tensor]) -> Tensor:
    """The sheet as one picture, (1, 3, H, W)."""
    by_name = {p.name: p for p in gallery.paintings()}
    paintings = [images.cover(images.load(by_name[s].path), SIDE, SIDE) for s in STYLES]
    codes = [painter.encode_style(painting) for painting in paintings]
    rows = [[torch.ones(1, 3, SIDE, SIDE), *paintings]]
    rows += [[face, *(painter.paint(face, code) for code in codes)] for face in faces]
    strengths = torch.linspace(0, 1, len(STYLES)).tolist()
    rows.append([faces[0], *(painter.paint(faces[0], codes[0], s) for s in strengths)])
    return _tile(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and write the sheet."""
    parser = command.parser("contact_sheet", __doc__)
    parser.add_argument("--content", type=Path, required=True, help="folder of eight faces or more")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path)
    args = parser.parse_args(arguments)
    with command.one_line_errors(parser):
        found = images.find(args.content)
        chosen = found[:: max(1, len(found) // 8)][:8]
        faces = [images.cover(images.load(path), SIDE, SIDE) for path in chosen]
        images.save(sheet(Painter(checkpoint.load(args.checkpoint)), faces), args.out)
    print(f"{len(faces)} faces x {len(STYLES)} styles in {args.out}")


if __name__ == "__main__":
    main()
