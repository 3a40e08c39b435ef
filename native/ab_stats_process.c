/* ab_stats, which process wrote a file and whether it still exists. Rules in ab_stats.h.
 *
 * A pid alone is reused within hours; a pid with its start time (clock ticks since boot) and the boot's id is not. Where one of
 * them cannot be had, or the pid belongs to another pid namespace (a container), the answer is "unknown", never a guess.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ab_stats.h"

/* Read a small file of /proc; returns its bytes (NUL added), 0 when it cannot be read. */
static size_t read_small(const char *path, char *into, size_t capacity) {
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return 0;
    }
    ssize_t count;
    do {
        count = read(descriptor, into, capacity - 1); /* /proc answers whole: its files here are shorter than the buffers */
    } while (count < 0 && errno == EINTR);
    close(descriptor);
    const size_t length = count < 0 ? 0 : (size_t)count;
    into[length] = '\0';
    return length;
}

/* Field 22 of /proc/PID/stat. The second field, the command, may hold blanks and brackets: count from the last ')'. */
static uint64_t start_ticks_of(int64_t pid) {
    char path[64], text[1024];

    snprintf(path, sizeof(path), "/proc/%" PRId64 "/stat", pid);
    if (read_small(path, text, sizeof(text)) == 0) {
        return 0;
    }
    const char *at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 22; field++) {
        at = strchr(at + 1, ' ');
    }
    return at == NULL ? 0 : strtoull(at + 1, NULL, 10);
}

static uint64_t pid_namespace(void) {
    struct stat status;
    return stat("/proc/self/ns/pid", &status) == 0 ? (uint64_t)status.st_ino : 0;
}

static void read_boot_id(char *into, size_t capacity) {
    const size_t length = read_small("/proc/sys/kernel/random/boot_id", into, capacity);
    if (length > 0 && into[length - 1] == '\n') {
        into[length - 1] = '\0';
    }
}

void ab_stats_identify(ab_stats_header *header) {
    header->pid = (int64_t)getpid();
    header->process_start_ticks = start_ticks_of(header->pid);
    header->pid_namespace = pid_namespace();
    memset(header->boot_id, 0, sizeof(header->boot_id));
    read_boot_id(header->boot_id, sizeof(header->boot_id));
}

int ab_stats_liveness_of(const ab_stats_header *header) {
    char boot_id[sizeof(header->boot_id)];

    read_boot_id(boot_id, sizeof(boot_id));
    if (header->boot_id[0] != '\0' && boot_id[0] != '\0' &&
        strncmp(header->boot_id, boot_id, sizeof(boot_id)) != 0) {
        return AB_STATS_DEAD; /* the machine restarted since */
    }
    if (header->pid <= 0 || header->pid > INT32_MAX || header->process_start_ticks == 0 || header->pid_namespace == 0 ||
        header->pid_namespace != pid_namespace()) {
        return AB_STATS_UNKNOWN;
    }
    const uint64_t ticks = start_ticks_of(header->pid);
    if (ticks == 0 && kill((pid_t)header->pid, 0) == 0) {
        return AB_STATS_UNKNOWN; /* /proc hides other users' processes here */
    }
    return ticks == header->process_start_ticks ? AB_STATS_ALIVE : AB_STATS_DEAD;
}
