/* ab_offer: frame, sequence, offer. The rules are in ab_offer.h. */
#include "ab_offer.h"

#include <string.h>

#include "ab_bytes.h"
#include "ab_clock.h"
#include "ab_fail.h"
#include "ab_gather.h"
#include "ab_local.h"
#include "ab_msgpack.h"

_Static_assert(AB_NOT_CONNECTED == AERON_PUBLICATION_NOT_CONNECTED && AB_BACK_PRESSURED == AERON_PUBLICATION_BACK_PRESSURED &&
                   AB_ADMIN_ACTION == AERON_PUBLICATION_ADMIN_ACTION && AB_CLOSED == AERON_PUBLICATION_CLOSED &&
                   AB_MAX_POSITION == AERON_PUBLICATION_MAX_POSITION_EXCEEDED && AB_FAILED == AERON_PUBLICATION_ERROR,
               "Aeron's offer results pass through unmapped");

/* What Aeron answered. A position, or an ab_result, which is kept when it is an error of its own. */
static int64_t answered(ab_publication *publication, int64_t position) {
    if (position < AB_FAILED) {
        position = AB_FAILED;
    }
    if (position == AB_FAILED) {
        ab_fail(&publication->error, AB_FAILED, ab_aeron->errcode(), "%s", ab_aeron->errmsg());
    }
    return position;
}

/* Hand header and body over as one message where no claim can be had: in process, or in several fragments. */
static int64_t send_long(
    ab_publication *publication, const uint8_t *header, size_t header_length, const uint8_t *body, size_t length) {
    if (publication->local != NULL) {
        return ab_local_send(publication, header, header_length, body, length);
    }
    int64_t position = AB_ADMIN_ACTION;
    /* Aeron's vector is not const, but it only reads. */
    aeron_iovec_t parts[2] = {{(uint8_t *)header, header_length}, {(uint8_t *)body, length}};
    size_t skip = header_length == 0;
    for (int attempt = 0; attempt < AB_OFFER_ATTEMPTS && position == AB_ADMIN_ACTION; attempt++) {
        position = ab_aeron->exclusive_publication_offerv(publication->aeron, parts + skip, 2 - skip, NULL, NULL);
    }
    return answered(publication, position);
}

/* Hand `frame` (NULL: none) and `body` over as one message. A position, or an ab_result. Always inline: called, it takes the
 * frame through memory, 12 ns a message. */
static inline __attribute__((always_inline)) int64_t send(
    ab_publication *publication, const ab_frame *frame, const uint8_t *body, size_t length) {
    const ab_aeron_table *aeron = ab_aeron;
    size_t header_length = frame == NULL ? 0 : AB_FRAME_LENGTH;
    int64_t position = AB_ADMIN_ACTION;
    if (publication->local == NULL && header_length + length <= publication->max_payload_length) {
        aeron_buffer_claim_t claim;
        for (int attempt = 0; attempt < AB_OFFER_ATTEMPTS && position == AB_ADMIN_ACTION; attempt++) {
            position = aeron->exclusive_publication_try_claim(publication->aeron, header_length + length, &claim);
        }
        if (position < 0) {
            return answered(publication, position);
        }
        if (frame != NULL) {
            ab_frame_put(frame, claim.data);
        }
        if (length > 0) {
            memcpy(claim.data + header_length, body, length);
        }
        aeron->buffer_claim_commit(&claim);
        return position;
    }
    uint8_t header[AB_FRAME_LENGTH] = {0};
    if (frame != NULL) {
        ab_frame_put(frame, header);
    }
    return send_long(publication, header, header_length, body, length);
}

/* The type id the body carries, as its format says it; or an ab_result. */
static int64_t type_of(const ab_publication *publication, const uint8_t *body, size_t length, int flags) {
    if (publication->format == AB_FORMAT_MSGPACK) {
        int64_t type;
        int walk_flags = (flags & AB_OFFER_UNCHECKED) != 0 ? 0 : AB_MSGPACK_CHECK_RANGE;
        int result = ab_msgpack_one(body, length, &type, walk_flags);
        if (result != AB_OK) {
            return result;
        }
        return type < 0 ? AB_UNKNOWN_TYPE : type;
    }
    return publication->format == AB_FORMAT_JSON ? ab_json_type(body, length) : AB_TYPE_RAW;
}

static void count_refusal(ab_publication *publication, int64_t result, int flags) {
    if ((flags & AB_OFFER_RETRY) != 0) {
        return;
    }
    if (result == AB_BACK_PRESSURED || result == AB_ADMIN_ACTION) {
        publication->counters[AB_BACK_PRESSURED_COUNT]++;
    } else if (result == AB_NOT_CONNECTED) {
        publication->counters[AB_NOT_CONNECTED_COUNT]++;
    }
}

bool ab_offer_is_too_large(const ab_publication *publication, size_t length) {
    size_t header_length = publication->frame ? AB_FRAME_LENGTH : 0;
    return publication->max_message_length < header_length || length > publication->max_message_length - header_length;
}

/* Offer a body of a known type, published at `time_ns`: what ab_offer says. */
static int64_t offer_typed(
    ab_publication *publication, int64_t type, int64_t time_ns, const uint8_t *body, size_t length, int flags) {
    ab_frame frame;
    if (publication->frame) {
        uint16_t index = type <= UINT16_MAX ? publication->type_index[type] : 0;
        if (index == 0) {
            return AB_UNKNOWN_TYPE;
        }
        if (publication->layouts != NULL &&
            (publication->layouts[index - 1] == NULL || length != publication->layouts[index - 1]->used)) {
            return AB_MALFORMED;
        }
        frame = (ab_frame){
            .version = AB_FRAME_VERSION,
            .format = publication->format,
            .type = (uint16_t)type,
            .schema_version = publication->types[index - 1].version,
            .publisher = publication->publisher,
            .count = 1,
            .header_length = AB_FRAME_LENGTH,
            .sequence = publication->sequence,
            .publish_time_ns = time_ns,
        };
    }
    if (publication->hello_due) { /* first on the session, before any message */
        int said = ab_offer_control(publication, AB_HELLO);
        if (said != AB_OK) {
            count_refusal(publication, said, flags);
            return said;
        }
    }
    bool behind = publication->held && (flags & AB_OFFER_RETRY) == 0; /* others were refused before and wait: no overtaking */
    int64_t position = behind ? AB_BACK_PRESSURED : AB_OK;
    if (__builtin_expect(publication->gather != NULL, 0) && position == AB_OK) {
        if (ab_gather_fits(publication, length) && ((flags & AB_OFFER_GATHER) != 0 || publication->gather->linger_ns > 0)) {
            position = ab_gather_add(publication, (uint16_t)type, frame.schema_version, time_ns, body, length);
            if (position == AB_OK) {
                return (int64_t)publication->sequence++;
            }
        } else {
            position = ab_gather_flush(publication);
        }
    }
    if (position == AB_OK) {
        position = send(publication, publication->frame ? &frame : NULL, body, length);
    }
    if (position < 0) {
        count_refusal(publication, position, flags);
        return position;
    }
    publication->counters[AB_PUBLISHED]++;
    publication->counters[AB_PUBLISHED_BYTES] += (int64_t)length;
    return (int64_t)publication->sequence++;
}

void ab_offer_wake(const ab_publication *publication) {
    if (publication->wake != NULL) {
        ab_event_wake_sleepers(publication->wake);
    }
}

int64_t ab_offer_bytes(ab_publication *publication, const uint8_t *bytes, size_t length) {
    int64_t position = ab_offer_parts(publication, NULL, 0, bytes, length);
    if (position >= 0) {
        ab_offer_wake(publication);
    }
    return position;
}

#define AB_LINE 64u /* bytes of a cache line */

/* Ask for as much of the term as was written, behind it: it lay in the reader's cache a round ago, and the next frame of a list, which
 * is written meanwhile, is as long. Saves 1 to 3 of 40 ns a message. Behind the term's end it asks in vain. */
static inline void ask_for_next(const uint8_t *written, size_t length) {
    for (size_t i = length; i < 2 * length + AB_LINE; i += AB_LINE) {
#ifdef __x86_64__
        __asm__ volatile("prefetchw %0" : : "m"(written[i])); /* gcc asks to read only, unless told which processor it is */
#else
        __builtin_prefetch(written + i, 1);
#endif
    }
}

int64_t ab_offer_parts(
    ab_publication *publication, const uint8_t *header, size_t header_length, const uint8_t *body, size_t length) {
    int64_t position = AB_ADMIN_ACTION;
    if (publication->local == NULL && header_length + length <= publication->max_payload_length) {
        aeron_buffer_claim_t claim;
        for (int attempt = 0; attempt < AB_OFFER_ATTEMPTS && position == AB_ADMIN_ACTION; attempt++) {
            position = ab_aeron->exclusive_publication_try_claim(publication->aeron, header_length + length, &claim);
        }
        if (position < 0) {
            return answered(publication, position);
        }
        if (header_length > 0) {
            memcpy(claim.data, header, header_length);
        }
        memcpy(claim.data + header_length, body, length);
        ab_aeron->buffer_claim_commit(&claim);
        ask_for_next(claim.data, header_length + length);
    } else {
        position = send_long(publication, header, header_length, body, length);
    }
    return position;
}

void ab_offer_count_refusal(ab_publication *publication, int64_t result) { count_refusal(publication, result, 0); }

int ab_offer_ready(ab_publication *publication) {
    int result = publication->held ? AB_BACK_PRESSURED : AB_OK;
    if (result == AB_OK && publication->hello_due) {
        result = ab_offer_control(publication, AB_HELLO);
    }
    if (result == AB_OK) {
        result = ab_gather_flush(publication);
    }
    if (result != AB_OK) {
        count_refusal(publication, result, 0);
    }
    return result;
}

void ab_offer_gathered(ab_publication *publication) {
    if (publication->gather != NULL && publication->gather->linger_ns == 0) {
        (void)ab_gather_flush(publication); /* refused: it is kept, and somebody looks after it */
    }
}

int64_t ab_offer_element(ab_publication *publication, int64_t type, int64_t time_ns, const uint8_t *body, size_t length) {
    return offer_typed(publication, type, time_ns, body, length, AB_OFFER_GATHER);
}

int64_t ab_offer(ab_publication *publication, const uint8_t *body, size_t length, int flags) {
    if (!publication->configured) {
        return AB_INVALID;
    }
    int64_t type = AB_TYPE_RAW, time_ns = 0;
    if (publication->format == AB_FORMAT_STRUCT) { /* its type stands in front */
        if (length < AB_OFFER_TYPE) {
            return AB_MALFORMED;
        }
        type = ab_le16(body);
        body += AB_OFFER_TYPE;
        length -= AB_OFFER_TYPE;
    }
    if (ab_offer_is_too_large(publication, length)) {
        return AB_TOO_LARGE;
    }
    if (publication->frame) {
        if (publication->format != AB_FORMAT_STRUCT) {
            type = type_of(publication, body, length, flags);
        }
        if (type < 0) {
            return type;
        }
        time_ns = ab_stamp_ns(&publication->stamp);
    }
    int64_t sequence = offer_typed(publication, type, time_ns, body, length, flags);
    if (sequence >= 0) {
        ab_offer_wake(publication);
    }
    return sequence;
}

int64_t ab_offer_written(ab_publication *publication, uint16_t type, const uint8_t *body, size_t length) {
    if (ab_offer_is_too_large(publication, length)) {
        return AB_TOO_LARGE;
    }
    int64_t sequence = offer_typed(publication, type, ab_stamp_ns(&publication->stamp), body, length, 0);
    if (sequence >= 0) {
        ab_offer_wake(publication);
    }
    return sequence;
}

int ab_offer_control(ab_publication *publication, int control) {
    if (!publication->configured || control < AB_HELLO || control > AB_BYE) {
        return AB_INVALID;
    }
    if (!publication->frame) {
        return AB_OK;
    }
    int flushed = ab_gather_flush(publication); /* before it reads the sequence that comes next */
    if (flushed != AB_OK && control != AB_BYE) {
        return flushed;
    }
    if (control == AB_BYE) {
        (void)ab_gather_give_up(publication);
    }
    ab_frame frame = {
        .version = AB_FRAME_VERSION,
        .flags = (uint16_t)control,
        .publisher = publication->publisher,
        .header_length = AB_FRAME_LENGTH,
        .sequence = publication->sequence,
        .publish_time_ns = ab_clock_realtime_ns(),
    };
    int64_t position = send(publication, &frame, NULL, 0);
    if (control == AB_HELLO) {
        publication->hello_due = position < 0;
    }
    if (position >= 0) {
        ab_offer_wake(publication);
    }
    return position < 0 ? (int)position : AB_OK;
}

int64_t ab_offer_drop(ab_publication *publication) {
    publication->counters[AB_DROPPED]++;
    return (int64_t)publication->sequence++;
}

int ab_publication_state(ab_handle handle, uint64_t *sequence, size_t *max_body_length) {
    const ab_publication *publication = ab_slot_peek(handle, AB_KIND_PUBLICATION);
    if (publication == NULL) {
        return AB_STALE;
    }
    size_t header_length = publication->frame ? AB_FRAME_LENGTH : 0;
    *sequence = publication->sequence;
    *max_body_length =
        publication->max_message_length > header_length ? publication->max_message_length - header_length : 0;
    return AB_OK;
}

int ab_publication_error(ab_handle handle, ab_error *error) {
    const ab_publication *publication = ab_slot_peek(handle, AB_KIND_PUBLICATION);
    if (publication == NULL) {
        return AB_STALE;
    }
    *error = publication->error;
    return AB_OK;
}
