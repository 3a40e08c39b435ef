/* ab_stats, the writer's side: see ab_stats.h for the rules, ab_stats_layout.h for the bytes. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "ab_stats.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ab_clock.h"
#include "ab_fail.h"

#define PAGE UINT64_C(4096)

struct ab_stats {
    pthread_mutex_t lock; /* guards allocation: entries, entry_count, data_used */
    ab_stats_header *header;
    ab_stats_entry *entries;
    uint64_t length;
    char *path; /* NULL: anonymous */
};

static const char *kind_name(uint32_t kind) {
    return kind == AB_STATS_COUNTER_BLOCK ? "counter block" : kind == AB_STATS_HISTOGRAM ? "histogram" : "gauge";
}

/* ---- create ---- */

static int open_file(const char *path, uint64_t length, int *descriptor, ab_error *error) {
    const int opened = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (opened < 0) {
        const int number = errno;
        return ab_fail(error, AB_FAILED, number, "cannot create the statistics file %s: %s", path, strerror(number));
    }
    int number;
    do {
        number = posix_fallocate(opened, 0, (off_t)length); /* returns its errno; no page may be missing later */
    } while (number == EINTR);
    if (number != 0) {
        close(opened);
        unlink(path);
        return ab_fail(error, number == ENOSPC || number == ENOMEM || number == EFBIG ? AB_NO_MEMORY : AB_FAILED, number,
            "no room for the statistics file %s of %" PRIu64 " bytes: %s; free space there, give a smaller size "
            "(at least %d), or switch statistics off", path, length, strerror(number), (int)AB_STATS_SIZE_MIN);
    }
    *descriptor = opened;
    return AB_OK;
}

static int map_memory(const char *path, uint64_t length, void **memory, ab_error *error) {
    int descriptor = -1;

    if (path != NULL) {
        const int code = open_file(path, length, &descriptor, error);
        if (code != AB_OK) {
            return code;
        }
    }
    const int flags = path != NULL ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
    void *mapped = mmap(NULL, length, PROT_READ | PROT_WRITE, flags, descriptor, 0);
    const int number = errno;

    if (descriptor >= 0) {
        close(descriptor); /* the mapping keeps the file */
    }
    if (mapped == MAP_FAILED) {
        if (path != NULL) {
            unlink(path);
        }
        return ab_fail(error, AB_NO_MEMORY, number, "cannot map %" PRIu64 " bytes of statistics: %s; raise the limit of "
            "address space or give a smaller size", length, strerror(number));
    }
    *memory = mapped;
    return AB_OK;
}

static void write_header(ab_stats_header *header, uint64_t length, const char *name, const char *driver_directory) {
    header->version = AB_STATS_VERSION;
    header->header_length = AB_STATS_HEADER_LENGTH;
    header->file_length = length;
    header->entry_length = AB_STATS_ENTRY_LENGTH;
    header->entries_max = (uint32_t)(length / AB_STATS_SIZE_PER_ENTRY);
    header->data_offset = AB_STATS_HEADER_LENGTH + (uint64_t)header->entries_max * AB_STATS_ENTRY_LENGTH;
    header->created_realtime_ns = ab_clock_realtime_ns();
    header->created_monotonic_ns = ab_clock_monotonic_ns();
    header->heartbeat_realtime_ns = header->created_realtime_ns;
    header->heartbeat_monotonic_ns = header->created_monotonic_ns;
    header->state = AB_STATS_OPEN;
    memcpy(header->name, name, strlen(name) + 1);
    memcpy(header->driver_directory, driver_directory, strlen(driver_directory) + 1);
    ab_stats_identify(header);
    __atomic_store_n(&header->magic, AB_STATS_MAGIC, __ATOMIC_RELEASE); /* SYNC B: with the load of the magic in a reader */
}

int ab_stats_create(const char *path, uint64_t size, const char *name, const char *driver_directory, ab_stats **stats,
    ab_error *error) {
    if (size < AB_STATS_SIZE_MIN || size > AB_STATS_SIZE_MAX) {
        return ab_fail(error, AB_INVALID, 0, "statistics size %" PRIu64 " is not in %d .. %d bytes", size,
            (int)AB_STATS_SIZE_MIN, (int)AB_STATS_SIZE_MAX);
    }
    if (strlen(name) >= sizeof(((ab_stats_header *)0)->name)) {
        return ab_fail(error, AB_INVALID, 0, "statistics name of %zu bytes is longer than 255: %.80s...", strlen(name), name);
    }
    if (strlen(driver_directory) >= sizeof(((ab_stats_header *)0)->driver_directory)) {
        return ab_fail(error, AB_INVALID, 0, "driver directory of %zu bytes is longer than 1023: %.80s...",
            strlen(driver_directory), driver_directory);
    }
    const uint64_t length = (size + PAGE - 1) / PAGE * PAGE;
    ab_stats *made = calloc(1, sizeof(*made));
    char *copy = path == NULL ? NULL : strdup(path);
    void *memory = NULL;

    if (made == NULL || (path != NULL && copy == NULL)) {
        free(made);
        free(copy);
        return ab_fail(error, AB_NO_MEMORY, ENOMEM, "no memory for the statistics object");
    }
    const int code = map_memory(path, length, &memory, error);
    if (code != AB_OK) {
        free(made);
        free(copy);
        return code;
    }
    pthread_mutex_init(&made->lock, NULL);
    made->header = memory;
    made->entries = (ab_stats_entry *)((char *)memory + AB_STATS_HEADER_LENGTH);
    made->length = length;
    made->path = copy;
    write_header(made->header, length, name, driver_directory);
    *stats = made;
    return AB_OK;
}

/* ---- entries ---- */

static int check_texts(const char *group, const char *name, ab_error *error) {
    const size_t group_max = sizeof(((ab_stats_entry *)0)->group) - 1, name_max = sizeof(((ab_stats_entry *)0)->name) - 1;

    if (group[0] == '\0' || strlen(group) > group_max) {
        return ab_fail(error, AB_INVALID, 0, "statistics group '%.80s' has %zu bytes; 1 .. %zu are allowed", group,
            strlen(group), group_max);
    }
    if (name[0] == '\0' || strlen(name) > name_max) {
        return ab_fail(error, AB_INVALID, 0, "statistics name '%.120s' has %zu bytes; 1 .. %zu are allowed", name,
            strlen(name), name_max);
    }
    return AB_OK;
}

static ab_stats_entry *find(ab_stats *stats, uint32_t kind, const char *group, const char *name) {
    for (uint32_t index = 0; index < stats->header->entry_count; index++) {
        ab_stats_entry *entry = &stats->entries[index];
        if (entry->kind == kind && strcmp(entry->group, group) == 0 && strcmp(entry->name, name) == 0) {
            return entry;
        }
    }
    return NULL;
}

/* The lock is held. */
static int append(ab_stats *stats, uint32_t kind, const char *group, const char *name, ab_stats_entry **made, ab_error *error) {
    ab_stats_header *header = stats->header;
    const uint32_t count = header->entry_count, length = ab_stats_kind_length(kind);
    const uint64_t offset = header->data_offset + header->data_used;

    if (count >= header->entries_max) {
        return ab_fail(error, AB_NO_MEMORY, 0, "no entry left for %s %s/%s: all %" PRIu32 " are taken; give a larger size than "
            "%" PRIu64 " bytes (each %d bytes hold one)", kind_name(kind), group, name, header->entries_max, stats->length,
            (int)AB_STATS_SIZE_PER_ENTRY);
    }
    if (length > stats->length - offset) {
        return ab_fail(error, AB_NO_MEMORY, 0, "no room for %s %s/%s: it takes %" PRIu32 " bytes, %" PRIu64 " are left; give a "
            "larger size than %" PRIu64 " bytes", kind_name(kind), group, name, length, stats->length - offset, stats->length);
    }
    ab_stats_entry *entry = &stats->entries[count];

    entry->kind = kind;
    entry->length = length;
    entry->offset = offset;
    memcpy(entry->group, group, strlen(group) + 1);
    memcpy(entry->name, name, strlen(name) + 1);
    if (kind == AB_STATS_HISTOGRAM) {
        ab_histogram_reset((ab_histogram *)((char *)header + offset));
    }
    header->data_used += length;
    __atomic_store_n(&header->entry_count, count + 1, __ATOMIC_RELEASE); /* SYNC A: with the copy in ab_stats_load */
    *made = entry;
    return AB_OK;
}

static int allocate(ab_stats *stats, uint32_t kind, const char *group, const char *name, void **data, ab_error *error) {
    if (stats == NULL) {
        return ab_fail(error, AB_STALE, 0, "the statistics are closed: no %s %s/%s", kind_name(kind), group, name);
    }
    int code = check_texts(group, name, error);
    if (code != AB_OK) {
        return code;
    }
    pthread_mutex_lock(&stats->lock);
    ab_stats_entry *entry = find(stats, kind, group, name);
    if (entry == NULL) {
        code = append(stats, kind, group, name, &entry, error);
    }
    pthread_mutex_unlock(&stats->lock);
    if (code == AB_OK) {
        *data = (char *)stats->header + entry->offset;
    }
    return code;
}

int ab_stats_counter_block(ab_stats *stats, const char *group, const char *name, int64_t **block, ab_error *error) {
    return allocate(stats, AB_STATS_COUNTER_BLOCK, group, name, (void **)block, error);
}

int ab_stats_gauge(ab_stats *stats, const char *group, const char *name, int64_t **gauge, ab_error *error) {
    return allocate(stats, AB_STATS_GAUGE, group, name, (void **)gauge, error);
}

int ab_stats_histogram(ab_stats *stats, const char *group, const char *name, ab_histogram **histogram, ab_error *error) {
    return allocate(stats, AB_STATS_HISTOGRAM, group, name, (void **)histogram, error);
}

/* ---- life ---- */

void ab_stats_heartbeat(ab_stats *stats) {
    if (stats == NULL) {
        return;
    }
    ab_stats_set(&stats->header->heartbeat_realtime_ns, ab_clock_realtime_ns());
    ab_stats_set(&stats->header->heartbeat_monotonic_ns, ab_clock_monotonic_ns());
}

void ab_stats_retire(ab_stats *stats) {
    if (stats == NULL || stats->header->pid != (int64_t)getpid()) {
        return; /* closed, or in a child of fork: the file is its parent's */
    }
    __atomic_store_n(&stats->header->state, AB_STATS_CLOSED, __ATOMIC_RELEASE);
    if (stats->path != NULL) {
        unlink(stats->path);
        free(stats->path);
        stats->path = NULL; /* the name may belong to somebody else from now on */
    }
}

void ab_stats_close(ab_stats *stats) {
    if (stats == NULL) {
        return;
    }
    ab_stats_retire(stats);
    munmap(stats->header, stats->length);
    pthread_mutex_destroy(&stats->lock);
    free(stats->path); /* not retired in a child */
    free(stats);
}

void ab_stats_add(int64_t *counter, int64_t number) {
    /* One writer, so no read-modify-write is needed; unsigned, so that a full counter wraps instead of being undefined. */
    const uint64_t sum = (uint64_t)__atomic_load_n(counter, __ATOMIC_RELAXED) + (uint64_t)number;
    __atomic_store_n(counter, (int64_t)sum, __ATOMIC_RELAXED);
}

void ab_stats_set(int64_t *counter, int64_t number) {
    __atomic_store_n(counter, number, __ATOMIC_RELAXED);
}

int64_t ab_stats_get(const int64_t *counter) {
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}
