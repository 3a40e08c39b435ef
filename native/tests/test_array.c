/* ab_array over the fake Aeron: lists as batch frames, what ends one, every refusal, what is counted. */
#include "../ab_array.h"

#include "../ab_gather.h"
#include "offer_bus.h"

static void an_array_goes_out_in_frames_of_one_type_with_one_publish_time(void) {
    static const uint8_t three[] = {0x93, 0x92, 0x05, 0xa1, 'x', 0x91, 0xcd, 0x01, 0x2c, 0x92, 0x05, 0xa1, 'x'};
    int code;
    open();
    CHECK_EQUAL(3, ab_offer_array(publication, three, sizeof three, 0, &code));
    CHECK_EQUAL(AB_OK, code);
    check_frame(0, 10, 5, 3, bar, sizeof bar);
    check_frame(1, 11, 300, 1, three + 5, 4);
    check_frame(2, 12, 5, 3, bar, sizeof bar);
    CHECK(memcmp(fake.messages[0].bytes + 24, fake.messages[2].bytes + 24, 8) == 0);
    CHECK_EQUAL(1, ab_offer_array(publication, three, sizeof three, 2, &code));
    CHECK_EQUAL(AB_OK, code);
    check_frame(3, 13, 5, 3, bar, sizeof bar);
    CHECK_EQUAL(4, counted(AB_PUBLISHED));
    CHECK_EQUAL(0, ab_offer_array(publication, (const uint8_t *)"\x90", 1, 0, &code));
    CHECK_EQUAL(AB_OK, code);
    close();
}

static void an_array_stops_at_the_first_element_that_cannot_go(void) {
    static const uint8_t good[] = {0x92, 0x92, 0x05, 0xa1, 'x', 0x92, 0x05, 0xa1, 'x'};
    static const uint8_t mixed[] = {0x92, 0x92, 0x05, 0xa1, 'x', 0x91, 0xcd, 0x01, 0x2c};
    static const uint8_t undeclared[] = {0x92, 0x92, 0x05, 0xa1, 'x', 0x91, 0x06};
    static const uint8_t negative[] = {0x91, 0x91, 0xff};
    static const uint8_t no_body[] = {0x92, 0x92, 0x05, 0xa1, 'x', 0x07};
    static const uint8_t cut_short[] = {0x92, 0x92, 0x05, 0xa1, 'x', 0x92, 0x05};
    static const uint8_t too_long[] = {0x91, 0x92, 0x05, 0xa1, 'x', 0x00};
    static const uint8_t above[] = {0x91, 0x92, 0x05, 0xcf, 0xff, 0, 0, 0, 0, 0, 0, 0};
    int code;
    open();
    fake_answer(AB_BACK_PRESSURED);
    CHECK_EQUAL(0, ab_offer_array(publication, good, sizeof good, 0, &code)); /* one frame: refused as a whole, counted once */
    CHECK_EQUAL(AB_BACK_PRESSURED, code);
    CHECK_EQUAL(1, counted(AB_BACK_PRESSURED_COUNT));
    CHECK_EQUAL(10, publication->sequence);
    fake_answer(0);
    fake_answer(AB_BACK_PRESSURED);
    CHECK_EQUAL(1, ab_offer_array(publication, mixed, sizeof mixed, 0, &code));
    CHECK_EQUAL(AB_BACK_PRESSURED, code);
    CHECK_EQUAL(2, counted(AB_BACK_PRESSURED_COUNT));
    CHECK_EQUAL(11, publication->sequence);
    CHECK_EQUAL(1, ab_offer_array(publication, undeclared, sizeof undeclared, 0, &code));
    CHECK_EQUAL(AB_UNKNOWN_TYPE, code);
    CHECK_EQUAL(0, ab_offer_array(publication, negative, sizeof negative, 0, &code));
    CHECK_EQUAL(AB_UNKNOWN_TYPE, code);
    CHECK_EQUAL(1, ab_offer_array(publication, no_body, sizeof no_body, 0, &code));
    CHECK_EQUAL(AB_MALFORMED, code);
    CHECK_EQUAL(1, ab_offer_array(publication, cut_short, sizeof cut_short, 0, &code));
    CHECK_EQUAL(AB_MALFORMED, code);
    CHECK_EQUAL(1, ab_offer_array(publication, too_long, sizeof too_long, 0, &code));
    CHECK_EQUAL(AB_MALFORMED, code);
    CHECK_EQUAL(0, ab_offer_array(publication, above, sizeof above, 0, &code));
    CHECK_EQUAL(AB_RANGE, code);
    CHECK_EQUAL(0, ab_offer_array(publication, bar, 0, 0, &code));
    CHECK_EQUAL(AB_MALFORMED, code);
    configure(1, AB_FORMAT_RAW, NULL);
    CHECK_EQUAL(0, ab_offer_array(publication, good, sizeof good, 0, &code));
    CHECK_EQUAL(AB_INVALID, code);
    close();
}

/* Offer [[5, 'x'], ...] of so many elements. */
static size_t offer_bars(size_t count, size_t skip, int *code) {
    uint8_t list[3 + 4 * 600] = {0xdc, (uint8_t)(count >> 8), (uint8_t)count};
    for (size_t i = 0; i < count; i++) {
        memcpy(list + 3 + i * sizeof bar, bar, sizeof bar);
        list[3 + i * sizeof bar + 3] = (uint8_t)('a' + i % 20);
    }
    return ab_offer_array(publication, list, 3 + count * sizeof bar, skip, code);
}

/* Message `number` of the fake is a frame of these. */
static void check_bars(int number, uint64_t sequence, size_t count, size_t first) {
    const uint8_t *bytes = fake.messages[number].bytes;
    size_t length = fake.messages[number].length, body;
    ab_frame frame;
    CHECK_EQUAL(AB_OK, ab_frame_decode(bytes, length, &frame, &body));
    CHECK_EQUAL(sequence, frame.sequence);
    CHECK_EQUAL(count, frame.count);
    CHECK_EQUAL(5, frame.type);
    CHECK_EQUAL(3, frame.schema_version);
    CHECK_EQUAL(AB_FRAME_LENGTH + count * (4 + sizeof bar), length);
    CHECK_EQUAL(AB_FRAME_LENGTH + count * 4, ab_frame_bodies(bytes, length, frame.count, body));
    for (size_t i = 0; i < count; i++) {
        CHECK_EQUAL(sizeof bar, ab_frame_body_length(bytes, body, (uint32_t)i));
        CHECK_EQUAL('a' + (first + i) % 20, bytes[AB_FRAME_LENGTH + count * 4 + i * sizeof bar + 3]);
    }
}

static void a_frame_of_a_list_holds_what_fits_a_fragment_or_what_the_stream_says(void) {
    int code;
    open();
    size_t each = (publication->max_payload_length - AB_FRAME_LENGTH) / (4 + sizeof bar);
    CHECK(each > 1);
    CHECK_EQUAL(each + 2, offer_bars(each + 2, 0, &code));
    CHECK_EQUAL(AB_OK, code);
    check_bars(0, 10, each, 0);
    check_bars(1, 10 + each, 2, each);
    CHECK_EQUAL(2, offer_bars(7, 5, &code)); /* from number 5 on */
    check_bars(2, 12 + each, 2, 5);
    close();
    open();
    CHECK_EQUAL(AB_OK, ab_publication_gather(handle, 3, 4096, 0, NULL));
    CHECK_EQUAL(5, offer_bars(5, 0, &code));
    check_bars(0, 10, 3, 0);
    check_bars(1, 13, 2, 3);
    CHECK_EQUAL(5, counted(AB_PUBLISHED));
    CHECK_EQUAL(5 * sizeof bar, counted(AB_PUBLISHED_BYTES));
    close();
    open();
    CHECK_EQUAL(AB_OK, ab_publication_gather(handle, 1, 4096, 0, NULL)); /* no batch frames */
    CHECK_EQUAL(2, offer_bars(2, 0, &code));
    CHECK_EQUAL(2, fake.message_count);
    close();
    open();
    publication->held = true;
    CHECK_EQUAL(0, offer_bars(2, 0, &code));
    CHECK_EQUAL(AB_BACK_PRESSURED, code);
    CHECK_EQUAL(1, counted(AB_BACK_PRESSURED_COUNT));
    CHECK_EQUAL(0, offer_bars(0, 0, &code)); /* nothing was refused */
    CHECK_EQUAL(AB_OK, code);
    CHECK_EQUAL(1, counted(AB_BACK_PRESSURED_COUNT));
    close();
}

int main(void) {
    RUN(an_array_goes_out_in_frames_of_one_type_with_one_publish_time);
    RUN(an_array_stops_at_the_first_element_that_cannot_go);
    RUN(a_frame_of_a_list_holds_what_fits_a_fragment_or_what_the_stream_says);
    return 0;
}
