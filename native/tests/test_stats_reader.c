/* The reader of ab_stats against damaged files: each wrong field is named, and no contents do harm. */
#include "../ab_stats.h"
#include "check.h"
#include "stats_files.h"

static char good[1 << 18], bad[1 << 18];
static uint64_t good_length;
static ab_stats_header *const header = (ab_stats_header *)bad;
static ab_stats_entry *const entries = (ab_stats_entry *)(bad + AB_STATS_HEADER_LENGTH);

static uint64_t read_whole(const char *path, char *into, uint64_t capacity) {
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t count = read(descriptor, into, capacity);
    close(descriptor);
    CHECK(count > 0);
    return (uint64_t)count;
}

static void touch_everything(const ab_stats_image *image) {
    for (uint32_t index = 0; index < ab_stats_entry_count(image); index++) {
        const ab_stats_entry *entry = ab_stats_entry_at(image, index);
        const char *data = ab_stats_data_at(image, index);
        CHECK(strlen(entry->name) + strlen(entry->group) < sizeof(*entry));
        for (uint32_t at = 0; at < entry->length; at += 8) {
            (void)*(const volatile uint64_t *)(data + at);
        }
        if (entry->kind == AB_STATS_HISTOGRAM) {
            (void)ab_histogram_value_at((const ab_histogram *)data, 990000);
        }
    }
    (void)ab_stats_liveness_of(ab_stats_header_of(image));
}

static void damaged_files_are_refused_or_read_without_harm(void) {
    ab_stats *stats = NULL;
    ab_stats_image *image;
    ab_error error;
    int64_t *block;
    ab_histogram *histogram;
    uint64_t state = 11;
    int accepted = 0, refused = 0;

    CHECK_EQUAL(AB_OK, ab_stats_create(path_of("mutated"), AB_STATS_SIZE_MIN, "test", "", &stats, &error));
    CHECK_EQUAL(AB_OK, ab_stats_counter_block(stats, "stream", "bars", &block, &error));
    CHECK_EQUAL(AB_OK, ab_stats_histogram(stats, "handler", "risk", &histogram, &error));
    CHECK_EQUAL(AB_OK, ab_stats_counter_block(stats, "stream", "news", &block, &error));
    const uint64_t length = read_whole(path_of("mutated"), good, sizeof(good));
    ab_stats_close(stats);

    for (int round = 0; round < 8000; round++) {
        const uint64_t keep = check_random(&state) % 8 == 0 ? check_random(&state) % (length + 1) : length;
        const int flips = 1 + (int)(check_random(&state) % 4);
        memcpy(bad, good, 4096 + 1024); /* only these bytes are ever changed below */
        memcpy(bad + 5120, good + 5120, keep > 5120 ? 1024 : 0);
        for (int flip = 0; flip < flips; flip++) {
            const uint64_t area = check_random(&state) % 3 == 0 ? 4096 : 160; /* mostly where the numbers are */
            const uint64_t at = (check_random(&state) % 2) * 4096 + check_random(&state) % (area == 4096 ? 1024 : area);
            bad[at] = (char)(check_random(&state) % 3 == 0 ? 0xff : check_random(&state));
        }
        const int code = ab_stats_parse(bad, keep, &image, &error);
        if (code == AB_OK) {
            accepted++;
            if (accepted % 64 == 0) /* looking at histograms is slow under sanitizers */ {
                touch_everything(image);
            }
            ab_stats_unload(image);
        } else {
            refused++;
            CHECK(code == AB_MALFORMED || code == AB_UNKNOWN_TYPE || code == AB_NOT_CONNECTED);
            CHECK(error.text[0] != '\0');
        }
    }
    CHECK(accepted > 100 && refused > 500);
}

/* A sound file with two blocks in `good`. */
static void make_good(void) {
    ab_stats *stats = create(path_of("fields"));
    ab_error error;
    int64_t *block;

    CHECK_EQUAL(AB_OK, ab_stats_counter_block(stats, "stream", "bars", &block, &error));
    CHECK_EQUAL(AB_OK, ab_stats_counter_block(stats, "stream", "news", &block, &error));
    good_length = read_whole(path_of("fields"), good, sizeof(good));
    ab_stats_close(stats);
}

/* With one change made to a sound file, reading answers `wanted` and a text with `part`. */
#define EXPECT(change, wanted, part) \
    do { \
        ab_stats_image *image_; \
        ab_error error_; \
        memcpy(bad, good, good_length); \
        change; \
        CHECK_EQUAL(wanted, ab_stats_parse(bad, good_length, &image_, &error_)); \
        CHECK_CONTAINS(error_.text, part); \
    } while (0)

static void inv_header_fits(void) {
    ab_stats_image *image;
    ab_error error;

    make_good();
    EXPECT(header->magic = 0, AB_NOT_CONNECTED, "not finished");
    EXPECT(header->magic = 1, AB_MALFORMED, "starts with 0x0000000000000001");
    EXPECT(header->version = 2, AB_UNKNOWN_TYPE, "version 2");
    EXPECT(header->header_length = 0, AB_MALFORMED, "header_length 0");
    EXPECT(header->entry_length = 64, AB_MALFORMED, "entry_length 64");
    EXPECT(header->file_length += 1, AB_MALFORMED, "file_length");
    EXPECT(header->entries_max = UINT32_MAX, AB_MALFORMED, "entries_max 4294967295");
    EXPECT(header->entry_count = header->entries_max + 1, AB_MALFORMED, "entry_count 129");
    EXPECT(header->data_offset = UINT64_MAX, AB_MALFORMED, "data_offset");
    CHECK_EQUAL(AB_MALFORMED, ab_stats_parse(good, 0, &image, &error));
    CHECK_EQUAL(AB_MALFORMED, ab_stats_parse(good, 4095, &image, &error));
    CHECK_EQUAL(AB_MALFORMED, ab_stats_parse(good, 4096, &image, &error));
    CHECK_EQUAL(AB_MALFORMED, load("/dev/null", &image, &error));
    CHECK_EQUAL(AB_FAILED, ab_stats_load(-1, &image, &error));

    ab_stats_header alone;
    CHECK_EQUAL(AB_FAILED, ab_stats_look(-1, &alone, &error));
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    CHECK_EQUAL(AB_MALFORMED, ab_stats_look(nothing, &alone, &error));
    close(nothing);
}

static void inv_entries_ascend(void) {
    make_good();
    EXPECT(entries[0].kind = 9, AB_MALFORMED, "kind 9");
    EXPECT(entries[0].length = 1, AB_MALFORMED, "data length 1");
    EXPECT(entries[0].offset = 0, AB_MALFORMED, "data offset 0");
    EXPECT(entries[0].offset += 8, AB_MALFORMED, "cache line");
    EXPECT(entries[1].offset = entries[0].offset, AB_MALFORMED, "data offset");
    EXPECT(entries[1].offset = UINT64_MAX - 63, AB_MALFORMED, "beyond the file's end");
    EXPECT(entries[1].offset = good_length - 64, AB_MALFORMED, "beyond the file's end");
}

static void inv_texts_end(void) {
    make_good();
    EXPECT(memset(header->name, 'x', sizeof(header->name)), AB_MALFORMED, "does not end");
    EXPECT(memset(header->driver_directory, 'x', sizeof(header->driver_directory)), AB_MALFORMED, "does not end");
    EXPECT(memset(header->boot_id, 'x', sizeof(header->boot_id)), AB_MALFORMED, "does not end");
    EXPECT(memset(entries[1].name, 'x', sizeof(entries[1].name)), AB_MALFORMED, "entry 1 does not end");
    EXPECT(memset(entries[0].group, 'x', sizeof(entries[0].group)), AB_MALFORMED, "entry 0 does not end");
}

int main(void) {
    make_folder();
    RUN(damaged_files_are_refused_or_read_without_harm);
    RUN(inv_header_fits);
    RUN(inv_entries_ascend);
    RUN(inv_texts_end);
    remove_folder();
    return 0;
}
