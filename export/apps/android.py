"""A build's files into an Android app: what it needs, checked against what the app expects.

The app reads one folder of its assets: the files of the stylizer and the style encoder, a manifest
that names these alone, the styles with a thumbnail each, and the golden pairs. A second, larger
stylizer for photos has a folder of its own in it, ``studio``, with its manifest and golden pair.
"""

from __future__ import annotations

import io
import json
import math
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from export.build import manifest
from export.build.manifest import Manifest
from export.entries import FileEntry
from export.formats.tflite import TFLITE
from export.verify import golden
from facestyle import gallery
from facestyle.contract import Kind
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

STUDIO = "studio"
"""The folder of the stylizer for photos, within the app's."""

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


@dataclass(frozen=True)
class _Part:
    """What the app takes of a build.

    Attributes:
        build: its folder.
        document: its manifest.
        chosen: entries of the files.
    """

    build: Path
    document: Manifest
    chosen: tuple[FileEntry, ...]

    @property
    def stylizer(self) -> FileEntry:
        """The entry of the file that paints."""
        return self.chosen[0]


def copy(build: Path, assets: Path, studio: Path | None = None) -> Copied:
    """Copy a build into the folder ``assets``, which is replaced as a whole.

    Args:
        build: what paints live, and reads styles.
        assets: the folder in the app.
        studio: a build whose stylizer paints photos.

    Raises:
        UserError: when a folder is no build, something in it is missing or changed, the app would
            not understand it, or ``studio`` does not go with ``build``.
        CannotWrite: when the folder cannot be written.
    """
    live = _part(build, GRAPHS)
    _check_unchanged(build, live.document.styles, live.document.styles_sha256)
    book = StyleBook.load(build / live.document.styles)
    if not book.styles:
        raise UserError(f"{build / live.document.styles} holds no style; the app needs one")
    own = live.document.weights.style_fingerprint
    if book.weights != own:
        raise UserError(
            f"{build / live.document.styles}: codes of style encoder {book.weights}, where the "
            f"build's is {own}; export it again"
        )
    photos = None if studio is None else _part(studio, GRAPHS[:1])
    if photos is not None:
        _check_pair(live, photos)
    try:
        assets.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=assets.parent) as temporary:
            made = Path(temporary) / assets.name
            made.mkdir(mode=0o755)
            if photos is not None:
                (made / STUDIO).mkdir()
                _fill(made / STUDIO, photos)
            _fill_styles(made, live, book)
            _fill(made, live)
            if assets.exists():
                # Out of the way first: a folder in use cannot be replaced in one step.
                assets.rename(Path(temporary) / "before")
            made.rename(assets)
    except OSError as error:
        raise CannotWrite(f"cannot write {assets}: {error.strerror or error}") from error
    parts = [live] if photos is None else [live, photos]
    names = tuple(entry.file for part in parts for entry in part.chosen)
    return Copied(assets, names, len(book.styles), manifest.size(assets))


def _part(build: Path, graphs: tuple[str, ...]) -> _Part:
    document = manifest.read(build)
    chosen = tuple(_choose(build, document, graph, graphs) for graph in graphs)
    for entry in chosen:
        _check_contract(entry)
        _check_unchanged(build, entry.file, entry.sha256)
    _check_unchanged(build, golden.GOLDEN, document.golden_sha256)
    return _Part(build, document, chosen)


def _choose(build: Path, document: Manifest, graph: str, graphs: tuple[str, ...]) -> FileEntry:
    for precision in PRECISIONS:
        for entry in document.files:
            wanted = (graph, TFLITE.name, precision, None)
            if (entry.graph, entry.format, entry.precision, entry.style) == wanted:
                return entry
    raise UserError(
        f"{build}: no {graph} in .tflite with float inputs; export again with "
        f"--graphs {','.join(graphs)} --formats tflite --precision fp16"
    )


def _check_contract(entry: FileEntry) -> None:
    """The app's code passes ports by name, as floats, images in RGB, row by row, of any range."""
    for kind, ports, wanted in (
        ("inputs", entry.inputs, INPUTS),
        ("outputs", entry.outputs, OUTPUTS),
    ):
        known = wanted[entry.graph]
        if {port.name: port.kind.value for port in ports} not in known:
            raise UserError(
                f"{entry.file}: the app's code passes {', '.join(known[-1])} as {kind}, this "
                f"file has {', '.join(p.name for p in ports)}; export it again, and without --bake"
            )
        for port in ports:
            if port.dtype != "float32" or port.layout != "NHWC":
                raise UserError(f"{entry.file}: {port.name} must be floats in NHWC for this app")
            if port.kind is not Kind.IMAGE:
                continue
            if port.colour_order != "RGB":
                raise UserError(f"{entry.file}: {port.name} must be RGB for this app")
            low, high = port.range or (0, 0)
            if not -math.inf < low < high < math.inf:
                raise UserError(
                    f"{entry.file}: the range of {port.name} must be two numbers, the lower first; "
                    "export it again"
                )


def _check_pair(live: _Part, photos: _Part) -> None:
    """The app gives both of them one code and one depth, and pictures of one shape."""
    own, other = (part.document.weights.style_fingerprint for part in (live, photos))
    if own != other:
        raise UserError(
            f"{photos.build}: codes of style encoder {own} are not for it, its own is {other}; "
            "export both from weights with one style encoder, or leave --studio out"
        )
    ours, theirs = (
        {port.name: port.port.nhwc for port in part.stylizer.inputs} for part in (live, photos)
    )
    if ours.keys() != theirs.keys():
        with_depth = "with" if "depth" in ours else "without"
        raise UserError(
            f"{photos.stylizer.file} takes {', '.join(theirs)}, the live one "
            f"{', '.join(ours)}; export it {with_depth} --depth"
        )
    if ours["style_code"] != theirs["style_code"]:
        sizes = [shapes["style_code"][-1] for shapes in (theirs, ours)]
        raise UserError(
            f"{photos.stylizer.file} takes codes of {sizes[0]} numbers, the live one of "
            f"{sizes[1]}; export both from networks of one code size"
        )
    (height, width), (tall, wide) = (shapes["content"][1:3] for shapes in (ours, theirs))
    if height * wide != width * tall:
        raise UserError(
            f"{photos.stylizer.file} paints {tall} x {wide} pixels, another shape than the live "
            f"one's {height} x {width}; export it with --size {2 * height}x{2 * width}"
        )


def _check_unchanged(build: Path, name: str, sha256: str) -> None:
    path = build / name
    if not path.exists():
        raise UserError(f"{path}: missing; run `facestyle export` again")
    if manifest.sha256(path) != sha256:
        raise UserError(f"{path}: changed since the export; run `facestyle export` again")


def _fill_styles(folder: Path, live: _Part, book: StyleBook) -> None:
    """The styles, and a thumbnail of each painting."""
    shutil.copyfile(live.build / live.document.styles, folder / "styles.json")
    thumbnails = folder / "thumbnails"
    thumbnails.mkdir()
    shown = {painting.name: painting.path for painting in gallery.paintings()}
    for style in book.styles:
        if style.name in shown:
            (thumbnails / f"{style.name}.jpg").write_bytes(thumbnail(shown[style.name]))


def _fill(folder: Path, part: _Part) -> None:
    """The models and their golden pairs; last, a manifest of all that is in the folder."""
    for entry in part.chosen:
        shutil.copyfile(part.build / entry.file, folder / entry.file)
    _copy_golden(folder / golden.GOLDEN, part.build / golden.GOLDEN, part.chosen)
    # No paths of the machine that exported, and nothing that the app has no use for.
    document = part.document
    told = {
        "format": document.format,
        "network": document.network,
        "height": document.height,
        "width": document.width,
        "weights": {
            "fingerprint": document.weights.fingerprint,
            "style_fingerprint": document.weights.style_fingerprint,
        },
        "files": [
            {key: value for key, value in entry.as_json().items() if key in KEPT}
            for entry in part.chosen
        ],
        "assets": {
            path.relative_to(folder).as_posix(): manifest.sha256(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        },
    }
    (folder / manifest.NAME).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _copy_golden(target: Path, source: Path, chosen: tuple[FileEntry, ...]) -> None:
    """The pairs of the graphs that the app has, without the pictures for people."""
    target.mkdir()
    index = json.loads((source / golden.INDEX).read_text(encoding="utf-8"))
    graphs = {graph: index["graphs"][graph] for graph in (entry.graph for entry in chosen)}
    files = {entry.file: index["files"][entry.file] for entry in chosen}
    for pair in graphs.values():
        for value in (*pair["inputs"], pair["output"]):
            if "raw" in value:
                name = value["raw"]
                if Path(name).name != name:
                    # golden.json comes with the build, and the build from anywhere.
                    raise UserError(f"{source / golden.INDEX}: {name!r} is not in its folder")
                shutil.copyfile(source / name, target / name)
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
