/* ab_journal_read.c: the reader. See ab_journal.h for what it answers, ab_journal_scan.h for how a batch is checked.
 *
 * Where the scan finds no batch
 *      the next segment's header says records go on up to E     place < E   the batch was durable: AB_CORRUPT
 *                                                               place >= E  go to the next segment
 *      no next segment   the checkpoint says durable beyond     AB_CORRUPT
 *                        a commit further on claims so          AB_CORRUPT
 *                        else                                   AB_END: not written yet, being written, or a tail that a crash tore
 *
 * A writer may be between two of these steps while we look, so each verdict but AB_END is only given when a second look, after what
 * it rests on was seen, finds the same. The segment that is read is held by a shared lock, so that retention leaves it alone.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "ab_fail.h"
#include "ab_journal_private.h"
#include "ab_journal_reader.h"

#define LOOKS 32         /* at a place that is half written, before all that lies behind it is searched */

static const ab_storage *calls(const ab_journal_reader *reader) { return reader->store.storage; }

void ab_reader_shut(ab_journal_reader *reader) {
    if (reader->file >= 0) {
        calls(reader)->close(calls(reader)->self, reader->file);
        reader->file = -1;
    }
}

/* ---- segments ---------------------------------------------------------------------------------------------------- */

/* Learn where the records of the current segment end, if there is a next one. 1: just learnt, 0: not known (or known before), or a
 * failure. */
static int learn_limit(ab_journal_reader *reader, ab_error *error) {
    ab_segment_header next;
    int file = reader->limit != UINT64_MAX
                   ? AB_NOT_FOUND
                   : ab_store_open_segment(&reader->store, ab_next_base(&reader->scan.header), AB_STORAGE_READ, &next, error);
    if (file < 0) {
        return file == AB_NOT_FOUND ? 0 : file;
    }
    calls(reader)->close(calls(reader)->self, file);
    const char *fault = ab_chain_fault(&reader->scan.header, &next);
    if (fault != NULL) {
        int replaced = ab_reader_replaced(reader, error);
        return replaced != 0 ? replaced
                             : ab_fail(error, AB_CORRUPT, 0, "%s/" AB_SEGMENT_NAME ", offset 0, expected sequence %llu: %s",
                                   reader->store.directory, (unsigned long long)next.base_position,
                                   (unsigned long long)reader->scan.sequence, fault);
    }
    reader->limit = (uint64_t)(next.previous_end - reader->scan.header.base_position) + AB_JOURNAL_HEADER;
    return 1;
}

/* Is a segment that was just locked the one its name leads to? Retention may have removed it between its opening and the lock, and a
 * lock of what has no name keeps nothing. Once it is seen here, retention finds the lock. */
static int is_named(const ab_journal_reader *reader, const ab_segment_header *header) {
    ab_segment_header named;
    int file = ab_store_open_segment(&reader->store, header->base_position, AB_STORAGE_READ, &named, NULL);
    if (file >= 0) {
        calls(reader)->close(calls(reader)->self, file);
    }
    return file >= 0 && memcmp(named.uuid, header->uuid, 16) == 0;
}

/* Make a segment the current one, before its first record. AB_OK, AB_NOT_FOUND (also: it is being removed), or a failure: nothing
 * changed. */
static int enter(ab_journal_reader *reader, int64_t base, ab_error *error) {
    ab_segment_header header;
    int file = ab_store_open_segment(&reader->store, base, AB_STORAGE_READ, &header, error);
    if (file < 0) {
        return file;
    }
    int locked = calls(reader)->lock(calls(reader)->self, file, 0);
    if (locked == -EWOULDBLOCK || (locked == 0 && !is_named(reader, &header))) {
        calls(reader)->close(calls(reader)->self, file);
        return AB_NOT_FOUND; /* retention has it, or had it */
    }
    if (locked != 0) { /* a file system without locks: retention cannot see us, what we have open stays readable all the same */
        reader->unlocked = 1;
    }
    if (!ab_uuid_is_zero(reader->uuid) && memcmp(reader->uuid, header.recording, 16) != 0) {
        calls(reader)->close(calls(reader)->self, file);
        return ab_fail(error, AB_REFUSED, 0, "%s/" AB_SEGMENT_NAME ", offset 24: the segment is of another recording",
            reader->store.directory, (unsigned long long)base);
    }
    ab_reader_shut(reader);
    memcpy(reader->uuid, header.recording, 16);
    reader->file = file;
    reader->limit = UINT64_MAX;
    reader->next = reader->end = AB_JOURNAL_HEADER;
    reader->retried = reader->judged = 0;
    reader->over = reader->headless = 0;
    ab_scan_enter(&reader->scan, file, &header);
    int learnt = learn_limit(reader, error);
    return learnt < 0 && learnt != AB_CORRUPT && learnt != AB_REFUSED ? learnt : AB_OK; /* those two: when we get there */
}

/* The next segment is not there. AB_PURGED: neither is any before it (a reader without a lock is overtaken by retention); AB_CORRUPT. */
static int missing(ab_journal_reader *reader, ab_error *error) {
    ab_segment_list list;
    ab_segment_header first;
    int result = ab_store_list(&reader->store, &list, error);
    int64_t oldest = result == AB_OK && list.count > 0 ? list.bases[0] : INT64_MIN;
    ab_store_list_free(&list);
    int file = oldest > ab_next_base(&reader->scan.header)
                   ? ab_store_open_segment(&reader->store, oldest, AB_STORAGE_READ, &first, error)
                   : AB_NOT_FOUND;
    if (file >= 0) {
        calls(reader)->close(calls(reader)->self, file);
        return ab_fail(error, AB_PURGED, 0, "sequence %llu was removed by retention while the recording was read; the first available is "
            "sequence %llu (position %lld)", (unsigned long long)reader->scan.sequence, (unsigned long long)first.base_sequence,
            (long long)first.base_position);
    }
    ab_error gone;
    const int64_t due = ab_next_base(&reader->scan.header);
    ab_fail(&gone, AB_CORRUPT, 0, "%s/" AB_SEGMENT_NAME ", offset 0, expected sequence %llu: the segment is missing",
        reader->store.directory, (unsigned long long)due, (unsigned long long)reader->scan.sequence);
    return ab_reader_gap(reader, due, gone.text, error);
}

static int go_on(ab_journal_reader *reader, ab_error *error) {
    const int64_t base = ab_next_base(&reader->scan.header);
    const uint64_t sequence = reader->scan.sequence;
    const int past = reader->scan.offset > reader->limit;
    ab_error why = {0};
    int result = enter(reader, base, &why);
    if (result == AB_NOT_FOUND) {
        return missing(reader, error);
    }
    if (result != AB_OK) {
        return result == AB_CORRUPT || result == AB_REFUSED ? ab_reader_gap(reader, base, why.text, error)
                                                            : ab_fail(error, result, why.errcode, "%s", why.text);
    }
    uint64_t first = reader->scan.header.base_sequence;
    if (past) { /* a poisoned segment was left while we read it: its last records come once more */
        reader->skip_below = sequence > reader->skip_below ? sequence : reader->skip_below;
    } else if (first != sequence) {
        if (first < sequence || (reader->flags & AB_JOURNAL_SKIP_CORRUPT) == 0) {
            reader->broken = 1;
            return ab_fail(error, AB_CORRUPT, 0, "%s/" AB_SEGMENT_NAME ", offset 0, expected sequence %llu: its first sequence is %llu",
                reader->store.directory, (unsigned long long)base, (unsigned long long)sequence, (unsigned long long)first);
        }
    }
    return AB_OK;
}

/* ---- no batch: why? ---------------------------------------------------------------------------------------------- */

/* AB_CORRUPT, with its place and where one can go on. */
static int corrupt(ab_journal_reader *reader, ab_error *error) {
    ab_scan *scan = &reader->scan;
    ab_scan_tail tail;
    uint64_t end = reader->limit < scan->header.segment_length ? reader->limit : scan->header.segment_length;
    uint64_t from = scan->fault_offset;
    const char *fault = scan->fault == NULL ? "there are zeros where a record was durable" : scan->fault;
    int found = ab_scan_rest(scan, from + 8 < end ? from + 8 : end, 1, &tail) == AB_OK && tail.next != 0 && tail.next < end;
    return ab_fail(error, AB_CORRUPT, 0,
        "%s/" AB_SEGMENT_NAME ", offset %llu, expected sequence %llu: %s; reading can go on at position %lld", reader->store.directory,
        (unsigned long long)scan->header.base_position, (unsigned long long)from, (unsigned long long)scan->sequence, fault,
        (long long)ab_position_of(&scan->header, found ? tail.next : end));
}

int ab_reader_skip(ab_journal_reader *reader, uint64_t *from, ab_error *error) {
    ab_scan *scan = &reader->scan;
    const uint64_t expected = scan->sequence;
    uint64_t limit_sequence = 0, lost;
    if (reader->limit != UINT64_MAX) {
        ab_segment_header next;
        int file = ab_store_open_segment(&reader->store, ab_next_base(&scan->header), AB_STORAGE_READ, &next, NULL);
        if (file >= 0) {
            calls(reader)->close(calls(reader)->self, file);
            limit_sequence = next.base_sequence;
        }
    }
    int result = ab_scan_skip(scan, reader->limit, limit_sequence, from, &lost);
    if (result != AB_OK) {
        return ab_store_failed(&reader->store, scan->number, "read a segment of", NULL, error);
    }
    reader->next = reader->end = scan->offset;
    reader->holes++;
    reader->lost += lost;
    return ab_fail(error, AB_LOST, 0,
        "%s/" AB_SEGMENT_NAME ", offset %llu: %llu records from sequence %llu on are lost, the bytes up to offset %llu are corrupt",
        reader->store.directory, (unsigned long long)scan->header.base_position, (unsigned long long)*from,
        (unsigned long long)lost, (unsigned long long)expected, (unsigned long long)scan->offset);
}

/* Durable bytes are damaged. AB_OK: whole records before the damage are handed out first; AB_CORRUPT, or AB_LOST and behind it. */
static int verdict(ab_journal_reader *reader, ab_error *error) {
    ab_scan *scan = &reader->scan;
    uint64_t from;
    if (ab_scan_salvage(scan) == AB_OK) {
        reader->next = scan->batch_start;
        reader->end = scan->batch_end;
        return AB_OK;
    }
    return (reader->flags & AB_JOURNAL_SKIP_CORRUPT) != 0 ? ab_reader_skip(reader, &from, error) : corrupt(reader, error);
}

/* 1: durable bytes are known to go on behind the scan's place, 2: in a later segment. -1: another segment is known to have our place. */
static int durable_goes_on(ab_journal_reader *reader) {
    const ab_scan *scan = &reader->scan;
    ab_checkpoint checkpoint;
    int there = ab_store_checkpoint(&reader->store, reader->uuid, &checkpoint);
    return !there                                                         ? 0
           : memcmp(checkpoint.segment, scan->header.uuid, 16) == 0      ? checkpoint.offset > scan->offset
           : checkpoint.base_position > scan->header.base_position       ? 2
                                                                          : -(checkpoint.base_position == scan->header.base_position);
}

/* A seal, and nothing behind it: a roll is going on, or a segment is missing. */
static int after_seal(ab_journal_reader *reader, ab_error *error) {
    ab_segment_list list;
    int more = durable_goes_on(reader) == 2;
    int result = more ? AB_OK : ab_store_list(&reader->store, &list, error);
    if (result != AB_OK) {
        return result;
    }
    if (!more) {
        more = list.count > 0 && list.bases[list.count - 1] > ab_next_base(&reader->scan.header);
        ab_store_list_free(&list);
    }
    int learnt = more ? learn_limit(reader, error) : 0; /* it, and the one behind it, may have come since we looked */
    return learnt != 0 ? (learnt < 0 ? learnt : AB_OK) : more ? missing(reader, error) : AB_END;
}

/* The next segment is missing (`bad` NULL) or has no header: when damage in this one comes first, that is what is told. */
static int no_next(ab_journal_reader *reader, const ab_error *bad, ab_error *error) {
    ab_scan *scan = &reader->scan;
    ab_scan_tail tail;
    if (!scan->sealed) {
        const uint64_t from = scan->fault_offset + 8, end = scan->header.segment_length;
        int result = ab_scan_rest(scan, from < end ? from : end, 1, &tail);
        if (result != AB_OK) {
            return ab_store_failed(&reader->store, scan->number, "read a segment of", NULL, error);
        }
        if (tail.next != 0) {
            return verdict(reader, error);
        }
        if (ab_scan_salvage(scan) == AB_OK) { /* all of it was durable, as a later segment has records */
            reader->next = scan->batch_start;
            reader->end = scan->batch_end;
            return AB_OK;
        }
    }
    return bad == NULL ? missing(reader, error) : ab_reader_gap(reader, ab_next_base(&scan->header), bad->text, error);
}

/* The scan answered AB_END or AB_CORRUPT. AB_OK: look again. */
static int judge(ab_journal_reader *reader, int answer, ab_error *error) {
    ab_scan *scan = &reader->scan;
    const int first_look = reader->retried != scan->offset;
    reader->looks = first_look ? 0 : reader->looks + 1;
    reader->retried = scan->offset;
    if (reader->limit == UINT64_MAX) {
        ab_error why = {0};
        int learnt = learn_limit(reader, &why);
        if (learnt == AB_CORRUPT || learnt == AB_REFUSED) {
            return first_look && !scan->sealed ? AB_OK : no_next(reader, &why, error);
        }
        if (learnt != 0) {
            return learnt < 0 ? ab_fail(error, learnt, why.errcode, "%s", why.text) : AB_OK;
        }
        if (scan->sealed) {
            reader->retried = 0;
            return after_seal(reader, error);
        }
        int goes_on = durable_goes_on(reader), replaced = goes_on < 0 ? ab_reader_replaced(reader, error) : 0;
        if (goes_on == 2) { /* the next one may have come since we looked for it */
            learnt = first_look ? 1 : learn_limit(reader, NULL);
            return learnt == 0 ? no_next(reader, NULL, error) : AB_OK;
        }
        if (replaced != 0 || goes_on > 0) {
            return replaced < 0 ? replaced : replaced > 0 || first_look ? AB_OK : verdict(reader, error);
        }
        if (answer == AB_CORRUPT && reader->judged != scan->offset) {
            ab_scan_tail tail;
            if (reader->looks < LOOKS) { /* most likely a batch that is just being written */
                sched_yield();
                return AB_OK;
            }
            reader->judged = scan->offset;
            scan->patience = AB_BATCH_LIMIT;
            int result = ab_scan_rest(scan, scan->fault_offset, 0, &tail);
            scan->patience = 0;
            if (result != AB_OK) {
                return ab_store_failed(&reader->store, scan->number, "read a segment of", NULL, error);
            }
            if (tail.claim > ab_position_of(&scan->header, scan->offset)) {
                reader->judged = 0;
                return verdict(reader, error); /* which looks once more: the claim was made after this place was written */
            }
        }
        reader->retried = 0;
        return AB_END;
    }
    return first_look ? AB_OK : verdict(reader, error);
}

/* Have a record at reader->next: AB_OK, or why not. `hold`: without moving the window (AB_END then says nothing). */
static int have_record(ab_journal_reader *reader, int hold, ab_error *error) {
    ab_scan *scan = &reader->scan;
    reader->gap = 0;
    if (reader->headless) {
        int result = ab_reader_headless(reader, error);
        if (result != AB_OK) {
            return result;
        }
    }
    for (;;) {
        while (reader->next < reader->end) {
            const uint8_t *p = ab_scan_at(scan, reader->next);
            uint16_t flags = ab_record_flags(p);
            if (flags == 0 && ab_record_sequence(p) >= reader->skip_below) {
                return AB_OK;
            }
            if (flags == AB_RECORD_HOLE) {
                if (hold) {
                    return AB_END;
                }
                reader->next = reader->end;
                reader->holes++;
                reader->lost += scan->lost;
                return ab_fail(error, AB_LOST, 0,
                    "%s/" AB_SEGMENT_NAME ", offset %llu: %llu records from sequence %llu on are lost (repaired); reading can go on at "
                    "position %lld",
                    reader->store.directory, (unsigned long long)scan->header.base_position,
                    (unsigned long long)(reader->end - ab_le32(p + 24)), (unsigned long long)scan->lost,
                    (unsigned long long)ab_record_sequence(p), (long long)ab_position_of(&scan->header, reader->end));
            }
            reader->next += ab_padded(ab_le32(p));
        }
        if (reader->broken) {
            return AB_CORRUPT;
        }
        if (reader->over) {
            return AB_END;
        }
        if (scan->offset >= reader->limit) {
            int result = hold ? AB_END : go_on(reader, error);
            if (result != AB_OK) {
                return result;
            }
            continue;
        }
        scan->hold = hold;
        int answer = ab_scan_batch(scan);
        scan->hold = 0;
        if (answer == AB_OK) {
            reader->next = scan->batch_start;
            reader->end = scan->batch_end;
            continue;
        }
        if (hold) {
            return AB_END;
        }
        if (answer != AB_END && answer != AB_CORRUPT) {
            return answer == AB_NO_MEMORY ? ab_fail(error, AB_NO_MEMORY, ENOMEM, "no memory to read a segment")
                                          : ab_store_failed(&reader->store, scan->number, "read a segment of", NULL, error);
        }
        answer = judge(reader, answer, error);
        if (answer != AB_OK) {
            return answer;
        }
    }
}

int ab_journal_reader_batch(ab_journal_reader *reader, ab_journal_record *records, uint32_t capacity, ab_error *error) {
    uint32_t count = 0;
    while (count < capacity) {
        int result = have_record(reader, count > 0, error);
        if (result != AB_OK) {
            return count > 0 ? (int)count : result;
        }
        ab_scan_record(&reader->scan, reader->next, &records[count]);
        reader->next += ab_padded(AB_RECORD_HEADER + (uint64_t)records[count].length);
        count++;
    }
    return (int)count;
}

int ab_journal_reader_next(ab_journal_reader *reader, ab_journal_record *record, ab_error *error) {
    int result = ab_journal_reader_batch(reader, record, 1, error);
    return result == 1 ? AB_OK : result;
}

int ab_reader_have(ab_journal_reader *reader, ab_error *error) { return have_record(reader, 0, error); }

int ab_reader_enter(ab_journal_reader *reader, int64_t base, ab_error *error) { return enter(reader, base, error); }
