"""Users' own parsers: label names, normalisation, and a network that stays frozen."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from facestyle.errors import UserError
from tests.support import made_repository
from train.auxiliary.face_classes import CLASSES, merge_logits
from train.auxiliary.parsing_model import (
    ABSENT,
    Normalization,
    ParsingModel,
    class_id,
    load_pretrained,
)

transformers = pytest.importorskip("transformers")

# As the public SegFormer parsers of CelebAMask-HQ call them.
LABELS = (
    *("background", "skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear"),
    *("r_ear", "mouth", "u_lip", "l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth"),
)
PLAIN = Normalization(1.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def save_segformer(folder: Path, labels: tuple[str, ...]) -> Path:
    torch.manual_seed(0)
    config = transformers.SegformerConfig(
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 8, 8, 8],
        num_attention_heads=[1, 1, 1, 1],
        decoder_hidden_size=8,
        id2label=dict(enumerate(labels)),
        label2id={name: i for i, name in enumerate(labels)},
    )
    transformers.SegformerForSemanticSegmentation(config).save_pretrained(folder)
    processor = {
        "image_processor_type": "SegformerImageProcessor",
        "do_normalize": True,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "image_mean": [0.5, 0.4, 0.3],
        "image_std": [0.2, 0.25, 0.5],
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_segformer(tmp_path_factory.mktemp("segformer"), LABELS)


@pytest.fixture(scope="module")
def model(folder: Path) -> ParsingModel:
    return load_pretrained(str(folder))


class Echo(nn.Module):
    """Stands for a network: its logits are channels of what it was fed."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.channels = list(channels)

    def forward(self, pixel_values: torch.Tensor) -> object:
        class Output:
            logits = pixel_values[:, self.channels]

        return Output


def test_every_label_of_the_public_parsers_is_known() -> None:
    assert [class_id(name) for name in LABELS] == list(range(19))
    assert [class_id(name) for name in CLASSES] == list(range(19))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Left Eye", "l_eye"),
        ("leye", "l_eye"),
        ("right_eyebrow", "r_brow"),
        ("EYEGLASS", "glasses"),
        ("upper lip", "u_lip"),
        ("lower-lip", "l_lip"),
        ("inner mouth", "mouth"),
        ("ear_r", "earring"),
        ("r_ear", "r_ear"),
        ("neck_l", "necklace"),
        ("clothes", "cloth"),
        ("face skin", "skin"),
    ],
)
def test_spellings(name: str, expected: str) -> None:
    assert CLASSES[class_id(name)] == expected


def test_logits_are_those_of_the_network(folder: Path, model: ParsingModel) -> None:
    network = transformers.SegformerForSemanticSegmentation.from_pretrained(folder)
    image = torch.rand(2, 3, 64, 48)
    mean, std = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.2, 0.25, 0.5])
    normalized = (image - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    with torch.no_grad():
        expected = network(pixel_values=normalized).logits
        found = model(image)
    assert found.shape == (2, 19, 16, 12)
    assert torch.allclose(found, expected, atol=1e-5)


def test_gradients_reach_the_image_only(model: ParsingModel) -> None:
    model.train()
    assert not any(module.training for module in model.modules())
    image = torch.rand(1, 3, 32, 32, requires_grad=True)
    model(image).square().sum().backward()
    assert image.grad is not None
    assert image.grad.abs().sum() > 0
    assert all(p.grad is None and not p.requires_grad for p in model.parameters())


def test_classes_are_put_in_our_order_and_the_rest_is_absent() -> None:
    model = ParsingModel(Echo((0, 1, 2)), ["hair", "left eye", "background"], PLAIN)
    image = torch.rand(1, 3, 4, 4)
    logits = model(image)
    for name, channel in (("hair", 0), ("l_eye", 1), ("background", 2)):
        assert torch.equal(logits[:, CLASSES.index(name)], image[:, channel])
    assert (logits[:, CLASSES.index("nose")] == ABSENT).all()
    half = merge_logits(logits.half())
    assert half.isfinite().all()
    assert torch.allclose(half.float().softmax(1).sum(1), torch.ones(1, 4, 4), atol=1e-3)


def test_labels_of_one_class_are_summed() -> None:
    model = ParsingModel(Echo((0, 1, 2)), ["teeth", "inner mouth", "skin"], PLAIN)
    image = torch.rand(1, 3, 4, 4)
    p, found = image.softmax(1), model(image).softmax(1)
    assert torch.allclose(found[:, CLASSES.index("mouth")], p[:, 0] + p[:, 1], atol=1e-6)


def test_eight_bit_inputs() -> None:
    scaled = Normalization(255.0, (100.0, 110.0, 120.0), (1.0, 2.0, 4.0))
    model = ParsingModel(Echo((0, 1, 2)), ["background", "skin", "nose"], scaled)
    logits = model(torch.full((1, 3, 2, 2), 0.8))
    assert logits[0, :3, 0, 0].tolist() == pytest.approx([104, 47, 21])


def test_unknown_labels_are_named(tmp_path: Path) -> None:
    folder = save_segformer(tmp_path, ("background", "wall"))
    with pytest.raises(UserError, match="'wall' is not a known part"):
        load_pretrained(str(folder))


def test_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="cannot load the face parser") as error:
        load_pretrained(str(tmp_path / "missing"))
    assert "\n" not in str(error.value)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UserError, match=r"pip install 'facestyle\[hub\]'"):
        load_pretrained(str(tmp_path))


def test_a_backbone_alone_is_refused(tmp_path: Path, folder: Path) -> None:
    whole = transformers.SegformerForSemanticSegmentation.from_pretrained(folder)
    whole.segformer.save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(
        (folder / "preprocessor_config.json").read_text()
    )
    with pytest.raises(UserError, match="no trained segmentation network"):
        load_pretrained(str(tmp_path))


def test_code_of_a_repository_is_never_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """transformers would ask on the terminal; whoever answers yes there executes it."""
    source, executed = made_repository.with_code(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(UserError, match="cannot load"):
        load_pretrained(str(source))
    assert not executed.exists()
