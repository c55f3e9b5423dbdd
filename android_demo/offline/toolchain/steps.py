"""Steps that are timed, and left out when nothing that they read has changed."""

import hashlib
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from toolchain.tools import ToolchainError


class Steps:
    """Runs steps; remembers in a folder what each one read last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(
        self,
        title: str,
        reads: Iterable[Path | str],
        writes: Sequence[Path],
        action: Callable[[], object],
    ) -> bool:
        """Do a step unless what it writes is there, from the same inputs; say how long it took.

        Args:
            title: what is printed, and the step's name.
            reads: files, folders, and words that change what comes out.
            writes: the files and folders that the step leaves.
            action: the step itself.

        Returns:
            Whether the step was run.

        Raises:
            ToolchainError: a file that it reads is missing.
        """
        digest = _digest(reads)
        note = self._folder / f"{title.replace(' ', '_')}.sha256"
        unchanged = note.exists() and note.read_text(encoding="utf-8") == digest
        if unchanged and all(path.exists() for path in writes):
            print(f"{title:<28} unchanged", flush=True)
            return False
        note.unlink(missing_ok=True)
        started = time.monotonic()
        action()
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(digest, encoding="utf-8")
        print(f"{title:<28} {time.monotonic() - started:.1f} s", flush=True)
        return True


def files_of(*folders: Path, suffix: str = "") -> list[Path]:
    """Return all files in these folders, sorted; a folder that is missing has none."""
    found = (path for folder in folders for path in folder.rglob(f"*{suffix}"))
    return sorted(path for path in found if path.is_file())


def empty(folder: Path) -> Path:
    """Make a folder anew, without anything in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _digest(reads: Iterable[Path | str]) -> str:
    """Return one hash of words and of files, with their paths and contents."""
    state = hashlib.sha256()
    for item in reads:
        state.update(f"{item}\0".encode())
        if isinstance(item, Path):
            if not item.exists():
                raise ToolchainError(f"{item} is missing")
            for path in files_of(item) if item.is_dir() else [item]:
                state.update(f"{path}\0".encode())
                state.update(hashlib.sha256(path.read_bytes()).digest())
    return state.hexdigest()
