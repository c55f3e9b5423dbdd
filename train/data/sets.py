"""Readers of the published sets, each by the layout it is published in, and of plain images.

A source is named ``PATH`` (a folder or tar of images, with labels beside them or without) or
``READER:PATH``. Folders above a set's own are of no matter: ``voc:/data`` finds
``/data/VOCdevkit/VOC2012/JPEGImages``. Where a set names its test part, it is left out.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from facestyle.errors import UserError, unknown
from facestyle.images import SUFFIXES
from train.auxiliary.face_classes import CLASSES
from train.data.files import Files, open_files
from train.data.samples import (
    Sample,
    read_binary,
    read_ids,
    read_parsing,
    stored,
)

DEPTH, MASK = "_depth.png", "_mask.png"
"""What takes the place of a paired image's suffix in the names of its labels."""


@dataclass(frozen=True)
class Reader:
    """How a set is read.

    Attributes:
        read: samples in the order of their names; none where this is not that set.
        layout: what it looks for, for people.
    """

    read: Callable[[Files], list[Sample]]
    layout: str


def split_source(source: str) -> tuple[str | None, Path]:
    """Reader (None: whatever fits) and path of ``PATH`` or ``READER:PATH``.

    A path that exists is one, colons and all.

    Raises:
        UserError: when there is no such reader.
    """
    path = Path(source).expanduser()
    name, colon, rest = source.partition(":")
    # One letter would be a drive of Windows.
    if path.exists() or not colon or not re.fullmatch(r"\w[\w-]+", name):
        return None, path
    if name not in READERS:
        raise unknown("reader", name, READERS)
    return name, Path(rest).expanduser()


def open_source(source: str) -> list[Sample]:
    """Samples of a source, in the order of their names.

    Raises:
        UserError: when the reader is unknown, nothing is there, or not what the reader expects.
    """
    name, path = split_source(source)
    files = open_files(path)
    if name is None:
        name = "paired" if any(file.endswith((DEPTH, MASK)) for file in files.names) else "images"
    reader = READERS[name]
    samples = reader.read(files)
    if not samples:
        raise UserError(f"{path}: no {name} found there; expected {reader.layout}")
    return samples


def images(files: Files) -> list[Sample]:
    """Every image, label maps left out."""
    return [stored(files, name) for name in _images(files)]


def paired(files: Files) -> list[Sample]:
    """Images with ``_depth.png`` (16 bits, millimetres) and ``_mask.png`` (ids) beside them.

    A ``manifest*.csv`` may state, in the JSON of its ``info`` column, a mask's ``scheme`` and a
    ``depth_unit``. Masks of other schemes than CelebAMask-HQ's 19 classes are not used, nor is
    depth without a metric scale; where some schemes are stated, masks without one are not used.
    """
    stated = _manifest(files)
    schemes = {name: info["scheme"] for name, info in stated.items() if "scheme" in info}

    def sample(name: str) -> Sample:
        stem = name.removesuffix(PurePosixPath(name).suffix)
        unit = stated.get(name, {}).get("depth_unit", "millimetre").lower()
        depth = stem + DEPTH if stem + DEPTH in files and "millimet" in unit else None
        scheme = schemes.get(name) if schemes else "celebamask19"
        known = scheme in ("celebamask19", "celebamask19 (mapped)")
        mask = stem + MASK
        parsing = partial(read_parsing, files, mask) if mask in files and known else None
        return stored(files, name, depth, parsing)

    return [sample(name) for name in _images(files)]


def coco(files: Files) -> list[Sample]:
    """MS-COCO: ``train2017/000000000009.jpg``; other splits only where there is no training one."""
    photos = _matching(files, r"(COCO_\w+_)?\d{12}\.jpg$")
    training = [name for name in photos if re.search(r"(^|/)train20\d\d/", name)]
    return [stored(files, name) for name in training or photos]


def wikiart(files: Files) -> list[Sample]:
    """WikiArt: a folder for each movement, ``Impressionism/claude-monet_poppies.jpg``."""
    return [stored(files, name) for name in _images(files) if "/" in name]


def helen(files: Files) -> list[Sample]:
    """Helen: photos in ``helen_1`` .. ``helen_5`` or ``train_1`` .. ``train_4``.

    Left out are ``test`` and what ``testnames.txt`` lists. The landmarks in ``annotation`` are
    not used.
    """
    test = {
        line.strip()
        for name in _matching(files, r"testnames\.txt$")
        for line in _lines(files, name)
    }
    photos = _matching(files, r"(helen|train)_\d/[^/]+\.jpg$")
    return [stored(files, name) for name in photos if PurePosixPath(name).stem not in test]


def celebamask_hq(files: Files) -> list[Sample]:
    """CelebAMask-HQ: ``CelebA-HQ-img/N.jpg``, ``CelebAMask-HQ-mask-anno/K/NNNNN_PART.png``.

    Where parts overlap the one of the higher id counts, as in the authors' own maps.
    """
    pattern = re.compile(r"(?:^|/)CelebAMask-HQ-mask-anno/\d+/(\d{5})_(\w+)\.png$")
    # Three parts have other names in the files than where the classes are listed.
    ids = {name: number for number, name in enumerate(CLASSES)}
    ids |= {"eye_g": ids["glasses"], "ear_r": ids["earring"], "neck_l": ids["necklace"]}
    parts: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for name in files.names:
        if (match := pattern.search(name)) and match[2] in ids:
            parts[int(match[1])].append((ids[match[2]], name))

    def sample(name: str) -> Sample:
        masks = sorted(parts.get(int(PurePosixPath(name).stem), []))
        return stored(files, name, parsing=partial(_compose, files, masks) if masks else None)

    photos = _matching(files, r"CelebA-HQ-img/\d+\.jpg$")
    return [sample(name) for name in photos]


def _compose(files: Files, masks: Iterable[tuple[int, str]]) -> np.ndarray:
    first, *others = ((number, read_binary(files, name)) for number, name in masks)
    ids = np.where(first[1], np.uint8(first[0]), np.uint8(0))
    for number, mask in others:
        ids[mask] = number
    return ids


def linemod(files: Files) -> list[Sample]:
    """LineMOD for 6D pose: ``data/01/rgb/0000.png`` and ``data/01/depth/0000.png``."""
    photos = _matching(files, r"\d\d/rgb/\d+\.png$")
    return [_with_depth(files, name, _swap_folder(name, "rgb", "depth")) for name in photos]


def pandora(files: Files) -> list[Sample]:
    """Pandora's cropped faces, RGB and 16-bit depth.

    ``face_dataset_RGB/001/frame_000000_face_rgb.png`` goes with the file
    ``001/frame_000000_face_depth.png`` of any other folder, its 8-bit twin (no scale) left out.
    """

    def key(name: str, kind: str) -> str:
        return "/".join(PurePosixPath(name.removesuffix(f"_{kind}.png")).parts[-2:])

    maps = [name for name in _matching(files, r"[^/]+_depth\.png$") if "8bit" not in name]
    depths = {key(name, "depth"): name for name in maps}
    photos = _matching(files, r"face_dataset_RGB/\d+/[^/]+_rgb\.png$")
    return [_with_depth(files, name, depths.get(key(name, "rgb"), "")) for name in photos]


def rgbd_scenes(files: Files) -> list[Sample]:
    """RGB-D Scenes: ``desk/desk_1/desk_1_28.png`` (v1) or ``imgs/scene_01/00000-color.png`` (v2).

    Beside them lie ``desk_1_28_depth.png`` or ``00000-depth.png``.
    """
    first = [n.removesuffix(DEPTH) + ".png" for n in _matching(files, r"[^/]+_\d+_\d+_depth\.png$")]
    samples = [_with_depth(files, n, n.removesuffix(".png") + DEPTH) for n in first if n in files]
    second = _matching(files, r"scene_\d+/\d+-color\.png$")
    return samples + [
        _with_depth(files, n, n.removesuffix("-color.png") + "-depth.png") for n in second
    ]


def voc(files: Files) -> list[Sample]:
    """Pascal VOC: ``JPEGImages/2007_000032.jpg``, ``SegmentationClass/2007_000032.png``.

    Those that ``ImageSets/Segmentation/train.txt`` lists; where there is no such file, all.
    """
    lists = _matching(files, r"ImageSets/Segmentation/train\.txt$")
    listed = {line.strip() for name in lists for line in _lines(files, name)}
    photos = _matching(files, r"JPEGImages/[^/]+\.jpg$")

    def sample(name: str) -> Sample:
        folder = PurePosixPath(name).parent.parent
        label = str(folder / "SegmentationClass" / f"{PurePosixPath(name).stem}.png")
        person = partial(_person, files, label) if label in files else None
        return stored(files, name, person=person)

    return [sample(n) for n in photos if not listed or PurePosixPath(n).stem in listed]


def _person(files: Files, name: str) -> np.ndarray:
    return read_ids(files, name) == 15


def _images(files: Files) -> Iterator[str]:
    for name in files.names:
        if name.lower().endswith(SUFFIXES) and not name.endswith((DEPTH, MASK)):
            yield name


def _matching(files: Files, pattern: str) -> list[str]:
    """Names whose last parts match; the folder or tar that was given counts as a part."""
    compiled = re.compile(rf"(?:^|/){pattern}")
    # A user may well name the folder of the images itself: coco:train2017, linemod:data/01.
    above = "/".join(files.path.absolute().parts[-3:]) + "/" if files.path.is_dir() else ""
    return [name for name in files.names if compiled.search(above + name)]


def _with_depth(files: Files, name: str, depth: str) -> Sample:
    return stored(files, name, depth if depth in files else None)


def _swap_folder(name: str, old: str, new: str) -> str:
    path = PurePosixPath(name)
    return str(path.parent.parent / new / path.name) if path.parent.name == old else name


def _lines(files: Files, name: str) -> list[str]:
    return files.read(name).decode("utf-8", "replace").splitlines()


def _manifest(files: Files) -> dict[str, dict[str, str]]:
    """What manifests state of an image, by its name."""
    stated = {}
    for manifest in _matching(files, r"manifest[^/]*\.csv$"):
        for row in csv.DictReader(io.StringIO("\n".join(_lines(files, manifest)))):
            try:
                info = json.loads(row.get("info") or "{}")
            except ValueError:
                continue
            if isinstance(info, dict) and (name := _found(files, manifest, row.get("file") or "")):
                stated[name] = {key: str(value) for key, value in info.items()}
    return stated


def _found(files: Files, manifest: str, file: str) -> str | None:
    """The name of a manifest's entry here, though folders may have come or gone above it."""
    parts = PurePosixPath(file).parts
    for start in range(len(parts)):
        for folder in PurePosixPath(manifest).parents:
            name = str(folder.joinpath(*parts[start:]))
            if name in files:
                return name
    return None


_PLAIN = f"images ({', '.join(SUFFIXES)})"

READERS: dict[str, Reader] = {
    "images": Reader(images, _PLAIN),
    "paired": Reader(paired, f"{_PLAIN} with x{DEPTH} or x{MASK} beside x.jpg"),
    "coco": Reader(coco, "train2017/000000000009.jpg and so on"),
    "wikiart": Reader(wikiart, "a folder of images for each movement (Impressionism/...)"),
    "helen": Reader(helen, "helen_1/*.jpg to helen_5/*.jpg, or train_1/*.jpg to train_4/*.jpg"),
    "celebamask_hq": Reader(celebamask_hq, "CelebA-HQ-img/0.jpg, CelebAMask-HQ-mask-anno/0/"),
    "linemod": Reader(linemod, "data/01/rgb/0000.png and data/01/depth/0000.png"),
    "pandora": Reader(
        pandora,
        "face_dataset_RGB/001/frame_000000_face_rgb.png and its ..._face_depth.png of 16 bits",
    ),
    "rgbd_scenes": Reader(
        rgbd_scenes,
        "desk_1/desk_1_1.png with desk_1_1_depth.png, or scene_01/00000-color.png with -depth.png",
    ),
    "voc": Reader(voc, "JPEGImages/*.jpg and SegmentationClass/*.png"),
}
"""By the name before the colon."""
