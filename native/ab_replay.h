/*
 * ab_replay: a subscription that reads a recording first, and then goes on live: no gap, no duplicate.
 *
 *      journal ── records ──┐
 *                           ├─ deliver (ab_poll: header, gap check, walk) ── batch ── PollPort
 *      Aeron ── fragments ──┘  discarded, held, or let through, by phase
 *
 *   phase    journal                    live fragments of a session
 *   REPLAY   read                       discarded, remembering how far: nobody who publishes is held back by a long replay
 *   HOLD     read, near its end         not polled, 100 ms at most: the journal catches up with what was discarded
 *   LIVE     watched for 10 s           let through; those the replay had already are dropped in silence
 *   ENDED    at the end asked for       let nothing through
 *   FAILED   corrupt, purged, a failed read: said in a notice; discarded from then on
 *
 * When a session goes live. All that came before what will be polled next must have been replayed; enough for that is one of
 *   - a message of it was discarded, and the journal has a record that ends there or later;
 *   - a Beat or Hello of it was discarded that names the next sequence, and the replay reached that (control frames are not in a
 *     journal, so positions alone would never say so for a quiet publisher: it says Beat once a second);
 *   - its image began at the stream's begin, or not behind the last record of it.
 * All sessions that are here go live at once, as soon as there is one: while there is none, the journal is read on. Those that went are
 * not waited for: a recorder may write the last messages of one long after they were sent, and it is not known how many there are.
 * So while it is live the journal is read on, records of live sessions are passed over, those of others are given, and this ends
 * WATCH_NS after the last of them. A session whose image comes meanwhile and that is in the middle of its stream (its set-up took
 * longer) is replayed by itself, while the others stay live; a session that begins later is live only.
 *
 * A recorder may be gone, or have missed what was discarded here. When no record of a session comes for `patience_ns` that is behind, at
 * the journal's end, it is said what was lost (SAYS_LOST; a Gap too where messages have numbers), and the session goes live.
 *
 * Rules of this file
 *   - Order within a session is kept; between sessions it is the recording's while it is replayed.
 *   - A record the live side had is passed over by its session's state, never by comparing positions of other sessions.
 *   - What Python may ask of a replayed message (recording's sequence, position, time) is beside the batch, not in it: a live
 *     stream pays one test of a pointer a fragment.
 *   - Each message has a place of its own in the recording: that of its record, less the messages of the record (a batch frame) that
 *     come after it. A record has more bytes than messages, so it lies inside the record, and from there the rest of it is given.
 *   - Two sessions of one id after another are one: the second's records follow the first's, from lower positions.
 *
 * Thread: the poller's. Attach before the first poll.
 */
#ifndef AB_REPLAY_H
#define AB_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ab_endpoint.h"
#include "ab_journal.h"

/* cffi:begin */
enum ab_replay_end {
    AB_REPLAY_NO_END = 0,
    AB_REPLAY_END_SEQUENCE = 1, /* the first record that does not come any more */
    AB_REPLAY_END_POSITION = 2, /* the last record that comes ends there or before */
    AB_REPLAY_END_TIME = 3,     /* the first time that does not come any more */
    AB_REPLAY_END_NOW = 4       /* the committed end at the time of attaching */
};

enum ab_replay_phase {
    AB_REPLAY_NONE = 0, /* not a replay */
    AB_REPLAY_READS = 1,
    AB_REPLAY_HOLDS = 2,
    AB_REPLAY_LIVE = 3,
    AB_REPLAY_ENDED = 4,
    AB_REPLAY_FAILED = 5
};

/* Notices of a replay, beside those of ab_notice_kind. */
enum ab_replay_notice {
    AB_REPLAY_SAYS_JOINED = 32, /* live from here: first: messages replayed, last: holds that were given up, position: ns it took */
    AB_REPLAY_SAYS_ENDED = 33,  /* the same at the end asked for */
    AB_REPLAY_SAYS_FAILED = 34, /* first: 0 - code; state tells the text. Nothing more comes */
    AB_REPLAY_SAYS_HOLE = 35,   /* a hole a repair left: first: the sequence behind it. It goes on */
    AB_REPLAY_SAYS_WAITS = 36,  /* live, but the recording does not follow: first: holds given up so far. Said once */
    AB_REPLAY_SAYS_LOST = 37    /* session: first to last (of its positions) was let go by live, and the recording did not get it */
};

typedef struct {
    const char *directory;   /* of the recording */
    const uint16_t *streams; /* numbers in its table */
    uint32_t stream_count;
    int32_t seek;            /* enum ab_journal_seek */
    int64_t value;
    int32_t end;             /* enum ab_replay_end */
    int64_t end_value;
    int32_t join;            /* 1: live follows; 0: the recording alone, as it grows */
    double speed;            /* 0: as fast as it can be read; n: by the recorded times, n times as fast */
    int64_t patience_ns;     /* how long the recording may be without what was discarded; 0: 10 s */
    int32_t to_end;          /* 1: a position behind the recording's end means its end, and is not refused */
} ab_replay_options;

typedef struct {
    int32_t phase;           /* enum ab_replay_phase */
    int32_t code;            /* FAILED: why */
    int64_t pending;         /* messages before `position` that were not handed over yet */
    int64_t messages;        /* put into batches from the recording */
    int64_t records;         /* of these streams that were read */
    int64_t retries;         /* holds that were given up */
    int64_t sequence;        /* of the record that comes next */
    int64_t position;        /* the place before it */
    int64_t end_position;    /* END_NOW, END_POSITION: the place to stop at, else 0 */
    int64_t elapsed_ns;
    char text[1000];         /* FAILED or a hole: what there is to say */
} ab_replay_state;

/* Feed a subscription, configured or not yet, from a recording. Errors as ab_journal_reader_open and _seek, and AB_STALE,
 * AB_INVALID (no stream, a speed below 0, a time in the future, attached before). Releases the GIL. */
int ab_subscription_replay_wait(ab_handle subscription, const ab_replay_options *options, ab_error *error);

/* AB_OK or AB_STALE; phase AB_REPLAY_NONE for a subscription that replays nothing. Keeps the GIL. */
int ab_subscription_replay_state(ab_handle subscription, ab_replay_state *state);
/* cffi:end */

/* What a record was, beside the batch's own. Zero time: the message came live. */
typedef struct {
    int64_t sequence;
    int64_t position;
    int64_t time_ns;
} ab_recorded;

/* For ab_poll: one pass of a replay. As ab_poll's live part: a negative code, or AB_OK. */
int ab_replay_poll(ab_subscription *subscription, bool *worked);

/* For ab_poll: live fragment of a session that ends at `position`. True: it is discarded. */
bool ab_replay_discards(
    ab_subscription *subscription, int32_t session_id, int64_t position, uint8_t flags, const uint8_t *bytes, size_t length);

/* For ab_session: an image came, and its session is made; or it went. */
void ab_replay_image(ab_subscription *subscription, const ab_image_event *event);

/* For ab_poll_service: keep discarding while the stream is paused. */
void ab_replay_service(ab_subscription *subscription);

/* What message `place` of the batch was in the recording; NULL: it came live. */
const ab_recorded *ab_replay_recorded(const ab_subscription *subscription, uint32_t place);

/* With the subscription. NULL is fine. */
void ab_replay_free(ab_replay *replay);

#endif
