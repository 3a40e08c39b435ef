/* ab_journal: a crash-safe journal of messages in one directory. The bytes are in ab_journal_format.h and docs/journal-format.md.
 *
 *      append > batch buffer ──write──> segment file ──sync──> stable storage         reader: pread, below the last commit
 *      position  appended      >=       written       >=       durable
 *
 * Words
 *   sequence   number of a record in the recording: from 0, contiguous over streams and segments, never reused once durable
 *   position   byte place in the recording's log (segment headers not counted); of a record: the place behind it
 *   commit     the control record that closes a batch; one batch is one write. Below a valid commit a record exists
 *   durable    an fdatasync that covers it returned 0. Only this is ever called acknowledged
 *   epoch      number of openings for writing; a control record tells each
 *
 * Rules of this file
 *   - A journal belongs to one thread at a time (any; no GIL). So does a reader. Different ones share nothing in memory.
 *   - Every answer is zero or more, or one name of ab_result; the text of a failure names file, offset, value, bound, next step.
 *   - Time is an argument: realtime ns of a record, monotonic ns for the policy. Nothing here sleeps, nothing starts a thread.
 *   - Counters are plain stores into a block the caller gives; readable at any moment by any thread.
 *   - A pointer into a record is valid until the next call with the same reader.
 *
 * Answers with a meaning of their own here
 *   AB_NO_SPACE    the next segment has no room: nothing was taken, the journal is whole; write, sync or tick try again
 *   AB_FAILED      the operating system failed a write or sync: the segment is poisoned, it takes nothing more and never claims
 *                  more durable than before. ab_journal_resume goes on in a new segment
 *   AB_LOCKED      another writer has the directory
 *   AB_CORRUPT     bytes that were durable are not what was written: file, offset and expected sequence are in the text
 *   AB_LOST        a hole that a repair left (or that AB_JOURNAL_SKIP_CORRUPT stepped over): the text names the sequences; the
 *                  next call goes on behind it
 *   AB_REFUSED     another format version, another recording's segment, or no journal's file at all
 *   AB_PURGED      the start asked for was removed by retention: the text names the first available
 *   AB_END         nothing more is committed now
 */
#ifndef AB_JOURNAL_H
#define AB_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "ab_result.h"
#include "ab_storage.h"
#include "ab_whole.h"

/* cffi:begin */
#define AB_JOURNAL_SEGMENT_MIN 65536       /* bytes; a power of two, the 4,096 of the header page included */
#define AB_JOURNAL_SEGMENT_MAX 1073741824
#define AB_JOURNAL_SEGMENT_DEFAULT 134217728
#define AB_JOURNAL_PAYLOAD_MAX 16777216    /* bytes of a record, or what a segment holds when that is less */
#define AB_JOURNAL_STREAM_MAX 65535
#define AB_JOURNAL_COUNTERS 16
#define AB_JOURNAL_TIME_MAX 9151314442816847872 /* ns since 1970: the last day of 2259. Times grow by at least 1 each: they need room */

/* When an acknowledgement is given. */
enum ab_journal_sync_mode {
    AB_JOURNAL_DURABLE = 0,  /* tick writes and syncs a group: at group_ns, group_bytes or group_records, whichever is first */
    AB_JOURNAL_INTERVAL = 1, /* tick writes groups, and syncs every sync_ns */
    AB_JOURNAL_NONE = 2      /* tick writes groups; only ab_journal_sync and close sync */
};

enum ab_journal_flag {
    AB_JOURNAL_CREATE = 1,       /* make directory and first segment when there is none */
    AB_JOURNAL_ZERO_FILL = 2,    /* write zeros over a new segment: slower roll, faster fdatasync on some file systems */
    AB_JOURNAL_STRICT = 4,       /* open: refuse (AB_CORRUPT) also a torn tail that has whole records behind the tear */
    AB_JOURNAL_SKIP_CORRUPT = 8  /* reader: step over corrupt bytes, telling each hole as AB_LOST (salvage) */
};

enum ab_journal_counter {
    AB_JOURNAL_APPENDED = 0,          /* positions */
    AB_JOURNAL_WRITTEN = 1,
    AB_JOURNAL_DURABLE_POSITION = 2,
    AB_JOURNAL_APPENDED_SEQUENCE = 3, /* of the next record: all below it are appended, written, durable */
    AB_JOURNAL_WRITTEN_SEQUENCE = 4,
    AB_JOURNAL_DURABLE_SEQUENCE = 5,
    AB_JOURNAL_RECORDS = 6,           /* appended since open */
    AB_JOURNAL_BYTES = 7,             /* payload bytes of those */
    AB_JOURNAL_BATCHES = 8,
    AB_JOURNAL_SYNCS = 9,
    AB_JOURNAL_SYNC_NS = 10,          /* spent in them, all together */
    AB_JOURNAL_SEGMENTS = 11,         /* files of the recording */
    AB_JOURNAL_REFUSED_NO_SPACE = 12, /* appends */
    AB_JOURNAL_FAULTS = 13,           /* writes and syncs that failed */
    AB_JOURNAL_CUT_BYTES = 14,        /* of the torn tail that open found */
    AB_JOURNAL_STATE = 15             /* enum ab_journal_state */
};

enum ab_journal_state {
    AB_JOURNAL_READY = 0,
    AB_JOURNAL_FULL = 1,     /* no room for the next segment: appends answer AB_NO_SPACE until there is */
    AB_JOURNAL_POISONED = 2, /* a write or sync failed: everything answers AB_FAILED until ab_journal_resume */
    AB_JOURNAL_SHUT = 3      /* closed */
};

typedef struct {
    const char *directory;
    uint64_t segment_length; /* of new segments; 0: the default */
    uint8_t uuid[16];        /* of the recording; zeros: what is there, or a new one */
    int32_t sync_mode;       /* enum ab_journal_sync_mode */
    int32_t flags;           /* AB_JOURNAL_CREATE | ... */
    int64_t sync_ns;         /* AB_JOURNAL_INTERVAL: 0 is 100 ms */
    int64_t group_ns;        /* 0 is 1 ms */
    uint32_t group_bytes;    /* 0 is 64 KiB; 768 KiB where tick does not sync: the kernel takes long writes cheaper */
    uint32_t group_records;  /* 0 is 256; 8,192 there */
    int64_t now_ns;          /* realtime: written into headers and epoch records; 0: the clock */
    int64_t *counters;       /* AB_JOURNAL_COUNTERS of them, or NULL */
} ab_journal_options;

/* What opening found and did. */
typedef struct {
    uint8_t uuid[16];
    int32_t created;         /* 1: there was no journal */
    int32_t clean;           /* 1: it had been closed in order */
    uint32_t epoch;
    uint32_t segments;
    uint64_t first_sequence; /* available */
    uint64_t next_sequence;
    int64_t first_position;  /* the place before the first record available */
    int64_t position;        /* appended = written; and durable */
    int64_t last_time_ns;    /* of the last record, 0 when there is none */
    int64_t scanned_bytes;   /* records read to find the end */
    int64_t cut_bytes;       /* of the torn tail, now in quarantine/ */
    int64_t cut_records;     /* whole records behind the tear, in those bytes: never durable, never acknowledged */
    int64_t moved_records;   /* copied out of a poisoned segment into the next */
    int64_t elapsed_ns;
} ab_journal_opened;

enum ab_journal_record_flag {
    AB_RECORD_COMMIT = 1, /* control records: they have no sequence and no reader sees them */
    AB_RECORD_EPOCH = 2,
    AB_RECORD_SEAL = 4,
    AB_RECORD_HOLE = 8
};

typedef struct {
    uint64_t sequence;
    int64_t time_ns;         /* realtime, strictly growing in a recording */
    int64_t position;        /* of the recording, behind the record: ask for this one to go on after it */
    int64_t stream_position; /* Aeron's, behind the message */
    int32_t session_id;
    uint16_t stream;         /* number in the recording's table of streams */
    uint16_t flags;
    uint32_t length;         /* of the bytes */
    const uint8_t *bytes;    /* valid until the next call with the reader */
} ab_journal_record;

enum ab_journal_seek {
    AB_SEEK_EARLIEST = 0, /* value unused */
    AB_SEEK_END = 1,      /* behind the last committed record of now; value unused */
    AB_SEEK_SEQUENCE = 2, /* the record of that sequence; the next one to come is fine, beyond it AB_INVALID */
    AB_SEEK_POSITION = 3, /* the first record whose position is greater: that of a handled record goes on after it */
    AB_SEEK_TIME = 4      /* the first record at or after that time */
};

typedef struct {
    uint8_t uuid[16];
    uint32_t segments;
    uint64_t first_sequence; /* available, as of the last look at the directory */
    int64_t first_position;
    uint64_t sequence;       /* of the record that comes next */
    int64_t position;        /* the place before it */
    uint64_t holes;          /* AB_LOST answered so far, and the records in them */
    uint64_t lost;
} ab_journal_reader_state;

/* One fault that verify found. */
typedef struct {
    int32_t code;           /* AB_CORRUPT, AB_REFUSED, AB_LOST (a repaired hole) */
    int64_t offset;         /* in the file */
    uint64_t sequence;      /* expected there */
    char file[48];
    char text[300];
} ab_journal_problem;

typedef struct {
    uint64_t segments;
    uint64_t records;
    uint64_t bytes;          /* of segments read */
    uint64_t first_sequence;
    uint64_t next_sequence;
    int64_t position;        /* the committed end */
    int64_t tail_bytes;      /* behind it that are not zero: a batch being written, or a torn tail */
    uint64_t tail_records;   /* whole ones in them, of batches that are not whole: never durable, and cut by the next opening */
    uint64_t problems;       /* found; those beyond the capacity are only counted */
    uint64_t lost;           /* records in holes and corrupt regions, as far as that can be told */
    int64_t elapsed_ns;
    uint8_t uuid[16];        /* of the recording, as its first segment says; zeros: no header could be read */
} ab_journal_report;

/* Work that takes long tells how far it is, and ends when asked. Plain stores; any thread may look. */
typedef struct {
    int64_t done_bytes;
    int64_t total_bytes;
    int64_t stop; /* set by the caller to not 0: the work ends with AB_TIMED_OUT at the next chunk */
} ab_journal_progress;

/* What may go. Each bound alone allows a segment to be removed; `keep_*` forbid it whatever the others say. */
typedef struct {
    int64_t bytes_max;      /* remove while the segment files are longer together; 0: no bound */
    int64_t before_time_ns; /* remove segments whose last record is older; 0: no bound */
    int64_t keep_position;  /* of the slowest declared consumer: segments that reach beyond it stay; INT64_MAX: none */
} ab_journal_retention;

typedef struct {
    uint64_t segments;       /* removed */
    uint64_t bytes;
    uint64_t first_sequence; /* available now */
    int64_t first_position;
    int32_t held;            /* 1: the next one was due, and a reader is on it; 2: the slowest consumer is */
} ab_journal_purged;

typedef struct {
    uint64_t cuts;           /* tails cut, 0 or 1 */
    uint64_t holes;          /* corrupt regions made into hole records */
    uint64_t lost;           /* records in them */
    int64_t copied_bytes;    /* into quarantine/, before anything was changed */
    uint64_t next_sequence;
    uint64_t headers;        /* of segments made anew, those of missing segments (which are holes now) too */
} ab_journal_repaired;
/* cffi:end */

/* ---- writer ---- */

typedef struct ab_journal ab_journal;

/* Lock, recover, and be ready to append. `storage` NULL: the real one. `opened` may be NULL; it is filled on success only.
 *   AB_NOT_FOUND  no journal there and AB_JOURNAL_CREATE is not given      AB_LOCKED   another writer, of any process
 *   AB_CORRUPT    durable records are damaged: nothing was changed; verify tells all, repair copies and cuts
 *   AB_REFUSED    magic, version, or uuid                                    AB_INVALID  an option out of range
 *   AB_NO_SPACE   no room for the first segment                            AB_FAILED   errno in errcode */
int ab_journal_open(const ab_journal_options *options, const ab_storage *storage, ab_journal **journal,
    ab_journal_opened *opened, ab_error *error);

/* Take one record into the batch; it is written by write or tick, or at once when the buffer is full. `time_ns` 0: the clock.
 * Its time is max(time of the one before + 1, time_ns). Returns its sequence, or AB_NO_SPACE, AB_FAILED, AB_TOO_LARGE, AB_INVALID (a
 * stream beyond AB_JOURNAL_STREAM_MAX, a time beyond AB_JOURNAL_TIME_MAX), AB_NO_MEMORY: nothing was taken then. The text:
 * ab_journal_error. */
int64_t ab_journal_append(ab_journal *journal, int32_t stream, int32_t session_id, int64_t stream_position, int64_t time_ns,
    const void *bytes, size_t length);

/* As append, of several messages of one session: how many went; `*bytes` is of those, and where that is not all of them `*why` the code
 * of the next. The counters know of them after the next tick or write. */
size_t ab_journal_append_run(ab_journal *journal, int32_t stream, int32_t session_id, int64_t time_ns, const ab_whole *messages,
    size_t count, int64_t *bytes, int64_t *why);

/* Close the batch with a commit record and write it. AB_OK also when there is none. */
int ab_journal_write(ab_journal *journal);

/* write, then fdatasync. AB_OK: all that was appended is durable. AB_FAILED: poisoned. AB_NO_SPACE: what is written is durable, the batch
 * waits for room. */
int ab_journal_sync(ab_journal *journal);

/* Do what the sync mode makes due at `now_ns` (monotonic); `idle` not 0: nothing more is coming now, do not wait for a fuller group.
 * Also prepares the next segment at 75 %, and tries again after AB_NO_SPACE (every 100 ms). AB_OK or as sync. */
int ab_journal_tick(ab_journal *journal, int64_t now_ns, int idle);

/* When tick has something to do next, monotonic ns; INT64_MAX: not before the next append. */
int64_t ab_journal_due(const ab_journal *journal);

/* Seal the current segment and go on in a new one. */
int ab_journal_roll(ab_journal *journal);

/* After AB_FAILED: close the segment's file, read it again from the last durable place, and go on in a new segment with the records
 * that follow it, written anew and synced. Records that cannot be read again are gone (they were never durable): `opened` tells
 * the next sequence. AB_OK, or why it stays poisoned. */
int ab_journal_resume(ab_journal *journal, ab_journal_opened *opened);

/* The largest payload this journal takes. */
uint32_t ab_journal_payload_max(const ab_journal *journal);

/* What the last call that failed had to say. */
const ab_error *ab_journal_error(const ab_journal *journal);

/* The counters, also when the caller gave none. */
const int64_t *ab_journal_counters(const ab_journal *journal);

/* write, sync, mark as closed in order, unlock, free. The journal is gone whatever the answer: AB_OK, or AB_FAILED, AB_NO_SPACE: what
 * the last durable position said is what is durable. `error` may be NULL. */
int ab_journal_close(ab_journal *journal, ab_error *error);

/* Free without a write: what a kill would leave. For tests of crashes. */
void ab_journal_abandon(ab_journal *journal);

/* Remove whole old segments, oldest first; never the current one, never one that a reader has open. The writer's thread. */
int ab_journal_purge(
    ab_journal *journal, const ab_journal_retention *retention, ab_journal_purged *purged, ab_error *error);

/* ---- reader: of a live journal of any process, or of files at rest; changes nothing ---- */

typedef struct ab_journal_reader ab_journal_reader;

/* At the earliest record. `flags`: AB_JOURNAL_SKIP_CORRUPT or 0. AB_NOT_FOUND, AB_REFUSED, AB_FAILED, AB_NO_MEMORY. */
int ab_journal_reader_open(const char *directory, const ab_storage *storage, int32_t flags, ab_journal_reader **reader,
    ab_error *error);

/* Go elsewhere. AB_OK; AB_PURGED, AB_INVALID (beyond the end), AB_CORRUPT, AB_FAILED: the place is as before. */
int ab_journal_reader_seek(ab_journal_reader *reader, int32_t seek, int64_t value, ab_error *error);

/* Up to `capacity` records of one commit or more: how many (1 ..), or AB_END, AB_CORRUPT, AB_LOST, AB_PURGED (removed under us),
 * AB_FAILED. After AB_CORRUPT the place is still before the corrupt record: the same answer again. */
int ab_journal_reader_batch(ab_journal_reader *reader, ab_journal_record *records, uint32_t capacity, ab_error *error);

/* One record: AB_OK, or as batch. */
int ab_journal_reader_next(ab_journal_reader *reader, ab_journal_record *record, ab_error *error);

void ab_journal_reader_state_get(const ab_journal_reader *reader, ab_journal_reader_state *state);
void ab_journal_reader_close(ab_journal_reader *reader);

/* ---- tools: on a directory ---- */

/* Read everything and check all of it; the writer may be at work. AB_OK: `report` is filled, whatever was found (report->problems);
 * `problems` may be NULL when `capacity` is 0; `progress` may be NULL. AB_NOT_FOUND, AB_FAILED, AB_TIMED_OUT (stopped). */
int ab_journal_verify(const char *directory, const ab_storage *storage, ab_journal_report *report,
    ab_journal_problem *problems, uint32_t capacity, ab_journal_progress *progress, ab_error *error);

/* Make a journal with corrupt records writable and readable again: corrupt regions are copied to quarantine/, then made holes (AB_LOST
 * when read), a damaged end is copied and cut, damaged headers and missing segments (as holes) are made anew from what their neighbours
 * and the checkpoint say. Takes the lock: AB_LOCKED. What they do not say cannot be repaired (AB_CORRUPT names it); the rest is. Doing
 * it twice does nothing more. AB_TIMED_OUT: stopped. */
int ab_journal_repair(const char *directory, const ab_storage *storage, int64_t now_ns, ab_journal_repaired *repaired,
    ab_journal_progress *progress, ab_error *error);

/* Write all indexes anew. Takes the lock. Returns how many entries, or as repair. */
int64_t ab_journal_index_rebuild(
    const char *directory, const ab_storage *storage, ab_journal_progress *progress, ab_error *error);

#endif
