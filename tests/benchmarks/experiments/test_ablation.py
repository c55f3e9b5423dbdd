"""Methods are compared where they reach the same style, and only where nothing else differs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tomli_w

from benchmarks.experiments import ablation
from benchmarks.quality.metrics import PER_PAIR
from facestyle.errors import UserError
from train import recipes

STRENGTHS = (0.5, 0.75, 1.0)


def table(style: float, kept: float, seed: int = 0) -> ablation.Table:
    """Style loss 2, 1.5 and 1 times ``style`` at the three strengths; what is kept falls by as much
    as the style loss does, from ``kept``."""
    rng = np.random.default_rng(seed)
    factor = np.array([2, 1.5, 1])[:, None, None]
    spread = rng.uniform(0.9, 1.1, (1, 6, 5))
    made = {f.key: np.full((3, 6, 5), np.nan) for f in PER_PAIR}
    made["style"] = style * factor * spread
    made["face_ssim"] = kept - 0.2 * (2 - factor) + 0.0 * spread
    return made


def test_a_method_is_read_between_its_strengths() -> None:
    curves = {"style": np.array([2.0, 1.0, 0.5]), "face_ssim": np.array([0.9, 0.8, 0.6])}
    found = ablation.at_style(curves, 0.75)
    assert found["style"] == pytest.approx(0.75)
    assert found["face_ssim"] == pytest.approx(0.7)
    assert ablation.at_style(curves, 0.5)["face_ssim"] == pytest.approx(0.6)


def test_equal_style_is_that_of_who_reaches_least() -> None:
    """The second method reaches more style; it is compared at a lower strength."""
    first, second = ablation.compare([table(1, 0.9), table(0.8, 0.9)], STRENGTHS, draws=50)
    assert first["style"][0] == pytest.approx(second["style"][0])
    assert first["strength"][0] == 1
    assert second["strength"][0] == pytest.approx(0.75 + 0.25 / 2)
    assert second["face_ssim"][0] > first["face_ssim"][0]
    assert "face_gmsd" not in first


def test_a_difference_in_every_pair_is_none_by_chance_and_none_is_none() -> None:
    better, same = table(1, 0.95), table(1, 0.9)
    base, gained, equal = ablation.compare([table(1, 0.9), better, same], STRENGTHS, draws=200)
    _, low, high = gained["face_ssim"]
    assert low == pytest.approx(0.05)
    assert high == pytest.approx(0.05)
    assert equal["face_ssim"][1:] == (0, 0)
    assert base["face_ssim"][1:] == (0, 0)


def test_the_table_says_which_way_is_better() -> None:
    compared = ablation.compare([table(1, 0.9), table(1, 0.95)], STRENGTHS, draws=50)
    recipe = recipes.load("adain", "mobile")
    text = ablation.to_markdown(["adain", "mine"], compared, recipe, PER_PAIR, "command")
    assert "| mine | 1.00 | 1.0" in text
    assert "0.750 ✓" in text
    assert "✗" not in text.split("✓ better")[0]


def run(folder: Path, name: str, *settings: str) -> Path:
    recipe = recipes.load(name, "mobile", settings)
    folder.mkdir()
    (folder / "recipe.toml").write_text(tomli_w.dumps(recipe.tables()), encoding="utf-8")
    return folder


def test_only_terms_may_differ(tmp_path: Path) -> None:
    same = ("steps=50", "data.short_side=300")
    adain, depth = run(tmp_path / "a", "adain", *same), run(tmp_path / "b", "depth_adain", *same)
    found = {path.name: ablation.recipe_of(path) for path in (adain, depth)}
    ablation.check_alike(found)
    longer = ablation.recipe_of(run(tmp_path / "c", "face_adain", *same, "steps=60"))
    with pytest.raises(UserError, match="differ in steps"):
        ablation.check_alike({**found, "c": longer})
    with pytest.raises(UserError, match="no run of"):
        ablation.recipe_of(tmp_path)
