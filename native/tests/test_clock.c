/* not-under: valgrind (its cycle counter is not the machine's clock) */
/* ab_clock: the stamp is CLOCK_REALTIME within what its head says, whether it is read or carried on. */
#include "../ab_clock.h"

#include "check.h"

/* Both clocks are read beside it, so an interruption widens the window instead of breaking it. */
#define TOLERANCE_NS 1000

static void stays_with_the_clock(void) {
    ab_stamp stamp = {0};
    int64_t until = ab_clock_monotonic_ns() + 60 * AB_NS_PER_MS;
    while (ab_clock_monotonic_ns() < until) {
        int64_t before = ab_clock_realtime_ns();
        int64_t now = ab_stamp_ns(&stamp);
        int64_t after = ab_clock_realtime_ns();
        CHECK(after < before || (now >= before - TOLERANCE_NS && now <= after + TOLERANCE_NS));
    }
}

static void is_read_anew_when_the_last_reading_is_old(void) {
    ab_stamp stamp = {.scale = 1, .reach = 1, .realtime_ns = 1};
    CHECK(ab_stamp_ns(&stamp) > AB_NS_PER_S); /* not carried on from 1970 */
}

static void a_rate_that_jumps_is_not_believed(void) {
    ab_stamp stamp = {0};
    int64_t until = ab_clock_monotonic_ns() + AB_NS_PER_S;
    while (stamp.scale == 0 && ab_clock_monotonic_ns() < until) {
        (void)ab_stamp_read(&stamp);
    }
    if (stamp.scale == 0) {
        printf("not shown: no cycle counter, or every reading was interrupted\n");
        return;
    }
    uint64_t wrong = stamp.measured * 2; /* as if the counter had run at half its rate until now */
    stamp.measured = wrong;
    stamp.scale = wrong;
    until = ab_clock_monotonic_ns() + 10 * AB_NS_PER_S;
    while (stamp.measured == wrong && ab_clock_monotonic_ns() < until) {
        (void)ab_stamp_read(&stamp);
    }
    CHECK(stamp.measured != wrong);
    CHECK_EQUAL(0, stamp.scale);
    CHECK_EQUAL(0, stamp.reach);
}

int main(void) {
    RUN(stays_with_the_clock);
    RUN(is_read_anew_when_the_last_reading_is_old);
    RUN(a_rate_that_jumps_is_not_believed);
    return 0;
}
