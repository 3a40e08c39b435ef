/* ab_msgpack: the walk over every kind of value, whole, cut at every byte and with a tail; depth; the splitter. */
#include "../ab_msgpack.h"

#include "check.h"

/* Walk a copy of exactly the right length, so that a sanitizer sees one byte too many. */
static int one(const uint8_t *bytes, size_t length, int64_t *type, int flags) {
    uint8_t *copy = malloc(length == 0 ? 1 : length);
    memcpy(copy, bytes, length);
    int result = ab_msgpack_one(copy, length, type, flags);
    free(copy);
    return result;
}

/* One value of each kind in the format's specification, with what it needs behind its first byte. */
typedef struct {
    uint8_t bytes[12];
    size_t head;  /* bytes given */
    size_t total; /* of the value, zeros behind */
} value;

static const value values[] = {
    {{0x00}, 1, 1}, {{0x7f}, 1, 1}, {{0xe0}, 1, 1}, {{0xff}, 1, 1}, {{0xc0}, 1, 1}, {{0xc2}, 1, 1}, {{0xc3}, 1, 1},
    {{0xcc}, 1, 2}, {{0xcd}, 1, 3}, {{0xce}, 1, 5}, {{0xcf}, 1, 9}, {{0xd0}, 1, 2}, {{0xd1}, 1, 3}, {{0xd2}, 1, 5},
    {{0xd3}, 1, 9}, {{0xca}, 1, 5}, {{0xcb}, 1, 9}, {{0xa0}, 1, 1}, {{0xa5}, 1, 6}, {{0xbf}, 1, 32},
    {{0xd9, 0}, 2, 2}, {{0xd9, 255}, 2, 257}, {{0xda, 1, 0}, 3, 259}, {{0xdb, 0, 0, 1, 4}, 5, 265},
    {{0xc4, 9}, 2, 11}, {{0xc5, 0, 9}, 3, 12}, {{0xc6, 0, 0, 0, 9}, 5, 14},
    {{0xd4}, 1, 3}, {{0xd5}, 1, 4}, {{0xd6}, 1, 6}, {{0xd7}, 1, 10}, {{0xd8}, 1, 18},
    {{0xc7, 3}, 2, 6}, {{0xc7, 0}, 2, 3}, {{0xc8, 0, 3}, 3, 7}, {{0xc9, 0, 0, 0, 3}, 5, 9},
    {{0x90}, 1, 1}, {{0x93}, 1, 4}, {{0xdc, 0, 2}, 3, 5}, {{0xdd, 0, 0, 0, 2}, 5, 7},
    {{0x80}, 1, 1}, {{0x82}, 1, 5}, {{0xde, 0, 1}, 3, 5}, {{0xdf, 0, 0, 0, 1}, 5, 7},
};

static void every_kind_of_value_is_stepped_over_exactly(void) {
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        uint8_t body[300] = {0x92, 0x2a}; /* [42, value] */
        size_t length = 2 + values[i].total;
        int64_t type;
        memcpy(body + 2, values[i].bytes, values[i].head);
        CHECK_EQUAL(AB_OK, one(body, length, &type, AB_MSGPACK_CHECK_RANGE));
        CHECK_EQUAL(42, type);
        CHECK_EQUAL(AB_MALFORMED, one(body, length + 1, &type, 0));
        CHECK_EQUAL(0, type);
        for (size_t cut = 0; cut < length; cut++) {
            CHECK_EQUAL(AB_MALFORMED, one(body, cut, &type, 0));
        }
    }
    uint8_t never[3] = {0x92, 0x2a, 0xc1};
    int64_t type;
    CHECK_EQUAL(AB_MALFORMED, one(never, 3, &type, 0));
}

static void the_type_is_read_from_every_integer(void) {
    static const struct {
        uint8_t bytes[9];
        size_t length;
        int64_t value;
    } integers[] = {
        {{0x05}, 1, 5}, {{0x7f}, 1, 127}, {{0xff}, 1, -1}, {{0xe0}, 1, -32}, {{0xcc, 200}, 2, 200},
        {{0xcd, 0x12, 0x34}, 3, 0x1234}, {{0xce, 0xff, 0, 0, 1}, 5, 0xff000001}, {{0xd0, 0x80}, 2, -128},
        {{0xd1, 0x80, 0}, 3, -32768}, {{0xd2, 0x80, 0, 0, 0}, 5, INT32_MIN},
        {{0xcf, 0x7f, 255, 255, 255, 255, 255, 255, 255}, 9, INT64_MAX}, {{0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0}, 9, INT64_MIN},
    };
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        uint8_t body[10] = {0x91};
        int64_t type;
        memcpy(body + 1, integers[i].bytes, integers[i].length);
        CHECK_EQUAL(AB_OK, one(body, 1 + integers[i].length, &type, AB_MSGPACK_CHECK_RANGE));
        CHECK_EQUAL(integers[i].value, type);
        CHECK_EQUAL(AB_MALFORMED, one(body, integers[i].length, &type, 0));
    }
}

static void what_is_no_array_with_an_integer_first_is_malformed(void) {
    static const uint8_t wrong[][3] = {
        {0x90}, {0x05}, {0xc0}, {0x81, 0x01, 0x01}, {0x91, 0xa0}, {0x91, 0xc0}, {0x91, 0x90}, {0x91, 0xca}, {0xdc, 0, 0}};
    static const size_t lengths[] = {1, 1, 1, 3, 2, 2, 2, 2, 3};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        int64_t type;
        CHECK_EQUAL(AB_MALFORMED, one(wrong[i], lengths[i], &type, 0));
    }
}

static void an_unsigned_integer_beyond_int64_is_out_of_range(void) {
    uint8_t second[] = {0x92, 0x01, 0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0};
    uint8_t first[] = {0x91, 0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0};
    uint8_t deep[] = {0x92, 0x01, 0x81, 0xcf, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xc0};
    int64_t type;
    CHECK_EQUAL(AB_RANGE, one(second, sizeof second, &type, AB_MSGPACK_CHECK_RANGE));
    CHECK_EQUAL(AB_OK, one(second, sizeof second, &type, 0));
    CHECK_EQUAL(1, type);
    CHECK_EQUAL(AB_RANGE, one(first, sizeof first, &type, AB_MSGPACK_CHECK_RANGE));
    CHECK_EQUAL(AB_MALFORMED, one(first, sizeof first, &type, 0));
    CHECK_EQUAL(AB_RANGE, one(deep, sizeof deep, &type, AB_MSGPACK_CHECK_RANGE));
    second[2] = 0xd3; /* the same bytes as a signed one are negative, and fine */
    CHECK_EQUAL(AB_OK, one(second, sizeof second, &type, AB_MSGPACK_CHECK_RANGE));
}

static void nesting_is_walked_to_64_levels_and_not_further(void) {
    for (int map = 0; map < 2; map++) {
        for (unsigned levels = 1; levels <= 70; levels++) {
            /* [1, [[[...]]]] or [1, {nil: {nil: ...}}]: `levels` containers, the outer one counted */
            uint8_t body[256] = {0x92, 0x01};
            size_t length = 2;
            for (unsigned level = 1; level < levels; level++) {
                body[length++] = map ? 0x81 : 0x91;
                if (map) {
                    body[length++] = 0xc0;
                }
            }
            body[length++] = 0xc0;
            int64_t type;
            CHECK_EQUAL(levels <= AB_MSGPACK_DEPTH_MAX ? AB_OK : AB_MALFORMED, one(body, length, &type, 0));
        }
    }
    size_t million = 1000000;
    uint8_t *deep = malloc(million);
    int64_t type;
    memset(deep, 0x91, million);
    CHECK_EQUAL(AB_MALFORMED, ab_msgpack_one(deep, million, &type, 0));
    deep[1] = 0x01;
    CHECK_EQUAL(AB_MALFORMED, ab_msgpack_one(deep, million, &type, 0));
    free(deep);
}

static void lengths_that_lie_are_refused_at_once(void) {
    static const uint8_t lies[][7] = {
        {0x92, 1, 0xdd, 0xff, 0xff, 0xff, 0xff}, {0x92, 1, 0xdf, 0xff, 0xff, 0xff, 0xff},
        {0x92, 1, 0xdb, 0xff, 0xff, 0xff, 0xff}, {0x92, 1, 0xc6, 0xff, 0xff, 0xff, 0xff},
        {0x92, 1, 0xc9, 0xff, 0xff, 0xff, 0xff}, {0xdd, 0xff, 0xff, 0xff, 0xff, 1, 1}};
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        int64_t type;
        CHECK_EQUAL(AB_MALFORMED, one(lies[i], 7, &type, 0));
    }
}

static void random_bytes_never_lead_outside(void) {
    uint64_t seed = 20240607;
    int accepted = 0;
    for (int round = 0; round < 200000; round++) {
        uint8_t body[24];
        size_t length = check_random(&seed) % sizeof body;
        for (size_t i = 0; i < length; i++) {
            body[i] = (uint8_t)(check_random(&seed) >> 32);
        }
        if (length > 1 && (round & 1) != 0) {
            body[0] = 0x90 | (body[0] & 3); /* small arrays of small things are often whole */
            body[1] &= 0x7f;
        }
        int64_t type;
        accepted += one(body, length, &type, 0) == AB_OK;
    }
    CHECK(accepted > 100);
}

static void an_array_of_bodies_is_split(void) {
    static const uint8_t three[] = {0x93, 0x92, 0x05, 0xa1, 'x', 0x91, 0x06, 0x93, 0x07, 0xc0, 0x90};
    uint32_t offsets[3], lengths[3];
    CHECK_EQUAL(3, ab_msgpack_split(three, sizeof three, offsets, lengths, 3));
    CHECK_EQUAL(1, offsets[0]);
    CHECK_EQUAL(4, lengths[0]);
    CHECK_EQUAL(5, offsets[1]);
    CHECK_EQUAL(2, lengths[1]);
    CHECK_EQUAL(7, offsets[2]);
    CHECK_EQUAL(4, lengths[2]);
    CHECK_EQUAL(AB_INVALID, ab_msgpack_split(three, sizeof three, offsets, lengths, 2));
    CHECK_EQUAL(AB_MALFORMED, ab_msgpack_split(three, sizeof three - 1, offsets, lengths, 3));
    CHECK_EQUAL(0, ab_msgpack_split((const uint8_t *)"\x90", 1, offsets, lengths, 3));
    CHECK_EQUAL(AB_MALFORMED, ab_msgpack_split((const uint8_t *)"\x90\xc0", 2, offsets, lengths, 3));
    CHECK_EQUAL(AB_MALFORMED, ab_msgpack_split((const uint8_t *)"\x91", 1, offsets, lengths, 3));
    CHECK_EQUAL(AB_MALFORMED, ab_msgpack_split((const uint8_t *)"\xc0", 1, offsets, lengths, 3));
    CHECK_EQUAL(AB_MALFORMED, ab_msgpack_split(three, 0, offsets, lengths, 3));
}

static void a_split_body_may_be_as_deep_as_a_body(void) {
    uint8_t bytes[80] = {0x91, 0x92, 0x01};
    size_t length = 3;
    for (unsigned level = 1; level < AB_MSGPACK_DEPTH_MAX; level++) {
        bytes[length++] = 0x91;
    }
    bytes[length++] = 0xc0;
    int64_t type;
    uint32_t offset, size;
    CHECK_EQUAL(AB_OK, one(bytes + 1, length - 1, &type, 0));
    CHECK_EQUAL(1, ab_msgpack_split(bytes, length, &offset, &size, 1));
}

static int64_t json(const char *text) { return ab_json_type((const uint8_t *)text, strlen(text)); }

static void the_type_of_a_json_body_is_its_first_number(void) {
    CHECK_EQUAL(5, json("[5,1]"));
    CHECK_EQUAL(5, json("[5]"));
    CHECK_EQUAL(65535, json(" [ 65535 , \"x\"]"));
    CHECK_EQUAL(0, json("[0,1]"));
    CHECK_EQUAL(999999999, json("[999999999,1]"));
    static const char *const wrong[] = {"", "[", "[]", "[,", "[5", "5", "{5,", "[-5,1]", "[05,1]", "[5.0,1]", "[\"5\",1]",
                                        "[1234567890,1]", "[5 5,1]", "  ", "[ "};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_EQUAL(AB_MALFORMED, json(wrong[i]));
    }
}

int main(void) {
    RUN(every_kind_of_value_is_stepped_over_exactly);
    RUN(the_type_is_read_from_every_integer);
    RUN(what_is_no_array_with_an_integer_first_is_malformed);
    RUN(an_unsigned_integer_beyond_int64_is_out_of_range);
    RUN(nesting_is_walked_to_64_levels_and_not_further);
    RUN(lengths_that_lie_are_refused_at_once);
    RUN(random_bytes_never_lead_outside);
    RUN(an_array_of_bodies_is_split);
    RUN(a_split_body_may_be_as_deep_as_a_body);
    RUN(the_type_of_a_json_body_is_its_first_number);
    return 0;
}
