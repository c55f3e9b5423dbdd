"""The door for other people's depth networks, with tiny ones of random weights."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
import torch

from facestyle.errors import UserError
from tests.support import made_repository
from train.auxiliary.depth_model import STANDARD_METRES, DepthModel, standardise

transformers = pytest.importorskip("transformers")

MEAN, STD = [0.4, 0.5, 0.6], [0.2, 0.25, 0.3]


def save_dpt(folder: Path) -> None:
    """MiDaS's kind: plain vision transformer, patches of 16, squares only."""
    config = transformers.DPTConfig(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=32,
        backbone_out_indices=[0, 1, 2, 3],
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        is_hybrid=False,
    )
    transformers.DPTForDepthEstimation(config).save_pretrained(folder)
    transformers.DPTImageProcessor(image_mean=MEAN, image_std=STD).save_pretrained(folder)


def save_depth_anything(folder: Path, kind: str = "relative") -> None:
    """DINOv2, patches of 14, any shape."""
    backbone = transformers.Dinov2Config(
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        image_size=28,
        patch_size=14,
        out_indices=[1, 2, 3, 4],
        apply_layernorm=True,
        reshape_hidden_states=False,
    )
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone,
        patch_size=14,
        reassemble_hidden_size=16,
        neck_hidden_sizes=[8, 8, 8, 8],
        fusion_hidden_size=8,
        head_hidden_size=8,
        depth_estimation_type=kind,
        max_depth=5 if kind == "metric" else 1,
    )
    network = transformers.DepthAnythingForDepthEstimation(config)
    # Random weights may end below the last ReLU, which lets nothing through.
    torch.nn.init.constant_(network.head.conv3.bias, 1)
    torch.nn.init.normal_(network.head.conv3.weight)
    network.save_pretrained(folder)
    transformers.DPTImageProcessor(
        image_mean=MEAN, image_std=STD, keep_aspect_ratio=True, ensure_multiple_of=14
    ).save_pretrained(folder)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    torch.manual_seed(0)
    root = tmp_path_factory.mktemp("depth")
    save_dpt(root / "dpt")
    save_depth_anything(root / "anything")
    save_depth_anything(root / "metric", "metric")
    return {path.name: path for path in root.iterdir()}


@pytest.mark.parametrize("name", ["dpt", "anything", "metric"])
def test_any_size_in_the_same_size_out_and_gradients_reach_the_image_only(
    folders: dict[str, Path], name: str
) -> None:
    model = DepthModel.load(str(folders[name]))
    assert model.metric == (name == "metric")
    image = torch.rand(2, 3, 40, 61, requires_grad=True)
    depth = model(image)
    assert depth.shape == (2, 1, 40, 61) and depth.dtype is torch.float32
    depth.square().sum().backward()
    assert image.grad is not None and image.grad.abs().sum() > 0
    assert all(p.grad is None and not p.requires_grad for p in model.parameters())


def test_it_stays_in_eval_mode(folders: dict[str, Path]) -> None:
    model = DepthModel.load(str(folders["dpt"]))
    parent = torch.nn.Sequential(model).train()
    assert parent.training and not any(m.training for m in model.modules())


def test_it_sees_what_its_image_processor_would_show_it(folders: dict[str, Path]) -> None:
    model = DepthModel.load(str(folders["anything"]))
    seen: list[torch.Tensor] = []
    model.network.register_forward_pre_hook(
        lambda _, __, named: seen.append(named["pixel_values"]), with_kwargs=True
    )
    image = torch.randint(0, 256, (1, 3, 42, 56)).float() / 255
    found = model(image)
    processor = transformers.AutoImageProcessor.from_pretrained(folders["anything"])
    wanted = processor((image * 255).byte(), size={"height": 42, "width": 56}, return_tensors="pt")[
        "pixel_values"
    ]
    torch.testing.assert_close(seen[0], wanted, rtol=0, atol=1e-5)
    # Relative networks give inverse depth: what they call high is near, so low here.
    raw = model.network(pixel_values=wanted).predicted_depth[:, None]
    torch.testing.assert_close(found, -raw, rtol=0, atol=1e-5)


def test_sizes_are_multiples_of_the_patch(folders: dict[str, Path]) -> None:
    shapes: list[tuple[int, ...]] = []
    for name in ("dpt", "anything"):
        model = DepthModel.load(str(folders[name]))
        model.network.register_forward_pre_hook(
            lambda _, __, named: shapes.append(tuple(named["pixel_values"].shape[2:])),
            with_kwargs=True,
        )
        model(torch.rand(1, 3, 30, 66))
    assert shapes == [(48, 48), (28, 70)]


def test_standardise_lets_the_reference_decide() -> None:
    photo = torch.rand(2, 1, 8, 8) * torch.tensor([3.0, 500.0]).view(2, 1, 1, 1) - 7
    own = standardise(photo, photo)
    torch.testing.assert_close(own.mean((1, 2, 3)), torch.zeros(2), rtol=0, atol=1e-5)
    std = own.std((1, 2, 3), correction=0)
    torch.testing.assert_close(std, torch.full((2,), STANDARD_METRES), rtol=1e-4, atol=0)
    # Half the relief stays half the relief, and the order is kept.
    mean = photo.mean((1, 2, 3), keepdim=True)
    torch.testing.assert_close(
        standardise((photo + mean) / 2, photo), own / 2, rtol=1e-4, atol=1e-5
    )
    # The unit does not matter.
    torch.testing.assert_close(standardise(9 * photo + 4, 9 * photo + 4), own, rtol=1e-3, atol=1e-5)


def test_a_flat_reference_is_survived() -> None:
    assert standardise(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 4, 4)).abs().max() == 0
    noise = 1 + 1e-6 * torch.rand(1, 1, 4, 4)
    assert standardise(noise, noise).abs().max() < 0.1 * STANDARD_METRES


def test_offline_or_missing_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for source in (str(tmp_path / "nothing"), str(tmp_path), "nobody/no-such-depth-network"):
        with pytest.raises(UserError, match="cannot load the depth network") as caught:
            DepthModel.load(source)
        assert "\n" not in str(caught.value)


def test_other_kinds_and_networks_without_weights_are_refused(
    tmp_path: Path, folders: dict[str, Path]
) -> None:
    transformers.ViTConfig().save_pretrained(tmp_path)
    with pytest.raises(UserError, match="'vit'; only dpt and depth_anything"):
        DepthModel.load(str(tmp_path))
    config = transformers.DPTConfig.from_pretrained(folders["dpt"])
    half = tmp_path / "half"
    transformers.DPTModel(config).save_pretrained(half)
    config.save_pretrained(half)
    transformers.DPTImageProcessor().save_pretrained(half)
    with pytest.raises(UserError, match="no weights for"):
        DepthModel.load(str(half))


def test_without_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UserError, match=r"pip install 'facestyle\[hub\]'"):
        DepthModel.load("any/thing")


def test_code_of_a_repository_is_never_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """transformers would ask on the terminal; whoever answers yes there executes it."""
    source, executed = made_repository.with_code(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(UserError, match="cannot load"):
        DepthModel.load(str(source))
    assert not executed.exists()
