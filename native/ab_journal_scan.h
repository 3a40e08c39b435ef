/* ab_journal_scan: walk the batches of one segment, checking all of it. Recovery, readers, verify and repair see a segment through this.
 *
 *      window (memory)   |  batch, checked  |  bytes read, not looked at yet  |
 *                        ^ offset           ^ offset after ab_scan_batch
 *
 * Rules of this file
 *   - A batch is answered when everything in it is valid: CRCs, sequence, times, count and chain. Until then nothing is known of it.
 *   - Zeros and damage are told apart by the caller, who knows what is durable; here both are just no batch, with a place and a reason.
 *   - After an answer that is no batch the place is as before, and what was read behind it is forgotten: the next call reads again, so
 *     that a writer's progress is seen. No such answer rests on bytes of an earlier call: they are read again before it is given.
 *   - Bytes of a batch stay where they are until the next call.
 */
#ifndef AB_JOURNAL_SCAN_H
#define AB_JOURNAL_SCAN_H

#include "ab_journal_store.h"

#define AB_SCAN_WINDOW 1048576u /* bytes a scan reads at once; more when a batch is longer */

typedef struct {
    const ab_store *store;
    int file; /* not owned */
    ab_segment_header header;
    uint32_t seed;

    /* The place: before the next batch. */
    uint64_t offset;
    uint64_t sequence;
    uint64_t records; /* of the segment below it; only right when the scan began at the header or at a checkpoint */
    int64_t last_time;
    uint32_t chain;
    int chain_known;  /* not after a start in the middle, not after a hole */
    int holed;        /* the last batch was a hole: the next commit's count and first are of more than can be seen */
    int sealed;

    /* The last batch. */
    uint64_t batch_start, batch_end;
    uint64_t batch_sequence; /* of its first record */
    uint32_t batch_records;
    uint16_t batch_flags;    /* of the control record that ended it */
    int64_t batch_time;      /* of its first record */
    int64_t claim;           /* durable position that it tells, -1: none */
    uint64_t lost;           /* of a hole */

    /* Why there is no batch. */
    uint64_t fault_offset;
    const char *fault;       /* NULL: zeros */
    int64_t number;          /* negative errno of AB_FAILED */

    uint8_t *window;
    size_t capacity, filled, fill;
    uint64_t window_offset;
    uint64_t patience;       /* of ab_scan_rest; 0: to the end */
    const int64_t *stop;     /* NULL, or: not 0 ends ab_scan_rest with AB_TIMED_OUT. A plain load of what another thread stores */
    int hold;                /* 1: answer only what is in the window already (AB_END when that needs more) */
} ab_scan;

/* Begin behind the header. AB_OK, or AB_NO_MEMORY. */
int ab_scan_init(ab_scan *scan, const ab_store *store, int file, const ab_segment_header *header);
void ab_scan_free(ab_scan *scan);

/* Another segment (its file, its header), the same window. */
void ab_scan_enter(ab_scan *scan, int file, const ab_segment_header *header);

/* Go to a batch's start, which somebody claims to be there. `chain` NULL: unknown. */
void ab_scan_go(ab_scan *scan, uint64_t offset, uint64_t sequence, int64_t last_time, const uint32_t *chain);

/* AB_OK: the next batch. AB_END: zeros, or the segment's end or seal. AB_CORRUPT: something else than a whole batch. AB_FAILED: cannot
 * read, AB_NO_MEMORY. */
int ab_scan_batch(ab_scan *scan);

/* As ab_scan_batch, but whole records before a fault are answered (batch_flags 0) although no commit holds them. For what was durable. */
int ab_scan_salvage(ab_scan *scan);

/* Bytes of the last batch, `offset` in the file. */
static inline const uint8_t *ab_scan_at(const ab_scan *scan, uint64_t offset) {
    return scan->window + (offset - scan->window_offset);
}

/* What lies at and behind `from`. */
typedef struct {
    uint64_t end;      /* behind the last byte that is not zero; `from`: all zero */
    uint64_t records;  /* whole ones found behind `from` */
    uint64_t messages; /* of those, the ones that are no control records */
    uint64_t next;     /* offset of the first of them, 0: none */
    uint64_t next_sequence; /* its sequence */
    int64_t next_time;
    int next_control;
    int64_t claim;     /* greatest durable position that a commit or epoch there tells, -1: none */
} ab_scan_tail;

enum { AB_SCAN_ONE = 2 };

/* Look through the rest of the segment (with `patience`: until so many zeros in a row) for whole records. `first` not 0: stop at the first
 * one found; AB_SCAN_ONE: only look at `from`. AB_OK, AB_FAILED, AB_NO_MEMORY, AB_TIMED_OUT. */
int ab_scan_rest(ab_scan *scan, uint64_t from, int first, ab_scan_tail *tail);

/* After an answer that is no batch, although records go on: go to the next whole record, or to `limit` (UINT64_MAX: the segment's end),
 * where `limit_sequence` is due (0: unknown). *from: where the damage begins; *lost: how many sequences are skipped. AB_OK: scan->offset is
 * behind the damage; else as ab_scan_rest. */
int ab_scan_skip(ab_scan *scan, uint64_t limit, uint64_t limit_sequence, uint64_t *from, uint64_t *lost);

/* Fill a record from its bytes, checked before. */
void ab_scan_record(const ab_scan *scan, uint64_t offset, ab_journal_record *record);

#endif
