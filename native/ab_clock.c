/* ab_clock: see ab_clock.h for the rules. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* clockid_t under -std=c11 */
#endif
#include "ab_clock.h"

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
