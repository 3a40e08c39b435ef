/* ab_replay: the sessions of a replay, and when they go live. The phases and the rules are in ab_replay.h. */
#include "ab_replay_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ab_clock.h"
#include "ab_fail.h"
#include "ab_poll.h"
#include "ab_session.h"

#define HOLD_NS (100 * AB_NS_PER_MS)   /* a publisher waits no longer for a replay to catch up */
#define REST_NS_MAX (2 * AB_NS_PER_S)  /* between two holds: as long as the last, doubled from one to the next */
#define WATCH_NS (10 * AB_NS_PER_S)    /* set-up of an image over UDP: up to a few seconds when packets are lost */
#define WAITS_RETRIES 4                /* some 1.5 s of holds and rests: then it is said that the recording does not follow */

/* ---- sessions ---------------------------------------------------------------------------------------------------- */

ab_replay_session *ab_replay_session_of(ab_replay *replay, int32_t session_id) {
    if (replay->session_last < replay->session_count && replay->sessions[replay->session_last].session_id == session_id) {
        return &replay->sessions[replay->session_last];
    }
    for (uint32_t i = 0; i < replay->session_count; i++) {
        if (replay->sessions[i].session_id == session_id) {
            replay->session_last = i;
            return &replay->sessions[i];
        }
    }
    if (replay->session_count == replay->session_room) {
        uint32_t room = replay->session_room == 0 ? AB_SESSIONS : replay->session_room * 2;
        ab_replay_session *grown = realloc(replay->sessions, room * sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        replay->sessions = grown;
        replay->session_room = room;
    }
    replay->session_last = replay->session_count++;
    ab_replay_session *session = &replay->sessions[replay->session_last];
    *session = (ab_replay_session){
        .session_id = session_id, .begin = AB_REPLAY_NEVER, .discarded = AB_REPLAY_NEVER, .replayed = AB_REPLAY_NEVER};
    return session;
}

static bool reached(const ab_subscription *subscription, uint32_t publisher, uint64_t next) {
    for (uint32_t i = 0; i < AB_PUBLISHERS; i++) {
        if (subscription->publishers[i].id == publisher) {
            return subscription->publishers[i].next >= next;
        }
    }
    return next == 0;
}

/* Was all replayed that came before what will be polled next? */
static bool is_caught_up(const ab_subscription *subscription, const ab_replay_session *session) {
    if (session->discarded != AB_REPLAY_NEVER) {
        return session->replayed >= session->discarded;
    }
    if (!session->up) {
        return true; /* it went before anything of it was discarded: the recording alone has it */
    }
    if (session->begin == 0 || session->replayed >= session->begin) {
        return true;
    }
    return session->marked && reached(subscription, session->publisher, session->next);
}

/* Can holding help: is it known up to where the recording has to come? */
static bool is_known(const ab_replay_session *session) { return session->discarded != AB_REPLAY_NEVER || session->marked || !session->up; }

/* Let a session through from here on. */
static void let_through(ab_replay_session *of, ab_session *session) {
    session->position = of->replayed > of->begin ? of->replayed : of->begin;
    session->replayed = of->replayed;
    of->live = true;
}

void ab_replay_image(ab_subscription *subscription, ab_session *session, const ab_image_event *event) {
    ab_replay *replay = subscription->replay;
    ab_replay_session *of = replay->reader == NULL || !replay->join ? NULL : ab_replay_session_of(replay, event->session_id);
    if (of == NULL) {
        return;
    }
    of->up = event->kind == AB_IMAGE_JOINED;
    if (of->up && !of->live) {
        of->begin = event->position;
        if (replay->phase == AB_REPLAY_LIVE && is_caught_up(subscription, of)) {
            let_through(of, session);
        } else if (replay->phase == AB_REPLAY_LIVE) {
            replay->phase = AB_REPLAY_READS;
        }
    }
}

bool ab_replay_discards(
    ab_subscription *subscription, int32_t session_id, int64_t position, uint8_t flags, const uint8_t *bytes, size_t length) {
    ab_replay *replay = subscription->replay;
    if (replay->phase == AB_REPLAY_LIVE) {
        return false;
    }
    ab_replay_session *session = ab_replay_session_of(replay, session_id);
    if (session == NULL || session->live) {
        return session == NULL;
    }
    const uint8_t whole = AERON_DATA_HEADER_BEGIN_FLAG | AERON_DATA_HEADER_END_FLAG;
    ab_frame frame;
    size_t body;
    if (subscription->frame && (flags & whole) == whole && ab_frame_decode(bytes, length, &frame, &body) == AB_OK &&
        frame.type == AB_TYPE_CONTROL) {
        session->marked = true;
        session->publisher = frame.publisher;
        session->next = frame.sequence;
        return true;
    }
    session->discarded = position;
    return true;
}

/* ---- going live -------------------------------------------------------------------------------------------------- */

static void go_live(ab_subscription *subscription, int64_t now_ns) {
    ab_replay *replay = subscription->replay;
    for (uint32_t i = 0; i < replay->session_count; i++) {
        ab_replay_session *of = &replay->sessions[i];
        if (!of->up || of->live) {
            continue;
        }
        let_through(of, ab_session_make(subscription, of->session_id));
    }
    bool first = replay->ended_ns == 0;
    replay->phase = AB_REPLAY_LIVE;
    replay->ended_ns = first ? now_ns : replay->ended_ns;
    replay->watch_until_ns = first ? now_ns + WATCH_NS : replay->watch_until_ns;
    ab_replay_say(subscription, AB_REPLAY_SAYS_JOINED, (uint64_t)replay->messages, (uint64_t)replay->retries,
        now_ns - replay->begun_ns);
}

/* At the committed end: go live, or hold the live side until the recording has what was discarded of it. */
static void try_to_join(ab_subscription *subscription, int64_t now_ns) {
    ab_replay *replay = subscription->replay;
    bool any = false, caught_up = true, all_known = true;
    for (uint32_t i = 0; i < replay->session_count; i++) {
        const ab_replay_session *session = &replay->sessions[i];
        any |= session->up;
        if (!session->live && !is_caught_up(subscription, session)) {
            caught_up = false;
            all_known &= is_known(session);
        }
    }
    if (any && caught_up) {
        if (ab_replay_may_say(subscription)) {
            go_live(subscription, now_ns);
        }
        return;
    }
    if (replay->phase == AB_REPLAY_HOLDS) {
        if (now_ns < replay->hold_until_ns) {
            return;
        }
        replay->phase = AB_REPLAY_READS;
        replay->retries++;
        replay->rest_ns = replay->rest_ns == 0 ? HOLD_NS : replay->rest_ns * 2;
        replay->rest_ns = replay->rest_ns > REST_NS_MAX ? REST_NS_MAX : replay->rest_ns;
        replay->rest_until_ns = now_ns + replay->rest_ns;
        if (replay->retries >= WAITS_RETRIES && !replay->waits_said && ab_replay_may_say(subscription)) {
            replay->waits_said = true;
            ab_replay_say(subscription, AB_REPLAY_SAYS_WAITS, (uint64_t)replay->retries, 0, replay->position);
        }
    } else if (any && all_known && now_ns >= replay->rest_until_ns) {
        replay->phase = AB_REPLAY_HOLDS;
        replay->hold_until_ns = now_ns + HOLD_NS;
    }
}

static bool discards_live(const ab_subscription *subscription) {
    return subscription->replay->join && (subscription->aeron != NULL || subscription->local != NULL);
}

int ab_replay_poll(ab_subscription *subscription, bool *worked) {
    ab_replay *replay = subscription->replay;
    bool read_something = false;
    int result = AB_OK;
    if (subscription->batch->count == 0) {
        replay->recorded_count = 0;
    }
    if (replay->recorded_room < subscription->batch->messages_max) {
        ab_recorded *grown = realloc(replay->recorded, subscription->batch->messages_max * sizeof *grown);
        if (grown == NULL) {
            return ab_fail(&subscription->error, AB_FAILED, 0, "no memory for a replay");
        }
        replay->recorded = grown;
        replay->recorded_room = subscription->batch->messages_max;
    }
    int64_t now_ns = replay->reader != NULL ? ab_clock_monotonic_ns() : 0;
    if (replay->phase == AB_REPLAY_LIVE && replay->reader != NULL && now_ns >= replay->watch_until_ns) {
        ab_replay_let_go(replay);
    }
    if (discards_live(subscription) && replay->phase != AB_REPLAY_HOLDS) {
        result = ab_poll_live(subscription, worked);
    }
    if (result < 0 || (replay->phase != AB_REPLAY_READS && replay->phase != AB_REPLAY_HOLDS)) {
        return result;
    }
    bool at_end = ab_replay_read_on(subscription, now_ns, &read_something);
    if (read_something && worked != NULL) {
        *worked = true;
    }
    if (at_end && ab_replay_ends_here(subscription, now_ns)) {
        return result;
    }
    if (at_end && replay->join) {
        try_to_join(subscription, now_ns);
    } else if (!at_end && replay->phase == AB_REPLAY_HOLDS && now_ns >= replay->hold_until_ns) {
        replay->phase = AB_REPLAY_READS; /* more was written meanwhile than was read: it is no hold that ends this */
        replay->retries++;
    }
    return result;
}

void ab_replay_service(ab_subscription *subscription) {
    ab_replay *replay = subscription->replay;
    bool some_live = false;
    for (uint32_t i = 0; i < replay->session_count; i++) {
        some_live |= replay->sessions[i].live;
    }
    if (discards_live(subscription) && replay->phase != AB_REPLAY_LIVE && !some_live && subscription->configured) {
        subscription->ended = false;
        (void)ab_poll_live(subscription, NULL); /* an error is met again by the next poll */
    }
}

const ab_recorded *ab_replay_recorded(const ab_subscription *subscription, uint32_t place) {
    const ab_replay *replay = subscription->replay;
    return replay != NULL && place < replay->recorded_count && replay->recorded[place].time_ns != 0
               ? &replay->recorded[place]
               : NULL;
}

/* ---- attaching ---------------------------------------------------------------------------------------------------- */

void ab_replay_free(ab_replay *replay) {
    if (replay != NULL) {
        if (replay->reader != NULL) {
            ab_journal_reader_close(replay->reader);
        }
        free(replay->sessions);
        free(replay->recorded);
        free(replay);
    }
}

/* Open the reader at its place. */
static int open_reader(ab_replay *replay, const ab_replay_options *options, ab_error *error) {
    ab_journal_reader_state state;
    int result = ab_journal_reader_open(options->directory, NULL, 0, &replay->reader, error);
    if (result == AB_OK && options->end == AB_REPLAY_END_NOW) {
        result = ab_journal_reader_seek(replay->reader, AB_SEEK_END, 0, error);
        if (result == AB_OK) {
            ab_journal_reader_state_get(replay->reader, &state);
            replay->end = AB_REPLAY_END_POSITION;
            replay->end_value = state.position;
        }
    }
    if (result == AB_OK) {
        result = ab_journal_reader_seek(replay->reader, options->seek, options->value, error);
    }
    if (result == AB_OK) {
        ab_journal_reader_state_get(replay->reader, &state);
        replay->sequence = (int64_t)state.sequence;
        replay->position = state.position;
    }
    return result;
}

int ab_subscription_replay_wait(ab_handle handle, const ab_replay_options *options, ab_error *error) {
    if (options->stream_count == 0 || !(options->speed >= 0) || options->end < AB_REPLAY_NO_END ||
        options->end > AB_REPLAY_END_NOW) {
        return ab_fail(error, AB_INVALID, 0, "a replay needs a stream, a speed of 0 or more and a known kind of end");
    }
    ab_replay *replay = calloc(1, sizeof *replay);
    if (replay == NULL) {
        return ab_fail(error, AB_NO_MEMORY, 0, "no memory for a replay");
    }
    replay->phase = AB_REPLAY_READS;
    replay->join = options->join != 0;
    replay->end = options->end;
    replay->end_value = options->end_value;
    replay->speed = options->speed;
    replay->begun_ns = ab_clock_monotonic_ns();
    for (uint32_t i = 0; i < options->stream_count; i++) {
        replay->streams[options->streams[i] / 8] |= (uint8_t)(1u << options->streams[i] % 8);
    }
    int result = open_reader(replay, options, error);
    ab_subscription *subscription = result == AB_OK ? ab_slot_enter(handle, AB_KIND_SUBSCRIPTION) : NULL;
    if (result == AB_OK && subscription == NULL) {
        result = ab_fail(error, AB_STALE, 0, "the subscription is closed");
    } else if (subscription != NULL && subscription->replay != NULL) {
        result = ab_fail(error, AB_INVALID, 0, "the subscription replays already");
    } else if (subscription != NULL) {
        subscription->replay = replay;
        replay = NULL;
    }
    if (subscription != NULL) {
        ab_slot_leave(handle);
    }
    ab_replay_free(replay);
    return result;
}

int ab_subscription_replay_state(ab_handle handle, ab_replay_state *state) {
    const ab_subscription *subscription = ab_slot_peek(handle, AB_KIND_SUBSCRIPTION);
    if (subscription == NULL) {
        return AB_STALE;
    }
    memset(state, 0, sizeof *state);
    const ab_replay *replay = subscription->replay;
    if (replay != NULL) {
        state->phase = replay->phase;
        state->code = replay->phase == AB_REPLAY_FAILED ? replay->error.code : AB_OK;
        state->messages = replay->messages;
        state->records = replay->read;
        state->retries = replay->retries;
        state->sequence = replay->sequence;
        state->position = replay->position;
        state->end_position = replay->end == AB_REPLAY_END_POSITION ? replay->end_value : 0;
        state->elapsed_ns = (replay->ended_ns != 0 ? replay->ended_ns : ab_clock_monotonic_ns()) - replay->begun_ns;
        (void)snprintf(state->text, sizeof state->text, "%s", replay->error.text);
    }
    return AB_OK;
}
