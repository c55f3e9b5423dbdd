"""All operators of ML Programs that are executed, by name."""

from export.coreml_runtime.operation import Operation
from export.coreml_runtime.ops import (
    activation,
    convolution,
    elementwise,
    image,
    indexing,
    linear,
    normalisation,
    pooling,
    quantization,
    rearranging,
    reduction,
)

OPERATIONS: dict[str, Operation] = {
    name: operation
    for family in (
        activation,
        convolution,
        elementwise,
        image,
        indexing,
        linear,
        normalisation,
        pooling,
        quantization,
        rearranging,
        reduction,
    )
    for name, operation in family.OPERATIONS.items()
}
