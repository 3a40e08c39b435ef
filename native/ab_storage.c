/* ab_storage.c: the operating system behind the table. See ab_storage.h for the rules.
 *
 * Locks and fork: flock belongs to the open file description, which a child of fork shares, so a child would hold the lock on after its
 * parent's death. Every locked descriptor is in a list, and the child closes them first thing (pthread_atfork). The list
 * is taken under a lock around fork, so the child never sees it half changed.
 */
#include "ab_storage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- descriptors that a child of fork gives up ------------------------------------------------------------------ */

#define LOCKED_MAX 4096 /* journals and readers of one process, as many as there are handles */

static pthread_mutex_t locked_guard = PTHREAD_MUTEX_INITIALIZER;
static int locked_files[LOCKED_MAX];
static int locked_count;
static pthread_once_t watching_forks = PTHREAD_ONCE_INIT;

static void before_fork(void) { pthread_mutex_lock(&locked_guard); }
static void after_fork_parent(void) { pthread_mutex_unlock(&locked_guard); }

static void after_fork_child(void) {
    for (int i = 0; i < locked_count; i++) {
        close(locked_files[i]); /* never LOCK_UN: that would free the parent's lock */
    }
    locked_count = 0;
    pthread_mutex_unlock(&locked_guard);
}

static void watch_forks(void) { pthread_atfork(before_fork, after_fork_parent, after_fork_child); }

static int remember_locked(int file) {
    pthread_once(&watching_forks, watch_forks);
    pthread_mutex_lock(&locked_guard);
    int room = locked_count < LOCKED_MAX;
    if (room) {
        locked_files[locked_count++] = file;
    }
    pthread_mutex_unlock(&locked_guard);
    return room ? 0 : -EMFILE;
}

/* Close and forget in one step: a fork between the two would close somebody else's descriptor in the child. */
static void close_file(void *self, int file) {
    (void)self;
    pthread_mutex_lock(&locked_guard);
    for (int i = 0; i < locked_count; i++) {
        if (locked_files[i] == file) {
            locked_files[i] = locked_files[--locked_count];
            break;
        }
    }
    close(file);
    pthread_mutex_unlock(&locked_guard);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static int open_file(void *self, const char *path, int mode) {
    (void)self;
    int flags = O_CLOEXEC | (mode == AB_STORAGE_READ ? O_RDONLY : O_RDWR);
    flags |= mode == AB_STORAGE_CREATE ? O_CREAT | O_TRUNC : mode == AB_STORAGE_OPEN ? O_CREAT : 0;
    int file;
    do {
        file = open(path, flags, 0600);
    } while (file < 0 && errno == EINTR);
    return file < 0 ? -errno : file;
}

static int64_t write_file(void *self, int file, const struct iovec *parts, int count, int64_t offset) {
    (void)self;
    ssize_t written;
    do {
        written = pwritev(file, parts, count, offset);
    } while (written < 0 && errno == EINTR);
    return written < 0 ? -errno : written;
}

/* No retry, not even for EINTR: what a sync that failed left behind is unknown. */
static int sync_file(void *self, int file) {
    (void)self;
    return fdatasync(file) == 0 ? 0 : -errno;
}

static int sync_directory(void *self, const char *path) {
    (void)self;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return -errno;
    }
    int result = fsync(folder) == 0 ? 0 : -errno;
    close(folder);
    return result;
}

static int allocate(void *self, int file, int64_t length) {
    (void)self;
    int result;
    do {
#if defined(__linux__)
        result = fallocate(file, 0, 0, length) == 0 ? 0 : errno;
        if (result == EOPNOTSUPP) {
            result = posix_fallocate(file, 0, length);
        }
#else
        result = posix_fallocate(file, 0, length);
#endif
    } while (result == EINTR);
    return -result;
}

static int rename_file(void *self, const char *from, const char *to) {
    (void)self;
    return rename(from, to) == 0 ? 0 : -errno;
}

static int unlink_file(void *self, const char *path) {
    (void)self;
    return unlink(path) == 0 ? 0 : -errno;
}

static int64_t read_file(void *self, int file, void *bytes, size_t length, int64_t offset) {
    (void)self;
    ssize_t taken;
    do {
        taken = pread(file, bytes, length, offset);
    } while (taken < 0 && errno == EINTR);
    return taken < 0 ? -errno : taken;
}

static int64_t size_of_file(void *self, int file) {
    (void)self;
    struct stat status;
    return fstat(file, &status) == 0 ? status.st_size : -errno;
}

static int list(void *self, const char *path, ab_storage_visit visit, void *context) {
    (void)self;
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return -errno;
    }
    int result = 0;
    while (result == 0) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            result = -errno;
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            result = visit(context, entry->d_name);
        }
    }
    closedir(folder);
    return result;
}

static int make_directory(void *self, const char *path) {
    (void)self;
    return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

static int lock_file(void *self, int file, int exclusive) {
    (void)self;
    if (flock(file, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
        return -errno;
    }
    return remember_locked(file);
}

static int protect(void *self, const char *path, int read_only) {
    (void)self;
    return chmod(path, read_only ? 0400 : 0600) == 0 ? 0 : -errno;
}

/* The boot's own uuid, folded. Read once for each opening of a journal. */
static uint64_t cache(void *self) {
    (void)self;
    char text[37] = {0};
    uint64_t number = 0;
    int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return 0;
    }
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    for (ssize_t i = 0; i < length; i++) {
        number = (number ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
    }
    return number;
}

static const ab_storage real = {
    .open = open_file,
    .write = write_file,
    .sync = sync_file,
    .sync_directory = sync_directory,
    .allocate = allocate,
    .rename = rename_file,
    .unlink = unlink_file,
    .read = read_file,
    .size = size_of_file,
    .close = close_file,
    .list = list,
    .make_directory = make_directory,
    .lock = lock_file,
    .protect = protect,
    .cache = cache,
};

const ab_storage *ab_storage_real(void) { return &real; }
