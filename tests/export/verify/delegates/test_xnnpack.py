"""What accelerators take: XNNPACK's table against the runtime, operator by operator and whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from export.convert.graphs import Graph, build
from export.convert.rewrites import for_tflite
from export.convert.tflite import to_tensorflow, to_tflite
from export.formats.tflite import DYNAMIC, FP16, FP32, INT8
from export.verify.delegates import (
    Basis,
    Coverage,
    of_coreml,
    of_tflite,
    partitions_agree,
)
from export.verify.delegates.partitions import Wiring, epochs, partitions
from export.verify.verdicts import Assurance
from facestyle import checkpoint, contract
from facestyle.contract import Contract
from facestyle.errors import UserError
from facestyle.networks.layers import ReflectConv2d, UpsampleReflectConv2d
from tests.support.made_tflite import (
    CUBE,
    Made,
    Shape,
    binary,
    blocks,
    concatenated,
    convolution,
    dense,
    halves,
    leaky,
    matmul,
    padded,
    pool,
    reduced,
    reshaped,
    resized,
    shaped,
    sliced,
    softmax,
    split,
    strided,
    transposed,
    turned,
    unary,
)

FLOAT_UNARY = ["ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "GELU", "HARD_SWISH", "LOGISTIC", "NEG"]
FLOAT_UNARY += ["RELU", "RELU6", "RELU_N1_TO_1", "ROUND", "RSQRT", "SIN", "SQRT", "SQUARE", "TANH"]
FLOAT_BINARY = ["ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"]
BROADCASTS: list[Shape] = [CUBE, (1, 1, 1, 8), (8,), (1, 4, 4, 1), ()]
POOLS = ("AVERAGE_POOL_2D", "MAX_POOL_2D")
REDUCTIONS = ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN")

TAKEN: dict[str, Callable[[], Made]] = {
    **{f"{n} float32": lambda n=n: unary(n) for n in FLOAT_UNARY},
    **{f"{n} int8": lambda n=n: unary(n, "int8") for n in ("ELU",)},
    "LOGISTIC int8": lambda: unary("LOGISTIC", "int8", scale=1 / 256),
    "TANH int8": lambda: unary("TANH", "int8", scale=1 / 128),
    "ABS float16": lambda: unary("ABS", "float16"),
    "LEAKY_RELU -1 int8": lambda: leaky(-1, "int8"),
    "LEAKY_RELU 0.2 int8": lambda: leaky(0.2, "int8"),
    "LEAKY_RELU tiny float32": lambda: leaky(0.001, "float32"),
    "SOFTMAX": lambda: softmax(1),
    "QUANTIZE float32": lambda: unary("QUANTIZE", "float32", "int8"),
    "QUANTIZE int8": lambda: unary("QUANTIZE", "int8", scale=0.1),
    "DEQUANTIZE": lambda: unary("DEQUANTIZE", "int8", "float32"),
    **{
        f"{n} {d} {s} {c}": lambda n=n, d=d, s=s, c=c: binary(n, d, s, constant=c)
        for n in FLOAT_BINARY
        for d in (("float32", "int8") if n in ("ADD", "SUB", "MUL") else ("float32",))
        for s in BROADCASTS
        for c in (False, True)
    },
    **{
        f"{n} fused {a}": lambda n=n, a=a: binary(n, fusedActivationFunction=a)
        for n in ("ADD", "SUB", "MUL", "DIV")
        for a in (1, 2, 3)
    },
    "ADD rank 6": lambda: binary("ADD", second=(2,) * 6, first=(2,) * 6),
    "MUL scales at the limit": lambda: binary("MUL", "int8", scales=(1, 1, 2**16)),
    "ADD scales at the limit": lambda: binary("ADD", "int8", scales=(1, 1, 2**10)),
    "PRELU": lambda: binary("PRELU", second=(1, 1, 8), constant=True),
    **{
        f"{n} {d} {o}": lambda n=n, d=d, o=o: convolution(n, d, **dict(o))
        for n in ("CONV_2D", "DEPTHWISE_CONV_2D")
        for d in ("float32", "int8")
        for o in ((), (("fusedActivationFunction", 3),), (("dilationHFactor", 2),))
    },
    **{
        f"CONV_2D {d} {g} groups": lambda d=d, g=g: convolution("CONV_2D", d, groups=g)
        for d in ("float32", "int8")
        for g in (2, 8)
    },
    "CONV_2D dynamic int8": lambda: convolution(weights="int8"),
    "CONV_2D dynamic int8, 2 groups": lambda: convolution(weights="int8", groups=2),
    "CONV_2D halves": lambda: halves(bias=True),
    **{f"TRANSPOSE_CONV {d}": lambda d=d: transposed(d) for d in ("float32", "int8")},
    "TRANSPOSE_CONV dynamic int8": lambda: transposed(weights="int8"),
    **{f"FULLY_CONNECTED {d}": lambda d=d: dense(d) for d in ("float32", "int8")},
    "FULLY_CONNECTED dynamic int8": lambda: dense(weights="int8"),
    **{
        f"BATCH_MATMUL {d} {c}": lambda d=d, c=c: matmul(d, c)
        for d in ("float32", "int8")
        for c in (False, True)
    },
    **{
        f"{n} {w} {s}": lambda n=n, w=w, s=s: pool(n, "float32", w, s)
        for n in POOLS
        for w, s in ((2, 2), (3, 2), (1, 1), (4, 4))
    },
    "MAX_POOL_2D int8": lambda: pool("MAX_POOL_2D", "int8", 2, 2),
    **{
        f"{n} {d} {a}": lambda n=n, d=d, a=a: reduced(n, a, d)
        for n in REDUCTIONS
        for d in ("float32", "int8")
        for a in ((1, 2), (3,), (0,), (1, 2, 3), (2, 1))
    },
    "MEAN int8 other scale": lambda: reduced("MEAN", (1, 2), "int8", 0.2),
    **{f"CONCATENATION {n}": lambda n=n: concatenated(n) for n in (2, 3, 4, 5)},
    "CONCATENATION int8": lambda: concatenated(3, "int8"),
    **{
        f"{label} {d}": lambda f=f, d=d: f(d)
        for d in ("float32", "int8")
        for label, f in (
            ("PAD", lambda d: padded("PAD", d)),
            ("RESIZE_BILINEAR", lambda d: resized("RESIZE_BILINEAR", d, halfPixelCenters=True)),
            ("RESIZE_BILINEAR corners", lambda d: resized("RESIZE_BILINEAR", d, alignCorners=True)),
            ("SLICE", lambda d: sliced((0, 1, 0, 0), (1, 2, 4, 8), (1, 2, 4, 8), dtype=d)),
            ("STRIDED_SLICE", lambda d: strided((1, 2, 4, 8), (1, 2, 4, 8), dtype=d)),
            ("STRIDED_SLICE mask", lambda d: strided(CUBE, (0, 0, 0, 0), dtype=d, endMask=15)),
            ("SPLIT 2", lambda d: split(2, d)),
            ("SPLIT 4", lambda d: split(4, d)),
            ("RESHAPE", lambda d: reshaped((1, 16, 8), d)),
            ("RESHAPE rank 6", lambda d: reshaped((1, 2, 2, 2, 2, 8), d)),
            ("TRANSPOSE", turned),
            ("DEPTH_TO_SPACE", lambda d: blocks("DEPTH_TO_SPACE", d)),
            ("SPACE_TO_DEPTH", lambda d: blocks("SPACE_TO_DEPTH", d)),
        )
    },
}
"""Files of one operator that XNNPACK takes."""

INT8_LEFT = ["ABS", "EXP", "GELU", "HARD_SWISH", "NEG", "RELU", "RELU6", "RELU_N1_TO_1"]
INT8_LEFT += ["RSQRT", "SQRT"]

LEFT_OUT: dict[str, tuple[Callable[[], Made], str]] = {
    **{f"{n} int8": (lambda n=n: unary(n, "int8"), "int8, taken in float32") for n in INT8_LEFT},
    **{
        f"{n} int8": (lambda n=n: binary(n, "int8"), "int8, taken in float32 only")
        for n in ("DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE")
    },
    **{
        f"{n} {d}": (lambda n=n, d=d: binary(n, d), f"{d}, taken in")
        for n in ("ADD", "MUL")
        for d in ("int32",)
    },
    **{
        f"{n} uint8": (lambda f=f: f("uint8"), "uint8, taken in float32 or int8 only")
        for n, f in (("RESHAPE", lambda d: reshaped((1, 16, 8), d, None)), ("TRANSPOSE", turned))
    },
    **{
        f"{n} fused tanh": (lambda n=n: binary(n, fusedActivationFunction=4), "fused tanh")
        for n in ("ADD", "SUB", "MUL", "DIV")
    },
    "ADD rank 7": (lambda: binary("ADD", second=(2,) * 7, first=(2,) * 7), "7 dimensions"),
    "ADD small scale": (lambda: binary("ADD", "int8", scales=(1, 1e-4, 1)), "scales too unlike"),
    "SUB small scale": (lambda: binary("SUB", "int8", scales=(1e-4, 1, 1)), "scales too unlike"),
    "ADD great scale": (lambda: binary("ADD", "int8", scales=(1, 1, 2**-8)), "scales too unlike"),
    "MUL great scale": (lambda: binary("MUL", "int8", scales=(1, 1, 2**-8)), "scales too unlike"),
    "PRELU computed": (lambda: binary("PRELU", second=(1, 1, 8)), "slopes computed"),
    "LEAKY_RELU 0": (lambda: leaky(0, "float32"), "slope 0"),
    "LEAKY_RELU scales": (lambda: leaky(0.2, "int8", 50), "scales too unlike"),
    "LEAKY_RELU tiny int8": (lambda: leaky(0.001, "int8"), "scales too unlike"),
    "QUANTIZE scales": (lambda: unary("QUANTIZE", "int8", scale=50), "scales too unlike"),
    "DEQUANTIZE float16": (lambda: unary("DEQUANTIZE", "float16", "float32"), "float16, taken"),
    "SOFTMAX beta": (lambda: softmax(2), "beta 2"),
    **{
        f"{n} {d} computed": (lambda n=n, d=d: convolution(n, d, computed=True), "weights computed")
        for n in ("CONV_2D", "DEPTHWISE_CONV_2D")
        for d in ("float32",)
    },
    "CONV_2D fused tanh": (lambda: convolution(fusedActivationFunction=4), "fused tanh"),
    "CONV_2D float16": (lambda: convolution(weights="float16"), "weights of data type float16"),
    "CONV_2D halves": (lambda: halves(bias=False), "weights of float16 with a bias of float32"),
    "DEPTHWISE_CONV_2D dynamic int8": (
        lambda: convolution("DEPTHWISE_CONV_2D", weights="int8"),
        "int8 weights with float32 data",
    ),
    "TRANSPOSE_CONV size": (lambda: transposed(size=12), "output size"),
    "FULLY_CONNECTED computed": (lambda: dense(computed=True), "weights computed"),
    **{f"{n} stride": (lambda n=n: pool(n, "float32", 2, 3), "a stride beyond") for n in POOLS},
    "AVERAGE_POOL_2D int8": (lambda: pool("AVERAGE_POOL_2D", "int8", 2, 2), "float32 only"),
    "CONCATENATION 1": (lambda: concatenated(1), "1 inputs"),
    "CONCATENATION 6": (lambda: concatenated(6), "6 inputs"),
    "SPLIT 8": (lambda: split(8), "8 parts"),
    "SLICE -1": (lambda: sliced((0, 1, 0, 0), (1, -1, 4, 8), (1, 3, 4, 8)), "a size of -1"),
    "STRIDED_SLICE stride": (
        lambda: strided((1, 2, 2, 8), (1, 4, 4, 8), (1, 2, 2, 1)),
        "a stride other than 1",
    ),
    "STRIDED_SLICE mask": (
        lambda: strided((4, 4, 8), (1, 4, 4, 8), shrinkAxisMask=1),
        "shrinkAxis mask",
    ),
    "RESHAPE rank 7": (lambda: reshaped((1, 2, 2, 1, 2, 2, 8)), "7 dimensions"),
    "RESHAPE scales": (lambda: reshaped((1, 16, 8), "int8", 0.2), "unlike scales"),
    "PAD int64": (
        lambda: shaped(
            "PAD",
            (1, 6, 6, 8),
            ((4, 2), ((0, 0), (1, 1), (1, 1), (0, 0))),
            integers="int64",
            kind="PadOptions",
        ),
        "paddings of data type int64",
    ),
    **{
        n: (f, "XNNPACK has no such operator")
        for n, f in (
            ("MIRROR_PAD", lambda: padded("MIRROR_PAD")),
            ("MIRROR_PAD int8", lambda: padded("MIRROR_PAD", "int8")),
            ("RESIZE_NEAREST_NEIGHBOR", lambda: resized("RESIZE_NEAREST_NEIGHBOR")),
            ("RESIZE_NEAREST_NEIGHBOR int8", lambda: resized("RESIZE_NEAREST_NEIGHBOR", "int8")),
            ("L2_POOL_2D", lambda: pool("L2_POOL_2D", "float32", 2, 2)),
            ("REDUCE_PROD", lambda: reduced("REDUCE_PROD", (1, 2))),
            ("POW", lambda: binary("POW")),
            ("LOG", lambda: unary("LOG")),
            ("SIGN", lambda: unary("SIGN")),
            ("RELU_0_TO_1", lambda: unary("RELU_0_TO_1")),
            ("TILE", lambda: shaped("TILE", (1, 8, 4, 8), ((4,), (1, 2, 1, 1)))),
            ("EXPAND_DIMS", lambda: shaped("EXPAND_DIMS", (1, 1, 4, 4, 8), ((), 1))),
            ("SQUEEZE", lambda: shaped("SQUEEZE", (4, 4, 8), kind="SqueezeOptions")),
            ("CAST", lambda: unary("CAST", kind="CastOptions")),
            ("PACK", lambda: shaped("PACK", (1, 1, 4, 4, 8), kind="PackOptions", valuesCount=1)),
            ("UNPACK", lambda: shaped("UNPACK", (4, 4, 8), kind="UnpackOptions", num=1)),
            (
                "GATHER",
                lambda: shaped(
                    "GATHER", (1, 2, 4, 8), ((2,), (0, 1)), kind="GatherOptions", axis=1
                ),
            ),
        )
    },
    "FLOOR_DIV": (lambda: binary("FLOOR_DIV"), "unknown to this table"),
    "ZEROS_LIKE": (lambda: unary("ZEROS_LIKE"), "unknown to this table"),
}
"""Files of one operator that XNNPACK leaves out, and a part of the cause."""

UNLOADABLE: dict[str, Callable[[], Made]] = {
    "PAD": lambda: padded("PAD", "int8", 0.2),
    "RESIZE_BILINEAR": lambda: resized("RESIZE_BILINEAR", "int8", 0.2),
    "SLICE": lambda: sliced((0,) * 4, (1, 2, 4, 8), (1, 2, 4, 8), dtype="int8", scale=0.2),
    "STRIDED_SLICE": lambda: strided((1, 2, 4, 8), (1, 2, 4, 8), dtype="int8", scale=0.2),
    "TRANSPOSE": lambda: turned("int8", 0.2),
    "DEPTH_TO_SPACE": lambda: blocks("DEPTH_TO_SPACE", "int8", 0.2),
    "SPACE_TO_DEPTH": lambda: blocks("SPACE_TO_DEPTH", "int8", 0.2),
    "CONCATENATION": lambda: concatenated(2, "int8", 0.2),
}
"""Files that XNNPACK accepts and then cannot prepare."""


def both(path: Path) -> tuple[Coverage, Interpreter]:
    """XNNPACK's table, and the runtime with the file loaded."""
    xnnpack, _ = of_tflite(path)
    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    return xnnpack, interpreter


def assert_agree(path: Path) -> Coverage:
    xnnpack, interpreter = both(path)
    verdict = partitions_agree(xnnpack, interpreter)
    assert verdict.passed, f"found {verdict.figure}, wanted {verdict.limit}"
    assert verdict.assurance is Assurance.RUNTIME
    return xnnpack


@pytest.mark.parametrize("label", TAKEN)
def test_xnnpack_takes(label: str, tmp_path: Path) -> None:
    table = assert_agree(TAKEN[label]().write(tmp_path))
    assert table.taken == table.total
    assert table.partitions is not None and len(table.partitions) == 1
    assert {(row.cause, row.rewrite) for row in table.rows} == {(None, None)}


@pytest.mark.parametrize("label", LEFT_OUT)
def test_xnnpack_leaves_out(label: str, tmp_path: Path) -> None:
    make, cause = LEFT_OUT[label]
    table = assert_agree(make().write(tmp_path))
    row = table.rows[-1]
    assert not row.taken
    assert (row.basis is Basis.MEASURED) == ("unknown" not in cause)
    assert cause in str(row.cause)
    assert table.partitions == ()


@pytest.mark.parametrize("label", UNLOADABLE)
def test_unlike_scales_cannot_be_loaded(label: str, tmp_path: Path) -> None:
    path = UNLOADABLE[label]().write(tmp_path)
    table, _ = of_tflite(path)
    assert "cannot load" in str(table.rows[0].cause)
    with pytest.raises(RuntimeError, match="failed to delegate"):
        Interpreter(str(path), num_threads=1).allocate_tensors()


def chain(steps: Sequence[tuple[str, dict[str, Any]]], dtype: str = "int8") -> Made:
    """Operators on the last result, and on the input where they take two."""
    made = Made()
    first = last = made.given(CUBE, dtype)
    for place, (name, options) in enumerate(steps):
        options = dict(options)
        result = options.pop("result", dtype)
        twice = options.pop("twice", False)
        operands = [last] if name not in FLOAT_BINARY else [last, last if twice else first]
        final = place == len(steps) - 1
        last = made.result(CUBE, result) if final else made.tensor(CUBE, result)
        made.add(name, operands, [last], **options)
    return made


@pytest.mark.parametrize(
    "made",
    [
        chain([("LEAKY_RELU", {"kind": "LeakyReluOptions", "alpha": -1.0})]),
        chain([("SUB", {"kind": "SubOptions"}), ("MUL", {"kind": "MulOptions", "twice": True})]),
        chain(
            [
                ("SUB", {"kind": "SubOptions", "fusedActivationFunction": 1}),
                ("ADD", {"kind": "AddOptions"}),
            ]
        ),
        chain(
            [
                ("SUB", {"kind": "SubOptions", "fusedActivationFunction": 1}),
                ("SUB", {"kind": "SubOptions"}),
            ]
        ),
        chain([("ADD", {"kind": "AddOptions", "fusedActivationFunction": 1})]),
        chain(
            [
                ("DEQUANTIZE", {"kind": "DequantizeOptions", "result": "float32"}),
                ("RSQRT", {"result": "float32"}),
                ("QUANTIZE", {"kind": "QuantizeOptions"}),
            ]
        ),
        reduced("MEAN", (1, 2), "int8"),
        convolution("DEPTHWISE_CONV_2D", "int8"),
    ],
    ids=["ABS", "SQUARED", "MAXIMUM", "MINIMUM", "RELU", "ISLAND", "AVERAGE", "AVERAGE in windows"],
)
def test_int8_rewrites_are_taken(made: Made, tmp_path: Path) -> None:
    table = assert_agree(made.write(tmp_path))
    assert table.partitions is not None and len(table.partitions) == 1
    assert table.taken == table.total


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Wiring], list[bool], list[int]]:
    """Operators on earlier tensors, in an order in which they can run; taken or not; outputs."""
    count = draw(st.integers(1, 14))
    wirings, taken, tensors = [], [], 3
    for _ in range(count):
        inputs = draw(st.lists(st.integers(0, tensors - 1), min_size=1, max_size=2))
        wirings.append(Wiring(tuple(inputs), (tensors,)))
        taken.append(draw(st.booleans()))
        tensors += 1
    given_out = draw(st.lists(st.integers(3, tensors - 1), min_size=1, max_size=3, unique=True))
    return wirings, taken, given_out


@given(graphs())
def test_epochs_are_the_earliest_of_their_kind(
    graph: tuple[list[Wiring], list[bool], list[int]],
) -> None:
    """Kinds take turns, and an operator runs in its kind's first turn with all inputs there."""
    wirings, taken, _ = graph
    turn: dict[int, int] = {}
    expected: dict[int, list[int]] = {}
    for node, wiring in enumerate(wirings):
        epoch = max((turn[t] for t in wiring.inputs if t in turn), default=0)
        epoch += (epoch % 2 == 0) != (taken[node] == taken[0])
        turn[wiring.outputs[0]] = epoch
        expected.setdefault(epoch, []).append(node)
    assert epochs(wirings, taken) == [expected[epoch] for epoch in sorted(expected)]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(graphs(), st.booleans())
def test_the_runtime_cuts_graphs_alike(
    tmp_path_factory: pytest.TempPathFactory,
    graph: tuple[list[Wiring], list[bool], list[int]],
    half: bool,
) -> None:
    """ADD is taken and POW is not; one operand may be a float16 constant."""
    wirings, taken, outputs = graph
    made = Made()
    numbers = [made.given((4,)) for _ in range(2)]
    if half:
        stored, constant = made.tensor((4,), "float16", 1), made.tensor((4,))
        made.add("DEQUANTIZE", [stored], [constant], 3, kind="DequantizeOptions")
        numbers.append(constant)
    else:
        numbers.append(made.tensor((4,), "float32", 1))
    for wiring, take in zip(wirings, taken):
        left, right = (numbers[wiring.inputs[0]], numbers[wiring.inputs[-1]])
        numbers.append(made.tensor((4,)))
        name, kind = ("ADD", "AddOptions") if take else ("POW", "PowOptions")
        made.add(name, [left, right], [numbers[-1]], kind=kind)
    made.graph.outputs = [numbers[i] for i in outputs]
    assert_agree(made.write(tmp_path_factory.mktemp("graph")))


def test_operators_that_wait_for_one_another(tmp_path: Path) -> None:
    ring = [Wiring((1,), (0,)), Wiring((0,), (1,))]
    with pytest.raises(ValueError, match="wait for one another"):
        epochs(ring, [True, True])
    made = Made()
    a, b = made.tensor((4,)), made.result((4,))
    made.add("NEG", [a], [b]).add("NEG", [b], [a])
    with pytest.raises(UserError, match="wait for one another"):
        of_tflite(made.write(tmp_path))


def test_a_partition_says_what_goes_in_and_out() -> None:
    wirings = [Wiring((0, -1), (1,)), Wiring((1,), (2,)), Wiring((2,), (3,)), Wiring((1, 3), (4,))]
    first, second = partitions(wirings, [True, True, False, True], [2, 4])
    assert (first.nodes, first.inputs, first.outputs) == ((0, 1), {0}, {1, 2})
    assert (second.nodes, second.inputs, second.outputs) == ((3,), {1, 3}, {4})


def test_unpacking_stays_where_its_readers_are(tmp_path: Path) -> None:
    """A float16 constant is unpacked by whoever reads it."""
    made = Made()
    data, stored, constant = made.given((4,)), made.tensor((4,), "float16", 1), made.tensor((4,))
    made.add("DEQUANTIZE", [stored], [constant], 3, kind="DequantizeOptions")
    made.add("POW", [data, constant], [made.result((4,))], kind="PowOptions")
    made.add("ADD", [data, constant], [made.result((4,))], kind="AddOptions")
    table = assert_agree(made.write(tmp_path))
    assert [row.taken for row in table.rows] == [False, False, True]
    assert table.rows[0].cause == "POW, which is not taken, reads its result"


def test_a_wrong_table_is_noticed(tmp_path: Path) -> None:
    made = Made()
    a, b, c, d = made.given((4,)), made.tensor((4,)), made.tensor((4,)), made.result((4,))
    made.add("NEG", [a], [b]).add("LOG", [b], [c]).add("ABS", [c], [d])
    path = made.write(tmp_path)
    table, interpreter = both(path)
    assert partitions_agree(table, interpreter).figure == "2 partitions, left out: LOG x 1"
    wrong = Coverage(table.delegate, table.rows, table.source, table.partitions[:1])  # type: ignore[index]
    assert not partitions_agree(wrong, interpreter).passed
    reverse = Coverage(table.delegate, table.rows, table.source, table.partitions[::-1])  # type: ignore[index]
    verdict = partitions_agree(reverse, interpreter)
    assert not verdict.passed
    assert "partition 1 has other inputs or outputs" in verdict.figure


def test_the_short_table(tmp_path: Path) -> None:
    made = chain([("ABS", {}), ("RSQRT", {}), ("ABS", {}), ("ADD", {"kind": "AddOptions"})])
    table, _ = of_tflite(made.write(tmp_path))
    assert [(k.operator, k.count, k.taken) for k in table.by_kind()] == [
        ("ABS", 2, 0),
        ("RSQRT", 1, 0),
        ("ADD", 1, 1),
    ]
    document = json.loads(json.dumps(msgspec.to_builtins(table.summary())))
    assert (document["taken"], document["total"], document["partitions"]) == (1, 4, 1)
    assert document["operators"][0]["rewrites"] == [
        "LEAKY_RELU of slope -1, which is the same function"
    ]


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\x1c\0\0\0TFL3" + b"\xff" * 40])
def test_damaged_files_are_refused(damage: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.tflite"
    path.write_bytes(damage)
    with pytest.raises(UserError, match="not a TFLite model"):
        of_tflite(path)
    with pytest.raises(UserError):
        of_coreml(tmp_path / "missing.mlmodel")


def test_an_operator_on_nothing_is_refused(tmp_path: Path) -> None:
    made = unary("NEG")
    made.graph.operators[0].inputs = [99]
    with pytest.raises(UserError, match="damaged"):
        of_tflite(made.write(tmp_path))


@given(st.integers(0, 10**6), st.integers(1, 255), st.sampled_from(sorted(TAKEN)))
@settings(deadline=None, max_examples=200)
def test_no_damage_makes_it_crash(
    tmp_path_factory: pytest.TempPathFactory, place: int, change: int, label: str
) -> None:
    data = bytearray(TAKEN[label]().data())
    data[place % len(data)] ^= change
    path = tmp_path_factory.mktemp("damaged") / "x.tflite"
    path.write_bytes(data)
    try:
        found = of_tflite(path)
    except UserError:
        return
    assert all(table.taken <= table.total for table in found)


class Reflecting(nn.Module):
    """As paper 1's network: reflection, nearest upsampling, reflection."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.up = ReflectConv2d(3, 8), UpsampleReflectConv2d(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.up(torch.relu(self.down(x)))


@pytest.mark.slow
def test_paper_1s_operators_are_explained(tmp_path: Path) -> None:
    ports = Contract("small", (contract.content(16, 24),), (contract.stylized(32, 48),))
    graph = Graph("small", Reflecting().eval(), ports)
    plain, whole = tmp_path / "plain.tflite", tmp_path / "whole.tflite"
    to_tflite(
        to_tensorflow(graph, tmp_path / "a", lambda module: module),
        FP32.configure,
        plain,
    )
    to_tflite(to_tensorflow(graph, tmp_path / "b", for_tflite), FP32.configure, whole)
    table = assert_agree(plain)
    left = {kind.operator: kind for kind in table.by_kind() if kind.taken < kind.count}
    assert set(left) == {"MIRROR_PAD", "RESIZE_NEAREST_NEIGHBOR"}
    assert "slices of the border" in left["MIRROR_PAD"].rewrites[0]
    assert "four 2x2 phase convolutions" in left["RESIZE_NEAREST_NEIGHBOR"].rewrites[0]
    table = assert_agree(whole)
    assert table.outside == ()


@pytest.mark.slow
def test_a_real_export_agrees(tmp_path: Path) -> None:
    graph = build("stylizer", checkpoint.load().network, 64, 96)
    keras = to_tensorflow(graph, tmp_path / "keras")
    torch.manual_seed(0)
    inputs = [tuple(torch.rand(port.shape) for port in graph.contract.inputs) for _ in range(2)]
    tables = {}
    for precision in (FP32, FP16, DYNAMIC, INT8):
        path = tmp_path / f"{precision.name}.tflite"
        to_tflite(keras, precision.configure, path, inputs)
        tables[precision.name] = assert_agree(path)
    assert tables["fp32"].outside == tables["fp16"].outside == ()
    assert set(tables["dynamic"].outside) == {"DEPTHWISE_CONV_2D"}
    assert {"ABS", "RSQRT"} <= set(tables["int8"].outside)
    assert all(row.cause for row in tables["int8"].rows if not row.taken)
