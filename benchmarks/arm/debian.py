"""Debian packages of any architecture, fetched by apt and unpacked into a folder without root."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from facestyle.errors import UserError

MIRROR, SUITE = "http://deb.debian.org/debian", "bookworm"

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
"""What apt checks the packages' signatures against."""


class CannotFetch(UserError):
    """Packages could not be had, for want of a network most often."""


def unpack(packages: Sequence[str], native: str, foreign: str, folder: Path) -> dict[str, str]:
    """Packages and all that they need, as files.

    apt works on an empty system of its own in ``folder``: the computer's is neither read nor
    changed.

    Args:
        packages: names with architectures, such as ``libstdc++6:arm64``.
        native, foreign: architectures; the native one is the computer's.
        folder: to unpack into, each architecture into a folder of its name.

    Returns:
        versions by ``name:architecture``.

    Raises:
        CannotFetch: with apt's own reason.
    """
    configuration = _configure(folder / "apt", native, foreign)
    get = ["apt-get", f"--config-file={configuration}", "--quiet=2", "--yes"]
    run([*get, "update"], "cannot read Debian's list of packages")
    run([*get, "--download-only", "install", *packages], "cannot fetch Debian's packages")
    found = {}
    for archive in sorted((folder / "apt" / "archives").glob("*.deb")):
        told = run(["dpkg-deb", "--field", str(archive), "Package", "Version", "Architecture"])
        field = dict(line.split(": ", 1) for line in told.splitlines())
        found[f"{field['Package']}:{field['Architecture']}"] = field["Version"]
        # Packages for all architectures are Python's and the C library's own data.
        home = foreign if field["Architecture"] == "all" else field["Architecture"]
        run(["dpkg-deb", "--extract", str(archive), str(folder / home)])
    return found


def _configure(folder: Path, native: str, foreign: str) -> Path:
    """An empty system of apt's."""
    for name in ("lists/partial", "archives/partial", "etc/apt.conf.d", "etc/preferences.d"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "etc" / "sources.list").write_text(
        f"deb [signed-by={KEYRING}] {MIRROR} {SUITE} main\n"
    )
    both = dict.fromkeys((native, foreign))
    lines = {
        "Dir::State": folder,
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder,
        "Dir::Cache::archives": folder / "archives",
        "Dir::Etc": folder / "etc",
        "Dir::Log": folder,
        "APT::Architecture": native,
        "APT::Install-Recommends": "false",
        # What cannot be fetched is an error at once, not a package that is missing later.
        "APT::Update::Error-Mode": "any",
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "Acquire::Retries": "2",
        "Debug::NoLocking": "true",
    }
    text = "".join(f'{key} "{value}";\n' for key, value in lines.items())
    text += f"APT::Architectures {{ {' '.join(f'{name};' for name in both)} }};\n"
    path = folder / "apt.conf"
    path.write_text(text)
    return path


def run(command: Sequence[str], failure: str = "") -> str:
    """What a command writes.

    Raises:
        CannotFetch: when it fails, with the last error that it named.
    """
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return done.stdout
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E: ", "ERROR: "))] or lines
    reason = errors[-1] if errors else f"{command[0]} exits with {done.returncode}"
    raise CannotFetch(f"{failure or command[0]}: {reason}")
