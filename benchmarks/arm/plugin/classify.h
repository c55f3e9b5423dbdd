/* Which kind of work an A64 instruction does. */

#ifndef FACESTYLE_CLASSIFY_H
#define FACESTYLE_CLASSIFY_H

#include <stdint.h>

/* The order in which counts are written; benchmarks/arm/counts.py has the same. */
enum instruction_class {
    OTHER,  /* integers, addresses, branches, loads and stores of general registers */
    SIMD,   /* Advanced SIMD and floating point, their loads and stores; not the two below */
    DOT,    /* sums of products of 8-bit integers: SDOT and its family */
    HALF,   /* arithmetic in half precision */
    CLASSES
};

/* The class of an instruction from its 32 bits. */
unsigned int facestyle_classify(uint32_t word);

#endif
