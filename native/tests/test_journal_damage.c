/* not-under: tsan (one thread; test_journal_live has the threads) */
/*
 * ab_journal: torn tails, damage, a disk that fails, a disk that is full.
 *
 * Failure classes covered here: torn writes and truncation (power loss in small), media errors (bits, sectors), failing writes and syncs,
 * no space. The images of FaultFS do the same with all orders of sectors.
 */
#include <errno.h>

#include "../ab_journal.h"
#include "journal_files.h"

#define SMALL AB_JOURNAL_SEGMENT_MIN
#define MOST 300u

/* ---- a storage that fails on demand, over the real one ---- */

typedef struct {
    ab_storage table;
    int fail_sync_at;     /* the n-th sync from now answers -EIO, once; 0: none */
    int fail_write_at;    /* the n-th write answers `write_error`; 0: none */
    int write_error;
    int no_room;          /* allocate answers -ENOSPC */
    size_t write_at_most; /* bytes a write takes; 0: all */
    int syncs_after;      /* syncs of a file whose sync had failed */
    int failed_file;
} faulty;

static int sync_or_fail(void *self, int file) {
    faulty *f = self;
    f->syncs_after += file == f->failed_file;
    if (f->fail_sync_at > 0 && --f->fail_sync_at == 0) {
        f->failed_file = file;
        return -EIO;
    }
    return ab_storage_real()->sync(NULL, file);
}

static int64_t write_or_fail(void *self, int file, const struct iovec *parts, int count, int64_t offset) {
    faulty *f = self;
    struct iovec part = *parts;
    if (f->fail_write_at > 0 && --f->fail_write_at == 0) {
        return f->write_error;
    }
    if (f->write_at_most > 0 && part.iov_len > f->write_at_most) {
        part.iov_len = f->write_at_most;
        parts = &part;
        count = 1;
    }
    return ab_storage_real()->write(NULL, file, parts, count, offset);
}

static int allocate_or_fail(void *self, int file, int64_t length) {
    const faulty *f = self;
    return f->no_room && length >= SMALL ? -ENOSPC : ab_storage_real()->allocate(NULL, file, length);
}

static faulty make_faulty(void) {
    faulty f = {.table = *ab_storage_real(), .failed_file = -1};
    f.table.sync = sync_or_fail;
    f.table.write = write_or_fail;
    f.table.allocate = allocate_or_fail;
    return f;
}

static ab_journal *open_on(faulty *f, const char *folder, int mode, ab_journal_opened *opened) {
    ab_journal *journal;
    ab_error error = {0};
    const ab_journal_options options = {
        .directory = folder, .segment_length = SMALL, .sync_mode = mode, .flags = AB_JOURNAL_CREATE, .now_ns = EPOCH_NS};
    f->table.self = f;
    int result = ab_journal_open(&options, &f->table, &journal, opened, &error);
    if (result != AB_OK) {
        fprintf(stderr, "open: %d %s\n", result, error.text);
        exit(1);
    }
    return journal;
}

static int64_t last_base(const char *folder) {
    int64_t last = -1;
    DIR *listing = opendir(folder);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        if (strstr(entry->d_name, ".journal") != NULL) {
            int64_t base = (int64_t)strtoull(entry->d_name, NULL, 16);
            last = base > last ? base : last;
        }
    }
    closedir(listing);
    return last;
}

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

/* ---- a disk that fails ---- */

static void a_failed_sync_poisons_and_nothing_is_durable_after_it(void) {
    for (int at = 1; at <= 25; at++) {
        for (int resume = 0; resume < 2; resume++) {
            char folder[256];
            faulty f = make_faulty();
            ab_journal_opened opened;
            ab_error error;
            int result;
            uint64_t next = 0, durable = 0;
            make_folder(folder);
            ab_journal *journal = open_on(&f, folder, AB_JOURNAL_DURABLE, &opened);
            const int64_t *counters = ab_journal_counters(journal);
            f.fail_sync_at = at;
            while (next < 1500) {
                int64_t sequence = append_one(journal, next, MOST);
                result = sequence < 0 ? (int)sequence : AB_OK;
                next += sequence >= 0;
                if (next % 30 == 29 && result == AB_OK) {
                    result = ab_journal_sync(journal);
                }
                durable = (uint64_t)counters[AB_JOURNAL_DURABLE_SEQUENCE]; /* a roll syncs the old segment before it fails */
                if (result != AB_OK) {
                    CHECK_EQUAL(AB_FAILED, result);
                    break;
                }
            }
            if (counters[AB_JOURNAL_STATE] == AB_JOURNAL_POISONED) {
                CHECK_EQUAL(AB_FAILED, ab_journal_sync(journal)); /* and stays so */
                CHECK_EQUAL(AB_FAILED, append_one(journal, next, MOST));
                CHECK_EQUAL(durable, counters[AB_JOURNAL_DURABLE_SEQUENCE]);
                CHECK_EQUAL(0, f.syncs_after);
                CHECK_CONTAINS(ab_journal_error(journal)->text, "durable below position");
                f.failed_file = -1;
                if (resume) {
                    CHECK_EQUAL(AB_OK, ab_journal_resume(journal, &opened));
                    CHECK_EQUAL(next, opened.next_sequence); /* all of it was readable, and the batch was at hand */
                } else { /* the process ends here instead: the next one is told by the checkpoint */
                    ab_journal_abandon(journal);
                    journal = open_on(&f, folder, AB_JOURNAL_DURABLE, &opened);
                    CHECK(opened.next_sequence >= durable && opened.next_sequence <= next);
                    next = opened.next_sequence;
                }
                counters = ab_journal_counters(journal);
                CHECK_EQUAL(next, counters[AB_JOURNAL_DURABLE_SEQUENCE]);
            }
            append_many(journal, next, next + 200, MOST);
            CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
            CHECK_EQUAL(next + 200, read_all(folder, 0, MOST, &result, &error));
            CHECK_EQUAL(AB_END, result);
            ab_journal_report report;
            CHECK_EQUAL(AB_OK, ab_journal_verify(folder, NULL, &report, NULL, 0, NULL, &error));
            CHECK_EQUAL(0, report.problems);
            CHECK_EQUAL(next + 200, report.records);
            remove_folder(folder);
        }
    }
}

static void a_resume_that_fails_can_be_tried_again(void) {
    char folder[256];
    faulty f = make_faulty();
    ab_journal_opened opened;
    ab_error error;
    int result;
    make_folder(folder);
    ab_journal *journal = open_on(&f, folder, AB_JOURNAL_DURABLE, &opened);
    append_many(journal, 0, 20, MOST);
    CHECK_EQUAL(AB_OK, ab_journal_sync(journal));
    append_many(journal, 20, 40, MOST);
    f.fail_sync_at = 1;
    CHECK_EQUAL(AB_FAILED, ab_journal_sync(journal));
    f.failed_file = -1;
    for (int at = 1; at <= 3; at++) {
        f.fail_sync_at = at;
        CHECK_EQUAL(AB_FAILED, ab_journal_resume(journal, &opened));
        CHECK_EQUAL(20, ab_journal_counters(journal)[AB_JOURNAL_DURABLE_SEQUENCE]);
        f.failed_file = -1;
    }
    f.no_room = 1;
    CHECK_EQUAL(AB_NO_SPACE, ab_journal_resume(journal, &opened));
    f.no_room = 0;
    f.fail_sync_at = 0;
    CHECK_EQUAL(AB_OK, ab_journal_resume(journal, &opened));
    CHECK_EQUAL(20, opened.moved_records);
    CHECK_EQUAL(40, opened.next_sequence);
    append_many(journal, 40, 60, MOST);
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    CHECK_EQUAL(60, read_all(folder, 0, MOST, &result, &error));
    remove_folder(folder);
}

static void a_failed_write_poisons_and_its_batch_goes_to_the_next_segment(void) {
    char folder[256];
    faulty f = make_faulty();
    ab_journal_opened opened;
    ab_error error;
    int result;
    make_folder(folder);
    ab_journal *journal = open_on(&f, folder, AB_JOURNAL_INTERVAL, &opened);
    append_many(journal, 0, 20, MOST);
    CHECK_EQUAL(AB_OK, ab_journal_write(journal));
    append_many(journal, 20, 40, MOST);
    f.fail_write_at = 1;
    f.write_error = -EIO;
    CHECK_EQUAL(AB_FAILED, ab_journal_write(journal));
    CHECK_EQUAL(AB_OK, ab_journal_resume(journal, &opened));
    CHECK_EQUAL(40, opened.next_sequence);
    CHECK_EQUAL(40, opened.moved_records);
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    CHECK_EQUAL(40, read_all(folder, 0, MOST, &result, &error));
    remove_folder(folder);
}

static void writes_that_take_a_few_bytes_at_a_time_do(void) {
    char folder[256];
    faulty f = make_faulty();
    ab_journal_opened opened;
    ab_error error;
    int result;
    f.write_at_most = 37;
    make_folder(folder);
    ab_journal *journal = open_on(&f, folder, AB_JOURNAL_NONE, &opened);
    append_many(journal, 0, 500, MOST);
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    CHECK_EQUAL(500, read_all(folder, 0, MOST, &result, &error));
    remove_folder(folder);
}

/* ---- a disk that is full ---- */

static void a_full_disk_refuses_and_goes_on_when_there_is_room(void) {
    char folder[256];
    faulty f = make_faulty();
    ab_journal_opened opened;
    ab_error error;
    int result;
    uint64_t next = 0;
    int64_t sequence;
    make_folder(folder);
    ab_journal *journal = open_on(&f, folder, AB_JOURNAL_DURABLE, &opened);
    const int64_t *counters = ab_journal_counters(journal);
    for (int round = 0; round < 5; round++) {
        f.no_room = 1;
        while ((sequence = append_one(journal, next, MOST)) >= 0) {
            next++;
        }
        CHECK_EQUAL(AB_NO_SPACE, sequence);
        CHECK_CONTAINS(ab_journal_error(journal)->text, "make room");
        CHECK_EQUAL(AB_JOURNAL_FULL, counters[AB_JOURNAL_STATE]);
        CHECK_EQUAL(next, counters[AB_JOURNAL_WRITTEN_SEQUENCE]); /* what was taken is whole */
        CHECK_EQUAL(AB_NO_SPACE, ab_journal_tick(journal, (round + 1) * INT64_C(1000000000), 1));
        CHECK_EQUAL(AB_NO_SPACE, append_one(journal, next, MOST));
        f.no_room = 0;
        CHECK_EQUAL(AB_NO_SPACE, ab_journal_tick(journal, (round + 1) * INT64_C(1000000000) + 1, 1)); /* not so soon */
        CHECK_EQUAL(AB_OK, ab_journal_tick(journal, (round + 1) * INT64_C(1000000000) + 100000000, 1));
        CHECK_EQUAL(next, append_one(journal, next, MOST));
        next++;
    }
    append_many(journal, next, next + 1, MOST);
    f.fail_write_at = 1; /* also the write of a batch may find no room */
    f.write_error = -ENOSPC;
    CHECK_EQUAL(AB_NO_SPACE, ab_journal_write(journal));
    CHECK_EQUAL(AB_NO_SPACE, append_one(journal, next + 1, MOST));
    CHECK_EQUAL(AB_OK, ab_journal_write(journal));
    append_many(journal, next + 1, next + 2, MOST);
    CHECK(counters[AB_JOURNAL_REFUSED_NO_SPACE] >= 11);
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    CHECK_EQUAL(next + 2, read_all(folder, 0, MOST, &result, &error));
    f.no_room = 1;
    const int64_t base = last_base(folder);
    ab_journal_options options = {.directory = folder};
    CHECK_EQUAL(AB_OK, ab_journal_open(&options, &f.table, &journal, &opened, &error)); /* needs no room to open */
    CHECK_EQUAL(base, last_base(folder));
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    remove_folder(folder);
}

int main(void) {
    RUN(a_torn_tail_is_cut_at_the_last_whole_batch_and_kept);
    RUN(what_was_durable_is_never_taken_for_a_torn_tail);
    RUN(a_bit_or_sector_that_changed_is_named_and_the_rest_stays_readable);
    RUN(a_failed_sync_poisons_and_nothing_is_durable_after_it);
    RUN(a_resume_that_fails_can_be_tried_again);
    RUN(a_failed_write_poisons_and_its_batch_goes_to_the_next_segment);
    RUN(writes_that_take_a_few_bytes_at_a_time_do);
    RUN(a_full_disk_refuses_and_goes_on_when_there_is_room);
    return 0;
}
