"""Other programs, and the error of this toolchain."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

# Debian's package for each program that is not part of a plain system.
DEBIAN = {
    "aapt2": "aapt",
    "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
    "apksigner": "apksigner",
    "dexdump": "dexdump",
    "gcc": "gcc libc6-dev",
    "java": "openjdk-17-jdk-headless",
    "javac": "openjdk-17-jdk-headless",
    "keytool": "openjdk-17-jdk-headless",
    "mvn": "maven",
    "qemu-aarch64-static": "qemu-user-static",
    "readelf": "binutils",
    "zipalign": "zipalign",
}
# Compilations are short: the JVM's first compiler tier and its plain collector cost least.
JAVA = ("java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


class ToolchainError(Exception):
    """Something that whoever called can put right; its text is one line or ends in a log."""


def require(*programs: str) -> None:
    """Raise a :class:`ToolchainError` that says how to install what is missing."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        packages = dict.fromkeys(DEBIAN[program] for program in missing)
        raise ToolchainError(
            f"{', '.join(missing)} not found: sudo apt-get install {' '.join(packages)}"
        )


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    shown: bool = False,
) -> str:
    """Run a program and return what it printed; with ``shown`` it prints to the terminal.

    Raises:
        ToolchainError: it is missing, or it failed; then the text ends in the last lines that it
            printed.
    """
    program = Path(str(command[0])).name
    try:
        finished = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=None if env is None else {**os.environ, **env},
            stdout=None if shown else subprocess.PIPE,
            stderr=None if shown else subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise ToolchainError(f"{program} cannot be run: {error}") from error
    if finished.returncode != 0:
        raise ToolchainError(
            f"{program} failed ({finished.returncode})\n{tail(finished.stdout or '')}".rstrip()
        )
    return finished.stdout or ""


def tail(text: str, lines: int = 30) -> str:
    """Return the last lines of a text."""
    return "\n".join(text.rstrip().splitlines()[-lines:])


def joined(paths: Iterable[Path]) -> str:
    """Return a class path."""
    return os.pathsep.join(str(path) for path in paths)
