/* faultfs: a file system in memory behind ab_storage, which knows what a power loss may leave of it. For tests of crashes.
 *
 *      now      what a process sees              every call works on this
 *      stable   what surely survives             moves on at sync (a file's content) and sync_directory (names)
 *      pending  what was done and not synced     each piece may be there or not after a power loss
 *
 * What an image takes of the pending work
 *   write      per sector of 512 bytes: old, new, or garbage; garbage lies only inside the bytes that were written
 *   allocate, emptying a file, creation, rename, unlink: done or not, in any combination
 *   mode       as it was
 * A style narrows that: everything lost, everything there, in order up to a moment with that one torn, per sector a moment of its own
 * (as a page cache writes back), or any subset at all (write order is free).
 *
 * Rules of this file
 *   - An image is a function of the file system's state and a number; the file system goes on unchanged.
 *   - A sync that fails leaves a random part of the pending writes stable and forgets the rest, as Linux does: a later sync says 0
 *     and does not bring them back.
 *   - An image borrows bytes of its parent: free it before the parent's next call.
 *   - One thread. Out of memory ends the program.
 */
#ifndef AB_FAULTFS_H
#define AB_FAULTFS_H

#include <stdbool.h>

#include "../ab_storage.h"

enum faultfs_call {
    FAULTFS_OPEN = 0, /* that creates or empties; others cannot be seen after a crash and are only counted */
    FAULTFS_WRITE,
    FAULTFS_SYNC,
    FAULTFS_SYNC_DIRECTORY,
    FAULTFS_ALLOCATE,
    FAULTFS_RENAME,
    FAULTFS_UNLINK,
    FAULTFS_READ,
    FAULTFS_SIZE,
    FAULTFS_OPEN_OLD,
    FAULTFS_LIST,
    FAULTFS_MAKE_DIRECTORY,
    FAULTFS_CALLS
};

enum faultfs_style {
    FAULTFS_ALL_OLD = 0,
    FAULTFS_ALL_NEW,
    FAULTFS_IN_ORDER,  /* up to a moment; the write of that moment torn */
    FAULTFS_WRITEBACK, /* each sector as it was at a moment of its own */
    FAULTFS_SUBSET,    /* each sector of each write on its own */
    FAULTFS_STYLES
};

typedef struct faultfs faultfs;

/* Called before a call that changes something has its effect. */
typedef void (*faultfs_watch)(void *context, faultfs *fs, int call);

faultfs *faultfs_new(void);
void faultfs_free(faultfs *fs);

/* The table. Valid as long as `fs`. */
const ab_storage *faultfs_storage(faultfs *fs);

/* NULL: nobody. */
void faultfs_on_call(faultfs *fs, faultfs_watch watch, void *context);

/* What a power loss now may leave: a file system of its own with nothing open. */
faultfs *faultfs_image(const faultfs *fs, int style, uint64_t number);

/* What a kill leaves: everything, with nothing open; what was pending still is. */
faultfs *faultfs_copy(const faultfs *fs);

/* Make the `nth` (from 1) of the calls whose bit is in `kinds` (1 << FAULTFS_...) from now on answer -number, and `times - 1` after
 * it.
 * A write that answers -ENOSPC has taken half of its bytes in a short write before. nth 0: none. */
void faultfs_fail(faultfs *fs, uint32_t kinds, uint64_t nth, uint64_t times, int number);

/* Whether the failure asked for has come. */
int faultfs_failed(const faultfs *fs);

/* Files together may be so long; beyond it allocate, extending writes and creation answer -ENOSPC. 0: no bound. */
void faultfs_capacity(faultfs *fs, uint64_t bytes);

/* Calls so far, of one kind. */
uint64_t faultfs_calls(const faultfs *fs, int call);

/* The bytes of a file as they are now, for the test to damage (they become what is stable, too); NULL: there is none. `length`
 * may be NULL. Bytes behind `used` are zero and cannot be reached. */
uint8_t *faultfs_bytes(faultfs *fs, const char *path, uint64_t *length, uint64_t *used);

/* Whether two hold a file with the same bytes in use. */
bool faultfs_same(faultfs *one, faultfs *other, const char *path);

/* Cut a file's end off, now and on stable storage. */
void faultfs_cut(faultfs *fs, const char *path, uint64_t length);

/* Remove a file, now and on stable storage. 0, or -ENOENT. */
int faultfs_remove(faultfs *fs, const char *path);

#endif
