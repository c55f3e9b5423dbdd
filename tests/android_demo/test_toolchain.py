"""The sample app's build without Gradle: its parts, without Maven, network or a JDK."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from toolchain import api_level, apk, maven, project, shim, tools
from toolchain.layout import DEMO, Layout
from toolchain.maven import Artifact, Maven
from toolchain.project import AARS, Project
from toolchain.steps import Steps, empty, files_of
from toolchain.tools import ToolchainError
from toolchain.versions import Catalogue

from tests.conftest import OFFLINE, Outcome, assert_refused

CATALOGUE = """
[versions]
one = "1.5"
[libraries]
made = { module = "org.made:thing", version.ref = "one" }
"""

MANIFEST = '<manifest xmlns:android="x"><application android:name=".Made"/></manifest>'

XML_TREE = """\
N: android=http://schemas.android.com/apk/res/android (line=2)
  E: manifest (line=2)
    A: package="org.made" (Raw: "org.made")
      E: uses-permission (line=5)
        A: http://schemas.android.com/apk/res/android:name(0x01010003)="android.permission.CAMERA"
      E: application (line=12)
        A: http://schemas.android.com/apk/res/android:label(0x01010001)=@0x7f070004
        A: http://schemas.android.com/apk/res/android:name(0x01010003)=".App" (Raw: ".App")
          E: uses-native-library (line=25)
            A: http://schemas.android.com/apk/res/android:name(0x01010003)="libOpenCL.so"
          E: activity (line=27)
            A: http://schemas.android.com/apk/res/android:name(0x01010003)="org.other.Screen"
              E: action (line=31)
                A: http://schemas.android.com/apk/res/android:name(0x01010003)="MAIN"
          E: activity (line=37)
            A: http://schemas.android.com/apk/res/android:name(0x01010003)=".inner.Screen"
          E: service (line=40)
            A: http://schemas.android.com/apk/res/android:name(0x01010003)="Plain"
"""


@pytest.fixture
def made(tmp_path: Path) -> Project:
    """An app of next to nothing, with the real catalogue."""
    layout = Layout(app=tmp_path / "app", core=tmp_path / "core", out=tmp_path / "out")
    layout.main.mkdir(parents=True)
    (layout.app / "build.gradle.kts").write_text('namespace = "org.made"\n')
    (layout.main / "AndroidManifest.xml").write_text(MANIFEST)
    return Project(layout)


def assert_one_line(error: pytest.ExceptionInfo[ToolchainError], *words: str) -> None:
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)


# The catalogue


def catalogue(folder: Path, text: str) -> Catalogue:
    path = folder / "libs.versions.toml"
    path.write_text(text, encoding="utf-8")
    return Catalogue.read(path)


def test_the_catalogue_is_read(tmp_path: Path) -> None:
    found = catalogue(tmp_path, CATALOGUE)
    assert found.version("one") == "1.5"
    assert found.library("made") == Artifact("org.made", "thing", "1.5")
    assert found.library("made", "aar").kind == "aar"


def test_a_missing_catalogue_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError) as error:
        Catalogue.read(tmp_path / "none.toml")
    assert_one_line(error, "none.toml", "No such file")


def test_bytes_that_are_no_text_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "libs.versions.toml"
    path.write_bytes(b'[versions]\none = "\xff"\n')
    with pytest.raises(ToolchainError) as error:
        Catalogue.read(path)
    assert_one_line(error, str(path), "decode")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[versions\n", "line 1"),
        ("", "no [versions]"),
        ("[versions]\n", "no [libraries]"),
        ("versions = 3\n[libraries]\n", "no [versions]"),
        ("libraries = []\n[versions]\n", "no [libraries]"),
        (CATALOGUE.replace('"one" }', '"two" }'), "made is not"),
        (CATALOGUE.replace("version.ref", "version"), "made is not"),
        (CATALOGUE.replace("org.made:thing", "thing"), "made is not"),
        (CATALOGUE.replace("org.made:thing", "org.made:thing:2"), "made is not"),
        (CATALOGUE.replace("module", "modul"), "made is not"),
        (CATALOGUE.replace('"org.made:thing"', "3"), "made is not"),
        ('[versions]\n[libraries]\nmade = "org.made:thing:1.5"\n', "made is not"),
    ],
)
def test_a_malformed_catalogue_is_one_line(tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises(ToolchainError) as error:
        catalogue(tmp_path, text)
    assert_one_line(error, "libs.versions.toml", word)


def test_what_the_catalogue_lacks_is_one_line(tmp_path: Path) -> None:
    found = catalogue(tmp_path, CATALOGUE)
    with pytest.raises(ToolchainError) as error:
        found.version("two")
    assert_one_line(error, "[versions] lacks two")
    with pytest.raises(ToolchainError) as error:
        found.library("thing")
    assert_one_line(error, "[libraries] lacks thing")


# Maven


def test_an_artifact_lies_where_maven_keeps_it() -> None:
    artifact = Artifact("org.made.deep", "thing", "1.5")
    assert artifact.coordinates == "org.made.deep:thing:1.5:jar"
    assert artifact.path == maven.LOCAL / "org/made/deep/thing/1.5/thing-1.5.jar"
    assert artifact.of_kind("aar").path.name == "thing-1.5.aar"
    assert artifact.of_kind("aar").coordinates == "org.made.deep:thing:1.5:aar"


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """What Maven is told; it answers a class path of one file."""
    told: list[list[str]] = []
    monkeypatch.setattr(maven, "LOCAL", tmp_path / "repository")
    monkeypatch.setattr(maven, "require", lambda *programs: None)

    def run(command: list[str]) -> str:
        told.append(command)
        for word in command:
            if word.startswith("-Dmdep.outputFile="):
                jar = tmp_path / "thing.jar"
                jar.touch()
                Path(word.partition("=")[2]).write_text(f"{jar}{os.pathsep}{jar}\n")
        return ""

    monkeypatch.setattr(maven, "run", run)
    return told


def test_only_what_is_not_there_is_fetched(commands: list[list[str]], tmp_path: Path) -> None:
    there, missing = Artifact("g", "there", "1"), Artifact("g", "missing", "2", "aar")
    there.path.parent.mkdir(parents=True)
    there.path.touch()
    Maven("3", tmp_path).fetch([there, missing])
    assert [word for command in commands for word in command if "artifact=" in word] == [
        "-Dartifact=g:missing:2:aar"
    ]


def test_a_class_path_is_resolved_once(commands: list[list[str]], tmp_path: Path) -> None:
    made = Maven("3", tmp_path / "class_paths")
    one, two = Artifact("g", "one", "1"), Artifact("g", "two", "1")
    jar = tmp_path / "thing.jar"
    assert made.class_path("made", [one]) == [jar, jar]
    assert made.class_path("made", [one]) == [jar, jar]
    assert len(commands) == 1
    made.class_path("made", [one, two])
    assert len(commands) == 2
    jar.unlink()
    made.class_path("made", [one])
    assert len(commands) == 3
    assert "<artifactId>one</artifactId>" in (tmp_path / "class_paths/made.pom.xml").read_text()


# Steps


class Step:
    """One step that counts how often it ran."""

    def __init__(self, folder: Path) -> None:
        self.steps = Steps(folder / "steps")
        self.folder = folder / "read"
        self.file = folder / "file.txt"
        self.output = folder / "output.txt"
        self.words: list[str] = ["word"]
        self.times = 0
        self.folder.mkdir()
        (self.folder / "one.txt").write_text("1")
        self.file.write_text("1")

    def action(self) -> None:
        self.times += 1
        self.output.write_text("made")

    def run(self) -> bool:
        reads: list[Path | str] = [self.folder, self.file, *self.words]
        return self.steps.run("made up", reads, [self.output], self.action)


@pytest.fixture
def step(tmp_path: Path) -> Step:
    return Step(tmp_path)


def test_a_step_runs_once(step: Step, capsys: pytest.CaptureFixture[str]) -> None:
    assert [step.run(), step.run(), step.run()] == [True, False, False]
    assert step.times == 1
    assert capsys.readouterr().out.splitlines()[1].split() == ["made", "up", "unchanged"]


def test_a_step_runs_again_when_what_it_reads_changes(step: Step) -> None:
    def changed(change: Any) -> bool:
        step.run()
        change()
        return step.run() and not step.run()

    inner = step.folder / "deep" / "two.txt"
    assert changed(lambda: step.file.write_text("2"))
    assert changed(lambda: (step.folder / "one.txt").write_text("2"))
    inner.parent.mkdir()
    assert changed(lambda: inner.write_text("1"))
    assert changed(lambda: inner.rename(step.folder / "moved.txt"))
    assert changed(lambda: (step.folder / "moved.txt").unlink())
    assert changed(lambda: step.words.append("another"))
    assert changed(lambda: step.words.__setitem__(slice(None), ["wordanother"]))


def test_a_step_runs_again_when_its_output_is_missing(step: Step) -> None:
    step.run()
    step.output.unlink()
    assert step.run()
    assert step.output.exists()


def test_a_step_that_fails_is_not_remembered(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise ToolchainError("no")

    step.run()
    with monkeypatch.context() as patched:
        patched.setattr(step, "action", fails)
        step.file.write_text("2")
        with pytest.raises(ToolchainError):
            step.run()
    # What the failure left behind is not taken for well, not even from the former inputs.
    step.file.write_text("1")
    assert step.run()


def test_a_missing_input_is_one_line(step: Step) -> None:
    step.file.unlink()
    with pytest.raises(ToolchainError) as error:
        step.run()
    assert_one_line(error, "file.txt is missing")


def test_files_of_some_folders(tmp_path: Path) -> None:
    for name in ("b/two.kt", "a/deep/one.kt", "a/one.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a" / "folder.kt").mkdir()
    a, b = tmp_path / "a", tmp_path / "b"
    assert files_of(b, a, suffix=".kt") == [a / "deep" / "one.kt", b / "two.kt"]
    assert files_of(a) == [a / "deep" / "one.kt", a / "one.txt"]
    assert files_of(tmp_path / "none") == []


def test_empty_leaves_a_folder_without_anything(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert empty(folder) == folder
    (folder / "c").mkdir()
    (folder / "c" / "file").touch()
    assert list(empty(folder).iterdir()) == []


# Programs


def test_missing_programs_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolchainError) as error:
        tools.require("java", "javac", "aapt2")
    assert str(error.value) == (
        "java, javac, aapt2 not found: sudo apt-get install openjdk-17-jdk-headless aapt"
    )


def test_nothing_is_said_of_programs_that_are_there() -> None:
    tools.require(sys.executable)


def test_each_required_program_has_a_package() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (OFFLINE / "toolchain").glob("*.py")]
    calls = [call for text in texts for call in re.findall(r"require\(([^)*]+)\)", text)]
    names = {name for call in calls for name in re.findall(r'"([^"]+)"', call)}
    assert {"mvn", "aapt2", "qemu-aarch64-static"} <= names
    names |= {machine.compiler for machine in shim.MACHINES.values()}
    assert names <= tools.DEBIAN.keys()


def test_what_a_program_printed_is_returned() -> None:
    script = "import os, sys; print(os.environ['MADE']); print('err', file=sys.stderr)"
    shown = tools.run([sys.executable, "-c", script], env={"MADE": "made"})
    assert sorted(shown.splitlines()) == ["err", "made"]


def test_a_failure_ends_in_the_last_lines() -> None:
    script = "[print(i) for i in range(99)]; raise SystemExit(3)"
    with pytest.raises(ToolchainError) as error:
        tools.run([sys.executable, "-c", script])
    first, *rest = str(error.value).splitlines()
    assert first == f"{Path(sys.executable).name} failed (3)"
    assert rest == [str(i) for i in range(69, 99)]


def test_a_silent_failure_is_one_line() -> None:
    with pytest.raises(ToolchainError) as error:
        tools.run([sys.executable, "-c", "raise SystemExit(4)"])
    assert_one_line(error, "failed (4)")


def test_a_program_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError) as error:
        tools.run([tmp_path / "python"])
    assert_one_line(error, "python cannot be run")


def test_a_class_path() -> None:
    assert tools.joined([Path("a"), Path("b")]) == f"a{os.pathsep}b"


# The app


def test_everything_made_lies_in_one_folder(tmp_path: Path) -> None:
    layout = Layout(out=tmp_path)
    made = (layout.apk, layout.manifest, layout.base, layout.classes("a"), layout.natives("b"))
    assert all(path.is_relative_to(tmp_path) for path in made)
    assert len(set(made)) == len(made)
    assert layout.main == DEMO / "app" / "src" / "main"
    assert layout.main.is_dir()
    assert layout.core.is_dir()


def test_the_manifest_gets_what_gradle_adds(made: Project) -> None:
    text = apk.merged_manifest(made).read_text(encoding="utf-8")
    assert text == MANIFEST.replace("<manifest ", '<manifest package="org.made" ').replace(
        "<application ", '<application android:extractNativeLibs="false" '
    )


@pytest.mark.parametrize(
    ("element", "attribute"),
    [("manifest", "package"), ("application", "android:extractNativeLibs")],
)
def test_what_gradle_refuses_in_a_manifest_is_refused(
    made: Project, element: str, attribute: str
) -> None:
    own = MANIFEST.replace(f"<{element} ", f'<{element} {attribute}="own" ')
    (made.layout.main / "AndroidManifest.xml").write_text(own, encoding="utf-8")
    with pytest.raises(ToolchainError, match=f"leave out {attribute}"):
        apk.merged_manifest(made)


def test_another_folder_than_an_app_is_one_line(made: Project) -> None:
    (made.layout.main / "AndroidManifest.xml").unlink()
    with pytest.raises(ToolchainError) as error:
        apk.merged_manifest(made)
    assert_one_line(error, "AndroidManifest.xml is missing", "--app")
    build = made.layout.app / "build.gradle.kts"
    build.write_text("plugins {}\n")
    with pytest.raises(ToolchainError) as error:
        _ = made.package
    assert_one_line(error, "does not say: namespace")
    build.unlink()
    with pytest.raises(ToolchainError) as error:
        _ = made.package
    assert_one_line(error, "build.gradle.kts is missing")


def test_the_classes_that_a_manifest_names() -> None:
    assert apk.components(XML_TREE) == [
        "org.made.App",
        "org.other.Screen",
        "org.made.inner.Screen",
        "org.made.Plain",
    ]


def test_a_class_that_r8_left_out_is_one_line(
    made: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["org/made/App", "org/other/Screen", "org/made/inner/Screen", "org/made/Plain"]
    dex = empty(made.layout.work / "dex") / "classes.dex"
    dex.touch()

    def built(content: str) -> None:
        with zipfile.ZipFile(made.layout.apk, "w") as archive:
            archive.writestr("classes.dex", content)

    def run(command: list[Any]) -> str:
        shown = "".join(f"  Class descriptor  : 'L{name};'\n" for name in names)
        return {"dexdump": shown, "aapt2": XML_TREE}.get(command[0], "")

    monkeypatch.setattr(apk, "run", run)
    built("all")
    apk.check(made)
    names.remove("org/made/Plain")
    built("all but one")
    with pytest.raises(ToolchainError) as error:
        apk.check(made)
    assert_one_line(error, "org.made.Plain is not in the dex files")


@pytest.mark.parametrize("name", ["lib/x86_64/libmade.so", "assets/made.tflite"])
def test_a_compressed_file_that_is_mapped_is_one_line(
    made: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(apk, "run", lambda command: "")
    made.layout.out.mkdir()
    with zipfile.ZipFile(made.layout.apk, "w") as archive:
        archive.writestr(name, "", zipfile.ZIP_DEFLATED)
    with pytest.raises(ToolchainError) as error:
        apk.check(made)
    assert_one_line(error, f"{name} is compressed")


def test_an_archive_has_the_same_bytes_every_time(tmp_path: Path) -> None:
    def made(name: str) -> bytes:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            apk.add_entry(archive, "file", b"content", zipfile.ZIP_DEFLATED)
        return (tmp_path / name).read_bytes()

    first = made("one.zip")
    os.utime(tmp_path / "one.zip", (0, 0))
    assert made("two.zip") == first


def test_only_libraries_of_the_two_processors_are_unpacked(
    made: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(maven, "LOCAL", tmp_path / "repository")
    for name in AARS:
        path = made.versions.library(name, "aar").path
        path.parent.mkdir(parents=True)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("classes.jar", name)
            for abi in ("arm64-v8a", "x86_64", "armeabi-v7a"):
                archive.writestr(f"jni/{abi}/", "")
                archive.writestr(f"jni/{abi}/lib{name}.so", abi)
    apk.unpack(made)
    assert [path.read_text() for path in made.libraries] == list(AARS)
    natives = made.layout.work / "natives"
    assert sorted(path.name for path in natives.iterdir()) == ["arm64-v8a", "x86_64"]
    for name in AARS:
        assert (made.layout.natives("x86_64") / f"lib{name}.so").read_text() == "x86_64"


def test_a_changed_library_is_compiled_against_anew(
    made: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its path has no version in it: the step must look at what is in the file."""
    library = made.layout.work / "libraries" / "made.jar"
    library.parent.mkdir(parents=True)
    library.write_text("1")
    times = []
    monkeypatch.setattr(made, "kotlinc", lambda *arguments: times.append(arguments))
    for content in ("1", "1", "2"):
        library.write_text(content)
        apk.compile_kotlin(made, "app", [], [library])
    assert len(times) == 2


def test_no_sources_are_one_line(made: Project) -> None:
    with pytest.raises(ToolchainError) as error:
        made.kotlinc("app", [], [])
    assert_one_line(error, "app: no Kotlin sources")


def test_the_jdk_is_found_by_what_it_says(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = "Property settings:\n    java.home = /usr/lib/jvm/made \n    java.io.tmpdir = /tmp\n"
    monkeypatch.setattr(project, "run", lambda command: shown)
    assert made.java_home == Path("/usr/lib/jvm/made")
    monkeypatch.setattr(project, "run", lambda command: "")
    with pytest.raises(ToolchainError) as error:
        _ = made.java_home
    assert_one_line(error, "java does not say")


# The oldest Android


def test_what_the_oldest_android_lacks_is_a_line_each() -> None:
    one = "[ERROR] /app/Made.kt:5: Undefined reference: android.view.Display org.Made.getDisplay()"
    shown = f"Picked up JAVA_TOOL_OPTIONS\n[INFO] Wrote signatures.\n{one}\n{one}\n[ERROR] else\n"
    assert api_level.complaints(shown, "26") == [
        "/app/Made.kt:5: API 26 lacks android.view.Display org.Made.getDisplay()",
        "else",
    ]


@pytest.fixture
def sniffed(made: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What Animal Sniffer is said to have printed."""
    shown = [""]
    monkeypatch.setattr(made.maven, "class_path", lambda *arguments: [])
    monkeypatch.setattr(made.maven, "fetch", lambda artifacts: None)
    monkeypatch.setattr(made, "javac", lambda *arguments: None)
    monkeypatch.setattr(api_level, "run", lambda command: shown[0])
    for path in made.libraries:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return shown


def test_the_app_is_held_to_its_oldest_android(made: Project, sniffed: list[str]) -> None:
    program = [empty(made.layout.classes("app"))]
    sniffed[0] = "[ERROR] Made.kt:5: Undefined reference: void org.Made.setThing(int)\n"
    for _ in range(2):  # a failure is not remembered as done
        with pytest.raises(ToolchainError) as error:
            api_level.check(made, program)
        assert_one_line(error, "Made.kt:5: API 26 lacks void org.Made.setThing(int)", "@TargetApi")
    sniffed[0] = "[INFO] Wrote signatures.\n"
    api_level.check(made, program)


# The command line


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("offline_build", OFFLINE / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def outcome(build: ModuleType, capsys: pytest.CaptureFixture[str], *arguments: object) -> Outcome:
    code = build.main([str(part) for part in arguments])
    captured = capsys.readouterr()
    return Outcome(code, captured.out, captured.err)


def raises(error: Exception) -> Any:
    def function(*arguments: object, **words: object) -> None:
        raise error

    return function


@pytest.mark.parametrize(("well", "code"), [(True, 0), (False, 1)])
def test_a_failed_test_is_exit_code_1(
    build: ModuleType,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    well: bool,
    code: int,
) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr(
        build.robolectric, "test", lambda project, **words: asked.update(words) or well
    )
    found = outcome(build, capsys, "--out", tmp_path, "test", "Screen", "--sdk", 34)
    assert (found.code, found.err) == (code, "")
    assert asked["words"] == "Screen"
    assert asked["sdks"] == [34]


@pytest.mark.parametrize(("command", "name"), [("shim", "jvm"), ("run-arm64", "arm64")])
def test_a_file_that_computes_something_else_is_exit_code_1(
    build: ModuleType,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    command: str,
    name: str,
) -> None:
    function = "run_on_jvm" if name == "jvm" else "run_on_arm64"
    monkeypatch.setattr(build.shim, function, lambda *arguments: False)
    assert outcome(build, capsys, "--out", tmp_path, command, tmp_path).code == 1
    monkeypatch.setattr(build.shim, function, lambda *arguments: True)
    assert outcome(build, capsys, "--out", tmp_path, command, tmp_path).code == 0


def test_a_built_apk_is_named(
    build: ModuleType,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    made = tmp_path / "made.apk"
    made.write_bytes(bytes(1_230_000))
    monkeypatch.setattr(build.apk, "build", lambda project: made)
    assert outcome(build, capsys, "--out", tmp_path, "apk") == (0, f"{made}  1.23 MB\n", "")


@pytest.mark.parametrize(
    "error", [ToolchainError("mvn not found"), OSError(28, "mvn not found: no space left")]
)
def test_what_cannot_be_done_is_exit_code_2_and_one_line(
    build: ModuleType,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    error: Exception,
) -> None:
    monkeypatch.setattr(build.apk, "build", raises(error))
    assert_refused(outcome(build, capsys, "--out", tmp_path, "apk"), "mvn not found")


def test_a_folder_that_is_no_build_is_exit_code_2(
    build: ModuleType,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(shim, "require", lambda *programs: None)
    monkeypatch.setattr(shim, "build", lambda project, abi: tmp_path)
    monkeypatch.setattr(shim, "arm64_root", lambda project: tmp_path)
    monkeypatch.setattr(shim, "run", lambda command: (tmp_path / "run_model").touch())
    found = outcome(build, capsys, "--out", tmp_path, "run-arm64", tmp_path / "none")
    assert_refused(found, "none is no build of `facestyle export`")


def test_a_broken_catalogue_is_exit_code_2(
    build: ModuleType,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(project, "DEMO", tmp_path)
    assert_refused(outcome(build, capsys, "--out", tmp_path, "apk"), "libs.versions.toml")
