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

int ab_reader_can_read(const ab_journal_reader *reader, int64_t base) {
    ab_segment_header header;
    int file = ab_store_open_segment(&reader->store, base, AB_STORAGE_READ, &header, NULL);
    if (file >= 0) {
        reader->store.storage->close(reader->store.storage->self, file);
    }
    return file >= 0 && (ab_uuid_is_zero(reader->uuid) || memcmp(header.recording, reader->uuid, 16) == 0);
}

static int is_damage(int code) { return code == AB_CORRUPT || code == AB_REFUSED; }

int ab_reader_first(ab_journal_reader *reader, ab_segment_list *list, uint32_t *readable, ab_error *error) {
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
        *readable = 0;
        for (uint32_t i = 1; is_damage(file) && i < list->count; i++) { /* the first error stays, should none be readable */
            int other = ab_store_open_segment(&reader->store, list->bases[i], AB_STORAGE_READ, &header, NULL);
            *readable = i;
            file = other >= 0 || !is_damage(other) ? other : file;
        }
        if (file >= 0) {
            reader->store.storage->close(reader->store.storage->self, file);
            reader->segments = list->count;
            reader->first_position = list->bases[0];
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

/* ---- segments that cannot be read -------------------------------------------------------------------------------- */

/* The first segment behind `due` that can be read; -1: none. */
static int64_t readable_behind(const ab_journal_reader *reader, int64_t due) {
    ab_segment_list list;
    int64_t found = -1;
    if (ab_store_list(&reader->store, &list, NULL) != AB_OK) {
        return -1;
    }
    for (uint32_t i = 0; i < list.count && found < 0; i++) {
        found = list.bases[i] > due && ab_reader_can_read(reader, list.bases[i]) ? list.bases[i] : -1;
    }
    ab_store_list_free(&list);
    return found;
}

int ab_reader_gap(ab_journal_reader *reader, int64_t due, const char *text, ab_error *error) {
    const uint64_t expected = reader->scan.sequence;
    int64_t base = readable_behind(reader, due);
    reader->gap = 1;
    if ((reader->flags & AB_JOURNAL_SKIP_CORRUPT) == 0) {
        return base < 0 ? ab_fail(error, AB_CORRUPT, 0, "%.900s", text)
                        : ab_fail(error, AB_CORRUPT, 0, "%.800s; reading can go on at position %lld", text, (long long)base);
    }
    if (base >= 0) {
        int result = ab_reader_enter(reader, base, error);
        if (result != AB_OK) {
            return result;
        }
    }
    uint64_t lost = base >= 0 && reader->scan.sequence > expected ? reader->scan.sequence - expected : 0;
    reader->over = base < 0;
    reader->holes++;
    reader->lost += lost;
    return base < 0 ? ab_fail(error, AB_LOST, 0, "%.800s; nothing behind it can be read", text)
                    : ab_fail(error, AB_LOST, 0, "%.800s: %llu records are lost", text, (unsigned long long)lost);
}

int ab_reader_headless(ab_journal_reader *reader, ab_error *error) {
    ab_segment_header header;
    ab_error why = {0};
    int file = ab_store_open_segment(&reader->store, reader->first_position, AB_STORAGE_READ, &header, &why);
    if (file >= 0) {
        reader->store.storage->close(reader->store.storage->self, file);
    }
    reader->headless = 0;
    if (!is_damage(file)) {
        return AB_OK;
    }
    reader->gap = 1;
    if ((reader->flags & AB_JOURNAL_SKIP_CORRUPT) != 0) {
        reader->holes++;
        return ab_fail(error, AB_LOST, 0, "%.800s: its records are lost", why.text);
    }
    reader->headless = 1;
    return ab_fail(error, AB_CORRUPT, 0, "%.800s; reading can go on at position %lld", why.text,
        (long long)reader->scan.header.base_position);
}

/* ---- life -------------------------------------------------------------------------------------------------------- */

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
        uint32_t readable = 0;
        result = ab_reader_first(reader, &list, &readable, error);
        if (result == AB_OK) {
            result = ab_reader_enter(reader, list.bases[readable], error);
            reader->headless = readable > 0;
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
