"""The operators of ML Programs (MIL ops) that are executed, by name.

Every op is in the module that is called as its group is in coremltools' reference
(``coremltools.converters.mil.mil.ops.defs``): ``conv`` in ``conv``, ``gather`` in
``scatter_gather``, ``reshape`` in ``tensor_transformation``. ``constexpr_ops`` computes
compressed constants when a program is loaded.

To add an op, write its function in its group's module and add a line to that module's ``OPS``::

    def _relu(arguments: Arguments) -> Tensor:
        return arguments.tensor("x").clamp(min=0)

    OPS = {
        "relu": op(_relu, "x"),
        ...
    }
"""

from __future__ import annotations

from coreml_reference.mlprogram.op import Op
from coreml_reference.mlprogram.ops import (
    activation,
    control_flow,
    conv,
    elementwise_binary,
    elementwise_unary,
    image_resizing,
    linear,
    normalization,
    pool,
    quantization_ops,
    reduction,
    scatter_gather,
    tensor_operation,
    tensor_transformation,
    transformers,
)

MODULES = (
    activation,
    control_flow,
    conv,
    elementwise_binary,
    elementwise_unary,
    image_resizing,
    linear,
    normalization,
    pool,
    quantization_ops,
    reduction,
    scatter_gather,
    tensor_operation,
    tensor_transformation,
    transformers,
)

OPS: dict[str, Op] = {name: op for module in MODULES for name, op in module.OPS.items()}
"""Every op that is executed here, by its name in MIL."""
