/* ab_storage: the file calls of a journal, as a table, so that a test's file system can stand in for the real one.
 *
 * Rules of this file
 *   - The journal touches files through this table alone. Nine calls decide what survives a crash; those below them do not.
 *   - Every call answers zero or more, or a negative errno (-ENOSPC). None sets errno, none prints, none retries but for EINTR.
 *   - A file is a number the table gave (the real one: a descriptor, close-on-exec).
 *   - The table is constant while a journal or reader uses it. Calls for different files may come from different threads.
 *   - What a stand-in must keep, because the journal builds on it (docs/journal-format.md, "assumptions"):
 *       write   may be partial, may be torn in sectors of 512 bytes by a power loss until sync returned 0; order is free
 *       sync    0: content and length of the file are on stable storage. Not 0: nobody knows; it is never asked again
 *       rename, unlink, creation: atomic; durable when sync_directory returned 0; in any order before that
 *   - Locks are the open file's, not the process's (flock): a second open of the same process is refused too, they end with the
 *     last close and so with the process. A child of fork gives up what it inherited at once: its parent's death frees it.
 */
#ifndef AB_STORAGE_H
#define AB_STORAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum ab_storage_mode {
    AB_STORAGE_READ = 1,   /* must exist */
    AB_STORAGE_WRITE = 2,  /* read and write; must exist */
    AB_STORAGE_CREATE = 3, /* read and write; made (0600) or emptied */
    AB_STORAGE_OPEN = 4    /* read and write; made (0600) when missing, never emptied */
};

/* Called for each name in a folder, in any order; anything but 0 ends the listing and is its answer. */
typedef int (*ab_storage_visit)(void *context, const char *name);

typedef struct ab_storage {
    void *self; /* the first argument of every call */

    int (*open)(void *self, const char *path, int mode); /* a file, or -errno */
    int64_t (*write)(void *self, int file, const struct iovec *parts, int count, int64_t offset); /* pwritev; bytes */
    int (*sync)(void *self, int file);                                                            /* fdatasync */
    int (*sync_directory)(void *self, const char *path);                                          /* fsync of the folder */
    int (*allocate)(void *self, int file, int64_t length); /* fallocate: room and length, content zero. -ENOSPC: here */
    int (*rename)(void *self, const char *from, const char *to);
    int (*unlink)(void *self, const char *path);
    int64_t (*read)(void *self, int file, void *bytes, size_t length, int64_t offset); /* pread; 0 at the end */
    int64_t (*size)(void *self, int file);

    void (*close)(void *self, int file);
    int (*list)(void *self, const char *path, ab_storage_visit visit, void *context);
    int (*make_directory)(void *self, const char *path); /* 0700; 0 when it is there */
    int (*lock)(void *self, int file, int exclusive);    /* never waits: -EWOULDBLOCK when another open file holds it */
    int (*protect)(void *self, const char *path, int read_only); /* mode 0400, or 0600 */
    uint64_t (*cache)(void *self); /* which page cache this is: another number after each power loss or boot; 0: not known */
} ab_storage;

/* The operating system's. Constant; any thread. */
const ab_storage *ab_storage_real(void);

#endif
