/* unpack.c - decodes what crnn packed, without Python, on any processor: for unpack_elsewhere.py.
 *
 *     unpack [ISA] < case > events
 *
 * The case is text: V, H, the number of events, bytes of the payload; then Wxh, Whh, Why, bh, by in
 * float32, row by row, each number as 8 hexadecimal digits of its bits; then the payload, each byte as
 * two. Every event that is found is a line. This is docs/explanation/contract.md, section 12, once more in C, over
 * the kernels.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

static const crnn_kernels_f32 *K;

/* --- The coder ---------------------------------------------------------------------------------- */

static const uint8_t *payload;
static size_t size, used;
static uint64_t difference, range = UINT64_MAX, part;

static void read_byte(void)
{
    difference = difference << 8 | (used < size ? payload[used] : 0), used++;
}

static uint32_t place_in(uint32_t total)
{
    part = range / total;
    uint64_t place = difference / part;
    return place < total ? (uint32_t)place : total - 1;
}

static void take(uint32_t below, uint32_t width)
{
    difference -= part * below;
    range = part * width;
    for (; range < (uint64_t)1 << 56; range <<= 8) read_byte();
}

typedef struct {
    uint32_t of[256], n, limit;
} counts;

static uint32_t take_counted(counts *c)
{
    uint32_t total = K->count_below(c->n, c->of), below = 0, j = 0;
    uint32_t place = place_in(total);
    for (; place >= below + c->of[j]; j++) below += c->of[j];
    take(below, c->of[j]);
    c->of[j] += 32;
    if (total + 32 > c->limit)
        for (uint32_t i = 0; i < c->n; i++) c->of[i] = (c->of[i] + 1) / 2;
    return j;
}

/* --- The RNN ------------------------------------------------------------------------------------ */

static ptrdiff_t V, H;
static float *Wxh, *WhhT, *WhyT, *bh, *by, *h, *z, *p;
static uint32_t *f;

static void predict(void)
{
    K->gemv(V, H, WhyT, V, h, by, p, 0);
    K->softmax(1, V, 1, p, V);
}

static void read_character(int32_t x)
{
    K->gather_columns(1, H, Wxh, V, 1, &x, bh, z, H);
    K->gemv(H, H, WhhT, H, h, z, z, 0);
    K->tanh(H, z, h);
}

static int32_t next_character(void)
{
    uint32_t below, total = K->frequencies(V, p, f);
    ptrdiff_t x = K->locate(V, f, place_in(total), &below);
    take(below, f[x]);
    return (int32_t)x;
}

static void unpack(long events)
{
    counts switches = {{32, 1}, 2, 1u << 16}, bytes = {{0}, 256, 1u << 20};
    for (int i = 0; i < 256; i++) bytes.of[i] = 1;
    for (int i = 0; i < 8; i++) read_byte();
    predict();
    for (long k = 0; k < events; k++) {
        if (take_counted(&switches)) {
            printf("%ld\n", (long)V + (long)take_counted(&bytes));
        } else {
            int32_t x = next_character();
            printf("%ld\n", (long)x);
            read_character(x);
            predict();
        }
    }
}

/* --- The case ----------------------------------------------------------------------------------- */

static void fail(const char *why)
{
    fprintf(stderr, "unpack: %s\n", why);
    exit(1);
}

static void *room(size_t count, size_t element)
{
    void *at = calloc(count ? count : 1, element);
    if (!at) fail("no memory");
    return at;
}

static float *numbers(ptrdiff_t count)
{
    float *a = room((size_t)count, sizeof *a);
    for (ptrdiff_t i = 0; i < count; i++) {
        uint32_t bits;
        if (scanf("%8" SCNx32, &bits) != 1) fail("a number is missing");
        memcpy(a + i, &bits, sizeof bits);
    }
    return a;
}

static float *transposed(ptrdiff_t m, ptrdiff_t n, float *a)
{
    float *b = room((size_t)(m * n), sizeof *b);
    K->transpose(m, n, a, n, b, m);
    free(a);
    return b;
}

int main(int count, char **arguments)
{
    const crnn_tables *tables = count > 1 ? crnn_tables_named(arguments[1]) : crnn_fastest();
    long v, hidden, events, bytes;
    if (!tables) fail("this processor has no such table");
    if (scanf("%ld %ld %ld %ld", &v, &hidden, &events, &bytes) != 4) fail("the sizes are missing");
    K = tables->f32, V = v, H = hidden, size = (size_t)bytes;
    Wxh = numbers(H * V);
    WhhT = transposed(H, H, numbers(H * H));
    WhyT = transposed(V, H, numbers(V * H));
    bh = numbers(H), by = numbers(V);
    h = room((size_t)H, sizeof *h), z = room((size_t)H, sizeof *z);
    p = room((size_t)V, sizeof *p), f = room((size_t)V, sizeof *f);
    uint8_t *read = room(size, 1);
    for (size_t i = 0; i < size; i++) {
        unsigned byte;
        if (scanf("%2x", &byte) != 1) fail("a byte is missing");
        read[i] = (uint8_t)byte;
    }
    payload = read;
    unpack(events);
    return 0;
}
