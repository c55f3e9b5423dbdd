"""A build's files into an Android app: what it needs, checked against what the app expects.

The app reads one folder of its assets: the files of the stylizer and the style encoder, a manifest
that names these alone, the styles with a thumbnail each, and the golden pairs.
"""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from export import golden, manifest
from facestyle import gallery
from facestyle.errors import UserError
from facestyle.files import CannotWrite
from facestyle.style import StyleBook

GRAPHS = ("stylizer", "style_encoder")
PRECISIONS = ("fp16", "fp32", "dynamic")
"""The app takes the first of these that a build has."""

KEPT = ("file", "graph", "style", "format", "precision", "sha256", "bytes", "inputs", "outputs")
"""What the app's manifest says of a file."""

STYLIZER = {"content": "image", "style_code": "code", "strength": "scalar"}
DEPTH = {"depth": "map", "depth_low": "scalar", "depth_high": "scalar"}
INPUTS = {"stylizer": (STYLIZER, STYLIZER | DEPTH), "style_encoder": ({"painting": "image"},)}
OUTPUTS = {"stylizer": ({"stylized": "image"},), "style_encoder": ({"style_code": "code"},)}
"""Names and kinds that the app's code passes, with depth or without."""

THUMBNAIL = (216, 192)
"""Width and height in pixels: 72 x 64 dp on a screen of 480 dpi."""


@dataclass(frozen=True)
class Copied:
    """What came into the app."""

    folder: Path
    files: tuple[str, ...]
    styles: int
    size: int
    """Bytes in all."""


def copy(build: Path, assets: Path) -> Copied:
    """Copy a build into the folder ``assets``, which is replaced as a whole.

    Raises:
        UserError: when the folder is no build, something in it is missing or changed, or the app
            would not understand it.
        CannotWrite: when the folder cannot be written.
    """
    document = manifest.read(build)
    chosen = [_choose(document, graph) for graph in GRAPHS]
    for entry in chosen:
        _check_contract(entry)
        _check_unchanged(build, entry["file"], entry["sha256"])
    _check_unchanged(build, document["styles"], document["styles_sha256"])
    _check_unchanged(build, manifest.GOLDEN, document["golden_sha256"])
    book = StyleBook.load(build / document["styles"])
    if not book.styles:
        raise UserError(f"{build / document['styles']} holds no style; the app needs one")
    try:
        assets.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=assets.parent) as temporary:
            made = Path(temporary) / assets.name
            made.mkdir(mode=0o755)
            _fill(made, build, document, chosen, book)
            if assets.exists():
                # Out of the way first: a folder in use cannot be replaced in one step.
                assets.rename(Path(temporary) / "before")
            made.rename(assets)
    except OSError as error:
        raise CannotWrite(f"cannot write {assets}: {error.strerror or error}") from error
    names = tuple(entry["file"] for entry in chosen)
    return Copied(assets, names, len(book.styles), manifest.size(assets))


def _choose(document: dict[str, Any], graph: str) -> dict[str, Any]:
    for precision in PRECISIONS:
        for entry in document["files"]:
            wanted = (graph, "tflite", precision, None)
            if tuple(entry[k] for k in ("graph", "format", "precision", "style")) == wanted:
                return dict(entry)
    raise UserError(
        f"the build has no {graph} in .tflite with float inputs; export again with "
        f"--graphs {','.join(GRAPHS)} --formats tflite --precision fp16"
    )


def _check_contract(entry: dict[str, Any]) -> None:
    """The app's code passes ports by name, as floats, images in RGB and row by row."""
    for kind, wanted in (("inputs", INPUTS), ("outputs", OUTPUTS)):
        ports = {port["name"]: port for port in entry[kind]}
        known = wanted[entry["graph"]]
        if {name: port["kind"] for name, port in ports.items()} not in known:
            raise UserError(
                f"{entry['file']}: the app's code passes {', '.join(known[-1])} as {kind}, this "
                f"file has {', '.join(ports)}; export it again, and without --bake"
            )
        for name, port in ports.items():
            image = port["kind"] == "image"
            if port["dtype"] != "float32" or port["layout"] != "NHWC":
                raise UserError(f"{entry['file']}: {name} must be floats in NHWC for this app")
            if image and (port["colour_order"] != "RGB" or port["range"] != [0, 1]):
                raise UserError(f"{entry['file']}: {name} must be RGB in 0..1 for this app")


def _check_unchanged(build: Path, name: str, sha256: str) -> None:
    path = build / name
    if not path.exists():
        raise UserError(f"{path}: missing; run `facestyle export` again")
    if manifest.sha256(path) != sha256:
        raise UserError(f"{path}: changed since the export; run `facestyle export` again")


def _fill(
    folder: Path,
    build: Path,
    document: dict[str, Any],
    chosen: list[dict[str, Any]],
    book: StyleBook,
) -> None:
    for entry in chosen:
        shutil.copyfile(build / entry["file"], folder / entry["file"])
    shutil.copyfile(build / document["styles"], folder / "styles.json")
    _copy_golden(folder / manifest.GOLDEN, build / manifest.GOLDEN, chosen)
    thumbnails = folder / "thumbnails"
    thumbnails.mkdir()
    shown = {painting.name: painting.path for painting in gallery.paintings()}
    for style in book.styles:
        if style.name in shown:
            (thumbnails / f"{style.name}.jpg").write_bytes(thumbnail(shown[style.name]))
    # No paths of the machine that exported, and nothing that the app has no use for.
    told = {key: document[key] for key in ("format", "network", "height", "width")} | {
        "weights": {"fingerprint": document["weights"]["fingerprint"]},
        "files": [{key: entry[key] for key in KEPT} for entry in chosen],
        "assets": {
            path.relative_to(folder).as_posix(): manifest.sha256(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
    }
    (folder / manifest.NAME).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _copy_golden(target: Path, source: Path, chosen: list[dict[str, Any]]) -> None:
    """The pairs of the graphs that the app has, without the pictures for people."""
    target.mkdir()
    index = json.loads((source / golden.INDEX).read_text(encoding="utf-8"))
    graphs = {graph: index["graphs"][graph] for graph in GRAPHS}
    files = {entry["file"]: index["files"][entry["file"]] for entry in chosen}
    for pair in graphs.values():
        for value in (*pair["inputs"], pair["output"]):
            if "raw" in value:
                shutil.copyfile(source / value["raw"], target / value["raw"])
            value.pop("png", None)
    text = json.dumps(index | {"graphs": graphs, "files": files}, indent=1)
    (target / golden.INDEX).write_text(text + "\n", encoding="utf-8")


def thumbnail(painting: Path) -> bytes:
    """A JPEG of the painting's middle, of ``THUMBNAIL``'s shape."""
    width, height = THUMBNAIL
    with Image.open(painting) as opened:
        image = opened.convert("RGB")
    scale = max(width / image.width, height / image.height)
    across, down = width / scale, height / scale
    left, top = (image.width - across) / 2, (image.height - down) / 2
    box = (left, top, left + across, top + down)
    stream = io.BytesIO()
    image.resize(THUMBNAIL, Image.Resampling.LANCZOS, box).save(stream, "JPEG", quality=85)
    return stream.getvalue()
