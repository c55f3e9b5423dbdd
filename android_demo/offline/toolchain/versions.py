"""The version catalogue that this toolchain shares with Gradle."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolchain.maven import Artifact
from toolchain.tools import ToolchainError


@dataclass(frozen=True)
class Catalogue:
    """``gradle/libs.versions.toml``."""

    versions: dict[str, str]
    libraries: dict[str, Artifact]

    @classmethod
    def read(cls, path: Path) -> "Catalogue":
        """Read the catalogue.

        Raises:
            ToolchainError: it is missing or no valid catalogue.
        """
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ToolchainError(f"{path}: {error}") from error
        versions, libraries = content.get("versions"), content.get("libraries")
        if not isinstance(versions, dict) or not isinstance(libraries, dict):
            raise ToolchainError(f"{path}: no [versions] or no [libraries]")
        try:
            return cls(
                versions,
                {name: _artifact(name, entry, versions) for name, entry in libraries.items()},
            )
        except ToolchainError as error:
            raise ToolchainError(f"{path}: {error}") from error

    def version(self, name: str) -> str:
        """Return one of the versions.

        Raises:
            ToolchainError: the catalogue lacks it.
        """
        if name not in self.versions:
            raise ToolchainError(f"libs.versions.toml: [versions] lacks {name}")
        return self.versions[name]

    def library(self, name: str, kind: str = "jar") -> Artifact:
        """Return one of the libraries, as a file of this kind.

        Raises:
            ToolchainError: the catalogue lacks it.
        """
        if name not in self.libraries:
            raise ToolchainError(f"libs.versions.toml: [libraries] lacks {name}")
        return self.libraries[name].of_kind(kind)


def _artifact(name: str, entry: Any, versions: dict[str, str]) -> Artifact:
    """Return one library, of the one form of Gradle's that is used here."""
    try:
        group, library = entry["module"].split(":")
        version = versions[entry["version"]["ref"]]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ToolchainError(
            f'{name} is not {{ module = "GROUP:NAME", version.ref = "one of [versions]" }}'
        ) from error
    return Artifact(group, library, version)
