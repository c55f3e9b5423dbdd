"""What a phone is, and in what state it measures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.android.adb import Adb
from benchmarks.latency.validity import THERMAL

LIGHT, SEVERE = 1, 3
"""Android's thermal status runs from 0 (none) to 6 (shutdown)."""

LOW_BATTERY = 20
"""Percent below which phones save power on their own."""


FREQUENCIES = "/sys/devices/system/cpu/cpufreq/policy*"

CHARGING = (2, 5)
"""BatteryManager: charging, and full."""


@dataclass(frozen=True)
class State:
    """A phone's state at one moment; None is what it does not tell.

    Attributes:
        thermal: Android's thermal status, 0..6 (Android 10 and later).
        battery_percent, battery_celsius: of the battery.
        charging: or full, on a charger.
        saver: whether battery saver is on.
        governor: of the CPU's clocks; several names if clusters differ.
        cpu_mhz: of the fastest cluster now.
        cpu_limit_mhz: to what it may go now.
        cpu_max_mhz: what it can do.
    """

    thermal: int | None = None
    battery_percent: int | None = None
    battery_celsius: float | None = None
    charging: bool | None = None
    saver: bool | None = None
    governor: str | None = None
    cpu_mhz: int | None = None
    cpu_limit_mhz: int | None = None
    cpu_max_mhz: int | None = None


def describe(adb: Adb) -> dict[str, Any]:
    """The phone as a report's ``device``; what it does not tell is left out.

    Raises:
        UserError: when it cannot be asked.
    """
    properties = dict(re.findall(r"^\[(.+?)\]: \[(.*)\]$", adb.output("getprop") or "", re.M))
    names = [properties.get(f"ro.product.{key}", "") for key in ("manufacturer", "model")]
    memory = _number(r"^MemTotal:\s+(\d+) kB", adb.output("cat /proc/meminfo"))
    version = properties.get("ro.build.version.release")
    sdk = properties.get("ro.build.version.sdk", "")
    told = {
        "kind": "android",
        "name": " ".join(filter(None, names)) or "Android phone",
        "processor": _processor(properties),
        "cores": cores(adb.output("cat /sys/devices/system/cpu/possible")),
        "memory_bytes": None if memory is None else memory * 1024,
        "system": f"Android {version}" if version else None,
        "sdk": int(sdk) if sdk.isdigit() else None,
    }
    return {key: value for key, value in told.items() if value is not None}


def _processor(properties: Mapping[str, str]) -> str | None:
    # Android 12 and later name the maker and the chip; before, the platform is the best there is.
    chip = [properties.get(f"ro.soc.{key}", "") for key in ("manufacturer", "model")]
    if any(chip):
        return " ".join(filter(None, chip))
    return properties.get("ro.board.platform") or properties.get("ro.hardware") or None


def cores(text: str | None) -> int | None:
    """How many, from a list such as ``0-3,5``; None if nothing is told."""
    ranges = re.findall(r"(\d+)(?:-(\d+))?", text or "")
    return sum(int(last or first) - int(first) + 1 for first, last in ranges) or None


def state(adb: Adb) -> State:
    """The phone's state now.

    Raises:
        UserError: when it cannot be asked.
    """
    battery = adb.output("dumpsys battery")
    tenths = _number(r"^\s*temperature: (-?\d+)", battery)
    status = _number(r"^\s*status: (\d+)", battery)
    saver = adb.output("settings get global low_power")
    governor, *mhz = _clocks(
        adb.output(
            f"grep -H . {FREQUENCIES}/scaling_governor {FREQUENCIES}/scaling_cur_freq "
            f"{FREQUENCIES}/scaling_max_freq {FREQUENCIES}/cpuinfo_max_freq 2>/dev/null; true"
        )
    )
    return State(
        thermal=_number(r"^\s*Thermal Status: (\d+)", adb.output("dumpsys thermalservice")),
        battery_percent=_number(r"^\s*level: (\d+)", battery),
        battery_celsius=None if tenths is None else tenths / 10,
        charging=None if status is None else status in CHARGING,
        saver={"0": False, "1": True}.get((saver or "").strip()),
        governor=governor,
        cpu_mhz=mhz[0],
        cpu_limit_mhz=mhz[1],
        cpu_max_mhz=mhz[2],
    )


def _clocks(text: str | None) -> tuple[str | None, int | None, int | None, int | None]:
    """Governor, and frequency now, limit and maximum in MHz of the fastest cluster."""
    policies: dict[str, dict[str, str]] = {}
    for policy, key, value in re.findall(r"(policy\d+)/(\w+):(\S+)", text or ""):
        policies.setdefault(policy, {})[key] = value
    if not policies:
        return None, None, None, None
    governors = {p["scaling_governor"] for p in policies.values() if "scaling_governor" in p}
    fastest = max(policies.values(), key=lambda p: _kilohertz(p, "cpuinfo_max_freq") or 0)
    now, limit, most = (
        None if khz is None else round(khz / 1000)
        for khz in (
            _kilohertz(fastest, key)
            for key in ("scaling_cur_freq", "scaling_max_freq", "cpuinfo_max_freq")
        )
    )
    return ", ".join(sorted(governors)) or None, now, limit, most


def _kilohertz(policy: Mapping[str, str], key: str) -> int | None:
    value = policy.get(key, "")
    return int(value) if value.isdigit() else None


def _number(pattern: str, text: str | None) -> int | None:
    found = re.search(pattern, text or "", re.M)
    return int(found[1]) if found else None


def conditions(before: State, after: State) -> dict[str, str | float | bool | None]:
    """A row's ``conditions``."""
    return {
        "thermal_before": before.thermal,
        "thermal_after": after.thermal,
        "battery_percent": before.battery_percent,
        "battery_celsius_before": before.battery_celsius,
        "battery_celsius_after": after.battery_celsius,
        "charging": before.charging,
        "battery_saver": before.saver,
        "governor": before.governor,
        "cpu_mhz_before": before.cpu_mhz,
        "cpu_mhz_after": after.cpu_mhz,
        "cpu_limit_mhz_before": before.cpu_limit_mhz,
        "cpu_limit_mhz_after": after.cpu_limit_mhz,
        "cpu_max_mhz": before.cpu_max_mhz,
    }


def problems(before: State, after: State) -> list[str]:
    """Why what was measured between two states is not to be trusted; nothing if it is.

    Heat is not among it: ``benchmarks.latency.validity`` reads that from the row's conditions.
    """
    found = []
    if before.saver or after.saver:
        found.append("battery saver was on")
    percent = before.battery_percent
    if percent is not None and percent < LOW_BATTERY:
        plugged = "charging" if before.charging else "not charging"
        found.append(f"the battery was at {percent} %, {plugged}: phones save power below 20 %")
    if "powersave" in (before.governor or "").split(", "):
        found.append("the CPU's governor was powersave")
    limit, most = after.cpu_limit_mhz, after.cpu_max_mhz
    if limit is not None and most is not None and limit < most:
        found.append(f"the fastest cores were held at {limit} of {most} MHz")
    return found


def _thermal(status: int | None) -> str:
    if status is None:
        return "unknown"
    return f"{status} ({THERMAL[status]})" if status < len(THERMAL) else str(status)


def too_hot(now: State) -> str | None:
    """Why a phone must cool before anything is measured; None if it need not."""
    if now.thermal is None or now.thermal < SEVERE:
        return None
    return f"the phone is too hot (thermal status {_thermal(now.thermal)}); let it cool"
