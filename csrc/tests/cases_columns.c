/* cases_columns.c - transpose, gather_columns, scatter_columns, column_sums, running_mean. */

static void transpose_case(ptrdiff_t m, ptrdiff_t n, ptrdiff_t gap)
{
    begin_case("m=%td n=%td gaps %td", m, n, gap);
    MATRIX(A, m, n, n + gap, anything);
    MATRIX(B, n, m, m + 2 * gap, anything);
    plain_transpose(m, n, A.wanted, n + gap, B.wanted, m + 2 * gap);
    ON_EVERY_TABLE(k->transpose(m, n, A.at, n + gap, B.at, m + 2 * gap))
}

static void test_transpose(void)
{
    for (int i = 0; i < SIZES; i++)
        for (int j = 0; j < SIZES; j++) transpose_case(sizes[i], sizes[j], (i + j) % 2 * 3);
    FOR_EVERY_SIZE(n, 0) transpose_case(n % 19, n, n % 2);
}

enum { COLUMNS = 11 }; /* fewer than most t: indices repeat */

/* A (m, COLUMNS), its columns or its rows contiguous. */
typedef struct {
    matrix A;
    ptrdiff_t rs, cs;
} columns;

static columns new_columns(ptrdiff_t m, ptrdiff_t gap, int contiguous, number draw)
{
    if (contiguous) return (columns){new_matrix("A", COLUMNS, m, m + gap, draw), 1, m + gap};
    return (columns){new_matrix("A", m, COLUMNS, COLUMNS + gap, draw), COLUMNS + gap, 1};
}

static void gather_case(ptrdiff_t t, ptrdiff_t m, ptrdiff_t gap, int contiguous, number draw)
{
    begin_case("t=%td m=%td gaps %td, %s=1", t, m, gap, contiguous ? "rs" : "cs");
    columns c = new_columns(m, gap, contiguous, draw);
    const int32_t *index = new_indices("index", t, COLUMNS);
    VECTOR(b, m, draw);
    MATRIX(Y, t, m, m + gap, draw);
    plain_gather_columns(t, m, c.A.wanted, c.rs, c.cs, index, b.wanted, Y.wanted, m + gap);
    ON_EVERY_TABLE(k->gather_columns(t, m, c.A.at, c.rs, c.cs, index, b.at, Y.at, m + gap))
}

static void scatter_case(ptrdiff_t t, ptrdiff_t m, ptrdiff_t gap, int contiguous, number draw)
{
    begin_case("t=%td m=%td gaps %td, %s=1", t, m, gap, contiguous ? "rs" : "cs");
    columns c = new_columns(m, gap, contiguous, draw);
    const int32_t *index = new_indices("index", t, COLUMNS);
    MATRIX(D, t, m, m + gap, draw);
    plain_scatter_columns(t, m, D.wanted, m + gap, index, c.A.wanted, c.rs, c.cs);
    ON_EVERY_TABLE(k->scatter_columns(t, m, D.at, m + gap, index, c.A.at, c.rs, c.cs))
}

static void column_sums_case(ptrdiff_t t, ptrdiff_t m, ptrdiff_t gap, number draw)
{
    begin_case("t=%td m=%td gaps %td", t, m, gap);
    MATRIX(D, t, m, m + gap, draw);
    VECTOR(y, m, anything);
    plain_column_sums(t, m, D.wanted, m + gap, y.wanted);
    ON_EVERY_TABLE(k->column_sums(t, m, D.at, m + gap, y.at))
}

static void running_mean_case(ptrdiff_t t, ptrdiff_t m, ptrdiff_t gap, number draw)
{
    double count = (double)(t + random_index(100) + 1);
    begin_case("t=%td m=%td gaps %td count=%g", t, m, gap, count);
    MATRIX(D, t, m, m + gap, draw);
    images sums = new_buffer("sums", REALS, sizeof(double), 1, m, m);
    double *at = sums.at, *wanted = sums.wanted;
    for (ptrdiff_t i = 0; i < m; i++) at[i] = wanted[i] = (double)draw() / 3;
    VECTOR(y, m, anything);
    plain_running_mean(t, m, D.wanted, m + gap, count, wanted, y.wanted);
    ON_EVERY_TABLE(k->running_mean(t, m, D.at, m + gap, count, at, y.at))
}

#define ON_EVERY_PAIR(one_case)                                                                    \
    for (int i = 0; i < SIZES; i++)                                                                \
        for (int j = 0; j < SIZES; j++) {                                                          \
            ptrdiff_t t = sizes[i], m = sizes[j], gap = (i + j) % 2 * 3;                           \
            one_case;                                                                              \
        }                                                                                          \
    FOR_EVERY_SIZE(m, 0)                                                                           \
    {                                                                                              \
        ptrdiff_t t = 3, gap = m % 2;                                                              \
        one_case;                                                                                  \
    }

static void test_gather_columns(void)
{
    ON_EVERY_PAIR(gather_case(t, m, gap, 1, anything); gather_case(t, m, gap, 0, anything))
}

static void test_scatter_columns(void)
{
    ON_EVERY_PAIR(scatter_case(t, m, gap, 1, moderate); scatter_case(t, m, gap, 0, moderate))
    ON_EVERY_PAIR(scatter_case(t, m, gap, (int)t % 2, anything))
}

static void test_column_sums(void)
{
    ON_EVERY_PAIR(column_sums_case(t, m, gap, moderate); column_sums_case(t, m, gap, anything))
}

static void test_running_mean(void)
{
    ON_EVERY_PAIR(running_mean_case(t, m, gap, moderate))
    ON_EVERY_PAIR(running_mean_case(t, m, gap, anything))
}
