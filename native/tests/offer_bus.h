/* One publication over the fake Aeron, for the tests of the way out: types 5 and 300, publisher 77, sequence 10 first. */
#ifndef OFFER_BUS_H
#define OFFER_BUS_H

#include "../ab_offer.h"
#include "check.h"
#include "fake_aeron.h"

static ab_publication *publication;
static ab_handle handle;

static const uint8_t bar[] = {0x92, 0x05, 0xa1, 'x'}; /* [5, "x"] */

static void configure(int frame, int format, ab_event *wake) {
    static const ab_type types[] = {{5, 3, 0}, {300, 1, 0}, {AB_TYPE_RAW, 0, 0}};
    CHECK_EQUAL(AB_OK, ab_publication_configure(handle, frame, format, 77, 10, types, 3, NULL, wake));
}

static void open(void) {
    fake_install();
    publication = ab_publication_create(fake_publication(), 0, 9, 1001, 8192, 1376);
    handle = ab_slot_open(AB_KIND_PUBLICATION, publication);
    configure(1, AB_FORMAT_MSGPACK, NULL);
}

static void close(void) {
    ab_slot_retire(handle, AB_KIND_PUBLICATION);
    CHECK_EQUAL(AB_OK, ab_slot_quiesce_wait(handle, 0x7fffffffffffffff));
    ab_publication_free(publication);
    fake_remove();
}

static int64_t counted(int counter) { return publication->counters[counter]; }

static void check_frame(size_t i, uint64_t sequence, int type, int version, const void *body, size_t length) {
    ab_frame frame;
    size_t offset;
    const fake_message *message = &fake.messages[i];
    CHECK(i < fake.message_count);
    CHECK_EQUAL(AB_OK, ab_frame_decode(message->bytes, message->length, &frame, &offset));
    CHECK_EQUAL(sequence, frame.sequence);
    CHECK_EQUAL(type, frame.type);
    CHECK_EQUAL(version, frame.schema_version);
    CHECK_EQUAL(77, frame.publisher);
    CHECK_EQUAL(0, frame.flags);
    CHECK_EQUAL(1, frame.count);
    CHECK_EQUAL(32, offset);
    CHECK(frame.publish_time_ns > 1500000000000000000); /* after 2017 */
    CHECK_EQUAL(length, message->length - 32);
    CHECK(memcmp(body, message->bytes + 32, length) == 0);
}

#endif
