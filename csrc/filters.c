/* filters.c - which of the probabilities of a row stay: the repeated ones made less likely, some ruled
 * out, all but the greatest left out.
 *
 * The greatest ones are found without sorting. Numbers from 0 on are in the order of their bits, so the
 * bits of the least one that stays are found by halving: each question is one pass over the row, and 32
 * (or 64) questions are always enough, most often ten. Of equal numbers the first ones stay.
 */
#include "kernels.h"
#include "simd.h"
#include "sums.h"

static void penalize(ptrdiff_t n, real penalty, const int64_t *last, int64_t since, real *y)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        real less = y[i] > 0 ? y[i] / penalty : y[i] * penalty;
        y[i] = last[i] < since ? y[i] : less;
    }
}

static void cap(ptrdiff_t n, const real *limits, real *y)
{
    ptrdiff_t i = 0;
    for (; i + LANES <= n; i += LANES) v_store(y + i, v_min(v_load(limits + i), v_load(y + i)));
    for (; i < n; i++) y[i] = limits[i] < y[i] ? limits[i] : y[i];
}

/* --- the greatest probabilities ------------------------------------------------------------------ */

static inline real number_of(bits b)
{
    real x;
    memcpy(&x, &b, sizeof x);
    return x;
}

static inline bits bits_of(real x)
{
    bits b;
    memcpy(&b, &x, sizeof b);
    return b;
}

/* Some elements of a row: how many, and their sum in the order of sums.h with 0 for all others. */
typedef struct {
    ptrdiff_t count;
    real sum;
} weight;

typedef struct {
    partial_sums sums;
    ivec counts;
} weighing;

/* Adds the elements of a block that are at least `least` > 0. `whole`, a constant at every call, says
 * that n is PARTIALS; otherwise it may be less. */
static inline __attribute__((always_inline)) void weigh_block(const int whole, int n, const real *p,
                                                              vec least, weighing *w)
{
    const vec one = v_real(i_set1(1)), none = v_set1(0);
    for (int v = 0; v < PARTIALS / LANES; v++) {
        int at = v * LANES, left = n - at;
        if (!whole && left <= 0) break;
        vec x = whole || left >= LANES ? v_load(p + at) : v_load_n(p + at, left);
        mask out = v_lt(x, least);
        w->sums.lanes[v] = v_add(w->sums.lanes[v], v_select(out, none, x));
        w->counts = i_add(w->counts, v_bits(v_select(out, none, one)));
    }
}

static inline weight weighed(weighing w)
{
    bits counts[LANES];
    memcpy(counts, &w.counts, sizeof counts);
    weight all = {0, tree(w.sums)};
    for (int q = 0; q < LANES; q++) all.count += (ptrdiff_t)counts[q];
    return all;
}

/* Those that are at least `least` > 0. */
static weight at_least(ptrdiff_t n, const real *p, real least)
{
    weighing w = {no_sums(), i_set1(0)};
    vec bound = v_set1(least);
    ptrdiff_t j = 0;
    for (; j + PARTIALS <= n; j += PARTIALS) weigh_block(1, PARTIALS, p + j, bound, &w);
    if (j < n) weigh_block(0, (int)(n - j), p + j, bound, &w);
    return weighed(w);
}

/* Those that are at least `high`, and before `border` those that are at least `low` > 0. */
static weight on_both_sides(ptrdiff_t n, const real *p, real low, real high, ptrdiff_t border)
{
    weighing w = {no_sums(), i_set1(0)};
    for (ptrdiff_t j = 0; j < n; j += PARTIALS) {
        real block[PARTIALS] = {0};
        int size = n - j < PARTIALS ? (int)(n - j) : PARTIALS;
        for (int i = 0; i < size; i++)
            if (p[j + i] >= (j + i < border ? low : high)) block[i] = p[j + i];
        weigh_block(1, PARTIALS, block, v_set1(low), &w);
    }
    return weighed(w);
}

/* What stays: numbers whose bits are at least `high`, and the first `between` of those below it that are
 * at least `low`. So many are that; so many would be without those between. */
typedef struct {
    bits low, high;
    ptrdiff_t with, without;
} bracket;

static bracket whole_row(ptrdiff_t n, const real *p)
{
    return (bracket){0, bits_of(greatest(n, p)) + 1, n, 0};
}

static inline bits middle(bracket b) { return b.low + (b.high - b.low) / 2; }

static inline void narrow(bracket *b, int enough, bits at, ptrdiff_t count)
{
    if (enough)
        b->low = at, b->with = count;
    else
        b->high = at, b->without = count;
}

static void leave_out_below(ptrdiff_t n, real least, real *p)
{
    const vec bound = v_set1(least), none = v_set1(0);
    ptrdiff_t j = 0;
    for (; j + LANES <= n; j += LANES) {
        vec x = v_load(p + j);
        v_store(p + j, v_select(v_lt(x, bound), none, x));
    }
    for (; j < n; j++) p[j] = p[j] < least ? 0 : p[j];
}

static void leave_out(ptrdiff_t n, bracket b, ptrdiff_t between, real *p)
{
    real low = number_of(b.low), high = number_of(b.high);
    if (b.with - b.without == between) {
        leave_out_below(n, low, p);
        return;
    }
    for (ptrdiff_t j = 0; j < n; j++) {
        int is_between = p[j] >= low && !(p[j] >= high);
        if (p[j] < low || (is_between && between == 0))
            p[j] = 0;
        else
            between -= is_between;
    }
}

static inline int has_nan(ptrdiff_t n, const real *p)
{
    real sum = at_least(n, p, number_of(1)).sum; /* of numbers from 0 on: NaN if one is */
    return sum != sum;
}

static void top_k(ptrdiff_t n, ptrdiff_t k, real *p)
{
    if (k >= n || has_nan(n, p)) return;
    bracket b = whole_row(n, p);
    while (b.high - b.low > 1 && b.with > k) {
        bits at = middle(b);
        ptrdiff_t count = at_least(n, p, number_of(at)).count;
        narrow(&b, count >= k, at, count);
    }
    leave_out(n, b, k - b.without, p);
}

/* How many of the equal numbers of a bracket it takes, at least one: all before some place. */
static ptrdiff_t equals_needed(ptrdiff_t n, const real *p, bracket b, real needed)
{
    real low = number_of(b.low), high = number_of(b.high);
    ptrdiff_t few = 0, enough = n;
    while (enough - few > 1) {
        ptrdiff_t border = few + (enough - few) / 2;
        weight w = on_both_sides(n, p, low, high, border);
        if (w.count > b.without && w.sum >= needed)
            enough = border;
        else
            few = border;
    }
    return on_both_sides(n, p, low, high, enough).count - b.without;
}

static void top_p(ptrdiff_t n, real share, real *p)
{
    real needed = share * at_least(n, p, number_of(1)).sum;
    if (needed != needed) return;
    bracket b = whole_row(n, p);
    while (b.high - b.low > 1 && b.with - b.without > 1) {
        bits at = middle(b);
        weight w = at_least(n, p, number_of(at));
        narrow(&b, w.count > 0 && w.sum >= needed, at, w.count);
    }
    ptrdiff_t between = b.with - b.without;
    leave_out(n, b, between == 1 || b.low == 0 ? between : equals_needed(n, p, b, needed), p);
}

static void min_p(ptrdiff_t n, real share, real *p)
{
    if (!has_nan(n, p)) leave_out_below(n, share * greatest(n, p), p);
}

static void normalize(ptrdiff_t n, real *p)
{
    multiply(n, 1 / at_least(n, p, number_of(1)).sum, p);
}
