/*
 * ab_floor_trips: round trips between two processes and in one thread, and one way at a fixed rate. The rules are in
 * ab_floor.h.
 */
#include <string.h>

#include "ab_clock.h"
#include "ab_floor_private.h"

#define PING_LENGTH_MAX 1024u
#define PING_PATIENCE_NS (2 * AB_NS_PER_S)

typedef struct {
    uint64_t number;
    bool came;
} answer;

static int take_answer(void *clientd, const uint8_t *buffer, size_t length, aeron_header_t *header) {
    answer *found = clientd;
    if (length >= sizeof(found->number)) {
        memcpy(&found->number, buffer, sizeof(found->number));
        found->came = true;
    }
    return AERON_ACTION_CONTINUE;
}

typedef struct {
    ab_publication *publication;
    const int64_t *turn; /* NULL: there is nobody to tell us to stop */
    int64_t mine;
} echo;

static int send_back(void *clientd, const uint8_t *buffer, size_t length, aeron_header_t *header) {
    const echo *way = clientd;
    for (uint32_t step = 1; ab_floor_offer(way->publication, buffer, length, -1, 0) <= 0; step++) {
        if (step % AB_FLOOR_LOOK_EVERY == 0 && way->turn != NULL && !ab_floor_is_mine(way->turn, way->mine)) {
            break;
        }
    }
    return AERON_ACTION_CONTINUE;
}

/* The handles a call works with; those it could enter are left in the same order. */
typedef struct {
    ab_publication *out, *back;       /* where questions go; where answers go (NULL: somebody else gives them) */
    ab_subscription *in, *there;      /* where answers come; where questions come (NULL likewise) */
} way;

static int ping(const way *ways, size_t length, int64_t warm_ns, int64_t deadline_ns, ab_histogram *trips) {
    uint8_t payload[PING_LENGTH_MAX] = {0};
    echo self = {ways->back, NULL, 0};
    for (uint64_t number = 1;; number++) {
        answer found = {0, false};
        int64_t began = ab_clock_monotonic_ns();
        if (began >= deadline_ns) {
            return AB_OK;
        }
        while (ab_floor_offer(ways->out, payload, length, 0, number) <= 0) {
            if (ab_clock_monotonic_ns() - began > PING_PATIENCE_NS) {
                return AB_TIMED_OUT;
            }
        }
        for (uint32_t step = 1; !found.came; step++) {
            if (ways->there != NULL) {
                ab_aeron->subscription_controlled_poll(ways->there->aeron, send_back, &self, 1);
            }
            ab_aeron->subscription_controlled_poll(ways->in->aeron, take_answer, &found, 1);
            if (step % AB_FLOOR_LOOK_EVERY == 0 && ab_clock_monotonic_ns() - began > PING_PATIENCE_NS) {
                return AB_TIMED_OUT;
            }
        }
        if (found.number != number) {
            return AB_INVALID;
        }
        if (began >= warm_ns) {
            ab_histogram_record(trips, ab_clock_monotonic_ns() - began);
        }
    }
}

int ab_floor_ping_wait(ab_handle out, ab_handle in, ab_handle back, ab_handle there, size_t length, int64_t warm_ns,
                       int64_t deadline_ns, ab_histogram *trips) {
    if (length < 8 || length > PING_LENGTH_MAX || (back == 0) != (there == 0)) {
        return AB_INVALID;
    }
    way ways = {ab_slot_enter(out, AB_KIND_PUBLICATION), NULL, ab_slot_enter(in, AB_KIND_SUBSCRIPTION), NULL};
    if (back != 0) {
        ways.back = ab_slot_enter(back, AB_KIND_PUBLICATION);
        ways.there = ab_slot_enter(there, AB_KIND_SUBSCRIPTION);
    }
    bool whole = ways.out != NULL && ways.in != NULL && (back == 0 || (ways.back != NULL && ways.there != NULL));
    int result = whole ? ping(&ways, length, warm_ns, deadline_ns, trips) : AB_STALE;
    ab_handle handles[] = {out, in, back, there};
    const void *entered[] = {ways.out, ways.in, ways.back, ways.there};
    for (int i = 0; i < 4; i++) {
        if (entered[i] != NULL) {
            ab_slot_leave(handles[i]);
        }
    }
    return result;
}

int ab_floor_pong_wait(ab_handle out, ab_handle in, const int64_t *turn, int64_t mine) {
    ab_publication *publication = ab_slot_enter(out, AB_KIND_PUBLICATION);
    if (publication == NULL) {
        return AB_STALE;
    }
    ab_subscription *subscription = ab_slot_enter(in, AB_KIND_SUBSCRIPTION);
    int result = AB_STALE;
    if (subscription != NULL) {
        echo self = {publication, turn, mine};
        result = AB_OK;
        for (uint32_t step = 0; result == AB_OK && (step % AB_FLOOR_LOOK_EVERY != 0 || ab_floor_is_mine(turn, mine)); step++) {
            if (ab_aeron->subscription_controlled_poll(subscription->aeron, send_back, &self, 10) < 0) {
                result = AB_FAILED;
            }
        }
        ab_slot_leave(in);
    }
    ab_slot_leave(out);
    return result;
}

/* ---- one way ------------------------------------------------------------------------------------------------------ */

typedef struct {
    int64_t number, due_ns;
} tick;

int ab_floor_tick_wait(ab_handle handle, int64_t pause_ns, int64_t warm_ns, int64_t deadline_ns, int64_t *sent) {
    if (pause_ns <= 0) {
        return AB_INVALID;
    }
    ab_publication *publication = ab_slot_enter(handle, AB_KIND_PUBLICATION);
    if (publication == NULL) {
        return AB_STALE;
    }
    int result = AB_OK;
    for (int64_t due = ab_clock_monotonic_ns() + pause_ns; result == AB_OK && due < deadline_ns; due += pause_ns) {
        while (ab_clock_monotonic_ns() < due) {
        }
        tick one = {due > warm_ns ? *sent : -1, due};
        while (ab_floor_offer(publication, (const uint8_t *)&one, sizeof(one), -1, 0) <= 0) {
            if (ab_clock_monotonic_ns() - due > PING_PATIENCE_NS) {
                result = AB_TIMED_OUT;
                break;
            }
        }
        *sent += result == AB_OK && one.number >= 0;
    }
    ab_slot_leave(handle);
    return result;
}

typedef struct {
    ab_floor_count *done;
    ab_histogram *lateness;
} listener;

static int take_tick(void *clientd, const uint8_t *buffer, size_t length, aeron_header_t *header) {
    const listener *self = clientd;
    tick one;
    if (length == sizeof(one)) {
        memcpy(&one, buffer, sizeof(one));
        self->done->messages++;
        if (one.number >= 0) {
            ab_histogram_record(self->lateness, ab_clock_monotonic_ns() - one.due_ns);
        }
    }
    return AERON_ACTION_CONTINUE;
}

int ab_floor_hear_wait(ab_handle handle, const int64_t *turn, int64_t mine, int64_t deadline_ns, ab_histogram *lateness,
                       ab_floor_count *done) {
    ab_subscription *subscription = ab_slot_enter(handle, AB_KIND_SUBSCRIPTION);
    if (subscription == NULL) {
        return AB_STALE;
    }
    listener self = {done, lateness};
    int result = AB_OK;
    for (uint32_t step = 1; result == AB_OK; step++) {
        if (ab_aeron->subscription_controlled_poll(subscription->aeron, take_tick, &self, 256) < 0) {
            result = AB_FAILED;
        } else if (step % AB_FLOOR_LOOK_EVERY == 0 &&
                   (!ab_floor_is_mine(turn, mine) || ab_clock_monotonic_ns() >= deadline_ns)) {
            break;
        }
    }
    ab_slot_leave(handle);
    return result;
}
