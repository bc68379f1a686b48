/* train.c - small trainings, and every bit of what they leave behind: what tools/prove.py runs.
 *
 *     train [--isa NAME] [--host MODE] [--threads N] [--offset N] < cases > arrays
 *
 * A case is a line of words (train_case.c). Each is trained with every table of this CPU, or with the
 * one that is named, and for each array a line is written: the case, the table, the name of the array,
 * and the bits of each element (see train.h).
 *
 *     --host MODE     the floating-point mode of the program that trains: nearest, upward, downward,
 *                     zero or ftz (subnormal numbers are flushed to zero, as results and as operands)
 *     --threads N     train each case in N threads at once; each must come to the same
 *     --offset N      place buffers N elements after a multiple of 64 bytes
 *
 * The exit status is 1 if the mode of the host was not as before after a training, or if threads came
 * to different results; 2 if what is asked makes no sense, 3 if it is not possible here.
 */
#include "train.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrier.h"
#include "fpmode.h"
#include "host.h"

typedef struct {
    const char *isa; /* NULL: all */
    host_mode host;
    int threads;
    ptrdiff_t offset;
} options;

static void give_up(int status, const char *why, const char *what)
{
    fprintf(stderr, "train: %s%s\n", why, what);
    exit(status);
}

/* --- The report --------------------------------------------------------------------------------- */

void *allocate(size_t bytes)
{
    void *at = calloc(bytes ? bytes : 1, 1);
    if (!at) give_up(3, "out of memory", "");
    return at;
}

static void add_character(report *r, char character)
{
    if (r->length == r->room) {
        r->room = 2 * r->room + 1000;
        r->at = realloc(r->at, r->room);
        if (!r->at) give_up(3, "out of memory", "");
    }
    r->at[r->length++] = character;
}

static void add_word(report *r, const char *word)
{
    for (; *word; word++) add_character(r, *word);
}

void begin_line(report *r, const char *array)
{
    add_word(r, r->name);
    add_character(r, ' ');
    add_word(r, r->isa);
    add_character(r, ' ');
    add_word(r, array);
}

void add_bits(report *r, uint64_t bits, int digits)
{
    add_character(r, ' ');
    while (digits--) add_character(r, "0123456789abcdef"[bits >> 4 * digits & 15]);
}

void end_line(report *r) { add_character(r, '\n'); }

/* --- Training as a guest ------------------------------------------------------------------------ */

typedef struct {
    const training_case *c;
    const crnn_tables *tables;
    const options *o;
    int members;
    report reports[CRNN_MOST_MEMBERS];
    const char *faults[CRNN_MOST_MEMBERS]; /* NULL: none */
} task;

/* As core.pyx does it: into our mode, out of it again. In between, a function that the compiler does
 * not know here, so that no arithmetic leaves it. */
static void train_in_our_mode(const task *k, report *r)
{
    crnn_fpmode theirs = crnn_fpmode_enter();
    (k->c->is_double ? train_f64 : train_f32)(k->c, k->tables, k->o->offset, r);
    crnn_fpmode_leave(theirs);
}

static const char *train_as_guest(const task *k, report *r)
{
    host_mode mode = k->o->host;
    if (!set_host_mode(mode)) give_up(3, "no such mode here: ", host_mode_names[mode]);
    if (!mode_in_force(mode)) return "the mode that was set is not in force";
    host_state before = get_host_state();
    train_in_our_mode(k, r);
    host_state after = get_host_state();
    if (!same_host_state(before, after)) return "the mode of the host is another afterwards";
    if (!mode_in_force(mode)) return "the mode of the host is not in force afterwards";
    return NULL;
}

static void train_in_thread(void *given, crnn_team *team, int rank)
{
    task *k = given;
    report *r = &k->reports[rank];
    *r = (report){.name = k->c->name, .isa = k->tables->isa};
    k->faults[rank] = train_as_guest(k, r);
    set_host_mode(NEAREST);
    if (rank == 0) k->members = crnn_members(team);
}

/* Train a case with some tables and print what it came to; returns the number of faults. */
static int print_outcome(const training_case *c, const crnn_tables *tables, const options *o)
{
    static task k;
    int faults = 0;
    k = (task){.c = c, .tables = tables, .o = o};
    crnn_together(o->threads, 0, train_in_thread, &k);
    if (k.members != o->threads) give_up(3, "the system gives fewer threads", "");
    for (int i = 0; i < k.members; i++) {
        const report *first = &k.reports[0], *r = &k.reports[i];
        if (!k.faults[i] &&
            (r->length != first->length || memcmp(r->at, first->at, r->length) != 0))
            k.faults[i] = "another result than in the first thread";
        if (!k.faults[i]) continue;
        fprintf(stderr, "train: %s on %s, thread %d: %s\n", c->name, tables->isa, i, k.faults[i]);
        faults++;
    }
    if (fwrite(k.reports[0].at, 1, k.reports[0].length, stdout) != k.reports[0].length)
        give_up(3, "cannot write", "");
    for (int i = 0; i < k.members; i++) free(k.reports[i].at);
    return faults;
}

/* --- What is asked ------------------------------------------------------------------------------ */

static int number_of(const char *word, int least, int most)
{
    char *end;
    long n = strtol(word, &end, 10);
    if (end == word || *end || n < least || n > most) give_up(2, "not a number in range: ", word);
    return (int)n;
}

static host_mode mode_named(const char *word)
{
    int mode = 0;
    while (mode < HOST_MODES && strcmp(word, host_mode_names[mode]) != 0) mode++;
    if (mode == HOST_MODES) give_up(2, "no mode named ", word);
    return (host_mode)mode;
}

static options options_of(int count, char **words)
{
    options o = {.isa = NULL, .host = NEAREST, .threads = 1, .offset = 0};
    for (int i = 1; i < count; i += 2) {
        const char *name = words[i], *value = i + 1 < count ? words[i + 1] : "";
        if (strcmp(name, "--isa") == 0)
            o.isa = value;
        else if (strcmp(name, "--host") == 0)
            o.host = mode_named(value);
        else if (strcmp(name, "--threads") == 0)
            o.threads = number_of(value, 1, CRNN_MOST_MEMBERS);
        else if (strcmp(name, "--offset") == 0)
            o.offset = number_of(value, 0, 1000);
        else
            give_up(2, "no option named ", name);
    }
    if (o.isa && !crnn_tables_named(o.isa)) give_up(3, "no such table here: ", o.isa);
    return o;
}

int main(int count, char **words)
{
    static char line[MOST_LETTERS];
    static training_case c;
    options o = options_of(count, words);
    int faults = 0;
    while (fgets(line, sizeof line, stdin)) {
        read_case(line, &c);
        const crnn_tables *tables;
        for (size_t i = 0; (tables = crnn_available(i)); i++)
            if (!o.isa || strcmp(o.isa, tables->isa) == 0) faults += print_outcome(&c, tables, &o);
    }
    if (fflush(stdout) != 0) give_up(3, "cannot write", "");
    return faults > 0;
}
