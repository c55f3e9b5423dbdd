"""The networks, by name. One file each; nothing elsewhere asks which one it has.

A new network is a new file in this folder: a ``StyleNetwork`` under ``@register(NAME)``, the file
named like it.
"""

from __future__ import annotations

from importlib import import_module

from facestyle.networks.base import NETWORKS, StyleNetwork, create, register
from facestyle.presets import PRESETS

__all__ = ["NETWORKS", "StyleNetwork", "create", "register"]

for _name in PRESETS:
    import_module(f"{__name__}.{_name}")
