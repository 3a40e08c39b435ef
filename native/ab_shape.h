/*
 * ab_shape: the walk of a body that is laid out like the one before it.
 *
 * Most messages of a stream differ in their values, not in where their values lie. A shape holds which bits of a body decided
 * its walk: the tags, with the lengths in them, the type id, and the top bit of unsigned 64-bit integers. A body of which these
 * bits are the same, at the same places, takes every step of the walk as that one did: it is one array of the same length and
 * type, and nothing above 2^63 - 1 is in it. That is a proof, not a guess; nothing of the walk's answer is left out.
 *
 *      body    93 cd 03 e9 cb 3f f1 ...          a comparison of whole words in place of a step a value
 *      mask    ff ff ff ff ff 00 00 ...
 *
 * Rules
 *   - Learned only from a body that was walked whole, of flat values, AB_SHAPE_MIN to AB_SHAPE_MAX bytes long.
 *   - Nothing outside of the body is read: the last word overlaps the one before it.
 *   - A stream knows AB_SHAPES, told apart by the low bits of the fourth byte: of the type id, where that is above 255.
 *   - Who mixes shapes of one type pays for a failed comparison (some 2 ns) and learns anew from one miss in AB_SHAPE_MISSES.
 *
 * Thread: the owner's. Nothing is allocated.
 */
#ifndef AB_SHAPE_H
#define AB_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define AB_SHAPES 4u /* a power of two */
#define AB_SHAPE_MAX 96u
#define AB_SHAPE_MIN 16u /* a word */
#define AB_SHAPE_WORDS (AB_SHAPE_MAX / 16u)
#define AB_SHAPE_MISSES 8u

/* 16 bytes at once where the machine can; the compiler makes two of eight of them where it cannot. */
typedef uint64_t ab_shape_word __attribute__((vector_size(16)));

typedef struct {
    uint32_t length; /* of a body of this shape; 0: none is known */
    uint32_t words;  /* the last one ends with the body */
    uint32_t misses; /* since it was learned */
    uint16_t type;
    ab_shape_word mask[AB_SHAPE_WORDS];
    ab_shape_word value[AB_SHAPE_WORDS]; /* of the masked bits */
} ab_shape;

/* The one of a stream's shapes that a body of at least AB_SHAPE_MIN bytes can be of. */
static inline ab_shape *ab_shape_of(ab_shape *shapes, const uint8_t *body) { return &shapes[body[3] & (AB_SHAPES - 1u)]; }

/* Learn from a body of type `type` that ab_msgpack_one accepted with AB_MSGPACK_CHECK_RANGE. False, and no shape is known then,
 * when it cannot be. */
bool ab_shape_learn(ab_shape *shape, const uint8_t *body, size_t length, uint16_t type);

/* A body that is not of this shape was walked and found good: should it be learned? */
static inline bool ab_shape_due(ab_shape *shape) { return ++shape->misses % AB_SHAPE_MISSES == 0; }

/* Do bytes[0 .. length) begin with a body of this shape? Its length is then shape->length. */
static inline bool ab_shape_begins(const ab_shape *shape, const uint8_t *bytes, size_t length) {
    if (shape->length == 0 || length < shape->length) {
        return false;
    }
    ab_shape_word word;
    uint32_t last = shape->words - 1;
    memcpy(&word, bytes + shape->length - sizeof word, sizeof word);
    ab_shape_word differs = (word ^ shape->value[last]) & shape->mask[last];
    for (uint32_t i = 0; i < last; i++) {
        memcpy(&word, bytes + i * sizeof word, sizeof word);
        differs |= (word ^ shape->value[i]) & shape->mask[i];
    }
    return (differs[0] | differs[1]) == 0;
}

#endif
