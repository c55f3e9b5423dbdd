"""Folders and tars read alike, decoding, and labels that are computed once."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from facestyle.errors import UserError
from tests.support.made_data import png, write_folder, write_tar
from train.data.files import Files, open_files
from train.data.labels import cache_folder, cached, compute_labels
from train.data.samples import (
    Damaged,
    Sample,
    read_depth,
    read_ids,
    read_image,
    read_parsing,
)

CONTENT = {"a.jpg": b"first", "deep/b.png": b"second" * 500, "deep/er/c.txt": b""}


def holding(tmp_path: Path, data: bytes) -> Files:
    return open_files(write_folder(tmp_path / "one", {"x": data}))


@pytest.mark.parametrize("prefix", ["", "./"])
def test_folder_and_tar_read_alike(tmp_path: Path, prefix: str) -> None:
    folder = open_files(write_folder(tmp_path / "set", CONTENT))
    tar = open_files(write_tar(tmp_path / "set.tar", CONTENT, prefix))
    for files in (folder, tar):
        assert files.names == tuple(sorted(CONTENT))
        assert {name: files.read(name) for name in files.names} == CONTENT
        assert "a.jpg" in files
        assert "deep" not in files


def test_hidden_files_are_left_out(tmp_path: Path) -> None:
    hidden = {"._a.jpg": b"", ".facestyle/x.npz": b"", "deep/.b": b"", "__MACOSX/._a.jpg": b""}
    assert open_files(write_folder(tmp_path / "set", CONTENT | hidden)).names == tuple(CONTENT)
    assert open_files(write_tar(tmp_path / "set.tar", CONTENT | hidden)).names == tuple(CONTENT)


def test_links_are_followed_but_not_for_ever(tmp_path: Path) -> None:
    write_folder(tmp_path / "other_disk", {"x.jpg": b"x"})
    root = write_folder(tmp_path / "set", CONTENT)
    (root / "linked").symlink_to(tmp_path / "other_disk")
    (root / "deep" / "up").symlink_to(root)
    (root / "broken.jpg").symlink_to(tmp_path / "gone")
    assert open_files(root).names == tuple(sorted([*CONTENT, "linked/x.jpg"]))


def test_hard_links_in_a_tar(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "set", {"a.jpg": b"first"})
    os.link(root / "a.jpg", root / "b.jpg")
    with tarfile.open(tmp_path / "set.tar", "w") as archive:
        archive.add(root / "a.jpg", "a.jpg")
        archive.add(root / "b.jpg", "b.jpg")
    files = open_files(tmp_path / "set.tar")
    assert [files.read(name) for name in files.names] == [b"first", b"first"]


def test_shards_are_one_set(tmp_path: Path) -> None:
    write_tar(tmp_path / "0.tar", {"a.jpg": b"a"})
    write_tar(tmp_path / "1.tar", {"b.jpg": b"b"})
    write_folder(tmp_path, {"loose.jpg": b"c"})
    files = open_files(tmp_path)
    assert files.names == ("a.jpg", "b.jpg", "loose.jpg")
    assert b"".join(map(files.read, files.names)) == b"abc"


def test_shards_with_the_same_names_keep_apart(tmp_path: Path) -> None:
    write_tar(tmp_path / "0.tar", {"a.jpg": b"0", "a_mask.png": b"mask"})
    write_tar(tmp_path / "1.tar", {"a.jpg": b"1"})
    files = open_files(tmp_path)
    assert files.names == ("0/a.jpg", "0/a_mask.png", "1/a.jpg")
    assert files.read("0/a.jpg") + files.read("1/a.jpg") == b"01"


def test_a_tar_is_read_by_many_threads(tmp_path: Path) -> None:
    content = {f"{i:03}": os.urandom(2000 + i) for i in range(60)}
    files = open_files(write_tar(tmp_path / "set.tar", content))
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(files.read, sorted(content) * 5))
    assert read == [content[name] for name in sorted(content)] * 5


def test_a_tar_that_was_cut_since_is_noticed(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "set.tar", {"a.jpg": b"a" * 5000})
    files = open_files(path)
    os.truncate(path, 2000)
    with pytest.raises(OSError, match=r"ends before a\.jpg does"):
        files.read("a.jpg")
    with pytest.raises(Damaged, match="ends before"):
        read_image(files, "a.jpg")


def _cut(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: p / "gone", "no such file or folder"),
        (lambda p: _cut(p / "x.tar", b"\xff" * 2000), "neither a folder nor a tar file"),
        (lambda p: _cut(p / "x.tar", b""), "neither a folder nor a tar file"),
        (
            lambda p: _cut(p / "x.tar.gz", gzip.compress(write_tar(p / "y", CONTENT).read_bytes())),
            "is compressed, .* gunzip",
        ),
        (
            lambda p: _cut(p / "x.tar", write_tar(p / "y", CONTENT).read_bytes()[:2000]),
            "damaged or unfinished tar file",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(
    tmp_path: Path, make: Callable[[Path], Path], words: str
) -> None:
    with pytest.raises(UserError, match=words) as raised:
        open_files(make(tmp_path))
    assert "\n" not in str(raised.value)


def test_images_are_upright_rgb_over_white(tmp_path: Path) -> None:
    wide = Image.new("RGB", (40, 20), (200, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    wide.save(out, "JPEG", exif=exif)
    turned = read_image(holding(tmp_path, out.getvalue()), "x")
    assert (turned.mode, turned.size) == ("RGB", (20, 40))
    clear = read_image(holding(tmp_path, png(np.zeros((3, 5, 4), np.uint8))), "x")
    assert clear.getcolors() == [(15, (255, 255, 255))]
    deep = read_image(holding(tmp_path, png(np.full((2, 2), 65535 // 2, np.uint16))), "x")
    assert deep.getpixel((0, 0)) == (127, 127, 127)


def test_a_reduced_jpeg_is_large_enough_and_alike(tmp_path: Path) -> None:
    y, x = np.mgrid[0:640, 0:960]
    smooth = np.stack([x / 4, y / 3, 255 - x / 4], -1).clip(0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(smooth).save(out, "JPEG", quality=95)
    files = holding(tmp_path, out.getvalue())
    full, reduced = read_image(files, "x"), read_image(files, "x", 80)
    assert full.size == (960, 640)
    assert reduced.size == (240, 160)  # the smallest eighth that is twice as large as asked
    small = [np.asarray(i.resize((120, 80)), np.float32) for i in (full, reduced)]
    assert np.abs(small[0] - small[1]).max() < 4


def test_depth_is_metres_and_unknown_is_nan(tmp_path: Path) -> None:
    depth = read_depth(holding(tmp_path, png(np.array([[0, 1500], [65535, 1]], np.uint16))), "x")
    assert depth.dtype == np.float32
    np.testing.assert_allclose(depth, [[np.nan, 1.5], [65.535, 0.001]], rtol=1e-6)
    with pytest.raises(Damaged, match="16 bits"):
        read_depth(holding(tmp_path, png(np.zeros((2, 2), np.uint8))), "x")


def test_ids_come_from_grey_or_palette(tmp_path: Path) -> None:
    ids = np.array([[0, 18], [255, 4]], np.uint8)
    assert (read_parsing(holding(tmp_path, png(ids)), "x") == ids).all()
    palette = Image.fromarray(ids).convert("P")
    palette.putdata(ids.ravel().tolist())
    out = io.BytesIO()
    palette.save(out, "PNG")
    assert (read_ids(holding(tmp_path, out.getvalue()), "x") == ids).all()
    with pytest.raises(Damaged, match="class ids above 18"):
        read_parsing(holding(tmp_path, png(ids + 1)), "x")
    with pytest.raises(Damaged, match="RGB"):
        read_ids(holding(tmp_path, png(np.zeros((2, 2, 3), np.uint8))), "x")


@given(cut=st.integers(0, 700), at=st.integers(0, 700), byte=st.integers(0, 255))
@settings(max_examples=80, deadline=None)
def test_damaged_images_say_so_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, cut: int, at: int, byte: int
) -> None:
    data = bytearray(png(np.random.default_rng(0).integers(0, 99, (12, 12, 3), np.uint8)))
    data[min(at, len(data) - 1)] = byte
    files = holding(tmp_path_factory.mktemp("fuzz"), bytes(data[: max(len(data) - cut, 0)]))
    try:
        assert read_image(files, "x").mode == "RGB"
    except Damaged as error:
        assert error.name == "x"
        assert error.reason


def test_a_file_that_has_gone_is_damaged(tmp_path: Path) -> None:
    files = holding(tmp_path, b"")
    (tmp_path / "one" / "x").unlink()
    with pytest.raises(Damaged, match="x: "):
        read_image(files, "x")


def _sample(name: str) -> Sample:
    return Sample(name, lambda: Image.new("RGB", (4, 4)))


class Counting:
    """A label that tells how often it was computed."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, sample: Sample) -> np.ndarray:
        self.names.append(sample.name)
        if "bad" in sample.name:
            raise Damaged(sample.name, "no image")
        return np.full((3, 2), len(sample.name), np.float32)


def test_labels_are_computed_once(tmp_path: Path) -> None:
    compute, told = Counting(), []
    samples = [_sample(name) for name in ("a", "deep/bb", "x" * 400, "caf\udce9")]
    for _ in range(2):
        samples = cached(samples, "depth", "v1", compute, tmp_path, lambda *n: told.append(n))
    assert [float(s.depth()[0, 0]) for s in samples if s.depth] == [1, 7, 400, 4]
    assert len(compute.names) == 4
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)] * 2


def test_labels_there_are_only_read_when_needed(tmp_path: Path) -> None:
    compute = Counting()
    (label,) = compute_labels([_sample("a")], "depth", "v1", compute, tmp_path)
    label.path.write_bytes(b"damaged")
    (again,) = compute_labels([_sample("a")], "depth", "v1", compute, tmp_path)
    assert len(compute.names) == 1
    assert (again() == 1).all()


def test_a_label_of_another_image_is_not_taken(tmp_path: Path) -> None:
    one, other = compute_labels([_sample("a"), _sample("bb")], "x", "v1", Counting(), tmp_path)
    other.path.write_bytes(one.path.read_bytes())
    assert (other() == 2).all()


def test_kind_and_version_have_their_own_labels(tmp_path: Path) -> None:
    compute = Counting()
    for kind, version in (("depth", "v1"), ("depth", "v2"), ("boxes", "v1"), ("depth", "v1")):
        compute_labels([_sample("a")], kind, version, compute, tmp_path)
    assert len(compute.names) == 3


def test_depth_may_be_made_from_the_depth_there_is(tmp_path: Path) -> None:
    def doubled(sample: Sample) -> np.ndarray:
        assert sample.depth
        return sample.depth() * 2

    measured = Sample("a", _sample("a").image, depth=lambda: np.full((2, 2), 3, np.float32))
    (filled,) = cached([measured], "depth", "doubled", doubled, tmp_path)
    assert filled.depth
    assert (filled.depth() == 6).all()
    assert (filled.depth() == 6).all()


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not really", None])
def test_a_damaged_label_is_computed_again(tmp_path: Path, damage: bytes | None) -> None:
    compute = Counting()
    (label,) = compute_labels([_sample("a")], "depth", "v1", compute, tmp_path)
    whole = label.path.read_bytes()
    label.path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    for _ in range(2):
        assert (label() == 1).all()
    assert len(compute.names) == 2


def test_every_flipped_byte_of_a_label_is_noticed_or_harmless(tmp_path: Path) -> None:
    compute = Counting()
    (label,) = compute_labels([_sample("a")], "depth", "v1", compute, tmp_path)
    whole = label.path.read_bytes()
    for place in range(0, len(whole), 3):
        flipped = bytearray(whole)
        flipped[place] ^= 0xFF
        label.path.write_bytes(flipped)
        assert (label() == np.ones((3, 2))).all()


def test_damaged_samples_do_not_stop_the_others(tmp_path: Path) -> None:
    names = ("a", "bad", "c")
    good, bad, last = cached([_sample(n) for n in names], "depth", "v", Counting(), tmp_path)
    assert good.depth and last.depth and bad.depth
    assert good.depth().shape == last.depth().shape == (3, 2)
    with pytest.raises(Damaged, match="bad: no image"):
        bad.depth()


def test_labels_lie_beside_the_data(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set", CONTENT)
    tar = write_tar(tmp_path / "set.tar", CONTENT)
    assert cache_folder(folder) == folder / ".facestyle"
    assert cache_folder(tar) == tmp_path / "set.tar.facestyle"
    assert open_files(folder).names == tuple(CONTENT)


def test_labels_of_read_only_data_lie_in_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A file where the folder would be: read-only folders do not stop root, who may run this.
    folder = write_folder(tmp_path / "set", CONTENT | {".facestyle": b""})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.warns(UserWarning, match="labels are kept in"):
        own = cache_folder(folder)
    assert own.parent == tmp_path / "cache" / "facestyle"
    assert own.name.startswith("set-")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "a.jpg"))
    with pytest.raises(UserError, match="set XDG_CACHE_HOME"):
        cache_folder(folder)
