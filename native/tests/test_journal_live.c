/* not-under: valgrind (it runs one thread at a time) */
/*
 * ab_journal while it is written: readers of other threads and processes, retention behind them, a writer that is killed.
 *
 * Stress tests and their allowed outcomes
 *   a writer, four readers, retention every few segments   each reader sees every sequence from where it began, in order and whole, or is
 *                                                          told AB_PURGED when it asks for what is gone; nobody sees a short record
 *   a writer killed at random, 25 times                    what it had said to be durable is there; no hole; the lock is free
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "../ab_clock.h"
#include "../ab_journal.h"
#include "journal_files.h"

#define SMALL AB_JOURNAL_SEGMENT_MIN
#define MOST 300u
#define READERS 4
#define RECORDS 20000u

static char tape[256];
static _Atomic int written_all;

static void *follow(void *argument) {
    const int late = *(const int *)argument; /* those that come late begin at the end of then */
    ab_journal_reader *reader;
    ab_journal_record records[32];
    ab_journal_reader_state state;
    ab_error error;
    CHECK_EQUAL(AB_OK, ab_journal_reader_open(tape, NULL, 0, &reader, &error));
    if (late) {
        CHECK_EQUAL(AB_OK, ab_journal_reader_seek(reader, AB_SEEK_END, 0, &error));
    }
    ab_journal_reader_state_get(reader, &state);
    uint64_t next = state.sequence;
    for (;;) {
        int over = atomic_load(&written_all);
        int count = ab_journal_reader_batch(reader, records, 32, &error);
        if (count == AB_END) {
            if (over) {
                break;
            }
            sched_yield();
            continue;
        }
        if (count < 0) {
            fprintf(stderr, "reader: %d %s\n", count, error.text);
            exit(1);
        }
        for (int i = 0; i < count; i++) {
            CHECK_EQUAL(next, records[i].sequence);
            CHECK(is_right(&records[i], MOST));
            next++;
        }
    }
    CHECK_EQUAL(RECORDS, next);
    ab_journal_reader_close(reader);
    return NULL;
}

static void readers_see_whole_records_in_order_while_segments_come_and_go(void) {
    pthread_t threads[READERS];
    const int late[2] = {0, 1};
    ab_journal_opened opened;
    ab_error error;
    uint64_t removed = 0, held = 0;
    make_folder(tape);
    ab_journal *journal = open_journal(tape, SMALL, AB_JOURNAL_INTERVAL, &opened);
    append_many(journal, 0, 100, MOST);
    CHECK_EQUAL(AB_OK, ab_journal_write(journal));
    for (int i = 0; i < READERS; i++) {
        CHECK_EQUAL(0, pthread_create(&threads[i], NULL, follow, (void *)&late[i % 2]));
    }
    for (uint64_t sequence = 100; sequence < RECORDS; sequence++) {
        CHECK_EQUAL(sequence, append_one(journal, sequence, MOST));
        if (sequence % 13 == 0) {
            CHECK_EQUAL(AB_OK, ab_journal_tick(journal, ab_clock_monotonic_ns(), 1));
        }
        if (sequence % 1000 == 0) {
            ab_journal_purged purged;
            const ab_journal_retention retention = {.bytes_max = 4 * SMALL, .keep_position = INT64_MAX};
            CHECK_EQUAL(AB_OK, ab_journal_purge(journal, &retention, &purged, &error));
            removed += purged.segments;
            held += purged.held == 1;
            sched_yield();
        }
    }
    CHECK_EQUAL(AB_OK, ab_journal_sync(journal));
    atomic_store(&written_all, 1);
    for (int i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
    }
    ab_journal_purged purged;
    const ab_journal_retention all = {.bytes_max = 1, .keep_position = INT64_MAX};
    CHECK_EQUAL(AB_OK, ab_journal_purge(journal, &all, &purged, &error));
    CHECK_EQUAL(0, purged.held);
    CHECK_EQUAL(1, ab_journal_counters(journal)[AB_JOURNAL_SEGMENTS]);
    CHECK_EQUAL(1, count_names(tape, ".journal"));
    CHECK_EQUAL(1, count_names(tape, ".index"));
    printf("   removed %d segments beside readers, held back %d times\n", (int)removed, (int)held);
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    remove_folder(tape);
}

/* The child: record without end, and tell each durable sequence through the pipe. */
static void record_until_killed(int tell) {
    ab_journal_opened opened;
    ab_journal *journal = open_journal(tape, SMALL, AB_JOURNAL_DURABLE, &opened);
    const int64_t *counters = ab_journal_counters(journal);
    int64_t told = 0;
    for (uint64_t sequence = opened.next_sequence;; sequence++) {
        CHECK_EQUAL(sequence, append_one(journal, sequence, MOST));
        CHECK_EQUAL(AB_OK, ab_journal_tick(journal, ab_clock_monotonic_ns(), 0));
        if (counters[AB_JOURNAL_DURABLE_SEQUENCE] != told) {
            told = counters[AB_JOURNAL_DURABLE_SEQUENCE];
            CHECK_EQUAL(sizeof told, write(tell, &told, sizeof told));
        }
    }
}

static void a_killed_writer_loses_nothing_that_it_said_was_durable(void) {
    uint64_t seed = 3;
    int64_t durable = 0, worst_ns = 0;
    make_folder(tape);
    for (int round = 0; round < 25; round++) {
        int pipes[2], result;
        ab_journal_opened opened;
        ab_error error;
        int64_t told;
        CHECK(pipe(pipes) == 0);
        pid_t child = fork();
        if (child == 0) {
            close(pipes[0]);
            record_until_killed(pipes[1]);
        }
        close(pipes[1]);
        for (uint64_t acks = check_random(&seed) % 60; read(pipes[0], &told, sizeof told) == (ssize_t)sizeof told; acks--) {
            durable = told;
            if (acks == 0) {
                break;
            }
        }
        kill(child, SIGKILL);
        while (read(pipes[0], &told, sizeof told) == (ssize_t)sizeof told) {
            durable = told;
        }
        close(pipes[0]);
        CHECK(waitpid(child, NULL, 0) == child);
        ab_journal *journal = open_journal(tape, SMALL, AB_JOURNAL_DURABLE, &opened);
        CHECK((int64_t)opened.next_sequence >= durable);
        worst_ns = opened.elapsed_ns > worst_ns ? opened.elapsed_ns : worst_ns;
        CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
        CHECK_EQUAL(opened.next_sequence, read_all(tape, 0, MOST, &result, &error));
        CHECK_EQUAL(AB_END, result);
    }
    printf("   %" PRId64 " durable records, slowest open %.1f ms\n", durable, (double)worst_ns / 1e6);
    remove_folder(tape);
}

static char hidden[64]; /* a segment that cannot be opened for the next so many tries, as if it were not there yet */
static int hides;

static int open_unless_hidden(void *self, const char *path, int mode) {
    size_t length = strlen(path), own = strlen(hidden);
    if (hides > 0 && length > own && strcmp(path + length - own, hidden) == 0) {
        hides--;
        return -ENOENT;
    }
    return ab_storage_real()->open(self, path, mode);
}

/* The writer makes the next segment and the one behind it between two looks of a reader: nothing is missing. */
static void segments_that_come_between_two_looks_are_not_missing(void) {
    ab_journal_opened opened;
    ab_journal_reader *reader;
    ab_journal_record records[32];
    ab_error error;
    make_folder(tape);
    ab_journal *journal = open_journal(tape, SMALL, AB_JOURNAL_NONE, &opened);
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(i, append_one(journal, (uint64_t)i, MOST));
        CHECK_EQUAL(AB_OK, ab_journal_roll(journal));
    }
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));

    ab_storage storage = *ab_storage_real();
    storage.open = open_unless_hidden;
    snprintf(hidden, sizeof hidden, "/%016llx.journal", (unsigned long long)(SMALL - 4096));
    for (int tries = 0; tries < 5; tries++) {
        hides = tries;
        CHECK_EQUAL(AB_OK, ab_journal_reader_open(tape, &storage, 0, &reader, &error));
        uint64_t next = 0;
        for (int looks = 0; looks < 20; looks++) {
            int count = ab_journal_reader_batch(reader, records, 32, &error);
            CHECK(count > 0 || count == AB_END || tries > 2); /* hidden for longer than a look takes, it is missing indeed */
            next += count > 0 ? (uint64_t)count : 0;
        }
        CHECK_EQUAL(3, next);
        ab_journal_reader_close(reader);
    }
    remove_folder(tape);
}

static ab_journal *purging;    /* loses its old segments when a reader has opened one and not locked it yet */
static int purges, without_locks;

static int lock_after_purge(void *self, int file, int exclusive) {
    if (purging != NULL && !exclusive && purges-- > 0) {
        const ab_journal_retention most = {.bytes_max = 1, .keep_position = INT64_MAX};
        ab_journal_purged purged;
        ab_error error;
        CHECK_EQUAL(AB_OK, ab_journal_purge(purging, &most, &purged, &error));
        CHECK(purged.segments > 0);
    }
    return without_locks ? -ENOTSUP : ab_storage_real()->lock(self, file, exclusive);
}

static ab_journal *three_segments(void) {
    ab_journal_opened opened;
    make_folder(tape);
    ab_journal *journal = open_journal(tape, SMALL, AB_JOURNAL_NONE, &opened);
    for (uint64_t i = 0; i < 3; i++) {
        CHECK_EQUAL(i, append_one(journal, i, MOST));
        CHECK_EQUAL(AB_OK, i < 2 ? ab_journal_roll(journal) : ab_journal_write(journal));
    }
    return journal;
}

/* A lock of a file whose name is gone keeps nothing: the reader begins at what is there. */
static void a_segment_removed_between_its_opening_and_its_lock_is_not_read(void) {
    ab_journal_reader *reader;
    ab_journal_record record;
    ab_error error;
    ab_storage storage = *ab_storage_real();
    storage.lock = lock_after_purge;
    purging = three_segments();
    purges = 1;
    without_locks = 0;
    CHECK_EQUAL(AB_OK, ab_journal_reader_open(tape, &storage, 0, &reader, &error));
    CHECK_EQUAL(AB_OK, ab_journal_reader_next(reader, &record, &error));
    CHECK_EQUAL(2, record.sequence);
    CHECK_EQUAL(AB_END, ab_journal_reader_next(reader, &record, &error));
    ab_journal_reader_close(reader);
    CHECK_EQUAL(AB_OK, ab_journal_close(purging, &error));
    remove_folder(tape);
}

/* Where there are no locks a reader may be overtaken: it is told so, and not that the recording is damaged. */
static void a_reader_that_retention_overtook_is_told_the_first_available(void) {
    ab_journal_reader *reader;
    ab_journal_record record;
    ab_error error = {0};
    ab_storage storage = *ab_storage_real();
    storage.lock = lock_after_purge;
    purging = three_segments();
    purges = 0;
    without_locks = 1;
    CHECK_EQUAL(AB_OK, ab_journal_reader_open(tape, &storage, 0, &reader, &error));
    purges = 1;
    CHECK_EQUAL(-ENOTSUP, lock_after_purge(NULL, -1, 0));
    CHECK_EQUAL(AB_OK, ab_journal_reader_next(reader, &record, &error));
    CHECK_EQUAL(0, record.sequence);
    CHECK_EQUAL(AB_PURGED, ab_journal_reader_next(reader, &record, &error));
    CHECK(strstr(error.text, "sequence 1 was removed") != NULL && strstr(error.text, "is sequence 2") != NULL);
    ab_journal_reader_close(reader);
    CHECK_EQUAL(AB_OK, ab_journal_close(purging, &error));
    remove_folder(tape);
}

/* What was written before a look is seen by that look, although the bytes there were read, as zeros, by an earlier one. */
static void a_look_sees_what_was_written_before_it(void) {
    ab_journal_opened opened;
    ab_journal_reader *reader;
    ab_journal_record record;
    ab_error error;
    make_folder(tape);
    ab_journal *journal = open_journal(tape, SMALL, AB_JOURNAL_NONE, &opened);
    CHECK_EQUAL(AB_OK, ab_journal_reader_open(tape, NULL, 0, &reader, &error));
    for (uint64_t i = 0; i < 40; i++) {
        CHECK_EQUAL(i, append_one(journal, i, MOST));
        CHECK_EQUAL(AB_OK, ab_journal_write(journal));
        CHECK_EQUAL(AB_OK, ab_journal_reader_next(reader, &record, &error));
        CHECK_EQUAL(i, record.sequence);
        if (i % 3 == 2) {
            CHECK_EQUAL(AB_END, ab_journal_reader_next(reader, &record, &error));
        }
    }
    ab_journal_reader_close(reader);
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    remove_folder(tape);
}

int main(void) {
    RUN(a_look_sees_what_was_written_before_it);
    RUN(segments_that_come_between_two_looks_are_not_missing);
    RUN(a_segment_removed_between_its_opening_and_its_lock_is_not_read);
    RUN(a_reader_that_retention_overtook_is_told_the_first_available);
    RUN(a_killed_writer_loses_nothing_that_it_said_was_durable);
    RUN(readers_see_whole_records_in_order_while_segments_come_and_go);
    return 0;
}
