/* stats_files: a folder of one test program's own, and statistics files in it. Shared by test_stats and test_stats_reader. */
#ifndef AB_TESTS_STATS_FILES_H
#define AB_TESTS_STATS_FILES_H

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../ab_stats.h"
#include "check.h"

static char folder[64];

static inline const char *path_of(const char *name) {
    static char path[160];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static inline ab_stats *create(const char *path) {
    ab_stats *stats = NULL;
    ab_error error;
    const int code = ab_stats_create(path, AB_STATS_SIZE_MIN * 4, "test", "/dev/shm/none", &stats, &error);
    CHECK_EQUAL(AB_OK, code);
    return stats;
}

static inline int load(const char *path, ab_stats_image **image, ab_error *error) {
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    CHECK(descriptor >= 0);
    const int code = ab_stats_load(descriptor, image, error);
    close(descriptor);
    return code;
}

static inline void make_folder(void) {
    snprintf(folder, sizeof(folder), "/dev/shm/ab-test-stats-%d", (int)getpid());
    CHECK_EQUAL(0, mkdir(folder, 0700));
}

/* Every test has removed what it made. */
static inline void remove_folder(void) {
    CHECK_EQUAL(0, rmdir(folder));
}

#endif
