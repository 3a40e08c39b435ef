/*
 * ab_msgpack: the walk. How it goes
 *
 * One value after another is stepped over. `left` counts the values still to come at this depth; a container pushes the
 * count and starts one of its own, a count of zero pops. An element takes at least one byte, so a container that claims more
 * elements than bytes are left is refused at its header: that bounds the work by the length.
 *
 * Most bytes of real messages are one-byte integers, short texts and doubles. One table look-up on the first byte gives
 * what nearly every value needs, its whole length; only what carries a length of its own or opens a container branches further.
 */
#include "ab_msgpack.h"

#include <stdbool.h>

#include "ab_bytes.h"

/* What the first byte of a value says. 1 .. 17: the value is that many bytes long, first byte included. */
enum {
    BAD = 0,        /* 0xc1, never used */
    SIZED_8 = 64,   /* a length of 1, 2, 4 bytes follows, then that many bytes */
    SIZED_16,
    SIZED_32,
    SIZED_8_EXT,    /* the same with an extension's type byte in between */
    SIZED_16_EXT,
    SIZED_32_EXT,
    ARRAY_FIX,
    ARRAY_16,
    ARRAY_32,
    MAP_FIX,
    MAP_16,
    MAP_32,
    UINT_64
};

#define ROW_16(v) v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v

static const uint8_t heads[256] = {
    ROW_16(1), ROW_16(1), ROW_16(1), ROW_16(1), ROW_16(1), ROW_16(1), ROW_16(1), ROW_16(1), /* 00-7f positive fixint */
    ROW_16(MAP_FIX),                                                                        /* 80-8f fixmap */
    ROW_16(ARRAY_FIX),                                                                      /* 90-9f fixarray */
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,                                  /* a0-af fixstr */
    17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32,                         /* b0-bf fixstr */
    1, BAD, 1, 1,                                                                           /* nil, never, false, true */
    SIZED_8, SIZED_16, SIZED_32,                                                            /* c4-c6 bin */
    SIZED_8_EXT, SIZED_16_EXT, SIZED_32_EXT,                                                /* c7-c9 ext */
    5, 9,                                                                                   /* ca-cb float */
    2, 3, 5, UINT_64,                                                                       /* cc-cf unsigned */
    2, 3, 5, 9,                                                                             /* d0-d3 signed */
    3, 4, 6, 10, 18,                                                                        /* d4-d8 fixext */
    SIZED_8, SIZED_16, SIZED_32,                                                            /* d9-db str */
    ARRAY_16, ARRAY_32, MAP_16, MAP_32,                                                     /* dc-df */
    ROW_16(1), ROW_16(1)                                                                    /* e0-ff negative fixint */
};

/* Read the integer at p, an element known to be `end - p` bytes from the end at least one. False when it is none that fits
 * an int64; *above then tells whether it was an unsigned one beyond it. */
static bool read_integer(const uint8_t *p, const uint8_t *end, int64_t *value, bool *above) {
    size_t room = (size_t)(end - p);
    uint8_t head = *p;
    *above = false;
    if (head <= 0x7f || head >= 0xe0) {
        *value = (int8_t)head;
        return true;
    }
    if (head < 0xcc || head > 0xd3 || room < (heads[head] == UINT_64 ? 9u : heads[head])) {
        return false;
    }
    switch (head) {
        case 0xcc: *value = p[1]; return true;
        case 0xcd: *value = ab_be16(p + 1); return true;
        case 0xce: *value = ab_be32(p + 1); return true;
        case 0xcf: *above = (p[1] & 0x80) != 0; *value = (int64_t)(ab_be64(p + 1) & INT64_MAX); return !*above;
        case 0xd0: *value = (int8_t)p[1]; return true;
        case 0xd1: *value = (int16_t)ab_be16(p + 1); return true;
        case 0xd2: *value = (int32_t)ab_be32(p + 1); return true;
        default: *value = (int64_t)ab_be64(p + 1); return true;
    }
}

int64_t ab_msgpack_array(const uint8_t *bytes, size_t length, size_t *header) {
    *header = 0;
    if (length == 0) {
        return AB_MALFORMED;
    }
    if ((bytes[0] & 0xf0) == 0x90) {
        *header = 1;
        return bytes[0] & 0x0f;
    }
    if (bytes[0] == 0xdc && length >= 3) {
        *header = 3;
        return ab_be16(bytes + 1);
    }
    if (bytes[0] == 0xdd && length >= 5) {
        *header = 5;
        return ab_be32(bytes + 1);
    }
    return AB_MALFORMED;
}

/* Step over `left` values from p. The first byte behind them, or NULL. `depth` is how many containers are open around
 * them; *above is set when an unsigned integer beyond int64 was met. */
static const uint8_t *walk(const uint8_t *p, const uint8_t *end, uint64_t left, unsigned depth, bool *above) {
    uint64_t lefts[AB_MSGPACK_DEPTH_MAX + 1]; /* what is still to come in the containers around this one */
    unsigned open = 0;

    while (true) {
        while (left == 0) {
            if (open == 0) {
                return p;
            }
            left = lefts[--open];
        }
        if (p == end) {
            return NULL;
        }
        left--;

        size_t room = (size_t)(end - p); /* >= 1 */
        uint8_t kind = heads[*p];
        size_t size;
        if (kind < SIZED_8) {
            if (kind == BAD || kind > room) {
                return NULL;
            }
            p += kind;
            continue;
        }

        uint64_t elements = 0;
        switch (kind) {
            case UINT_64:
                if (room < 9) {
                    return NULL;
                }
                *above |= (p[1] & 0x80) != 0;
                p += 9;
                continue;
            case SIZED_8:
            case SIZED_8_EXT:
                if (room < 2) {
                    return NULL;
                }
                size = 2u + p[1] + (kind == SIZED_8_EXT);
                break;
            case SIZED_16:
            case SIZED_16_EXT:
                if (room < 3) {
                    return NULL;
                }
                size = 3u + ab_be16(p + 1) + (kind == SIZED_16_EXT);
                break;
            case SIZED_32:
            case SIZED_32_EXT:
                if (room < 5) {
                    return NULL;
                }
                size = (size_t)5 + ab_be32(p + 1) + (kind == SIZED_32_EXT); /* no wrap: size_t has 64 bits */
                break;
            case ARRAY_FIX:
            case MAP_FIX:
                size = 1;
                elements = *p & 0x0f;
                break;
            case ARRAY_16:
            case MAP_16:
                size = 3;
                elements = room < size ? 0 : ab_be16(p + 1);
                break;
            default: /* ARRAY_32, MAP_32 */
                size = 5;
                elements = room < size ? 0 : ab_be32(p + 1);
                break;
        }
        if (size > room) {
            return NULL;
        }
        p += size;
        if (kind < ARRAY_FIX) {
            continue;
        }
        if (kind >= MAP_FIX) {
            elements *= 2;
        }
        if (elements > room - size || depth + open >= AB_MSGPACK_DEPTH_MAX) {
            return NULL;
        }
        lefts[open++] = left;
        left = elements;
    }
}

/* Step over the values that nearly all of real messages are made of, up to the first other one: `*left` is what is still to
 * come from there. An offset behind the end when the last value is cut short. Branches, not the table: those of a stream's
 * messages are guessed right, so no step waits for the byte before it; the table took 11 cycles a value. */
static inline size_t walk_flat(const uint8_t *bytes, size_t length, size_t at, uint64_t *left, bool *above) {
    for (; *left > 0 && at < length; --*left) {
        uint8_t head = bytes[at];
        if (head <= 0x7f || head >= 0xe0) { /* fixint */
            at += 1;
        } else if (head >= 0xcc && head <= 0xcf) { /* unsigned, of 64, 32, 16, 8 bits */
            if (head == 0xcf) {
                *above |= at + 1 < length && (bytes[at + 1] & 0x80) != 0;
                at += 9;
            } else if (head == 0xce) {
                at += 5;
            } else {
                at += head == 0xcd ? 3 : 2;
            }
        } else if ((head & 0xe0) == 0xa0) { /* fixstr */
            at += 1u + (head & 0x1f);
        } else if (head == 0xcb || head == 0xd3) { /* 64 bits */
            at += 9;
        } else if (head == 0xca || head == 0xd2) { /* 32 bits */
            at += 5;
        } else if (head == 0xd0 || head == 0xd1) {
            at += head == 0xd1 ? 3 : 2;
        } else if (head == 0xc0 || head == 0xc2 || head == 0xc3) { /* nil, false, true */
            at += 1;
        } else {
            break;
        }
    }
    return at;
}

int64_t ab_msgpack_next(const uint8_t *bytes, size_t length, int64_t *type, int flags) {
    _Static_assert(sizeof(size_t) == 8, "lengths of 32 bits are added up without a check");
    *type = 0;
    size_t header;
    int64_t elements = ab_msgpack_array(bytes, length, &header);
    if (elements < 1 || length == header) {
        return AB_MALFORMED; /* no array, or an empty one: nothing names its type */
    }
    const uint8_t *end = bytes + length;
    int64_t value = 0;
    bool first_above, above = false;
    if (!read_integer(bytes + header, end, &value, &first_above) && !first_above) {
        return AB_MALFORMED;
    }
    uint64_t left = (uint64_t)elements;
    size_t at = walk_flat(bytes, length, header, &left, &above);
    if (at > length) {
        return AB_MALFORMED;
    }
    if (left > 0) {
        const uint8_t *behind = walk(bytes + at, end, left, 1, &above);
        if (behind == NULL) {
            return AB_MALFORMED;
        }
        at = (size_t)(behind - bytes);
    }
    if (above && (flags & AB_MSGPACK_CHECK_RANGE) != 0) {
        return AB_RANGE;
    }
    if (first_above) {
        return AB_MALFORMED;
    }
    *type = value;
    return (int64_t)at;
}

int ab_msgpack_one(const uint8_t *body, size_t length, int64_t *type, int flags) {
    int64_t taken = ab_msgpack_next(body, length, type, flags);
    if (taken == (int64_t)length) {
        return AB_OK;
    }
    *type = 0;
    return taken == AB_RANGE ? AB_RANGE : AB_MALFORMED;
}

int64_t ab_msgpack_split(const uint8_t *bytes, size_t length, uint32_t *offsets, uint32_t *lengths, size_t capacity) {
    size_t header;
    int64_t elements = ab_msgpack_array(bytes, length, &header);
    if (elements < 0 || (uint64_t)elements > length - header || length > UINT32_MAX) {
        return AB_MALFORMED;
    }
    if ((uint64_t)elements > capacity) {
        return AB_INVALID;
    }
    const uint8_t *end = bytes + length;
    const uint8_t *p = bytes + header;
    bool above;
    for (int64_t i = 0; i < elements; i++) {
        const uint8_t *next = walk(p, end, 1, 0, &above);
        if (next == NULL) {
            return AB_MALFORMED;
        }
        offsets[i] = (uint32_t)(p - bytes);
        lengths[i] = (uint32_t)(next - p);
        p = next;
    }
    return p == end ? elements : AB_MALFORMED;
}

/* The first byte at or behind i that is not JSON white space. */
static size_t skip_space(const uint8_t *body, size_t length, size_t i) {
    while (i < length && (body[i] == ' ' || body[i] == '\t' || body[i] == '\n' || body[i] == '\r')) {
        i++;
    }
    return i;
}

int64_t ab_json_type(const uint8_t *body, size_t length) {
    const size_t digits_max = 9; /* more than any type id, and far from overflow */
    size_t i = skip_space(body, length, 0);
    if (i == length || body[i] != '[') {
        return AB_MALFORMED;
    }
    size_t first = skip_space(body, length, i + 1);
    int64_t value = 0;
    for (i = first; i < length && i - first < digits_max && body[i] >= '0' && body[i] <= '9'; i++) {
        value = value * 10 + (body[i] - '0');
    }
    if (i == first || (body[first] == '0' && i - first > 1)) {
        return AB_MALFORMED;
    }
    i = skip_space(body, length, i);
    return i < length && (body[i] == ',' || body[i] == ']') ? value : AB_MALFORMED;
}
