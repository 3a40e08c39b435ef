/* ab_journal_repair.c: make a damaged recording whole again, keeping a copy of every byte that changes.
 *
 *      before   | record | corrupt ........... | record | commit |          hole: a control record that says which sequences are gone
 *      after    | record | hole | zeros ...... | record | commit |          and how far to go on; it ends a batch, so what is before
 *                                                                           it stays visible though its commit was hit
 *
 * Sequences and positions of all other records stay as they are. In the last segment, where nothing whole follows, the hole is all that
 * is left of the end, and says by the checkpoint how many durable records are gone: their sequences are not used again.
 * A torn tail (nothing durable in it) is left to the next open, which cuts it.
 */
#include <stdlib.h>
#include <string.h>

#include "ab_fail.h"
#include "ab_journal_private.h"

typedef struct {
    ab_store store;
    ab_scan scan;
    ab_journal_repaired *repaired;
    ab_journal_progress *progress;
    int64_t now_ns;
    ab_segment_header next;
    int next_known;
    ab_checkpoint checkpoint;
    int have_checkpoint; /* of the current segment */
    int forget;          /* the checkpoint tells of bytes that are gone now */
} repairer;

static int sync_file(repairer *r, ab_error *error) {
    int result = r->store.storage->sync(r->store.storage->self, r->scan.file);
    return result == 0 ? AB_OK : ab_store_failed(&r->store, result, "sync a repaired segment of", NULL, error);
}

static int write_control(repairer *r, uint64_t at, const ab_journal_record *record, uint64_t sequence, ab_error *error) {
    uint8_t bytes[AB_CONTROL_LENGTH] = {0};
    if (record->length > 0) {
        memcpy(bytes + AB_RECORD_HEADER, record->bytes, record->length);
    }
    ab_format_record(bytes, r->scan.seed, at, sequence, record);
    int64_t number = ab_store_write(&r->store, r->scan.file, bytes, (size_t)ab_padded(AB_RECORD_HEADER + record->length), at);
    return number == 0 ? AB_OK : ab_store_failed(&r->store, number, "write to a segment of", NULL, error);
}

/* Copy `from` .. `to`, then make it a hole of `length` bytes and zeros behind it. */
static int make_hole(
    repairer *r, uint64_t from, uint64_t length, uint64_t to, uint64_t sequence, uint64_t lost, ab_error *error) {
    const ab_journal_record hole = {
        .time_ns = r->now_ns, .session_id = (int32_t)length, .stream_position = (int64_t)lost, .flags = AB_RECORD_HOLE};
    int result = ab_store_quarantine(&r->store, r->scan.file, r->scan.header.base_position, from, to, error);
    if (result == AB_OK) { /* the hole last: until it is there the place is as corrupt as before */
        result = ab_store_zero(&r->store, r->scan.file, from + AB_RECORD_HEADER, to, error);
    }
    if (result == AB_OK) {
        result = write_control(r, from, &hole, sequence, error);
    }
    r->repaired->copied_bytes += (int64_t)(to - from);
    r->repaired->lost += lost;
    return result == AB_OK ? sync_file(r, error) : result;
}

static int failed(repairer *r, int result, ab_error *error) { return ab_walk_failed(&r->store, &r->scan, result, error); }

/* A segment that was cut gets its length again: zeros. */
static int make_long(repairer *r, ab_error *error) {
    const ab_storage *storage = r->store.storage;
    if (storage->size(storage->self, r->scan.file) >= (int64_t)r->scan.header.segment_length) {
        return AB_OK;
    }
    int result = storage->allocate(storage->self, r->scan.file, (int64_t)r->scan.header.segment_length);
    return result == 0 ? sync_file(r, error) : ab_store_failed(&r->store, result, "allocate the rest of a segment of", NULL, error);
}

/* The end of the last segment is damaged: 1 when it was durable and is a hole now, 0 when it is no business of ours; or a failure. */
static int repair_end(repairer *r, uint64_t from, ab_error *error) {
    ab_scan *scan = &r->scan;
    ab_scan_tail tail;
    int result = ab_scan_rest(scan, from, 0, &tail);
    if (result != AB_OK) {
        return failed(r, result, error);
    }
    int durable = tail.claim > ab_position_of(&scan->header, scan->offset) ||
                  (r->have_checkpoint && r->checkpoint.offset > scan->offset);
    if (!durable || from + AB_RECORD_HEADER + AB_CONTROL_LENGTH > scan->header.segment_length) {
        return 0;
    }
    if (tail.next > from) {
        return -1; /* whole records follow: a hole between, as anywhere */
    }
    result = make_long(r, error);
    if (result != AB_OK) {
        return result;
    }
    uint64_t end = tail.end > from + AB_RECORD_HEADER ? tail.end : from + AB_RECORD_HEADER;
    uint64_t lost = r->have_checkpoint && r->checkpoint.next_sequence > scan->sequence
                        ? r->checkpoint.next_sequence - scan->sequence
                        : 0;
    result = make_hole(r, from, AB_RECORD_HEADER, end, scan->sequence, lost, error);
    if (result != AB_OK) {
        return result;
    }
    r->repaired->cuts++;
    r->forget = 1;
    r->have_checkpoint = 0; /* what it told of is gone now */
    ab_scan_go(scan, from + AB_RECORD_HEADER, scan->sequence + lost, scan->last_time, NULL);
    return 1;
}

static int repair_segment(repairer *r, ab_error *error) {
    ab_scan *scan = &r->scan;
    const uint64_t limit = r->next_known ? (uint64_t)(r->next.previous_end - scan->header.base_position) + AB_JOURNAL_HEADER
                                         : scan->header.segment_length;
    uint64_t told = 0;
    while (scan->offset < limit) {
        int result = ab_scan_batch(scan);
        if (r->progress != NULL && scan->offset - told >= AB_SCAN_WINDOW) {
            r->progress->done_bytes += (int64_t)(scan->offset - told);
            told = scan->offset;
            if (r->progress->stop) {
                return ab_fail(error, AB_TIMED_OUT, 0, "stopped; what was repaired is whole, doing it again goes on");
            }
        }
        if (result == AB_OK) {
            continue;
        }
        if (result != AB_END && result != AB_CORRUPT) {
            return failed(r, result, error);
        }
        if (scan->sealed) {
            break;
        }
        ab_scan before = *scan; /* the place, should this be a torn tail */
        if (ab_scan_salvage(scan) != AB_OK) {
            scan->fault_offset = scan->offset;
        }
        uint64_t from = scan->offset;
        if (!r->next_known) {
            int done = repair_end(r, from, error);
            if (done == 0) { /* a torn tail: the next open's */
                ab_scan_go(scan, before.offset, before.sequence, before.last_time, NULL);
                break;
            }
            if (done == 1) {
                continue;
            }
            if (done != -1) {
                return done;
            }
        }
        uint64_t lost, at, sequence = scan->sequence;
        scan->fault_offset = from;
        result = ab_scan_skip(scan, limit, r->next_known ? r->next.base_sequence : 0, &at, &lost);
        if (result != AB_OK) {
            return failed(r, result, error);
        }
        result = make_hole(r, from, scan->offset - from, scan->offset, sequence, lost, error);
        if (result != AB_OK) {
            return result;
        }
        r->repaired->holes++;
    }
    return AB_OK;
}

/* A seal that was hit is written anew. */
static int repair_seal(repairer *r, ab_error *error) {
    ab_scan *scan = &r->scan;
    const uint64_t at = scan->offset;
    const uint32_t chain = scan->chain_known ? scan->chain : r->next.previous_chain;
    uint8_t payload[AB_SEAL_PAYLOAD] = {0};
    if (scan->sealed || ab_scan_batch(scan) == AB_OK || at + AB_CONTROL_LENGTH > scan->header.segment_length) {
        return AB_OK;
    }
    ab_put_le64(payload, scan->records);
    ab_put_le64(payload + 8, scan->sequence);
    ab_put_le64(payload + 16, (uint64_t)scan->last_time);
    ab_put_le32(payload + 24, chain);
    int result = ab_store_quarantine(&r->store, scan->file, scan->header.base_position, at, at + AB_CONTROL_LENGTH, error);
    if (result == AB_OK) {
        result = write_control(r, at,
            &(ab_journal_record){
                .time_ns = scan->last_time, .flags = AB_RECORD_SEAL, .length = sizeof payload, .bytes = payload},
            scan->sequence, error);
    }
    return result == AB_OK ? sync_file(r, error) : result;
}

static int repair_one(repairer *r, const ab_segment_list *list, uint32_t i, ab_error *error) {
    const ab_storage *storage = r->store.storage;
    ab_segment_header header;
    char path[AB_STORE_PATH];
    ab_store_path(&r->store, path, AB_SEGMENT_NAME, (unsigned long long)list->bases[i]);
    storage->protect(storage->self, path, 0);
    int file = ab_store_open_segment(&r->store, list->bases[i], AB_STORAGE_WRITE, &header, error);
    if (file < 0) {
        return file;
    }
    r->next_known = 0;
    int result = AB_OK;
    if (i + 1 < list->count) {
        int after = ab_store_open_segment(&r->store, list->bases[i + 1], AB_STORAGE_READ, &r->next, error);
        const char *fault = after < 0 ? NULL : ab_chain_fault(&header, &r->next);
        if (after >= 0) {
            storage->close(storage->self, after);
        }
        r->next_known = after >= 0 && fault == NULL;
        if (fault != NULL) {
            result = ab_fail(error, AB_CORRUPT, 0, "%s/" AB_SEGMENT_NAME ", offset 0: %s: that cannot be repaired", r->store.directory,
                (unsigned long long)list->bases[i + 1], fault);
        }
    }
    r->have_checkpoint = ab_store_checkpoint(&r->store, header.recording, &r->checkpoint) &&
                         memcmp(r->checkpoint.segment, header.uuid, 16) == 0;
    if (r->scan.window == NULL && ab_scan_init(&r->scan, &r->store, file, &header) != AB_OK) {
        result = ab_fail(error, AB_NO_MEMORY, 0, "no memory to read a segment");
    }
    if (result == AB_OK && (r->next_known || i + 1 == list->count)) {
        r->scan.stop = r->progress == NULL ? NULL : &r->progress->stop;
        ab_scan_enter(&r->scan, file, &header);
        result = r->next_known ? make_long(r, error) : AB_OK;
        result = result == AB_OK ? repair_segment(r, error) : result;
        if (result == AB_OK && r->next_known && r->next.epoch == header.epoch) {
            result = repair_seal(r, error);
        }
        r->repaired->next_sequence = r->scan.sequence;
    }
    storage->close(storage->self, file);
    if (i + 1 < list->count) {
        storage->protect(storage->self, path, 1);
    }
    return result;
}

/* The checkpoint claims what a repair gave up: copy it, then make it none. */
static int forget_checkpoint(repairer *r, ab_error *error) {
    const ab_storage *storage = r->store.storage;
    char path[AB_STORE_PATH];
    ab_store_path(&r->store, path, "checkpoint");
    int file = storage->open(storage->self, path, AB_STORAGE_WRITE);
    if (file < 0) {
        return ab_store_failed(&r->store, file, "open", path, error);
    }
    const uint64_t length = (uint64_t)AB_CHECKPOINT_SLOTS * AB_CHECKPOINT_SLOT;
    int result = ab_store_quarantine(&r->store, file, 0, 0, length, error);
    if (result == AB_OK) {
        result = ab_store_zero(&r->store, file, 0, length, error);
    }
    if (result == AB_OK && (result = storage->sync(storage->self, file)) != 0) {
        result = ab_store_failed(&r->store, result, "sync", path, error);
    }
    storage->close(storage->self, file);
    return result;
}

int ab_journal_repair(const char *directory, const ab_storage *storage, int64_t now_ns, ab_journal_repaired *repaired,
    ab_journal_progress *progress, ab_error *error) {
    repairer r = {.repaired = repaired, .progress = progress, .now_ns = now_ns};
    ab_segment_list list = {0};
    ab_error first = {0};
    int lock = -1, worst = AB_OK;
    *repaired = (ab_journal_repaired){0};
    int result = ab_store_init(&r.store, directory, storage, error);
    if (result == AB_OK) {
        result = ab_store_list(&r.store, &list, error);
    }
    if (result == AB_OK && list.count == 0) {
        result = ab_fail(error, AB_NOT_FOUND, 0, "%s holds no recording", directory);
    }
    if (result == AB_OK) {
        lock = ab_store_lock(&r.store, error);
        result = lock < 0 ? lock : AB_OK;
    }
    ab_store_list_free(&list);
    if (result == AB_OK) {
        result = ab_repair_headers(&r.store, now_ns, repaired, progress, &r.forget, error);
    }
    if (result == AB_OK) {
        result = ab_store_list(&r.store, &list, error);
    }
    for (uint32_t i = 0; result == AB_OK && i < list.count; i++) {
        int one = repair_one(&r, &list, i, error);
        if (one == AB_CORRUPT || one == AB_REFUSED) { /* say it at the end; its neighbours can still be helped */
            if (worst == AB_OK) {
                worst = one;
                first = *error;
            }
        } else {
            result = one;
        }
    }
    if (result == AB_OK && !r.forget && ab_store_checkpoint(&r.store, NULL, &r.checkpoint) &&
        r.checkpoint.base_position > list.bases[list.count - 1]) {
        result = ab_fail(error, AB_CORRUPT, 0, "%s/" AB_SEGMENT_NAME ", offset 0: the segment is missing: that cannot be repaired",
            directory, (unsigned long long)r.checkpoint.base_position);
    }
    if (result == AB_OK && r.forget) {
        result = forget_checkpoint(&r, error);
    }
    if (result == AB_OK && worst != AB_OK) {
        result = worst;
        *error = first;
    }
    ab_scan_free(&r.scan);
    if (lock >= 0) {
        r.store.storage->close(r.store.storage->self, lock);
    }
    ab_store_list_free(&list);
    return result;
}
