/* ab_floor: the bench's floor: what the same Aeron library does with no Python in the loop.
 *
 * Rules
 *   - Used by actorbus/bench alone. Nothing of the message path calls it, and it touches no state of the path: no frame, no
 *     counters, no sequence of the publication.
 *   - Every function waits: it runs without the GIL inside the counted section of its handles, until the shared word says
 *     another turn or the deadline passes (CLOCK_MONOTONIC, ns). A word is an aligned int64 of memory shared by both
 *     processes; here it is only read.
 *   - The reader adds up the first eight bytes of every message: the payload is read, as every peer reads it.
 */
#ifndef AB_FLOOR_H
#define AB_FLOOR_H

#include <stddef.h>
#include <stdint.h>

#include "ab_histogram.h"
#include "ab_result.h"
#include "ab_slot.h"

/* cffi:begin */
typedef struct {
    int64_t messages;
    int64_t bytes;
    int64_t refused;    /* offers that were told to come again */
    uint64_t checksum;  /* sum of the first eight bytes of every message read */
} ab_floor_count;

/* Offer `count` frames that lie one after the other, each of its length, round and round while *turn == mine. `numbered_at`
 * is where in a frame a running number goes, as 8 bytes little endian (16: our frame's sequence); -1: nowhere. `number`
 * is the next one and moves on. `each` is how much a frame adds to it: its messages. `yields` not 0: a refused offer gives the core
 * away before the next, for cases with more threads than cores. AB_OK, AB_STALE, AB_FAILED. */
int ab_floor_flood_wait(ab_handle publication, const uint8_t *frames, const uint32_t *lengths, size_t count, int numbered_at,
                        uint64_t each, uint64_t *number, const int64_t *turn, int64_t mine, int yields,
                        ab_floor_count *done);

/* Take and count fragments while *turn == mine and the deadline is ahead. AB_OK, AB_STALE, AB_FAILED. */
int ab_floor_drain_wait(ab_handle subscription, const int64_t *turn, int64_t mine, int64_t deadline_ns, ab_floor_count *done);

/* Round trips of `length` bytes (8 .. 1024), one after the other, a number in front that differs each time and is compared.
 * Those begun before `warm_ns` are not recorded. AB_OK; AB_TIMED_OUT: an answer is 2 s late; AB_INVALID: a wrong one. */
int ab_floor_ping_wait(ab_handle publication, ab_handle subscription, size_t length, int64_t warm_ns, int64_t deadline_ns,
                       ab_histogram *trips);

/* Send back what comes while *turn == mine. AB_OK, AB_STALE, AB_FAILED. */
int ab_floor_pong_wait(ab_handle publication, ab_handle subscription, const int64_t *turn, int64_t mine);

/* Make the checksums that a journal makes for `records` records of `length` bytes each (0 .. 4096), and nothing else: ns it took, or
 * AB_INVALID, AB_NO_MEMORY. `*sum` depends on all of them. */
int64_t ab_floor_checksum_wait(size_t length, int64_t records, uint32_t *sum);
/* cffi:end */

#endif
