"""What Linux says of the processors."""

from __future__ import annotations

from pathlib import Path

from benchmarks.arm import emulator, processors
from benchmarks.arm.userland import Userland

A53, A76, N1 = (processors.PROCESSORS[name] for name in processors.DEFAULT)


class TestProcessors:
    def test_a_root_tells_which_processor_it_is(self, tmp_path: Path) -> None:
        (tmp_path / "debian" / "usr").mkdir(parents=True)
        root = processors.make_root(tmp_path / "root", tmp_path / "debian", A76)
        told = dict(
            line.split("\t: ")
            for line in (root / "proc" / "cpuinfo").read_text().splitlines()
            if line
        )
        assert told["CPU part"] == "0xd0b" and told["CPU implementer"] == "0x41"
        assert {"asimdhp", "fphp", "asimddp", "atomics"} <= set(told["Features"].split())
        assert (root / "sys/devices/system/cpu/present").read_text() == "0\n"
        assert (root / "usr").is_dir()

    def test_only_the_newer_ones_calculate_in_half_precision(self) -> None:
        capable = [name for name, one in processors.PROCESSORS.items() if one.half_precision]
        assert capable == ["cortex-a76", "neoverse-n1"]
        assert A53.cpuinfo() != A76.cpuinfo() != N1.cpuinfo()

    def test_command(self, tmp_path: Path) -> None:
        made = Userland(tmp_path, tmp_path / "count.so", {})
        log, model = tmp_path / "log", tmp_path / "model.tflite"
        words = emulator.command(made, tmp_path / "root", A53, log, [model])
        joined = " ".join(words)
        assert words[words.index("-cpu") + 1] == "cortex-a53"
        assert f"-plugin {tmp_path}/count.so -d plugin -D {log}" in joined
        assert f"PYTHONPATH={tmp_path}/site" in words
        assert words[-1] == str(model)
