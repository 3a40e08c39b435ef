/*
 * ab_gather: batch frames, several messages in one Aeron message. The way out of many messages at once.
 *
 *      add ── fits ── [ header | lengths | body 0 | body 1 | ... ] ── full, lingered, flushed, or of another type ── offer
 *
 * Rules
 *   - A message is accepted when it is in the frame: its sequence is used then. Nothing is accepted while nobody is connected, or
 *     while a full frame is refused: that refusal is the answer, and policy is Python's.
 *   - A frame that was refused is kept and offered again before anything else. It is given up only by ab_gather_give_up, which
 *     counts its messages as dropped; published are counted when Aeron takes them.
 *   - A frame holds one type, and sequences without a hole: another type, or a message that policy dropped, ends it.
 *   - With a linger, a message waits for others at most so long (and a wake-up of the thread behind `news`). Without one, a lone
 *     publish waits for nobody: frames are made of lists and arrays alone (ab_array; here of lists that are no msgpack array).
 *   - Control frames go behind what was gathered.
 *   - A message longer than max_bytes allows goes alone.
 *
 * Thread: as ab_offer: one at a time, the GIL is the lock.
 */
#ifndef AB_GATHER_H
#define AB_GATHER_H

#include "ab_endpoint.h"

/* cffi:begin */
/* Gather up to `max_messages` (1 to 65,535) in frames of up to `max_bytes`, header and lengths included, and no more than the
 * publication carries. `linger_ns` 0: see above. `news` (NULL: nobody) is bumped when somebody is to look after the linger; it is
 * retained. AB_OK, AB_STALE, AB_INVALID (also: not configured, or without our frame), AB_NO_MEMORY. Keeps the GIL. */
int ab_publication_gather(ab_handle publication, uint32_t max_messages, size_t max_bytes, int64_t linger_ns, ab_event *news);
/* cffi:end */

struct ab_gather {
    uint32_t max_messages;
    size_t max_bytes;
    int64_t linger_ns;
    ab_event *news;
    bool watched;         /* somebody looks after the linger */
    uint32_t count;       /* messages gathered */
    uint16_t type;
    uint16_t version;
    uint64_t first;       /* sequence of the first */
    int64_t time_ns;      /* publish time of the first */
    int64_t due_ns;       /* monotonic: when they are sent at the latest */
    size_t length;        /* of the bodies */
    size_t head;          /* offset of the bodies in `bytes`: room for header and lengths */
    uint32_t *lengths;
    uint8_t *bytes;
};

/* May this length be gathered at all? */
bool ab_gather_fits(const ab_publication *publication, size_t length);

/* Take a message that fits. AB_OK: it is in the frame, whose `first + count` is the next sequence; or why not. */
int ab_gather_add(
    ab_publication *publication, uint16_t type, uint16_t version, int64_t time_ns, const uint8_t *body, size_t length);

/* Offer what was gathered. AB_OK when nothing is left, or Aeron's refusal: it is kept. */
int ab_gather_flush(ab_publication *publication);

/* Drop what was gathered, counted. Returns how many messages. */
size_t ab_gather_give_up(ab_publication *publication);

/* Offer what has lingered long enough. When to look again (monotonic), 0: nothing waits. */
int64_t ab_gather_linger(ab_publication *publication, int64_t now_ns);

/* Offer `count` records of a layout, which lie `stride` bytes apart, as batch frames. How many were accepted; `*code` says why it
 * stopped: AB_OK (it did not), a refusal, AB_MALFORMED for a record that no reader would take, AB_UNKNOWN_TYPE, AB_NO_MEMORY. */
size_t ab_offer_records(
    ab_publication *publication, const ab_layout *layout, const uint8_t *records, size_t count, int *code);

/* Free it, with what it holds. NULL is fine. */
void ab_gather_free(ab_gather *gather);

#endif
