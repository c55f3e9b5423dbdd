"""BiSeNet's shapes and gradients, the public weights' layout, and the loss it is trained with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchvision.models import resnet18

from facestyle.errors import UserError
from train.auxiliary.bisenet import (
    PARSING_NETWORKS,
    PUBLIC_CLASSES,
    BiSeNet,
    BiSeNetConfig,
    create_parsing,
    load_public,
)
from train.auxiliary.face_classes import CLASSES, IGNORE, merge_labels
from train.auxiliary.resnet import ResNetConfig
from train.objectives.segmentation import ohem_cross_entropy, parsing_loss

TINY = BiSeNetConfig(ResNetConfig(18, 4), spatial=4, context=8, fused=8)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=15, deadline=None)
@given(st.integers(32, 81), st.integers(32, 81))
def test_logits_are_an_eighth_of_any_size(height: int, width: int) -> None:
    torch.manual_seed(0)
    network = BiSeNet(TINY).eval()
    image = noise(1, 3, height, width)
    with torch.no_grad():
        main, at8, at16 = network.heads(image)
        assert torch.equal(network(image), main)
    eighth = -(-height // 8), -(-width // 8)
    assert main.shape == at8.shape == (1, 19, *eighth)
    assert at16.shape == (1, 19, -(-height // 16), -(-width // 16))


def test_every_weight_learns() -> None:
    network = BiSeNet(TINY).train()
    labels = torch.randint(0, 19, (2, 64, 48))
    parsing_loss(network.heads(noise(2, 3, 64, 48)), labels).backward()
    idle = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert not idle


def test_the_encoder_may_stand_in_for_the_spatial_path() -> None:
    own = BiSeNet(TINY)
    assert own.spatial is not None
    assert own.spatial(noise(2, 3, 40, 33)).shape == (2, TINY.spatial, 5, 5)
    without = BiSeNet(replace(TINY, spatial_path=False))
    assert without.spatial is None
    # The encoder's features at 1/8 have twice its width.
    assert without.fusion.convolution[0].in_channels == 2 * 4 + TINY.context
    assert without(noise(2, 3, 40, 33)).shape == (2, 19, 5, 5)


def test_sizes() -> None:
    def count(name: str) -> int:
        return sum(p.numel() for p in create_parsing(name).parameters())

    assert set(PARSING_NETWORKS) == {"bisenet", "bisenet_small"}
    assert 13_000_000 < count("bisenet") < 14_000_000
    assert count("bisenet_small") < 2_200_000
    with pytest.raises(UserError, match="did you mean 'bisenet'"):
        create_parsing("bisnet")


def test_a_few_steps_fit_an_image() -> None:
    """Bright square on dark ground, skin on background."""
    torch.manual_seed(0)
    network = BiSeNet(TINY).train()
    image = noise(2, 3, 64, 64) * 0.2
    labels = torch.zeros(2, 64, 64, dtype=torch.long)
    image[:, :, 16:48, 16:48] += 0.7
    labels[:, 16:48, 16:48] = 1
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(30):
        loss = parsing_loss(network.heads(image), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 3


Layout = Iterator[tuple[str, tuple[int, ...]]]


def public_layout() -> Layout:
    """Names and shapes of the public face parser, 79999_iter.pth, as its model.py has them."""

    def norm(name: str, channels: int) -> Layout:
        for part in ("weight", "bias", "running_mean", "running_var"):
            yield f"{name}.{part}", (channels,)
        yield f"{name}.num_batches_tracked", ()

    def block(name: str, inputs: int, outputs: int, k: int) -> Layout:
        yield f"{name}.conv.weight", (outputs, inputs, k, k)
        yield from norm(f"{name}.bn", outputs)

    for key, value in resnet18(weights=None).state_dict().items():
        if not key.startswith("fc."):
            yield f"cp.resnet.{key}", tuple(value.shape)
    for stride, inputs in ((16, 256), (32, 512)):
        yield from block(f"cp.arm{stride}.conv", inputs, 128, 3)
        yield f"cp.arm{stride}.conv_atten.weight", (128, 128, 1, 1)
        yield from norm(f"cp.arm{stride}.bn_atten", 128)
        yield from block(f"cp.conv_head{stride}", 128, 128, 3)
    yield from block("cp.conv_avg", 512, 128, 1)
    yield from block("ffm.convblk", 256, 256, 1)
    yield "ffm.conv1.weight", (64, 256, 1, 1)
    yield "ffm.conv2.weight", (256, 64, 1, 1)
    for head, inputs, hidden in (("", 256, 256), ("16", 128, 64), ("32", 128, 64)):
        yield from block(f"conv_out{head}.conv", inputs, hidden, 3)
        yield f"conv_out{head}.conv_out.weight", (19, hidden, 1, 1)


@pytest.fixture(scope="module")
def public_state() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, shape in public_layout():
        if not shape:
            state[name] = torch.tensor(7)
        else:
            # Marked by the value, so that a tensor in the wrong place is seen.
            state[name] = torch.rand(shape, generator=generator) * 0.05 + 0.01
    return state


def test_public_weights_find_their_places(public_state: dict[str, Tensor], tmp_path: Path) -> None:
    path = tmp_path / "79999_iter.pth"
    torch.save(public_state, path)
    network = load_public(path)
    assert not network.training
    ours = network.state_dict()
    counted = [v for k, v in public_state.items() if not k.endswith("tracked")]
    weights = [v for k, v in ours.items() if not k.endswith("tracked")]
    assert len(counted) == len(weights)
    for name, public in (
        ("encoder.layer4.1.conv2.weight", "cp.resnet.layer4.1.conv2.weight"),
        ("refine16.attention.2.running_var", "cp.arm16.bn_atten.running_var"),
        ("fusion.attention.3.weight", "ffm.conv2.weight"),
    ):
        assert torch.equal(ours[name], public_state[public])
    # A tensor used twice would leave another one out.
    sums = sorted(v.double().sum().item() for v in counted)
    assert sums == pytest.approx(sorted(v.double().sum().item() for v in weights), rel=1e-9)


def test_public_logits_come_in_our_order(public_state: dict[str, Tensor], tmp_path: Path) -> None:
    assert sorted(PUBLIC_CLASSES) == sorted(CLASSES)
    state = dict(public_state)
    # Their ninth logit, the earring's, is made the strongest everywhere.
    state["conv_out.conv_out.weight"] = state["conv_out.conv_out.weight"].clone()
    state["conv_out.conv_out.weight"][9] = 1.0
    path = tmp_path / "parser.pth"
    torch.save(state, path)
    with torch.no_grad():
        strongest = load_public(path)(noise(1, 3, 32, 32)).argmax(1)
    assert (strongest == CLASSES.index("earring")).all()


def test_other_files_are_refused(public_state: dict[str, Tensor], tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save({k: v for k, v in public_state.items() if "conv_avg" not in k}, path)
    with pytest.raises(UserError, match=r"'cp\.conv_avg\.conv\.weight' is missing"):
        load_public(path)
    torch.save({**public_state, "ffm.conv1.weight": torch.zeros(32, 256, 1, 1)}, path)
    with pytest.raises(UserError, match=r"\(32, 256, 1, 1\), expected \(64, 256, 1, 1\)"):
        load_public(path)


def two_class_logits(probabilities: list[float]) -> Tensor:
    """(1, 2, 1, W) of which the first class has these probabilities."""
    first = torch.tensor(probabilities).double()
    return torch.stack((first.log(), (1 - first).log()))[None, :, None].float()


def test_only_hard_pixels_count() -> None:
    logits = two_class_logits([0.9, 0.6, 0.2, 0.8])
    labels = torch.zeros(1, 1, 4, dtype=torch.long)
    expected = -(math.log(0.6) + math.log(0.2)) / 2
    assert ohem_cross_entropy(logits, labels).item() == pytest.approx(expected, rel=1e-5)
    strict = ohem_cross_entropy(logits, labels, threshold=0.5)
    assert strict.item() == pytest.approx(-math.log(0.2), rel=1e-5)


def test_a_share_counts_even_if_all_is_easy() -> None:
    logits = two_class_logits([0.9, 0.95, 0.8, 0.99])
    labels = torch.zeros(1, 1, 4, dtype=torch.long)
    one = ohem_cross_entropy(logits, labels, kept_fraction=1 / 4)
    assert one.item() == pytest.approx(-math.log(0.8), rel=1e-5)
    two = ohem_cross_entropy(logits, labels, kept_fraction=0.3)
    assert two.item() == pytest.approx(-(math.log(0.8) + math.log(0.9)) / 2, rel=1e-5)


def test_ignored_pixels_have_no_say() -> None:
    logits = two_class_logits([0.6, 0.01, 0.5]).requires_grad_()
    labels = torch.tensor([[[0, IGNORE, 0]]])
    loss = ohem_cross_entropy(logits, labels)
    assert loss.item() == pytest.approx(-(math.log(0.6) + math.log(0.5)) / 2, rel=1e-5)
    loss.backward()
    assert logits.grad is not None
    assert (logits.grad[..., 1] == 0).all()
    assert (logits.grad[..., 0] != 0).all()


def test_nothing_labelled_is_zero() -> None:
    logits = noise(2, 19, 4, 4).requires_grad_()
    loss = ohem_cross_entropy(logits, torch.full((2, 4, 4), IGNORE))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert (logits.grad == 0).all()


def test_mining_is_in_full_precision() -> None:
    labels = torch.zeros(1, 4, 4, dtype=torch.long)
    logits = torch.zeros(1, 2, 4, 4, dtype=torch.bfloat16)
    loss = ohem_cross_entropy(logits, labels)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(math.log(2), rel=1e-6)


def test_parsing_loss_sums_the_heads_and_merges_sides() -> None:
    labels = torch.full((2, 16, 16), CLASSES.index("l_eye"))
    flat = torch.zeros(2, 19, 2, 2)
    # Two of 19 logits are eyes.
    assert parsing_loss((flat, flat, flat[..., :1]), labels).item() == pytest.approx(
        3 * math.log(19 / 2), rel=1e-5
    )
    other_side = flat.clone()
    other_side[:, CLASSES.index("r_eye")] = 20
    assert parsing_loss((other_side,), labels).item() < 1e-4


@settings(deadline=None)
@given(st.lists(st.integers(0, 255), min_size=1, max_size=20))
def test_merged_labels_are_sixteen_or_ignored(ids: list[int]) -> None:
    merged = merge_labels(torch.tensor(ids, dtype=torch.uint8))
    assert [(m < 16) for m in merged.tolist()] == [i < 19 for i in ids]
    assert all(m in range(16) or m == IGNORE for m in merged.tolist())
