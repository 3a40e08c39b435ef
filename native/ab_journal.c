/* ab_journal.c: write, sync, tick, close. The rules are in ab_journal.h, the shared state in ab_journal_private.h; ab_journal_append.c
 * fills the batches.
 *
 * CRCs are made when a batch is written, or behind a run that is long, three records at a time: one alone waits for itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ab_clock.h"
#include "ab_fail.h"
#include "ab_journal_private.h"

void ab_journal_tell_appended(ab_journal *journal) {
    ab_journal_count(journal, AB_JOURNAL_RECORDS, journal->counters[AB_JOURNAL_RECORDS] + journal->untold_records);
    ab_journal_count(journal, AB_JOURNAL_BYTES, journal->counters[AB_JOURNAL_BYTES] + journal->untold_bytes);
    journal->untold_records = journal->untold_bytes = 0;
    ab_journal_count(journal, AB_JOURNAL_APPENDED, ab_position_of(&journal->header, journal->appended.offset));
    ab_journal_count(journal, AB_JOURNAL_APPENDED_SEQUENCE, (int64_t)journal->appended.sequence);
}

void ab_journal_tell(ab_journal *journal) {
    ab_journal_tell_appended(journal);
    ab_journal_count(journal, AB_JOURNAL_WRITTEN, ab_position_of(&journal->header, journal->written.offset));
    ab_journal_count(journal, AB_JOURNAL_DURABLE_POSITION, journal->durable_position);
    ab_journal_count(journal, AB_JOURNAL_WRITTEN_SEQUENCE, (int64_t)journal->written.sequence);
    ab_journal_count(journal, AB_JOURNAL_DURABLE_SEQUENCE, (int64_t)journal->durable_sequence);
    ab_journal_count(journal, AB_JOURNAL_STATE, journal->state);
}

static int poisoned(const ab_journal *journal) { return journal->state == AB_JOURNAL_POISONED; }

/* ---- write and sync ---------------------------------------------------------------------------------------------- */

void ab_journal_seal_batch(ab_journal *journal) {
    journal->appended.chain = ab_format_seal(journal->buffer + journal->checked, journal->fill - journal->checked,
        journal->seed, journal->written.offset + journal->checked, journal->appended.chain);
    journal->checked = journal->fill;
}

/* The CRCs of the batch, and its commit record behind it; the buffer has room for it. Doing it again changes nothing. */
static void put_commit(ab_journal *journal) {
    ab_journal_seal_batch(journal);
    uint8_t *p = journal->buffer + journal->fill;
    uint8_t *payload = p + AB_RECORD_HEADER;
    ab_put_le32(payload, journal->count);
    ab_put_le32(payload + 4, journal->appended.chain);
    ab_put_le64(payload + 8, journal->written.sequence);
    ab_put_le64(payload + 16, journal->appended.sequence);
    ab_put_le64(payload + 24, (uint64_t)journal->durable_position);
    ab_format_record(p, journal->seed, journal->appended.offset, journal->appended.sequence,
        &(ab_journal_record){
            .time_ns = journal->appended.time, .flags = AB_RECORD_COMMIT, .length = AB_COMMIT_PAYLOAD});
}

int ab_journal_write(ab_journal *journal) {
    if (poisoned(journal)) {
        return AB_FAILED;
    }
    if (journal->state == AB_JOURNAL_FULL && journal->count == 0) {
        return ab_segment_roll(journal); /* what is full is the next segment: is there room now? */
    }
    if (journal->count == 0) {
        return AB_OK;
    }
    put_commit(journal);
    int64_t number = ab_store_write(
        &journal->store, journal->file, journal->buffer, journal->fill + AB_CONTROL_LENGTH, journal->written.offset);
    if (number == -ENOSPC || number == -EDQUOT) {
        journal->state = AB_JOURNAL_FULL; /* the batch stays, and goes to the same place when there is room */
        ab_journal_tell(journal);
        return ab_store_failed(&journal->store, number, "write to the current segment of", NULL, &journal->error);
    }
    if (number != 0) {
        return ab_segment_poison(journal, number, "write to");
    }
    ab_index_note(journal, journal->written.offset, journal->written.sequence,
        (int64_t)ab_le64(journal->buffer + 16), journal->written.records);
    journal->appended.chain = ab_format_chain(journal->appended.chain, journal->buffer + journal->fill);
    journal->appended.offset += AB_CONTROL_LENGTH;
    journal->written = journal->appended;
    journal->fill = journal->checked = 0;
    journal->count = 0;
    journal->group_since = 0;
    journal->state = AB_JOURNAL_READY;
    ab_journal_count(journal, AB_JOURNAL_BATCHES, journal->counters[AB_JOURNAL_BATCHES] + 1);
    ab_journal_tell(journal);
    return AB_OK;
}

static int unsynced(const ab_journal *journal) {
    return !journal->durable_here || journal->durable.offset != journal->written.offset;
}

int ab_journal_sync(ab_journal *journal) {
    int result = ab_journal_write(journal);
    if (result != AB_OK && result != AB_NO_SPACE) {
        return result;
    }
    if (unsynced(journal)) { /* a full disk takes nothing more; what it has can be made durable all the same */
        const ab_error full = journal->error;
        int synced = ab_segment_sync(journal);
        if (synced != AB_OK) {
            return synced;
        }
        journal->error = result == AB_OK ? journal->error : full;
    }
    return journal->count == 0 ? AB_OK : result;
}

int ab_journal_roll(ab_journal *journal) {
    int result = ab_journal_write(journal);
    return result != AB_OK ? result : ab_segment_roll(journal);
}

/* ---- tick -------------------------------------------------------------------------------------------------------- */

static int group_is_due(const ab_journal *journal, int64_t now_ns, int idle) {
    return journal->count > 0 &&
           (idle || journal->fill >= journal->options.group_bytes || journal->count >= journal->options.group_records ||
               now_ns - journal->group_since >= journal->options.group_ns);
}

/* The disk is full: look for room now and then; what is written is synced as the mode says, room or not. */
static int tick_full(ab_journal *journal, int64_t now_ns) {
    const int mode = journal->options.sync_mode;
    int result = AB_NO_SPACE;
    if (now_ns >= journal->retry_at) {
        journal->retry_at = now_ns + AB_RETRY_NS;
        result = ab_journal_write(journal);
    }
    if (result != AB_NO_SPACE || mode == AB_JOURNAL_NONE || !unsynced(journal)) {
        return result;
    }
    if (mode == AB_JOURNAL_INTERVAL && now_ns - journal->synced_at < journal->options.sync_ns) {
        return result;
    }
    const ab_error full = journal->error;
    journal->synced_at = now_ns;
    int synced = ab_segment_sync(journal);
    journal->error = synced == AB_OK ? full : journal->error;
    return synced == AB_OK ? AB_NO_SPACE : synced;
}

static void tick_checkpoint(ab_journal *journal, int64_t now_ns) {
    int64_t ahead = journal->durable_position - journal->checkpoint_position;
    if (ahead >= AB_CHECKPOINT_BYTES || (ahead > 0 && now_ns - journal->checkpoint_at >= AB_CHECKPOINT_NS)) {
        journal->checkpoint_at = now_ns;
        ab_checkpoint_write(journal, 0, 1);
    }
}

static int tick_batch(ab_journal *journal, int64_t now_ns, int idle) {
    if (journal->count > 0 && journal->group_since == 0) {
        journal->group_since = now_ns;
    }
    int due = group_is_due(journal, now_ns, idle);
    if (journal->options.sync_mode == AB_JOURNAL_DURABLE) {
        return due || unsynced(journal) ? ab_journal_sync(journal) : AB_OK;
    }
    int result = due ? ab_journal_write(journal) : AB_OK;
    if (result == AB_OK && journal->options.sync_mode == AB_JOURNAL_INTERVAL &&
        now_ns - journal->synced_at >= journal->options.sync_ns && (unsynced(journal) || journal->count > 0)) {
        journal->synced_at = now_ns;
        result = ab_journal_sync(journal);
    }
    return result;
}

int ab_journal_tick(ab_journal *journal, int64_t now_ns, int idle) {
    if (journal->untold_records != 0) {
        ab_journal_tell_appended(journal);
    }
    if (poisoned(journal)) {
        return AB_FAILED;
    }
    int result = journal->state == AB_JOURNAL_FULL ? tick_full(journal, now_ns) : AB_OK;
    if (result == AB_OK) {
        result = tick_batch(journal, now_ns, idle);
    }
    if (result == AB_OK || result == AB_NO_SPACE) {
        tick_checkpoint(journal, now_ns);
    }
    if (result != AB_OK) {
        return result;
    }
    if (journal->prepared_file < 0 && !journal->sealed &&
        journal->written.offset > journal->header.segment_length / 4 * 3) {
        ab_segment_prepare(journal); /* no room is no failure yet: the roll will ask again */
    }
    return AB_OK;
}

int64_t ab_journal_due(const ab_journal *journal) {
    if (journal->state == AB_JOURNAL_POISONED) {
        return AB_NO_DEADLINE;
    }
    if (journal->state == AB_JOURNAL_FULL) {
        return journal->retry_at;
    }
    int64_t due = AB_NO_DEADLINE;
    if (journal->count > 0) {
        due = journal->group_since == 0 ? 0 : journal->group_since + journal->options.group_ns;
    }
    if (journal->options.sync_mode == AB_JOURNAL_INTERVAL && (unsynced(journal) || journal->count > 0) &&
        journal->synced_at + journal->options.sync_ns < due) {
        due = journal->synced_at + journal->options.sync_ns;
    }
    return journal->options.sync_mode == AB_JOURNAL_DURABLE && unsynced(journal) ? 0 : due;
}

const ab_error *ab_journal_error(const ab_journal *journal) { return &journal->error; }

const int64_t *ab_journal_counters(const ab_journal *journal) { return journal->counters; }

/* ---- the end ----------------------------------------------------------------------------------------------------- */

void ab_journal_abandon(ab_journal *journal) {
    const ab_storage *storage = journal->store.storage;
    const int files[] = {
        journal->file, journal->prepared_file, journal->index_file, journal->checkpoint_file, journal->lock_file};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (files[i] >= 0) {
            storage->close(storage->self, files[i]); /* LOCK last: who comes next finds nothing of ours open */
        }
    }
    free(journal->buffer);
    free(journal);
}

int ab_journal_close(ab_journal *journal, ab_error *error) {
    int result = ab_journal_sync(journal);
    if (result == AB_OK) {
        ab_checkpoint_write(journal, AB_CHECKPOINT_CLEAN, 1);
    } else if (error != NULL) {
        *error = journal->error;
    }
    if (journal->prepared_file >= 0) {
        char path[AB_STORE_PATH];
        ab_store_path(&journal->store, path, "next.tmp");
        journal->store.storage->unlink(journal->store.storage->self, path);
    }
    journal->state = AB_JOURNAL_SHUT;
    ab_journal_count(journal, AB_JOURNAL_STATE, AB_JOURNAL_SHUT);
    ab_journal_abandon(journal);
    return result;
}
