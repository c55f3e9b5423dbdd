"""All operators of ML Programs that are executed, by name."""

from coreml_reference.operation import Operation
from coreml_reference.ops import (
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
