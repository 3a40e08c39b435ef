/* ab_floor: the bench's floor: what the same Aeron library does with no Python in the loop, and a disk as slow as it is told.
 *
 * Rules
 *   - Used by actorbus/bench alone. Nothing of the message path calls it, and it touches no state of the path: no frame, no
 *     counters, no sequence of the publication.
 *   - Every function waits: it runs without the GIL inside the counted section of its handles, until the shared word says
 *     another turn or the deadline passes (CLOCK_MONOTONIC, ns). A word is an aligned int64 of memory shared by both
 *     processes; here it is only read.
 *   - The reader reads as much of every message as the peers beside it do: its first word, all of it, or a word of each record.
 */
#ifndef AB_FLOOR_H
#define AB_FLOOR_H

#include <stddef.h>
#include <stdint.h>

#include "ab_histogram.h"
#include "ab_journal_port.h"
#include "ab_result.h"
#include "ab_slot.h"

/* cffi:begin */
typedef struct {
    int64_t messages;
    int64_t bytes;
    int64_t refused;    /* offers that were told to come again */
    uint64_t checksum;  /* sum of the words that were read */
} ab_floor_count;

/* What is read of a fragment behind what is skipped: one message, its first word; one message, all words; as many messages as a
 * frame of ours counts in its header, the first word; or records of so many bytes (8 and more), each a message, the first word of
 * each. */
enum ab_floor_reading {
    AB_FLOOR_HEAD = 0,
    AB_FLOOR_WHOLE = -1,
    AB_FLOOR_OURS = -2
};

/* Offer `count` frames that lie one after the other, each of its length, round and round while *turn == mine. `numbered_at`
 * is where in a frame a running number goes, as 8 bytes little endian (16: our frame's sequence); -1: nowhere. `number`
 * is the next one and moves on. `each` is how much a frame adds to it: its messages. `yields` not 0: a refused offer gives the core
 * away before the next, for cases with more threads than cores. AB_OK, AB_STALE, AB_FAILED. */
int ab_floor_flood_wait(ab_handle publication, const uint8_t *frames, const uint32_t *lengths, size_t count, int numbered_at,
                        uint64_t each, uint64_t *number, const int64_t *turn, int64_t mine, int yields,
                        ab_floor_count *done);

/* Take, read and count fragments while *turn == mine and the deadline is ahead. A message longer than a fragment counts as several.
 * AB_OK, AB_STALE, AB_FAILED, AB_INVALID: a record of 1 .. 7 bytes. */
int ab_floor_drain_wait(ab_handle subscription, const int64_t *turn, int64_t mine, int64_t deadline_ns, size_t skip, int64_t record,
                        ab_floor_count *done);

/* Round trips of `length` bytes (8 .. 1024), one after the other, a number in front that differs each time and is compared.
 * Questions go out on `publication`, answers come on `subscription`. `back` and `there` 0: somebody else answers; else this thread
 * answers, too: what comes on `there` goes out on `back`. Those begun before `warm_ns` are not recorded.
 * AB_OK; AB_TIMED_OUT: an answer is 2 s late; AB_INVALID: a wrong one. */
int ab_floor_ping_wait(ab_handle publication, ab_handle subscription, ab_handle back, ab_handle there, size_t length,
                       int64_t warm_ns, int64_t deadline_ns, ab_histogram *trips);

/* Send back what comes while *turn == mine. AB_OK, AB_STALE, AB_FAILED. */
int ab_floor_pong_wait(ab_handle publication, ab_handle subscription, const int64_t *turn, int64_t mine);

/* Send ticks of 16 bytes, one each `pause_ns` until the deadline: a number and when it was due. Those due before `warm_ns` have the
 * number -1. `*sent` counts the others. AB_OK; AB_TIMED_OUT: one could not be sent for 2 s. */
int ab_floor_tick_wait(ab_handle publication, int64_t pause_ns, int64_t warm_ns, int64_t deadline_ns, int64_t *sent);

/* Record how late ticks come while *turn == mine and the deadline is ahead; all are counted. AB_OK, AB_STALE, AB_FAILED. */
int ab_floor_hear_wait(ab_handle subscription, const int64_t *turn, int64_t mine, int64_t deadline_ns, ab_histogram *lateness,
                       ab_floor_count *done);

/* Make the checksums that a journal makes for `records` records of `length` bytes each (0 .. 4096), and nothing else: ns it took, or
 * AB_INVALID, AB_NO_MEMORY. `*sum` depends on all of them. */
int64_t ab_floor_checksum_wait(size_t length, int64_t records, uint32_t *sum);

/* As ab_journal_port_open_wait, on the real files, but for their fdatasync: it asks no disk and takes `sync_ns` instead, the thread
 * asleep meanwhile. All such journals of a process have the time that was given last. */
ab_handle ab_floor_slow_disk_open_wait(
    const ab_journal_options *options, ab_journal_opened *opened, ab_error *error, int64_t sync_ns);

/* What such syncs took in this process, ns, and how many there were. */
int64_t ab_floor_slow_disk_spent(int64_t *syncs);
/* cffi:end */

#endif
