"""A phone over the real ``adb``: every fault is one line that says what to do."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from facestyle.errors import UserError

ANSWER = 30.0
"""Seconds that a short command may take."""

TRANSFER = 300.0
"""Seconds that a file may take."""

EXIT = "facestyle-exit="
"""Printed last by every command on the phone; without it, the phone went away."""

STATES = {
    "unauthorized": "not authorised; unlock the phone and accept the prompt on it, then try again",
    "offline": "offline; unplug the phone and plug it in again, or restart adb (adb kill-server)",
    "no permissions": "this user may not use it over USB; see the udev rules that adb names",
}
"""What to do about a device that is listed but not ready."""


class DeviceGone(UserError):
    """The phone was there and is no longer."""


@dataclass(frozen=True)
class Listed:
    """A line of ``adb devices``."""

    serial: str
    state: str


@dataclass(frozen=True)
class Reply:
    """What a command on the phone printed, and its exit status."""

    out: str
    status: int


@dataclass(frozen=True)
class Adb:
    """One phone.

    Attributes:
        program: path of ``adb``.
        serial: of the phone.
    """

    program: str
    serial: str

    def shell(self, command: str, timeout: float = ANSWER) -> Reply:
        """Run a command on the phone.

        Old phones do not pass on exit statuses, and adb ends quietly when the phone vanishes:
        so the command prints its own status last.

        Raises:
            DeviceGone: when the phone vanished.
            UserError: when it does not answer in time, or is not ready.
        """
        done = self._run(["shell", f"{command}; echo {EXIT}$?"], timeout)
        out, found, status = done.stdout.replace("\r\n", "\n").rpartition(EXIT)
        if not found or not status.strip().isdigit():
            raise self._fault(done)
        return Reply(out, int(status))

    def output(self, command: str) -> str | None:
        """What a command printed; None when it failed, as for a file that is not there."""
        reply = self.shell(command)
        return reply.out if reply.status == 0 else None

    def push(self, source: Path, target: str) -> None:
        """Copy a file to the phone.

        Raises:
            DeviceGone: when the phone vanished.
            UserError: when it has no space or does not want the file.
        """
        done = self._run(["push", str(source), target], TRANSFER)
        if done.returncode:
            raise self._fault(done, f"cannot copy {source.name} to {target}")

    def pull(self, source: str, target: Path) -> None:
        """Copy a file from the phone.

        Raises:
            DeviceGone: when the phone vanished.
            UserError: when it cannot be read.
        """
        done = self._run(["pull", source, str(target)], TRANSFER)
        if done.returncode:
            raise self._fault(done, f"cannot copy {source} from it")

    def remove(self, path: str) -> None:
        """Remove a file or folder from the phone, if it is there.

        Raises:
            DeviceGone: when the phone vanished.
        """
        self.shell(f"rm -rf {shlex.quote(path)}")

    def _run(self, arguments: Sequence[str], timeout: float) -> subprocess.CompletedProcess[str]:
        return _adb(self.program, ["-s", self.serial, *arguments], timeout, self.serial)

    def _fault(self, done: subprocess.CompletedProcess[str], what: str = "") -> UserError:
        said = _complaint(done.stderr) or _complaint(done.stdout)
        if "No space left" in said:
            return UserError(f"{self.serial}: {what}: no space left; free some on the phone")
        if "unauthorized" in said:
            return UserError(f"{self.serial}: {STATES['unauthorized']}")
        # A copy that breaks off may say anything at all: only the list of devices is sure.
        if not what or Listed(self.serial, "device") not in devices(self.program):
            return DeviceGone(
                f"{self.serial}: the phone is gone ({said or 'it closed the connection'}); "
                "check the cable, keep it awake and try again"
            )
        return UserError(f"{self.serial}: {what}: {said or f'adb ended with {done.returncode}'}")


def _complaint(text: str) -> str:
    """What adb says is wrong; after a failed copy, how fast it was comes last."""
    errors = re.findall(r"^(?:adb: )?error: (.+)$", text, re.M)
    return errors[-1].rpartition("': ")[2] if errors else last_line(text)


def last_line(text: str) -> str:
    """The last line that is not empty, or nothing."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def program() -> str:
    """Path of ``adb``.

    Raises:
        UserError: when it is not installed.
    """
    found = shutil.which("adb")
    if found is None:
        raise UserError(
            "adb is not installed; get Android's platform tools (Debian: apt install adb)"
        )
    return found


def devices(path: str) -> list[Listed]:
    """All devices that adb knows, ready or not.

    Args:
        path: of ``adb``.

    Raises:
        UserError: when adb's server does not start or does not answer.
    """
    done = _adb(path, ["devices"], ANSWER, "adb")
    if done.returncode:
        raise UserError(f"adb: {last_line(done.stderr) or 'cannot list devices'}")
    pairs = (line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)
    return [Listed(serial.strip(), state.strip()) for serial, state in pairs]


def choose(serial: str | None) -> Adb:
    """The phone that is meant.

    Args:
        serial: as ``adb devices`` has it; None for the only one.

    Raises:
        UserError: when there is none or more than one, or it is not ready.
    """
    path = program()
    listed = devices(path)
    if serial is not None:
        listed = [device for device in listed if device.serial == serial]
    if not listed:
        which = "no Android device" if serial is None else f"no Android device {serial!r}"
        raise UserError(
            f"{which}; connect it by USB with USB debugging on, and see that `adb devices` lists it"
        )
    if len(listed) > 1:
        names = ", ".join(f"{device.serial} ({device.state})" for device in listed)
        raise UserError(f"several Android devices; choose one with --serial: {names}")
    (device,) = listed
    if device.state != "device":
        hints = (hint for state, hint in STATES.items() if device.state.startswith(state))
        hint = next(hints, f"in the state {device.state!r}; start Android on it")
        raise UserError(f"{device.serial}: {hint}")
    return Adb(path, device.serial)


def _adb(
    path: str, arguments: Sequence[str], timeout: float, who: str
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [path, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(
            f"{who}: no answer within {timeout:.0f} s; unlock the phone, close other apps, "
            "and try again"
        ) from error
    except OSError as error:
        raise UserError(f"{path}: cannot be executed: {error.strerror}") from error
