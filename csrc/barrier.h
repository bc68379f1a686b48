/* barrier.h - where the threads of one training meet; the only file that knows threads.
 *
 *     crnn_together(size, spins, work, context)
 *         runs work(context, team, rank) for rank 0, 1, ... members-1 at once, rank 0 in the thread that
 *         calls, and returns when all have. `members` is `size`, or fewer if the system gives no more
 *         threads (at least 1): ask crnn_members(team).
 *     crnn_meet(team)
 *         returns when every member has called it. What a member wrote before, all see after.
 *
 * A member that waits looks again `spins` times, which is fastest while every thread has a processor of
 * its own, then sleeps. Where there are more threads than processors, let spins be 0.
 *
 * POSIX threads, or those of Windows. Threads live as long as the call: nothing is left to a fork.
 */
#ifndef CRNN_BARRIER_H
#define CRNN_BARRIER_H

#include <stdatomic.h>

#define CRNN_MOST_MEMBERS 64

#if defined(_WIN32)
#include <windows.h>
typedef HANDLE crnn_thread;
typedef SRWLOCK crnn_lock;
typedef CONDITION_VARIABLE crnn_condition;
#define CRNN_THREAD_FUNCTION static DWORD WINAPI
#define CRNN_THREAD_END 0
#define crnn_lock_init(lock, signal) (InitializeSRWLock(lock), InitializeConditionVariable(signal))
#define crnn_lock_destroy(lock, signal) ((void)(lock), (void)(signal))
#define crnn_acquire(lock) AcquireSRWLockExclusive(lock)
#define crnn_release(lock) ReleaseSRWLockExclusive(lock)
#define crnn_sleep(signal, lock) SleepConditionVariableSRW(signal, lock, INFINITE, 0)
#define crnn_wake_all(signal) WakeAllConditionVariable(signal)
#define crnn_start(thread, run, given)                                                             \
    ((*(thread) = CreateThread(NULL, 0, run, given, 0, NULL)) != NULL)
#define crnn_join(thread) (WaitForSingleObject(thread, INFINITE), CloseHandle(thread))
#else
#include <pthread.h>
typedef pthread_t crnn_thread;
typedef pthread_mutex_t crnn_lock;
typedef pthread_cond_t crnn_condition;
#define CRNN_THREAD_FUNCTION static void *
#define CRNN_THREAD_END NULL
#define crnn_lock_init(lock, signal)                                                               \
    (pthread_mutex_init(lock, NULL), pthread_cond_init(signal, NULL))
#define crnn_lock_destroy(lock, signal) (pthread_mutex_destroy(lock), pthread_cond_destroy(signal))
#define crnn_acquire(lock) pthread_mutex_lock(lock)
#define crnn_release(lock) pthread_mutex_unlock(lock)
#define crnn_sleep(signal, lock) pthread_cond_wait(signal, lock)
#define crnn_wake_all(signal) pthread_cond_broadcast(signal)
#define crnn_start(thread, run, given) (pthread_create(thread, NULL, run, given) == 0)
#define crnn_join(thread) pthread_join(thread, NULL)
#endif

#if defined(__x86_64__) || defined(__i386__)
#define crnn_pause() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define crnn_pause() __asm__ volatile("yield")
#else
#define crnn_pause() ((void)0)
#endif

typedef struct crnn_team crnn_team;
typedef void (*crnn_work)(void *context, crnn_team *team, int rank);

struct crnn_team {
    atomic_int members, waiting;
    atomic_uint round; /* of meetings; it rises when all have come */
    int spins;
    crnn_lock lock;
    crnn_condition signal;
    crnn_work work;
    void *context;
};

typedef struct {
    crnn_team *team;
    int rank;
} crnn_member;

static inline int crnn_members(crnn_team *team) { return atomic_load(&team->members); }

static inline void crnn_release_all(crnn_team *team)
{
    crnn_acquire(&team->lock); /* or a member between its last look and its sleep would miss it */
    atomic_fetch_add(&team->round, 1);
    crnn_wake_all(&team->signal);
    crnn_release(&team->lock);
}

static inline void crnn_wait(crnn_team *team, unsigned round)
{
    for (int i = 0; i < team->spins; i++) {
        if (atomic_load_explicit(&team->round, memory_order_acquire) != round) return;
        crnn_pause();
    }
    crnn_acquire(&team->lock);
    while (atomic_load(&team->round) == round) crnn_sleep(&team->signal, &team->lock);
    crnn_release(&team->lock);
}

static inline void crnn_meet(crnn_team *team)
{
    if (crnn_members(team) == 1) return;
    unsigned round = atomic_load(&team->round);
    if (atomic_fetch_add(&team->waiting, 1) + 1 < crnn_members(team)) {
        crnn_wait(team, round);
        return;
    }
    atomic_store(&team->waiting, 0);
    crnn_release_all(team);
}

CRNN_THREAD_FUNCTION crnn_member_main(void *given)
{
    crnn_member *member = given;
    crnn_wait(member->team, 0); /* until it is known how many there are */
    member->team->work(member->team->context, member->team, member->rank);
    return CRNN_THREAD_END;
}

static inline void crnn_together(int size, int spins, crnn_work work, void *context)
{
    crnn_thread threads[CRNN_MOST_MEMBERS];
    crnn_member members[CRNN_MOST_MEMBERS];
    crnn_team team = {.spins = spins, .work = work, .context = context};
    int started = 1;
    crnn_lock_init(&team.lock, &team.signal);
    for (; started < size && started < CRNN_MOST_MEMBERS; started++) {
        members[started] = (crnn_member){&team, started};
        if (!crnn_start(&threads[started], crnn_member_main, &members[started])) break;
    }
    atomic_store(&team.members, started);
    crnn_release_all(&team);
    work(context, &team, 0);
    for (int rank = 1; rank < started; rank++) crnn_join(threads[rank]);
    crnn_lock_destroy(&team.lock, &team.signal);
}

#endif
