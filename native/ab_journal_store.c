/* ab_journal_store.c: see ab_journal_store.h for the rules. */
#include "ab_journal_store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "ab_fail.h"

#define COPY_CHUNK 262144u

int ab_store_init(ab_store *store, const char *directory, const ab_storage *storage, ab_error *error) {
    size_t length = directory == NULL ? 0 : strlen(directory);
    if (length == 0 || length > AB_STORE_DIRECTORY_MAX) {
        return ab_fail(error, AB_INVALID, 0, "a journal's directory has 1 .. %d bytes, not %zu; give a shorter path",
            AB_STORE_DIRECTORY_MAX, length);
    }
    store->storage = storage == NULL ? ab_storage_real() : storage;
    memcpy(store->directory, directory, length + 1);
    return AB_OK;
}

void ab_store_path(const ab_store *store, char path[AB_STORE_PATH], const char *format, ...) {
    va_list arguments;
    int length = snprintf(path, AB_STORE_PATH, "%s/", store->directory);
    va_start(arguments, format);
    vsnprintf(path + length, AB_STORE_PATH - (size_t)length, format, arguments);
    va_end(arguments);
}

int ab_store_failed(const ab_store *store, int64_t number, const char *what, const char *path, ab_error *error) {
    int full = number == -ENOSPC || number == -EDQUOT;
    char message[128];
    const char *said = strerror_r((int)-number, message, sizeof message);
    return ab_fail(error, full ? AB_NO_SPACE : AB_FAILED, (int)-number, "cannot %s %s: %s%s", what,
        path == NULL ? store->directory : path, said, full ? "; make room, it then goes on" : "");
}

/* ---- segments ---------------------------------------------------------------------------------------------------- */

/* The base position a segment's name says, or -1: another file. */
static int64_t base_of(const char *name) {
    uint64_t base = 0;
    for (int i = 0; i < 16; i++) {
        char c = name[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) {
            return -1;
        }
        base = base << 4 | (uint64_t)digit;
    }
    return strcmp(name + 16, ".journal") == 0 && base <= INT64_MAX ? (int64_t)base : -1;
}

static int take_name(void *context, const char *name) {
    ab_segment_list *list = context;
    int64_t base = base_of(name);
    if (base < 0) {
        return 0;
    }
    if (list->count == list->room) {
        uint32_t room = list->room == 0 ? 64 : 2 * list->room;
        int64_t *bases = realloc(list->bases, room * sizeof *bases);
        if (bases == NULL) {
            return -ENOMEM;
        }
        list->bases = bases;
        list->room = room;
    }
    list->bases[list->count++] = base;
    return 0;
}

static int ascending(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return a < b ? -1 : a > b;
}

int ab_store_list(const ab_store *store, ab_segment_list *list, ab_error *error) {
    *list = (ab_segment_list){0};
    int result = store->storage->list(store->storage->self, store->directory, take_name, list);
    if (result != 0) {
        ab_store_list_free(list);
        if (result == -ENOENT || result == -ENOTDIR) {
            return ab_fail(error, AB_NOT_FOUND, -result, "%s is no directory with a recording", store->directory);
        }
        return result == -ENOMEM ? ab_fail(error, AB_NO_MEMORY, ENOMEM, "no memory for the list of segments")
                                 : ab_store_failed(store, result, "list", NULL, error);
    }
    if (list->count > 1) {
        qsort(list->bases, list->count, sizeof *list->bases, ascending);
    }
    return AB_OK;
}

void ab_store_list_free(ab_segment_list *list) {
    free(list->bases);
    *list = (ab_segment_list){0};
}

int ab_store_open_segment(const ab_store *store, int64_t base, int mode, ab_segment_header *header, ab_error *error) {
    char path[AB_STORE_PATH];
    uint8_t page[AB_JOURNAL_HEADER];
    ab_store_path(store, path, AB_SEGMENT_NAME, (unsigned long long)base);
    int file = store->storage->open(store->storage->self, path, mode);
    if (file < 0) {
        return file == -ENOENT ? ab_fail(error, AB_NOT_FOUND, ENOENT, "there is no segment %s", path)
                               : ab_store_failed(store, file, "open", path, error);
    }
    int64_t length = ab_store_read(store, file, page, sizeof page, 0);
    const char *why = "it is shorter than a header page";
    int result = length < 0 ? (int)length : length < (int64_t)sizeof page ? AB_CORRUPT : ab_format_header_get(page, header, &why);
    if (length >= 0 && result == AB_OK && header->base_position != base) {
        result = AB_REFUSED;
        why = "its name is not the base position in its header; was it renamed?";
    }
    if (length >= 0 && result == AB_OK) {
        return file;
    }
    store->storage->close(store->storage->self, file);
    return length < 0 ? ab_store_failed(store, length, "read", path, error)
                      : ab_fail(error, result, 0, "%s, offset 0: %s", path, why);
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

int64_t ab_store_read(const ab_store *store, int file, void *bytes, size_t length, uint64_t offset) {
    size_t done = 0;
    while (done < length) {
        int64_t taken = store->storage->read(
            store->storage->self, file, (uint8_t *)bytes + done, length - done, (int64_t)(offset + done));
        if (taken < 0) {
            return taken;
        }
        if (taken == 0) {
            break;
        }
        done += (size_t)taken;
    }
    return (int64_t)done;
}

int64_t ab_store_write(const ab_store *store, int file, const void *bytes, size_t length, uint64_t offset) {
    while (length > 0) {
        struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
        int64_t written = store->storage->write(store->storage->self, file, &part, 1, (int64_t)offset);
        if (written <= 0) {
            return written < 0 ? written : -EIO; /* a write of nothing, for ever */
        }
        bytes = (const uint8_t *)bytes + written;
        length -= (size_t)written;
        offset += (uint64_t)written;
    }
    return 0;
}

int ab_store_checkpoint(const ab_store *store, const uint8_t recording[16], ab_checkpoint *checkpoint) {
    char path[AB_STORE_PATH];
    uint8_t slots[AB_CHECKPOINT_SLOTS * AB_CHECKPOINT_SLOT] = {0};
    ab_store_path(store, path, "checkpoint");
    int file = store->storage->open(store->storage->self, path, AB_STORAGE_READ);
    if (file < 0) {
        return 0;
    }
    ab_store_read(store, file, slots, sizeof slots, 0); /* what cannot be read has no valid slot */
    store->storage->close(store->storage->self, file);
    int found = 0;
    for (uint32_t i = 0; i < AB_CHECKPOINT_SLOTS; i++) {
        ab_checkpoint slot;
        if (ab_format_checkpoint_get(slots + i * AB_CHECKPOINT_SLOT, &slot) &&
            (recording == NULL || memcmp(slot.recording, recording, 16) == 0) &&
            (!found || slot.generation > checkpoint->generation)) {
            *checkpoint = slot;
            found = 1;
        }
    }
    return found;
}

int ab_store_zero(const ab_store *store, int file, uint64_t from, uint64_t to, ab_error *error) {
    static const uint8_t zeros[65536];
    while (from < to) {
        size_t length = to - from < sizeof zeros ? (size_t)(to - from) : sizeof zeros;
        int64_t result = ab_store_write(store, file, zeros, length, from);
        if (result < 0) {
            return ab_store_failed(store, result, "write zeros over a torn tail in", NULL, error);
        }
        from += length;
    }
    return AB_OK;
}

static int copy_bytes(const ab_store *store, int from_file, int to_file, uint64_t from, uint64_t to) {
    uint8_t *chunk = malloc(COPY_CHUNK);
    int64_t result = chunk == NULL ? -ENOMEM : 0;
    for (uint64_t at = from; at < to && result == 0;) {
        size_t length = to - at < COPY_CHUNK ? (size_t)(to - at) : COPY_CHUNK;
        int64_t taken = ab_store_read(store, from_file, chunk, length, at);
        if (taken <= 0) {
            result = taken;
            break; /* the file ends: so does the copy */
        }
        result = ab_store_write(store, to_file, chunk, (size_t)taken, at - from);
        at += (uint64_t)taken;
    }
    free(chunk);
    return (int)result;
}

int ab_store_quarantine(const ab_store *store, int file, int64_t base, uint64_t from, uint64_t to, ab_error *error) {
    const ab_storage *storage = store->storage;
    char folder[AB_STORE_PATH], path[AB_STORE_PATH];
    ab_store_path(store, folder, "quarantine");
    int result = storage->make_directory(storage->self, folder);
    if (result == 0) {
        result = storage->sync_directory(storage->self, store->directory);
    }
    int copy = -1;
    for (unsigned number = 0; result == 0 && copy < 0; number++) {
        ab_store_path(store, path, "quarantine/%016llx-%08llx-%u.cut", (unsigned long long)base,
            (unsigned long long)from, number);
        int there = storage->open(storage->self, path, AB_STORAGE_READ);
        if (there >= 0) {
            storage->close(storage->self, there);
            continue;
        }
        copy = storage->open(storage->self, path, AB_STORAGE_CREATE);
        result = copy < 0 ? copy : 0;
    }
    if (result == 0) {
        result = copy_bytes(store, file, copy, from, to);
    }
    if (result == 0) {
        result = storage->sync(storage->self, copy);
    }
    if (copy >= 0) {
        storage->close(storage->self, copy);
    }
    if (result != 0 && copy >= 0) {
        storage->unlink(storage->self, path); /* half a copy is none, and a full disk needs its room */
    }
    if (result == 0) {
        result = storage->sync_directory(storage->self, folder);
    }
    return result == 0 ? AB_OK : ab_store_failed(store, result, "keep a copy of damaged bytes in", folder, error);
}

int ab_store_lock(const ab_store *store, ab_error *error) {
    char path[AB_STORE_PATH];
    ab_store_path(store, path, "LOCK");
    int file = store->storage->open(store->storage->self, path, AB_STORAGE_OPEN);
    if (file < 0) {
        return ab_store_failed(store, file, "open", path, error);
    }
    int result = store->storage->lock(store->storage->self, file, 1);
    if (result == 0) {
        return file;
    }
    store->storage->close(store->storage->self, file);
    if (result == -EWOULDBLOCK) {
        return ab_fail(error, AB_LOCKED, EWOULDBLOCK,
            "%s is being recorded to by another writer; stop it first, or read without writing", store->directory);
    }
    return ab_store_failed(store, result, "lock", path, error);
}

int ab_store_uuid(uint8_t uuid[16], ab_error *error) {
    ssize_t length = getrandom(uuid, 16, 0);
    if (length != 16) {
        return ab_fail(error, AB_FAILED, errno, "the system gives no random bytes for a uuid: errno %d", errno);
    }
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
    return AB_OK;
}
