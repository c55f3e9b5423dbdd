"""Every reader on a tiny set in its real layout, as a folder and as a tar."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facestyle.errors import UserError
from tests.support.made_data import png, write_folder, write_tar
from train.data import Damaged, Sample, open_source, split_source
from train.data.sets import READERS

Content = dict[str, bytes]
Open = Callable[..., dict[str, Sample]]
BROKEN = b"\xff\xd8\xff not an image"


def jpg(width: int = 8, height: int = 6) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (10, 200, 90)).save(out, "JPEG")
    return out.getvalue()


def rgb() -> bytes:
    return png(np.full((6, 8, 3), 77, np.uint8))


def depth(millimetres: int = 1500) -> bytes:
    values = np.full((6, 8), millimetres, np.uint16)
    values[0, 0] = 0
    return png(values)


def ids(value: int) -> bytes:
    return png(np.full((6, 8), value, np.uint8))


@pytest.fixture(params=["folder", "tar"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Writes a set and opens it with a reader."""

    def opened(content: Content, reader: str | None = None) -> dict[str, Sample]:
        write = write_folder if request.param == "folder" else write_tar
        path = write(tmp_path / f"a.{request.param}", content)
        samples = open_source(f"{reader}:{path}" if reader else str(path))
        assert len({s.name for s in samples}) == len(samples)
        return {s.name: s for s in samples}

    return opened


def assert_damaged(sample: Sample) -> None:
    with pytest.raises(Damaged, match=sample.name):
        sample.image()


def assert_depth(samples: Iterable[Sample], metres: float = 1.5) -> None:
    for sample in samples:
        assert sample.depth
        values = sample.depth()
        assert values.shape == (6, 8)
        assert np.isnan(values[0, 0])
        assert np.nanmax(values) == np.nanmin(values) == np.float32(metres)


def test_images(source: Open) -> None:
    found = source({"a.JPG": jpg(), "deep/b.png": rgb(), "broken.jpg": BROKEN, "notes.txt": b""})
    assert list(found) == ["a.JPG", "broken.jpg", "deep/b.png"]
    assert found["a.JPG"].image().size == (8, 6)
    assert found["a.JPG"].reduced
    assert found["a.JPG"].depth is found["a.JPG"].parsing is found["a.JPG"].person is None
    assert_damaged(found["broken.jpg"])


def test_paired_is_used_where_there_are_labels(source: Open) -> None:
    found = source(
        {
            "s/both.jpg": jpg(),
            "s/both_depth.png": depth(),
            "s/both_mask.png": ids(4),
            "s/plain.png": rgb(),
            "s/broken.jpg": BROKEN,
            "s/orphan_mask.png": ids(1),
            "s/bad.jpg": jpg(),
            "s/bad_mask.png": BROKEN,
        }
    )
    assert list(found) == ["s/bad.jpg", "s/both.jpg", "s/broken.jpg", "s/plain.png"]
    assert_depth([found["s/both.jpg"]])
    assert (found["s/both.jpg"].parsing() == 4).all()
    assert found["s/plain.png"].depth is found["s/plain.png"].parsing is None
    assert_damaged(found["s/broken.jpg"])
    with pytest.raises(Damaged, match=r"s/bad_mask\.png"):
        found["s/bad.jpg"].parsing()


def _manifest(rows: dict[str, dict[str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, ["file", "info"])
    writer.writeheader()
    for file, info in rows.items():
        writer.writerow({"file": file, "info": json.dumps(info)})
    writer.writerow({"file": "odd.jpg", "info": "{not json"})
    return out.getvalue().encode()


@pytest.mark.parametrize("root", ["set/", "", "above/set/"])
def test_only_stated_schemes_and_metric_depth_are_used(source: Open, root: str) -> None:
    stated = {
        "own": {"scheme": "celebamask19"},
        "mapped": {"scheme": "celebamask19 (mapped)"},
        "partial": {"scheme": "celebamask19 subset: eyes->4, mouth+lips->12, no brows"},
        "relative": {"scheme": "celebamask19", "depth_unit": "RELATIVE 8-bit depth map scaled"},
        "metric": {"depth_unit": "millimetre (uint16)"},
    }
    content = {
        f"{root}manifest_train.csv": _manifest({f"set/{n}.jpg": i for n, i in stated.items()})
    }
    for name in (*stated, "unstated"):
        content[f"{root}{name}.jpg"] = jpg()
        content[f"{root}{name}_mask.png"] = ids(1)
        content[f"{root}{name}_depth.png"] = depth()
    found = {name.removeprefix(root): s for name, s in source(content).items()}
    assert {n for n, s in found.items() if s.parsing} == {"own.jpg", "mapped.jpg", "relative.jpg"}
    assert {n for n, s in found.items() if not s.depth} == {"relative.jpg"}


def test_coco(source: Open) -> None:
    content = {
        "coco/train2017/000000000009.jpg": jpg(),
        "coco/train2017/000000000025.jpg": BROKEN,
        "coco/val2017/000000000139.jpg": jpg(),
        "coco/annotations/instances_train2017.json": b"{}",
        "coco/annotations/panoptic_train2017/000000000009.png": rgb(),
    }
    found = source(content, "coco")
    assert list(found) == [f"coco/train2017/0000000000{n}.jpg" for n in ("09", "25")]
    assert_damaged(found["coco/train2017/000000000025.jpg"])


def test_a_split_of_coco_by_itself(tmp_path: Path) -> None:
    write_folder(tmp_path, {"val2017/000000000139.jpg": jpg()})
    assert [s.name for s in open_source(f"coco:{tmp_path}/val2017")] == ["000000000139.jpg"]
    assert len(open_source(f"coco:{tmp_path}")) == 1


def test_wikiart(source: Open) -> None:
    content = {
        "wikiart/Impressionism/claude-monet_poppies-1873.jpg": jpg(),
        "wikiart/Pop_Art/broken.jpg": BROKEN,
        "wikiart/wclasses.csv": b"",
    }
    found = source(content, "wikiart")
    assert list(found) == list(content)[:2]
    assert_damaged(found["wikiart/Pop_Art/broken.jpg"])


@pytest.mark.parametrize("kind", ["helen", "train"])
def test_helen(source: Open, kind: str) -> None:
    content = {
        f"{kind}_1/232194_1.jpg": jpg(),
        f"{kind}_1/232194_2.jpg": BROKEN,
        f"{kind}_4/30427236_2.jpg": jpg(),
        "test/30427236_1.jpg": jpg(),
        "annotation/1.txt": b"232194_1\n133.5 , 300.5\n",
        "trainnames.txt": b"232194_1\n232194_2\n",
        "testnames.txt": b"30427236_1\n30427236_2\n",
    }
    found = source(content, "helen")
    assert list(found) == list(content)[:2]
    assert_damaged(found[f"{kind}_1/232194_2.jpg"])


def test_celebamask_hq(source: Open) -> None:
    def part(rows: slice, colour: int = 255) -> bytes:
        mask = np.zeros((8, 8, 3), np.uint8)
        mask[rows] = colour
        return png(mask)

    anno = "CelebAMask-HQ/CelebAMask-HQ-mask-anno"
    content = {
        "CelebAMask-HQ/CelebA-HQ-img/0.jpg": jpg(16, 16),
        "CelebAMask-HQ/CelebA-HQ-img/2001.jpg": jpg(16, 16),
        "CelebAMask-HQ/CelebA-HQ-img/3.jpg": BROKEN,
        f"{anno}/0/00000_skin.png": part(slice(1, 7)),
        f"{anno}/0/00000_eye_g.png": part(slice(2, 3)),
        f"{anno}/0/00000_l_lip.png": part(slice(5, 6)),
        f"{anno}/0/00000_hair.png": part(slice(0, 2)),
        f"{anno}/0/00000_neck_l.png": part(slice(7, 8)),
        f"{anno}/1/02001_skin.png": BROKEN,
        "CelebAMask-HQ/README.txt": b"",
    }
    found = source(content, "celebamask_hq")
    first, damaged, plain = (found[f"CelebAMask-HQ/CelebA-HQ-img/{n}.jpg"] for n in (0, 2001, 3))
    assert first.image().size == (16, 16)
    parsing = first.parsing()
    assert (parsing.shape, parsing.dtype) == ((8, 8), np.uint8)
    assert parsing[:, 0].tolist() == [13, 13, 3, 1, 1, 12, 1, 16]
    with pytest.raises(Damaged, match="02001_skin"):
        damaged.parsing()
    assert plain.parsing is None
    assert_damaged(plain)


def test_linemod(source: Open) -> None:
    content = {
        "data/01/rgb/0000.png": rgb(),
        "data/01/depth/0000.png": depth(),
        "data/01/mask/0000.png": rgb(),
        "data/01/gt.yml": b"",
        "data/15/rgb/0007.png": BROKEN,
        "data/15/depth/0007.png": depth(),
        "segnet_results/01_label/0000_label.png": rgb(),
    }
    found = source(content, "linemod")
    assert list(found) == ["data/01/rgb/0000.png", "data/15/rgb/0007.png"]
    assert_depth(found.values())
    assert_damaged(found["data/15/rgb/0007.png"])


def test_pandora(source: Open) -> None:
    photos, maps = "face_dataset_RGB/face_dataset_RGB", "face_dataset_depth_16bit/face_dataset_16"
    content = {
        f"{photos}/001/frame_000000_face_rgb.png": rgb(),
        f"{photos}/001/frame_000001_face_rgb.png": BROKEN,
        f"{photos}/002/frame_000000_face_rgb.png": rgb(),
        f"{photos}/001/angles.txt": b"",
        f"{maps}/001/frame_000000_face_depth.png": depth(800),
        f"{maps}/001/frame_000001_face_depth.png": depth(800),
        f"{maps}/002/frame_000000_face_depth.png": depth(900),
        "face_dataset_depth_8bit/001/frame_000000_face_depth.png": ids(9),
    }
    found = list(source(content, "pandora").values())
    assert [s.name for s in found] == list(content)[:3]
    assert_depth(found[:2], 0.8)
    assert_depth(found[2:], 0.9)
    assert_damaged(found[1])


def test_rgbd_scenes(source: Open) -> None:
    content = {
        "rgbd-scenes/desk/desk_1/desk_1_1.png": rgb(),
        "rgbd-scenes/desk/desk_1/desk_1_1_depth.png": depth(),
        "rgbd-scenes/desk/desk_1.mat": b"",
        "rgbd-scenes-v2/imgs/scene_01/00000-color.png": rgb(),
        "rgbd-scenes-v2/imgs/scene_01/00000-depth.png": depth(),
        "rgbd-scenes-v2/imgs/scene_14/00001-color.png": BROKEN,
        "rgbd-scenes-v2/imgs/scene_14/00001-depth.png": depth(),
        "rgbd-scenes-v2/pc/01.pose": b"",
    }
    found = source(content, "rgbd_scenes")
    assert sorted(found) == sorted(n for n, d in content.items() if d in (rgb(), BROKEN))
    assert_depth(found.values())
    assert_damaged(found["rgbd-scenes-v2/imgs/scene_14/00001-color.png"])


@pytest.mark.parametrize("listed", [True, False])
def test_voc(source: Open, listed: bool) -> None:
    label = np.array([[0, 15, 255], [7, 15, 15]], np.uint8)
    palette = Image.fromarray(label).convert("P")
    palette.putdata(label.ravel().tolist())
    out = io.BytesIO()
    palette.save(out, "PNG")
    root = "VOCdevkit/VOC2012"
    content = {
        f"{root}/JPEGImages/2007_000032.jpg": jpg(3, 2),
        f"{root}/JPEGImages/2007_000039.jpg": BROKEN,
        f"{root}/JPEGImages/2007_000042.jpg": jpg(3, 2),
        f"{root}/SegmentationClass/2007_000032.png": out.getvalue(),
        f"{root}/SegmentationObject/2007_000032.png": out.getvalue(),
        f"{root}/Annotations/2007_000032.xml": b"",
    }
    if listed:
        content[f"{root}/ImageSets/Segmentation/train.txt"] = b"2007_000032\n2007_000039\n"
        content[f"{root}/ImageSets/Segmentation/val.txt"] = b"2007_000042\n"
    found = list(source(content, "voc").values())
    assert [s.name for s in found] == list(content)[: 2 if listed else 3]
    assert found[0].person
    assert found[0].person().tolist() == [[False, True, False], [False, True, True]]
    assert found[0].parsing is None
    assert_damaged(found[1])


@pytest.mark.parametrize("reader", READERS)
def test_another_set_is_refused_in_one_line(tmp_path: Path, reader: str) -> None:
    write_folder(tmp_path, {"notes.txt": b""})
    with pytest.raises(UserError) as raised:
        open_source(f"{reader}:{tmp_path}")
    assert READERS[reader].layout in str(raised.value)
    assert "\n" not in str(raised.value)


def test_misspelt_readers_get_a_hint(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="did you mean 'celebamask_hq'"):
        open_source(f"celebamask:{tmp_path}")
    for missing in (str(tmp_path / "gone"), r"C:\photos", f"{tmp_path}/a:b"):
        with pytest.raises(UserError, match="no such file or folder"):
            open_source(missing)


def test_a_path_that_exists_is_one_colon_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "coco:holiday", {"a.jpg": jpg()})
    assert split_source("coco:holiday") == (None, Path("coco:holiday"))
    assert [s.name for s in open_source("coco:holiday")] == ["a.jpg"]
    assert split_source("coco:other") == ("coco", Path("other"))


def test_home_is_found_after_the_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert split_source("coco:~/data") == ("coco", tmp_path / "data")
