/* not-under: valgrind (it adds nothing to test_wait there) */
/* The condition variable that stands in for the futex where there is none, built here beside the real one. */
#define AB_WAIT_PORTABLE
#define ab_event portable_event
#define ab_poll_set portable_poll_set
#define ab_event_create portable_event_create
#define ab_event_retain portable_event_retain
#define ab_event_release portable_event_release
#define ab_event_word portable_event_word
#define ab_event_sleepers portable_event_sleepers
#define ab_event_bump portable_event_bump
#define ab_event_wake_sleepers portable_event_wake_sleepers
#define ab_event_wait portable_event_wait
#define ab_wait portable_wait
#define ab_spin portable_spin
#define ab_poll_set_create portable_poll_set_create
#define ab_poll_set_free portable_poll_set_free
#define ab_poll_set_add portable_poll_set_add
#define ab_poll_set_remove portable_poll_set_remove
#define ab_poll_set_pause portable_poll_set_pause
#define ab_poll_set_failed portable_poll_set_failed
#define ab_poll_set_next portable_poll_set_next
#define ab_poll_set_stir portable_poll_set_stir
#define ab_poll_set_service portable_poll_set_service
#include "../ab_wait.c"

#include "check.h"

#define TELLERS 4
#define ENTRIES 10000

static ab_event *event;
static atomic_uint told;

static void *tell_all(void *unused) {
    for (int i = 0; i < ENTRIES; i++) {
        atomic_fetch_add_explicit(&told, 1, memory_order_relaxed);
        ab_event_bump(event);
        if (i % 64 == 0) {
            sched_yield();
        }
    }
    return unused;
}

static void four_tellers_never_lose_a_wake_up(void) {
    event = ab_event_create();
    pthread_t threads[TELLERS];
    for (int i = 0; i < TELLERS; i++) {
        pthread_create(&threads[i], NULL, tell_all, NULL);
    }
    for (unsigned taken = 0; taken < TELLERS * ENTRIES;) {
        uint32_t seen = ab_event_word(event);
        unsigned now = atomic_load(&told);
        if (now == taken) {
            int64_t began = ab_clock_monotonic_ns();
            CHECK_EQUAL(AB_WAKE, ab_event_wait(event, seen, NULL, began + 20 * AB_NS_PER_S));
            CHECK(ab_clock_monotonic_ns() - began < AB_NS_PER_S / 2); /* woken, not by the end of a sleep */
        }
        taken = now;
    }
    for (int i = 0; i < TELLERS; i++) {
        pthread_join(threads[i], NULL);
    }
    ab_event_release(event);
}

static void the_deadline_is_kept(void) {
    event = ab_event_create();
    int64_t deadline = ab_clock_monotonic_ns() + 3 * AB_NS_PER_MS;
    CHECK_EQUAL(AB_TIMED_OUT, ab_event_wait(event, 0, NULL, deadline));
    CHECK(ab_clock_monotonic_ns() >= deadline);
    ab_event_release(event);
}

int main(void) {
    RUN(four_tellers_never_lose_a_wake_up);
    RUN(the_deadline_is_kept);
    return 0;
}
