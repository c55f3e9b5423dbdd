"""Names of the networks, for command lines: ``facestyle.networks`` imports PyTorch."""

from __future__ import annotations

PRESETS = ("mobile", "studio", "vgg19")
"""The keys of ``facestyle.networks.NETWORKS``."""
