/* harness.c - see harness.h. */
#if defined(__unix__) || defined(__APPLE__)
#define _DEFAULT_SOURCE /* mmap */
#define _DARWIN_C_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
#define HAVE_PAGES 1
#else
#define HAVE_PAGES 0
#endif
#include "harness.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif
#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif
#endif
#if !defined(VALGRIND_MAKE_MEM_NOACCESS)
#define VALGRIND_MAKE_MEM_NOACCESS(p, n) ((void)(p), (void)(n))
#define VALGRIND_MAKE_MEM_DEFINED(p, n) ((void)(p), (void)(n))
#define RUNNING_ON_VALGRIND 0
#endif

enum {
    GUARD =
        65, /* elements before and after: more than a tile's row; odd, for malloc aligns to 16 */
    MOST_BUFFERS = 8,
    MOST_TABLES = 8,
    MOST_REPORTS = 5 /* a test */
};

typedef struct {
    const char *name;
    element_kind kind;
    size_t element_size;
    ptrdiff_t rows, cols, ld;
    ptrdiff_t guard_after; /* elements; GUARD of them before */
    size_t size;           /* bytes of each image, guards and all */
    unsigned char *block, *first, *wanted;
    unsigned char *pages; /* that hold the block, NULL if malloc gave it */
    size_t pages_size;
} buffer;

static struct {
    const char *kernel, *type, *isa;
    char sizes[160];
    buffer buffers[MOST_BUFFERS];
    size_t count;
    int fresh; /* no call yet: the first contents are still to be remembered */
    uint64_t random;
    long reports;
} now;

static long checks_of_kernel, failures_of_kernel, all_checks, all_failures;
static struct {
    const crnn_tables *table;
    long checks;
} tables[MOST_TABLES + 1]; /* then NULL */

/* --- buffers ------------------------------------------------------------------------------------ */

static ptrdiff_t span(const buffer *b)
{
    return b->rows > 0 && b->cols > 0 ? (b->rows - 1) * b->ld + b->cols : 0;
}

/* Whether the element at this offset from the first one is the kernel's to touch. */
static int inside(const buffer *b, ptrdiff_t offset)
{
    return offset >= 0 && offset < span(b) && offset % b->ld < b->cols;
}

static int at_pages;

#if HAVE_PAGES
static void on_fault(int number)
{
    printf("FAIL %s %s %s, %s: signal %d, an access outside the buffers\n", now.kernel, now.type,
           now.isa, now.sizes, number);
    fflush(stdout);
    _exit(EXIT_FAILURE);
}

int end_buffers_at_pages(void)
{
    at_pages = 1;
    signal(SIGSEGV, on_fault);
    signal(SIGBUS, on_fault);
    return 1;
}

static void place_block(buffer *b)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (b->size + page - 1) / page * page;
    b->pages_size = whole + page;
    b->pages = mmap(NULL, b->pages_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (b->pages == MAP_FAILED || mprotect(b->pages + whole, page, PROT_NONE) != 0) abort();
    b->block = b->pages + whole - b->size;
}

static void free_block(buffer *b)
{
    if (b->pages)
        munmap(b->pages, b->pages_size);
    else
        free(b->block);
}
#else
int end_buffers_at_pages(void) { return 0; }
static void place_block(buffer *b) { (void)b; }
static void free_block(buffer *b) { free(b->block); }
#endif

static void *allocate(size_t bytes)
{
    void *block = malloc(bytes);
    if (block) return block;
    fprintf(stderr, "out of memory\n");
    exit(2);
}

/* A quiet NaN with a payload of its own: whoever computes with it, or moves it, is found out. */
static void put_nan(unsigned char *at, size_t element_size)
{
    uint64_t wide = UINT64_C(0x7ff8) << 48 | random_bits() >> 13;
    uint32_t narrow = UINT32_C(0x7fc) << 20 | (uint32_t)(random_bits() >> 42);
    uint16_t half = (uint16_t)random_bits(); /* an integer: any will do */
    memcpy(at,
           element_size == 8   ? (void *)&wide
           : element_size == 4 ? (void *)&narrow
                               : &half,
           element_size);
}

images new_buffer(const char *name, element_kind kind, size_t element_size, ptrdiff_t rows,
                  ptrdiff_t cols, ptrdiff_t ld)
{
    buffer b = {.name = name, .kind = kind, .element_size = element_size};
    if (now.count == MOST_BUFFERS ||
        (element_size != 2 && element_size != 4 && element_size != 8) || ld < cols)
        abort();
    b.rows = rows, b.cols = cols, b.ld = ld;
    b.guard_after = at_pages ? 0 : GUARD;
    b.size = (size_t)(GUARD + span(&b) + b.guard_after) * element_size;
    if (at_pages)
        place_block(&b);
    else
        b.block = allocate(b.size);
    b.first = allocate(b.size);
    b.wanted = allocate(b.size);
    for (size_t i = 0; i < b.size; i += element_size) put_nan(b.block + i, element_size);
    memcpy(b.wanted, b.block, b.size);
    now.buffers[now.count++] = b;
    now.fresh = 1;
    return (images){b.block + GUARD * element_size, b.wanted + GUARD * element_size};
}

static void free_buffers(void)
{
    for (; now.count > 0; now.count--) {
        buffer *b = &now.buffers[now.count - 1];
        free_block(b), free(b->first), free(b->wanted);
    }
}

/* Elements from..to-1, counted from the first one, are not to be touched. */
static void forbid(const buffer *b, ptrdiff_t from, ptrdiff_t to)
{
    unsigned char *start = b->block + (size_t)(GUARD + from) * b->element_size;
    size_t bytes = (size_t)(to - from) * b->element_size;
    if (bytes == 0) return;
    ASAN_POISON_MEMORY_REGION(start, bytes);
    VALGRIND_MAKE_MEM_NOACCESS(start, bytes);
}

static void forbid_all_but_elements(const buffer *b)
{
    forbid(b, -GUARD, 0);
    forbid(b, span(b), span(b) + b->guard_after);
    if (span(b) > 0)
        for (ptrdiff_t row = 0; row < b->rows - 1; row++)
            forbid(b, row * b->ld + b->cols, (row + 1) * b->ld);
}

static void allow_everything(const buffer *b)
{
    ASAN_UNPOISON_MEMORY_REGION(b->block, b->size);
    VALGRIND_MAKE_MEM_DEFINED(b->block, b->size);
}

/* --- comparing ---------------------------------------------------------------------------------- */

static uint64_t bits_at(const unsigned char *image, size_t element_size, ptrdiff_t element)
{
    uint64_t wide;
    uint32_t narrow;
    uint16_t half;
    if (element_size == sizeof wide) return memcpy(&wide, image + element * 8, 8), wide;
    if (element_size == sizeof half) return memcpy(&half, image + element * 2, 2), half;
    return memcpy(&narrow, image + element * 4, 4), narrow;
}

static int is_nan(uint64_t bits, size_t element_size)
{
    uint64_t infinity = element_size == 8 ? UINT64_C(0x7ff) << 52 : UINT64_C(0xff) << 23;
    uint64_t sign = UINT64_C(1) << (8 * element_size - 1);
    return (bits & ~sign) > infinity;
}

/* The same bits; of reals also two NaNs. Valgrind computes the fnma of AVX2 as -(a*b - c), where a
 * zero gets the wrong sign: there, and only there, zeros are equal too. */
static int same_element(const buffer *b, uint64_t wanted, uint64_t got)
{
    uint64_t sign = UINT64_C(1) << (8 * b->element_size - 1);
    if (wanted == got) return 1;
    if (b->kind != REALS) return 0;
    if (RUNNING_ON_VALGRIND && ((wanted | got) & ~sign) == 0) return 1;
    return is_nan(wanted, b->element_size) && is_nan(got, b->element_size);
}

static double value_of(uint64_t bits, size_t element_size)
{
    double wide;
    float narrow;
    uint32_t half = (uint32_t)bits;
    memcpy(&wide, &bits, 8), memcpy(&narrow, &half, 4);
    return element_size == 8 ? wide : (double)narrow;
}

static void report(const char *format, ...)
{
    va_list arguments;
    failures_of_kernel++;
    if (++now.reports > MOST_REPORTS) return;
    printf("FAIL %s %s %s, %s: ", now.kernel, now.type, now.isa, now.sizes);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

static void report_element(const buffer *b, ptrdiff_t offset, uint64_t wanted, uint64_t got)
{
    int digits = 2 * (int)b->element_size;
    if (!inside(b, offset))
        report("%s, %td elements from the first, outside the shape (%td, %td), ld %td: "
               "was 0x%0*" PRIx64 ", became 0x%0*" PRIx64,
               b->name, offset, b->rows, b->cols, b->ld, digits, wanted, digits, got);
    else if (b->kind == INTEGERS)
        report("%s[%td] was 0x%0*" PRIx64 ", became 0x%0*" PRIx64, b->name, offset, digits, wanted,
               digits, got);
    else
        report("%s[%td, %td] wanted 0x%0*" PRIx64 " (%.17g), got 0x%0*" PRIx64 " (%.17g)", b->name,
               offset / b->ld, offset % b->ld, digits, wanted, value_of(wanted, b->element_size),
               digits, got, value_of(got, b->element_size));
}

/* One report a buffer is enough. */
static void compare(const buffer *b)
{
    ptrdiff_t elements = GUARD + span(b) + b->guard_after;
    if (memcmp(b->block, b->wanted, b->size) == 0) return;
    for (ptrdiff_t i = 0; i < elements; i++) {
        uint64_t wanted = bits_at(b->wanted, b->element_size, i);
        uint64_t got = bits_at(b->block, b->element_size, i);
        if (inside(b, i - GUARD) ? !same_element(b, wanted, got) : wanted != got) {
            report_element(b, i - GUARD, wanted, got);
            return;
        }
    }
}

/* --- cases -------------------------------------------------------------------------------------- */

static void count_checks(long checks)
{
    checks_of_kernel += checks;
    for (size_t t = 0; tables[t].table; t++)
        if (strcmp(tables[t].table->isa, now.isa) == 0) tables[t].checks += checks;
}

void begin_case(const char *format, ...)
{
    va_list arguments;
    free_buffers();
    now.isa = "plain loop";
    va_start(arguments, format);
    vsnprintf(now.sizes, sizeof now.sizes, format, arguments);
    va_end(arguments);
}

void before_call(const char *isa)
{
    now.isa = isa;
    for (size_t i = 0; i < now.count; i++) {
        buffer *b = &now.buffers[i];
        memcpy(now.fresh ? b->first : b->block, now.fresh ? b->block : b->first, b->size);
        forbid_all_but_elements(b);
    }
    now.fresh = 0;
}

void after_call(void)
{
    for (size_t i = 0; i < now.count; i++) {
        allow_everything(&now.buffers[i]);
        compare(&now.buffers[i]);
        count_checks((long)(now.buffers[i].rows * now.buffers[i].cols));
    }
}

int check(int ok, const char *format, ...)
{
    char what[200];
    va_list arguments;
    count_checks(1);
    if (ok) return 1;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    report("%s", what);
    return 0;
}

/* --- numbers: splitmix64 ------------------------------------------------------------------------ */

uint64_t random_bits(void)
{
    uint64_t z = now.random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

double random_unit(void) { return (double)(random_bits() >> 11) * 0x1p-53; }

ptrdiff_t random_index(ptrdiff_t end) { return (ptrdiff_t)(random_bits() % (uint64_t)end); }

/* --- tests -------------------------------------------------------------------------------------- */

const crnn_tables *table_number(size_t number)
{
    if (!tables[0].table)
        for (size_t t = 0; t < MOST_TABLES && (tables[t].table = crnn_available(t)); t++) {
        }
    return tables[number].table;
}

void run_test(const char *kernel, const char *type, void (*test)(void))
{
    if (!table_number(0)) abort();
    for (size_t t = 0; tables[t].table; t++) tables[t].checks = 0;
    now.kernel = kernel, now.type = type, now.isa = "-", now.sizes[0] = 0;
    now.random = now.reports = 0;
    test();
    for (size_t t = 0; tables[t].table; t++)
        if (tables[t].checks == 0)
            report("nothing was compared on the table %s", tables[t].table->isa);
    free_buffers();
}

void print_summary(const char *kernel, const char *types)
{
    printf("%s: %s x", kernel, types);
    for (size_t t = 0; tables[t].table; t++) printf(" %s", tables[t].table->isa);
    if (failures_of_kernel)
        printf(": %ld FAILED of %ld checks\n", failures_of_kernel, checks_of_kernel);
    else
        printf(": %ld checks ok\n", checks_of_kernel);
    fflush(stdout);
    all_checks += checks_of_kernel, all_failures += failures_of_kernel;
    checks_of_kernel = failures_of_kernel = 0;
}

int exit_status(void)
{
    int ok = all_failures == 0 && all_checks > 0;
    printf("%s: %ld checks, %ld failed\n", ok ? "ok" : "FAILED", all_checks, all_failures);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
