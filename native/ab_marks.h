/*
 * ab_marks: how far each session of each stream is recorded, in the file `marks` of a recording. The bytes: docs/journal-format.md.
 *
 *      Aeron joins a new subscriber of a living publication where its conductor last looked:
 *
 *        ... | a | b | c | d | e | ...        a, b, c: recorded by the recorder that ended
 *              ^join     ^mark                b, c come again: dropped, and counted as repeated
 *
 * Rules
 *   - A mark is of a stream's number in the recording, a session, and the initial term id of its publication: the next publication may
 *     use the session's id again, and its positions mean something else.
 *   - inv_mark_is_exact: after ab_marks_open and a catch-up, a mark's position is that of the session's last record. So nothing comes
 *     twice, and nothing is dropped that is not recorded or was not counted when it was left out.
 *   - How a kill keeps that: a new session's row is written before its first record is taken. A sweep writes rows, then the header
 *     that says up to where in the recording they are right; records behind that place are read again at the next opening (a tenth of
 *     a second of them). A row is 64 bytes in a block of its own, with a CRC: a kill leaves the old one or the new one.
 *   - After a power loss the file counts for nothing: the driver is gone with the machine, and so are its images. The header names
 *     the boot.
 *   - It is no need: without the file, or when it cannot be written, recording goes on; then a recorder may record what one before
 *     it has.
 *
 * Ownership: counted; its maker and every subscription that uses it hold it. Thread: the recorder's.
 */
#ifndef AB_MARKS_H
#define AB_MARKS_H

#include <stddef.h>
#include <stdint.h>

#include "ab_endpoint.h"

/* cffi:begin */
#define AB_MARKS_MAX 511          /* sessions; the one that was silent for longest makes room */
#define AB_MARKS_LENGTH 32768     /* bytes of the file: a header and the rows, 64 bytes each */
#define AB_MARKS_READ_MAX 134217728 /* bytes of records that an opening reads again at most: a segment's default */

typedef struct ab_marks ab_marks;

/* Read the marks of the recording `uuid`, or begin anew where there are none of it, or of another boot. `end`: the recording's written
 * position. `*from`: records behind it are to be told by ab_marks_raise, or ab_marks_catch_up_wait, before the first sweep; `end`: none.
 * NULL: no memory. `error` set (not AB_OK): the file cannot be used, and what is marked lives in memory alone. Keeps the GIL. */
ab_marks *ab_marks_open(const char *path, const uint8_t *uuid, int64_t end, int64_t *from, ab_error *error);

/* A record that ends at `position` of the recording is of this session, up to `stream_position`. In their order. */
void ab_marks_raise(ab_marks *marks, int stream, int32_t session_id, int64_t position, int64_t stream_position);

/* Tell all records of a journal behind `from`. AB_OK, or why they cannot be read. */
int ab_marks_catch_up_wait(ab_marks *marks, const char *directory, int64_t from, ab_error *error);

/* The recording's appended position now: sessions that are new from here on have their records behind it. */
void ab_marks_at(ab_marks *marks, int64_t position);

/* All that is marked is in the recording below `position`, which is written. AB_OK, or AB_FAILED: the file could not be written. */
int ab_marks_sweep(ab_marks *marks, int64_t position, ab_error *error);

/* Close the file and give it up; subscriptions keep what they use. NULL is fine. */
void ab_marks_close(ab_marks *marks);

/* From now on this subscription's sessions are marked, as stream `stream` of the recording, and what a mark has is dropped. `framed` 1:
 * messages begin with our frame. `marks` NULL: no more. In-process sessions are not marked: they end with the process.
 * AB_OK, AB_STALE, AB_INVALID. */
int ab_subscription_marks(ab_handle subscription, ab_marks *marks, int stream, int framed);

/* Mark each session up to what was taken of it; a sweep writes it. AB_OK or AB_STALE. */
int ab_subscription_mark(ab_handle subscription);

/* Messages dropped because they were recorded before, or AB_STALE. */
int64_t ab_subscription_repeated(ab_handle subscription);
/* cffi:end */

/* ---- for ab_session and ab_poll ---- */

/* The session is met: it goes on behind its mark, or gets one. Without marks nothing happens. */
void ab_marks_meet(ab_subscription *subscription, ab_session *session, int32_t initial_term_id);

/* The session goes: keep how far it was taken. */
void ab_marks_leave(ab_subscription *subscription, const ab_session *session);

/* A fragment that the mark has was dropped. */
void ab_marks_repeat(ab_subscription *subscription, uint8_t flags, const uint8_t *bytes, size_t length);

void ab_marks_release(ab_marks *marks);

#endif
