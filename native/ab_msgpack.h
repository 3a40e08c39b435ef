/*
 * ab_msgpack: walk one msgpack value without decoding it (architecture D5).
 *
 * Why: bodies are decoded 256 at a time, laid one after another behind one array header. A body that is cut short would
 * swallow the head of the next, one that holds two values would shift all that follow, and messages would be given to the
 * wrong publisher without any error. A body therefore enters the batch only after it was walked here.
 *
 * Guarantees
 *   - Iterative: nesting costs no C stack; more than AB_MSGPACK_DEPTH_MAX levels are malformed.
 *   - Never reads at or past `length`; work is O(length), whatever the lengths inside claim.
 *   - Pure: no state, any thread, nothing allocated.
 * Not checked (the decoder does): UTF-8, map keys, field types, extension types.
 */
#ifndef AB_MSGPACK_H
#define AB_MSGPACK_H

#include <stddef.h>
#include <stdint.h>

#include "ab_result.h"

/* cffi:begin */
#define AB_MSGPACK_DEPTH_MAX 64

enum ab_msgpack_flag {
    AB_MSGPACK_CHECK_RANGE = 1 /* answer AB_RANGE for an integer above 2^63 - 1 */
};

/* Is `body[0 .. length)` exactly one array whose first element is an integer? AB_OK, and that integer is `*type`;
 * AB_MALFORMED: anything else; AB_RANGE: well-formed, but an unsigned integer in it is above 2^63 - 1 (only with the flag;
 * a first element above 2^63 - 1 is AB_RANGE or, without the flag, AB_MALFORMED). `*type` is 0 unless AB_OK. */
int ab_msgpack_one(const uint8_t *body, size_t length, int64_t *type, int flags);

/* The same of the first of some bodies that lie one behind another in `bytes[0 .. length)`: its length instead of AB_OK. */
int64_t ab_msgpack_next(const uint8_t *bytes, size_t length, int64_t *type, int flags);

/* Split one msgpack array of n bodies (what encode([m1, m2, ...]) gives): the offset and length of each element.
 * Returns n, or AB_MALFORMED when `bytes` is not exactly one array, or AB_INVALID when n > capacity. Elements are walked as
 * any values: whether each is a body is for ab_msgpack_one to say. */
int64_t ab_msgpack_split(const uint8_t *bytes, size_t length, uint32_t *offsets, uint32_t *lengths, size_t capacity);

/* The n of the array header in front of `bytes`, and its own length in `*header`; AB_MALFORMED when there is none. */
int64_t ab_msgpack_array(const uint8_t *bytes, size_t length, size_t *header);

/* The same question for a JSON body `[digits, ...` or `[digits]`: the type id, or AB_MALFORMED. Only the head is looked
 * at; the decoder reads the rest, one body a call. */
int64_t ab_json_type(const uint8_t *body, size_t length);
/* cffi:end */

#endif
