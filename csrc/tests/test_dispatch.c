/* test_dispatch.c - which tables there are, and that each is whole. */
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "kernels.h"

/* Every member of a table is a function: none was forgotten in table.c. */
static int is_whole(const void *table, size_t size)
{
    static const unsigned char null[sizeof(void *)];
    for (size_t i = 0; i < size; i += sizeof null)
        if (memcmp((const char *)table + i, null, sizeof null) == 0) return 0;
    return 1;
}

static void test_tables(void)
{
    const crnn_tables *tables;
    for (size_t i = 0; (tables = crnn_available(i)); i++) {
        before_call(tables->isa);
        check(is_whole(tables->f32, sizeof *tables->f32), "a kernel of f32 is missing");
        check(is_whole(tables->f64, sizeof *tables->f64), "a kernel of f64 is missing");
        check(crnn_tables_named(tables->isa) == tables, "its name finds another");
        check(crnn_fastest() == tables || crnn_available(i + 1), "the last is not the fastest");
        for (size_t j = 0; j < i; j++)
            check(crnn_available(j)->f32 != tables->f32 && crnn_available(j)->f64 != tables->f64,
                  "the tables of %s again", crnn_available(j)->isa);
    }
}

/* Asked in another way than cpu.c does. A wrong yes of ours would end in an illegal instruction. */
static void test_processor(void)
{
#if defined(__x86_64__)
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                 __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    check(!avx2 || crnn_tables_named("avx2"), "this CPU has AVX2");
    check(!avx512 || crnn_tables_named("avx512"), "this CPU has AVX-512");
    check(!crnn_tables_named("avx512") || crnn_tables_named("avx2"), "AVX-512 without AVX2");
    check(!crnn_tables_named("neon"), "NEON on x86");
#elif defined(__aarch64__)
    check(crnn_tables_named("neon") && crnn_fastest() == crnn_tables_named("neon"), "no NEON");
    check(!crnn_tables_named("avx2") && !crnn_tables_named("avx512"), "AVX on ARM");
#endif
}

static void test_names(void)
{
    static const char *unknown[] = {"", "sse9", "AVX2", "avx", "avx2 ", "portable,avx2", "neon2"};
    check(crnn_available(0) == crnn_tables_named("portable"), "the first is not portable");
    check(strcmp(crnn_available(0)->isa, "portable") == 0, "portable is called %s",
          crnn_available(0)->isa);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        check(!crnn_tables_named(unknown[i]), "a table named \"%s\"", unknown[i]);
    check(!crnn_available(99) && !crnn_available(SIZE_MAX), "a table past the last");
    test_processor();
}

static void test_dispatch(void)
{
    begin_case("-");
    test_tables();
    test_names();
}

int main(void)
{
    run_test("dispatch", "-", test_dispatch);
    print_summary("dispatch", "f32 f64");
    return exit_status();
}
