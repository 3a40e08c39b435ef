/* ab_stats, the reader's side: copy, validate, look up. Rules in ab_stats.h.
 *
 * Everything in a file is a claim of somebody else. check_header and check_entries turn it into facts, in the private copy;
 * the functions below them only use what these two have proved:
 *   - inv_header_fits: lengths and offsets of the header are those of version 1 and lie within the copy
 *   - inv_entries_ascend: data of entry n starts at or after the end of entry n-1, on a cache line, within the copy
 *   - inv_texts_end: every text has its NUL inside its field
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ab_fail.h"
#include "ab_stats.h"

struct ab_stats_image {
    uint64_t length;
    const ab_stats_header *header;
    const ab_stats_entry *entries;
    uint32_t entry_count;
    char *bytes; /* owned; aligned to 64 */
};

uint32_t ab_stats_kind_length(uint32_t kind) {
    switch (kind) {
        case AB_STATS_COUNTER_BLOCK: return AB_STATS_BLOCK_LENGTH;
        case AB_STATS_HISTOGRAM: return AB_STATS_HISTOGRAM_LENGTH;
        case AB_STATS_GAUGE: return AB_STATS_GAUGE_LENGTH;
        default: return 0;
    }
}

/* ---- validation ---- */

static int malformed(ab_error *error, const char *field, uint64_t value, const char *bound, uint64_t limit) {
    return ab_fail(error, AB_MALFORMED, 0, "not a sound statistics file: %s %" PRIu64 " %s %" PRIu64, field, value, bound, limit);
}

static int check_header(const ab_stats_header *header, uint64_t length, ab_error *error) {
    if (header->magic == 0) {
        return ab_fail(error, AB_NOT_CONNECTED, 0, "the statistics file is not finished yet: its writer is creating it or died "
            "while it did");
    }
    if (header->magic != AB_STATS_MAGIC) {
        return ab_fail(error, AB_MALFORMED, 0, "not a statistics file: it starts with 0x%016" PRIx64 " instead of 0x%016" PRIx64,
            header->magic, AB_STATS_MAGIC);
    }
    if (header->version != AB_STATS_VERSION) {
        return ab_fail(error, AB_UNKNOWN_TYPE, 0, "statistics file of version %" PRIu32 ", this program reads version %d; read "
            "it with the version of actorbus that wrote it", header->version, (int)AB_STATS_VERSION);
    }
    if (header->header_length != AB_STATS_HEADER_LENGTH) {
        return malformed(error, "header_length", header->header_length, "is not", AB_STATS_HEADER_LENGTH);
    }
    if (header->entry_length != AB_STATS_ENTRY_LENGTH) {
        return malformed(error, "entry_length", header->entry_length, "is not", AB_STATS_ENTRY_LENGTH);
    }
    if (header->file_length != length) {
        return malformed(error, "file_length", header->file_length, "is not the length of the file,", length);
    }
    if (header->entries_max > (length - AB_STATS_HEADER_LENGTH) / AB_STATS_ENTRY_LENGTH) {
        return malformed(error, "entries_max", header->entries_max, "does not fit into bytes", length);
    }
    if (header->entry_count > header->entries_max) {
        return malformed(error, "entry_count", header->entry_count, "is above entries_max", header->entries_max);
    }
    const uint64_t directory_end = AB_STATS_HEADER_LENGTH + (uint64_t)header->entries_max * AB_STATS_ENTRY_LENGTH;
    if (header->data_offset != directory_end) {
        return malformed(error, "data_offset", header->data_offset, "is not", directory_end);
    }
    if (memchr(header->name, 0, sizeof(header->name)) == NULL ||
        memchr(header->driver_directory, 0, sizeof(header->driver_directory)) == NULL ||
        memchr(header->boot_id, 0, sizeof(header->boot_id)) == NULL) {
        return ab_fail(error, AB_MALFORMED, 0, "not a sound statistics file: a text of the header does not end");
    }
    return AB_OK;
}

static int check_entries(const ab_stats_image *image, ab_error *error) {
    uint64_t free_from = image->header->data_offset;

    for (uint32_t index = 0; index < image->entry_count; index++) {
        const ab_stats_entry *entry = &image->entries[index];
        const uint32_t length = ab_stats_kind_length(entry->kind);

        if (length == 0) {
            return malformed(error, "kind", entry->kind, "is unknown; entry", index);
        }
        if (entry->length != length) {
            return malformed(error, "data length", entry->length, "is not", length);
        }
        if (entry->offset < free_from || entry->offset % 64 != 0) {
            return malformed(error, "data offset", entry->offset, "is not on a cache line at or after", free_from);
        }
        if (entry->offset > image->length || length > image->length - entry->offset) {
            return malformed(error, "data offset", entry->offset, "reaches beyond the file's end at", image->length);
        }
        if (memchr(entry->group, 0, sizeof(entry->group)) == NULL || memchr(entry->name, 0, sizeof(entry->name)) == NULL) {
            return ab_fail(error, AB_MALFORMED, 0, "not a sound statistics file: group or name of entry %" PRIu32 " does not end",
                index);
        }
        free_from = entry->offset + length;
    }
    return AB_OK;
}

/* ---- load ---- */

/* pread until `length` bytes are there or the file ends; returns the bytes read, -1 with errno. */
static int64_t read_fully(int descriptor, char *into, uint64_t length, uint64_t offset) {
    uint64_t done = 0;

    while (done < length) {
        const ssize_t count = pread(descriptor, into + done, length - done, (off_t)(offset + done));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return -1;
        }
        if (count == 0) {
            break;
        }
        done += (uint64_t)count;
    }
    return (int64_t)done;
}

static int check_length(uint64_t length, ab_error *error) {
    if (length < AB_STATS_HEADER_LENGTH || length > AB_STATS_SIZE_MAX) {
        return ab_fail(error, AB_MALFORMED, 0, "not a sound statistics file: %" PRIu64 " bytes are not in %d .. %d", length,
            (int)AB_STATS_HEADER_LENGTH, (int)AB_STATS_SIZE_MAX);
    }
    return AB_OK;
}

static ab_stats_image *new_image(uint64_t length) {
    ab_stats_image *image = calloc(1, sizeof(*image));
    if (image == NULL) {
        return NULL;
    }
    /* aligned_alloc wants a multiple of the alignment; bytes past `length` are never looked at. */
    image->bytes = aligned_alloc(64, (length + 63) / 64 * 64);
    if (image->bytes == NULL) {
        free(image);
        return NULL;
    }
    image->length = length;
    image->header = (const ab_stats_header *)image->bytes;
    image->entries = (const ab_stats_entry *)(image->bytes + AB_STATS_HEADER_LENGTH);
    return image;
}

/* The header is in the copy and was checked; check the rest and hand the image out, or free it. */
static int finish(ab_stats_image *made, ab_stats_image **image, ab_error *error) {
    made->entry_count = made->header->entry_count;
    const int code = check_entries(made, error);
    if (code != AB_OK) {
        ab_stats_unload(made);
        return code;
    }
    *image = made;
    return AB_OK;
}

static int length_of(int descriptor, uint64_t *length, ab_error *error) {
    struct stat status;

    if (fstat(descriptor, &status) != 0) {
        const int number = errno;
        return ab_fail(error, AB_FAILED, number, "cannot look at the statistics file: %s", strerror(number));
    }
    if (!S_ISREG(status.st_mode)) {
        return ab_fail(error, AB_MALFORMED, 0, "not a statistics file: it is no regular file");
    }
    *length = (uint64_t)status.st_size;
    return check_length(*length, error);
}

static int unreadable(ab_error *error) {
    const int number = errno;
    return ab_fail(error, AB_FAILED, number, "cannot read the statistics file: %s", strerror(number));
}

int ab_stats_look(int descriptor, ab_stats_header *header, ab_error *error) {
    uint64_t length;
    const int code = length_of(descriptor, &length, error);
    if (code != AB_OK) {
        return code;
    }
    const int64_t got = read_fully(descriptor, (char *)header, AB_STATS_HEADER_LENGTH, 0);
    if (got < 0) {
        return unreadable(error);
    }
    return got == AB_STATS_HEADER_LENGTH ? check_header(header, length, error)
                                         : malformed(error, "bytes read", (uint64_t)got, "are less than the file's", length);
}

int ab_stats_load(int descriptor, ab_stats_image **image, ab_error *error) {
    uint64_t length;
    int code = length_of(descriptor, &length, error);
    if (code != AB_OK) {
        return code;
    }
    ab_stats_image *made = new_image(length);
    if (made == NULL) {
        return ab_fail(error, AB_NO_MEMORY, ENOMEM, "no memory for a copy of %" PRIu64 " bytes of statistics", length);
    }
    /* First the header, then the rest: entries below the count were whole before it was released (SYNC A, SYNC B). */
    int64_t got = read_fully(descriptor, made->bytes, AB_STATS_HEADER_LENGTH, 0);
    if (got == AB_STATS_HEADER_LENGTH) {
        (void)__atomic_load_n(&made->header->magic, __ATOMIC_ACQUIRE);
        const int64_t rest = read_fully(
            descriptor, made->bytes + AB_STATS_HEADER_LENGTH, length - AB_STATS_HEADER_LENGTH, AB_STATS_HEADER_LENGTH);
        got = rest < 0 ? rest : got + rest;
    }
    if (got < 0) {
        code = unreadable(error);
        ab_stats_unload(made);
        return code;
    }
    code = (uint64_t)got == length ? check_header(made->header, length, error)
                                   : malformed(error, "bytes read", (uint64_t)got, "are less than the file's", length);
    if (code != AB_OK) {
        ab_stats_unload(made);
        return code;
    }
    return finish(made, image, error);
}

int ab_stats_parse(const void *bytes, uint64_t length, ab_stats_image **image, ab_error *error) {
    int code = check_length(length, error);
    if (code != AB_OK) {
        return code;
    }
    ab_stats_image *made = new_image(length);
    if (made == NULL) {
        return ab_fail(error, AB_NO_MEMORY, ENOMEM, "no memory for a copy of %" PRIu64 " bytes of statistics", length);
    }
    memcpy(made->bytes, bytes, length);
    code = check_header(made->header, length, error);
    if (code != AB_OK) {
        ab_stats_unload(made);
        return code;
    }
    return finish(made, image, error);
}

void ab_stats_unload(ab_stats_image *image) {
    if (image != NULL) {
        free(image->bytes);
        free(image);
    }
}

/* ---- look up ---- */

const ab_stats_header *ab_stats_header_of(const ab_stats_image *image) {
    return image->header;
}

uint32_t ab_stats_entry_count(const ab_stats_image *image) {
    return image->entry_count;
}

const ab_stats_entry *ab_stats_entry_at(const ab_stats_image *image, uint32_t index) {
    return index < image->entry_count ? &image->entries[index] : NULL;
}

const void *ab_stats_data_at(const ab_stats_image *image, uint32_t index) {
    return index < image->entry_count ? image->bytes + image->entries[index].offset : NULL;
}
