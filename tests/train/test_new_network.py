"""A network that nobody has heard of, registered here: all else takes it as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from torch import Tensor, nn

from facestyle import checkpoint
from facestyle.errors import UserError
from facestyle.networks import NETWORKS, StyleNetwork, create, register
from tests.conftest import Outcome, TrainingData, assert_refused
from train import recipes

STEPS = ("--steps", 3, "--set", "engine.save_every=3", "--set", "engine.workers=1")


class Tint(nn.Module):
    """The mean colour of a painting, and four numbers more."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Conv2d(3, 7, 1)

    def forward(self, painting: Tensor) -> Tensor:
        return self.project(painting.mean((2, 3), keepdim=True))


@pytest.fixture
def toy() -> Iterator[type[StyleNetwork]]:
    @register("toy")
    class Toy(StyleNetwork):
        """A stride of 4, codes of 7 numbers, a width to choose."""

        stride = 4
        minimum_size = 4
        code_size = 7
        training_defaults: Mapping[str, Any] = {"optimizer.rate": 2e-3, "data.shift": 4}

        def __init__(self, width: int = 5) -> None:
            super().__init__()
            self.width = width
            self.style_encoder = Tint()
            self.lines = nn.Conv2d(3, width, 4, 4)
            self.paint = nn.ConvTranspose2d(width + 7, 3, 4, 4)

        def configuration(self) -> dict[str, Any]:
            return {"width": self.width}

        @classmethod
        def configured(cls, configuration: Mapping[str, Any]) -> StyleNetwork:
            return cls(**configuration)

        def encode_style(self, painting: Tensor) -> Tensor:
            return self.style_encoder(painting)

        def stylize(self, photo: Tensor, code: Tensor, strength: Tensor) -> Tensor:
            seen = self.lines(photo)
            style = (strength.mean((2, 3), keepdim=True) * code).expand(-1, -1, *seen.shape[2:])
            return torch.sigmoid(self.paint(torch.cat((seen, style), 1)))

    yield Toy
    del NETWORKS["toy"]


def test_it_is_saved_and_loaded_with_its_configuration(
    toy: type[StyleNetwork], tmp_path: Path
) -> None:
    wide = create("toy", {"width": 9})
    made = checkpoint.Checkpoint("toy", wide, checkpoint.fingerprint(wide.state_dict()))
    checkpoint.save(made, tmp_path / "toy.safetensors")
    again = checkpoint.load(tmp_path / "toy.safetensors", "toy")
    assert isinstance(again.network, toy) and again.fingerprint == made.fingerprint
    assert again.network.configuration() == {"width": 9}
    for wrong in ('{"depth": 9}', "[3]", "{"):
        changed = tmp_path / "wrong.safetensors"
        about = {**checkpoint.describe(wide), "configuration": wrong}
        checkpoint.write_tensors(wide.state_dict(), changed, about)
        with pytest.raises(UserError, match="no 'toy' network of that configuration"):
            checkpoint.load(changed, "toy")


def test_it_paints(
    toy: type[StyleNetwork], facestyle: Callable[..., Outcome], photo: Path, tmp_path: Path
) -> None:
    checkpoint.save(checkpoint.untrained("toy"), tmp_path / "toy.safetensors")
    options = ("--preset", "toy", "--checkpoint", tmp_path / "toy.safetensors")
    done = facestyle("stylize", photo, "--style", "spring", *options, "--out", tmp_path)
    assert done.code == 0, done
    assert (tmp_path / "photo__spring.png").exists()
    assert '"title"' in facestyle("styles", "show", "spring", *options).out
    untrained = facestyle("stylize", photo, "--style", "spring", "--preset", "toy")
    assert_refused(untrained, "no trained weights are shipped for 'toy'")


@pytest.mark.parametrize("recipe", ["adain", "mobile"])
def test_it_is_trained(
    recipe: str,
    toy: type[StyleNetwork],
    training_data: TrainingData,
    facestyle: Callable[..., Outcome],
    tmp_path: Path,
) -> None:
    """Alone, and on a style encoder of its own by what trains the shipped networks."""
    more = {
        "adain": ("data.size=32", "data.short_side=40"),
        "mobile": ("along=[]", "data.size=64", "data.short_side=64", "terms.lattice.weight=0"),
    }[recipe]
    settings = [part for setting in ("batch=2", *more) for part in ("--set", setting)]
    given = [*training_data.arguments("toy"), *settings, *STEPS, "--out", tmp_path]
    done = facestyle("train", recipe, *given)
    assert done.code == 0, done
    assert "--network" not in done.out
    loaded = checkpoint.load(tmp_path / "toy.safetensors", "toy")
    assert loaded.fingerprint != checkpoint.untrained("toy").fingerprint
    with safe_open(tmp_path / "toy.safetensors", "pt") as file:
        assert file.metadata()["configuration"] == '{"width": 5}'


def test_its_training_defaults_are_its_own(toy: type[StyleNetwork]) -> None:
    recipe = recipes.load("adain", "toy")
    assert (recipe.optimizer.rate, recipe.data.shift, recipe.start) == (2e-3, 4, "")
    assert recipes.load("adain", "toy", ("optimizer.rate=1",)).optimizer.rate == 1
    assert recipes.load("adain").optimizer.rate == 1e-4


def test_without_training_defaults_a_recipe_for_another_network_is_refused(
    toy: type[StyleNetwork], tmp_path: Path
) -> None:
    """It would be trained as VGG-19 is, and nobody would know."""
    toy.training_defaults = None
    with pytest.raises(UserError, match=r"written for vgg19, .* toy states no training_defaults"):
        recipes.load("adain", "toy")
    own = tmp_path / "own.toml"
    own.write_text('extends = "adain"\nnetwork = "toy"\n[for.toy]\n"optimizer.rate" = 3e-3\n')
    assert recipes.load(str(own)).optimizer.rate == 3e-3
    own.write_text('extends = "adain"\nnetwork = "toy"\n')
    with pytest.raises(UserError, match="states no training_defaults"):
        recipes.load(str(own))


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="'mobile' already"):
        register("mobile")(NETWORKS["studio"])
    assert NETWORKS["studio"].name == "studio"
