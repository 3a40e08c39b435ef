/* ab_frame: the 32 bytes, written and read, and each way in which they can be wrong. */
#include "../ab_frame.h"

#include "check.h"

static const ab_frame sample = {
    .version = 1,
    .format = AB_FORMAT_MSGPACK,
    .flags = 0x0302,
    .type = 0x1514,
    .schema_version = 0x1716,
    .publisher = 0x1b1a1918,
    .count = 1,
    .header_length = 32,
    .sequence = 0x2726252423222120,
    .publish_time_ns = 0x2f2e2d2c2b2a2928,
};

static void the_layout_is_the_one_of_the_diagram(void) {
    static const uint8_t expected[32] = {
        0x01, 0x01, 0x02, 0x03, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x01, 0x00, 0x20, 0x00,
        0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f};
    uint8_t bytes[32];
    ab_frame_encode(&sample, bytes);
    CHECK(memcmp(expected, bytes, 32) == 0);

    ab_frame read;
    size_t body;
    CHECK_EQUAL(AB_OK, ab_frame_decode(bytes, 32, &read, &body));
    CHECK(memcmp(&sample, &read, sizeof read) == 0);
    CHECK_EQUAL(32, body);
}

static int decode_with(size_t offset, uint8_t value, size_t length) {
    uint8_t bytes[64] = {0};
    ab_frame frame;
    size_t body;
    ab_frame_encode(&sample, bytes);
    bytes[offset] = value;
    return ab_frame_decode(bytes, length, &frame, &body);
}

static void every_wrong_field_is_malformed(void) {
    uint8_t bytes[64] = {0};
    ab_frame frame;
    size_t body;
    ab_frame_encode(&sample, bytes);
    for (size_t length = 0; length < 32; length++) {
        CHECK_EQUAL(AB_MALFORMED, ab_frame_decode(bytes, length, &frame, &body));
        CHECK_EQUAL(0, frame.version);
        CHECK_EQUAL(0, body);
    }
    CHECK_EQUAL(AB_MALFORMED, decode_with(AB_FRAME_VERSION_OFFSET, 0, 64));
    CHECK_EQUAL(AB_MALFORMED, decode_with(AB_FRAME_VERSION_OFFSET, 2, 64));
    CHECK_EQUAL(AB_MALFORMED, decode_with(AB_FRAME_FORMAT_OFFSET, 5, 64));
    CHECK_EQUAL(AB_MALFORMED, decode_with(AB_FRAME_COUNT_OFFSET, 0, 64));
    CHECK_EQUAL(AB_MALFORMED, decode_with(AB_FRAME_HEADER_LENGTH_OFFSET, 0, 64));
    CHECK_EQUAL(AB_MALFORMED, decode_with(AB_FRAME_HEADER_LENGTH_OFFSET, 24, 64));
    CHECK_EQUAL(AB_MALFORMED, decode_with(AB_FRAME_HEADER_LENGTH_OFFSET, 33, 64));
    CHECK_EQUAL(AB_MALFORMED, decode_with(AB_FRAME_HEADER_LENGTH_OFFSET, 72, 64));
    CHECK_EQUAL(AB_MALFORMED, decode_with(AB_FRAME_HEADER_LENGTH_OFFSET + 1, 0xff, 64));
    CHECK_EQUAL(AB_OK, decode_with(AB_FRAME_HEADER_LENGTH_OFFSET, 40, 64)); /* an extension we do not know */
    CHECK_EQUAL(AB_OK, decode_with(AB_FRAME_FLAGS_OFFSET + 1, 0xff, 64));   /* flags we do not know */

    ab_frame nobody = sample;
    nobody.publisher = 0;
    ab_frame_encode(&nobody, bytes);
    CHECK_EQUAL(AB_MALFORMED, ab_frame_decode(bytes, 64, &frame, &body));
}

static int decode_control(int flags, int format, int count, size_t length) {
    uint8_t bytes[64] = {0};
    ab_frame frame = {.version = 1, .format = (uint8_t)format, .flags = (uint16_t)flags, .publisher = 7,
                      .count = (uint16_t)count, .header_length = 32, .sequence = 9};
    size_t body;
    ab_frame_encode(&frame, bytes);
    return ab_frame_decode(bytes, length, &frame, &body);
}

static void control_frames_have_no_body_and_a_known_kind(void) {
    for (int kind = AB_HELLO; kind <= AB_BYE; kind++) {
        CHECK_EQUAL(AB_OK, decode_control(kind, 0, 0, 32));
        CHECK_EQUAL(AB_OK, decode_control(kind | 0x100, 0, 0, 32));
        CHECK_EQUAL(AB_MALFORMED, decode_control(kind, 0, 0, 40));
        CHECK_EQUAL(AB_MALFORMED, decode_control(kind, 1, 0, 32));
        CHECK_EQUAL(AB_MALFORMED, decode_control(kind, 0, 1, 32));
    }
    CHECK_EQUAL(AB_MALFORMED, decode_control(0, 0, 0, 32));
    CHECK_EQUAL(AB_MALFORMED, decode_control(4, 0, 0, 32));
}

static void body_lengths_must_add_up_exactly(void) {
    uint8_t bytes[64] = {0};
    bytes[32] = 3; /* lengths 3, 0, 5 behind a header of 32, then 8 bytes */
    bytes[40] = 5;
    CHECK_EQUAL(44, ab_frame_bodies(bytes, 52, 3, 32));
    CHECK_EQUAL(3, ab_frame_body_length(bytes, 32, 0));
    CHECK_EQUAL(5, ab_frame_body_length(bytes, 32, 2));
    CHECK_EQUAL(0, ab_frame_bodies(bytes, 51, 3, 32));
    CHECK_EQUAL(0, ab_frame_bodies(bytes, 53, 3, 32));
    CHECK_EQUAL(0, ab_frame_bodies(bytes, 43, 3, 32)); /* not even the lengths */
    CHECK_EQUAL(0, ab_frame_bodies(bytes, 32, 65535, 32));
    memset(bytes + 32, 0xff, 12); /* 3 x (2^32 - 1) */
    CHECK_EQUAL(0, ab_frame_bodies(bytes, 52, 3, 32));
    CHECK_EQUAL(32, ab_frame_bodies(bytes, 52, 1, 32));
}

int main(void) {
    RUN(the_layout_is_the_one_of_the_diagram);
    RUN(every_wrong_field_is_malformed);
    RUN(control_frames_have_no_body_and_a_known_kind);
    RUN(body_lengths_must_add_up_exactly);
    return 0;
}
