"""Weights: round trips, and files that are damaged, lying, hostile or of another network."""

from __future__ import annotations

import json
import os
import pickle
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from facestyle import checkpoint, gallery, images
from facestyle.errors import UserError
from facestyle.networks import create
from facestyle.networks.mobile import MobileConfig, MobileNetwork
from facestyle.stylize import Painter


@pytest.fixture(scope="module")
def mobile() -> checkpoint.Checkpoint:
    return checkpoint.untrained("mobile", seed=3)


def test_round_trip(mobile: checkpoint.Checkpoint, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    checkpoint.save(mobile, path)
    again = checkpoint.load(path)
    assert again.name == "mobile"
    assert again.fingerprint == mobile.fingerprint
    for a, b in zip(again.network.parameters(), mobile.network.parameters()):
        assert torch.equal(a, b)


def test_untrained_is_reproducible(mobile: checkpoint.Checkpoint) -> None:
    assert checkpoint.untrained("mobile", seed=3).fingerprint == mobile.fingerprint
    assert checkpoint.untrained("mobile", seed=4).fingerprint != mobile.fingerprint


def with_style_encoder_of(other: checkpoint.Checkpoint, network: str) -> checkpoint.Checkpoint:
    """Random weights of a network, but for its style encoder."""
    made = checkpoint.untrained(network, seed=7)
    own, theirs = (c.network.get_submodule("style_encoder") for c in (made, other))
    own.load_state_dict(theirs.state_dict())
    return made


def test_the_style_fingerprint_is_of_the_style_encoder_alone(mobile: checkpoint.Checkpoint) -> None:
    studio = with_style_encoder_of(mobile, "studio")
    assert studio.style_fingerprint == mobile.style_fingerprint
    assert studio.fingerprint != mobile.fingerprint
    painting = images.load(gallery.paintings()[0].path)
    codes = [Painter(made).encode_style(painting) for made in (mobile, studio)]
    assert torch.equal(*codes)
    assert checkpoint.untrained("studio", seed=3).style_fingerprint != mobile.style_fingerprint
    # Paper 1's network reads a painting with the encoder that it reads photos with.
    vgg = checkpoint.untrained("vgg19")
    before = vgg.style_fingerprint
    with torch.no_grad():
        vgg.network.get_submodule("decoder.conv1_1").bias += 1
        again = checkpoint.Checkpoint("vgg19", vgg.network, "0")
        assert again.style_fingerprint == before
        vgg.network.get_submodule("encoder.conv1_1").bias += 1
        again = checkpoint.Checkpoint("vgg19", vgg.network, "0")
        assert again.style_fingerprint != before


def test_shipped_weights_load_and_are_documented() -> None:
    loaded = checkpoint.load()
    assert loaded.name == "mobile"
    path = checkpoint.shipped("mobile")
    assert path.stat().st_size <= 2_000_000
    card = (path.parent / "README.md").read_text()
    assert loaded.fingerprint in card


def test_shipped_weights_give_back_a_photo_at_strength_0() -> None:
    painter = Painter(checkpoint.load())
    code = painter.encode_style(images.load(gallery.paintings()[0].path))
    for portrait in gallery.portraits():
        photo = images.load(portrait.path)
        error = (painter.paint(photo, code, 0.0) - photo).square().mean()
        assert -10 * torch.log10(error) >= 26, portrait.name


@pytest.mark.parametrize(
    "key", ["decoder.style_full.mean.weight", "decoder.eighth_1.expand.weight"]
)
def test_networks_of_before_are_refused_by_name(
    key: str, tmp_path: Path, mobile: checkpoint.Checkpoint
) -> None:
    state = {**mobile.network.state_dict(), key: torch.zeros(8, 4)}
    old, other = tmp_path / "old.safetensors", tmp_path / "other.safetensors"
    checkpoint.write_tensors(state, old, {"network": "mobile"})
    checkpoint.write_tensors(state, other, {"network": "portrait"})
    with pytest.raises(UserError, match="an earlier mobile network"):
        checkpoint.load(old)
    with pytest.raises(UserError, match="'portrait', which this version lacks"):
        checkpoint.load(other)


def test_a_newer_format_is_refused_in_a_line(tmp_path: Path, mobile: checkpoint.Checkpoint) -> None:
    path = tmp_path / "w.safetensors"
    for wrong in ("facestyle-checkpoint/2", "facestyle-checkpoint/x", "facestyle-checkpoint/"):
        about = {**checkpoint.describe(mobile.network), "format": wrong}
        checkpoint.write_tensors(mobile.network.state_dict(), path, about)
        with pytest.raises(UserError, match="install a newer facestyle"):
            checkpoint.load(path)


def test_the_configuration_makes_the_network(tmp_path: Path) -> None:
    """Files of before do not state it: they are of the usual sizes."""
    path = tmp_path / "w.safetensors"
    network = MobileNetwork(MobileConfig(channels=(8, 16, 24), decoder_blocks=(1, 1, 1)))
    about = checkpoint.describe(network)
    checkpoint.write_tensors(network.state_dict(), path, about)
    loaded = checkpoint.load(path).network
    assert isinstance(loaded, MobileNetwork) and loaded.config == network.config
    for wrong in ('{"chanels": [8, 16, 24]}', '{"channels": 8}', '{"channels": [8, 16]}'):
        checkpoint.write_tensors(network.state_dict(), path, {**about, "configuration": wrong})
        with pytest.raises(UserError, match="no 'mobile' network of that configuration"):
            checkpoint.load(path)
    del about["configuration"]
    checkpoint.write_tensors(create("mobile").state_dict(), path, about)
    assert checkpoint.load(path).network.configuration() == create("mobile").configuration()


class Hostile:
    """Unpickling this runs a command."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


@pytest.mark.parametrize("zipped", [True, False])
def test_hostile_pickle_is_never_executed(tmp_path: Path, zipped: bool) -> None:
    path, proof = tmp_path / "w.pth", tmp_path / "executed"
    payload = {"encoder.stem.weight": Hostile(f"touch {proof}")}
    if zipped:
        torch.save(payload, path)
    else:
        path.write_bytes(pickle.dumps(payload))
    with pytest.raises(UserError, match="not executed"):
        checkpoint.load(path)
    assert not proof.exists()


def _lying(length: int, header: bytes) -> bytes:
    return struct.pack("<Q", length) + header


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"short",
        _lying(2**62, b"{}"),
        _lying(20, b"this is not json...."),
        _lying(
            80,
            json.dumps({"a": {"dtype": "F32", "shape": [10**9], "data_offsets": [0, 4 * 10**9]}})
            .encode()
            .ljust(80),
        ),
    ],
)
def test_lying_safetensors_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        checkpoint.load(path)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_truncated_files_are_refused(
    mobile: checkpoint.Checkpoint, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"w{suffix}"
    if suffix == ".pth":
        torch.save(mobile.network.state_dict(), path)
    else:
        checkpoint.save(mobile, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=r"damaged|truncated"):
        checkpoint.load(path)


def test_wrong_contents_are_named(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"something": torch.zeros(3)}, path)
    with pytest.raises(UserError, match="does not fit"):
        checkpoint.load(path)
    state = dict(create("mobile").state_dict())
    state["encoder.stem.weight"] = torch.zeros(1, 2, 3)
    save_file(state, path)
    with pytest.raises(UserError, match=r"encoder\.stem\.weight"):
        checkpoint.load(path)
    state["encoder.stem.weight"] = torch.full((8, 3, 3, 3), float("nan"))
    save_file(state, path)
    with pytest.raises(UserError, match="not finite"):
        checkpoint.load(path)
    odd: list[tuple[dict[object, object], str]] = [
        ({1: torch.zeros(3)}, "not a name"),
        ({"a": torch.zeros(3).to_sparse()}, "not a dense"),
        ({"a": torch.zeros(3, dtype=torch.complex64)}, "not a dense"),
        ({"a": torch.zeros(3, device="meta")}, "not a dense"),
        ({"a": 3}, "not a tensor"),
    ]
    for content, words in odd:
        torch.save(content, tmp_path / "w.pth")
        with pytest.raises(UserError, match=words):
            checkpoint.load(tmp_path / "w.pth")
    torch.save([1, 2, 3], tmp_path / "w.pth")
    with pytest.raises(UserError, match="dictionary"):
        checkpoint.load(tmp_path / "w.pth")
    with pytest.raises(UserError, match="no such"):
        checkpoint.load(tmp_path / "none.safetensors")


@pytest.mark.parametrize("error", [RuntimeError, IndexError, struct.error, AssertionError])
def test_whatever_the_reader_raises_is_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(torch, "load", broken)
    path = tmp_path / "w.pth"
    path.write_bytes(b"?")
    with pytest.raises(UserError, match="damaged"):
        checkpoint.load(path)


def test_weights_of_another_network_are_named(
    mobile: checkpoint.Checkpoint, tmp_path: Path
) -> None:
    path = tmp_path / "w.safetensors"
    checkpoint.save(mobile, path)
    with pytest.raises(UserError, match="--preset mobile"):
        checkpoint.load(path, "vgg19")


def test_vgg19_decoder_with_its_encoder(tmp_path: Path) -> None:
    """As public AdaIN code publishes them: two Sequential state dicts."""
    whole = create("vgg19").state_dict()
    decoder_at = dict(
        zip((1, 5, 8, 11, 14, 18, 21, 25, 28), (
            "conv4_1", "conv3_4", "conv3_3", "conv3_2", "conv3_1",
            "conv2_2", "conv2_1", "conv1_2", "conv1_1",
        ))
    )  # fmt: skip
    encoder_at = dict(
        zip((0, 2, 5, 9, 12, 16, 19, 22, 25, 29), (
            "preprocess", "conv1_1", "conv1_2", "conv2_1", "conv2_2",
            "conv3_1", "conv3_2", "conv3_3", "conv3_4", "conv4_1",
        ))
    )  # fmt: skip
    for part, layers in (("decoder", decoder_at), ("encoder", encoder_at)):
        state = {
            f"{index}.{kind}": whole[f"{part}.{layer}.{kind}"]
            for index, layer in layers.items()
            for kind in ("weight", "bias")
        }
        torch.save(state, tmp_path / f"{part}.pth")
    loaded = checkpoint.load(tmp_path / "decoder.pth", "vgg19", tmp_path / "encoder.pth")
    assert loaded.fingerprint == checkpoint.fingerprint(whole)


def test_encoder_file(mobile: checkpoint.Checkpoint, tmp_path: Path) -> None:
    """Gives its encoder and nothing else, is named in errors, and must be of use."""
    whole = {k: v.contiguous() for k, v in create("vgg19").state_dict().items()}
    parts = {
        part: {k: v for k, v in whole.items() if k.startswith(part)}
        for part in ("encoder", "decoder")
    }
    other = {k: v + 1 for k, v in parts["decoder"].items()}
    files = {
        "decoder": parts["decoder"],
        "both": parts["encoder"] | other,
        "none": {"a": torch.zeros(1)},
        "whole": whole,
    }
    for name, state in files.items():
        save_file(state, tmp_path / f"{name}.safetensors")
    at = {name: tmp_path / f"{name}.safetensors" for name in files}
    loaded = checkpoint.load(at["decoder"], "vgg19", at["both"])
    assert loaded.fingerprint == checkpoint.fingerprint(whole)
    with pytest.raises(UserError, match=r"^\S*none\.safetensors: these weights fit no"):
        checkpoint.load(at["decoder"], "vgg19", at["none"])
    with pytest.raises(UserError, match=r"^\S*decoder\.safetensors holds .* no encoder"):
        checkpoint.load(at["decoder"], "vgg19", at["decoder"])
    with pytest.raises(UserError, match="brings its own encoder"):
        checkpoint.load(at["whole"], "vgg19", at["both"])
    checkpoint.save(mobile, tmp_path / "m.safetensors")
    with pytest.raises(UserError, match="--preset vgg19"):
        checkpoint.load(tmp_path / "m.safetensors", encoder=at["both"])
