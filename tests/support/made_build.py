"""A made-up build's manifest and pictures, for tests of its report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PIL import Image

from export.build.manifest import FORMAT, Calibrated, Manifest, Weights
from export.entries import (
    ConstantEntry,
    FileEntry,
    ParityEntry,
    PortEntry,
    Proof,
    VerdictEntry,
)
from export.report.pictures import FilePictures, Given
from export.verify.delegates import CoverageSummary
from export.verify.delegates.table import Kind
from export.verify.fp16_range import RangeEntry, RangeSummary
from export.verify.fp16_range.findings import TrialEntry
from export.verify.verdicts import Assurance
from facestyle.contract import Kind as PortKind

HOSTILE = """<script>alert("x")</script>|`'&\n# http://example.com [a](b)"""

XNNPACK = CoverageSummary(
    "XNNPACK",
    "read in its code",
    7,
    9,
    2,
    (
        Kind("FLOOR", 3, 1, ("int8 is not taken",), ("floor in float",)),
        Kind("CONV_2D", 6, 6, (), ()),
    ),
)
NEURAL_ENGINE = CoverageSummary(
    "Neural Engine", "told by others", 5, 5, None, (Kind("conv", 5, 5, (), ()),)
)


def verdict(
    check: str, passed: bool = True, figure: str = "yes", limit: str = "yes"
) -> VerdictEntry:
    """A check."""
    return VerdictEntry(
        check=check, figure=figure, limit=limit, passed=passed, assurance=Assurance.STRUCTURE
    )


def parity(psnr: float | str, limit: float = 45.0, **more: Any) -> ParityEntry:
    """An execution."""
    known = {"assurance": Assurance.RUNTIME, "at": "portrait", "max_error": 0.00129056, "probes": 8}
    return ParityEntry(psnr_db=psnr, limit_db=limit, **known | more)


def proof(*executions: ParityEntry, verdicts: Sequence[VerdictEntry] = (), **more: Any) -> Proof:
    """What was found out about a file: right if all ``verdicts`` are."""
    checks = (verdict("format"), *verdicts)
    known: dict[str, Any] = {
        "verified": all(v.passed for v in checks),
        "executed": bool(executions),
        "worst_psnr_db": executions[0].psnr_db if executions else None,
        "max_error": executions[0].max_error if executions else None,
        "executions": executions,
        "delegate_partitions": None,
        "fully_delegated": None,
        "operators": {"CONV_2D": 6},
        "coverage": (),
        "verdicts": checks,
        "constants": (ConstantEntry(name="w0", shape=(3, 3), origin="network.stem.weight"),),
    }
    return Proof(**known | more)


def port(name: str = "content") -> PortEntry:
    """An array of a picture."""
    return PortEntry(
        name=name,
        kind=PortKind.IMAGE,
        shape=(1, 64, 96, 3),
        layout="NHWC",
        dtype="float32",
        range=(0.0, 1.0),
        colour_order="RGB",
        description="The photo.",
    )


def entry(
    graph: str = "stylizer",
    format_: str = "tflite",
    precision: str = "fp16",
    found: Proof | None = None,
    style: str | None = None,
    **more: Any,
) -> FileEntry:
    """A file."""
    subject = graph if style is None else f"{graph}_{style}"
    known: dict[str, Any] = {
        "file": f"mobile_{subject}_{precision}.{format_}",
        "graph": graph,
        "style": style,
        "format": format_,
        "precision": precision,
        "sha256": "ab" * 32,
        "bytes": 556_372,
        "macs": 196_600_000,
        "parameters": 220_400,
        "inputs": (port(),),
        "outputs": (port("stylized"),),
        "proof": found,
    }
    return FileEntry(**known | more)


def manifest(*files: FileEntry, **more: Any) -> Manifest:
    """A build of files."""
    known: dict[str, Any] = {
        "format": FORMAT,
        "command": "facestyle export --size 64x96",
        "network": "mobile",
        "weights": Weights("750c2ed88b2c", "0123456789ab", False, None, None, {"steps": "1100"}),
        "height": 64,
        "width": 96,
        "depth": False,
        "styles": "styles.json",
        "calibration": Calibrated("faces", 12, "cd" * 32),
        "tools": {"facestyle": "0.1.0", "torch": "2.15.0"},
        "lock": {},
        "golden": "golden",
        "files": files,
        "styles_sha256": "",
        "headroom": {},
        "golden_sha256": "",
    }
    return Manifest(**known | more)


def headroom() -> RangeSummary:
    """An audit of two operators."""
    worst = RangeEntry("stem · conv2d", "conv2d", "conv", 408.8, "noise", 160.26, 0.1, 0.02, None)
    sensitive = RangeEntry("norm · rsqrt", "rsqrt", "root", 3.5, "grey", 18724.0, 0.1, 0.0, 0.0)
    trial = TrialEntry("noise, strength 1", 48.8123, "norm · rsqrt", 90.0, None)
    return RangeSummary(60, 374, (worst,), (sensitive,), {"mean · sum": 1e6}, 2.0, (trial,))


def picture(colour: str, width: int = 12, height: int = 8) -> Image.Image:
    """Of one colour."""
    return Image.new("RGB", (width, height), colour)


def pictures(painted: str | None = "teal", **more: Any) -> FilePictures:
    """A file's pictures; ``painted`` names a colour, None is a file that was not executed."""
    known: dict[str, Any] = {
        "given": (
            Given("photo", "Mona Lisa", picture("white")),
            Given("painting", "The Great Wave", picture("navy", 9, 9)),
        ),
        "wanted": picture("gold"),
        "painted": None if painted is None else picture(painted),
        "difference": None if painted is None else picture("black"),
        "gives_code": False,
    }
    return FilePictures(**known | more)
