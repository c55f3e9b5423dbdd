"""The app's tests on the JVM, under Robolectric with native graphics.

Each SDK level has a JVM of its own: a native library is loaded once per JVM, and Robolectric has a
class loader per level.
"""

import os
import subprocess
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from toolchain.apk import app_classes, compile_app
from toolchain.layout import OFFLINE
from toolchain.project import Project
from toolchain.steps import empty, files_of
from toolchain.tools import JAVA, ToolchainError, joined, require

HERE = OFFLINE / "robolectric"
LONGEST = 600
"""Seconds for all tests of an SDK level, which take less than a tenth of that."""


def test(
    project: Project,
    *,
    words: str = "",
    sdks: Sequence[int] = (),
    screenshots: Path | None = None,
    properties: Iterable[str] = (),
    natives: Path | None = None,
    shim: Path | None = None,
) -> bool:
    """Compile the app with its tests and run them; return whether all passed.

    Args:
        project: the app.
        words: only tests whose ``package.Class#method`` contains one of these, by commas.
        sdks: SDK levels; all that the app's tests are fetched for where empty.
        screenshots: where tests write what the screen shows.
        properties: more of the JVM's properties, as ``key=value``.
        natives: the folder of the app's native library, for tests that execute it.
        shim: the folder of the glibc shim that it needs (see :mod:`toolchain.shim`).
    """
    require("java", "javac", "aapt2")
    compile_app(project)
    libraries = test_libraries(project)
    compile_tests(project, libraries)
    levels = {int(project.versions.version(name)) for name in ("minSdk", "targetSdk")}
    if unknown := set(sdks) - levels:
        raise ToolchainError(f"SDK {min(unknown)}: tests run on {sorted(levels)}")
    measured = project.layout.out / "tests" / "benchmark"
    options = [f"-Dfacestyle.benchmarks={measured}", *(f"-D{one}" for one in properties)]
    if screenshots is not None:
        options.append(f"-Dfacestyle.screenshots={screenshots.resolve()}")
    if natives is not None:
        options.append(f"-Djava.library.path={natives}")
    env = {} if shim is None else {"LD_LIBRARY_PATH": str(shim)}
    return all(
        [_run(project, libraries, level, words, options, env) for level in sdks or sorted(levels)]
    )


def test_libraries(project: Project) -> list[Path]:
    """Fetch and return JUnit, Robolectric and what they need."""
    names = ("junit", "robolectric", "robolectric-nativeruntime")
    return project.maven.class_path(
        "robolectric", [project.versions.library(name) for name in names]
    )


def frameworks(project: Project) -> Path:
    """Fetch Android's instrumented classes of each SDK level; return the folder that has them."""
    found = [
        project.versions.library(f"android-instrumented-{which}") for which in ("min", "target")
    ]
    project.maven.fetch(found)
    folder = empty(project.layout.work / "frameworks")
    for artifact in found:
        (folder / artifact.path.name).symlink_to(artifact.path)
    return folder


def compile_tests(project: Project, libraries: list[Path]) -> None:
    """Compile the stubs, the runner and the app's tests."""
    layout = project.layout
    stubs = files_of(HERE / "stubs", suffix=".java")
    runner = files_of(HERE / "runner", suffix=".java")
    for name, sources, class_path in (
        ("stubs", stubs, [project.android]),
        ("runner", runner, libraries),
    ):
        project.steps.run(
            f"javac {name}",
            [*sources, *project.inputs(class_path)],
            [layout.classes(name)],
            partial(project.javac, name, sources, class_path),
        )
    tests = files_of(layout.app / "src" / "test" / "kotlin", suffix=".kt")
    class_path = [
        project.android,
        layout.classes("stubs"),
        *libraries,
        *project.stdlib,
        *project.libraries,
        *app_classes(project),
    ]

    def action() -> None:
        empty(layout.classes("test"))
        project.kotlinc("test", tests, class_path, friends=[layout.classes("app")])

    reads = [*tests, *project.inputs(class_path)]
    project.steps.run("kotlinc test", reads, [layout.classes("test")], action)


def _run(
    project: Project,
    libraries: list[Path],
    sdk: int,
    words: str,
    options: list[str],
    env: dict[str, str],
) -> bool:
    """Run all test classes on one SDK level; return whether all passed."""
    layout = project.layout
    classes = [
        path.relative_to(layout.classes("test")).with_suffix("").as_posix().replace("/", ".")
        for path in files_of(layout.classes("test"), suffix="Test.class")
    ]
    if not classes:
        raise ToolchainError(f"{layout.app}/src/test/kotlin has no class whose name ends in Test")
    report = layout.out / "tests" / f"TEST-sdk{sdk}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    class_path = [
        layout.classes("test"),
        _configuration(project),
        layout.classes("runner"),
        layout.classes("stubs"),
        *app_classes(project),
        *project.libraries,
        *project.stdlib,
        *libraries,
        project.android,  # last: what Robolectric has must win
    ]
    print(f"tests on SDK {sdk}", flush=True)
    command = [
        *(*JAVA, "-Xmx3g"),
        *(f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in ("java.lang", "java.io")),
        "-Drobolectric.offline=true",
        f"-Drobolectric.dependency.dir={frameworks(project)}",
        f"-Drobolectric.enabledSdks={sdk}",
        *options,
        *("-cp", joined(class_path), "TestRun", str(report), f"SDK {sdk}", words, *classes),
    ]
    try:
        # Paths in tests are relative to the module, as in Gradle.
        status = subprocess.run(
            command, cwd=layout.app, env={**os.environ, **env}, check=False, timeout=LONGEST
        ).returncode
    except subprocess.TimeoutExpired as error:
        raise ToolchainError(f"the tests on SDK {sdk} hang: ended after {LONGEST} s") from error
    if status == 3:
        found = f"no test's name contains {words!r}" if words else "there are no tests"
        raise ToolchainError(found)
    return status == 0


def _configuration(project: Project) -> Path:
    """Tell Robolectric where the app's resources are; return the folder for the class path."""
    layout = project.layout
    folder = layout.work / "robolectric"
    file = folder / "com" / "android" / "tools" / "test_config.properties"
    file.parent.mkdir(parents=True, exist_ok=True)
    assets = layout.main / "assets"
    file.write_text(
        f"android_resource_apk={layout.base}\n"
        f"android_merged_manifest={layout.manifest}\n"
        f"android_merged_assets={assets}\n"
        f"android_custom_package={project.package}\n",
        encoding="utf-8",
    )
    return folder
