/*
 * ab_batch: the batch being built, message by message, and who is let in.
 *
 *      bytes   | unused (3) | 0xdd count (5) | body 0 | body 1 | body 2 | ...          one msgpack array: one decode call
 *      records [ where body 0 came from ][ body 1 ][ body 2 ] ...
 *
 * inv_body_belongs_to_its_record: a body enters only after it was found to be exactly one value of the type its header says
 * (ab_msgpack_one), and its record is written in the same step. So element i of the decoded array is record i's message,
 * whatever else was on the wire. For JSON and raw, `bytes` is the bodies one after another behind eight unused bytes, and the
 * records say where each one is. For struct they are records of ab_layout, each `stride` bytes and aligned to 8: padding and
 * defaults are filled in here, so that an array of one type is one array in memory.
 *
 * Thread: the poller's. A view of the bytes that is out (exports) is the port's business: it does not poll meanwhile.
 */
#ifndef AB_BATCH_H
#define AB_BATCH_H

#include "ab_endpoint.h"

/* One body and what is known about it before it is looked into. */
typedef struct {
    const uint8_t *body;
    size_t length;
    int64_t position;
    uint64_t sequence;
    int64_t publish_time_ns;
    int32_t session_id;
    uint32_t publisher;
    uint32_t index;
    uint16_t type_id;
    uint16_t version;
} ab_arrival;

/* Let one message in, or count and quarantine it. False: it is a good one, but the batch is full; nothing was changed. */
bool ab_batch_admit(ab_subscription *subscription, const ab_arrival *arrival);

/* Quarantine `arrival` for `reason`. Counts AB_QUARANTINED only: the caller counts why. */
void ab_batch_refuse(ab_subscription *subscription, const ab_arrival *arrival, int reason, const char *error);

/* Realtime of this pass, ns: read once, when it is first asked for. */
int64_t ab_batch_time_ns(ab_subscription *subscription);

/* Empty the batch for the next messages; a buffer that grew for large ones is given back when it was long not needed. */
void ab_batch_reset(ab_batch *batch);

/* Complete the batch as it is handed over: the array header, the counters. */
void ab_batch_finish(ab_subscription *subscription);

#endif
