"""Instructions by class, as GNU tools read them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.arm import userland
from benchmarks.arm.userland import Unavailable

# Words as GNU as 2.40 writes them, with the instruction as GNU objdump reads it.
OTHER = {
    0x8B020020: "add x0, x1, x2",
    0x9B020C20: "madd x0, x1, x2, x3",
    0xF9400020: "ldr x0, [x1]",
    0xA9FF7BFD: "ldp x29, x30, [sp, #-16]!",
    0xF8200041: "ldadd x0, x1, [x2]",
    0x14000000: "b .",
    0xD4000001: "svc #0",
    0xD503201F: "nop",
}


SIMD = {
    0x3CC10420: "ldr q0, [x1], #16",
    0x6DBF27E8: "stp d8, d9, [sp, #-16]!",
    0x4C402000: "ld1 {v0.16b-v3.16b}, [x0]",
    0x5C000000: "ldr d0, .",
    0x4E22CC20: "fmla v0.4s, v1.4s, v2.4s",
    0x4FA21020: "fmla v0.4s, v1.4s, v2.s[1]",
    0x1F420C20: "fmadd d0, d1, d2, d3",
    0x0E217820: "fcvtl v0.4s, v1.4h",
    0x1EE24020: "fcvt s0, h1",
    0x4E061C20: "mov v0.h[1], w1",
    0x6E828420: "sqrdmlah v0.4s, v1.4s, v2.4s",
    0x6E82CC20: "fcmla v0.4s, v1.4s, v2.4s, #90",
    0x6F720020: "mla v0.8h, v1.8h, v2.h[3]",
    0x4E22EC20: "fmlal v0.4s, v1.4h, v2.4h",
    0x4F920020: "fmlal v0.4s, v1.4h, v2.h[1]",
    0x6E42FC20: "bfdot v0.4s, v1.8h, v2.8h",
    0x4F62F020: "bfdot v0.4s, v1.8h, v2.2h[1]",
    0x4E284820: "aese v0.16b, v1.16b",
}


DOT = {
    0x4E829420: "sdot v0.4s, v1.16b, v2.16b",
    0x2E829420: "udot v0.2s, v1.8b, v2.8b",
    0x4FA2E820: "sdot v0.4s, v1.16b, v2.4b[3]",
    0x6FBDE3DF: "udot v31.4s, v30.16b, v29.4b[1]",
    0x4E829C20: "usdot v0.4s, v1.16b, v2.16b",
    0x4F82F820: "usdot v0.4s, v1.16b, v2.4b[2]",
    0x0F22F020: "sudot v0.2s, v1.8b, v2.4b[1]",
    0x4E82A420: "smmla v0.4s, v1.16b, v2.16b",
    0x6E82A420: "ummla v0.4s, v1.16b, v2.16b",
    0x4E82AC20: "usmmla v0.4s, v1.16b, v2.16b",
}


HALF = {
    0x4E420C20: "fmla v0.8h, v1.8h, v2.8h",
    0x0E421420: "fadd v0.4h, v1.4h, v2.4h",
    0x6EF9F820: "fsqrt v0.8h, v1.8h",
    0x6EF9D820: "frsqrte v0.8h, v1.8h",
    0x4F321820: "fmla v0.8h, v1.8h, v2.h[7]",
    0x0F0F5020: "fmls v0.4h, v1.4h, v15.h[0]",
    0x6F329020: "fmulx v0.8h, v1.8h, v2.h[3]",
    0x4EB0F820: "fminv h0, v1.8h",
    0x0EB0C820: "fminnmv h0, v1.4h",
    0x1EE22820: "fadd h0, h1, h2",
    0x1FE28C20: "fnmsub h0, h1, h2, h3",
}


class TestPlugin:
    @pytest.fixture
    def classify(self, tmp_path: Path) -> Callable[[int], int]:
        library = tmp_path / "classify.so"
        source = Path(userland.__file__).with_name("plugin") / "classify.c"
        try:
            userland.compile_shared([source], library)
        except Unavailable as error:
            pytest.skip(str(error))
        function = ctypes.CDLL(str(library)).facestyle_classify
        function.argtypes = [ctypes.c_uint32]
        return lambda word: int(function(word))

    @pytest.mark.parametrize(
        ("expected", "words"), [(0, OTHER), (1, SIMD), (2, DOT), (3, HALF)], ids="osdh"
    )
    def test_classes(
        self, classify: Callable[[int], int], expected: int, words: dict[int, str]
    ) -> None:
        wrong = {text: classify(word) for word, text in words.items() if classify(word) != expected}
        assert wrong == {}

    def test_source_that_does_not_compile(self, tmp_path: Path) -> None:
        source = tmp_path / "bad.c"
        source.write_text("int f(void) { return missing; }\n")
        with pytest.raises(Unavailable, match="cc"):
            userland.compile_shared([source], tmp_path / "bad.so")
