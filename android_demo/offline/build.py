"""Builds, tests and executes the sample app without Gradle, Android SDK or Google Maven.

    python android_demo/offline/build.py apk                # -> android_demo/out/facestyle-demo.apk
    python android_demo/offline/build.py test               # Robolectric, on every SDK level
    python android_demo/offline/build.py test Screen --sdk 34 --screenshots shots/
    python android_demo/offline/build.py shim build/        # the app's runtime in a JVM here
    python android_demo/offline/build.py run-arm64 build/   # the same on an emulated Cortex-A76

Needs Python 3.11, a JDK 17, Maven and a few Debian packages, which it names; the first run fetches
libraries from Maven Central into ~/.m2, later ones need no network. Exit status: 0 well, 1 a test
failed or a file computes something else, 2 it could not be done.
"""

import argparse
import sys
from pathlib import Path

from toolchain import apk, robolectric, shim
from toolchain.layout import DEMO, Layout
from toolchain.project import Project
from toolchain.tools import ToolchainError


def main(arguments: list[str]) -> int:
    """Do what the command line says; return the exit status."""
    options = _parser().parse_args(arguments)
    app = options.app.resolve()
    try:
        project = Project(Layout(app=app, out=options.out.resolve()))
        return 0 if options.command(project, options) else 1
    except (ToolchainError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _apk(project: Project, options: argparse.Namespace) -> bool:
    """Build the APK."""
    built = apk.build(project)
    print(f"{built}  {built.stat().st_size / 1e6:.2f} MB")
    return True


def _test(project: Project, options: argparse.Namespace) -> bool:
    """Run the app's tests."""
    return robolectric.test(
        project,
        words=options.words,
        sdks=options.sdk or (),
        screenshots=options.screenshots,
        properties=options.property or (),
        natives=project.layout.natives("x86_64") if options.native else None,
        shim=shim.build(project, "x86_64") if options.native else None,
    )


def _shim(project: Project, options: argparse.Namespace) -> bool:
    """Build the shim; execute a build's files with it in a JVM."""
    if options.build is None:
        for abi in shim.MACHINES:
            print(shim.build(project, abi))
        return True
    return shim.run_on_jvm(project, options.build, options.only, options.python)


def _run_arm64(project: Project, options: argparse.Namespace) -> bool:
    """Execute a build's files on an emulated Arm processor."""
    return shim.run_on_arm64(project, options.build, options.only, options.python)


def _parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--app", type=Path, default=DEMO / "app", help="the app's folder")
    parser.add_argument("--out", type=Path, default=DEMO / "out", help="where everything goes")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    one = commands.add_parser("apk", help="build and sign the APK")
    one.set_defaults(command=_apk)

    one = commands.add_parser("test", help="run the app's tests under Robolectric")
    one.set_defaults(command=_test)
    one.add_argument(
        "words", nargs="?", default="", help="only tests whose Class#method contains one, by commas"
    )
    one.add_argument("--sdk", type=int, action="append", help="SDK level; may be repeated")
    one.add_argument("--screenshots", type=Path, help="folder for PNGs of the screen")
    one.add_argument("--property", action="append", metavar="KEY=VALUE", help="for the JVM")
    one.add_argument(
        "--native", action="store_true", help="let tests execute the app's native library (x86-64)"
    )

    one = commands.add_parser("shim", help="build the shim; execute files in a JVM")
    one.set_defaults(command=_shim)
    one.add_argument("build", type=Path, nargs="?", help="a folder of `facestyle export`")
    _add_execution(one)

    one = commands.add_parser("run-arm64", help="execute files on an emulated Arm processor")
    one.set_defaults(command=_run_arm64)
    one.add_argument("build", type=Path, help="a folder of `facestyle export`")
    _add_execution(one)
    return parser


def _add_execution(parser: argparse.ArgumentParser) -> None:
    """Add what both ways of executing files take."""
    parser.add_argument("--only", default="", metavar="WORD", help="only files named so")
    parser.add_argument(
        "--python", type=Path, help="a Python with ai-edge-litert, to compare with its output"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
