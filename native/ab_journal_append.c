/* ab_journal_append.c: records into the batch. The rules are in ab_journal.h, the shared state in ab_journal_private.h.
 *
 *      batch  [ record | record | record ...   | room for its commit ]
 *              a run: copied while it fits ┘     ┘ the next asks for more: room is made, by writing, by rolling
 *
 * A batch is built where it will lie in the file: a record's CRC covers its offset, so the buffer is that piece of the segment
 * from written.offset on. A record that does not fit behind it makes the batch go out first, and the segment roll.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ab_clock.h"
#include "ab_fail.h"
#include "ab_journal_private.h"

/* So much without CRCs gets them after a run, while it lies in the core's first cache. */
#define SEAL_BYTES 4096u

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

int64_t ab_journal_take(ab_journal *journal, const ab_journal_record *record) {
    uint64_t padded = ab_padded(AB_RECORD_HEADER + (uint64_t)record->length);
    if (journal->state == AB_JOURNAL_POISONED) {
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

/* How many bytes of records the batch takes as things stand; 0: the next one asks for more than a copy, or for nothing. */
static uint64_t room(const ab_journal *journal) {
    if (journal->state != AB_JOURNAL_READY || journal->sealed) {
        return 0;
    }
    uint64_t most = journal->capacity < AB_BATCH_MAX ? journal->capacity : AB_BATCH_MAX;
    uint64_t end = journal->fill + AB_CONTROL_LENGTH, left = ab_limit(&journal->header) - journal->appended.offset;
    most = most > end ? most - end : 0;
    left = left > AB_CONTROL_LENGTH ? left - AB_CONTROL_LENGTH : 0;
    return most < left ? most : left;
}

/* Copy messages as records into the batch while they fit into `left` bytes. How many: not the one that is too long for a record. */
static size_t put_run(ab_journal *journal, ab_journal_record *record, const ab_whole *messages, size_t count, uint64_t left) {
    const uint32_t longest = ab_journal_payload_max(journal);
    uint8_t *p = journal->buffer + journal->fill;
    const uint8_t *begin = p;
    int64_t time_ns = journal->appended.time;
    size_t taken = 0;
    for (; taken < count; taken++) {
        const ab_whole *message = &messages[taken];
        uint64_t padded = ab_padded(AB_RECORD_HEADER + (uint64_t)message->length);
        if (message->length > longest || padded > left) {
            break;
        }
        left -= padded;
        time_ns = record->time_ns > time_ns ? record->time_ns : time_ns + 1;
        ab_put_le64(p + padded - 8, 0); /* the padding, and bytes that the payload then covers */
        memcpy(p + AB_RECORD_HEADER, message->bytes, message->length);
        ab_format_head(p, journal->appended.sequence + taken,
            &(ab_journal_record){.time_ns = time_ns, .stream_position = message->position, .session_id = record->session_id,
                .stream = record->stream, .length = (uint32_t)message->length});
        p += padded;
    }
    journal->fill += (size_t)(p - begin);
    journal->count += (uint32_t)taken;
    journal->appended.offset += (uint64_t)(p - begin);
    journal->appended.sequence += taken;
    journal->appended.records += taken;
    journal->appended.time = time_ns;
    return taken;
}

/* One that asks for more than a copy. Its sequence, or why not. */
static int64_t append_one(ab_journal *journal, ab_journal_record *record, const ab_whole *message) {
    if (message->length > ab_journal_payload_max(journal)) {
        return ab_fail(&journal->error, AB_TOO_LARGE, 0, "a record of %zu bytes is longer than %u, which a segment of %llu bytes takes",
            message->length, ab_journal_payload_max(journal), (unsigned long long)journal->options.segment_length);
    }
    record->sequence = journal->appended.sequence;
    record->time_ns = record->time_ns > journal->appended.time ? record->time_ns : journal->appended.time + 1;
    record->stream_position = message->position;
    record->length = (uint32_t)message->length;
    record->bytes = message->bytes;
    return ab_journal_take(journal, record);
}

size_t ab_journal_append_run(ab_journal *journal, int32_t stream, int32_t session_id, int64_t time_ns, const ab_whole *messages,
    size_t count, int64_t *bytes, int64_t *why) {
    if (stream < 0 || stream > AB_JOURNAL_STREAM_MAX) {
        *why = ab_fail(&journal->error, AB_INVALID, 0, "stream number %d is not in 0 .. %d", stream, AB_JOURNAL_STREAM_MAX);
        return 0;
    }
    if (time_ns > AB_JOURNAL_TIME_MAX || journal->appended.time > INT64_MAX - (int64_t)count) {
        *why = ab_fail(&journal->error, AB_INVALID, 0, "the time %lld ns is beyond %lld (in the year 2259)%s",
            (long long)(time_ns > AB_JOURNAL_TIME_MAX ? time_ns : journal->appended.time), (long long)AB_JOURNAL_TIME_MAX,
            time_ns > AB_JOURNAL_TIME_MAX ? "" : ", the last record's, and no later one fits: begin another recording");
        return 0;
    }
    ab_journal_record record = {
        .time_ns = time_ns != 0 ? time_ns : ab_clock_realtime_ns(), .session_id = session_id, .stream = (uint16_t)stream};
    size_t taken = 0;
    while (taken < count) {
        taken += put_run(journal, &record, messages + taken, count - taken, room(journal));
        if (taken < count) {
            int64_t sequence = append_one(journal, &record, messages + taken);
            if (sequence < 0) {
                *why = sequence;
                break;
            }
            taken++;
        }
    }
    if (journal->fill - journal->checked >= SEAL_BYTES) {
        ab_journal_seal_batch(journal);
    }
    int64_t total = 0;
    for (size_t i = 0; i < taken; i++) {
        total += (int64_t)messages[i].length;
    }
    journal->untold_records += (int64_t)taken;
    journal->untold_bytes += total;
    *bytes += total;
    return taken;
}

int64_t ab_journal_append(ab_journal *journal, int32_t stream, int32_t session_id, int64_t stream_position, int64_t time_ns,
    const void *bytes, size_t length) {
    const ab_whole message = {.bytes = length > 0 ? bytes : (const void *)"", .length = length, .position = stream_position};
    int64_t taken_bytes = 0, why = AB_OK, sequence = (int64_t)journal->appended.sequence;
    if (ab_journal_append_run(journal, stream, session_id, time_ns, &message, 1, &taken_bytes, &why) == 0) {
        return why;
    }
    ab_journal_tell_appended(journal);
    return sequence;
}
