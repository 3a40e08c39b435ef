/* not-under: tsan (one thread; test_journal_live has the threads) */
/*
 * ab_journal: a disk that fails, and one that is full.
 *
 * Failure classes covered here: failing writes and syncs, short writes, no space.
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
    RUN(a_failed_sync_poisons_and_nothing_is_durable_after_it);
    RUN(a_resume_that_fails_can_be_tried_again);
    RUN(a_failed_write_poisons_and_its_batch_goes_to_the_next_segment);
    RUN(writes_that_take_a_few_bytes_at_a_time_do);
    RUN(a_full_disk_refuses_and_goes_on_when_there_is_room);
    return 0;
}
