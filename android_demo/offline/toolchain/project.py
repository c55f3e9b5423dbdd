"""What all steps share: the folders, the versions, and the libraries that go with them."""

import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from toolchain.layout import DEMO, Layout
from toolchain.maven import Maven
from toolchain.steps import Steps
from toolchain.tools import JAVA, ToolchainError, joined, run
from toolchain.versions import Catalogue

# The libraries with the app's runtime, unpacked from their AARs.
AARS = (
    "tensorflow-lite",
    "tensorflow-lite-api",
    "tensorflow-lite-gpu",
    "tensorflow-lite-gpu-api",
)


class Project:
    """One app with its folders, versions and libraries."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.versions = Catalogue.read(DEMO / "gradle" / "libs.versions.toml")
        self.maven = Maven(
            self.versions.version("mavenDependencyPlugin"), layout.work / "class_paths"
        )
        self.steps = Steps(layout.work / "steps")

    @cached_property
    def android(self) -> Path:
        """Android's classes and resources of the target SDK, as Robolectric publishes them."""
        artifact = self.versions.library("android-all")
        self.maven.fetch([artifact])
        return artifact.path

    @cached_property
    def compiler(self) -> list[Path]:
        """Kotlin's compiler with all that it needs."""
        return self.maven.class_path("kotlinc", [self.versions.library("kotlin-compiler")])

    @property
    def stdlib(self) -> list[Path]:
        """Kotlin's library; the compiler itself needs it too."""
        return [path for path in self.compiler if path.name.startswith("kotlin-stdlib-")]

    @cached_property
    def libraries(self) -> list[Path]:
        """The runtime's classes; they are there once the AARs are unpacked."""
        return [self.layout.work / "libraries" / f"{name}.jar" for name in AARS]

    def inputs(self, class_path: Iterable[Path]) -> list[Path | str]:
        """Return what a step reads of a class path.

        What Maven fetched has its version in its path; what was made here is told by its content.
        """
        paths = list(class_path)
        made = (path for path in paths if path.is_relative_to(self.layout.work))
        return [joined(paths), self.versions.version("jvmTarget"), *made]

    @property
    def package(self) -> str:
        """The app's Java package, as its Gradle build says."""
        build = self.layout.app / "build.gradle.kts"
        if not build.exists():
            raise ToolchainError(f"{build} is missing: --app names the app's folder")
        found = re.search(r'namespace = "([\w.]+)"', build.read_text(encoding="utf-8"))
        if found is None:
            raise ToolchainError(f"{build} does not say: namespace = ...")
        return found[1]

    @property
    def java_home(self) -> Path:
        """The folder of the JDK that runs everything here."""
        shown = run(["java", "-XshowSettings:properties", "-version"])
        found = re.search(r"java\.home = (.+)", shown)
        if found is None:
            raise ToolchainError("java does not say where it is installed")
        return Path(found[1].strip())

    def kotlinc(
        self,
        module: str,
        sources: list[Path],
        class_path: list[Path],
        friends: list[Path] | None = None,
    ) -> None:
        """Compile a module's Kotlin; it sees what is internal to its friends."""
        if not sources:
            raise ToolchainError(f"{module}: no Kotlin sources")
        run(
            [
                *JAVA,
                "-Xmx1500m",
                "-cp",
                joined(self.compiler),
                "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler",
                "-no-stdlib",
                "-no-reflect",
                *("-jvm-target", self.versions.version("jvmTarget")),
                *("-module-name", module),
                *(f"-Xfriend-paths={path}" for path in friends or ()),
                *("-cp", joined(class_path)),
                *("-d", self.layout.classes(module)),
                *sources,
            ]
        )

    def javac(self, module: str, sources: list[Path], class_path: list[Path]) -> None:
        """Compile a module's Java."""
        release = self.versions.version("jvmTarget")
        run(
            [
                *("javac", "-nowarn", "-Xlint:-options", "-source", release, "-target", release),
                *("-cp", joined(class_path), "-d", self.layout.classes(module)),
                *sources,
            ]
        )
