/* journal_files: directories for the journal's tests, and hands to damage what is in them. */
#ifndef AB_JOURNAL_FILES_H
#define AB_JOURNAL_FILES_H

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../ab_journal_format.h"
#include "check.h"

/* A new empty folder in memory, or under TMPDIR where that is set: what is tested is the same, and syncs cost nothing. The caller's
 * buffer has 256 bytes. */
static inline void make_folder(char *path) {
    const char *base = getenv("TMPDIR");
    snprintf(path, 256, "%.200s/ab_journal_XXXXXX", base == NULL ? "/dev/shm" : base);
    CHECK(mkdtemp(path) != NULL);
}

/* Remove a folder, its files and its folders' files. */
static inline void remove_folder(const char *path) {
    char inner[1100];
    DIR *folder = opendir(path);
    CHECK(folder != NULL);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            snprintf(inner, sizeof inner, "%.800s/%s", path, entry->d_name);
            if (unlink(inner) != 0) {
                remove_folder(inner);
            }
        }
    }
    closedir(folder);
    CHECK(rmdir(path) == 0);
}

/* How many names of `path` contain `part`. */
static inline int count_names(const char *path, const char *part) {
    int count = 0;
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return 0;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        count += strstr(entry->d_name, part) != NULL && entry->d_name[0] != '.';
    }
    closedir(folder);
    return count;
}

static inline void segment_path(char *path, const char *folder, int64_t base) {
    snprintf(path, 700, "%s/%016llx.journal", folder, (unsigned long long)base);
}

static inline int open_to_damage(const char *path) {
    chmod(path, 0600);
    int file = open(path, O_RDWR | O_CLOEXEC);
    CHECK(file >= 0);
    return file;
}

static inline void flip_bit(const char *path, int64_t offset, int bit) {
    uint8_t byte;
    int file = open_to_damage(path);
    CHECK_EQUAL(1, pread(file, &byte, 1, offset));
    byte ^= (uint8_t)(1u << bit);
    CHECK_EQUAL(1, pwrite(file, &byte, 1, offset));
    close(file);
}

static inline void overwrite(const char *path, int64_t offset, const void *bytes, size_t length) {
    int file = open_to_damage(path);
    CHECK_EQUAL((ssize_t)length, pwrite(file, bytes, length, offset));
    close(file);
}

static inline void cut_file(const char *path, int64_t length) {
    chmod(path, 0600);
    CHECK(truncate(path, length) == 0);
}

/* ---- records whose content is known from their sequence ---- */

static inline size_t body_of(uint64_t sequence, uint8_t *body, size_t most) {
    uint64_t seed = sequence * UINT64_C(0x9e3779b97f4a7c15) + 1;
    size_t length = (size_t)(check_random(&seed) % (most + 1));
    for (size_t i = 0; i < length; i++) {
        body[i] = (uint8_t)(seed >> (8 * (i % 8))) ^ (uint8_t)i;
    }
    return length;
}

#define EPOCH_NS INT64_C(1700000000000000000)

/* Append record number `sequence`: stream sequence % 3, session -7, stream position 1000 * sequence, time EPOCH_NS + 10 * sequence. */
static inline int64_t append_one(ab_journal *journal, uint64_t sequence, size_t most) {
    static _Thread_local uint8_t body[1 << 17];
    size_t length = body_of(sequence, body, most);
    return ab_journal_append(journal, (int32_t)(sequence % 3), -7, (int64_t)sequence * 1000,
        EPOCH_NS + 10 * (int64_t)sequence, body, length);
}

static inline void append_many(ab_journal *journal, uint64_t from, uint64_t to, size_t most) {
    for (uint64_t sequence = from; sequence < to; sequence++) {
        CHECK_EQUAL(sequence, append_one(journal, sequence, most));
    }
}

/* 1 when the record is the one append_one made. */
static inline int is_right(const ab_journal_record *record, size_t most) {
    static _Thread_local uint8_t body[1 << 17];
    size_t length = body_of(record->sequence, body, most);
    return record->length == length && memcmp(record->bytes, body, length) == 0 && record->session_id == -7 &&
           record->stream == record->sequence % 3 && record->stream_position == (int64_t)record->sequence * 1000 &&
           record->time_ns == EPOCH_NS + 10 * (int64_t)record->sequence && record->flags == 0;
}

/* Read all from the earliest on, each as append_one made it, `first` the first; how many. *result: what ended it. */
static inline uint64_t read_all(const char *folder, uint64_t first, size_t most, int *result, ab_error *error) {
    ab_journal_reader *reader;
    ab_journal_record records[64];
    uint64_t next = first;
    *error = (ab_error){0};
    *result = ab_journal_reader_open(folder, NULL, 0, &reader, error);
    if (*result != AB_OK) {
        return 0;
    }
    while ((*result = ab_journal_reader_batch(reader, records, 64, error)) > 0) {
        for (int i = 0; i < *result; i++) {
            CHECK_EQUAL(next, records[i].sequence);
            CHECK(is_right(&records[i], most));
            next++;
        }
    }
    ab_journal_reader_close(reader);
    return next - first;
}

static inline ab_journal *open_journal(const char *folder, uint64_t segment, int mode, ab_journal_opened *opened) {
    ab_journal *journal = NULL;
    ab_error error = {0};
    const ab_journal_options options = {.directory = folder,
        .segment_length = segment,
        .sync_mode = mode,
        .flags = AB_JOURNAL_CREATE,
        .now_ns = EPOCH_NS};
    if (ab_journal_open(&options, NULL, &journal, opened, &error) != AB_OK) {
        fprintf(stderr, "open: %d %s\n", error.code, error.text);
        exit(1);
    }
    return journal;
}

#endif
