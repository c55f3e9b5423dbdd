"""Libraries from Maven Central, fetched by Maven into its own folder, once."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from toolchain.tools import require, run

LOCAL = Path.home() / ".m2" / "repository"
# Only Google Maven has these; stubs stand in for the first (robolectric/stubs), nothing needs the
# others.
NOT_ON_CENTRAL = (
    "androidx.test",
    "androidx.test.espresso",
    "androidx.test.services",
    "com.google.testparameterinjector",
)


@dataclass(frozen=True)
class Artifact:
    """One file of a Maven repository."""

    group: str
    name: str
    version: str
    kind: str = "jar"

    @property
    def path(self) -> Path:
        """Where Maven keeps it."""
        folder = LOCAL.joinpath(*self.group.split("."), self.name, self.version)
        return folder / f"{self.name}-{self.version}.{self.kind}"

    @property
    def coordinates(self) -> str:
        """As Maven writes it."""
        return f"{self.group}:{self.name}:{self.version}:{self.kind}"

    def of_kind(self, kind: str) -> "Artifact":
        """Return the file of another kind, as an ``aar``."""
        return replace(self, kind=kind)


class Maven:
    """Maven, with the plugin's version pinned."""

    def __init__(self, plugin_version: str, work: Path) -> None:
        self._plugin = f"org.apache.maven.plugins:maven-dependency-plugin:{plugin_version}"
        self._work = work

    def fetch(self, artifacts: Iterable[Artifact]) -> None:
        """Fetch the files that are not there, without what they depend on."""
        for artifact in artifacts:
            if not artifact.path.exists():
                print(f"  fetching {artifact.coordinates}", flush=True)
                self._run("get", f"-Dartifact={artifact.coordinates}", "-Dtransitive=false")

    def class_path(self, name: str, artifacts: Sequence[Artifact]) -> list[Path]:
        """Return these libraries and all that they depend on, fetched if need be."""
        project = _project(artifacts)
        digest = hashlib.sha256(project.encode()).hexdigest()[:12]
        resolved = self._work / f"{name}-{digest}.txt"
        if resolved.exists() and all(path.exists() for path in _listed(resolved)):
            return _listed(resolved)
        print(f"  resolving the class path of {name}", flush=True)
        self._work.mkdir(parents=True, exist_ok=True)
        pom = self._work / f"{name}.pom.xml"
        pom.write_text(project, encoding="utf-8")
        self._run("build-classpath", "-f", str(pom), f"-Dmdep.outputFile={resolved}")
        return _listed(resolved)

    def _run(self, goal: str, *arguments: str) -> None:
        require("mvn")
        run(["mvn", "-B", "-q", f"{self._plugin}:{goal}", *arguments])


def _listed(resolved: Path) -> list[Path]:
    """Return the files of a class path that Maven wrote."""
    return [Path(path) for path in resolved.read_text(encoding="utf-8").strip().split(os.pathsep)]


def _project(artifacts: Sequence[Artifact]) -> str:
    """Return a project that depends on these libraries."""
    exclusions = "".join(
        f"<exclusion><groupId>{group}</groupId><artifactId>*</artifactId></exclusion>"
        for group in NOT_ON_CENTRAL
    )
    dependencies = "\n".join(
        f"    <dependency><groupId>{one.group}</groupId><artifactId>{one.name}</artifactId>"
        f"<version>{one.version}</version><exclusions>{exclusions}</exclusions></dependency>"
        for one in artifacts
    )
    return f"""<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.facestyle</groupId><artifactId>offline</artifactId><version>1</version>
  <dependencies>
{dependencies}
  </dependencies>
</project>
"""
