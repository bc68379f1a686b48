/* One step of the RNN, composed of crnn's kernels: reads characters, prints what may come next. */
#include <kernels.h>
#include <stdio.h>
#include <stdlib.h>

/* h = tanh(Wxh[:,x] + Whh h + bh);  p = softmax(Why h + by).   Matrices stand column after column. */
static void step(ptrdiff_t V, ptrdiff_t H, const float *w, int32_t x, float *h, float *z, float *p)
{
    const crnn_kernels_f32 *K = crnn_fastest()->f32;
    const float *Wxh = w, *Whh = Wxh + H * V, *Why = Whh + H * H, *bh = Why + V * H, *by = bh + H;
    K->gather_columns(1, H, Wxh, 1, H, &x, bh, z, H);
    K->gemv(H, H, Whh, H, h, z, z, 0);
    K->tanh(H, z, h);
    K->gemv(V, H, Why, V, h, by, p, 0);
    K->softmax(1, V, 1, p, V);
}

static int refuse(const char *why)
{
    fprintf(stderr, "%s: usage: step WEIGHTS V H INDEX...\n", why);
    return 1;
}

/* A word as a number from 0 to 9999; -1 if it is none. */
static int number(const char *word)
{
    char *end;
    const long n = strtol(word, &end, 10);
    return end == word || *end || n < 0 || n > 9999 ? -1 : (int)n;
}

int main(int argc, char **argv)
{
    const int V = argc > 4 ? number(argv[2]) : 0, H = argc > 4 ? number(argv[3]) : 0;
    if (V < 1 || H < 1) return refuse("sizes are from 1 to 9999");
    const size_t size = (size_t)(2 * H * V + H * H + H + V);
    float *w = (float *)malloc(size * sizeof *w), *h = (float *)calloc(2 * H + V, sizeof *h);
    FILE *file = fopen(argv[1], "rb");
    if (!w || !h || !file || fread(w, sizeof *w, size, file) != size) return refuse(argv[1]);
    float *z = h + H, *p = z + H;
    for (int i = 4; i < argc; i++) {
        const int x = number(argv[i]);
        if (x < 0 || x >= V) return refuse("an index is from 0 to V - 1");
        step(V, H, w, x, h, z, p);
    }
    for (int j = 0; j < V; j++) printf("%.9g\n", p[j]);
    return 0;
}
