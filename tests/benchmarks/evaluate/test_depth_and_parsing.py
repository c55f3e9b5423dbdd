"""``facestyle evaluate``: figures against hand computation, files written, errors in a line."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchmarks.evaluate import depth as measuring
from benchmarks.evaluate.held_out import HeldOut, short_names
from facestyle import checkpoint
from facestyle.errors import UserError
from tests.conftest import Outcome, assert_refused
from tests.support import made_data
from train.auxiliary import files as auxiliary_files
from train.auxiliary.bisenet import create_parsing
from train.auxiliary.depth_model import DepthModel
from train.auxiliary.depth_networks import LEAST_METRES, create_depth
from train.auxiliary.frozen import Frozen
from train.data.samples import Sample

HELD = (1, 3, 5)
"""What half a source of six photos is: the second of every two."""

Command = Callable[..., Outcome]

METRES = 0.6


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six photos with discs at 0.3 m before a wall at 0.9 m, and of parts 1 before 0."""
    return made_data.labelled(tmp_path_factory.mktemp("photos") / "discs")


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A depth network that sees 0.6 m everywhere."""
    network = create_depth("depth_v1_small")
    torch.nn.init.zeros_(network.head.weight)
    assert network.head.bias is not None
    torch.nn.init.constant_(network.head.bias, math.log(math.expm1(METRES - LEAST_METRES)))
    path = tmp_path_factory.mktemp("flat") / "depth_v1_small.safetensors"
    auxiliary_files.save(network.state_dict(), "depth_v1_small", path, {})
    return path


@pytest.fixture(scope="module")
def blind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face parser that sees background everywhere."""
    network = create_parsing("bisenet_small")
    with torch.no_grad():
        for name, parameter in network.main_head.named_parameters():
            # Normalisation gives 1 everywhere, which only the first class is for.
            parameter.fill_(float(name == "0.1.bias"))
        network.main_head[1].weight[0] = 1
    path = tmp_path_factory.mktemp("blind") / "bisenet_small.safetensors"
    auxiliary_files.save(network.state_dict(), "bisenet_small", path, {})
    return path


def read(path: Path) -> dict:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{path} holds {constant}")

    return json.loads(path.read_text(), parse_constant=refuse)


def near(photos: Path, indices: Iterable[int]) -> list[np.ndarray]:
    """Whether each known pixel is of the disc, photo by photo."""
    found = []
    for index in indices:
        depth = np.asarray(Image.open(photos / f"{index}_depth.png"))
        found.append(depth[depth > 0] == 300)
    return found


def test_a_flat_depths_figures(
    facestyle: Command, photos: Path, flat: Path, tmp_path: Path
) -> None:
    outcome = facestyle(
        *("evaluate", "depth", flat, "--data", photos, "--holdout", 0.5, "--align"),
        *("--out", tmp_path / "out"),
    )
    assert outcome.code == 0, outcome.err
    made = read(tmp_path / "out" / "depth.json")
    (row,) = made["rows"]
    discs = near(photos, HELD)
    share = float(np.concatenate(discs).mean())
    assert row["network"] == "depth_v1_small"
    assert (row["source"], row["images"]) == ("discs", 3)
    assert row["figures"] == pytest.approx(
        {
            "rmse_mm": 300,
            "rel": share + (1 - share) / 3,
            "log10": share * math.log10(2) + (1 - share) * math.log10(1.5),
            "delta_1.25": 0,
            "delta_1.25^2": 1 - share,
            "delta_1.25^3": 1 - share,
        },
        rel=1e-5,
    )
    # What is flat can only be shifted: to each photo's mean, which leaves its variance.
    depths = [np.where(disc, 0.3, 0.9) for disc in discs]
    errors = np.concatenate([depth - depth.mean() for depth in depths])
    relative = np.concatenate([abs(depth.mean() / depth - 1) for depth in depths])
    assert row["aligned"] == pytest.approx(
        {"rmse_mm": 1000 * np.sqrt((errors**2).mean()), "rel": relative.mean()}, rel=1e-5
    )
    network = create_depth("depth_v1_small")
    assert row["parameters"] == sum(p.numel() for p in network.parameters())
    assert 0.1 < row["gmac"] < 0.2
    table = (tmp_path / "out" / "depth.md").read_text()
    assert table in outcome.out
    assert "|     300.0 |" in table
    assert str(tmp_path) not in table
    assert Image.open(tmp_path / "out" / "depth.jpg").size == (3 * 192, 3 * 192)


def test_sources_are_added_up(facestyle: Command, photos: Path, flat: Path, tmp_path: Path) -> None:
    """Labels may be smaller than photos, photos wide; every pixel counts alike."""
    other = tmp_path / "other"
    other.mkdir()
    Image.new("RGB", (90, 60)).save(other / "a.png")
    Image.fromarray(np.full((20, 30), 500, np.uint16)).save(other / "a_depth.png")
    random = tmp_path / "random" / flat.name
    auxiliary_files.save(create_depth("depth_v1_small").state_dict(), "depth_v1_small", random, {})
    outcome = facestyle(
        *("evaluate", "depth", flat, random, "--data", photos, "--data", other),
        *("--holdout", 1, "--short-side", 40, "--out", tmp_path / "out"),
    )
    assert outcome.code == 0, outcome.err
    rows = read(tmp_path / "out" / "depth.json")["rows"]
    names = [f"{flat.parent.name}/depth_v1_small", "random/depth_v1_small"]
    places = [(row["source"], row["network"]) for row in rows]
    assert places == [(s, n) for s in ("discs", "other", "all") for n in names]
    found = {place: row["figures"]["rmse_mm"] for place, row in zip(places, rows)}
    pixels = sum(map(len, near(photos, range(6))))
    assert found["other", names[0]] == pytest.approx(100, rel=1e-4)
    pooled = math.sqrt((300**2 * pixels + 100**2 * 600) / (pixels + 600))
    assert found["all", names[0]] == pytest.approx(pooled, rel=1e-5)
    assert all(row["aligned"] == {} for row in rows)
    assert "aligned" not in outcome.out


def test_parsing(facestyle: Command, photos: Path, blind: Path, tmp_path: Path) -> None:
    outcome = facestyle(
        *("evaluate", "parsing", blind, "--data", photos, "--holdout", 0.5),
        *("--short-side", 64, "--out", tmp_path / "out"),
    )
    assert outcome.code == 0, outcome.err
    (row,) = read(tmp_path / "out" / "parsing.json")["rows"]
    masks = [np.asarray(Image.open(photos / f"{index}_mask.png")) for index in HELD]
    background = float((np.stack(masks) == 0).mean())
    assert row["images"] == 3
    assert row["scores"] == {
        "iou": {"background": pytest.approx(background), "skin": 0},
        "mean_iou": pytest.approx(background / 2),
        "pixel_accuracy": pytest.approx(background),
        "mean_accuracy": pytest.approx(0.5),
    }
    table = (tmp_path / "out" / "parsing.md").read_text()
    assert table in outcome.out
    assert f"| background |        {background:.4f} |" in table
    assert "| hat        |             – |" in table
    with Image.open(tmp_path / "out" / "parsing_bisenet_small.jpg") as sheet:
        assert sheet.width > 3 * 64


def test_damage_is_skipped_counted_and_named(
    facestyle: Command, photos: Path, flat: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(photos, damaged)
    (damaged / "1.jpg").write_bytes(b"no photo")
    (damaged / "2_depth.png").write_bytes(b"no map")
    Image.fromarray(np.full((72, 30), 500, np.uint16)).save(damaged / "3_depth.png")
    Image.fromarray(np.zeros((72, 72), np.uint16)).save(damaged / "4_depth.png")
    command = ("evaluate", "depth", flat, "--data", damaged, "--out", tmp_path / "out")
    outcome = facestyle(*command, "--holdout", 1)
    assert outcome.code == 0, outcome.err
    made = read(tmp_path / "out" / "depth.json")
    assert made["rows"][0]["images"] == 2
    names = [f"damaged: {name}" for name in ("1.jpg", "2_depth.png", "3.jpg", "4.jpg")]
    assert sorted(made["skipped"]) == names
    assert "Skipped 4:" in outcome.out
    assert all(name in outcome.out for name in names)
    for name in ("0.jpg", "5.jpg"):
        (damaged / name).write_bytes(b"no photo")
    assert_refused(facestyle(*command, "--holdout", 1), "no held-out photo", "5.jpg")


def test_mistakes(
    facestyle: Command, photos: Path, flat: Path, blind: Path, tmp_path: Path
) -> None:
    out = ("--out", tmp_path / "out")
    style = tmp_path / "style.safetensors"
    checkpoint.save(checkpoint.untrained("mobile"), style)
    bare = tmp_path / "bare"
    bare.mkdir()
    Image.new("RGB", (40, 40)).save(bare / "a.png")

    def judge(kind: str, file: object, data: object, *options: object) -> Outcome:
        return facestyle("evaluate", kind, file, "--data", data, *options, *out)

    assert_refused(judge("depth", blind, photos), "'bisenet_small'", "no depth network")
    assert_refused(judge("parsing", flat, photos), "'depth_v1_small'", "no parsing network")
    assert_refused(judge("depth", style, photos), "not an auxiliary network")
    assert_refused(judge("depth", "depth_v3_smal", photos), "did you mean 'depth_v3_small'")
    assert_refused(judge("depth", tmp_path / "x.safetensors", photos), "no such checkpoint")
    assert_refused(judge("depth", flat, bare), "none of its photos has a depth label")
    assert_refused(judge("parsing", blind, bare), "none of its photos has a parsing label")
    assert_refused(judge("depth", flat, tmp_path / "nowhere"), "no such file or folder")
    assert_refused(judge("depth", flat, photos, "--holdout", 0.01), "raise --holdout")
    assert_refused(judge("depth", flat, photos, "--short-side", 20), "--short-side")
    assert_refused(facestyle("evaluate", "depth", flat, *out), "--data")
    assert_refused(facestyle("evaluate", "depth", "--data", photos, *out), "FILES")
    assert not (tmp_path / "out").exists()


class Inverse(DepthModel):
    """Minus inverse depth of a known map, in a scale and shift of its own."""

    def __init__(self, depth: torch.Tensor) -> None:
        torch.nn.Module.__init__(self)
        self.metric = False
        self.register_buffer("depth", depth[None, None])

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return -(3 / self.get_buffer("depth") + 0.2)


def test_inverse_depth_is_judged_after_alignment_only() -> None:
    depth = 0.3 + torch.rand(40, 48, generator=torch.Generator().manual_seed(0))
    sample = Sample("a", lambda: Image.new("RGB", (48, 40)), depth=depth.numpy)
    networks = {"hub": Frozen(Inverse(depth))}
    with pytest.raises(UserError, match="add --align"):
        measuring.measure(networks, HeldOut({"s": [sample]}, "depth"), 40, 32, aligned=False)
    rows, pictures = measuring.measure(
        networks, HeldOut({"s": [sample]}, "depth"), 40, 32, aligned=True
    )
    assert rows[0].figures == {}
    assert rows[0].aligned == pytest.approx({"rmse_mm": 0, "rel": 0}, abs=1e-2)
    torch.testing.assert_close(pictures[0].found["hub"][0].float(), depth, rtol=1e-4, atol=0)


@given(
    st.lists(
        st.lists(st.sampled_from(["a", "b", "all", "c.tar"]), min_size=1, max_size=3).map("/".join),
        min_size=1,
        max_size=5,
    )
)
def test_short_names_tell_apart(paths: list[str]) -> None:
    named = short_names(paths)
    assert list(named.values()) == list(dict.fromkeys(paths))
    assert all(
        path.removesuffix(".tar").endswith(n.removesuffix(".tar")) for n, path in named.items()
    )


def test_short_names_are_short() -> None:
    named = short_names(["/data/x/one.tar", "linemod:/data/LineMOD/"])
    assert list(named) == ["one", "LineMOD"]
    assert list(short_names(["r/a/n.safetensors", "r/b/n.safetensors"])) == ["a/n", "b/n"]
