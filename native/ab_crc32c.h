/* ab_crc32c: CRC-32C (Castagnoli, reflected 0x82f63b78), by the processor where it can.
 *
 *      x86-64 with SSE4.2    crc32 instruction, 8 bytes in 3 cycles: about 8 GB/s at 3 GHz
 *      AArch64 with CRC      crc32cd, the same order
 *      others                eight tables, 8 bytes a step: some 1.5 GB/s
 *
 * Pure; any thread. Which one is used is found out once and is the same for all.
 */
#ifndef AB_CRC32C_H
#define AB_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Go on with `crc` (0 at the start) over `length` more bytes: extend(extend(0, a), b) == extend(0, ab). */
uint32_t ab_crc32c_extend(uint32_t crc, const void *bytes, size_t length);

/* Three at once: crc[i] goes on from `seed` over places[i], two numbers of 8 bytes little endian, and then over length[i] bytes. A
 * checksum waits for itself at every step, three do not wait for each other: some 2.5 times as fast as one after the other. */
void ab_crc32c_placed3(uint32_t crc[3], uint32_t seed, const uint64_t places[3][2], const uint8_t *const bytes[3],
    const size_t length[3]);

/* As extend, always by tables: what the fast ones are tested against. */
uint32_t ab_crc32c_extend_portable(uint32_t crc, const void *bytes, size_t length);

/* cffi:begin */
/* CRC-32C of `length` bytes. */
uint32_t ab_crc32c(const uint8_t *bytes, size_t length);

/* "sse4.2", "armv8-crc" or "tables". */
const char *ab_crc32c_name(void);
/* cffi:end */

/* A CRC stored beside the bytes it covers is masked, so that a CRC over both is no special case (as LevelDB). */
static inline uint32_t ab_crc32c_mask(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + UINT32_C(0xa282ead8); }

#endif
