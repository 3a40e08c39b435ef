/* ab_shape: which bits of a body decide its walk. The argument is in ab_shape.h. */
#include "ab_shape.h"

#include "ab_bytes.h"

#define TEXT_SHORT 0xa0u /* fixstr: its length in the low five bits */

/* The bits of a value's first byte that decide how long it is, and that length; 0: a container, or what is rarely met. */
static size_t head_of(uint8_t head, uint8_t *mask) {
    static const uint8_t sizes[] = {5, 9, 2, 3, 5, 9, 2, 3, 5, 9}; /* ca to d3: floats, unsigned, signed */
    *mask = 0xff;
    if (head <= 0x7f) {
        *mask = 0x80;
        return 1;
    }
    if (head >= 0xe0) {
        *mask = 0xe0;
        return 1;
    }
    if ((head & 0xe0u) == TEXT_SHORT) {
        return 1u + (head & 0x1fu);
    }
    if (head == 0xc2 || head == 0xc3) {
        *mask = 0xfe;
        return 1;
    }
    return head == 0xc0 ? 1 : head >= 0xca && head <= 0xd3 ? sizes[head - 0xca] : 0;
}

bool ab_shape_learn(ab_shape *shape, const uint8_t *body, size_t length, uint16_t type) {
    uint8_t mask[AB_SHAPE_MAX] = {0};
    shape->length = 0;
    if (length < AB_SHAPE_MIN || length > AB_SHAPE_MAX || ((body[0] & 0xf0) != 0x90 && body[0] != 0xdc)) {
        return false;
    }
    size_t at = body[0] == 0xdc ? 3 : 1;
    size_t left = at == 1 ? body[0] & 0x0fu : ab_be16(body + 1);
    memset(mask, 0xff, at);
    for (size_t i = 0; i < left; i++) {
        uint8_t bits;
        size_t size = at < length ? head_of(body[at], &bits) : 0;
        if (size == 0 || size > length - at) {
            return false;
        }
        mask[at] = bits;
        if (i == 0) {
            memset(mask + at, 0xff, size); /* the type id itself */
        } else if (body[at] == 0xcf) {
            if ((body[at + 1] & 0x80) != 0) {
                return false; /* above 2^63 - 1 */
            }
            mask[at + 1] = 0x80;
        }
        at += size;
    }
    if (at != length) {
        return false;
    }
    const size_t word = sizeof(ab_shape_word);
    shape->words = (uint32_t)((length + word - 1) / word);
    for (uint32_t i = 0; i < shape->words; i++) {
        size_t from = i + 1 == shape->words ? length - word : i * word;
        memcpy(&shape->mask[i], mask + from, word);
        memcpy(&shape->value[i], body + from, word);
    }
    shape->length = (uint32_t)length;
    shape->type = type;
    shape->misses = 0;
    return true;
}
