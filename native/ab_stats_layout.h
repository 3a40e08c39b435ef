/* ab_stats_layout: the bytes of a statistics file, version 1. The only place that knows them; docs/statistics-format.md
 * tells the same in prose, with invariants and assumptions.
 *
 *      0                      +------------------------------------------+
 *                             | ab_stats_header            4,096 bytes   |  one page
 *      4,096                  +------------------------------------------+
 *                             | ab_stats_entry [0]           128 bytes   |  entries_max of them,
 *                             | ab_stats_entry [1]                       |  entry_count in use
 *                             | ...                                      |
 *      data_offset            +------------------------------------------+
 *                             | counter block   16 x int64   128 bytes   |  in the order of the entries,
 *                             | gauge           1 x int64     64 bytes   |  each on cache lines of its own
 *                             | histogram                 34,880 bytes   |
 *                             | ...                                      |
 *      data_offset + data_used|                                          |
 *                             | free, zero                               |
 *      file_length            +------------------------------------------+
 *
 * Rules of this file
 *   - Numbers are in the machine's own order (little endian on every platform we support; another order shows as a wrong magic).
 *   - Every offset counts from the file's first byte. Texts are UTF-8, end with NUL inside their field, and are cut, if they
 *     must be, by the writer.
 *   - A change that an old reader would misread gets a new AB_STATS_VERSION; spare bytes are zero until a version names them.
 */
#ifndef AB_STATS_LAYOUT_H
#define AB_STATS_LAYOUT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "ab_histogram.h"

/* cffi:begin */
enum {
    AB_STATS_VERSION = 1,
    AB_STATS_HEADER_LENGTH = 4096,
    AB_STATS_ENTRY_LENGTH = 128,
    AB_STATS_BLOCK_SLOTS = 16,
    AB_STATS_BLOCK_LENGTH = 128,
    AB_STATS_GAUGE_LENGTH = 64,
    AB_STATS_HISTOGRAM_LENGTH = 34880,
    /* One byte in 16 of a file is directory: entries_max = size / AB_STATS_SIZE_PER_ENTRY. */
    AB_STATS_SIZE_PER_ENTRY = 2048,
    AB_STATS_SIZE_MIN = 65536,
    AB_STATS_SIZE_MAX = 268435456,
};

enum ab_stats_kind {
    AB_STATS_COUNTER_BLOCK = 1,
    AB_STATS_HISTOGRAM = 2,
    AB_STATS_GAUGE = 3,
};

enum ab_stats_state {
    AB_STATS_OPEN = 1,
    AB_STATS_CLOSED = 2, /* closed in order: the values are final */
};

typedef struct ab_stats_header {
    /* Written before the magic, never changed after it. */
    uint64_t magic; /* AB_STATS_MAGIC, stored last with release: a file without it is not finished */
    uint32_t version;
    uint32_t header_length;
    uint64_t file_length;
    uint32_t entry_length;
    uint32_t entries_max;
    uint64_t data_offset;
    int64_t pid;
    uint64_t process_start_ticks; /* /proc/PID/stat field 22: clock ticks since boot; 0 unknown */
    uint64_t pid_namespace;       /* inode of /proc/self/ns/pid: a pid means nothing in another one; 0 unknown */
    int64_t created_realtime_ns;
    int64_t created_monotonic_ns;
    char boot_id[48]; /* /proc/sys/kernel/random/boot_id; empty unknown */

    /* Written by whoever allocates, under the lock of the process (offset 128). */
    uint32_t entry_count; /* SYNC A: released after its entry and its data are whole */
    uint32_t spare_a;
    uint64_t data_used;
    char spare_b[48];

    /* Written by the thread that calls heartbeat (offset 192). */
    int64_t heartbeat_monotonic_ns;
    int64_t heartbeat_realtime_ns;
    uint32_t state; /* enum ab_stats_state */
    uint32_t spare_c;
    char spare_d[40];

    char name[256];              /* of the topology or application (offset 256) */
    char driver_directory[1024]; /* empty: none */
    char spare_e[2560];
} ab_stats_header;

typedef struct ab_stats_entry {
    uint32_t kind;   /* enum ab_stats_kind */
    uint32_t length; /* of the data, bytes */
    uint64_t offset; /* of the data, from the file's start */
    char group[24];  /* "stream", "handler", "actor", ... */
    char name[88];
} ab_stats_entry;
/* cffi:end */

/* "ABSTATS\1" read as a little-endian number. */
#define AB_STATS_MAGIC UINT64_C(0x0153544154534241)

static_assert(sizeof(ab_stats_header) == AB_STATS_HEADER_LENGTH, "the header is one page");
static_assert(offsetof(ab_stats_header, boot_id) == 80, "as in docs/statistics-format.md");
static_assert(offsetof(ab_stats_header, entry_count) == 128, "its own cache line");
static_assert(offsetof(ab_stats_header, heartbeat_monotonic_ns) == 192, "its own cache line");
static_assert(offsetof(ab_stats_header, name) == 256, "as in docs/statistics-format.md");
static_assert(offsetof(ab_stats_header, driver_directory) == 512, "as in docs/statistics-format.md");
static_assert(sizeof(ab_stats_entry) == AB_STATS_ENTRY_LENGTH, "entries lie without gaps");
static_assert(offsetof(ab_stats_entry, group) == 16 && offsetof(ab_stats_entry, name) == 40, "as in docs/statistics-format.md");
static_assert(AB_STATS_BLOCK_LENGTH == AB_STATS_BLOCK_SLOTS * sizeof(int64_t), "a block is its slots");
static_assert(AB_STATS_HISTOGRAM_LENGTH == sizeof(ab_histogram), "version 1 holds this histogram");
static_assert(AB_STATS_BLOCK_LENGTH % 64 == 0 && AB_STATS_GAUGE_LENGTH % 64 == 0 && AB_STATS_HISTOGRAM_LENGTH % 64 == 0,
    "one writer a cache line");
static_assert(AB_STATS_SIZE_MIN / AB_STATS_SIZE_PER_ENTRY * AB_STATS_ENTRY_LENGTH + AB_STATS_HEADER_LENGTH < AB_STATS_SIZE_MIN,
    "the least file has room for data");

#endif
