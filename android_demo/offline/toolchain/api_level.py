"""What the app uses, against what the oldest Android that it runs on has.

The compiler sees the newest Android, so a call of something that an older one lacks compiles, and
crashes there. Animal Sniffer reads the compiled classes and knows what each version has. It cannot
see an ``if`` before a call: what is only reached after a look at ``SDK_INT`` belongs into a method
or class with ``@TargetApi`` (a lambda is a method of its own, without it). Constants are in the
classes by value, and overridden methods are no calls: neither is looked at.
"""

from collections.abc import Sequence
from pathlib import Path

from toolchain.layout import OFFLINE
from toolchain.project import Project
from toolchain.tools import JAVA, ToolchainError, joined, run

SOURCE = OFFLINE / "api_level" / "ApiLevel.java"
ERROR = "[ERROR] "
HINT = " (where SDK_INT is looked at before: @TargetApi)"


def check(project: Project, program: Sequence[Path]) -> None:
    """Check the app's compiled classes.

    Args:
        project: the app.
        program: folders of its classes.

    Raises:
        ToolchainError: it uses what its oldest Android lacks.
    """
    layout, versions = project.layout, project.versions
    sniffer = project.maven.class_path("animal-sniffer", [versions.library("animal-sniffer")])
    signature = versions.library("android-signature-min", "signature")
    project.maven.fetch([signature])
    tool = layout.classes("api_level")
    project.steps.run(
        "javac ApiLevel",
        [SOURCE, *project.inputs(sniffer)],
        [tool],
        lambda: project.javac("api_level", [SOURCE], sniffer),
    )
    shipped = [*project.libraries, *project.stdlib]
    sources = [folder / "kotlin" for folder in (layout.main, layout.core / "src" / "main")]

    def action() -> None:
        paths: list[Path | str] = [signature.path, *map(joined, (sources, program, shipped))]
        shown = run([*JAVA, "-cp", joined([tool, *sniffer]), "ApiLevel", *paths])
        if lacking := complaints(shown, versions.version("minSdk")):
            raise ToolchainError("\n".join(lacking) + HINT)

    reads = [*project.inputs([*program, *shipped, *sniffer, signature.path]), SOURCE]
    project.steps.run("API level", reads, [], action)


def complaints(shown: str, minimum: str) -> list[str]:
    """Return what the tool printed of errors, a line each and each once."""
    found = (line.removeprefix(ERROR) for line in shown.splitlines() if line.startswith(ERROR))
    return [
        line.replace("Undefined reference:", f"API {minimum} lacks")
        for line in dict.fromkeys(found)
    ]
