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
 *
 * Thread: as ab_offer: one at a time, the GIL is the lock.
 */
#ifndef AB_ARRAY_H
#define AB_ARRAY_H

#include <stddef.h>
#include <stdint.h>

#include "ab_endpoint.h"

#define AB_ARRAY_FRAME 1024u /* messages in one frame at most: their lengths lie on the stack */

/* Offer the elements of one msgpack array of bodies from number `skip` on; all carry one publish time. How many were accepted;
 * `*code` says why it stopped: AB_OK (it did not), ab_offer's result for the next one, AB_MALFORMED (also for bytes behind the
 * array), AB_INVALID for a stream that is not framed msgpack. Each body is walked once. */
size_t ab_offer_array(ab_publication *publication, const uint8_t *bytes, size_t length, size_t skip, int *code);

#endif
