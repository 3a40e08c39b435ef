/* not-under: tsan (one thread; test_journal_live has the threads) */
/*
 * ab_journal: the edges of what it takes: times, folders, and payloads that look like records.
 */
#include "../ab_journal.h"

#include <errno.h>

#include "../ab_clock.h"
#include "../ab_journal_far.h"
#include "journal_files.h"

#define SMALL AB_JOURNAL_SEGMENT_MIN
#define MOST 300u

static void a_time_that_leaves_no_room_for_later_ones_is_refused(void) {
    char folder[256];
    ab_journal_opened opened;
    ab_error error = {0};
    make_folder(folder);
    ab_journal *journal = open_journal(folder, SMALL, AB_JOURNAL_NONE, &opened);
    CHECK_EQUAL(AB_INVALID, ab_journal_append(journal, 0, 0, 0, INT64_MAX, "x", 1));
    CHECK_CONTAINS(ab_journal_error(journal)->text, "2259");
    CHECK_EQUAL(AB_INVALID, ab_journal_append(journal, 0, 0, 0, INT64_MAX - 1, "x", 1));
    CHECK_EQUAL(0, ab_journal_append(journal, 0, 0, 0, AB_JOURNAL_TIME_MAX, "x", 1));
    for (int i = 1; i < 1000; i++) {
        CHECK_EQUAL(i, ab_journal_append(journal, 0, 0, 0, EPOCH_NS, "x", 1));
    }
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    journal = open_journal(folder, SMALL, AB_JOURNAL_NONE, &opened);
    CHECK_EQUAL(1000, opened.next_sequence);
    CHECK_EQUAL(AB_JOURNAL_TIME_MAX + 999, opened.last_time_ns);
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    remove_folder(folder);
}

static int refuse_the_parent(void *self, const char *path) {
    return strstr(path, "/..") != NULL ? -EACCES : ab_storage_real()->sync_directory(self, path);
}

static void a_parent_that_may_not_be_read_is_no_obstacle(void) {
    char folder[256];
    ab_error error = {0};
    ab_journal *journal;
    ab_storage storage = *ab_storage_real();
    storage.sync_directory = refuse_the_parent;
    make_folder(folder);
    const ab_journal_options options = {.directory = folder, .segment_length = SMALL, .flags = AB_JOURNAL_CREATE};
    CHECK_EQUAL(AB_OK, ab_journal_open(&options, &storage, &journal, NULL, &error));
    append_many(journal, 0, 5, MOST);
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    remove_folder(folder);
}

/* ---- payloads that look like records ---- */

/* A long record's CRC put together is that of its bytes; with any bit changed it is not. */
static void the_crc_of_a_long_record_is_put_together_right(void) {
    char folder[256], path[700];
    uint64_t random = 77;
    ab_store store;
    ab_error error;
    const size_t most = 1 << 20;
    uint8_t *bytes = calloc(1, most);
    make_folder(folder);
    snprintf(path, sizeof path, "%s/file", folder);
    CHECK_EQUAL(AB_OK, ab_store_init(&store, folder, NULL, &error));
    int file = store.storage->open(store.storage->self, path, AB_STORAGE_CREATE);
    CHECK(file >= 0);
    for (int round = 0; round < 300; round++) {
        ab_far far;
        const uint64_t at = AB_JOURNAL_HEADER + check_random(&random) % 20000 * 8;
        const uint32_t length = 16384 + (uint32_t)(check_random(&random) % 600000), seed = (uint32_t)check_random(&random);
        for (size_t i = 0; i < most; i += 8) {
            ab_put_le64(bytes + i, round % 3 == 0 ? 5000000 : check_random(&random));
        }
        ab_put_le32(bytes + at, length);
        ab_put_le32(bytes + at + 4, ab_format_crc(seed, bytes + at, at, length));
        CHECK_EQUAL(0, ab_store_write(&store, file, bytes, most, 0));
        const uint64_t from = at < 9000 ? AB_JOURNAL_HEADER : at - check_random(&random) % 500 * 8;
        CHECK_EQUAL(0, ab_far_begin(&far, &store, file, seed, from, most));
        CHECK_EQUAL(1, ab_far_is_whole(&far, bytes + at, at, length));
        CHECK_EQUAL(0, ab_far_is_whole(&far, bytes + at, at, length + 8));
        CHECK_EQUAL(0, ab_far_is_whole(&far, bytes + at, at + 8, length));
        ab_far_end(&far);
        const uint64_t hit = at + 8 + check_random(&random) % (length - 8);
        const uint8_t changed = (uint8_t)(bytes[hit] ^ 1u << round % 8);
        CHECK_EQUAL(0, ab_store_write(&store, file, &changed, 1, hit));
        CHECK_EQUAL(0, ab_far_begin(&far, &store, file, seed, from, most));
        CHECK_EQUAL(0, ab_far_is_whole(&far, bytes + at, at, length));
        ab_far_end(&far);
    }
    store.storage->close(store.storage->self, file);
    free(bytes);
    remove_folder(folder);
}

/* Rows of a number, a time and a number, as of trades: each could be a record of some megabytes. */
static void damage_among_payloads_that_look_like_records_is_searched_in_time(void) {
    char folder[256], path[700];
    ab_journal_opened opened;
    ab_journal_report report;
    ab_journal_repaired repaired;
    ab_error error = {0};
    const size_t length = 6u << 20;
    uint8_t *body = malloc(length);
    for (size_t row = 0; row < length / 24; row++) {
        ab_put_le64(body + 24 * row, 1000 + row % 100);
        ab_put_le64(body + 24 * row + 8, (uint64_t)EPOCH_NS + 1000 + row);
        ab_put_le64(body + 24 * row + 16, 4000000 + row);
    }
    make_folder(folder);
    ab_journal *journal = open_journal(folder, 32u << 20, AB_JOURNAL_DURABLE, &opened);
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(i, ab_journal_append(journal, 0, 0, 0, EPOCH_NS + i, body, length));
        CHECK_EQUAL(AB_OK, ab_journal_sync(journal));
    }
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    segment_path(path, folder, 0);
    flip_bit(path, AB_JOURNAL_HEADER + 2 * AB_CONTROL_LENGTH + (int64_t)length + 200, 4); /* the second one's head */
    const int64_t began = ab_clock_monotonic_ns();
    CHECK_EQUAL(AB_OK, ab_journal_verify(folder, NULL, &report, NULL, 0, NULL, &error));
    CHECK_EQUAL(1, report.problems);
    CHECK_EQUAL(2, report.records);
    CHECK_EQUAL(1, report.lost);
    CHECK_EQUAL(AB_OK, ab_journal_repair(folder, NULL, EPOCH_NS, &repaired, NULL, &error));
    CHECK_EQUAL(1, repaired.holes);
    CHECK_EQUAL(1, repaired.lost);
    CHECK(ab_clock_monotonic_ns() - began < 100 * AB_NS_PER_S); /* it would be an hour */
    free(body);
    remove_folder(folder);
}

int main(void) {
    RUN(the_crc_of_a_long_record_is_put_together_right);
    RUN(damage_among_payloads_that_look_like_records_is_searched_in_time);
    RUN(a_time_that_leaves_no_room_for_later_ones_is_refused);
    RUN(a_parent_that_may_not_be_read_is_no_obstacle);
    return 0;
}
