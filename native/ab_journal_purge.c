/* ab_journal_purge.c: retention. Whole segments from the old end, one after the other, each removal durable before the next begins: a
 * power loss between never leaves a hole in the chain.
 *
 * A segment that a reader is on is locked (shared): asking for it exclusively tells, and keeps a new reader from it while it goes. A reader
 * that opened the file a moment before keeps what it has open; it finds the next one by its name.
 */
#include <errno.h>
#include <string.h>

#include "ab_fail.h"
#include "ab_journal_private.h"

enum { HELD_BY_READER = 1, HELD_BY_CONSUMER = 2 };

/* Remove one segment. AB_OK, AB_LOCKED: a reader is on it, AB_FAILED. */
static int remove_segment(ab_journal *journal, int64_t base, ab_error *error) {
    const ab_storage *storage = journal->store.storage;
    char path[AB_STORE_PATH];
    ab_store_path(&journal->store, path, AB_SEGMENT_NAME, (unsigned long long)base);
    int file = storage->open(storage->self, path, AB_STORAGE_READ);
    if (file < 0) {
        return ab_store_failed(&journal->store, file, "open", path, error);
    }
    int64_t result = storage->lock(storage->self, file, 1);
    if (result == -EWOULDBLOCK) {
        storage->close(storage->self, file);
        return AB_LOCKED;
    }
    result = storage->unlink(storage->self, path);
    if (result == 0) {
        result = storage->sync_directory(storage->self, journal->store.directory);
    }
    storage->close(storage->self, file);
    if (result != 0) {
        return ab_store_failed(&journal->store, result, "remove", path, error);
    }
    ab_store_path(&journal->store, path, AB_INDEX_NAME, (unsigned long long)base);
    storage->unlink(storage->self, path); /* an index without its segment is never looked at */
    return AB_OK;
}

/* Is the segment due, given the header behind it and the bytes of all? */
static int is_due(const ab_journal_retention *retention, const ab_segment_header *next, uint64_t bytes) {
    return (retention->bytes_max > 0 && bytes > (uint64_t)retention->bytes_max) ||
           (retention->before_time_ns > 0 && next->previous_time < retention->before_time_ns);
}

int ab_journal_purge(
    ab_journal *journal, const ab_journal_retention *retention, ab_journal_purged *purged, ab_error *error) {
    const ab_storage *storage = journal->store.storage;
    ab_segment_list list;
    *purged = (ab_journal_purged){0};
    int result = ab_store_list(&journal->store, &list, error);
    uint64_t bytes = 0;
    for (uint32_t i = 0; result == AB_OK && i < list.count; i++) {
        bytes += i + 1 < list.count ? (uint64_t)(list.bases[i + 1] - list.bases[i]) + AB_JOURNAL_HEADER
                                    : journal->header.segment_length;
    }
    for (uint32_t i = 0; result == AB_OK && i + 1 < list.count && list.bases[i] < journal->header.base_position; i++) {
        ab_segment_header next;
        int file = ab_store_open_segment(&journal->store, list.bases[i + 1], AB_STORAGE_READ, &next, error);
        if (file < 0) {
            result = file; /* never remove what stands before something unreadable */
            break;
        }
        storage->close(storage->self, file);
        if (!is_due(retention, &next, bytes)) {
            break;
        }
        if (next.previous_end > retention->keep_position) {
            purged->held = HELD_BY_CONSUMER;
            break;
        }
        result = remove_segment(journal, list.bases[i], error);
        if (result == AB_LOCKED) {
            purged->held = HELD_BY_READER;
            result = AB_OK;
            break;
        }
        if (result == AB_OK) {
            uint64_t length = (uint64_t)(next.base_position - list.bases[i]) + AB_JOURNAL_HEADER;
            purged->segments++;
            purged->bytes += length;
            bytes -= length;
            if (journal->unsynced_base < next.base_position) {
                journal->unsynced_base = next.base_position; /* what is gone needs no sync */
            }
            journal->first_position = next.base_position;
            journal->first_sequence = next.base_sequence;
            ab_journal_count(journal, AB_JOURNAL_SEGMENTS, journal->counters[AB_JOURNAL_SEGMENTS] - 1);
        }
    }
    ab_store_list_free(&list);
    purged->first_sequence = journal->first_sequence;
    purged->first_position = journal->first_position;
    return result;
}
