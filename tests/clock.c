/* Moves the wall clock of a process, and of every process that it starts, by CLOCK_AHEAD_SECONDS: preload it.
 *
 * Or by the number (a long) that the file CLOCK_AHEAD_FILE holds, which may be written while they run.
 *
 * What measures how long something takes (CLOCK_MONOTONIC, relative waits) is left alone. libfaketime would do the
 * same, but as Debian has it (0.9.10) it breaks clock_nanosleep, which Python 3.11's time.sleep is.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
/* A moment of the monotonic clock is the time since the machine's start, which is never as long as this. */
#define WALL_CLOCK_SECONDS 1000000000L

static const volatile long *shown(const char *name) {
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return NULL;
    void *found = mmap(NULL, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    return found == MAP_FAILED ? NULL : found;
}

static long ahead(void) {
    static int known;
    static long seconds;
    static const volatile long *file;
    if (!known) {
        const char *text = getenv("CLOCK_AHEAD_SECONDS");
        seconds = text ? atol(text) : 0;
        file = shown(getenv("CLOCK_AHEAD_FILE"));
        known = 1;
    }
    return file ? *file : seconds;
}

static int is_wall(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE; }

/* A moment of our clock as the kernel's. */
static struct timespec kernels(const struct timespec *moment) {
    struct timespec moved = *moment;
    moved.tv_sec -= ahead();
    return moved;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    REAL(clock_gettime);
    int result = real(clock, now);
    if (!result && is_wall(clock)) now->tv_sec += ahead();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    int result = clock_gettime(CLOCK_REALTIME, &precise);
    if (!result) *now = (struct timeval){precise.tv_sec, precise.tv_nsec / 1000};
    return result;
}

time_t time(time_t *now) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now) *now = precise.tv_sec;
    return precise.tv_sec;
}

int timespec_get(struct timespec *now, int base) { return clock_gettime(CLOCK_REALTIME, now) ? 0 : base; }

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left) {
    REAL(clock_nanosleep);
    if (!(flags & TIMER_ABSTIME) || !is_wall(clock)) return real(clock, flags, until, left);
    struct timespec moved = kernels(until);
    return real(clock, flags, &moved, left);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
    REAL(sem_timedwait);
    struct timespec moved = kernels(until);
    return real(semaphore, &moved);
}

int sem_clockwait(sem_t *restrict semaphore, clockid_t clock, const struct timespec *restrict until) {
    REAL(sem_clockwait);
    if (!is_wall(clock)) return real(semaphore, clock, until);
    struct timespec moved = kernels(until);
    return real(semaphore, clock, &moved);
}

/* Which clock a condition goes by was said when it was made. */
int pthread_cond_timedwait(
    pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, const struct timespec *restrict until
) {
    static __typeof__(&pthread_cond_timedwait) real;
    /* The first one of the name is for programs of the last century. */
    if (!real) real = (__typeof__(&pthread_cond_timedwait))dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!real) real = (__typeof__(&pthread_cond_timedwait))dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    if (until->tv_sec < WALL_CLOCK_SECONDS) return real(condition, mutex, until);
    struct timespec moved = kernels(until);
    return real(condition, mutex, &moved);
}

int pthread_cond_clockwait(
    pthread_cond_t *restrict condition,
    pthread_mutex_t *restrict mutex,
    clockid_t clock,
    const struct timespec *restrict until
) {
    REAL(pthread_cond_clockwait);
    if (!is_wall(clock)) return real(condition, mutex, clock, until);
    struct timespec moved = kernels(until);
    return real(condition, mutex, clock, &moved);
}
