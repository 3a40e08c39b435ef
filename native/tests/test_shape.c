/* ab_shape: what a shape lets pass the walk takes with the same answer; random bodies, every bit changed, every length. */
#include "../ab_shape.h"

#include "../ab_msgpack.h"
#include "check.h"

#define BODIES 400

static uint64_t state = 88172645463325252u;

/* A number below `bound`; xorshift. */
static uint32_t below(uint32_t bound) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % bound;
}

/* A body of random flat values, and now and then of another. Its length. */
static size_t make(uint8_t *body) {
    static const uint8_t heads[] = {0x00, 0x7f, 0xe0, 0xff, 0xc0, 0xc2, 0xc3, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf,
                                    0xd0, 0xd1, 0xd2, 0xd3, 0xa0, 0xa5, 0xb1, 0xbf, 0xd9, 0x90, 0x91, 0xdc};
    static const uint8_t sizes[] = {1, 1, 1, 1, 1, 1, 1, 5, 9, 2, 3, 5, 9, 2, 3, 5, 9, 1, 6, 18, 32, 7, 1, 2, 3};
    uint32_t count = 1 + below(12);
    size_t at = 4;
    memcpy(body, (uint8_t[]){(uint8_t)(0x90 | (count + 1)), 0xcd, 0x03, 0xe9}, 4);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t kind = below(sizeof heads);
        body[at] = heads[kind];
        for (size_t k = 1; k < sizes[kind]; k++) {
            body[at + k] = (uint8_t)below(128);
        }
        if (heads[kind] == 0xd9) {
            body[at + 1] = 5;
        } else if (heads[kind] == 0xdc) {
            body[at + 1] = body[at + 2] = 0;
        }
        at += sizes[kind];
    }
    return at;
}

/* Compare a copy of exactly this length, so that a sanitizer sees one byte too many. */
static bool begins(const ab_shape *shape, const uint8_t *bytes, size_t length) {
    uint8_t *copy = malloc(length == 0 ? 1 : length);
    memcpy(copy, bytes, length);
    bool result = ab_shape_begins(shape, copy, length);
    free(copy);
    return result;
}

static void what_a_shape_takes_the_walk_takes_with_the_same_answer(void) {
    size_t learned = 0, taken = 0, refused = 0;
    for (int round = 0; round < BODIES; round++) {
        uint8_t body[512];
        ab_shape shape = {0};
        int64_t type;
        size_t length = make(body);
        if (ab_msgpack_one(body, length, &type, AB_MSGPACK_CHECK_RANGE) != AB_OK) {
            continue; /* a container took what comes behind it, or was cut short */
        }
        CHECK_EQUAL(1001, type);
        if (!ab_shape_learn(&shape, body, length, (uint16_t)type)) {
            CHECK(!begins(&shape, body, length));
            continue;
        }
        learned++;
        CHECK(begins(&shape, body, length));
        CHECK(begins(&shape, body, length + 9)); /* others lie behind it */
        for (size_t cut = 0; cut < length; cut++) {
            CHECK(!begins(&shape, body, cut));
        }
        for (size_t bit = 0; bit < length * 8; bit++) {
            body[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (begins(&shape, body, length)) {
                CHECK_EQUAL(length, ab_msgpack_next(body, length, &type, AB_MSGPACK_CHECK_RANGE));
                CHECK_EQUAL(1001, type);
                taken++;
            } else {
                refused++;
            }
            body[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    CHECK(learned > BODIES / 8 && taken > 1000 && refused > 1000);
}

static void values_may_differ_and_what_decides_the_walk_may_not(void) {
    static const uint8_t body[] = {0x95, 0x05, 0xa3, 'a', 'b', 'c', 0xcf, 0, 0, 0, 0, 0, 0, 0, 9, 0xc2, 0x07};
    uint8_t other[sizeof body];
    ab_shape shape = {0};
    CHECK(ab_shape_learn(&shape, body, sizeof body, 5));
    memcpy(other, body, sizeof body);
    other[3] = 'z';
    other[7] = 0x7f;
    other[15] = 0xc3;
    other[16] = 0x7e;
    CHECK(begins(&shape, other, sizeof other));
    static const struct {
        size_t at;
        uint8_t byte;
    } wrong[] = {{0, 0x94}, {1, 0x06}, {2, 0xa4}, {6, 0xd3}, {7, 0x80}, {15, 0xc0}, {15, 0xc1}, {16, 0xff}, {16, 0xa0}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        memcpy(other, body, sizeof body);
        other[wrong[i].at] = wrong[i].byte;
        CHECK(!begins(&shape, other, sizeof other));
    }
}

static void what_cannot_be_learned_leaves_no_shape(void) {
    uint8_t longer[100] = {0x92, 0x05, 0xd9, 96};
    static const uint8_t small[] = {0x92, 0x05, 0xad, 'x', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t above[] = {0x93, 0x05, 0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0, 0xce, 0, 0, 0, 0};
    static const uint8_t nested[] = {0x92, 0x05, 0x9d, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
    ab_shape shape = {0};
    static const uint8_t flat[] = {0x93, 0x05, 0xcb, 0, 0, 0, 0, 0, 0, 0, 0, 0xce, 0, 0, 0, 0};
    CHECK(ab_shape_learn(&shape, flat, sizeof flat, 5));
    CHECK(!ab_shape_learn(&shape, nested, sizeof nested, 5));
    CHECK(!begins(&shape, flat, sizeof flat));
    CHECK(!ab_shape_learn(&shape, small, sizeof small, 5));
    CHECK(!ab_shape_learn(&shape, above, sizeof above, 5));
    CHECK(!ab_shape_learn(&shape, longer, sizeof longer, 5));
    uint32_t due = 0;
    for (uint32_t i = 0; i < 10 * AB_SHAPE_MISSES; i++) {
        due += ab_shape_due(&shape);
    }
    CHECK_EQUAL(10, due);
}

int main(void) {
    RUN(what_a_shape_takes_the_walk_takes_with_the_same_answer);
    RUN(values_may_differ_and_what_decides_the_walk_may_not);
    RUN(what_cannot_be_learned_leaves_no_shape);
    return 0;
}
