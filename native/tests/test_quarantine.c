/* ab_quarantine: both bounds, the wrap of both rings, texts, long bodies. */
#include "../ab_quarantine.h"

#include "../ab_result.h"
#include "check.h"

static ab_quarantine quarantine;
static ab_quarantine copy;

static void put(uint64_t sequence, const uint8_t *body, uint32_t length) {
    ab_quarantine_entry entry = {.sequence = sequence, .body_length = length, .reason = AB_REASON_MALFORMED};
    CHECK_EQUAL(AB_OK, ab_quarantine_put(&quarantine, &entry, "why", body));
}

static size_t snapshot(void) {
    CHECK_EQUAL(AB_OK, ab_quarantine_snapshot(&quarantine, &copy));
    return ab_quarantine_count(&copy);
}

static void an_empty_one_needs_no_memory(void) {
    ab_quarantine_init(&quarantine);
    CHECK_EQUAL(0, snapshot());
    CHECK(quarantine.entries == NULL && copy.entries == NULL);
    ab_quarantine_free(&copy);
    ab_quarantine_free(&quarantine);
}

static void the_newest_1024_entries_are_kept(void) {
    ab_quarantine_init(&quarantine);
    for (uint64_t i = 0; i < 3000; i++) {
        uint8_t body[2] = {(uint8_t)i, (uint8_t)(i >> 8)};
        put(i, body, 2);
    }
    CHECK_EQUAL(AB_QUARANTINE_ENTRIES, snapshot());
    for (size_t i = 0; i < AB_QUARANTINE_ENTRIES; i++) {
        const uint8_t *body;
        const ab_quarantine_entry *entry = ab_quarantine_at(&copy, i, &body);
        CHECK_EQUAL(3000 - AB_QUARANTINE_ENTRIES + i, entry->sequence);
        CHECK_EQUAL(entry->sequence, body[0] | body[1] << 8);
        CHECK_EQUAL(2, entry->kept);
        CHECK(strcmp("why", entry->error) == 0);
    }
    ab_quarantine_free(&copy);
    ab_quarantine_free(&quarantine);
}

/* Bodies of random lengths: whatever is kept is whole, in order, the newest, and no more than the ring holds. */
static void bodies_survive_the_wrap_of_the_ring(void) {
    uint64_t seed = 7;
    uint8_t *body = malloc(400000);
    ab_quarantine_init(&quarantine);
    for (uint64_t i = 0; i < 300; i++) {
        uint32_t length = (uint32_t)(check_random(&seed) % 400000);
        memset(body, (int)(i & 0xff), length);
        put(i, body, length);
        if (i % 25 != 0) {
            continue;
        }
        size_t count = snapshot();
        uint64_t bytes = 0;
        CHECK(count >= 1 && count <= i + 1);
        for (size_t k = 0; k < count; k++) {
            const uint8_t *kept;
            const ab_quarantine_entry *entry = ab_quarantine_at(&copy, k, &kept);
            CHECK_EQUAL(i + 1 - count + k, entry->sequence);
            CHECK_EQUAL(entry->body_length, entry->kept);
            for (uint32_t b = 0; b < entry->kept; b++) {
                if (kept[b] != (entry->sequence & 0xff)) {
                    CHECK_EQUAL(entry->sequence & 0xff, kept[b]);
                }
            }
            bytes += entry->kept;
        }
        CHECK(bytes <= AB_QUARANTINE_BYTES);
        ab_quarantine_free(&copy);
    }
    ab_quarantine_free(&quarantine);
    free(body);
}

static void a_body_larger_than_all_room_is_kept_cut(void) {
    uint32_t length = AB_QUARANTINE_BYTES + 1000;
    uint8_t *body = malloc(length);
    memset(body, 3, length);
    ab_quarantine_init(&quarantine);
    put(1, body, 10);
    put(2, body, length);
    CHECK_EQUAL(1, snapshot());
    const uint8_t *kept;
    const ab_quarantine_entry *entry = ab_quarantine_at(&copy, 0, &kept);
    CHECK_EQUAL(2, entry->sequence);
    CHECK_EQUAL(AB_QUARANTINE_BYTES, entry->kept);
    CHECK_EQUAL(length, entry->body_length);
    CHECK_EQUAL(3, kept[AB_QUARANTINE_BYTES - 1]);
    ab_quarantine_free(&copy);
    put(3, body, 0);
    CHECK_EQUAL(2, snapshot()); /* an empty body takes no room */
    ab_quarantine_free(&copy);
    put(4, body, 1);
    CHECK_EQUAL(2, snapshot());
    ab_quarantine_free(&copy);
    ab_quarantine_free(&quarantine);
    free(body);
}

static void a_long_text_is_cut_between_characters(void) {
    char text[600];
    ab_quarantine_entry entry = {0};
    const uint8_t *body;
    for (size_t i = 0; i + 3 <= sizeof text; i += 3) {
        memcpy(text + i, "\xe2\x82\xac", 3); /* three bytes each: 255 is a boundary, 256 is not */
    }
    text[599] = '\0';
    ab_quarantine_init(&quarantine);
    for (size_t shift = 0; shift < 3; shift++) {
        text[0] = 'a';
        memmove(text + 1, text, 598);
        CHECK_EQUAL(AB_OK, ab_quarantine_put(&quarantine, &entry, text, NULL));
        snapshot();
        const char *kept = ab_quarantine_at(&copy, shift, &body)->error;
        size_t length = strlen(kept);
        CHECK(length >= AB_QUARANTINE_TEXT - 4 && length < AB_QUARANTINE_TEXT);
        CHECK(((uint8_t)text[length] & 0xc0) != 0x80);
        ab_quarantine_free(&copy);
    }
    CHECK_EQUAL(AB_OK, ab_quarantine_put(&quarantine, &entry, NULL, NULL));
    ab_quarantine_free(&quarantine);
}

int main(void) {
    RUN(an_empty_one_needs_no_memory);
    RUN(the_newest_1024_entries_are_kept);
    RUN(bodies_survive_the_wrap_of_the_ring);
    RUN(a_body_larger_than_all_room_is_kept_cut);
    RUN(a_long_text_is_cut_between_characters);
    return 0;
}
