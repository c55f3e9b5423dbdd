/*
 * Encodings are those of the Arm Architecture Reference Manual for A-profile, chapter C4 ("A64
 * Instruction Set Encoding"). Bits are numbered from 31, the highest, to 0.
 */

#include "classify.h"

#include <stdbool.h>
#include <stddef.h>

struct pattern {
    uint32_t mask, value;
};

static bool matches(uint32_t word, const struct pattern *patterns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if ((word & patterns[i].mask) == patterns[i].value) {
            return true;
        }
    }
    return false;
}

#define ANY(word, patterns) matches(word, patterns, sizeof(patterns) / sizeof((patterns)[0]))

/*
 * C4.1, bits 28:25: x111 is "Data Processing -- Scalar Floating-Point and Advanced SIMD"; x1x0 is
 * "Loads and Stores", where bit 26 (V) says that the registers are those of SIMD. Both together
 * are all words whose bits 27 and 26 are set.
 */
static const struct pattern vector_unit[] = {
    {0x0C000000, 0x0C000000},
};

/*
 * "Advanced SIMD three-register extension": 0 Q U 01110 size 0 Rm 1 opcode 1 Rn Rd
 * "Advanced SIMD vector x indexed element": 0 Q U 01111 size L M Rm opcode H 0 Rn Rd
 */
static const struct pattern dot_products[] = {
    {0x9FE0FC00, 0x0E809400}, /* SDOT, UDOT (U): size 10, opcode 0010 */
    {0xBFE0FC00, 0x0E809C00}, /* USDOT: U 0, size 10, opcode 0011 */
    {0xDFE0FC00, 0x4E80A400}, /* SMMLA, UMMLA (U): Q 1, size 10, opcode 0100 */
    {0xFFE0FC00, 0x4E80AC00}, /* USMMLA: Q 1, U 0, size 10, opcode 0101 */
    {0x9FC0F400, 0x0F80E000}, /* SDOT, UDOT (U) by element: size 10, opcode 1110 */
    {0xBFC0F400, 0x0F80F000}, /* USDOT by element: U 0, size 10, opcode 1111 */
    {0xBFC0F400, 0x0F00F000}, /* SUDOT by element: U 0, size 00, opcode 1111 */
};

/* FEAT_FP16. Conversions from and to half precision are no arithmetic: older processors have
   them too. */
static const struct pattern half_precision[] = {
    /* "three same (FP16)": 0 Q U 01110 a 10 Rm 00 opcode 1 Rn Rd */
    {0x9F60C400, 0x0E400400},
    /* "two-register miscellaneous (FP16)": 0 Q U 01110 a 111100 opcode 10 Rn Rd */
    {0x9F7E0C00, 0x0E780800},
    /* "across lanes": 0 Q 0 01110 o1 0 11000 opcode 10 Rn Rd */
    {0xBF7FFC00, 0x0E30C800}, /* FMAXNMV, FMINNMV: opcode 01100 */
    {0xBF7FFC00, 0x0E30F800}, /* FMAXV, FMINV: opcode 01111 */
    /* "vector x indexed element", size 00 */
    {0xBFC0F400, 0x0F001000}, /* FMLA: U 0, opcode 0001 */
    {0xBFC0F400, 0x0F005000}, /* FMLS: U 0, opcode 0101 */
    {0x9FC0F400, 0x0F009000}, /* FMUL, FMULX (U): opcode 1001 */
    /* "Floating-point data-processing (2 source)": 00011110 ftype 1 Rm opcode 10 Rn Rd */
    {0xFFE00C00, 0x1EE00800},
    /* "Floating-point data-processing (3 source)": 00011111 ftype o1 Rm o0 Ra Rn Rd */
    {0xFFC00000, 0x1FC00000},
};

unsigned int facestyle_classify(uint32_t word)
{
    if (!ANY(word, vector_unit)) {
        return OTHER;
    }
    if (ANY(word, dot_products)) {
        return DOT;
    }
    return ANY(word, half_precision) ? HALF : SIMD;
}
