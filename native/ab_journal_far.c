/* ab_journal_far.c: see ab_journal_far.h for the rules.
 *
 * A CRC is linear: the state behind bytes AB is that behind A, moved on by B's length, plus what B alone makes of zero. To move on by n
 * bytes is to multiply with x^8n: polynomials over two elements, modulo Castagnoli's.
 */
#include "ab_journal_far.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define POLYNOMIAL UINT32_C(0x82f63b78) /* reflected: bit 31 is x^0 */
#define ONE UINT32_C(0x80000000)
#define CHUNK 262144u

/* a * b modulo the polynomial. */
static uint32_t times(uint32_t a, uint32_t b) {
    uint32_t product = 0;
    while (a != 0) {
        product ^= (uint32_t)-(int32_t)(a >> 31) & b;
        a <<= 1;
        b = b >> 1 ^ (POLYNOMIAL & (uint32_t)-(int32_t)(b & 1));
    }
    return product;
}

/* x^(8 * 4,096), by squaring x^8 twelve times. */
static uint32_t one_line(void) {
    uint32_t power = ONE >> 8;
    for (int i = 0; i < 12; i++) {
        power = times(power, power);
    }
    return power;
}

void ab_far_end(ab_far *far) {
    free(far->states);
    free(far->shifts);
    far->states = far->shifts = NULL;
    far->lines = 0;
}

int64_t ab_far_begin(ab_far *far, const ab_store *store, int file, uint32_t seed, uint64_t from, uint64_t end) {
    *far = (ab_far){.store = store, .file = file, .seed = seed, .first = (from + AB_FAR_LINE - 1) / AB_FAR_LINE * AB_FAR_LINE};
    const uint64_t room = (end > far->first ? end - far->first : 0) / AB_FAR_LINE + 1;
    const uint64_t longest = (AB_JOURNAL_PAYLOAD_MAX + AB_RECORD_HEADER) / AB_FAR_LINE + 2;
    uint8_t *chunk = malloc(CHUNK);
    far->states = malloc(room * sizeof *far->states);
    far->shifts = malloc(longest * sizeof *far->shifts);
    int64_t result = chunk == NULL || far->states == NULL || far->shifts == NULL ? -ENOMEM : 0;
    uint32_t state = 0;
    for (uint64_t at = far->first; result == 0 && at < end;) {
        int64_t taken = ab_store_read(store, file, chunk, CHUNK, at);
        result = taken < 0 ? taken : 0;
        for (int64_t line = 0; line + (int64_t)AB_FAR_LINE <= taken && far->lines + 1 < room; line += AB_FAR_LINE) {
            far->states[far->lines++] = state;
            state = ~ab_crc32c_extend(~state, chunk + line, AB_FAR_LINE);
        }
        if (taken < (int64_t)CHUNK) {
            break;
        }
        at += CHUNK;
    }
    free(chunk);
    if (result != 0) {
        ab_far_end(far);
        return result;
    }
    far->states[far->lines++] = state;
    far->shifts[0] = ONE;
    far->shifted = 1;
    return 0;
}

/* The state moved on by so many lines. */
static uint32_t move_on(ab_far *far, uint32_t state, uint64_t lines) {
    for (; far->shifted <= lines; far->shifted++) {
        const uint32_t line = far->shifted == 1 ? one_line() : far->shifts[1];
        far->shifts[far->shifted] = times(far->shifts[far->shifted - 1], line);
    }
    return times(state, far->shifts[lines]);
}

/* Go on with `crc` over `from` .. `to` of the file, at most two lines. 0, -1: the file ends, or a negative errno. */
static int64_t extend(const ab_far *far, uint32_t *crc, uint64_t from, uint64_t to) {
    uint8_t bytes[2 * AB_FAR_LINE];
    int64_t taken = from < to ? ab_store_read(far->store, far->file, bytes, (size_t)(to - from), from) : 0;
    if (taken < 0) {
        return taken;
    }
    *crc = ab_crc32c_extend(*crc, bytes, (size_t)taken);
    return taken == (int64_t)(to - from) ? 0 : -1;
}

int64_t ab_far_is_whole(ab_far *far, const uint8_t *head, uint64_t at, uint32_t length) {
    const uint64_t from = at + 8, to = at + ab_padded(length);
    uint64_t low = (from + AB_FAR_LINE - 1) / AB_FAR_LINE * AB_FAR_LINE, high = to / AB_FAR_LINE * AB_FAR_LINE;
    uint8_t place[16];
    low = low < far->first ? far->first : low;
    ab_put_le64(place, at);
    ab_put_le64(place + 8, length);
    uint32_t crc = ab_crc32c_extend(far->seed, place, sizeof place);
    if (low - from > AB_FAR_LINE || high <= low || (high - far->first) / AB_FAR_LINE >= far->lines) {
        return 0; /* it ends behind what there is */
    }
    const uint64_t a = (low - far->first) / AB_FAR_LINE, b = (high - far->first) / AB_FAR_LINE;
    int64_t result = extend(far, &crc, from, low);
    if (result == 0) {
        crc = ~(far->states[b] ^ move_on(far, ~crc ^ far->states[a], b - a));
        result = extend(far, &crc, high, to);
    }
    return result < -1 ? result : result == 0 && ab_le32(head + 4) == ab_crc32c_mask(crc);
}
