/* ab_replay: the phases of a replay, and when sessions go live. What the phases are and the rules are in ab_replay.h. */
#include "ab_replay_private.h"

#include <stdlib.h>

#include "ab_clock.h"
#include "ab_fail.h"
#include "ab_poll.h"

#define HOLD_NS (100 * AB_NS_PER_MS)   /* a publisher waits no longer for a replay to catch up */
#define REST_NS_MAX (2 * AB_NS_PER_S)  /* between two holds: as long as the last, doubled from one to the next */
#define WATCH_NS (10 * AB_NS_PER_S)    /* set-up of an image over UDP: up to a few seconds when packets are lost */
#define GLANCE_NS AB_NS_PER_MS         /* between two looks at the recording's end while it is live: what comes there is old */
#define WAITS_RETRIES 4                /* some 1.5 s of holds and rests: then it is said that the recording does not follow */

/* ---- going live -------------------------------------------------------------------------------------------------- */

static void go_live(ab_subscription *subscription, int64_t now_ns) {
    ab_replay *replay = subscription->replay;
    for (uint32_t i = 0; i < replay->session_count; i++) {
        ab_replay_session *of = &replay->sessions[i];
        if (of->up && !of->live) {
            ab_replay_let_through(subscription, of);
        }
    }
    bool first = replay->ended_ns == 0;
    replay->phase = AB_REPLAY_LIVE;
    replay->ended_ns = first ? now_ns : replay->ended_ns;
    replay->watch_until_ns = now_ns + WATCH_NS;
    ab_replay_say(subscription, AB_REPLAY_SAYS_JOINED, (uint64_t)replay->messages, (uint64_t)replay->retries,
        now_ns - replay->begun_ns);
}

/* At the committed end: go live, or hold the live side until the recording has what was discarded of it. */
static void try_to_join(ab_subscription *subscription, int64_t now_ns) {
    ab_replay *replay = subscription->replay;
    bool any = false, caught_up = true, all_known = true;
    for (uint32_t i = 0; i < replay->session_count; i++) {
        ab_replay_session *session = &replay->sessions[i];
        any |= session->up;
        if (!session->up || session->live || ab_replay_is_caught_up(subscription, session) ||
            ab_replay_gives_up(subscription, session, now_ns)) {
            continue; /* who went is not waited for: the recording is read on for it */
        }
        caught_up = false;
        all_known &= ab_replay_is_known(session);
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

/* While it is live: what the recording still gets of sessions that are not, at the latest until the watch ends. */
static void watch(ab_subscription *subscription, int64_t now_ns, bool *worked) {
    ab_replay *replay = subscription->replay;
    if (now_ns < replay->watch_next_ns) {
        return;
    }
    int64_t before = replay->messages;
    bool at_end = ab_replay_read_on(subscription, now_ns, worked);
    if (replay->messages != before) {
        replay->watch_until_ns = now_ns + WATCH_NS; /* of somebody who is not seen here, or whose last words come late */
    }
    if (at_end) {
        replay->watch_next_ns = now_ns + GLANCE_NS;
        if (!ab_replay_awaits_gone(subscription, now_ns) && now_ns >= replay->watch_until_ns) {
            ab_replay_let_go(replay);
        }
    }
}

static bool discards_live(const ab_subscription *subscription) {
    return subscription->replay->join && (subscription->aeron != NULL || subscription->local != NULL);
}

/* Room for what each message of a batch was in the recording. */
static bool has_room(ab_replay *replay, uint32_t messages) {
    if (replay->recorded_room < messages) {
        ab_recorded *grown = realloc(replay->recorded, messages * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        replay->recorded = grown;
        replay->recorded_room = messages;
    }
    return true;
}

int ab_replay_poll(ab_subscription *subscription, bool *worked) {
    ab_replay *replay = subscription->replay;
    bool read_something = false;
    int result = AB_OK;
    if (subscription->batch->count == 0) {
        replay->recorded_count = 0;
    }
    if (!has_room(replay, subscription->batch->messages_max)) {
        return ab_fail(&subscription->error, AB_FAILED, 0, "no memory for a replay");
    }
    int64_t now_ns = replay->reader != NULL ? ab_clock_monotonic_ns() : 0;
    if (discards_live(subscription) && replay->phase != AB_REPLAY_HOLDS) {
        result = ab_poll_live(subscription, worked);
    }
    if (result < 0 || replay->reader == NULL) {
        return result;
    }
    if (replay->phase == AB_REPLAY_LIVE) {
        watch(subscription, now_ns, &read_something);
    } else {
        bool at_end = ab_replay_read_on(subscription, now_ns, &read_something);
        if (at_end && !ab_replay_ends_here(subscription, now_ns) && replay->join) {
            (void)ab_replay_awaits_gone(subscription, now_ns);
            try_to_join(subscription, now_ns);
        } else if (!at_end && replay->phase == AB_REPLAY_HOLDS && now_ns >= replay->hold_until_ns) {
            replay->phase = AB_REPLAY_READS; /* more was written meanwhile than was read: it is no hold that ends this */
            replay->retries++;
        }
    }
    if (read_something && worked != NULL) {
        *worked = true;
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
