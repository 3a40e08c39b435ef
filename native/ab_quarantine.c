/*
 * ab_quarantine: two rings, one of entries and one of bytes. The rules are in ab_quarantine.h.
 *
 * Bytes are addressed by how many were ever written, so an entry's body is still there exactly when its offset is at most
 * one ring behind the end. A body is never split: where it does not fit before the ring's end it begins at the start.
 *
 *      0                     end % SIZE                 SIZE
 *      | newer ......... newest | older ........ | skipped |
 */
#include "ab_quarantine.h"

#include <stdlib.h>
#include <string.h>

#include "ab_result.h"

_Static_assert((AB_QUARANTINE_BYTES & (AB_QUARANTINE_BYTES - 1)) == 0, "positions in the byte ring wrap with a mask");
_Static_assert((AB_QUARANTINE_ENTRIES & (AB_QUARANTINE_ENTRIES - 1)) == 0, "as do places of entries");

static ab_quarantine_entry *entry_at(const ab_quarantine *quarantine, uint64_t number) {
    return &quarantine->entries[number & (AB_QUARANTINE_ENTRIES - 1)];
}

/* Copy a text, cut at a UTF-8 boundary when it is too long: Python will decode it. */
static void copy_text(char *to, size_t size, const char *from) {
    size_t length = strnlen(from, size);
    if (length == size) {
        length = size - 1;
        while (length > 0 && ((uint8_t)from[length] & 0xc0) == 0x80) {
            length--; /* from[length] continues a character that began before the cut */
        }
    }
    memcpy(to, from, length);
    to[length] = '\0';
}

void ab_quarantine_init(ab_quarantine *quarantine) {
    memset(quarantine, 0, sizeof *quarantine);
    pthread_mutex_init(&quarantine->lock, NULL); /* a default mutex: cannot fail on the systems we run on */
}

void ab_quarantine_free(ab_quarantine *quarantine) {
    free(quarantine->entries);
    free(quarantine->bytes);
    pthread_mutex_destroy(&quarantine->lock);
}

static int allocate(ab_quarantine *quarantine) {
    quarantine->entries = calloc(AB_QUARANTINE_ENTRIES, sizeof *quarantine->entries);
    quarantine->bytes = malloc(AB_QUARANTINE_BYTES);
    if (quarantine->entries == NULL || quarantine->bytes == NULL) {
        free(quarantine->entries);
        free(quarantine->bytes);
        quarantine->entries = NULL;
        quarantine->bytes = NULL;
        return AB_NO_MEMORY;
    }
    return AB_OK;
}

static void put(ab_quarantine *quarantine, const ab_quarantine_entry *entry, const char *error, const uint8_t *body) {
    uint32_t kept = entry->body_length < AB_QUARANTINE_BYTES ? entry->body_length : AB_QUARANTINE_BYTES;
    uint64_t place = quarantine->end & (AB_QUARANTINE_BYTES - 1);
    uint64_t offset = quarantine->end;
    if (place + kept > AB_QUARANTINE_BYTES) {
        offset += AB_QUARANTINE_BYTES - place;
    }
    uint64_t end = offset + kept;

    while (quarantine->next != quarantine->first &&
           (quarantine->next - quarantine->first == AB_QUARANTINE_ENTRIES ||
            entry_at(quarantine, quarantine->first)->offset + AB_QUARANTINE_BYTES < end)) {
        quarantine->first++;
    }

    ab_quarantine_entry *made = entry_at(quarantine, quarantine->next);
    *made = *entry;
    made->offset = offset;
    made->kept = kept;
    copy_text(made->error, sizeof made->error, error == NULL ? "" : error);
    if (kept > 0) {
        memcpy(quarantine->bytes + (offset & (AB_QUARANTINE_BYTES - 1)), body, kept);
    }
    quarantine->end = end;
    quarantine->next++;
}

int ab_quarantine_put(
    ab_quarantine *quarantine, const ab_quarantine_entry *entry, const char *error, const uint8_t *body) {
    int result = AB_OK;
    pthread_mutex_lock(&quarantine->lock);
    if (quarantine->entries == NULL) {
        result = allocate(quarantine);
    }
    if (result == AB_OK) {
        put(quarantine, entry, error, body);
    }
    pthread_mutex_unlock(&quarantine->lock);
    return result;
}

int ab_quarantine_snapshot(ab_quarantine *quarantine, ab_quarantine *copy) {
    int result = AB_OK;
    ab_quarantine_init(copy);
    pthread_mutex_lock(&quarantine->lock);
    if (quarantine->entries != NULL) {
        result = allocate(copy);
        if (result == AB_OK) {
            memcpy(copy->entries, quarantine->entries, AB_QUARANTINE_ENTRIES * sizeof *copy->entries);
            memcpy(copy->bytes, quarantine->bytes, AB_QUARANTINE_BYTES);
            copy->first = quarantine->first;
            copy->next = quarantine->next;
            copy->end = quarantine->end;
        }
    }
    pthread_mutex_unlock(&quarantine->lock);
    return result;
}

size_t ab_quarantine_count(const ab_quarantine *quarantine) {
    return (size_t)(quarantine->next - quarantine->first);
}

const ab_quarantine_entry *ab_quarantine_at(const ab_quarantine *quarantine, size_t i, const uint8_t **body) {
    const ab_quarantine_entry *entry = entry_at(quarantine, quarantine->first + i);
    *body = quarantine->bytes + (entry->offset & (AB_QUARANTINE_BYTES - 1));
    return entry;
}
