/* ab_record: messages of a fake Aeron go into a real journal in a folder: as received, in order, once; and what happens when there
 * is no journal, no room, or a message too long. */
#include "../ab_record.h"

#include "../ab_journal_port.h"
#include "../ab_poll.h"
#include "check.h"
#include "fake_aeron.h"
#include "journal_files.h"

static char folder[256];
static ab_subscription *subscription;
static ab_handle handle, journal_handle;
static ab_journal_port port;

static void begin_journal(void) {
    ab_journal_options options = {.directory = folder, .segment_length = 65536, .flags = AB_JOURNAL_CREATE};
    ab_error error;
    CHECK_EQUAL(AB_OK, ab_journal_open(&options, NULL, &port.journal, NULL, &error));
    journal_handle = ab_slot_open(AB_KIND_JOURNAL, &port);
}

static void end_journal(void) {
    ab_slot_retire(journal_handle, AB_KIND_JOURNAL);
    CHECK_EQUAL(AB_OK, ab_slot_quiesce_wait(journal_handle, 0)); /* nobody stayed inside */
    CHECK_EQUAL(AB_OK, ab_journal_close(port.journal, NULL));
}

static void begin(int framed, int policy) {
    make_folder(folder);
    fake_install();
    subscription = ab_subscription_create(fake_subscription(), 0);
    handle = ab_slot_open(AB_KIND_SUBSCRIPTION, subscription);
    begin_journal();
    CHECK_EQUAL(AB_OK, ab_subscription_record(handle, journal_handle, 3, framed, policy, INT64_MAX));
}

static void end(void) {
    ab_slot_retire(handle, AB_KIND_SUBSCRIPTION);
    CHECK_EQUAL(AB_OK, ab_slot_quiesce_wait(handle, INT64_MAX));
    ab_subscription_free(subscription);
    fake_remove();
    remove_folder(folder);
}

static void poll_all(void) {
    for (int i = 0; i < 8; i++) {
        ab_notice notice;
        int result = ab_poll(subscription, NULL);
        CHECK(result == 0 || result == AB_POLL_NOTICES);
        while (ab_poll_notice(subscription, &notice)) {
        }
    }
}

static void send_frame(aeron_image_t *image, int type, uint8_t mark, size_t body) {
    static uint8_t bytes[70000];
    ab_frame frame = {.version = 1, .flags = type == 0 ? AB_HELLO : 0, .type = (uint16_t)type, .publisher = 9, .count = type != 0,
        .header_length = 32};
    ab_frame_encode(&frame, bytes);
    memset(bytes + AB_FRAME_LENGTH, mark, body);
    fake_append(image, FAKE_WHOLE, bytes, AB_FRAME_LENGTH + body);
}

static void send_batch(aeron_image_t *image, uint16_t count) {
    uint8_t bytes[200] = {0};
    ab_frame frame = {.version = 1, .type = 5, .publisher = 9, .count = count, .header_length = 32};
    ab_frame_encode(&frame, bytes);
    fake_append(image, FAKE_WHOLE, bytes, AB_FRAME_LENGTH + 8 * (size_t)count);
}

/* What the journal holds: one line, "session/mark" a record. */
static const char *recorded(void) {
    static char text[4096];
    ab_journal_reader *reader;
    ab_journal_record record;
    ab_error error;
    char *to = text;
    *to = 0;
    CHECK_EQUAL(AB_OK, ab_journal_reader_open(folder, NULL, 0, &reader, &error));
    int64_t time_ns = 0;
    while (ab_journal_reader_next(reader, &record, &error) == AB_OK) {
        CHECK_EQUAL(3, record.stream);
        CHECK(record.time_ns > time_ns);
        CHECK(record.stream_position > 0);
        time_ns = record.time_ns;
        to += snprintf(to, (size_t)(text + sizeof text - to), "%d/%c%u ", record.session_id,
            record.bytes[record.length - 1] != 0 ? record.bytes[record.length - 1] : '0', record.length);
    }
    ab_journal_reader_close(reader);
    return text;
}

static ab_record_counts counts(void) {
    ab_record_counts found;
    CHECK_EQUAL(AB_OK, ab_subscription_recorded(handle, &found));
    return found;
}

static void frames_are_recorded_as_received_and_our_own_words_are_not(void) {
    begin(1, AB_RECORD_HOLD);
    aeron_image_t *image = fake_image(7, 16, 1408, 0, 0);
    fake_announce(subscription, image);
    send_frame(image, 0, 0, 0); /* Hello */
    send_frame(image, 5, 'a', 4);
    send_frame(image, 5, 'b', 1000);
    poll_all();
    CHECK(strcmp(recorded(), "7/a36 7/b1032 ") == 0);
    CHECK_EQUAL(2, counts().records);
    CHECK_EQUAL(36 + 1032, counts().bytes);
    end_journal();
    end();
}

static void foreign_bytes_are_recorded_whatever_they_look_like(void) {
    begin(0, AB_RECORD_HOLD);
    aeron_image_t *image = fake_image(7, 16, 1408, 0, 0);
    fake_announce(subscription, image);
    send_frame(image, 0, 0, 0);
    fake_append(image, FAKE_WHOLE, (const uint8_t *)"z", 1);
    poll_all();
    CHECK_EQUAL(2, counts().records);
    CHECK_CONTAINS(recorded(), "7/z1 ");
    end_journal();
    end();
}

static void a_message_of_many_fragments_is_one_record(void) {
    begin(0, AB_RECORD_HOLD);
    aeron_image_t *image = fake_image(7, 16, 1408, 0, 0);
    fake_announce(subscription, image);
    static uint8_t part[1000];
    memset(part, 'm', sizeof part);
    fake_append(image, FAKE_BEGIN, part, sizeof part);
    fake_append(image, FAKE_MIDDLE, part, sizeof part);
    fake_append(image, FAKE_END, part, 500);
    poll_all();
    CHECK(strcmp(recorded(), "7/m2500 ") == 0);
    end_journal();
    end();
}

static void without_a_journal_messages_wait_and_come_once_when_there_is_one(void) {
    begin(1, AB_RECORD_HOLD);
    aeron_image_t *image = fake_image(7, 16, 1408, 0, 0);
    fake_announce(subscription, image);
    end_journal();
    send_frame(image, 5, 'a', 4);
    poll_all();
    CHECK_EQUAL(0, counts().records);
    CHECK(counts().held > 0);
    begin_journal();
    CHECK_EQUAL(AB_OK, ab_subscription_record(handle, journal_handle, 3, 1, AB_RECORD_HOLD, INT64_MAX));
    send_frame(image, 5, 'b', 4);
    poll_all();
    CHECK(strcmp(recorded(), "7/a36 7/b36 ") == 0);
    CHECK_EQUAL(2, counts().records);
    end_journal();
    end();
}

static void a_shedding_recorder_without_a_journal_holds_nobody(void) {
    begin(1, AB_RECORD_SHED);
    aeron_image_t *image = fake_image(7, 16, 1408, 0, 0);
    fake_announce(subscription, image);
    CHECK_EQUAL(AB_OK, ab_subscription_record(handle, 0, 3, 1, AB_RECORD_SHED, INT64_MAX));
    send_frame(image, 5, 'a', 4);
    poll_all();
    CHECK_EQUAL(1, counts().shed);
    CHECK_EQUAL(image->tail, image->position);
    end_journal();
    end();
}

static void what_piled_up_during_an_absence_is_shed_until_it_has_caught_up(void) {
    begin(1, AB_RECORD_SHED);
    aeron_image_t *image = fake_image(7, 16, 1408, 0, 0);
    fake_announce(subscription, image);
    poll_all();
    CHECK_EQUAL(AB_OK, ab_subscription_record(handle, journal_handle, 3, 1, AB_RECORD_SHED, 0)); /* any absence is too long */
    poll_all();
    send_frame(image, 5, 'a', 4); /* little: nobody is held by it */
    poll_all();
    CHECK_EQUAL(0, counts().shed);
    for (int i = 0; i < 20; i++) {
        send_frame(image, 5, 'c', 968); /* a quarter of the term is 16 KiB: 16.4 of these, and the next one is too much */
    }
    send_batch(image, 3);
    CHECK(ab_poll(subscription, NULL) <= 0);
    CHECK_EQUAL(17, counts().records - 1);
    CHECK_EQUAL(3 + 3, counts().shed);
    CHECK_EQUAL(AB_OK, ab_subscription_record(handle, journal_handle, 3, 1, AB_RECORD_SHED, INT64_MAX));
    poll_all();
    send_frame(image, 5, 'b', 4);
    poll_all();
    CHECK(strstr(recorded(), "c1000 7/b36 ") != NULL);
    CHECK_EQUAL(6, counts().shed);
    end_journal();
    end();
}

static void words_of_ours_in_a_foreign_stream_are_recorded_and_counted_apart(void) {
    for (int framed = 0; framed < 2; framed++) {
        begin(framed, AB_RECORD_HOLD);
        aeron_image_t *image = fake_image(7, 16, 1408, 0, 0);
        fake_announce(subscription, image);
        send_frame(image, 0, 0, 0);
        send_frame(image, 5, 'a', 4);
        poll_all();
        CHECK_EQUAL(framed ? 1 : 2, counts().records);
        CHECK_EQUAL(framed ? 0 : 1, counts().words);
        end_journal();
        end();
    }
}

static void a_message_longer_than_a_record_may_be_is_left_out_and_counted(void) {
    begin(0, AB_RECORD_HOLD);
    aeron_image_t *image = fake_image(7, 20, 65504, 0, 0);
    fake_announce(subscription, image);
    static uint8_t part[64000];
    fake_append(image, FAKE_BEGIN, part, sizeof part);
    fake_append(image, FAKE_END, part, sizeof part);
    fake_append(image, FAKE_WHOLE, (const uint8_t *)"z", 1);
    poll_all();
    CHECK_EQUAL(1, counts().too_large);
    CHECK(strcmp(recorded(), "7/z1 ") == 0);
    end_journal();
    end();
}

static void wrong_arguments_are_refused(void) {
    begin(1, AB_RECORD_HOLD);
    CHECK_EQUAL(AB_INVALID, ab_subscription_record(handle, journal_handle, -1, 1, AB_RECORD_HOLD, 0));
    CHECK_EQUAL(AB_INVALID, ab_subscription_record(handle, journal_handle, 65536, 1, AB_RECORD_HOLD, 0));
    CHECK_EQUAL(AB_INVALID, ab_subscription_record(handle, journal_handle, 1, 1, 2, 0));
    CHECK_EQUAL(AB_INVALID, ab_subscription_record(handle, journal_handle, 1, 1, AB_RECORD_SHED, -1));
    CHECK_EQUAL(AB_STALE, ab_subscription_record(handle + 1, journal_handle, 1, 1, AB_RECORD_SHED, 0));
    ab_handle other = ab_batch_open();
    ab_record_counts found;
    CHECK_EQUAL(AB_INVALID, ab_subscription_recorded(other, &found));
    ab_batch_close(other);
    end_journal();
    end();
}

int main(void) {
    RUN(frames_are_recorded_as_received_and_our_own_words_are_not);
    RUN(foreign_bytes_are_recorded_whatever_they_look_like);
    RUN(a_message_of_many_fragments_is_one_record);
    RUN(without_a_journal_messages_wait_and_come_once_when_there_is_one);
    RUN(a_shedding_recorder_without_a_journal_holds_nobody);
    RUN(words_of_ours_in_a_foreign_stream_are_recorded_and_counted_apart);
    RUN(what_piled_up_during_an_absence_is_shed_until_it_has_caught_up);
    RUN(a_message_longer_than_a_record_may_be_is_left_out_and_counted);
    RUN(wrong_arguments_are_refused);
    return 0;
}
