/* ab_journal_private: what the writer's files share. Nobody else includes it.
 *
 *      ab_journal.c           write, sync, tick, close
 *      ab_journal_append.c    records into the batch
 *      ab_journal_segment.c   prepare, seal, roll; checkpoint and index of the current segment; poison
 *      ab_journal_open.c      options, directory, lock
 *      ab_journal_recover.c   chain of segments, the end of the last one, torn or corrupt
 *      ab_journal_resume.c    go on in a new segment after a poisoned one
 *      ab_journal_purge.c     retention
 *      ab_journal_repair.c    damage becomes holes; first ab_journal_headers.c (headers and files anew), which reads by ab_journal_walk.c
 *
 * Invariants (docs/journal-format.md)
 *   inv_durable_le_written     durable.offset <= written.offset <= appended.offset, and so their sequences
 *   inv_claim_after_sync       a checkpoint or a commit's claim is written after the sync it tells of
 *   inv_checked_when_written   a batch has all its CRCs before it is given to the storage
 *   inv_write_is_a_batch       bytes at written.offset and behind are zero, or of one batch whose write failed
 */
#ifndef AB_JOURNAL_PRIVATE_H
#define AB_JOURNAL_PRIVATE_H

#include "ab_journal_scan.h"

#define AB_CHECKPOINT_NS INT64_C(1000000000) /* a synced checkpoint so often while there is something new */
#define AB_CHECKPOINT_BYTES 16777216
#define AB_RETRY_NS INT64_C(100000000)       /* tick looks for room again after so long */

/* A place in the current segment, and what is below it. */
typedef struct {
    uint64_t offset;
    uint64_t sequence; /* of the next record */
    uint64_t records;  /* of the segment */
    int64_t time;      /* of the last record */
    uint32_t chain;
} ab_place;

struct ab_journal {
    ab_store store;
    ab_journal_options options; /* defaults filled in; directory is store.directory */
    int lock_file, file, prepared_file; /* -1: none */
    uint64_t cache;   /* ab_storage: which page cache this is */
    int same_cache;   /* recovery: what we read may be in this cache alone */
    int sealed;       /* the current segment has its seal, the next one has no name yet */
    int state;        /* enum ab_journal_state */
    ab_segment_header header;
    uint32_t seed;
    uint32_t epoch;

    ab_place appended, written, durable;
    int durable_here; /* 0: mode none rolled without a sync; durable is of an earlier segment */
    int64_t durable_position;
    uint64_t durable_sequence;
    int64_t unsynced_base; /* the oldest segment that may have bytes no sync covered */

    uint8_t *buffer;  /* the batch: goes to written.offset */
    size_t capacity, fill;
    size_t checked;   /* of fill: records before it have their CRC and are in appended.chain */
    uint32_t count;
    int64_t untold_records, untold_bytes; /* appended, and not in the counters yet */

    int64_t group_since, synced_at, retry_at, checkpoint_at; /* monotonic ns; 0: not yet */

    int checkpoint_file;
    int checkpoint_slot; /* the next synced one: 0 or 1 */
    uint64_t checkpoint_generation;
    int64_t checkpoint_position; /* durable position of the last synced one */

    int index_file;   /* -1: none, or given up for this segment */
    uint64_t index_entries, index_records;
    uint64_t index_offset;

    int64_t first_position;
    uint64_t first_sequence;
    int64_t own_counters[AB_JOURNAL_COUNTERS];
    int64_t *counters;
    ab_error error;
};

/* The last byte that batches may use: behind it is the seal's room. */
static inline uint64_t ab_limit(const ab_segment_header *header) { return header->segment_length - AB_CONTROL_LENGTH; }

/* As ab_stats_set, inlined: several for each record. */
static inline void ab_journal_count(ab_journal *journal, int counter, int64_t value) {
    __atomic_store_n(&journal->counters[counter], value, __ATOMIC_RELAXED);
}

/* Tell the counters where appended, written and durable are, and the state. */
void ab_journal_tell(ab_journal *journal);

/* Tell the counters what was appended since the last time. */
void ab_journal_tell_appended(ab_journal *journal);

/* Give the batch's records their CRCs, those that have none yet. Again it changes nothing. */
void ab_journal_seal_batch(ab_journal *journal);

/* ---- ab_journal_append.c ---- */

/* As append, with the record's own sequence, which must be the next. */
int64_t ab_journal_take(ab_journal *journal, const ab_journal_record *record);

/* ---- ab_journal_segment.c: each fills journal->error ---- */

/* A file of a segment's length, synced, without a name yet. AB_OK, AB_NO_SPACE, AB_FAILED. */
int ab_segment_prepare(ab_journal *journal);

/* Give the prepared file its header and its name, and make it the current one. `previous` NULL: the first segment. AB_OK, AB_NO_SPACE
 * (nothing changed), AB_FAILED. */
int ab_segment_begin(ab_journal *journal, const ab_segment_header *previous, const ab_place *end);

/* Write what is in the batch, then seal, begin the next. */
int ab_segment_roll(ab_journal *journal);

/* Write an epoch or seal record at written.offset. AB_OK, AB_NO_SPACE, AB_FAILED (not poisoned by this). */
int ab_segment_control(ab_journal *journal, uint16_t flag, const uint8_t *payload);

/* Write an epoch record of journal->epoch; `reason` as ab_epoch_reason. As control. */
int ab_segment_epoch(ab_journal *journal, uint32_t reason, int64_t cut_bytes);

/* fdatasync everything that is written; durable follows. AB_OK, or AB_FAILED: poisoned. */
int ab_segment_sync(ab_journal *journal);

/* The operating system failed: mark and remember. Returns AB_FAILED. */
int ab_segment_poison(ab_journal *journal, int64_t number, const char *what);

/* Write a checkpoint of the durable place. `synced` 0: the hint slot. Failures only count: a checkpoint is a claim, not a need. */
void ab_checkpoint_write(ab_journal *journal, uint32_t flags, int synced);

/* Note the batch that begins at `offset` when the index has not had one for long. */
void ab_index_note(ab_journal *journal, uint64_t offset, uint64_t sequence, int64_t time_ns, uint64_t records);

/* Open the current segment's index, keep what is valid and below `end`; a bad one begins anew. */
void ab_index_open(ab_journal *journal, uint64_t end);

/* ---- ab_journal_recover.c: each fills journal->error ---- */

static inline int ab_uuid_is_zero(const uint8_t uuid[16]) { return ab_le64(uuid) == 0 && ab_le64(uuid + 8) == 0; }

/* Does `header` follow `before`? NULL, or why not. */
const char *ab_chain_fault(const ab_segment_header *before, const ab_segment_header *header);

/* Read and check all headers; the last segment is the current one and its file is open afterwards. */
int ab_recover_chain(ab_journal *journal, const ab_segment_list *list);

/* Find the end of the current segment, cut a torn tail, begin an epoch. */
int ab_recover(ab_journal *journal, ab_journal_opened *opened);

/* The current segment is whole up to `written`: make that durable (not in mode none), begin the epoch, say so. */
int ab_recover_epoch(ab_journal *journal, uint32_t reason, const ab_journal_opened *opened);

/* AB_CORRUPT, with its place. */
int ab_recover_corrupt(ab_journal *journal, int64_t base, uint64_t offset, uint64_t sequence, const char *why);

/* ---- ab_journal_headers.c ---- */

/* Make headers that are damaged, and segments that are missing, anew, as far as their neighbours and the checkpoint tell. *newest: 1 when
 * one behind the last was made. AB_OK also when some could not be made; else as ab_journal_repair. */
int ab_repair_headers(const ab_store *store, int64_t now_ns, ab_journal_repaired *repaired, ab_journal_progress *progress, int *newest,
    ab_error *error);

/* ---- ab_journal_walk.c ---- */

/* Where the records of a segment end. */
typedef struct {
    ab_place place;
    uint32_t epoch; /* of the next segment */
    int torn;       /* 1: there is no seal, nor anything else that says that they end there */
} ab_walked;

/* Read a segment to its end, over damage too. `hint` NULL, or what is left of the next header: it may name an earlier end, where a writer
 * left the segment after a failure. So may `first`, the first sequence of the next segment, -1: not known. `stop` as in ab_scan. */
int ab_walk_to_end(const ab_store *store, const int64_t *stop, const ab_segment_header *before, const ab_segment_header *hint,
    int64_t first, ab_walked *end, ab_error *error);

/* A scan of a repair failed. */
int ab_walk_failed(const ab_store *store, const ab_scan *scan, int result, ab_error *error);

/* ---- ab_journal_index.c ---- */

/* Read a segment's index: the valid entries, in order, below `end` (offset). How many; *entries is to be freed. 0 also when
 * there is none. */
uint64_t ab_index_load(const ab_store *store, const ab_segment_header *header, uint64_t end, ab_index_entry **entries);

/* ---- ab_journal_resume.c ---- */

/* Go on in a new segment behind `durable`, with the records of the current file from there on and then those of `batch`. */
int ab_segment_move(ab_journal *journal, const ab_place *durable, const uint8_t *batch, size_t length, int64_t *moved);

#endif
