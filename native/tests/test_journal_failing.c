/*
 * Calls that fail: the N-th of each kind, for every N until the script gets through without it; a sync that keeps failing; a full disk.
 * Failure classes: media error (EIO), space (ENOSPC), each with a kill and a power loss on top (FaultFS).
 *
 *      test_journal_failing [scripts [fillings [seed]]]
 *
 * `scripts`: how many different ones each sweep takes; without, one, and each eleventh place. `fillings`: of the disk.
 *
 * What holds after a call failed: nothing is told durable that a power loss could take (images right then and from there on); all that was
 * appended is still there after ab_journal_resume, under its sequence; a failed opening changes nothing and can be repeated; a full
 * disk refuses appends and goes on when there is room.
 */
/* not-under: valgrind tsan (one thread, and too much work for them; ASan sees the same) */
#include <errno.h>
#include <malloc.h>

#include "journal_script.h"

#define STEPS 60
#define ALL ((1u << FAULTFS_CALLS) - 1)
#define RETRIES 200

static const char *const KINDS[FAULTFS_CALLS] = {"open (make)", "write", "sync", "sync of the directory", "allocate", "rename", "unlink",
    "read", "size", "open", "list", "mkdir"};

static struct {
    uint64_t seed, stride, failures, images, resumed, moved, reopened, waited;
} all;

static struct {
    const char *kind;
    uint64_t nth, script;
    int number;
} now;

static void die(const char *what, const char *text) {
    fprintf(stderr, "%s number %llu of script %llu (seed %llu) failed with %s: %s: %s\n", now.kind, (unsigned long long)now.nth,
        (unsigned long long)now.script, (unsigned long long)all.seed, strerror(now.number), what, text);
    exit(1);
}

/* What a kill and what a power loss would leave now. */
static void look(const script *s, const faultfs *fs, uint64_t number) {
    script_found found;
    for (int kill = 0; kill < 2; kill++) {
        faultfs *image = kill ? faultfs_copy(fs) : faultfs_image(fs, number % 3 == 0 ?
            FAULTFS_ALL_OLD : (int)(number % FAULTFS_STYLES), number);
        if (!script_check(s, faultfs_storage(image), number % 4 == 0, &found)) {
            die(kill ? "then a kill" : "then a power loss", found.text);
        }
        faultfs_free(image);
        all.images++;
    }
}

/* Get the script going again after a call of the journal failed. */
static void react(script *s, faultfs *fs, int sticky) {
    ab_error error = {0};
    ab_journal_opened opened;
    for (int tries = 0; tries < RETRIES; tries++) {
        int result;
        if (s->journal == NULL) {
            all.reopened++;
            result = script_open(s, NULL, &error);
            if (result != AB_OK && result != AB_FAILED && result != AB_NO_SPACE) {
                die("the opening after it", error.text);
            }
        } else if (s->counters[AB_JOURNAL_STATE] == AB_JOURNAL_POISONED) {
            result = ab_journal_resume(s->journal, &opened);
            script_note(s);
            if (result == AB_OK) {
                all.resumed++;
                all.moved += (uint64_t)opened.moved_records;
                if (opened.next_sequence != s->appended && !sticky) {
                    die("resume", "it does not have all that was appended");
                }
                s->appended = opened.next_sequence;
                s->exact = 0;
                s->life++;
            }
        } else if (s->counters[AB_JOURNAL_STATE] == AB_JOURNAL_FULL) {
            all.waited++;
            s->now_ns += INT64_C(200000000);
            result = ab_journal_tick(s->journal, s->now_ns, 1);
            script_note(s);
        } else {
            return;
        }
        if (tries == 0) {
            look(s, fs, now.nth * 7 + now.script);
        }
    }
    die("no way out", s->journal == NULL ? error.text : ab_journal_error(s->journal)->text);
}

static void note(void *context, faultfs *fs, int call) {
    (void)fs;
    (void)call;
    script_note(context);
}

/* One run of a script with one failure. 1: the failure came. */
static int run(uint32_t kinds, uint64_t times) {
    static script s;
    ab_error error = {0};
    s = (script){.directory = "/j", .segment = AB_JOURNAL_SEGMENT_MIN, .mode = (int)(now.script & 1), .exact = 1, .ends = {1},
        .random = (all.seed * 1000 + now.script) * 2 + 1, .percent_big = 1};
    faultfs *fs = faultfs_new();
    s.storage = faultfs_storage(fs);
    faultfs_on_call(fs, note, &s);
    faultfs_fail(fs, kinds, now.nth, times, now.number);
    int seen = 0, result = script_open(&s, NULL, &error);
    for (int step = 0; step < STEPS; step++) {
        if (result != AB_OK || (s.journal == NULL || s.counters[AB_JOURNAL_STATE] != AB_JOURNAL_READY)) {
            react(&s, fs, times > 1);
        }
        if (faultfs_failed(fs) && seen < 4) {
            look(&s, fs, now.nth * 13 + (uint64_t)step);
            seen++;
        }
        result = script_step(&s, &error);
        if (s.journal != NULL && s.counters[AB_JOURNAL_STATE] == AB_JOURNAL_READY) {
            result = AB_OK; /* a purge that failed is nothing to get over */
        }
    }
    if (s.journal == NULL || s.counters[AB_JOURNAL_STATE] != AB_JOURNAL_READY) {
        react(&s, fs, times > 1);
    }
    faultfs_fail(fs, 0, 0, 0, 0);
    if (ab_journal_sync(s.journal) != AB_OK) {
        die("the sync at the end", ab_journal_error(s.journal)->text);
    }
    script_note(&s);
    CHECK_EQUAL(s.appended, s.durable);
    look(&s, fs, now.nth);
    ab_journal_abandon(s.journal);
    faultfs_free(fs);
    all.failures += (uint64_t)(seen > 0);
    return seen > 0;
}

static void sweep(uint32_t kinds, int number, uint64_t times, uint64_t scripts) {
    uint64_t before = all.failures, images = all.images, resumed = all.resumed;
    now.number = number;
    for (now.script = 0; now.script < scripts; now.script++) {
        for (now.nth = 1; run(kinds, times); now.nth += all.stride) {
        }
    }
    printf("ok %s fails with %s, %llu times in a row, at each of %llu places: %llu resumed, %llu images\n", now.kind,
        number == EIO ? "EIO" : "ENOSPC", (unsigned long long)times, (unsigned long long)(all.failures - before),
        (unsigned long long)(all.resumed - resumed), (unsigned long long)(all.images - images));
}

/* ---- readers of a segment that is begun anew --------------------------------------------------------------------- */

/* Read on: how many; the answer that ended it in *result. */
static uint64_t read_on(const script *s, ab_journal_reader *reader, uint64_t due, int *result) {
    ab_journal_record record;
    ab_error error = {0};
    uint64_t count = 0;
    for (; (*result = ab_journal_reader_next(reader, &record, &error)) == AB_OK; count++) {
        CHECK_EQUAL(due + count, record.sequence);
        CHECK(script_is_right(s, &record));
    }
    return count;
}

/* The first reader reads along; the second looks again only when the writer is some segments further. */
static void a_resume_that_fails_does_not_lose_its_readers(void) {
    static script s;
    ab_journal_reader *readers[2];
    ab_journal_opened opened;
    ab_error error = {0};
    uint64_t read[2] = {0};
    int result, tried = 0;
    s = (script){.directory = "/j", .segment = AB_JOURNAL_SEGMENT_MIN, .mode = AB_JOURNAL_INTERVAL};
    faultfs *fs = faultfs_new();
    s.storage = faultfs_storage(fs);
    CHECK_EQUAL(AB_OK, script_open(&s, NULL, &error));
    for (int i = 0; i < 20; i++) {
        CHECK_EQUAL(i, script_append(&s));
    }
    faultfs_fail(fs, 1u << FAULTFS_SYNC, 1, 1, EIO);
    CHECK_EQUAL(AB_FAILED, ab_journal_sync(s.journal));
    for (int r = 0; r < 2; r++) {
        CHECK_EQUAL(AB_OK, ab_journal_reader_open("/j", s.storage, 0, &readers[r], &error));
    }
    do { /* each time one sync further: at last in the new segment, where the readers are by then */
        faultfs_fail(fs, 1u << FAULTFS_SYNC, (uint64_t)++tried, 1, EIO);
        result = ab_journal_resume(s.journal, &opened);
        for (int r = 0; r < 2 && result != AB_OK; r++) {
            read[r] += read_on(&s, readers[r], read[r], &(int){0});
        }
    } while (result != AB_OK);
    CHECK(tried > 2 && read[0] == 20);
    faultfs_fail(fs, 0, 0, 0, 0);
    while (s.appended < 3000) {
        CHECK_EQUAL(s.appended, script_append(&s));
        if (s.appended % 50 == 0) {
            CHECK_EQUAL(AB_OK, ab_journal_sync(s.journal));
            read[0] += read_on(&s, readers[0], read[0], &result);
            CHECK_EQUAL(AB_END, result);
            CHECK_EQUAL(s.appended, read[0]);
        }
    }
    read[1] += read_on(&s, readers[1], read[1], &result);
    CHECK_EQUAL(AB_END, result);
    CHECK_EQUAL(3000, read[1]);
    ab_journal_reader_close(readers[0]);
    ab_journal_reader_close(readers[1]);
    ab_journal_abandon(s.journal);
    faultfs_free(fs);
}

/* ---- a full disk ------------------------------------------------------------------------------------------------- */

static void fill_the_disk(uint64_t number) {
    static script s;
    ab_error error = {0};
    uint64_t state = all.seed * 991 + number * 2 + 1, refused = 0;
    s = (script){.directory = "/j", .segment = AB_JOURNAL_SEGMENT_MIN, .mode = (int)(number & 1), .exact = 1, .ends = {1},
        .random = state | 1, .percent_big = 2};
    faultfs *fs = faultfs_new();
    s.storage = faultfs_storage(fs);
    now.kind = "a full disk, filling";
    now.nth = number;
    now.number = ENOSPC;
    faultfs_on_call(fs, note, &s);
    uint64_t room = AB_JOURNAL_SEGMENT_MIN * 2 + 4096 + check_random(&state) % (8 * AB_JOURNAL_SEGMENT_MIN);
    faultfs_capacity(fs, room);
    int result = script_open(&s, NULL, &error);
    while (result >= 0 && s.counters[AB_JOURNAL_STATE] != AB_JOURNAL_FULL) {
        int64_t sequence = script_append(&s);
        result = sequence < 0 ? (int)sequence : check_random(&state) % 5 == 0 ? ab_journal_sync(s.journal) : AB_OK;
        script_note(&s);
    }
    CHECK_EQUAL(AB_NO_SPACE, result);
    CHECK_CONTAINS(ab_journal_error(s.journal)->text, "make room");
    for (int i = 0; i < 20; i++) {
        refused += ab_journal_append(s.journal, 0, 0, 0, 0, "x", 1) == AB_NO_SPACE;
        s.now_ns += INT64_C(200000000);
        CHECK_EQUAL(AB_NO_SPACE, ab_journal_tick(s.journal, s.now_ns, 1));
    }
    CHECK_EQUAL(20, refused);
    CHECK_EQUAL(s.counters[AB_JOURNAL_WRITTEN_SEQUENCE], s.counters[AB_JOURNAL_DURABLE_SEQUENCE]); /* no room for more is no reason */
    script_note(&s);
    look(&s, fs, number);
    if (number % 3 == 0) { /* closed while it is full, opened while it is full: all that was durable is there */
        const int all_written = s.counters[AB_JOURNAL_WRITTEN_SEQUENCE] == (int64_t)s.appended;
        CHECK_EQUAL(all_written ? AB_OK : AB_NO_SPACE, ab_journal_close(s.journal, &error));
        s.journal = NULL;
        result = script_open(&s, NULL, &error);
        CHECK(result == AB_OK || result == AB_NO_SPACE);
        CHECK(result != AB_OK || s.appended >= s.durable);
    }
    faultfs_capacity(fs, 0);
    react(&s, fs, 0);
    for (int i = 0; i < 100; i++) {
        CHECK(script_append(&s) >= 0);
    }
    CHECK_EQUAL(AB_OK, ab_journal_sync(s.journal));
    script_note(&s);
    CHECK_EQUAL(s.appended, s.durable);
    look(&s, fs, number + 1);
    ab_journal_abandon(s.journal);
    faultfs_free(fs);
}

int main(int count, char **arguments) {
    uint64_t scripts = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
    uint64_t fillings = count > 2 ? strtoull(arguments[2], NULL, 10) : 5;
    all.stride = count > 1 ? 1 : 11;
    all.seed = count > 3 ? strtoull(arguments[3], NULL, 10) : 1;
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    RUN(a_resume_that_fails_does_not_lose_its_readers);
    for (int kind = 0; kind < FAULTFS_CALLS; kind++) {
        now.kind = KINDS[kind];
        sweep(1u << kind, EIO, 1, scripts);
    }
    const int roomy[] = {FAULTFS_OPEN, FAULTFS_WRITE, FAULTFS_ALLOCATE, FAULTFS_RENAME, FAULTFS_SYNC_DIRECTORY};
    for (size_t i = 0; i < sizeof roomy / sizeof *roomy; i++) {
        now.kind = KINDS[roomy[i]];
        sweep(1u << roomy[i], ENOSPC, 1, scripts);
    }
    now.kind = KINDS[FAULTFS_SYNC];
    sweep(1u << FAULTFS_SYNC, EIO, 5, scripts);
    now.kind = "any call";
    sweep(ALL, EIO, 3, scripts);
    for (uint64_t i = 0; i < fillings; i++) {
        fill_the_disk(i);
    }
    printf("ok a full disk %llu times: appends refused, then it goes on, nothing lost\n", (unsigned long long)fillings);
    printf("ok %llu failures, %llu images, %llu resumed with %llu records moved, %llu opened again, %llu waits for room (seed %llu)\n",
        (unsigned long long)all.failures, (unsigned long long)all.images, (unsigned long long)all.resumed, (unsigned long long)all.moved,
        (unsigned long long)all.reopened, (unsigned long long)all.waited, (unsigned long long)all.seed);
    return 0;
}
