/*
 * ab_local: the in-process transport: publications and subscriptions that meet in memory, with no Aeron behind them.
 *
 *      OfferPort > ab_offer ── frame ── ab_local_send         ab_local_poll > ab_poll_take ── batch > PollPort
 *                                          │                        ^
 *                                     log (a ring) <── image ───────┘   one log a publication, one image a subscription and log
 *
 * The way is the real one on both sides: the same frame, walk, counters, gap check and batches; only the log is ours. It is
 * Aeron's in small: positions count 32-byte aligned frames of body + 32, a frame never wraps (padding fills the end of the
 * ring), a publication may be half a ring ahead of its slowest image, a late subscription joins at the end, and what a
 * closed publication sent is still read. Messages are never split: a ring of 1 GiB is the largest.
 *
 * Ownership
 *   | part    | made by                       | freed by                                              |
 *   | meeting | ab_local_create               | the last of its creator, publications, subscriptions  |
 *   | log     | ab_local_publication_open     | the last of its publication and its images            |
 *   | image   | whoever comes second          | its subscription's close, or when a closed log is read |
 * Threads: any. One mutex a meeting, held for one send or one pass; who holds it takes no other lock and waits for nothing.
 */
#ifndef AB_LOCAL_H
#define AB_LOCAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ab_client.h"
#include "ab_endpoint.h"

/* cffi:begin */
typedef struct ab_local ab_local; /* a channel and stream id of one bus: where its two ends meet */

/* `term_length`: of the ring of each publication, a power of two from 64 KiB to 1 GiB. NULL: not that, or no memory. */
ab_local *ab_local_create(size_t term_length);
void ab_local_release(ab_local *meeting); /* its ends may outlive it. NULL is fine */

/* Open an end: a handle that ab_publication_configure or ab_subscription_configure take next. 0: no memory, or AB_SESSIONS
 * publications are open. */
ab_handle ab_local_publication_open(ab_local *meeting, int32_t session_id, int32_t stream_id);
ab_handle ab_local_subscription_open(ab_local *meeting);

/* Closing, step 2 (step 1 is ab_publication_retire, ab_subscription_retire). AB_OK or AB_TIMED_OUT: a thread is still inside,
 * nothing happened. */
int ab_local_publication_close_wait(ab_publication *publication, ab_handle handle, int64_t deadline_ns, ab_error *error);
int ab_local_subscription_close_wait(ab_subscription *subscription, ab_handle handle, int64_t deadline_ns, ab_error *error);

typedef struct {
    int64_t position;
    int64_t position_limit; /* the position itself while nobody subscribes */
    size_t term_length;
    size_t max_message_length;
    int32_t session_id;
    int32_t stream_id;
    int32_t images;
} ab_local_state;

int ab_local_publication_state(ab_handle publication, ab_local_state *state); /* AB_OK or AB_STALE */
int ab_local_image_count(ab_handle subscription);                             /* or AB_STALE. Any thread */

/* Faults, for tests: refuse the next `refuse` messages as back-pressured; then lose the next `lose` that are accepted, on
 * their way. Hello, Beat and Bye are spared. A negative number leaves what was set. */
void ab_local_fault(ab_local *meeting, int64_t refuse, int64_t lose);
/* cffi:end */

/* For ab_offer: one message, header first (may be empty); no body: Hello, Beat or Bye. A position, or AB_NOT_CONNECTED,
 * AB_BACK_PRESSURED, AB_MAX_POSITION. The lengths were checked. */
int64_t ab_local_send(
    ab_publication *publication, const uint8_t *header, size_t header_length, const uint8_t *body, size_t length);

/* For ab_gather: whether somebody subscribes. */
bool ab_local_is_connected(const ab_publication *publication);

/* For ab_poll: give what is there to ab_poll_take until the batch ends, up to `fragments`. Whether anything was taken. */
bool ab_local_poll(ab_subscription *subscription, uint32_t fragments);

#endif
