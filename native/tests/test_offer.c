/* ab_offer over the fake Aeron: what goes on the wire, every refusal, what a refusal leaves as it was. */
#include "../ab_offer.h"

#include "offer_bus.h"

static void a_message_goes_out_with_its_header_and_the_next_sequence(void) {
    static const uint8_t other[] = {0x91, 0xcd, 0x01, 0x2c}; /* [300] */
    open();
    CHECK_EQUAL(10, ab_offer(publication, bar, sizeof bar, 0));
    CHECK_EQUAL(11, ab_offer(publication, other, sizeof other, 0));
    check_frame(0, 10, 5, 3, bar, sizeof bar);
    check_frame(1, 11, 300, 1, other, sizeof other);
    CHECK_EQUAL(2, counted(AB_PUBLISHED));
    CHECK_EQUAL(8, counted(AB_PUBLISHED_BYTES));
    CHECK_EQUAL(12, publication->sequence);
    close();
}

static void a_message_that_fits_a_fragment_is_claimed_and_a_longer_one_gathered(void) {
    uint8_t *body = calloc(1, 9000);
    body[0] = 0x92; /* [5, bin of n] */
    body[1] = 0x05;
    body[2] = 0xc5;
    static const size_t lengths[] = {1376 - 32, 1376 - 31, 8192 - 32};
    static const char *const names[] = {"try_claim", "offerv", "offerv"};
    open();
    for (size_t i = 0; i < 3; i++) {
        size_t inner = lengths[i] - 5;
        body[3] = (uint8_t)(inner >> 8);
        body[4] = (uint8_t)inner;
        body[lengths[i] - 1] = 0x77;
        CHECK_EQUAL(10 + i, ab_offer(publication, body, lengths[i], 0));
        CHECK(strcmp(names[i], fake.messages[i].name) == 0);
        check_frame(i, 10 + i, 5, 3, body, lengths[i]);
    }
    CHECK_EQUAL(AB_TOO_LARGE, ab_offer(publication, body, 8192 - 31, 0));
    CHECK_EQUAL(AB_TOO_LARGE, ab_offer(publication, body, SIZE_MAX, 0));
    CHECK_EQUAL(3, fake.offers);
    CHECK_EQUAL(13, publication->sequence);
    free(body);
    close();
}

static void a_body_that_was_written_here_goes_out_as_any_other_but_for_the_walk(void) {
    static const uint8_t no_body[] = {0xc1, 0xff};
    open();
    CHECK_EQUAL(10, ab_offer_written(publication, 5, bar, sizeof bar));
    CHECK_EQUAL(11, ab_offer_written(publication, 300, no_body, sizeof no_body));
    check_frame(0, 10, 5, 3, bar, sizeof bar);
    check_frame(1, 11, 300, 1, no_body, sizeof no_body);
    CHECK_EQUAL(AB_UNKNOWN_TYPE, ab_offer_written(publication, 6, bar, sizeof bar));
    CHECK_EQUAL(AB_TOO_LARGE, ab_offer_written(publication, 5, bar, 8192 - 31));
    fake_answer(AB_BACK_PRESSURED);
    CHECK_EQUAL(AB_BACK_PRESSURED, ab_offer_written(publication, 5, bar, sizeof bar));
    publication->held = true;
    CHECK_EQUAL(AB_BACK_PRESSURED, ab_offer_written(publication, 5, bar, sizeof bar));
    CHECK_EQUAL(2, counted(AB_BACK_PRESSURED_COUNT));
    CHECK_EQUAL(2, counted(AB_PUBLISHED));
    CHECK_EQUAL(12, publication->sequence);
    close();
}

static void without_our_frame_the_bytes_go_as_they_are(void) {
    uint8_t large[3000] = {1};
    open();
    configure(0, AB_FORMAT_RAW, NULL);
    CHECK_EQUAL(10, ab_offer(publication, (const uint8_t *)"abc", 3, 0));
    CHECK_EQUAL(11, ab_offer(publication, large, sizeof large, 0));
    CHECK_EQUAL(12, ab_offer(publication, NULL, 0, 0));
    CHECK_EQUAL(AB_OK, ab_offer_control(publication, AB_HELLO)); /* there is nothing to say, and that is fine */
    CHECK_EQUAL(3, fake.message_count);
    CHECK_EQUAL(3, fake.messages[0].length);
    CHECK(memcmp("abc", fake.messages[0].bytes, 3) == 0);
    CHECK_EQUAL(3000, fake.messages[1].length);
    CHECK(strcmp("offerv", fake.messages[1].name) == 0);
    CHECK_EQUAL(8192, publication->max_message_length);
    CHECK_EQUAL(AB_TOO_LARGE, ab_offer(publication, large, 8193, 0));
    close();
}

static void every_refusal_keeps_the_sequence_and_says_which(void) {
    static const struct {
        int64_t answer;
        int result;
        int counter;
    } refusals[] = {{-1, AB_NOT_CONNECTED, AB_NOT_CONNECTED_COUNT}, {-2, AB_BACK_PRESSURED, AB_BACK_PRESSURED_COUNT},
                    {-4, AB_CLOSED, -1}, {-5, AB_MAX_POSITION, -1}, {-6, AB_FAILED, -1}, {-99, AB_FAILED, -1}};
    uint8_t large[3000] = {0x92, 0x05, 0xc5, 2995 >> 8, 2995 & 0xff};
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        for (int gathered = 0; gathered < 2; gathered++) {
            open();
            fake_answer(refusals[i].answer);
            fake.errcode = 1004;
            fake.errmsg = "no room";
            const uint8_t *body = gathered ? large : bar;
            size_t length = gathered ? sizeof large : sizeof bar;
            CHECK_EQUAL(refusals[i].result, ab_offer(publication, body, length, 0));
            CHECK_EQUAL(10, publication->sequence);
            CHECK_EQUAL(0, counted(AB_PUBLISHED));
            for (int counter = 0; counter < AB_STREAM_COUNTERS; counter++) {
                CHECK_EQUAL(counter == refusals[i].counter, counted(counter));
            }
            CHECK_EQUAL(refusals[i].result == AB_FAILED ? 1004 : 0, publication->error.errcode);
            CHECK_EQUAL(10, ab_offer(publication, body, length, 0)); /* and then it goes */
            check_frame(0, 10, 5, 3, body, length);
            close();
        }
    }
}

static void a_retry_is_not_counted_again(void) {
    open();
    fake_answer(-2);
    fake_answer(-2);
    fake_answer(-1);
    CHECK_EQUAL(AB_BACK_PRESSURED, ab_offer(publication, bar, sizeof bar, 0));
    CHECK_EQUAL(AB_BACK_PRESSURED, ab_offer(publication, bar, sizeof bar, AB_OFFER_RETRY));
    CHECK_EQUAL(AB_NOT_CONNECTED, ab_offer(publication, bar, sizeof bar, AB_OFFER_RETRY));
    CHECK_EQUAL(1, counted(AB_BACK_PRESSURED_COUNT));
    CHECK_EQUAL(0, counted(AB_NOT_CONNECTED_COUNT));
    close();
}

static void a_term_rotation_is_tried_again_at_once(void) {
    open();
    for (int i = 0; i < AB_OFFER_ATTEMPTS - 1; i++) {
        fake_answer(-3);
    }
    CHECK_EQUAL(10, ab_offer(publication, bar, sizeof bar, 0));
    CHECK_EQUAL(AB_OFFER_ATTEMPTS, fake.offers);
    for (int i = 0; i < AB_OFFER_ATTEMPTS + 1; i++) {
        fake_answer(-3);
    }
    CHECK_EQUAL(AB_ADMIN_ACTION, ab_offer(publication, bar, sizeof bar, 0));
    CHECK_EQUAL(2 * AB_OFFER_ATTEMPTS, fake.offers);
    CHECK_EQUAL(11, publication->sequence);
    CHECK_EQUAL(0, fake.aborted);
    close();
}

static void a_body_is_checked_before_it_is_sent(void) {
    static const struct {
        uint8_t bytes[12];
        size_t length;
        int result;
    } bodies[] = {
        {{0x92, 0x05}, 2, AB_MALFORMED},
        {{0x91, 0x05, 0xc0}, 3, AB_MALFORMED},
        {{0}, 0, AB_MALFORMED},
        {{0x91, 0x06}, 2, AB_UNKNOWN_TYPE},
        {{0x91, 0x00}, 2, AB_UNKNOWN_TYPE},
        {{0x91, 0xff}, 2, AB_UNKNOWN_TYPE},
        {{0x91, 0xce, 0, 1, 0, 5}, 6, AB_UNKNOWN_TYPE}, /* 65541: not 5 after a cut to 16 bits */
        {{0x92, 0x05, 0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0}, 11, AB_RANGE},
    };
    open();
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        CHECK_EQUAL(bodies[i].result, ab_offer(publication, bodies[i].bytes, bodies[i].length, 0));
    }
    CHECK_EQUAL(0, fake.offers);
    CHECK_EQUAL(10, ab_offer(publication, bodies[7].bytes, bodies[7].length, AB_OFFER_UNCHECKED));
    CHECK_EQUAL(1, counted(AB_PUBLISHED));
    close();
}

static void json_and_raw_bodies_have_their_types(void) {
    open();
    configure(1, AB_FORMAT_JSON, NULL);
    CHECK_EQUAL(10, ab_offer(publication, (const uint8_t *)"[300,1]", 7, 0));
    CHECK_EQUAL(AB_MALFORMED, ab_offer(publication, (const uint8_t *)"{}", 2, 0));
    CHECK_EQUAL(AB_UNKNOWN_TYPE, ab_offer(publication, (const uint8_t *)"[301]", 5, 0));
    check_frame(0, 10, 300, 1, "[300,1]", 7);
    configure(1, AB_FORMAT_RAW, NULL);
    CHECK_EQUAL(10, ab_offer(publication, (const uint8_t *)"\xc1", 1, 0));
    check_frame(1, 10, AB_TYPE_RAW, 0, "\xc1", 1);
    close();
}

static void hello_beat_and_bye_name_the_next_sequence_and_count_nowhere(void) {
    open();
    ab_offer(publication, bar, sizeof bar, 0);
    for (int kind = AB_HELLO; kind <= AB_BYE; kind++) {
        ab_frame frame;
        size_t body;
        CHECK_EQUAL(AB_OK, ab_offer_control(publication, kind));
        CHECK_EQUAL(32, fake.messages[kind].length);
        CHECK_EQUAL(AB_OK, ab_frame_decode(fake.messages[kind].bytes, 32, &frame, &body));
        CHECK_EQUAL(0, frame.type);
        CHECK_EQUAL(kind, frame.flags);
        CHECK_EQUAL(11, frame.sequence);
    }
    fake_answer(-2);
    CHECK_EQUAL(AB_BACK_PRESSURED, ab_offer_control(publication, AB_BEAT));
    CHECK_EQUAL(AB_INVALID, ab_offer_control(publication, 0));
    CHECK_EQUAL(AB_INVALID, ab_offer_control(publication, 4));
    CHECK_EQUAL(1, counted(AB_PUBLISHED));
    CHECK_EQUAL(0, counted(AB_BACK_PRESSURED_COUNT));
    close();
}

static void a_held_publication_lets_retries_pass_alone(void) {
    open();
    publication->held = true;
    CHECK_EQUAL(AB_BACK_PRESSURED, ab_offer(publication, bar, sizeof bar, 0));
    CHECK_EQUAL(1, counted(AB_BACK_PRESSURED_COUNT));
    static const uint8_t unknown[] = {0x91, 0x07};
    CHECK_EQUAL(AB_UNKNOWN_TYPE, ab_offer(publication, unknown, sizeof unknown, 0)); /* what is wrong is told at once */
    CHECK_EQUAL(10, ab_offer(publication, bar, sizeof bar, AB_OFFER_RETRY));
    CHECK_EQUAL(AB_OK, ab_offer_control(publication, AB_BEAT));
    publication->held = false;
    CHECK_EQUAL(11, ab_offer(publication, bar, sizeof bar, 0));
    CHECK_EQUAL(1, counted(AB_BACK_PRESSURED_COUNT));
    close();
}

static void a_dropped_message_uses_up_its_sequence(void) {
    open();
    CHECK_EQUAL(10, ab_offer_drop(publication));
    CHECK_EQUAL(11, ab_offer(publication, bar, sizeof bar, 0));
    CHECK_EQUAL(1, counted(AB_DROPPED));
    CHECK_EQUAL(1, counted(AB_PUBLISHED));
    close();
}

static void an_accepted_message_wakes_only_who_sleeps(void) {
    ab_event *event = ab_event_create();
    open();
    configure(1, AB_FORMAT_MSGPACK, event);
    ab_event_release(event); /* the publication holds it */
    CHECK_EQUAL(10, ab_offer(publication, bar, sizeof bar, 0));
    CHECK_EQUAL(0, ab_event_word(event));
    close();
}

static void wrong_configurations_are_refused(void) {
    static const ab_type twice[] = {{5, 1, 1}, {5, 2, 1}}, ours[] = {{0, 1, 1}};
    open();
    CHECK_EQUAL(AB_INVALID, ab_publication_configure(handle, 1, 1, 0, 0, NULL, 0, NULL, NULL));
    CHECK_EQUAL(AB_INVALID, ab_publication_configure(handle, 1, 1, 7, 0, twice, 2, NULL, NULL));
    CHECK_EQUAL(AB_INVALID, ab_publication_configure(handle, 1, 1, 7, 0, ours, 1, NULL, NULL));
    CHECK_EQUAL(AB_INVALID, ab_publication_configure(handle, 0, 1, 7, 0, NULL, 0, NULL, NULL));
    CHECK_EQUAL(AB_INVALID, ab_publication_configure(handle, 1, 9, 7, 0, NULL, 0, NULL, NULL));
    CHECK_EQUAL(AB_STALE, ab_publication_configure(handle + 1, 1, 1, 7, 0, NULL, 0, NULL, NULL));
    uint64_t sequence;
    size_t most;
    ab_error error;
    CHECK_EQUAL(AB_OK, ab_publication_state(handle, &sequence, &most)); /* and changed nothing */
    CHECK_EQUAL(10, sequence);
    CHECK_EQUAL(8192 - 32, most);
    CHECK_EQUAL(AB_STALE, ab_publication_state(handle + 1, &sequence, &most));
    CHECK_EQUAL(AB_STALE, ab_publication_error(handle + 1, &error));
    CHECK_EQUAL(AB_OK, ab_publication_error(handle, &error));
    publication->configured = false;
    CHECK_EQUAL(AB_INVALID, ab_offer(publication, bar, sizeof bar, 0));
    CHECK_EQUAL(AB_INVALID, ab_offer_control(publication, AB_HELLO));
    close();
}

int main(void) {
    RUN(a_message_goes_out_with_its_header_and_the_next_sequence);
    RUN(a_message_that_fits_a_fragment_is_claimed_and_a_longer_one_gathered);
    RUN(a_body_that_was_written_here_goes_out_as_any_other_but_for_the_walk);
    RUN(without_our_frame_the_bytes_go_as_they_are);
    RUN(every_refusal_keeps_the_sequence_and_says_which);
    RUN(a_retry_is_not_counted_again);
    RUN(a_term_rotation_is_tried_again_at_once);
    RUN(a_body_is_checked_before_it_is_sent);
    RUN(json_and_raw_bodies_have_their_types);
    RUN(hello_beat_and_bye_name_the_next_sequence_and_count_nowhere);
    RUN(a_dropped_message_uses_up_its_sequence);
    RUN(a_held_publication_lets_retries_pass_alone);
    RUN(an_accepted_message_wakes_only_who_sleeps);
    RUN(wrong_configurations_are_refused);
    return 0;
}
