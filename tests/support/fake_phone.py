"""A small Android phone for a real ``adb``: its daemon's protocol, and the commands that we use.

The protocol is that of AOSP's packages/modules/adb/protocol.txt and SYNC.TXT (file_sync_service.h):
messages CNXN, AUTH, OPEN, OKAY, WRTE, CLSE; services ``shell:``, ``shell,v2,raw:`` and ``sync:``.
What runs on the phone is here, in Python: properties, dumpsys, sysfs, files in memory, a
``benchmark_model`` that prints what the real one prints, and the app's benchmark activity.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import queue
import shlex
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

needs_adb = pytest.mark.skipif(
    shutil.which("adb") is None, reason="adb is not installed (Debian: apt install adb)"
)

VERSION, MAXIMUM = 0x01000001, 256 * 1024
CNXN, AUTH, OPEN, OKAY, WRTE, CLSE = (
    int.from_bytes(name, "little")
    for name in (b"CNXN", b"AUTH", b"OPEN", b"OKAY", b"WRTE", b"CLSE")
)
TOKEN = 1
STDOUT, STDERR, EXIT = 1, 2, 3
REGULAR, FOLDER_MODE = 0o100644, 0o040755
APP = "org.facestyle.demo"
RESULTS = f"/sdcard/Android/data/{APP}/files/benchmark"
CPU = "/sys/devices/system/cpu"

PROPERTIES = {
    "ro.product.manufacturer": "Google",
    "ro.product.model": "Pixel 8",
    "ro.soc.manufacturer": "Google",
    "ro.soc.model": "Tensor G3",
    "ro.build.version.release": "14",
    "ro.build.version.sdk": "34",
}

FILES = {
    "/proc/meminfo": "MemTotal:        7751508 kB\nMemFree:          512000 kB\n",
    f"{CPU}/possible": "0-8\n",
    f"{CPU}/cpufreq/policy0/scaling_governor": "sched_pixel\n",
    f"{CPU}/cpufreq/policy0/scaling_cur_freq": "1098000\n",
    f"{CPU}/cpufreq/policy0/scaling_max_freq": "1704000\n",
    f"{CPU}/cpufreq/policy0/cpuinfo_max_freq": "1704000\n",
    f"{CPU}/cpufreq/policy8/scaling_governor": "sched_pixel\n",
    f"{CPU}/cpufreq/policy8/scaling_cur_freq": "2294000\n",
    f"{CPU}/cpufreq/policy8/scaling_max_freq": "2914000\n",
    f"{CPU}/cpufreq/policy8/cpuinfo_max_freq": "2914000\n",
}

SUMMARY = "Operator-wise Profiling Info for Regular Benchmark Runs:"
HEADER = "\t{:>40}\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t[times called]\t[Name]"
NEWS = "\t{:>40}\t{:9.3f}\t{:9.3f}\t{:7.3f}%\t{:7.3f}%\t{:10.3f}\t{:9d}\t{}"


@dataclass
class Phone:
    """What a phone is and how it misbehaves; tests change it.

    Attributes:
        properties, files: of the phone; files by path.
        thermal: status that each look at it sees, the last one for ever.
        battery: percent.
        plugged, saver: charging, and battery saver.
        modern: shell v2 and stat v2, as from Android 7 on.
        authorised: whether the phone trusts this computer.
        space: bytes that files may still take.
        app: whether the sample app is installed.
        tool: what ``benchmark_model`` does: ``new`` or ``old`` text, ``fails`` or ``hangs``.
        partitions: pieces that a delegate takes; 1 is everything, 0 is nothing.
        activity: what the app does: ``works``, ``garbage``, ``stale``, ``other`` file, ``error``,
            ``dies``, ``silent`` or ``cannot start``.
        written: what the app's activity wrote elsewhere, handed out as it is; None for a result
            that is made here.
        vanish: a part of the command at which the phone vanishes, and how often it works before.
        commands: all that were run on it.
    """

    properties: dict[str, str] = field(default_factory=lambda: dict(PROPERTIES))
    files: dict[str, bytes] = field(
        default_factory=lambda: {path: text.encode() for path, text in FILES.items()}
    )
    thermal: list[int | None] = field(default_factory=lambda: [0])
    battery: int = 87
    plugged: bool = True
    saver: bool = False
    modern: bool = True
    authorised: bool = True
    space: int = 1 << 30
    app: bool = True
    tool: str = "new"
    partitions: int = 1
    activity: str = "works"
    written: bytes | None = None
    vanish: tuple[str, int] | None = None
    commands: list[str] = field(default_factory=list)
    running: bool = False

    def run(self, command: str) -> tuple[str, int]:
        """What a command prints, and its exit status."""
        self.commands.append(command)
        first, _, rest = command.partition("; echo ")
        out, status = self._one(first)
        if rest:
            out, status = out + rest.replace("$?", str(status)) + "\n", 0
        return out, status

    def _one(self, command: str) -> tuple[str, int]:
        if command.endswith("; true"):
            return self._one(command.removesuffix("; true"))[0], 0
        words = [w for w in shlex.split(command) if w not in ("2>&1", "2>/dev/null")]
        name = Path(words[0]).name
        known: dict[str, Callable[[list[str]], tuple[str, int]]] = {
            "getprop": lambda _: (self._getprop(), 0),
            "dumpsys": self._dumpsys,
            "settings": lambda _: (f"{int(self.saver)}\n", 0),
            "cat": self._cat,
            "grep": self._grep,
            "ls": self._ls,
            "mkdir": lambda _: ("", 0),
            "rmdir": lambda _: ("", 0),
            "chmod": self._chmod,
            "rm": self._rm,
            "sha256sum": self._sha256sum,
            "pm": lambda _: (f"package:/data/app/{APP}/base.apk\n", 0) if self.app else ("", 1),
            "pidof": lambda _: ("4711\n", 0) if self.running else ("", 1),
            "am": self._am,
            "benchmark_model": lambda words: self._benchmark_model(words[0], words[1:]),
        }
        if name not in known:
            return f"/system/bin/sh: {name}: inaccessible or not found\n", 127
        return known[name](words if name == "benchmark_model" else words[1:])

    def _getprop(self) -> str:
        return "".join(f"[{key}]: [{value}]\n" for key, value in self.properties.items())

    def _dumpsys(self, words: list[str]) -> tuple[str, int]:
        if words == ["battery"]:
            status = 2 if self.plugged else 3
            return (
                "Current Battery Service state:\n  AC powered: false\n"
                f"  USB powered: {str(self.plugged).lower()}\n  Max charging current: 500000\n"
                f"  status: {status}\n  health: 2\n  present: true\n  level: {self.battery}\n"
                "  scale: 100\n  voltage: 4274\n  temperature: 295\n  technology: Li-ion\n"
            ), 0
        now = self.thermal.pop(0) if len(self.thermal) > 1 else self.thermal[0]
        if now is None:
            return "Can't find service: thermalservice\n", 0
        return (
            f"IsStatusOverride: false\nThermalEventListeners:\n\tcallbacks: 1\n"
            f"Thermal Status: {now}\nCached temperatures:\n"
            "\tTemperature{mValue=31.2, mType=3, mName=VIRTUAL-SKIN, mStatus=0}\n"
            "HAL Ready: true\n"
        ), 0

    def _cat(self, paths: list[str]) -> tuple[str, int]:
        (path,) = paths
        if path not in self.files:
            return f"cat: {path}: No such file or directory\n", 1
        return self.files[path].decode(errors="replace"), 0

    def _grep(self, words: list[str]) -> tuple[str, int]:
        found = [
            f"{path}:{self.files[path].decode()}"
            for pattern in words[2:]
            for path in fnmatch.filter(sorted(self.files), pattern)
        ]
        return "".join(found), 0 if found else 1

    def _ls(self, paths: list[str]) -> tuple[str, int]:
        names = [Path(p).name for p in self.files if str(Path(p).parent) == paths[0]]
        return "".join(f"{name}\n" for name in names), 0 if names else 1

    def _chmod(self, words: list[str]) -> tuple[str, int]:
        return "", 0

    def _rm(self, words: list[str]) -> tuple[str, int]:
        for path in words[1:]:
            for held in [p for p in self.files if p == path or p.startswith(f"{path}/")]:
                del self.files[held]
        return "", 0

    def _sha256sum(self, paths: list[str]) -> tuple[str, int]:
        return f"{hashlib.sha256(b'apk').hexdigest()}  {paths[0]}\n", 0

    def _am(self, words: list[str]) -> tuple[str, int]:
        if words[0] == "force-stop":
            self.running = False
            return "", 0
        if self.activity == "cannot start":
            return (
                f"Starting: Intent {{ cmp={APP}/.BenchmarkActivity }}\nError type 3\nError: "
                f"Activity class {{{APP}/{APP}.BenchmarkActivity}} does not exist.\n"
            ), 1
        extras = {
            words[i + 1]: {"--ei": int, "--ef": float, "--es": str}[flag](words[i + 2])
            for i, flag in enumerate(words)
            if flag in ("--ei", "--ef", "--es")
        }
        self.running = self.activity != "dies"
        self._act(extras)
        return f"Starting: Intent {{ cmp={APP}/.BenchmarkActivity }}\nStatus: ok\nComplete\n", 0

    def _act(self, extras: dict[str, Any]) -> None:
        """The app's part of the contract in benchmarks/android/README.md."""
        place = f"{RESULTS}/{extras['output']}"
        model = self.files.get(str(extras["model"]), b"")
        if self.activity == "error":
            self.files[f"{place}.error.txt"] = b"the GPU delegate does not take this model\n"
        elif self.activity == "garbage":
            self.files[f"{place}.json"] = b'{"format": "facestyle-benchm'
        elif self.written is not None:
            self.files[f"{place}.json"] = self.written
        elif self.activity not in ("silent", "dies"):
            digest = hashlib.sha256(model).hexdigest()
            made = result(extras, digest if self.activity != "other" else "0" * 64)
            if self.activity == "stale":
                made["rows"][0]["conditions"]["run_id"] = "of yesterday"
            self.files[f"{place}.json"] = json.dumps(made).encode()

    def _benchmark_model(self, path: str, words: list[str]) -> tuple[str, int]:
        if path not in self.files:
            return f"/system/bin/sh: {path}: No such file or directory\n", 127
        flags = dict(word.removeprefix("--").split("=", 1) for word in words)
        if flags["graph"] not in self.files:
            return f"ERROR: Could not open '{flags['graph']}'.\nERROR: Failed to load model\n", 1
        if self.tool == "fails":
            return "ERROR: Failed to apply GPU delegate.\nERROR: Benchmarking failed.\n", 1
        if self.tool == "hangs":
            threading.Event().wait(30)
            return "", 1
        return benchmark_text(flags, self.tool == "new", self.partitions), 0


def result(extras: dict[str, Any], sha256: str) -> dict[str, Any]:
    """The JSON that the app writes."""
    samples = [7.0 + 0.01 * (i % 7) for i in range(int(extras["runs"]))]

    def timing(factor: float) -> dict[str, Any]:
        times = [factor * ms for ms in samples]
        return {"runs": len(times), "seconds": sum(times) / 1000, "samples_ms": times}

    return {
        "format": "facestyle-benchmark/1",
        "created": "2026-03-01T12:00:00+00:00",
        "device": {"kind": "android", "name": "Google Pixel 8"},
        "rows": [
            {
                "name": "app",
                "file": {"name": "model.tflite", "sha256": sha256},
                "runtime": {
                    "name": "LiteRT",
                    "version": "1.4.0",
                    "delegate": {"cpu": "XNNPACK", "gpu": "GPU"}[extras["delegate"]],
                    "threads": extras["threads"],
                    "sha256": hashlib.sha256(b"libtensorflowlite_jni.so").hexdigest(),
                },
                "stages": {
                    "preprocess": timing(0.1),
                    "inference": timing(1.0),
                    "postprocess": timing(0.2),
                    "end_to_end": timing(1.3),
                },
                "load_ms": 12.5,
                "first_run_ms": 15.25,
                "conditions": {"run_id": extras["run_id"], "thermal_before": 0},
            }
        ],
    }


def benchmark_text(flags: dict[str, str], new: bool, partitions: int) -> str:
    """What ``benchmark_model`` prints, after its C++ sources."""
    info = "INFO: " if new else ""
    delegate = "GPU" if flags.get("use_gpu") == "true" else "XNNPACK"
    took = {
        0: f"Though {delegate} delegate is explicitly applied, the model graph will not be "
        "executed by the delegate.",
        1: f"Explicitly applied {delegate} delegate, and the model graph will be completely "
        "executed by the delegate.",
    }.get(
        partitions,
        f"Explicitly applied {delegate} delegate, and the model graph will be partially executed "
        f"by the delegate w/ {partitions} delegate kernels.",
    )
    runs = max(int(flags["num_runs"]), int(float(flags["min_secs"]) / 0.0071))
    percentiles = [" p5=6900 median=7050 p95=7400", " p5=6950 median=7100 p95=7450"]
    more = percentiles if new else ["", ""]
    memory = "Memory footprint delta from the start of the tool" if new else "Peak memory footprint"
    lines = [
        "STARTING!",
        "Log parameter values verbosely: [0]",
        f"Num threads: [{flags['num_threads']}]",
        f"Graph: [{flags['graph']}]",
        f"Loaded model {flags['graph']}",
        f"{delegate} delegate created.",
        took,
        "The input model file size (MB): 0.652",
        "Initialized session in 8.214ms.",
        "Running benchmark for at least 5 iterations and at least 0 seconds but terminate if "
        "exceeding 150 seconds.",
        f"count=5 first=9500 curr=7010 min=7000 max=9500 avg=7600 std=950{more[0]}",
        "",
        f"Running benchmark for at least {flags['num_runs']} iterations and at least "
        f"{flags['min_secs']} seconds but terminate if exceeding 150 seconds.",
        f"count={runs} first=7050 curr=7090 min=6880 max=8120 avg=7123.4 std=150{more[1]}",
        "",
        "Inference timings in us: Init: 8214, First inference: 9500, Warmup (avg): 7600, "
        "Inference (avg): 7123.4",
        "Note: as the benchmark tool itself affects memory footprint, the following is only "
        "APPROXIMATE to the actual memory footprint of the model at runtime. Take the information "
        "at your discretion.",
        f"{memory} (MB): init=4.25 overall=11.5",
    ]
    text = "".join(f"{info}{line}\n" if line else "\n" for line in lines)
    if flags.get("enable_op_profiling") == "true":
        text += profile(info)
    return text


def profile(info: str) -> str:
    """The operators' part: a sum for the delegate, one operator beside it, and the insides."""

    def table(rows: list[tuple[str, float, int, str]]) -> str:
        total = sum(ms * calls for _, ms, calls, _ in rows)
        lines, share = [], 0.0
        for kind, ms, calls, name in rows:
            share += 100 * ms * calls / total
            percent = 100 * ms * calls / total
            lines.append(NEWS.format(kind, ms, ms, percent, share, 0.0, calls, name))
        ordered = "\n".join(lines)
        head = HEADER.format("[node type]")
        return (
            f"============================== Run Order ==============================\n{head}\n"
            f"{ordered}\n\n============================== Top by Computation Time "
            f"==============================\n{head}\n{ordered}\n\nNumber of nodes executed: "
            f"{len(rows)}\n============================== Summary by node type "
            "==============================\n\n"
        )

    begin = [("ModifyGraphWithDelegate", 5.1, 1, "ModifyGraphWithDelegate/0")]
    outer = [
        ("MIRROR_PAD", 0.5, 1, "[padded]:3"),
        ("TfLiteXNNPackDelegate", 6.5, 1, "[stylized]:97"),
    ]
    inner = [
        (f"Convolution (NHWC, F32) {kind}", ms, calls, f"Delegate/Convolution {kind}:{i}")
        for i, (kind, ms, calls) in enumerate(
            [("IGEMM", 2.0, 1), ("GEMM", 0.5, 4), ("DWConv", 1.0, 1)]
            + [("GEMM", 0.1, 1) for _ in range(9)]
        )
    ]
    return (
        f"{info}Profiling Info for Benchmark Initialization:\n{table(begin)}\n"
        f"{info}{SUMMARY}\n{table(outer)}\n"
        "Timings (microseconds): count=10 first=7050 curr=7090 min=6880 max=8120 avg=7123.4 "
        f"std=150\nMemory (bytes): count=0\n2 nodes observed\n\nDelegate internal: \n{table(inner)}"
    )


Connect = Callable[[Phone], AbstractContextManager[str]]
"""A phone for as long as it is connected; gives its serial number."""


class Vanished(Exception):
    """The phone is to close its connection."""


class Stream:
    """One open service; what the computer sends comes in pieces of any size."""

    def __init__(self, connection: Connection, own: int, remote: int) -> None:
        self.connection, self.own, self.remote = connection, own, remote
        self.arrived: queue.Queue[bytes | None] = queue.Queue()
        self.acknowledged = threading.Semaphore(0)
        self.buffer = b""

    def send(self, payload: bytes) -> None:
        for start in range(0, len(payload), MAXIMUM // 2):
            piece = payload[start : start + MAXIMUM // 2]
            self.connection.send(WRTE, self.own, self.remote, piece)
            self.acknowledged.acquire(timeout=10)

    def read(self, size: int) -> bytes:
        while len(self.buffer) < size:
            piece = self.arrived.get(timeout=60)
            if piece is None:
                raise EOFError
            self.buffer += piece
            self.connection.send(OKAY, self.own, self.remote)
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken


class Connection:
    """One adb server that is connected."""

    def __init__(self, daemon: Daemon, peer: socket.socket) -> None:
        self.daemon, self.phone, self.peer = daemon, daemon.phone, peer
        self.lock = threading.Lock()
        self.streams: dict[int, Stream] = {}

    def send(self, command: int, first: int, second: int, payload: bytes = b"") -> None:
        check = sum(payload) & 0xFFFFFFFF
        head = struct.pack("<6I", command, first, second, len(payload), check, command ^ 0xFFFFFFFF)
        with self.lock, suppress(OSError):
            self.peer.sendall(head + payload)

    def serve(self) -> None:
        with suppress(OSError, EOFError):
            while True:
                command, first, second, size, _, _ = struct.unpack("<6I", self._read(24))
                self._handle(command, first, second, self._read(size))
        for stream in self.streams.values():
            stream.arrived.put(None)

    def _read(self, size: int) -> bytes:
        taken = b""
        while len(taken) < size:
            piece = self.peer.recv(size - len(taken))
            if not piece:
                raise EOFError
            taken += piece
        return taken

    def _handle(self, command: int, first: int, second: int, payload: bytes) -> None:
        if command in (CNXN, AUTH) and not self.phone.authorised:
            # A phone that trusts nobody asks again, for ever, until someone taps "Allow".
            if command == CNXN or first != 3:
                self.send(AUTH, TOKEN, 0, os.urandom(20))
        elif command == CNXN:
            features = "shell_v2,cmd,stat_v2,ls_v2,fixed_push_mkdir" if self.phone.modern else "cmd"
            banner = f"device::ro.product.model=Pixel 8;features={features}"
            self.send(CNXN, VERSION, MAXIMUM, banner.encode())
        elif command == OPEN:
            own = len(self.streams) + 1
            stream = self.streams[own] = Stream(self, own, first)
            service = payload.rstrip(b"\0").decode()
            threading.Thread(target=self._service, args=(stream, service), daemon=True).start()
        elif second in self.streams:
            stream = self.streams[second]
            if command == WRTE:
                stream.arrived.put(payload)
            elif command == OKAY:
                stream.acknowledged.release()
            elif command == CLSE:
                stream.arrived.put(None)

    def _service(self, stream: Stream, service: str) -> None:
        kind, _, argument = service.partition(":")
        try:
            if kind.split(",")[0] == "shell":
                self.send(OKAY, stream.own, stream.remote)
                self._shell(stream, argument, "v2" in kind.split(","))
            elif kind == "sync":
                self.send(OKAY, stream.own, stream.remote)
                self._sync(stream)
        except Vanished:
            self.daemon.close()
            return
        except (EOFError, queue.Empty):
            pass
        self.send(CLSE, stream.own, stream.remote)

    def _shell(self, stream: Stream, command: str, framed: bool) -> None:
        self._maybe_vanish(command)
        out, status = self.phone.run(command)
        if not framed:
            stream.send(out.encode())
            return
        for start in range(0, len(out), 4096):
            piece = out[start : start + 4096].encode()
            stream.send(struct.pack("<BI", STDOUT, len(piece)) + piece)
        stream.send(struct.pack("<BIB", EXIT, 1, status))

    def _maybe_vanish(self, what: str) -> None:
        if self.phone.vanish is None or self.phone.vanish[0] not in what:
            return
        word, left = self.phone.vanish
        if not left:
            raise Vanished
        self.phone.vanish = word, left - 1

    def _sync(self, stream: Stream) -> None:
        while True:
            name, size = struct.unpack("<4sI", stream.read(8))
            if name == b"QUIT":
                return
            argument = stream.read(size).decode()
            if name in (b"STAT", b"STA2", b"LST2"):
                stream.send(self._stat(name, argument))
            elif name == b"SEND":
                self._receive(stream, argument.rpartition(",")[0])
            elif name == b"RECV":
                self._deliver(stream, argument)

    def _stat(self, name: bytes, path: str) -> bytes:
        held = self.phone.files.get(path)
        folder = any(each.startswith(f"{path.rstrip('/')}/") for each in self.phone.files)
        mode = REGULAR if held is not None else FOLDER_MODE if folder else 0
        size = len(held or b"")
        if name == b"STAT":
            return struct.pack("<4s3I", name, mode, size, 0)
        missing = 0 if mode else 2
        return struct.pack("<4sI2Q4IQ3q", name, missing, 0, 0, mode, 1, 0, 0, size, 0, 0, 0)

    def _receive(self, stream: Stream, path: str) -> None:
        self._maybe_vanish(f"push {path}")
        content = b""
        while True:
            name, size = struct.unpack("<4sI", stream.read(8))
            if name == b"DONE":
                break
            content += stream.read(size)
        if len(content) > self.phone.space:
            said = b"write failed: No space left on device"
            stream.send(struct.pack("<4sI", b"FAIL", len(said)) + said)
            return
        self.phone.files[path] = content
        stream.send(struct.pack("<4sI", b"OKAY", 0))

    def _deliver(self, stream: Stream, path: str) -> None:
        self._maybe_vanish(f"pull {path}")
        content = self.phone.files.get(path)
        if content is None:
            said = b"open failed: No such file or directory"
            stream.send(struct.pack("<4sI", b"FAIL", len(said)) + said)
            return
        for start in range(0, len(content), 64 * 1024):
            piece = content[start : start + 64 * 1024]
            stream.send(struct.pack("<4sI", b"DATA", len(piece)) + piece)
        stream.send(struct.pack("<4sI", b"DONE", 0))


class Daemon:
    """The phone's adbd, listening on a port of this computer."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.serial = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.peers: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                peer, _ = self.listener.accept()
                self.peers.append(peer)
                threading.Thread(target=Connection(self, peer).serve, daemon=True).start()

    def close(self) -> None:
        """Vanish: no connection, and none to be had."""
        for each in (self.listener, *self.peers):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@contextmanager
def connected(phone: Phone, adb: str) -> Iterator[str]:
    """A phone that the adb server of the environment knows; its serial number."""
    daemon = Daemon(phone)
    try:
        subprocess.run([adb, "connect", daemon.serial], capture_output=True, check=False)
        yield daemon.serial
    finally:
        subprocess.run([adb, "disconnect", daemon.serial], capture_output=True, check=False)
        daemon.close()


@contextmanager
def own_server(home: Path) -> Iterator[Connect]:
    """An adb server of our own, which leaves nothing in anybody's home; connects phones."""
    program = shutil.which("adb") or ""
    ours = {name: str(home) for name in ("HOME", "TMPDIR")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**ours, "ANDROID_ADB_SERVER_PORT": str(free_port())}.items():
            patch.setenv(name, value)
        for name in ("ANDROID_SERIAL", "ADB_SERVER_SOCKET", "ADB_VENDOR_KEYS", "ANDROID_SDK_HOME"):
            patch.delenv(name, raising=False)
        yield lambda made: connected(made, program)
        subprocess.run([program, "kill-server"], capture_output=True, check=False)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])
