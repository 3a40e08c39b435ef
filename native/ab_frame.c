/* ab_frame: read and write the 32-byte header. The layout and its rules are in ab_frame.h. */
#include "ab_frame.h"

#include <string.h>

#include "ab_bytes.h"

void ab_frame_encode(const ab_frame *frame, uint8_t *out) { ab_frame_put(frame, out); }

int ab_frame_decode(const uint8_t *bytes, size_t length, ab_frame *frame, size_t *body) {
    *body = 0;
    if (length < AB_FRAME_LENGTH) {
        memset(frame, 0, sizeof *frame);
        return AB_MALFORMED;
    }
    frame->version = bytes[AB_FRAME_VERSION_OFFSET];
    frame->format = bytes[AB_FRAME_FORMAT_OFFSET];
    frame->flags = ab_le16(bytes + AB_FRAME_FLAGS_OFFSET);
    frame->type = ab_le16(bytes + AB_FRAME_TYPE_OFFSET);
    frame->schema_version = ab_le16(bytes + AB_FRAME_SCHEMA_VERSION_OFFSET);
    frame->publisher = ab_le32(bytes + AB_FRAME_PUBLISHER_OFFSET);
    frame->count = ab_le16(bytes + AB_FRAME_COUNT_OFFSET);
    frame->header_length = ab_le16(bytes + AB_FRAME_HEADER_LENGTH_OFFSET);
    frame->sequence = ab_le64(bytes + AB_FRAME_SEQUENCE_OFFSET);
    frame->publish_time_ns = (int64_t)ab_le64(bytes + AB_FRAME_PUBLISH_TIME_OFFSET);

    if (frame->version != AB_FRAME_VERSION || frame->format > AB_FORMAT_STRUCT || frame->publisher == 0 ||
        frame->header_length < AB_FRAME_LENGTH || (frame->header_length & 7u) != 0 || frame->header_length > length) {
        return AB_MALFORMED;
    }
    if (frame->type == AB_TYPE_CONTROL) {
        unsigned control = frame->flags & 0xffu;
        if (frame->count != 0 || frame->format != AB_FORMAT_RAW || frame->header_length != length ||
            control < AB_HELLO || control > AB_BYE) {
            return AB_MALFORMED;
        }
    } else if (frame->count == 0) {
        return AB_MALFORMED;
    }
    *body = frame->header_length;
    return AB_OK;
}

size_t ab_frame_bodies(const uint8_t *bytes, size_t length, uint16_t count, size_t body) {
    if (count <= 1) {
        return body;
    }
    size_t table = (size_t)count * 4u;
    if (length - body < table) {
        return 0;
    }
    /* 65,535 lengths of 4 GiB stay far below 2^64: the sum cannot wrap. */
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += ab_le32(bytes + body + i * 4u);
    }
    return sum == (uint64_t)(length - body - table) ? body + table : 0;
}
