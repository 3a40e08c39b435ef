/* ab_array: runs of one type of an encoded list, each one frame. The rules are in ab_array.h. */
#include "ab_array.h"

#include "ab_bytes.h"
#include "ab_clock.h"
#include "ab_gather.h"
#include "ab_msgpack.h"
#include "ab_offer.h"

void ab_run_begin(ab_publication *publication, ab_run *run) {
    const ab_gather *gather = publication->gather;
    run->most = gather == NULL || gather->max_messages > AB_ARRAY_FRAME ? AB_ARRAY_FRAME : gather->max_messages;
    run->longest = gather == NULL ? publication->max_payload_length : gather->max_bytes;
    run->time_ns = ab_stamp_ns(&publication->stamp);
    run->bodies = NULL;
    run->length = 0;
    run->count = 0;
    run->woke = false;
}

int ab_run_send(ab_publication *publication, ab_run *run, size_t *accepted) {
    if (run->count == 0) {
        return AB_OK;
    }
    int result = ab_offer_ready(publication);
    if (result != AB_OK) {
        return result;
    }
    ab_frame frame = {
        .version = AB_FRAME_VERSION,
        .format = publication->format,
        .type = run->type,
        .schema_version = publication->types[publication->type_index[run->type] - 1].version,
        .publisher = publication->publisher,
        .count = (uint16_t)run->count,
        .header_length = AB_FRAME_LENGTH,
        .sequence = publication->sequence,
        .publish_time_ns = run->time_ns,
    };
    ab_frame_put(&frame, run->head);
    size_t head_length = AB_FRAME_LENGTH + (run->count > 1 ? run->count * 4u : 0);
    int64_t position = ab_offer_parts(publication, run->head, head_length, run->bodies, run->length);
    if (position < 0) {
        ab_offer_count_refusal(publication, position);
        return (int)position;
    }
    publication->sequence += run->count;
    publication->counters[AB_PUBLISHED] += run->count;
    publication->counters[AB_PUBLISHED_BYTES] += (int64_t)run->length;
    *accepted += run->count;
    if (!run->woke) {
        ab_offer_wake(publication);
        run->woke = true;
    }
    run->count = 0;
    run->length = 0;
    return AB_OK;
}

/* Walk the body that begins here: its length and type, or an ab_result that says why it is none that can be published. */
static inline int64_t next_body(ab_publication *publication, const uint8_t *bytes, size_t length, uint16_t *type) {
    static const uint8_t small[AB_SHAPE_MIN];
    ab_shape *shape = ab_shape_of(publication->shapes, length < AB_SHAPE_MIN ? small : bytes);
    if (ab_shape_begins(shape, bytes, length)) {
        *type = shape->type; /* it was declared when the shape was learned, and is short */
        return shape->length;
    }
    int64_t found;
    int64_t taken = ab_msgpack_next(bytes, length, &found, AB_MSGPACK_CHECK_RANGE);
    if (taken < 0) {
        return taken;
    }
    if (ab_offer_is_too_large(publication, (size_t)taken)) {
        return AB_TOO_LARGE;
    }
    if (found < 0 || found > UINT16_MAX || publication->type_index[found] == 0) {
        return AB_UNKNOWN_TYPE;
    }
    *type = (uint16_t)found;
    if (ab_shape_due(shape)) {
        (void)ab_shape_learn(shape, bytes, (size_t)taken, *type);
    }
    return taken;
}

/* Offer `count` bodies that lie from `bytes` on, but for the first `skip`. How many were accepted; *used is how far it came. */
static size_t offer_frames(ab_publication *publication, const uint8_t *bytes, size_t length, size_t count, size_t skip,
                           size_t *used, int *code) {
    ab_run run;
    ab_run_begin(publication, &run);
    size_t accepted = 0, at = 0;
    for (size_t i = 0; i < count; i++) {
        uint16_t type;
        int64_t taken = next_body(publication, bytes + at, length - at, &type);
        if (taken < 0) {
            *code = (int)taken;
            break;
        }
        if (i >= skip) {
            if (!ab_run_takes(&run, type, (size_t)taken)) {
                int result = ab_run_send(publication, &run, &accepted);
                if (result != AB_OK) {
                    *code = result;
                    return accepted;
                }
            }
            if (run.count == 0) {
                run.bodies = bytes + at;
            }
            ab_run_add(&run, type, (size_t)taken);
        }
        at += (size_t)taken;
    }
    int result = ab_run_send(publication, &run, &accepted);
    if (result != AB_OK) {
        *code = result;
        return accepted;
    }
    *used = at;
    return accepted;
}

/* The same, one by one through what gathers them. */
static size_t offer_each(ab_publication *publication, const uint8_t *bytes, size_t length, size_t count, size_t skip,
                         size_t *used, int *code) {
    size_t accepted = 0, at = 0;
    int64_t time_ns = ab_stamp_ns(&publication->stamp);
    for (size_t i = 0; i < count; i++) {
        uint16_t type;
        int64_t taken = next_body(publication, bytes + at, length - at, &type);
        int64_t result = taken < 0 || i < skip
                             ? taken
                             : ab_offer_element(publication, type, time_ns, bytes + at, (size_t)taken);
        if (result < 0) {
            *code = (int)result;
            break;
        }
        accepted += i >= skip;
        at += (size_t)taken;
    }
    ab_offer_gathered(publication);
    *used = at;
    return accepted;
}

size_t ab_offer_array(ab_publication *publication, const uint8_t *bytes, size_t length, size_t skip, int *code) {
    size_t at, used = 0;
    int64_t count = ab_msgpack_array(bytes, length, &at);
    *code = !publication->configured || !publication->frame || publication->format != AB_FORMAT_MSGPACK ? AB_INVALID
            : count < 0                                                                              ? AB_MALFORMED
                                                                                                     : AB_OK;
    if (*code != AB_OK) {
        return 0;
    }
    bool lingers = publication->gather != NULL && publication->gather->linger_ns > 0;
    size_t accepted = (lingers ? offer_each : offer_frames)(
        publication, bytes + at, length - at, (size_t)count, skip, &used, code);
    if (*code == AB_OK && at + used != length) {
        *code = AB_MALFORMED;
    }
    if (accepted > 0) {
        ab_offer_wake(publication);
    }
    return accepted;
}
