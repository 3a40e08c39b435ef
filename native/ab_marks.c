/* ab_marks.c: see ab_marks.h for the rules. */
#include "ab_marks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ab_bytes.h"
#include "ab_crc32c.h"
#include "ab_fail.h"
#include "ab_journal.h"

#define ROW 64
#define NONE INT64_MIN /* of a position: nothing is recorded yet */
#define BATCH 512

static const uint8_t MAGIC[8] = "abmarks\1";

typedef struct {
    int64_t since;    /* the recording's position when it was made: its records lie behind */
    int64_t moved;    /* and when it moved last: who is old makes room */
    int64_t position; /* the session's: recorded up to here */
    int32_t session_id, initial_term_id;
    uint16_t stream;
    bool used, live, dirty; /* live: a session of this process has it. Only `used` is in the file */
} row;

struct ab_marks {
    atomic_uint references;
    int file; /* -1: in memory alone */
    uint8_t uuid[16];
    uint64_t boot;    /* 0: not known, and then nothing of the file is believed */
    int64_t position; /* of the recording, appended */
    row rows[AB_MARKS_MAX];
};

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static uint32_t checksum(const uint8_t *bytes) { return ab_crc32c_mask(ab_crc32c_extend(0, bytes, ROW - 4)); }

static bool is_whole(const uint8_t *bytes) { return ab_le32(bytes + ROW - 4) == checksum(bytes); }

static int put(const ab_marks *marks, const uint8_t bytes[ROW], size_t place, ab_error *error) {
    ssize_t written = pwrite(marks->file, bytes, ROW, (off_t)(place * ROW));
    return written == ROW ? AB_OK
                          : ab_fail(error, AB_FAILED, written < 0 ? errno : EIO, "cannot write the marks of sessions: %s",
                                strerror(written < 0 ? errno : EIO));
}

static int put_header(const ab_marks *marks, int64_t swept, ab_error *error) {
    uint8_t bytes[ROW] = {0};
    memcpy(bytes, MAGIC, 8);
    ab_put_le32(bytes + 8, AB_MARKS_MAX);
    memcpy(bytes + 16, marks->uuid, 16);
    ab_put_le64(bytes + 32, marks->boot);
    ab_put_le64(bytes + 40, (uint64_t)swept);
    ab_put_le32(bytes + ROW - 4, checksum(bytes));
    return put(marks, bytes, 0, error);
}

static int put_row(ab_marks *marks, row *of, ab_error *error) {
    uint8_t bytes[ROW] = {0};
    ab_put_le64(bytes, (uint64_t)of->since);
    ab_put_le64(bytes + 8, (uint64_t)of->moved);
    ab_put_le64(bytes + 16, (uint64_t)of->position);
    ab_put_le32(bytes + 24, (uint32_t)of->session_id);
    ab_put_le32(bytes + 28, (uint32_t)of->initial_term_id);
    ab_put_le16(bytes + 32, of->stream);
    ab_put_le16(bytes + 34, of->used);
    ab_put_le32(bytes + ROW - 4, checksum(bytes));
    int result = put(marks, bytes, (size_t)(of - marks->rows) + 1, error);
    of->dirty = result != AB_OK;
    return result;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Take what the file says, when it is of this recording and of this boot. Up to where its rows are right; -1: it says nothing. */
static int64_t take(ab_marks *marks, const uint8_t *bytes, int64_t end) {
    int64_t swept = (int64_t)ab_le64(bytes + 40);
    if (!is_whole(bytes) || memcmp(bytes, MAGIC, 8) != 0 || memcmp(bytes + 16, marks->uuid, 16) != 0 ||
        marks->boot == 0 || ab_le64(bytes + 32) != marks->boot || swept < 0 || swept > end) {
        return -1;
    }
    for (size_t i = 0; i < AB_MARKS_MAX; i++) {
        const uint8_t *p = bytes + (i + 1) * ROW;
        if (is_whole(p) && ab_le16(p + 34) == 1) {
            marks->rows[i] = (row){
                .since = least((int64_t)ab_le64(p), end), /* behind the end: what was appended there was never written */
                .moved = least((int64_t)ab_le64(p + 8), end),
                .position = (int64_t)ab_le64(p + 16),
                .session_id = (int32_t)ab_le32(p + 24),
                .initial_term_id = (int32_t)ab_le32(p + 28),
                .stream = ab_le16(p + 32),
                .used = true,
                .dirty = true,
            };
        }
    }
    return swept;
}

/* The file, made with its whole length when it is not there. */
static int64_t load(ab_marks *marks, const char *path, int64_t end, ab_error *error) {
    static const uint8_t zeros[AB_MARKS_LENGTH];
    uint8_t *bytes = calloc(1, AB_MARKS_LENGTH);
    int64_t swept = -1;
    int file = bytes == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) {
        ab_fail(error, AB_FAILED, errno, "cannot open %s: %s", path, strerror(errno));
    } else {
        if (pread(file, bytes, AB_MARKS_LENGTH, 0) == AB_MARKS_LENGTH) {
            swept = take(marks, bytes, end);
        }
        ssize_t made = swept < 0 ? pwrite(file, zeros, sizeof zeros, 0) : AB_MARKS_LENGTH; /* room is certain from here on */
        if (made != AB_MARKS_LENGTH) {
            ab_fail(error, AB_FAILED, made < 0 ? errno : ENOSPC, "cannot write %s: %s", path, strerror(made < 0 ? errno : ENOSPC));
            close(file);
            file = -1;
        }
    }
    free(bytes);
    marks->file = file;
    return swept;
}

ab_marks *ab_marks_open(const char *path, const uint8_t *uuid, int64_t end, int64_t *from, ab_error *error) {
    ab_marks *marks = calloc(1, sizeof *marks);
    if (marks == NULL) {
        return NULL;
    }
    atomic_init(&marks->references, 1);
    memcpy(marks->uuid, uuid, 16);
    marks->boot = ab_storage_real()->cache(NULL);
    marks->position = end;
    int64_t swept = load(marks, path, end, error);
    *from = swept < 0 ? end : swept < end - AB_MARKS_READ_MAX ? end - AB_MARKS_READ_MAX : swept;
    return marks;
}

int ab_marks_sweep(ab_marks *marks, int64_t position, ab_error *error) {
    marks->position = position;
    int result = AB_OK;
    for (size_t i = 0; i < AB_MARKS_MAX && result == AB_OK && marks->file >= 0; i++) {
        result = marks->rows[i].dirty ? put_row(marks, &marks->rows[i], error) : AB_OK;
    }
    return result == AB_OK && marks->file >= 0 ? put_header(marks, position, error) : result;
}

void ab_marks_at(ab_marks *marks, int64_t position) { marks->position = position; }

void ab_marks_release(ab_marks *marks) {
    if (marks != NULL && atomic_fetch_sub_explicit(&marks->references, 1, memory_order_acq_rel) == 1) {
        free(marks);
    }
}

void ab_marks_close(ab_marks *marks) {
    if (marks != NULL) {
        if (marks->file >= 0) {
            close(marks->file);
        }
        marks->file = -1;
        ab_marks_release(marks);
    }
}

/* ---- what is recorded behind the last sweep ----------------------------------------------------------------------- */

void ab_marks_raise(ab_marks *marks, int stream, int32_t session_id, int64_t position, int64_t stream_position) {
    for (size_t i = 0; i < AB_MARKS_MAX; i++) {
        row *of = &marks->rows[i];
        if (of->used && of->session_id == session_id && of->stream == stream && position > of->since) {
            of->position = stream_position > of->position ? stream_position : of->position;
            of->moved = position;
            of->dirty = true;
        }
    }
}

int ab_marks_catch_up_wait(ab_marks *marks, const char *directory, int64_t from, ab_error *error) {
    ab_journal_reader *reader;
    ab_journal_record *records = calloc(BATCH, sizeof *records);
    if (records == NULL) {
        return ab_fail(error, AB_NO_MEMORY, ENOMEM, "no memory to read a journal");
    }
    int result = ab_journal_reader_open(directory, NULL, AB_JOURNAL_SKIP_CORRUPT, &reader, error);
    if (result == AB_OK) {
        result = ab_journal_reader_seek(reader, AB_SEEK_POSITION, from, error);
        result = result == AB_PURGED ? ab_journal_reader_seek(reader, AB_SEEK_EARLIEST, 0, error) : result;
        while (result == AB_OK || result > 0 || result == AB_LOST) {
            result = ab_journal_reader_batch(reader, records, BATCH, error);
            for (int i = 0; i < result; i++) {
                ab_marks_raise(marks, records[i].stream, records[i].session_id, records[i].position, records[i].stream_position);
            }
        }
        ab_journal_reader_close(reader);
    }
    free(records);
    return result == AB_END ? AB_OK : result;
}

/* ---- sessions ----------------------------------------------------------------------------------------------------- */

static row *row_of(const ab_subscription *subscription, const ab_session *session) {
    return subscription->marks == NULL || session->mark == 0 ? NULL : &subscription->marks->rows[session->mark - 1];
}

/* The row of a session, or the one that makes room for it: free, or of nobody here and still for longest. NULL: all are in use. */
static row *choose(ab_marks *marks, uint16_t stream, int32_t session_id) {
    row *oldest = NULL;
    for (size_t i = 0; i < AB_MARKS_MAX; i++) {
        row *of = &marks->rows[i];
        if (of->used && of->stream == stream && of->session_id == session_id) {
            return of;
        }
        bool older = oldest == NULL || (oldest->used && (!of->used || of->moved < oldest->moved));
        oldest = !of->live && older ? of : oldest;
    }
    return oldest;
}

void ab_marks_meet(ab_subscription *subscription, ab_session *session, int32_t initial_term_id) {
    ab_marks *marks = subscription->marks;
    session->initial_term_id = initial_term_id;
    if (marks == NULL || subscription->local != NULL || row_of(subscription, session) != NULL) {
        return;
    }
    row *of = choose(marks, subscription->marks_stream, session->session_id);
    if (of == NULL) {
        return;
    }
    if (!of->used || of->session_id != session->session_id || of->stream != subscription->marks_stream ||
        of->initial_term_id != initial_term_id) {
        *of = (row){
            .since = marks->position, .moved = marks->position, .position = NONE, .session_id = session->session_id,
            .initial_term_id = initial_term_id, .stream = subscription->marks_stream, .used = true, .dirty = true};
        if (marks->file >= 0) {
            (void)put_row(marks, of, NULL); /* it stays dirty: the next sweep tries again, and tells */
        }
    }
    of->live = true;
    session->mark = (uint32_t)(of - marks->rows) + 1;
    if (of->position > session->position) {
        session->position = session->replayed = of->position;
    }
}

static void mark(ab_subscription *subscription, const ab_session *session) {
    row *of = row_of(subscription, session);
    int64_t reached = session->assembling ? session->assembly_begin : session->position; /* half a message is not recorded */
    if (of != NULL && reached > of->position) {
        of->position = reached;
        of->moved = subscription->marks->position;
        of->dirty = true;
    }
}

void ab_marks_leave(ab_subscription *subscription, const ab_session *session) {
    row *of = row_of(subscription, session);
    if (of != NULL) {
        mark(subscription, session);
        of->live = false;
    }
}

void ab_marks_repeat(ab_subscription *subscription, uint8_t flags, const uint8_t *bytes, size_t length) {
    if (subscription->marks != NULL && (flags & AERON_DATA_HEADER_BEGIN_FLAG) != 0) {
        subscription->repeated += subscription->marks_framed ? ab_frame_messages(bytes, length) : 1;
    }
}

int ab_subscription_marks(ab_handle handle, ab_marks *marks, int stream, int framed) {
    ab_subscription *subscription = ab_slot_peek(handle, AB_KIND_SUBSCRIPTION);
    if (subscription == NULL) {
        return AB_STALE;
    }
    if (stream < 0 || stream > AB_JOURNAL_STREAM_MAX) {
        return AB_INVALID;
    }
    for (uint32_t i = 0; i < AB_SESSIONS; i++) {
        if (subscription->sessions[i].used) {
            ab_marks_leave(subscription, &subscription->sessions[i]);
            subscription->sessions[i].mark = 0;
        }
    }
    if (marks != NULL) {
        atomic_fetch_add_explicit(&marks->references, 1, memory_order_relaxed);
    }
    ab_marks_release(subscription->marks);
    subscription->marks = marks;
    subscription->marks_stream = (uint16_t)stream;
    subscription->marks_framed = framed != 0;
    for (uint32_t i = 0; i < AB_SESSIONS; i++) {
        if (subscription->sessions[i].used) {
            ab_marks_meet(subscription, &subscription->sessions[i], subscription->sessions[i].initial_term_id);
        }
    }
    return AB_OK;
}

int ab_subscription_mark(ab_handle handle) {
    ab_subscription *subscription = ab_slot_peek(handle, AB_KIND_SUBSCRIPTION);
    if (subscription == NULL) {
        return AB_STALE;
    }
    for (uint32_t i = 0; i < AB_SESSIONS; i++) {
        if (subscription->sessions[i].used) {
            mark(subscription, &subscription->sessions[i]);
        }
    }
    return AB_OK;
}

int64_t ab_subscription_repeated(ab_handle handle) {
    const ab_subscription *subscription = ab_slot_peek(handle, AB_KIND_SUBSCRIPTION);
    return subscription == NULL ? AB_STALE : subscription->repeated;
}
