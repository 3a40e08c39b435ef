/* ab_clock: the two clocks of actorbus, in nanoseconds.
 *
 * Rules of this file
 *   - Monotonic time measures and sets deadlines; it is CLOCK_MONOTONIC, the clock of Aeron and of Python's
 *     time.monotonic_ns(), so values may be compared across the border and between processes of one machine.
 *   - Realtime is stamped into frames and files, and is compared by nobody for a deadline: it jumps.
 *   - Both are one vDSO read (24 ns measured here, no system call).
 *   - ab_stamp is CLOCK_REALTIME for who asks again and again (publish, 12 ns less a message): read anew whenever the last
 *     reading is older than AB_STAMP_REACH_NS; in between the processor's cycle counter carries it on. Off by at most
 *     half of what a reading takes and 0.1 % of the reach, 100 ns (and a step of the clock is followed that much later).
 *     The counter's rate is measured against CLOCK_MONOTONIC every 10 ms and believed while two measurements in a row
 *     agree within 0.1 %; a reading that took twice as long as the quickest of late, since its thread was interrupted,
 *     is carried nowhere. Where there is no such counter it is CLOCK_REALTIME each time.
 *   - Safe from any thread; nothing fails (an int64 of ns lasts until the year 2262).
 */
#ifndef AB_CLOCK_H
#define AB_CLOCK_H

#include <stdint.h>
#include <time.h>

#define AB_NS_PER_S 1000000000LL
#define AB_NS_PER_MS 1000000LL
#define AB_NS_PER_US 1000LL

/* No deadline: wait for ever. */
#define AB_NO_DEADLINE INT64_MAX

/* cffi:begin */
/* Now by CLOCK_MONOTONIC: ns since an arbitrary point, the same for all processes until the machine restarts. */
int64_t ab_clock_monotonic_ns(void);

/* Now by CLOCK_REALTIME: ns since 1970-01-01 UTC. */
int64_t ab_clock_realtime_ns(void);
/* cffi:end */

/* `now` + `timeout`, kept at AB_NO_DEADLINE instead of wrapping round; a negative timeout is none. */
int64_t ab_clock_deadline_ns(int64_t now_ns, int64_t timeout_ns);

/* ---- the stamp --------------------------------------------------------------------------------------------------- */

#define AB_STAMP_REACH_NS 50000

/* One user at a time; begins zeroed. */
typedef struct {
    uint64_t cycles;        /* the counter at the last reading */
    uint64_t reach;         /* cycles it may be carried on; 0: not at all */
    uint64_t scale;         /* ns a cycle, times 2^32; 0: not known */
    int64_t realtime_ns;    /* the last reading */
    uint64_t measured;      /* the rate last measured; it becomes the scale when the next agrees */
    uint64_t quickest;      /* cycles that a reading takes; forgotten slowly while all take longer */
    uint64_t rated_cycles;  /* where the measuring began: the counter, and CLOCK_MONOTONIC (0: not yet) */
    int64_t rated_ns;
} ab_stamp;

/* Read the clock: off ab_stamp_ns's quick way. */
int64_t ab_stamp_read(ab_stamp *stamp);

/* CLOCK_REALTIME, ns. */
static inline int64_t ab_stamp_ns(ab_stamp *stamp) {
#if defined(__x86_64__)
    uint64_t passed = __builtin_ia32_rdtsc() - stamp->cycles;
    if (passed < stamp->reach) {
        return stamp->realtime_ns + (int64_t)(passed * stamp->scale >> 32);
    }
#endif
    return ab_stamp_read(stamp);
}

#endif
