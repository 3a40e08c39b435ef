/*
 * ab_local: the in-process transport, from ab_offer to the batch.
 *
 * Stress test and its allowed outcomes
 *   four publishers, one poller, a subscription that comes and goes    every message of every publisher reaches the poller in
 *                                                                      order and whole; the ring wraps some hundred times
 */
#include "../ab_local.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "../ab_clock.h"
#include "../ab_offer.h"
#include "../ab_poll.h"
#include "check.h"

#define TERM (64u * 1024u)
#define SENDERS 4
#define MESSAGES 20000
#define LENGTH_MAX 900u

static const ab_type raw = {.type_id = AB_TYPE_RAW, .version = 1, .wanted = 1};

static ab_publication *publication_of(ab_handle handle) { return ab_slot_peek(handle, AB_KIND_PUBLICATION); }
static ab_subscription *subscription_of(ab_handle handle) { return ab_slot_peek(handle, AB_KIND_SUBSCRIPTION); }

static ab_handle publish_in(ab_local *meeting, int32_t session) {
    ab_handle handle = ab_local_publication_open(meeting, session, 5);
    CHECK(handle != 0);
    CHECK_EQUAL(
        AB_OK, ab_publication_configure(handle, 1, AB_FORMAT_RAW, (uint32_t)session + 100, 0, &raw, 1, NULL, NULL));
    return handle;
}

static ab_handle subscribe_in(ab_local *meeting) {
    ab_handle handle = ab_local_subscription_open(meeting);
    CHECK(handle != 0);
    CHECK_EQUAL(AB_OK, ab_subscription_configure(handle, 1, AB_FORMAT_RAW, &raw, 1, NULL));
    return handle;
}

static void close_publication(ab_handle handle) {
    ab_error error;
    CHECK_EQUAL(AB_OK, ab_local_publication_close_wait(ab_publication_retire(handle), handle, INT64_MAX, &error));
}

static void close_subscription(ab_handle handle) {
    ab_error error;
    CHECK_EQUAL(AB_OK, ab_local_subscription_close_wait(ab_subscription_retire(handle), handle, INT64_MAX, &error));
}

static int64_t offer(ab_handle handle, const char *text) {
    return ab_offer(publication_of(handle), (const uint8_t *)text, strlen(text), 0);
}

static int next_notice(ab_handle handle) {
    ab_notice notice;
    return ab_poll(subscription_of(handle), NULL) == AB_POLL_NOTICES && ab_poll_notice(subscription_of(handle), &notice)
               ? notice.kind
               : 0;
}

static void a_term_that_is_none_is_refused(void) {
    CHECK(ab_local_create(TERM - 1) == NULL);
    CHECK(ab_local_create(TERM / 2) == NULL);
    CHECK(ab_local_create(3 * TERM) == NULL);
    ab_local_release(NULL);
}

static void messages_meet_by_their_meeting(void) {
    ab_local *meeting = ab_local_create(TERM), *other = ab_local_create(TERM);
    ab_handle publication = publish_in(meeting, 1), elsewhere = subscribe_in(other);
    CHECK_EQUAL(AB_NOT_CONNECTED, offer(publication, "lost"));
    ab_handle subscription = subscribe_in(meeting);
    CHECK_EQUAL(0, offer(publication, "one"));
    CHECK_EQUAL(AB_IMAGE_UP, next_notice(subscription));
    CHECK_EQUAL(AB_PUBLISHER_JOINED, next_notice(subscription));
    CHECK_EQUAL(1, ab_poll(subscription_of(subscription), NULL));
    CHECK_EQUAL(1, ab_poll_handover(subscription_of(subscription)));
    CHECK_EQUAL(0, ab_poll(subscription_of(elsewhere), NULL));
    CHECK_EQUAL(1, ab_local_image_count(subscription));
    CHECK_EQUAL(0, ab_local_image_count(elsewhere));

    CHECK_EQUAL(1, offer(publication, "last words"));
    close_publication(publication); /* what it sent is read all the same */
    ab_local_release(meeting);
    CHECK_EQUAL(1, ab_poll(subscription_of(subscription), NULL));
    CHECK_EQUAL(1, ab_poll_handover(subscription_of(subscription)));
    CHECK_EQUAL(AB_IMAGE_DOWN, next_notice(subscription));
    CHECK_EQUAL(0, ab_local_image_count(subscription));
    close_subscription(subscription);
    close_subscription(elsewhere);
    ab_local_release(other);
    CHECK_EQUAL(AB_STALE, ab_local_image_count(subscription));
}

static void half_a_term_is_the_window(void) {
    ab_local *meeting = ab_local_create(TERM);
    ab_handle publication = publish_in(meeting, 1), subscription = subscribe_in(meeting);
    ab_local_state state;
    while (offer(publication, "0123456789") >= 0) {
    }
    CHECK_EQUAL(AB_OK, ab_local_publication_state(publication, &state));
    CHECK_EQUAL(TERM / 2, state.position_limit);
    CHECK(state.position >= state.position_limit && state.position < state.position_limit + 96);
    CHECK_EQUAL(AB_BACK_PRESSURED, offer(publication, "no"));
    close_subscription(subscription); /* the slowest has left: nobody is there */
    CHECK_EQUAL(AB_NOT_CONNECTED, offer(publication, "no"));
    close_publication(publication);
    ab_local_release(meeting);
}

static void faults_spare_control_frames(void) {
    ab_local *meeting = ab_local_create(TERM);
    ab_handle publication = publish_in(meeting, 1), subscription = subscribe_in(meeting);
    ab_local_fault(meeting, 1, 2);
    CHECK_EQUAL(AB_OK, ab_offer_control(publication_of(publication), AB_HELLO));
    CHECK_EQUAL(AB_BACK_PRESSURED, offer(publication, "a"));
    CHECK_EQUAL(0, offer(publication, "a"));
    CHECK_EQUAL(1, offer(publication, "b"));
    CHECK_EQUAL(2, offer(publication, "c"));
    CHECK_EQUAL(AB_IMAGE_UP, next_notice(subscription));
    CHECK_EQUAL(AB_PUBLISHER_JOINED, next_notice(subscription));
    CHECK_EQUAL(AB_GAP, next_notice(subscription));
    CHECK_EQUAL(1, ab_poll(subscription_of(subscription), NULL));
    ab_local_fault(meeting, 1, -1);
    ab_local_fault(meeting, 0, -1);
    CHECK_EQUAL(3, offer(publication, "d"));
    close_publication(publication);
    close_subscription(subscription);
    ab_local_release(meeting);
}

static void a_meeting_takes_so_many_publications(void) {
    ab_local *meeting = ab_local_create(TERM);
    ab_handle handles[AB_SESSIONS];
    for (int32_t i = 0; i < (int32_t)AB_SESSIONS; i++) {
        handles[i] = publish_in(meeting, i + 1);
    }
    CHECK_EQUAL(0, ab_local_publication_open(meeting, 99, 5));
    close_publication(handles[0]);
    handles[0] = publish_in(meeting, 99);
    for (size_t i = 0; i < AB_SESSIONS; i++) {
        close_publication(handles[i]);
    }
    ab_local_release(meeting);
}

/* ---- threads ------------------------------------------------------------------------------------------------------ */

typedef struct {
    ab_publication *publication;
    uint8_t mark;
} sender;

static void *send_all(void *argument) {
    const sender *self = argument;
    uint64_t seed = self->mark + 1u;
    uint8_t body[LENGTH_MAX];
    memset(body, self->mark, sizeof body);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        size_t length = sizeof i + check_random(&seed) % (LENGTH_MAX - sizeof i);
        memcpy(body, &i, sizeof i);
        while (ab_offer(self->publication, body, length, AB_OFFER_RETRY) < 0) {
            sched_yield();
        }
    }
    return NULL;
}

static atomic_bool sent_all;

static void *come_and_go(void *meeting) {
    while (!atomic_load(&sent_all)) {
        ab_handle subscription = ab_local_subscription_open(meeting);
        CHECK(subscription != 0);
        sched_yield();
        close_subscription(subscription);
    }
    return NULL;
}

static void publishers_pollers_and_passers_by_share_a_meeting(void) {
    ab_local *meeting = ab_local_create(TERM);
    ab_handle subscription = subscribe_in(meeting), handles[SENDERS];
    ab_subscription *object = subscription_of(subscription);
    pthread_t threads[SENDERS], passer_by;
    sender senders[SENDERS];
    uint32_t next[SENDERS] = {0}, total = 0;
    for (int i = 0; i < SENDERS; i++) {
        handles[i] = publish_in(meeting, i);
        senders[i] = (sender){publication_of(handles[i]), (uint8_t)i};
        pthread_create(&threads[i], NULL, send_all, &senders[i]);
    }
    pthread_create(&passer_by, NULL, come_and_go, meeting);
    while (total < SENDERS * MESSAGES) {
        int count = ab_poll(object, NULL);
        ab_notice notice;
        while (count == AB_POLL_NOTICES && ab_poll_notice(object, &notice)) {
            CHECK(notice.kind == AB_IMAGE_UP || notice.kind == AB_PUBLISHER_JOINED);
        }
        if (count <= 0) {
            sched_yield();
            continue;
        }
        ab_poll_handover(object);
        for (int i = 0; i < count; i++) {
            const ab_record *record = &object->batch->records[i];
            const uint8_t *body = object->batch->bytes + record->offset;
            uint32_t number;
            memcpy(&number, body, sizeof number);
            CHECK_EQUAL(next[record->session_id], number);
            CHECK_EQUAL(number, record->sequence);
            CHECK(record->length == sizeof number || body[record->length - 1] == (uint8_t)record->session_id);
            next[record->session_id]++;
            total++;
        }
    }
    atomic_store(&sent_all, true);
    pthread_join(passer_by, NULL);
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_EQUAL(MESSAGES, next[i]);
        close_publication(handles[i]);
    }
    CHECK_EQUAL(0, object->counters[AB_INVALID_FRAMES]);
    close_subscription(subscription);
    ab_local_release(meeting);
}

int main(void) {
    RUN(a_term_that_is_none_is_refused);
    RUN(messages_meet_by_their_meeting);
    RUN(half_a_term_is_the_window);
    RUN(faults_spare_control_frames);
    RUN(a_meeting_takes_so_many_publications);
    RUN(publishers_pollers_and_passers_by_share_a_meeting);
    return 0;
}
