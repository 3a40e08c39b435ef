/* ab_journal_store: the files of a recording's directory: names, headers, checkpoint, quarantine. For the journal's own files only.
 *
 * Rules of this file
 *   - Nothing here knows what a record is. All file calls go through store->storage.
 *   - Answers are names of ab_result with a text in `error`; the few that answer a negative errno say so.
 *   - No state but the directory's name; any thread.
 */
#ifndef AB_JOURNAL_STORE_H
#define AB_JOURNAL_STORE_H

#include "ab_journal_format.h"

#define AB_STORE_DIRECTORY_MAX 3800
#define AB_STORE_PATH 4096

typedef struct {
    const ab_storage *storage;
    char directory[AB_STORE_DIRECTORY_MAX + 1];
} ab_store;

/* The segments of a recording, ascending by base position. */
typedef struct {
    int64_t *bases;
    uint32_t count, room;
} ab_segment_list;

/* AB_OK, or AB_INVALID: no directory, or a name too long. */
int ab_store_init(ab_store *store, const char *directory, const ab_storage *storage, ab_error *error);

/* `directory/name`, where name is a format. */
__attribute__((format(printf, 3, 4))) void ab_store_path(
    const ab_store *store, char path[AB_STORE_PATH], const char *format, ...);

#define AB_SEGMENT_NAME "%016llx.journal"
#define AB_INDEX_NAME "%016llx.index"

/* A file's call failed: AB_FAILED (AB_NO_SPACE when there is no room) with path and errno. */
int ab_store_failed(const ab_store *store, int64_t number, const char *what, const char *path, ab_error *error);

/* All that is there: AB_OK (perhaps none), AB_NOT_FOUND: no such directory, AB_NO_MEMORY, AB_FAILED. */
int ab_store_list(const ab_store *store, ab_segment_list *list, ab_error *error);
void ab_store_list_free(ab_segment_list *list);

/* Open a segment and read its header. A file, or AB_NOT_FOUND, AB_CORRUPT, AB_REFUSED (also: a name that is not its base position),
 * AB_FAILED. `mode` as ab_storage_mode. */
int ab_store_open_segment(const ab_store *store, int64_t base, int mode, ab_segment_header *header, ab_error *error);

/* Read or write all of it. Bytes read (fewer only at the file's end) or 0 written; or a negative errno. */
int64_t ab_store_read(const ab_store *store, int file, void *bytes, size_t length, uint64_t offset);
int64_t ab_store_write(const ab_store *store, int file, const void *bytes, size_t length, uint64_t offset);

/* The newest valid checkpoint of `recording` (NULL: of any). 1, or 0: none. */
int ab_store_checkpoint(const ab_store *store, const uint8_t recording[16], ab_checkpoint *checkpoint);

/* Copy bytes `from` .. `to` of a file to quarantine/, durably, before somebody changes them. The copy's name tells base position and
 * offset; an older copy of the same place stays. AB_OK, AB_FAILED, AB_NO_SPACE. */
int ab_store_quarantine(const ab_store *store, int file, int64_t base, uint64_t from, uint64_t to, ab_error *error);

/* Make `from` .. `to` zeros. AB_OK, AB_FAILED. Not synced. */
int ab_store_zero(const ab_store *store, int file, uint64_t from, uint64_t to, ab_error *error);

/* Open and lock LOCK. A file, or AB_LOCKED, AB_FAILED. */
int ab_store_lock(const ab_store *store, ab_error *error);

/* Sixteen random bytes (version 4). AB_OK or AB_FAILED. */
int ab_store_uuid(uint8_t uuid[16], ab_error *error);

#endif
