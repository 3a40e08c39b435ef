/* ab_gather: batch frames on their way out. The rules are in ab_gather.h. */
#include "ab_gather.h"

#include <stdlib.h>
#include <string.h>

#include "ab_bytes.h"
#include "ab_clock.h"
#include "ab_local.h"
#include "ab_offer.h"

/* A refused frame is offered again so soon after. */
#define RETRY_NS 1000000

int ab_publication_gather(ab_handle handle, uint32_t max_messages, size_t max_bytes, int64_t linger_ns, ab_event *news) {
    ab_publication *publication = ab_slot_peek(handle, AB_KIND_PUBLICATION);
    if (publication == NULL) {
        return AB_STALE;
    }
    if (max_messages == 0 || max_messages > AB_FRAME_COUNT_MAX || max_bytes == 0 || linger_ns < 0 || !publication->configured ||
        !publication->frame || publication->gather != NULL) {
        return AB_INVALID;
    }
    if (max_bytes > publication->max_message_length) {
        max_bytes = publication->max_message_length;
    }
    ab_gather *gather = calloc(1, sizeof *gather);
    if (gather == NULL) {
        return AB_NO_MEMORY;
    }
    gather->head = AB_FRAME_LENGTH + (size_t)max_messages * 4u;
    gather->lengths = malloc(max_messages * sizeof *gather->lengths);
    gather->bytes = malloc(gather->head + max_bytes);
    if (gather->lengths == NULL || gather->bytes == NULL) {
        ab_gather_free(gather);
        return AB_NO_MEMORY;
    }
    gather->max_messages = max_messages;
    gather->max_bytes = max_bytes;
    gather->linger_ns = linger_ns;
    if (news != NULL) {
        ab_event_retain(news);
        gather->news = news;
    }
    publication->gather = gather;
    return AB_OK;
}

void ab_gather_free(ab_gather *gather) {
    if (gather != NULL) {
        ab_event_release(gather->news);
        free(gather->lengths);
        free(gather->bytes);
        free(gather);
    }
}

/* Bytes of a frame of `count` bodies of `length` bytes in all. */
static size_t frame_length(uint32_t count, size_t length) {
    return AB_FRAME_LENGTH + (count > 1 ? (size_t)count * 4u : 0) + length;
}

bool ab_gather_fits(const ab_publication *publication, size_t length) {
    return publication->gather->max_messages > 1 && frame_length(1, length) <= publication->gather->max_bytes;
}

static bool is_connected(const ab_publication *publication) {
    return publication->local != NULL ? ab_local_is_connected(publication)
                                      : ab_aeron->exclusive_publication_is_connected(publication->aeron);
}

/* Have somebody look after what waits. */
static void watch(ab_gather *gather) {
    if (!gather->watched && gather->news != NULL) {
        gather->watched = true;
        ab_event_bump(gather->news);
    }
}

static ab_frame frame_of(const ab_publication *publication, uint16_t type, uint16_t version, uint32_t count) {
    return (ab_frame){
        .version = AB_FRAME_VERSION,
        .format = publication->format,
        .type = type,
        .schema_version = version,
        .publisher = publication->publisher,
        .count = (uint16_t)count,
        .header_length = AB_FRAME_LENGTH,
    };
}

int ab_gather_flush(ab_publication *publication) {
    ab_gather *gather = publication->gather;
    if (gather == NULL || gather->count == 0) {
        return AB_OK;
    }
    ab_frame frame = frame_of(publication, gather->type, gather->version, gather->count);
    frame.sequence = gather->first;
    frame.publish_time_ns = gather->time_ns;
    uint8_t *start = gather->bytes + gather->head; /* header and lengths grow backwards from the bodies */
    if (gather->count > 1) {
        start -= (size_t)gather->count * 4u;
        for (uint32_t i = 0; i < gather->count; i++) {
            ab_put_le32(start + (size_t)i * 4u, gather->lengths[i]);
        }
    }
    start -= AB_FRAME_LENGTH;
    ab_frame_put(&frame, start);
    int64_t position = ab_offer_bytes(publication, start, frame_length(gather->count, gather->length));
    if (position < 0) {
        gather->due_ns = ab_clock_monotonic_ns() + RETRY_NS;
        watch(gather);
        return (int)position;
    }
    publication->counters[AB_PUBLISHED] += gather->count;
    publication->counters[AB_PUBLISHED_BYTES] += (int64_t)gather->length;
    gather->count = 0;
    gather->length = 0;
    return AB_OK;
}

int ab_gather_add(
    ab_publication *publication, uint16_t type, uint16_t version, int64_t time_ns, const uint8_t *body, size_t length) {
    ab_gather *gather = publication->gather;
    if (gather->count > 0 &&
        (gather->type != type || gather->first + gather->count != publication->sequence || gather->count == gather->max_messages ||
         frame_length(gather->count + 1, gather->length + length) > gather->max_bytes)) {
        int flushed = ab_gather_flush(publication);
        if (flushed != AB_OK) {
            return flushed;
        }
    }
    if (gather->count == 0) {
        if (!is_connected(publication)) {
            return AB_NOT_CONNECTED;
        }
        gather->type = type;
        gather->version = version;
        gather->first = publication->sequence;
        gather->time_ns = time_ns;
        if (gather->linger_ns > 0) {
            gather->due_ns = ab_clock_monotonic_ns() + gather->linger_ns;
            watch(gather);
        }
    }
    memcpy(gather->bytes + gather->head + gather->length, body, length);
    gather->lengths[gather->count++] = (uint32_t)length;
    gather->length += length;
    if (gather->count == gather->max_messages) {
        (void)ab_gather_flush(publication); /* refused: it is kept, and the next one hears of it */
    }
    return AB_OK;
}

size_t ab_gather_give_up(ab_publication *publication) {
    ab_gather *gather = publication->gather;
    size_t count = gather == NULL ? 0 : gather->count;
    if (count > 0) {
        publication->counters[AB_DROPPED] += (int64_t)count;
        gather->count = 0;
        gather->length = 0;
    }
    return count;
}

int64_t ab_gather_linger(ab_publication *publication, int64_t now_ns) {
    ab_gather *gather = publication->gather;
    if (gather == NULL) {
        return 0;
    }
    gather->watched = true; /* by the caller, while this runs */
    if (gather->count > 0 && now_ns >= gather->due_ns) {
        (void)ab_gather_flush(publication);
    }
    gather->watched = gather->count > 0;
    return gather->watched ? gather->due_ns : 0;
}

/* ---- records ------------------------------------------------------------------------------------------------------- */

/* Write the bodies of `count` records behind their lengths. The number of the first one no reader would take; `count`: none. */
static size_t put_records(const ab_layout *layout, const uint8_t *records, size_t count, uint8_t *out) {
    size_t used = layout->used, stride = layout->stride;
    if (count > 1) {
        for (size_t i = 0; i < count; i++) {
            ab_put_le32(out + i * 4u, layout->used);
        }
        out += count * 4u;
    }
    if (layout->picky_count == 0 && !layout->gaps && used == stride) {
        memcpy(out, records, count * used);
        return count;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t wrong;
        memcpy(out + i * used, records + i * stride, used);
        if (layout->gaps) {
            ab_layout_clear_gaps(layout, out + i * used);
        }
        if (layout->picky_count > 0 && ab_layout_check(layout, out + i * used, &wrong) != AB_OK) {
            return i;
        }
    }
    return count;
}

size_t ab_offer_records(
    ab_publication *publication, const ab_layout *layout, const uint8_t *records, size_t count, int *code) {
    uint16_t index = publication->configured && publication->layouts != NULL ? publication->type_index[layout->type_id] : 0;
    if (index == 0 || publication->layouts[index - 1] == NULL || publication->layouts[index - 1]->used != layout->used) {
        *code = AB_UNKNOWN_TYPE;
        return 0;
    }
    const ab_gather *gather = publication->gather;
    size_t most = gather == NULL || gather->max_messages == 1 ? AB_FRAME_COUNT_MAX : gather->max_messages;
    size_t longest = gather == NULL || gather->max_messages == 1 ? publication->max_payload_length : gather->max_bytes;
    size_t fit = longest > AB_FRAME_LENGTH ? (longest - AB_FRAME_LENGTH) / (layout->used + 4u) : 0;
    size_t each = fit < 1 ? 1 : fit < most ? fit : most;
    if (frame_length((uint32_t)each, each * layout->used) > publication->max_message_length) {
        *code = AB_TOO_LARGE;
        return 0;
    }
    uint8_t *bytes = malloc(frame_length((uint32_t)each, each * layout->used));
    if (bytes == NULL) {
        *code = AB_NO_MEMORY;
        return 0;
    }
    size_t accepted = 0;
    int64_t time_ns = ab_stamp_ns(&publication->stamp);
    *code = ab_offer_ready(publication);
    while (*code == AB_OK && accepted < count) {
        size_t left = count - accepted, asked = left < each ? left : each;
        const uint8_t *from = records + accepted * layout->stride;
        size_t number = put_records(layout, from, asked, bytes + AB_FRAME_LENGTH);
        if (number < asked) {
            *code = AB_MALFORMED; /* of the record behind those that go now */
            if (number == 0) {
                break;
            }
            (void)put_records(layout, from, number, bytes + AB_FRAME_LENGTH);
        }
        ab_frame frame = frame_of(publication, layout->type_id, publication->types[index - 1].version, (uint32_t)number);
        frame.sequence = publication->sequence;
        frame.publish_time_ns = time_ns;
        ab_frame_put(&frame, bytes);
        int64_t position = ab_offer_bytes(publication, bytes, frame_length((uint32_t)number, number * layout->used));
        if (position < 0) {
            ab_offer_count_refusal(publication, position);
            *code = (int)position;
            break;
        }
        publication->counters[AB_PUBLISHED] += (int64_t)number;
        publication->counters[AB_PUBLISHED_BYTES] += (int64_t)(number * layout->used);
        publication->sequence += number;
        accepted += number;
    }
    free(bytes);
    return accepted;
}
