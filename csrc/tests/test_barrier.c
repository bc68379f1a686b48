/* test_barrier.c - that members meet: nobody goes on before all have come, and all see what the others
 * wrote before. Under ThreadSanitizer also that they see it by the rules. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#if !defined(_WIN32)
#include <errno.h>
#include <pthread.h>

static int threads_left = INT_MAX; /* that the system gives */

static int sparing_create(pthread_t *thread, const pthread_attr_t *attributes, void *run(void *),
                          void *given)
{
    return threads_left-- > 0 ? pthread_create(thread, attributes, run, given) : EAGAIN;
}
#define pthread_create sparing_create
#endif
#include "barrier.h"

typedef struct {
    int rounds;
    long slots[CRNN_MOST_MEMBERS]; /* plain memory: each member's round, written between meetings */
    long faults[CRNN_MOST_MEMBERS]; /* what each member saw wrong */
    long calls[CRNN_MOST_MEMBERS];  /* how often work came with that rank */
} board;

/* In every round each writes its slot and reads all others', in two phases, as a training does. */
static void write_meet_read(void *context, crnn_team *team, int rank)
{
    board *b = context;
    int members = crnn_members(team);
    b->calls[rank]++;
    for (int round = 1; round <= b->rounds; round++) {
        if (round % members == rank) /* one of them comes late */
            for (volatile int i = 0; i < 500; i++) {
            }
        b->slots[rank] = round;
        crnn_meet(team);
        for (int i = 0; i < members; i++) b->faults[rank] += b->slots[i] != round;
        crnn_meet(team);
    }
}

static int failures;

static void check(int ok, const char *what, int size, int spins)
{
    if (ok) return;
    failures++;
    printf("%d members, %d spins: %s\n", size, spins, what);
}

/* Runs a team and returns how many members it had. */
static int run_team(int size, int spins, int rounds)
{
    static board b;
    memset(&b, 0, sizeof b);
    b.rounds = rounds;
    crnn_together(size, spins, write_meet_read, &b);
    int members = 0;
    while (members < CRNN_MOST_MEMBERS && b.calls[members] > 0) members++;
    for (int i = 0; i < CRNN_MOST_MEMBERS; i++) {
        check(b.calls[i] == (i < members), "a rank was given twice or left out", size, spins);
        check(b.faults[i] == 0, "a slot was read before or after its round", size, spins);
        check(b.slots[i] == (i < members ? rounds : 0), "a member did not finish", size, spins);
    }
    return members;
}

static void only_one(void *context, crnn_team *team, int rank)
{
    int *count = context;
    *count += crnn_members(team) == 1 && rank == 0;
    crnn_meet(team); /* returns at once */
}

int main(void)
{
    static const int all_spins[] = {0, 3000};
    for (int i = 0; i < 2; i++) {
        int spins = all_spins[i], alone = 0;
        for (int size = 1; size <= 8; size++)
            check(run_team(size, spins, 200) == size, "another number of members", size, spins);
        check(run_team(CRNN_MOST_MEMBERS, spins, 3) == CRNN_MOST_MEMBERS, "not all", 64, spins);
        check(run_team(INT_MAX, spins, 2) == CRNN_MOST_MEMBERS, "too many", INT_MAX, spins);
        for (int size = -1; size <= 1; size++) crnn_together(size, spins, only_one, &alone);
        check(alone == 3, "fewer than two are not one", 1, spins);
        for (int again = 0; again < 50; again++) /* started and joined, with nothing to do */
            check(run_team(3, spins, 0) == 3, "another number of members", 3, spins);
    }
#if !defined(_WIN32)
    for (int left = 0; left < 4; left++) {
        threads_left = left;
        check(run_team(6, 0, 50) == left + 1, "not as many as could be started", left + 1, 0);
    }
#endif
    printf("barrier: %s\n", failures ? "FAILED" : "ok");
    return failures != 0;
}
