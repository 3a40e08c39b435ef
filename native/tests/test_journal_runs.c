/*
 * ab_journal_append_run: what is appended as runs of any length is what is appended one by one, byte for byte of the segments.
 *
 * Records of 0 to 300 bytes, and some that a segment does not take, over batches that are full and segments that roll.
 */
#include "../ab_journal.h"
#include "journal_files.h"

#define SMALL AB_JOURNAL_SEGMENT_MIN
#define MOST 300u
#define RECORDS 6000u
#define LONGEST_RUN 100u

static uint8_t bodies[LONGEST_RUN][1 << 16];

/* Is message `number` one that is too long? */
static int is_long(uint64_t number) { return number % 501 == 500; }

static void message_of(ab_whole *message, uint8_t *body, uint64_t number, const ab_journal *journal) {
    message->bytes = body;
    message->length = is_long(number) ? ab_journal_payload_max(journal) + 1 : body_of(number, body, MOST);
    message->position = (int64_t)number * 1000;
}

/* Append messages 0 .. RECORDS in runs of up to `longest`; those too long are refused, and the run goes on behind them. */
static void fill(const char *folder, uint64_t longest, uint64_t seed) {
    ab_journal_opened opened;
    ab_error error;
    ab_whole run[LONGEST_RUN];
    ab_journal *journal = open_journal(folder, SMALL, AB_JOURNAL_NONE, &opened);
    const int64_t *counters = ab_journal_counters(journal);
    int64_t records = 0, bytes = 0;
    for (uint64_t number = 0; number < RECORDS;) {
        size_t count = longest == 1 ? 1 : 1 + (size_t)(check_random(&seed) % longest);
        count = count < RECORDS - number ? count : (size_t)(RECORDS - number);
        for (size_t i = 0; i < count; i++) {
            message_of(&run[i], bodies[i], number + i, journal);
        }
        int64_t why = AB_OK, time_ns = EPOCH_NS + (int64_t)number / 1000;
        /* one time a thousand messages: those of a run that lies in two of them are split, as two passes are */
        size_t together = (size_t)((number / 1000 + 1) * 1000 - number);
        count = count < together ? count : together;
        size_t taken = ab_journal_append_run(journal, 3, -7, time_ns, run, count, &bytes, &why);
        records += (int64_t)taken;
        number += taken;
        if (taken < count) {
            CHECK(is_long(number));
            CHECK_EQUAL(AB_TOO_LARGE, why);
            CHECK_CONTAINS(ab_journal_error(journal)->text, "longer than");
            number++;
        }
    }
    CHECK_EQUAL(AB_OK, ab_journal_tick(journal, 1, 0));
    CHECK_EQUAL(records, counters[AB_JOURNAL_RECORDS]);
    CHECK_EQUAL(bytes, counters[AB_JOURNAL_BYTES]);
    CHECK_EQUAL(RECORDS - RECORDS / 501, records);
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
}

/* Read both side by side: number, place, time and bytes of each record. */
static void compare(const char *one, const char *other) {
    ab_journal_reader *readers[2];
    ab_journal_record records[2];
    ab_error error;
    uint64_t number = 0;
    uint8_t body[MOST];
    CHECK_EQUAL(AB_OK, ab_journal_reader_open(one, NULL, 0, &readers[0], &error));
    CHECK_EQUAL(AB_OK, ab_journal_reader_open(other, NULL, 0, &readers[1], &error));
    int first, second;
    while ((first = ab_journal_reader_next(readers[0], &records[0], &error)) == AB_OK) {
        CHECK_EQUAL(AB_OK, ab_journal_reader_next(readers[1], &records[1], &error));
        number += is_long(number);
        size_t length = body_of(number, body, MOST);
        for (int i = 0; i < 2; i++) {
            CHECK_EQUAL(records[0].sequence, records[i].sequence);
            CHECK_EQUAL(records[0].time_ns, records[i].time_ns);
            CHECK_EQUAL((int64_t)number * 1000, records[i].stream_position);
            CHECK_EQUAL(3, records[i].stream);
            CHECK_EQUAL(-7, records[i].session_id);
            CHECK_EQUAL(0, records[i].flags);
            CHECK_EQUAL(length, records[i].length);
            CHECK(memcmp(records[i].bytes, body, length) == 0);
        }
        number++;
    }
    second = ab_journal_reader_next(readers[1], &records[1], &error);
    CHECK_EQUAL(AB_END, first);
    CHECK_EQUAL(AB_END, second);
    CHECK_EQUAL(RECORDS, number);
    ab_journal_reader_close(readers[0]);
    ab_journal_reader_close(readers[1]);
}

static void runs_of_any_length_are_what_appends_one_by_one_are(void) {
    char one[256], other[256];
    make_folder(one);
    fill(one, 1, 1);
    for (uint64_t longest = 2; longest <= LONGEST_RUN; longest += 49) {
        make_folder(other);
        fill(other, longest, longest);
        compare(one, other);
        remove_folder(other);
    }
    remove_folder(one);
}

static void a_run_of_a_stream_that_cannot_be_is_refused(void) {
    char folder[256];
    ab_journal_opened opened;
    ab_error error;
    int64_t bytes = 0, why = AB_OK;
    const ab_whole message = {.bytes = (const uint8_t *)"x", .length = 1, .position = 8};
    make_folder(folder);
    ab_journal *journal = open_journal(folder, SMALL, AB_JOURNAL_NONE, &opened);
    CHECK_EQUAL(0, ab_journal_append_run(journal, AB_JOURNAL_STREAM_MAX + 1, 0, 0, &message, 1, &bytes, &why));
    CHECK_EQUAL(AB_INVALID, why);
    CHECK_EQUAL(0, bytes);
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    remove_folder(folder);
}

int main(void) {
    RUN(runs_of_any_length_are_what_appends_one_by_one_are);
    RUN(a_run_of_a_stream_that_cannot_be_is_refused);
    return 0;
}
