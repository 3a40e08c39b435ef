/* ab_journal_index.c: reading an index, and writing all of them anew. An index is a hint: what it says is checked against the segment by
 * whoever uses it, so a wrong one costs time and nothing else. */
#include <stdlib.h>
#include <string.h>

#include "ab_fail.h"
#include "ab_journal_private.h"

uint64_t ab_index_load(const ab_store *store, const ab_segment_header *header, uint64_t end, ab_index_entry **entries) {
    const ab_storage *storage = store->storage;
    char path[AB_STORE_PATH];
    uint8_t expected[AB_INDEX_HEADER];
    *entries = NULL;
    ab_store_path(store, path, AB_INDEX_NAME, (unsigned long long)header->base_position);
    int file = storage->open(storage->self, path, AB_STORAGE_READ);
    if (file < 0) {
        return 0;
    }
    int64_t size = storage->size(storage->self, file);
    /* More entries than records fit in are no index. */
    int64_t most = AB_INDEX_HEADER + (int64_t)(header->segment_length / AB_RECORD_HEADER) * AB_INDEX_ENTRY;
    uint8_t *bytes = size < (int64_t)AB_INDEX_HEADER || size > most ? NULL : malloc((size_t)size);
    int64_t length = bytes == NULL ? 0 : ab_store_read(store, file, bytes, (size_t)size, 0);
    storage->close(storage->self, file);
    ab_format_index_header(expected, header->uuid);
    uint64_t count = 0;
    if (length >= (int64_t)AB_INDEX_HEADER && memcmp(bytes, expected, sizeof expected) == 0) {
        uint64_t room = ((uint64_t)length - AB_INDEX_HEADER) / AB_INDEX_ENTRY;
        *entries = malloc((room == 0 ? 1 : room) * sizeof **entries);
        ab_index_entry last = {.sequence = header->base_sequence, .time_ns = header->previous_time, .offset = AB_JOURNAL_HEADER};
        for (; *entries != NULL && count < room; count++) {
            ab_index_entry entry;
            if (!ab_format_index_get(bytes + AB_INDEX_HEADER + count * AB_INDEX_ENTRY, header->uuid, count, &entry) ||
                entry.sequence <= last.sequence || entry.time_ns <= last.time_ns || entry.offset <= last.offset ||
                entry.offset >= end || entry.offset % 8 != 0) {
                break;
            }
            (*entries)[count] = last = entry;
        }
    }
    free(bytes);
    return count;
}

/* One segment, from its header on to its first place without a batch. */
static int64_t rebuild(ab_journal *journal, int file, ab_scan *scan, ab_journal_progress *progress) {
    ab_scan_enter(scan, file, &journal->header);
    ab_index_open(journal, AB_JOURNAL_HEADER); /* empty */
    uint64_t records = 0, told = 0;
    while (ab_scan_batch(scan) == AB_OK) {
        if (scan->batch_records > 0) {
            ab_index_note(journal, scan->batch_start, scan->batch_sequence, scan->batch_time, records);
        }
        records = scan->records;
        if (progress != NULL && scan->offset - told >= AB_SCAN_WINDOW) {
            progress->done_bytes += (int64_t)(scan->offset - told);
            told = scan->offset;
            if (progress->stop) {
                return AB_TIMED_OUT;
            }
        }
    }
    return (int64_t)journal->index_entries;
}

int64_t ab_journal_index_rebuild(
    const char *directory, const ab_storage *storage, ab_journal_progress *progress, ab_error *error) {
    ab_segment_list list = {0};
    ab_scan scan = {0};
    int64_t total = 0;
    ab_journal *journal = calloc(1, sizeof *journal); /* what the index functions need of it: store, header, index */
    if (journal == NULL) {
        return ab_fail(error, AB_NO_MEMORY, 0, "no memory to rebuild an index");
    }
    journal->lock_file = journal->file = journal->prepared_file = journal->checkpoint_file = journal->index_file = -1;
    journal->counters = journal->own_counters;
    int64_t result = ab_store_init(&journal->store, directory, storage, error);
    if (result == AB_OK) {
        result = ab_store_list(&journal->store, &list, error);
    }
    if (result == AB_OK && list.count == 0) {
        result = ab_fail(error, AB_NOT_FOUND, 0, "%s holds no recording", directory);
    }
    if (result == AB_OK) {
        journal->lock_file = ab_store_lock(&journal->store, error);
        result = journal->lock_file < 0 ? journal->lock_file : AB_OK;
    }
    for (uint32_t i = 0; i < list.count && result >= 0; i++) {
        journal->file = ab_store_open_segment(&journal->store, list.bases[i], AB_STORAGE_READ, &journal->header, error);
        if (journal->file < 0) {
            result = journal->file;
            break;
        }
        if (progress != NULL && i == 0) {
            progress->total_bytes = (int64_t)(list.count * journal->header.segment_length);
        }
        if (scan.window == NULL && ab_scan_init(&scan, &journal->store, journal->file, &journal->header) != AB_OK) {
            result = ab_fail(error, AB_NO_MEMORY, 0, "no memory to read a segment");
            break;
        }
        result = rebuild(journal, journal->file, &scan, progress);
        total += result < 0 ? 0 : result;
        journal->store.storage->close(journal->store.storage->self, journal->file);
        journal->file = -1;
    }
    if (result == AB_TIMED_OUT) {
        ab_fail(error, AB_TIMED_OUT, 0, "stopped; the indexes that were not reached are as before");
    }
    ab_scan_free(&scan);
    ab_store_list_free(&list);
    ab_journal_abandon(journal);
    return result < 0 ? result : total;
}
