"""The Neural Engine's table of a Core ML file: the rules that are known, all secondary.

Apple publishes none. What is here was told by people who looked: hollance/neural-engine on GitHub
(layers that never run there, float16 throughout, kernels beyond 13), Apple's article "Deploying
Transformers on the Apple Neural Engine" (four dimensions, channels first), Apple's engineers in
their forum (thread 724930: of a range of shapes only the default one), and compute plans measured
for roboflow/rf-detr (pull request 1495: top-k and gathering leave). Only ``MLComputePlan``, on a
Mac, tells where an operation really runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from export.verify.delegates.coreml_graph import Operation
from export.verify.delegates.table import Basis, Coverage, Refusal, placement

DELEGATE = "Neural Engine"

SOURCE = (
    "hollance/neural-engine, Apple's articles and forum, compute plans that others measured: "
    "secondary. Taken means that no known rule speaks against it; MLComputePlan on a Mac decides"
)

MAX_RANK = 5
"""Dimensions of a Core ML tensor."""

MAX_KERNEL = 13
"""Of a convolution or a pool, high and wide."""

KERNELS = ("conv", "convolution", "avg_pool", "max_pool", "pooling")

REFUSED: Mapping[str, tuple[str, str | None]] = {
    **dict.fromkeys(
        ("gather", "gather_along_axis", "gather_nd", "gatherND", "gatherAlongAxis"),
        ("gathering runs on the CPU", "slices at constant places, then a concatenation"),
    ),
    **dict.fromkeys(
        ("scatter", "scatter_along_axis", "scatter_nd", "scatterND", "scatterAlongAxis"),
        ("scattering runs on the CPU", "a concatenation of what stays and what changes"),
    ),
    **dict.fromkeys(
        ("lstm", "gru", "rnn", "simpleRecurrent", "uniDirectionalLSTM", "biDirectionalLSTM"),
        ("recurrent", "convolutions, or the steps written out"),
    ),
    **dict.fromkeys(("while_loop", "loop", "cond", "branch"), ("control flow", "write it out")),
    **dict.fromkeys(("topk", "topK", "argsort", "argSort"), ("sorting runs on the CPU", None)),
    **dict.fromkeys(
        ("non_maximum_suppression", "nonMaximumSuppression"), ("runs on the CPU", "in the app")
    ),
    **dict.fromkeys(
        ("custom", "custom_layer"), ("a custom layer has no Neural Engine code", "plain layers")
    ),
}
"""Cause and rewrite by operator."""

CONSTANTS = ("loadConstant", "loadConstantND")
"""Layers that hold a constant and compute nothing, whatever their names."""

PROGRAM = """
abs add avg_pool batch_norm cast ceil clip concat const conv conv_transpose cos depth_to_space elu
erf exp exp2 expand_dims fill floor gelu inverse instance_norm layer_norm leaky_relu linear log
matmul max_pool maximum minimum mul pad pixel_shuffle pixel_unshuffle pow prelu real_div
reduce_max reduce_mean reduce_min reduce_sum relu relu6 reshape resize resize_bilinear
resize_nearest_neighbor round rsqrt sigmoid sigmoid_hard sign silu sin slice_by_index
slice_by_size softmax softplus space_to_depth split sqrt square squeeze stack sub tan tanh
thresholded_relu tile transpose upsample_bilinear upsample_nearest_neighbor
"""
"""Operators of programs against which nothing is known."""

NETWORK = """
activation average batchnorm bias convolution crop flatten innerProduct l2normalize lrn max min
multiply mvn padding permute pooling reduce reorganizeData reshapeStatic resizeBilinear scale
slice upsample unary
"""
"""Layers of networks against which nothing is known, where programs have no such name."""


def coverage(operations: list[Operation]) -> Coverage:
    """What the Neural Engine is expected to take."""
    rows = (
        placement(operation.kind, str(operation), refuse(operation), Basis.SECONDARY)
        for operation in operations
    )
    return Coverage(DELEGATE, tuple(rows), SOURCE)


def refuse(operation: Operation) -> Refusal | None:
    """Why an operation is left out; None where nothing is known against it."""
    return next((why for rule in RULES if (why := rule(operation)) is not None), None)


def _named(operation: Operation) -> Refusal | None:
    if operation.kind in REFUSED:
        return Refusal(*REFUSED[operation.kind])
    return None


def _broadcastable(operation: Operation) -> Refusal | None:
    if operation.kind.endswith("Broadcastable"):
        plain = operation.kind.removesuffix("Broadcastable")
        return Refusal("a broadcastable layer", f"the plain layer: {plain} with a channel's values")
    return None


def _any_rank(operation: Operation) -> Refusal | None:
    if operation.kind.endswith("ND") and operation.kind not in CONSTANTS:
        plain = operation.kind.removesuffix("ND")
        return Refusal("a layer for any number of dimensions", f"the plain layer: {plain}")
    return None


def _dilated(operation: Operation) -> Refusal | None:
    if any(d > 1 for d in operation.settings.get("dilations", ())):
        return Refusal("dilated", "one plain convolution for each phase of a space to depth")
    return None


def _wide(operation: Operation) -> Refusal | None:
    if operation.kind not in KERNELS:
        return None
    sizes = operation.settings.get("kernel_sizes", ()) or operation.weight_shape[2:]
    if max(sizes, default=0) > MAX_KERNEL:
        return Refusal(
            f"a kernel beyond {MAX_KERNEL}",
            "a reduction where it is global, else smaller kernels in turn",
        )
    return None


def _single(operation: Operation) -> Refusal | None:
    if operation.dtype in ("float32", "float64") and operation.kind != "cast":
        return Refusal(f"computes in {operation.dtype}", "convert with float16 compute precision")
    return None


def _rank(operation: Operation) -> Refusal | None:
    if operation.shape is not None and len(operation.shape) > MAX_RANK:
        return Refusal(
            f"{len(operation.shape)} dimensions, taken with at most {MAX_RANK}",
            "reshape to four, channels second",
        )
    return None


def _ranged(operation: Operation) -> Refusal | None:
    if operation.ranged:
        return Refusal(
            "an input of any size within a range: other sizes than the default leave",
            "one size, or a list of sizes (EnumeratedShapes)",
        )
    return None


def _unknown(operation: Operation) -> Refusal | None:
    known = operation.kind in (*PROGRAM.split(), *NETWORK.split(), *CONSTANTS)
    if known or operation.kind.startswith("constexpr_"):
        return None
    return Refusal("unknown to this table")


RULES: tuple[Callable[[Operation], Refusal | None], ...] = (
    _named,
    _broadcastable,
    _any_rank,
    _dilated,
    _wide,
    _single,
    _rank,
    _ranged,
    _unknown,
)
"""The first that has a reason says it."""
