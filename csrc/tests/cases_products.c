/* cases_products.c - gemv and gemm. */

static void gemv_case(ptrdiff_t m, ptrdiff_t n, ptrdiff_t gap, int s_is_y, int backward,
                      number draw)
{
    begin_case("m=%td n=%td lda=%td%s%s", m, n, m + gap, s_is_y ? " s=y" : "",
               backward ? " backward" : "");
    MATRIX(A, n, m, m + gap, draw);
    VECTOR(x, n, draw);
    VECTOR(y, m, draw);
    matrix s = s_is_y ? y : new_matrix("s", 1, m, m, draw);
    plain_gemv(m, n, A.wanted, m + gap, x.wanted, s.wanted, y.wanted);
    ON_EVERY_TABLE(k->gemv(m, n, A.at, m + gap, x.at, s.at, y.at, backward))
}

static void test_gemv(void)
{
    for (int i = 0; i < SIZES; i++)
        for (int j = 0; j < SIZES; j++) {
            gemv_case(sizes[i], sizes[j], 0, i % 2, 0, moderate);
            gemv_case(sizes[i], sizes[j], 3, j % 2, 1, moderate);
            gemv_case(sizes[i], sizes[j], 1, (i + j) % 2, i % 2, mixed);
        }
    FOR_EVERY_SIZE(m, 0) gemv_case(m, 2, m % 2, m % 3 == 0, m % 5 < 2, moderate);
}

typedef enum { PLAIN, TRANSPOSED, STRIDED } layout_of_a;
typedef enum { NO_S, ONE_ROW, MATRIX_S, S_IS_C } kind_of_s;

static matrix new_s(kind_of_s kind, ptrdiff_t m, ptrdiff_t n, ptrdiff_t gap, matrix C, number draw)
{
    switch (kind) {
        case ONE_ROW:
            return new_matrix("S", 1, n, n, draw);
        case MATRIX_S:
            return new_matrix("S", m, n, n + gap, draw);
        case S_IS_C:
            return C;
        default:
            return (matrix){NULL, NULL};
    }
}

static void gemm_case(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k_, ptrdiff_t gap, layout_of_a layout,
                      kind_of_s kind)
{
    static const char *layouts[] = {"plain", "transposed", "strided"};
    static const char *kinds[] = {"NULL", "one row", "a matrix", "C"};
    begin_case("m=%td n=%td k=%td, A %s, S %s, gaps %td", m, n, k_, layouts[layout], kinds[kind],
               gap);

    ptrdiff_t rows = layout == TRANSPOSED ? k_ : m, cols = layout == TRANSPOSED ? m : k_;
    ptrdiff_t step = layout == STRIDED ? 2 : 1, lda = cols * step + gap;
    ptrdiff_t ars = layout == TRANSPOSED ? 1 : lda, acs = layout == TRANSPOSED ? lda : step;
    ptrdiff_t ldb = n + 2 * gap, ldc = n + gap, lds = kind == ONE_ROW ? 0 : n + gap;

    number draw = layout == STRIDED ? mixed : moderate;
    MATRIX(A, rows, cols * step, lda, draw);
    MATRIX(B, k_, n, ldb, draw);
    MATRIX(C, m, n, ldc, draw);
    matrix S = new_s(kind, m, n, gap, C, draw);
    plain_gemm(m, n, k_, A.wanted, ars, acs, B.wanted, ldb, S.wanted, lds, C.wanted, ldc);
    ON_EVERY_TABLE(k->gemm(m, n, k_, A.at, ars, acs, B.at, ldb, S.at, lds, C.at, ldc))
}

/* A Latin square: every pair of sizes in every two of the three dimensions. */
static void test_gemm(void)
{
    for (int i = 0; i < SIZES; i++)
        for (int j = 0; j < SIZES; j++)
            for (int kind = NO_S; kind <= S_IS_C; kind++)
                for (int layout = PLAIN; layout <= STRIDED; layout++)
                    gemm_case(sizes[i], sizes[j], sizes[(i + j) % SIZES], (i + kind) % 2 * 3,
                              (layout_of_a)layout, (kind_of_s)kind);
    FOR_EVERY_SIZE(n, 0) gemm_case(n % 13, n, 2, n % 2, PLAIN, (kind_of_s)(n % 4));
}
