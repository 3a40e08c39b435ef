/* ab_replay_read: the recording's side of a replay. Rules: ab_replay.h. */
#include "ab_replay_private.h"

#include "ab_clock.h"
#include "ab_poll.h"
#include "ab_sequence.h"
#include "ab_session.h"

#define READS_A_PASS 16u               /* records of other streams that are passed over in one pass: 4,096 */
#define END_TIME_MARGIN_NS AB_NS_PER_S /* a record of before an end may be committed so much later */

/* ---- notices ----------------------------------------------------------------------------------------------------- */

void ab_replay_say(ab_subscription *subscription, int kind, uint64_t first, uint64_t last, int64_t position) {
    ab_sequence_notice(subscription, &(ab_notice){.kind = kind, .first = first, .last = last, .position = position});
}

void ab_replay_let_go(ab_replay *replay) {
    ab_journal_reader_close(replay->reader);
    replay->reader = NULL;
    replay->first = replay->count = 0;
}

bool ab_replay_may_say(const ab_subscription *subscription) {
    return subscription->batch->count == 0 && ab_sequence_room(subscription);
}

static void end(ab_subscription *subscription, int64_t now_ns) {
    ab_replay *replay = subscription->replay;
    if (ab_replay_may_say(subscription)) {
        replay->phase = AB_REPLAY_ENDED;
        replay->ended_ns = now_ns;
        ab_replay_let_go(replay);
        ab_replay_say(subscription, AB_REPLAY_SAYS_ENDED, (uint64_t)replay->messages, (uint64_t)replay->retries,
            now_ns - replay->begun_ns);
    }
}

static void fail(ab_subscription *subscription, int code) {
    ab_replay *replay = subscription->replay;
    if (ab_replay_may_say(subscription)) {
        replay->phase = AB_REPLAY_FAILED;
        replay->error.code = code;
        replay->ended_ns = ab_clock_monotonic_ns();
        ab_replay_let_go(replay);
        ab_replay_say(subscription, AB_REPLAY_SAYS_FAILED, (uint64_t)-code, 0, replay->position);
    }
}

/* ---- the recording ----------------------------------------------------------------------------------------------- */

static bool is_of_streams(const ab_replay *replay, uint16_t stream) {
    return (replay->streams[stream / 8] >> (stream % 8) & 1) != 0;
}

/* Is this record not to come any more? */
static bool is_behind_end(const ab_replay *replay, const ab_journal_record *record) {
    switch (replay->end) {
        case AB_REPLAY_END_SEQUENCE:
            return (int64_t)record->sequence >= replay->end_value;
        case AB_REPLAY_END_POSITION:
            return record->position > replay->end_value;
        case AB_REPLAY_END_TIME:
            return record->time_ns >= replay->end_value;
        default:
            return false;
    }
}

/* At the committed end: is it the end that was asked for? */
static bool is_at_end(const ab_replay *replay) {
    ab_journal_reader_state state;
    switch (replay->end) {
        case AB_REPLAY_END_SEQUENCE:
            return replay->sequence >= replay->end_value;
        case AB_REPLAY_END_POSITION:
            ab_journal_reader_state_get(replay->reader, &state); /* commits behind the last record count too */
            return replay->position >= replay->end_value || state.position >= replay->end_value;
        case AB_REPLAY_END_TIME:
            return ab_clock_realtime_ns() - END_TIME_MARGIN_NS > replay->end_value;
        default:
            return false;
    }
}

static bool is_due(ab_replay *replay, const ab_journal_record *record, int64_t now_ns) {
    if (replay->speed <= 0) {
        return true;
    }
    if (replay->first_time_ns == 0) {
        replay->first_time_ns = record->time_ns;
        replay->first_given_ns = now_ns;
    }
    return (double)(record->time_ns - replay->first_time_ns) <= (double)(now_ns - replay->first_given_ns) * replay->speed;
}

/* How many messages a record holds. */
static uint32_t messages_of(const ab_subscription *subscription, const ab_journal_record *record) {
    ab_frame frame;
    size_t body;
    return subscription->frame && ab_frame_decode(record->bytes, record->length, &frame, &body) == AB_OK ? frame.count : 1;
}

/* Begin between two messages of a record when the place asked for is there. */
static void skip_handled(const ab_replay *replay, ab_session *session, const ab_journal_record *record, uint32_t messages) {
    int64_t left = record->position - replay->inside;
    if (replay->inside != 0 && left < (int64_t)messages && session->resume_position != record->stream_position) {
        session->resume_position = record->stream_position;
        session->resume_index = messages - (uint32_t)left;
    }
}

/* Note what the messages from `from` on were: all of one record. */
static void note(ab_replay *replay, ab_batch *batch, uint32_t from, const ab_journal_record *record, uint32_t messages) {
    for (; replay->recorded_count < from; replay->recorded_count++) {
        replay->recorded[replay->recorded_count] = (ab_recorded){0};
    }
    for (uint32_t i = from; i < batch->count; i++) {
        replay->recorded[i] = (ab_recorded){.sequence = (int64_t)record->sequence,
                                            .position = record->position - (messages - 1 - batch->records[i].index),
                                            .time_ns = record->time_ns};
    }
    replay->recorded_count = batch->count;
    batch->replayed = true;
    replay->messages += batch->count - from;
}

/* Give a record to the batch. False: it comes again in the next pass. */
static bool give(ab_subscription *subscription, ab_replay_session *of, const ab_journal_record *record) {
    ab_replay *replay = subscription->replay;
    ab_session *session = ab_session_make(subscription, record->session_id);
    if (session->position != AB_REPLAY_NEVER && record->stream_position <= session->position) {
        session->position = AB_REPLAY_NEVER; /* our own image joined further on; or another session of the same id */
        if (record->stream_position != session->resume_position) {
            session->resume_position = AB_REPLAY_NEVER;
        }
    }
    ab_batch *batch = subscription->batch;
    const uint32_t before = batch->count, messages = messages_of(subscription, record);
    skip_handled(replay, session, record, messages);
    if (subscription->pass_time_ns == 0 && before == 0) {
        subscription->pass_time_ns = record->time_ns; /* when the batch was received */
    }
    bool taken = ab_poll_deliver(subscription, session, record->bytes, record->length, record->stream_position);
    if (batch->count > before) {
        note(replay, batch, before, record, messages);
    }
    if (taken) {
        session->position = record->stream_position;
        of->replayed = record->stream_position;
        of->behind_ns = 0;
    }
    return taken;
}

/* A hole a repair left, which the reader tells once: said before anything behind it is given. False: it cannot be said now. */
static bool say_hole(ab_subscription *subscription) {
    ab_replay *replay = subscription->replay;
    if (!ab_replay_may_say(subscription)) {
        return false;
    }
    ab_journal_reader_state state;
    ab_journal_reader_state_get(replay->reader, &state);
    replay->sequence = (int64_t)state.sequence;
    replay->position = state.position;
    replay->hole_due = false;
    ab_replay_say(subscription, AB_REPLAY_SAYS_HOLE, state.sequence, state.lost, state.position);
    return true;
}

/* The recording cannot be read on. What is damaged there came live, when it is live, or is of who went. */
static void give_up(ab_subscription *subscription, int code, int64_t now_ns) {
    ab_replay *replay = subscription->replay;
    if (replay->phase != AB_REPLAY_LIVE) {
        fail(subscription, code);
        return;
    }
    replay->patience_ns = 0;
    if (!ab_replay_awaits_gone(subscription, now_ns)) {
        ab_replay_let_go(replay);
    }
}

/* Read more. False: nothing is committed now, or it was said why there is nothing. */
static bool refill(ab_subscription *subscription, int64_t now_ns, bool *at_end) {
    ab_replay *replay = subscription->replay;
    if (replay->hole_due && !say_hole(subscription)) {
        return false;
    }
    int result = ab_journal_reader_batch(replay->reader, replay->records, AB_REPLAY_READ, &replay->error);
    replay->first = 0;
    replay->count = result > 0 ? (uint32_t)result : 0;
    *at_end = result == AB_END || result == AB_OK;
    if (result == AB_LOST) {
        replay->hole_due = true;
        (void)say_hole(subscription);
    } else if (result < 0 && !*at_end) {
        give_up(subscription, result, now_ns);
    }
    return result > 0;
}

bool ab_replay_read_on(ab_subscription *subscription, int64_t now_ns, bool *worked) {
    ab_replay *replay = subscription->replay;
    bool at_end = false;
    for (uint32_t reads = 0; !subscription->ended;) {
        if (replay->first == replay->count) {
            if (reads++ == READS_A_PASS || !refill(subscription, now_ns, &at_end)) {
                break;
            }
        }
        const ab_journal_record *record = &replay->records[replay->first];
        if (is_behind_end(replay, record)) {
            end(subscription, now_ns);
            break;
        }
        if (is_of_streams(replay, record->stream)) {
            ab_replay_session *session = ab_replay_session_of(replay, record->session_id);
            if (session == NULL) {
                break; /* no memory: again later */
            }
            if (record->time_ns < replay->start_time_ns) {
                session->replayed = record->stream_position; /* received before, written after: not asked for */
            } else if (!session->live && (!is_due(replay, record, now_ns) || !give(subscription, session, record))) {
                break;
            }
            replay->read++;
        }
        replay->sequence = (int64_t)record->sequence + 1;
        replay->position = record->position;
        replay->inside = 0;
        replay->first++;
        *worked = true;
    }
    return at_end;
}

bool ab_replay_ends_here(ab_subscription *subscription, int64_t now_ns) {
    bool ends = is_at_end(subscription->replay);
    if (ends) {
        end(subscription, now_ns);
    }
    return ends;
}
