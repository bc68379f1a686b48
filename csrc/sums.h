/* sums.h - sums along a vector, in an order that is the same for every width of vectors.
 *
 * Sixteen partial sums, element j into number j mod 16, then a tree (kernels.h, softmax). Nowhere else are
 * elements of a vector added to each other.
 */
#ifndef CRNN_SUMS_H
#define CRNN_SUMS_H

#include "simd.h"

#define PARTIALS 16 /* partial sums of a row; a whole number of vectors in every table */

typedef struct {
    vec lanes[PARTIALS / LANES];
} partial_sums;

static inline partial_sums no_sums(void)
{
    partial_sums sums;
    for (int v = 0; v < PARTIALS / LANES; v++) sums.lanes[v] = v_set1(0);
    return sums;
}

static inline real tree(partial_sums sums)
{
    real s[PARTIALS];
    for (int v = 0; v < PARTIALS / LANES; v++) v_store(s + v * LANES, sums.lanes[v]);
    for (int width = PARTIALS / 2; width > 0; width /= 2)
        for (int q = 0; q < width; q++) s[q] += s[q + width];
    return s[0];
}

#endif
