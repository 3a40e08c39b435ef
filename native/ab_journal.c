/* ab_journal.c: append, write, sync, tick, close. The rules are in ab_journal.h, the shared state in ab_journal_private.h.
 *
 * CRCs are made when a batch is written, three records at a time: one alone waits for itself.
 * A batch is built where it will lie in the file: a record's CRC covers its offset, so the buffer is that piece of the segment
 * from written.offset on. A record that does not fit behind it makes the batch go out first, and the segment roll.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ab_clock.h"
#include "ab_fail.h"
#include "ab_journal_private.h"

/* What was appended since the last time. */
static void tell_appended(ab_journal *journal) {
    ab_journal_count(journal, AB_JOURNAL_RECORDS, journal->counters[AB_JOURNAL_RECORDS] + journal->untold_records);
    ab_journal_count(journal, AB_JOURNAL_BYTES, journal->counters[AB_JOURNAL_BYTES] + journal->untold_bytes);
    journal->untold_records = journal->untold_bytes = 0;
    ab_journal_count(journal, AB_JOURNAL_APPENDED, ab_position_of(&journal->header, journal->appended.offset));
    ab_journal_count(journal, AB_JOURNAL_APPENDED_SEQUENCE, (int64_t)journal->appended.sequence);
}

void ab_journal_tell(ab_journal *journal) {
    tell_appended(journal);
    ab_journal_count(journal, AB_JOURNAL_WRITTEN, ab_position_of(&journal->header, journal->written.offset));
    ab_journal_count(journal, AB_JOURNAL_DURABLE_POSITION, journal->durable_position);
    ab_journal_count(journal, AB_JOURNAL_WRITTEN_SEQUENCE, (int64_t)journal->written.sequence);
    ab_journal_count(journal, AB_JOURNAL_DURABLE_SEQUENCE, (int64_t)journal->durable_sequence);
    ab_journal_count(journal, AB_JOURNAL_STATE, journal->state);
}

static int poisoned(const ab_journal *journal) { return journal->state == AB_JOURNAL_POISONED; }

/* ---- append ------------------------------------------------------------------------------------------------------ */

uint32_t ab_journal_payload_max(const ab_journal *journal) {
    /* A segment must hold its epoch, one record, its commit and its seal. */
    uint64_t room = journal->options.segment_length - AB_JOURNAL_HEADER - 3 * AB_CONTROL_LENGTH - AB_RECORD_HEADER;
    return room < AB_JOURNAL_PAYLOAD_MAX ? (uint32_t)room : AB_JOURNAL_PAYLOAD_MAX;
}

static int reserve(ab_journal *journal, size_t length) {
    if (length <= journal->capacity) {
        return AB_OK;
    }
    uint8_t *buffer = realloc(journal->buffer, length);
    if (buffer == NULL) {
        return ab_fail(&journal->error, AB_NO_MEMORY, ENOMEM, "no memory for a batch of %zu bytes", length);
    }
    journal->buffer = buffer;
    journal->capacity = length;
    return AB_OK;
}

/* Make room for `padded` bytes more in the batch: by writing it, by rolling. */
static int make_room(ab_journal *journal, uint64_t padded) {
    uint64_t with_commit = padded + AB_CONTROL_LENGTH;
    if (journal->fill > 0 && (journal->fill + with_commit > AB_BATCH_MAX ||
                                 journal->appended.offset + with_commit > ab_limit(&journal->header))) {
        int result = ab_journal_write(journal);
        if (result != AB_OK) {
            return result;
        }
    }
    if (journal->appended.offset + with_commit > ab_limit(&journal->header) || journal->sealed) {
        int result = ab_segment_roll(journal);
        if (result != AB_OK) {
            return result;
        }
    }
    return reserve(journal, journal->fill + with_commit);
}

static void put(ab_journal *journal, const ab_journal_record *record, uint64_t padded) {
    uint8_t *p = journal->buffer + journal->fill;
    ab_put_le64(p + padded - 8, 0); /* the padding, and bytes that the payload then covers */
    memcpy(p + AB_RECORD_HEADER, record->bytes, record->length);
    ab_format_head(p, record->sequence, record);
    journal->fill += padded;
    journal->count++;
    journal->appended.offset += padded;
    journal->appended.sequence++;
    journal->appended.records++;
    journal->appended.time = record->time_ns;
}

static inline int64_t take_record(ab_journal *journal, const ab_journal_record *record) {
    uint64_t padded = ab_padded(AB_RECORD_HEADER + (uint64_t)record->length);
    if (poisoned(journal)) {
        return AB_FAILED; /* the error of the failure stays */
    }
    if (journal->state == AB_JOURNAL_FULL) {
        ab_journal_count(
            journal, AB_JOURNAL_REFUSED_NO_SPACE, journal->counters[AB_JOURNAL_REFUSED_NO_SPACE] + 1);
        return AB_NO_SPACE;
    }
    if (journal->fill + padded + AB_CONTROL_LENGTH > journal->capacity || journal->sealed ||
        journal->fill + padded + AB_CONTROL_LENGTH > AB_BATCH_MAX ||
        journal->appended.offset + padded + AB_CONTROL_LENGTH > ab_limit(&journal->header)) {
        int result = make_room(journal, padded);
        if (result != AB_OK) {
            if (result == AB_NO_SPACE) {
                ab_journal_count(
                    journal, AB_JOURNAL_REFUSED_NO_SPACE, journal->counters[AB_JOURNAL_REFUSED_NO_SPACE] + 1);
            }
            return result;
        }
    }
    put(journal, record, padded);
    return (int64_t)record->sequence;
}

int64_t ab_journal_take(ab_journal *journal, const ab_journal_record *record) { return take_record(journal, record); }

int64_t ab_journal_append_untold(ab_journal *journal, int32_t stream, int32_t session_id, int64_t stream_position, int64_t time_ns,
    const void *bytes, size_t length) {
    if (length > ab_journal_payload_max(journal)) {
        return ab_fail(&journal->error, AB_TOO_LARGE, 0, "a record of %zu bytes is longer than %u, which a segment of %llu bytes takes",
            length, ab_journal_payload_max(journal), (unsigned long long)journal->options.segment_length);
    }
    if (stream < 0 || stream > AB_JOURNAL_STREAM_MAX) {
        return ab_fail(&journal->error, AB_INVALID, 0, "stream number %d is not in 0 .. %d", stream, AB_JOURNAL_STREAM_MAX);
    }
    int64_t now = time_ns != 0 ? time_ns : ab_clock_realtime_ns();
    const ab_journal_record record = {
        .sequence = journal->appended.sequence,
        .time_ns = now > journal->appended.time ? now : journal->appended.time + 1,
        .stream_position = stream_position,
        .session_id = session_id,
        .stream = (uint16_t)stream,
        .length = (uint32_t)length,
        .bytes = length > 0 ? bytes : "",
    };
    int64_t sequence = take_record(journal, &record);
    if (sequence >= 0) {
        journal->untold_records++;
        journal->untold_bytes += (int64_t)length;
    }
    return sequence;
}

int64_t ab_journal_append(ab_journal *journal, int32_t stream, int32_t session_id, int64_t stream_position, int64_t time_ns,
    const void *bytes, size_t length) {
    int64_t sequence = ab_journal_append_untold(journal, stream, session_id, stream_position, time_ns, bytes, length);
    if (sequence >= 0) {
        tell_appended(journal);
    }
    return sequence;
}

/* ---- write and sync ---------------------------------------------------------------------------------------------- */

/* The CRCs of the batch, and its commit record behind it; the buffer has room for it. Doing it again changes nothing. */
static void put_commit(ab_journal *journal) {
    journal->appended.chain = ab_format_seal(journal->buffer + journal->checked, journal->fill - journal->checked,
        journal->seed, journal->written.offset + journal->checked, journal->appended.chain);
    journal->checked = journal->fill;
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
    if (result != AB_OK || !unsynced(journal)) {
        return result;
    }
    return ab_segment_sync(journal);
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
        tell_appended(journal);
    }
    if (poisoned(journal)) {
        return AB_FAILED;
    }
    if (journal->state == AB_JOURNAL_FULL) {
        if (now_ns < journal->retry_at) {
            return AB_NO_SPACE;
        }
        journal->retry_at = now_ns + AB_RETRY_NS;
        int result = ab_journal_write(journal);
        if (result != AB_OK) {
            return result;
        }
    }
    int result = tick_batch(journal, now_ns, idle);
    if (result != AB_OK) {
        return result;
    }
    int64_t ahead = journal->durable_position - journal->checkpoint_position;
    if (ahead >= AB_CHECKPOINT_BYTES || (ahead > 0 && now_ns - journal->checkpoint_at >= AB_CHECKPOINT_NS)) {
        journal->checkpoint_at = now_ns;
        ab_checkpoint_write(journal, 0, 1);
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
