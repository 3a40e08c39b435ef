/* ab_clock: the two clocks of actorbus, in nanoseconds.
 *
 * Rules of this file
 *   - Monotonic time measures and sets deadlines; it is CLOCK_MONOTONIC, the clock of Aeron and of Python's
 *     time.monotonic_ns(), so values may be compared across the border and between processes of one machine.
 *   - Realtime is stamped into frames and files, and is compared by nobody for a deadline: it jumps.
 *   - Both are one vDSO read (24 ns measured here, no system call). Refused: a clock of our own over the processor's
 *     cycle counter: it reads in 10 ns, but needs calibration, follows no clock discipline and shares its epoch with nobody.
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

#endif
