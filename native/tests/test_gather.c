/*
 * ab_gather over the fake Aeron: what ends a batch frame, what a refusal leaves behind, linger, and records of a layout.
 *
 * Bodies are [5, c] and [300]; a frame of n > 1 bodies is 32 bytes of header, n lengths of 4, then the bodies. The fake keeps what
 * was sent with its exact length, and the frame's own buffers are of exact length too, so AddressSanitizer sees a byte too many.
 */
#include "../ab_gather.h"

#include "../ab_bytes.h"
#include "../ab_clock.h"
#include "../ab_layout.h"
#include "../ab_wait.h"
#include "offer_bus.h"

static const uint8_t other[] = {0x91, 0xcd, 0x01, 0x2c}; /* [300] */

static void gather(uint32_t max_messages, size_t max_bytes, int64_t linger_ns, ab_event *news) {
    open();
    CHECK_EQUAL(AB_OK, ab_publication_gather(handle, max_messages, max_bytes, linger_ns, news));
}

/* Offer [5, letter] as one of many. */
static int64_t offer_letter(char letter) {
    uint8_t body[sizeof bar];
    memcpy(body, bar, sizeof bar);
    body[3] = (uint8_t)letter;
    return ab_offer(publication, body, sizeof body, AB_OFFER_GATHER);
}

static int64_t offer_other(void) { return ab_offer(publication, other, sizeof other, AB_OFFER_GATHER); }

/* Message `number` that was sent is a frame of [5, letter] for these letters. */
static void check_letters(size_t number, uint64_t sequence, const char *letters) {
    const uint8_t *bytes = fake.messages[number].bytes;
    size_t length = fake.messages[number].length, count = strlen(letters), body;
    ab_frame frame;
    CHECK(number < fake.message_count);
    CHECK_EQUAL(AB_OK, ab_frame_get(bytes, length, &frame, &body));
    CHECK_EQUAL(sequence, frame.sequence);
    CHECK_EQUAL(count, frame.count);
    CHECK_EQUAL(5, frame.type);
    CHECK_EQUAL(3, frame.schema_version);
    CHECK_EQUAL(77, frame.publisher);
    size_t at = count > 1 ? ab_frame_bodies(bytes, length, frame.count, body) : body;
    CHECK_EQUAL(AB_FRAME_LENGTH + (count > 1 ? count * 4 : 0), at);
    CHECK_EQUAL(at + count * sizeof bar, length);
    for (size_t i = 0; i < count; i++) {
        CHECK_EQUAL(letters[i], bytes[at + i * sizeof bar + 3]);
    }
}

static void what_cannot_gather_is_told(void) {
    open();
    CHECK_EQUAL(AB_STALE, ab_publication_gather(handle + 1, 3, 4096, 0, NULL));
    CHECK_EQUAL(AB_INVALID, ab_publication_gather(handle, 0, 4096, 0, NULL));
    CHECK_EQUAL(AB_INVALID, ab_publication_gather(handle, AB_FRAME_COUNT_MAX + 1u, 4096, 0, NULL));
    CHECK_EQUAL(AB_INVALID, ab_publication_gather(handle, 3, 0, 0, NULL));
    CHECK_EQUAL(AB_INVALID, ab_publication_gather(handle, 3, 4096, -1, NULL));
    CHECK_EQUAL(AB_OK, ab_gather_flush(publication)); /* there is none: nothing to do */
    CHECK_EQUAL(0, ab_gather_give_up(publication));
    CHECK_EQUAL(0, ab_gather_linger(publication, 1));
    CHECK_EQUAL(AB_OK, ab_publication_gather(handle, 3, 1u << 30, 0, NULL));
    CHECK_EQUAL(publication->max_message_length, publication->gather->max_bytes); /* no more than the channel carries */
    CHECK_EQUAL(AB_INVALID, ab_publication_gather(handle, 3, 4096, 0, NULL)); /* once */
    close();
    open();
    configure(0, AB_FORMAT_RAW, NULL);
    CHECK_EQUAL(AB_INVALID, ab_publication_gather(handle, 3, 4096, 0, NULL)); /* without our frame */
    close();
    ab_gather_free(NULL);
}

static void a_frame_ends_when_it_is_full_by_number_or_bytes(void) {
    gather(3, 4096, 0, NULL);
    for (int i = 0; i < 7; i++) {
        CHECK_EQUAL(10 + i, offer_letter((char)('a' + i)));
    }
    CHECK_EQUAL(2, fake.message_count); /* the seventh waits */
    ab_offer_gathered(publication);
    check_letters(0, 10, "abc");
    check_letters(1, 13, "def");
    check_letters(2, 16, "g"); /* alone: no lengths */
    CHECK_EQUAL(7, counted(AB_PUBLISHED));
    CHECK_EQUAL(7 * sizeof bar, counted(AB_PUBLISHED_BYTES));
    close();
    for (size_t more = 0; more < 2; more++) { /* room for two to the byte, and one byte less */
        gather(100, AB_FRAME_LENGTH + 2 * (4 + sizeof bar) - more, 0, NULL);
        CHECK_EQUAL(10, offer_letter('a'));
        CHECK_EQUAL(11, offer_letter('b'));
        CHECK_EQUAL(12, offer_letter('c'));
        ab_offer_gathered(publication);
        check_letters(0, 10, more == 0 ? "ab" : "a");
        CHECK_EQUAL(more == 0 ? 2 : 3, fake.message_count);
        close();
    }
}

static void a_frame_ends_before_another_type_a_hole_a_long_message_and_a_control_frame(void) {
    static const uint8_t longer[] = {0x92, 0x05, 0xa8, 'l', 'o', 'n', 'g', 'e', 's', 't', '.'};
    gather(100, 4096, 0, NULL);
    CHECK_EQUAL(10, offer_letter('a'));
    CHECK_EQUAL(11, offer_other());
    CHECK_EQUAL(12, offer_letter('b'));
    CHECK_EQUAL(13, ab_offer_drop(publication)); /* a hole behind it */
    CHECK_EQUAL(14, offer_letter('c'));
    CHECK_EQUAL(AB_OK, ab_offer_control(publication, AB_BEAT));
    check_letters(0, 10, "a");
    check_frame(1, 11, 300, 1, other, sizeof other);
    check_letters(2, 12, "b");
    check_letters(3, 14, "c");
    CHECK_EQUAL(5, fake.message_count);
    CHECK_EQUAL(15, ab_le64(fake.messages[4].bytes + 16)); /* what comes next, all before it sent */
    close();
    gather(100, AB_FRAME_LENGTH + 10, 0, NULL);
    CHECK_EQUAL(10, offer_letter('a'));
    CHECK_EQUAL(11, ab_offer(publication, longer, sizeof longer, AB_OFFER_GATHER)); /* fits no frame: it goes alone, in its turn */
    check_letters(0, 10, "a");
    check_frame(1, 11, 5, 3, longer, sizeof longer);
    CHECK_EQUAL(12, ab_offer(publication, bar, sizeof bar, 0)); /* a lone publish waits for nobody */
    check_frame(2, 12, 5, 3, bar, sizeof bar);
    close();
}

static void a_refused_frame_is_kept_and_goes_first(void) {
    gather(2, 4096, 0, NULL);
    fake_answer(AB_BACK_PRESSURED);
    CHECK_EQUAL(10, offer_letter('a'));
    CHECK_EQUAL(11, offer_letter('b')); /* full: offered and refused, which the next one hears of */
    fake_answer(AB_BACK_PRESSURED);
    CHECK_EQUAL(AB_BACK_PRESSURED, offer_letter('c'));
    CHECK_EQUAL(1, counted(AB_BACK_PRESSURED_COUNT));
    CHECK_EQUAL(0, counted(AB_PUBLISHED));
    CHECK_EQUAL(12, publication->sequence);
    CHECK_EQUAL(12, offer_letter('d'));
    check_letters(0, 10, "ab");
    fake_answer(AB_BACK_PRESSURED);
    CHECK_EQUAL(AB_BACK_PRESSURED, ab_offer_control(publication, AB_BEAT)); /* it would tell a sequence that was not sent */
    CHECK_EQUAL(1, fake.message_count);
    fake_answer(AB_BACK_PRESSURED);
    CHECK_EQUAL(AB_OK, ab_offer_control(publication, AB_BYE)); /* the last word: what cannot go is given up, and counted */
    CHECK_EQUAL(1, counted(AB_DROPPED));
    CHECK_EQUAL(2, counted(AB_PUBLISHED));
    CHECK_EQUAL(0, ab_gather_give_up(publication));
    close();
    gather(2, 4096, 0, NULL);
    fake.disconnected = true;
    CHECK_EQUAL(AB_NOT_CONNECTED, offer_letter('a')); /* nobody there: nothing is accepted */
    CHECK_EQUAL(1, counted(AB_NOT_CONNECTED_COUNT));
    CHECK_EQUAL(10, publication->sequence);
    CHECK_EQUAL(0, fake.offers);
    fake.disconnected = false;
    CHECK_EQUAL(10, offer_letter('a'));
    CHECK_EQUAL(1, ab_gather_give_up(publication));
    CHECK_EQUAL(11, offer_letter('b')); /* its sequence was used up: readers see the gap */
    ab_offer_gathered(publication);
    check_letters(0, 11, "b");
    close(); /* and what still waits is freed */
}

static void a_lingering_message_is_watched_and_sent_when_it_is_due(void) {
    ab_event *news = ab_event_create();
    gather(10, 4096, 5 * AB_NS_PER_MS, news);
    CHECK_EQUAL(10, ab_offer(publication, bar, sizeof bar, 0)); /* each one, as there is a linger */
    CHECK_EQUAL(1, ab_event_word(news));
    CHECK_EQUAL(11, ab_offer(publication, bar, sizeof bar, 0));
    CHECK_EQUAL(1, ab_event_word(news)); /* told once */
    int64_t due_ns = publication->gather->due_ns;
    CHECK_EQUAL(due_ns, ab_gather_linger(publication, due_ns - 1)); /* too early */
    CHECK_EQUAL(0, fake.message_count);
    fake_answer(AB_BACK_PRESSURED);
    CHECK(ab_gather_linger(publication, due_ns) > 0); /* refused: again soon */
    CHECK_EQUAL(0, fake.message_count);
    CHECK_EQUAL(0, ab_gather_linger(publication, publication->gather->due_ns));
    check_letters(0, 10, "xx");
    CHECK_EQUAL(0, ab_gather_linger(publication, due_ns + AB_NS_PER_S));
    CHECK_EQUAL(12, ab_offer(publication, bar, sizeof bar, 0));
    CHECK_EQUAL(2, ab_event_word(news)); /* watched by nobody since it was empty */
    ab_offer_gathered(publication);
    CHECK_EQUAL(1, fake.message_count); /* a list waits its linger too */
    close();
    ab_event_release(news);
}

/* ---- records ------------------------------------------------------------------------------------------------------- */

/* One of {int64 n; bool b}: 9 bytes used of 16. */
static ab_layout *picky_layout(void) {
    static const ab_field fields[] = {
        {.kind = AB_FIELD_INT64, .offset = 0, .size = 8, .required = 1, .lowest = INT64_MIN, .highest = INT64_MAX, .name = "n"},
        {.kind = AB_FIELD_BOOL, .offset = 8, .size = 1, .required = 1, .lowest = 0, .highest = 1, .name = "b"}};
    static const uint8_t defaults[16];
    return ab_layout_make(5, 3, fields, 2, NULL, 0, defaults, 16);
}

static void records_go_in_frames_and_stop_at_one_no_reader_would_take(void) {
    uint8_t records[7 * 16];
    int code;
    open();
    ab_layout *layout = picky_layout();
    CHECK_EQUAL(0, ab_offer_records(publication, layout, records, 1, &code)); /* another format */
    CHECK_EQUAL(AB_UNKNOWN_TYPE, code);
    configure(1, AB_FORMAT_STRUCT, NULL);
    CHECK_EQUAL(AB_OK, ab_publication_layout(handle, layout));
    CHECK_EQUAL(AB_OK, ab_publication_gather(handle, 3, 4096, 0, NULL));
    memset(records, 0xee, sizeof records);
    for (size_t i = 0; i < 7; i++) {
        ab_put_le64(records + i * 16, i);
        records[i * 16 + 8] = 1;
    }
    CHECK_EQUAL(7, ab_offer_records(publication, layout, records, 7, &code));
    CHECK_EQUAL(AB_OK, code);
    CHECK_EQUAL(3, fake.message_count);
    CHECK_EQUAL(AB_FRAME_LENGTH + 3 * (4 + 9), fake.messages[0].length);
    CHECK_EQUAL(AB_FRAME_LENGTH + 9, fake.messages[2].length);
    CHECK_EQUAL(4, ab_le64(fake.messages[1].bytes + AB_FRAME_LENGTH + 3 * 4 + 9)); /* record 3 is before it */
    CHECK_EQUAL(17, publication->sequence);
    CHECK_EQUAL(7 * 9, counted(AB_PUBLISHED_BYTES));
    records[4 * 16 + 8] = 2; /* no bool */
    CHECK_EQUAL(4, ab_offer_records(publication, layout, records, 7, &code));
    CHECK_EQUAL(AB_MALFORMED, code);
    CHECK_EQUAL(AB_FRAME_LENGTH + 9, fake.messages[4].length); /* the one before it still went */
    CHECK_EQUAL(0, ab_offer_records(publication, layout, records + 4 * 16, 1, &code));
    CHECK_EQUAL(AB_MALFORMED, code);
    fake_answer(0);
    fake_answer(AB_BACK_PRESSURED);
    CHECK_EQUAL(3, ab_offer_records(publication, layout, records, 4, &code)); /* one frame goes, the next is refused whole */
    CHECK_EQUAL(AB_BACK_PRESSURED, code);
    CHECK_EQUAL(1, counted(AB_BACK_PRESSURED_COUNT));
    CHECK_EQUAL(24, publication->sequence);
    CHECK_EQUAL(0, ab_offer_records(publication, layout, records, 0, &code));
    CHECK_EQUAL(AB_OK, code);
    close();
    ab_layout_release(layout);
}

int main(void) {
    RUN(what_cannot_gather_is_told);
    RUN(a_frame_ends_when_it_is_full_by_number_or_bytes);
    RUN(a_frame_ends_before_another_type_a_hole_a_long_message_and_a_control_frame);
    RUN(a_refused_frame_is_kept_and_goes_first);
    RUN(a_lingering_message_is_watched_and_sent_when_it_is_due);
    RUN(records_go_in_frames_and_stop_at_one_no_reader_would_take);
    return 0;
}
