/* faultfs_image.c: what survives. See faultfs.h for the styles. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faultfs_private.h"

enum { OLD, NEW, GARBAGE };

static int choose(const choice *c, uint64_t number, uint64_t file, uint64_t sector, size_t which, size_t count) {
    uint64_t h;
    switch (c->style) {
    case FAULTFS_ALL_OLD:
        return OLD;
    case FAULTFS_ALL_NEW:
        return NEW;
    case FAULTFS_IN_ORDER:
        h = ff_mix(ff_mix(c->seed, number), sector);
        return number < c->moment ? NEW : number > c->moment ? OLD : h % 8 == 0 ? GARBAGE : h % 2 == 0 ? NEW : OLD;
    case FAULTFS_WRITEBACK: {
        size_t until = (size_t)(ff_mix(ff_mix(c->seed, file), sector) % (count + 1));
        h = ff_mix(ff_mix(c->seed, number), sector);
        return which < until ? NEW : which == until && h % 16 == 0 ? GARBAGE : OLD;
    }
    default:
        h = ff_mix(ff_mix(c->seed, number), sector);
        return h % 16 == 0 ? GARBAGE : h % 16 < 8 ? NEW : OLD;
    }
}

/* Garbage that may look like something: random bytes, ones, or the file's own bytes from another place. */
static void put_garbage(blob *b, uint64_t offset, uint64_t length, uint64_t h) {
    uint8_t bytes[SECTOR];
    uint64_t from = b->used > SECTOR ? h / 4 % (b->used - SECTOR) / 8 * 8 : 0;
    for (uint64_t i = 0; i < length; i++) {
        bytes[i] = h % 4 == 0 ? 0xff : h % 4 == 1 && from + i < b->used ? b->bytes[from + i] : (uint8_t)(ff_mix(h, i / 8) >> (8 * (i % 8)));
    }
    ff_blob_write(b, offset, bytes, length);
}

static void survive_write(blob *b, const change *c, const choice *how, uint64_t file, size_t which, size_t count) {
    for (uint64_t at = c->offset, end = c->offset + c->length; at < end;) {
        uint64_t sector = at / SECTOR, next = (sector + 1) * SECTOR < end ? (sector + 1) * SECTOR : end;
        int what = choose(how, c->number, file, sector, which, count);
        if (what == NEW) {
            ff_blob_write(b, at, c->data + (at - c->offset), next - at);
        } else if (what == GARBAGE) {
            put_garbage(b, at, next - at, ff_mix(ff_mix(how->seed, c->number), sector + 7));
        }
        at = next;
    }
}

void ff_survive(blob **place, const node *file, const choice *how) {
    if (file->count == 0) {
        return;
    }
    blob *b = ff_blob_own(place);
    for (size_t i = 0; i < file->count; i++) {
        const change *c = &file->changes[i];
        if (c->kind == CHANGE_WRITE) {
            survive_write(b, c, how, file->id, i, file->count);
        } else if (choose(how, c->number, file->id, UINT64_MAX - i, i, file->count) == NEW) {
            if (c->kind == CHANGE_EMPTY) {
                ff_blob_cut(b, 0);
            } else if (c->length > b->length) {
                b->length = c->length;
            }
        }
    }
}

static node *image_node(faultfs *image, const node *file, const choice *how) {
    node *copy = ff_must(calloc(1, sizeof *copy));
    copy->id = image->next_id++;
    copy->folder = file->folder;
    copy->read_only = file->read_only;
    copy->stable = ff_blob_share(file->stable);
    ff_survive(&copy->stable, file, how);
    copy->now = ff_blob_share(copy->stable);
    return copy;
}

static faultfs *image_of(const faultfs *fs, const choice *how) {
    faultfs *image = faultfs_new();
    names left = {.count = 0};
    image->cache = fs->cache + 1;
    for (size_t i = 0; i < fs->stable.count; i++) {
        ff_bind(&left, fs->stable.names[i].path, fs->stable.names[i].file);
    }
    for (size_t i = 0; i < fs->move_count; i++) {
        if (choose(how, fs->moves[i].number, 0, 0, i, fs->move_count) == NEW) {
            ff_apply_move(&left, &fs->moves[i]);
        }
    }
    for (size_t i = 0; i < left.count; i++) { /* a file whose folder is gone is gone */
        char folder[PATH_MOST];
        snprintf(folder, sizeof folder, "%.*s", (int)ff_folder_length(left.names[i].path), left.names[i].path);
        if (folder[0] == 0 || ff_find(&left, folder) != NULL) {
            node *copy = image_node(image, left.names[i].file, how);
            ff_bind(&image->now, left.names[i].path, copy);
            ff_bind(&image->stable, left.names[i].path, copy);
        }
    }
    while (left.count > 0) {
        ff_unbind(&left, left.names[0].path);
    }
    return image;
}

faultfs *faultfs_image(const faultfs *fs, int style, uint64_t number) {
    uint64_t oldest = fs->next_number;
    for (size_t i = 0; i < fs->move_count; i++) {
        oldest = fs->moves[i].number < oldest ? fs->moves[i].number : oldest;
    }
    for (size_t i = 0; i < fs->now.count; i++) {
        const node *file = fs->now.names[i].file;
        oldest = file->count > 0 && file->changes[0].number < oldest ? file->changes[0].number : oldest;
    }
    const choice how = {.style = style, .seed = ff_mix(number, 1), .moment = oldest + ff_mix(number, 2) % (fs->next_number - oldest + 1)};
    return image_of(fs, &how);
}

/* The copy of a file, made at the first of its names. */
static node *twin_of(faultfs *copy, node **twins, node *file) {
    node *twin = twins[file->id];
    if (twin != NULL) {
        return twin;
    }
    twins[file->id] = twin = ff_must(calloc(1, sizeof *twin));
    twin->id = file->id;
    twin->folder = file->folder;
    twin->read_only = file->read_only;
    twin->now = ff_blob_share(file->now);
    twin->stable = ff_blob_share(file->stable);
    for (size_t i = 0; i < file->count; i++) {
        const change *from = &file->changes[i];
        change *to = ff_log_change(copy, twin, from->kind, from->offset, from->length);
        to->number = from->number;
        if (from->data != NULL) {
            to->data = ff_must(malloc(from->length + 1));
            memcpy(to->data, from->data, from->length);
        }
    }
    return twin;
}

faultfs *faultfs_copy(const faultfs *fs) {
    faultfs *copy = faultfs_new();
    node **twins = ff_must(calloc(fs->next_id + 1, sizeof *twins));
    copy->cache = fs->cache;
    for (size_t i = 0; i < fs->now.count; i++) {
        ff_bind(&copy->now, fs->now.names[i].path, twin_of(copy, twins, fs->now.names[i].file));
    }
    for (size_t i = 0; i < fs->stable.count; i++) {
        ff_bind(&copy->stable, fs->stable.names[i].path, twin_of(copy, twins, fs->stable.names[i].file));
    }
    copy->moves = ff_must(malloc((fs->move_count + 1) * sizeof *copy->moves));
    copy->move_room = fs->move_count + 1;
    copy->move_count = fs->move_count;
    for (size_t i = 0; i < fs->move_count; i++) {
        copy->moves[i] = fs->moves[i];
        copy->moves[i].file = twin_of(copy, twins, fs->moves[i].file);
        copy->moves[i].file->refs++;
    }
    copy->next_number = fs->next_number;
    copy->next_id = fs->next_id;
    free(twins);
    return copy;
}
