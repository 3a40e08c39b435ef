/*
 * ab_wait: events between threads, the poll set, idle strategies, deadlines; and the image event ring, the other thing two
 * threads share on this path.
 *
 * Stress tests and their allowed outcomes
 *   four tellers, one waiter      every entry is seen; the waiter never sleeps while an entry is there (a lost wake-up
 *                                 would end as AB_TIMED_OUT at the deadline of 20 s, and fail)
 *   one publication, one poller   the same for a commit and wake_sleepers in place of an entry and bump
 *   conductor and poller          every event is taken once and in order, or counted as lost
 */
#include "../ab_wait.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#include "../ab_clock.h"
#include "../ab_endpoint.h"
#include "../ab_poll.h"
#include "check.h"
#include "fake_aeron.h"

#define TELLERS 4
#define ENTRIES 20000
#define SOON (20 * AB_NS_PER_S)

static const ab_idle spin = {.kind = AB_IDLE_BUSY_SPIN};
static const ab_idle yield = {.kind = AB_IDLE_YIELD};
static const ab_idle backoff = {AB_IDLE_BACKOFF, 20, 5, AB_NS_PER_US, 100 * AB_NS_PER_US, 0};
static const ab_idle nap = {.kind = AB_IDLE_SLEEP, .max_park_ns = AB_NS_PER_MS};

static const ab_idle eager = {.kind = AB_IDLE_BACKOFF}; /* neither spins nor yields, and names no park */

static int64_t in(int64_t ns) { return ab_clock_deadline_ns(ab_clock_monotonic_ns(), ns); }

/* ---- one thread -------------------------------------------------------------------------------------------------- */

static void a_moved_word_ends_the_wait_at_once(void) {
    ab_event *event = ab_event_create();
    ab_event_bump(event);
    CHECK_EQUAL(1, ab_event_word(event));
    CHECK_EQUAL(AB_WAKE, ab_event_wait(event, 0, NULL, AB_NO_DEADLINE));
    CHECK_EQUAL(AB_WAKE, ab_event_wait(event, 0, &spin, 0)); /* before the deadline is looked at */
    ab_event_release(event);
}

static void every_idle_strategy_keeps_the_deadline(void) {
    static const ab_idle *const strategies[] = {&spin, &yield, &backoff, &nap, NULL, &eager};
    ab_event *event = ab_event_create();
    ab_poll_set *set = ab_poll_set_create();
    for (int streams = 0; streams < 2; streams++) {
        for (size_t i = 0; i < sizeof strategies / sizeof *strategies; i++) {
            int64_t deadline = in(3 * AB_NS_PER_MS);
            CHECK_EQUAL(AB_TIMED_OUT, ab_wait(event, 0, streams ? set : NULL, strategies[i], deadline));
            CHECK(ab_clock_monotonic_ns() >= deadline);
            CHECK_EQUAL(AB_TIMED_OUT, ab_wait(event, 0, streams ? set : NULL, strategies[i], 0));
        }
        ab_poll_set_add(set, 12345); /* a stale one */
    }
    CHECK_EQUAL(0, ab_event_sleepers(event));
    ab_poll_set_free(set);
    ab_poll_set_free(NULL);
    ab_event_release(event);
    ab_event_release(NULL);
}

static void the_word_wraps_round(void) {
    ab_event *event = ab_event_create();
    *(uint32_t *)event = UINT32_MAX; /* the word is its first member */
    CHECK_EQUAL(UINT32_MAX, ab_event_word(event));
    ab_event_bump(event);
    CHECK_EQUAL(0, ab_event_word(event));
    CHECK_EQUAL(AB_WAKE, ab_event_wait(event, UINT32_MAX, NULL, AB_NO_DEADLINE));
    ab_event_release(event);
}

/* ---- the poll set ------------------------------------------------------------------------------------------------ */

typedef struct {
    ab_subscription *subscription;
    ab_handle handle;
} stream;

static stream open_stream(bool aeron) {
    static const ab_type raw[] = {{AB_TYPE_RAW, 0, 1}};
    stream made = {.subscription = ab_subscription_create(aeron ? fake_subscription() : NULL, 0)};
    made.handle = ab_slot_open(AB_KIND_SUBSCRIPTION, made.subscription);
    CHECK_EQUAL(AB_OK, ab_subscription_configure(made.handle, 0, AB_FORMAT_RAW, raw, 1, NULL));
    return made;
}

static void close_stream(stream *which) {
    ab_slot_retire(which->handle, AB_KIND_SUBSCRIPTION);
    CHECK_EQUAL(AB_OK, ab_slot_quiesce_wait(which->handle, in(SOON)));
    ab_subscription_free(which->subscription);
}

static void feed(const stream *to) {
    int64_t next = 64;
    for (uint32_t i = 0; i < AB_SESSIONS; i++) {
        if (to->subscription->sessions[i].used) {
            next = to->subscription->sessions[i].position + 64;
        }
    }
    CHECK_EQUAL(1, ab_batch_feed(to->handle, 1, next, (const uint8_t *)"abc", 3, FAKE_WHOLE));
}

static void streams_take_turns(void) {
    stream streams[3] = {open_stream(false), open_stream(false), open_stream(false)};
    ab_event *event = ab_event_create();
    ab_poll_set *set = ab_poll_set_create();
    int asked[3] = {0};
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(i, ab_poll_set_add(set, streams[i].handle));
    }
    for (int round = 0; round < 30; round++) {
        for (int i = 0; i < 3; i++) {
            if (streams[i].subscription->batch->count == 0 || streams[i].subscription->handed) {
                feed(&streams[i]);
            }
        }
        int index = round % 2 ? ab_wait(event, 0, set, &backoff, in(SOON)) : ab_spin(event, 0, set, 3);
        CHECK(index >= 0 && index < 3);
        CHECK_EQUAL(1, ab_poll(streams[index].subscription, NULL)); /* already polled: it is ready */
        CHECK_EQUAL(1, ab_poll_handover(streams[index].subscription));
        asked[index]++;
    }
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(10, asked[i]);
        close_stream(&streams[i]);
    }
    CHECK_EQUAL(AB_TIMED_OUT, ab_spin(event, 0, set, 3)); /* all stale: passed over */
    ab_event_bump(event);
    CHECK_EQUAL(AB_WAKE, ab_spin(event, 0, set, 3));
    ab_poll_set_free(set);
    ab_event_release(event);
}

static void a_paused_stream_is_serviced_but_not_polled(void) {
    fake_install();
    stream one = open_stream(true);
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    ab_event *event = ab_event_create();
    ab_poll_set *set = ab_poll_set_create();
    int index = ab_poll_set_add(set, one.handle);
    fake_append(image, FAKE_WHOLE, "abc", 3);
    CHECK_EQUAL(AB_OK, ab_poll_set_pause(set, index, 1));
    CHECK_EQUAL(AB_TIMED_OUT, ab_spin(event, 0, set, 5));
    CHECK_EQUAL(5, fake.services);
    CHECK_EQUAL(0, fake.polls);
    CHECK_EQUAL(0, image->position);
    CHECK_EQUAL(AB_OK, ab_poll_set_pause(set, index, 0));
    CHECK_EQUAL(index, ab_spin(event, 0, set, 5));
    CHECK_EQUAL(64, image->position);
    ab_poll_set_free(set);
    ab_event_release(event);
    close_stream(&one);
    fake_remove();
}

static void spinning_looks_so_often_however_many_streams_there_are(void) {
    fake_install();
    ab_event *event = ab_event_create();
    ab_poll_set *set = ab_poll_set_create();
    stream streams[4];
    for (int i = 0; i < 4; i++) {
        streams[i] = open_stream(true);
        ab_poll_set_add(set, streams[i].handle);
    }
    CHECK_EQUAL(AB_TIMED_OUT, ab_spin(event, 0, set, 12));
    CHECK_EQUAL(12, fake.polls);
    CHECK_EQUAL(AB_TIMED_OUT, ab_spin(event, 0, set, 1)); /* each of them once at least */
    CHECK_EQUAL(16, fake.polls);
    CHECK_EQUAL(AB_TIMED_OUT, ab_spin(event, 0, set, 0));
    CHECK_EQUAL(16, fake.polls);
    ab_poll_set_free(set);
    ab_event_release(event);
    for (int i = 0; i < 4; i++) {
        close_stream(&streams[i]);
    }
    fake_remove();
}

/* Polls of one wait of so long. */
static uint32_t polls_of_wait(ab_event *event, ab_poll_set *set, const ab_idle *idle, int64_t ns) {
    uint32_t before = (uint32_t)fake.polls;
    CHECK_EQUAL(AB_TIMED_OUT, ab_wait(event, 0, set, idle, in(ns)));
    return (uint32_t)fake.polls - before;
}

static void a_wait_that_timed_out_is_gone_on_with(void) {
    static const ab_idle long_parks = {AB_IDLE_BACKOFF, 100, 0, AB_NS_PER_S, AB_NS_PER_S, 0};
    fake_install();
    ab_event *event = ab_event_create();
    ab_poll_set *set = ab_poll_set_create();
    stream one = open_stream(true);
    ab_poll_set_add(set, one.handle);
    CHECK(polls_of_wait(event, set, &long_parks, 50 * AB_NS_PER_MS) > 100);
    CHECK(polls_of_wait(event, set, &long_parks, AB_NS_PER_MS) <= 3); /* parks at once: before, when announced, after */
    uint32_t before = (uint32_t)fake.polls;
    CHECK_EQUAL(AB_TIMED_OUT, ab_spin(event, 0, set, 1000));
    CHECK_EQUAL(before + 1, (uint32_t)fake.polls);
    ab_poll_set_stir(set);
    CHECK_EQUAL(AB_TIMED_OUT, ab_spin(event, 0, set, 1000));
    CHECK_EQUAL(before + 1001, (uint32_t)fake.polls);
    CHECK(polls_of_wait(event, set, &long_parks, 50 * AB_NS_PER_MS) > 100);
    ab_event_bump(event);
    CHECK_EQUAL(AB_WAKE, ab_wait(event, 0, set, &long_parks, in(SOON)));
    before = (uint32_t)fake.polls;
    CHECK_EQUAL(AB_TIMED_OUT, ab_wait(event, 1, set, &long_parks, in(50 * AB_NS_PER_MS)));
    CHECK((uint32_t)fake.polls - before > 100); /* it was woken: that is no quiet */
    ab_poll_set_free(set);
    ab_event_release(event);
    close_stream(&one);
    fake_remove();
}

static void streams_long_silent_are_looked_at_less(void) {
    static const ab_idle rests = {AB_IDLE_BACKOFF, 0, 0, AB_NS_PER_MS, AB_NS_PER_MS, 10 * AB_NS_PER_S};
    fake_install();
    ab_event *event = ab_event_create();
    ab_poll_set *set = ab_poll_set_create();
    stream one = open_stream(true);
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    int index = ab_poll_set_add(set, one.handle);
    (void)polls_of_wait(event, set, &rests, AB_REST_AFTER_NS + 20 * AB_NS_PER_MS);
    CHECK(polls_of_wait(event, set, &rests, 100 * AB_NS_PER_MS) <= 3); /* one park, not a hundred */
    fake_append(image, FAKE_WHOLE, "abc", 3);
    CHECK_EQUAL(index, ab_wait(event, 0, set, &rests, in(SOON)));
    CHECK_EQUAL(1, ab_poll_handover(one.subscription));
    ab_poll_set_service(set);
    /* A message: parks are short again, so the next is heard before the deadline. */
    fake_append(image, FAKE_WHOLE, "abc", 3);
    CHECK_EQUAL(index, ab_wait(event, 0, set, &rests, in(SOON)));
    ab_poll_set_free(set);
    ab_event_release(event);
    close_stream(&one);
    fake_remove();
}

static void a_pass_without_waiting_names_each_ready_stream_once(void) {
    enum { COUNT = 5 };
    stream streams[COUNT];
    ab_poll_set *set = ab_poll_set_create();
    CHECK_EQUAL(AB_TIMED_OUT, ab_poll_set_next(set, 0)); /* nobody there */
    for (int i = 0; i < COUNT; i++) {
        streams[i] = open_stream(false);
        CHECK_EQUAL(i, ab_poll_set_add(set, streams[i].handle));
    }
    CHECK_EQUAL(AB_TIMED_OUT, ab_poll_set_next(set, 0));
    for (int i = 0; i < 4; i++) {
        feed(&streams[i]);
    }
    CHECK_EQUAL(AB_OK, ab_poll_set_pause(set, 1, 1));
    close_stream(&streams[2]); /* stale: passed over */
    CHECK_EQUAL(0, ab_poll_set_next(set, 0));
    CHECK_EQUAL(0, ab_poll_set_next(set, -7)); /* still there: nobody took it */
    CHECK_EQUAL(3, ab_poll_set_next(set, 1));
    CHECK_EQUAL(AB_TIMED_OUT, ab_poll_set_next(set, 4));
    CHECK_EQUAL(AB_TIMED_OUT, ab_poll_set_next(set, COUNT));
    CHECK_EQUAL(AB_TIMED_OUT, ab_poll_set_next(set, INT32_MAX));
    CHECK_EQUAL(1, ab_poll_handover(streams[0].subscription));
    CHECK_EQUAL(3, ab_poll_set_next(set, 0)); /* taken: it has nothing more */
    CHECK_EQUAL(1, ab_poll_handover(streams[3].subscription));
    streams[3].subscription->batch->exports = 1;
    CHECK_EQUAL(3, ab_poll_set_next(set, 0)); /* its next poll says that a view is held */
    streams[3].subscription->batch->exports = 0;
    CHECK_EQUAL(AB_TIMED_OUT, ab_poll_set_next(set, 0));
    ab_batch_image(streams[4].handle, AB_IMAGE_LEFT, 1, 64, 64); /* a notice is something too */
    CHECK_EQUAL(4, ab_poll_set_next(set, 4));
    CHECK_EQUAL(AB_OK, ab_poll_set_pause(set, 1, 0));
    CHECK_EQUAL(1, ab_poll_set_next(set, 0));
    CHECK_EQUAL(AB_OK, ab_poll_set_remove(set, 1));
    CHECK_EQUAL(4, ab_poll_set_next(set, 0));
    ab_poll_set_free(set);
    for (int i = 0; i < COUNT; i++) {
        if (i != 2) {
            close_stream(&streams[i]);
        }
    }
}

static void a_failing_stream_is_named(void) {
    fake_install();
    stream good = open_stream(false), bad = open_stream(true);
    ab_event *event = ab_event_create();
    ab_poll_set *set = ab_poll_set_create();
    ab_poll_set_add(set, good.handle);
    ab_poll_set_add(set, bad.handle);
    CHECK_EQUAL(-1, ab_poll_set_failed(set));
    fake.fail_poll = 1;
    CHECK_EQUAL(AB_FAILED, ab_wait(event, 0, set, &nap, in(SOON)));
    CHECK_EQUAL(1, ab_poll_set_failed(set));

    feed(&good);
    CHECK_EQUAL(0, ab_wait(event, 0, set, &nap, in(SOON)));
    ab_poll_handover(good.subscription);
    good.subscription->batch->exports = 1; /* a view of it is out: it cannot be written */
    CHECK_EQUAL(AB_INVALID, ab_wait(event, 0, set, &nap, in(SOON)));
    CHECK_EQUAL(0, ab_poll_set_failed(set));
    good.subscription->batch->exports = 0;
    close_stream(&good);
    close_stream(&bad);
    ab_poll_set_free(set);
    ab_event_release(event);
    fake_remove();
}

static void the_set_is_bounded_and_its_places_are_used_again(void) {
    ab_poll_set *set = ab_poll_set_create();
    CHECK_EQUAL(AB_INVALID, ab_poll_set_add(set, 0));
    for (int i = 0; i < AB_POLL_SET_MAX; i++) {
        CHECK_EQUAL(i, ab_poll_set_add(set, 99));
    }
    CHECK_EQUAL(AB_INVALID, ab_poll_set_add(set, 99));
    CHECK_EQUAL(AB_OK, ab_poll_set_remove(set, 17));
    CHECK_EQUAL(AB_INVALID, ab_poll_set_remove(set, 17));
    CHECK_EQUAL(AB_INVALID, ab_poll_set_pause(set, 17, 1));
    CHECK_EQUAL(AB_INVALID, ab_poll_set_pause(set, -1, 1));
    CHECK_EQUAL(AB_INVALID, ab_poll_set_pause(set, AB_POLL_SET_MAX, 1));
    CHECK_EQUAL(17, ab_poll_set_add(set, 99));
    for (int i = AB_POLL_SET_MAX - 1; i >= 0; i--) {
        CHECK_EQUAL(AB_OK, ab_poll_set_remove(set, i));
    }
    CHECK_EQUAL(0, ab_poll_set_add(set, 99));
    ab_poll_set_free(set);
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

typedef struct {
    ab_event *event;
    const ab_idle *idle;
    atomic_uint told;     /* stands for the mailbox */
    atomic_int woken;
} mailbox;

static void *tell_all(void *argument) {
    mailbox *to = argument;
    for (int i = 0; i < ENTRIES; i++) {
        atomic_fetch_add_explicit(&to->told, 1, memory_order_relaxed);
        ab_event_bump(to->event);
        if (i % 64 == 0) {
            sched_yield(); /* let the waiter fall asleep now and then */
        }
    }
    return NULL;
}

static void four_tellers_never_lose_a_wake_up(void) {
    static const ab_idle *const strategies[] = {NULL, &backoff, &nap};
    for (size_t s = 0; s < sizeof strategies / sizeof *strategies; s++) {
        mailbox box = {.event = ab_event_create(), .idle = strategies[s]};
        pthread_t threads[TELLERS];
        for (int i = 0; i < TELLERS; i++) {
            CHECK_EQUAL(0, pthread_create(&threads[i], NULL, tell_all, &box));
        }
        unsigned taken = 0;
        while (taken < TELLERS * ENTRIES) {
            uint32_t seen = ab_event_word(box.event);
            unsigned told = atomic_load_explicit(&box.told, memory_order_relaxed);
            if (told == taken) {
                CHECK_EQUAL(AB_WAKE, ab_event_wait(box.event, seen, box.idle, in(SOON)));
            }
            taken = told;
        }
        for (int i = 0; i < TELLERS; i++) {
            pthread_join(threads[i], NULL);
        }
        CHECK_EQUAL(TELLERS * ENTRIES, ab_event_word(box.event));
        CHECK_EQUAL(0, ab_event_sleepers(box.event));
        ab_event_release(box.event);
    }
}

static void *wait_once(void *argument) {
    mailbox *box = argument;
    CHECK_EQUAL(AB_WAKE, ab_event_wait(box->event, 0, NULL, in(SOON)));
    atomic_fetch_add(&box->woken, 1);
    return NULL;
}

static void one_bump_wakes_every_waiter(void) {
    mailbox box = {.event = ab_event_create()};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, wait_once, &box);
    }
    while (ab_event_sleepers(box.event) < 4) {
        sched_yield();
    }
    ab_event_bump(box.event);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_EQUAL(4, atomic_load(&box.woken));
    ab_event_release(box.event);
}

/* SYNC B with an atomic in place of Aeron's log: the fake's controlled poll reads it. */
static _Atomic int64_t committed;
static int64_t polled;

static int poll_log(aeron_subscription_t *unused, aeron_controlled_fragment_handler_t handler, void *clientd, size_t limit) {
    (void)unused;
    (void)limit;
    (void)handler;
    if (atomic_load_explicit(&committed, memory_order_acquire) == polled) {
        return 0;
    }
    polled++;
    aeron_header_values_t values = {
        .frame = {.frame_length = 35, .flags = FAKE_WHOLE, .type = 1, .session_id = 1, .term_id = (int32_t)polled},
        .position_bits_to_shift = 16};
    return ab_poll_take(clientd, &values, (const uint8_t *)"abc", 3) == AERON_ACTION_CONTINUE;
}

static void *commit_all(void *argument) {
    ab_event *event = argument;
    for (int i = 0; i < ENTRIES; i++) {
        atomic_fetch_add_explicit(&committed, 1, memory_order_release);
        ab_event_wake_sleepers(event);
        if (i % 16 == 0) {
            sched_yield();
        }
    }
    return NULL;
}

static void a_commit_in_the_same_process_wakes_the_poller(void) {
    static const ab_aeron_table table = {.subscription_controlled_poll = poll_log};
    static const ab_idle for_ever = {.kind = AB_IDLE_SLEEP, .max_park_ns = 3600 * AB_NS_PER_S};
    ab_aeron_use(&table);
    stream one = open_stream(true);
    ab_event *event = ab_event_create();
    ab_poll_set *set = ab_poll_set_create();
    ab_poll_set_add(set, one.handle);
    pthread_t thread;
    pthread_create(&thread, NULL, commit_all, event);
    for (int64_t taken = 0; taken < ENTRIES;) {
        uint32_t seen = ab_event_word(event);
        int result = ab_wait(event, seen, set, &for_ever, in(SOON));
        CHECK(result == 0 || result == AB_WAKE);
        if (result == 0) {
            CHECK_EQUAL(1, ab_poll(one.subscription, NULL));
            taken += ab_poll_handover(one.subscription);
        }
    }
    pthread_join(thread, NULL);
    ab_poll_set_free(set);
    close_stream(&one);
    ab_event_release(event);
    ab_aeron_use(NULL);
}

static void *put_events(void *argument) {
    ab_subscription *subscription = argument;
    for (int i = 1; i <= ENTRIES; i++) {
        ab_image_event_put(subscription, &(ab_image_event){.kind = AB_IMAGE_LEFT, .session_id = i, .position = i * 3});
    }
    return NULL;
}

static void image_events_cross_threads_in_order_or_are_counted(void) {
    ab_subscription *subscription = ab_subscription_create(NULL, 0);
    pthread_t thread;
    pthread_create(&thread, NULL, put_events, subscription);
    int32_t last = 0;
    unsigned taken = 0;
    for (bool more = true; more;) {
        ab_image_event event;
        more = pthread_tryjoin_np(thread, NULL) != 0;
        while (ab_image_event_take(subscription, &event)) {
            CHECK(event.session_id > last);
            CHECK_EQUAL(event.session_id * 3, event.position);
            last = event.session_id;
            taken++;
        }
    }
    CHECK_EQUAL(ENTRIES, taken + atomic_load(&subscription->images.lost));
    /* and with the indices about to wrap round */
    atomic_store(&subscription->images.put, UINT32_MAX - 2);
    atomic_store(&subscription->images.taken, UINT32_MAX - 2);
    atomic_store(&subscription->images.lost, 0);
    for (int i = 0; i < (int)AB_IMAGE_EVENTS + 3; i++) {
        ab_image_event_put(subscription, &(ab_image_event){.session_id = i});
    }
    CHECK_EQUAL(3, atomic_load(&subscription->images.lost));
    for (int i = 0; i < (int)AB_IMAGE_EVENTS; i++) {
        ab_image_event event;
        CHECK(ab_image_event_take(subscription, &event));
        CHECK_EQUAL(i, event.session_id);
    }
    ab_subscription_free(subscription);
}

static void on_signal(int number) { (void)number; }

static void *wait_for_signal(void *argument) {
    mailbox *box = argument;
    atomic_store(&box->woken, ab_event_wait(box->event, 0, NULL, in(SOON)));
    return NULL;
}

/* So that Python's main thread runs its handlers after Ctrl-C, though nobody told it anything. */
static void a_signal_ends_a_park(void) {
    mailbox box = {.event = ab_event_create()};
    struct sigaction action = {.sa_handler = on_signal};
    pthread_t thread;
    sigaction(SIGUSR1, &action, NULL);
    pthread_create(&thread, NULL, wait_for_signal, &box);
    while (atomic_load(&box.woken) == 0) { /* the signal may come before the sleep: send it until one lands in it */
        pthread_kill(thread, SIGUSR1);
        sched_yield();
    }
    pthread_join(thread, NULL);
    CHECK_EQUAL(AB_WAKE, atomic_load(&box.woken));
    ab_event_release(box.event);
}

int main(void) {
    RUN(a_moved_word_ends_the_wait_at_once);
    RUN(every_idle_strategy_keeps_the_deadline);
    RUN(the_word_wraps_round);
    RUN(streams_take_turns);
    RUN(a_paused_stream_is_serviced_but_not_polled);
    RUN(spinning_looks_so_often_however_many_streams_there_are);
    RUN(a_wait_that_timed_out_is_gone_on_with);
    RUN(streams_long_silent_are_looked_at_less);
    RUN(a_pass_without_waiting_names_each_ready_stream_once);
    RUN(a_failing_stream_is_named);
    RUN(the_set_is_bounded_and_its_places_are_used_again);
    RUN(four_tellers_never_lose_a_wake_up);
    RUN(one_bump_wakes_every_waiter);
    RUN(a_commit_in_the_same_process_wakes_the_poller);
    RUN(image_events_cross_threads_in_order_or_are_counted);
    RUN(a_signal_ends_a_park);
    return 0;
}
