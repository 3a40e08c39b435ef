/* not-under: tsan (one thread; test_journal_live has the threads) */
/*
 * ab_journal: append, write, sync, roll, read, seek, and opening again.
 *
 * Failure classes covered here: a process that ends at any moment (abandon: what a kill leaves). Power loss, media errors and a full disk
 * are test_journal_damage.c and the FaultFS tests.
 */
#include "../ab_journal.h"

#include <sys/wait.h>

#include "../ab_clock.h"
#include "journal_files.h"

#define SMALL AB_JOURNAL_SEGMENT_MIN
#define MOST 300u

static void what_is_appended_is_read_once_it_is_written(void) {
    char folder[256];
    ab_journal_opened opened;
    ab_error error;
    int result;
    make_folder(folder);
    ab_journal *journal = open_journal(folder, SMALL, AB_JOURNAL_NONE, &opened);
    CHECK_EQUAL(1, opened.created);
    CHECK_EQUAL(0, opened.next_sequence);
    append_many(journal, 0, 5, MOST);
    CHECK_EQUAL(0, read_all(folder, 0, MOST, &result, &error)); /* in the buffer alone */
    CHECK_EQUAL(AB_END, result);
    CHECK_EQUAL(AB_OK, ab_journal_write(journal));
    CHECK_EQUAL(5, read_all(folder, 0, MOST, &result, &error));
    CHECK_EQUAL(AB_END, result);
    const int64_t *counters = ab_journal_counters(journal);
    CHECK_EQUAL(5, counters[AB_JOURNAL_RECORDS]);
    CHECK_EQUAL(5, counters[AB_JOURNAL_WRITTEN_SEQUENCE]);
    CHECK_EQUAL(0, counters[AB_JOURNAL_DURABLE_SEQUENCE]);
    CHECK(counters[AB_JOURNAL_WRITTEN] > counters[AB_JOURNAL_DURABLE_POSITION]);
    CHECK_EQUAL(AB_OK, ab_journal_sync(journal));
    CHECK_EQUAL(5, counters[AB_JOURNAL_DURABLE_SEQUENCE]);
    CHECK_EQUAL(counters[AB_JOURNAL_WRITTEN], counters[AB_JOURNAL_DURABLE_POSITION]);
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    remove_folder(folder);
}

static void a_recording_goes_on_over_segments_and_openings(void) {
    char folder[256];
    ab_journal_opened opened;
    ab_error error;
    int result;
    uint64_t next = 0;
    make_folder(folder);
    for (int round = 0; round < 6; round++) {
        ab_journal *journal = open_journal(folder, SMALL, round % 3, &opened);
        CHECK_EQUAL(next, opened.next_sequence);
        CHECK_EQUAL(round + 1, opened.epoch);
        CHECK_EQUAL(round == 0 ? 0 : round != 4, opened.clean); /* round 3 ended without a close */
        CHECK_EQUAL(0, opened.cut_bytes);
        append_many(journal, next, next + 700, MOST);
        next += 700;
        CHECK_EQUAL(AB_OK, ab_journal_write(journal));
        CHECK_EQUAL(next, read_all(folder, 0, MOST, &result, &error));
        CHECK_EQUAL(AB_END, result);
        if (round == 3) {
            ab_journal_abandon(journal);
        } else {
            CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
        }
    }
    CHECK(count_names(folder, ".journal") > 10);
    CHECK_EQUAL(0, count_names(folder, ".tmp"));
    CHECK_EQUAL(next, read_all(folder, 0, MOST, &result, &error));
    remove_folder(folder);
}

static void what_was_not_written_is_gone_after_a_kill_and_what_was_is_not(void) {
    char folder[256];
    ab_journal_opened opened;
    ab_error error;
    int result;
    make_folder(folder);
    ab_journal *journal = open_journal(folder, SMALL, AB_JOURNAL_DURABLE, &opened);
    append_many(journal, 0, 100, MOST);
    CHECK_EQUAL(AB_OK, ab_journal_sync(journal));
    append_many(journal, 100, 130, MOST);
    CHECK_EQUAL(AB_OK, ab_journal_write(journal));
    append_many(journal, 130, 140, MOST);
    ab_journal_abandon(journal);
    journal = open_journal(folder, SMALL, AB_JOURNAL_DURABLE, &opened);
    CHECK_EQUAL(130, opened.next_sequence);
    CHECK_EQUAL(0, opened.cut_bytes);
    CHECK_EQUAL(130, ab_journal_counters(journal)[AB_JOURNAL_DURABLE_SEQUENCE]);
    CHECK_EQUAL(130, append_one(journal, 130, MOST));
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    CHECK_EQUAL(131, read_all(folder, 0, MOST, &result, &error));
    remove_folder(folder);
}

static ab_journal *held; /* reachable, so that valgrind does not call it lost in the child */

static void a_second_writer_is_refused_also_after_a_fork(void) {
    char folder[256], byte;
    ab_journal_opened opened;
    ab_error error = {0};
    ab_journal *second;
    int up[2], down[2], status;
    make_folder(folder);
    held = open_journal(folder, SMALL, AB_JOURNAL_NONE, &opened);
    const ab_journal_options options = {.directory = folder, .segment_length = SMALL};
    CHECK_EQUAL(AB_LOCKED, ab_journal_open(&options, NULL, &second, NULL, &error));
    CHECK_CONTAINS(error.text, folder);
    CHECK(pipe(up) == 0 && pipe(down) == 0);
    pid_t child = fork();
    if (child == 0) { /* it is refused too, and while it lives on it holds nothing of ours */
        byte = ab_journal_open(&options, NULL, &second, NULL, NULL) == AB_LOCKED;
        close(down[1]);
        _exit(write(up[1], &byte, 1) == 1 && read(down[0], &byte, 1) == 0 ? 0 : 1);
    }
    CHECK_EQUAL(1, read(up[0], &byte, 1));
    CHECK_EQUAL(1, byte);
    CHECK_EQUAL(AB_OK, ab_journal_close(held, &error));
    held = open_journal(folder, SMALL, AB_JOURNAL_NONE, &opened);
    CHECK_EQUAL(AB_OK, ab_journal_close(held, &error));
    close(down[1]);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(down[0]);
    close(up[0]);
    close(up[1]);
    remove_folder(folder);
}

static void nothing_is_made_where_no_journal_is(void) {
    char folder[256];
    ab_error error = {0};
    ab_journal *journal;
    ab_journal_reader *reader;
    make_folder(folder);
    ab_journal_options options = {.directory = folder};
    CHECK_EQUAL(AB_NOT_FOUND, ab_journal_open(&options, NULL, &journal, NULL, &error));
    CHECK_EQUAL(AB_NOT_FOUND, ab_journal_reader_open(folder, NULL, 0, &reader, &error));
    CHECK_EQUAL(0, count_names(folder, ""));
    options.flags = AB_JOURNAL_CREATE;
    options.segment_length = 3 * SMALL;
    CHECK_EQUAL(AB_INVALID, ab_journal_open(&options, NULL, &journal, NULL, &error));
    CHECK_CONTAINS(error.text, "power of two");
    options.segment_length = SMALL;
    options.sync_mode = 3;
    CHECK_EQUAL(AB_INVALID, ab_journal_open(&options, NULL, &journal, NULL, &error));
    options.directory = "";
    CHECK_EQUAL(AB_INVALID, ab_journal_open(&options, NULL, &journal, NULL, &error));
    remove_folder(folder);
}

static void the_largest_record_fits_and_no_larger_one(void) {
    char folder[256];
    ab_journal_opened opened;
    ab_error error;
    ab_journal_reader *reader;
    ab_journal_record record;
    make_folder(folder);
    ab_journal *journal = open_journal(folder, SMALL, AB_JOURNAL_NONE, &opened);
    uint32_t most = ab_journal_payload_max(journal);
    uint8_t *body = malloc(most + 1);
    memset(body, 0x5a, most + 1);
    CHECK_EQUAL(AB_TOO_LARGE, ab_journal_append(journal, 0, 0, 0, 0, body, most + 1));
    CHECK_CONTAINS(ab_journal_error(journal)->text, "longer than");
    CHECK_EQUAL(AB_INVALID, ab_journal_append(journal, AB_JOURNAL_STREAM_MAX + 1, 0, 0, 0, body, 1));
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(2 * i, ab_journal_append(journal, AB_JOURNAL_STREAM_MAX, 0, 0, 0, body, most));
        CHECK_EQUAL(2 * i + 1, ab_journal_append(journal, 0, 0, 0, 0, NULL, 0));
    }
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    CHECK_EQUAL(AB_OK, ab_journal_reader_open(folder, NULL, 0, &reader, &error));
    for (int i = 0; i < 6; i++) {
        CHECK_EQUAL(AB_OK, ab_journal_reader_next(reader, &record, &error));
        CHECK_EQUAL(i % 2 == 0 ? most : 0, record.length);
        CHECK(i % 2 == 1 || memcmp(record.bytes, body, most) == 0);
    }
    CHECK_EQUAL(AB_END, ab_journal_reader_next(reader, &record, &error));
    ab_journal_reader_close(reader);
    free(body);
    remove_folder(folder);
}

static void times_grow_strictly_whatever_the_clock_does(void) {
    char folder[256];
    ab_journal_opened opened;
    ab_error error;
    ab_journal_reader *reader;
    ab_journal_record record;
    const int64_t clock[] = {EPOCH_NS, EPOCH_NS, EPOCH_NS - 5000, EPOCH_NS + 1, EPOCH_NS + 900};
    const int64_t expected[] = {EPOCH_NS, EPOCH_NS + 1, EPOCH_NS + 2, EPOCH_NS + 3, EPOCH_NS + 900};
    make_folder(folder);
    ab_journal *journal = open_journal(folder, SMALL, AB_JOURNAL_NONE, &opened);
    for (int i = 0; i < 5; i++) {
        CHECK_EQUAL(i, ab_journal_append(journal, 0, 0, 0, clock[i], "x", 1));
    }
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    journal = open_journal(folder, SMALL, AB_JOURNAL_NONE, &opened);
    CHECK_EQUAL(EPOCH_NS + 900, opened.last_time_ns);
    CHECK_EQUAL(5, ab_journal_append(journal, 0, 0, 0, EPOCH_NS, "x", 1));
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    CHECK_EQUAL(AB_OK, ab_journal_reader_open(folder, NULL, 0, &reader, &error));
    for (int i = 0; i < 6; i++) {
        CHECK_EQUAL(AB_OK, ab_journal_reader_next(reader, &record, &error));
        CHECK_EQUAL(i < 5 ? expected[i] : EPOCH_NS + 901, record.time_ns);
    }
    ab_journal_reader_close(reader);
    remove_folder(folder);
}

/* Seek everywhere, with the index and without it. */
static void seek_everywhere(const char *folder, const int64_t *positions, uint64_t count, uint64_t step) {
    ab_error error = {0};
    ab_journal_reader *reader;
    ab_journal_record record;
    ab_journal_reader_state state;
    CHECK_EQUAL(AB_OK, ab_journal_reader_open(folder, NULL, 0, &reader, &error));
    for (uint64_t sequence = 0; sequence <= count; sequence += step) {
        int end = sequence == count;
        int64_t before = sequence == 0 ? 0 : positions[sequence - 1];
        const struct {
            int32_t seek;
            int64_t value;
        } ways[] = {{AB_SEEK_SEQUENCE, (int64_t)sequence}, {AB_SEEK_POSITION, before},
            {AB_SEEK_POSITION, end ? before : positions[sequence] - 1}, {AB_SEEK_TIME, EPOCH_NS + 10 * (int64_t)sequence},
            {AB_SEEK_TIME, EPOCH_NS + 10 * (int64_t)sequence - 9}};
        for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
            CHECK_EQUAL(AB_OK, ab_journal_reader_seek(reader, ways[way].seek, ways[way].value, &error));
            ab_journal_reader_state_get(reader, &state);
            CHECK_EQUAL(sequence, state.sequence);
            int result = ab_journal_reader_next(reader, &record, &error);
            CHECK_EQUAL(end ? AB_END : AB_OK, result);
            CHECK(end || (record.sequence == sequence && is_right(&record, MOST) && record.position == positions[sequence]));
        }
    }
    CHECK_EQUAL(AB_OK, ab_journal_reader_seek(reader, AB_SEEK_EARLIEST, 0, &error));
    CHECK_EQUAL(AB_OK, ab_journal_reader_next(reader, &record, &error));
    CHECK_EQUAL(0, record.sequence);
    CHECK_EQUAL(AB_INVALID, ab_journal_reader_seek(reader, AB_SEEK_SEQUENCE, (int64_t)count + 1, &error));
    CHECK_CONTAINS(error.text, "does not exist yet");
    CHECK_EQUAL(AB_INVALID, ab_journal_reader_seek(reader, AB_SEEK_POSITION, INT64_MAX, &error));
    CHECK_EQUAL(AB_INVALID, ab_journal_reader_seek(reader, AB_SEEK_SEQUENCE, -1, &error));
    CHECK_EQUAL(AB_INVALID, ab_journal_reader_seek(reader, 5, 0, &error));
    CHECK_EQUAL(AB_OK, ab_journal_reader_next(reader, &record, &error)); /* a seek that failed changed nothing */
    CHECK_EQUAL(1, record.sequence);
    CHECK_EQUAL(AB_OK, ab_journal_reader_seek(reader, AB_SEEK_END, 0, &error));
    CHECK_EQUAL(AB_END, ab_journal_reader_next(reader, &record, &error));
    ab_journal_reader_close(reader);
}

static void a_reader_goes_to_any_sequence_position_and_time(void) {
    char folder[256], path[700];
    ab_journal_opened opened;
    ab_error error;
    ab_journal_reader *reader;
    ab_journal_record record;
    enum { COUNT = 10000 };
    static int64_t positions[COUNT];
    make_folder(folder);
    ab_journal *journal = open_journal(folder, 1048576, AB_JOURNAL_NONE, &opened);
    for (uint64_t sequence = 0; sequence < COUNT; sequence++) {
        CHECK_EQUAL(sequence, append_one(journal, sequence, MOST));
        if (sequence % 97 == 0) {
            CHECK_EQUAL(AB_OK, ab_journal_write(journal));
        }
    }
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    CHECK_EQUAL(AB_OK, ab_journal_reader_open(folder, NULL, 0, &reader, &error));
    for (uint64_t sequence = 0; sequence < COUNT; sequence++) {
        CHECK_EQUAL(AB_OK, ab_journal_reader_next(reader, &record, &error));
        CHECK(is_right(&record, MOST));
        positions[sequence] = record.position;
    }
    ab_journal_reader_close(reader);
    seek_everywhere(folder, positions, COUNT, COUNT / 50);

    /* The index is a hint: cut, wrong, of the future, gone. */
    snprintf(path, sizeof path, "%s/%016llx.index", folder, 0ULL);
    flip_bit(path, AB_INDEX_HEADER + 3, 2);
    seek_everywhere(folder, positions, COUNT, COUNT / 20);
    cut_file(path, AB_INDEX_HEADER + 7);
    seek_everywhere(folder, positions, COUNT, COUNT / 20);
    CHECK(ab_journal_index_rebuild(folder, NULL, NULL, &error) >= 2);
    seek_everywhere(folder, positions, COUNT, COUNT / 50);
    CHECK(unlink(path) == 0);
    seek_everywhere(folder, positions, COUNT, COUNT / 10);
    remove_folder(folder);
}

static void a_tail_reader_follows_the_writer_over_rolls(void) {
    char folder[256];
    ab_journal_opened opened;
    ab_error error;
    ab_journal_reader *reader;
    ab_journal_record records[50];
    make_folder(folder);
    ab_journal *journal = open_journal(folder, SMALL, AB_JOURNAL_NONE, &opened);
    CHECK_EQUAL(AB_OK, ab_journal_reader_open(folder, NULL, 0, &reader, &error));
    uint64_t next = 0;
    for (uint64_t sequence = 0; sequence < 4000; sequence++) {
        CHECK_EQUAL(sequence, append_one(journal, sequence, MOST));
        if (sequence % 17 == 0) {
            CHECK_EQUAL(AB_OK, ab_journal_write(journal));
            int count;
            while ((count = ab_journal_reader_batch(reader, records, 50, &error)) > 0) {
                for (int i = 0; i < count; i++) {
                    CHECK_EQUAL(next, records[i].sequence);
                    CHECK(is_right(&records[i], MOST));
                    next++;
                }
            }
            CHECK_EQUAL(AB_END, count);
            CHECK_EQUAL(sequence + 1, next);
        }
    }
    ab_journal_reader_close(reader);
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    remove_folder(folder);
}

static void tick_does_what_the_mode_makes_due(void) {
    char folder[256];
    ab_journal_opened opened;
    ab_error error;
    make_folder(folder);
    ab_journal *journal = open_journal(folder, SMALL, AB_JOURNAL_DURABLE, &opened);
    const int64_t *counters = ab_journal_counters(journal);
    int64_t now = 1000000;
    CHECK_EQUAL(INT64_MAX, ab_journal_due(journal));
    append_many(journal, 0, 3, MOST);
    CHECK_EQUAL(0, ab_journal_due(journal));
    CHECK_EQUAL(AB_OK, ab_journal_tick(journal, now, 0));
    CHECK_EQUAL(0, counters[AB_JOURNAL_DURABLE_SEQUENCE]);
    CHECK_EQUAL(now + AB_NS_PER_MS, ab_journal_due(journal));
    CHECK_EQUAL(AB_OK, ab_journal_tick(journal, now + AB_NS_PER_MS, 0)); /* a millisecond: the group goes */
    CHECK_EQUAL(3, counters[AB_JOURNAL_DURABLE_SEQUENCE]);
    append_many(journal, 3, 3 + 256, 8);
    CHECK_EQUAL(AB_OK, ab_journal_tick(journal, now + AB_NS_PER_MS, 0)); /* 256 records */
    CHECK_EQUAL(259, counters[AB_JOURNAL_DURABLE_SEQUENCE]);
    append_many(journal, 259, 260, 8);
    CHECK_EQUAL(AB_OK, ab_journal_tick(journal, now + AB_NS_PER_MS, 1)); /* nothing more is coming */
    CHECK_EQUAL(260, counters[AB_JOURNAL_DURABLE_SEQUENCE]);
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));

    journal = open_journal(folder, SMALL, AB_JOURNAL_INTERVAL, &opened);
    counters = ab_journal_counters(journal);
    now = INT64_C(5000000000);
    append_many(journal, 260, 270, MOST);
    CHECK_EQUAL(AB_OK, ab_journal_tick(journal, now, 1)); /* the first interval begins long ago */
    append_many(journal, 270, 280, MOST);
    CHECK_EQUAL(AB_OK, ab_journal_tick(journal, now + 1, 1));
    CHECK_EQUAL(280, counters[AB_JOURNAL_WRITTEN_SEQUENCE]);
    CHECK_EQUAL(270, counters[AB_JOURNAL_DURABLE_SEQUENCE]);
    CHECK_EQUAL(now + 100 * AB_NS_PER_MS, ab_journal_due(journal));
    CHECK_EQUAL(AB_OK, ab_journal_tick(journal, now + 100 * AB_NS_PER_MS, 1));
    CHECK_EQUAL(280, counters[AB_JOURNAL_DURABLE_SEQUENCE]);
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));

    journal = open_journal(folder, SMALL, AB_JOURNAL_NONE, &opened);
    counters = ab_journal_counters(journal);
    append_many(journal, 280, 300, MOST);
    CHECK_EQUAL(AB_OK, ab_journal_tick(journal, now * 2, 1));
    CHECK_EQUAL(300, counters[AB_JOURNAL_WRITTEN_SEQUENCE]);
    CHECK_EQUAL(280, counters[AB_JOURNAL_DURABLE_SEQUENCE]);
    CHECK_EQUAL(INT64_MAX, ab_journal_due(journal));
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    remove_folder(folder);
}

int main(void) {
    RUN(what_is_appended_is_read_once_it_is_written);
    RUN(a_recording_goes_on_over_segments_and_openings);
    RUN(what_was_not_written_is_gone_after_a_kill_and_what_was_is_not);
    RUN(a_second_writer_is_refused_also_after_a_fork);
    RUN(nothing_is_made_where_no_journal_is);
    RUN(the_largest_record_fits_and_no_larger_one);
    RUN(times_grow_strictly_whatever_the_clock_does);
    RUN(a_reader_goes_to_any_sequence_position_and_time);
    RUN(a_tail_reader_follows_the_writer_over_rolls);
    RUN(tick_does_what_the_mode_makes_due);
    return 0;
}
