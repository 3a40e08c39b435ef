/* ab_batch: admission to the batch. The invariant and the layout are in ab_batch.h. */
#include "ab_batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ab_bytes.h"
#include "ab_clock.h"
#include "ab_msgpack.h"
#include "ab_poll.h"

#define MSGPACK_ARRAY_32 0xdd

/* Batches in a row that must fit the first capacity before a grown buffer is given back: a stream of large messages does not
 * pay for an allocation a batch, and one large message does not cost its size for ever. */
#define UNUSED_MAX 64u

_Static_assert(AB_MESSAGE_MAX + AB_BATCH_BYTES + AB_BATCH_HEAD < UINT32_MAX, "offsets in the batch fit a record");

int64_t ab_batch_time_ns(ab_subscription *subscription) {
    if (subscription->pass_time_ns == 0) {
        subscription->pass_time_ns = ab_clock_realtime_ns();
    }
    return subscription->pass_time_ns;
}

void ab_batch_refuse(ab_subscription *subscription, const ab_arrival *arrival, int reason, const char *error) {
    ab_quarantine_entry entry = {
        .position = arrival->position,
        .time_ns = ab_batch_time_ns(subscription),
        .sequence = arrival->sequence,
        .body_length = (uint32_t)arrival->length,
        .index = arrival->index,
        .session_id = arrival->session_id,
        .type_id = arrival->type_id,
        .version = arrival->version,
        .reason = reason,
    };
    /* Without memory the entry is lost, its counter is not. */
    (void)ab_quarantine_put(&subscription->quarantine, &entry, error, arrival->body);
    subscription->counters[AB_QUARANTINED]++;
}

/* Is the body one value of the type its header says? */
static bool is_one_message(ab_subscription *subscription, const uint8_t *body, size_t length, uint16_t type_id) {
    static const uint8_t small[AB_SHAPE_MIN];
    int64_t type;
    if (subscription->format == AB_FORMAT_MSGPACK) {
        ab_shape *shape = ab_shape_of(subscription->shapes, length < AB_SHAPE_MIN ? small : body);
        if (shape->length == length && shape->type == type_id && ab_shape_begins(shape, body, length)) {
            return true;
        }
        if (ab_msgpack_next(body, length, &type, AB_MSGPACK_CHECK_RANGE) != (int64_t)length || type != type_id) {
            return false;
        }
        if (ab_shape_due(shape)) {
            (void)ab_shape_learn(shape, body, length, type_id);
        }
        return true;
    }
    return subscription->format != AB_FORMAT_JSON || ab_json_type(body, length) == type_id;
}

/* Put a body of format struct into the batch as a record. NULL, or what is wrong with it, in `text`. */
static const char *fill_record(const ab_batch *batch, const ab_layout *layout, const ab_arrival *arrival, char *text, size_t size) {
    uint8_t *record = batch->bytes + batch->length;
    uint32_t wrong;
    ab_layout_fill(layout, arrival->body, arrival->length, record);
    if (ab_layout_check(layout, record, &wrong) == AB_OK) {
        return NULL;
    }
    (void)snprintf(text, size, "field %s holds a value its declaration does not allow", layout->fields[wrong].name);
    return text;
}

/* Room for `length` more bytes, or false without memory. */
static bool ensure_room(ab_batch *batch, size_t length) {
    size_t needed = batch->length + length;
    if (needed <= batch->capacity) {
        return true;
    }
    size_t capacity = batch->capacity;
    while (capacity < needed) {
        capacity *= 2;
    }
    uint8_t *grown = realloc(batch->bytes, capacity);
    if (grown == NULL) {
        return false;
    }
    batch->bytes = grown;
    batch->capacity = capacity;
    return true;
}

bool ab_batch_admit(ab_subscription *subscription, const ab_arrival *arrival) {
    int64_t *counters = subscription->counters;
    uint16_t index = subscription->type_index[arrival->type_id];
    if (index == 0) {
        counters[AB_UNKNOWN]++;
        ab_batch_refuse(subscription, arrival, AB_REASON_UNKNOWN_TYPE, "the stream does not declare this type");
        return true;
    }
    ab_type_count *type = &subscription->types[index - 1];
    if (!type->wanted) {
        counters[AB_UNWANTED]++;
        return true;
    }
    ab_batch *batch = subscription->batch;
    const ab_layout *layout = type->layout;
    size_t length = layout == NULL ? arrival->length : layout->stride; /* in the batch */
    size_t used = batch->length - AB_BATCH_HEAD;
    if (batch->count == batch->messages_max || (batch->count > 0 && used + length > batch->bytes_max)) {
        return false;
    }
    if (subscription->format == AB_FORMAT_STRUCT &&
        (layout == NULL || !ab_layout_fits(layout, arrival->version, arrival->length))) {
        counters[AB_MALFORMED_COUNT]++;
        ab_batch_refuse(subscription, arrival, AB_REASON_MALFORMED, "the body has no length that its type and version can have");
        return true;
    }
    if (!ensure_room(batch, length)) {
        counters[AB_INVALID_FRAMES]++;
        ab_batch_refuse(subscription, arrival, AB_REASON_MALFORMED, "no memory for a message of this length");
        return true;
    }
    /* Copied first, looked at then: a packet of a hostile sender may be written over a term while it is read, and what was
     * checked must be what is handed over. */
    uint8_t *body = batch->bytes + batch->length;
    const char *wrong = NULL;
    char text[128];
    if (layout != NULL) {
        wrong = fill_record(batch, layout, arrival, text, sizeof text);
    } else {
        if (length > 0) {
            memcpy(body, arrival->body, length);
        }
        if (!is_one_message(subscription, body, length, arrival->type_id)) {
            wrong = "the body is not exactly one value of the type its header names";
        }
    }
    if (wrong != NULL) {
        ab_arrival copied = *arrival;
        copied.body = body;
        copied.length = length;
        counters[AB_MALFORMED_COUNT]++;
        ab_batch_refuse(subscription, &copied, AB_REASON_MALFORMED, wrong);
        return true;
    }

    if (batch->count == 0) {
        batch->receive_time_ns = ab_batch_time_ns(subscription);
    }
    ab_record *record = &batch->records[batch->count];
    record->position = arrival->position;
    record->sequence = arrival->sequence;
    record->publish_time_ns = arrival->publish_time_ns;
    record->session_id = arrival->session_id;
    record->publisher = arrival->publisher;
    record->offset = (uint32_t)batch->length;
    record->length = (uint32_t)length;
    record->index = arrival->index;
    record->type_id = arrival->type_id;
    record->version = arrival->version;
    batch->length += length;
    batch->arrived += arrival->length;
    batch->count++;
    type->delivered++;
    return true;
}

void ab_batch_reset(ab_batch *batch) {
    const size_t first_capacity = AB_BATCH_HEAD + batch->bytes_max;
    batch->unused = batch->length > first_capacity ? 0 : batch->unused + 1;
    if (batch->capacity > first_capacity && batch->unused >= UNUSED_MAX) {
        uint8_t *shrunk = realloc(batch->bytes, first_capacity);
        if (shrunk != NULL) {
            batch->bytes = shrunk;
            batch->capacity = first_capacity;
        }
    }
    batch->length = AB_BATCH_HEAD;
    batch->arrived = 0;
    batch->count = 0;
    batch->complete = false;
    batch->replayed = false;
    batch->receive_time_ns = 0;
}

void ab_batch_finish(ab_subscription *subscription) {
    ab_batch *batch = subscription->batch;
    batch->complete = true;
    batch->bytes[AB_BATCH_ARRAY] = MSGPACK_ARRAY_32;
    ab_put_be32(batch->bytes + AB_BATCH_ARRAY + 1, batch->count);
    subscription->counters[AB_RECEIVED] += batch->count;
    subscription->counters[AB_RECEIVED_BYTES] += (int64_t)batch->arrived;
}

int ab_poll_reject(ab_subscription *subscription, uint32_t i, int reason, const char *error) {
    const ab_batch *batch = subscription->batch;
    if (i >= batch->count) {
        return AB_INVALID;
    }
    const ab_record *record = &batch->records[i];
    ab_arrival arrival = {
        .body = batch->bytes + record->offset,
        .length = record->length,
        .position = record->position,
        .sequence = record->sequence,
        .session_id = record->session_id,
        .index = record->index,
        .type_id = record->type_id,
        .version = record->version,
    };
    if (reason == AB_REASON_DECODE) {
        subscription->counters[AB_MALFORMED_COUNT]++;
        subscription->counters[AB_UNDECODED]++;
    }
    ab_batch_refuse(subscription, &arrival, reason, error);
    return AB_OK;
}

/* ---- the builder without a driver, for tests --------------------------------------------------------------------- */

/* Fed positions are made of terms of 1 GiB, the largest, so that a test may choose them freely. */
#define FED_TERM_BITS 30

ab_handle ab_batch_open(void) {
    ab_subscription *subscription = ab_subscription_create(NULL, 0);
    ab_handle handle = subscription != NULL ? ab_slot_open(AB_KIND_SUBSCRIPTION, subscription) : 0;
    if (handle == 0) {
        ab_subscription_free(subscription);
    }
    return handle;
}

/* The subscription, unless it is stale or has a real one behind it. */
static ab_subscription *fed(ab_handle handle) {
    ab_subscription *subscription = ab_slot_peek(handle, AB_KIND_SUBSCRIPTION);
    return subscription != NULL && subscription->aeron == NULL ? subscription : NULL;
}

int ab_batch_close(ab_handle handle) {
    ab_subscription *subscription = fed(handle);
    if (subscription == NULL || ab_slot_retire(handle, AB_KIND_SUBSCRIPTION) == NULL) {
        return AB_STALE;
    }
    int result = ab_slot_quiesce_wait(handle, ab_clock_monotonic_ns() + AB_NS_PER_S);
    if (result == AB_OK) {
        ab_subscription_free(subscription);
    }
    return result;
}

int ab_batch_feed(ab_handle handle, int32_t session, int64_t position, const uint8_t *bytes, size_t length, int flags) {
    ab_subscription *subscription = fed(handle);
    if (subscription == NULL) {
        return AB_STALE;
    }
    int64_t aligned = ((int64_t)length + AERON_DATA_HEADER_LENGTH + 31) & ~(int64_t)31;
    int64_t begin = position - aligned;
    if (!subscription->configured || length > AB_MESSAGE_MAX || begin < 0 || (begin & 31) != 0 ||
        begin >> FED_TERM_BITS > INT32_MAX) {
        return AB_INVALID;
    }
    aeron_header_values_t values = {
        .frame = {
            .frame_length = (int32_t)(length + AERON_DATA_HEADER_LENGTH),
            .flags = (uint8_t)flags,
            .type = 1,
            .term_offset = (int32_t)(begin & ((1 << FED_TERM_BITS) - 1)),
            .session_id = session,
            .term_id = (int32_t)(begin >> FED_TERM_BITS),
        },
        .position_bits_to_shift = FED_TERM_BITS,
    };
    if (subscription->handed) {
        ab_poll_begin(subscription);
    }
    return ab_poll_take(subscription, &values, bytes, length) == AERON_ACTION_CONTINUE;
}

int ab_batch_image(ab_handle handle, int kind, int32_t session, int64_t position, int64_t end_of_stream) {
    ab_subscription *subscription = fed(handle);
    if (subscription == NULL) {
        return AB_STALE;
    }
    if (kind != AB_IMAGE_JOINED && kind != AB_IMAGE_LEFT) {
        return AB_INVALID;
    }
    ab_image_event_put(subscription, &(ab_image_event){.kind = kind,
                                                       .session_id = session,
                                                       .position = position,
                                                       .end_of_stream = end_of_stream});
    return AB_OK;
}
