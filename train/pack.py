"""Pack images small, to carry them to a machine that reaches no data::

    python -m train.pack faces.tar photos.tar --out pack/content.tar --megabytes 14

The middle squares in one size, as WebP of the best quality that fits: what the task ``joint``
looks at.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from PIL import Image
from tqdm import tqdm

from facestyle.errors import UserError
from facestyle.files import atomic
from train.data.pool import middle_square
from train.data.samples import Damaged, Sample
from train.data.sets import open_source

QUALITIES = range(90, 9, -5)
"""Of WebP, best first."""

TRIED = 64
"""Images on which a quality is tried."""

HEADER = 768
"""Bytes that a tar file spends on each file: a header and, on average, half a block."""


@click.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.option(
    "--megabytes", type=click.FloatRange(min=0.1), required=True, help="Of 1,000,000 bytes."
)
@click.option("--side", type=click.IntRange(32, 1024), default=256, show_default=True)
@click.option("--limit", type=click.IntRange(1), help="At most so many images, from all over.")
def main(
    sources: tuple[str, ...], out: Path, megabytes: float, side: int, limit: int | None
) -> None:
    """Pack the images of SOURCES (folders, tars, READER:PATH) into a tar of at most MEGABYTES."""
    samples = [sample for source in sources for sample in open_source(source)]
    if limit is not None and limit < len(samples):
        samples = [samples[index * len(samples) // limit] for index in range(limit)]
    quality = best_quality(samples, megabytes * 1e6, side)
    skipped = 0
    with atomic(out) as temporary, tarfile.open(temporary, "w") as tar:
        for number, sample in enumerate(tqdm(samples, unit="image", desc=f"quality {quality}")):
            try:
                data = encode(sample, side, quality)
            except Damaged:
                skipped += 1
                continue
            member = tarfile.TarInfo(f"images/{number:06d}.webp")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    click.echo(
        f"wrote {out}: {len(samples) - skipped} images at quality {quality}, "
        f"{out.stat().st_size / 1e6:.1f} MB" + (f"; {skipped} damaged left out" if skipped else "")
    )


def best_quality(samples: Sequence[Sample], size: float, side: int) -> int:
    """The best WebP quality at which the images fit ``size`` bytes, judged by some of them.

    Raises:
        UserError: when even the worst does not fit.
    """
    if not samples:
        raise UserError("no images to pack")
    chosen = np.random.default_rng(0).permutation(len(samples))[:TRIED]
    for quality in QUALITIES:
        sizes = []
        for index in chosen:
            try:
                sizes.append(len(encode(samples[index], side, quality)) + HEADER)
            except Damaged:
                continue
        # A twentieth for chance.
        if sizes and np.mean(sizes) * len(samples) * 1.05 <= size:
            return quality
    raise UserError(f"{len(samples)} images do not fit; give more --megabytes or a smaller --side")


def encode(sample: Sample, side: int, quality: int) -> bytes:
    """The middle square of a sample's image as WebP.

    Raises:
        Damaged: when it cannot be decoded.
    """
    image = sample.reduced(side) if sample.reduced else sample.image()
    data = io.BytesIO()
    Image.fromarray(middle_square(image, side)).save(data, "WEBP", quality=quality, method=5)
    return data.getvalue()


if __name__ == "__main__":
    main()
