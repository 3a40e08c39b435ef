/*
 * Power loss: what a file system may leave of a journal at any moment, recovered and checked. Failure class: power loss (FaultFS).
 *
 *      test_journal_power [images [seed [chain]]]      from that chain on; each says the seed, a failure says chain and image
 *
 * A chain is a recording that lives through several power losses: a script runs on a FaultFS, images of it are taken at random calls
 * (before the call has its effect) and checked; then one image, or what a kill in the middle of a call leaves, is where the next life
 * begins. Every fourth image is crashed once more in the middle of its recovery.
 */
/* not-under: valgrind tsan (one thread, and too much work for them; ASan sees the same) */
#include <malloc.h>

#include "journal_script.h"

#define LIVES 4
#define STYLE_OF(h) (int)((h) % 10 < 1 ? FAULTFS_ALL_OLD : (h) % 10 < 2 ? FAULTFS_ALL_NEW : (h) % 10 < 4 ? FAULTFS_IN_ORDER \
                          : (h) % 10 < 7 ? FAULTFS_WRITEBACK : FAULTFS_SUBSET)

static struct {
    uint64_t images, wanted, seed, chain, rolls, purged, opens, nested, cuts, in_chain, kills;
    int64_t slowest_ns;
} all;

static uint64_t hash(uint64_t a, uint64_t b) {
    uint64_t state = a * UINT64_C(0x9e3779b97f4a7c15) + b + 1;
    check_random(&state);
    return check_random(&state);
}

static void fail(const script *s, int style, uint64_t number, const char *text) {
    fprintf(stderr,
        "image %llu of chain %llu (style %d, mode %d, segment %llu, life %u): %s\n"
        "again: test_journal_power 1 %llu %llu\n",
        (unsigned long long)number, (unsigned long long)all.chain, style, s->mode, (unsigned long long)s->segment, s->life, text,
        (unsigned long long)all.seed, (unsigned long long)all.chain);
    exit(1);
}

typedef struct {
    const script *s;
    uint64_t at, number;
    int style;
} second_crash;

/* In the middle of an image's recovery the power goes again. */
static void crash_again(void *context, faultfs *fs, int call) {
    second_crash *again = context;
    (void)call;
    if (again->at-- != 0) {
        return;
    }
    script_found found;
    faultfs *image = faultfs_image(fs, again->style, hash(again->number, 99));
    all.nested++;
    if (!script_check(again->s, faultfs_storage(image), 0, &found)) {
        char text[1000];
        snprintf(text, sizeof text, "crashed again in recovery: %s", found.text);
        fail(again->s, again->style, again->number, text);
    }
    faultfs_free(image);
}

static void check_image(const script *s, const faultfs *fs) {
    script_found found;
    uint64_t number = all.in_chain++, h = hash(hash(all.seed, all.chain), number);
    int style = STYLE_OF(h >> 8);
    faultfs *image = faultfs_image(fs, style, h);
    second_crash again = {.s = s, .at = h >> 24 & 15, .number = h, .style = STYLE_OF(h >> 30)};
    if ((h >> 40) % 4 == 0) {
        faultfs_on_call(image, crash_again, &again);
    }
    if (!script_check(s, faultfs_storage(image), (h >> 40) % 4 == 1, &found)) {
        fail(s, style, number, found.text);
    }
    all.images++;
    all.cuts += found.cut_bytes > 0;
    if ((h >> 40) % 4 != 0 && found.recovery_ns > all.slowest_ns) { /* without another image's check in the middle of it */
        all.slowest_ns = found.recovery_ns;
    }
    faultfs_free(image);
}

typedef struct {
    script *s;
    uint64_t calls;
    uint64_t one_in; /* calls an image */
    faultfs *killed;  /* what a kill at a call left: the next life goes on there */
    uint64_t kill_at; /* images until then; 0: none in this life */
    script then;      /* as it was */
} taker;

static void take_images(void *context, faultfs *fs, int call) {
    taker *t = context;
    (void)call;
    script_note(t->s);
    if (hash(all.seed ^ all.chain, ++t->calls) % t->one_in == 0 && all.images < all.wanted) {
        check_image(t->s, fs);
        if (t->kill_at > 0 && --t->kill_at == 0) {
            t->killed = faultfs_copy(fs);
            memcpy(&t->then, t->s, sizeof t->then);
        }
    }
}

static faultfs *one_life(script *s, faultfs *fs, taker *t, uint64_t steps) {
    ab_error error = {0};
    s->storage = faultfs_storage(fs);
    faultfs_on_call(fs, take_images, t);
    int result = script_open(s, NULL, &error);
    while (result == AB_OK && t->killed == NULL && steps-- > 0 && s->appended + 64 < SCRIPT_MOST) {
        result = script_step(s, &error);
    }
    if (result != AB_OK) {
        char text[1000];
        snprintf(text, sizeof text, "the script itself: %d %.800s", result, error.text);
        fail(s, -1, t->calls, text);
    }
    faultfs_on_call(fs, NULL, NULL);
    uint64_t h = hash(all.seed + 5, all.chain * 16 + s->life);
    faultfs *next = t->killed;
    const int killed = next != NULL;
    t->killed = NULL;
    if (next == NULL) {
        next = faultfs_image(fs, STYLE_OF(h), h);
    }
    ab_journal_abandon(s->journal);
    if (killed) {
        *s = t->then;
        all.kills++;
    }
    s->journal = NULL;
    faultfs_free(fs);
    return next;
}

static void one_chain(void) {
    static script s;
    uint64_t h = hash(all.seed, all.chain);
    static taker t;
    t = (taker){.s = &s, .one_in = 12};
    s = (script){.directory = "/j", .segment = h % 4 == 0 ? AB_JOURNAL_SEGMENT_MIN : 1 << 20, .mode = h >> 4 & 1, .random = h | 1,
        .percent_big = h % 4 == 0 ? 0 : 1 + (uint32_t)(h >> 8) % 5, .exact = 1, .ends = {1}};
    faultfs *fs = faultfs_new();
    all.in_chain = 0;
    for (int life = 0; life < LIVES && all.images < all.wanted; life++) {
        t.kill_at = (hash(h, life) >> 8) % 2 * ((hash(h, life) >> 9) % 16 + 1);
        fs = one_life(&s, fs, &t, 10 + (h >> 20) % 200);
    }
    faultfs_free(fs);
    all.rolls += (uint64_t)s.counters[AB_JOURNAL_SEGMENTS];
    all.purged += s.purged;
    all.opens += s.opens;
}

int main(int count, char **arguments) {
    all.wanted = count > 1 ? strtoull(arguments[1], NULL, 10) : 100;
    all.seed = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;
    all.chain = count > 3 ? strtoull(arguments[3], NULL, 10) : 0;
    mallopt(M_MMAP_THRESHOLD, 1 << 30); /* the same megabytes again and again: keep them */
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    if (count > 3) {
        all.wanted = UINT64_MAX;
        one_chain();
    }
    for (; count <= 3 && all.images < all.wanted; all.chain++) {
        one_chain();
    }
    printf("ok %llu images of power loss in %llu chains (seed %llu): %llu crashed again in recovery, %llu torn tails cut, %llu openings, "
           "%llu kills, %llu segments purged; slowest recovery %.1f ms; 0 durable records lost\n",
        (unsigned long long)all.images, (unsigned long long)all.chain, (unsigned long long)all.seed, (unsigned long long)all.nested,
        (unsigned long long)all.cuts, (unsigned long long)all.opens, (unsigned long long)all.kills, (unsigned long long)all.purged,
        (double)all.slowest_ns / 1e6);
    return 0;
}
