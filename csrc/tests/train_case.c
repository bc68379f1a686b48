/* train_case.c - reading a case: a line of words, each of which is checked.
 *
 * First, in this order: name, type (float32 or float64), V, H, T, B, optimizer, learning rate and clip,
 * windows, characters; then for the text, the first weights, the coins of the samples and those of the
 * units left out the state and the increment of a PCG64. After these what is not as usual, NAME=VALUE,
 * by the names of docs/explanation/contract.md. Numbers that are no integers are the bits of a double, 16 hexadecimal
 * digits; a state or an increment has 32. Names of parameters and starts of documents are separated by
 * commas.
 */
#include "train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cases are small: so no size overflows, nor does a product of them. */
#define MOST_UNITS 100000
#define MOST_CHARACTERS 10000000
#define MOST_ELEMENTS 100000000 /* of an array */

static const char *const types[] = {"float32", "float64", NULL};
static const char *const methods[] = {"sgd", "adagrad", "rmsprop", "adam", "adamw", NULL};
static const char *const schedules[] = {"constant", "step", "cosine", "trapezoid", NULL};
static const char *const ways[] = {"normal", "orthogonal", "identity", NULL};
static const char *const parameters[] = {"Wxh", "Whh", "Why", "bh", "by", NULL};

/* A case is refused, with the field that makes no sense. */
static void refuse(const char *field, const char *word)
{
    fprintf(stderr, "train: not a case: %s: %s\n", field, word);
    exit(2);
}

/* --- Values ------------------------------------------------------------------------------------- */

static ptrdiff_t size_in(const char *field, const char *word, long long least, long long most)
{
    long long n = strtoll(word, NULL, 10);
    if (!*word || word[strspn(word, "0123456789")] || n < least || n > most) refuse(field, word);
    return (ptrdiff_t)n;
}

/* A word of so many hexadecimal digits. */
static const char *digits_in(const char *field, const char *word, size_t digits)
{
    if (strlen(word) != digits || strspn(word, "0123456789abcdef") != digits) refuse(field, word);
    return word;
}

static uint64_t bits_of(const char *sixteen_digits)
{
    char part[17] = "";
    strncat(part, sixteen_digits, 16);
    return strtoull(part, NULL, 16);
}

static double double_in(const char *field, const char *word)
{
    uint64_t bits = bits_of(digits_in(field, word, 16));
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static int choice_in(const char *field, const char *word, const char *const *names)
{
    int number = 0;
    while (names[number] && strcmp(word, names[number]) != 0) number++;
    if (!names[number]) refuse(field, word);
    return number;
}

static void read_frozen(char *names, int *is_frozen)
{
    for (char *name = names, *next; name; name = next) {
        if ((next = strchr(name, ','))) *next++ = '\0';
        is_frozen[choice_in("frozen", name, parameters)] = 1;
    }
}

static void read_starts(char *numbers, training_case *c)
{
    for (char *number = numbers, *next; number; number = next) {
        if ((next = strchr(number, ','))) *next++ = '\0';
        if (c->documents == MOST_DOCUMENTS) refuse("starts", "too many documents");
        ptrdiff_t least = c->documents ? c->starts[c->documents - 1] + 1 : 0;
        ptrdiff_t most = c->documents ? c->characters - 1 : 0;
        c->starts[c->documents++] = size_in("starts", number, least, most);
    }
}

/* --- The words, in their order ------------------------------------------------------------------ */

static const char *next_word(const char *field)
{
    const char *word = strtok(NULL, " \r\n");
    if (!word) refuse(field, "missing");
    return word;
}

static ptrdiff_t read_size(const char *field, long long most)
{
    return size_in(field, next_word(field), 1, most);
}

static double read_double(const char *field) { return double_in(field, next_word(field)); }

static wide read_wide(const char *field)
{
    const char *word = digits_in(field, next_word(field), 32);
    return (wide){bits_of(word), bits_of(word + 16)};
}

static pcg64 read_generator(const char *field)
{
    wide state = read_wide(field);
    return (pcg64){state, read_wide(field)};
}

static void read_fixed(training_case *c)
{
    c->is_double = choice_in("type", next_word("type"), types);
    c->V = read_size("V", MOST_UNITS);
    c->H = read_size("H", MOST_UNITS);
    c->T = read_size("T", MOST_CHARACTERS);
    c->B = read_size("B", MOST_CHARACTERS);
    c->optimizer = (method)choice_in("optimizer", next_word("optimizer"), methods);
    c->learning_rate = read_double("learning rate");
    c->clip = read_double("clip");
    c->windows = read_size("windows", MOST_CHARACTERS);
    c->characters = read_size("characters", MOST_CHARACTERS);
    c->text = read_generator("text");
    c->weights = read_generator("weights");
    c->coins = read_generator("coins");
    c->units = read_generator("units");
}

/* --- What is not as usual ----------------------------------------------------------------------- */

static void set_usual(training_case *c)
{
    c->clip_norm = INFINITY;
    c->decay_rate = 0x1.fae147ae147aep-1; /* 0.99 */
    c->beta1 = 0x1.ccccccccccccdp-1;      /* 0.9 */
    c->beta2 = 0x1.ff7ced916872bp-1;      /* 0.999 */
    c->decay_factor = 1;
    c->decay_every = c->steps = 1;
}

/* Where the number of that name stands, or NULL. */
static double *double_named(const char *name, training_case *c)
{
    const struct {
        const char *name;
        double *at;
    } all[] = {{"dropout", &c->dropout},
               {"clip_norm", &c->clip_norm},
               {"weight_decay", &c->weight_decay},
               {"momentum", &c->momentum},
               {"decay_rate", &c->decay_rate},
               {"beta1", &c->beta1},
               {"beta2", &c->beta2},
               {"decay_factor", &c->decay_factor},
               {"final_rate", &c->final_rate},
               {"decay_fraction", &c->decay_fraction}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(name, all[i].name) == 0) return all[i].at;
    return NULL;
}

static void read_option(char *word, training_case *c)
{
    char *value = strchr(word, '=');
    if (!value) refuse("after the last", word);
    *value++ = '\0';
    double *number = double_named(word, c);
    if (number)
        *number = double_in(word, value);
    else if (strcmp(word, "init") == 0)
        c->init = (way_to_begin)choice_in(word, value, ways);
    else if (strcmp(word, "schedule") == 0)
        c->schedule = (schedule)choice_in(word, value, schedules);
    else if (strcmp(word, "warmup") == 0)
        c->warmup = size_in(word, value, 0, MOST_CHARACTERS);
    else if (strcmp(word, "decay_every") == 0)
        c->decay_every = size_in(word, value, 1, MOST_CHARACTERS);
    else if (strcmp(word, "steps") == 0)
        c->steps = size_in(word, value, 1, MOST_CHARACTERS);
    else if (strcmp(word, "frozen") == 0)
        read_frozen(value, c->is_frozen);
    else if (strcmp(word, "starts") == 0)
        read_starts(value, c);
    else
        refuse("no option", word);
}

/* --- A case ------------------------------------------------------------------------------------- */

/* An array of a * b elements is one that can be. */
static void check_product(const char *field, ptrdiff_t a, ptrdiff_t b)
{
    if ((int64_t)a * b > MOST_ELEMENTS) refuse(field, "too many elements");
}

static void check_sizes(const training_case *c)
{
    if (c->T > c->characters / c->B - 2) refuse("characters", "too few for a window");
    ptrdiff_t rows = (c->T + 1) * c->B; /* no more than there are characters */
    check_product("V * H", c->V, c->H);
    check_product("H * H", c->H, c->H);
    check_product("(T + 1) * B * V", rows, c->V);
    check_product("(T + 1) * B * H", rows, c->H);
}

/* Every part has a document of two characters: else its stream would look for one forever. */
static void check_documents(const training_case *c)
{
    ptrdiff_t length = c->characters / c->B, next = 0;
    for (ptrdiff_t b = 0; b < c->B; b++) {
        ptrdiff_t longest = 0, from = b * length, end = from + length;
        while (next < c->documents && c->starts[next] <= from) next++;
        for (; next < c->documents && c->starts[next] < end; from = c->starts[next++])
            if (c->starts[next] - from > longest) longest = c->starts[next] - from;
        if (end - from <= 1 && longest <= 1) refuse("starts", "a part with nothing to predict");
    }
}

void read_case(char *line, training_case *c)
{
    const char *name = strtok(line, " \r\n");
    char *more;
    memset(c, 0, sizeof *c);
    if (!name || strlen(name) >= sizeof c->name) refuse("name", name ? name : "missing");
    strncat(c->name, name, sizeof c->name - 1);
    set_usual(c);
    read_fixed(c);
    for (; (more = strtok(NULL, " \r\n")); c->has_options = 1) read_option(more, c);
    if (!(c->dropout >= 0 && c->dropout < 1)) refuse("dropout", "not a probability below 1");
    check_sizes(c);
    check_documents(c);
}
