"""The table of dependencies, read from the package's metadata."""

from __future__ import annotations

from importlib import metadata

import pytest

from facestyle import dependencies
from facestyle.dependencies import BASE, Dependencies, Dependency
from facestyle.errors import UserError

MADE = Dependencies(
    [
        "pillow>=10",
        "numpy<2",
        'tensorflow==2; extra == "tflite"',
        'numpy==1.26; extra == "tflite"',
        'tqdm>=4; extra == "train"',
        'facestyle[tflite,train]; extra == "bench"',
        'psutil; extra == "bench"',
        'winonly; sys_platform == "win32" and extra == "bench"',
        'protobuf; extra == "coreml"',
    ],
    ["tflite", "train", "bench", "coreml"],
)


def names(items: list[Dependency]) -> list[str]:
    return [item.module for item in items]


def test_extras_include_others_but_not_the_base() -> None:
    assert names(MADE.all(BASE)) == ["PIL", "numpy"]
    assert names(MADE.all("tflite")) == ["tensorflow"]
    assert names(MADE.all("bench")) == ["psutil", "tensorflow", "tqdm"]
    with pytest.raises(KeyError):
        MADE.all("nothing")


@pytest.mark.parametrize(
    ("module", "package", "wanted"),
    [
        ("tensorflow", "", ("tensorflow", "tflite")),
        ("tensorflow.lite.python", "export", ("tensorflow", "tflite")),
        ("tensorflow", "benchmarks", ("tensorflow", "bench")),
        ("tqdm", "train", ("tqdm", "train")),
        ("tqdm", "benchmarks", ("tqdm", "bench")),
        ("google", "export", ("google.protobuf", "coreml")),
        ("PIL", "", ("PIL", BASE)),
    ],
)
def test_a_module_is_found_in_the_extra_that_its_user_needs(
    module: str, package: str, wanted: tuple[str, str]
) -> None:
    found = MADE.find(module, package)
    assert found is not None
    assert (found[0].module, found[1]) == wanted


def test_a_foreign_module_is_in_no_extra() -> None:
    assert MADE.find("tensor") is None
    assert MADE.find("winonly") is None


def test_what_is_missing_is_named_with_its_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        dependencies.util, "find_spec", lambda name: None if name in ("onnx", "coremltools") else 1
    )
    dependencies.require("train")
    with pytest.raises(UserError) as refused:
        dependencies.require("tflite", "train", "coreml", "tflite")
    assert str(refused.value) == (
        "this needs onnx, coremltools: pip install 'facestyle[tflite,coreml]'"
    )


def test_a_module_of_no_extra_is_not_explained() -> None:
    assert dependencies.explain(ModuleNotFoundError(name="nowhere")) is None
    explained = dependencies.explain(ModuleNotFoundError(name="flatbuffers"))
    assert str(explained) == "this needs flatbuffers: pip install 'facestyle[tflite]'"


def test_a_checkout_that_is_not_installed_refuses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A rented GPU runs ``train/gpu_campaign.sh`` from a checkout."""
    monkeypatch.setattr(dependencies, "PACKAGE", "facestyle-that-nobody-installed")
    monkeypatch.setattr(dependencies.util, "find_spec", lambda name: None)
    dependencies.require("train")
    assert dependencies.explain(ModuleNotFoundError(name="flatbuffers")) is None


def test_modules_are_those_that_the_distributions_bring() -> None:
    own = dependencies.own()
    every = {item for extra in own.listed for item in own.all(extra) if extra != "test"}
    assert len(every) > 20
    for item in every:
        files = metadata.files(item.distribution) or []
        place = item.module.replace(".", "/")
        assert any(str(file).startswith((f"{place}/", f"{place}.")) for file in files), item
