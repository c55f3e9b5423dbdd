"""Which extra of the package installs which module, read from the package's own metadata.

``setup.cfg`` is the one place where dependencies stand. Its extras (``pip install
'facestyle[tflite]'``) come back here as requirements of the installed package.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata, util
from types import TracebackType

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from facestyle.errors import UserError

PACKAGE = "facestyle"

BASE = ""
"""The extra that is always installed: ``pip install facestyle``."""

MODULES = {"pillow": "PIL", "dlib-bin": "dlib", "protobuf": "google.protobuf"}
"""Modules that are not called like the distribution that brings them."""

EXTRA_OF_PACKAGE = {"train": "train", "benchmarks": "bench"}
"""Packages of this project that need one extra as a whole; ``export`` needs one a format."""


@dataclass(frozen=True)
class Dependency:
    """Something that pip installs.

    Attributes:
        distribution: its name at a package registry.
        module: what is imported, such as ``PIL``.
    """

    distribution: str
    module: str

    @property
    def is_installed(self) -> bool:
        """Whether its module can be imported."""
        try:
            return util.find_spec(self.module) is not None
        except ModuleNotFoundError:  # the parent of a dotted name
            return False

    @property
    def version(self) -> str:
        """Of the installed one; ``?`` where it is unknown."""
        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return "?"


class Dependencies:
    """A package's extras and what each installs.

    Args:
        requirements: as its metadata has them, such as ``onnx==1.19.1; extra == "tflite"``;
            ``PACKAGE[extra]`` includes another extra.
        extras: all of them.
    """

    def __init__(self, requirements: Iterable[str], extras: Iterable[str]) -> None:
        listed: dict[str, list[Dependency]] = {extra: [] for extra in (BASE, *extras)}
        included: dict[str, set[str]] = {extra: set() for extra in listed}
        for requirement in map(Requirement, requirements):
            extra = next((e for e in listed if _applies(requirement, e)), None)
            if extra is None:  # of another system
                continue
            if requirement.name == PACKAGE:
                included[extra] |= requirement.extras
            else:
                name = canonicalize_name(requirement.name)
                listed[extra].append(Dependency(name, MODULES.get(name, name.replace("-", "_"))))
        self.listed: Mapping[str, list[Dependency]] = listed
        """What each extra lists by itself; ``BASE`` first."""
        self._included = included

    def all(self, extra: str) -> list[Dependency]:
        """What ``pip install 'facestyle[EXTRA]'`` installs, beyond the base where it is another.

        Raises:
            KeyError: when there is no such extra.
        """
        found = dict.fromkeys(self.listed[extra])
        for other in sorted(self._included[extra]):
            found.update(dict.fromkeys(self.all(other)))
        return [item for item in found if extra == BASE or item not in self.listed[BASE]]

    def missing(self, extra: str) -> list[Dependency]:
        """What of an extra is not installed."""
        return [item for item in self.all(extra) if not item.is_installed]

    def find(self, module: str, package: str = "") -> tuple[Dependency, str] | None:
        """What brings a module, and the extra that installs it.

        Args:
            module: such as ``tensorflow.lite``.
            package: the package of this project that needs it; its own extra is preferred.
        """
        sources = list(self.listed.items())
        if package in EXTRA_OF_PACKAGE:
            preferred = EXTRA_OF_PACKAGE[package]
            sources.insert(0, (preferred, self.all(preferred)))
        for extra, items in sources:
            for item in items:
                if _is_within(module, item.module) or _is_within(item.module, module):
                    return item, extra
        return None


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _is_within(module: str, other: str) -> bool:
    return f"{module}.".startswith(f"{other}.")


def is_installed() -> bool:
    """Whether this package is; a checkout also runs without, and knows no dependencies then."""
    try:
        metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        return False
    return True


@cache
def own() -> Dependencies:
    """Those of this package."""
    described = metadata.metadata(PACKAGE)
    return Dependencies(
        described.get_all("Requires-Dist") or [], described.get_all("Provides-Extra") or []
    )


def install_command(extra: str) -> str:
    """What to type to install an extra."""
    return f"pip install '{PACKAGE}[{extra}]'" if extra else f"pip install {PACKAGE}"


def require(*extras: str) -> None:
    """Fail before any work where something of an extra is not installed.

    Raises:
        UserError: that names what is missing, and the extras to install.
    """
    if not is_installed():
        return
    missing = {extra: own().missing(extra) for extra in dict.fromkeys(extras)}
    lacking = [extra for extra, items in missing.items() if items]
    if lacking:
        names = dict.fromkeys(item.module for items in missing.values() for item in items)
        raise UserError(f"this needs {', '.join(names)}: {install_command(','.join(lacking))}")


def explain(error: ModuleNotFoundError) -> UserError | None:
    """What to install for a module that turned out to be missing; None where no extra has it."""
    if not is_installed():
        return None
    found = own().find(error.name or "", _package(error.__traceback__))
    if found is None:
        return None
    dependency, extra = found
    return UserError(f"this needs {dependency.module}: {install_command(extra)}")


def _package(traceback: TracebackType | None) -> str:
    """The first package that needs an extra as a whole in the chain of calls."""
    while traceback is not None:
        package = str(traceback.tb_frame.f_globals.get("__name__")).partition(".")[0]
        if package in EXTRA_OF_PACKAGE:
            return package
        traceback = traceback.tb_next
    return ""
