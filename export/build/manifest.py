"""``manifest.json``: what is in a build folder, and what is needed to check it again."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from export.convert.graphs import Graph
from export.inspect import cost
from export.request import LEGAL, ExportRequest, Target
from export.verify import parity
from export.verify.parity import as_json
from export.verify.verify_file import Evidence
from facestyle import __version__
from facestyle.contract import Contract, Kind, Port
from facestyle.errors import UserError

FAMILY = "facestyle-build/"
FORMAT = f"{FAMILY}3"
NAME = "manifest.json"
GOLDEN = "golden"
"""The folder of golden pairs in a build's."""

TOOLS = (
    "torch",
    "numpy",
    "pillow",
    "safetensors",
    "onnx",
    "tensorflow",
    "ai-edge-litert",
    "coremltools",
)


def sha256(path: Path) -> str:
    """Of a file, or of a folder's file names and contents in order."""
    digest = hashlib.sha256()
    if path.is_file():
        digest.update(path.read_bytes())
    else:
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            digest.update(file.relative_to(path).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def size(path: Path) -> int:
    """Bytes of a file or folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file())


def tools(*more: str) -> dict[str, str]:
    """Versions of all that took part.

    Args:
        more: packages beyond an export's.
    """
    found = {"facestyle": __version__, "python": platform.python_version()}
    for name in (*TOOLS, *more):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def lock() -> dict[str, str]:
    """Every installed package and its version: what an export took place in."""
    found = {d.metadata["Name"].lower(): d.version for d in metadata.distributions()}
    return dict(sorted(found.items()))


def port_entry(port: Port, format_: str, quantization: dict[str, Any]) -> dict[str, Any]:
    """One input or output as the given format has it."""
    entry: dict[str, Any] = {"name": port.name, "kind": port.kind.value}
    if format_ == "tflite":
        entry |= {"shape": list(port.nhwc), "layout": "NHWC", "dtype": "float32"}
        entry["range"] = list(port.range) if port.range else None
        entry |= quantization.get(port.name, {})
    elif port.kind is Kind.IMAGE:
        height, width = port.shape[2:]
        entry |= {"type": "image", "width": width, "height": height, "range": [0, 255]}
    else:
        entry |= {"shape": list(port.shape), "layout": "NCHW", "dtype": "float32"}
        entry["range"] = list(port.range) if port.range else None
    if port.kind is Kind.IMAGE:
        entry["colour_order"] = "RGB"
    return entry | {"description": port.description}


def _contract(contract: Contract, format_: str, quantization: dict[str, Any]) -> dict[str, Any]:
    return {
        "inputs": [port_entry(p, format_, quantization) for p in contract.inputs],
        "outputs": [port_entry(p, format_, quantization) for p in contract.outputs],
    }


def file_entry(
    path: Path,
    target: Target,
    graph: Graph,
    baked: str | None,
    evidence: Evidence | None,
) -> dict[str, Any]:
    """What the manifest says of one file; ``baked`` names the style that is part of it."""
    quantization = {}
    if target.format == "tflite":
        from export.inspect.tflite import TFLiteModel

        quantization = TFLiteModel(path).quantization()
    entry: dict[str, Any] = {
        "file": path.name,
        "graph": target.graph,
        "style": baked,
        "format": target.format,
        "precision": target.precision,
        "sha256": sha256(path),
        "bytes": size(path),
        **cost.figures(graph, target.format),
        **_contract(graph.contract, target.format, quantization),
    }
    if evidence is None:
        return entry | {"verified": False}
    worst = evidence.worst
    return entry | {
        "verified": evidence.passed,
        "executed": bool(evidence.agreements),
        "worst_psnr_db": as_json(worst.psnr_db if worst else None),
        "max_error": as_json(parity.max_error(evidence.agreements), 9),
        "executions": parity.entries(evidence.agreements),
        "delegate_partitions": evidence.partitions,
        "fully_delegated": evidence.fully_delegated,
        "operators": evidence.operators,
        "coverage": [found.as_json() for found in evidence.coverage],
        "verdicts": [
            {
                "check": v.check,
                "figure": v.figure,
                "limit": v.limit,
                "passed": v.passed,
                "assurance": v.assurance.value,
            }
            for v in evidence.verdicts
        ],
        "constants": [
            {"name": o.constant, "shape": list(o.shape), "from": o.parameter}
            | ({} if o.value is None else {"value": o.value})
            for o in evidence.origins
        ],
    }


def document(request: ExportRequest, files: list[dict[str, Any]]) -> dict[str, Any]:
    """The whole manifest."""
    calibration = request.calibration
    return {
        "format": FORMAT,
        "command": request.command,
        "network": request.checkpoint.name,
        "weights": {
            "fingerprint": request.checkpoint.fingerprint,
            "style_fingerprint": request.checkpoint.style_fingerprint,
            "untrained": request.checkpoint.untrained,
            "source": str(request.source) if request.source else None,
            "encoder": str(request.encoder) if request.encoder else None,
            "metadata": request.checkpoint.metadata,
        },
        "height": request.height,
        "width": request.width,
        "depth": request.depth,
        "styles": "styles.json",
        "calibration": None
        if calibration is None
        else {
            "source": calibration.source,
            "images": len(calibration.images),
            "sha256": calibration.sha256,
        },
        "tools": tools(),
        "lock": lock(),
        "golden": GOLDEN,
        "files": files,
    }


def _check_shape(manifest: dict[str, Any]) -> None:
    """Raise KeyError, TypeError or ValueError for what cannot be a manifest of ours."""
    for key in ("network", "styles", "styles_sha256", "golden_sha256"):
        str.strip(manifest[key])
    int.bit_length(manifest["height"] + manifest["width"])
    bool.bit_length(manifest["depth"])
    dict.items(manifest["tools"])
    if manifest["calibration"] is not None:
        str.strip(manifest["calibration"]["source"])
    for key in ("fingerprint", "style_fingerprint", "untrained", "source", "encoder"):
        manifest["weights"][key]
    if not manifest["files"]:
        raise ValueError("no files")
    for entry in manifest["files"]:
        _check_name(entry)
        if entry["graph"] not in LEGAL[entry["format"], entry["precision"]]:
            raise ValueError(entry["graph"])
        str.strip(entry["sha256"])
        if entry["style"] is not None:
            str.strip(entry["style"])
        if not Path(entry["file"]).stem.endswith(f"_{entry['precision']}"):
            raise ValueError(entry["file"])


def _check_name(entry: dict[str, Any]) -> None:
    """Files are in the build's folder itself, whatever a manifest says."""
    name = entry["file"]
    if Path(name).name != name or Path(name).suffix.lstrip(".") != entry["format"]:
        raise ValueError(name)


def read(folder: Path) -> dict[str, Any]:
    """A build's manifest.

    Raises:
        UserError: when the folder holds no build.
    """
    path = folder / NAME
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise ValueError(manifest["format"])
        _check_shape(manifest)
        return dict(manifest)
    except FileNotFoundError as error:
        raise UserError(f"{folder}: no build here ({NAME} is missing)") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: not a manifest of this version of facestyle") from error


def earlier(folder: Path) -> list[dict[str, Any]]:
    """The files of the build that a folder holds, of whatever version; none without one.

    Returns:
        Entries of which ``file``, a plain name, and ``sha256`` are sure.

    Raises:
        UserError: when a manifest is there that is not of a build.
    """
    path = folder / NAME
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if not stored["format"].startswith(FAMILY):
            raise ValueError(stored["format"])
        for entry in stored["files"]:
            _check_name(entry)
            str.strip(entry["sha256"])
        return list(stored["files"])
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not a manifest of a build; choose another --out") from error
