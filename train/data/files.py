"""Folders and tar shards behind one way of reading; nothing is unpacked."""

from __future__ import annotations

import os
import tarfile
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from facestyle.errors import UserError


class _Place(NamedTuple):
    """Where the bytes of a file lie."""

    source: Path
    offset: int = 0
    size: int | None = None
    """None: all of ``source``, which is no tar."""


class Files:
    """What a folder or its tar shards hold, by name. Reading is thread-safe.

    Attributes:
        path: the folder or tar.
        names: sorted; relative to the folder or as inside the tar, with forward slashes.
    """

    def __init__(self, path: Path, places: Mapping[str, _Place]) -> None:
        self.path = path
        self.names = tuple(sorted(places))
        self._places = places
        # Held open: on network file systems opening costs more than reading.
        tars = {place.source for place in places.values() if place.size is not None}
        self._handles = {tar: os.open(tar, os.O_RDONLY) for tar in tars}
        weakref.finalize(self, _close, list(self._handles.values()))

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            KeyError: when there is no such name.
            OSError: when it has gone or cannot be read whole.
        """
        source, offset, size = self._places[name]
        if size is None:
            return source.read_bytes()
        data = os.pread(self._handles[source], size, offset)
        if len(data) < size:
            raise OSError(f"{source} ends before {name} does")
        return data


def _close(handles: list[int]) -> None:
    for handle in handles:
        os.close(handle)


def open_files(path: Path) -> Files:
    """Index a folder (with all below it) or an uncompressed tar file.

    Tar shards in a folder are read as if unpacked into it; where two hold a file of the same
    name, every name begins with that of its shard. Hidden files are left out.

    Raises:
        UserError: when nothing is there, or a tar is compressed, damaged or none.
    """
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")
    if not path.is_dir():
        return Files(path, _index(path))
    loose = dict(_walk(path))
    shards = {name: _index(loose.pop(name).source) for name in list(loose) if _is_tar(name)}
    places = loose | {name: place for shard in shards.values() for name, place in shard.items()}
    if len(places) < len(loose) + sum(map(len, shards.values())):
        places = loose | {
            f"{shard.removesuffix('.tar')}/{name}": place
            for shard, members in shards.items()
            for name, place in members.items()
        }
    return Files(path, places)


def _is_tar(name: str) -> bool:
    return name.endswith(".tar")


def _hidden(name: str) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(name).parts)


def _walk(root: Path) -> Iterator[tuple[str, _Place]]:
    seen = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        # Sets are often linked from other disks; a link back up would never end.
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        for name in names:
            path = Path(folder, name)
            relative = path.relative_to(root).as_posix()
            if not _hidden(relative) and path.is_file():
                yield relative, _Place(path)
        folders[:] = sorted(f for f in folders if not f.startswith("."))


def _index(path: Path) -> dict[str, _Place]:
    """Every regular file of a tar. Where a name comes twice the last counts, as in unpacking."""
    places: dict[str, _Place] = {}
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                name = str(PurePosixPath(member.name.lstrip("/")))
                if _hidden(name):
                    continue
                if member.issparse():
                    raise UserError(f"{path}: {name} is stored sparse; pack it without --sparse")
                if member.isreg():
                    places[name] = _Place(path, member.offset_data, member.size)
                elif member.islnk() and (target := str(PurePosixPath(member.linkname))) in places:
                    places[name] = places[target]
    except tarfile.ReadError as error:
        if not places and _opens_compressed(path):
            raise UserError(
                f"{path} is compressed, so that its images cannot be read in place; "
                "uncompress it first (for .gz: gunzip)"
            ) from error
        what = "a damaged or unfinished tar file" if places else "neither a folder nor a tar file"
        raise UserError(f"{path}: {what} ({error})") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    return places


def _opens_compressed(path: Path) -> bool:
    try:
        with tarfile.open(path, "r:*"):
            return True
    except (tarfile.TarError, EOFError, OSError):
        return False
