/*
 * What a UDP peer may write: frames over the fake Aeron, mutated at random, and the few that are known to hurt.
 *
 * The driver looks at the first frame of a packet: its session finds the image, its term and offset the place. Of every frame
 * it checks that the offset follows and that the lengths add up within the term. Session, stream, term id, flags, version and
 * reserved value of later frames, and all bytes of the payload, are the sender's. The mutations here do the same. Every term is
 * allocated to its exact length, so AddressSanitizer sees one byte read too far.
 *
 * AB_HOSTILE_FRAMES frames (20,000 unless the environment says more), from AB_HOSTILE_SEED.
 */
#include "../ab_poll.h"

#include <stdlib.h>

#include "../ab_bytes.h"
#include "../ab_clock.h"
#include "check.h"
#include "fake_aeron.h"

#define TERM_BITS 16
#define TERM (1 << TERM_BITS)
#define HONEST 1   /* session of the publisher that nobody must disturb */
#define HOSTILE 2

static ab_subscription *subscription;
static ab_handle handle;

static void open_one(void) {
    static const ab_type types[] = {{5, 1, 1}, {6, 1, 1}, {7, 1, 0}};
    fake_install();
    subscription = ab_subscription_create(fake_subscription(), 0);
    handle = ab_slot_open(AB_KIND_SUBSCRIPTION, subscription);
    CHECK_EQUAL(AB_OK, ab_subscription_configure(handle, 1, AB_FORMAT_MSGPACK, types, 3, NULL));
}

static void close_one(void) {
    ab_slot_retire(handle, AB_KIND_SUBSCRIPTION);
    CHECK_EQUAL(AB_OK, ab_slot_quiesce_wait(handle, ab_clock_monotonic_ns() + AB_NS_PER_S));
    ab_subscription_free(subscription);
    fake_remove();
}

/* A good message of the publisher: [5, sequence]. */
static size_t message(uint8_t *to, uint32_t publisher, uint64_t sequence) {
    ab_frame frame = {.version = 1, .format = AB_FORMAT_MSGPACK, .type = 5, .schema_version = 1, .publisher = publisher, .count = 1,
                      .header_length = 32, .sequence = sequence, .publish_time_ns = 99};
    ab_frame_encode(&frame, to);
    uint8_t *body = to + AB_FRAME_LENGTH;
    body[0] = 0x92;
    body[1] = 5;
    body[2] = 0xce;
    ab_put_be32(body + 3, (uint32_t)sequence);
    return AB_FRAME_LENGTH + 7;
}

/* A batch frame of three. */
static size_t batch_message(uint8_t *to, uint32_t publisher, uint64_t sequence) {
    ab_frame frame = {.version = 1, .format = AB_FORMAT_MSGPACK, .type = 5, .schema_version = 1, .publisher = publisher, .count = 3,
                      .header_length = 32, .sequence = sequence, .publish_time_ns = 99};
    ab_frame_encode(&frame, to);
    uint8_t *at = to + AB_FRAME_LENGTH + 12;
    for (int i = 0; i < 3; i++) {
        ab_put_le32(to + AB_FRAME_LENGTH + 4 * i, 2);
        *at++ = 0x91;
        *at++ = 5;
    }
    return (size_t)(at - to);
}

static aeron_header_values_frame_t *frame_at(aeron_image_t *image, int64_t position) {
    return (aeron_header_values_frame_t *)(image->terms[(position >> TERM_BITS) % 3] + (position & (TERM - 1)));
}

/* All that waits; checks each record, and returns how many came of the honest publisher, each the next of the last. */
static uint64_t honest_next;

static int64_t drain(void) {
    int64_t honest = 0;
    for (int idle = 0; idle < 3;) {
        bool worked = false;
        int result = ab_poll(subscription, &worked);
        if (result == AB_POLL_NOTICES) {
            ab_notice notice;
            while (ab_poll_notice(subscription, &notice)) {
            }
        } else if (result > 0) {
            CHECK_EQUAL(result, ab_poll_handover(subscription));
            const ab_batch *batch = subscription->batch;
            for (uint32_t i = 0; i < batch->count; i++) {
                const ab_record *record = &batch->records[i];
                CHECK((size_t)record->offset + record->length <= batch->length);
                CHECK(record->session_id == HONEST || record->session_id == HOSTILE);
                if (record->session_id == HONEST) {
                    CHECK_EQUAL(honest_next, record->sequence);
                    honest_next++;
                    honest++;
                }
            }
        } else {
            CHECK_EQUAL(0, result);
            idle = worked ? 0 : idle + 1;
        }
    }
    CHECK(subscription->reassembly_bytes <= AB_REASSEMBLY_MAX);
    return honest;
}

static void pad_to_term_end(aeron_image_t *image) {
    int32_t left = TERM - (int32_t)(image->tail & (TERM - 1));
    fake_append_header(image, left, FAKE_WHOLE, 0, TERM - left, left);
}

static void append(aeron_image_t *image, int flags, const uint8_t *bytes, size_t length) {
    if ((image->tail & (TERM - 1)) + (int64_t)length + 96 > TERM) {
        pad_to_term_end(image);
        drain();
        memset(image->terms[(image->tail >> TERM_BITS) % 3], 0, TERM);
    }
    fake_append(image, flags, bytes, length);
}

static void a_later_frame_of_a_packet_cannot_speak_for_another_session(void) {
    open_one();
    uint8_t bytes[64];
    aeron_image_t *honest = fake_image(HONEST, TERM_BITS, 1408, 7, 0);
    aeron_image_t *hostile = fake_image(HOSTILE, TERM_BITS, 1408, 7, 0);
    honest_next = 0;
    append(honest, FAKE_WHOLE, bytes, message(bytes, 77, 0));
    CHECK_EQUAL(1, drain());

    append(hostile, FAKE_WHOLE, bytes, message(bytes, 66, 0));
    int64_t forged = hostile->tail;
    append(hostile, FAKE_WHOLE, bytes, message(bytes, 77, 1000));
    frame_at(hostile, forged)->session_id = HONEST;
    frame_at(hostile, forged)->term_id = INT32_MAX; /* far ahead: the session's own messages would look old from here on */
    CHECK_EQUAL(0, drain());
    CHECK_EQUAL(1, subscription->counters[AB_INVALID_FRAMES]);

    append(honest, FAKE_WHOLE, bytes, message(bytes, 77, 1));
    CHECK_EQUAL(1, drain());
    CHECK_EQUAL(1, subscription->counters[AB_INVALID_FRAMES]);
    CHECK_EQUAL(0, subscription->counters[AB_GAPS]);
    close_one();
}

static void a_forged_term_does_not_stop_its_own_session(void) {
    open_one();
    uint8_t bytes[64];
    aeron_image_t *honest = fake_image(HONEST, TERM_BITS, 1408, INT32_MAX, 3 * TERM + 64); /* term ids wrap round */
    honest_next = 0;
    for (int i = 0; i < 3; i++) {
        int64_t at = honest->tail;
        append(honest, FAKE_WHOLE, bytes, message(bytes, 77, honest_next));
        if (i == 1) {
            frame_at(honest, at)->term_id += 9;
            continue;
        }
        CHECK_EQUAL(1, drain());
    }
    CHECK_EQUAL(1, subscription->counters[AB_INVALID_FRAMES]);
    close_one();
}

/* Padding that ends inside the body of the frame it lies over: what comes next was never seen by the driver. */
static void a_header_in_the_body_of_an_overlapped_frame_leads_nowhere(void) {
    static const int32_t lengths[] = {TERM, TERM - 64, 70000, 1 << 30, INT32_MAX - 31};
    for (int i = 0; i < 5; i++) {
        for (int filled = 0; filled < 2; filled++) {
            open_one();
            uint8_t bytes[64];
            aeron_image_t *honest = fake_image(HONEST, TERM_BITS, 1408, 7, 0);
            aeron_image_t *hostile = fake_image(HOSTILE, TERM_BITS, 65504, 7, TERM + 4096);
            honest_next = 0;
            if (filled) {
                append(hostile, FAKE_WHOLE, bytes, message(bytes, 66, 0));
                drain();
            }
            int32_t begins = (int32_t)(hostile->tail & (TERM - 1));
            fake_append_header(hostile, 8192, FAKE_WHOLE, 0, begins, 8192);
            fake_append_header(hostile, lengths[i], FAKE_WHOLE, 1, i == 1 ? 0 : begins, 64);
            for (int pass = 0; pass < 5; pass++) {
                append(honest, FAKE_WHOLE, bytes, message(bytes, 77, honest_next));
                CHECK_EQUAL(1, drain());
            }
            CHECK_EQUAL(1, subscription->counters[AB_INVALID_FRAMES]);
            close_one();
        }
    }
}

static uint64_t setting(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void mutate(aeron_image_t *image, int64_t at, size_t length, uint64_t *seed) {
    aeron_header_values_frame_t *frame = frame_at(image, at);
    uint8_t *bytes = (uint8_t *)frame;
    int32_t space = (int32_t)((length + 32 + 31) & ~(size_t)31);
    int flips = (int)(check_random(seed) % 5);
    for (int i = 0; i < flips; i++) { /* anywhere: Aeron's header after its length, ours, the body */
        bytes[4 + check_random(seed) % (length + 28)] ^= (uint8_t)(1 << (check_random(seed) % 8));
    }
    static const int32_t lengths[] = {1, 2, 15, 16, 30, 31, 32};
    switch (check_random(seed) % 12) {
        case 0: frame->frame_length = lengths[check_random(seed) % 7]; break;
        case 1: frame->frame_length = space - (int32_t)(check_random(seed) % 32); break;
        case 2: frame->flags = (uint8_t)check_random(seed); break;
        case 3: frame->session_id = HONEST; break;
        case 4: frame->session_id = (int32_t)check_random(seed); break;
        case 5: frame->term_id = (int32_t)check_random(seed); break;
        case 6: frame->type = (int16_t)(check_random(seed) & 1); break;
        default: break;
    }
    if (frame->frame_length > space || frame->frame_length <= 0) {
        frame->frame_length = space;
    }
    if ((frame->type & 0xfffe) != 0) { /* what the driver lets in is data or padding, at the place it is at */
        frame->type = 1;
    }
    frame->term_offset = (int32_t)(at & (TERM - 1));
    int32_t taken = (frame->frame_length + 31) & ~31;
    for (int32_t rest = taken; rest < space; rest += 32) { /* a short length: more frames in what is left */
        aeron_header_values_frame_t *next = frame_at(image, at + rest);
        next->frame_length = 1 + (int32_t)(check_random(seed) % 32);
        next->type = 1;
        next->term_offset = frame->term_offset + rest;
    }
}

static void mutated_packets_hurt_nobody(void) {
    open_one();
    uint64_t seed = setting("AB_HOSTILE_SEED", 11) | 1;
    uint64_t frames = setting("AB_HOSTILE_FRAMES", 20000);
    aeron_image_t *honest = fake_image(HONEST, TERM_BITS, 1408, 3, 0);
    aeron_image_t *hostile = fake_image(HOSTILE, TERM_BITS, 1408, -5, 5 * TERM);
    fake_announce(subscription, honest);
    fake_announce(subscription, hostile);
    honest_next = 0;
    uint64_t sent = 0, came = 0;
    static uint8_t bytes[2048];
    static const int flags[] = {FAKE_WHOLE, FAKE_WHOLE, FAKE_WHOLE, FAKE_BEGIN, FAKE_MIDDLE, FAKE_END};
    for (uint64_t i = 0; i < frames; i++) {
        size_t length = check_random(&seed) % 8 == 0 ? batch_message(bytes, 66, i * 3) : message(bytes, 66, i);
        if (check_random(&seed) % 8 == 0) {
            length = check_random(&seed) % 1376;
        }
        append(hostile, flags[check_random(&seed) % 6], bytes, length);
        int64_t space = (int64_t)((length + 32 + 31) & ~(size_t)31);
        mutate(hostile, hostile->tail - space, length, &seed);
        if (i % 16 == 0) {
            append(honest, FAKE_WHOLE, bytes, message(bytes, 77, sent++));
        }
        if (i % 64 == 0) {
            came += (uint64_t)drain();
        }
    }
    drain();
    CHECK_EQUAL(sent, honest_next);
    CHECK(came <= sent);
    CHECK(subscription->counters[AB_INVALID_FRAMES] > 0);
    printf("# %" PRIu64 " mutated frames, %" PRId64 " invalid, %" PRId64 " malformed, %" PRIu64 " good ones in order\n", frames,
           subscription->counters[AB_INVALID_FRAMES], subscription->counters[AB_MALFORMED_COUNT], sent);
    close_one();
}

int main(void) {
    RUN(a_later_frame_of_a_packet_cannot_speak_for_another_session);
    RUN(a_forged_term_does_not_stop_its_own_session);
    RUN(a_header_in_the_body_of_an_overlapped_frame_leads_nowhere);
    RUN(mutated_packets_hurt_nobody);
    return 0;
}
