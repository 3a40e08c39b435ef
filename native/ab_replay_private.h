/*
 * ab_replay_private: what the parts of a replay share.
 *
 *      ab_replay_open.c     attached to its subscription, looked at, freed
 *      ab_replay_read.c     reads the recording
 *      ab_replay_session.c  what is known of each session, from the recording and live; what of it was lost
 *      ab_replay.c          the phases: when to read, to hold, to go live
 */
#ifndef AB_REPLAY_PRIVATE_H
#define AB_REPLAY_PRIVATE_H

#include "ab_replay.h"

#define AB_REPLAY_READ 256u /* records at once */
#define AB_REPLAY_NEVER INT64_MIN

/* What is known of one session: from the recording, and live. */
typedef struct {
    int32_t session_id;
    bool up;           /* its image is here */
    bool live;         /* let through; records of it are passed over */
    bool marked;       /* a control frame of it was discarded: `publisher` and `next` are what it said */
    bool numbered;     /* a whole frame of it was discarded, the last one: */
    bool told;         /* it went, and it was said what the recording did not get of it */
    uint32_t publisher;
    uint64_t next;
    int64_t behind_ns; /* since when, at the recording's end, it is not caught up and no record of it came; 0: it is */
    int64_t begin;     /* of its image */
    int64_t discarded; /* end of the last message of it that was discarded, NEVER: none */
    int64_t replayed;  /* end of the last record of it, NEVER: none */
} ab_replay_session;

struct ab_replay {
    ab_journal_reader *reader; /* NULL: not needed any more */
    int phase;
    bool join;
    bool waits_said;
    bool hole_due;             /* the reader told of one that is not said yet */
    int32_t end;
    int64_t end_value;
    double speed;
    uint8_t streams[(AB_JOURNAL_STREAM_MAX + 1) / 8];

    ab_journal_record records[AB_REPLAY_READ];
    uint32_t first, count;     /* those not yet given */
    int64_t sequence;          /* of the record that comes next */
    int64_t position;          /* the place before it */
    int64_t inside;            /* where it began, until a record was passed: it may be between two messages of the first */
    int64_t start_time_ns;     /* earlier records do not come, also those that are written now */
    int64_t first_time_ns;     /* of the first record given, 0: none was; and when that was: */
    int64_t first_given_ns;

    int64_t begun_ns;          /* monotonic */
    int64_t hold_until_ns;
    int64_t rest_until_ns;
    int64_t rest_ns;
    int64_t watch_until_ns;
    int64_t watch_next_ns;     /* when the recording is looked at again */
    int64_t patience_ns;       /* so long without a record of it, and a session is not waited for any longer */
    int64_t ended_ns;

    ab_replay_session *sessions;
    uint32_t session_count, session_room, session_last;

    int64_t messages, read, retries;
    ab_error error;
    uint32_t recorded_count;   /* of this batch */
    uint32_t recorded_room;
    ab_recorded *recorded;
};

/* What is known of a session, made when it is not; NULL without memory. */
ab_replay_session *ab_replay_session_of(ab_replay *replay, int32_t session_id);

/* Was all replayed that came before what will be polled next of a session that is here? */
bool ab_replay_is_caught_up(const ab_subscription *subscription, const ab_replay_session *session);

/* Can holding help: is it known up to where the recording has to come? */
bool ab_replay_is_known(const ab_replay_session *session);

/* Let a session that is here through from now on. */
void ab_replay_let_through(ab_subscription *subscription, ab_replay_session *session);

/* A session that is here is not caught up, at the recording's end. True: it was waited for long enough, it is let through, and what the
 * recording did not get of it was said. */
bool ab_replay_gives_up(ab_subscription *subscription, ab_replay_session *session, int64_t now_ns);

/* At the recording's end: say what it did not get of sessions that went, when it was waited for long enough. True: some are waited for. */
bool ab_replay_awaits_gone(ab_subscription *subscription, int64_t now_ns);

/* May something be said now? A notice stands between batches. */
bool ab_replay_may_say(const ab_subscription *subscription);
void ab_replay_say(ab_subscription *subscription, int kind, uint64_t first, uint64_t last, int64_t position);

/* Give what is due. True: the committed end was reached. */
bool ab_replay_read_on(ab_subscription *subscription, int64_t now_ns, bool *worked);

/* At the committed end: end there when it is the one asked for. */
bool ab_replay_ends_here(ab_subscription *subscription, int64_t now_ns);

/* The recording is not needed any more. */
void ab_replay_let_go(ab_replay *replay);

#endif
