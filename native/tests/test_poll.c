/*
 * ab_poll and its parts over the fake Aeron: lengths from the wire, reassembly, batch bounds, gaps, notices, images.
 *
 * How to read it: a test opens a subscription on images of the fake, appends frames, and takes everything with drain(), which
 * writes what came as one line of text: `+5#0` message of type 5 with sequence 0, `|` the end of a batch, and notices as
 * J joined, L left, G gap, U image up, D image down, R rewind, E events lost. The order is the assertion.
 */
#include "../ab_poll.h"

#include "../ab_bytes.h"
#include "check.h"
#include "fake_aeron.h"

static ab_subscription *subscription;
static ab_handle handle;
static char line[65536];

static void open_with(int frame, int format) {
    static const ab_type types[] = {{5, 1, 1}, {6, 1, 1}, {7, 1, 0}, {AB_TYPE_RAW, 0, 1}};
    fake_install();
    subscription = ab_subscription_create(fake_subscription(), 0);
    handle = ab_slot_open(AB_KIND_SUBSCRIPTION, subscription);
    CHECK_EQUAL(AB_OK, ab_subscription_configure(handle, frame, format, types, 4, NULL));
}

static void open(void) { open_with(1, AB_FORMAT_MSGPACK); }

static void close(void) {
    ab_slot_retire(handle, AB_KIND_SUBSCRIPTION);
    CHECK_EQUAL(AB_OK, ab_slot_quiesce_wait(handle, 0x7fffffffffffffff));
    ab_subscription_free(subscription);
    fake_remove();
}

static int64_t counted(int counter) { return subscription->counters[counter]; }

/* ---- what goes in ------------------------------------------------------------------------------------------------ */

typedef struct {
    uint8_t bytes[70000];
    size_t length;
} frame_bytes;

static frame_bytes made;

static void begin_frame(int type, int count, uint32_t publisher, uint64_t sequence, int flags, int format) {
    ab_frame frame = {.version = 1, .format = (uint8_t)format, .flags = (uint16_t)flags, .type = (uint16_t)type,
                      .schema_version = 3, .publisher = publisher, .count = (uint16_t)count, .header_length = 32,
                      .sequence = sequence, .publish_time_ns = 99};
    ab_frame_encode(&frame, made.bytes);
    made.length = AB_FRAME_LENGTH;
}

static void add(const void *bytes, size_t length) {
    memcpy(made.bytes + made.length, bytes, length);
    made.length += length;
}

/* [type, sequence as u32, text of `padding` bytes] */
static size_t body_into(uint8_t *to, int type, uint64_t sequence, size_t padding) {
    to[0] = 0x93;
    to[1] = 0xcd;
    to[2] = (uint8_t)(type >> 8);
    to[3] = (uint8_t)type;
    to[4] = 0xce;
    ab_put_be32(to + 5, (uint32_t)sequence);
    to[9] = 0xdb;
    ab_put_be32(to + 10, (uint32_t)padding);
    memset(to + 14, 'x', padding);
    return 14 + padding;
}

static void make_message(int type, uint32_t publisher, uint64_t sequence, size_t padding) {
    begin_frame(type, 1, publisher, sequence, 0, AB_FORMAT_MSGPACK);
    made.length += body_into(made.bytes + made.length, type, sequence, padding);
}

static void send(aeron_image_t *image, int type, uint32_t publisher, uint64_t sequence) {
    make_message(type, publisher, sequence, 3);
    fake_append(image, FAKE_WHOLE, made.bytes, made.length);
}

static void say(aeron_image_t *image, int control, uint32_t publisher, uint64_t next) {
    begin_frame(0, 0, publisher, next, control, 0);
    fake_append(image, FAKE_WHOLE, made.bytes, made.length);
}

static void send_many(aeron_image_t *image, uint32_t publisher, uint64_t sequence, int count) {
    begin_frame(5, count, publisher, sequence, 0, AB_FORMAT_MSGPACK);
    size_t table = made.length;
    made.length += (size_t)count * 4;
    for (int i = 0; i < count; i++) {
        size_t length = body_into(made.bytes + made.length, 5, sequence + (uint64_t)i, 2);
        ab_put_le32(made.bytes + table + (size_t)i * 4, (uint32_t)length);
        made.length += length;
    }
    fake_append(image, FAKE_WHOLE, made.bytes, made.length);
}

/* ---- what comes out ---------------------------------------------------------------------------------------------- */

static void check_body(const ab_record *record) {
    static uint8_t expected[70000];
    const ab_batch *batch = subscription->batch;
    if (subscription->format == AB_FORMAT_MSGPACK) {
        size_t length = body_into(expected, record->type_id, record->sequence, record->length - 14);
        CHECK_EQUAL(length, record->length);
        CHECK(memcmp(expected, batch->bytes + record->offset, length) == 0); /* inv_body_belongs_to_its_record */
        CHECK_EQUAL(3, record->version);
        CHECK_EQUAL(99, record->publish_time_ns);
    }
}

/* The next batch, notices dropped. Its records stay until another comes. */
static int poll_batch(void) {
    int result;
    while ((result = ab_poll(subscription, NULL)) == AB_POLL_NOTICES) {
        ab_notice notice;
        while (ab_poll_notice(subscription, &notice)) {
        }
    }
    return result > 0 ? ab_poll_handover(subscription) : result;
}

static const char *drain(void) {
    char *to = line;
    for (int idle = 0; idle < 3;) {
        bool worked = false;
        int result = ab_poll(subscription, &worked);
        CHECK(to < line + sizeof line - 100);
        if (result == AB_POLL_NOTICES) {
            ab_notice notice;
            while (ab_poll_notice(subscription, &notice)) {
                to += sprintf(to, "%c", "?JLGUDRE"[notice.kind]);
                if (notice.kind == AB_GAP || notice.kind == AB_REWIND) {
                    to += sprintf(to, "%d-%d", (int)notice.first, (int)notice.last);
                } else if (notice.kind == AB_IMAGE_UP || notice.kind == AB_IMAGE_DOWN) {
                    to += sprintf(to, "%d@%d", (int)notice.session_id, (int)notice.position);
                } else {
                    to += sprintf(to, "%d", (int)(notice.kind == AB_EVENTS_LOST ? notice.first : notice.publisher));
                }
                to += sprintf(to, " ");
            }
        } else if (result > 0) {
            const ab_batch *batch = subscription->batch;
            CHECK_EQUAL(result, ab_poll_handover(subscription));
            CHECK_EQUAL(result, batch->count);
            CHECK_EQUAL(0xdd, batch->bytes[AB_BATCH_ARRAY]);
            CHECK_EQUAL(result, ab_be32(batch->bytes + AB_BATCH_ARRAY + 1));
            size_t offset = AB_BATCH_HEAD;
            for (uint32_t i = 0; i < batch->count; i++) {
                const ab_record *record = &batch->records[i];
                CHECK_EQUAL(offset, record->offset); /* bodies lie one after another, nothing in between */
                offset += record->length;
                check_body(record);
                to += sprintf(to, "+%d#%d ", record->type_id, (int)record->sequence);
            }
            CHECK_EQUAL(batch->length, offset);
            to += sprintf(to, "| ");
        } else {
            CHECK_EQUAL(0, result);
            idle = worked ? 0 : idle + 1;
        }
    }
    *to = '\0';
    return line;
}

#define CHECK_DRAINED(expected) \
    do { \
        const char *drained_ = drain(); \
        if (strcmp((expected), drained_) != 0) { \
            fprintf(stderr, "%s:%d: %s: came '%s', expected '%s'\n", __FILE__, __LINE__, __func__, drained_, (expected)); \
            exit(1); \
        } \
    } while (0)

/* ---- the plain way ----------------------------------------------------------------------------------------------- */

static void messages_come_in_order_with_their_records(void) {
    open();
    aeron_image_t *image = fake_image(1, 16, 1408, INT32_MAX, 65536 * 7 + 64); /* the term id wraps round in the next term */
    fake_announce(subscription, image);
    for (int i = 0; i < 3; i++) {
        send(image, 5 + (i & 1), 77, (uint64_t)i);
    }
    CHECK_DRAINED("U1@458816 J77 +5#0 +6#1 +5#2 | ");
    const ab_record *record = &subscription->batch->records[2];
    CHECK_EQUAL(image->tail, record->position);
    CHECK_EQUAL(1, record->session_id);
    CHECK_EQUAL(77, record->publisher);
    CHECK_EQUAL(3, counted(AB_RECEIVED));
    CHECK_EQUAL(3 * 17, counted(AB_RECEIVED_BYTES));
    CHECK_EQUAL(2, subscription->types[0].delivered);
    close();
}

static void what_is_unknown_unwanted_or_malformed_is_counted_and_the_rest_comes(void) {
    open();
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    send(image, 5, 77, 0);
    send(image, 9, 77, 1);                         /* not declared */
    send(image, 7, 77, 2);                         /* declared, nobody takes it */
    make_message(5, 77, 3, 3);
    fake_append(image, FAKE_WHOLE, made.bytes, made.length - 1); /* cut */
    make_message(5, 77, 4, 3);
    add("\xc0", 1);                                /* one value too many */
    fake_append(image, FAKE_WHOLE, made.bytes, made.length);
    make_message(5, 77, 5, 3);
    made.bytes[AB_FRAME_TYPE_OFFSET] = 6;          /* the header says 6, the body 5 */
    fake_append(image, FAKE_WHOLE, made.bytes, made.length);
    begin_frame(5, 1, 77, 6, 0, AB_FORMAT_MSGPACK); /* no body at all */
    fake_append(image, FAKE_WHOLE, made.bytes, made.length);
    make_message(5, 77, 7, 3);
    made.bytes[AB_FRAME_FORMAT_OFFSET] = AB_FORMAT_JSON;
    fake_append(image, FAKE_WHOLE, made.bytes, made.length);
    fake_append(image, FAKE_WHOLE, "not ours", 8);
    fake_append(image, FAKE_WHOLE, NULL, 0);
    send(image, 5, 77, 8);
    CHECK_DRAINED("J77 +5#0 +5#8 | ");
    CHECK_EQUAL(2, counted(AB_RECEIVED));
    CHECK_EQUAL(1, counted(AB_UNKNOWN));
    CHECK_EQUAL(1, counted(AB_UNWANTED));
    CHECK_EQUAL(7, counted(AB_MALFORMED_COUNT));
    CHECK_EQUAL(8, counted(AB_QUARANTINED));
    CHECK_EQUAL(0, counted(AB_GAPS));

    static const int reasons[] = {AB_REASON_UNKNOWN_TYPE, AB_REASON_MALFORMED, AB_REASON_MALFORMED, AB_REASON_MALFORMED,
                                  AB_REASON_MALFORMED, AB_REASON_FORMAT, AB_REASON_FRAME, AB_REASON_FRAME};
    ab_quarantine copy;
    const uint8_t *body;
    CHECK_EQUAL(AB_OK, ab_quarantine_snapshot(&subscription->quarantine, &copy));
    CHECK_EQUAL(8, ab_quarantine_count(&copy));
    for (size_t i = 0; i < 8; i++) {
        CHECK_EQUAL(reasons[i], ab_quarantine_at(&copy, i, &body)->reason);
        CHECK_EQUAL(1, ab_quarantine_at(&copy, i, &body)->session_id);
        CHECK(ab_quarantine_at(&copy, i, &body)->position > 0);
    }
    CHECK_EQUAL(8, ab_quarantine_at(&copy, 6, &body)->kept);
    CHECK(memcmp("not ours", body, 8) == 0);
    ab_quarantine_free(&copy);
    close();
}

static void a_raw_stream_without_our_frame_takes_every_byte(void) {
    open_with(0, AB_FORMAT_RAW);
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    fake_append(image, FAKE_WHOLE, "abc", 3);
    fake_append(image, FAKE_WHOLE, "", 0);
    CHECK_DRAINED("+1#0 +1#0 | ");
    CHECK_EQUAL(3, subscription->batch->records[0].length);
    CHECK(memcmp("abc", subscription->batch->bytes + AB_BATCH_HEAD, 3) == 0);
    close();
}

static void a_json_body_must_begin_with_its_type(void) {
    static const char *const bodies[] = {"[5,1]", "[6,1]", "[[5]]", "[5"};
    open_with(1, AB_FORMAT_JSON);
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    for (uint64_t i = 0; i < 4; i++) {
        begin_frame(5, 1, 77, i, 0, AB_FORMAT_JSON);
        add(bodies[i], strlen(bodies[i]));
        fake_append(image, FAKE_WHOLE, made.bytes, made.length);
    }
    CHECK_DRAINED("J77 +5#0 | ");
    CHECK_EQUAL(3, counted(AB_MALFORMED_COUNT));
    close();
}

static void a_rejected_message_is_quarantined_with_its_address(void) {
    open();
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    send(image, 5, 77, 0);
    send(image, 6, 77, 1);
    CHECK_EQUAL(2, poll_batch());
    CHECK_EQUAL(AB_OK, ab_poll_reject(subscription, 1, AB_REASON_DECODE, "expected int"));
    CHECK_EQUAL(AB_OK, ab_poll_reject(subscription, 0, AB_REASON_HANDLER, "ValueError"));
    CHECK_EQUAL(AB_INVALID, ab_poll_reject(subscription, 2, AB_REASON_HANDLER, ""));
    CHECK_EQUAL(2, counted(AB_QUARANTINED));
    CHECK_EQUAL(1, counted(AB_MALFORMED_COUNT));
    CHECK_EQUAL(1, counted(AB_UNDECODED));
    CHECK_EQUAL(2, counted(AB_RECEIVED));
    ab_quarantine copy;
    const uint8_t *body;
    CHECK_EQUAL(AB_OK, ab_quarantine_snapshot(&subscription->quarantine, &copy));
    const ab_quarantine_entry *entry = ab_quarantine_at(&copy, 0, &body);
    CHECK_EQUAL(image->tail, entry->position);
    CHECK_EQUAL(1, entry->sequence);
    CHECK_EQUAL(6, entry->type_id);
    CHECK_EQUAL(17, entry->kept);
    CHECK_EQUAL(0x93, body[0]);
    ab_quarantine_free(&copy);
    close();
}

/* ---- hostile lengths (finding 1) --------------------------------------------------------------------------------- */

static void impossible_frames_are_dropped_and_the_stream_goes_on(void) {
    static const struct {
        int32_t frame_length;
        int type;
        int32_t term_offset; /* -1: honest */
        int64_t occupies;
    } frames[] = {
        {1, 1, -1, 32}, {16, 1, -1, 32}, {31, 1, -1, 32},  /* shorter than a header */
        {32, 1, 65536, 32}, {32, 1, -32, 32}, {64, 1, 65504, 64}, {32, 1, 1, 32}, /* lies about its place */
        {32, 2, -1, 32}, {32, 0x1ff, -1, 32},              /* no data frame */
    };
    open();
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    send(image, 5, 77, 0);
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        int32_t offset = frames[i].term_offset == -1 ? (int32_t)image->tail : frames[i].term_offset;
        fake_append_header(image, frames[i].frame_length, FAKE_WHOLE, frames[i].type, offset, frames[i].occupies);
    }
    send(image, 5, 77, 1);
    CHECK_DRAINED("J77 +5#0 +5#1 | ");
    CHECK_EQUAL(sizeof frames / sizeof *frames, counted(AB_INVALID_FRAMES));

    /* A length far beyond the term: Aeron itself goes to the term's end and past; we must not read there. */
    fake_append_header(image, INT32_MAX, FAKE_WHOLE, 1, (int32_t)image->tail, 32);
    bool worked;
    CHECK_EQUAL(0, ab_poll(subscription, &worked));
    CHECK_EQUAL(1 + sizeof frames / sizeof *frames, counted(AB_INVALID_FRAMES));
    close();
}

static void a_frame_longer_than_the_mtu_cannot_have_come_by_it(void) {
    open();
    aeron_image_t *image = fake_image(1, 16, 128, 0, 0);
    fake_announce(subscription, image);
    send(image, 5, 77, 0);
    make_message(5, 77, 1, 200);
    fake_append(image, FAKE_WHOLE, made.bytes, made.length);
    send(image, 5, 77, 2);
    CHECK_DRAINED("U1@0 J77 +5#0 | G1-1 +5#2 | ");
    CHECK_EQUAL(1, counted(AB_INVALID_FRAMES));
    close();
}

static void a_header_that_aeron_will_not_read_is_an_invalid_frame(void) {
    open();
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    send(image, 5, 77, 0);
    fake.fail_header = 1;
    CHECK_DRAINED("");
    CHECK_EQUAL(1, counted(AB_INVALID_FRAMES));
    close();
}

static void positions_never_go_back(void) {
    open();
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 65536);
    send(image, 5, 77, 0);
    make_message(5, 77, 1, 3);
    fake_append(image, FAKE_WHOLE, made.bytes, made.length);
    ((aeron_header_values_frame_t *)(image->terms[1] + 96))->term_id = 0; /* a frame that says it is from the term before */
    send(image, 5, 77, 1);
    CHECK_DRAINED("J77 +5#0 +5#1 | ");
    CHECK_EQUAL(1, counted(AB_INVALID_FRAMES));
    close();
}

/* ---- reassembly -------------------------------------------------------------------------------------------------- */

static void fragments_become_one_message(void) {
    open();
    aeron_image_t *image = fake_image(1, 16, 128, 0, 0);
    fake_announce(subscription, image);
    make_message(5, 77, 0, 1000);
    fake_append_fragments(image, made.bytes, made.length);
    send(image, 5, 77, 1);
    CHECK_DRAINED("U1@0 J77 +5#0 +5#1 | ");
    CHECK_EQUAL(0, counted(AB_INVALID_FRAMES));
    CHECK_EQUAL(1014, subscription->batch->records[0].length);
    close();
}

static void two_sessions_assemble_side_by_side(void) {
    open();
    aeron_image_t *one = fake_image(1, 16, 128, 0, 0), *two = fake_image(2, 16, 128, 0, 0);
    for (uint64_t i = 0; i < 5; i++) {
        make_message(5, 71, i, 300);
        fake_append_fragments(one, made.bytes, made.length);
        make_message(6, 72, i, 500);
        fake_append_fragments(two, made.bytes, made.length);
    }
    /* Round robin begins with the first image; its five end the batch where the other's publisher is met. */
    CHECK_DRAINED("J72 +6#0 +6#1 +6#2 +6#3 +6#4 | J71 +5#0 +5#1 +5#2 +5#3 +5#4 | ");
    close();
}

/* Take one fragment of a cut message away, and see one invalid frame, one gap and everything else. */
static void a_message_with_a_lost_fragment_counts_once(void) {
    for (int lost = 0; lost < 4; lost++) {
        open();
        aeron_image_t *image = fake_image(1, 16, 128, 0, 0);
        send(image, 5, 77, 0);
        make_message(5, 77, 1, 300);
        for (size_t offset = 0, i = 0; offset < made.length; offset += 96, i++) {
            size_t part = made.length - offset < 96 ? made.length - offset : 96;
            int flags = (offset == 0 ? FAKE_BEGIN : 0) | (offset + part == made.length ? FAKE_END : 0);
            if ((int)i == lost) {
                fake_append_header(image, 128, 0, 0, (int32_t)image->tail, 128); /* padding, as a gap filled by the driver */
            } else {
                fake_append(image, flags, made.bytes + offset, part);
            }
        }
        send(image, 5, 77, 2);
        CHECK_DRAINED("J77 +5#0 | G1-1 +5#2 | ");
        CHECK_EQUAL(1, counted(AB_INVALID_FRAMES));
        CHECK_EQUAL(1, counted(AB_MISSING));
        close();
    }
}

static void a_half_message_goes_with_its_image(void) {
    open();
    aeron_image_t *image = fake_image(1, 16, 128, 0, 0);
    fake_announce(subscription, image);
    make_message(5, 77, 0, 300);
    fake_append(image, FAKE_BEGIN, made.bytes, 96);
    CHECK_DRAINED("U1@0 ");
    fake_image_leaves(subscription, image);
    CHECK_DRAINED("D1@128 ");
    CHECK_EQUAL(1, counted(AB_INVALID_FRAMES));
    CHECK_EQUAL(0, subscription->reassembly_bytes);
    image = fake_image(1, 16, 128, 0, 0);
    fake_announce(subscription, image);
    fake_append(image, FAKE_END, made.bytes + 96, made.length - 96); /* the other half must not complete it */
    CHECK_DRAINED("U1@0 ");
    CHECK_EQUAL(2, counted(AB_INVALID_FRAMES));
    close();
}

static void reassembly_stops_at_its_limits(void) {
    open();
    enum { BITS = 25, PART = 1 << 20 };
    aeron_image_t *image = fake_image(1, BITS, PART + 32, 0, 0);
    uint8_t *part = calloc(1, PART);
    for (int i = 0; i < 17; i++) { /* 17 MiB: one more than Aeron's largest message */
        fake_append(image, i == 0 ? FAKE_BEGIN : i == 16 ? FAKE_END : FAKE_MIDDLE, part, PART - 64);
    }
    send(image, 5, 77, 0);
    CHECK_DRAINED("J77 +5#0 | ");
    CHECK_EQUAL(1, counted(AB_INVALID_FRAMES));
    CHECK_EQUAL(0, subscription->reassembly_bytes);
    close();

    open(); /* five sessions of 15 MiB each, their buffers 16 MiB: the fifth finds no room */
    aeron_image_t *images[5];
    for (int s = 0; s < 5; s++) {
        images[s] = fake_image(s, BITS, PART + 32, 0, 0);
        for (int i = 0; i < 15; i++) {
            fake_append(images[s], i == 0 ? FAKE_BEGIN : FAKE_MIDDLE, part, PART - 64);
        }
    }
    CHECK_DRAINED("");
    CHECK_EQUAL(1, counted(AB_INVALID_FRAMES));
    CHECK(subscription->reassembly_bytes <= AB_REASSEMBLY_MAX);
    for (int s = 0; s < 5; s++) {
        fake_image_leaves(subscription, images[s]);
    }
    drain();
    CHECK_EQUAL(0, subscription->reassembly_bytes);
    CHECK_EQUAL(5, counted(AB_INVALID_FRAMES)); /* each lost message once */
    free(part);
    close();
}

/* ---- the bounds of a batch --------------------------------------------------------------------------------------- */

static void a_batch_ends_at_256_messages(void) {
    open();
    aeron_image_t *image = fake_image(1, 20, 1408, 0, 0);
    for (uint64_t i = 0; i < 600; i++) {
        send(image, 5, 77, i);
    }
    CHECK_EQUAL(256, poll_batch());
    CHECK_EQUAL(256, poll_batch());
    CHECK_EQUAL(256, subscription->batch->records[0].sequence);
    CHECK_EQUAL(88, poll_batch());
    CHECK_EQUAL(0, poll_batch());
    CHECK_EQUAL(600, counted(AB_RECEIVED));
    close();
}

static void a_batch_ends_at_64_kib_and_a_larger_message_has_one_alone(void) {
    open();
    aeron_image_t *image = fake_image(1, 20, 65504, 0, 0);
    static const size_t padding[] = {30000 - 14, 30000 - 14, 65536 - 14 - 60000, 1, 66000, 1};
    for (uint64_t i = 0; i < 6; i++) {
        make_message(5, 77, i, padding[i]);
        fake_append_fragments(image, made.bytes, made.length);
    }
    CHECK_DRAINED("J77 +5#0 +5#1 +5#2 | +5#3 | +5#4 | +5#5 | "); /* the third fills it to the byte */
    CHECK(subscription->batch->capacity > AB_BATCH_HEAD + AB_BATCH_BYTES);
    for (uint64_t i = 6; i < 100; i++) {
        send(image, 5, 77, i);
        drain();
    }
    CHECK_EQUAL(AB_BATCH_HEAD + AB_BATCH_BYTES, subscription->batch->capacity); /* given back */
    close();
}

static void a_ready_batch_waits_until_it_is_handed_over(void) {
    open();
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    send(image, 5, 77, 0);
    CHECK_EQUAL(AB_POLL_NOTICES, ab_poll(subscription, NULL));
    CHECK_EQUAL(AB_POLL_NOTICES, ab_poll(subscription, NULL));
    ab_notice notice;
    CHECK(ab_poll_notice(subscription, &notice));
    CHECK_EQUAL(1, ab_poll(subscription, NULL));
    send(image, 5, 77, 1);
    CHECK_EQUAL(1, ab_poll(subscription, NULL));
    CHECK_EQUAL(2, fake.polls); /* the first aborts: it meets the image */
    CHECK_EQUAL(1, ab_poll_handover(subscription));
    CHECK_EQUAL(1, ab_poll(subscription, NULL));
    CHECK_EQUAL(3, fake.polls);
    close();
}

static void batch_frames_are_opened_and_cut_where_the_batch_is_full(void) {
    open();
    aeron_image_t *image = fake_image(1, 20, 65504, 0, 0);
    send(image, 5, 77, 0);
    send_many(image, 77, 1, 300);
    send_many(image, 77, 301, 2);
    CHECK_EQUAL(256, poll_batch());
    CHECK_EQUAL(254, subscription->batch->records[255].index);
    CHECK_EQUAL(47, poll_batch());
    const ab_batch *batch = subscription->batch;
    CHECK_EQUAL(256, batch->records[0].sequence);
    CHECK_EQUAL(255, batch->records[0].index);
    CHECK_EQUAL(302, batch->records[46].sequence);
    CHECK_EQUAL(1, batch->records[46].index);
    CHECK(batch->records[44].position < batch->records[46].position);
    CHECK_EQUAL(303, counted(AB_RECEIVED));
    CHECK_EQUAL(0, counted(AB_GAPS));
    close();
}

static void what_was_not_taken_of_a_cut_batch_frame_is_missed_when_its_image_goes(void) {
    open();
    aeron_image_t *image = fake_image(1, 20, 65504, 0, 0);
    send_many(image, 77, 0, 300);
    CHECK_EQUAL(256, poll_batch());
    fake_image_leaves(subscription, image);
    image = fake_image(2, 20, 65504, 0, 0);
    send(image, 5, 77, 300);
    CHECK_DRAINED("D1@0 J77 G256-299 +5#300 | ");
    CHECK_EQUAL(44, counted(AB_MISSING));
    close();
}

static void a_batch_frame_whose_lengths_lie_is_malformed_as_a_whole(void) {
    open();
    aeron_image_t *image = fake_image(1, 20, 65504, 0, 0);
    send(image, 5, 77, 0);
    send_many(image, 77, 1, 3);
    send_many(image, 77, 4, 3);
    /* one byte more in the first length of the second frame */
    image->terms[0][96 + 32 + 32]++;
    CHECK_DRAINED("J77 +5#0 +5#4 +5#5 +5#6 | ");
    CHECK_EQUAL(3, counted(AB_MALFORMED_COUNT)); /* its three messages */
    CHECK_EQUAL(1, counted(AB_QUARANTINED));
    CHECK_EQUAL(0, counted(AB_GAPS));
    close();
}

static void after_a_full_batch_the_other_images_are_aborted_too(void) {
    open();
    aeron_image_t *one = fake_image(1, 20, 1408, 0, 0), *two = fake_image(2, 20, 1408, 0, 0);
    for (uint64_t i = 0; i < 300; i++) {
        send(one, 5, 71, i);
        send(two, 5, 72, i);
    }
    int total = 0, result;
    uint64_t next[2] = {0, 0};
    while ((result = poll_batch()) > 0) {
        total += result;
        for (int i = 0; i < result; i++) {
            const ab_record *record = &subscription->batch->records[i];
            CHECK_EQUAL(next[record->session_id - 1]++, record->sequence);
        }
    }
    CHECK_EQUAL(600, total);
    CHECK_EQUAL(0, counted(AB_GAPS));
    close();
}

/* ---- sequences and notices --------------------------------------------------------------------------------------- */

static void a_gap_is_told_between_the_messages_around_it(void) {
    open();
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    send(image, 5, 77, 4); /* a late join: no gap */
    send(image, 5, 77, 5);
    send(image, 5, 77, 9);
    send(image, 5, 77, 10);
    CHECK_DRAINED("J77 +5#4 +5#5 | G6-8 +5#9 +5#10 | ");
    CHECK_EQUAL(1, counted(AB_GAPS));
    CHECK_EQUAL(3, counted(AB_MISSING));
    close();
}

static void the_loss_of_the_last_messages_is_seen_by_beat_and_bye(void) {
    open();
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    say(image, AB_HELLO, 77, 0);
    say(image, AB_BEAT, 77, 0);
    send(image, 5, 77, 0);
    say(image, AB_BEAT, 77, 1);
    say(image, AB_BEAT, 77, 3);
    send(image, 5, 77, 3);
    say(image, AB_BYE, 77, 5);
    say(image, AB_BYE, 77, 5);
    CHECK_DRAINED("J77 +5#0 | G1-2 +5#3 | G4-4 L77 ");
    CHECK_EQUAL(3, counted(AB_MISSING));
    CHECK_EQUAL(2, counted(AB_RECEIVED)); /* Hello, Beat and Bye count nowhere */
    CHECK_EQUAL(0, counted(AB_UNKNOWN) + counted(AB_MALFORMED_COUNT));
    close();
}

static void a_gap_across_a_reconnect_is_seen(void) {
    open();
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    send(image, 5, 77, 0);
    CHECK_DRAINED("J77 +5#0 | ");
    image->end_of_stream = 500;
    fake_image_leaves(subscription, image);
    image = fake_image(2, 16, 1408, 0, 0);
    fake_announce(subscription, image);
    say(image, AB_HELLO, 77, 7);
    send(image, 5, 77, 7);
    CHECK_DRAINED("D1@96 U2@0 J77 G1-6 +5#7 | ");
    close();
}

static void a_new_publisher_on_a_session_starts_afresh(void) {
    open();
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    send(image, 5, 77, 0);
    send(image, 5, 78, 0);
    send(image, 5, 78, 1);
    CHECK_DRAINED("J77 +5#0 | L77 J78 +5#0 +5#1 | ");
    CHECK_EQUAL(0, counted(AB_GAPS));
    close();
}

static void a_rewind_is_told_and_delivered(void) {
    open();
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    send(image, 5, 77, 5);
    send(image, 5, 77, 5);
    send(image, 5, 77, 6);
    CHECK_DRAINED("J77 +5#5 | R5-6 +5#5 +5#6 | ");
    CHECK_EQUAL(3, counted(AB_RECEIVED));
    CHECK_EQUAL(0, counted(AB_GAPS));
    close();
}

static void a_forged_sequence_cannot_make_a_counter_negative(void) {
    open();
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    send(image, 5, 77, 0);
    send(image, 5, 77, UINT64_MAX);
    send(image, 5, 77, UINT64_MAX); /* the next after it is 0: this is far ahead again */
    int batches = 0;
    while (poll_batch() > 0) {
        batches++;
    }
    CHECK_EQUAL(3, batches);
    CHECK_EQUAL(INT64_MAX, counted(AB_MISSING));
    CHECK_EQUAL(2, counted(AB_GAPS));
    close();
}

static void more_notices_than_there_is_room_for_wait_in_the_log(void) {
    open();
    aeron_image_t *image = fake_image(1, 20, 1408, 0, 0);
    for (uint32_t publisher = 1; publisher <= 2000; publisher++) {
        say(image, AB_HELLO, publisher, publisher);
    }
    int joined = 0, left = 0, result;
    bool worked = true;
    while ((result = ab_poll(subscription, &worked)) == AB_POLL_NOTICES || worked) {
        ab_notice notice;
        worked = false;
        CHECK(subscription->notice_count <= AB_NOTICES);
        while (ab_poll_notice(subscription, &notice)) {
            joined += notice.kind == AB_PUBLISHER_JOINED;
            left += notice.kind == AB_PUBLISHER_LEFT;
            CHECK_EQUAL(notice.publisher, notice.first);
        }
    }
    CHECK_EQUAL(2000, joined);
    CHECK_EQUAL(1999, left);
    close();
}

/* ---- images ------------------------------------------------------------------------------------------------------ */

static void a_session_that_comes_again_begins_anew(void) {
    open();
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 65536);
    fake_announce(subscription, image);
    send(image, 5, 77, 0);
    CHECK_DRAINED("U1@65536 J77 +5#0 | ");
    fake_image_leaves(subscription, image);
    image = fake_image(1, 16, 1408, 0, 0); /* the same id, a lower position */
    fake_announce(subscription, image);
    send(image, 5, 77, 1);
    CHECK_DRAINED("D1@65632 U1@0 J77 +5#1 | ");
    CHECK_EQUAL(0, counted(AB_INVALID_FRAMES));
    close();
}

/* The list shows the new image before its event is in the ring, and the old one's departure came in between. */
static void an_image_seen_before_its_events_loses_nothing(void) {
    open();
    aeron_image_t *old = fake_image(1, 16, 1408, 0, 65536);
    fake_announce(subscription, old);
    send(old, 5, 77, 0);
    CHECK_DRAINED("U1@65536 J77 +5#0 | ");
    old->listed = false;
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    send(image, 5, 77, 1);
    /* the conductor is half-way: departure told, arrival not, and the poller is already past its look at the ring */
    ab_on_unavailable_image(subscription, fake_subscription(), old);
    CHECK_DRAINED("D1@65632 J77 +5#1 | ");
    fake_announce(subscription, image);
    send(image, 5, 77, 2);
    CHECK_DRAINED("U1@0 +5#2 | ");
    CHECK_EQUAL(0, counted(AB_INVALID_FRAMES));
    close();
}

static void an_event_that_comes_in_the_middle_of_a_pass_is_told_in_its_place(void) {
    open();
    aeron_image_t *old = fake_image(1, 16, 1408, 0, 65536);
    send(old, 5, 77, 0);
    CHECK_DRAINED("J77 +5#0 | ");
    ab_poll_begin(subscription);
    ab_on_unavailable_image(subscription, fake_subscription(), old);
    aeron_header_values_t values = {
        .frame = {.frame_length = 32 + 49, .flags = FAKE_WHOLE, .type = 1, .session_id = 1}, .position_bits_to_shift = 16};
    make_message(5, 77, 1, 3);
    CHECK_EQUAL(49, made.length);
    CHECK_EQUAL(AERON_ACTION_CONTINUE, ab_poll_take(subscription, &values, made.bytes, made.length));
    values.frame.term_offset = 96;
    make_message(5, 77, 2, 3);
    ab_image_event_put(subscription, &(ab_image_event){.kind = AB_IMAGE_JOINED, .session_id = 1, .mtu_length = 1408});
    values.frame.session_id = 9; /* unknown, events wait, and the batch has a message: the batch ends */
    CHECK_EQUAL(AERON_ACTION_ABORT, ab_poll_take(subscription, &values, made.bytes, made.length));
    CHECK_EQUAL(AERON_ACTION_ABORT, ab_poll_take(subscription, &values, made.bytes, made.length));
    old->listed = false;
    CHECK_DRAINED("D1@65632 J77 +5#1 | U1@0 ");
    close();
}

static void more_sessions_than_the_table_holds_make_room_by_age(void) {
    open();
    aeron_image_t *images[70];
    for (int s = 0; s < 70; s++) {
        images[s] = fake_image(s, 16, 1408, 0, 0);
        send(images[s], 5, 1000 + (uint32_t)s, 0);
        drain();
    }
    for (int s = 69; s >= 0; s--) {
        send(images[s], 5, 1000 + (uint32_t)s, 1);
        drain();
    }
    CHECK_EQUAL(140, counted(AB_RECEIVED));
    CHECK_EQUAL(0, counted(AB_GAPS));
    CHECK_EQUAL(0, counted(AB_INVALID_FRAMES));
    close();
}

static void publishers_are_remembered_until_256_newer_ones_came(void) {
    open();
    uint32_t id = 1;
    for (; id <= AB_PUBLISHERS + 1; id++) {
        aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
        send(image, 5, id, 0);
        drain();
        fake_image_leaves(subscription, image);
        drain();
        free(image->terms[0]); /* the fake may use its place again */
        free(image->terms[1]);
        free(image->terms[2]);
        image->terms[0] = NULL;
    }
    aeron_image_t *image = fake_image(2, 16, 1408, 0, 0);
    send(image, 5, 3, 2); /* remembered */
    send(image, 5, 1, 2); /* forgotten */
    CHECK_DRAINED("J3 G1-1 +5#2 | L3 J1 +5#2 | ");
    close();
}

static void events_that_found_the_ring_full_are_told(void) {
    open();
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    fake_announce(subscription, image);
    send(image, 5, 77, 0);
    drain();
    for (unsigned i = 0; i < AB_IMAGE_EVENTS + 5; i++) {
        ab_image_event_put(subscription, &(ab_image_event){.kind = AB_IMAGE_LEFT, .session_id = 1000 + (int)i});
    }
    int down = 0, lost = 0;
    while (ab_poll(subscription, NULL) == AB_POLL_NOTICES) {
        ab_notice notice;
        while (ab_poll_notice(subscription, &notice)) {
            down += notice.kind == AB_IMAGE_DOWN;
            lost += notice.kind == AB_EVENTS_LOST ? (int)notice.first : 0;
        }
    }
    CHECK_EQUAL(AB_IMAGE_EVENTS, down);
    CHECK_EQUAL(5, lost);
    send(image, 5, 77, 1); /* and the session that was doubted goes on */
    CHECK_DRAINED("+5#1 | ");
    CHECK_EQUAL(0, counted(AB_INVALID_FRAMES));
    close();
}

/* ---- around it --------------------------------------------------------------------------------------------------- */

static void a_failing_poll_says_why_and_keeps_what_came(void) {
    open();
    fake.fail_poll = 1;
    fake.errcode = 22;
    fake.errmsg = "the log is gone";
    CHECK_EQUAL(AB_FAILED, ab_poll(subscription, NULL));
    CHECK_EQUAL(22, subscription->error.errcode);
    CHECK(strcmp("the log is gone", subscription->error.text) == 0);
    CHECK_EQUAL(0, ab_poll(subscription, NULL));
    close();
}

static void a_pass_of_only_unwanted_messages_says_it_worked(void) {
    open();
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    say(image, AB_HELLO, 77, 0);
    drain();
    send(image, 7, 77, 0);
    bool worked = false;
    CHECK_EQUAL(0, ab_poll(subscription, &worked));
    CHECK(worked);
    worked = false;
    CHECK_EQUAL(0, ab_poll(subscription, &worked));
    CHECK(!worked);
    close();
}

static void before_it_is_configured_nothing_is_taken_but_images_are_serviced(void) {
    open();
    subscription->configured = false;
    aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
    send(image, 5, 77, 0);
    CHECK_EQUAL(0, ab_poll(subscription, NULL));
    CHECK_EQUAL(0, image->position);
    CHECK_EQUAL(1, fake.services);
    close();
}

static void wrong_configurations_are_refused(void) {
    static const ab_type twice[] = {{5, 1, 1}, {5, 2, 1}}, ours[] = {{0, 1, 1}}, good[] = {{5, 1, 1}};
    open();
    CHECK_EQUAL(AB_INVALID, ab_subscription_configure(handle, 1, AB_FORMAT_MSGPACK, twice, 2, NULL));
    CHECK_EQUAL(AB_INVALID, ab_subscription_configure(handle, 1, AB_FORMAT_MSGPACK, ours, 1, NULL));
    CHECK_EQUAL(AB_INVALID, ab_subscription_configure(handle, 0, AB_FORMAT_MSGPACK, good, 1, NULL));
    CHECK_EQUAL(AB_INVALID, ab_subscription_configure(handle, 2, AB_FORMAT_RAW, good, 1, NULL));
    CHECK_EQUAL(AB_INVALID, ab_subscription_configure(handle, 1, 3, good, 1, NULL));
    CHECK_EQUAL(AB_INVALID, ab_subscription_configure(handle, 1, -1, good, 1, NULL));
    CHECK_EQUAL(AB_STALE, ab_subscription_configure(handle + 1, 1, 1, good, 1, NULL));
    int64_t counters[AB_STREAM_COUNTERS] = {0};
    CHECK_EQUAL(AB_OK, ab_subscription_configure(handle, 1, AB_FORMAT_MSGPACK, good, 1, counters));
    send(fake_image(1, 16, 1408, 0, 0), 5, 77, 0);
    drain();
    CHECK_EQUAL(1, counters[AB_RECEIVED]);
    close();
}

/* Whatever the bytes: no read outside (a sanitizer watches), and every frame ends in exactly one counter. */
static void random_frames_are_each_counted_once(void) {
    open();
    uint64_t seed = 99, sent = 0;
    for (int round = 0; round < 200; round++) {
        aeron_image_t *image = fake_image(1, 16, 1408, 0, 0);
        fake_announce(subscription, image);
        int64_t before = 0, after = 0;
        static const int kinds[] = {AB_RECEIVED, AB_UNKNOWN, AB_UNWANTED, AB_MALFORMED_COUNT};
        for (int k = 0; k < 4; k++) {
            before += counted(kinds[k]);
        }
        int frames = 0;
        for (; image->tail < 60000; frames++) {
            make_message(5 + (int)(check_random(&seed) % 4), 77, sent++, check_random(&seed) % 40);
            int flips = (int)(check_random(&seed) % 3);
            for (int i = 0; i < flips; i++) {
                size_t at = 32 + check_random(&seed) % (made.length - 32); /* bodies only: headers may say count 50 */
                made.bytes[at] ^= (uint8_t)(1 << (check_random(&seed) % 8));
            }
            fake_append(image, FAKE_WHOLE, made.bytes, made.length - check_random(&seed) % 2);
        }
        while (poll_batch() > 0) {
        }
        for (int k = 0; k < 4; k++) {
            after += counted(kinds[k]);
        }
        CHECK_EQUAL(frames, after - before);
        fake_image_leaves(subscription, image);
        poll_batch();
        for (int term = 0; term < 3; term++) {
            free(image->terms[term]);
            image->terms[term] = NULL;
        }
    }
    CHECK(counted(AB_MALFORMED_COUNT) > 1000 && counted(AB_RECEIVED) > 1000);
    close();
}

static void random_headers_never_lead_outside(void) {
    open();
    uint64_t seed = 5;
    for (int round = 0; round < 300; round++) {
        aeron_image_t *image = fake_image((int32_t)(round % 7), 16, 1408, 0, 0);
        while (image->tail < 60000) {
            make_message(5, 1 + (uint32_t)(check_random(&seed) % 3), check_random(&seed) % 100, check_random(&seed) % 200);
            int flips = (int)(check_random(&seed) % 6);
            for (int i = 0; i < flips; i++) {
                made.bytes[check_random(&seed) % 48] = (uint8_t)check_random(&seed);
            }
            static const int flags[] = {FAKE_WHOLE, FAKE_WHOLE, FAKE_BEGIN, FAKE_MIDDLE, FAKE_END};
            fake_append(image, flags[check_random(&seed) % 5], made.bytes, check_random(&seed) % (made.length + 1));
        }
        while (poll_batch() > 0) {
        }
        if (round % 3 == 0) {
            fake_image_leaves(subscription, image);
        }
        image->listed = false;
        for (int term = 0; term < 3; term++) {
            free(image->terms[term]);
            image->terms[term] = NULL;
        }
    }
    close();
}

int main(void) {
    RUN(messages_come_in_order_with_their_records);
    RUN(what_is_unknown_unwanted_or_malformed_is_counted_and_the_rest_comes);
    RUN(a_raw_stream_without_our_frame_takes_every_byte);
    RUN(a_json_body_must_begin_with_its_type);
    RUN(a_rejected_message_is_quarantined_with_its_address);
    RUN(impossible_frames_are_dropped_and_the_stream_goes_on);
    RUN(a_frame_longer_than_the_mtu_cannot_have_come_by_it);
    RUN(a_header_that_aeron_will_not_read_is_an_invalid_frame);
    RUN(positions_never_go_back);
    RUN(fragments_become_one_message);
    RUN(two_sessions_assemble_side_by_side);
    RUN(a_message_with_a_lost_fragment_counts_once);
    RUN(a_half_message_goes_with_its_image);
    RUN(reassembly_stops_at_its_limits);
    RUN(a_batch_ends_at_256_messages);
    RUN(a_batch_ends_at_64_kib_and_a_larger_message_has_one_alone);
    RUN(a_ready_batch_waits_until_it_is_handed_over);
    RUN(batch_frames_are_opened_and_cut_where_the_batch_is_full);
    RUN(what_was_not_taken_of_a_cut_batch_frame_is_missed_when_its_image_goes);
    RUN(a_batch_frame_whose_lengths_lie_is_malformed_as_a_whole);
    RUN(after_a_full_batch_the_other_images_are_aborted_too);
    RUN(a_gap_is_told_between_the_messages_around_it);
    RUN(the_loss_of_the_last_messages_is_seen_by_beat_and_bye);
    RUN(a_gap_across_a_reconnect_is_seen);
    RUN(a_new_publisher_on_a_session_starts_afresh);
    RUN(a_rewind_is_told_and_delivered);
    RUN(a_forged_sequence_cannot_make_a_counter_negative);
    RUN(more_notices_than_there_is_room_for_wait_in_the_log);
    RUN(a_session_that_comes_again_begins_anew);
    RUN(an_image_seen_before_its_events_loses_nothing);
    RUN(an_event_that_comes_in_the_middle_of_a_pass_is_told_in_its_place);
    RUN(more_sessions_than_the_table_holds_make_room_by_age);
    RUN(publishers_are_remembered_until_256_newer_ones_came);
    RUN(events_that_found_the_ring_full_are_told);
    RUN(a_failing_poll_says_why_and_keeps_what_came);
    RUN(a_pass_of_only_unwanted_messages_says_it_worked);
    RUN(before_it_is_configured_nothing_is_taken_but_images_are_serviced);
    RUN(wrong_configurations_are_refused);
    RUN(random_frames_are_each_counted_once);
    RUN(random_headers_never_lead_outside);
    return 0;
}
