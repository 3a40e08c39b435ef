/* ab_journal_segment.c: the current segment's life, its checkpoint and its index. See ab_journal_private.h.
 *
 * The order of a roll, so that a power loss at any moment leaves a recording that opens
 *      1  next.tmp: allocate, sync                              room is certain from here on
 *      2  old segment: seal, sync (not in mode none)            all of it is durable before the next has a record
 *      3  next.tmp: header, sync; rename; sync the directory    the name appears with a whole header, or not at all
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ab_clock.h"
#include "ab_fail.h"
#include "ab_journal_private.h"

static const char TEMPORARY[] = "next.tmp";

static const ab_storage *calls(const ab_journal *journal) { return journal->store.storage; }

static int64_t now_of(const ab_journal *journal) {
    return journal->options.now_ns != 0 ? journal->options.now_ns : ab_clock_realtime_ns();
}

/* ---- failures ---------------------------------------------------------------------------------------------------- */

int ab_segment_poison(ab_journal *journal, int64_t number, const char *what) {
    char path[AB_STORE_PATH];
    ab_error cause;
    ab_store_path(&journal->store, path, AB_SEGMENT_NAME, (unsigned long long)journal->header.base_position);
    ab_store_failed(&journal->store, number, what, path, &cause);
    journal->state = AB_JOURNAL_POISONED;
    ab_journal_count(journal, AB_JOURNAL_FAULTS, journal->counters[AB_JOURNAL_FAULTS] + 1);
    ab_journal_tell(journal);
    ab_checkpoint_write(journal, AB_CHECKPOINT_POISONED, 1);
    return ab_fail(&journal->error, AB_FAILED, (int)-number,
        "%.700s; durable below position %lld (sequence %llu) and nothing more: resume goes on in a new segment", cause.text,
        (long long)journal->durable_position, (unsigned long long)journal->durable_sequence);
}

static int full(ab_journal *journal, int64_t number, const char *what, const char *path) {
    journal->state = AB_JOURNAL_FULL;
    ab_journal_tell(journal);
    return ab_store_failed(&journal->store, number, what, path, &journal->error);
}

/* ---- segments ---------------------------------------------------------------------------------------------------- */

int ab_segment_prepare(ab_journal *journal) {
    const ab_storage *storage = calls(journal);
    char path[AB_STORE_PATH];
    if (journal->prepared_file >= 0) {
        return AB_OK;
    }
    ab_store_path(&journal->store, path, "%s", TEMPORARY);
    int file = storage->open(storage->self, path, AB_STORAGE_CREATE);
    if (file < 0) {
        return ab_store_failed(&journal->store, file, "create", path, &journal->error);
    }
    const char *what = "allocate";
    int64_t result = storage->allocate(storage->self, file, (int64_t)journal->options.segment_length);
    if (result == 0 && (journal->options.flags & AB_JOURNAL_ZERO_FILL) != 0) {
        ab_error error = {0};
        what = "write zeros into";
        result = ab_store_zero(&journal->store, file, 0, journal->options.segment_length, &error) == AB_OK ? 0 : -error.errcode;
    }
    if (result == 0) {
        what = "sync";
        result = storage->sync(storage->self, file);
    }
    if (result != 0) {
        storage->close(storage->self, file);
        storage->unlink(storage->self, path); /* a new file next time: what a failed sync left is unknown */
        return ab_store_failed(&journal->store, result, what, path, &journal->error);
    }
    journal->prepared_file = file;
    return AB_OK;
}

/* A uuid that no other segment has: of the recording, mixed with place, time and epoch. Tests get the same one for the same input. */
static void name_segment(ab_segment_header *header) {
    uint64_t low = ab_le64(header->recording), high = ab_le64(header->recording + 8);
    const uint64_t salt[] = {(uint64_t)header->base_position, (uint64_t)header->created_ns, header->epoch, header->base_sequence};
    for (size_t i = 0; i < sizeof salt / sizeof *salt; i++) {
        low = (low ^ salt[i]) * UINT64_C(0x9e3779b97f4a7c15);
        high = (high ^ (low >> 29) ^ salt[i]) * UINT64_C(0xbf58476d1ce4e5b9);
        low ^= high >> 31;
    }
    ab_put_le64(header->uuid, low);
    ab_put_le64(header->uuid + 8, high);
}

int ab_segment_begin(ab_journal *journal, const ab_segment_header *previous, const ab_place *end) {
    const ab_storage *storage = calls(journal);
    char from[AB_STORE_PATH], to[AB_STORE_PATH];
    uint8_t page[AB_JOURNAL_HEADER];
    ab_segment_header header = {.segment_length = journal->options.segment_length, .epoch = journal->epoch,
        .created_ns = now_of(journal)};
    int result = ab_segment_prepare(journal);
    if (result != AB_OK) {
        return result;
    }
    memcpy(header.recording, journal->options.uuid, 16);
    if (previous != NULL) {
        memcpy(header.previous, previous->uuid, 16);
        header.base_position = ab_next_base(previous);
        header.base_sequence = end->sequence;
        header.previous_end = ab_position_of(previous, end->offset);
        header.previous_time = end->time;
        header.previous_chain = end->chain;
    }
    name_segment(&header);
    ab_format_header_put(page, &header);
    ab_store_path(&journal->store, from, "%s", TEMPORARY);
    ab_store_path(&journal->store, to, AB_SEGMENT_NAME, (unsigned long long)header.base_position);
    const char *what = "write the header of";
    int64_t number = ab_store_write(&journal->store, journal->prepared_file, page, sizeof page, 0);
    if (number == 0) {
        what = "sync the header of";
        number = storage->sync(storage->self, journal->prepared_file);
    }
    if (number == 0) {
        what = "rename";
        number = storage->rename(storage->self, from, to);
    }
    if (number == 0) {
        what = "sync the directory after the rename to";
        number = storage->sync_directory(storage->self, journal->store.directory);
    }
    if (number != 0) {
        storage->close(storage->self, journal->prepared_file);
        journal->prepared_file = -1;
        return ab_store_failed(&journal->store, number, what, to, &journal->error);
    }
    if (journal->file >= 0) {
        storage->close(storage->self, journal->file);
    }
    journal->file = journal->prepared_file;
    journal->prepared_file = -1;
    journal->header = header;
    journal->seed = ab_format_seed(header.uuid);
    journal->sealed = 0;
    journal->appended = (ab_place){
        .offset = AB_JOURNAL_HEADER, .sequence = header.base_sequence, .time = header.previous_time};
    journal->written = journal->appended;
    ab_journal_count(journal, AB_JOURNAL_SEGMENTS, journal->counters[AB_JOURNAL_SEGMENTS] + 1);
    ab_index_open(journal, AB_JOURNAL_HEADER);
    return AB_OK;
}

int ab_segment_control(ab_journal *journal, uint16_t flag, const uint8_t *payload) {
    uint8_t bytes[AB_CONTROL_LENGTH] = {0};
    memcpy(bytes + AB_RECORD_HEADER, payload, AB_CONTROL_LENGTH - AB_RECORD_HEADER);
    ab_format_record(bytes, journal->seed, journal->written.offset, journal->written.sequence,
        &(ab_journal_record){.time_ns = journal->written.time, .flags = flag, .length = AB_CONTROL_LENGTH - AB_RECORD_HEADER});
    int64_t number = ab_store_write(&journal->store, journal->file, bytes, sizeof bytes, journal->written.offset);
    if (number != 0) {
        return ab_store_failed(&journal->store, number, "write a control record in", NULL, &journal->error);
    }
    journal->written.offset += sizeof bytes;
    journal->written.chain = ab_format_chain(journal->written.chain, bytes);
    journal->appended = journal->written;
    return AB_OK;
}

int ab_segment_epoch(ab_journal *journal, uint32_t reason, int64_t cut_bytes) {
    uint8_t payload[AB_EPOCH_PAYLOAD];
    ab_put_le32(payload, journal->epoch);
    ab_put_le32(payload + 4, reason);
    ab_put_le64(payload + 8, (uint64_t)cut_bytes);
    ab_put_le64(payload + 16, (uint64_t)now_of(journal));
    ab_put_le64(payload + 24, (uint64_t)journal->durable_position);
    return ab_segment_control(journal, AB_RECORD_EPOCH, payload);
}

/* Steps 1 and 2 of a roll: afterwards journal->written is the end before the seal. */
static int seal(ab_journal *journal) {
    uint8_t payload[AB_SEAL_PAYLOAD] = {0};
    char path[AB_STORE_PATH];
    const ab_place end = journal->written;
    ab_put_le64(payload, end.records);
    ab_put_le64(payload + 8, end.sequence);
    ab_put_le64(payload + 16, (uint64_t)end.time);
    ab_put_le32(payload + 24, end.chain);
    int result = ab_segment_control(journal, AB_RECORD_SEAL, payload);
    if (result != AB_OK) {
        return result == AB_NO_SPACE ? full(journal, -journal->error.errcode, "seal", NULL)
                                     : ab_segment_poison(journal, -journal->error.errcode, "seal");
    }
    journal->written = journal->appended = end;
    if (journal->options.sync_mode != AB_JOURNAL_NONE && ab_segment_sync(journal) != AB_OK) {
        return AB_FAILED;
    }
    journal->sealed = 1;
    ab_store_path(&journal->store, path, AB_SEGMENT_NAME, (unsigned long long)journal->header.base_position);
    calls(journal)->protect(calls(journal)->self, path, 1); /* a courtesy: nothing depends on it */
    return AB_OK;
}

int ab_segment_roll(ab_journal *journal) {
    int result = ab_segment_prepare(journal);
    if (result == AB_OK && !journal->sealed) {
        result = seal(journal);
        if (result != AB_OK) {
            return result;
        }
    }
    if (result == AB_OK) {
        const ab_segment_header previous = journal->header;
        const ab_place end = journal->written;
        result = ab_segment_begin(journal, &previous, &end);
    }
    if (result == AB_NO_SPACE) {
        journal->state = AB_JOURNAL_FULL;
        ab_journal_tell(journal);
        return result;
    }
    if (result != AB_OK) {
        return ab_segment_poison(journal, -journal->error.errcode, "begin the segment after");
    }
    if (journal->options.sync_mode != AB_JOURNAL_NONE) { /* the seal's sync covered all there was */
        journal->durable = journal->written;
        journal->durable_position = journal->header.base_position;
        journal->unsynced_base = journal->header.base_position;
        ab_checkpoint_write(journal, 0, 0);
    } else {
        journal->durable_here = 0;
    }
    journal->state = AB_JOURNAL_READY;
    ab_journal_tell(journal);
    return AB_OK;
}

/* ---- sync and checkpoint ----------------------------------------------------------------------------------------- */

/* Mode none rolled without a sync: the segments before the current one. */
static int sync_older(ab_journal *journal) {
    const ab_storage *storage = calls(journal);
    while (journal->unsynced_base < journal->header.base_position) {
        ab_segment_header header;
        int file = ab_store_open_segment(&journal->store, journal->unsynced_base, AB_STORAGE_READ, &header, &journal->error);
        if (file < 0) {
            return file == AB_NOT_FOUND ? -ENOENT : -EIO;
        }
        int result = storage->sync(storage->self, file);
        storage->close(storage->self, file);
        if (result != 0) {
            return result;
        }
        journal->unsynced_base = ab_next_base(&header);
    }
    return 0;
}

int ab_segment_sync(ab_journal *journal) {
    int64_t began = ab_clock_monotonic_ns();
    int result = sync_older(journal);
    if (result == 0) {
        result = calls(journal)->sync(calls(journal)->self, journal->file);
    }
    ab_journal_count(journal, AB_JOURNAL_SYNCS, journal->counters[AB_JOURNAL_SYNCS] + 1);
    ab_journal_count(
        journal, AB_JOURNAL_SYNC_NS, journal->counters[AB_JOURNAL_SYNC_NS] + ab_clock_monotonic_ns() - began);
    if (result != 0) {
        return ab_segment_poison(journal, result, "sync");
    }
    journal->durable = journal->written;
    journal->durable_here = 1;
    journal->durable_position = ab_position_of(&journal->header, journal->durable.offset);
    journal->durable_sequence = journal->durable.sequence;
    ab_checkpoint_write(journal, 0, 0); /* before anybody is told: after a kill the newest checkpoint then has all that was */
    ab_journal_tell(journal);
    return AB_OK;
}

void ab_checkpoint_write(ab_journal *journal, uint32_t flags, int synced) {
    const ab_storage *storage = calls(journal);
    uint8_t slot[AB_CHECKPOINT_SLOT];
    if (journal->checkpoint_file < 0 || !journal->durable_here) {
        return;
    }
    ab_checkpoint checkpoint = {
        .generation = ++journal->checkpoint_generation,
        .base_position = journal->header.base_position,
        .offset = journal->durable.offset,
        .next_sequence = journal->durable.sequence,
        .records = journal->durable.records,
        .last_time = journal->durable.time,
        .epoch = journal->epoch,
        .chain = journal->durable.chain,
        .flags = flags,
        .cache = journal->cache,
    };
    memcpy(checkpoint.recording, journal->options.uuid, 16);
    memcpy(checkpoint.segment, journal->header.uuid, 16);
    ab_format_checkpoint_put(slot, &checkpoint);
    uint64_t place = synced ? (uint64_t)journal->checkpoint_slot : AB_CHECKPOINT_SLOTS - 1;
    int64_t result = ab_store_write(&journal->store, journal->checkpoint_file, slot, sizeof slot, place * AB_CHECKPOINT_SLOT);
    if (result == 0 && synced) {
        result = storage->sync(storage->self, journal->checkpoint_file);
    }
    if (result != 0) {
        ab_journal_count(journal, AB_JOURNAL_FAULTS, journal->counters[AB_JOURNAL_FAULTS] + 1);
    } else if (synced) {
        journal->checkpoint_slot ^= 1;
        journal->checkpoint_position = journal->durable_position;
    }
}

/* ---- index of the current segment -------------------------------------------------------------------------------- */

static void index_give_up(ab_journal *journal) {
    if (journal->index_file >= 0) {
        calls(journal)->close(calls(journal)->self, journal->index_file);
        journal->index_file = -1;
    }
}

void ab_index_open(ab_journal *journal, uint64_t end) {
    char path[AB_STORE_PATH];
    uint8_t header[AB_INDEX_HEADER];
    ab_index_entry *entries = NULL;
    index_give_up(journal);
    uint64_t count = end > AB_JOURNAL_HEADER ? ab_index_load(&journal->store, &journal->header, end, &entries) : 0;
    ab_store_path(&journal->store, path, AB_INDEX_NAME, (unsigned long long)journal->header.base_position);
    int file = calls(journal)->open(calls(journal)->self, path, count > 0 ? AB_STORAGE_OPEN : AB_STORAGE_CREATE);
    journal->index_file = file < 0 ? -1 : file;
    journal->index_entries = count;
    journal->index_offset = count > 0 ? entries[count - 1].offset : AB_JOURNAL_HEADER;
    journal->index_records = count > 0 ? entries[count - 1].sequence - journal->header.base_sequence : 0;
    free(entries);
    ab_format_index_header(header, journal->header.uuid);
    if (file >= 0 && ab_store_write(&journal->store, file, header, sizeof header, 0) != 0) {
        index_give_up(journal); /* a hint: readers search the segment instead */
    }
}

void ab_index_note(ab_journal *journal, uint64_t offset, uint64_t sequence, int64_t time_ns, uint64_t records) {
    uint8_t bytes[AB_INDEX_ENTRY];
    if (journal->index_file < 0 ||
        (records - journal->index_records < AB_INDEX_RECORDS && offset - journal->index_offset < AB_INDEX_BYTES)) {
        return;
    }
    const ab_index_entry entry = {.sequence = sequence, .time_ns = time_ns, .offset = offset};
    ab_format_index_put(bytes, journal->header.uuid, journal->index_entries, &entry);
    if (ab_store_write(&journal->store, journal->index_file, bytes, sizeof bytes,
            AB_INDEX_HEADER + journal->index_entries * AB_INDEX_ENTRY) != 0) {
        index_give_up(journal);
        return;
    }
    journal->index_entries++;
    journal->index_offset = offset;
    journal->index_records = records;
}
