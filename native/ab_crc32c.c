/* ab_crc32c.c: see ab_crc32c.h. The tables are computed from the polynomial at first use, once for the process. */
#include "ab_crc32c.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "ab_bytes.h"

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

#define POLYNOMIAL UINT32_C(0x82f63b78)

static uint32_t tables[8][256];
static pthread_once_t tables_made = PTHREAD_ONCE_INIT;

static void make_tables(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
        }
        tables[0][byte] = crc;
    }
    for (int table = 1; table < 8; table++) {
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint32_t crc = tables[table - 1][byte];
            tables[table][byte] = (crc >> 8) ^ tables[0][crc & 0xff];
        }
    }
}

uint32_t ab_crc32c_extend_portable(uint32_t crc, const void *bytes, size_t length) {
    const uint8_t *p = bytes;
    pthread_once(&tables_made, make_tables);
    crc = ~crc;
    for (; length >= 8; length -= 8, p += 8) {
        uint32_t low = crc ^ ab_le32(p), high = ab_le32(p + 4);
        crc = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^ tables[4][low >> 24] ^
              tables[3][high & 0xff] ^ tables[2][high >> 8 & 0xff] ^ tables[1][high >> 16 & 0xff] ^ tables[0][high >> 24];
    }
    for (; length > 0; length--, p++) {
        crc = (crc >> 8) ^ tables[0][(crc ^ *p) & 0xff];
    }
    return ~crc;
}

#if defined(__x86_64__)
#define FAST_NAME "sse4.2"

__attribute__((target("sse4.2"))) static uint32_t extend_fast(uint32_t crc, const void *bytes, size_t length) {
    const uint8_t *p = bytes;
    uint64_t wide = ~crc;
    for (; length >= 8; length -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    uint32_t narrow = (uint32_t)wide;
    if (length >= 4) {
        uint32_t word;
        memcpy(&word, p, sizeof word);
        narrow = __builtin_ia32_crc32si(narrow, word);
        length -= 4, p += 4;
    }
    for (; length > 0; length--, p++) {
        narrow = __builtin_ia32_crc32qi(narrow, *p);
    }
    return ~narrow;
}

#define HAS_PLACED3 1

__attribute__((target("sse4.2"))) static void placed3_fast(uint32_t crc[3], uint32_t seed, const uint64_t places[3][2],
    const uint8_t *const bytes[3], const size_t length[3]) {
    size_t common = length[0] < length[1] ? length[0] : length[1];
    common = (length[2] < common ? length[2] : common) & ~(size_t)7;
    const uint8_t *p0 = bytes[0], *p1 = bytes[1], *p2 = bytes[2];
    uint64_t a = ~seed, b = a, c = a;
    for (int i = 0; i < 2; i++) {
        a = __builtin_ia32_crc32di(a, places[0][i]);
        b = __builtin_ia32_crc32di(b, places[1][i]);
        c = __builtin_ia32_crc32di(c, places[2][i]);
    }
    for (size_t at = 0; at < common; at += 8) {
        uint64_t x, y, z;
        memcpy(&x, p0 + at, sizeof x);
        memcpy(&y, p1 + at, sizeof y);
        memcpy(&z, p2 + at, sizeof z);
        a = __builtin_ia32_crc32di(a, x);
        b = __builtin_ia32_crc32di(b, y);
        c = __builtin_ia32_crc32di(c, z);
    }
    crc[0] = ~(uint32_t)a, crc[1] = ~(uint32_t)b, crc[2] = ~(uint32_t)c;
    for (int i = 0; i < 3; i++) {
        if (length[i] > common) {
            crc[i] = extend_fast(crc[i], bytes[i] + common, length[i] - common);
        }
    }
}

static int has_fast(void) { return __builtin_cpu_supports("sse4.2"); }

#elif defined(__aarch64__) && defined(__linux__) && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FAST_NAME "armv8-crc"

static uint32_t extend_fast(uint32_t crc, const void *bytes, size_t length) {
    const uint8_t *p = bytes;
    crc = ~crc;
    for (; length >= 8; length -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        __asm__(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1" : "+r"(crc) : "r"(word));
    }
    for (; length > 0; length--, p++) {
        __asm__(".arch_extension crc\n\tcrc32cb %w0, %w0, %w1" : "+r"(crc) : "r"((uint32_t)*p));
    }
    return ~crc;
}

/* HWCAP_CRC32 of the kernel's interface. */
static int has_fast(void) { return (getauxval(AT_HWCAP) & (1u << 7)) != 0; }

#else
#define FAST_NAME "tables"
#define extend_fast ab_crc32c_extend_portable

static int has_fast(void) { return 0; }
#endif

typedef uint32_t (*extend)(uint32_t crc, const void *bytes, size_t length);

static uint32_t extend_first(uint32_t crc, const void *bytes, size_t length);

/* The first call finds out; every thread that comes at the same time finds the same. */
static _Atomic(extend) chosen = extend_first;

static uint32_t extend_first(uint32_t crc, const void *bytes, size_t length) {
    extend found = has_fast() ? extend_fast : ab_crc32c_extend_portable;
    atomic_store_explicit(&chosen, found, memory_order_relaxed);
    return found(crc, bytes, length);
}

uint32_t ab_crc32c_extend(uint32_t crc, const void *bytes, size_t length) {
    return atomic_load_explicit(&chosen, memory_order_relaxed)(crc, bytes, length);
}

void ab_crc32c_placed3(uint32_t crc[3], uint32_t seed, const uint64_t places[3][2], const uint8_t *const bytes[3],
    const size_t length[3]) {
#if defined(HAS_PLACED3)
    if (atomic_load_explicit(&chosen, memory_order_relaxed) == extend_fast) {
        placed3_fast(crc, seed, places, bytes, length);
        return;
    }
#endif
    for (int i = 0; i < 3; i++) {
        uint8_t place[16];
        ab_put_le64(place, places[i][0]);
        ab_put_le64(place + 8, places[i][1]);
        crc[i] = ab_crc32c_extend(ab_crc32c_extend(seed, place, sizeof place), bytes[i], length[i]);
    }
}

uint32_t ab_crc32c(const uint8_t *bytes, size_t length) { return ab_crc32c_extend(0, bytes, length); }

const char *ab_crc32c_name(void) { return has_fast() ? FAST_NAME : "tables"; }
