/* link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc */
/* not-under: tsan (one thread) */
/*
 * The native parts without memory: every allocation fails once, alone, and a second time with all that follow it.
 *
 *      for N = 1, 2, ...: run the story, allocation N fails     until a story ran in which none was asked for after N
 *
 * A story opens, works and closes what it opened, as far as it comes. It must end without a crash, leak (ASan) or a wrong message,
 * and say why it stopped: AB_NO_MEMORY where the function has a code for it. When memory is back the stream goes on: what did not
 * come was counted. Only what is armed fails: the fake Aeron and the tests themselves have all memory they want.
 */
#include <dirent.h>
#include <stdbool.h>

#include "../ab_bytes.h"
#include "../ab_gather.h"
#include "../ab_journal.h"
#include "../ab_local.h"
#include "../ab_offer.h"
#include "../ab_poll.h"
#include "../ab_stats.h"
#include "fake_aeron.h"
#include "journal_files.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);

static int64_t asked, fails_at, refused;
static bool armed, for_good; /* for_good: all that follow fail too */

static bool fails(void) {
    if (!armed) {
        return false;
    }
    asked++;
    bool does = for_good ? asked >= fails_at : asked == fails_at;
    refused += does;
    return does;
}

void *__wrap_malloc(size_t size) { return fails() ? NULL : __real_malloc(size); }
void *__wrap_calloc(size_t count, size_t size) { return fails() ? NULL : __real_calloc(count, size); }
void *__wrap_realloc(void *old, size_t size) { return fails() ? NULL : __real_realloc(old, size); }
void *__wrap_aligned_alloc(size_t alignment, size_t size) { return fails() ? NULL : __real_aligned_alloc(alignment, size); }

/* Tell a story until nothing is left to fail. */
static void without_memory(void (*story)(void), int at_least) {
    for (int both = 0; both < 2; both++) {
        for (fails_at = 1;; fails_at++) {
            CHECK(fails_at < 1000);
            asked = refused = 0;
            for_good = both == 1;
            armed = true;
            story();
            armed = false;
            if (refused == 0) {
                break;
            }
        }
        CHECK(fails_at > at_least); /* so many allocations were really refused */
    }
}

/* A code of refusal: right only if memory was refused. */
static bool went_without(int code) {
    CHECK(code == AB_OK || (code == AB_NO_MEMORY && refused > 0));
    return code != AB_OK;
}

/* ---- in process: a meeting, its ends, messages, batch frames ------------------------------------------------------- */

static const ab_type raw = {.type_id = AB_TYPE_RAW, .version = 1, .wanted = 1};

static int taken(ab_handle handle) {
    ab_subscription *subscription = ab_slot_peek(handle, AB_KIND_SUBSCRIPTION);
    int count = 0;
    for (int idle = 0; idle < 3;) {
        int result = ab_poll(subscription, NULL);
        ab_notice notice;
        while (result == AB_POLL_NOTICES && ab_poll_notice(subscription, &notice)) {
        }
        if (result > 0) {
            count += ab_poll_handover(subscription);
        }
        idle = result == 0 ? idle + 1 : 0;
    }
    return count;
}

static void messages_in_process(void) {
    static uint8_t body[20000];
    ab_error error;
    ab_handle out = 0, in = 0;
    ab_local *meeting = ab_local_create(64 * 1024);
    if (meeting == NULL) {
        CHECK(refused > 0);
        return;
    }
    out = ab_local_publication_open(meeting, 1, 5);
    in = ab_local_subscription_open(meeting);
    CHECK((out != 0 && in != 0) || refused > 0);
    if (out != 0 && in != 0 &&
        !went_without(ab_publication_configure(out, 1, AB_FORMAT_RAW, 101, 0, &raw, 1, NULL, NULL)) &&
        !went_without(ab_publication_gather(out, 8, 4096, 0, NULL)) &&
        !went_without(ab_subscription_configure(in, 1, AB_FORMAT_RAW, &raw, 1, NULL)) &&
        !went_without(ab_subscription_batch(in, 4, 256))) {
        ab_publication *publication = ab_slot_peek(out, AB_KIND_PUBLICATION);
        ab_subscription *subscription = ab_slot_peek(in, AB_KIND_SUBSCRIPTION);
        int sent = 0;
        for (size_t length = 1; length < 8000; length = length * 3 + 1) { /* beyond a batch of 256 bytes: it grows */
            int64_t answer = ab_offer(publication, body, length, 0);
            CHECK(answer == sent || (answer == AB_NOT_CONNECTED && refused > 0)); /* no memory for an image: told as that */
            sent += answer >= 0;
        }
        int came = taken(in);
        armed = false;
        sent += ab_offer(publication, body, 7, 0) >= 0;
        came += taken(in);
        int64_t counted = subscription->counters[AB_MALFORMED_COUNT] + subscription->counters[AB_INVALID_FRAMES];
        CHECK_EQUAL(sent, came + counted); /* inv_nothing_silent */
        CHECK(counted == 0 || refused > 0);
    }
    armed = false;
    if (out != 0) {
        CHECK_EQUAL(AB_OK, ab_local_publication_close_wait(ab_publication_retire(out), out, INT64_MAX, &error));
    }
    if (in != 0) {
        CHECK_EQUAL(AB_OK, ab_local_subscription_close_wait(ab_subscription_retire(in), in, INT64_MAX, &error));
    }
    ab_local_release(meeting);
}

/* ---- from Aeron: reassembly, the batch, the quarantine --------------------------------------------------------------- */

static size_t frame_of(uint8_t *to, uint64_t sequence, size_t padding, bool whole) {
    ab_frame frame = {.version = 1, .format = AB_FORMAT_MSGPACK, .type = 5, .schema_version = 3, .publisher = 77, .count = 1,
                      .header_length = 32, .sequence = sequence, .publish_time_ns = 99};
    ab_frame_encode(&frame, to);
    uint8_t *body = to + AB_FRAME_LENGTH;
    body[0] = 0x92;
    body[1] = whole ? 5 : 6; /* 6: not what the header says */
    body[2] = 0xdb;
    ab_put_be32(body + 3, (uint32_t)padding);
    memset(body + 7, 'x', padding);
    return AB_FRAME_LENGTH + 7 + padding;
}

static void messages_from_aeron(void) {
    static const ab_type types[] = {{5, 3, 1}};
    static uint8_t frame[100000];
    ab_handle handle = 0;
    armed = false;
    fake_install();
    armed = true;
    ab_subscription *subscription = ab_subscription_create(fake_subscription(), 0);
    CHECK(subscription != NULL || refused > 0);
    if (subscription != NULL) {
        handle = ab_slot_open(AB_KIND_SUBSCRIPTION, subscription);
    }
    if (handle != 0 && !went_without(ab_subscription_configure(handle, 1, AB_FORMAT_MSGPACK, types, 1, NULL))) {
        armed = false;
        aeron_image_t *image = fake_image(1, 20, 1408, 0, 0);
        for (uint64_t i = 0; i < 6; i++) { /* short, malformed, longer than an MTU, longer than a batch, and so on */
            size_t length = frame_of(frame, i, i % 3 == 2 ? 90000 : i % 3 == 0 ? 10 : 3000, i != 4);
            fake_append_fragments(image, frame, length);
        }
        armed = true;
        int came = taken(handle);
        armed = false;
        fake_append_fragments(image, frame, frame_of(frame, 6, 10, true));
        came += taken(handle);
        const int64_t *counters = subscription->counters;
        CHECK_EQUAL(7, came + counters[AB_MALFORMED_COUNT] + counters[AB_INVALID_FRAMES]); /* inv_nothing_silent */
        CHECK(came == 6 || refused > 0);
        CHECK(counters[AB_QUARANTINED] >= counters[AB_MALFORMED_COUNT]); /* counted, kept or not */
    }
    armed = false;
    if (handle != 0) {
        ab_slot_retire(handle, AB_KIND_SUBSCRIPTION);
        CHECK_EQUAL(AB_OK, ab_slot_quiesce_wait(handle, INT64_MAX));
    }
    ab_subscription_free(subscription);
    fake_remove();
}

/* ---- the journal: made, written, read, opened again ------------------------------------------------------------------ */

#define MOST 3000u

static void a_journal(void) {
    char folder[256];
    const bool was_armed = armed;
    armed = false;
    make_folder(folder);
    armed = was_armed;
    uint64_t accepted = 0;
    for (int round = 0; round < 2; round++) {
        ab_journal *journal = NULL;
        ab_journal_opened opened;
        ab_error error = {0};
        const ab_journal_options options = {.directory = folder, .segment_length = AB_JOURNAL_SEGMENT_MIN,
            .sync_mode = AB_JOURNAL_DURABLE, .flags = AB_JOURNAL_CREATE, .now_ns = EPOCH_NS};
        if (went_without(ab_journal_open(&options, NULL, &journal, &opened, &error))) {
            CHECK_CONTAINS(error.text, "memory");
            break;
        }
        CHECK_EQUAL(accepted, opened.next_sequence);
        int result = AB_OK;
        for (int i = 0; i < 100 && result >= 0; i++) {
            result = (int)append_one(journal, accepted, MOST);
            accepted += result >= 0;
        }
        CHECK(result >= 0 || refused > 0);
        bool armed_here = armed;
        armed = false;
        CHECK_EQUAL(AB_OK, ab_journal_sync(journal)); /* what was accepted is written when memory is back */
        CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
        armed = armed_here;
    }
    int result;
    ab_error error;
    uint64_t read = read_all(folder, 0, MOST, &result, &error);
    CHECK(result == AB_END || (refused > 0 && (result == AB_NO_MEMORY || accepted == 0)));
    armed = false;
    if (accepted > 0) {
        CHECK(read <= accepted);
        CHECK_EQUAL(accepted, read_all(folder, 0, MOST, &result, &error));
        CHECK_EQUAL(AB_END, result);
    }
    remove_folder(folder);
}

/* ---- layouts, and arrays of records on their way out ------------------------------------------------------------------ */

static void a_layout_and_its_records(void) {
    static const ab_field fields[] = {
        {.kind = AB_FIELD_INT64, .offset = 0, .size = 8, .required = 1, .lowest = INT64_MIN, .highest = INT64_MAX, .name = "n"}};
    static const uint8_t records[80];
    static const ab_type types[] = {{5, 1, 0}};
    armed = false;
    fake_install();
    armed = true;
    ab_layout *layout = ab_layout_make(5, 1, fields, 1, NULL, 0, records, 8);
    ab_publication *publication = ab_publication_create(fake_publication(), 0, 9, 1001, 8192, 1376);
    ab_handle handle = publication == NULL ? 0 : ab_slot_open(AB_KIND_PUBLICATION, publication);
    CHECK((layout != NULL && handle != 0) || refused > 0);
    if (layout != NULL && handle != 0 &&
        !went_without(ab_publication_configure(handle, 1, AB_FORMAT_STRUCT, 77, 0, types, 1, NULL, NULL))) {
        CHECK_EQUAL(AB_OK, ab_publication_layout(handle, layout));
        int code;
        size_t sent = ab_offer_records(publication, layout, records, 10, &code);
        CHECK_EQUAL(went_without(code) ? 0 : 10, sent);
    }
    armed = false;
    if (handle != 0) {
        ab_slot_retire(handle, AB_KIND_PUBLICATION);
        CHECK_EQUAL(AB_OK, ab_slot_quiesce_wait(handle, INT64_MAX));
    }
    ab_publication_free(publication);
    ab_layout_release(layout);
    fake_remove();
}

static void in_process_nothing_is_silent_without_memory(void) { without_memory(messages_in_process, 10); }
static void from_aeron_nothing_is_silent_without_memory(void) { without_memory(messages_from_aeron, 8); }
static void a_journal_keeps_what_it_accepted_without_memory(void) { without_memory(a_journal, 8); }
static void records_go_out_whole_or_not_without_memory(void) { without_memory(a_layout_and_its_records, 6); }

int main(void) {
    RUN(in_process_nothing_is_silent_without_memory);
    RUN(from_aeron_nothing_is_silent_without_memory);
    RUN(a_journal_keeps_what_it_accepted_without_memory);
    RUN(records_go_out_whole_or_not_without_memory);
    return 0;
}
