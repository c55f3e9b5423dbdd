"""The processors that can be emulated, and what Linux on them says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from facestyle.errors import unknown

SINCE_V8 = "fp asimd evtstrm aes pmull sha1 sha2 crc32"

SINCE_V8_2 = f"{SINCE_V8} atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp"


@dataclass(frozen=True)
class Processor:
    """A processor by QEMU's name for it.

    Attributes:
        name: for QEMU.
        title: for people.
        variant, part, revision: of the main ID register (MIDR), as QEMU sets them.
        features: that Linux lists.
    """

    name: str
    title: str
    variant: int
    part: int
    revision: int
    features: str

    @property
    def half_precision(self) -> bool:
        """Whether it calculates in half precision (FEAT_FP16)."""
        return "asimdhp" in self.features.split()

    def cpuinfo(self) -> str:
        """``/proc/cpuinfo`` of a machine with one core.

        LiteRT's kernels are chosen by it; one that contradicts the processor crashes LiteRT.
        """
        lines = {
            "processor": "0",
            "BogoMIPS": "125.00",
            "Features": self.features,
            "CPU implementer": "0x41",
            "CPU architecture": "8",
            "CPU variant": f"{self.variant:#x}",
            "CPU part": f"{self.part:#05x}",
            "CPU revision": str(self.revision),
        }
        return "".join(f"{key}\t: {value}\n" for key, value in lines.items()) + "\n"


PROCESSORS = {
    processor.name: processor
    for processor in (
        Processor("cortex-a53", "Cortex-A53", 0x0, 0xD03, 4, f"{SINCE_V8} cpuid"),
        Processor("cortex-a72", "Cortex-A72", 0x0, 0xD08, 3, f"{SINCE_V8} cpuid"),
        Processor("cortex-a76", "Cortex-A76", 0x4, 0xD0B, 1, SINCE_V8_2),
        Processor("neoverse-n1", "Neoverse-N1", 0x4, 0xD0C, 1, SINCE_V8_2),
    )
}
"""QEMU's ``max`` is not among them: LiteRT's kernels for its matrix extension give wrong int8."""


DEFAULT = ("cortex-a53", "cortex-a76", "neoverse-n1")
"""A small core of most phones; a large one, the first with dot products and half precision that is
common; a server's, as of CI on Arm."""


def processor(name: str) -> Processor:
    """One by its name.

    Raises:
        UserError: when there is none.
    """
    if name not in PROCESSORS:
        raise unknown("processor", name, PROCESSORS)
    return PROCESSORS[name]


def make_root(folder: Path, debian: Path, one: Processor) -> Path:
    """A root for QEMU: Debian's files, and what the kernel would tell on this processor.

    Args:
        folder: to be made.
        debian: files of the Arm packages.
    """
    (folder / "proc").mkdir(parents=True)
    (folder / "proc" / "cpuinfo").write_text(one.cpuinfo())
    cpus = folder / "sys" / "devices" / "system" / "cpu"
    cpus.mkdir(parents=True)
    for name in ("possible", "present"):
        (cpus / name).write_text("0\n")
    for name in ("etc", "lib", "usr"):
        (folder / name).symlink_to(debian / name)
    return folder
