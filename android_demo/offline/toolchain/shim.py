"""The app's own native library on Linux: in a JVM (x86-64), and under QEMU (arm64).

A small library stands in for Android's C library (``shim/bionic.c``); the app's is not changed.
Only the CPU is used, and times are not a phone's.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from toolchain.apk import unpack
from toolchain.golden import Case, cases, greatest_difference, psnr_db
from toolchain.layout import OFFLINE
from toolchain.project import Project
from toolchain.tools import JAVA, ToolchainError, joined, require, run, tail

HERE = OFFLINE / "shim"
LIBRARY = "libtensorflowlite_jni.so"
SOURCES = ("bionic.c", "libc.map", "empty.c", "empty.map", "generate.py")
DEBIAN_ARM64 = Path("/usr/aarch64-linux-gnu")

# One Cortex-A76, whose kernels the runtime chooses by what Linux says of the processor.
PROCESSOR = "cortex-a76"
CPUINFO = """processor\t: 0
BogoMIPS\t: 125.00
Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc \
dcpop asimddp
CPU implementer\t: 0x41
CPU architecture\t: 8
CPU variant\t: 0x4
CPU part\t: 0xd0b
CPU revision\t: 1

"""


@dataclass(frozen=True)
class Machine:
    """A processor that the app has native libraries for."""

    abi: str
    compiler: str
    readable: str


MACHINES = {
    "x86_64": Machine("x86_64", "gcc", "x86-64, in a JVM"),
    "arm64-v8a": Machine("arm64-v8a", "aarch64-linux-gnu-gcc", "arm64, Cortex-A76 by QEMU"),
}


def build(project: Project, abi: str) -> Path:
    """Build the shim for a processor; return the folder for LD_LIBRARY_PATH."""
    machine = MACHINES[abi]
    require(machine.compiler, "readelf")
    unpack(project)
    library = project.layout.natives(abi) / LIBRARY
    folder = project.layout.out / "shim" / abi

    def action() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        listed = run([sys.executable, HERE / "generate.py", library])
        (folder / "symbols.def").write_text(listed, encoding="utf-8")
        shared = [machine.compiler, "-fPIC", "-shared"]
        run(
            [
                *(*shared, "-O1", "-Wall", "-Wextra", "-fno-builtin", "-Wl,-soname,libc.so"),
                *(f"-Wl,--version-script={HERE / 'libc.map'}", "-I", folder),
                *("-o", folder / "libc.so", HERE / "bionic.c", "-ldl"),
            ]
        )
        for name in ("libm.so", "libdl.so", "liblog.so"):
            run(
                [
                    *(*shared, "-nostdlib", f"-Wl,-soname,{name}"),
                    f"-Wl,--version-script={HERE / 'empty.map'}",
                    *("-o", folder / name, HERE / "empty.c"),
                ]
            )

    reads = [*(HERE / name for name in SOURCES), library]
    project.steps.run(f"shim {abi}", reads, [folder / "libc.so"], action)
    return folder


def run_on_jvm(project: Project, build_folder: Path, word: str, python: Path | None) -> bool:
    """Execute a build's files in a JVM, through the app's runtime; return whether all are right."""
    require("java", "javac")
    shim = build(project, "x86_64")
    source = HERE / "RunModel.java"
    project.steps.run(
        "javac RunModel",
        [source, *project.libraries],
        [project.layout.classes("shim")],
        lambda: project.javac("shim", [source], project.libraries),
    )
    command = [
        *(*JAVA, f"-Djava.library.path={project.layout.natives('x86_64')}"),
        *("-cp", joined([project.layout.classes("shim"), *project.libraries]), "RunModel"),
    ]
    env = {"LD_LIBRARY_PATH": str(shim)}
    return judge(project, "x86_64", command, env, cases(build_folder, word), python)


def run_on_arm64(project: Project, build_folder: Path, word: str, python: Path | None) -> bool:
    """Execute a build's files on an emulated Arm processor; return whether all are right."""
    require("qemu-aarch64-static")
    shim = build(project, "arm64-v8a")
    driver = shim / "run_model"
    source = HERE / "run_model.c"
    project.steps.run(
        "gcc run_model",
        [source],
        [driver],
        lambda: run(
            [
                *(MACHINES["arm64-v8a"].compiler, "-O1", "-Wall", "-Wextra"),
                *("-o", driver, source, "-ldl"),
            ]
        ),
    )
    root = arm64_root(project)
    command = [
        *("qemu-aarch64-static", "-cpu", PROCESSOR, "-L", str(root)),
        *("-E", f"LD_LIBRARY_PATH={shim}", str(driver)),
        str(project.layout.natives("arm64-v8a") / LIBRARY),
    ]
    return judge(project, "arm64-v8a", command, {}, cases(build_folder, word), python)


def arm64_root(project: Project) -> Path:
    """Make what the emulated program sees as its root: Debian's arm64 glibc, and one processor."""
    if not (DEBIAN_ARM64 / "lib" / "libc.so.6").exists():
        raise ToolchainError("no arm64 glibc: sudo apt-get install libc6-dev-arm64-cross")
    root = project.layout.work / "arm64_root"
    (root / "proc").mkdir(parents=True, exist_ok=True)
    (root / "proc" / "cpuinfo").write_text(CPUINFO, encoding="utf-8")
    cpus = root / "sys" / "devices" / "system" / "cpu"
    cpus.mkdir(parents=True, exist_ok=True)
    for name in ("possible", "present"):
        (cpus / name).write_text("0\n", encoding="utf-8")
    if not (root / "lib").is_symlink():
        (root / "lib").symlink_to(DEBIAN_ARM64 / "lib")
    return root


def judge(
    project: Project,
    abi: str,
    command: list[str],
    env: dict[str, str],
    files: list[Case],
    python: Path | None,
) -> bool:
    """Execute each file; print how near it is to PyTorch and to Python's LiteRT.

    Args:
        project: the app.
        abi: the processor.
        command: what takes MODEL OUTPUT NAME=FILE...
        env: for the command.
        files: to be executed.
        python: with ai-edge-litert, to compare with; not compared where None.
    """
    good = True
    print(MACHINES[abi].readable)
    for case in files:
        folder = project.layout.work / "executed" / abi / case.model.stem
        inputs = case.write_inputs(folder)
        output = folder / "output.raw"
        said = run([*command, str(case.model), str(output), *inputs], env=env)
        result = case.numbers(output.read_bytes())
        reached = psnr_db(result, case.expected, case.peak)
        good &= reached >= case.least_psnr_db
        line = (
            f"  {case.model.name}: {reached:.1f} dB to PyTorch (least {case.least_psnr_db:g}), "
            f"greatest difference {greatest_difference(result, case.expected):.2g}"
        )
        if python is not None:
            desktop = folder / "desktop.raw"
            run([python, HERE / "desktop_litert.py", case.model, desktop, *inputs])
            difference = greatest_difference(result, case.numbers(desktop.read_bytes()))
            line += f", to Python's LiteRT {difference:.2g}"
        print(f"{line}; {tail(said, lines=1)}{'' if reached >= case.least_psnr_db else '  WRONG'}")
    return good
