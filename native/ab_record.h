/*
 * ab_record: a subscription whose messages go into a journal instead of a batch: what a recorder is in native code.
 *
 *      Aeron > ab_poll: lengths, session, reassembly > take: ab_journal_append ... end of the pass: ab_journal_tick
 *
 * Rules
 *   - Frames are recorded as received, byte for byte (architecture D11); nothing in them is looked at but the type: Hello, Beat and
 *     Bye (type 0 of our frame) are not recorded. A batch frame is one record.
 *   - Who waits: ab_wait polls a set of such subscriptions without the GIL; a pass appends, its end writes and syncs as the journal's
 *     sync mode has it. Messages that come during a sync wait in the term buffer and are the next group.
 *   - No room on the disk: AB_RECORD_HOLD leaves the message in the term buffer, where it holds its publisher back, and tries again;
 *     AB_RECORD_SHED leaves it out and counts it. With SHED, passes that follow an absence of more than `patience_ns` (a disk call
 *     of any stream of the recorder) record a quarter of a term, then leave out all they find, until one finds nothing: the recorder
 *     has caught up. So a short absence that holds no publisher costs no message.
 *   - A failed write or sync (AB_FAILED) ends ab_wait with that code; the owner decides (ab_journal_resume).
 *   - inv_recorded_in_order: within a session, records are in the order of their positions, each message at most once.
 *
 * Ownership: the sink belongs to its subscription, which frees it; the journal is a handle and may be closed before.
 * Thread: the one that polls the subscription.
 */
#ifndef AB_RECORD_H
#define AB_RECORD_H

#include <stdint.h>

#include "ab_endpoint.h"

/* cffi:begin */
enum ab_record_policy { AB_RECORD_HOLD = 0, AB_RECORD_SHED = 1 };

typedef struct {
    int64_t records;   /* given to the journal */
    int64_t bytes;     /* of those, frames included */
    int64_t shed;      /* messages left out */
    int64_t held;      /* times a message was left in the term buffer for want of room */
    int64_t too_large; /* messages longer than a record may be: left out */
    int64_t words;     /* of the records, `framed` 0: Hello, Beat or Bye of an actorbus publisher, kept as any message */
    int64_t longest_ns; /* the longest from the end of a pass to that of the next: a disk call, or a thread without a core */
} ab_record_counts;

/* From now on what the subscription gets goes to `journal`, as records of stream `stream` (its number in the table of the recording).
 * `framed` 1: messages begin with our frame. Given again, it replaces what was; the counts stay. `journal` 0: messages are
 * left where they are. AB_OK; AB_STALE: the subscription is closed; AB_INVALID; AB_NO_MEMORY. Keeps the GIL. */
int ab_subscription_record(
    ab_handle subscription, ab_handle journal, int stream, int framed, int policy, int64_t patience_ns);

/* AB_OK, AB_STALE, or AB_INVALID: it does not record. */
int ab_subscription_recorded(ab_handle subscription, ab_record_counts *counts);
/* cffi:end */

#endif
