/* ab_journal_open.c: options, directory, lock; then recovery or the first segment. And resume after a failure. See ab_journal.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ab_clock.h"
#include "ab_fail.h"
#include "ab_journal_private.h"

/* ---- options ----------------------------------------------------------------------------------------------------- */

static int take_options(ab_journal *journal, const ab_journal_options *options, ab_error *error) {
    ab_journal_options *own = &journal->options;
    *own = *options;
    own->segment_length = own->segment_length == 0 ? AB_JOURNAL_SEGMENT_DEFAULT : own->segment_length;
    own->sync_ns = own->sync_ns == 0 ? 100 * AB_NS_PER_MS : own->sync_ns;
    own->group_ns = own->group_ns == 0 ? AB_NS_PER_MS : own->group_ns;
    int durable = own->sync_mode == AB_JOURNAL_DURABLE; /* else a group costs no sync, and a longer write costs less a byte */
    own->group_bytes = own->group_bytes == 0 ? (durable ? 65536 : 786432) : own->group_bytes;
    own->group_records = own->group_records == 0 ? (durable ? 256 : 8192) : own->group_records;
    if (own->segment_length < AB_JOURNAL_SEGMENT_MIN || own->segment_length > AB_JOURNAL_SEGMENT_MAX ||
        (own->segment_length & (own->segment_length - 1)) != 0) {
        return ab_fail(error, AB_INVALID, 0, "a segment of %llu bytes is not a power of two from %d to %d",
            (unsigned long long)own->segment_length, AB_JOURNAL_SEGMENT_MIN, AB_JOURNAL_SEGMENT_MAX);
    }
    if (own->sync_mode < AB_JOURNAL_DURABLE || own->sync_mode > AB_JOURNAL_NONE || own->sync_ns < 0 ||
        own->group_ns < 0) {
        return ab_fail(error, AB_INVALID, 0,
            "sync mode %d, interval %lld ns, group %lld ns: the mode is 0 .. 2, times are not negative",
            own->sync_mode, (long long)own->sync_ns, (long long)own->group_ns);
    }
    journal->counters = own->counters == NULL ? journal->own_counters : own->counters;
    memset(journal->counters, 0, AB_JOURNAL_COUNTERS * sizeof *journal->counters);
    return AB_OK;
}

/* ---- open -------------------------------------------------------------------------------------------------------- */

static int create(ab_journal *journal, ab_journal_opened *opened) {
    ab_checkpoint checkpoint;
    if (ab_store_checkpoint(&journal->store, NULL, &checkpoint)) {
        return ab_recover_corrupt(
            journal, checkpoint.base_position, 0, checkpoint.next_sequence, "the segment is missing, as are all others");
    }
    opened->created = 1;
    journal->epoch = 1;
    journal->durable_here = 1;
    int result = ab_uuid_is_zero(journal->options.uuid) ? ab_store_uuid(journal->options.uuid, &journal->error) : AB_OK;
    if (result == AB_OK) {
        result = ab_segment_begin(journal, NULL, NULL);
    }
    journal->durable = journal->written;
    return result == AB_OK ? ab_recover_epoch(journal, AB_EPOCH_CREATED, opened) : result;
}

static int open_checkpoint(ab_journal *journal) {
    const ab_storage *storage = journal->store.storage;
    char path[AB_STORE_PATH];
    ab_store_path(&journal->store, path, "checkpoint");
    int file = storage->open(storage->self, path, AB_STORAGE_READ);
    int there = file >= 0;
    if (there) {
        storage->close(storage->self, file);
    }
    file = storage->open(storage->self, path, AB_STORAGE_OPEN);
    int result = file < 0 ? file : 0;
    if (result == 0 && !there) {
        result = storage->allocate(storage->self, file, AB_CHECKPOINT_SLOTS * AB_CHECKPOINT_SLOT);
    }
    if (result == 0 && !there) {
        result = storage->sync(storage->self, file);
    }
    if (result == 0 && !there) {
        result = storage->sync_directory(storage->self, journal->store.directory);
    }
    journal->checkpoint_file = file < 0 ? -1 : file;
    return result == 0 ? AB_OK : ab_store_failed(&journal->store, result, "make", path, &journal->error);
}

/* The directory and its own name, durable. */
static int make_directory(ab_journal *journal) {
    const ab_storage *storage = journal->store.storage;
    char parent[AB_STORE_PATH];
    int result = storage->make_directory(storage->self, journal->store.directory);
    if (result == 0) {
        ab_store_path(&journal->store, parent, "..");
        result = storage->sync_directory(storage->self, parent);
        if (result == -EACCES || result == -EPERM) {
            result = 0; /* a folder we may not read cannot be synced: that of our own, below, has to do */
        }
    }
    return result == 0 ? AB_OK : ab_store_failed(&journal->store, result, "make the directory", NULL, &journal->error);
}

/* A kill, or a sync that failed, may have come between a rename and its sync: the names we found may not be durable yet. */
static int sync_names(ab_journal *journal) {
    const ab_storage *storage = journal->store.storage;
    int result = storage->sync_directory(storage->self, journal->store.directory);
    return result == 0 ? AB_OK : ab_store_failed(&journal->store, result, "sync the directory", NULL, &journal->error);
}

static int open_locked(ab_journal *journal, ab_journal_opened *opened) {
    char path[AB_STORE_PATH];
    ab_segment_list list = {0};
    ab_store_path(&journal->store, path, "next.tmp");
    journal->store.storage->unlink(journal->store.storage->self, path); /* of a roll that did not happen */
    int result = ab_store_list(&journal->store, &list, &journal->error);
    if (result == AB_OK && list.count > 0) {
        result = ab_recover_chain(journal, &list);
    }
    if (result == AB_OK) {
        result = open_checkpoint(journal);
    }
    if (result == AB_OK) {
        result = sync_names(journal);
    }
    if (result == AB_OK) {
        result = list.count > 0 ? ab_recover(journal, opened) : create(journal, opened);
    }
    ab_store_list_free(&list);
    return result;
}

static void fill(const ab_journal *journal, ab_journal_opened *opened) {
    memcpy(opened->uuid, journal->options.uuid, 16);
    opened->epoch = journal->epoch;
    opened->segments = (uint32_t)journal->counters[AB_JOURNAL_SEGMENTS];
    opened->first_sequence = journal->first_sequence;
    opened->first_position = journal->first_position;
    opened->next_sequence = journal->written.sequence;
    opened->position = ab_position_of(&journal->header, journal->written.offset);
    opened->last_time_ns = journal->written.time;
}

int ab_journal_open(const ab_journal_options *options, const ab_storage *storage, ab_journal **opened_journal,
    ab_journal_opened *opened, ab_error *error) {
    ab_journal_opened state = {0};
    ab_segment_list list = {0};
    int64_t began = ab_clock_monotonic_ns();
    ab_journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL) {
        return ab_fail(error, AB_NO_MEMORY, ENOMEM, "no memory for a journal");
    }
    journal->lock_file = journal->file = journal->prepared_file = journal->checkpoint_file = journal->index_file = -1;
    journal->counters = journal->own_counters;
    int result = take_options(journal, options, &journal->error);
    if (result == AB_OK) {
        result = ab_store_init(&journal->store, options->directory, storage, &journal->error);
    }
    if (result == AB_OK && (options->flags & AB_JOURNAL_CREATE) != 0) {
        result = make_directory(journal);
    } else if (result == AB_OK) { /* nothing is made where no journal is, not even a lock */
        result = ab_store_list(&journal->store, &list, &journal->error);
        if (result == AB_OK && list.count == 0) {
            result = ab_fail(&journal->error, AB_NOT_FOUND, ENOENT, "%s holds no recording", journal->store.directory);
        }
        ab_store_list_free(&list);
    }
    journal->options.directory = journal->store.directory;
    if (result == AB_OK) {
        journal->lock_file = ab_store_lock(&journal->store, &journal->error);
        result = journal->lock_file < 0 ? journal->lock_file : AB_OK;
        journal->cache = journal->store.storage->cache(journal->store.storage->self);
    }
    if (result == AB_OK) {
        result = open_locked(journal, &state);
    }
    if (result != AB_OK) {
        if (error != NULL) {
            *error = journal->error;
        }
        ab_journal_abandon(journal);
        return result;
    }
    ab_journal_tell(journal);
    fill(journal, &state);
    state.elapsed_ns = ab_clock_monotonic_ns() - began;
    if (opened != NULL) {
        *opened = state;
    }
    *opened_journal = journal;
    return AB_OK;
}

int ab_journal_resume(ab_journal *journal, ab_journal_opened *opened) {
    ab_journal_opened state = {0};
    int64_t began = ab_clock_monotonic_ns();
    if (journal->state != AB_JOURNAL_POISONED) {
        return ab_fail(&journal->error, AB_INVALID, 0, "the journal is not poisoned: there is nothing to resume from");
    }
    const ab_place durable = journal->durable;
    uint8_t *batch = journal->buffer;
    size_t length = journal->fill;
    journal->buffer = NULL;
    journal->capacity = 0;
    int result = ab_segment_move(journal, &durable, batch, length, &state.moved_records);
    if (result != AB_OK) {
        free(journal->buffer);
        journal->buffer = batch; /* as it was: the next try finds it all again */
        journal->capacity = journal->fill = length;
        return result;
    }
    free(batch);
    fill(journal, &state);
    state.elapsed_ns = ab_clock_monotonic_ns() - began;
    if (opened != NULL) {
        *opened = state;
    }
    return AB_OK;
}
