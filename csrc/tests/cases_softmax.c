/* cases_softmax.c - softmax, softmax_cross_entropy, score, and the choices draw and argmax.
 *
 * Every operation but exp and log is fixed, so the tables must give the bits of the plain loop; that
 * the plain loop is a softmax, long double says.
 */

/* Rows that are trouble, one kind after the other. */
static void spoil_row(matrix Y, ptrdiff_t row, ptrdiff_t n, int kind)
{
    ptrdiff_t at = row + random_index(n);
    switch (kind) {
        case 1:
            put(Y, at, REAL_MAX), put(Y, row + random_index(n), -REAL_MAX);
            break;
        case 2:
            put(Y, at, NAN);
            break;
        case 3:
            put(Y, at, INFINITY);
            break;
        case 4:
            put(Y, at, -INFINITY);
            break;
        case 5:
            for (ptrdiff_t j = 0; j < n; j++) put(Y, row + j, -INFINITY);
            break;
        case 6:
            for (ptrdiff_t j = 0; j < n; j++) put(Y, row + j, R(90, 720) * moderate());
            break;
        case 7:
            for (ptrdiff_t j = 0; j < n; j++) put(Y, row + j, j % 2 ? REAL_TINY : -(real)0);
            break;
    }
}

static void spoil_rows(matrix Y, ptrdiff_t t, ptrdiff_t n, ptrdiff_t ldy)
{
    for (ptrdiff_t s = 0; s < t; s++) spoil_row(Y, s * ldy, n, (int)((s + n) % 9));
}

static long double exact_sum(ptrdiff_t n, const real *y, real top, real scale)
{
    long double sum = 0;
    for (ptrdiff_t j = 0; j < n; j++) sum += exact_exp(((long double)y[j] - top) * scale);
    return sum;
}

/* The argument of exp has two roundings, the sum n / 16 and a few more. All is weighed; at the target,
 * if there is one (not -1), the weight was subtracted. */
static void check_softmax_row(ptrdiff_t n, const real *y, real scale, real weight, const real *p,
                              ptrdiff_t target)
{
    real top = plain_greatest(n, y);
    long double sum = exact_sum(n, y, top, scale);
    for (ptrdiff_t j = 0; j < n; j++) {
        long double x = ((long double)y[j] - top) * scale, exact = weight * exact_exp(x) / sum;
        long double roundings = 16 + (long double)n / 16 + 2 * fminl(fabsl(x), 1e4L);
        long double taken = j == target ? weight : 0;
        check_near("p", j, p[j], exact - taken,
                   (exact * roundings + taken) * REAL_EPSILON + REAL_TINY);
    }
}

/* A row is probabilities, or NaN from end to end. */
static void check_softmax(ptrdiff_t n, const real *y, real scale, real weight, const real *p,
                          ptrdiff_t target)
{
    int has_nan = 0, has_number = 0;
    for (ptrdiff_t j = 0; j < n; j++) {
        has_nan |= isnan(y[j]) || y[j] == INFINITY;
        has_number |= y[j] > -INFINITY;
    }
    if (!has_nan && has_number)
        check_softmax_row(n, y, scale, weight, p, target);
    else
        for (ptrdiff_t j = 0; j < n; j++)
            check(isnan(p[j]), "p[%td] is %a, not NaN", j, (double)p[j]);
}

static void softmax_case(ptrdiff_t t, ptrdiff_t n, real scale, ptrdiff_t gap)
{
    ptrdiff_t ldy = n + gap;
    begin_case("t=%td n=%td scale=%g ldy=%td", t, n, (double)scale, ldy);
    MATRIX(Y, t, n, ldy, moderate);
    spoil_rows(Y, t, n, ldy);
    plain_softmax(t, n, scale, Y.wanted, ldy);
    for (ptrdiff_t s = 0; s < t; s++)
        check_softmax(n, Y.at + s * ldy, scale, 1, Y.wanted + s * ldy, -1);
    ON_EVERY_TABLE(k->softmax(t, n, scale, Y.at, ldy))
}

static void test_softmax(void)
{
    static const real scales[] = {1, R(1.25f, 1.25), R(0.1f, 0.1), 7};
    for (int i = 0; i < SIZES; i++)
        for (int j = 0; j < SIZES_BUT_0; j++)
            softmax_case(sizes[i], sizes[j], scales[(i + j) % 4], (i + j / 2) % 2 * 3);
    FOR_EVERY_SIZE(n, 1) softmax_case(9, n, scales[n % 4], n % 2);
}

static void check_loss(ptrdiff_t n, const real *y, ptrdiff_t target, ptrdiff_t s, real loss)
{
    real top = plain_greatest(n, y);
    long double below_top = (long double)y[target] - top;
    long double exact = exact_log(exact_sum(n, y, top, 1)) - below_top;
    for (ptrdiff_t j = 0; j < n; j++)
        if (isnan(y[j])) exact = NAN;
    long double roundings = 16 + (long double)n / 16 + 2 * fabsl(below_top);
    check_near("loss", s, loss, exact, roundings * REAL_EPSILON);
}

static void cross_entropy_case(ptrdiff_t t, ptrdiff_t n, real weight, ptrdiff_t gap)
{
    ptrdiff_t ldy = n + gap;
    begin_case("t=%td n=%td weight=%g ldy=%td", t, n, (double)weight, ldy);
    MATRIX(Y, t, n, ldy, moderate);
    spoil_rows(Y, t, n, ldy);
    const int32_t *target = new_indices("target", t, n);
    VECTOR(loss, t, anything);
    plain_softmax_cross_entropy(t, n, weight, Y.wanted, ldy, target, loss.wanted);
    for (ptrdiff_t s = 0; s < t; s++) {
        check_softmax(n, Y.at + s * ldy, 1, weight, Y.wanted + s * ldy, target[s]);
        check_loss(n, Y.at + s * ldy, target[s], s, loss.wanted[s]);
    }
    ON_EVERY_TABLE(k->softmax_cross_entropy(t, n, weight, Y.at, ldy, target, loss.at))
}

static void test_softmax_cross_entropy(void)
{
    static const real weights[] = {1, R(0.02f, 0.02), 0.125}; /* 1, and of 50 and 8 streams */
    for (int i = 0; i < SIZES; i++)
        for (int j = 0; j < SIZES_BUT_0; j++)
            cross_entropy_case(sizes[i], sizes[j], weights[(i + j) % 3], (i + j / 2) % 2 * 3);
    FOR_EVERY_SIZE(n, 1) cross_entropy_case(9, n, weights[n % 3], n % 2);
}

/* What the probabilities are, softmax_case says; here their logarithms are those of the losses. */
static void log_softmax_case(ptrdiff_t t, ptrdiff_t n, ptrdiff_t gap)
{
    ptrdiff_t ldy = n + gap, ldl = n + 2 * gap;
    begin_case("t=%td n=%td ldy=%td ldl=%td", t, n, ldy, ldl);
    MATRIX(Y, t, n, ldy, moderate);
    spoil_rows(Y, t, n, ldy);
    MATRIX(L, t, n, ldl, anything);
    for (ptrdiff_t s = 0; s < t; s++) {
        const real *y = Y.wanted + s * ldy;
        real *l = L.wanted + s * ldl;
        plain_log_softmax(n, y, l);
        for (ptrdiff_t j = 0; j < n; j++)
            if (y[j] > -INFINITY) check_loss(n, y, j, s, -l[j]);
    }
    ON_EVERY_TABLE(k->log_softmax(t, n, Y.at, ldy, L.at, ldl))
}

static void test_log_softmax(void)
{
    for (int i = 0; i < SIZES; i++)
        for (int j = 0; j < SIZES_BUT_0; j++)
            log_softmax_case(sizes[i] % 20, sizes[j], (i + j) % 2 * 3);
    FOR_EVERY_SIZE(n, 1) log_softmax_case(2, n, n % 2);
}

static long double exact_entropy(ptrdiff_t n, const real *y)
{
    real top = plain_greatest(n, y);
    long double sum = exact_sum(n, y, top, 1), dot = 0;
    for (ptrdiff_t j = 0; j < n; j++) {
        long double x = (long double)y[j] - top, e = exact_exp(x);
        if (e > 0 || isnan(e)) dot += e * x;
    }
    return exact_log(sum) - dot / sum;
}

static void check_score(ptrdiff_t n, const real *y, ptrdiff_t target, ptrdiff_t s, real nats,
                        real entropy)
{
    check_loss(n, y, target, s, nats);
    long double exact = isnan(nats) ? NAN : exact_entropy(n, y);
    check_near("entropy", s, entropy, exact, (24 + (long double)n / 8 + exact) * 8 * REAL_EPSILON);
    check(isnan(entropy) || entropy >= 0, "entropy[%td] is %a, below 0", s, (double)entropy);
}

static void score_case(ptrdiff_t t, ptrdiff_t n, ptrdiff_t gap, number draw)
{
    ptrdiff_t ldy = n + gap;
    begin_case("t=%td n=%td ldy=%td", t, n, ldy);
    MATRIX(Y, t, n, ldy, draw);
    spoil_rows(Y, t, n, ldy);
    const int32_t *target = new_indices("target", t, n);
    VECTOR(nats, t, anything);
    VECTOR(entropy, t, anything);
    images ranks = new_buffer("rank", INTEGERS, sizeof(int32_t), 1, t, t);
    int32_t *rank = ranks.at, *wanted = ranks.wanted;
    for (ptrdiff_t s = 0; s < t; s++) {
        const real *y = Y.at + s * ldy;
        rank[s] = -1;
        plain_score(n, y, target[s], nats.wanted + s, wanted + s, entropy.wanted + s);
        check_score(n, y, target[s], s, nats.wanted[s], entropy.wanted[s]);
    }
    plain_softmax(t, n, 1, Y.wanted, ldy);
    ON_EVERY_TABLE(k->score(t, n, Y.at, ldy, target, nats.at, rank, entropy.at))
}

static void test_score(void)
{
    static const number kinds[] = {moderate, coarse};
    for (int i = 0; i < SIZES; i++)
        for (int j = 0; j < SIZES_BUT_0; j++)
            score_case(sizes[i], sizes[j], (i + j / 2) % 2 * 3, kinds[(i + j) % 2]);
    FOR_EVERY_SIZE(n, 1) score_case(9, n, n % 2, kinds[n % 2]);
}

static void check_index(ptrdiff_t got, ptrdiff_t wanted)
{
    check(got == wanted, "index %td wanted, got %td", wanted, got);
}

static void draw_once(ptrdiff_t n, matrix p, double u)
{
    ptrdiff_t wanted = u >= 0 && u < 1 ? plain_draw(n, p.wanted, u) : 0;
    if (u >= 0 && u < 1) ON_EVERY_TABLE(check_index(k->draw(n, p.at, u), wanted))
}

/* Coins on both sides of a sum, and the sum itself. */
static void draw_around(ptrdiff_t n, matrix p, real sum)
{
    draw_once(n, p, sum);
    draw_once(n, p, nextafter(sum, 0));
    draw_once(n, p, (double)R(nextafterf, nextafter)(sum, 0));
    draw_once(n, p, (double)R(nextafterf, nextafter)(sum, 1));
}

/* Around every sum that draw may compare with: those of elements, and those of blocks. */
static void draw_around_sums(ptrdiff_t n, matrix p)
{
    real before = 0;
    for (ptrdiff_t block = 0; block < n; block += 16) {
        ptrdiff_t end = block + 16 < n ? block + 16 : n;
        real sum = before;
        for (ptrdiff_t j = block; j < end; j++) draw_around(n, p, sum += p.wanted[j]);
        draw_around(n, p, before += plain_sum(end - block, p.wanted + block));
    }
}

static void draw_case(const char *kind, ptrdiff_t n, matrix p)
{
    begin_case("n=%td, %s", n, kind);
    VECTOR(q, n, zero);
    for (ptrdiff_t j = 0; j < n; j++) put(q, j, p.at[j]);
    draw_once(n, q, 0);
    draw_once(n, q, 0x1p-1074);
    draw_once(n, q, 1 - 0x1p-53);
    for (int i = 0; i < 8; i++) draw_once(n, q, random_unit());
    draw_around_sums(n, q);
}

static void scale_to(ptrdiff_t n, real *p, real total)
{
    real factor = total / plain_sum(n, p);
    for (ptrdiff_t j = 0; j < n; j++) p[j] *= factor;
}

static void draw_cases(ptrdiff_t n)
{
    real p[257] = {0};
    matrix all = {p, p};
    for (ptrdiff_t j = 0; j < n; j++) p[j] = positive();
    scale_to(n, p, 1);
    draw_case("probabilities", n, all);
    for (ptrdiff_t j = 0; j < n; j++) p[j] = random_index(3) ? 0 : positive();
    p[n / 2] = 1;
    scale_to(n, p, 1);
    draw_case("many of them 0", n, all);
    scale_to(n, p, R(0.75f, 0.75));
    p[n - 1] = 0;
    draw_case("less than 1 in all", n, all);
    p[random_index(n)] = NAN;
    draw_case("a NaN", n, all);
    memset(p, 0, sizeof p);
    draw_case("nothing but 0", n, all);
    p[random_index(n)] = 1;
    draw_case("one certain", n, all);
}

static void test_draw(void) { FOR_EVERY_SIZE(n, 1) draw_cases(n); }

static real nan_or_coarse(void) { return random_index(2) ? NAN : coarse(); }
static real only_nan(void) { return NAN; }
static real nan_or_minus_infinity(void) { return random_index(2) ? NAN : -INFINITY; }
static real zero_of_any_sign(void) { return random_index(2) ? 0 : -(real)0; }

static void argmax_case(ptrdiff_t n, number draw)
{
    begin_case("n=%td", n);
    VECTOR(y, n, draw);
    ptrdiff_t wanted = plain_argmax(n, y.wanted);
    ON_EVERY_TABLE(check_index(k->argmax(n, y.at), wanted))
}

static void test_argmax(void)
{
    static const number kinds[] = {moderate,        coarse,   anything,
                                   nan_or_coarse,   only_nan, nan_or_minus_infinity,
                                   zero_of_any_sign};
    FOR_EVERY_SIZE(n, 1)
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++)
        for (int repeat = 0; repeat < 8; repeat++) argmax_case(n, kinds[kind]);
}
