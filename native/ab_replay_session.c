/*
 * ab_replay_session: what a replay knows of each session, from the recording and live; and what is said of one whose messages the
 * recording did not get. Rules: ab_replay.h.
 */
#include "ab_replay_private.h"

#include <stdlib.h>

#include "ab_sequence.h"
#include "ab_session.h"

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

bool ab_replay_is_caught_up(const ab_subscription *subscription, const ab_replay_session *session) {
    if (session->discarded != AB_REPLAY_NEVER) {
        return session->replayed >= session->discarded;
    }
    if (session->begin == 0 || session->replayed >= session->begin) {
        return true;
    }
    return session->marked && reached(subscription, session->publisher, session->next);
}

bool ab_replay_is_known(const ab_replay_session *session) { return session->discarded != AB_REPLAY_NEVER || session->marked; }

void ab_replay_let_through(ab_subscription *subscription, ab_replay_session *of) {
    ab_session *session = ab_session_make(subscription, of->session_id);
    session->position = of->replayed > of->begin ? of->replayed : of->begin;
    session->replayed = of->replayed;
    of->live = true;
}

/* ---- what live fragments and images tell -------------------------------------------------------------------------- */

void ab_replay_image(ab_subscription *subscription, const ab_image_event *event) {
    ab_replay *replay = subscription->replay;
    ab_replay_session *of = replay->reader == NULL || !replay->join ? NULL : ab_replay_session_of(replay, event->session_id);
    if (of == NULL) {
        return;
    }
    of->up = event->kind == AB_IMAGE_JOINED;
    of->behind_ns = 0;
    if (!of->up || of->live) {
        return;
    }
    of->begin = event->position;
    if (of->discarded < of->begin) { /* of an image before this one: all up to where this one begins is to be replayed */
        of->discarded = AB_REPLAY_NEVER;
        of->marked = false;
    }
    if (replay->phase == AB_REPLAY_LIVE && ab_replay_is_caught_up(subscription, of)) {
        ab_replay_let_through(subscription, of);
    } else if (replay->phase == AB_REPLAY_LIVE) {
        replay->phase = AB_REPLAY_READS;
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
    bool control = false;
    if (subscription->frame && (flags & whole) == whole && ab_frame_decode(bytes, length, &frame, &body) == AB_OK) {
        control = frame.type == AB_TYPE_CONTROL;
        session->numbered = true;
        session->publisher = frame.publisher;
        session->next = frame.sequence + (control ? 0 : frame.count);
    }
    if (control) {
        session->marked = true;
    } else {
        session->discarded = position;
    }
    return true;
}

/* ---- what the recording did not get ------------------------------------------------------------------------------- */

static void say_lost(ab_subscription *subscription, const ab_replay_session *session) {
    int64_t from = session->replayed != AB_REPLAY_NEVER ? session->replayed : session->begin > 0 ? session->begin : 0;
    ab_sequence_notice(subscription, &(ab_notice){.kind = AB_REPLAY_SAYS_LOST,
                                                  .session_id = session->session_id,
                                                  .first = (uint64_t)from,
                                                  .last = (uint64_t)session->discarded,
                                                  .position = subscription->replay->position});
}

/* Nothing of it will come that would show the gap: say it as if its publisher had said goodbye. */
static void say_gap(ab_subscription *subscription, const ab_replay_session *session) {
    const ab_frame bye = {
        .type = AB_TYPE_CONTROL, .flags = AB_BYE, .publisher = session->publisher, .sequence = session->next, .count = 1};
    ab_session *of = ab_session_make(subscription, session->session_id);
    (void)ab_sequence_check_slow(subscription, of, &bye, session->next, 0, session->discarded);
}

/* Was it waited for long enough, and may something be said? */
static bool is_overdue(const ab_subscription *subscription, ab_replay_session *session, int64_t now_ns) {
    if (session->behind_ns == 0) {
        session->behind_ns = now_ns;
    }
    return now_ns - session->behind_ns >= subscription->replay->patience_ns && ab_replay_may_say(subscription);
}

bool ab_replay_gives_up(ab_subscription *subscription, ab_replay_session *session, int64_t now_ns) {
    if (!is_overdue(subscription, session, now_ns)) {
        return false;
    }
    if (session->discarded != AB_REPLAY_NEVER) {
        say_lost(subscription, session);
    }
    ab_replay_let_through(subscription, session);
    return true;
}

bool ab_replay_awaits_gone(ab_subscription *subscription, int64_t now_ns) {
    ab_replay *replay = subscription->replay;
    bool awaits = false;
    for (uint32_t i = 0; i < replay->session_count; i++) {
        ab_replay_session *session = &replay->sessions[i];
        if (session->up || session->live || session->told || session->replayed >= session->discarded) {
            continue;
        }
        if (!is_overdue(subscription, session, now_ns)) {
            awaits = true;
            continue;
        }
        session->told = true;
        say_lost(subscription, session);
        if (session->numbered) {
            say_gap(subscription, session);
        }
    }
    return awaits;
}
