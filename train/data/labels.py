"""Expensive labels (filled depth, depth and parsing maps, face boxes), computed once and kept.

They lie beside the data in ``.facestyle``, a file for each image: whatever stops the computing,
what is done stays done, and several processes may share the work.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from facestyle.errors import UserError
from facestyle.files import atomic
from train.data.samples import Damaged, Sample

Compute = Callable[[Sample], np.ndarray]
"""From a sample to its label; raises ``Damaged`` where it cannot be had."""

Progress = Callable[[int, int], None]
"""Told how many labels are done, and of how many."""


@dataclass(frozen=True)
class Label:
    """A label that is read from its file, or computed and stored where there is none.

    Attributes:
        sample: whose it is.
        path: its file.
        compute: how to make it.
    """

    sample: Sample
    path: Path
    compute: Compute

    def __call__(self) -> np.ndarray:
        """The label as ``compute`` made it.

        Raises:
            Damaged: from ``compute``.
            CannotWrite: when it cannot be stored.
        """
        value = self._read()
        if value is None:
            value = self.compute(self.sample)
            with atomic(self.path) as temporary:
                np.savez_compressed(temporary, name=np.array(self.sample.name), value=value)
        return value

    def _read(self) -> np.ndarray | None:
        """None where there is no file, or a damaged or foreign one."""
        try:
            with np.load(self.path, allow_pickle=False) as stored:
                return stored["value"] if stored["name"] == self.sample.name else None
        except (OSError, ValueError, KeyError, EOFError, RuntimeError, BadZipFile, zlib.error):
            return None


def compute_labels(
    samples: Sequence[Sample],
    kind: str,
    version: str,
    compute: Compute,
    cache: Path,
    progress: Progress | None = None,
) -> list[Label]:
    """Compute the labels that are not in the cache yet.

    Args:
        samples: of one source.
        kind: what the label is (``depth``, ``boxes``); part of its place in the cache.
        version: of everything that ``compute`` depends on: settings, weights. Another version
            has its own files.
        cache: see ``cache_folder``.

    Returns:
        A label for every sample, to be called when needed; where ``compute`` found the sample
        damaged, calling it says so again.

    Raises:
        CannotWrite: when a label cannot be stored.
    """
    folder = cache / f"{kind}-{_digest(version)[:12]}"
    labels = [_label(sample, folder, compute) for sample in samples]
    for done, label in enumerate(labels, 1):
        if not label.path.exists():
            # What is damaged is named, with what is wrong, by whoever needs the label.
            with suppress(Damaged):
                label()
        if progress:
            progress(done, len(labels))
    return labels


def cached(
    samples: Sequence[Sample],
    kind: str,
    version: str,
    compute: Compute,
    cache: Path,
    progress: Progress | None = None,
) -> list[Sample]:
    """The samples with ``kind``, a label they have a field for, as ``compute`` makes it.

    Arguments and errors are those of ``compute_labels``. ``compute`` is given the sample as it
    was, so depth may be filled from the depth there is.
    """
    labels = compute_labels(samples, kind, version, compute, cache, progress)
    changes: list[dict[str, Any]] = [{kind: label} for label in labels]
    return [replace(sample, **change) for sample, change in zip(samples, changes)]


def cache_folder(source: Path) -> Path:
    """Where the labels of a folder or tar lie; made if need be.

    That is ``FOLDER/.facestyle`` or ``FILE.tar.facestyle``. Where nothing can be written there it
    is a folder in the user's cache (``XDG_CACHE_HOME``, else ``~/.cache``), with a warning.

    Raises:
        UserError: when neither can be written.
    """
    is_folder = source.is_dir()
    beside = source / ".facestyle" if is_folder else source.with_name(f"{source.name}.facestyle")
    if _writable(beside):
        return beside
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError as error:
        raise UserError(
            f"cannot write {beside}, and there is no home directory; set XDG_CACHE_HOME to a folder"
        ) from error
    own = home / "facestyle" / f"{source.name}-{_digest(str(source.absolute()))[:12]}"
    if not _writable(own):
        raise UserError(f"cannot write {beside} or {own}; set XDG_CACHE_HOME to another folder")
    warnings.warn(f"cannot write {beside}; labels are kept in {own}", stacklevel=2)
    return own


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _label(sample: Sample, folder: Path, compute: Compute) -> Label:
    # A hash: names may be longer than file names may be. Spread over 256 folders.
    digest = _digest(sample.name)[:32]
    return Label(sample, folder / digest[:2] / f"{digest[2:]}.npz", compute)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
