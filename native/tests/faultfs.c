/* faultfs.c: the calls of the table, and the test's own. See faultfs.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "faultfs_private.h"

/* ---- the calls --------------------------------------------------------------------------------------------------- */

/* Count, tell who watches, and fail when that is due: 0 or -errno. */
static int enter(faultfs *fs, int call) {
    fs->calls[call]++;
    if (fs->watch != NULL && call < FAULTFS_READ) {
        fs->watch(fs->context, fs, call);
    }
    if ((fs->fail_kinds >> call & 1) != 0 && fs->fail_in > 0) {
        if (fs->fail_in > 1) {
            fs->fail_in--;
        } else {
            fs->fail_seen = 1;
            if (--fs->fail_times == 0) {
                fs->fail_in = 0;
            }
            return -fs->fail_number;
        }
    }
    return 0;
}

static int fs_open(void *self, const char *path, int mode) {
    faultfs *fs = self;
    name *there = ff_find(&fs->now, path);
    int changes = mode == AB_STORAGE_CREATE || (mode == AB_STORAGE_OPEN && there == NULL);
    int result = enter(fs, changes ? FAULTFS_OPEN : FAULTFS_OPEN_OLD);
    if (result < 0) {
        return result;
    }
    if (there == NULL && !changes) {
        return -ENOENT;
    }
    if (there != NULL && there->file->folder) {
        return -EISDIR;
    }
    if (there != NULL && there->file->read_only && mode != AB_STORAGE_READ) {
        return -EACCES;
    }
    if (there == NULL) {
        ff_log_move(fs, MOVE_CREATE, NULL, path, ff_node_new(fs));
        there = ff_find(&fs->now, path);
    } else if (changes && there->file->now->length > 0) {
        ff_log_change(fs, there->file, CHANGE_EMPTY, 0, 0);
        ff_blob_cut(ff_blob_own(&there->file->now), 0);
    }
    for (int i = 0; i < OPEN_MOST; i++) {
        if (fs->handles[i].file == NULL) {
            fs->handles[i] = (handle){.file = there->file};
            there->file->refs++;
            return i;
        }
    }
    return -EMFILE;
}

static int64_t fs_write(void *self, int number, const struct iovec *parts, int count, int64_t offset) {
    faultfs *fs = self;
    node *file = fs->handles[number].file;
    uint64_t length = 0;
    int result = enter(fs, FAULTFS_WRITE);
    for (int i = 0; i < count; i++) {
        length += parts[i].iov_len;
    }
    if (result == -ENOSPC && !fs->half_done && length > 1) {
        fs->half_done = 1; /* now half, then the error */
        fs->fail_in = 1;
        fs->fail_times++;
        length /= 2;
        result = 0;
    } else {
        fs->half_done = 0;
    }
    if (result < 0) {
        return result;
    }
    uint64_t end = (uint64_t)offset + length;
    if (fs->capacity > 0 && end > file->now->length && ff_total_length(fs) - file->now->length + end > fs->capacity) {
        return -ENOSPC;
    }
    change *c = ff_log_change(fs, file, CHANGE_WRITE, (uint64_t)offset, length);
    c->data = ff_must(malloc(length + 1));
    uint64_t done = 0;
    for (int i = 0; i < count && done < length; i++) {
        uint64_t piece = parts[i].iov_len < length - done ? parts[i].iov_len : length - done;
        memcpy(c->data + done, parts[i].iov_base, piece);
        done += piece;
    }
    ff_blob_write(ff_blob_own(&file->now), (uint64_t)offset, c->data, length);
    return (int64_t)length;
}

static int fs_sync(void *self, int number) {
    faultfs *fs = self;
    node *file = fs->handles[number].file;
    int result = enter(fs, FAULTFS_SYNC);
    const choice how = {.style = result == 0 ? FAULTFS_ALL_NEW : FAULTFS_SUBSET, .seed = ff_mix(fs->next_number, file->id)};
    ff_survive(&file->stable, file, &how);
    ff_forget_changes(file); /* also when it failed: nobody writes them back any more */
    return result;
}

static int fs_sync_directory(void *self, const char *path) {
    faultfs *fs = self;
    char folder[PATH_MOST];
    ff_resolve(path, folder);
    int result = enter(fs, FAULTFS_SYNC_DIRECTORY);
    if (result < 0) {
        return result;
    }
    size_t left = 0;
    for (size_t i = 0; i < fs->move_count; i++) {
        move *m = &fs->moves[i];
        if (ff_is_in(m->kind == MOVE_UNLINK ? m->from : m->to, folder)) {
            ff_apply_move(&fs->stable, m);
            ff_node_drop(m->file);
        } else {
            fs->moves[left++] = *m;
        }
    }
    fs->move_count = left;
    return 0;
}

static int fs_allocate(void *self, int number, int64_t length) {
    faultfs *fs = self;
    node *file = fs->handles[number].file;
    int result = enter(fs, FAULTFS_ALLOCATE);
    if (result < 0) {
        return result;
    }
    if ((uint64_t)length <= file->now->length) {
        return 0;
    }
    if (fs->capacity > 0 && ff_total_length(fs) - file->now->length + (uint64_t)length > fs->capacity) {
        return -ENOSPC;
    }
    ff_log_change(fs, file, CHANGE_ALLOCATE, 0, (uint64_t)length);
    ff_blob_own(&file->now)->length = (uint64_t)length;
    return 0;
}

static int fs_rename(void *self, const char *from, const char *to) {
    faultfs *fs = self;
    int result = enter(fs, FAULTFS_RENAME);
    name *there = ff_find(&fs->now, from);
    if (result < 0 || there == NULL) {
        return result < 0 ? result : -ENOENT;
    }
    ff_log_move(fs, MOVE_RENAME, from, to, there->file);
    return 0;
}

static int fs_unlink(void *self, const char *path) {
    faultfs *fs = self;
    int result = enter(fs, FAULTFS_UNLINK);
    name *there = ff_find(&fs->now, path);
    if (result < 0 || there == NULL) {
        return result < 0 ? result : -ENOENT;
    }
    ff_log_move(fs, MOVE_UNLINK, path, NULL, there->file);
    return 0;
}

static int64_t fs_read(void *self, int number, void *bytes, size_t length, int64_t offset) {
    faultfs *fs = self;
    const blob *b = fs->handles[number].file->now;
    int result = enter(fs, FAULTFS_READ);
    if (result < 0) {
        return result;
    }
    uint64_t at = (uint64_t)offset;
    uint64_t there = at >= b->length ? 0 : b->length - at < length ? b->length - at : length;
    uint64_t used = at >= b->used ? 0 : b->used - at < there ? b->used - at : there;
    if (used > 0) {
        memcpy(bytes, b->bytes + at, used);
    }
    memset((uint8_t *)bytes + used, 0, there - used);
    return (int64_t)there;
}

static int64_t fs_size(void *self, int number) {
    faultfs *fs = self;
    int result = enter(fs, FAULTFS_SIZE);
    return result < 0 ? result : (int64_t)fs->handles[number].file->now->length;
}

static void fs_close(void *self, int number) {
    handle *h = &((faultfs *)self)->handles[number];
    ff_node_drop(h->file);
    *h = (handle){0};
}

static int fs_list(void *self, const char *path, ab_storage_visit visit, void *context) {
    faultfs *fs = self;
    int result = enter(fs, FAULTFS_LIST);
    if (result < 0) {
        return result;
    }
    if (ff_find(&fs->now, path) == NULL) {
        return -ENOENT;
    }
    for (size_t i = 0; i < fs->now.count && result == 0; i++) {
        if (ff_is_in(fs->now.names[i].path, path)) {
            result = visit(context, strrchr(fs->now.names[i].path, '/') + 1);
        }
    }
    return result;
}

static int fs_make_directory(void *self, const char *path) {
    faultfs *fs = self;
    int result = enter(fs, FAULTFS_MAKE_DIRECTORY);
    if (result == 0 && ff_find(&fs->now, path) == NULL) {
        node *folder = ff_node_new(fs);
        folder->folder = 1;
        ff_log_move(fs, MOVE_CREATE, NULL, path, folder);
    }
    return result;
}

static int fs_lock(void *self, int number, int exclusive) {
    faultfs *fs = self;
    for (int i = 0; i < OPEN_MOST; i++) {
        if (i != number && fs->handles[i].file == fs->handles[number].file && fs->handles[i].lock > (exclusive ? 0 : 1)) {
            return -EWOULDBLOCK;
        }
    }
    fs->handles[number].lock = exclusive ? 2 : 1;
    return 0;
}

static int fs_protect(void *self, const char *path, int read_only) {
    name *there = ff_find(&((faultfs *)self)->now, path);
    if (there == NULL) {
        return -ENOENT;
    }
    there->file->read_only = read_only;
    return 0;
}

static uint64_t fs_cache(void *self) { return ((faultfs *)self)->cache; }

/* ---- for the test ------------------------------------------------------------------------------------------------ */

faultfs *faultfs_new(void) {
    faultfs *fs = ff_must(calloc(1, sizeof *fs));
    fs->storage = (ab_storage){.self = fs, .open = fs_open, .write = fs_write, .sync = fs_sync,
        .sync_directory = fs_sync_directory, .allocate = fs_allocate, .rename = fs_rename, .unlink = fs_unlink,
        .read = fs_read, .size = fs_size, .close = fs_close, .list = fs_list, .make_directory = fs_make_directory,
        .lock = fs_lock, .protect = fs_protect, .cache = fs_cache};
    fs->cache = 1;
    return fs;
}

void faultfs_free(faultfs *fs) {
    while (fs->now.count > 0) {
        ff_unbind(&fs->now, fs->now.names[0].path);
    }
    while (fs->stable.count > 0) {
        ff_unbind(&fs->stable, fs->stable.names[0].path);
    }
    for (size_t i = 0; i < fs->move_count; i++) {
        ff_node_drop(fs->moves[i].file);
    }
    free(fs->moves);
    free(fs);
}

const ab_storage *faultfs_storage(faultfs *fs) { return &fs->storage; }

void faultfs_on_call(faultfs *fs, faultfs_watch watch, void *context) {
    fs->watch = watch;
    fs->context = context;
}

void faultfs_fail(faultfs *fs, uint32_t kinds, uint64_t nth, uint64_t times, int number) {
    fs->fail_kinds = kinds;
    fs->fail_in = nth;
    fs->fail_times = times;
    fs->fail_number = number;
    fs->fail_seen = fs->half_done = 0;
}

int faultfs_failed(const faultfs *fs) { return fs->fail_seen; }

void faultfs_capacity(faultfs *fs, uint64_t bytes) { fs->capacity = bytes; }

uint64_t faultfs_calls(const faultfs *fs, int call) { return fs->calls[call]; }

/* Now and stable are the same from here on. */
static blob *settle(faultfs *fs, const char *path) {
    name *there = ff_find(&fs->now, path);
    if (there == NULL) {
        return NULL;
    }
    node *file = there->file;
    ff_forget_changes(file);
    ff_blob_drop(file->stable);
    blob *b = ff_blob_own(&file->now);
    file->stable = ff_blob_share(b);
    return b;
}

uint8_t *faultfs_bytes(faultfs *fs, const char *path, uint64_t *length, uint64_t *used) {
    blob *b = settle(fs, path);
    if (b == NULL) {
        return NULL;
    }
    if (length != NULL) {
        *length = b->length;
    }
    *used = b->used;
    return b->bytes;
}

bool faultfs_same(faultfs *one, faultfs *other, const char *path) {
    uint64_t used, other_used;
    const uint8_t *bytes = faultfs_bytes(one, path, NULL, &used);
    const uint8_t *other_bytes = faultfs_bytes(other, path, NULL, &other_used);
    return bytes != NULL && other_bytes != NULL && used == other_used && memcmp(bytes, other_bytes, used) == 0;
}

void faultfs_cut(faultfs *fs, const char *path, uint64_t length) {
    blob *b = settle(fs, path);
    if (b != NULL) {
        ff_blob_cut(b, length);
    }
}

int faultfs_remove(faultfs *fs, const char *path) {
    name *there = ff_find(&fs->now, path);
    if (there == NULL) {
        return -ENOENT;
    }
    ff_unbind(&fs->now, path);
    ff_unbind(&fs->stable, path);
    return 0;
}
