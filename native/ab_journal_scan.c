/* ab_journal_scan.c: see ab_journal_scan.h for the rules. */
#include "ab_journal_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILL_FIRST 65536u /* a scan reads so much first, then twice as much each time: a seek to one record reads little */
#define FILL_TAIL 8192u   /* and at the end of a live segment, where it asks again and again */

int ab_scan_init(ab_scan *scan, const ab_store *store, int file, const ab_segment_header *header) {
    *scan = (ab_scan){.store = store, .capacity = AB_SCAN_WINDOW};
    scan->window = malloc(scan->capacity);
    if (scan->window == NULL) {
        return AB_NO_MEMORY;
    }
    ab_scan_enter(scan, file, header);
    return AB_OK;
}

void ab_scan_free(ab_scan *scan) {
    free(scan->window);
    scan->window = NULL;
}

void ab_scan_enter(ab_scan *scan, int file, const ab_segment_header *header) {
    const uint32_t start = 0;
    scan->file = file;
    scan->header = *header;
    scan->seed = ab_format_seed(header->uuid);
    scan->records = 0;
    scan->sealed = 0;
    scan->holed = 0;
    ab_scan_go(scan, AB_JOURNAL_HEADER, header->base_sequence, header->previous_time, &start);
}

void ab_scan_go(ab_scan *scan, uint64_t offset, uint64_t sequence, int64_t last_time, const uint32_t *chain) {
    scan->offset = offset;
    scan->sequence = sequence;
    scan->last_time = last_time;
    scan->chain = chain == NULL ? 0 : *chain;
    scan->chain_known = chain != NULL;
    scan->sealed = 0;
    scan->holed = 0;
    scan->window_offset = offset;
    scan->filled = 0;
    scan->fill = FILL_FIRST;
    scan->batch_start = scan->batch_end = offset;
}

/* Have `length` bytes at `at` in the window, with everything from scan->offset on. How many bytes there are from `at` on (fewer than
 * `length`: the file ends), or a negative errno; -EAGAIN: not without reading, and scan->hold forbids it. */
static int64_t have(ab_scan *scan, uint64_t at, uint64_t length) {
    uint64_t end = scan->window_offset + scan->filled;
    if (at + length <= end) {
        return (int64_t)(end - at);
    }
    if (scan->hold) {
        return -EAGAIN;
    }
    uint64_t skip = scan->offset - scan->window_offset; /* more than there is, behind a hole */
    size_t kept = skip < scan->filled ? scan->filled - (size_t)skip : 0;
    memmove(scan->window, scan->window + (kept > 0 ? skip : 0), kept);
    scan->window_offset = scan->offset;
    scan->filled = kept;
    uint64_t need = at + length - scan->offset;
    if (need > scan->capacity) {
        size_t capacity = (size_t)(need > 2 * scan->capacity ? need : 2 * scan->capacity);
        uint8_t *window = realloc(scan->window, capacity);
        if (window == NULL) {
            return -ENOMEM;
        }
        scan->window = window;
        scan->capacity = capacity;
    }
    uint64_t want = need > scan->filled + scan->fill ? need : scan->filled + scan->fill;
    if (want > scan->capacity) {
        want = scan->capacity;
    }
    if (scan->offset + want > scan->header.segment_length) {
        want = scan->header.segment_length - scan->offset;
    }
    if (want > scan->filled) {
        int64_t taken = ab_store_read(scan->store, scan->file, scan->window + scan->filled, (size_t)(want - scan->filled),
            scan->window_offset + scan->filled);
        if (taken < 0) {
            return taken;
        }
        scan->filled += (size_t)taken;
        scan->fill = scan->fill < AB_SCAN_WINDOW ? 2 * scan->fill : scan->fill;
    }
    end = scan->window_offset + scan->filled;
    return end > at ? (int64_t)(end - at) : 0;
}

/* The walk through one batch: what becomes the scan's place when the batch turns out whole. */
typedef struct {
    uint64_t at, sequence;
    int64_t time, first_time;
    uint32_t chain, count;
} walk;

static int none(ab_scan *scan, int code, uint64_t at, const char *why) {
    scan->fault_offset = at;
    scan->fault = why;
    if (!scan->hold) {
        uint64_t kept = scan->offset - scan->window_offset; /* the last batch's: a hole is longer than what was read of it */
        scan->filled = kept < scan->filled ? (size_t)kept : scan->filled;
        scan->fill = FILL_TAIL;
    }
    return code;
}

static int cannot(ab_scan *scan, uint64_t at, int64_t number) {
    if (number == -EAGAIN && scan->hold) {
        return AB_END;
    }
    scan->number = number;
    none(scan, AB_FAILED, at, NULL);
    return number == -ENOMEM ? AB_NO_MEMORY : AB_FAILED;
}

/* Does this control record, at the end of what was walked, say what we saw? NULL: yes. */
static const char *control_is_wrong(ab_scan *scan, const walk *w, const uint8_t *p, uint16_t flags) {
    const uint8_t *payload = p + AB_RECORD_HEADER;
    if (ab_record_sequence(p) != w->sequence) {
        return "a control record has another sequence than is due";
    }
    if (flags == AB_RECORD_HOLE) {
        uint64_t bytes = ab_le32(p + 24);
        return bytes >= AB_RECORD_HEADER && bytes % 8 == 0 && bytes <= scan->header.segment_length - w->at
                   ? NULL
                   : "a hole has an impossible length";
    }
    if (ab_le32(p) != AB_CONTROL_LENGTH) {
        return "a control record has an impossible length";
    }
    if (flags == AB_RECORD_COMMIT) {
        int counted = w->count == ab_le32(payload) && scan->sequence == ab_le64(payload + 8) && w->count > 0;
        if (ab_le64(payload + 16) != w->sequence || (!counted && !scan->holed)) {
            return "the commit's count is not that of its batch";
        }
        return scan->chain_known && w->chain != ab_le32(payload + 4) ? "the commit's chain is not that of the records before it"
                                                                     : NULL;
    }
    return w->count == 0 || scan->holed ? NULL : "records without a commit";
}

static void take_batch(ab_scan *scan, const walk *w, const uint8_t *p, uint16_t flags, uint64_t end) {
    const uint8_t *payload = p + AB_RECORD_HEADER;
    scan->batch_start = scan->offset;
    scan->batch_end = end;
    scan->batch_sequence = scan->sequence;
    scan->batch_records = w->count;
    scan->batch_flags = flags;
    scan->batch_time = w->first_time;
    scan->claim = flags == AB_RECORD_COMMIT || flags == AB_RECORD_EPOCH ? (int64_t)ab_le64(payload + 24) : -1;
    scan->lost = flags == AB_RECORD_HOLE ? ab_le64(p + 32) : 0;
    if (flags == AB_RECORD_COMMIT && !scan->chain_known) {
        scan->chain = ab_format_chain(ab_le32(payload + 4), p);
        scan->chain_known = 1;
    } else {
        scan->chain = ab_format_chain(w->chain, p);
    }
    scan->chain_known = scan->chain_known && flags != AB_RECORD_HOLE;
    scan->holed = flags == AB_RECORD_HOLE;
    scan->sealed = flags == AB_RECORD_SEAL;
    scan->offset = end;
    scan->sequence = w->sequence + scan->lost;
    scan->records += w->count;
    scan->last_time = w->time;
}

/* Records before the fault are whole, but their commit is not to be had: answer them as a batch of their own. */
static int take_prefix(ab_scan *scan, const walk *w) {
    scan->batch_start = scan->offset;
    scan->batch_end = scan->offset = w->at;
    scan->batch_sequence = scan->sequence;
    scan->batch_records = w->count;
    scan->batch_flags = 0;
    scan->batch_time = w->first_time;
    scan->claim = -1;
    scan->lost = 0;
    scan->chain_known = 0;
    scan->holed = 1; /* the commit that comes counts them too, or others that are gone */
    scan->sequence = w->sequence;
    scan->records += w->count;
    scan->last_time = w->time;
    return AB_OK;
}

static int batch(ab_scan *scan, int salvage) {
    const uint64_t end = scan->header.segment_length;
    walk w = {.at = scan->offset, .sequence = scan->sequence, .time = scan->last_time, .chain = scan->chain};
    if (scan->sealed) {
        return none(scan, AB_END, w.at, NULL);
    }
    for (;;) {
        if (w.at + AB_RECORD_HEADER > end) {
            return salvage && w.count > 0
                       ? take_prefix(scan, &w)
                       : none(scan, w.count == 0 ? AB_END : AB_CORRUPT, w.at, w.count == 0 ? NULL : "a batch without an end");
        }
        int64_t available = have(scan, w.at, AB_RECORD_HEADER);
        if (available < 0) {
            return cannot(scan, w.at, available);
        }
        int64_t padded = available < (int64_t)AB_RECORD_HEADER
                             ? AB_CHECK_MORE
                             : ab_format_check(scan->seed, ab_scan_at(scan, w.at), (uint64_t)available, w.at, end);
        if (padded == AB_CHECK_MORE && available >= (int64_t)AB_RECORD_HEADER) {
            available = have(scan, w.at, ab_padded(ab_le32(ab_scan_at(scan, w.at))));
            if (available < 0) {
                return cannot(scan, w.at, available);
            }
            padded = ab_format_check(scan->seed, ab_scan_at(scan, w.at), (uint64_t)available, w.at, end);
        }
        if (padded < 0 || padded == AB_CHECK_ZERO) {
            if (salvage && w.count > 0) {
                return take_prefix(scan, &w);
            }
        }
        if (padded == AB_CHECK_ZERO) {
            return none(scan, w.count == 0 ? AB_END : AB_CORRUPT, w.at, w.count == 0 ? NULL : "a batch without a commit");
        }
        if (padded < 0) {
            return none(scan, AB_CORRUPT, w.at,
                padded == AB_CHECK_MORE ? "the file ends here" : "the record's length or checksum is wrong");
        }
        const uint8_t *p = ab_scan_at(scan, w.at);
        uint16_t flags = ab_record_flags(p);
        if (flags != 0) {
            if (flags != AB_RECORD_COMMIT && flags != AB_RECORD_EPOCH && flags != AB_RECORD_SEAL && flags != AB_RECORD_HOLE) {
                return none(scan, AB_CORRUPT, w.at, "a record has flags that this version does not know");
            }
            const char *wrong = control_is_wrong(scan, &w, p, flags);
            if (wrong != NULL && salvage && w.count > 0) {
                return take_prefix(scan, &w);
            }
            if (wrong != NULL) {
                return none(scan, AB_CORRUPT, w.at, wrong);
            }
            take_batch(scan, &w, p, flags, w.at + (flags == AB_RECORD_HOLE ? ab_le32(p + 24) : (uint64_t)padded));
            return AB_OK;
        }
        int follows = ab_record_sequence(p) == w.sequence && ab_record_time(p) > w.time;
        if (!follows && salvage && w.count > 0) {
            return take_prefix(scan, &w);
        }
        if (!follows) {
            return none(scan, AB_CORRUPT, w.at, "a record has another sequence than is due, or an older time");
        }
        if (w.at - scan->offset > AB_BATCH_LIMIT) {
            return none(scan, AB_CORRUPT, w.at, "a batch is longer than any that is written");
        }
        w.time = ab_record_time(p);
        w.first_time = w.count == 0 ? w.time : w.first_time;
        w.chain = ab_format_chain(w.chain, p);
        w.count++;
        w.sequence++;
        w.at += (uint64_t)padded;
    }
}

int ab_scan_batch(ab_scan *scan) {
    const int kept = scan->filled > scan->offset - scan->window_offset; /* bytes of an earlier call, older than what is there now */
    int answer = batch(scan, 0);
    return kept && !scan->hold && (answer == AB_END || answer == AB_CORRUPT) ? batch(scan, 0) : answer;
}

int ab_scan_salvage(ab_scan *scan) { return batch(scan, 1); }

void ab_scan_record(const ab_scan *scan, uint64_t offset, ab_journal_record *record) {
    const uint8_t *p = ab_scan_at(scan, offset);
    uint32_t length = ab_le32(p);
    *record = (ab_journal_record){
        .sequence = ab_record_sequence(p),
        .time_ns = ab_record_time(p),
        .position = ab_position_of(&scan->header, offset + ab_padded(length)),
        .stream_position = (int64_t)ab_le64(p + 32),
        .session_id = (int32_t)ab_le32(p + 24),
        .stream = ab_le16(p + 28),
        .flags = ab_record_flags(p),
        .length = length - AB_RECORD_HEADER,
        .bytes = p + AB_RECORD_HEADER,
    };
}
