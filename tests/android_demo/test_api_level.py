"""The check of the sample app against its oldest Android, on made classes. After `make android`."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from toolchain import api_level
from toolchain.layout import Layout
from toolchain.project import Project
from toolchain.tools import ToolchainError

BUILT = Layout()

pytestmark = [
    pytest.mark.skipif(not shutil.which("javac"), reason="no JDK"),
    pytest.mark.skipif(
        not BUILT.classes("api_level").is_dir(), reason="no APK; `make android` builds it"
    ),
]

JAVA = """
package org.made;
import android.annotation.TargetApi;
import android.app.Activity;
import android.provider.MediaStore;
import java.nio.FloatBuffer;
import java.util.function.Supplier;
import org.made.library.Library;
public class Made extends Activity {
    FloatBuffer buffer;
    Object[] made;
    MADE
}
"""
LIBRARY = "package org.made.library; public class Library { public int thing() { return 1; } }"

WELL = (
    "int library() { return new Library().thing(); }",
    "Object android() { return getWindow().getDecorView() + getPackageName(); }",
    "String constant() { return MediaStore.MediaColumns.IS_PENDING; }",
    "@TargetApi(30) Object later() { return getDisplay(); }",
    "@TargetApi(30) Object within() { return new Object() { Object o = getDisplay(); }; }",
    # R8 has a Buffer's method called instead.
    "void replaced() { buffer.clear().position(1); }",
)
LACKING = {
    # Inherited: in the class file this is a method of the app's own class.
    "Object inherited() { return getDisplay(); }": (
        "android.view.Display org.made.Made.getDisplay()"
    ),
    "void method() { getWindow().setDecorFitsSystemWindows(false); }": (
        "void android.view.Window.setDecorFitsSystemWindows(boolean)"
    ),
    "Object type() { return new android.util.CloseGuard(); }": "android.util.CloseGuard",
    "Object field() { return MediaStore.Downloads.EXTERNAL_CONTENT_URI; }": (
        "android.net.Uri android.provider.MediaStore.Downloads.EXTERNAL_CONTENT_URI"
    ),
    "Supplier<Object> reference() { return this::getDisplay; }": (
        "android.view.Display android.content.ContextWrapper.getDisplay()"
    ),
    "Object java() { return buffer.slice(1, 2); }": (
        "java.nio.FloatBuffer java.nio.FloatBuffer.slice(int, int)"
    ),
}
FIRST_LINE = JAVA.splitlines().index("    MADE") + 1


@pytest.fixture
def made(tmp_path: Path) -> Project:
    """An app that uses what an earlier build has fetched: Maven is not asked."""
    layout = Layout(app=tmp_path / "app", core=tmp_path / "core", out=tmp_path / "out")
    for name in ("class_paths", "libraries"):
        shutil.copytree(BUILT.work / name, layout.work / name)
    return Project(layout)


def check(made: Project, methods: Iterable[str]) -> None:
    """Compile a class of the app against the newest Android, and check it."""
    folder = made.layout.main / "kotlin" / "org" / "made"
    (folder / "library").mkdir(parents=True)
    sources = [folder / "Made.java", folder / "library" / "Library.java"]
    for path, text in zip(sources, (JAVA.replace("MADE", "\n".join(methods)), LIBRARY)):
        path.write_text(text, encoding="utf-8")
    made.javac("app", sources, [made.android])
    api_level.check(made, [made.layout.classes("app")])


def test_what_android_8_has_is_well(made: Project) -> None:
    check(made, WELL)


def test_what_android_8_lacks_is_named(made: Project) -> None:
    with pytest.raises(ToolchainError) as error:
        check(made, [*LACKING, *WELL])
    found = str(error.value).splitlines()
    assert found[-1].endswith("(where SDK_INT is looked at before: @TargetApi)")
    for line, missing in enumerate(LACKING.values(), start=FIRST_LINE):
        place = made.layout.main / "kotlin" / "org" / "made" / f"Made.java:{line}"
        assert any(one.startswith(f"{place}: API 26 lacks {missing}") for one in found), missing
    lines = {one.partition("Made.java:")[2].partition(":")[0] for one in found}
    assert lines == {str(FIRST_LINE + i) for i in range(len(LACKING))}
