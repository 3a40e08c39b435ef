/* ab_marks: lives of recorders that follow each other on one living publication: joined before what is recorded, ended in order or
 * killed, in blocks and one by one. Every message is recorded once; and a mark is never taken for that of another publication. */
#include "../ab_marks.h"

#include <fcntl.h>
#include <unistd.h>

#include "../ab_journal_port.h"
#include "../ab_poll.h"
#include "../ab_record.h"
#include "check.h"
#include "fake_aeron.h"
#include "journal_files.h"

#define MESSAGES 400
#define BITS 20
#define STREAM 3
#define TERM 77

static char folder[256], file[300];
static ab_subscription *subscription;
static ab_handle handle, journal_handle;
static ab_journal_port port;
static ab_marks *marks;
static uint64_t seed;
static int64_t repeated, end_position;

/* ---- the publication, which lives on: message i is of kinds[i] and ends at ends[i] -------------------------------- */

enum kind { WHOLE, PARTS, BATCH, WORD };
static enum kind kinds[MESSAGES];
static int64_t ends[MESSAGES];
static uint8_t bytes[4096];

static size_t make_message(int number, enum kind kind) {
    size_t body = kind == PARTS ? 3000 : 20 + (size_t)number % 200;
    ab_frame frame = {.version = 1, .publisher = 9, .header_length = 32, .type = kind == WORD ? 0 : 5, .flags = kind == WORD ? AB_BEAT : 0,
        .count = kind == WORD ? 0 : kind == BATCH ? 2 : 1, .sequence = (uint64_t)number};
    ab_frame_encode(&frame, bytes);
    memset(bytes + 32, number, body);
    if (kind == BATCH) {
        ab_put_le32(bytes + 32, 4);
        ab_put_le32(bytes + 36, (uint32_t)body - 12);
    }
    return 32 + (kind == WORD ? 0 : body);
}

static void begin_publication(uint64_t start) {
    seed = start;
    int64_t position = 0;
    for (int i = 0; i < MESSAGES; i++) {
        uint64_t dice = check_random(&seed) % 10;
        kinds[i] = dice < 6 ? WHOLE : dice < 7 ? PARTS : dice < 9 ? BATCH : WORD;
        for (size_t left = make_message(i, kinds[i]); left > 0;) {
            size_t part = left < 1408 - 32 ? left : 1408 - 32;
            position += (int64_t)((part + 63) & ~(size_t)31);
            left -= part;
        }
        ends[i] = position;
    }
}

/* ---- one recorder's life ------------------------------------------------------------------------------------------ */

static void begin_life(void) {
    ab_journal_options options = {.directory = folder, .segment_length = 1 << 20, .flags = AB_JOURNAL_CREATE, .sync_mode = AB_JOURNAL_NONE,
        .group_ns = INT64_C(3600000000000)};
    ab_error error = {0};
    int64_t from;
    CHECK_EQUAL(AB_OK, ab_journal_open(&options, NULL, &port.journal, NULL, &error));
    journal_handle = ab_slot_open(AB_KIND_JOURNAL, &port);
    int64_t end = ab_journal_counters(port.journal)[AB_JOURNAL_WRITTEN];
    snprintf(file, sizeof file, "%s/marks", folder);
    marks = ab_marks_open(file, options.uuid, end, &from, &error);
    CHECK(marks != NULL && error.code == AB_OK && from <= end);
    CHECK_EQUAL(AB_OK, ab_marks_catch_up_wait(marks, folder, from, &error));
    CHECK_EQUAL(AB_OK, ab_marks_sweep(marks, end, &error));
    fake_install();
    subscription = ab_subscription_create(fake_subscription(), 0);
    handle = ab_slot_open(AB_KIND_SUBSCRIPTION, subscription);
    CHECK_EQUAL(AB_OK, ab_subscription_record(handle, journal_handle, STREAM, 1, AB_RECORD_HOLD, INT64_MAX));
    CHECK_EQUAL(AB_OK, ab_subscription_marks(handle, marks, STREAM, 1));
}

static void poll_some(int passes) {
    for (int i = 0; i < passes; i++) {
        ab_notice notice;
        CHECK(ab_poll(subscription, NULL) <= 0);
        while (ab_poll_notice(subscription, &notice)) {
        }
    }
}

static void sweep(void) {
    ab_error error;
    CHECK_EQUAL(AB_OK, ab_journal_write(port.journal));
    CHECK_EQUAL(AB_OK, ab_subscription_mark(handle));
    CHECK_EQUAL(AB_OK, ab_marks_sweep(marks, ab_journal_counters(port.journal)[AB_JOURNAL_APPENDED], &error));
}

static void end_life(bool killed) {
    if (!killed) {
        sweep();
    }
    repeated += ab_subscription_repeated(handle);
    ab_marks_close(marks);
    ab_slot_retire(handle, AB_KIND_SUBSCRIPTION);
    CHECK_EQUAL(AB_OK, ab_slot_quiesce_wait(handle, INT64_MAX));
    ab_subscription_free(subscription);
    ab_slot_retire(journal_handle, AB_KIND_JOURNAL);
    CHECK_EQUAL(AB_OK, ab_slot_quiesce_wait(journal_handle, 0));
    end_position = ab_journal_counters(port.journal)[AB_JOURNAL_WRITTEN];
    if (killed) {
        ab_journal_abandon(port.journal);
    } else {
        CHECK_EQUAL(AB_OK, ab_journal_close(port.journal, NULL));
    }
    fake_remove();
}

/* The number of the last message in the recording, which has each but our own words once and in order; -1: none. */
static int last_recorded(void) {
    ab_journal_reader *reader;
    ab_journal_record record;
    ab_error error;
    int next = 0;
    CHECK_EQUAL(AB_OK, ab_journal_reader_open(folder, NULL, 0, &reader, &error));
    while (ab_journal_reader_next(reader, &record, &error) == AB_OK) {
        while (kinds[next] == WORD) {
            next++;
        }
        CHECK_EQUAL(ends[next], record.stream_position);
        CHECK_EQUAL(make_message(next, kinds[next]), record.length);
        CHECK(memcmp(record.bytes, bytes, record.length) == 0);
        next++;
    }
    ab_journal_reader_close(reader);
    return next - 1;
}

static void append_from(aeron_image_t *image, int first, int end) {
    for (int i = first; i < end; i++) {
        fake_append_fragments(image, bytes, make_message(i, kinds[i]));
        CHECK_EQUAL(ends[i], image->tail);
    }
}

/* A life that joins behind message `before`, or within the next one if that is recorded (up to `done`), and takes up to `end`. */
static void live(int before, int done, int end, bool blocks, bool killed) {
    begin_life();
    fake_give_blocks(blocks);
    aeron_image_t *image = fake_image(7, BITS, 1408, TERM, before < 0 ? 0 : ends[before]);
    if (check_random(&seed) % 2 == 0) {
        fake_announce(subscription, image); /* else its first fragment comes before the conductor's call */
    }
    if (before < done && kinds[before + 1] == PARTS && check_random(&seed) % 2 == 0) {
        size_t length = make_message(before + 1, PARTS);
        image->tail = image->position = image->join_position = ends[before + 1] - (int64_t)((length - 2 * 1376 + 63) & ~(size_t)31);
        fake_append(image, FAKE_END, bytes + 2 * 1376, length - 2 * 1376);
        before++;
    }
    for (int i = before + 1; i < end;) {
        int next = i + 1 + (int)(check_random(&seed) % 12);
        next = next < end ? next : end;
        append_from(image, i, next);
        i = next;
        poll_some(2);
        if (check_random(&seed) % 3 == 0) {
            sweep();
        }
        if (check_random(&seed) % 3 == 0) {
            CHECK_EQUAL(AB_OK, ab_journal_write(port.journal));
        }
    }
    poll_some(4);
    CHECK_EQUAL(image->tail, image->position);
    CHECK_EQUAL(0, subscription->counters[AB_INVALID_FRAMES]);
    end_life(killed);
}

static void every_message_is_recorded_once_however_recorders_end_and_where_they_join(void) {
    for (uint64_t start = 1; start <= 60; start++) {
        begin_publication(start * 7919);
        make_folder(folder);
        repeated = 0;
        int done = -1;
        for (int life = 0; done < MESSAGES - 20; life++) {
            int before = done - (int)(check_random(&seed) % 10); /* joined before what is recorded */
            before = before < -1 ? -1 : before;
            int end = done + 2 + (int)(check_random(&seed) % 60);
            end = end < MESSAGES - 1 ? end : MESSAGES - 1;
            live(before, done, end, check_random(&seed) % 2 == 0, check_random(&seed) % 2 == 0);
            int last = last_recorded();
            CHECK(last >= done);
            done = last;
            CHECK(life < 1000);
        }
        CHECK(repeated > 0);
        remove_folder(folder);
    }
}

static void half_a_message_at_the_end_of_a_life_is_recorded_by_the_next_one(void) {
    for (int killed = 0; killed < 2; killed++) {
        make_folder(folder);
        size_t length = make_message(1, PARTS);
        begin_life();
        aeron_image_t *image = fake_image(7, BITS, 1408, TERM, 0);
        fake_announce(subscription, image);
        fake_append(image, FAKE_BEGIN, bytes, 1376);
        poll_some(3);
        CHECK_EQUAL(image->tail, image->position);
        sweep();
        end_life(killed != 0);
        begin_life();
        image = fake_image(7, BITS, 1408, TERM, 0);
        fake_announce(subscription, image);
        fake_append_fragments(image, bytes, length);
        poll_some(3);
        CHECK_EQUAL(0, ab_subscription_repeated(handle));
        CHECK_EQUAL(1, ab_journal_counters(port.journal)[AB_JOURNAL_APPENDED_SEQUENCE]);
        end_life(false);
        remove_folder(folder);
    }
}

static void what_comes_again_is_counted_in_messages(void) {
    begin_publication(5);
    for (int i = 0; i < 6; i++) {
        kinds[i] = (enum kind[]){WHOLE, BATCH, WORD, PARTS, WHOLE, WHOLE}[i];
        int64_t length = (int64_t)make_message(i, kinds[i]);
        int64_t parts = kinds[i] == PARTS ? 2 * 1408 + (((length - 2 * 1376) + 63) & ~31) : (length + 63) & ~31;
        ends[i] = (i == 0 ? 0 : ends[i - 1]) + parts;
    }
    make_folder(folder);
    repeated = 0;
    live(-1, -1, 5, true, false);
    CHECK_EQUAL(0, repeated);
    begin_life();
    aeron_image_t *image = fake_image(7, BITS, 1408, TERM, 0);
    fake_announce(subscription, image);
    append_from(image, 0, 6);
    poll_some(4);
    CHECK_EQUAL(1 + 2 + 0 + 1 + 1, ab_subscription_repeated(handle));
    end_life(false);
    CHECK_EQUAL(5, last_recorded());
    remove_folder(folder);
}

/* Records of the session, after a life in which a publication of this initial term sent one message that ends at 64. */
static int records_after(int32_t session_id, int32_t initial_term_id) {
    begin_life();
    aeron_image_t *image = fake_image(session_id, BITS, 1408, initial_term_id, 0);
    fake_announce(subscription, image);
    make_message(1, WHOLE);
    fake_append(image, FAKE_WHOLE, bytes, 32);
    poll_some(3);
    end_life(true);
    int count = 0;
    ab_journal_reader *reader;
    ab_journal_record record;
    ab_error error;
    CHECK_EQUAL(AB_OK, ab_journal_reader_open(folder, NULL, 0, &reader, &error));
    while (ab_journal_reader_next(reader, &record, &error) == AB_OK) {
        count += record.session_id == session_id;
    }
    ab_journal_reader_close(reader);
    return count;
}

static void the_next_publication_with_the_session_id_begins_anew(void) {
    make_folder(folder);
    CHECK_EQUAL(1, records_after(7, 1));
    CHECK_EQUAL(1, records_after(7, 1)); /* the same one: it comes again */
    CHECK_EQUAL(2, records_after(7, 2));
    CHECK_EQUAL(2, records_after(7, 2));
    CHECK_EQUAL(1, records_after(8, 2));
    remove_folder(folder);
}

/* Send a message of so many bytes over the image, and take it. */
static void send(aeron_image_t *image, size_t length) {
    make_message(1, WHOLE);
    fake_append(image, FAKE_WHOLE, bytes, length);
    poll_some(3);
}

static void a_session_that_came_while_nothing_was_written_is_marked_at_the_end_that_is_left(void) {
    make_folder(folder);
    begin_life();
    aeron_image_t *first = fake_image(1, BITS, 1408, TERM, 0);
    fake_announce(subscription, first);
    poll_some(1);
    for (int i = 0; i < 20; i++) {
        make_message(1, WHOLE);
        fake_append(first, FAKE_WHOLE, bytes, 1000);
        CHECK(ab_poll(subscription, NULL) <= 0);
    }
    fake_announce(subscription, fake_image(2, BITS, 1408, TERM, 0));
    fake_append(first, FAKE_WHOLE, bytes, 1000); /* a pass that takes nothing would write what there is */
    CHECK(ab_poll(subscription, NULL) <= 0);
    end_life(true);
    for (int life = 0; life < 2; life++) {
        begin_life();
        aeron_image_t *second = fake_image(2, BITS, 1408, TERM, 0);
        fake_announce(subscription, second);
        send(second, 100);
        CHECK_EQUAL(life, ab_subscription_repeated(handle));
        end_life(true);
    }
    remove_folder(folder);
}

static void a_damaged_row_or_a_file_of_another_boot_or_recording_is_not_believed(void) {
    static const int64_t places[] = {64 + 3, 8 + 3, 32, 16, 40}; /* a row; of the header: the rows, boot, recording, place */
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        make_folder(folder);
        CHECK_EQUAL(1, records_after(7, 1));
        flip_bit(file, places[i], 1);
        CHECK_EQUAL(2, records_after(7, 1));
        CHECK_EQUAL(2, records_after(7, 1)); /* and was made anew */
        cut_file(file, 100);
        CHECK_EQUAL(3, records_after(7, 1));
        remove_folder(folder);
    }
}

static void a_file_that_cannot_be_written_costs_its_marks_and_nothing_else(void) {
    ab_error error = {0};
    int64_t from;
    uint8_t uuid[16] = {1};
    make_folder(folder);
    snprintf(file, sizeof file, "%s/none/marks", folder);
    marks = ab_marks_open(file, uuid, 4096, &from, &error);
    CHECK(marks != NULL);
    CHECK_EQUAL(AB_FAILED, error.code);
    CHECK_CONTAINS(error.text, "cannot open");
    CHECK_EQUAL(4096, from);
    CHECK_EQUAL(AB_OK, ab_marks_sweep(marks, 4096, &error));
    ab_marks_close(marks);
    remove_folder(folder);
}

static void who_was_silent_for_longest_makes_room_and_never_who_is_there(void) {
    make_folder(folder);
    begin_life();
    fake_announce(subscription, fake_image(-1, 12, 1408, TERM, 64)); /* it stays, and says nothing */
    poll_some(1);
    for (int32_t session = 1; session <= AB_MARKS_MAX + 40; session++) {
        aeron_image_t *image = fake_image(session, 12, 1408, TERM, 0);
        fake_announce(subscription, image);
        make_message(1, WHOLE);
        fake_append(image, FAKE_WHOLE, bytes, 32);
        poll_some(2);
        fake_image_leaves(subscription, image);
        poll_some(2);
        for (int term = 0; term < 3; term++) { /* the fake's place is free again */
            free(image->terms[term]);
            image->terms[term] = NULL;
        }
        sweep();
    }
    end_life(true);
    begin_life();
    for (int32_t session = AB_MARKS_MAX + 40; session > AB_MARKS_MAX; session--) {
        aeron_image_t *image = fake_image(session, 12, 1408, TERM, 0);
        fake_announce(subscription, image);
        fake_append(image, FAKE_WHOLE, bytes, 32);
        poll_some(2);
    }
    CHECK_EQUAL(40, ab_subscription_repeated(handle));
    end_life(true);
    remove_folder(folder);
}

static void wrong_arguments_are_refused(void) {
    make_folder(folder);
    begin_life();
    CHECK_EQUAL(AB_INVALID, ab_subscription_marks(handle, marks, -1, 0));
    CHECK_EQUAL(AB_INVALID, ab_subscription_marks(handle, marks, 65536, 0));
    CHECK_EQUAL(AB_STALE, ab_subscription_marks(handle + 1, marks, 0, 0));
    CHECK_EQUAL(AB_STALE, ab_subscription_mark(handle + 1));
    CHECK_EQUAL(AB_STALE, ab_subscription_repeated(handle + 1));
    ab_marks_close(NULL);
    end_life(false);
    remove_folder(folder);
}

int main(void) {
    RUN(every_message_is_recorded_once_however_recorders_end_and_where_they_join);
    RUN(half_a_message_at_the_end_of_a_life_is_recorded_by_the_next_one);
    RUN(what_comes_again_is_counted_in_messages);
    RUN(the_next_publication_with_the_session_id_begins_anew);
    RUN(a_session_that_came_while_nothing_was_written_is_marked_at_the_end_that_is_left);
    RUN(a_damaged_row_or_a_file_of_another_boot_or_recording_is_not_believed);
    RUN(a_file_that_cannot_be_written_costs_its_marks_and_nothing_else);
    RUN(who_was_silent_for_longest_makes_room_and_never_who_is_there);
    RUN(wrong_arguments_are_refused);
    return 0;
}
