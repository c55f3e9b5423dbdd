"""The layers of neural networks that are executed, by their names in NeuralNetwork.proto.

Modules are called as those of ``mlprogram.ops``: ``convolution`` is in ``conv``, ``pooling`` in
``pool``, ``reshapeStatic`` in ``tensor_transformation``. Shapes and formulas of each are in the
comments of Apple's NeuralNetwork.proto.

Not executed: recurrent layers, control flow, custom layers, random numbers, three-dimensional
convolutions and pools, crops to regions, non-maximum suppression.

To add a layer, write what builds it in its module and add a line to that module's ``LAYERS``::

    def _clip(node: Node) -> Run:
        low, high = node.params.minVal, node.params.maxVal
        return lambda x: x.clamp(low, high)

    LAYERS: Layers = {
        "clip": Layer(_clip),
        ...
    }
"""

from __future__ import annotations

from coreml_reference.neuralnetwork.layer import Layers
from coreml_reference.neuralnetwork.layers import (
    activation,
    conv,
    elementwise_binary,
    elementwise_unary,
    image_resizing,
    linear,
    normalization,
    pool,
    reduction,
    scatter_gather,
    tensor_operation,
    tensor_transformation,
)

MODULES = (
    activation,
    conv,
    elementwise_binary,
    elementwise_unary,
    image_resizing,
    linear,
    normalization,
    pool,
    reduction,
    scatter_gather,
    tensor_operation,
    tensor_transformation,
)

LAYERS: Layers = {name: layer for module in MODULES for name, layer in module.LAYERS.items()}
"""Every layer that is executed here, by its name in the specification."""
