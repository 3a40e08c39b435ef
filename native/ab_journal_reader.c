/* ab_journal_reader.c: a reader is opened, tells where it is, and is closed. What it answers: ab_journal.h.
 *
 * Retention may remove the segment that was to be the first between any two of our calls: then the folder is looked at again. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "ab_fail.h"
#include "ab_journal_private.h"
#include "ab_journal_reader.h"

int ab_reader_first(ab_journal_reader *reader, ab_segment_list *list, ab_error *error) {
    for (int tried = 0;; tried++) {
        ab_segment_header header;
        int result = ab_store_list(&reader->store, list, error);
        if (result != AB_OK) {
            return result;
        }
        if (list->count == 0) {
            ab_store_list_free(list);
            return ab_fail(error, AB_NOT_FOUND, ENOENT, "%s holds no recording", reader->store.directory);
        }
        int file = ab_store_open_segment(&reader->store, list->bases[0], AB_STORAGE_READ, &header, error);
        if (file >= 0) {
            reader->store.storage->close(reader->store.storage->self, file);
            reader->segments = list->count;
            reader->first_position = header.base_position;
            reader->first_sequence = header.base_sequence;
            return AB_OK;
        }
        ab_store_list_free(list);
        if (file != AB_NOT_FOUND || tried == AB_READER_TRIES) {
            return file;
        }
        sched_yield();
    }
}

int ab_journal_reader_open(
    const char *directory, const ab_storage *storage, int32_t flags, ab_journal_reader **opened, ab_error *error) {
    ab_segment_list list = {0};
    ab_journal_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return ab_fail(error, AB_NO_MEMORY, ENOMEM, "no memory for a reader");
    }
    reader->file = -1;
    reader->flags = flags;
    int result = ab_store_init(&reader->store, directory, storage, error);
    if (result == AB_OK) {
        result = ab_scan_init(&reader->scan, &reader->store, -1, &(ab_segment_header){.segment_length = AB_JOURNAL_SEGMENT_MIN});
    }
    for (int tried = 0; result == AB_OK; tried++) {
        result = ab_reader_first(reader, &list, error);
        if (result == AB_OK) {
            result = ab_reader_enter(reader, list.bases[0], error);
        }
        ab_store_list_free(&list);
        if (result != AB_NOT_FOUND || tried == AB_READER_TRIES) {
            break;
        }
        result = AB_OK; /* removed under us: look again */
        sched_yield();
    }
    if (result != AB_OK) {
        ab_journal_reader_close(reader);
        return result;
    }
    *opened = reader;
    return AB_OK;
}

void ab_journal_reader_state_get(const ab_journal_reader *reader, ab_journal_reader_state *state) {
    int inside = reader->next < reader->end;
    uint64_t sequence = reader->scan.sequence;
    if (inside) {
        sequence = ab_record_sequence(ab_scan_at(&reader->scan, reader->next));
    }
    *state = (ab_journal_reader_state){
        .segments = reader->segments,
        .first_sequence = reader->first_sequence,
        .first_position = reader->first_position,
        .sequence = sequence > reader->skip_below ? sequence : reader->skip_below,
        .position = ab_position_of(&reader->scan.header, inside ? reader->next : reader->scan.offset),
        .holes = reader->holes,
        .lost = reader->lost,
    };
    memcpy(state->uuid, reader->uuid, 16);
}

void ab_journal_reader_close(ab_journal_reader *reader) {
    ab_reader_shut(reader);
    ab_scan_free(&reader->scan);
    free(reader);
}
