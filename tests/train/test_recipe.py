"""Recipes as data: what comes with the package, what a user may change, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from facestyle.errors import UserError
from facestyle.networks import NETWORKS
from tests.conftest import Outcome, assert_refused
from train import recipes
from train.auxiliary.bisenet import PARSING_NETWORKS
from train.auxiliary.depth_networks import DEPTH_NETWORKS
from train.objectives.terms import TERMS
from train.recipe import ScheduleSpec
from train.schedule import learning_rate
from train.tasks import depth, parsing

KNOWN = {
    "style": (NETWORKS, TERMS),
    "joint": (NETWORKS, TERMS),
    "depth": (DEPTH_NETWORKS, depth.LOSSES),
    "parsing": (PARSING_NETWORKS, parsing.LOSSES),
}


@pytest.mark.parametrize("name", recipes.names())
def test_every_recipe_names_things_that_exist(name: str) -> None:
    recipe = recipes.load(name)
    networks, terms = KNOWN[recipe.task]
    assert {recipe.network, *recipe.along} <= set(networks)
    assert recipe.weights.keys() <= set(terms)
    assert recipe.name == name
    assert "\n" not in recipe.summary + recipe.reference


@pytest.mark.parametrize("network", ["vgg19", "mobile"])
def test_weights_and_schedules_are_paper_1s(network: str) -> None:
    """Section 4 to 6: style 10, content 1, depth 100, face 30; the four differ in nothing else."""
    adain = recipes.load("adain", network)
    assert (adain.weights["style"], adain.weights["content"]) == (10, 1)
    assert (adain.steps, adain.batch, adain.data.size, adain.data.short_side) == (
        200_000,
        8,
        256,
        512,
    )
    for name, extra in {
        "depth_adain": {"depth": 100},
        "face_adain": {"face": 30},
        "depth_face_adain": {"depth": 100, "face": 30},
    }.items():
        recipe = recipes.load(name, network)
        assert recipe.weights == adain.weights | extra
        assert (recipe.steps, recipe.data.short_side) == (100_000, 300)
        assert recipe.optimizer == adain.optimizer
        assert recipe.schedule == adain.schedule


def test_settings_come_last() -> None:
    recipe = recipes.load(
        "depth_adain", "mobile", ("terms.depth.weight=50", "start=mine.safetensors", "steps=7")
    )
    assert recipe.terms["depth"].weight == 50
    assert (recipe.start, recipe.steps) == ("mine.safetensors", 7)
    assert recipes.load("adain", None, ("network=mobile",)) == recipes.load("adain", "mobile")
    layers = recipes.load("adain", None, ('terms.style.layers=["relu1_1"]',)).terms["style"].layers
    assert layers == ("relu1_1",)
    assert "face" not in recipes.load("face_adain", None, ("terms.face.weight=0",)).weights


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("terms.depth.wieght=1", ["terms.depth.wieght", "terms.depth.weight"]),
        ("optimiser.rate=1", ["optimiser", "optimizer"]),
        ("optimizer.rate=fast", ["optimizer.rate", "float", "'fast'"]),
        ("optimizer.name=adm", ["adam"]),
        ("optimizer.betas=[0.9]", ["2 values"]),
        ("steps=0", ["steps", "at least 1"]),
        ("steps=1.5", ["steps", "int"]),
        ("data.size=600", ["short_side"]),
        ("average=2", ["average", "between 0 and 1"]),
        ("strength.none=0.5", ["strength"]),
        ("terms.depth", ["KEY=VALUE"]),
        ("steps.more=1", ["steps"]),
        ("data.size=0", ["data.size", "at least 1"]),
        ("data.zoom=nan", ["data.zoom", "at least 1"]),
        ("data.hues=nan", ["data.hues", "between 0 and 1"]),
        ("schedule.name=tial", ["schedule.name", "tail"]),
        ("data.content=3", ["data.content", "a list"]),
        ("terms.depth.targets={mobile='x'}", ["terms.depth.targets", "float"]),
        ("optimizer=3", ["optimizer", "a table"]),
    ],
)
def test_mistakes_get_a_hint(setting: str, words: list[str]) -> None:
    with pytest.raises(UserError) as error:
        recipes.load("depth_adain", None, (setting,))
    for word in words:
        assert word in str(error.value)


def test_the_fields_words_are_taken_too(tmp_path: Path) -> None:
    """Recipes, metrics and metadata of all versions keep the first ones."""
    own = tmp_path / "own.toml"
    own.write_text('extends = "mobile"\n[terms.checkerboard]\nweight = 2\n')
    changed = ("terms.quantization_noise.weight=5", "schedule.name=multistep")
    recipe = recipes.load(str(own), None, changed)
    assert recipe.weights["lattice"] == 2 and recipe.weights["rounding"] == 5
    assert recipe.terms["rounding"].begin == 0.75
    assert recipe.schedule.name == "drops"
    assert recipe.weights.keys() == recipes.load("mobile").weights.keys()
    assert recipes.load("mobile", None, ("schedule.name=linear_decay",)).schedule.name == "tail"


def test_recipe_files(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('extends = "adain"\nsummary = "mine"\n[terms.gram]\nweight = 2\n')
    recipe = recipes.load(str(own))
    assert (recipe.name, recipe.summary) == ("own", "mine")
    assert recipe.weights == {"content": 1, "style": 10, "gram": 2}
    own.write_text("steps = = 3")
    with pytest.raises(UserError, match="TOML"):
        recipes.load(str(own))
    with pytest.raises(UserError, match="no such recipe file"):
        recipes.load(str(tmp_path / "none.toml"))
    own.write_text('summary = "bare"')
    with pytest.raises(UserError, match="is missing"):
        recipes.load(str(own))


@pytest.mark.parametrize("name", recipes.names())
def test_a_resolved_recipe_can_be_read_again(name: str, tmp_path: Path) -> None:
    recipe = recipes.load(name)
    path = tmp_path / "recipe.toml"
    path.write_text(tomli_w.dumps(recipe.tables()))
    again = recipes.load(str(path))
    assert again == recipe
    assert again.fingerprint == recipe.fingerprint
    assert msgspec.structs.replace(recipe, seed=recipe.seed + 1).fingerprint != recipe.fingerprint


def test_the_list_explains_each(facestyle: Callable[..., Outcome]) -> None:
    shown = facestyle("train", "--list")
    assert shown.code == 0
    for name in recipes.names():
        assert f"{name} " in shown.out
    assert "paper 1, section 6" in shown.out


def test_unknown_recipes_are_refused(facestyle: Callable[..., Outcome]) -> None:
    assert_refused(facestyle("train", "depth_adan"), "recipe", "depth_adain")
    assert_refused(facestyle("train"), "--list")


STEPS = 1000


def test_adain_rate_follows_the_closed_form() -> None:
    """Not the published code's compounding one, which is near nothing after 500 steps."""
    schedule = ScheduleSpec("inverse", decay=5e-5)
    assert learning_rate(0, STEPS, 1e-4, schedule) == 1e-4
    assert learning_rate(20_000, 200_000, 1e-4, schedule) == pytest.approx(5e-5)


def test_other_schedules() -> None:
    poly = ScheduleSpec("poly", power=0.9)
    assert learning_rate(500, STEPS, 1.0, poly) == pytest.approx(0.5**0.9)
    tail = ScheduleSpec("tail", warmup=200, hold=0.5)
    assert learning_rate(0, STEPS, 1.0, tail) == pytest.approx(1 / 200)
    assert learning_rate(400, STEPS, 1.0, tail) == 1
    assert learning_rate(750, STEPS, 1.0, tail) == pytest.approx(0.5)
    drops = ScheduleSpec("drops", drops=(0.5, 0.75), factor=0.3)
    rates = [learning_rate(step, STEPS, 1.0, drops) for step in (499, 500, 750)]
    assert rates == pytest.approx([1, 0.3, 0.09])
    assert learning_rate(7, STEPS, 0.5, ScheduleSpec()) == 0.5


@given(
    st.sampled_from(["constant", "inverse", "poly", "tail", "drops"]),
    st.integers(0, STEPS - 1),
    st.integers(0, 300),
    st.floats(0, 1),
)
def test_rates_stay_between_nothing_and_the_peak(
    name: str, step: int, warmup: int, hold: float
) -> None:
    schedule = ScheduleSpec(name, warmup, decay=1e-3, hold=hold, drops=(0.3,))
    rate = learning_rate(step, STEPS, 2.0, schedule)
    assert 0 <= rate <= 2
    if step >= warmup:
        assert learning_rate(step + 1, STEPS + 1, 2.0, schedule) <= 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('extends = "own.toml"', "extends itself"),
        ('extends = "adain"\n[for.mobil]\nsteps = 3', "'mobile'"),
        ('extends = "adain"\nseed = -1', "seed must be at least 0, not -1"),
        ('extends = "adain"\n[optimizer]\nrate = -1', "optimizer.rate must be at least 0, not -1"),
        ('extends = "adain"\nterms = {depth = 3}', "terms.depth must be a table"),
    ],
)
def test_recipe_files_with_mistakes(
    text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.toml").write_text(text)
    with pytest.raises(UserError, match=words):
        recipes.load("own.toml")
