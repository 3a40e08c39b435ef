/* ab_stats: the statistics of a process in one memory-mapped file (architecture D9). The bytes are in ab_stats_layout.h.
 *
 *      writer (this process)                             reader (any process)
 *      ab_stats_create -> file, mapped shared            ab_stats_load -> private copy, validated whole
 *      ab_stats_counter_block/_gauge/_histogram          ab_stats_entry_at
 *          -> address; written without us from then on   ab_stats_liveness: is the writer alive?
 *      ab_stats_close -> unmapped, removed               ab_stats_unload
 *
 * Rules of this file
 *   - One writer a counter, gauge or histogram; its stores are relaxed, aligned and 64 bits wide. Readers see whole numbers,
 *     each at most moments old; several numbers are not one instant.
 *   - Entries are only ever added, under the file's lock; asked for again by kind, group and name they are the same entry, so
 *     that a restarted component goes on where it stopped.
 *   - The file is allocated whole at the start (posix_fallocate): a full /dev/shm is AB_NO_MEMORY then, never SIGBUS later.
 *   - An address is valid until ab_stats_close: whoever writes must have ended before. The file is removed there, and stays
 *     when the process is killed: a black box.
 *   - After fork() the child must not write: the mapping is shared. Its ab_stats_close unmaps and never removes the file.
 *   - A reader never maps the file but copies it (pread): a file that is cut short under it is an error and no SIGBUS, and what
 *     was validated is what is read.
 *
 * Ownership
 *      ab_stats *            made by create/private, freed by close
 *      int64_t *, ab_histogram *   inside the mapping, owned by ab_stats, never freed alone
 *      ab_stats_image *      made by load/parse, freed by unload; entries and histograms read from it are inside it
 */
#ifndef AB_STATS_H
#define AB_STATS_H

#include <stdint.h>

#include "ab_histogram.h"
#include "ab_result.h"
#include "ab_stats_layout.h"

/* cffi:begin */
typedef struct ab_stats ab_stats;
typedef struct ab_stats_image ab_stats_image;

/* ---- writer: any thread of the creating process; allocation is locked. NULL is a closed one: AB_STALE, or nothing ---- */

/* Create `path` (mode 0600, must not exist) with `size` bytes, AB_STATS_SIZE_MIN .. AB_STATS_SIZE_MAX, rounded up to pages.
 * path NULL: anonymous memory, same contents, nobody outside sees it. The folder must exist.
 * AB_INVALID (size, a text too long), AB_NO_MEMORY (no room for the file), AB_FAILED (errno in errcode; EEXIST: taken). */
int ab_stats_create(const char *path, uint64_t size, const char *name, const char *driver_directory, ab_stats **stats,
    ab_error *error);

/* A block of AB_STATS_BLOCK_SLOTS zeroed counters. AB_INVALID (texts), AB_NO_MEMORY (directory or data full). */
int ab_stats_counter_block(ab_stats *stats, const char *group, const char *name, int64_t **block, ab_error *error);

/* One zeroed number. */
int ab_stats_gauge(ab_stats *stats, const char *group, const char *name, int64_t **gauge, ab_error *error);

/* An empty histogram. */
int ab_stats_histogram(ab_stats *stats, const char *group, const char *name, ab_histogram **histogram, ab_error *error);

/* Say "I live": some times a second, from one thread. */
void ab_stats_heartbeat(ab_stats *stats);

/* Mark as closed and remove the file (not in a child after fork); the memory stays mapped. May be repeated. */
void ab_stats_retire(ab_stats *stats);

/* Retire, unmap and free: the pointer is nothing afterwards. */
void ab_stats_close(ab_stats *stats);

/* ---- reader: one image belongs to one thread ---- */

/* Copy the file behind `descriptor` and validate all of it. AB_FAILED (errno), AB_MALFORMED (says which field, value, bound),
 * AB_UNKNOWN_TYPE (another version), AB_NOT_CONNECTED (its writer has not finished creating it). */
int ab_stats_load(int descriptor, ab_stats_image **image, ab_error *error);

/* Copy and check the header alone, which takes no memory: who wrote it, and whether that lives. Errors as ab_stats_load. */
int ab_stats_look(int descriptor, ab_stats_header *header, ab_error *error);

/* The same from `length` bytes in memory. */
int ab_stats_parse(const void *bytes, uint64_t length, ab_stats_image **image, ab_error *error);

const ab_stats_header *ab_stats_header_of(const ab_stats_image *image);
uint32_t ab_stats_entry_count(const ab_stats_image *image);

/* The entry, or NULL beyond the last; and where its data lies (kind and length were validated). */
const ab_stats_entry *ab_stats_entry_at(const ab_stats_image *image, uint32_t index);
const void *ab_stats_data_at(const ab_stats_image *image, uint32_t index);

void ab_stats_unload(ab_stats_image *image);

enum ab_stats_liveness {
    AB_STATS_UNKNOWN = 0, /* another pid namespace, or a system without /proc */
    AB_STATS_ALIVE = 1,   /* the very process that wrote the file exists (it may hang: see the heartbeat) */
    AB_STATS_DEAD = 2,
};

/* Whether the process that wrote this header still exists: pid, start time, boot. */
int ab_stats_liveness_of(const ab_stats_header *header);

/* ---- the owner of a counter, and readers of it ---- */
void ab_stats_add(int64_t *counter, int64_t number);
void ab_stats_set(int64_t *counter, int64_t number);
int64_t ab_stats_get(const int64_t *counter);
/* cffi:end */

/* Bytes of data of a kind; 0: no such kind. */
uint32_t ab_stats_kind_length(uint32_t kind);

/* Fill `pid`, start ticks, namespace and boot id of the calling process. */
void ab_stats_identify(ab_stats_header *header);

#endif
