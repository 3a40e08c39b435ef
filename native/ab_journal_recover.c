/* ab_journal_recover.c: open a journal for writing. docs/journal-format.md, "recovery", tells the same in prose.
 *
 *      lock  >  chain of headers  >  newest checkpoint  >  walk the last segment's batches from there  >  first place X with no batch
 *
 *      X    zeros up to the segment's end                              the end
 *           anything, and X below a place known to be durable          AB_CORRUPT: nothing was changed
 *           anything else                                              torn tail: copy to quarantine/, make zeros, sync
 *
 * Known to be durable: what the newest checkpoint says, and what any whole commit or epoch behind X claims. A claim is written after its
 * sync, so it is true wherever it is found. In mode durable each batch but the last is claimed by the next one, and all of them by the
 * checkpoint's hint slot as long as the machine did not lose power.
 *
 * Before the recovered end counts as durable its bytes behind the checkpoint are written again in place and synced: a sync that failed
 * unnoticed in another life would have left them clean in the page cache and missing on the disk. Only in the page cache they were written
 * through, where the newest checkpoint is known and so none of them was durable. After a power loss what we read is the disk's; some
 * of it was durable although no checkpoint of that survived, and must not be at risk in a write again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ab_clock.h"
#include "ab_fail.h"
#include "ab_journal_private.h"

static int same(const uint8_t a[16], const uint8_t b[16]) { return memcmp(a, b, 16) == 0; }

/* ---- the chain of segments --------------------------------------------------------------------------------------- */

int ab_recover_corrupt(ab_journal *journal, int64_t base, uint64_t offset, uint64_t sequence, const char *why) {
    char path[AB_STORE_PATH];
    ab_store_path(&journal->store, path, AB_SEGMENT_NAME, (unsigned long long)base);
    return ab_fail(&journal->error, AB_CORRUPT, 0,
        "%s, offset %llu, expected sequence %llu: %s, and it was durable; nothing was changed: verify tells all, repair copies and cuts",
        path, (unsigned long long)offset, (unsigned long long)sequence, why);
}

/* Does `header` follow `before`? NULL, or why not. */
const char *ab_chain_fault(const ab_segment_header *before, const ab_segment_header *header) {
    if (!same(header->recording, before->recording)) {
        return "the segment is of another recording";
    }
    if (header->base_position != ab_next_base(before)) {
        return "a segment before this one is missing";
    }
    if (!same(header->previous, before->uuid)) {
        return "the segment before this one is not the one it was written after";
    }
    if (header->previous_end < before->base_position || header->previous_end > header->base_position ||
        header->base_sequence < before->base_sequence) {
        return "its header does not follow from the one before";
    }
    return NULL;
}

/* Read all headers; the last segment's file is open afterwards. */
int ab_recover_chain(ab_journal *journal, const ab_segment_list *list) {
    const ab_storage *storage = journal->store.storage;
    ab_segment_header before = {0}, header;
    char path[AB_STORE_PATH];
    for (uint32_t i = 0; i < list->count; i++) {
        int last = i + 1 == list->count;
        if (last) { /* a crash may have come between seal and successor; who may write may also allow it */
            ab_store_path(&journal->store, path, AB_SEGMENT_NAME, (unsigned long long)list->bases[i]);
            storage->protect(storage->self, path, 0);
        }
        int file = ab_store_open_segment(
            &journal->store, list->bases[i], last ? AB_STORAGE_WRITE : AB_STORAGE_READ, &header, &journal->error);
        if (file < 0) {
            return file;
        }
        journal->file = last ? file : -1;
        const char *fault = i == 0 ? NULL : ab_chain_fault(&before, &header);
        if (fault == NULL && !last && storage->size(storage->self, file) < (int64_t)header.segment_length) {
            fault = "the file is shorter than its header says";
        }
        if (!last) {
            storage->close(storage->self, file);
        }
        if (fault != NULL) {
            return ab_recover_corrupt(journal, list->bases[i], 0, header.base_sequence, fault);
        }
        if (i == 0) {
            journal->first_position = header.base_position;
            journal->first_sequence = header.base_sequence;
            if (!ab_uuid_is_zero(journal->options.uuid) && !same(journal->options.uuid, header.recording)) {
                return ab_fail(&journal->error, AB_REFUSED, 0, "%s holds another recording than the one asked for (uuid)",
                    journal->store.directory);
            }
        }
        before = header;
    }
    memcpy(journal->options.uuid, header.recording, 16);
    journal->header = header;
    journal->seed = ab_format_seed(header.uuid);
    ab_journal_count(journal, AB_JOURNAL_SEGMENTS, list->count);
    return AB_OK;
}

/* ---- the end of the last segment --------------------------------------------------------------------------------- */

static ab_place place_of(const ab_scan *scan) {
    return (ab_place){.offset = scan->offset, .sequence = scan->sequence, .records = scan->records, .time = scan->last_time,
        .chain = scan->chain};
}

static int scan_failed(ab_journal *journal, const ab_scan *scan, int result) {
    return result == AB_NO_MEMORY ? ab_fail(&journal->error, AB_NO_MEMORY, ENOMEM, "no memory to read a segment")
                                  : ab_store_failed(&journal->store, scan->number, "read a segment of", NULL, &journal->error);
}

typedef struct {
    int have_checkpoint; /* of this segment */
    int from_header;     /* the checkpoint's place lies within a hole: walk from the header */
    ab_checkpoint checkpoint;
    ab_place end;        /* behind the last whole batch, before a seal */
    uint64_t scanned;
    uint64_t fault_offset;
    const char *fault;
} ending;

/* Walk from the newest checkpoint to the first place without a batch. */
static int walk_to_end(ab_journal *journal, ab_scan *scan, ending *found) {
    const ab_checkpoint *checkpoint = &found->checkpoint;
    ab_place durable = place_of(scan);
    int64_t size = journal->store.storage->size(journal->store.storage->self, journal->file);
    if (found->have_checkpoint) {
        durable = (ab_place){.offset = checkpoint->offset, .sequence = checkpoint->next_sequence, .records = checkpoint->records,
            .time = checkpoint->last_time, .chain = checkpoint->chain};
        if (size < (int64_t)checkpoint->offset) {
            return ab_recover_corrupt(journal, journal->header.base_position, (uint64_t)(size < 0 ? 0 : size), checkpoint->next_sequence,
                "the file ends here");
        }
    }
    ab_index_open(journal, durable.offset);
    if (!found->from_header && (journal->index_entries > 0 || durable.offset - AB_JOURNAL_HEADER < 2 * AB_INDEX_BYTES)) {
        ab_scan_go(scan, durable.offset, durable.sequence, durable.time, &durable.chain);
        scan->records = durable.records;
    } /* else the index is gone: one pass from the header makes it anew */
    uint64_t from = scan->offset;
    ab_place end = place_of(scan);
    int result;
    for (;;) {
        result = ab_scan_batch(scan);
        if (result != AB_OK) {
            break;
        }
        found->scanned = scan->offset - from;
        if (scan->batch_flags == AB_RECORD_EPOCH) {
            uint32_t epoch = ab_le32(ab_scan_at(scan, scan->batch_start) + AB_RECORD_HEADER);
            journal->epoch = epoch > journal->epoch ? epoch : journal->epoch;
        }
        if (scan->sealed) {
            break;
        }
        if (scan->batch_records > 0) {
            ab_index_note(journal, scan->batch_start, scan->batch_sequence, scan->batch_time, end.records);
        }
        end = place_of(scan);
    }
    if (result == AB_FAILED || result == AB_NO_MEMORY) {
        return scan_failed(journal, scan, result);
    }
    found->end = end;
    found->fault_offset = scan->sealed ? end.offset : scan->fault_offset;
    found->fault = scan->fault;
    journal->sealed = scan->sealed;
    journal->durable = durable;
    if (end.offset < durable.offset) {
        return ab_recover_corrupt(journal, journal->header.base_position, found->fault_offset, end.sequence,
            found->fault == NULL ? "there are zeros" : found->fault);
    }
    return AB_OK;
}

/* Is what lies behind the end a torn tail, and may it go? AB_OK: it is gone (or there was none). AB_END: records go on behind the
 * checkpoint's place, where none begins: a repair may have left a hole over it. */
static int cut_tail(ab_journal *journal, ab_scan *scan, const ending *found, ab_journal_opened *opened) {
    ab_scan_tail tail;
    if (journal->sealed) {
        return AB_OK;
    }
    int result = ab_scan_rest(scan, found->end.offset, 0, &tail);
    if (result != AB_OK) {
        return scan_failed(journal, scan, result);
    }
    if (tail.records > 0 && found->have_checkpoint && !found->from_header && found->end.offset == found->checkpoint.offset) {
        return AB_END;
    }
    int64_t end = ab_position_of(&journal->header, found->end.offset);
    const char *why = found->fault == NULL ? "there are zeros" : found->fault;
    if (tail.claim > end) {
        return ab_recover_corrupt(journal, journal->header.base_position, found->fault_offset, found->end.sequence, why);
    }
    if (tail.records > 0 && tail.next > found->fault_offset && (journal->options.flags & AB_JOURNAL_STRICT) != 0) {
        return ab_fail(&journal->error, AB_CORRUPT, 0,
            "%s/" AB_SEGMENT_NAME
            ", offset %llu, expected sequence %llu: %s, with %llu whole records behind it; none was durable, but the journal "
            "was opened strict: open it without, or repair it",
            journal->store.directory, (unsigned long long)journal->header.base_position, (unsigned long long)found->fault_offset,
            (unsigned long long)found->end.sequence, why, (unsigned long long)tail.records);
    }
    if (tail.end > found->end.offset) {
        result = ab_store_quarantine(
            &journal->store, journal->file, journal->header.base_position, found->end.offset, tail.end, &journal->error);
        if (result == AB_OK) {
            result = ab_store_zero(&journal->store, journal->file, found->end.offset, tail.end, &journal->error);
        }
        if (result != AB_OK) {
            return result;
        }
        opened->cut_bytes = (int64_t)(tail.end - found->end.offset);
        opened->cut_records = (int64_t)tail.records;
        ab_journal_count(journal, AB_JOURNAL_CUT_BYTES, opened->cut_bytes);
    }
    int64_t size = journal->store.storage->size(journal->store.storage->self, journal->file);
    if (size < (int64_t)journal->header.segment_length) {
        result = journal->store.storage->allocate(
            journal->store.storage->self, journal->file, (int64_t)journal->header.segment_length);
        if (result != 0) {
            return ab_store_failed(&journal->store, result, "allocate the rest of a segment of", NULL, &journal->error);
        }
    }
    return AB_OK;
}

/* Write `from` .. `to` again in place, so that a sync now covers them whatever an earlier one did. */
static int write_again(ab_journal *journal, uint64_t from, uint64_t to) {
    uint8_t *chunk = malloc(AB_SCAN_WINDOW);
    int64_t number = chunk == NULL ? -ENOMEM : 0;
    while (from < to && number == 0) {
        size_t length = to - from < AB_SCAN_WINDOW ? (size_t)(to - from) : AB_SCAN_WINDOW;
        int64_t taken = ab_store_read(&journal->store, journal->file, chunk, length, from);
        number = taken < 0 ? taken : taken < (int64_t)length ? -EIO : ab_store_write(&journal->store, journal->file, chunk, length, from);
        from += length;
    }
    free(chunk);
    return number == 0 ? AB_OK : ab_store_failed(&journal->store, number, "write the recovered end of", NULL, &journal->error);
}

/* The current segment is whole up to `written`: make that durable (not in mode none), begin the epoch, say so. */
int ab_recover_epoch(ab_journal *journal, uint32_t reason, const ab_journal_opened *opened) {
    int durable = journal->options.sync_mode != AB_JOURNAL_NONE;
    int result = AB_OK;
    if (durable && journal->same_cache && journal->durable.offset < journal->written.offset + (journal->sealed ? AB_CONTROL_LENGTH : 0)) {
        result = write_again(
            journal, journal->durable.offset, journal->written.offset + (journal->sealed ? AB_CONTROL_LENGTH : 0));
    }
    if (result == AB_OK && (durable || opened->cut_bytes > 0)) {
        result = ab_segment_sync(journal); /* also the zeros over a torn tail, before anything is written there */
    }
    if (result == AB_OK && (journal->sealed || journal->written.offset + 2 * AB_CONTROL_LENGTH > ab_limit(&journal->header))) {
        result = ab_segment_roll(journal);
    }
    if (result == AB_OK) {
        result = ab_segment_epoch(journal, reason, opened->cut_bytes);
    }
    if (result == AB_OK && durable) {
        result = ab_segment_sync(journal);
    }
    if (result == AB_OK) {
        ab_checkpoint_write(journal, 0, 1);
    }
    return result;
}

/* What is known to be durable before this opening has synced anything. Mode none rolls without a sync: segments before the current one are
 * only known to be when the checkpoint is of this one, or names a place in them. */
static void note_durable(ab_journal *journal, const ab_checkpoint *checkpoint, int is_here) {
    journal->unsynced_base = journal->header.base_position;
    journal->durable_position = ab_position_of(&journal->header, journal->durable.offset);
    journal->durable_sequence = journal->durable.sequence;
    const int replaced = !is_here && checkpoint != NULL && checkpoint->base_position == journal->header.base_position;
    if (!is_here && !replaced && journal->first_position < journal->header.base_position) {
        const int inside = checkpoint != NULL && checkpoint->base_position >= journal->first_position;
        journal->unsynced_base = inside ? checkpoint->base_position : journal->first_position;
        journal->durable_sequence = inside ? checkpoint->next_sequence : journal->first_sequence;
        journal->durable_position =
            inside ? checkpoint->base_position + (int64_t)(checkpoint->offset - AB_JOURNAL_HEADER) : journal->first_position;
    }
    journal->durable_here = journal->unsynced_base == journal->header.base_position;
}

int ab_recover(ab_journal *journal, ab_journal_opened *opened) {
    ab_scan scan;
    ending found = {0};
    int have = ab_store_checkpoint(&journal->store, journal->options.uuid, &found.checkpoint);
    const ab_checkpoint *checkpoint = &found.checkpoint;
    journal->epoch = journal->header.epoch;
    if (have) {
        journal->epoch = checkpoint->epoch > journal->epoch ? checkpoint->epoch : journal->epoch;
        journal->checkpoint_generation = checkpoint->generation;
        journal->same_cache = checkpoint->cache == journal->cache; /* not known is the same, too */
        if (checkpoint->base_position > journal->header.base_position) {
            return ab_recover_corrupt(journal, checkpoint->base_position, 0, checkpoint->next_sequence, "the segment is missing");
        }
        found.have_checkpoint = checkpoint->base_position == journal->header.base_position &&
                                same(checkpoint->segment, journal->header.uuid) && checkpoint->offset >= AB_JOURNAL_HEADER &&
                                checkpoint->offset <= journal->header.segment_length;
    }
    int result = ab_scan_init(&scan, &journal->store, journal->file, &journal->header);
    if (result != AB_OK) {
        return ab_fail(&journal->error, AB_NO_MEMORY, ENOMEM, "no memory to read a segment");
    }
    result = walk_to_end(journal, &scan, &found);
    journal->epoch++;
    note_durable(journal, have ? checkpoint : NULL, found.have_checkpoint);
    journal->appended = journal->written = found.end;
    opened->scanned_bytes = (int64_t)found.scanned;
    opened->clean = found.have_checkpoint && (checkpoint->flags & AB_CHECKPOINT_CLEAN) != 0 && found.end.offset == checkpoint->offset;
    if (result == AB_OK && found.have_checkpoint && (checkpoint->flags & AB_CHECKPOINT_POISONED) != 0 && !journal->sealed) {
        const ab_place durable = journal->durable;
        ab_scan_free(&scan);
        return ab_segment_move(journal, &durable, NULL, 0, &opened->moved_records);
    }
    if (result == AB_OK) {
        result = cut_tail(journal, &scan, &found, opened);
    }
    if (result == AB_END) {
        found.from_header = 1;
        ab_scan_enter(&scan, journal->file, &journal->header);
        result = walk_to_end(journal, &scan, &found);
        journal->appended = journal->written = found.end;
        result = result == AB_OK ? cut_tail(journal, &scan, &found, opened) : result;
    }
    ab_scan_free(&scan);
    if (result == AB_OK) {
        result = ab_recover_epoch(journal, opened->clean ? AB_EPOCH_OPENED : AB_EPOCH_RECOVERED, opened);
    }
    return result;
}
