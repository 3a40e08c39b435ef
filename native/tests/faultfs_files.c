/* faultfs_files.c: content and names. See faultfs_private.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faultfs_private.h"

void *ff_must(void *memory) {
    if (memory == NULL) {
        fprintf(stderr, "faultfs: no memory\n");
        abort();
    }
    return memory;
}

uint64_t ff_mix(uint64_t a, uint64_t b) {
    uint64_t x = (a ^ (b * UINT64_C(0x9e3779b97f4a7c15))) + UINT64_C(0x632be59bd9b4e019);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* ---- blobs ------------------------------------------------------------------------------------------------------- */

blob *ff_blob_new(void) {
    blob *b = ff_must(calloc(1, sizeof *b));
    b->refs = 1;
    return b;
}

blob *ff_blob_share(blob *b) {
    b->refs++;
    return b;
}

void ff_blob_drop(blob *b) {
    if (--b->refs == 0) {
        free(b->bytes);
        free(b);
    }
}

static void ff_reserve(blob *b, uint64_t room) {
    if (room > b->room) {
        b->room = room < 2 * b->room ? 2 * b->room : room;
        b->bytes = ff_must(realloc(b->bytes, b->room));
    }
}

/* One that nobody else has. */
blob *ff_blob_own(blob **place) {
    blob *b = *place;
    if (b->refs > 1) {
        blob *copy = ff_blob_new();
        copy->length = b->length;
        ff_reserve(copy, b->used);
        if (b->used > 0) {
            memcpy(copy->bytes, b->bytes, b->used);
        }
        copy->used = b->used;
        b->refs--;
        *place = b = copy;
    }
    return b;
}

void ff_blob_write(blob *b, uint64_t offset, const uint8_t *data, uint64_t length) {
    uint64_t end = offset + length;
    if (end > b->used) {
        ff_reserve(b, end);
        if (offset > b->used) {
            memset(b->bytes + b->used, 0, offset - b->used);
        }
        b->used = end;
    }
    memcpy(b->bytes + offset, data, length);
    b->length = end > b->length ? end : b->length;
}

void ff_blob_cut(blob *b, uint64_t length) {
    b->length = length;
    b->used = b->used < length ? b->used : length;
}

/* ---- files and names --------------------------------------------------------------------------------------------- */

node *ff_node_new(faultfs *fs) {
    node *file = ff_must(calloc(1, sizeof *file));
    file->id = fs->next_id++;
    file->now = ff_blob_new();
    file->stable = ff_blob_new();
    return file;
}

void ff_forget_changes(node *file) {
    for (size_t i = 0; i < file->count; i++) {
        free(file->changes[i].data);
    }
    file->count = 0;
}

void ff_node_drop(node *file) {
    if (--file->refs == 0) {
        ff_forget_changes(file);
        free(file->changes);
        ff_blob_drop(file->now);
        ff_blob_drop(file->stable);
        free(file);
    }
}

name *ff_find(const names *all, const char *path) {
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->names[i].path, path) == 0) {
            return (name *)&all->names[i];
        }
    }
    return NULL;
}

void ff_bind(names *all, const char *path, node *file) {
    name *there = ff_find(all, path);
    file->refs++;
    if (there != NULL) {
        ff_node_drop(there->file);
    } else {
        if (all->count == FILES_MOST) {
            ff_must(NULL);
        }
        there = &all->names[all->count++];
        snprintf(there->path, sizeof there->path, "%s", path);
    }
    there->file = file;
}

void ff_unbind(names *all, const char *path) {
    name *there = ff_find(all, path);
    if (there != NULL) {
        ff_node_drop(there->file);
        *there = all->names[--all->count];
    }
}

/* The folder of a path: how many bytes of it; the root is "". */
size_t ff_folder_length(const char *path) { return (size_t)(strrchr(path, '/') - path); }

int ff_is_in(const char *path, const char *folder) {
    size_t length = ff_folder_length(path);
    return length == strlen(folder) && memcmp(path, folder, length) == 0;
}

/* A folder's path without "/.." at its end. */
void ff_resolve(const char *path, char folder[PATH_MOST]) {
    snprintf(folder, PATH_MOST, "%s", path);
    size_t length = strlen(folder);
    if (length >= 3 && strcmp(folder + length - 3, "/..") == 0) {
        folder[length - 3] = 0;
        folder[ff_folder_length(folder)] = 0;
    }
}

void ff_apply_move(names *all, const move *m) {
    if (m->kind == MOVE_CREATE) {
        ff_bind(all, m->to, m->file);
        return;
    }
    name *from = ff_find(all, m->from);
    if (from != NULL && from->file == m->file) {
        ff_unbind(all, m->from);
    }
    if (m->kind == MOVE_RENAME) {
        ff_bind(all, m->to, m->file);
    }
}

void ff_log_move(faultfs *fs, int kind, const char *from, const char *to, node *file) {
    if (fs->move_count == fs->move_room) {
        fs->move_room = fs->move_room == 0 ? 16 : 2 * fs->move_room;
        fs->moves = ff_must(realloc(fs->moves, fs->move_room * sizeof *fs->moves));
    }
    move *m = &fs->moves[fs->move_count++];
    *m = (move){.kind = kind, .number = fs->next_number++, .file = file};
    snprintf(m->from, sizeof m->from, "%s", from == NULL ? "" : from);
    snprintf(m->to, sizeof m->to, "%s", to == NULL ? "" : to);
    file->refs++;
    ff_apply_move(&fs->now, m);
}

change *ff_log_change(faultfs *fs, node *file, int kind, uint64_t offset, uint64_t length) {
    if (file->count == file->room) {
        file->room = file->room == 0 ? 16 : 2 * file->room;
        file->changes = ff_must(realloc(file->changes, file->room * sizeof *file->changes));
    }
    change *c = &file->changes[file->count++];
    *c = (change){.kind = kind, .number = fs->next_number++, .offset = offset, .length = length};
    return c;
}

uint64_t ff_total_length(const faultfs *fs) {
    uint64_t total = 0;
    for (size_t i = 0; i < fs->now.count; i++) {
        total += fs->now.names[i].file->now->length;
    }
    return total;
}
