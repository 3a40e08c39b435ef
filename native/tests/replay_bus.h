/*
 * replay_bus: for the tests of ab_replay: real journals in a folder of the test, and the in-process transport as the live side.
 *
 * A bus is a meeting, publishers that count their messages, a recorder (a raw subscription whose messages are appended, by hand, so
 * that it lags as a test wants) and a reader, which is the replay under test. What the reader got is checked message by message:
 * every publisher's numbers go on by one from where the replay began: no gap, no duplicate, no other order.
 */
#ifndef AB_REPLAY_BUS_H
#define AB_REPLAY_BUS_H

#include "../ab_replay.h"

#include "../ab_local.h"
#include "../ab_offer.h"
#include "../ab_poll.h"
#include "check.h"
#include "journal_files.h"

#define TERM (1024u * 1024u)
#define PUBLISHERS 5
#define STREAM 3
#define OTHER_STREAM 4

static const ab_type raw = {.type_id = AB_TYPE_RAW, .version = 1, .wanted = 1};

typedef struct {
    char folder[256];
    ab_local *meeting;
    ab_journal *journal;
    ab_handle recorder, reader;
    ab_handle publishers[PUBLISHERS];
    uint32_t sent[PUBLISHERS];
    int64_t first[PUBLISHERS]; /* number of the first message the reader got, -1: none yet */
    int64_t next[PUBLISHERS];
    int64_t last[PUBLISHERS];  /* number of the last record of it, -1: none */
    uint64_t records;
    int64_t got, replayed, joined, ended, failed, holes, waits, gaps, lost;
    ab_notice lost_last, gap_last;
} bus;

static inline ab_subscription *subscription_of(ab_handle handle) { return ab_slot_peek(handle, AB_KIND_SUBSCRIPTION); }
static inline ab_publication *publication_of(ab_handle handle) { return ab_slot_peek(handle, AB_KIND_PUBLICATION); }

static inline ab_handle subscribe(ab_local *meeting, int frame) {
    ab_handle handle = ab_local_subscription_open(meeting);
    CHECK(handle != 0);
    CHECK_EQUAL(AB_OK, ab_subscription_configure(handle, frame, AB_FORMAT_RAW, &raw, 1, NULL));
    return handle;
}

static inline void open_own_journal(bus *self, uint64_t segment) {
    ab_journal_options options = {.directory = self->folder,
                                  .segment_length = segment,
                                  .sync_mode = AB_JOURNAL_NONE,
                                  .flags = AB_JOURNAL_CREATE};
    ab_error error;
    CHECK_EQUAL(AB_OK, ab_journal_open(&options, NULL, &self->journal, NULL, &error));
}

static inline void begin(bus *self) {
    *self = (bus){0};
    for (int i = 0; i < PUBLISHERS; i++) {
        self->first[i] = self->last[i] = -1;
    }
    make_folder(self->folder);
    open_own_journal(self, 1024 * 1024);
    self->meeting = ab_local_create(TERM);
    self->recorder = subscribe(self->meeting, 0);
}

static inline void publish_as(bus *self, int who) {
    self->publishers[who] = ab_local_publication_open(self->meeting, 100 + who, 5);
    CHECK(self->publishers[who] != 0);
    CHECK_EQUAL(AB_OK, ab_publication_configure(self->publishers[who], 1, AB_FORMAT_RAW, (uint32_t)who + 1, 0, &raw, 1, NULL, NULL));
    ab_offer_control(publication_of(self->publishers[who]), AB_HELLO);
}

static inline void leave_as(bus *self, int who) {
    ab_error error;
    ab_offer_control(publication_of(self->publishers[who]), AB_BYE);
    ab_publication *publication = ab_publication_retire(self->publishers[who]);
    CHECK_EQUAL(AB_OK, ab_local_publication_close_wait(publication, self->publishers[who], INT64_MAX, &error));
    self->publishers[who] = 0;
}

static inline bool send_one(bus *self, int who, size_t length) {
    uint8_t body[600];
    memset(body, who, sizeof body);
    body[0] = (uint8_t)who;
    memcpy(body + 4, &self->sent[who], sizeof self->sent[who]);
    if (ab_offer(publication_of(self->publishers[who]), body, length, AB_OFFER_RETRY) < 0) {
        return false;
    }
    self->sent[who]++;
    return true;
}

static inline void send_many(bus *self, int who, int count) {
    for (int i = 0; i < count; i++) {
        CHECK(send_one(self, who, 16));
    }
}

/* One pass of the recorder: append what came and commit it. */
static inline int record(bus *self) {
    ab_subscription *subscription = subscription_of(self->recorder);
    int count = ab_poll(subscription, NULL);
    ab_notice notice;
    while (ab_poll_notice(subscription, &notice)) {
    }
    if (count <= 0) {
        return count == AB_POLL_NOTICES ? 1 : 0;
    }
    for (uint32_t i = 0; i < subscription->batch->count; i++) {
        const ab_record *at = &subscription->batch->records[i];
        const uint8_t *bytes = subscription->batch->bytes + at->offset;
        ab_frame frame;
        size_t body;
        if (ab_frame_decode(bytes, at->length, &frame, &body) == AB_OK && frame.type == AB_TYPE_CONTROL) {
            continue;
        }
        int64_t time_ns = 1000 * ((int64_t)self->records + 1);
        self->last[bytes[body]] = (int64_t)self->records;
        CHECK_EQUAL(self->records, ab_journal_append(
                                       self->journal, STREAM, at->session_id, at->position, time_ns, bytes, at->length));
        self->records++;
        if (self->records % 7 == 0) { /* another stream of the same recording */
            CHECK(ab_journal_append(self->journal, OTHER_STREAM, 9, 64, 1000 * (int64_t)self->records + 1, "other", 5) >= 0);
            self->records++;
        }
    }
    CHECK_EQUAL(AB_OK, ab_journal_write(self->journal));
    ab_poll_handover(subscription);
    return count;
}

/* What came, and the recorder never writes: it was not running. */
static inline void miss_all(bus *self) {
    ab_subscription *subscription = subscription_of(self->recorder);
    while (ab_poll(subscription, NULL) != 0) {
        ab_notice notice;
        while (ab_poll_notice(subscription, &notice)) {
        }
        ab_poll_handover(subscription);
    }
}

static inline void record_all(bus *self) {
    while (record(self) != 0) {
    }
}

static inline int attach(bus *self, ab_replay_options options, ab_error *error) {
    static const uint16_t stream = STREAM;
    options.directory = self->folder;
    options.streams = &stream;
    options.stream_count = 1;
    self->reader = options.join ? subscribe(self->meeting, 1) : ab_batch_open();
    if (!options.join) {
        CHECK_EQUAL(AB_OK, ab_subscription_configure(self->reader, 1, AB_FORMAT_RAW, &raw, 1, NULL));
    }
    return ab_subscription_replay_wait(self->reader, &options, error);
}

static inline void replay(bus *self, ab_replay_options options) {
    ab_error error;
    CHECK_EQUAL(AB_OK, attach(self, options, &error));
}

static inline void take_notice(bus *self, const ab_notice *notice) {
    switch (notice->kind) {
        case AB_REPLAY_SAYS_JOINED:
            self->joined++;
            break;
        case AB_REPLAY_SAYS_ENDED:
            self->ended++;
            break;
        case AB_REPLAY_SAYS_FAILED:
            self->failed++;
            break;
        case AB_REPLAY_SAYS_HOLE:
            self->holes++;
            break;
        case AB_REPLAY_SAYS_WAITS:
            self->waits++;
            break;
        case AB_REPLAY_SAYS_LOST:
            self->lost++;
            self->lost_last = *notice;
            break;
        case AB_GAP:
        case AB_REWIND:
            self->gaps++;
            self->gap_last = *notice;
            break;
        default:
            break;
    }
}

/* One pass of the reader. Whether there was anything. */
static inline bool read_once(bus *self) {
    ab_subscription *subscription = subscription_of(self->reader);
    bool worked = false;
    int count = ab_poll(subscription, &worked);
    ab_notice notice;
    while (ab_poll_notice(subscription, &notice)) {
        take_notice(self, &notice);
    }
    if (count <= 0) {
        CHECK(count == 0 || count == AB_POLL_NOTICES);
        return worked || count != 0;
    }
    const ab_batch *batch = subscription->batch;
    for (uint32_t i = 0; i < batch->count; i++) {
        const uint8_t *body = batch->bytes + batch->records[i].offset;
        uint32_t number;
        int who = body[0];
        memcpy(&number, body + 4, sizeof number);
        CHECK_EQUAL(100 + who, batch->records[i].session_id);
        CHECK_EQUAL(who + 1, batch->records[i].publisher);
        if (self->first[who] < 0) {
            self->first[who] = self->next[who] = number;
        }
        CHECK_EQUAL(self->next[who]++, number);
        CHECK_EQUAL(number, batch->records[i].sequence);
        const ab_recorded *recorded = ab_replay_recorded(subscription, i);
        self->replayed += recorded != NULL;
        self->got++;
    }
    ab_poll_handover(subscription);
    return true;
}

static inline void drain(bus *self) {
    while (read_once(self)) {
    }
}

static inline void stop_reading(bus *self) {
    ab_error error;
    ab_subscription *subscription = subscription_of(self->reader);
    if (subscription->local == NULL) {
        CHECK_EQUAL(AB_OK, ab_batch_close(self->reader));
    } else {
        CHECK_EQUAL(AB_OK, ab_local_subscription_close_wait(ab_subscription_retire(self->reader), self->reader, INT64_MAX, &error));
    }
    self->reader = 0;
}

static inline void finish(bus *self) {
    ab_error error;
    for (int i = 0; i < PUBLISHERS; i++) {
        if (self->publishers[i] != 0) {
            leave_as(self, i);
        }
    }
    if (self->reader != 0) {
        stop_reading(self);
    }
    CHECK_EQUAL(AB_OK, ab_local_subscription_close_wait(ab_subscription_retire(self->recorder), self->recorder, INT64_MAX, &error));
    ab_local_release(self->meeting);
    if (self->journal != NULL) {
        CHECK_EQUAL(AB_OK, ab_journal_close(self->journal, &error));
    }
    remove_folder(self->folder);
}

#endif
