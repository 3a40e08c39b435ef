/*
 * A recording process that is killed, or has no room.
 * Failure classes: process crash (kill -9, at any moment and at any system call), space.
 *
 *      test_journal_killed                            kills itself a few times
 *      test_journal_killed record DIR RECORDS MOST    appends up to sequence RECORDS (0: for ever), of at most MOST bytes, as fast as it
 *                                                     goes; writes each durable sequence to stdout (8 bytes, little endian) once it is
 *      test_journal_killed tail DIR MOST              reads the live recording until stdin closes; says how many records
 *      test_journal_killed lock DIR                   opens it for writing: 0 when that was refused because there is a writer
 *      test_journal_killed fill DIR SEED              fills the file system that DIR is on, frees some of it and goes on (a small tmpfs)
 *      test_journal_killed check DIR DURABLE MOST     reads it, recovers it, reads and verifies it; says what it found
 *
 * With RECORDS the script also closes and opens again half way, and purges: every kind of system call is in it.
 */
/* not-under: valgrind tsan (it forks and kills) */
#include "../ab_journal.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "../ab_clock.h"
#include "journal_files.h"

#define SEGMENT (1u << 20)

static void tell(const ab_journal *journal, uint64_t *told) {
    uint64_t durable = (uint64_t)ab_journal_counters(journal)[AB_JOURNAL_DURABLE_SEQUENCE];
    uint8_t bytes[8];
    ab_put_le64(bytes, durable);
    if (durable > *told) {
        CHECK_EQUAL(8, write(STDOUT_FILENO, bytes, 8));
        *told = durable;
    }
}

static void purge_half(ab_journal *journal) {
    ab_error error;
    ab_journal_purged purged;
    const ab_journal_retention retention = {.bytes_max = 2 * SEGMENT, .keep_position = INT64_MAX};
    CHECK_EQUAL(AB_OK, ab_journal_purge(journal, &retention, &purged, &error));
}

static int record(const char *folder, uint64_t records, size_t most) {
    ab_journal_opened opened;
    ab_error error;
    uint64_t told = 0;
    ab_journal *journal = open_journal(folder, SEGMENT, AB_JOURNAL_DURABLE, &opened);
    tell(journal, &told);
    for (uint64_t sequence = opened.next_sequence; records == 0 || sequence < records; sequence++) {
        CHECK_EQUAL(sequence, append_one(journal, sequence, most));
        CHECK_EQUAL(AB_OK, ab_journal_tick(journal, ab_clock_monotonic_ns(), 0));
        tell(journal, &told);
        if (records > 0 && sequence == records / 2) {
            CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
            journal = open_journal(folder, SEGMENT, AB_JOURNAL_DURABLE, &opened);
        } else if (records > 0 && sequence == records / 8 * 7) {
            purge_half(journal);
        }
    }
    CHECK_EQUAL(AB_OK, ab_journal_sync(journal));
    tell(journal, &told);
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    return 0;
}

/* Records read until the end, each right and behind the one before; `next` is the one that is due, or UINT64_MAX: the first available. */
static int read_on(ab_journal_reader *reader, size_t most, uint64_t *next, uint64_t *count, ab_error *error) {
    ab_journal_record records[64];
    int result;
    while ((result = ab_journal_reader_batch(reader, records, 64, error)) > 0) {
        for (int i = 0; i < result; i++) {
            if (*next != UINT64_MAX) {
                CHECK_EQUAL(*next, records[i].sequence);
            }
            CHECK(is_right(&records[i], most));
            *next = records[i].sequence + 1;
            ++*count;
        }
    }
    return result;
}

static int tail(const char *folder, size_t most) {
    ab_journal_reader *reader = NULL;
    ab_error error = {0};
    uint64_t next = UINT64_MAX, count = 0;
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    do {
        int result = reader == NULL ? ab_journal_reader_open(folder, NULL, 0, &reader, &error) : AB_OK;
        result = result == AB_OK ? read_on(reader, most, &next, &count, &error) : result;
        if (result != AB_END && result != AB_NOT_FOUND) {
            fprintf(stderr, "tail: %d %s\n", result, error.text);
            return 1;
        }
    } while (poll(&input, 1, 1) == 0);
    printf("tail %llu\n", (unsigned long long)count);
    ab_journal_reader_close(reader);
    return 0;
}

static int lock(const char *folder) {
    const ab_journal_options options = {.directory = folder, .segment_length = SEGMENT, .flags = AB_JOURNAL_CREATE};
    ab_error error = {0};
    ab_journal *journal;
    int result = ab_journal_open(&options, NULL, &journal, NULL, &error);
    printf("lock %d %s\n", result, error.text);
    return result == AB_LOCKED ? 0 : 1;
}

static int check(const char *folder, uint64_t durable, size_t most) {
    ab_journal_reader *reader;
    ab_journal_opened opened = {0};
    ab_journal_report report;
    ab_error error = {0};
    uint64_t next = UINT64_MAX, count = 0;
    int result = ab_journal_reader_open(folder, NULL, 0, &reader, &error);
    if (result == AB_OK) {
        CHECK_EQUAL(AB_END, read_on(reader, most, &next, &count, &error));
        ab_journal_reader_close(reader);
    }
    CHECK(durable == 0 || (result == AB_OK && next != UINT64_MAX && next >= durable));
    uint64_t before = next == UINT64_MAX ? 0 : next;
    ab_journal *journal = open_journal(folder, SEGMENT, AB_JOURNAL_DURABLE, &opened);
    CHECK_EQUAL(before, opened.next_sequence); /* what a reader saw is what the writer found */
    CHECK(opened.next_sequence >= durable);
    CHECK_EQUAL(opened.next_sequence, append_one(journal, opened.next_sequence, most));
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    CHECK_EQUAL(AB_OK, ab_journal_verify(folder, NULL, &report, NULL, 0, NULL, &error));
    CHECK_EQUAL(0, report.problems);
    CHECK_EQUAL(opened.next_sequence + 1, report.next_sequence);
    printf("check next %llu ns %lld cut %lld scanned %lld\n", (unsigned long long)opened.next_sequence, (long long)opened.elapsed_ns,
        (long long)opened.cut_bytes, (long long)opened.scanned_bytes);
    return 0;
}

/* A ballast of a random length, and records until there is no room; without the ballast it goes on. */
static int fill(const char *folder, uint64_t seed) {
    char ballast[700];
    ab_journal_opened opened;
    ab_error error;
    int64_t now_ns = ab_clock_monotonic_ns(), result = AB_OK;
    uint64_t random = seed * 2 + 1;
    snprintf(ballast, sizeof ballast, "%.600s.ballast", folder);
    int file = open(ballast, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(file >= 0 && posix_fallocate(file, 0, 3 * SEGMENT + (int64_t)(check_random(&random) % (20 * SEGMENT))) == 0);
    close(file);
    ab_journal *journal = open_journal(folder, SEGMENT, seed % 2 == 0 ? AB_JOURNAL_DURABLE : AB_JOURNAL_INTERVAL, &opened);
    const int64_t *counters = ab_journal_counters(journal);
    uint64_t sequence = opened.next_sequence;
    while (result >= 0) {
        result = append_one(journal, sequence, 60000);
        sequence += result >= 0;
        result = result >= 0 ? ab_journal_tick(journal, now_ns += 100000, 0) : result;
    }
    CHECK_EQUAL(AB_NO_SPACE, result);
    CHECK_EQUAL(AB_NO_SPACE, append_one(journal, sequence, 60000));
    CHECK_CONTAINS(ab_journal_error(journal)->text, "make room");
    if (seed % 3 == 0) { /* killed while it is full */
        const uint64_t durable = (uint64_t)counters[AB_JOURNAL_DURABLE_SEQUENCE];
        ab_journal_abandon(journal);
        CHECK(unlink(ballast) == 0);
        journal = open_journal(folder, SEGMENT, AB_JOURNAL_DURABLE, &opened);
        counters = ab_journal_counters(journal);
        CHECK(opened.next_sequence >= durable);
        sequence = opened.next_sequence;
    } else {
        CHECK(unlink(ballast) == 0);
        CHECK_EQUAL(AB_OK, ab_journal_tick(journal, now_ns + INT64_C(1000000000), 1));
    }
    append_many(journal, sequence, sequence + 50, 60000);
    CHECK_EQUAL(AB_OK, ab_journal_sync(journal));
    CHECK_EQUAL(sequence + 50, counters[AB_JOURNAL_DURABLE_SEQUENCE]);
    CHECK_EQUAL(AB_OK, ab_journal_close(journal, &error));
    return check(folder, sequence + 50, 60000);
}

static void kills_at_random_lose_nothing_durable(void) {
    char folder[256];
    uint8_t bytes[8];
    uint64_t random = 5;
    make_folder(folder);
    for (int round = 0; round < 4; round++) {
        int up[2];
        uint64_t durable = 0, wanted = 1 + check_random(&random) % 40;
        CHECK(pipe(up) == 0);
        pid_t child = fork();
        if (child == 0) {
            dup2(up[1], STDOUT_FILENO);
            close(up[0]);
            _exit(record(folder, 0, 300));
        }
        close(up[1]);
        for (uint64_t seen = 0; read(up[0], bytes, 8) == 8; seen++) {
            durable = ab_le64(bytes);
            if (seen == wanted) {
                CHECK(kill(child, SIGKILL) == 0);
            }
        }
        CHECK(waitpid(child, NULL, 0) == child);
        close(up[0]);
        CHECK(durable > 0);
        CHECK_EQUAL(0, check(folder, durable, 300));
    }
    remove_folder(folder);
}

int main(int count, char **arguments) {
    if (count < 3) {
        RUN(kills_at_random_lose_nothing_durable);
        return 0;
    }
    const char *verb = arguments[1], *folder = arguments[2];
    const uint64_t first = count > 3 ? strtoull(arguments[3], NULL, 10) : 0, second = count > 4 ? strtoull(arguments[4], NULL, 10) : 0;
    return strcmp(verb, "record") == 0  ? record(folder, first, second)
           : strcmp(verb, "tail") == 0  ? tail(folder, first)
           : strcmp(verb, "check") == 0 ? check(folder, first, second)
           : strcmp(verb, "fill") == 0  ? fill(folder, first)
                                        : lock(folder);
}
