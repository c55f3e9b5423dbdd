"""``facestyle coreml``: execute any Core ML file, on any system."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facestyle.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from coreml_reference import Feature, Model

SUFFIXES = (".mlpackage", ".mlmodel")

EPILOG = (
    "Examples:\n\n"
    "  facestyle coreml show build/mobile_stylizer_256x256_fp16.mlpackage\n\n"
    "  facestyle coreml run build/mobile_stylizer_256x256_fp16.mlpackage --input content=me.jpg "
    "--input style_code=build/styles.json:great_wave --input strength=1"
)


@click.group(epilog=EPILOG)
def coreml() -> None:
    """Execute saved Core ML files with a reference runtime, on any system."""


@coreml.command(epilog=EPILOG)
@click.argument("file", type=click.Path(path_type=Path))
def show(file: Path) -> int:
    """Say what a model takes and gives."""
    model = _load(file)
    for word, features in (("input", model.inputs), ("output", model.outputs)):
        for feature in features.values():
            click.echo(f"{word:7} {feature.name}: {_what(feature)}. {feature.description}".strip())
    return 0


@coreml.command(epilog=EPILOG)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--input",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="A picture, a number, an array in .npy, or styles.json:STYLE; one for each input.",
)
@click.option("--out", default=Path("coreml"), show_default=True, type=click.Path(path_type=Path))
def run(file: Path, given: tuple[str, ...], out: Path) -> int:
    """Execute a model: pictures in, pictures out.

    Pictures are scaled and cropped to the size that the model takes. Writes NAME.png for each
    image that comes out and NAME.npy for each array.
    """
    import time

    import numpy as np

    from export.coreml_errors import as_user_errors
    from facestyle.files import atomic, check_folder

    check_folder(out)
    model = _load(file)
    values = _values(model, given)
    start = time.perf_counter()
    with as_user_errors(file):
        results = model.run(values)
    taken = time.perf_counter() - start
    for name, value in results.items():
        if not value.isfinite().all():
            raise UserError(f"{file}: its output {name} is not finite for these inputs")
    for name, value in results.items():
        feature = model.outputs[name]
        path = out / f"{name}{'.npy' if feature.colours is None else '.png'}"
        with atomic(path) as temporary:
            if feature.colours is None:
                np.save(temporary, value.numpy())
            else:
                feature.to_image(value).save(temporary)
        low, high = float(value.min()), float(value.max())
        click.echo(f"{path}: {_what(feature)}, from {low:.4g} to {high:.4g}")
    click.secho(f"executed in {taken:.2f} s", fg="green", bold=True)
    return 0


def _load(file: Path) -> Model:
    from coreml_reference import load
    from export.coreml_errors import as_user_errors

    if file.suffix not in SUFFIXES:
        raise UserError(f"{file} is no Core ML file; {' and '.join(SUFFIXES)} are")
    if not file.exists():
        raise UserError(f"{file}: no such file")
    if sys.stderr.isatty():
        click.echo(f"loading {file}", err=True)
    with as_user_errors(file):
        return load(file)


def _values(model: Model, given: tuple[str, ...]) -> dict[str, Tensor]:
    from facestyle.errors import unknown

    texts = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"--input {text}: write NAME=VALUE, such as strength=1")
        if name not in model.inputs:
            raise unknown("input", name, model.inputs)
        if name in texts:
            raise UserError(f"--input {name} is given twice")
        texts[name] = value
    for name, feature in model.inputs.items():
        if name not in texts:
            raise UserError(f"input {name} is missing: add --input {name}=... ({_what(feature)})")
    return {name: _value(feature, texts[name]) for name, feature in model.inputs.items()}


def _value(feature: Feature, text: str) -> Tensor:
    import torch

    from facestyle import images

    if feature.colours is not None:
        height, width = feature.shape[2:]
        pixels = images.cover(images.load(Path(text)), height, width)
        picture = images.to_image(pixels)
        return feature.from_image(picture)
    values = _number(feature, text) if _is_number(text) else _array(feature, text)
    if not torch.isfinite(values).all():
        raise UserError(f"--input {feature.name}={text} is not finite")
    return values.reshape(feature.shape).to(feature.dtype)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(feature: Feature, text: str) -> Tensor:
    import torch

    if math.prod(feature.shape) != 1:
        raise UserError(
            f"--input {feature.name}={text}: one number is not enough for {_what(feature)}"
        )
    return torch.tensor(float(text))


def _array(feature: Feature, text: str) -> Tensor:
    import numpy as np
    import torch

    from facestyle.style import StyleBook

    path, colon, style = text.rpartition(":")
    try:
        if colon and path.endswith(".json"):
            values = torch.tensor(StyleBook.load(Path(path))[style].values)
        else:
            array = np.load(text)
            if np.asarray(array).dtype.kind not in "fiu":
                raise ValueError(array)
            values = torch.from_numpy(array)
    except (OSError, TypeError, ValueError) as error:
        raise UserError(
            f"--input {feature.name}={text}: neither a number, nor an array of numbers in .npy, "
            "nor styles.json:STYLE"
        ) from error
    if values.numel() != math.prod(feature.shape):
        raise UserError(
            f"{text} has {values.numel()} values; {feature.name} takes {_what(feature)}"
        )
    return values


def _what(feature: Feature) -> str:
    if feature.colours is not None:
        height, width = feature.shape[2:]
        return f"{feature.colours} picture of {width} x {height} pixels"
    shape = " x ".join(str(n) for n in feature.shape) or "of any size"
    return f"array {shape}, {str(feature.dtype).removeprefix('torch.')}"
