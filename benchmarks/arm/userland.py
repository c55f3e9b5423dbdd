"""The Arm user-space: Debian's Python, LiteRT and numpy for arm64, QEMU, and the plugin.

It is set up once, in a cache folder that is whole or absent, and by no means changes the computer.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from benchmarks.arm import debian
from facestyle.errors import UserError
from facestyle.files import atomic, check_folder

PACKAGES = ("python3.11-minimal:arm64", "libpython3.11-stdlib:arm64", "libstdc++6:arm64")

PYTHON = "3.11"
"""Debian's; the computer's may be another."""

WHEELS = ("ai-edge-litert", "numpy")
"""In the versions that are installed here, so that both sides run the same."""

PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux2014_aarch64")

HOSTS = {
    "x86_64": ("amd64", "lib64/ld-linux-x86-64.so.2"),
    "aarch64": ("arm64", "lib/ld-linux-aarch64.so.1"),
}
"""Debian's name of an architecture and its dynamic loader, by the kernel's name."""

SOURCES = ("count.c", "classify.c", "classify.h")

STEPS = ("Debian's packages for Arm, and QEMU", "LiteRT and numpy for Arm")
"""What ``install`` reports."""

Progress = Callable[[str], None]


class Unavailable(UserError):
    """Arm cannot be emulated here; the message says what is missing and how to get it."""


@dataclass(frozen=True)
class Userland:
    """An Arm user-space that is set up.

    Attributes:
        folder: that holds it.
        plugin: the counting plugin.
        versions: of all that takes part in a count.
    """

    folder: Path
    plugin: Path
    versions: dict[str, str]

    @property
    def debian(self) -> Path:
        """Files of the Arm packages."""
        return self.folder / "arm64"

    @property
    def site(self) -> Path:
        """Python packages for Arm."""
        return self.folder / "site"

    def qemu(self) -> list[str]:
        """The emulator's command, run by its own loader with its own libraries.

        QEMU must be linked dynamically, since a static one loads no plugins, and which one is
        installed on a computer must not matter.
        """
        architecture, loader = HOSTS[platform.machine()]
        host = self.folder / architecture
        triplet = f"{platform.machine()}-linux-gnu"
        libraries = ":".join(str(host / at / triplet) for at in ("lib", "usr/lib"))
        return [
            str(host / loader),
            "--library-path",
            libraries,
            str(host / "usr" / "bin" / "qemu-aarch64"),
        ]


def cache() -> Path:
    """Where user-spaces are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "facestyle" / "arm"


def get(progress: Progress = lambda step: None) -> Userland:
    """The user-space, set up first if it is not yet.

    Args:
        progress: told each of ``STEPS`` if there is anything to set up.

    Raises:
        Unavailable: when something that is needed is missing, with how to get it.
    """
    check_platform()
    folder = cache() / f"userland-{_key()}"
    if not folder.exists():
        _check_tools(("apt-get", "dpkg-deb"))
        install(folder, progress)
    versions = json.loads((folder / "versions.json").read_text(encoding="utf-8"))
    return Userland(folder, _plugin(), versions)


def is_ready() -> bool:
    """Whether nothing needs to be fetched."""
    return platform.machine() in HOSTS and (cache() / f"userland-{_key()}").exists()


def check_platform() -> None:
    """Refuse computers whose kernel QEMU's user mode cannot run on.

    Raises:
        Unavailable: for all but Linux on x86-64 and Arm.
    """
    if sys.platform != "linux" or platform.machine() not in HOSTS:
        raise Unavailable(
            "Arm is emulated on Linux (x86-64 or aarch64) only, this is "
            f"{platform.system()} on {platform.machine()}; run it in a Linux container, or in CI"
        )


def install(folder: Path, progress: Progress) -> None:
    """Fetch and unpack everything; ``folder`` appears when it is whole.

    Raises:
        Unavailable: when something cannot be had.
        CannotWrite: when the cache cannot be written to.
    """
    check_folder(folder.parent)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder.parent) as name:
        made = Path(name) / "userland"
        made.mkdir()
        native, loader = HOSTS[platform.machine()]
        try:
            progress(STEPS[0])
            qemu = f"qemu-user:{native}"
            versions = debian.unpack((*PACKAGES, qemu), native, "arm64", made)
            progress(STEPS[1])
            versions |= _wheels(made / "site")
        except debian.CannotFetch as error:
            raise Unavailable(
                f"the Arm user-space cannot be set up: {error}; check the network, then type "
                "facestyle bench arm --setup"
            ) from error
        if not (made / native / loader).exists():
            raise Unavailable(f"Debian's packages hold no {loader}: this is a fault of facestyle")
        _slim(made, native)
        told = {key: versions[key] for key in sorted(versions)}
        (made / "versions.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
        try:
            made.rename(folder)
        except OSError:
            # Another process was quicker; both made the same.
            if not folder.exists():
                raise


def _key() -> str:
    """Of a user-space: another for other versions."""
    recipe = [debian.SUITE, PYTHON, *PACKAGES, *_pins(), platform.machine()]
    return hashlib.sha256("\n".join(recipe).encode()).hexdigest()[:12]


def _pins() -> list[str]:
    return [f"{name}=={metadata.version(name)}" for name in WHEELS]


def _wheels(site: Path) -> dict[str, str]:
    """Unpack the wheels for Arm; their versions."""
    platforms = [word for name in PLATFORMS for word in ("--platform", name)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(site)]
    command += [*platforms, "--python-version", PYTHON, "--implementation", "cp"]
    command += ["--only-binary=:all:", "--no-deps", "--no-compile", *_pins()]
    debian.run(command, "cannot fetch the wheels for Arm")
    return {name: metadata.version(name) for name in WHEELS}


def _slim(made: Path, native: str) -> None:
    """Keep what is run: QEMU has an emulator for every processor there is."""
    shutil.rmtree(made / "apt")
    for architecture in {native, "arm64"}:
        shutil.rmtree(made / architecture / "usr" / "share", ignore_errors=True)
    for path in (made / native / "usr" / "bin").glob("qemu-*"):
        if path.name != "qemu-aarch64":
            path.unlink()


def _plugin() -> Path:
    """The counting plugin, compiled once for each state of its source.

    Raises:
        Unavailable: without a compiler.
    """
    source = Path(__file__).with_name("plugin")
    digest = hashlib.sha256(b"".join((source / name).read_bytes() for name in SOURCES))
    plugin = cache() / f"count-{platform.machine()}-{digest.hexdigest()[:12]}.so"
    if not plugin.exists():
        with atomic(plugin) as temporary:
            compile_shared([source / name for name in SOURCES if name.endswith(".c")], temporary)
    return plugin


def compile_shared(sources: list[Path], library: Path) -> None:
    """Make a shared library from C.

    Raises:
        Unavailable: without a compiler, or with its first complaint.
    """
    _check_tools(("cc",))
    command = ["cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-fPIC", "-shared"]
    command += [*map(str, sources), "-o", str(library)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        first = next((line for line in done.stderr.splitlines() if "error" in line), "no message")
        raise Unavailable(f"cc cannot compile the counting plugin: {first}")


FROM = {
    "apt-get": "apt (Debian or Ubuntu, or a container of one)",
    "dpkg-deb": "dpkg (Debian or Ubuntu, or a container of one)",
    "cc": "a C compiler (Debian: apt install gcc libc6-dev)",
    "pip": "pip (python -m ensurepip)",
    "keys": "Debian's keys (apt install debian-archive-keyring)",
}
"""What to install for a tool that is missing."""


def _check_tools(names: tuple[str, ...]) -> None:
    """Refuse to begin without a tool.

    Raises:
        Unavailable: naming all that are missing.
    """
    missing = [FROM[name] for name in names if shutil.which(name) is None]
    if "apt-get" in names:
        missing += [FROM["pip"]] if util.find_spec("pip") is None else []
        missing += [] if debian.KEYRING.exists() else [FROM["keys"]]
    if missing:
        raise Unavailable(f"to emulate Arm, install {'; '.join(missing)}")
