"""Names of the networks, for command lines: ``facestyle.networks`` imports PyTorch."""

from __future__ import annotations

from pathlib import Path
from pkgutil import iter_modules

SHARED = ("base", "layers")
"""Modules of ``facestyle/networks/`` that hold what networks share; each other one is a network."""

PRESETS = tuple(
    sorted(
        module.name
        for module in iter_modules([str(Path(__file__).with_name("networks"))])
        if module.name not in SHARED
    )
)
"""The keys of ``facestyle.networks.NETWORKS``: the names of the networks' files."""

DEFAULT = "mobile"
"""The network of ``make export``, whose style encoder the others that ship share."""
