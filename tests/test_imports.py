"""Who may import whom, and that the command line starts fast."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_import_rules() -> None:
    command = [Path(sys.executable).with_name("lint-imports")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "4 kept, 0 broken" in result.stdout


def test_help_loads_nothing_heavy() -> None:
    """What makes ``facestyle --help`` quick, stated without a clock."""
    script = (
        "import sys\n"
        "sys.argv = ['facestyle', '--help']\n"
        "from facestyle.cli import main\n"
        "try: main()\n"
        "except SystemExit as left: assert not left.code\n"
        "heavy = {'torch', 'numpy', 'PIL', 'tensorflow', 'coremltools'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    for name in ("stylize", "styles", "export", "verify", "train", "evaluate", "doctor"):
        assert name in result.stdout
