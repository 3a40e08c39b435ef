/* ab_sequence: publishers, gaps, notices. The table of cases is in ab_sequence.h. */
#include "ab_sequence.h"

#include <string.h>

#include "ab_poll.h"

void ab_sequence_notice(ab_subscription *subscription, const ab_notice *notice) {
    uint32_t place = (subscription->notice_first + subscription->notice_count) % AB_NOTICES;
    subscription->notices[place] = *notice;
    subscription->notice_count++;
}

bool ab_poll_notice(ab_subscription *subscription, ab_notice *notice) {
    if (subscription->notice_count == 0) {
        return false;
    }
    *notice = subscription->notices[subscription->notice_first];
    subscription->notice_first = (subscription->notice_first + 1) % AB_NOTICES;
    subscription->notice_count--;
    return true;
}

static void end_life(ab_subscription *subscription, ab_publisher *publisher) {
    publisher->live = false;
    publisher->last_used = subscription->pass;
}

void ab_sequence_session_gone(ab_subscription *subscription, int32_t session_id) {
    for (uint32_t i = 0; i < AB_PUBLISHERS; i++) {
        ab_publisher *publisher = &subscription->publishers[i];
        if (publisher->live && publisher->session_id == session_id) {
            end_life(subscription, publisher);
        }
    }
}

/* The publisher of that id, or a place for it: a free one, else the one that ended longest ago. */
static ab_publisher *place_of(ab_subscription *subscription, uint32_t id, bool *known) {
    ab_publisher *place = NULL;
    for (uint32_t i = 0; i < AB_PUBLISHERS; i++) {
        ab_publisher *candidate = &subscription->publishers[i];
        if (candidate->id == id) {
            *known = true;
            return candidate;
        }
        if (candidate->live) {
            continue;
        }
        if (place == NULL || (place->id != 0 && (candidate->id == 0 || candidate->last_used < place->last_used))) {
            place = candidate;
        }
    }
    *known = false;
    return place; /* never NULL: live ones are at most AB_SESSIONS */
}

_Static_assert(AB_SESSIONS < AB_PUBLISHERS, "somebody who is not live can always make room");

static void count_gap(ab_subscription *subscription, uint64_t missing) {
    int64_t *counter = &subscription->counters[AB_MISSING];
    uint64_t room = (uint64_t)(INT64_MAX - *counter);
    *counter += (int64_t)(missing < room ? missing : room); /* a forged sequence must not make it negative */
    subscription->counters[AB_GAPS]++;
}

bool ab_sequence_check_slow(ab_subscription *subscription, ab_session *session, const ab_frame *frame, uint64_t first,
                            uint64_t count, int64_t position) {
    bool known;
    ab_publisher *publisher = place_of(subscription, frame->publisher, &known);
    ab_publisher *before =
        session->publisher < AB_PUBLISHERS ? &subscription->publishers[session->publisher] : NULL;
    int control = frame->type == AB_TYPE_CONTROL ? frame->flags & 0xff : 0;

    bool displaces = before != NULL && before != publisher && before->live && before->session_id == session->session_id;
    bool live_here = known && publisher->live && publisher->session_id == session->session_id;
    bool joins = !live_here && control != AB_BYE; /* who was not here needs no Joined to say goodbye, and no Left */
    bool leaves = live_here && control == AB_BYE;
    bool differs = known && publisher->next != first;
    if ((displaces || joins || differs || leaves) &&
        (subscription->batch->count > 0 || !ab_sequence_room(subscription))) {
        return false;
    }

    ab_notice notice = {.session_id = session->session_id, .position = position};
    if (displaces) {
        notice.kind = AB_PUBLISHER_LEFT;
        notice.publisher = before->id;
        notice.first = before->next;
        ab_sequence_notice(subscription, &notice);
        end_life(subscription, before);
    }
    notice.publisher = frame->publisher;
    if (joins) {
        notice.kind = AB_PUBLISHER_JOINED;
        notice.first = first;
        ab_sequence_notice(subscription, &notice);
    }
    if (differs) {
        bool gap = first > publisher->next;
        notice.kind = gap ? AB_GAP : AB_REWIND;
        notice.first = gap ? publisher->next : first;
        notice.last = gap ? first - 1 : publisher->next;
        ab_sequence_notice(subscription, &notice);
        notice.last = 0;
        if (gap) {
            count_gap(subscription, first - publisher->next);
        }
    }

    *publisher = (ab_publisher){
        .id = frame->publisher, .session_id = session->session_id, .next = first + count, .live = true};
    session->publisher = (uint32_t)(publisher - subscription->publishers);
    if (control == AB_BYE) {
        end_life(subscription, publisher);
    }
    if (leaves) {
        notice.kind = AB_PUBLISHER_LEFT;
        notice.first = first;
        ab_sequence_notice(subscription, &notice);
    }
    return true;
}
