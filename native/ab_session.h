/*
 * ab_session: the sessions of a subscription and the half-received message of each.
 *
 * Why our own and not Aeron's fragment assembler: that one keeps a builder a session for ever, adds lengths before checking
 * them, and ignores its own errors (trap P17). Here a session's bytes go with its image, one message is at most
 * AB_MESSAGE_MAX, and all sessions together at most AB_REASSEMBLY_MAX.
 *
 * A table entry is made by an image event or by the first fragment, whichever the poller sees first, and goes with the image.
 * There are AB_SESSIONS, the driver's limit; should there be more, the one silent for longest makes room.
 *
 * Thread: the poller's.
 */
#ifndef AB_SESSION_H
#define AB_SESSION_H

#include "ab_endpoint.h"

/* The session, or NULL. Fragments come in runs of one image, so the one met last is looked at first. */
ab_session *ab_session_search(ab_subscription *subscription, int32_t session_id);
static inline ab_session *ab_session_find(ab_subscription *subscription, int32_t session_id) {
    ab_session *session = &subscription->sessions[subscription->session_last];
    if (session->used && session->session_id == session_id) {
        session->last_used = subscription->pass;
        return session;
    }
    return ab_session_search(subscription, session_id);
}

/* The session, made when there is none. */
ab_session *ab_session_make(ab_subscription *subscription, int32_t session_id);

/* Forget a session: its half-received message counts as an invalid frame, its publisher is no longer live. */
void ab_session_forget(ab_subscription *subscription, ab_session *session);

/* Take what the conductor put into the ring: sessions come and go, each with a notice. Stops while notices fill up. */
void ab_session_take_events(ab_subscription *subscription);

/* Is something in the ring? */
bool ab_session_has_events(ab_subscription *subscription);

/* Append a fragment to the half-received message; false when the message or all of them would grow too long, or memory is
 * short. Nothing is changed then. */
bool ab_session_append(
    ab_subscription *subscription, ab_session *session, const uint8_t *fragment, size_t length);

/* End reassembly, delivered or not. A large buffer is given back. */
void ab_session_end_assembly(ab_subscription *subscription, ab_session *session);

void ab_session_free_all(ab_subscription *subscription);

#endif
