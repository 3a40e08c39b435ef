/*
 * A crash, then random damage, then everything one does about it: read, salvage, verify, repair, repair again, open, go on.
 * Failure classes: power loss and process crash in all three sync modes (none, too), with media errors on top (FaultFS).
 *
 *      test_journal_salvage [rounds [seed [round]]]      without: 150; with a round: only that one
 *
 * What holds: nothing is read that was not appended just so, in order; no reader, verify or repair runs on for ever; a repair keeps every
 * record that could be read before it, and doing it again changes nothing; what could be repaired opens and goes on, with no sequence that
 * was readable used twice; in a crash without damage nothing that was told durable is lost, in mode none neither.
 */
/* not-under: valgrind tsan (one thread, and too much work for them; ASan sees the same) */
#include <malloc.h>

#include "journal_script.h"

#define DAMAGES 4

static struct {
    uint64_t rounds, seed, round, damaged, headers, holes, lost, refused, none, corrupt;
} all;

static char done[600]; /* the damage of this round */

/* Seed and round of what once failed. */
static const uint64_t PAST[][2] = {
    {11, 3}, {12, 8}, {13, 14}, {14, 25}, {15, 403}, {21, 303}, {22, 1218}, {24, 81}, {25, 344}, {26, 855}, {1000, 7905}, {1001, 2322}};

static void die(const script *s, const char *what, const char *text) {
    fprintf(stderr, "round %llu, mode %d, after%s: %s: %s\nagain: test_journal_salvage 1 %llu %llu\n", (unsigned long long)all.round,
        s->mode, done[0] == 0 ? " a crash" : done, what, text, (unsigned long long)all.seed, (unsigned long long)all.round);
    exit(1);
}

/* ---- damage ------------------------------------------------------------------------------------------------------ */

typedef struct {
    char names[64][40];
    int count;
} names;

static int take_name(void *context, const char *name) {
    names *all_of = context;
    if (all_of->count < 64 && strlen(name) < 40 &&
        (strstr(name, ".journal") != NULL || strstr(name, ".index") != NULL || strcmp(name, "checkpoint") == 0)) {
        strcpy(all_of->names[all_of->count++], name);
    }
    return 0;
}

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

/* Damage one file; a segment most likely. */
static void damage(faultfs *fs, uint64_t *random) {
    static const char *const how[] = {"bit", "sector of zeros", "sector of noise", "cut", "header", "gone"};
    const ab_storage *storage = faultfs_storage(fs);
    names found = {.count = 0};
    char path[64];
    storage->list(storage->self, "/j", take_name, &found);
    if (found.count == 0) {
        return;
    }
    qsort(found.names, (size_t)found.count, sizeof found.names[0], by_name);
    const char *name = found.names[check_random(random) % (uint64_t)found.count];
    for (int tries = 0; tries < 3 && strstr(name, ".journal") == NULL; tries++) {
        name = found.names[check_random(random) % (uint64_t)found.count];
    }
    snprintf(path, sizeof path, "/j/%s", name);
    uint64_t length, used, draw = check_random(random) >> 8, kind = draw % 20;
    uint8_t *bytes = faultfs_bytes(fs, path, &length, &used);
    int way = kind < 9 ? 0 : kind < 12 ? 1 : kind < 14 ? 2 : kind < 16 ? 3 : kind < 18 ? 4 : 5;
    if (bytes == NULL || used == 0) {
        return;
    }
    uint64_t at = (draw >> 8) % used;
    switch (way) {
    case 0:
        bytes[at] ^= (uint8_t)(1u << (draw >> 5) % 8);
        break;
    case 1:
    case 2:
        for (at = at / 512 * 512; at < used; at++) {
            bytes[at] = way == 1 ? 0 : (uint8_t)(check_random(random) >> 20);
            if (at % 512 == 511) {
                break;
            }
        }
        break;
    case 3:
        faultfs_cut(fs, path, at);
        break;
    case 4:
        at = (draw >> 8) % (used < 120 ? used : 120);
        for (uint64_t i = at; i < used && i < at + 1 + (draw >> 40) % 60; i++) {
            bytes[i] = (uint8_t)(draw >> (i % 56));
        }
        break;
    default:
        faultfs_remove(fs, path);
        break;
    }
    snprintf(done + strlen(done), sizeof done - strlen(done), " %s of %s at %llu,", how[way], name, (unsigned long long)at);
    all.damaged++;
}

/* ---- what is there ----------------------------------------------------------------------------------------------- */

typedef struct {
    uint8_t seen[SCRIPT_MOST];
    uint64_t count, next; /* next: behind the greatest */
    int result;           /* what ended it; AB_NOT_FOUND and the like: it did not open */
    char text[600];
} reading;

static void read_it(const script *s, const ab_storage *storage, int32_t flags, reading *r, const char *what) {
    ab_journal_reader *reader;
    ab_journal_record records[64];
    ab_journal_reader_state state;
    ab_error error = {0};
    uint64_t calls = 0;
    memset(r, 0, sizeof *r);
    r->result = ab_journal_reader_open("/j", storage, flags, &reader, &error);
    if (r->result != AB_OK) {
        snprintf(r->text, sizeof r->text, "%.500s", error.text);
        return;
    }
    ab_journal_reader_state_get(reader, &state);
    r->next = state.first_sequence; /* what retention removed is no loss */
    for (;;) {
        r->result = ab_journal_reader_batch(reader, records, 64, &error);
        if (++calls > 2 * SCRIPT_MOST) {
            die(s, what, "it goes on for ever");
        }
        if (r->result == AB_LOST && (flags & AB_JOURNAL_SKIP_CORRUPT) != 0) {
            continue;
        }
        if (r->result <= 0) {
            break;
        }
        for (int i = 0; i < r->result; i++) {
            if (!script_is_right(s, &records[i]) || records[i].sequence < r->next) {
                die(s, what, "a record that is not what was appended, or not in order");
            }
            r->seen[records[i].sequence] = 1;
            r->next = records[i].sequence + 1;
            r->count++;
        }
    }
    ab_journal_reader_close(reader);
    snprintf(r->text, sizeof r->text, "%.500s", error.text);
    const int named = r->result == AB_CORRUPT || r->result == AB_REFUSED || r->result == AB_LOST;
    if (r->result != AB_END && ((flags & AB_JOURNAL_SKIP_CORRUPT) != 0 || !named || strstr(error.text, ".journal") == NULL)) {
        die(s, what, error.text);
    }
}

/* Open what was repaired, append, close, read it all. */
static void go_on(script *s, const ab_storage *storage, const reading *before) {
    static reading after;
    ab_journal_opened opened;
    ab_journal_report report;
    ab_error error = {0};
    s->storage = storage;
    if (script_open(s, &opened, &error) != AB_OK) {
        die(s, "opening what was repaired", error.text);
    }
    if (opened.next_sequence < before->next) {
        char text[100];
        snprintf(text, sizeof text, "next is %llu, but records to %llu were read", (unsigned long long)opened.next_sequence,
            (unsigned long long)before->next);
        die(s, "opening what was repaired", text);
    }
    const uint64_t begin = s->appended;
    for (int i = 0; i < 40; i++) {
        if (script_append(s) < 0 || (i % 9 == 0 && ab_journal_write(s->journal) != AB_OK)) {
            die(s, "going on", ab_journal_error(s->journal)->text);
        }
    }
    if (ab_journal_close(s->journal, &error) != AB_OK) {
        die(s, "closing", error.text);
    }
    s->journal = NULL;
    read_it(s, storage, AB_JOURNAL_SKIP_CORRUPT, &after, "reading what went on");
    for (uint64_t i = 0; i < s->appended; i++) {
        if (i < begin ? before->seen[i] > after.seen[i] : !after.seen[i]) {
            die(s, "reading what went on", i < begin ? "a record is gone" : "what was appended last is not there");
        }
    }
    if (ab_journal_verify("/j", storage, &report, NULL, 0, NULL, &error) != AB_OK || report.records != after.count) {
        die(s, "verify at the end", "it counts other records than are read");
    }
}

static void look(script *s, faultfs *fs, int damages) {
    static reading strict, salvaged, repaired;
    const ab_storage *storage = faultfs_storage(fs);
    ab_journal_report report;
    ab_journal_repaired first, again;
    ab_error error = {0};
    read_it(s, storage, 0, &strict, "reading");
    read_it(s, storage, AB_JOURNAL_SKIP_CORRUPT, &salvaged, "salvage");
    if (strict.count > salvaged.count) {
        die(s, "salvage", "it has less than a reader that skips nothing");
    }
    if (damages == 0 && strict.next < s->durable) {
        char text[800];
        snprintf(text, sizeof text, "%llu were told durable, read were those to %llu, then %d %s", (unsigned long long)s->durable,
            (unsigned long long)strict.next, strict.result, strict.text);
        die(s, "reading", text);
    }
    all.corrupt += strict.result != AB_END;
    int result = ab_journal_verify("/j", storage, &report, NULL, 0, NULL, &error);
    if (result != AB_OK && result != AB_NOT_FOUND) {
        die(s, "verify", error.text);
    }
    if (result == AB_OK && report.problems == 0 && (strict.result != AB_END || report.records != strict.count)) {
        die(s, "verify", "it calls whole what a reader does not");
    }
    result = ab_journal_repair("/j", storage, SCRIPT_TIME + 5000000, &first, NULL, &error);
    if (result == AB_NOT_FOUND) {
        return;
    }
    if (result != AB_OK) {
        if ((result != AB_CORRUPT && result != AB_REFUSED) || damages == 0 || strstr(error.text, ".journal") == NULL) {
            die(s, "repair", error.text);
        }
        all.refused++;
    }
    all.headers += first.headers;
    all.holes += first.holes + first.cuts;
    all.lost += first.lost;
    read_it(s, storage, AB_JOURNAL_SKIP_CORRUPT, &repaired, "reading what was repaired");
    for (uint64_t i = 0; i < s->appended; i++) {
        if (salvaged.seen[i] > repaired.seen[i]) {
            char text[100];
            snprintf(text, sizeof text, "it lost record %llu of %llu, that could be read", (unsigned long long)i,
                (unsigned long long)s->appended);
            die(s, "repair", text);
        }
    }
    const int second = ab_journal_repair("/j", storage, SCRIPT_TIME + 6000000, &again, NULL, &error);
    if (second != result || again.holes + again.cuts + again.headers != 0) {
        die(s, "a second repair", second != result ? error.text : "it found something to do");
    }
    if (result == AB_OK) {
        go_on(s, storage, &repaired);
    }
}

static void one_round(void) {
    static script s;
    static script then;
    ab_error error = {0};
    uint64_t random = all.seed * 1000003 + all.round * 7919 + 1, draw;
    done[0] = 0;
    for (int i = 0; i < 3; i++) {
        draw = check_random(&random) >> 8;
    }
    s = (script){.directory = "/j", .segment = AB_JOURNAL_SEGMENT_MIN, .mode = (int)(draw % 3), .random = draw | 1,
        .percent_big = (uint32_t)(draw >> 4) % 3, .ends = {1}};
    faultfs *fs = faultfs_new();
    s.storage = faultfs_storage(fs);
    int result = script_open(&s, NULL, &error);
    for (uint64_t step = 0, steps = 5 + (draw >> 8) % 150; result == AB_OK && step < steps; step++) {
        result = script_step(&s, &error);
    }
    if (result != AB_OK) {
        die(&s, "the script itself", error.text);
    }
    script_note(&s);
    all.none += s.mode == AB_JOURNAL_NONE;
    faultfs *image = (draw >> 20) % 2 == 0 ? faultfs_copy(fs) : faultfs_image(fs, (int)((draw >> 24) % FAULTFS_STYLES), draw);
    memcpy(&then, &s, sizeof then);
    ab_journal_abandon(s.journal);
    faultfs_free(fs);
    int damages = (int)((draw >> 32) % DAMAGES);
    for (int i = 0; i < damages; i++) {
        damage(image, &random);
    }
    then.journal = NULL;
    look(&then, image, done[0] != 0);
    faultfs_free(image);
}

int main(int count, char **arguments) {
    all.rounds = count > 1 ? strtoull(arguments[1], NULL, 10) : 150;
    all.seed = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;
    all.round = count > 3 ? strtoull(arguments[3], NULL, 10) : 0;
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    const uint64_t seed = all.seed, round = all.round;
    for (size_t i = 0; count <= 3 && i < sizeof PAST / sizeof *PAST; i++) {
        all.seed = PAST[i][0];
        all.round = PAST[i][1];
        one_round();
    }
    all.seed = seed;
    all.round = round;
    for (uint64_t i = 0; i < all.rounds; i++, all.round++) {
        one_round();
    }
    printf("ok %llu crashes with %llu damages (%llu in mode none, seed %llu): %llu corrupt, %llu headers made anew, %llu holes of %llu "
           "records, %llu could not be repaired and were named; no record lost that could be read, none wrong\n",
        (unsigned long long)all.rounds, (unsigned long long)all.damaged, (unsigned long long)all.none, (unsigned long long)all.seed,
        (unsigned long long)all.corrupt, (unsigned long long)all.headers, (unsigned long long)all.holes, (unsigned long long)all.lost,
        (unsigned long long)all.refused);
    return 0;
}
