"""Auxiliary networks: one registry loads, runs and reports them; terms name what they need."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from facestyle.errors import UserError
from facestyle.tensor_files import read_tensors
from tests.conftest import Outcome, TrainingData
from train import provenance, recipes
from train.auxiliary import registry
from train.auxiliary.registry import AUXILIARY, Kind, load
from train.objectives import terms
from train.objectives.loss_inputs import LossInputs
from train.objectives.terms import TERMS, Term, select


class Outlines(nn.Module):
    """A made-up network that sees where a picture changes, times a weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(3.0))

    def forward(self, image: Tensor) -> Tensor:
        return self.weight * (image[..., 1:] - image[..., :-1])


def outline_term(inputs: LossInputs, _: tuple[str, ...]) -> Tensor:
    own, photo = (image.seen["outlines"] for image in (inputs.output, inputs.photo))
    return (own - photo).abs().mean((1, 2, 3))


@pytest.fixture
def outlines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new kind of auxiliary network: an entry of the registry and a term that names it."""
    kind = Kind("plain", "steps between pixels", lambda source: Outlines())
    monkeypatch.setitem(AUXILIARY, "outlines", kind)
    term = Term(outline_term, "made up", needs=("outlines",))
    monkeypatch.setattr(terms, "TERMS", {**TERMS, "outlines": term})


@pytest.mark.parametrize("recipe", ["adain", "mobile"])
def test_a_new_kind_takes_part_and_is_reported(
    recipe: str,
    outlines: None,
    training_data: TrainingData,
    facestyle: Callable[..., Outcome],
    tmp_path: Path,
) -> None:
    sizes = ("data.size=64", "data.short_side=64", "batch=2", "engine.workers=1")
    more = ("along=[]", "terms.lattice.weight=0") if recipe == "mobile" else ()
    chosen = ("terms.outlines.weight=1", "auxiliary.outlines='somewhere/plain'")
    given = [part for s in (*sizes, *more, *chosen) for part in ("--set", s)]
    data = training_data.arguments("mobile")
    done = facestyle("train", recipe, *data, *given, "--steps", 2, "--out", tmp_path)
    assert done.code == 0, done
    metadata = read_tensors(tmp_path / "mobile.safetensors")[1]
    records = {record.kind: record for record in provenance.own_records(metadata)}
    expected = {"perceptual", "outlines"} | ({"depth", "face"} if recipe == "mobile" else set())
    assert records.keys() == expected
    assert records["outlines"].name == "plain"
    assert records["outlines"] == load("outlines", "plain").record()
    assert "outlines" in (tmp_path / "metrics.csv").read_text().splitlines()[0].split(",")
    # `adain` begins from the shipped weights, which do not say what trained them.
    before = provenance.auxiliary_records(metadata)
    assert before is None if recipe == "adain" else before == list(records.values())
    assert json.loads(metadata["data"])["content"] == [training_data.content.name]
    settings = json.loads(metadata["recipe_settings"])
    assert settings["auxiliary"]["outlines"] == "plain"
    assert str(tmp_path.parent) not in json.dumps(metadata)


def test_a_run_loads_what_its_terms_need_and_no_more() -> None:
    assert TERMS["depth"].auxiliary() == {"depth"}
    assert TERMS["face_similarity"].auxiliary() == {"face"}
    assert TERMS["background_style"].auxiliary() == {"face", "perceptual"}
    assert TERMS["palette"].auxiliary() == frozenset()
    networks = registry.AuxiliaryNetworks(TERMS["depth"].auxiliary(), {})
    assert [record.name for record in networks.records()] == ["depth_v3_small"]


def test_a_term_whose_need_a_task_cannot_meet_is_refused(
    training_data: TrainingData, facestyle: Callable[..., Outcome]
) -> None:
    """It ended in a KeyError at the first step."""
    recipe = recipes.load("adain", "mobile", ("terms.texture.weight=1",))
    with pytest.raises(UserError, match="'texture' needs coarse, which the task 'style'"):
        select(recipe, frozenset())
    given = [*training_data.arguments("mobile"), "--set", "terms.stroke.weight=1"]
    refused = facestyle("train", "adain", *given)
    assert refused.code == 2 and "'stroke' needs marks" in refused.err


def test_records_tell_networks_apart() -> None:
    first, second = (load("depth").record(), load("face").record())
    assert (first.kind, first.name) == ("depth", "depth_v3_small")
    assert first == load("depth", "depth_v3_small").record()
    assert first.fingerprint != second.fingerprint


def test_a_distilled_perceptual_network_has_a_fingerprint(training_data: TrainingData) -> None:
    """Its weights are in no state dict; that of nothing would be the same for all."""
    records = [load("perceptual", str(f)).record() for f in training_data[3:]]
    assert records[0].fingerprint != records[1].fingerprint
    empty = registry.Auxiliary("perceptual", "x", nn.Identity()).record().fingerprint
    assert empty not in {record.fingerprint for record in records}


def test_unknown_kinds_get_a_hint() -> None:
    with pytest.raises(UserError, match=r"auxiliary.dept': did you mean 'auxiliary.depth'"):
        recipes.load("depth_adain", "mobile", ("auxiliary.dept=x",))
    with pytest.raises(UserError, match="kind of auxiliary network 'dept'"):
        load("dept")
