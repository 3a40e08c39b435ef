/* ab_session: who is sending, and what of their message is here so far. Rules: ab_session.h. */
#include "ab_session.h"

#include <stdlib.h>
#include <string.h>

#include "ab_marks.h"
#include "ab_poll.h"
#include "ab_replay.h"
#include "ab_sequence.h"

/* What a session keeps for its next message; more is given back after each. AB_SESSIONS of these are AB_REASSEMBLY_MAX. */
#define ASSEMBLY_KEPT (1024u * 1024u)
#define ASSEMBLY_FIRST (16u * 1024u)

_Static_assert(AB_SESSIONS * ASSEMBLY_KEPT <= AB_REASSEMBLY_MAX, "kept buffers alone never use up the room");
_Static_assert(AB_MESSAGE_MAX <= AB_REASSEMBLY_MAX / 2, "a largest message fits while it is moved to a larger buffer");

ab_session *ab_session_search(ab_subscription *subscription, int32_t session_id) {
    for (uint32_t i = 0; i < AB_SESSIONS; i++) {
        ab_session *session = &subscription->sessions[i];
        if (session->used && session->session_id == session_id) {
            subscription->session_last = i;
            session->last_used = subscription->pass;
            return session;
        }
    }
    return NULL;
}

static void free_assembly(ab_subscription *subscription, ab_session *session) {
    free(session->assembly);
    subscription->reassembly_bytes -= session->assembly_capacity;
    session->assembly = NULL;
    session->assembly_capacity = 0;
}

void ab_session_forget(ab_subscription *subscription, ab_session *session) {
    if (session->assembling) {
        subscription->counters[AB_INVALID_FRAMES]++;
    }
    ab_sequence_session_gone(subscription, session->session_id);
    ab_marks_leave(subscription, session);
    free_assembly(subscription, session);
    memset(session, 0, sizeof *session);
}

ab_session *ab_session_make(ab_subscription *subscription, int32_t session_id) {
    ab_session *session = ab_session_find(subscription, session_id);
    if (session != NULL) {
        return session;
    }
    ab_session *oldest = &subscription->sessions[0];
    for (uint32_t i = 0; i < AB_SESSIONS && oldest->used; i++) {
        ab_session *candidate = &subscription->sessions[i];
        if (!candidate->used || candidate->last_used < oldest->last_used) {
            oldest = candidate;
        }
    }
    if (oldest->used) {
        ab_session_forget(subscription, oldest);
    }
    *oldest = (ab_session){
        .session_id = session_id,
        .used = true,
        .publisher = AB_PUBLISHERS,
        .position = INT64_MIN,
        .last_used = subscription->pass,
        .resume_position = INT64_MIN,
    };
    subscription->session_last = (uint32_t)(oldest - subscription->sessions);
    return oldest;
}

bool ab_session_has_events(ab_subscription *subscription) {
    return atomic_load_explicit(&subscription->images.put, memory_order_relaxed) !=
           atomic_load_explicit(&subscription->images.taken, memory_order_relaxed);
}

/* Events were lost: whose session went and came again is not known, so positions prove nothing about what follows. */
static void doubt_all(ab_subscription *subscription, unsigned lost) {
    for (uint32_t i = 0; i < AB_SESSIONS; i++) {
        ab_session *session = &subscription->sessions[i];
        if (session->used) {
            subscription->counters[AB_INVALID_FRAMES] += session->assembling;
            ab_session_end_assembly(subscription, session);
            session->position = INT64_MIN;
            session->resume_position = INT64_MIN;
            session->fragment_max = 0;
        }
    }
    ab_sequence_notice(subscription, &(ab_notice){.kind = AB_EVENTS_LOST, .first = lost});
}

void ab_session_take_events(ab_subscription *subscription) {
    ab_image_event event;
    while (ab_sequence_room(subscription) && ab_image_event_take(subscription, &event)) {
        ab_session *session = ab_session_find(subscription, event.session_id);
        if (event.kind == AB_IMAGE_LEFT) {
            if (subscription->replay != NULL) {
                ab_replay_image(subscription, &event);
            }
            if (session != NULL) {
                ab_session_forget(subscription, session);
            }
            ab_sequence_notice(subscription, &(ab_notice){.kind = AB_IMAGE_DOWN,
                                                          .session_id = event.session_id,
                                                          .last = (uint64_t)event.end_of_stream,
                                                          .position = event.position});
            continue;
        }
        if (session != NULL && session->fragment_max != 0) {
            ab_session_forget(subscription, session); /* the same id again: another image, from another position */
        }
        session = ab_session_make(subscription, event.session_id);
        if (session->position == INT64_MIN) {
            session->position = event.position; /* read up to where we joined: who waits for that waits for nothing */
        }
        ab_marks_meet(subscription, session, event.initial_term_id);
        session->fragment_max = event.mtu_length > AERON_DATA_HEADER_LENGTH
                                    ? event.mtu_length - AERON_DATA_HEADER_LENGTH
                                    : 0;
        if (subscription->replay != NULL) {
            ab_replay_image(subscription, &event);
        }
        ab_sequence_notice(
            subscription,
            &(ab_notice){.kind = AB_IMAGE_UP, .session_id = event.session_id, .position = event.position});
    }
    unsigned lost = atomic_load_explicit(&subscription->images.lost, memory_order_relaxed);
    if (lost != 0 && !ab_session_has_events(subscription) && ab_sequence_room(subscription)) {
        atomic_fetch_sub_explicit(&subscription->images.lost, lost, memory_order_relaxed);
        doubt_all(subscription, lost);
    }
}

bool ab_session_append(
    ab_subscription *subscription, ab_session *session, const uint8_t *fragment, size_t length) {
    if (length > AB_MESSAGE_MAX - session->assembled) { /* assembled <= AB_MESSAGE_MAX always */
        return false;
    }
    size_t needed = session->assembled + length;
    if (needed > session->assembly_capacity) {
        size_t capacity = session->assembly_capacity != 0 ? session->assembly_capacity : ASSEMBLY_FIRST;
        while (capacity < needed) {
            capacity *= 2; /* ends: needed is at most AB_MESSAGE_MAX */
        }
        if (subscription->reassembly_bytes - session->assembly_capacity + capacity > AB_REASSEMBLY_MAX) {
            return false;
        }
        uint8_t *grown = realloc(session->assembly, capacity);
        if (grown == NULL) {
            return false;
        }
        subscription->reassembly_bytes += capacity - session->assembly_capacity;
        session->assembly = grown;
        session->assembly_capacity = capacity;
    }
    if (length > 0) {
        memcpy(session->assembly + session->assembled, fragment, length);
    }
    session->assembled = needed;
    return true;
}

void ab_session_end_assembly(ab_subscription *subscription, ab_session *session) {
    session->assembling = false;
    session->assembled = 0;
    if (session->assembly_capacity > ASSEMBLY_KEPT) {
        free_assembly(subscription, session);
    }
}

void ab_session_free_all(ab_subscription *subscription) {
    for (uint32_t i = 0; i < AB_SESSIONS; i++) {
        free_assembly(subscription, &subscription->sessions[i]);
    }
}
