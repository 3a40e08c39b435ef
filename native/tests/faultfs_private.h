/* faultfs_private: what the files of faultfs share. Nobody else includes it.
 *
 *      faultfs.c         the calls of the table, and the test's own
 *      faultfs_files.c   content and names, and what was done to them and not synced yet
 *      faultfs_image.c   what survives
 *
 * A blob is a file's content; it is shared until somebody writes to it. A file has two: as it is now, and as it is on stable storage.
 */
#ifndef AB_FAULTFS_PRIVATE_H
#define AB_FAULTFS_PRIVATE_H

#include "faultfs.h"

#define SECTOR 512u
#define PATH_MOST 256
#define FILES_MOST 512
#define OPEN_MOST 256

typedef struct {
    int refs;
    uint64_t length; /* of the file */
    uint64_t used;   /* bytes behind it are zero, and not here */
    uint64_t room;
    uint8_t *bytes;
} blob;

enum { CHANGE_WRITE, CHANGE_ALLOCATE, CHANGE_EMPTY };

typedef struct {
    int kind;
    uint64_t number; /* of all changes of the file system */
    uint64_t offset, length;
    uint8_t *data;
} change;

typedef struct {
    int refs; /* names and open files */
    int read_only, folder;
    uint64_t id;
    blob *now, *stable;
    change *changes;
    size_t count, room;
} node;

typedef struct {
    char path[PATH_MOST];
    node *file;
} name;

typedef struct {
    name names[FILES_MOST];
    size_t count;
} names;

enum { MOVE_CREATE, MOVE_RENAME, MOVE_UNLINK };

typedef struct {
    int kind;
    uint64_t number;
    char from[PATH_MOST], to[PATH_MOST];
    node *file;
} move;

typedef struct {
    node *file;
    int lock; /* 0, 1 shared, 2 exclusive */
} handle;

struct faultfs {
    ab_storage storage;
    names now, stable;
    move *moves;
    size_t move_count, move_room;
    handle handles[OPEN_MOST];
    uint64_t next_number, next_id, capacity, cache;
    uint64_t calls[FAULTFS_CALLS];
    faultfs_watch watch;
    void *context;
    uint32_t fail_kinds;
    uint64_t fail_in, fail_times;
    int fail_number, fail_seen, half_done;
};

/* Which of the pending changes survive. */
typedef struct {
    int style;
    uint64_t seed;
    uint64_t moment; /* IN_ORDER: changes before it are there, those behind it are not */
} choice;

/* ---- faultfs_files.c ---- */

void *ff_must(void *memory);
uint64_t ff_mix(uint64_t a, uint64_t b);
blob *ff_blob_new(void);
blob *ff_blob_share(blob *b);
void ff_blob_drop(blob *b);
blob *ff_blob_own(blob **place);
void ff_blob_write(blob *b, uint64_t offset, const uint8_t *data, uint64_t length);
void ff_blob_cut(blob *b, uint64_t length);
node *ff_node_new(faultfs *fs);
void ff_forget_changes(node *file);
void ff_node_drop(node *file);
name *ff_find(const names *all, const char *path);
void ff_bind(names *all, const char *path, node *file);
void ff_unbind(names *all, const char *path);
size_t ff_folder_length(const char *path);
int ff_is_in(const char *path, const char *folder);
void ff_resolve(const char *path, char folder[PATH_MOST]);
void ff_apply_move(names *all, const move *m);
void ff_log_move(faultfs *fs, int kind, const char *from, const char *to, node *file);
change *ff_log_change(faultfs *fs, node *file, int kind, uint64_t offset, uint64_t length);
uint64_t ff_total_length(const faultfs *fs);

/* ---- faultfs_image.c ---- */

/* Bring a chosen part of a file's pending changes to the blob at `place`. */
void ff_survive(blob **place, const node *file, const choice *how);

#endif
