/* ab_journal_seek.c: go to a sequence, position or time. The segment by its header, the batch by the index, the record by reading.
 *
 * An index entry is only a place to begin: the batch there must check out with the sequence the entry says, else the one before it is
 * tried, and at last the segment's first batch.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "ab_fail.h"
#include "ab_journal_private.h"
#include "ab_journal_reader.h"

#define ENTRY_TRIES 3
int ab_reader_replaced(ab_journal_reader *reader, ab_error *error) {
    const int64_t base = reader->scan.header.base_position;
    const uint64_t sequence = reader->scan.sequence;
    ab_segment_header header;
    int file = ab_store_open_segment(&reader->store, base, AB_STORAGE_READ, &header, NULL);
    if (file < 0) {
        return 0;
    }
    reader->store.storage->close(reader->store.storage->self, file);
    if (memcmp(header.uuid, reader->scan.header.uuid, 16) == 0) {
        return 0;
    }
    int result = ab_reader_enter(reader, base, error);
    reader->skip_below = sequence > reader->skip_below ? sequence : reader->skip_below;
    return result == AB_OK ? 1 : result;
}

/* Does the segment begin at or before what is sought? 1, 0, or a failure. */
static int begins_before(ab_journal_reader *reader, int64_t base, int32_t seek, int64_t value, ab_error *error) {
    ab_segment_header header;
    if (seek == AB_SEEK_POSITION) {
        return base <= value;
    }
    int file = ab_store_open_segment(&reader->store, base, AB_STORAGE_READ, &header, error);
    if (file < 0) {
        return file;
    }
    reader->store.storage->close(reader->store.storage->self, file);
    return seek == AB_SEEK_TIME ? header.previous_time < value : header.base_sequence <= (uint64_t)value;
}

/* The last segment that begins at or before what is sought: its index in the list, or a failure. `readable`: the first that can be. One
 * without a header is passed by: what was sought in it is missed when we get there from the one before. */
static int64_t find_segment(ab_journal_reader *reader, const ab_segment_list *list, uint32_t readable, int32_t seek, int64_t value,
    ab_error *error) {
    if (seek == AB_SEEK_EARLIEST) {
        return readable;
    }
    uint32_t low = readable, high = list->count; /* low: begins before or is the first; high: does not */
    if (seek == AB_SEEK_END) {
        while (high - 1 > low && !ab_reader_can_read(reader, list->bases[high - 1])) {
            high--;
        }
        return high - 1;
    }
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2, asked = middle;
        int before = begins_before(reader, list->bases[asked], seek, value, error);
        while ((before == AB_CORRUPT || before == AB_REFUSED) && ++asked < high) {
            before = begins_before(reader, list->bases[asked], seek, value, error);
        }
        if (before < 0 && before != AB_CORRUPT && before != AB_REFUSED) {
            return before;
        }
        if (before > 0) {
            low = asked;
        } else {
            high = middle;
        }
    }
    if (low == readable && readable > 0 && seek != AB_SEEK_TIME &&
        (seek == AB_SEEK_POSITION ? value < list->bases[readable] : (uint64_t)value < reader->first_sequence)) {
        return ab_reader_enter(reader, list->bases[0], error); /* which says what is wrong with it */
    }
    if (low == 0 && seek != AB_SEEK_TIME &&
        (seek == AB_SEEK_POSITION ? value < reader->first_position : (uint64_t)value < reader->first_sequence)) {
        return ab_fail(error, AB_PURGED, 0, "%s %lld was removed by retention; the first available is sequence %llu (position %lld)",
            seek == AB_SEEK_POSITION ? "position" : "sequence", (long long)value, (unsigned long long)reader->first_sequence,
            (long long)reader->first_position);
    }
    return low;
}

static int entry_is_before(const ab_scan *scan, const ab_index_entry *entry, int32_t seek, int64_t value) {
    switch (seek) {
    case AB_SEEK_SEQUENCE:
        return entry->sequence <= (uint64_t)value;
    case AB_SEEK_POSITION:
        return ab_position_of(&scan->header, entry->offset) <= value;
    case AB_SEEK_TIME:
        return entry->time_ns <= value;
    default:
        return seek == AB_SEEK_END;
    }
}

/* Begin at the nearest batch that the index knows. Whatever goes wrong, the segment's first batch will do. */
static void use_index(ab_journal_reader *reader, int32_t seek, int64_t value) {
    ab_scan *scan = &reader->scan;
    ab_index_entry *entries;
    uint64_t end = reader->limit < scan->header.segment_length ? reader->limit : scan->header.segment_length;
    uint64_t count = ab_index_load(&reader->store, &scan->header, end, &entries);
    uint64_t low = 0, high = count; /* entries below low are before, those from high on are not */
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (entry_is_before(scan, &entries[middle], seek, value)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (int tried = 0; low > 0 && tried < ENTRY_TRIES; tried++) {
        const ab_index_entry *entry = &entries[--low];
        ab_scan_go(scan, entry->offset, entry->sequence, entry->time_ns - 1, NULL);
        if (ab_scan_batch(scan) == AB_OK && scan->batch_time == entry->time_ns) {
            reader->next = scan->batch_start;
            reader->end = scan->batch_end;
            free(entries);
            return;
        }
    }
    free(entries);
    const ab_segment_header header = scan->header;
    ab_scan_enter(scan, reader->file, &header);
    reader->next = reader->end = AB_JOURNAL_HEADER;
}

static int is_below(const ab_journal_reader *reader, int32_t seek, int64_t value) {
    const uint8_t *p = ab_scan_at(&reader->scan, reader->next);
    switch (seek) {
    case AB_SEEK_SEQUENCE:
        return ab_record_sequence(p) < (uint64_t)value;
    case AB_SEEK_POSITION:
        return ab_position_of(&reader->scan.header, reader->next + ab_padded(ab_le32(p))) <= value;
    case AB_SEEK_TIME:
        return ab_record_time(p) < value;
    default:
        return seek == AB_SEEK_END;
    }
}

/* Damage on the way. AB_LOST: what is sought lies behind it, and so do we. AB_OK: it may lie inside, the next read will say so. */
static int pass_damage(ab_journal_reader *reader, int32_t seek, int64_t value, ab_error *error) {
    ab_scan *scan = &reader->scan;
    const uint64_t expected = scan->sequence;
    const int64_t time = scan->last_time;
    const uint64_t holes = reader->holes, lost = reader->lost;
    uint64_t from;
    int result = ab_reader_skip(reader, &from, error);
    if (result != AB_LOST || seek == AB_SEEK_END) {
        return result;
    }
    int behind = seek == AB_SEEK_SEQUENCE ? scan->sequence <= (uint64_t)value
                                          : ab_position_of(&scan->header, scan->offset) <= value;
    if (seek == AB_SEEK_TIME) { /* the first record behind it tells */
        result = ab_reader_have(reader, error);
        behind = result == AB_OK && ab_record_time(ab_scan_at(scan, reader->next)) <= value;
        if (behind) {
            return AB_LOST;
        }
    }
    if (behind) {
        return AB_LOST;
    }
    ab_scan_go(scan, from, expected, time, NULL);
    scan->holed = 1;
    reader->next = reader->end = from;
    reader->holes = holes;
    reader->lost = lost;
    return AB_OK;
}

/* Read on to the record that is sought. */
static int read_up_to(ab_journal_reader *reader, int32_t seek, int64_t value, ab_error *error) {
    int result;
    while ((result = ab_reader_have(reader, error)) == AB_OK || result == AB_LOST || result == AB_CORRUPT) {
        if (result == AB_LOST) {
            continue; /* counted; what comes next says its own sequence */
        }
        if (result == AB_CORRUPT && reader->gap && seek == AB_SEEK_END) {
            return AB_OK; /* the end of what can be read: reading on says why */
        }
        if (result == AB_CORRUPT) {
            result = reader->broken || reader->gap ? AB_CORRUPT : pass_damage(reader, seek, value, error);
            if (result != AB_LOST) {
                return result;
            }
            continue;
        }
        if (!is_below(reader, seek, value)) {
            return AB_OK;
        }
        reader->next += ab_padded(ab_le32(ab_scan_at(&reader->scan, reader->next)));
    }
    if (result != AB_END) {
        return result;
    }
    const ab_scan *scan = &reader->scan;
    if (seek == AB_SEEK_SEQUENCE && (uint64_t)value > scan->sequence) {
        return ab_fail(error, AB_INVALID, 0, "sequence %lld does not exist yet: the next one is %llu", (long long)value,
            (unsigned long long)scan->sequence);
    }
    if (seek == AB_SEEK_POSITION && value > ab_position_of(&scan->header, scan->offset)) {
        return ab_fail(error, AB_INVALID, 0, "position %lld does not exist yet: the recording ends at %lld", (long long)value,
            (long long)ab_position_of(&scan->header, scan->offset));
    }
    return AB_OK;
}

static int seek_fresh(ab_journal_reader *reader, int32_t seek, int64_t value, ab_error *error) {
    ab_segment_list list;
    for (int tried = 0;; tried++) {
        uint32_t readable;
        int result = ab_reader_first(reader, &list, &readable, error);
        if (result != AB_OK) {
            return result;
        }
        int64_t found = find_segment(reader, &list, readable, seek, value, error);
        result = found < 0 ? (int)found : ab_reader_enter(reader, list.bases[found], error);
        ab_store_list_free(&list);
        if (result == AB_NOT_FOUND && tried < AB_READER_TRIES) {
            sched_yield();
            continue; /* removed under us: the list is another one now */
        }
        if (result != AB_OK) {
            return result;
        }
        break;
    }
    if (seek == AB_SEEK_EARLIEST) {
        reader->headless = reader->first_position < reader->scan.header.base_position;
        return AB_OK;
    }
    use_index(reader, seek, value);
    return read_up_to(reader, seek, value, error);
}

int ab_journal_reader_seek(ab_journal_reader *reader, int32_t seek, int64_t value, ab_error *error) {
    ab_journal_reader fresh = *reader;
    if (seek < AB_SEEK_EARLIEST || seek > AB_SEEK_TIME || (value < 0 && seek != AB_SEEK_EARLIEST && seek != AB_SEEK_END)) {
        return ab_fail(error, AB_INVALID, 0, "seek %d to %lld: the kind is 0 .. 4, the value not negative", seek, (long long)value);
    }
    fresh.file = -1; /* the old place stays open until the new one is found */
    fresh.broken = fresh.gap = fresh.over = fresh.headless = 0;
    fresh.skip_below = 0;
    if (ab_scan_init(&fresh.scan, &reader->store, -1, &reader->scan.header) != AB_OK) {
        return ab_fail(error, AB_NO_MEMORY, 0, "no memory to read a segment");
    }
    fresh.scan.store = &reader->store;
    int result = seek_fresh(&fresh, seek, value, error);
    ab_journal_reader *gone = result == AB_OK ? reader : &fresh;
    if (gone->file >= 0) {
        reader->store.storage->close(reader->store.storage->self, gone->file);
    }
    ab_scan_free(&gone->scan);
    if (result == AB_OK) {
        *reader = fresh;
    }
    return result;
}
