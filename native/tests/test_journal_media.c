/*
 * Media errors: files that are cut, bits that flip, sectors that lie elsewhere or are old. Failure class: media error (FaultFS).
 *
 *      test_journal_media [every [seed]]     every 1: all of it (about ten minutes); every 16: a sixteenth; without: a thousandth
 *
 * Whatever is done to the files: no record is returned that was not appended just so; what is missing is named by file, offset and
 * sequence; nothing below the durable position is taken for a torn tail; AB_JOURNAL_SKIP_CORRUPT returns all but the records that were hit.
 */
/* not-under: valgrind tsan (one thread, and too much work for them; ASan sees the same) */
#include <malloc.h>

#include "journal_script.h"

#define SEGMENT (1u << 20)
#define LAST_BYTES 65536u
#define REGION_BITS 32768u
#define RANDOM_FLIPS 100000u
#define SECTORS 20000u
#define HINTS 10000u

static uint64_t every = 1000, seed = 1;
static uint64_t named, harmless;

typedef struct {
    int64_t base;
    char path[64];
    uint64_t used; /* behind the last record */
} segment;

static struct {
    script s;
    faultfs *fs, *older; /* older: the same, half way */
    segment segments[16];
    int count;
    int64_t ends[SCRIPT_MOST], starts[SCRIPT_MOST]; /* positions of each record */
} made;

static void die(const char *what, const char *path, uint64_t from, uint64_t to, const char *text) {
    fprintf(stderr, "%s %s, bytes %llu .. %llu (seed %llu): %s\n", what, path, (unsigned long long)from, (unsigned long long)to,
        (unsigned long long)seed, text);
    exit(1);
}

/* Where each record lies, and the segments. */
static void survey(void) {
    ab_journal_reader *reader;
    ab_journal_record record;
    ab_error error;
    const ab_storage *storage = faultfs_storage(made.fs);
    int64_t next_base = 0;
    made.count = 0;
    CHECK_EQUAL(AB_OK, ab_journal_reader_open("/j", storage, 0, &reader, &error));
    while (ab_journal_reader_next(reader, &record, &error) == AB_OK) {
        made.starts[record.sequence] = record.position - (int64_t)ab_padded(AB_RECORD_HEADER + (uint64_t)record.length);
        made.ends[record.sequence] = record.position;
    }
    ab_journal_reader_close(reader);
    for (;; next_base += SEGMENT - AB_JOURNAL_HEADER) {
        segment *one = &made.segments[made.count];
        snprintf(one->path, sizeof one->path, "/j/%016llx.journal", (unsigned long long)next_base);
        if (faultfs_bytes(made.fs, one->path, NULL, &one->used) == NULL) {
            break;
        }
        one->base = next_base;
        made.count++;
    }
    segment *last = &made.segments[made.count - 1];
    last->used = (uint64_t)(made.s.counters[AB_JOURNAL_WRITTEN] - last->base) + AB_JOURNAL_HEADER;
}

/* A recording: some segments full, the last one with more than LAST_BYTES. `durable` 0: those bytes are only written. */
static void make(uint32_t small, int durable, uint64_t records) {
    ab_error error = {0};
    made.s = (script){.directory = "/j", .segment = SEGMENT, .mode = AB_JOURNAL_INTERVAL, .random = seed, .small = small,
        .percent_big = small > 0 ? 0 : 2};
    made.fs = faultfs_new();
    made.older = NULL;
    script *s = &made.s;
    s->storage = faultfs_storage(made.fs);
    CHECK_EQUAL(AB_OK, script_open(s, NULL, &error));
    int64_t base = 0, synced = 0;
    for (;;) {
        CHECK(script_append(s) >= 0);
        if (check_random(&s->random) % 8 == 0) {
            CHECK_EQUAL(AB_OK, durable || synced != base ? ab_journal_sync(s->journal) : ab_journal_write(s->journal));
            synced = base;
            script_note(s);
        }
        if (s->appended == records / 2) {
            made.older = faultfs_copy(made.fs);
        }
        base = s->counters[AB_JOURNAL_WRITTEN] / (SEGMENT - AB_JOURNAL_HEADER);
        int64_t inside = s->counters[AB_JOURNAL_WRITTEN] % (SEGMENT - AB_JOURNAL_HEADER);
        if (s->appended >= records && inside > LAST_BYTES + 20000 && s->counters[AB_JOURNAL_WRITTEN_SEQUENCE] == (int64_t)s->appended) {
            break;
        }
    }
    ab_journal_abandon(s->journal);
    survey();
}

static void unmake(void) {
    if (made.older != NULL) {
        faultfs_free(made.older);
    }
    faultfs_free(made.fs);
}

static int is_named(const ab_error *error) {
    return strstr(error->text, ".journal") != NULL && strstr(error->text, "offset ") != NULL &&
           (error->code == AB_REFUSED || strstr(error->text, "sequence ") != NULL || strstr(error->text, "offset 0:") != NULL);
}

/* How many records lie (partly) in these bytes of a segment. */
static uint64_t records_in(const segment *one, uint64_t from, uint64_t to) {
    const int64_t first = one->base + (int64_t)from - AB_JOURNAL_HEADER, last = one->base + (int64_t)to - AB_JOURNAL_HEADER;
    uint64_t low = 0, high = made.s.appended, count = 0;
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        if (made.ends[middle] <= first) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < made.s.appended && made.starts[low] < last; low++) {
        count++;
    }
    return count;
}

/* What the readers and the writer make of a damaged recording. `hit`: records in the damaged bytes; `in_header`: of a segment. */
static void look(const char *what, const char *path, uint64_t from, uint64_t to, uint64_t hit, int in_header) {
    const script *s = &made.s;
    const ab_storage *storage = faultfs_storage(made.fs);
    script_found found = {0};
    ab_error error;
    uint64_t first = 0;
    int result;
    uint64_t count = script_read(s, storage, 0, &first, &result, &error, &found);
    if (found.text[0] != 0) {
        die(what, path, from, to, found.text);
    }
    const int whole = result == AB_END && count == s->appended;
    if (!whole && ((result != AB_CORRUPT && result != AB_REFUSED) || !is_named(&error))) {
        snprintf(found.text, sizeof found.text, "%llu records of %llu, then %d: %.500s", (unsigned long long)count,
            (unsigned long long)s->appended, result, error.text);
        die(what, path, from, to, found.text);
    }
    if (whole && hit > 0) {
        die(what, path, from, to, "records were hit, and all are returned");
    }
    named += !whole;
    harmless += whole;
    if (!in_header) {
        count = script_read(s, storage, AB_JOURNAL_SKIP_CORRUPT, &first, &result, &error, &found);
        if (found.text[0] != 0 || result != AB_END || count + hit < s->appended) {
            snprintf(found.text + strlen(found.text), 400, " (skipping: %llu of %llu, %llu were hit; ended with %d %.200s)",
                (unsigned long long)count, (unsigned long long)s->appended, (unsigned long long)hit, result, error.text);
            die(what, path, from, to, found.text);
        }
    }
    faultfs *copy = faultfs_copy(made.fs);
    ab_journal *journal;
    ab_journal_opened opened;
    const ab_journal_options options = {.directory = "/j", .segment_length = SEGMENT, .now_ns = SCRIPT_TIME + 77};
    uint64_t least = s->appended;
    if (((from ^ from >> 9) & 1) != 0 && faultfs_remove(copy, "/j/checkpoint") == 0) { /* only the last batch may go */
        while (!s->ends[--least]) {
        }
    }
    result = ab_journal_open(&options, faultfs_storage(copy), &journal, &opened, &error);
    if (result == AB_OK) {
        if (opened.next_sequence < least) {
            snprintf(found.text, sizeof found.text, "taken for a torn tail: opened with %llu records of %llu, all durable",
                (unsigned long long)opened.next_sequence, (unsigned long long)s->appended);
            die(what, path, from, to, found.text);
        }
        ab_journal_abandon(journal);
    } else if ((result != AB_CORRUPT && result != AB_REFUSED) || !is_named(&error)) {
        die(what, path, from, to, error.text);
    }
    faultfs_free(copy);
}

/* ---- cuts -------------------------------------------------------------------------------------------------------- */

static void each_cut_of_the_end_is_a_torn_tail_or_named(int durable) {
    make(0, durable, 1500);
    script *s = &made.s;
    const segment *last = &made.segments[made.count - 1];
    uint64_t cuts = 0;
    for (uint64_t length = last->used - LAST_BYTES; length < last->used; length++) {
        if ((length + seed) % every != 0) {
            continue;
        }
        faultfs *copy = faultfs_copy(made.fs);
        ab_journal *journal;
        ab_journal_opened opened;
        ab_error error = {0};
        script_found found = {0};
        uint64_t first = 0, whole = s->appended;
        int result;
        faultfs_cut(copy, last->path, length);
        while (whole > 0 && (!s->ends[whole] ||
            made.ends[whole - 1] - last->base + AB_JOURNAL_HEADER + AB_CONTROL_LENGTH > (int64_t)length)) {
            whole--; /* to the end of the last batch that is there with its commit */
        }
        uint64_t most = whole; /* whole records without their commit: a reader may have them when they were durable */
        while (durable && most < s->appended && made.ends[most] - last->base + AB_JOURNAL_HEADER <= (int64_t)length) {
            most++;
        }
        uint64_t count = script_read(s, faultfs_storage(copy), 0, &first, &result, &error, &found);
        if (found.text[0] != 0 || count < whole || count > most || result != (durable ? AB_CORRUPT : AB_END) || (durable &&
            !is_named(&error))) {
            snprintf(found.text + strlen(found.text), 500, " read %llu, whole are %llu; then %d %.300s", (unsigned long long)count,
                (unsigned long long)whole, result, error.text);
            die("cut", last->path, length, last->used, found.text);
        }
        const ab_journal_options options = {.directory = "/j", .segment_length = SEGMENT, .now_ns = SCRIPT_TIME + 77};
        result = ab_journal_open(&options, faultfs_storage(copy), &journal, &opened, &error);
        if (durable ? result != AB_CORRUPT || !is_named(&error) : result != AB_OK || opened.next_sequence != whole) {
            snprintf(found.text, sizeof found.text, "opened with %d, %llu records, whole are %llu; %.300s", result,
                (unsigned long long)(result == AB_OK ? opened.next_sequence : 0), (unsigned long long)whole, error.text);
            die("cut", last->path, length, last->used, found.text);
        }
        if (result == AB_OK) {
            ab_journal_abandon(journal);
            CHECK_EQUAL(whole, script_read(s, faultfs_storage(copy), 0, &first, &result, &error, &found));
        }
        for (int i = 0; i + 1 < made.count && cuts % 64 == 0; i++) { /* nothing else has changed */
            CHECK(faultfs_same(copy, made.fs, made.segments[i].path));
        }
        faultfs_free(copy);
        cuts++;
    }
    printf("ok %llu cuts of the last 65,536 bytes, %s\n", (unsigned long long)cuts,
        durable ? "all durable: named" : "all only written: the longest prefix of whole batches");
    unmake();
}

/* ---- bits and sectors -------------------------------------------------------------------------------------------- */

static void flip(const segment *one, uint64_t bit) {
    uint64_t used;
    uint8_t *bytes = faultfs_bytes(made.fs, one->path, NULL, &used);
    uint64_t at = bit / 8;
    bytes[at] ^= (uint8_t)(1u << bit % 8);
    look("bit flipped in", one->path, at, at + 1, records_in(one, at, at + 1), at < AB_JOURNAL_HEADER);
    bytes[at] ^= (uint8_t)(1u << bit % 8);
}

static void flips(void) {
    make(0, 1, 1500);
    uint64_t count = 0, state = seed * 77 + 1;
    named = harmless = 0;
    for (int half = 0; half < 2; half++) { /* 4 KiB: one half in a sealed segment, one in the last */
        const segment *one = &made.segments[half == 0 ? 0 : made.count - 1];
        uint64_t from = (one->used / 2 / 512 * 512) * 8;
        for (uint64_t bit = 0; bit < REGION_BITS / 2; bit++) {
            if ((bit + seed) % every == 0) {
                flip(one, from + bit);
                count++;
            }
        }
    }
    CHECK_EQUAL(0, harmless);
    printf("ok %llu bits of 4 KiB flipped: all named, nothing wrong returned\n", (unsigned long long)count);
    count = named = 0;
    for (uint64_t i = 0; i < RANDOM_FLIPS / every; i++, count++) {
        const segment *one = &made.segments[check_random(&state) % (uint64_t)made.count];
        flip(one, check_random(&state) % (one->used * 8));
    }
    printf("ok %llu random bits flipped: %llu named, %llu where nothing is kept, nothing wrong returned\n", (unsigned long long)count,
        (unsigned long long)named, (unsigned long long)harmless);
}

static void sectors(void) {
    uint64_t state = seed * 78 + 1, count = named = harmless = 0;
    for (uint64_t i = 0; i < SECTORS / every; i++) {
        uint8_t kept[2][512];
        const segment *one = &made.segments[check_random(&state) % (uint64_t)made.count];
        const segment *two = &made.segments[check_random(&state) % (uint64_t)made.count];
        uint64_t a = AB_JOURNAL_HEADER / 512 + check_random(&state) % ((one->used - AB_JOURNAL_HEADER) / 512);
        uint64_t b = AB_JOURNAL_HEADER / 512 + check_random(&state) % ((two->used - AB_JOURNAL_HEADER) / 512);
        uint64_t used, used_old = 0;
        uint8_t *first = faultfs_bytes(made.fs, one->path, NULL, &used) + a * 512;
        uint8_t *second = faultfs_bytes(made.fs, two->path, NULL, &used) + b * 512;
        memcpy(kept[0], first, 512);
        memcpy(kept[1], second, 512);
        uint64_t hit = records_in(one, a * 512, a * 512 + 512);
        const char *what = i % 3 == 0 ? "swapped sector of" : i % 3 == 1 ? "misdirected sector in" : "stale sector in";
        if (i % 3 == 0) {
            memcpy(first, kept[1], 512);
            memcpy(second, kept[0], 512);
            hit += records_in(two, b * 512, b * 512 + 512);
        } else if (i % 3 == 1) {
            memcpy(first, kept[1], 512);
        } else { /* what was there half way: another record's bytes are never there, but zeros, or less of the same */
            const uint8_t *old = faultfs_bytes(made.older, one->path, NULL, &used_old);
            uint8_t stale[512] = {0};
            if (old != NULL && a * 512 < used_old) {
                memcpy(stale, old + a * 512, used_old - a * 512 < 512 ? used_old - a * 512 : 512);
            }
            memcpy(first, stale, 512);
        }
        if (memcmp(first, kept[0], 512) != 0) {
            look(what, one->path, a * 512, a * 512 + 512, hit, 0);
            count++;
        }
        memcpy(second, kept[1], 512);
        memcpy(first, kept[0], 512);
    }
    printf("ok %llu sectors swapped, misdirected or stale: %llu named, %llu where nothing is kept, nothing wrong returned\n",
        (unsigned long long)count, (unsigned long long)named, (unsigned long long)harmless);
    unmake();
}

/* ---- index and checkpoint ---------------------------------------------------------------------------------------- */

static void spoil(faultfs *fs, const char *path, uint64_t *state) {
    uint64_t length, used;
    uint8_t *bytes = faultfs_bytes(fs, path, &length, &used);
    uint64_t how = check_random(state) >> 40;
    if (bytes != NULL && how % 4 == 0) {
        faultfs_cut(fs, path, (how >> 3) % (length / 16 + 1) * 16);
    } else if (how % 16 == 1) {
        faultfs_remove(fs, path);
    } else {
        for (uint64_t i = 0; used > 0 && i <= (how >> 4) % 3; i++) {
            bytes[check_random(state) % used] = (uint8_t)(check_random(state) >> 50);
        }
    }
}

/* The record that a seek finds is the right one. */
static void seek(const ab_storage *storage, uint64_t *state) {
    ab_journal_reader *reader;
    ab_journal_record record;
    ab_error error = {0};
    const script *s = &made.s;
    const uint64_t sequence = check_random(state) % s->appended;
    const int how = (int)(check_random(state) >> 60) % 3;
    int64_t value = how == 0 ? (int64_t)sequence : how == 1 ?
        made.starts[sequence] : SCRIPT_TIME + 1000 * (int64_t)sequence + s->lives[sequence];
    CHECK_EQUAL(AB_OK, ab_journal_reader_open("/j", storage, 0, &reader, &error));
    if (ab_journal_reader_seek(reader, how == 0 ? AB_SEEK_SEQUENCE : how == 1 ? AB_SEEK_POSITION : AB_SEEK_TIME, value, &error) != AB_OK ||
        ab_journal_reader_next(reader, &record, &error) != AB_OK || record.sequence != sequence || !script_is_right(s, &record)) {
        die("a hint spoilt, seek in", "/j", sequence, (uint64_t)how, error.text);
    }
    ab_journal_reader_close(reader);
}

static void hints(void) {
    make(24, 1, 40000);
    uint64_t state = seed * 79 + 1, count = 0;
    for (uint64_t i = 0; i < HINTS / every; i++, count++) {
        faultfs *copy = faultfs_copy(made.fs);
        ab_journal *journal;
        ab_journal_opened opened;
        ab_error error = {0};
        char path[64];
        for (int k = 0; k < made.count; k++) {
            snprintf(path, sizeof path, "/j/%016llx.index", (unsigned long long)made.segments[k].base);
            spoil(copy, path, &state);
        }
        if (i % 2 == 0) {
            spoil(copy, "/j/checkpoint", &state);
        }
        seek(faultfs_storage(copy), &state);
        if (i % 4 == 0) {
            const ab_journal_options options = {.directory = "/j", .segment_length = SEGMENT, .now_ns = SCRIPT_TIME + 77};
            if (ab_journal_open(&options, faultfs_storage(copy), &journal, &opened, &error) != AB_OK) {
                die("a hint spoilt in", "/j", i, 0, error.text);
            }
            CHECK_EQUAL(made.s.appended, opened.next_sequence);
            ab_journal_abandon(journal);
            seek(faultfs_storage(copy), &state);
        }
        CHECK(i % 64 != 0 || ab_journal_index_rebuild("/j", faultfs_storage(copy), NULL, &error) > 0);
        faultfs_free(copy);
    }
    printf("ok indexes and checkpoints spoilt %llu times: every seek right, every opening whole\n", (unsigned long long)count);
    unmake();
}

int main(int count, char **arguments) {
    every = count > 1 ? strtoull(arguments[1], NULL, 10) : every;
    seed = count > 2 ? strtoull(arguments[2], NULL, 10) : seed;
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    each_cut_of_the_end_is_a_torn_tail_or_named(0);
    each_cut_of_the_end_is_a_torn_tail_or_named(1);
    flips();
    sectors();
    hints();
    return 0;
}
