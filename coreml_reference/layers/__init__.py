"""Layers of neural networks, by the names that the specification gives them.

Not executed: recurrent layers, control flow, custom layers, random numbers, three-dimensional
convolutions and pools, crops to regions, non-maximum suppression.
"""

from __future__ import annotations

from coreml_reference.layers import (
    activation,
    convolution,
    elementwise,
    joining,
    matrix,
    normalisation,
    ordering,
    pooling,
    reduction,
    resampling,
    selection,
    shaping,
    spatial,
)
from coreml_reference.layers.node import Layers

MODULES = (
    activation,
    convolution,
    elementwise,
    joining,
    matrix,
    normalisation,
    ordering,
    pooling,
    reduction,
    resampling,
    selection,
    shaping,
    spatial,
)

LAYERS: Layers = {name: layer for module in MODULES for name, layer in module.LAYERS.items()}
"""Every layer that is executed here."""
