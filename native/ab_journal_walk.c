/* ab_journal_walk.c: read a segment to its end, whatever is in it, for a repair that has to know where the next one goes on. */
#include "ab_fail.h"
#include "ab_journal_private.h"

int ab_walk_failed(const ab_store *store, const ab_scan *scan, int result, ab_error *error) {
    return result == AB_NO_MEMORY    ? ab_fail(error, AB_NO_MEMORY, 0, "no memory to read a segment")
           : result == AB_TIMED_OUT ? ab_fail(error, AB_TIMED_OUT, 0, "stopped; what was repaired is whole, doing it again goes on")
                                     : ab_store_failed(store, scan->number, "read a segment of", NULL, error);
}

static ab_place place_of(const ab_scan *scan) {
    return (ab_place){.offset = scan->offset, .sequence = scan->sequence, .records = scan->records, .time = scan->last_time,
        .chain = scan->chain};
}

/* Nothing whole follows. */
static void end_torn(ab_scan *scan, uint32_t epoch, const ab_walked *until, ab_walked *end) {
    if (until->place.offset != 0) { /* the next one's first sequence is due there: what follows was written there again */
        *end = *until;
        return;
    }
    while (ab_scan_salvage(scan) == AB_OK && scan->batch_flags == 0) { /* whole records whose commit was hit count, too */
    }
    end->place = place_of(scan);
    end->epoch = epoch + 1;
    end->torn = 1;
}

static int walk_batches(ab_scan *scan, const ab_segment_header *hint, int64_t first, ab_walked *end) {
    uint32_t epoch = scan->header.epoch;
    int64_t hinted = hint == NULL ? -1 : hint->previous_end;
    ab_walked until = {0};
    end->place = place_of(scan);
    for (;;) {
        ab_scan_tail tail;
        uint64_t from, lost;
        int result = ab_scan_batch(scan);
        if (result == AB_OK && scan->sealed) {
            const uint8_t *payload = ab_scan_at(scan, scan->batch_start) + AB_RECORD_HEADER;
            *end = (ab_walked){.epoch = epoch, /* rolled in order; what it says holds over damage before it */
                .place = {.offset = scan->batch_start, .sequence = scan->sequence, .records = ab_le64(payload),
                    .time = (int64_t)ab_le64(payload + 16), .chain = ab_le32(payload + 24)}};
            return AB_OK;
        }
        if (result == AB_OK) {
            epoch = scan->batch_flags == AB_RECORD_EPOCH ? ab_le32(ab_scan_at(scan, scan->batch_start) + AB_RECORD_HEADER) : epoch;
            end->place = place_of(scan);
            if (until.place.offset == 0 && first >= 0 && scan->sequence == (uint64_t)first && scan->batch_records > 0) {
                until = (ab_walked){.place = end->place, .epoch = epoch + 1};
            }
            if (ab_position_of(&scan->header, scan->offset) == hinted && scan->chain == hint->previous_chain) {
                end->epoch = hint->epoch > epoch ? hint->epoch : epoch + 1; /* left after a failure: what is behind counts no more */
                const uint64_t at = scan->offset;
                if (ab_scan_batch(scan) == AB_OK && scan->sealed && scan->batch_start == at) {
                    end->epoch = epoch;
                }
                return AB_OK;
            }
            continue;
        }
        if (result != AB_END && result != AB_CORRUPT) {
            return result;
        }
        const uint64_t next = scan->fault_offset + 8, length = scan->header.segment_length;
        result = ab_scan_rest(scan, next < length ? next : length, 1, &tail);
        if (result == AB_OK && tail.next == 0) {
            end_torn(scan, epoch, &until, end);
            return AB_OK;
        }
        result = result == AB_OK ? ab_scan_skip(scan, length, 0, &from, &lost) : result;
        if (result != AB_OK) {
            return result;
        }
    }
}

int ab_walk_to_end(const ab_store *store, const int64_t *stop, const ab_segment_header *before, const ab_segment_header *hint,
    int64_t first, ab_walked *end, ab_error *error) {
    ab_segment_header header;
    ab_scan scan;
    *end = (ab_walked){0};
    int file = ab_store_open_segment(store, before->base_position, AB_STORAGE_READ, &header, error);
    if (file < 0) {
        return file;
    }
    int result = ab_scan_init(&scan, store, file, &header);
    if (result == AB_OK) {
        scan.stop = stop;
        result = walk_batches(&scan, hint, first, end);
    }
    if (result != AB_OK) {
        result = ab_walk_failed(store, &scan, result, error);
    }
    ab_scan_free(&scan);
    store->storage->close(store->storage->self, file);
    return result;
}
