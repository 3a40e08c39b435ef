/* ab_crc32c: the known answers of RFC 3720, and the fast way against the tables. */
#include "../ab_bytes.h"
#include "../ab_crc32c.h"

#include "check.h"

static void known_answers(void) {
    uint8_t bytes[32] = {0};
    CHECK_EQUAL(UINT32_C(0x8a9136aa), ab_crc32c(bytes, 32));
    memset(bytes, 0xff, 32);
    CHECK_EQUAL(UINT32_C(0x62a8ab43), ab_crc32c(bytes, 32));
    for (int i = 0; i < 32; i++) {
        bytes[i] = (uint8_t)i;
    }
    CHECK_EQUAL(UINT32_C(0x46dd794e), ab_crc32c(bytes, 32));
    CHECK_EQUAL(UINT32_C(0x46dd794e), ab_crc32c_extend_portable(0, bytes, 32));
    CHECK_EQUAL(UINT32_C(0xe3069283), ab_crc32c((const uint8_t *)"123456789", 9));
    CHECK_EQUAL(0, ab_crc32c(bytes, 0));
    CHECK(strlen(ab_crc32c_name()) > 0);
}

static void every_length_and_alignment_agrees_with_the_tables(void) {
    uint8_t bytes[300];
    uint64_t seed = 7;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)check_random(&seed);
    }
    for (size_t start = 0; start < 9; start++) {
        for (size_t length = 0; length + start <= sizeof bytes; length++) {
            uint32_t whole = ab_crc32c_extend(0, bytes + start, length);
            CHECK_EQUAL(ab_crc32c_extend_portable(0, bytes + start, length), whole);
            size_t half = length / 2;
            CHECK_EQUAL(whole, ab_crc32c_extend(ab_crc32c_extend(0, bytes + start, half), bytes + start + half, length - half));
        }
    }
}

static void three_at_once_are_as_one_after_the_other(void) {
    uint8_t bytes[400];
    uint64_t seed = 11;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)check_random(&seed);
    }
    for (int round = 0; round < 20000; round++) {
        const uint8_t *parts[3];
        size_t lengths[3];
        uint32_t crc[3], expected[3], first = (uint32_t)check_random(&seed);
        uint64_t places[3][2];
        for (int i = 0; i < 3; i++) {
            size_t start = check_random(&seed) % 200;
            parts[i] = bytes + start;
            lengths[i] = check_random(&seed) % (round % 3 == 0 ? 9 : sizeof bytes - start);
            uint8_t place[16];
            for (int k = 0; k < 2; k++) {
                places[i][k] = check_random(&seed);
                ab_put_le64(place + (size_t)k * 8, places[i][k]);
            }
            expected[i] = ab_crc32c_extend_portable(ab_crc32c_extend_portable(first, place, 16), parts[i], lengths[i]);
        }
        ab_crc32c_placed3(crc, first, places, parts, lengths);
        for (int i = 0; i < 3; i++) {
            CHECK_EQUAL(expected[i], crc[i]);
        }
    }
}

static void a_mask_is_not_the_value(void) {
    CHECK(ab_crc32c_mask(0) != 0);
    CHECK(ab_crc32c_mask(1) != ab_crc32c_mask(0));
}

int main(void) {
    RUN(known_answers);
    RUN(every_length_and_alignment_agrees_with_the_tables);
    RUN(three_at_once_are_as_one_after_the_other);
    RUN(a_mask_is_not_the_value);
    return 0;
}
