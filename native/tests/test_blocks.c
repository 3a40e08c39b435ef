/* ab_blocks: what a recorder takes in blocks is what Aeron's own poll hands it one by one: whole messages and parts of them, padding,
 * hostile headers, several images, terms used again and again, an image that leaves, a journal that is not there for a while. */
#include "../ab_blocks.h"

#include "../ab_batch.h"
#include "../ab_crc32c.h"
#include "../ab_journal_port.h"
#include "../ab_poll.h"
#include "../ab_record.h"
#include "../ab_session.h"
#include "check.h"
#include "fake_aeron.h"
#include "journal_files.h"

#define IMAGES 3
#define BITS 12 /* terms of 4 KiB: they are used again after some 30 messages */
#define STEPS 1500

static char folder[256];
static ab_subscription *subscription;
static ab_handle handle, journal_handle;
static ab_journal_port port;
static uint64_t seed;

/* What of a run must not depend on the way. */
typedef struct {
    int64_t records, bytes, invalid;
    uint32_t of_session[IMAGES]; /* checksum over position, length and bytes of its records in order */
    int64_t reached[2];           /* how far the first and the last session were taken: a drain waits for that */
    int blocks;
} outcome;

static void begin_journal(void) {
    ab_journal_options options = {.directory = folder, .segment_length = 1 << 20, .flags = AB_JOURNAL_CREATE, .sync_mode = AB_JOURNAL_NONE};
    ab_error error;
    CHECK_EQUAL(AB_OK, ab_journal_open(&options, NULL, &port.journal, NULL, &error));
    journal_handle = ab_slot_open(AB_KIND_JOURNAL, &port);
    CHECK_EQUAL(AB_OK, ab_subscription_record(handle, journal_handle, 3, 0, AB_RECORD_HOLD, INT64_MAX));
}

static void end_journal(void) {
    ab_slot_retire(journal_handle, AB_KIND_JOURNAL);
    CHECK_EQUAL(AB_OK, ab_slot_quiesce_wait(journal_handle, 0));
    CHECK_EQUAL(AB_OK, ab_journal_close(port.journal, NULL));
}

static void poll_some(int passes) {
    for (int i = 0; i < passes; i++) {
        ab_notice notice;
        CHECK(ab_poll(subscription, NULL) <= 0);
        while (ab_poll_notice(subscription, &notice)) {
        }
    }
}

static int64_t left_in_term(const aeron_image_t *image) { return (1 << BITS) - (image->tail & ((1 << BITS) - 1)); }

/* As the driver: a term is zeros before it is written again. All of it was read. */
static void clean(aeron_image_t *image) {
    if (left_in_term(image) == 1 << BITS) {
        poll_some(12);
        CHECK_EQUAL(image->tail, image->position);
        memset(image->terms[(image->tail >> BITS) % 3], 0, 1 << BITS);
    }
}

static void append(aeron_image_t *image) {
    static uint8_t bytes[1024];
    uint64_t kind = check_random(&seed) % 100;
    size_t length = check_random(&seed) % (kind < 90 ? 200 : 600);
    int64_t room = left_in_term(image), needs = (int64_t)((length + 63) & ~(size_t)31);
    for (size_t i = 0; i < length; i++) {
        bytes[i] = (uint8_t)check_random(&seed);
    }
    if (needs > room || kind == 0) {
        fake_append_header(image, (int32_t)room, FAKE_WHOLE, 0, (int32_t)((1 << BITS) - room), room);
    } else if (kind < 80) {
        fake_append(image, FAKE_WHOLE, bytes, length);
    } else if (kind < 90) {
        static const int flags[] = {FAKE_BEGIN, FAKE_MIDDLE, FAKE_END};
        fake_append(image, flags[check_random(&seed) % 3], bytes, length);
    } else if (kind < 93) { /* of another place in the term */
        fake_append_header(image, (int32_t)length + 32, FAKE_WHOLE, 1, 64 + (int32_t)((1 << BITS) - room), needs);
    } else if (kind < 95) { /* shorter than a header */
        fake_append_header(image, 1 + (int32_t)(length % 31), FAKE_WHOLE, 1, (int32_t)((1 << BITS) - room), 32);
    } else if (kind < 97) { /* not data */
        fake_append_header(image, (int32_t)length + 32, FAKE_WHOLE, 5, (int32_t)((1 << BITS) - room), needs);
    } else {
        fake_append(image, FAKE_WHOLE, bytes, length);
    }
    clean(image);
}

static void read_back(outcome *found) {
    ab_journal_reader *reader;
    ab_journal_record record;
    ab_error error;
    CHECK_EQUAL(AB_OK, ab_journal_reader_open(folder, NULL, 0, &reader, &error));
    while (ab_journal_reader_next(reader, &record, &error) == AB_OK) {
        uint32_t *sum = &found->of_session[record.session_id - 1];
        *sum = ab_crc32c_extend(*sum, &record.stream_position, sizeof record.stream_position);
        *sum = ab_crc32c_extend(*sum, record.bytes, record.length);
    }
    ab_journal_reader_close(reader);
}

static outcome run(uint64_t start, bool blocks) {
    outcome found = {0};
    ab_record_counts counts;
    seed = start;
    make_folder(folder);
    fake_install();
    fake_give_blocks(blocks);
    subscription = ab_subscription_create(fake_subscription(), 0);
    handle = ab_slot_open(AB_KIND_SUBSCRIPTION, subscription);
    begin_journal();
    aeron_image_t *images[IMAGES];
    for (int i = 0; i < IMAGES; i++) {
        images[i] = fake_image(i + 1, BITS, 1408, 5 - i, (int64_t)4096 * i);
        fake_announce(subscription, images[i]);
    }
    for (int step = 0; step < STEPS; step++) {
        append(images[check_random(&seed) % IMAGES]);
        if (check_random(&seed) % 4 == 0) {
            poll_some(1);
        }
        if (step == STEPS / 2) { /* nobody takes anything for a while, and nothing is lost or comes twice */
            poll_some(12);
            end_journal();
            fake_append(images[0], FAKE_WHOLE, "held", left_in_term(images[0]) >= 64 ? 4 : 0);
            poll_some(3);
            CHECK(images[0]->position < images[0]->tail);
            begin_journal();
            poll_some(2);
            clean(images[0]);
        }
    }
    fake_image_leaves(subscription, images[1]);
    poll_some(12);
    CHECK_EQUAL(AB_OK, ab_subscription_recorded(handle, &counts));
    found.records = counts.records;
    found.bytes = counts.bytes;
    found.invalid = subscription->counters[AB_INVALID_FRAMES];
    found.reached[0] = ab_session_find(subscription, 1)->position;
    found.reached[1] = ab_session_find(subscription, IMAGES)->position;
    found.blocks = fake.blocks;
    read_back(&found);
    end_journal();
    ab_slot_retire(handle, AB_KIND_SUBSCRIPTION);
    CHECK_EQUAL(AB_OK, ab_slot_quiesce_wait(handle, INT64_MAX));
    ab_subscription_free(subscription);
    fake_remove();
    remove_folder(folder);
    return found;
}

static void blocks_record_what_single_fragments_do(void) {
    for (uint64_t start = 1; start <= 20; start++) {
        outcome one_by_one = run(start, false), in_blocks = run(start, true);
        CHECK_EQUAL(0, one_by_one.blocks);
        CHECK(in_blocks.blocks > 50);
        CHECK(one_by_one.records > STEPS / 2);
        CHECK_EQUAL(one_by_one.records, in_blocks.records);
        CHECK_EQUAL(one_by_one.bytes, in_blocks.bytes);
        CHECK_EQUAL(one_by_one.invalid, in_blocks.invalid);
        CHECK_EQUAL(one_by_one.reached[0], in_blocks.reached[0]);
        CHECK_EQUAL(one_by_one.reached[1], in_blocks.reached[1]);
        for (int i = 0; i < IMAGES; i++) {
            CHECK_EQUAL(one_by_one.of_session[i], in_blocks.of_session[i]);
        }
    }
}

int main(void) {
    RUN(blocks_record_what_single_fragments_do);
    return 0;
}
