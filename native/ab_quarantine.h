/*
 * ab_quarantine: the newest messages of a stream that could not be delivered, with their address and the reason.
 *
 * Rules
 *   - Bounded twice: AB_QUARANTINE_ENTRIES entries and AB_QUARANTINE_BYTES of bodies; the oldest make room. What was pushed
 *     out is still counted (AB_QUARANTINED counts every entry ever put).
 *   - A body longer than all the room is kept cut at AB_QUARANTINE_BYTES; body_length tells the length it had.
 *   - Memory comes with the first entry: one block of entries, one ring of bytes, nothing after that. When there is no
 *     memory the entry is counted and not kept.
 *   - The poller's thread puts, with or without the GIL; any thread takes a snapshot. A mutex is between them: it is only
 *     asked for when a message is bad, and held for a copy.
 */
#ifndef AB_QUARANTINE_H
#define AB_QUARANTINE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* cffi:begin */
#define AB_QUARANTINE_ENTRIES 1024
#define AB_QUARANTINE_BYTES 4194304
#define AB_QUARANTINE_TEXT 256

enum ab_reason {
    AB_REASON_MALFORMED = 1,    /* the body is not one value of its format, or not of the type its header says */
    AB_REASON_UNKNOWN_TYPE = 2, /* the stream does not declare the type */
    AB_REASON_DECODE = 3,       /* the decoder refused it (a field's type, UTF-8) */
    AB_REASON_HANDLER = 4,      /* a handler raised */
    AB_REASON_FRAME = 5,        /* our 32-byte header, or the lengths of a batch frame, are wrong */
    AB_REASON_FORMAT = 6        /* a format this stream does not speak */
};
/* cffi:end */

typedef struct {
    int64_t position;
    int64_t time_ns;      /* when it was taken from Aeron, realtime */
    uint64_t sequence;
    uint64_t offset;      /* of the kept bytes, counted from the ring's first byte ever written */
    uint32_t kept;        /* bytes kept */
    uint32_t body_length; /* bytes it had */
    uint32_t index;       /* in its frame */
    int32_t session_id;
    uint16_t type_id;
    uint16_t version;
    int32_t reason;       /* ab_reason */
    char error[AB_QUARANTINE_TEXT]; /* zero-terminated, cut at a UTF-8 boundary */
} ab_quarantine_entry;

typedef struct {
    pthread_mutex_t lock;
    ab_quarantine_entry *entries; /* ring of AB_QUARANTINE_ENTRIES, NULL until the first */
    uint8_t *bytes;               /* ring of AB_QUARANTINE_BYTES */
    uint64_t first, next;         /* entries first .. next - 1 are kept, at index % AB_QUARANTINE_ENTRIES */
    uint64_t end;                 /* bytes ever written, skipped tails included */
} ab_quarantine;

void ab_quarantine_init(ab_quarantine *quarantine);
void ab_quarantine_free(ab_quarantine *quarantine); /* what it points to */

/* Put an entry; `entry` says everything but offset, kept and the text; `error` may be NULL. AB_OK or AB_NO_MEMORY. */
int ab_quarantine_put(
    ab_quarantine *quarantine, const ab_quarantine_entry *entry, const char *error, const uint8_t *body);

/* Copy it, as it is at one moment, to `copy` (not initialised before, to be freed after). AB_OK or AB_NO_MEMORY. */
int ab_quarantine_snapshot(ab_quarantine *quarantine, ab_quarantine *copy);

/* Of a snapshot: how many are kept; the i-th, oldest first, and its bytes. */
size_t ab_quarantine_count(const ab_quarantine *quarantine);
const ab_quarantine_entry *ab_quarantine_at(const ab_quarantine *quarantine, size_t i, const uint8_t **body);

#endif
