/*
 * ab_sequence: what each publisher said so far, and the notices about it.
 *
 * A publisher is its random 32-bit id; what is known of it outlives its session, so messages lost while it reconnected are
 * seen when it comes back. AB_PUBLISHERS are remembered; at most AB_SESSIONS of them are live (one a session), so there is
 * always one that is not to make room.
 *
 *      came        known, expected n     what follows
 *      first = n   -                     nothing to say
 *      first > n   Gap n .. first - 1    counted: one gap, first - n missing
 *      first < n   Rewind                delivered all the same; who wants each message once compares sequences
 *      unknown     Joined                first > 0 is a late join, no gap
 *
 * Hello, Beat and Bye name the next sequence and are checked the same way: so the loss of the last messages is seen too.
 *
 * Thread: the poller's.
 */
#ifndef AB_SEQUENCE_H
#define AB_SEQUENCE_H

#include "ab_endpoint.h"

/* How many notices one fragment or one image event can raise: left, joined, gap or rewind, left. */
#define AB_NOTICES_AT_ONCE 4u

/* May another event still say what it has to say? */
static inline bool ab_sequence_room(const ab_subscription *subscription) {
    return subscription->notice_count <= AB_NOTICES - AB_NOTICES_AT_ONCE;
}

/* Append a notice; the caller made sure of the room. */
void ab_sequence_notice(ab_subscription *subscription, const ab_notice *notice);

/* The image of a session is gone: its publisher is not live any more. */
void ab_sequence_session_gone(ab_subscription *subscription, int32_t session_id);

bool ab_sequence_check_slow(ab_subscription *subscription, ab_session *session, const ab_frame *frame, uint64_t first,
                            uint64_t count, int64_t position);

/* Messages first .. first + count - 1 of `frame` come from `session` (a control frame: count 0, first is the next). True:
 * accepted, and the publisher's next is behind them. False: there is something to say first but the batch has messages, or
 * no room to say it; nothing was changed, the fragment must be aborted. */
static inline bool ab_sequence_check(ab_subscription *subscription, ab_session *session, const ab_frame *frame,
                                     uint64_t first, uint64_t count, int64_t position) {
    if (session->publisher < AB_PUBLISHERS && frame->type != AB_TYPE_CONTROL) {
        ab_publisher *publisher = &subscription->publishers[session->publisher];
        if (publisher->id == frame->publisher && publisher->next == first && publisher->live &&
            publisher->session_id == session->session_id) {
            publisher->next = first + count;
            return true;
        }
    }
    return ab_sequence_check_slow(subscription, session, frame, first, count, position);
}

/* Take back the end of what ab_sequence_check accepted: the next expected is `next` (the batch was full before it). */
static inline void ab_sequence_take_back(ab_subscription *subscription, const ab_session *session, uint64_t next) {
    subscription->publishers[session->publisher].next = next;
}

#endif
