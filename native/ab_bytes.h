/*
 * ab_bytes: numbers from and to unaligned bytes of a given order.
 *
 * Written as shifts: every compiler we use makes one load (and a byte swap where the order differs) out of them, they need no
 * alignment, and they are right on a big-endian machine too.
 */
#ifndef AB_BYTES_H
#define AB_BYTES_H

#include <stdint.h>
#include <string.h>

static inline uint16_t ab_le16(const uint8_t *p) {
    return (uint16_t)(p[0] | (unsigned)p[1] << 8);
}

static inline uint32_t ab_le32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t ab_le64(const uint8_t *p) {
    return (uint64_t)ab_le32(p) | (uint64_t)ab_le32(p + 4) << 32;
}

static inline void ab_put_le16(uint8_t *p, uint16_t value) {
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

static inline void ab_put_le32(uint8_t *p, uint32_t value) {
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
    p[2] = (uint8_t)(value >> 16);
    p[3] = (uint8_t)(value >> 24);
}

static inline void ab_put_le64(uint8_t *p, uint64_t value) {
    ab_put_le32(p, (uint32_t)value);
    ab_put_le32(p + 4, (uint32_t)(value >> 32));
}

static inline uint16_t ab_be16(const uint8_t *p) {
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t ab_be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static inline uint64_t ab_be64(const uint8_t *p) {
    return (uint64_t)ab_be32(p) << 32 | (uint64_t)ab_be32(p + 4);
}

/* Where a head byte stands before the number, gcc makes one word of both out of shifts, byte by byte: 12 instructions. So these
 * are swapped as a whole. */
static inline void ab_put_be16(uint8_t *p, uint16_t value) {
    value = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap16(value) : value;
    memcpy(p, &value, sizeof value);
}

static inline void ab_put_be32(uint8_t *p, uint32_t value) {
    value = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap32(value) : value;
    memcpy(p, &value, sizeof value);
}

static inline void ab_put_be64(uint8_t *p, uint64_t value) {
    value = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(value) : value;
    memcpy(p, &value, sizeof value);
}

#endif
