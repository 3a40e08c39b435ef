/*
 * ab_offer: the way out. Frame, sequence and offer in one call.
 *
 * Rules
 *   - In format struct a body as it is offered has its type in front, a u16: the record alone has none. It is not sent twice.
 *   - The caller keeps the GIL from before the sequence is read until after the offer: it is the lock (architecture D7).
 *   - The sequence moves only when Aeron accepted the message, or when policy gives it up (ab_offer_drop): a refused message
 *     keeps its number for the next try.
 *   - A message that fits one fragment is written straight into the term (try_claim); a longer one is gathered by Aeron from
 *     our header and the caller's body (offerv). The body is never copied by us a second time.
 *   - AB_ADMIN_ACTION is Aeron rotating a term: tried again at once, AB_OFFER_ATTEMPTS times in all.
 *   - What is refused for the first time counts as back-pressured or not connected; its retries do not.
 *   - A held publication refuses whatever is no retry: messages that were refused before wait in front of it (D14).
 *   - Nothing waits here, nothing is logged; policy is Python's.
 */
#ifndef AB_OFFER_H
#define AB_OFFER_H

#include <stddef.h>
#include <stdint.h>

#include "ab_endpoint.h"

#define AB_OFFER_ATTEMPTS 4
#define AB_OFFER_TYPE 2u /* bytes of the type in front of a body of format struct */

enum ab_offer_flag {
    AB_OFFER_UNCHECKED = 1, /* integers above 2^63 - 1 are the caller's wish */
    AB_OFFER_RETRY = 2,     /* this message was refused before: do not count its refusal again */
    AB_OFFER_GATHER = 4     /* one of many: it may wait in a batch frame also without a linger (ab_gather) */
};

/* Offer one body. Its sequence number (>= 0), or an ab_result; nothing was sent and no number used then. The type id is read
 * from the body: it must be declared. */
int64_t ab_offer(ab_publication *publication, const uint8_t *body, size_t length, int flags);

/* The same of a body that native code wrote (ab_port_write.c.inc): one array whose first element is `type`, by construction, so
 * there is no walk. The publication is configured, framed msgpack; whether the type is declared and the body short enough is asked. */
int64_t ab_offer_written(ab_publication *publication, uint16_t type, const uint8_t *body, size_t length);

/* Say Hello, Beat or Bye (ab_control). AB_OK or an ab_result. Without our frame there is nothing to say: AB_OK. */
int ab_offer_control(ab_publication *publication, int control); /* a refused Hello is due: said before the next message */

/* Give up the next message by policy: it is counted as dropped and its number is used up, so that subscribers report it
 * missing. Returns the number. */
int64_t ab_offer_drop(ab_publication *publication);

/* For ab_gather. Offer a whole frame as it is, and wake who polls it: a position, or an ab_result. */
int64_t ab_offer_bytes(ab_publication *publication, const uint8_t *bytes, size_t length);

/* The same of a frame in two parts, header with lengths and bodies, without the wake-up. */
int64_t ab_offer_parts(
    ab_publication *publication, const uint8_t *header, size_t header_length, const uint8_t *body, size_t length);

/* For ab_array. Whether a body is longer than the publication takes; and the offer of one element, which may wait in a frame. */
bool ab_offer_is_too_large(const ab_publication *publication, size_t length);
int64_t ab_offer_element(ab_publication *publication, int64_t type, int64_t time_ns, const uint8_t *body, size_t length);

/* May messages go out at all? Says Hello when it is due, sends what was gathered. AB_OK, or a refusal, counted. */
int ab_offer_ready(ab_publication *publication);

/* The end of a list: what it left in a batch frame waits for others only where the stream has a linger. */
void ab_offer_gathered(ab_publication *publication);

/* Wake who polls it, if that is a sleeper of this process. */
void ab_offer_wake(const ab_publication *publication);

/* Count the first refusal of a message. */
void ab_offer_count_refusal(ab_publication *publication, int64_t result);

/* cffi:begin */
/* State of a publication: its next sequence and the largest body it takes. AB_OK or AB_STALE. Keeps the GIL. */
int ab_publication_state(ab_handle publication, uint64_t *sequence, size_t *max_body_length);

/* Number and text of the last AB_FAILED of this publication. */
int ab_publication_error(ab_handle publication, ab_error *error);
/* cffi:end */

#endif
