/* not-under: tsan (one thread; test_journal_live has the threads) */
/*
 * ab_journal: torn tails and damage: what is cut, what is named, what a repair keeps.
 *
 * Failure classes covered here: torn writes and truncation (power loss in small) and media errors (bits, sectors). The images of FaultFS
 * do the same with all orders of sectors.
 */
#include "../ab_journal.h"
#include "journal_files.h"

#define SMALL AB_JOURNAL_SEGMENT_MIN
#define MOST 300u

/* ---- torn tails ---- */

static void a_torn_tail_is_cut_at_the_last_whole_batch_and_kept(void) {
    uint64_t seed = 11;
    for (int round = 0; round < 60; round++) {
        char folder[256], path[700];
        ab_journal_opened opened;
        ab_error error;
        int result;
        uint64_t ends[40];
        int64_t offsets[40];
        make_folder(folder);
        ab_journal *journal = open_journal(folder, SMALL, AB_JOURNAL_NONE, &opened);
        for (uint64_t batch = 0; batch < 40; batch++) { /* all in the first segment */
            append_many(journal, batch * 5, batch * 5 + 5, MOST);
            CHECK_EQUAL(AB_OK, ab_journal_write(journal));
            ends[batch] = batch * 5 + 5;
            offsets[batch] = ab_journal_counters(journal)[AB_JOURNAL_WRITTEN] + AB_JOURNAL_HEADER;
        }
        ab_journal_abandon(journal);
        segment_path(path, folder, 0);
        int64_t place = AB_JOURNAL_HEADER + 80 + (int64_t)(check_random(&seed) % (uint64_t)(offsets[39] - AB_JOURNAL_HEADER - 80));
        if (round % 3 == 0) {
            cut_file(path, place);
        } else { /* a sector that did not make it, what is behind it did */
            uint8_t sector[512] = {0};
            place = place / 512 * 512;
            place = place < AB_JOURNAL_HEADER + 512 ? AB_JOURNAL_HEADER + 512 : place;
            if (round % 3 == 2) {
                memset(sector, 0xa5, sizeof sector);
            }
            overwrite(path, place, sector, sizeof sector);
        }
        uint64_t whole = 0;
        for (int batch = 0; batch < 40 && offsets[batch] <= place; batch++) {
            whole = ends[batch];
        }
        CHECK_EQUAL(whole, read_all(folder, 0, MOST, &result, &error)); /* a reader stops there too */
        CHECK_EQUAL(AB_END, result);
        journal = open_journal(folder, SMALL, AB_JOURNAL_DURABLE, &opened);
        CHECK_EQUAL(whole, opened.next_sequence);
        CHECK_EQUAL(0, opened.clean);
        char kept[300];
        snprintf(kept, sizeof kept, "%s/quarantine", folder);
        CHECK_EQUAL(opened.cut_bytes > 0, count_names(kept, ".cut"));
        append_many(journal, whole, whole + 10, MOST);
        CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
        CHECK_EQUAL(whole + 10, read_all(folder, 0, MOST, &result, &error));
        remove_folder(folder);
    }
}

static void what_was_durable_is_never_taken_for_a_torn_tail(void) {
    uint64_t seed = 5;
    for (int round = 0; round < 60; round++) {
        char folder[256], path[700];
        ab_journal_opened opened;
        ab_error error = {0};
        ab_journal *journal;
        int result;
        make_folder(folder);
        journal = open_journal(folder, SMALL, AB_JOURNAL_DURABLE, &opened);
        int64_t begin = ab_journal_counters(journal)[AB_JOURNAL_WRITTEN] + AB_JOURNAL_HEADER;
        for (uint64_t batch = 0; batch < 30; batch++) {
            append_many(journal, batch * 5, batch * 5 + 5, MOST);
            CHECK_EQUAL(AB_OK, ab_journal_sync(journal));
        }
        int64_t end = ab_journal_counters(journal)[AB_JOURNAL_DURABLE_POSITION] + AB_JOURNAL_HEADER;
        ab_journal_abandon(journal);
        segment_path(path, folder, 0);
        int64_t place = begin + (int64_t)(check_random(&seed) % (uint64_t)(end - begin));
        if (round % 2 == 0) {
            cut_file(path, place);
            const ab_journal_options options = {.directory = folder};
            CHECK_EQUAL(AB_CORRUPT, ab_journal_open(&options, NULL, &journal, NULL, &error));
            CHECK_CONTAINS(error.text, ".journal, offset ");
        } else {
            flip_bit(path, place, (int)(check_random(&seed) % 8));
        }
        uint64_t read = read_all(folder, 0, MOST, &result, &error);
        CHECK_EQUAL(AB_CORRUPT, result);
        CHECK_CONTAINS(error.text, "expected sequence");
        ab_journal_report report;
        CHECK_EQUAL(AB_OK, ab_journal_verify(folder, NULL, &report, NULL, 0, NULL, &error));
        CHECK(report.problems == 1);
        CHECK(report.records >= read && report.records + report.lost <= 150);

        ab_journal_repaired repaired;
        CHECK_EQUAL(AB_OK, ab_journal_repair(folder, NULL, EPOCH_NS, &repaired, NULL, &error));
        CHECK_EQUAL(1, repaired.holes + repaired.cuts);
        CHECK_EQUAL(150, repaired.next_sequence); /* no sequence that was durable is used again */
        CHECK(repaired.copied_bytes > 0);
        ab_journal_repaired again;
        CHECK_EQUAL(AB_OK, ab_journal_repair(folder, NULL, EPOCH_NS, &again, NULL, &error));
        CHECK_EQUAL(0, again.holes + again.cuts + again.lost);
        journal = open_journal(folder, SMALL, AB_JOURNAL_DURABLE, &opened);
        CHECK_EQUAL(150, opened.next_sequence);
        append_many(journal, 150, 160, MOST);
        CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
        CHECK_EQUAL(read, read_all(folder, 0, MOST, &result, &error));
        CHECK_EQUAL(AB_LOST, result);
        remove_folder(folder);
    }
}

/* ---- media errors ---- */

static void a_bit_or_sector_that_changed_is_named_and_the_rest_stays_readable(void) {
    char folder[256], path[700], other[700];
    ab_journal_opened opened;
    ab_error error;
    ab_journal_reader *reader;
    ab_journal_record records[64];
    int result;
    uint64_t seed = 99;
    enum { COUNT = 2000 };
    static uint8_t segment[SMALL], second[SMALL];
    make_folder(folder);
    ab_journal *journal = open_journal(folder, SMALL, AB_JOURNAL_NONE, &opened);
    for (uint64_t sequence = 0; sequence < COUNT; sequence++) {
        append_many(journal, sequence, sequence + 1, MOST);
        if (sequence % 9 == 8) {
            CHECK_EQUAL(AB_OK, ab_journal_write(journal));
        }
    }
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    CHECK_EQUAL(COUNT, read_all(folder, 0, MOST, &result, &error));
    segment_path(path, folder, SMALL - AB_JOURNAL_HEADER);
    segment_path(other, folder, 2 * (SMALL - AB_JOURNAL_HEADER));
    int file = open_to_damage(path), from = open_to_damage(other);
    CHECK_EQUAL(SMALL, pread(file, segment, SMALL, 0));
    CHECK_EQUAL(SMALL, pread(from, second, SMALL, 0));
    for (int round = 0; round < 200; round++) {
        uint8_t changed[512];
        size_t length = 1;
        /* Not the last two sectors: there may be the seal and zeros, which no record needs. */
        int64_t place = AB_JOURNAL_HEADER + (int64_t)(check_random(&seed) % (SMALL - AB_JOURNAL_HEADER - 1024));
        if (round % 4 < 2) { /* a bit */
            changed[0] = (uint8_t)(segment[place] ^ 1u << check_random(&seed) % 8);
        } else { /* a sector of another place of this segment, or the same place of another segment */
            place = place / 512 * 512;
            length = 512;
            memcpy(changed, round % 4 == 2 ? segment + AB_JOURNAL_HEADER + (place + 7 * 512) % 40960 : second + place, 512);
        }
        CHECK_EQUAL((ssize_t)length, pwrite(file, changed, length, place));
        uint64_t before = read_all(folder, 0, MOST, &result, &error);
        CHECK_EQUAL(AB_CORRUPT, result);
        CHECK_CONTAINS(error.text, "000000000000f000.journal, offset ");
        CHECK(before < COUNT);

        CHECK_EQUAL(AB_OK, ab_journal_reader_open(folder, NULL, AB_JOURNAL_SKIP_CORRUPT, &reader, &error));
        uint64_t seen = 0, holes = 0, next = 0;
        while ((result = ab_journal_reader_batch(reader, records, 64, &error)) != AB_END) {
            if (result == AB_LOST) {
                holes++;
                continue;
            }
            CHECK(result > 0);
            for (int i = 0; i < result; i++) {
                CHECK(records[i].sequence >= next && is_right(&records[i], MOST));
                next = records[i].sequence + 1;
                seen++;
            }
        }
        ab_journal_reader_state state;
        ab_journal_reader_state_get(reader, &state);
        ab_journal_reader_close(reader);
        CHECK(holes >= 1);
        CHECK_EQUAL(COUNT, seen + state.lost);
        CHECK(length > 1 || state.lost <= 1);
        CHECK(state.lost <= 20);
        CHECK_EQUAL((ssize_t)length, pwrite(file, segment + place, length, place));
    }
    /* The header: a bit there, another version, another recording's segment. */
    flip_bit(path, 100, 3);
    CHECK(read_all(folder, 0, MOST, &result, &error) < COUNT);
    CHECK_EQUAL(AB_CORRUPT, result);
    ab_segment_header header;
    const char *why;
    uint8_t page[AB_JOURNAL_HEADER];
    memcpy(page, segment, sizeof page);
    CHECK_EQUAL(AB_OK, ab_format_header_get(page, &header, &why));
    header.recording[3] ^= 1;
    ab_format_header_put(page, &header);
    overwrite(path, 0, page, sizeof page);
    const ab_journal_options options = {.directory = folder};
    CHECK_EQUAL(AB_CORRUPT, ab_journal_open(&options, NULL, &journal, NULL, &error));
    CHECK_CONTAINS(error.text, "another recording");
    page[8] = 2;
    ab_put_le32(page + AB_JOURNAL_HEADER - 4, ab_crc32c_mask(ab_crc32c(page, AB_JOURNAL_HEADER - 4)));
    overwrite(path, 0, page, sizeof page);
    CHECK_EQUAL(AB_REFUSED, ab_journal_open(&options, NULL, &journal, NULL, &error));
    CHECK_CONTAINS(error.text, "version");
    page[0] ^= 1;
    overwrite(path, 0, page, sizeof page);
    CHECK_EQUAL(AB_REFUSED, ab_journal_open(&options, NULL, &journal, NULL, &error));
    overwrite(path, 0, segment, sizeof page);
    CHECK_EQUAL(COUNT, read_all(folder, 0, MOST, &result, &error));
    close(file);
    close(from);
    CHECK(unlink(path) == 0);
    CHECK_EQUAL(AB_CORRUPT, ab_journal_open(&options, NULL, &journal, NULL, &error));
    CHECK_CONTAINS(error.text, "missing");
    remove_folder(folder);
}

int main(void) {
    RUN(a_torn_tail_is_cut_at_the_last_whole_batch_and_kept);
    RUN(what_was_durable_is_never_taken_for_a_torn_tail);
    RUN(a_bit_or_sector_that_changed_is_named_and_the_rest_stays_readable);
    return 0;
}
