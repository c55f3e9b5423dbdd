"""This machine, and what else it is doing."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

CPU_FOLDER = Path("/sys/devices/system/cpu")


def device() -> dict[str, Any]:
    """The ``device`` of the report's schema."""
    name = _processor()
    return {
        "kind": "host",
        "name": name,
        "processor": f"{name} ({platform.machine()})",
        "cores": cores(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": platform.platform(terse=True),
    }


def cores() -> int:
    """Those this process may use; a container may have fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def conditions() -> dict[str, Any]:
    """What could bend a measurement, as far as it can be known here."""
    governor = CPU_FOLDER / "cpu0/cpufreq/scaling_governor"
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    return {
        "governor": governor.read_text().strip() if governor.exists() else None,
        "battery_percent": None if battery is None else battery.percent,
        "charging": None if battery is None else battery.power_plugged,
    }


def throttle_events() -> int:
    """How often the processor was slowed for heat since it was started; 0 if it does not tell."""
    files = CPU_FOLDER.glob("cpu[0-9]*/thermal_throttle/core_throttle_count")
    return sum(int(file.read_text()) for file in files)


@dataclass(frozen=True)
class Meter:
    """CPU seconds spent on this process's cores up to now: by all programs, by those measured."""

    everything: float
    ours: float

    @classmethod
    def read(cls, *processes: psutil.Process) -> Meter:
        """Now.

        Args:
            processes: that are measured; this one counts among them.
        """
        used = [p.cpu_times() for p in (psutil.Process(), *processes)]
        busy = sum(_busy(times) for times in _own_cores())
        return cls(busy, sum(t.user + t.system for t in used))

    def others_since(self, before: Meter) -> float:
        """CPU seconds that went to other programs between two readings."""
        return max(0.0, self.everything - before.everything - (self.ours - before.ours))


def _own_cores() -> list[Any]:
    """CPU times of every core that this process may use."""
    each = psutil.cpu_times(percpu=True)
    if not hasattr(os, "sched_getaffinity"):
        return list(each)
    return [each[core] for core in os.sched_getaffinity(0) if core < len(each)]


def _busy(times: Any) -> float:
    """Seconds of a core that some program had."""
    idle = times.idle + getattr(times, "iowait", 0.0)
    # Guests' time is part of user's and nice's already.
    guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    return float(sum(times) - idle - guests)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
