/* ab_journal_verify.c: read all of a recording and check everything there is to check; change nothing. The writer may be at work.
 *
 * What is checked: every header and that each follows from the one before; every record's CRC, sequence and time; every commit's count
 * and chain; seals; the chain where the next header repeats it; that what a checkpoint or a commit claims to be durable is there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ab_clock.h"
#include "ab_fail.h"
#include "ab_journal_private.h"

typedef struct {
    ab_store store;
    ab_journal_report *report;
    ab_journal_problem *problems;
    uint32_t capacity;
    ab_journal_progress *progress;
    ab_scan scan;
    int file;
    ab_segment_header next; /* of the segment behind the current one */
    int next_known;         /* 1: its header is whole; 0: there is none; -1: it cannot be read */
    int64_t claim;          /* greatest durable position that anybody told */
} verifier;

static void problem(verifier *v, int code, int64_t base, uint64_t offset, uint64_t sequence, const char *text) {
    uint64_t number = v->report->problems++;
    if (number < v->capacity) {
        ab_journal_problem *p = &v->problems[number];
        *p = (ab_journal_problem){.code = code, .offset = (int64_t)offset, .sequence = sequence};
        snprintf(p->file, sizeof p->file, AB_SEGMENT_NAME, (unsigned long long)base);
        snprintf(p->text, sizeof p->text, "%s", text);
    }
}

static void shut(verifier *v) {
    if (v->file >= 0) {
        v->store.storage->close(v->store.storage->self, v->file);
        v->file = -1;
    }
}

/* Whether the checkpoint, or what we read, says that durable bytes go on behind the scan's place. 2: as another segment has durable ones,
 * all records of this one were. */
static int durable_goes_on(verifier *v) {
    ab_checkpoint checkpoint;
    int64_t position = ab_position_of(&v->scan.header, v->scan.offset);
    int there = ab_store_checkpoint(&v->store, v->scan.header.recording, &checkpoint);
    if (v->claim > position ||
        (there && memcmp(checkpoint.segment, v->scan.header.uuid, 16) == 0 && checkpoint.offset > v->scan.offset)) {
        return 1;
    }
    return there && checkpoint.base_position > v->scan.header.base_position ? 2 : 0;
}

/* No batch, although there is no next segment: the end? 1: yes, 0: no, it was durable or is there now; or a failure. */
static int is_end(verifier *v) {
    ab_scan *scan = &v->scan;
    ab_scan_tail tail;
    if (scan->sealed) {
        return 1;
    }
    if (durable_goes_on(v) == 1) {
        return 0;
    }
    int result = ab_scan_rest(scan, scan->offset, 0, &tail);
    if (result != AB_OK) {
        return result;
    }
    v->claim = tail.claim > v->claim ? tail.claim : v->claim;
    int goes_on = durable_goes_on(v);
    if (goes_on == 1 || (goes_on == 2 && tail.records > 0)) {
        return 0;
    }
    v->report->tail_bytes = (int64_t)(tail.end - scan->offset);
    v->report->tail_records = tail.messages;
    return 1;
}

static int tell(verifier *v, uint64_t *told) {
    if (v->progress == NULL || v->scan.offset - *told < AB_SCAN_WINDOW) {
        return AB_OK;
    }
    v->progress->done_bytes += (int64_t)(v->scan.offset - *told);
    *told = v->scan.offset;
    return v->progress->stop ? AB_TIMED_OUT : AB_OK;
}

/* Behind the last record: the seal, and the chain that the next header repeats. */
static void check_end(verifier *v, uint32_t epoch, int whole) {
    ab_scan *scan = &v->scan;
    const uint32_t chain = scan->chain;
    const uint64_t records = scan->records, at = scan->offset;
    const int chain_known = scan->chain_known;
    if (chain_known && chain != v->next.previous_chain) {
        problem(v, AB_CORRUPT, scan->header.base_position, at, scan->sequence,
            "the chain of its records is not the one that the next segment's header repeats");
    }
    if (v->next.epoch != epoch || at + AB_CONTROL_LENGTH > scan->header.segment_length) {
        return; /* its writer went on in another segment after a failure, or it is a hole to its last byte: there need not be a seal */
    }
    int sealed = ab_scan_batch(scan) == AB_OK && scan->sealed;
    const uint8_t *payload = sealed ? ab_scan_at(scan, at) + AB_RECORD_HEADER : NULL;
    if (!sealed || ab_le64(payload + 8) != scan->sequence ||
        (whole && ab_le64(payload) != records) || (chain_known && ab_le32(payload + 24) != chain)) {
        problem(v, AB_CORRUPT, scan->header.base_position, at, scan->sequence, "its seal is missing or wrong");
    }
}

static int verify_segment(verifier *v) {
    ab_scan *scan = &v->scan;
    const int64_t base = scan->header.base_position;
    const uint64_t limit =
        v->next_known == 1 ? (uint64_t)(v->next.previous_end - base) + AB_JOURNAL_HEADER : scan->header.segment_length;
    uint32_t epoch = scan->header.epoch;
    uint64_t told = 0, looked = 0;
    int whole = 1;
    while (scan->offset < limit) {
        int result = ab_scan_batch(scan);
        if (result == AB_OK) {
            v->report->records += scan->batch_records;
            v->claim = scan->claim > v->claim ? scan->claim : v->claim;
            if (scan->batch_flags == AB_RECORD_EPOCH) {
                epoch = ab_le32(ab_scan_at(scan, scan->batch_start) + AB_RECORD_HEADER);
            }
            if (scan->batch_flags == AB_RECORD_HOLE) {
                v->report->lost += scan->lost;
                whole = 0;
                problem(v, AB_LOST, base, scan->batch_start, scan->sequence - scan->lost, "a repair left a hole here");
            }
            result = tell(v, &told);
            if (result != AB_OK) {
                return result;
            }
            continue;
        }
        if (result == AB_FAILED || result == AB_NO_MEMORY) {
            return result;
        }
        if (v->next_known != 1) {
            int end = v->next_known < 0 && (result == AB_END || scan->sealed) ? 1 : is_end(v);
            if (end != 0) {
                return end < 0 ? end : AB_OK;
            }
        }
        if (looked != scan->offset) {
            looked = scan->offset; /* a writer at work may have come by since: look twice */
            continue;
        }
        uint64_t from = scan->fault_offset, lost = 0, expected;
        const char *fault = scan->fault == NULL ? "there are zeros where a record was durable" : scan->fault;
        whole = 0;
        if (ab_scan_salvage(scan) == AB_OK) {
            v->report->records += scan->batch_records;
        }
        expected = scan->sequence;
        scan->fault_offset = from;
        problem(v, AB_CORRUPT, base, from, expected, fault);
        result = ab_scan_skip(scan, limit, v->next_known == 1 ? v->next.base_sequence : 0, &from, &lost);
        if (result != AB_OK) {
            return result;
        }
        v->report->lost += lost;
    }
    if (v->next_known == 1 && scan->offset == limit && v->next.base_sequence != scan->sequence) {
        problem(v, AB_CORRUPT, v->next.base_position, 0, scan->sequence, "its first sequence does not follow");
    }
    if (v->next_known == 1 && scan->offset == limit) {
        check_end(v, epoch, whole);
    }
    return AB_OK;
}

/* The header behind `base`'s in the list, and what is wrong with it. */
static int look_ahead(verifier *v, const ab_segment_list *list, uint32_t i) {
    ab_error error;
    v->next_known = 0;
    if (i + 1 >= list->count) {
        return AB_OK;
    }
    int file = ab_store_open_segment(&v->store, list->bases[i + 1], AB_STORAGE_READ, &v->next, &error);
    if (file >= 0) {
        v->store.storage->close(v->store.storage->self, file);
        const char *fault = ab_chain_fault(&v->scan.header, &v->next);
        v->next_known = fault == NULL ? 1 : -1;
        if (fault != NULL) {
            problem(v, AB_CORRUPT, list->bases[i + 1], 0, v->next.base_sequence, fault);
        }
        return AB_OK;
    }
    v->next_known = -1;
    return file == AB_FAILED || file == AB_NO_MEMORY ? file : AB_OK; /* what is wrong with it is said when it is its turn */
}

/* 1: the directory as it is now says that what is missing at `base` is no loss: it was removed by retention (all before it, too), or, with
 * `newer`, a writer went on behind it. */
static int explained(const verifier *v, int64_t base, int newer) {
    ab_segment_list list;
    if (ab_store_list(&v->store, &list, NULL) != AB_OK) {
        return 0;
    }
    int yes = list.count > 0 && (newer ? list.bases[list.count - 1] > base : list.bases[0] > base);
    ab_store_list_free(&list);
    return yes;
}

/* Does the checkpoint name a segment behind the last one there is? */
static void check_newest(verifier *v, int64_t last, const ab_segment_header *header) {
    ab_checkpoint checkpoint;
    char text[160];
    const int known = !ab_uuid_is_zero(header->recording);
    if (!ab_store_checkpoint(&v->store, known ? header->recording : NULL, &checkpoint) || checkpoint.base_position <= last ||
        explained(v, last, 1)) {
        return;
    }
    snprintf(text, sizeof text, "the segment is missing, and in it all below sequence %llu was durable",
        (unsigned long long)checkpoint.next_sequence);
    problem(v, AB_CORRUPT, checkpoint.base_position, 0, v->scan.sequence, text);
    v->report->lost += known && checkpoint.next_sequence > v->scan.sequence ? checkpoint.next_sequence - v->scan.sequence : 0;
}

static int verify_one(verifier *v, const ab_segment_list *list, uint32_t i, ab_error *error) {
    ab_segment_header header;
    ab_error why = {0};
    v->file = ab_store_open_segment(&v->store, list->bases[i], AB_STORAGE_READ, &header, &why);
    if (v->file == AB_NOT_FOUND && explained(v, list->bases[i], 0)) {
        return AB_OK;
    }
    if (v->file == AB_FAILED || v->file == AB_NO_MEMORY) {
        *error = why;
        return v->file;
    }
    if (v->file < 0) {
        problem(v, v->file, list->bases[i], 0, v->scan.sequence, why.text);
        return AB_OK;
    }
    if (v->scan.window == NULL && ab_scan_init(&v->scan, &v->store, v->file, &header) != AB_OK) {
        return ab_fail(error, AB_NO_MEMORY, 0, "no memory to read a segment");
    }
    v->scan.stop = v->progress == NULL ? NULL : &v->progress->stop;
    ab_scan_enter(&v->scan, v->file, &header);
    if (v->report->segments++ == 0) {
        v->report->first_sequence = header.base_sequence;
        memcpy(v->report->uuid, header.recording, 16);
    }
    const int64_t done = v->progress == NULL ? 0 : v->progress->done_bytes;
    const uint64_t problems = v->report->problems;
    int result = look_ahead(v, list, i);
    result = result == AB_OK ? verify_segment(v) : result;
    const int64_t size = v->store.storage->size(v->store.storage->self, v->file);
    if (result == AB_OK && i + 1 < list->count && problems == v->report->problems && size >= 0 && size < (int64_t)header.segment_length) {
        problem(v, AB_CORRUPT, list->bases[i], (uint64_t)size, v->scan.sequence, "the file is shorter than its header says");
    }
    shut(v);
    if (result == AB_TIMED_OUT) {
        return ab_fail(error, AB_TIMED_OUT, 0, "stopped at %s", v->store.directory);
    }
    if (result != AB_OK) {
        return ab_store_failed(&v->store, v->scan.number, "read a segment of", NULL, error);
    }
    v->report->bytes += v->scan.offset;
    if (v->progress != NULL) {
        v->progress->done_bytes = done + (int64_t)header.segment_length;
    }
    return AB_OK;
}

static int verify_all(verifier *v, const ab_segment_list *list, ab_error *error) {
    for (uint32_t i = 0; i < list->count; i++) {
        int result = verify_one(v, list, i, error);
        if (result != AB_OK) {
            return result;
        }
    }
    check_newest(v, list->bases[list->count - 1], &v->scan.header);
    v->report->next_sequence = v->scan.sequence;
    v->report->position = v->scan.window == NULL ? 0 : ab_position_of(&v->scan.header, v->scan.offset);
    return AB_OK;
}

/* For progress: what the segments' files have together. */
static int64_t total_length(const ab_store *store, const ab_segment_list *list) {
    int64_t total = 0;
    char path[AB_STORE_PATH];
    for (uint32_t i = 0; i < list->count; i++) {
        ab_store_path(store, path, AB_SEGMENT_NAME, (unsigned long long)list->bases[i]);
        int file = store->storage->open(store->storage->self, path, AB_STORAGE_READ);
        if (file >= 0) {
            int64_t size = store->storage->size(store->storage->self, file);
            total += size > 0 ? size : 0;
            store->storage->close(store->storage->self, file);
        }
    }
    return total;
}

int ab_journal_verify(const char *directory, const ab_storage *storage, ab_journal_report *report,
    ab_journal_problem *problems, uint32_t capacity, ab_journal_progress *progress, ab_error *error) {
    verifier v = {.report = report, .problems = problems, .capacity = capacity, .progress = progress, .file = -1, .claim = -1};
    ab_segment_list list = {0};
    int64_t began = ab_clock_monotonic_ns();
    *report = (ab_journal_report){0};
    int result = ab_store_init(&v.store, directory, storage, error);
    if (result == AB_OK) {
        result = ab_store_list(&v.store, &list, error);
    }
    if (result == AB_OK && list.count == 0) {
        result = ab_fail(error, AB_NOT_FOUND, 0, "%s holds no recording", directory);
    }
    if (result == AB_OK) {
        if (progress != NULL) {
            progress->total_bytes = total_length(&v.store, &list);
        }
        result = verify_all(&v, &list, error);
    }
    shut(&v);
    ab_scan_free(&v.scan);
    ab_store_list_free(&list);
    report->elapsed_ns = ab_clock_monotonic_ns() - began;
    return result;
}
