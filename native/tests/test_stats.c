/* ab_stats: create, allocate, read from outside, black box after a kill, a full file system, threads. */
#include "../ab_stats.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../ab_clock.h"
#include "check.h"
#include "stats_files.h"

static void a_reader_sees_what_writers_store_and_the_file_goes_with_close(void) {
    const char *path = path_of("plain");
    ab_stats *stats = create(path);
    ab_stats_image *image;
    ab_error error;
    int64_t *block, *gauge;
    ab_histogram *histogram;

    CHECK_EQUAL(AB_OK, ab_stats_counter_block(stats, "stream", "bars", &block, &error));
    CHECK_EQUAL(AB_OK, ab_stats_histogram(stats, "handler", "risk", &histogram, &error));
    CHECK_EQUAL(AB_OK, ab_stats_gauge(stats, "poller", "outbox", &gauge, &error));
    ab_stats_add(&block[3], 40);
    ab_stats_add(&block[3], 2);
    ab_stats_set(gauge, -7);
    ab_histogram_record(histogram, 1000);
    ab_stats_heartbeat(stats);

    CHECK_EQUAL(AB_OK, load(path, &image, &error));
    CHECK_EQUAL(3, ab_stats_entry_count(image));
    CHECK_EQUAL(AB_STATS_COUNTER_BLOCK, ab_stats_entry_at(image, 0)->kind);
    CHECK(strcmp("bars", ab_stats_entry_at(image, 0)->name) == 0);
    CHECK_EQUAL(42, ((const int64_t *)ab_stats_data_at(image, 0))[3]);
    CHECK_EQUAL(1000, ab_histogram_value_at(ab_stats_data_at(image, 1), 500000));
    CHECK_EQUAL(-7, ab_stats_get(ab_stats_data_at(image, 2)));
    CHECK(ab_stats_entry_at(image, 3) == NULL && ab_stats_data_at(image, 3) == NULL);
    CHECK_EQUAL(getpid(), ab_stats_header_of(image)->pid);
    CHECK_EQUAL(AB_STATS_OPEN, ab_stats_header_of(image)->state);
    CHECK_EQUAL(AB_STATS_ALIVE, ab_stats_liveness_of(ab_stats_header_of(image)));
    CHECK(ab_clock_monotonic_ns() >= ab_stats_header_of(image)->heartbeat_monotonic_ns);
    ab_stats_unload(image);

    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ab_stats_header alone;
    CHECK_EQUAL(AB_OK, ab_stats_look(descriptor, &alone, &error));
    CHECK_EQUAL(getpid(), alone.pid);
    CHECK_EQUAL(AB_STATS_ALIVE, ab_stats_liveness_of(&alone));
    ab_stats_close(stats);
    CHECK(access(path, F_OK) != 0);
    CHECK_EQUAL(AB_OK, ab_stats_load(descriptor, &image, &error)); /* who had it open still reads the final values */
    CHECK_EQUAL(AB_STATS_CLOSED, ab_stats_header_of(image)->state);
    ab_stats_unload(image);
    close(descriptor);
    ab_stats_close(NULL);
    ab_stats_unload(NULL);
}

static void closed_statistics_take_nothing(void) {
    ab_error error;
    int64_t *block;

    CHECK_EQUAL(AB_STALE, ab_stats_counter_block(NULL, "stream", "bars", &block, &error));
    CHECK_CONTAINS(error.text, "counter block stream/bars");
    ab_stats_heartbeat(NULL);
    ab_stats_retire(NULL);
    ab_stats_close(NULL);
}

static void asked_for_again_an_entry_is_the_same(void) {
    ab_stats *stats = create(NULL);
    ab_error error;
    int64_t *first, *again, *other, *gauge;

    CHECK_EQUAL(AB_OK, ab_stats_counter_block(stats, "stream", "bars", &first, &error));
    CHECK_EQUAL(AB_OK, ab_stats_counter_block(stats, "stream", "news", &other, &error));
    CHECK_EQUAL(AB_OK, ab_stats_gauge(stats, "stream", "bars", &gauge, &error));
    CHECK_EQUAL(AB_OK, ab_stats_counter_block(stats, "stream", "bars", &again, &error));
    CHECK(first == again && first != other && first != gauge);
    CHECK_EQUAL(0, (uintptr_t)other % 64);
    ab_stats_close(stats);
}

static void a_full_directory_or_data_area_is_refused_and_nothing_is_overwritten(void) {
    ab_stats *stats = NULL;
    ab_error error;
    int64_t *gauge;
    ab_histogram *histogram;
    char name[32];
    int code = AB_OK, made = 0;

    CHECK_EQUAL(AB_OK, ab_stats_create(NULL, AB_STATS_SIZE_MIN, "small", "", &stats, &error));
    CHECK_EQUAL(AB_OK, ab_stats_histogram(stats, "handler", "one", &histogram, &error));
    CHECK_EQUAL(AB_NO_MEMORY, ab_stats_histogram(stats, "handler", "two", &histogram, &error));
    CHECK_CONTAINS(error.text, "it takes 34880 bytes");
    while (code == AB_OK) {
        snprintf(name, sizeof(name), "gauge-%d", made++);
        code = ab_stats_gauge(stats, "test", name, &gauge, &error);
    }
    CHECK_EQUAL(AB_NO_MEMORY, code);
    CHECK_CONTAINS(error.text, "all 32 are taken");
    CHECK_EQUAL(32, made);
    ab_stats_close(stats);
}

static void wrong_arguments_are_refused_with_value_and_bound(void) {
    ab_stats *stats = NULL;
    ab_error error;
    int64_t *block;
    char text[1200];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    CHECK_EQUAL(AB_INVALID, ab_stats_create(NULL, 100, "n", "", &stats, &error));
    CHECK_CONTAINS(error.text, "100 is not in 65536");
    CHECK_EQUAL(AB_INVALID, ab_stats_create(NULL, UINT64_MAX, "n", "", &stats, NULL));
    CHECK_EQUAL(AB_INVALID, ab_stats_create(NULL, AB_STATS_SIZE_MIN, text, "", &stats, &error));
    CHECK_EQUAL(AB_INVALID, ab_stats_create(NULL, AB_STATS_SIZE_MIN, "n", text, &stats, &error));
    CHECK_EQUAL(AB_FAILED, ab_stats_create(path_of("no/such"), AB_STATS_SIZE_MIN, "n", "", &stats, &error));
    CHECK_EQUAL(ENOENT, error.errcode);

    stats = create(path_of("taken"));
    ab_stats *second = NULL;
    CHECK_EQUAL(AB_FAILED, ab_stats_create(path_of("taken"), AB_STATS_SIZE_MIN, "n", "", &second, &error));
    CHECK_EQUAL(EEXIST, error.errcode);
    CHECK_EQUAL(AB_INVALID, ab_stats_counter_block(stats, "", "n", &block, &error));
    CHECK_EQUAL(AB_INVALID, ab_stats_counter_block(stats, "g", "", &block, &error));
    CHECK_EQUAL(AB_INVALID, ab_stats_counter_block(stats, "a group longer than its field", "n", &block, &error));
    CHECK_EQUAL(AB_INVALID, ab_stats_counter_block(stats, "g", text, &block, &error));
    CHECK_CONTAINS(error.text, "1 .. 87 are allowed");
    ab_stats_close(stats);
}

static void inv_allocated_whole(void) {
    struct stat facts;
    ab_stats *stats = create(path_of("whole"));
    CHECK_EQUAL(0, stat(path_of("whole"), &facts));
    CHECK(facts.st_blocks * 512 >= facts.st_size); /* no holes: nothing is left to be refused at a store */
    ab_stats_close(stats);

    const pid_t child = fork();
    if (child == 0) {
        /* A file may not grow beyond 64 KiB here: posix_fallocate says EFBIG as a full file system says ENOSPC. */
        const struct sigaction ignore = {.sa_handler = SIG_IGN};
        sigaction(SIGXFSZ, &ignore, NULL);
        const struct rlimit limit = {65536, 65536};
        setrlimit(RLIMIT_FSIZE, &limit);
        ab_stats *stats = NULL;
        ab_error error;
        const int code = ab_stats_create(path_of("large"), 1 << 20, "n", "", &stats, &error);
        _exit(code == AB_NO_MEMORY && error.errcode == EFBIG && access(path_of("large"), F_OK) != 0 ? 0 : 1);
    }
    int status;
    CHECK_EQUAL(child, waitpid(child, &status, 0));
    CHECK_EQUAL(0, status);
}

static void a_killed_writer_leaves_a_black_box_that_says_dead(void) {
    const char *path = path_of("black-box");
    int ready[2];
    char byte;
    ab_stats_image *image;
    ab_error error;

    CHECK_EQUAL(0, pipe(ready));
    const pid_t child = fork();
    if (child == 0) {
        int64_t *block;
        ab_stats *stats = create(path);
        CHECK_EQUAL(AB_OK, ab_stats_counter_block(stats, "stream", "bars", &block, &error));
        ab_stats_set(&block[0], 123);
        CHECK_EQUAL(1, write(ready[1], "x", 1));
        for (;;) {
            pause();
        }
    }
    CHECK_EQUAL(1, read(ready[0], &byte, 1));
    CHECK_EQUAL(AB_OK, load(path, &image, &error));
    CHECK_EQUAL(AB_STATS_ALIVE, ab_stats_liveness_of(ab_stats_header_of(image)));
    ab_stats_unload(image);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    CHECK_EQUAL(AB_OK, load(path, &image, &error));
    CHECK_EQUAL(123, ((const int64_t *)ab_stats_data_at(image, 0))[0]);
    CHECK_EQUAL(AB_STATS_OPEN, ab_stats_header_of(image)->state);
    CHECK_EQUAL(AB_STATS_DEAD, ab_stats_liveness_of(ab_stats_header_of(image)));

    ab_stats_header header = *ab_stats_header_of(image);
    header.pid = getpid(); /* its number was given to another process: the start time tells them apart */
    header.process_start_ticks += 1000000;
    CHECK_EQUAL(AB_STATS_DEAD, ab_stats_liveness_of(&header));
    header.pid_namespace ^= 1;
    CHECK_EQUAL(AB_STATS_UNKNOWN, ab_stats_liveness_of(&header));
    header.boot_id[0] = header.boot_id[0] == 'f' ? 'e' : 'f';
    CHECK_EQUAL(AB_STATS_DEAD, ab_stats_liveness_of(&header));
    ab_stats_unload(image);
    close(ready[0]);
    close(ready[1]);
    unlink(path);
}

static void a_child_of_fork_does_not_remove_the_file(void) {
    const char *path = path_of("forked");
    ab_stats *stats = create(path);
    const pid_t child = fork();

    if (child == 0) {
        ab_stats_retire(stats);
        ab_stats_close(stats);
        _exit(0);
    }
    CHECK_EQUAL(child, waitpid(child, NULL, 0));
    CHECK_EQUAL(0, access(path, F_OK));
    ab_stats_retire(stats);
    CHECK(access(path, F_OK) != 0);

    /* Retired twice, it takes nobody else's file of the same name. */
    ab_stats *next = create(path);
    ab_stats_retire(stats);
    ab_stats_close(stats);
    CHECK_EQUAL(0, access(path, F_OK));
    ab_stats_close(next);
}

/* ---- threads: three writers of different entries, one of them allocating, and a reader that sees no torn number and no
 * entry change or go ---- */

enum { ROUNDS = 2000 };
static ab_stats *common;
static int writers_left = 3;

/* Both halves of a counter are always equal: a torn read would show. */
static void *count_in_halves(void *name) {
    int64_t *block;
    ab_error error;

    CHECK_EQUAL(AB_OK, ab_stats_counter_block(common, "halves", name, &block, &error));
    for (int64_t round = 0; round < ROUNDS * 50; round++) {
        ab_stats_add(&block[round % AB_STATS_BLOCK_SLOTS], INT64_C(0x100000001));
    }
    __atomic_fetch_sub(&writers_left, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void *allocate_gauges(void *unused) {
    int64_t *gauge;
    ab_error error;
    char name[32];

    (void)unused;
    for (int round = 0; round < 60; round++) {
        snprintf(name, sizeof(name), "gauge-%d", round);
        CHECK_EQUAL(AB_OK, ab_stats_gauge(common, "test", name, &gauge, &error));
        ab_stats_set(gauge, round);
        ab_stats_heartbeat(common);
    }
    __atomic_fetch_sub(&writers_left, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void inv_one_writer_and_inv_entries_stay(void) {
    const char *path = path_of("threads");
    static ab_stats_entry seen[64];
    pthread_t threads[3];
    ab_stats_image *image;
    ab_error error;
    uint32_t before = 0;
    int left;

    common = create(path);
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    CHECK_EQUAL(0, pthread_create(&threads[0], NULL, count_in_halves, "one"));
    CHECK_EQUAL(0, pthread_create(&threads[1], NULL, count_in_halves, "two"));
    CHECK_EQUAL(0, pthread_create(&threads[2], NULL, allocate_gauges, NULL));
    do {
        left = __atomic_load_n(&writers_left, __ATOMIC_ACQUIRE);
        CHECK_EQUAL(AB_OK, ab_stats_load(descriptor, &image, &error));
        const uint32_t count = ab_stats_entry_count(image);
        CHECK(count >= before && count <= 64);
        for (uint32_t index = 0; index < count; index++) {
            const ab_stats_entry *entry = ab_stats_entry_at(image, index);
            const int64_t *data = ab_stats_data_at(image, index);
            CHECK(index >= before || memcmp(entry, &seen[index], sizeof(*entry)) == 0);
            seen[index] = *entry;
            for (int slot = 0; strcmp(entry->group, "halves") == 0 && slot < AB_STATS_BLOCK_SLOTS; slot++) {
                CHECK_EQUAL(data[slot] >> 32, data[slot] & 0xffffffff);
            }
        }
        before = count;
        ab_stats_unload(image);
    } while (left > 0);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_EQUAL(62, before);
    close(descriptor);
    ab_stats_close(common);
}

int main(void) {
    make_folder();
    RUN(a_reader_sees_what_writers_store_and_the_file_goes_with_close);
    RUN(closed_statistics_take_nothing);
    RUN(asked_for_again_an_entry_is_the_same);
    RUN(a_full_directory_or_data_area_is_refused_and_nothing_is_overwritten);
    RUN(wrong_arguments_are_refused_with_value_and_bound);
    RUN(inv_allocated_whole);
    RUN(a_killed_writer_leaves_a_black_box_that_says_dead);
    RUN(a_child_of_fork_does_not_remove_the_file);
    RUN(inv_one_writer_and_inv_entries_stay);
    remove_folder();
    return 0;
}
