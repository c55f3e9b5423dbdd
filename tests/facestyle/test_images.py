"""Images in and out: odd formats work, bad files are refused in one line."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from facestyle import images
from facestyle.errors import UserError


def _gradient(height: int = 20, width: int = 30) -> Image.Image:
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x * 8, y * 12, 255 - x * 8], -1).astype(np.uint8)
    return Image.fromarray(pixels)


def test_eight_bits() -> None:
    values = torch.tensor([-0.5, 0.0, 0.4 / 255, 0.5 / 255, 1.5 / 255, 0.5, 1.0, 2.0])
    wanted = [0, 0, 0, 0, 2, 128, 255, 255]
    assert images.to_bytes(values).tolist() == wanted
    assert images.to_bytes(values).dtype == torch.uint8
    assert torch.equal(images.eight_bit(values), torch.tensor(wanted) / 255)
    assert images.eight_bit(torch.tensor(float("nan"))).isnan(), "a fault must stay one"


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "CMYK", "1", "LA", "RGBA"])
def test_modes_work(tmp_path: Path, mode: str) -> None:
    path = tmp_path / f"image.{'tif' if mode == 'CMYK' else 'png'}"
    _gradient().convert(mode).save(path)
    pixels = images.load(path)
    assert pixels.shape == (1, 3, 20, 30)
    assert ((pixels >= 0) & (pixels <= 1)).all()


def test_sixteen_bit_is_scaled_not_clipped(tmp_path: Path) -> None:
    values = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    path = tmp_path / "deep.png"
    Image.fromarray(values).save(path)
    pixels = images.load(path)[0, 0].numpy()
    assert np.abs(pixels - values / 65535).max() < 1 / 255


def test_transparency_lies_over_white(tmp_path: Path) -> None:
    path = tmp_path / "clear.png"
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(path)
    assert torch.equal(images.load(path), torch.ones(1, 3, 4, 4))


def test_palette_transparency_lies_over_white(tmp_path: Path) -> None:
    path = tmp_path / "clear.gif"
    image = Image.new("P", (4, 4), 0)
    image.putpalette([255, 0, 0] + [0] * 765)
    image.save(path, transparency=0)
    assert torch.equal(images.load(path), torch.ones(1, 3, 4, 4))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    """Stored as the camera holds it, shown as the eye saw it."""
    undo = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    stored = _gradient()
    for operation in undo.get(orientation, []):
        stored = stored.transpose(operation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "camera.png"
    stored.save(path, exif=exif)
    assert torch.equal(images.load(path), images.to_tensor(_gradient()))


def _bomb() -> bytes:
    """A PNG of a few bytes that claims 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def _jpeg() -> bytes:
    import io

    buffer = io.BytesIO()
    _gradient(200, 300).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.jpg", b"", "damaged"),
        ("cut.jpg", _jpeg()[:700], "damaged"),
        ("headless.jpg", _jpeg()[40:], "damaged"),
        ("text.png", b"this is no picture\n", "not an image"),
        ("bomb.png", _bomb(), "too many"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UserError, match=words) as refusal:
        images.load(path)
    assert name in str(refusal.value)


def test_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        images.load(tmp_path / "none.jpg")
    with pytest.raises(UserError, match="folder"):
        images.load(tmp_path)
    with pytest.raises(UserError, match="no images"):
        images.find(tmp_path)


def test_map_fills_its_range(tmp_path: Path) -> None:
    path = tmp_path / "depth.png"
    Image.fromarray(np.linspace(500, 4000, 48).astype(np.uint16).reshape(6, 8)).save(path)
    values = images.load_map(path)
    assert values.shape == (1, 1, 6, 8)
    assert values.min() == 0
    assert values.max() == 1


@pytest.mark.parametrize("value", [0, 51, 255])
def test_map_of_eight_bits_means_what_it_says(tmp_path: Path, value: int) -> None:
    path = tmp_path / "depth.png"
    Image.new("L", (4, 4), value).save(path)
    assert torch.equal(images.load_map(path), torch.full((1, 1, 4, 4), value / 255))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("values", "expected"), [([0, 0], [0, 0]), ([7, 7], [1, 1]), ([7, 9], [0, 1])]
)
def test_map_of_sixteen_bits_fills_its_range(
    tmp_path: Path, order: str, values: list[int], expected: list[int]
) -> None:
    path = tmp_path / "depth.tif"
    raw = np.array(values, f"{order}u2").tobytes()
    Image.frombytes("I;16" if order == "<" else "I;16B", (2, 1), raw).save(path)
    assert images.load_map(path).flatten().tolist() == expected


def test_folders_and_hidden_files_are_no_images(tmp_path: Path) -> None:
    for name in ("a.png", "._a.png"):
        _gradient().save(tmp_path / name)
    (tmp_path / "folder.png").mkdir()
    assert images.find(tmp_path) == [tmp_path / "a.png"]


def test_a_sliver_covers_cheaply() -> None:
    """Scaled whole until it covers, it would have 2.3 million rows."""
    assert images.cover(torch.rand(1, 3, 9000, 1), 256, 256).shape == (1, 3, 256, 256)


@given(
    st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 4, 8, 16]), st.sampled_from([0, 16])
)
@settings(max_examples=60, deadline=None)
def test_padding_is_undone_by_cropping(height: int, width: int, stride: int, minimum: int) -> None:
    pixels = torch.rand(1, 3, height, width)
    padded, (rows, columns) = images.pad(pixels, stride, minimum)
    assert padded.shape[2] % stride == padded.shape[3] % stride == 0
    assert min(padded.shape[2:]) >= minimum
    assert torch.equal(padded[..., rows, columns], pixels)
    assert padded.min() >= pixels.min()
    assert padded.max() <= pixels.max()


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 40), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_cover_fills_the_frame(h: int, w: int, height: int, width: int) -> None:
    covered = images.cover(torch.full((1, 3, h, w), 0.25), height, width)
    assert covered.shape == (1, 3, height, width)
    assert torch.allclose(covered, torch.tensor(0.25), atol=1e-5)


def test_saving_and_loading_is_exact(tmp_path: Path) -> None:
    pixels = images.to_tensor(_gradient())
    images.save(pixels, tmp_path / "folder" / "a.png")
    assert torch.equal(images.load(tmp_path / "folder" / "a.png"), pixels)
    assert [p.name for p in (tmp_path / "folder").iterdir()] == ["a.png"]
