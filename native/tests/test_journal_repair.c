/* not-under: tsan (one thread; test_journal_live has the threads) */
/*
 * ab_journal: what is left of a recording whose files are gone, cut, or without a header; and what a repair makes of it.
 *
 * Failure class: media error. Each loss is named by reader, verify and open, none of them runs on for ever, all other records stay
 * readable, and after a repair the recording can be read to its end and written to, with no sequence used twice.
 */
#include "../ab_journal.h"
#include "journal_files.h"

#define SMALL AB_JOURNAL_SEGMENT_MIN
#define STEP (SMALL - AB_JOURNAL_HEADER)
#define MOST 300u
#define COUNT UINT64_C(2000)

/* A recording of COUNT records in some segments, closed in order; how many segments. */
static int make(char *folder) {
    ab_journal_opened opened;
    ab_error error;
    make_folder(folder);
    ab_journal *journal = open_journal(folder, SMALL, AB_JOURNAL_INTERVAL, &opened);
    for (uint64_t sequence = 0; sequence < COUNT; sequence++) {
        append_many(journal, sequence, sequence + 1, MOST);
        if (sequence % 9 == 8) {
            CHECK_EQUAL(AB_OK, ab_journal_write(journal));
        }
    }
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    return count_names(folder, ".journal");
}

typedef struct {
    uint64_t seen, holes, lost;
    int result;
} salvaged;

static salvaged salvage(const char *folder) {
    ab_journal_reader *reader;
    ab_journal_record records[64];
    ab_journal_reader_state state;
    ab_error error;
    salvaged found = {0};
    uint64_t next = 0;
    int calls = 0;
    CHECK_EQUAL(AB_OK, ab_journal_reader_open(folder, NULL, AB_JOURNAL_SKIP_CORRUPT, &reader, &error));
    while ((found.result = ab_journal_reader_batch(reader, records, 64, &error)) != AB_END) {
        CHECK(++calls < 10000);
        if (found.result == AB_LOST) {
            continue;
        }
        CHECK(found.result > 0);
        for (int i = 0; i < found.result; i++) {
            CHECK(records[i].sequence >= next && is_right(&records[i], MOST));
            next = records[i].sequence + 1;
            found.seen++;
        }
    }
    ab_journal_reader_state_get(reader, &state);
    found.holes = state.holes;
    found.lost = state.lost;
    ab_journal_reader_close(reader);
    return found;
}

/* The same by a reader that does not skip, but seeks to where it is told that reading can go on: what Python's tools do. */
static uint64_t read_on_where_it_is_told(const char *folder) {
    ab_journal_reader *reader;
    ab_journal_record record;
    ab_error error = {0};
    uint64_t seen = 0;
    int result, calls = 0;
    CHECK_EQUAL(AB_OK, ab_journal_reader_open(folder, NULL, 0, &reader, &error));
    while ((result = ab_journal_reader_next(reader, &record, &error)) != AB_END) {
        CHECK(++calls < 10000);
        seen += result == AB_OK;
        CHECK(result != AB_OK || is_right(&record, MOST));
        if (result != AB_OK) {
            CHECK(result == AB_CORRUPT || result == AB_LOST);
            CHECK_CONTAINS(error.text, ".journal, offset ");
            const char *place = strstr(error.text, "reading can go on at position ");
            if (place == NULL) {
                break;
            }
            CHECK_EQUAL(AB_OK, ab_journal_reader_seek(
                reader, AB_SEEK_POSITION, strtoll(place + strlen("reading can go on at position "), NULL, 10), &error));
        }
    }
    ab_journal_reader_close(reader);
    return seen;
}

/* Open it for writing: COUNT is the next sequence; write, and read all of it. */
static void write_on(const char *folder, uint64_t seen) {
    ab_journal_opened opened;
    ab_journal_report report;
    ab_error error;
    ab_journal_problem problems[20];
    ab_journal *journal = open_journal(folder, SMALL, AB_JOURNAL_DURABLE, &opened);
    CHECK_EQUAL(COUNT, opened.next_sequence);
    append_many(journal, COUNT, COUNT + 500, MOST);
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    salvaged found = salvage(folder);
    CHECK_EQUAL(seen + 500, found.seen);
    CHECK_EQUAL(COUNT - seen, found.lost);
    CHECK_EQUAL(seen + 500, read_on_where_it_is_told(folder));
    CHECK_EQUAL(AB_OK, ab_journal_verify(folder, NULL, &report, problems, 20, NULL, &error));
    for (uint64_t i = 0; i < report.problems && i < 20; i++) {
        CHECK_EQUAL(AB_LOST, problems[i].code);
    }
    CHECK_EQUAL(COUNT - seen, report.lost);
}

static int now_way, now_which;

static void is_named_then_repaired(const char *folder, uint64_t least) {
    ab_journal_report report;
    ab_journal_repaired repaired, again;
    ab_journal *journal;
    ab_error error = {0};
    int result;
    const ab_journal_options options = {.directory = folder};
    read_all(folder, 0, MOST, &result, &error);
    CHECK(result == AB_CORRUPT || result == AB_REFUSED);
    CHECK_CONTAINS(error.text, ".journal, offset ");
    CHECK(read_on_where_it_is_told(folder) + 500 >= least); /* a segment is lost until the repair */
    CHECK(salvage(folder).seen + 500 >= least);
    CHECK_EQUAL(AB_OK, ab_journal_verify(folder, NULL, &report, NULL, 0, NULL, &error));
    CHECK(report.problems > 0);
    result = ab_journal_open(&options, NULL, &journal, NULL, &error);
    CHECK(result == AB_CORRUPT || result == AB_REFUSED);
    if (ab_journal_repair(folder, NULL, EPOCH_NS, &repaired, NULL, &error) != AB_OK) {
        fprintf(stderr, "repair of way %d, segment %d: %s\n", now_way, now_which, error.text);
        exit(1);
    }
    CHECK_EQUAL(AB_OK, ab_journal_repair(folder, NULL, EPOCH_NS, &again, NULL, &error));
    CHECK_EQUAL(0, again.holes + again.cuts + again.lost + again.headers);
    uint64_t seen = salvage(folder).seen;
    CHECK(seen >= least);
    write_on(folder, seen);
}

/* Not the oldest: retention may have removed that. */
static void a_segment_that_is_missing_is_named_and_becomes_a_hole(void) {
    char folder[256], path[700];
    for (int many = 1; many <= 2; many++) {
        for (int which = 1, count = 9; which + many <= count; which++) {
            count = make(folder);
            CHECK(count > 4);
            now_way = many;
            now_which = which;
            for (int k = which; k < which + many; k++) {
                segment_path(path, folder, (int64_t)k * STEP);
                CHECK(unlink(path) == 0);
            }
            is_named_then_repaired(folder, COUNT - (uint64_t)many * (COUNT / (uint64_t)count + 60));
            remove_folder(folder);
        }
    }
}

static void a_header_that_is_damaged_is_made_anew(void) {
    char folder[256], path[700];
    for (int way = 0; way < 6; way++) {
        for (int which = 0;; which++) {
            int count = make(folder);
            now_way = way;
            now_which = which;
            uint8_t zeros[AB_JOURNAL_HEADER] = {0}, noise[AB_JOURNAL_HEADER];
            memset(noise, 0xa5, sizeof noise);
            segment_path(path, folder, (int64_t)which * STEP);
            switch (way) {
            case 0: /* a bit, somewhere */
                flip_bit(path, 3000, 3);
                break;
            case 1: /* in the magic */
                flip_bit(path, 2, 1);
                break;
            case 2: /* in its checksum */
                flip_bit(path, AB_JOURNAL_HEADER - 2, 1);
                break;
            case 3: /* the uuid of the segment, and its place */
                overwrite(path, 40, noise, 32);
                break;
            case 4: /* the sector with all of it */
                overwrite(path, 0, zeros, 512);
                break;
            default: /* what tells of the segment before */
                overwrite(path, 80, noise, 40);
                break;
            }
            is_named_then_repaired(folder, COUNT);
            remove_folder(folder);
            if (which + 1 == count) {
                break;
            }
        }
    }
}

static void a_sealed_segment_that_was_cut_can_be_written_behind_after_a_repair(void) {
    char folder[256], path[700];
    const int64_t lengths[] = {AB_JOURNAL_HEADER, AB_JOURNAL_HEADER + 100, 30000, SMALL - 20000, SMALL - 1};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        make(folder);
        segment_path(path, folder, STEP);
        cut_file(path, lengths[i]);
        ab_journal_report report;
        ab_error error;
        CHECK_EQUAL(AB_OK, ab_journal_verify(folder, NULL, &report, NULL, 0, NULL, &error));
        CHECK(report.problems > 0);
        ab_journal_repaired repaired;
        CHECK_EQUAL(AB_OK, ab_journal_repair(folder, NULL, EPOCH_NS, &repaired, NULL, &error));
        write_on(folder, salvage(folder).seen);
        remove_folder(folder);
    }
}

/* Longer than what a scan reads at once, and than what it has read when it comes to the hole. */
static void a_hole_may_be_longer_than_what_is_read_at_once(void) {
    char folder[256], path[700];
    ab_journal_opened opened;
    ab_journal_repaired repaired;
    ab_journal_report report;
    ab_error error;
    static uint8_t body[3 << 20];
    for (int way = 0; way < 2; way++) {
        make_folder(folder);
        ab_journal *journal = open_journal(folder, 16u << 20, AB_JOURNAL_DURABLE, &opened);
        for (int i = 0; i < 9; i++) {
            memset(body, i + 1, sizeof body);
            const size_t length = way == 0 ? sizeof body / 3 : i == 4 ? sizeof body : 500;
            CHECK_EQUAL(i, ab_journal_append(journal, 0, 0, 0, EPOCH_NS + i, body, length));
            CHECK_EQUAL(AB_OK, ab_journal_sync(journal));
        }
        CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
        segment_path(path, folder, 0);
        if (way == 0) {
            memset(body, 0, sizeof body);
            overwrite(path, AB_JOURNAL_HEADER + (1 << 20), body, sizeof body);
        } else {
            flip_bit(path, AB_JOURNAL_HEADER + (1 << 20), 1);
        }
        CHECK_EQUAL(AB_OK, ab_journal_repair(folder, NULL, EPOCH_NS, &repaired, NULL, &error));
        CHECK_EQUAL(1, repaired.holes);
        CHECK_EQUAL(AB_OK, ab_journal_verify(folder, NULL, &report, NULL, 0, NULL, &error));
        CHECK_EQUAL(1, report.problems);
        CHECK_EQUAL(9, report.records + report.lost);
        ab_journal_reader *reader;
        ab_journal_record record;
        CHECK_EQUAL(AB_OK, ab_journal_reader_open(folder, NULL, 0, &reader, &error));
        uint64_t seen = 0;
        for (int result; (result = ab_journal_reader_next(reader, &record, &error)) != AB_END;) {
            CHECK(result == AB_OK || result == AB_LOST);
            seen += result == AB_OK;
            CHECK(result != AB_OK || (record.bytes[0] == record.sequence + 1 && record.bytes[record.length - 1] == record.bytes[0]));
        }
        CHECK_EQUAL(report.records, seen);
        ab_journal_reader_close(reader);
        journal = open_journal(folder, 16u << 20, AB_JOURNAL_DURABLE, &opened);
        CHECK_EQUAL(9, opened.next_sequence);
        CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
        remove_folder(folder);
    }
}

/* ---- retention beside verify ---- */

static struct {
    char folder[256];
    int opens, at, removed;
} retention;

/* Before the `at`-th opening of a file the three oldest segments go. */
static int open_beside_retention(void *self, const char *path, int mode) {
    if (++retention.opens == retention.at) {
        for (; retention.removed < 3; retention.removed++) {
            char gone[700];
            segment_path(gone, retention.folder, (int64_t)retention.removed * STEP);
            CHECK(unlink(gone) == 0);
        }
    }
    return ab_storage_real()->open(self, path, mode);
}

static void what_retention_removes_beside_verify_is_no_damage(void) {
    ab_storage storage = *ab_storage_real();
    ab_journal_report report;
    ab_error error = {0};
    storage.open = open_beside_retention;
    for (int at = 1; at < 40; at++) {
        make(retention.folder);
        retention.opens = retention.removed = 0;
        retention.at = at;
        CHECK_EQUAL(AB_OK, ab_journal_verify(retention.folder, &storage, &report, NULL, 0, NULL, &error));
        CHECK_EQUAL(0, report.problems);
        CHECK_EQUAL(0, report.lost);
        CHECK_EQUAL(COUNT, report.next_sequence);
        remove_folder(retention.folder);
    }
}

int main(void) {
    RUN(what_retention_removes_beside_verify_is_no_damage);
    RUN(a_hole_may_be_longer_than_what_is_read_at_once);
    RUN(a_sealed_segment_that_was_cut_can_be_written_behind_after_a_repair);
    RUN(a_header_that_is_damaged_is_made_anew);
    RUN(a_segment_that_is_missing_is_named_and_becomes_a_hole);
    return 0;
}
