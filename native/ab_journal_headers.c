/* ab_journal_headers.c: the first part of a repair: segments whose header is gone or that are missing get one again, so that all the others
 * can be read.
 *
 *      a header   one bit of the page changed          found by its checksum
 *                 more than that                       put together: place from the name, uuid from what is left of the page, from the next
 *                                                      header or the checkpoint (records check out with the right one alone), the rest from
 *                                                      the segment before, read to its end
 *      a file     is missing                           a segment made anew that is a hole: so many records are lost
 *
 * What cannot be told from its neighbours is left as it is, and named by whoever comes next. Bytes are copied before they change.
 */
#include <stdlib.h>
#include <string.h>

#include "ab_fail.h"
#include "ab_journal_private.h"

#define PAGE_BITS (AB_JOURNAL_HEADER * 8u)

typedef struct {
    const ab_store *store;
    ab_journal_progress *progress;
    ab_journal_repaired *repaired;
    int64_t now_ns;
    ab_segment_list list;
    ab_checkpoint checkpoint;
    int have_checkpoint;
} maker;

static int failed(const maker *m, int64_t number, const char *what, ab_error *error) {
    return ab_store_failed(m->store, number, what, NULL, error);
}

static const int64_t *stop_of(const maker *m) { return m->progress == NULL ? NULL : &m->progress->stop; }

static int is_damage(int code) { return code == AB_CORRUPT || code == AB_REFUSED; }

/* ---- a header --------------------------------------------------------------------------------------------------- */

/* Is it one bit? 1: the page is whole now. */
static int mend_bit(uint8_t page[AB_JOURNAL_HEADER], int64_t base, ab_segment_header *header) {
    const char *why;
    for (uint32_t bit = 0; bit < PAGE_BITS; bit++) {
        page[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (ab_le32(page + AB_JOURNAL_HEADER - 4) == ab_crc32c_mask(ab_crc32c(page, AB_JOURNAL_HEADER - 4))) {
            return ab_format_header_get(page, header, &why) == AB_OK && header->base_position == base;
        }
        page[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    return 0;
}

/* What the page says, true or not. */
static void read_fields(const uint8_t page[AB_JOURNAL_HEADER], ab_segment_header *header) {
    uint8_t copy[AB_JOURNAL_HEADER];
    const char *why;
    memcpy(copy, page, sizeof copy);
    ab_put_le64(copy, AB_SEGMENT_MAGIC);
    ab_put_le32(copy + 8, AB_JOURNAL_VERSION);
    ab_put_le32(copy + AB_JOURNAL_HEADER - 4, ab_crc32c_mask(ab_crc32c(copy, AB_JOURNAL_HEADER - 4)));
    *header = (ab_segment_header){0};
    (void)ab_format_header_get(copy, header, &why); /* fills what it reads before it judges lengths */
}

static int is_length(uint64_t length) {
    return length >= AB_JOURNAL_SEGMENT_MIN && length <= AB_JOURNAL_SEGMENT_MAX && (length & (length - 1)) == 0;
}

/* Do records of the file check out with this uuid? 1: *sequence is that of the first one, and so is *first, or -1 where that does not begin
 * where the segment's first is due. 0, or a failure. `thorough` 0: only look there. */
static int has_records(const maker *m, int file, const ab_segment_header *header, int64_t since, int thorough, int64_t *first,
    uint64_t *sequence, ab_error *error) {
    ab_scan scan;
    ab_scan_tail tail = {0};
    int result = ab_scan_init(&scan, m->store, file, header);
    if (result == AB_OK) {
        scan.stop = stop_of(m);
        scan.sequence = 0;
        scan.last_time = since;
        result = ab_scan_rest(&scan, AB_JOURNAL_HEADER, thorough ? 1 : AB_SCAN_ONE, &tail);
    }
    if (result != AB_OK) {
        result = ab_walk_failed(m->store, &scan, result, error);
    }
    ab_scan_free(&scan);
    if (result != AB_OK || tail.next == 0) {
        return result;
    }
    *sequence = tail.next_sequence;
    *first = tail.next == AB_JOURNAL_HEADER ? (int64_t)tail.next_sequence : -1;
    return 1;
}

/* Where the records before a segment end. In a torn one all to the last byte may have been records: that will be a hole. */
static int64_t end_of(const ab_segment_header *before, const ab_walked *end) {
    return end->torn ? ab_next_base(before) : ab_position_of(before, end->place.offset);
}

/* With which sequence does a segment begin whose first record is gone, as is what was before it? `least`: that of the first record or
 * segment that is there. The page's own word counts where so many records can lie between: it may be noise. */
static uint64_t begin_of(const maker *m, const ab_segment_header *header, uint64_t claimed, uint64_t least) {
    const ab_checkpoint *c = &m->checkpoint;
    if (m->have_checkpoint && memcmp(c->segment, header->uuid, 16) == 0 && c->records <= c->next_sequence) {
        claimed = c->next_sequence - c->records;
        least = least == UINT64_MAX ? claimed : least;
    }
    const uint64_t most = (header->segment_length - AB_JOURNAL_HEADER) / AB_RECORD_HEADER;
    return claimed <= least && least - claimed <= most ? claimed : least;
}

/* Put a header together. 1: it is in `header`, 0: too little is known; or a failure. */
static int put_together(const maker *m, uint32_t i, int file, const uint8_t page[AB_JOURNAL_HEADER], const ab_segment_header *before,
    ab_segment_header *header, ab_error *error) {
    const int64_t base = m->list.bases[i], size = m->store->storage->size(m->store->storage->self, file);
    const int64_t following = i + 1 < m->list.count ? m->list.bases[i + 1] : -1;
    ab_segment_header left, next = {0};
    ab_walked end = {0};
    read_fields(page, &left);
    *header = left;
    header->base_position = base;
    if (following >= 0) { /* how long it is: as the next one's name says */
        header->segment_length = (uint64_t)(following - base) + AB_JOURNAL_HEADER;
    }
    const uint64_t lengths[] = {left.segment_length, (uint64_t)(size < 0 ? 0 : size), before == NULL ? 0 : before->segment_length};
    for (size_t k = 0; !is_length(header->segment_length) && k < sizeof lengths / sizeof *lengths; k++) {
        header->segment_length = lengths[k];
    }
    if (!is_length(header->segment_length) || (following >= 0 && ab_next_base(header) > following)) {
        return 0;
    }
    int after = following >= 0 ? ab_store_open_segment(m->store, following, AB_STORAGE_READ, &next, NULL) : AB_NOT_FOUND;
    if (after >= 0) {
        m->store->storage->close(m->store->storage->self, after);
    }
    const int beside = after >= 0 && following == ab_next_base(header);
    if (before != NULL || after >= 0 || m->have_checkpoint) {
        memcpy(header->recording, before != NULL ? before->recording : after >= 0 ? next.recording : m->checkpoint.recording, 16);
    } else {
        return 0; /* of which recording? */
    }
    const uint8_t *uuids[] = {left.uuid, beside ? next.previous : NULL,
        m->have_checkpoint && m->checkpoint.base_position == base ? m->checkpoint.segment : NULL};
    int found = 0;
    int64_t first = -1;
    uint64_t least = beside ? next.base_sequence : UINT64_MAX;
    for (int k = 0; k < 6 && found == 0; k++) {
        if (k == 3 && before != NULL) {
            found = ab_walk_to_end(m->store, stop_of(m), before, &left, -1, &end, error);
        }
        if (uuids[k % 3] != NULL && found == 0) {
            memcpy(header->uuid, uuids[k % 3], 16);
            found = has_records(m, file, header, end.place.time, k >= 3, &first, &least, error);
        }
    }
    if (found >= 0 && before != NULL) {
        int result = ab_walk_to_end(m->store, stop_of(m), before, &left, first, &end, error);
        found = result == AB_OK ? found : result;
    }
    if (found < 0) {
        return found;
    }
    if (found == 0 && !beside && uuids[2] == NULL) {
        return 0;
    }
    if (found == 0) { /* nothing in it checks out: all of it will be a hole */
        memcpy(header->uuid, beside ? uuids[1] : uuids[2], 16);
    }
    if (before != NULL) {
        memcpy(header->previous, before->uuid, 16);
        header->previous_end = end_of(before, &end);
        header->previous_chain = end.place.chain;
        header->previous_time = end.place.time;
        header->epoch = end.epoch;
    } else { /* what was before it is gone, and nobody asks */
        header->previous_end = base;
        header->previous_chain = 0;
        header->previous_time = 0; /* that of a record here, less 1, would hold later ones back where it is part of a torn tail */
        if (base == 0) {
            memset(header->previous, 0, 16);
        }
        header->epoch = beside && left.epoch > next.epoch ? next.epoch : left.epoch;
    }
    header->base_sequence = first >= 0       ? (uint64_t)first
                            : before != NULL ? end.place.sequence
                                             : begin_of(m, header, left.base_sequence, least);
    header->created_ns = m->now_ns;
    const uint64_t most = beside ? next.base_sequence : UINT64_MAX >> 1;
    return header->base_sequence <= most && (before == NULL || header->base_sequence >= end.place.sequence);
}

/* The header of segment `i` is damaged. 1: it is whole now, 0: it cannot be made, or a failure. */
static int make_header(maker *m, uint32_t i, const ab_segment_header *before, ab_segment_header *header, ab_error *error) {
    const ab_storage *storage = m->store->storage;
    const int64_t base = m->list.bases[i];
    char path[AB_STORE_PATH];
    uint8_t page[AB_JOURNAL_HEADER] = {0};
    ab_store_path(m->store, path, AB_SEGMENT_NAME, (unsigned long long)base);
    storage->protect(storage->self, path, 0);
    int file = storage->open(storage->self, path, AB_STORAGE_WRITE);
    if (file < 0) {
        return failed(m, file, "open a segment of", error);
    }
    int64_t number = ab_store_read(m->store, file, page, sizeof page, 0);
    int result = number < 0 ? failed(m, number, "read a segment of", error) : 0;
    if (number >= 0 && ab_le32(page + AB_JOURNAL_HEADER - 4) != ab_crc32c_mask(ab_crc32c(page, AB_JOURNAL_HEADER - 4))) {
        result = mend_bit(page, base, header);
        result = result == 0 ? put_together(m, i, file, page, before, header, error) : result;
    }
    if (result > 0) {
        ab_format_header_put(page, header);
        result = ab_store_quarantine(m->store, file, base, 0, AB_JOURNAL_HEADER, error);
        number = result == AB_OK ? ab_store_write(m->store, file, page, sizeof page, 0) : 0;
        number = result == AB_OK && number == 0 ? storage->sync(storage->self, file) : number;
        result = result != AB_OK ? result : number != 0 ? failed(m, number, "write a header in", error) : 1;
        m->repaired->headers += (uint64_t)(result > 0);
        m->repaired->copied_bytes += result > 0 ? AB_JOURNAL_HEADER : 0;
    }
    storage->close(storage->self, file);
    if (i + 1 < m->list.count) {
        storage->protect(storage->self, path, 1);
    }
    return result;
}

/* ---- a missing file ---------------------------------------------------------------------------------------------- */

/* Make a segment that is a hole from its first place to `limit`. */
static int make_segment(maker *m, const ab_segment_header *header, uint64_t limit, uint64_t lost, ab_error *error) {
    const ab_storage *storage = m->store->storage;
    char from[AB_STORE_PATH], to[AB_STORE_PATH];
    uint8_t page[AB_JOURNAL_HEADER + AB_RECORD_HEADER] = {0};
    const int hole = limit >= AB_JOURNAL_HEADER + AB_RECORD_HEADER;
    ab_format_header_put(page, header);
    if (hole) {
        ab_format_record(page + AB_JOURNAL_HEADER, ab_format_seed(header->uuid), AB_JOURNAL_HEADER, header->base_sequence,
            &(ab_journal_record){.time_ns = m->now_ns, .session_id = (int32_t)(limit - AB_JOURNAL_HEADER),
                .stream_position = (int64_t)lost, .flags = AB_RECORD_HOLE});
    }
    ab_store_path(m->store, from, "next.tmp");
    ab_store_path(m->store, to, AB_SEGMENT_NAME, (unsigned long long)header->base_position);
    int file = storage->open(storage->self, from, AB_STORAGE_CREATE);
    int64_t number = file < 0 ? file : storage->allocate(storage->self, file, (int64_t)header->segment_length);
    number = number == 0 ? ab_store_write(m->store, file, page, AB_JOURNAL_HEADER + (hole ? AB_RECORD_HEADER : 0), 0) : number;
    number = number == 0 ? storage->sync(storage->self, file) : number;
    if (file >= 0) {
        storage->close(storage->self, file);
    }
    number = number == 0 ? storage->rename(storage->self, from, to) : number;
    number = number == 0 ? storage->sync_directory(storage->self, m->store->directory) : number;
    if (number != 0) {
        storage->unlink(storage->self, from);
        return failed(m, number, "make a missing segment of", error);
    }
    m->repaired->headers++;
    m->repaired->holes += (uint64_t)hole;
    m->repaired->lost += lost;
    return AB_OK;
}

/* Segments are missing behind `before`, up to `until`: the last of them has this uuid, its records end at `limit` where `next` is due. 1:
 * they are there now, 0: it cannot be told how long they were, or a failure. */
static int fill_gap(maker *m, const ab_segment_header *before, int64_t until, const uint8_t uuid[16], uint64_t limit, uint64_t next,
    ab_error *error) {
    ab_walked end;
    int result = ab_walk_to_end(m->store, stop_of(m), before, NULL, (int64_t)next, &end, error);
    if (result != AB_OK) {
        return result;
    }
    const int64_t step = (int64_t)(before->segment_length - AB_JOURNAL_HEADER);
    int64_t length = step, count = (until - ab_next_base(before)) / step;
    if (count * step != until - ab_next_base(before)) { /* not of one length: one that is longer or shorter? */
        length = until - ab_next_base(before);
        count = 1;
    }
    if (!is_length((uint64_t)length + AB_JOURNAL_HEADER) || limit > (uint64_t)length + AB_JOURNAL_HEADER || next < end.place.sequence ||
        (limit < AB_JOURNAL_HEADER + AB_RECORD_HEADER && next != end.place.sequence)) {
        return 0;
    }
    ab_segment_header header = *before;
    for (int64_t k = 0; k < count; k++) {
        const ab_segment_header previous = header;
        const int last = k + 1 == count;
        header.segment_length = (uint64_t)length + AB_JOURNAL_HEADER;
        header.base_position = ab_next_base(&previous);
        header.base_sequence = k == 0 ? end.place.sequence : next;
        header.created_ns = m->now_ns;
        header.previous_end = k == 0 ? end_of(before, &end) : header.base_position;
        header.previous_chain = k == 0 ? end.place.chain : 0;
        header.previous_time = end.place.time;
        header.epoch = k == 0 ? end.epoch : 0;
        memcpy(header.previous, previous.uuid, 16);
        memcpy(header.uuid, uuid, 16);
        if (!last) {
            ab_put_le64(header.uuid, ab_le64(uuid) ^ (uint64_t)(k + 1) * UINT64_C(0x9e3779b97f4a7c15));
        }
        result = make_segment(m, &header, last ? limit : header.segment_length, k == 0 ? next - end.place.sequence : 0, error);
        if (result != AB_OK) {
            return result;
        }
    }
    return 1;
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

/* Between `before` and the next one listed, or behind the last one: is a file missing? As fill_gap. */
static int fill_behind(maker *m, uint32_t i, const ab_segment_header *before, int *newest, ab_error *error) {
    ab_segment_header next;
    if (i + 1 < m->list.count) {
        int file = m->list.bases[i + 1] <= ab_next_base(before)
                       ? AB_NOT_FOUND
                       : ab_store_open_segment(m->store, m->list.bases[i + 1], AB_STORAGE_READ, &next, NULL);
        if (file < 0) {
            return 0;
        }
        m->store->storage->close(m->store->storage->self, file);
        if (memcmp(next.recording, before->recording, 16) != 0) {
            return 0;
        }
        const int64_t step = (int64_t)(before->segment_length - AB_JOURNAL_HEADER), gap = next.base_position - ab_next_base(before);
        const int64_t last = gap % step == 0 ? next.base_position - step : ab_next_base(before);
        const int64_t used = next.previous_end - last;
        return used < 0 ? 0
                        : fill_gap(m, before, next.base_position, next.previous, (uint64_t)used + AB_JOURNAL_HEADER,
                              next.base_sequence, error);
    }
    if (!m->have_checkpoint || m->checkpoint.base_position < ab_next_base(before) ||
        memcmp(m->checkpoint.recording, before->recording, 16) != 0) {
        return 0;
    }
    int result = fill_gap(m, before, m->checkpoint.base_position + (int64_t)(before->segment_length - AB_JOURNAL_HEADER),
        m->checkpoint.segment, m->checkpoint.offset, m->checkpoint.next_sequence, error);
    *newest |= result > 0;
    return result;
}

/* All that are damaged, once: how many were made, or a failure. */
static int make_headers(maker *m, ab_error *error) {
    ab_segment_header before = {0}, header = {0};
    int result = 0, made = 0, have_before = 0;
    for (uint32_t i = 0; result >= 0 && i < m->list.count; i++) {
        int file = ab_store_open_segment(m->store, m->list.bases[i], AB_STORAGE_READ, &header, error);
        result = 0;
        if (file >= 0) {
            m->store->storage->close(m->store->storage->self, file);
        } else if (is_damage(file)) {
            const int beside = have_before && ab_next_base(&before) == m->list.bases[i];
            result = make_header(m, i, beside ? &before : NULL, &header, error);
            made += result > 0;
        } else {
            result = file;
        }
        have_before = file >= 0 || result > 0;
        before = header;
    }
    return result < 0 ? result : made;
}

int ab_repair_headers(const ab_store *store, int64_t now_ns, ab_journal_repaired *repaired, ab_journal_progress *progress, int *newest,
    ab_error *error) {
    maker m = {.store = store, .progress = progress, .repaired = repaired, .now_ns = now_ns};
    ab_segment_header header;
    int result = ab_store_list(store, &m.list, error);
    m.have_checkpoint = ab_store_checkpoint(store, NULL, &m.checkpoint);
    for (int made = 1; result >= 0 && made > 0;) { /* one that is made may help the one before it */
        result = make_headers(&m, error);
        made = result;
    }
    for (uint32_t i = 0; result >= 0 && i < m.list.count; i++) {
        int file = ab_store_open_segment(store, m.list.bases[i], AB_STORAGE_READ, &header, NULL);
        if (file >= 0) {
            store->storage->close(store->storage->self, file);
            result = fill_behind(&m, i, &header, newest, error);
        }
    }
    ab_store_list_free(&m.list);
    return result < 0 ? result : AB_OK;
}
