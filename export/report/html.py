"""A build's report as one self-contained page."""

from __future__ import annotations

from collections.abc import Sequence

from export.build.manifest import Manifest
from export.report import facts, fp16_range, headline, portraits, tables
from export.report.page import units
from export.report.page.render import render
from export.report.pictures import FilePictures
from export.report.portraits import ShownFile


def html(manifest: Manifest, pictures: Sequence[FilePictures]) -> str:
    """The report as one self-contained page.

    Args:
        manifest: of the build.
        pictures: of each of its files, in the manifest's order.
    """
    files = [
        ShownFile(number, entry, found)
        for number, (entry, found) in enumerate(zip(manifest.files, pictures, strict=True), 1)
    ]
    shown, details = portraits.portraits(files), [portraits.details(file) for file in files]
    return render(
        __package__,
        "build.html.j2",
        manifest=manifest,
        title=headline.title(manifest),
        badge=headline.badge(manifest.files),
        file_badge=headline.file_badge,
        notes=headline.notes(manifest),
        evidence=headline.evidence(manifest.files),
        failed=[(file, headline.failures(file.entry)) for file in files if file.is_wrong],
        portraits=shown,
        lead=portraits.lead(files),
        files=list(zip(files, details)),
        held=portraits.held([shown, *details]),
        table=tables.files(manifest.files, [f"#{file.anchor}" for file in files]),
        tables=tables,
        facts=facts,
        fp16_range=fp16_range,
        count=units.count,
    )
