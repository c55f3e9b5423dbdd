"""``facestyle android``: a build into an app, and builds that the app would not understand."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from export.apps import android
from export.build import manifest
from export.verify import golden
from facestyle import cli, contract, gallery
from facestyle.errors import UserError
from tests.conftest import Outcome, assert_refused

Run = Callable[..., Outcome]
Change = Callable[[dict[str, Any]], None]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small build of what the app needs; whether its numbers are right is for other tests."""
    out = tmp_path_factory.mktemp("android") / "build"
    graphs, formats = ("--graphs", "stylizer,style_encoder"), ("--formats", "tflite")
    precision = ("--precision", "fp32,fp16", "--no-verify")
    arguments = ["export", "--size", "64x96", *precision, *graphs, *formats, "--out", str(out)]
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as left:
        patch.setattr(sys, "argv", ["facestyle", *arguments])
        cli.main()
    assert not left.value.code
    return out


@pytest.fixture(scope="module")
def for_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of the larger network, as large again."""
    out = tmp_path_factory.mktemp("android") / "studio"
    arguments = ["export", "--preset", "studio", "--size", "128x192", "--no-verify"]
    arguments += ["--graphs", "stylizer", "--formats", "tflite", "--precision", "fp16"]
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as left:
        patch.setattr(sys, "argv", ["facestyle", *arguments, "--out", str(out)])
        cli.main()
    assert not left.value.code
    return out


@pytest.fixture
def studio(for_photos: Path, tmp_path: Path) -> Path:
    return shutil.copytree(for_photos, tmp_path / "studio")


@pytest.fixture
def build(original: Path, tmp_path: Path) -> Path:
    return shutil.copytree(original, tmp_path / "build")


def edit(build: Path, change: Change) -> None:
    """Let the build's manifest say something else."""
    path = build / manifest.NAME
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_the_app_has_what_it_needs_and_no_more(facestyle: Run, build: Path, tmp_path: Path) -> None:
    assets = tmp_path / "app" / "assets" / "facestyle"
    made = facestyle("android", build, "--assets", assets)
    assert made.code == 0, made.err
    document = json.loads((assets / manifest.NAME).read_text())
    names = {entry["file"] for entry in document["files"]}
    assert names == {
        "mobile_stylizer_64x96_fp16.tflite",
        "mobile_style_encoder_fp16.tflite",
    }
    for entry in document["files"]:
        assert manifest.sha256(assets / entry["file"]) == entry["sha256"]
    assert {path.name for path in assets.glob("*.tflite")} == names
    found = {p.relative_to(assets).as_posix(): p for p in assets.rglob("*") if p.is_file()}
    del found[manifest.NAME]
    assert document["assets"] == {name: manifest.sha256(path) for name, path in found.items()}
    assert str(build.parent) not in (assets / manifest.NAME).read_text()
    assert (assets / "styles.json").read_bytes() == (build / "styles.json").read_bytes()
    golden = json.loads((assets / "golden" / "golden.json").read_text())
    assert set(golden["graphs"]) == {"stylizer", "style_encoder"}
    assert set(golden["files"]) == names
    for pair in golden["graphs"].values():
        for value in (*pair["inputs"], pair["output"]):
            assert "raw" not in value or (assets / "golden" / value["raw"]).is_file()
    styles = [style["name"] for style in json.loads((assets / "styles.json").read_text())["styles"]]
    assert sorted(p.stem for p in (assets / "thumbnails").iterdir()) == sorted(styles)


def test_images_may_have_any_range(build: Path, studio: Path, tmp_path: Path) -> None:
    ranges = {"content": [-1.0, 1.0], "stylized": [0.0, 255.0], "painting": [-0.5, 0.5]}

    def put(document: dict[str, Any]) -> None:
        for entry in document["files"]:
            for port in (*entry["inputs"], *entry["outputs"]):
                port["range"] = ranges.get(port["name"], port["range"])

    edit(build, put)
    # The model for photos may have another than the live one: each has its manifest.
    copied = android.copy(build, tmp_path / "assets", studio)
    stored = json.loads((copied.folder / manifest.NAME).read_text())["files"]
    ports = [port for entry in stored for port in (*entry["inputs"], *entry["outputs"])]
    found = {port["name"]: port["range"] for port in ports if port["kind"] == "image"}
    assert found == ranges
    photos = json.loads((copied.folder / android.STUDIO / manifest.NAME).read_text())["files"]
    assert photos[0]["inputs"][0]["range"] == [0.0, 1.0]


def test_a_second_build_takes_the_place_of_the_first(build: Path, tmp_path: Path) -> None:
    assets = tmp_path / "assets"
    android.copy(build, assets)
    (assets / "left_over.tflite").write_bytes(b"old")
    again = android.copy(build, assets)
    assert not (assets / "left_over.tflite").exists()
    assert again.size == manifest.size(assets)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_golden_pairs_stay_in_their_folder(build: Path, tmp_path: Path) -> None:
    index = build / golden.GOLDEN / "golden.json"
    document = json.loads(index.read_text())
    output = document["graphs"]["stylizer"]["output"]
    (build.parent / "stray").write_bytes((index.parent / output["raw"]).read_bytes())
    output["raw"] = "../../stray"
    index.write_text(json.dumps(document))
    edit(build, lambda d: d.update(golden_sha256=manifest.sha256(index.parent)))
    assets = tmp_path / "app" / "assets"
    with pytest.raises(UserError, match="not in its folder"):
        android.copy(build, assets)
    assert not list((tmp_path / "app").rglob("*"))


def test_depth_may_be_an_input(build: Path, tmp_path: Path) -> None:
    def add(document: dict[str, Any]) -> None:
        for entry in document["files"]:
            if entry["graph"] == "stylizer":
                ports = contract.depth(64, 96)
                entry["inputs"] += map(as_stored, ports)

    edit(build, add)
    copied = android.copy(build, tmp_path / "assets")
    document = json.loads((copied.folder / manifest.NAME).read_text())
    names = [port["name"] for port in document["files"][0]["inputs"]]
    assert names[-3:] == ["depth", "depth_low", "depth_high"]


def test_photos_may_have_a_model_of_their_own(
    facestyle: Run, build: Path, studio: Path, tmp_path: Path
) -> None:
    assets = tmp_path / "assets"
    made = facestyle("android", build, "--studio", studio, "--assets", assets)
    assert made.code == 0, made.err
    assert f"STUDIO={studio}" in made.out
    own = assets / android.STUDIO
    name = "studio_stylizer_128x192_fp16.tflite"
    found = {p.relative_to(assets).as_posix(): p for p in assets.rglob("*") if p.is_file()}
    document = json.loads((assets / manifest.NAME).read_text())
    del found[manifest.NAME]
    assert document["assets"] == {name: manifest.sha256(path) for name, path in found.items()}
    theirs = json.loads((own / manifest.NAME).read_text())
    assert (theirs["network"], theirs["height"], theirs["width"]) == ("studio", 128, 192)
    assert [entry["file"] for entry in theirs["files"]] == [name]
    assert theirs["weights"]["style_fingerprint"] == document["weights"]["style_fingerprint"]
    golden = json.loads((own / "golden" / "golden.json").read_text())
    assert (set(golden["graphs"]), set(golden["files"])) == ({"stylizer"}, {name})
    # It has no styles of its own: there is one book for both.
    assert {p.name for p in own.iterdir()} == {name, manifest.NAME, "golden"}
    assert (assets / "styles.json").read_bytes() == (build / "styles.json").read_bytes()
    android.copy(build, assets)
    assert not own.exists()


def as_stored(port: contract.Port) -> dict[str, Any]:
    """A float input of a .tflite file, as a manifest has it."""
    return {
        "name": port.name,
        "kind": port.kind.value,
        "shape": list(port.nhwc),
        "layout": "NHWC",
        "dtype": "float32",
        "range": list(port.range or ()),
        "description": port.description,
    }


def add_depth(document: dict[str, Any]) -> None:
    for entry in document["files"]:
        ports = contract.depth(*entry["inputs"][0]["shape"][1:3])
        entry["inputs"] += map(as_stored, ports)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda d: d["weights"].update(style_fingerprint="0123456789ab"),
            ("0123456789ab", "one style encoder"),
        ),
        (add_depth, ("depth_low", "export it without --depth")),
        (
            lambda d: d["files"][0]["inputs"][1].update(shape=[1, 1, 1, 64]),
            ("64 numbers", "of 128"),
        ),
        (
            lambda d: d["files"][0]["inputs"][0].update(shape=[1, 128, 128, 3]),
            ("128 x 128", "another shape", "--size 128x192"),
        ),
        (lambda d: d["files"][0].update(sha256="0" * 64), ("studio_stylizer", "changed")),
        (lambda d: d.update(golden_sha256="0" * 64), ("golden", "changed")),
        (lambda d: d["files"][0].update(graph="full"), ("no stylizer", "--graphs stylizer ")),
    ],
)
def test_a_model_for_photos_that_does_not_go_with_the_live_one(
    facestyle: Run,
    build: Path,
    studio: Path,
    tmp_path: Path,
    change: Change,
    words: tuple[str, ...],
) -> None:
    edit(studio, change)
    assets = tmp_path / "assets"
    asked = ("android", build, "--studio", studio, "--assets", assets)
    assert_refused(facestyle(*asked), *words)
    assert not assets.exists()


def test_style_codes_of_another_encoder_are_refused(
    facestyle: Run, build: Path, tmp_path: Path
) -> None:
    edit(build, lambda d: d["weights"].update(style_fingerprint="0123456789ab"))
    outcome = facestyle("android", build, "--assets", tmp_path / "assets")
    assert_refused(outcome, "0123456789ab", "styles.json", "export it again")


def test_thumbnails_are_middles_of_the_paintings() -> None:
    painting = gallery.paintings()[0]
    made = android.thumbnail(painting.path)
    assert len(made) < 30_000
    assert Image.open(io.BytesIO(made)).size == android.THUMBNAIL


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["files"][0]["inputs"].pop(), ("the app's code passes",)),
        (lambda d: d["files"][0]["inputs"][0].update(layout="NCHW"), ("NHWC",)),
        (lambda d: d["files"][0]["inputs"][0].update(colour_order="BGR"), ("RGB",)),
        (
            lambda d: d["files"][0]["outputs"][0].update(range=None),
            ("range of stylized", "the lower first"),
        ),
        (lambda d: d["files"][0]["inputs"][0].update(range=[1, 1]), ("range of content",)),
        (lambda d: d["files"][0].update(sha256="0" * 64), ("changed since the export",)),
        (lambda d: d.update(styles_sha256="0" * 64), ("styles.json", "changed")),
        (lambda d: d.update(golden_sha256="0" * 64), ("golden", "changed")),
        (
            lambda d: d.update(files=[f for f in d["files"] if f["graph"] == "stylizer"]),
            ("no style_encoder", "--graphs stylizer,style_encoder"),
        ),
    ],
)
def test_what_the_app_would_not_understand(
    facestyle: Run, build: Path, tmp_path: Path, change: Change, words: tuple[str, ...]
) -> None:
    def prefer_fp16(document: dict[str, Any]) -> None:
        document["files"].sort(key=lambda f: (f["graph"] != "stylizer", f["precision"] != "fp16"))
        change(document)

    edit(build, prefer_fp16)
    assets = tmp_path / "assets"
    assert_refused(facestyle("android", build, "--assets", assets), *words)
    assert not assets.exists()


def test_a_missing_file_is_named(facestyle: Run, build: Path, tmp_path: Path) -> None:
    (build / "mobile_stylizer_64x96_fp16.tflite").unlink()
    outcome = facestyle("android", build, "--assets", tmp_path / "assets")
    assert_refused(outcome, "mobile_stylizer_64x96_fp16.tflite", "missing")


def test_no_build_is_said_so(facestyle: Run, tmp_path: Path) -> None:
    assert_refused(facestyle("android", tmp_path), "no build here")
