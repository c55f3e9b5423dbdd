"""What is refused, and why nothing can be emulated."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.arm import debian, userland
from benchmarks.arm.userland import Unavailable
from tests.conftest import Outcome, assert_refused

Command = Callable[..., Outcome]


class TestRefusals:
    """Each in one line, with what to do."""

    @pytest.fixture(autouse=True)
    def empty_cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        return tmp_path / "cache" / "facestyle" / "arm"

    @pytest.mark.parametrize("name", ["max", "cortex-a99"])
    def test_processor(self, facestyle: Command, tmp_path: Path, name: str) -> None:
        outcome = facestyle("bench", "arm", tmp_path, "--cpu", name, "--out", tmp_path / "out")
        assert_refused(outcome, name, "processor", "cortex-a")
        assert not (tmp_path / "out").exists()

    def test_no_build(self, facestyle: Command, tmp_path: Path) -> None:
        assert_refused(facestyle("bench", "arm"), "facestyle bench arm BUILD")
        assert_refused(facestyle("bench", "arm", tmp_path, "--cpu", ","), "--cpu")
        assert_refused(facestyle("bench", "arm", tmp_path), "no build here")

    @pytest.mark.parametrize("machine", ["riscv64", "i686"])
    def test_another_machine(
        self, facestyle: Command, monkeypatch: pytest.MonkeyPatch, machine: str
    ) -> None:
        monkeypatch.setattr(userland.platform, "machine", lambda: machine)
        assert_refused(facestyle("bench", "arm", "--setup"), machine, "Linux")

    def test_tools_are_missing(
        self, facestyle: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(debian, "KEYRING", tmp_path / "no.gpg")
        outcome = facestyle("bench", "arm", "--setup")
        assert_refused(outcome, "install", "apt (Debian", "dpkg", "debian-archive-keyring")

    def test_no_compiler(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(Unavailable, match="install a C compiler"):
            userland.compile_shared([tmp_path / "a.c"], tmp_path / "a.so")

    @pytest.mark.skipif(shutil.which("apt-get") is None, reason="apt is not installed")
    @pytest.mark.skipif(not debian.KEYRING.exists(), reason="Debian's keys are not installed")
    def test_no_network(
        self, facestyle: Command, monkeypatch: pytest.MonkeyPatch, empty_cache: Path
    ) -> None:
        monkeypatch.setattr(debian, "MIRROR", "http://127.0.0.1:9/debian")
        outcome = facestyle("bench", "arm", "--setup")
        assert outcome.code == 2 and "Traceback" not in outcome.err
        assert outcome.err.startswith("error: ") and "check the network" in outcome.err
        assert outcome.err.count("\n") == 1
        # Nothing half done is left to be taken for whole.
        assert list(empty_cache.iterdir()) == []
