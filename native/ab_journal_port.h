/* ab_journal_port: the journal for Python: handles instead of pointers, batches instead of records.
 *
 * Rules of this file
 *   - Calls whose name ends in _wait release the GIL: they read, write or sync files. The others keep it and touch memory alone, but
 *     append, which writes when its buffer is full.
 *   - A handle is entered for the length of a call, so a close from another thread waits; two calls of one journal or reader at once
 *     are the caller's mistake and are answered AB_INVALID, never run.
 *   - Native users (ab_record, ab_replay) take the object with ab_slot_enter and the kinds AB_KIND_JOURNAL, AB_KIND_JOURNAL_READER:
 *     an ab_journal_port, whose `journal` or `reader` they use while they are inside.
 */
#ifndef AB_JOURNAL_PORT_H
#define AB_JOURNAL_PORT_H

#include <stdatomic.h>

#include "ab_journal.h"
#include "ab_slot.h"

/* cffi:begin */
typedef struct ab_journal_port ab_journal_port;

/* Open for writing; 0: `error` says why. */
ab_handle ab_journal_port_open_wait(const ab_journal_options *options, ab_journal_opened *opened, ab_error *error);

int64_t ab_journal_port_append(ab_handle journal, int32_t stream, int32_t session_id, int64_t stream_position,
    int64_t time_ns, const uint8_t *bytes, size_t length, ab_error *error);
int ab_journal_port_write_wait(ab_handle journal, ab_error *error);
int ab_journal_port_sync_wait(ab_handle journal, ab_error *error);
int ab_journal_port_tick_wait(ab_handle journal, int64_t now_ns, int idle, ab_error *error);
int64_t ab_journal_port_due(ab_handle journal);
int ab_journal_port_roll_wait(ab_handle journal, ab_error *error);
int ab_journal_port_resume_wait(ab_handle journal, ab_journal_opened *opened, ab_error *error);
int ab_journal_port_purge_wait(
    ab_handle journal, const ab_journal_retention *retention, ab_journal_purged *purged, ab_error *error);
int64_t ab_journal_port_payload_max(ab_handle journal);

/* Copy AB_JOURNAL_COUNTERS counters. */
int ab_journal_port_counters(ab_handle journal, int64_t *counters);

/* Closing, step 1: make the handle stale (GIL kept). NULL: it was. */
ab_journal_port *ab_journal_port_retire(ab_handle journal);

/* Closing, step 2: wait for a call that is inside, then close and free. AB_OK, AB_TIMED_OUT: nothing was closed, try again, or as
 * ab_journal_close: closed, and not all that was appended is durable. */
int ab_journal_port_close_wait(ab_journal_port *port, ab_handle journal, int64_t deadline_ns, ab_error *error);

/* Free without a write or sync, as a kill would: for tests of crashes. */
int ab_journal_port_abandon_wait(ab_journal_port *port, ab_handle journal, int64_t deadline_ns, ab_error *error);

ab_handle ab_journal_port_reader_open_wait(const char *directory, int32_t flags, ab_error *error);
int ab_journal_port_seek_wait(ab_handle reader, int32_t seek, int64_t value, ab_error *error);

/* As ab_journal_reader_batch; the bytes stay valid until the next call with the reader. */
int ab_journal_port_batch_wait(ab_handle reader, ab_journal_record *records, uint32_t capacity, ab_error *error);
int ab_journal_port_reader_state(ab_handle reader, ab_journal_reader_state *state);
ab_journal_port *ab_journal_port_reader_retire(ab_handle reader);
int ab_journal_port_reader_close_wait(ab_journal_port *port, ab_handle reader, int64_t deadline_ns, ab_error *error);

int ab_journal_port_verify_wait(const char *directory, ab_journal_report *report, ab_journal_problem *problems,
    uint32_t capacity, ab_journal_progress *progress, ab_error *error);
int ab_journal_port_repair_wait(const char *directory, int64_t now_ns, ab_journal_repaired *repaired,
    ab_journal_progress *progress, ab_error *error);
int64_t ab_journal_port_index_rebuild_wait(const char *directory, ab_journal_progress *progress, ab_error *error);
/* cffi:end */

/* Behind the handle. */
struct ab_journal_port {
    ab_journal *journal;       /* one of the two is NULL */
    ab_journal_reader *reader;
    _Atomic int busy;          /* 1 while a call runs */
};

#endif
