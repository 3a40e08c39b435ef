/* ab_frame: read and write the 32-byte header. The layout and its rules are in ab_frame.h. */
#include "ab_frame.h"

#include <string.h>

#include "ab_bytes.h"

void ab_frame_encode(const ab_frame *frame, uint8_t *out) { ab_frame_put(frame, out); }

int ab_frame_decode(const uint8_t *bytes, size_t length, ab_frame *frame, size_t *body) {
    return ab_frame_get(bytes, length, frame, body);
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

uint32_t ab_frame_messages(const uint8_t *bytes, size_t length) {
    ab_frame frame;
    size_t body;
    return ab_frame_get(bytes, length, &frame, &body) == AB_OK ? frame.count : 1; /* a word of ours has count 0 */
}
