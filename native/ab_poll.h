/*
 * ab_poll: the way in. One pass over a subscription fills one batch.
 *
 *      Aeron fragment ── length checked ── reassembled ── our header ── gap check ── each body walked ── batch + record
 *                             │                 │             │             │              │
 *                       invalid_frames    invalid_frames  malformed      notice     malformed, unknown, unwanted
 *
 * Rules
 *   - Every length from the wire is checked before it is used. Aeron hands the handler `frame_length - 32` as a size_t; a
 *     frame of 1 to 31 bytes makes that 2^64 - 31 (finding 1). So frame_length itself is read and checked first.
 *   - A batch ends at AB_BATCH_MESSAGES or AB_BATCH_BYTES, whichever comes first; a single larger message has a batch alone.
 *     The fragment that does not fit is aborted: Aeron delivers it again. The term buffer is the queue (architecture D2).
 *     After an abort Aeron goes on with the next image, so everything else in that pass is aborted too.
 *   - A batch never crosses a notice: what must be said before a message is said before the batch that holds it. A fragment
 *     that raises a notice while the batch has messages ends the batch.
 *   - Deciding comes before changing: a fragment is either taken as a whole or leaves nothing behind, except in a batch
 *     frame, where the session remembers how many of its messages are done.
 *   - inv_body_belongs_to_its_record: body i of the batch is one value, of the type record i says, from the session,
 *     position and sequence record i says.
 *   - inv_positions_never_go_back: within a session, from record to record and batch to batch.
 *
 * Sequences: a publisher is its 32-bit id; its state outlives its session, so a gap across a reconnect is seen. A first frame
 * with n > 0 from a publisher we never met is a late join, not a gap.
 *
 * Thread: the poller's, all of it.
 */
#ifndef AB_POLL_H
#define AB_POLL_H

#include <stddef.h>
#include <stdint.h>

#include "ab_endpoint.h"

/* cffi:begin */
#define AB_POLL_NOTICES -1 /* what PollPort.poll() answers while notices wait */

enum ab_notice_kind {
    AB_PUBLISHER_JOINED = 1, /* publisher, session; first: its next sequence */
    AB_PUBLISHER_LEFT = 2,   /* publisher, session; first: its next sequence */
    AB_GAP = 3,              /* publisher, session; first and last missing sequence */
    AB_IMAGE_UP = 4,         /* session, position joined at */
    AB_IMAGE_DOWN = 5,       /* session, position read to; last: where the stream ended, 2^63 - 1 when unknown */
    AB_REWIND = 6,           /* publisher, session; first: the sequence that came, last: the one expected. Delivered */
    AB_EVENTS_LOST = 7       /* first: image events that found the ring full */
};

/* Store the types OfferPort and PollPort in the dict whose id() is given: cffi knows no Python objects. Defined in
 * ab_ports.c.inc, with their methods. AB_OK, AB_INVALID (no dict) or AB_NO_MEMORY. Keeps the GIL. */
int ab_ports_install(uintptr_t dict_id);

/* The batch builder without a driver, for tests: a subscription with no Aeron behind it. 0 when out of room. */
ab_handle ab_batch_open(void);
int ab_batch_close(ab_handle subscription);

/* Give `bytes` to the subscription as if polled: one Aeron fragment of `session` that ends at `position`, with Aeron's
 * `flags` (0xC0: a whole message). 1: taken. 0: refused because the batch is full or must end first; poll the port, then
 * feed it again. Or an ab_result. */
int ab_batch_feed(ab_handle subscription, int32_t session, int64_t position, const uint8_t *bytes, size_t length, int flags);

/* As if an image came (kind AB_IMAGE_JOINED) or went (AB_IMAGE_LEFT). */
int ab_batch_image(ab_handle subscription, int kind, int32_t session, int64_t position, int64_t end_of_stream);
/* cffi:end */

/* One pass. The number of messages ready in subscription->batch, AB_POLL_NOTICES when notices wait (they come before the
 * batch), 0 when there is nothing, AB_FAILED when Aeron's poll failed (subscription->error says why).
 * What was ready and not yet handed over is returned again without polling. `*worked` (may be NULL) tells whether anything
 * was consumed from Aeron: a pass may be all unwanted messages and return 0. */
int ab_poll(ab_subscription *subscription, bool *worked);

/* The live half of a pass: poll Aeron, or the in-process log. AB_OK, or AB_FAILED as ab_poll. */
int ab_poll_live(ab_subscription *subscription, bool *worked);

/* A whole message of a session, as if it had come in one fragment: for ab_replay. False: nothing was taken (or the session remembers
 * how much of it), give it again in a later pass. */
bool ab_poll_deliver(
    ab_subscription *subscription, ab_session *session, const uint8_t *bytes, size_t length, int64_t position);

/* Hand the ready batch over: after this the next ab_poll begins a new one. Returns its count. */
int ab_poll_handover(ab_subscription *subscription);

/* Service images without polling: for a paused stream. */
void ab_poll_service(ab_subscription *subscription);

/* Take the oldest notice; false when there is none. */
bool ab_poll_notice(ab_subscription *subscription, ab_notice *notice);

/* Move message i of the batch to the quarantine, for a reason found by Python. AB_OK, or AB_INVALID for i >= count. */
int ab_poll_reject(ab_subscription *subscription, uint32_t i, int reason, const char *error);

/* Begin a new batch when the last one was handed over. ab_poll does it; ab_batch_feed does it too. */
void ab_poll_begin(ab_subscription *subscription);

/* One Aeron fragment. AERON_ACTION_CONTINUE or AERON_ACTION_ABORT. The handler given to Aeron and ab_batch_feed end here. */
int ab_poll_take(ab_subscription *subscription, const aeron_header_values_t *values, const uint8_t *buffer, size_t length);

/* What is known of an image; the longest unused makes room. NULL: not even Aeron knows it. */
ab_image_log *ab_poll_log(ab_subscription *subscription, aeron_image_t *image);

/* Position behind a frame: where the next one begins. */
int64_t ab_poll_position(const aeron_header_values_t *values);

#endif
