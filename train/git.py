"""Which version of the code a run was made by."""

from __future__ import annotations

import subprocess
from pathlib import Path


def revision() -> str:
    """Commit of this checkout, ``+changes`` where files differ from it, else ``unknown``."""
    folder = Path(__file__).parent

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
