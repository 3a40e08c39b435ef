/* not-under: tsan (one thread; test_journal_live has the threads) */
/*
 * ab_journal: the edges of what it takes: times, folders, and payloads that look like records.
 */
#include "../ab_journal.h"

#include <errno.h>

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

int main(void) {
    RUN(a_time_that_leaves_no_room_for_later_ones_is_refused);
    RUN(a_parent_that_may_not_be_read_is_no_obstacle);
    return 0;
}
