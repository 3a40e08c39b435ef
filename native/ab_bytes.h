/*
 * ab_bytes: numbers from and to unaligned bytes of a given order.
 *
 * A copy, and a swap where the machine's order is the other one. Not shifts: of several numbers side by side gcc makes words out of
 * them byte by byte, 12 instructions each.
 */
#ifndef AB_BYTES_H
#define AB_BYTES_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define AB_LITTLE(bits, value) (value)
#define AB_BIG(bits, value) __builtin_bswap##bits(value)
#else
#define AB_LITTLE(bits, value) __builtin_bswap##bits(value)
#define AB_BIG(bits, value) (value)
#endif

static inline uint16_t ab_le16(const uint8_t *p) {
    uint16_t value;
    memcpy(&value, p, sizeof value);
    return AB_LITTLE(16, value);
}

static inline void ab_put_le16(uint8_t *p, uint16_t value) {
    value = AB_LITTLE(16, value);
    memcpy(p, &value, sizeof value);
}

static inline uint32_t ab_le32(const uint8_t *p) {
    uint32_t value;
    memcpy(&value, p, sizeof value);
    return AB_LITTLE(32, value);
}

static inline void ab_put_le32(uint8_t *p, uint32_t value) {
    value = AB_LITTLE(32, value);
    memcpy(p, &value, sizeof value);
}

static inline uint64_t ab_le64(const uint8_t *p) {
    uint64_t value;
    memcpy(&value, p, sizeof value);
    return AB_LITTLE(64, value);
}

static inline void ab_put_le64(uint8_t *p, uint64_t value) {
    value = AB_LITTLE(64, value);
    memcpy(p, &value, sizeof value);
}

static inline uint16_t ab_be16(const uint8_t *p) {
    uint16_t value;
    memcpy(&value, p, sizeof value);
    return AB_BIG(16, value);
}

static inline void ab_put_be16(uint8_t *p, uint16_t value) {
    value = AB_BIG(16, value);
    memcpy(p, &value, sizeof value);
}

static inline uint32_t ab_be32(const uint8_t *p) {
    uint32_t value;
    memcpy(&value, p, sizeof value);
    return AB_BIG(32, value);
}

static inline void ab_put_be32(uint8_t *p, uint32_t value) {
    value = AB_BIG(32, value);
    memcpy(p, &value, sizeof value);
}

static inline uint64_t ab_be64(const uint8_t *p) {
    uint64_t value;
    memcpy(&value, p, sizeof value);
    return AB_BIG(64, value);
}

static inline void ab_put_be64(uint8_t *p, uint64_t value) {
    value = AB_BIG(64, value);
    memcpy(p, &value, sizeof value);
}

#undef AB_LITTLE
#undef AB_BIG

#endif
