"""What a report is called and says in some sentences."""

from __future__ import annotations

from benchmarks.report import headings
from tests.support import made_report


def test_one_subject_is_told_with_its_beginning() -> None:
    quality = made_report.quality()
    quality["rows"] = [row for row in quality["rows"] if row["name"] != "vgg19"]
    (told,) = headings.summary({"rows": [], "quality": quality})
    assert told == (
        "Over 48 pairs of photo and painting, at strength 1: style loss 1.60 (lower is better, "
        "4.20 at strength 0); face FSIMc 0.900 (higher is better, 0.990 at strength 0)."
    )
