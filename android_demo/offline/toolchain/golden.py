"""Golden pairs of a build (``facestyle export``): raw inputs for a file, and what it should say."""

import json
import math
import sys
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolchain.tools import ToolchainError

MAXIMUM = 255
"""Of a channel of an 8-bit image."""


@dataclass(frozen=True)
class Scale:
    """How numbers are written as int8: ``value = (q - zero_point) * scale``."""

    scale: float
    zero_point: int

    def quantize(self, values: array) -> array:
        """Return numbers as int8, rounded to the nearest and clipped."""
        rounded = (math.floor(v / self.scale + 0.5) + self.zero_point for v in values)
        return array("b", (min(127, max(-128, q)) for q in rounded))

    def restore(self, quantized: array) -> array:
        """Return the numbers that int8 stand for."""
        return array("f", ((q - self.zero_point) * self.scale for q in quantized))


@dataclass(frozen=True)
class Case:
    """A ``.tflite`` file with its golden pair.

    Attributes:
        model: the file.
        inputs: raw inputs by name, as the file takes them.
        expected: PyTorch's output.
        peak: what its PSNR refers to.
        least_psnr_db: what the file must reach.
        scale: of its output, where that is int8.
    """

    model: Path
    inputs: dict[str, bytes]
    expected: array
    peak: float
    least_psnr_db: float
    scale: Scale | None

    def numbers(self, raw: bytes) -> array:
        """Return the numbers of a raw output.

        Raises:
            ToolchainError: it has another size than PyTorch's.
        """
        found = array("b" if self.scale else "f")
        size = len(self.expected) * found.itemsize
        if len(raw) != size:
            raise ToolchainError(f"{self.model.name}: {len(raw)} bytes came out, not {size}")
        found.frombytes(raw)
        return self.scale.restore(found) if self.scale else found

    def write_inputs(self, folder: Path) -> list[str]:
        """Write the inputs into files; return ``NAME=FILE`` of each."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, raw in self.inputs.items():
            (folder / f"{name}.raw").write_bytes(raw)
        return [f"{name}={folder / name}.raw" for name in self.inputs]


def cases(build: Path, word: str = "") -> list[Case]:
    """Return the ``.tflite`` files of a build whose names contain a word.

    Raises:
        ToolchainError: this is no build, or has no such file.
    """
    if sys.byteorder != "little":
        raise ToolchainError("golden pairs are little-endian, this machine is not")
    try:
        golden = json.loads((build / "golden" / "golden.json").read_text(encoding="utf-8"))
        manifest = json.loads((build / "manifest.json").read_text(encoding="utf-8"))
        files = {entry["file"]: entry for entry in manifest["files"]}
        found = [
            _case(build, name, files[name], golden["graphs"][limits["graph"]], limits)
            for name, limits in golden["files"].items()
            if name.endswith(".tflite") and word in name
        ]
    except (OSError, ValueError) as error:
        raise ToolchainError(f"{build} is no build of `facestyle export`: {error}") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise ToolchainError(
            f"{build} is no build of `facestyle export`: it does not say {error}"
        ) from error
    if not found:
        raise ToolchainError(f"{build} has no .tflite file whose name contains {word!r}")
    return found


def _case(
    build: Path, name: str, entry: dict[str, Any], pair: dict[str, Any], limits: dict[str, Any]
) -> Case:
    """Return the case of one file."""
    ports = {port["name"]: port for port in entry["inputs"] + entry["outputs"]}
    inputs = {}
    for item in pair["inputs"]:
        port = ports[item["name"]]
        values = _values(build / "golden", item, port)
        scale = _scale(port)
        inputs[item["name"]] = (scale.quantize(values) if scale else values).tobytes()
    output = pair["output"]
    port = ports[output["name"]]
    return Case(
        model=build / name,
        inputs=inputs,
        expected=_values(build / "golden", output, port),
        peak=output["peak"],
        least_psnr_db=limits["least_psnr_db"],
        scale=_scale(port),
    )


def _scale(port: dict[str, Any]) -> Scale | None:
    """Return the scale of an int8 input or output."""
    return Scale(port["scale"], port["zero_point"]) if port["dtype"] == "int8" else None


def _values(folder: Path, item: dict[str, Any], port: dict[str, Any]) -> array:
    """Return the floats of one of a pair's parts; pixels as what the port takes them for."""
    if "raw" not in item:
        return array("f", [item["value"]])
    raw = (folder / item["raw"]).read_bytes()
    if not item["raw"].endswith(".u8"):
        return array("f", raw)
    low, high = port["range"]
    return array("f", (low + byte / MAXIMUM * (high - low) for byte in raw))


def greatest_difference(one: array, other: array) -> float:
    """Return the greatest absolute difference; NaN where any number is NaN."""
    differences = [abs(a - b) for a, b in zip(one, other, strict=True)]
    return math.nan if any(map(math.isnan, differences)) else max(differences)


def psnr_db(one: array, expected: array, peak: float) -> float:
    """Return the PSNR of an output."""
    squares = sum((a - b) ** 2 for a, b in zip(one, expected, strict=True))
    return math.inf if squares == 0 else -10 * math.log10(squares / len(expected) / peak**2)
