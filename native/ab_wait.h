/*
 * ab_wait: the one way to wait (architecture D1).
 *
 * An event is a 32-bit word that only grows. Whoever has news for the waiter bumps it; a mailbox's get, the poller's loop and
 * every timer are the same call: "until the word is not `seen` any more, or a stream has a batch, or the deadline".
 *
 *      teller                                   waiter
 *      put the entry in the mailbox             seen = word; look into the mailbox: empty
 *      word += 1                    SYNC A      sleepers += 1                    SYNC A
 *      sleepers != 0 ? futex wake               word != seen ? go : futex wait(word, seen)
 *
 * SYNC A: both sides write their own word, then read the other's, all sequentially consistent. At least one of the two sees
 * the other, so a wake-up is never lost and a teller pays for a system call only when somebody sleeps.
 *
 *      publication of the same node             poller
 *      commit to the log                        sleepers += 1                    SYNC B
 *      full fence                   SYNC B      one more pass over its streams
 *      sleepers != 0 ? word += 1, wake          nothing: futex wait(word, seen)
 *
 * SYNC B: the same argument with Aeron's log in place of the word; that is why the poller looks once more after it announced
 * its sleep. A publication in another process cannot wake us: while there are streams, a sleep lasts at most max_park_ns.
 *
 * Threads: ab_event_bump and ab_event_word: any. Waiting: one thread an event is usual, several are safe (all wake). A poll
 * set belongs to the thread that waits with it; nobody else touches it.
 * Ownership: events are counted. Who stores a pointer retains it; ab_event_release by the last one frees it.
 * The futex is Linux's; elsewhere a condition variable stands in.
 */
#ifndef AB_WAIT_H
#define AB_WAIT_H

#include <stdint.h>

#include "ab_result.h"
#include "ab_slot.h"

/* cffi:begin */
typedef struct ab_event ab_event;
typedef struct ab_poll_set ab_poll_set;

enum ab_idle_kind { AB_IDLE_BUSY_SPIN = 0, AB_IDLE_YIELD = 1, AB_IDLE_BACKOFF = 2, AB_IDLE_SLEEP = 3 };

/* What to do while there is nothing to do.
 *   busy_spin  never gives the core away          yield  sched_yield after every empty pass
 *   backoff    max_spins spins, then max_yields yields, then parks that double from min_park_ns to max_park_ns
 *   sleep      parks of max_park_ns
 * A park lasts 1 us at least. Without streams it lasts until the deadline: only the event can end it.
 * With streams that were silent for AB_REST_AFTER_NS a park lasts rest_park_ns (0: as before). */
typedef struct {
    int kind;
    uint32_t max_spins;
    uint32_t max_yields;
    int64_t min_park_ns;
    int64_t max_park_ns;
    int64_t rest_park_ns;
} ab_idle;

/* What waiting answers beside the index of a stream (>= 0) and ab_result. */
#define AB_WAKE -32 /* the event moved */

ab_event *ab_event_create(void);          /* NULL: no memory. The caller holds one reference. */
void ab_event_retain(ab_event *event);
void ab_event_release(ab_event *event);   /* NULL is fine */
uint32_t ab_event_word(ab_event *event);
void ab_event_bump(ab_event *event);
uint32_t ab_event_sleepers(ab_event *event); /* who announced sleep just now; for tests and `top` */

/* Wait until the word differs from `seen` (AB_WAKE) or CLOCK_MONOTONIC reaches `deadline_ns` (AB_TIMED_OUT; INT64_MAX waits
 * for ever). A signal ends a park with AB_WAKE too, so that Python can run its handlers: look, and wait again. `idle` NULL
 * parks at once. Releases the GIL. */
int ab_event_wait(ab_event *event, uint32_t seen, const ab_idle *idle, int64_t deadline_ns);

ab_poll_set *ab_poll_set_create(void);    /* NULL: no memory */
void ab_poll_set_free(ab_poll_set *set);  /* NULL is fine; the subscriptions stay open */
/* Add a subscription: its index, or AB_INVALID when AB_POLL_SET_MAX are in, or AB_NO_MEMORY. Indices never change. */
int ab_poll_set_add(ab_poll_set *set, ab_handle subscription);
int ab_poll_set_remove(ab_poll_set *set, int index);          /* its index may be given out again */
/* A paused stream is not polled, but its images are still serviced: Aeron keeps the mapping of an image that left until
 * the subscription is looked at (trap P15). */
int ab_poll_set_pause(ab_poll_set *set, int index, int paused);
void ab_poll_set_service(ab_poll_set *set); /* service the images of paused streams: for who is too busy to wait */

/* For one pass of who does not wait: the first stream from index `from` on that has a batch or notices, or a view of its last
 * batch still held (its next port.poll() returns them, or says so); AB_TIMED_OUT: none of the rest. A pass that asks from 0, then
 * from behind each answer, gives every stream one turn. Paused streams are serviced; one that fails is passed over, as ab_wait
 * tells of it. Keeps the GIL. */
int ab_poll_set_next(ab_poll_set *set, int from);

/* Wait for any of: the event moved (AB_WAKE), a stream of `set` has a batch or notices (its index; its next port.poll()
 * returns them), the deadline (AB_TIMED_OUT). Streams are asked in turn, beginning behind the last one that had something.
 * AB_FAILED: Aeron's poll failed for the stream ab_poll_set_failed() tells. AB_INVALID: a batch is still exported.
 * A stale subscription is passed over. Releases the GIL.
 * A wait with streams that ends at its deadline is gone on with by the next one: that parks at once, as long as the last time (who
 * has timers would begin to spin anew after each), unless ab_poll_set_stir was called in between. */
int ab_wait(ab_event *event, uint32_t seen, ab_poll_set *set, const ab_idle *idle, int64_t deadline_ns);

/* The same without waiting and with the GIL kept: passes until `looks` streams were asked (one pass at least), then AB_TIMED_OUT;
 * so many streams do not keep the GIL longer than one. Spin some hundred here before ab_wait: a thread that lets the GIL go beside
 * CPU-bound ones gets it back only after a switch interval. */
int ab_spin(ab_event *event, uint32_t seen, ab_poll_set *set, uint32_t looks);

void ab_poll_set_stir(ab_poll_set *set); /* there was work that no wait answered: the next one begins anew */
int ab_poll_set_failed(const ab_poll_set *set); /* index of the stream behind the last AB_FAILED or AB_INVALID, or -1 */
/* cffi:end */

#define AB_POLL_SET_MAX 1024
#define AB_REST_AFTER_NS 200000000LL /* less than the second between the beats of a quiet publisher */

/* For ab_offer: after a commit, wake `event`'s sleepers if there are any (SYNC B). */
void ab_event_wake_sleepers(ab_event *event);

#endif
