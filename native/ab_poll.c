/*
 * ab_poll: from Aeron's fragments to a batch. The picture and the rules are in ab_poll.h.
 *
 * The steps of a fragment, one function each:  ab_poll_take  lengths and session   >  assemble  fragments to a message
 * >  deliver  our header and the gap check  >  ab_batch_admit  each body.  A false on the way up means: the batch must end
 * first; ab_poll_take turns it into an abort, and every other fragment of the pass is aborted too.
 */
#include "ab_poll.h"

#include "ab_batch.h"
#include "ab_blocks.h"
#include "ab_fail.h"
#include "ab_local.h"
#include "ab_marks.h"
#include "ab_replay.h"
#include "ab_sequence.h"
#include "ab_session.h"

/* Fragments of one pass at most: a pass over nothing but unwanted messages still ends, some 50 us later. */
#define PASS_FRAGMENTS 1024u

#define DATA_FRAME_TYPE 1
#define WHOLE_MESSAGE (AERON_DATA_HEADER_BEGIN_FLAG | AERON_DATA_HEADER_END_FLAG)
#define TERM_BITS_MAX 30u /* Aeron's largest term is 1 GiB */

static int64_t aligned_length(int32_t frame_length) { return ((int64_t)frame_length + 31) & ~(int64_t)31; }

int64_t ab_poll_position(const aeron_header_values_t *values) {
    int32_t terms = (int32_t)((uint32_t)values->frame.term_id - (uint32_t)values->initial_term_id); /* ids wrap round */
    return (int64_t)((uint64_t)(int64_t)terms << values->position_bits_to_shift) + values->frame.term_offset +
           aligned_length(values->frame.frame_length);
}

/* Is this a data frame that lies within its term, and did Aeron take its length from the same number? After a true every
 * byte of the fragment may be read. */
static bool frame_is_possible(const aeron_header_values_t *values, size_t length) {
    int32_t frame_length = values->frame.frame_length;
    int32_t term_offset = values->frame.term_offset;
    if (values->position_bits_to_shift > TERM_BITS_MAX || frame_length < (int32_t)AERON_DATA_HEADER_LENGTH) {
        return false;
    }
    int64_t term_length = (int64_t)1 << values->position_bits_to_shift;
    return length == (size_t)frame_length - AERON_DATA_HEADER_LENGTH && term_offset >= 0 && (term_offset & 31) == 0 &&
           term_offset + aligned_length(frame_length) <= term_length && values->frame.type == DATA_FRAME_TYPE;
}

/* Our frame cannot be used: count its messages (one, when not even that is known) and keep it. */
static void refuse_frame(ab_subscription *subscription, const ab_arrival *arrival, uint64_t messages, int reason,
                         const char *error) {
    subscription->counters[AB_MALFORMED_COUNT] += (int64_t)messages;
    ab_batch_refuse(subscription, arrival, reason, error);
}

/* A whole message. False: abort its (last) fragment; nothing of it was taken, or the session remembers how much. */
static bool deliver(
    ab_subscription *subscription, ab_session *session, const uint8_t *bytes, size_t length, int64_t position) {
    ab_sink *sink = subscription->sink;
    if (sink != NULL) {
        const ab_whole message = {.bytes = bytes, .length = length, .position = position};
        return sink->take(sink, session->session_id, ab_batch_time_ns(subscription), &message, 1) == 1;
    }
    ab_arrival arrival = {
        .body = bytes, .length = length, .position = position, .session_id = session->session_id, .type_id = AB_TYPE_RAW};
    if (!subscription->frame) {
        return ab_batch_admit(subscription, &arrival);
    }

    ab_frame frame;
    size_t body;
    arrival.type_id = AB_TYPE_CONTROL;
    if (ab_frame_get(bytes, length, &frame, &body) != AB_OK) {
        refuse_frame(subscription, &arrival, 1, AB_REASON_FRAME, "not a frame of version 1 with a whole header");
        return true;
    }
    uint32_t done = session->resume_position == position && session->resume_index < frame.count ? session->resume_index : 0;
    uint64_t first = frame.sequence + done;
    if (!ab_sequence_check(subscription, session, &frame, first, (uint64_t)frame.count - done, position)) {
        return false;
    }
    if (frame.type == AB_TYPE_CONTROL) {
        return true;
    }

    arrival.sequence = frame.sequence;
    arrival.publish_time_ns = frame.publish_time_ns;
    arrival.publisher = frame.publisher;
    arrival.type_id = frame.type;
    arrival.version = frame.schema_version;
    arrival.body = bytes + body;
    arrival.length = length - body;
    if (frame.format != subscription->format) {
        refuse_frame(subscription, &arrival, frame.count, AB_REASON_FORMAT, "not in the stream's format");
        return true;
    }
    if (frame.count == 1) {
        if (ab_batch_admit(subscription, &arrival)) {
            return true;
        }
        ab_sequence_take_back(subscription, session, first);
        return false;
    }

    size_t offset = ab_frame_bodies(bytes, length, frame.count, body);
    if (offset == 0) {
        refuse_frame(subscription, &arrival, frame.count, AB_REASON_FRAME,
                     "the body lengths of the batch frame do not add up to its length");
        return true;
    }
    for (uint32_t i = 0; i < frame.count; i++) {
        size_t body_length = ab_frame_body_length(bytes, body, i);
        if (body_length > length - offset) { /* a hostile sender's packet was written over this one since it was checked */
            refuse_frame(subscription, &arrival, frame.count - i, AB_REASON_FRAME, "the batch frame changed while it was read");
            return true;
        }
        if (i >= done) {
            arrival.body = bytes + offset;
            arrival.length = body_length;
            arrival.sequence = frame.sequence + i;
            arrival.index = i;
            if (!ab_batch_admit(subscription, &arrival)) {
                session->resume_position = position;
                session->resume_index = i;
                ab_sequence_take_back(subscription, session, arrival.sequence);
                return false;
            }
        }
        offset += body_length;
    }
    return true;
}

bool ab_poll_deliver(
    ab_subscription *subscription, ab_session *session, const uint8_t *bytes, size_t length, int64_t position) {
    return deliver(subscription, session, bytes, length, position);
}

/* A fragment of a larger message. False: abort it. A message whose beginning or middle is missing counts once. */
static bool assemble(ab_subscription *subscription, ab_session *session, uint8_t flags, const uint8_t *fragment,
                     size_t length, int64_t begin, int64_t position) {
    bool first = (flags & AERON_DATA_HEADER_BEGIN_FLAG) != 0, last = (flags & AERON_DATA_HEADER_END_FLAG) != 0;
    if (session->assembling && (first || begin != session->position)) {
        subscription->counters[AB_INVALID_FRAMES]++;
        ab_session_end_assembly(subscription, session);
        session->skipping = !first; /* the lost message is counted; what still comes of it is not counted again */
    }
    if (first) {
        session->assembling = true;
        session->assembly_begin = begin;
        session->skipping = false;
    }
    if (session->assembling && !ab_session_append(subscription, session, fragment, length)) {
        subscription->counters[AB_INVALID_FRAMES]++;
        ab_session_end_assembly(subscription, session);
        session->skipping = true;
    }
    if (!session->assembling) {
        if (!session->skipping) {
            subscription->counters[AB_INVALID_FRAMES]++;
        }
        session->skipping = !last;
        return true;
    }
    if (last) {
        if (!deliver(subscription, session, session->assembly, session->assembled, position)) {
            session->assembled -= length;
            return false;
        }
        ab_session_end_assembly(subscription, session);
    }
    return true;
}

/* Does what we know of the session contradict this fragment, or do we not know it at all? The image may have changed since
 * the ring was last read. */
static bool is_doubtful(const ab_session *session, size_t length, int64_t position) {
    return session == NULL || position <= session->position ||
           (session->fragment_max != 0 && length > session->fragment_max);
}

static bool take(ab_subscription *subscription, const aeron_header_values_t *values, const uint8_t *buffer, size_t length) {
    if (!frame_is_possible(values, length)) {
        subscription->counters[AB_INVALID_FRAMES]++;
        return true;
    }
    int32_t session_id = values->frame.session_id;
    int64_t position = ab_poll_position(values);
    if (subscription->replay != NULL && ab_replay_discards(subscription, session_id, position, values->frame.flags, buffer, length)) {
        return true;
    }
    ab_session *session = ab_session_find(subscription, session_id);
    if (is_doubtful(session, length, position)) {
        if (ab_session_has_events(subscription)) {
            if (subscription->batch->count > 0 || !ab_sequence_room(subscription)) {
                return false; /* the events belong between the batch and this */
            }
            ab_session_take_events(subscription);
            return take(subscription, values, buffer, length); /* as an image in the middle of its stream may have come */
        }
        session = ab_session_make(subscription, session_id);
        ab_marks_meet(subscription, session, values->initial_term_id);
        if (is_doubtful(session, length, position)) {
            if (position <= session->replayed) {
                ab_marks_repeat(subscription, values->frame.flags, buffer, length);
                return true;
            }
            subscription->counters[AB_INVALID_FRAMES]++; /* forged, or Aeron broke its word */
            return true;
        }
    }

    uint8_t flags = values->frame.flags & WHOLE_MESSAGE;
    int64_t begin = position - aligned_length(values->frame.frame_length);
    bool taken;
    if (flags == WHOLE_MESSAGE) {
        if (session->assembling) {
            subscription->counters[AB_INVALID_FRAMES]++;
            ab_session_end_assembly(subscription, session);
        }
        taken = deliver(subscription, session, buffer, length, position);
        session->skipping = false;
    } else {
        taken = assemble(subscription, session, flags, buffer, length, begin, position);
    }
    if (taken) {
        session->position = position; /* inv_positions_never_go_back */
    }
    return taken;
}

int ab_poll_take(
    ab_subscription *subscription, const aeron_header_values_t *values, const uint8_t *buffer, size_t length) {
    if (!subscription->ended && take(subscription, values, buffer, length)) {
        return AERON_ACTION_CONTINUE;
    }
    subscription->ended = true;
    return AERON_ACTION_ABORT;
}

/* ---- where a fragment lies ---------------------------------------------------------------------------------------
 *
 * Its header may lie about that. The driver looks at the first frame of a packet alone for the session and the term; and packets
 * that overlap put bytes of a body where the next header is read, of which the driver saw nothing at all. What cannot lie: the
 * image in which Aeron found the fragment, and its address. So the address of each of an image's three terms is learned, once:
 * the first fragment met in it is aborted, the next pass begins exactly there, and position and address together tell. */

ab_image_log *ab_poll_log(ab_subscription *subscription, aeron_image_t *image) {
    aeron_image_constants_t constants;
    if (image == NULL || ab_aeron->image_constants(image, &constants) < 0 || constants.position_bits_to_shift > TERM_BITS_MAX) {
        return NULL;
    }
    ab_image_log *found = &subscription->logs[0];
    for (uint32_t i = 0; i < AB_IMAGE_LOGS; i++) {
        ab_image_log *log = &subscription->logs[i];
        if (log->used && log->image_id == constants.correlation_id) {
            found = log;
            break;
        }
        if (log->last_used < found->last_used) {
            found = log;
        }
    }
    if (!found->used || found->image_id != constants.correlation_id) {
        *found = (ab_image_log){
            .used = true,
            .image_id = constants.correlation_id,
            .session_id = constants.session_id,
            .initial_term_id = constants.initial_term_id,
            .term_bits = (uint32_t)constants.position_bits_to_shift,
        };
    }
    found->last_used = subscription->pass;
    return found;
}

static int on_fragment(void *clientd, const uint8_t *buffer, size_t length, aeron_header_t *header) {
    ab_subscription *subscription = clientd;
    aeron_header_values_t values;
    if (subscription->ended) {
        return AERON_ACTION_ABORT; /* Aeron goes on with the next image after an abort */
    }
    aeron_image_t *image = ab_aeron->header_context(header);
    if (image != subscription->image) {
        subscription->log = ab_poll_log(subscription, image);
        subscription->image = image;
        subscription->image_position = subscription->log == NULL ? 0 : ab_aeron->image_position(image);
    }
    ab_image_log *log = subscription->log;
    int64_t position = subscription->image_position;
    if (log == NULL || ab_aeron->header_values(header, &values) < 0) {
        subscription->counters[AB_INVALID_FRAMES]++;
        return AERON_ACTION_CONTINUE;
    }
    int64_t term_length = (int64_t)1 << log->term_bits;
    int64_t terms = position >> log->term_bits; /* a pass does not leave the term it began in */
    ab_term *term = &log->terms[terms % 3];
    if (!term->met) { /* padding may have been skipped before this fragment */
        term->met = subscription->learning = true;
        return AERON_ACTION_ABORT;
    }
    if (term->begin == NULL) {
        term->begin = buffer - (position & (term_length - 1));
    }
    int64_t offset = buffer - term->begin;
    if (offset + aligned_length(values.frame.frame_length) > term_length) {
        /* Going on would lead Aeron out of the term, or out of its memory: this image is not read any further. */
        if (log->broken_at != buffer) {
            log->broken_at = buffer;
            subscription->counters[AB_INVALID_FRAMES]++;
        }
        return AERON_ACTION_ABORT;
    }
    bool honest = values.frame.session_id == log->session_id && values.frame.term_offset == offset &&
                  values.frame.term_id == (int32_t)((uint32_t)log->initial_term_id + (uint32_t)terms);
    if (!honest) {
        subscription->counters[AB_INVALID_FRAMES]++;
        return AERON_ACTION_CONTINUE;
    }
    return ab_poll_take(subscription, &values, buffer, length);
}

static int poll_aeron(ab_subscription *subscription) {
    int fragments = 0;
    for (int tries = 0; fragments == 0 && tries < 2 && (tries == 0 || subscription->learning); tries++) {
        subscription->image = NULL; /* it moves on, and may be freed, between two passes */
        subscription->learning = false;
        fragments =
            ab_aeron->subscription_controlled_poll(subscription->aeron, on_fragment, subscription, PASS_FRAGMENTS);
    }
    return fragments;
}

void ab_poll_begin(ab_subscription *subscription) {
    if (subscription->handed) {
        ab_batch_reset(subscription->batch);
        subscription->handed = false;
    }
    subscription->ended = false;
    subscription->pass++;
    subscription->pass_time_ns = 0;
}

static int ready(const ab_subscription *subscription) {
    if (subscription->notice_count > 0) {
        return AB_POLL_NOTICES;
    }
    return subscription->handed ? 0 : (int)subscription->batch->count;
}

int ab_poll_live(ab_subscription *subscription, bool *worked) {
    if (subscription->aeron == NULL) {
        if (subscription->local != NULL && ab_local_poll(subscription, PASS_FRAGMENTS) && worked != NULL) {
            *worked = true;
        }
        return AB_OK;
    }
    uint32_t taken = 0;
    bool all = subscription->sink != NULL && subscription->replay == NULL && ab_blocks_poll(subscription, &taken);
    int fragments = all ? 0 : poll_aeron(subscription);
    if (fragments < 0) { /* what was taken before it failed is in the batch, and the next call returns that */
        return ab_fail(&subscription->error, AB_FAILED, ab_aeron->errcode(), "%s", ab_aeron->errmsg());
    }
    if ((fragments > 0 || taken > 0) && worked != NULL) {
        *worked = true;
    }
    return AB_OK;
}

int ab_poll(ab_subscription *subscription, bool *worked) {
    int waiting = ready(subscription);
    if (waiting != 0) {
        return waiting;
    }
    ab_poll_begin(subscription);
    ab_session_take_events(subscription);
    if (!subscription->configured) {
        ab_poll_service(subscription);
        return ready(subscription);
    }
    int result = subscription->replay != NULL ? ab_replay_poll(subscription, worked) : ab_poll_live(subscription, worked);
    if (result == AB_OK && subscription->sink != NULL) { /* what the pass took is there: it does what it does once a pass */
        result = subscription->sink->end_pass(subscription->sink, &subscription->error);
    }
    return result < 0 ? result : ready(subscription);
}

int ab_poll_handover(ab_subscription *subscription) {
    ab_batch_finish(subscription);
    subscription->handed = true;
    return (int)subscription->batch->count;
}

void ab_poll_service(ab_subscription *subscription) {
    if (subscription->replay != NULL) {
        ab_replay_service(subscription);
    }
    if (subscription->aeron != NULL) {
        (void)ab_aeron->subscription_image_count(subscription->aeron);
    }
}
