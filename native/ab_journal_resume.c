/* ab_journal_resume.c: go on in a new segment after one that a failed write or sync poisoned.
 *
 *      old segment   | durable ............ D | written, perhaps not on disk ... |       is never written or synced again
 *      new segment   | header: previous end D | the same records again, synced   | ...
 *
 * Readers take the old one up to D, as the new header says. Records behind D are read back (their CRCs tell whether that worked) and keep
 * their sequences; where they cannot be read the recording goes on with the first sequence that is missing: none was acknowledged.
 */
#include <stdlib.h>

#include "ab_fail.h"
#include "ab_journal_private.h"

/* Take the records of the last batch that `scan` answered. */
static int take_batch(ab_journal *journal, const ab_scan *scan, int64_t *moved) {
    ab_journal_record record;
    for (uint64_t at = scan->batch_start; at < scan->batch_end && scan->batch_records > 0;) {
        ab_scan_record(scan, at, &record);
        if (record.flags != 0) {
            break;
        }
        int64_t result = ab_journal_take(journal, &record);
        if (result < 0) {
            return (int)result;
        }
        (*moved)++;
        at += ab_padded(AB_RECORD_HEADER + (uint64_t)record.length);
    }
    return AB_OK;
}

/* Take the records of a batch that was never written, when they follow. */
static int take_unwritten(ab_journal *journal, const uint8_t *batch, size_t length, int64_t *moved) {
    for (size_t at = 0; at < length;) {
        const uint8_t *p = batch + at;
        uint32_t bytes = ab_le32(p);
        const ab_journal_record record = {
            .sequence = ab_record_sequence(p),
            .time_ns = ab_record_time(p),
            .stream_position = (int64_t)ab_le64(p + 32),
            .session_id = (int32_t)ab_le32(p + 24),
            .stream = ab_le16(p + 28),
            .length = bytes - AB_RECORD_HEADER,
            .bytes = p + AB_RECORD_HEADER,
        };
        if (record.sequence != journal->appended.sequence) {
            break; /* what came before it is gone: a recording has no holes of its own making */
        }
        int64_t result = ab_journal_take(journal, &record);
        if (result < 0) {
            return (int)result;
        }
        (*moved)++;
        at += ab_padded(bytes);
    }
    return AB_OK;
}

static int move_records(ab_journal *journal, ab_scan *scan, const uint8_t *batch, size_t length, int64_t *moved) {
    int result;
    while ((result = ab_scan_batch(scan)) == AB_OK && !scan->sealed) {
        result = take_batch(journal, scan, moved);
        if (result != AB_OK) {
            return result;
        }
    }
    if (result == AB_NO_MEMORY) {
        return ab_fail(&journal->error, result, 0, "no memory to read a segment");
    }
    result = take_unwritten(journal, batch, length, moved);
    return result == AB_OK ? ab_journal_sync(journal) : result;
}

int ab_segment_move(ab_journal *journal, const ab_place *durable, const uint8_t *batch, size_t length, int64_t *moved) {
    const ab_storage *storage = journal->store.storage;
    const ab_segment_header old = journal->header;
    const ab_place appended = journal->appended, written = journal->written, before = *durable;
    const uint64_t segment_length = journal->options.segment_length;
    ab_segment_header header;
    ab_scan scan;
    if (!journal->durable_here) {
        return ab_fail(&journal->error, AB_FAILED, 0,
            "more than one segment was not synced: close the journal and open it again (sync mode none makes no promise here)");
    }
    int file = ab_store_open_segment(&journal->store, old.base_position, AB_STORAGE_READ, &header, &journal->error);
    if (file < 0) {
        return file == AB_NO_SPACE ? file : AB_FAILED;
    }
    int result = ab_scan_init(&scan, &journal->store, file, &old);
    if (result == AB_OK) {
        ab_scan_go(&scan, before.offset, before.sequence, before.time, &before.chain);
        if (journal->file >= 0) {
            storage->close(storage->self, journal->file);
            journal->file = -1;
        }
        journal->state = AB_JOURNAL_READY;
        journal->epoch++;
        journal->fill = journal->checked = 0;
        journal->count = 0;
        journal->group_since = 0;
        /* What fitted into the old one must fit into this. */
        journal->options.segment_length = segment_length > old.segment_length ? segment_length : old.segment_length;
        result = ab_segment_begin(journal, &old, &before);
    }
    if (result == AB_OK) {
        journal->durable = journal->written;
        journal->durable_position = ab_position_of(&old, before.offset);
        journal->durable_sequence = before.sequence;
        journal->unsynced_base = journal->header.base_position;
        result = ab_segment_epoch(journal, AB_EPOCH_RESUMED, 0);
    }
    if (result == AB_OK) {
        result = move_records(journal, &scan, batch, length, moved);
    }
    if (result == AB_OK) {
        result = ab_segment_sync(journal); /* the epoch, when there was no record; and older ones of mode none are not its business */
    }
    ab_scan_free(&scan);
    storage->close(storage->self, file);
    journal->options.segment_length = segment_length;
    if (result == AB_OK) {
        ab_checkpoint_write(journal, 0, 1);
        ab_journal_tell(journal);
        return AB_OK;
    }
    if (journal->file >= 0) {
        storage->close(storage->self, journal->file);
        journal->file = -1;
    }
    journal->header = old; /* the next try begins here again, and its segment takes the place of this one's */
    journal->seed = ab_format_seed(old.uuid);
    journal->appended = appended;
    journal->written = written;
    journal->durable = before;
    journal->durable_position = ab_position_of(&old, before.offset);
    journal->durable_sequence = before.sequence;
    journal->state = AB_JOURNAL_POISONED;
    *moved = 0;
    return result == AB_NO_SPACE ? AB_NO_SPACE : AB_FAILED;
}
