"""A saved model as its specification and its weights, from an .mlpackage or an .mlmodel."""

from __future__ import annotations

import json
from dataclasses import dataclass
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import Any

from coreml_reference.errors import DamagedFile
from coreml_reference.specification import DecodeError, ModelSpec

MODEL_PATH = "@model_path"
"""The specification's own folder, in the names of files that it refers to."""


@dataclass(frozen=True)
class Package:
    """A model on disk, an .mlpackage or a plain .mlmodel.

    Attributes:
        path: what was opened.
        spec: the ``Model`` protocol buffer.
        file: the specification's own: in the package, or the whole .mlmodel.
    """

    path: Path
    spec: Any
    file: Path

    @property
    def folder(self) -> Path:
        """The folder that files named ``@model_path/...`` are in."""
        return self.file.parent

    def read(self, name: str) -> bytes:
        """The contents of a file that the specification refers to.

        Args:
            name: such as ``@model_path/weights/weight.bin``.

        Raises:
            DamagedFile: when it lies elsewhere or cannot be read.
        """
        try:
            return self._place(name).read_bytes()
        except (OSError, ValueError) as error:
            raise DamagedFile(f"{self.path} lacks its file {name}") from error

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return self._place(name).is_file()

    def _place(self, name: str) -> Path:
        place = PurePosixPath(name)
        if place.parts[:1] != (MODEL_PATH,) or ".." in place.parts:
            raise DamagedFile(f"{self.path} keeps weights outside of itself, in {name}")
        return self.folder.joinpath(*place.parts[1:])


def open_package(path: str | PathLike[str]) -> Package:
    """Read the specification of an .mlpackage (a folder) or an .mlmodel (a file).

    Raises:
        DamagedFile: when there is no whole model.
    """
    path = Path(path)
    try:
        file = path if path.is_file() else path / _model_of(path)
        spec = ModelSpec.FromString(file.read_bytes())
    except FileNotFoundError as error:
        raise DamagedFile(f"{path} is missing, or has no model in it") from error
    except OSError as error:
        raise DamagedFile(f"cannot read {path}: {error.strerror or error}") from error
    except (DecodeError, LookupError, TypeError, ValueError) as error:
        raise DamagedFile(f"{path} is not a whole Core ML model: {error}") from error
    return Package(path, spec, file)


def _model_of(folder: Path) -> Path:
    manifest = json.loads((folder / "Manifest.json").read_text(encoding="utf-8"))
    place = PurePosixPath(manifest["itemInfoEntries"][manifest["rootModelIdentifier"]]["path"])
    if place.is_absolute() or ".." in place.parts:
        raise ValueError(f"its model is outside of it, in {place}")
    return Path("Data", *place.parts)
