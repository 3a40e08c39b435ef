/*
 * ab_array: a list on its way out, from one encode to batch frames.
 *
 *      [ n | body | body | body | body ... ]     one msgpack array of bodies, as the encoder left it
 *            one walk: lengths, and runs of one type
 *      [ header | lengths | body body ... ]      a run is one frame: written into the term from where it lies, one copy
 *
 * Rules
 *   - A frame holds what fits the stream's `batch`, or one Aeron fragment where it says nothing; a list of one message, and a
 *     run of one, is a plain frame. Another type ends a frame.
 *   - A message is accepted when Aeron took its frame: a refused frame is refused as a whole, counted once, and no number is used.
 *   - What is wrong with a body is said when all before it are sent.
 *   - With a linger the messages go through ab_gather, where the last of them may wait for others.
 *   - A run is also what messages that native code wrote go out in (ab_port_write.c.inc): the same frames, nothing to walk.
 *
 * Thread: as ab_offer: one at a time, the GIL is the lock.
 */
#ifndef AB_ARRAY_H
#define AB_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ab_bytes.h"
#include "ab_endpoint.h"
#include "ab_frame.h"

#define AB_ARRAY_FRAME 1024u /* messages in one frame at most: their lengths lie on the stack */

/* Offer the elements of one msgpack array of bodies from number `skip` on; all carry one publish time. How many were accepted;
 * `*code` says why it stopped: AB_OK (it did not), ab_offer's result for the next one, AB_MALFORMED (also for bytes behind the
 * array), AB_INVALID for a stream that is not framed msgpack. Each body is walked once. */
size_t ab_offer_array(ab_publication *publication, const uint8_t *bytes, size_t length, size_t skip, int *code);

/* ---- a run --------------------------------------------------------------------------------------------------------- */

/* What goes next as one frame: bodies of one type, one behind another. */
typedef struct {
    size_t most;    /* messages */
    size_t longest; /* bytes, header and lengths included */
    int64_t time_ns;
    const uint8_t *bodies; /* the caller's, who says where before the first joins */
    size_t length; /* of the bodies */
    uint32_t count;
    uint16_t type;
    bool woke; /* who polls it, by the first frame; again when all are there */
    uint8_t head[AB_FRAME_LENGTH + AB_ARRAY_FRAME * 4u];
} ab_run;

/* An empty one, within the bounds of the publication's frames; its publish time is now. */
void ab_run_begin(ab_publication *publication, ab_run *run);

/* May this body join? Else the run is to be sent first. An empty one takes any. */
static inline bool ab_run_takes(const ab_run *run, uint16_t type, size_t length) {
    return run->count == 0 || (run->type == type && run->count < run->most &&
                               AB_FRAME_LENGTH + (run->count + 1) * 4u + run->length + length <= run->longest);
}

/* It joins; it lies behind those that are there, is of a declared type and not too large. */
static inline void ab_run_add(ab_run *run, uint16_t type, size_t length) {
    ab_put_le32(run->head + AB_FRAME_LENGTH + run->count * 4u, (uint32_t)length);
    run->type = type;
    run->count++;
    run->length += length;
}

/* Send it, if there is any of it, and empty it: its messages are added to *accepted. AB_OK, or why not: it is refused as a
 * whole then, and counted. */
int ab_run_send(ab_publication *publication, ab_run *run, size_t *accepted);

#endif
