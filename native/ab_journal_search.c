/* ab_journal_search.c: what lies behind a place where no batch is: the next whole record, what it claims. Rules: ab_journal_scan.h.
 *
 *      ... batch | ? ......... | whole record | commit, which claims | ...... | zeros
 *                 ^ from        ^ tail.next              tail.claim           ^ tail.end
 *
 * A record may begin at each multiple of 8. What could be one by its first 40 bytes has its CRC computed; these tests are what keeps the
 * search linear, whatever payloads hold.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ab_journal_far.h"
#include "ab_journal_scan.h"

#define LONG 16384u /* from here on a record's CRC is put together: ab_journal_far.h */
#define AHEAD (2u * AB_JOURNAL_PAYLOAD_MAX)
#define STOPPED INT64_MIN

/* Could a record begin at `p` (40 bytes)? Cheap: only then is its CRC computed. What a payload holds, like a row of numbers, often looks
 * like a length; hardly ever with flags, a sequence and a time behind it that go on from what we know. */
static int plausible(const ab_scan *scan, const uint8_t *p) {
    uint32_t length = ab_le32(p);
    uint16_t flags = ab_record_flags(p);
    if (length < AB_RECORD_HEADER || length > AB_RECORD_HEADER + AB_JOURNAL_PAYLOAD_MAX || (flags & ~AB_RECORD_CONTROL) != 0 ||
        ab_record_sequence(p) - scan->sequence >= UINT64_C(1) << 48) {
        return 0;
    }
    if (flags != 0 && (flags == AB_RECORD_HOLE ? length != AB_RECORD_HEADER : length != AB_CONTROL_LENGTH)) {
        return 0;
    }
    return flags == AB_RECORD_HOLE || ab_record_time(p) >= scan->last_time;
}

/* What the search has read ahead. */
typedef struct {
    ab_far far;
    uint64_t until; /* 0: nothing yet */
} ahead;

/* Whether a whole record is at `at`, of which `available` bytes are at `p`; its padded length, 0: no; or a negative errno. */
static int64_t whole_record(
    const ab_scan *scan, ahead *seen, const uint8_t *p, uint64_t available, uint64_t at, uint64_t end, int64_t *claim) {
    const uint32_t length = ab_le32(p);
    const uint64_t padded = ab_padded(length);
    uint8_t copy[LONG];
    if (padded > end - at) {
        return 0;
    }
    if (padded > LONG) {
        int64_t result = 0;
        if (seen->until < at + padded) { /* in pieces: not all of a segment because of one number */
            ab_far_end(&seen->far);
            seen->until = end - at < AHEAD ? end : at + AHEAD;
            result = ab_far_begin(&seen->far, scan->store, scan->file, scan->seed, at, seen->until);
        }
        result = result == 0 ? ab_far_is_whole(&seen->far, p, at, length) : result;
        return result > 0 ? (int64_t)padded : result;
    }
    if (padded > available) {
        int64_t taken = ab_store_read(scan->store, scan->file, copy, (size_t)padded, at);
        if (taken < (int64_t)padded) {
            return taken < 0 ? taken : 0;
        }
        p = copy;
    }
    if (ab_le32(p + 4) != ab_format_crc(scan->seed, p, at, length)) {
        return 0;
    }
    if ((ab_record_flags(p) & (AB_RECORD_COMMIT | AB_RECORD_EPOCH)) != 0 && padded == AB_CONTROL_LENGTH) {
        *claim = (int64_t)ab_le64(p + AB_RECORD_HEADER + 24);
    }
    return (int64_t)padded;
}

/* Behind the last byte of `p` that is not zero. */
static size_t used_length(const uint8_t *p, size_t length) {
    while (length >= 8) {
        uint64_t word;
        memcpy(&word, p + length - 8, sizeof word);
        if (word != 0) {
            break;
        }
        length -= 8;
    }
    while (length > 0 && p[length - 1] == 0) {
        length--;
    }
    return length;
}

int ab_scan_rest(ab_scan *scan, uint64_t from, int first, ab_scan_tail *tail) {
    const uint64_t end = scan->header.segment_length;
    *tail = (ab_scan_tail){.end = from, .claim = -1};
    uint8_t *chunk = malloc(AB_SCAN_WINDOW);
    if (chunk == NULL) {
        return AB_NO_MEMORY;
    }
    ahead seen = {.until = 0};
    int64_t result = 0;
    uint64_t skip_to = from; /* behind the last whole record */
    for (uint64_t at = from; at < end && result == 0;) {
        if (scan->stop != NULL && __atomic_load_n(scan->stop, __ATOMIC_RELAXED) != 0) {
            result = STOPPED;
            break;
        }
        size_t length = end - at < AB_SCAN_WINDOW ? (size_t)(end - at) : AB_SCAN_WINDOW;
        int64_t taken = ab_store_read(scan->store, scan->file, chunk, length, at);
        if (taken <= 0) {
            result = taken;
            break;
        }
        size_t used = used_length(chunk, (size_t)taken);
        if (used > 0) {
            tail->end = at + used;
        }
        for (uint64_t place = skip_to > at ? skip_to : at; used > 0 && place + AB_RECORD_HEADER <= at + (uint64_t)taken; place += 8) {
            const uint8_t *p = chunk + (place - at);
            if (place >= at + used) {
                break;
            }
            if (!plausible(scan, p)) {
                if (first == AB_SCAN_ONE) {
                    break;
                }
                continue;
            }
            int64_t claim = -1;
            int64_t padded = whole_record(scan, &seen, p, at + (uint64_t)taken - place, place, end, &claim);
            if (padded < 0) {
                result = padded;
                break;
            }
            if (padded > 0) {
                tail->records++;
                tail->messages += ab_record_flags(p) == 0;
                tail->claim = claim > tail->claim ? claim : tail->claim;
                if (tail->next == 0) {
                    tail->next = place;
                    tail->next_sequence = ab_record_sequence(p);
                    tail->next_time = ab_record_time(p);
                    tail->next_control = ab_record_flags(p);
                }
                skip_to = place + (uint64_t)padded;
                place = skip_to - 8;
            }
            if (first != 0 && (padded > 0 || first == AB_SCAN_ONE)) {
                break;
            }
        }
        if (first == AB_SCAN_ONE || (first && tail->next != 0) || (scan->patience > 0 && at > tail->end + scan->patience)) {
            break;
        }
        /* A header may lie across two chunks: begin the next one with the last bytes of this. */
        at += (uint64_t)taken < length || at + (uint64_t)taken >= end ? (uint64_t)taken : (uint64_t)taken - AB_RECORD_HEADER;
        if ((uint64_t)taken < length) {
            break; /* the file ends */
        }
    }
    free(chunk);
    ab_far_end(&seen.far);
    if (result == STOPPED) {
        return AB_TIMED_OUT;
    }
    scan->number = result;
    return result == 0 ? AB_OK : result == -ENOMEM ? AB_NO_MEMORY : AB_FAILED;
}

int ab_scan_skip(ab_scan *scan, uint64_t limit, uint64_t limit_sequence, uint64_t *from, uint64_t *lost) {
    const uint64_t expected = scan->sequence;
    ab_scan_tail tail;
    *from = scan->fault_offset;
    uint64_t end = limit < scan->header.segment_length ? limit : scan->header.segment_length;
    int result = ab_scan_rest(scan, *from + 8 < end ? *from + 8 : end, 1, &tail);
    if (result != AB_OK) {
        return result;
    }
    int found = tail.next != 0 && tail.next < end;
    uint64_t sequence = found ? tail.next_sequence : limit_sequence;
    sequence = sequence < expected ? expected : sequence; /* a control record may have been all that was hit */
    ab_scan_go(scan, found ? tail.next : end, sequence, scan->last_time, NULL);
    scan->holed = 1;
    *lost = sequence - expected;
    return AB_OK;
}
