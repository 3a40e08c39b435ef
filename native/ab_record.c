/* ab_record: from whole messages to records. The picture and the rules are in ab_record.h. */
#include "ab_record.h"

#include <stdlib.h>

#include "ab_clock.h"
#include "ab_fail.h"
#include "ab_journal_port.h"
#include "ab_marks.h"

#define TERM_BITS_MIN 16 /* Aeron's */

typedef struct {
    ab_sink sink; /* first: a pointer to it is one to the recorder */
    const ab_subscription *subscription; /* whose sink this is */
    ab_handle journal;
    ab_journal_port *entered; /* inside the handle: from the first message of a pass to its end */
    uint16_t stream;
    bool framed;
    bool shed;
    bool catching_up; /* SHED, after a long absence: leave out what is there beyond `allowance` bytes */
    int64_t allowance;
    bool took;        /* this pass: anything */
    int64_t patience_ns;
    int64_t passed_ns; /* when the last pass ended, monotonic; 0: none has */
    ab_record_counts counts;
} recorder;

/* The journal, entered; NULL when it is closed. */
static ab_journal *enter(recorder *self) {
    if (self->entered == NULL && self->journal != 0) {
        self->entered = ab_slot_enter(self->journal, AB_KIND_JOURNAL);
    }
    return self->entered == NULL ? NULL : self->entered->journal;
}

static void leave(recorder *self) {
    if (self->entered != NULL) {
        ab_slot_leave(self->journal);
        self->entered = NULL;
    }
}

/* Hello, Beat or Bye. */
static bool is_word(const uint8_t *bytes, size_t length) {
    ab_frame frame;
    size_t body;
    return length >= AB_FRAME_LENGTH && ab_le16(bytes + AB_FRAME_TYPE_OFFSET) == AB_TYPE_CONTROL &&
           ab_frame_decode(bytes, length, &frame, &body) == AB_OK && frame.type == AB_TYPE_CONTROL;
}

static int64_t messages_of(const recorder *self, const ab_whole *message) {
    return self->framed ? ab_frame_messages(message->bytes, message->length) : 1;
}

/* Bytes that may have come during an absence and are recorded: a quarter of the shortest term, so half of what Aeron lets a publisher
 * be ahead by. One that is held by nobody has no reason to lose messages. */
static int64_t allowance_of(const ab_subscription *subscription) {
    uint32_t bits = 0;
    for (uint32_t i = 0; i < AB_IMAGE_LOGS; i++) {
        const ab_image_log *log = &subscription->logs[i];
        bits = log->used && (bits == 0 || log->term_bits < bits) ? log->term_bits : bits;
    }
    return INT64_C(1) << (bits == 0 ? TERM_BITS_MIN : bits) >> 2;
}

/* Is this one left out? Counted, if it is. */
static bool leave_out(recorder *self, const ab_whole *message) {
    if (self->framed && is_word(message->bytes, message->length)) {
        return true;
    }
    if (!self->catching_up || self->allowance > 0) {
        self->allowance -= (int64_t)message->length;
        return false;
    }
    self->took = true;
    self->counts.shed += messages_of(self, message);
    return true;
}

/* The journal did not take a message, and said why. May the next one come? Else this one comes again. */
static bool passes_over(recorder *self, const ab_whole *message, int64_t why) {
    if (why == AB_TOO_LARGE) {
        self->counts.too_large += messages_of(self, message);
        return true;
    }
    if (self->shed && (why == AB_NO_SPACE || why == AB_STALE)) {
        self->took = self->took || why == AB_NO_SPACE;
        self->counts.shed += messages_of(self, message);
        return true;
    }
    self->counts.held++;
    return false;
}

static size_t take(ab_sink *sink, int32_t session_id, int64_t time_ns, const ab_whole *messages, size_t count) {
    recorder *self = (recorder *)sink;
    size_t at = 0;
    while (at < count) {
        size_t end = at;
        while (end < count && !leave_out(self, &messages[end])) {
            end++;
        }
        size_t after = end < count ? end + 1 : end; /* the one at `end` was left out */
        while (at < end) {
            ab_journal *journal = enter(self); /* NULL: closed, or not yet open again */
            int64_t bytes = 0, why = AB_STALE;
            size_t taken = journal == NULL ? 0
                                           : ab_journal_append_run(journal, self->stream, session_id, time_ns, messages + at, end - at,
                                                                   &bytes, &why);
            self->took = self->took || taken > 0;
            self->counts.records += (int64_t)taken;
            self->counts.bytes += bytes;
            for (size_t i = at; !self->framed && i < at + taken; i++) {
                self->counts.words += is_word(messages[i].bytes, messages[i].length);
            }
            at += taken;
            if (at < end) {
                if (!passes_over(self, &messages[at], why)) {
                    return at;
                }
                at++;
            }
        }
        at = after;
    }
    return at;
}

static int end_pass(ab_sink *sink, ab_error *error) {
    recorder *self = (recorder *)sink;
    ab_journal *journal = enter(self);
    bool took = self->took;
    int result = AB_OK;
    int64_t now_ns = ab_clock_monotonic_ns();
    int64_t away_ns = self->passed_ns == 0 ? 0 : now_ns - self->passed_ns;
    self->passed_ns = now_ns;
    self->counts.longest_ns = away_ns > self->counts.longest_ns ? away_ns : self->counts.longest_ns;
    self->took = false;
    bool was_away = away_ns > self->patience_ns;
    self->catching_up = self->shed && (was_away || (self->catching_up && took));
    self->allowance = was_away ? allowance_of(self->subscription) : self->allowance;
    if (journal != NULL) {
        result = ab_journal_tick(journal, now_ns, !took);
        if (result != AB_OK && error != NULL) {
            *error = *ab_journal_error(journal);
        }
        if (self->subscription->marks != NULL) {
            ab_marks_at(self->subscription->marks, ab_journal_counters(journal)[AB_JOURNAL_APPENDED]);
        }
    }
    leave(self);
    return result == AB_NO_SPACE ? AB_OK : result; /* told by the journal's state: tick tries again by itself */
}

static void release(ab_sink *sink) {
    leave((recorder *)sink);
    free(sink);
}

int ab_subscription_record(
    ab_handle handle, ab_handle journal, int stream, int framed, int policy, int64_t patience_ns) {
    ab_subscription *subscription = ab_slot_peek(handle, AB_KIND_SUBSCRIPTION);
    if (subscription == NULL) {
        return AB_STALE;
    }
    if (stream < 0 || stream > AB_JOURNAL_STREAM_MAX || patience_ns < 0 ||
        (policy != AB_RECORD_HOLD && policy != AB_RECORD_SHED)) {
        return AB_INVALID;
    }
    recorder *self = (recorder *)subscription->sink;
    if (self == NULL) {
        self = calloc(1, sizeof *self);
        if (self == NULL) {
            return AB_NO_MEMORY;
        }
        self->sink = (ab_sink){.take = take, .end_pass = end_pass, .release = release};
        self->subscription = subscription;
    }
    leave(self);
    self->journal = journal;
    self->stream = (uint16_t)stream;
    self->framed = framed != 0;
    self->shed = policy == AB_RECORD_SHED;
    self->patience_ns = patience_ns;
    subscription->sink = &self->sink;
    subscription->configured = true;
    return AB_OK;
}

int ab_subscription_recorded(ab_handle handle, ab_record_counts *counts) {
    const ab_subscription *subscription = ab_slot_peek(handle, AB_KIND_SUBSCRIPTION);
    if (subscription == NULL) {
        return AB_STALE;
    }
    if (subscription->sink == NULL || subscription->sink->take != take) {
        return AB_INVALID;
    }
    *counts = ((const recorder *)subscription->sink)->counts;
    return AB_OK;
}
