"""The version catalogue that this chain shares with Gradle."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from chain.maven import Artifact
from chain.tools import ChainError


@dataclass(frozen=True)
class Catalogue:
    """``gradle/libs.versions.toml``."""

    versions: dict[str, str]
    libraries: dict[str, Artifact]

    @classmethod
    def read(cls, path: Path) -> "Catalogue":
        """Read the catalogue.

        Raises:
            ChainError: it is missing or no valid catalogue.
        """
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
            versions = content["versions"]
            return cls(
                versions,
                {
                    name: Artifact(*entry["module"].split(":"), versions[entry["version"]["ref"]])
                    for name, entry in content["libraries"].items()
                },
            )
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise ChainError(f"{path}: {error}") from error
        except (KeyError, TypeError) as error:
            raise ChainError(f"{path}: no version or module for {error}") from error

    def version(self, name: str) -> str:
        """Return one of the versions.

        Raises:
            ChainError: the catalogue lacks it.
        """
        if name not in self.versions:
            raise ChainError(f"libs.versions.toml: [versions] lacks {name}")
        return self.versions[name]

    def library(self, name: str, kind: str = "jar") -> Artifact:
        """Return one of the libraries, as a file of this kind.

        Raises:
            ChainError: the catalogue lacks it.
        """
        if name not in self.libraries:
            raise ChainError(f"libs.versions.toml: [libraries] lacks {name}")
        return self.libraries[name].of_kind(kind)
