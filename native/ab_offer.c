/* ab_offer: frame, sequence, offer. The rules are in ab_offer.h. */
#include "ab_offer.h"

#include <string.h>

#include "ab_clock.h"
#include "ab_fail.h"
#include "ab_local.h"
#include "ab_msgpack.h"

_Static_assert(AB_NOT_CONNECTED == AERON_PUBLICATION_NOT_CONNECTED && AB_BACK_PRESSURED == AERON_PUBLICATION_BACK_PRESSURED &&
                   AB_ADMIN_ACTION == AERON_PUBLICATION_ADMIN_ACTION && AB_CLOSED == AERON_PUBLICATION_CLOSED &&
                   AB_MAX_POSITION == AERON_PUBLICATION_MAX_POSITION_EXCEEDED && AB_FAILED == AERON_PUBLICATION_ERROR,
               "Aeron's offer results pass through unmapped");

/* Hand `header` (may be empty) and `body` to Aeron as one message. A position, or an ab_result. */
static int64_t send(
    ab_publication *publication, const uint8_t *header, size_t header_length, const uint8_t *body, size_t length) {
    if (publication->local != NULL) {
        return ab_local_send(publication, header, header_length, body, length);
    }
    const ab_aeron_table *aeron = ab_aeron;
    size_t total = header_length + length;
    int64_t position = AB_ADMIN_ACTION;
    if (total <= publication->max_payload_length) {
        aeron_buffer_claim_t claim;
        for (int attempt = 0; attempt < AB_OFFER_ATTEMPTS && position == AB_ADMIN_ACTION; attempt++) {
            position = aeron->exclusive_publication_try_claim(publication->aeron, total, &claim);
        }
        if (position >= 0) {
            if (header_length > 0) {
                memcpy(claim.data, header, header_length);
            }
            if (length > 0) {
                memcpy(claim.data + header_length, body, length);
            }
            aeron->buffer_claim_commit(&claim);
        }
    } else {
        /* Aeron's vector is not const, but it only reads. */
        aeron_iovec_t parts[2] = {{(uint8_t *)header, header_length}, {(uint8_t *)body, length}};
        size_t skip = header_length == 0;
        for (int attempt = 0; attempt < AB_OFFER_ATTEMPTS && position == AB_ADMIN_ACTION; attempt++) {
            position = aeron->exclusive_publication_offerv(publication->aeron, parts + skip, 2 - skip, NULL, NULL);
        }
    }
    if (position < AB_FAILED) {
        position = AB_FAILED;
    }
    if (position == AB_FAILED) {
        ab_fail(&publication->error, AB_FAILED, aeron->errcode(), "%s", aeron->errmsg());
    }
    return position;
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

int64_t ab_offer(ab_publication *publication, const uint8_t *body, size_t length, int flags) {
    uint8_t header[AB_FRAME_LENGTH];
    size_t header_length = publication->frame ? AB_FRAME_LENGTH : 0;
    if (!publication->configured) {
        return AB_INVALID;
    }
    if (publication->max_message_length < header_length || length > publication->max_message_length - header_length) {
        return AB_TOO_LARGE;
    }
    if (publication->frame) {
        int64_t type = type_of(publication, body, length, flags);
        if (type < 0) {
            return type;
        }
        uint16_t index = type <= UINT16_MAX ? publication->type_index[type] : 0;
        if (index == 0) {
            return AB_UNKNOWN_TYPE;
        }
        ab_frame frame = {
            .version = AB_FRAME_VERSION,
            .format = publication->format,
            .type = (uint16_t)type,
            .schema_version = publication->types[index - 1].version,
            .publisher = publication->publisher,
            .count = 1,
            .header_length = AB_FRAME_LENGTH,
            .sequence = publication->sequence,
            .publish_time_ns = ab_clock_realtime_ns(),
        };
        ab_frame_encode(&frame, header);
    }
    if (publication->hello_due) { /* first on the session, before any message */
        int said = ab_offer_control(publication, AB_HELLO);
        if (said != AB_OK) {
            count_refusal(publication, said, flags);
            return said;
        }
    }
    bool behind = publication->held && (flags & AB_OFFER_RETRY) == 0; /* others were refused before and wait: no overtaking */
    int64_t position = behind ? AB_BACK_PRESSURED : send(publication, header, header_length, body, length);
    if (position < 0) {
        count_refusal(publication, position, flags);
        return position;
    }
    publication->counters[AB_PUBLISHED]++;
    publication->counters[AB_PUBLISHED_BYTES] += (int64_t)length;
    if (publication->wake != NULL) {
        ab_event_wake_sleepers(publication->wake);
    }
    return (int64_t)publication->sequence++;
}

int ab_offer_control(ab_publication *publication, int control) {
    if (!publication->configured || control < AB_HELLO || control > AB_BYE) {
        return AB_INVALID;
    }
    if (!publication->frame) {
        return AB_OK;
    }
    uint8_t header[AB_FRAME_LENGTH];
    ab_frame frame = {
        .version = AB_FRAME_VERSION,
        .flags = (uint16_t)control,
        .publisher = publication->publisher,
        .header_length = AB_FRAME_LENGTH,
        .sequence = publication->sequence,
        .publish_time_ns = ab_clock_realtime_ns(),
    };
    ab_frame_encode(&frame, header);
    int64_t position = send(publication, header, sizeof header, NULL, 0);
    if (control == AB_HELLO) {
        publication->hello_due = position < 0;
    }
    if (position >= 0 && publication->wake != NULL) {
        ab_event_wake_sleepers(publication->wake);
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
