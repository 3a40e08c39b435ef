/* ab_clock: see ab_clock.h for the rules. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* clockid_t under -std=c11 */
#endif
#include "ab_clock.h"

#include <stdbool.h>

static int64_t read_ns(clockid_t clock) {
    struct timespec now;

    clock_gettime(clock, &now); /* cannot fail: both ids are fixed and the pointer is ours */
    return (int64_t)now.tv_sec * AB_NS_PER_S + now.tv_nsec;
}

int64_t ab_clock_monotonic_ns(void) {
    return read_ns(CLOCK_MONOTONIC);
}

int64_t ab_clock_realtime_ns(void) {
    return read_ns(CLOCK_REALTIME);
}

int64_t ab_clock_deadline_ns(int64_t now_ns, int64_t timeout_ns) {
    if (timeout_ns < 0 || now_ns > AB_NO_DEADLINE - timeout_ns) {
        return AB_NO_DEADLINE;
    }
    return now_ns + timeout_ns;
}

/* ---- the stamp --------------------------------------------------------------------------------------------------- */

#define RATED_NS (10 * AB_NS_PER_MS) /* between two readings, each some 30 ns wrong: so the rate is, by 6 millionths */
#define SLACK_CYCLES 64u             /* readings that nothing interrupted differ by less */

#if defined(__x86_64__)
/* Measure ns a cycle since the last time, when that is long enough ago. */
static void rate(ab_stamp *stamp, uint64_t cycles) {
    uint64_t passed = cycles - stamp->rated_cycles;
    if (stamp->scale != 0 && passed < ((uint64_t)RATED_NS << 32) / stamp->scale) {
        return;
    }
    int64_t now_ns = ab_clock_monotonic_ns();
    int64_t passed_ns = now_ns - stamp->rated_ns;
    if (passed_ns < RATED_NS) {
        return;
    }
    bool usable = passed_ns < AB_NS_PER_S && passed > (uint64_t)passed_ns / 16; /* no sleep in between; a counter that counts */
    uint64_t measured = usable ? ((uint64_t)passed_ns << 32) / passed : 0;
    uint64_t off = measured > stamp->measured ? measured - stamp->measured : stamp->measured - measured;
    stamp->scale = off <= measured / 1000 ? measured : 0;
    stamp->measured = measured;
    stamp->rated_cycles = cycles;
    stamp->rated_ns = now_ns;
}
#endif

#if defined(__x86_64__)
/* Was a reading that took so many cycles one moment? One that was interrupted is as wrong as it took long. */
static bool is_one_moment(ab_stamp *stamp, uint64_t took) {
    if (stamp->quickest == 0 || took < stamp->quickest) {
        stamp->quickest = took;
    }
    if (took <= 2 * stamp->quickest + SLACK_CYCLES) {
        return true;
    }
    stamp->quickest += stamp->quickest / 8 + 1; /* the machine may have become slower */
    return false;
}
#endif

int64_t ab_stamp_read(ab_stamp *stamp) {
#if defined(__x86_64__)
    uint64_t before = __builtin_ia32_rdtsc();
    int64_t now_ns = ab_clock_realtime_ns();
    uint64_t took = __builtin_ia32_rdtsc() - before;
    stamp->reach = 0;
    if (is_one_moment(stamp, took)) {
        uint64_t cycles = before + took / 2;
        rate(stamp, cycles);
        stamp->cycles = cycles;
        stamp->realtime_ns = now_ns;
        stamp->reach = stamp->scale == 0 ? 0 : ((uint64_t)AB_STAMP_REACH_NS << 32) / stamp->scale;
    }
    return now_ns;
#else
    (void)stamp;
    return ab_clock_realtime_ns();
#endif
}
