/* test_kernels.c - every kernel, both types, every table of this CPU.
 *
 *     test_kernels                  all of them
 *     test_kernels gemm             one
 *     test_kernels --pages [gemm]   with buffers that end where memory ends, instead of guards
 */
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "suite.h"

int main(int count, char **arguments)
{
    const char *only = count > 1 ? arguments[count - 1] : "--pages";
    if (count > 1 && strcmp(arguments[1], "--pages") == 0 && !end_buffers_at_pages()) {
        printf("no pages here: skipped\n");
        return 0;
    }
    for (size_t i = 0; suite_f32[i].kernel; i++) {
        const char *kernel = suite_f32[i].kernel;
        if (strcmp(only, "--pages") != 0 && strcmp(only, kernel) != 0) continue;
        run_test(kernel, "f32", suite_f32[i].run);
        run_test(kernel, "f64", suite_f64[i].run);
        print_summary(kernel, "f32 f64");
    }
    return exit_status();
}
