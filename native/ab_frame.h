/*
 * ab_frame: the 32 bytes in front of every message (architecture D7), in one place.
 *
 *    0       1       2       3       4       5       6       7
 *   +-------+-------+---------------+---------------+---------------+
 *   |version|format | flags         | type          | schema version|   0
 *   +-------+-------+---------------+---------------+---------------+
 *   | publisher                     | count         | header length |   8
 *   +-------------------------------+---------------+---------------+
 *   | sequence (of the first message)                               |  16
 *   +---------------------------------------------------------------+
 *   | publish time (CLOCK_REALTIME, ns since 1970)                  |  24
 *   +---------------------------------------------------------------+
 *   | extensions: header length - 32 bytes, skipped by who does not know them
 *   | count > 1 only: body lengths, count x u32
 *   | body, or the bodies one after another
 *
 * Definitions
 *   All numbers are little endian. `sequence` starts at 0 for each publisher start and grows by one a message.
 *   count 1: one message. count > 1: a batch frame, its messages carry sequence, sequence + 1, ...
 *   Type 0 is ours: no body, count 0, flags say which (Hello, Beat, Bye), sequence is the *next* sequence.
 * Invariants (a frame that breaks one is malformed as a whole)
 *   version == 1; format <= 4; publisher != 0; header length is a multiple of 8, at least 32, at most the frame; the body lengths add up to
 *   exactly what follows them; count >= 1 unless type is 0; type 0 has format 0, count 0 and nothing behind its header.
 * Versions
 *   1: this. A reader refuses every other version; extensions and unknown flag bits may come without a new one.
 *
 * Pure functions: no state, any thread, nothing allocated.
 */
#ifndef AB_FRAME_H
#define AB_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ab_bytes.h"
#include "ab_result.h"

/* cffi:begin */
#define AB_FRAME_LENGTH 32
#define AB_FRAME_VERSION 1
#define AB_FRAME_COUNT_MAX 65535

enum ab_format { AB_FORMAT_RAW = 0, AB_FORMAT_MSGPACK = 1, AB_FORMAT_JSON = 2, AB_FORMAT_PROTOBUF = 3, AB_FORMAT_STRUCT = 4 };

/* Low byte of flags in a frame of type AB_TYPE_CONTROL. */
enum ab_control { AB_HELLO = 1, AB_BEAT = 2, AB_BYE = 3 };

#define AB_TYPE_CONTROL 0
#define AB_TYPE_RAW 1

typedef struct {
    uint8_t version;
    uint8_t format;
    uint16_t flags;
    uint16_t type;
    uint16_t schema_version;
    uint32_t publisher;
    uint16_t count;
    uint16_t header_length;
    uint64_t sequence;
    int64_t publish_time_ns;
} ab_frame;

/* Write the 32 bytes of `frame` to `out`. header_length is written as it is given: extensions follow, if any. */
void ab_frame_encode(const ab_frame *frame, uint8_t *out);

/* Read and check the frame in `bytes[0 .. length)`. AB_OK, and `*body` is the offset of the first body (or of the body
 * lengths: see ab_frame_bodies); or AB_MALFORMED, and `frame` holds as much as could be read (zeroes when under 32 bytes). */
int ab_frame_decode(const uint8_t *bytes, size_t length, ab_frame *frame, size_t *body);

/* For a frame that ab_frame_decode accepted: the offset of the first body behind the lengths, or 0 when the lengths do not
 * add up to exactly the rest. With count 1 this is `body` itself. */
size_t ab_frame_bodies(const uint8_t *bytes, size_t length, uint16_t count, size_t body);
/* cffi:end */

/* How many messages these bytes are: those of a batch frame; 0: a word of ours (Hello, Beat, Bye); 1 also what is no frame of ours. */
uint32_t ab_frame_messages(const uint8_t *bytes, size_t length);

/* Offsets, for the tests that forge frames and for the page docs/wire-format.md. */
#define AB_FRAME_VERSION_OFFSET 0
#define AB_FRAME_FORMAT_OFFSET 1
#define AB_FRAME_FLAGS_OFFSET 2
#define AB_FRAME_TYPE_OFFSET 4
#define AB_FRAME_SCHEMA_VERSION_OFFSET 6
#define AB_FRAME_PUBLISHER_OFFSET 8
#define AB_FRAME_COUNT_OFFSET 12
#define AB_FRAME_HEADER_LENGTH_OFFSET 14
#define AB_FRAME_SEQUENCE_OFFSET 16
#define AB_FRAME_PUBLISH_TIME_OFFSET 24

/* ab_frame_encode where it is used: for each message. */
static inline void ab_frame_put(const ab_frame *frame, uint8_t *out) {
    out[AB_FRAME_VERSION_OFFSET] = frame->version;
    out[AB_FRAME_FORMAT_OFFSET] = frame->format;
    ab_put_le16(out + AB_FRAME_FLAGS_OFFSET, frame->flags);
    ab_put_le16(out + AB_FRAME_TYPE_OFFSET, frame->type);
    ab_put_le16(out + AB_FRAME_SCHEMA_VERSION_OFFSET, frame->schema_version);
    ab_put_le32(out + AB_FRAME_PUBLISHER_OFFSET, frame->publisher);
    ab_put_le16(out + AB_FRAME_COUNT_OFFSET, frame->count);
    ab_put_le16(out + AB_FRAME_HEADER_LENGTH_OFFSET, frame->header_length);
    ab_put_le64(out + AB_FRAME_SEQUENCE_OFFSET, frame->sequence);
    ab_put_le64(out + AB_FRAME_PUBLISH_TIME_OFFSET, (uint64_t)frame->publish_time_ns);
}

/* ab_frame_decode where it is used: for each message. */
static inline int ab_frame_get(const uint8_t *bytes, size_t length, ab_frame *frame, size_t *body) {
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

/* Length of body i of a batch frame, whose lengths begin at `body` and were checked by ab_frame_bodies. */
static inline uint32_t ab_frame_body_length(const uint8_t *bytes, size_t body, uint32_t i) {
    return ab_le32(bytes + body + (size_t)i * 4u);
}

_Static_assert(AB_FRAME_PUBLISH_TIME_OFFSET + 8 == AB_FRAME_LENGTH, "the header is 32 bytes");

#endif
