/* ab_blocks.c: see ab_blocks.h for the rules. */
#include "ab_blocks.h"

#include <string.h>

#include "ab_batch.h"
#include "ab_poll.h"
#include "ab_session.h"
#include "ab_whole.h"

#define DATA_TYPE 1
#define PADDING_TYPE 0
#define AHEAD 2048 /* bytes: some dozen messages of 100 */
#define PIECE 8u   /* frames */
#define LOOKED_AT 8192 /* bytes */
#define WHOLE (AERON_DATA_HEADER_BEGIN_FLAG | AERON_DATA_HEADER_END_FLAG)

_Static_assert(sizeof(aeron_header_values_frame_t) == AERON_DATA_HEADER_LENGTH, "a frame's header as it lies in a term");

typedef struct {
    ab_subscription *subscription;
    uint32_t taken;
    bool others; /* something may lie there that is not for us */
} pass;

/* One term of one image, from the image's position on. */
typedef struct {
    const ab_image_log *log;
    const uint8_t *frames; /* the frame at offset 0 */
    int64_t begin, length; /* offset of the position; of the term */
    int64_t position;
    int32_t term_id;
} term;

static void nothing(void *clientd, const uint8_t *buffer, size_t length, int32_t session_id, int32_t term_id) {
    (void)clientd, (void)buffer, (void)length, (void)session_id, (void)term_id; /* it was taken before */
}

static bool find_term(ab_subscription *subscription, aeron_image_t *image, term *found) {
    const ab_image_log *log = ab_poll_log(subscription, image);
    int64_t position = log == NULL ? -1 : ab_aeron->image_position(image);
    if (position < 0) {
        return false;
    }
    int64_t number = position >> log->term_bits;
    const ab_term *of = &log->terms[number % 3];
    if (!of->met || of->begin == NULL) {
        return false;
    }
    found->log = log;
    found->frames = of->begin - AERON_DATA_HEADER_LENGTH;
    found->length = (int64_t)1 << log->term_bits;
    found->begin = position & (found->length - 1);
    found->position = position;
    found->term_id = (int32_t)((uint32_t)log->initial_term_id + (uint32_t)number);
    return true;
}

/* Find the whole messages from `at` on, up to `most`. How many; *end is behind the last. `others` as in the pass. */
static size_t look(pass *self, const term *of, const ab_session *session, int64_t at, size_t most, ab_whole *found, int64_t *end) {
    const size_t longest = session->fragment_max != 0 ? session->fragment_max : (size_t)of->length;
    size_t count = 0;
    while (count < most && at < of->length) {
        const uint8_t *p = of->frames + at;
        const int32_t frame_length = __atomic_load_n((const int32_t *)p, __ATOMIC_ACQUIRE);
        if (frame_length <= 0) {
            break;
        }
        __builtin_prefetch(p + AHEAD); /* the next page too, which the processor does not ask for by itself */
        __builtin_prefetch(p + AHEAD + 64);
        __builtin_prefetch(p + AHEAD + 128);
        aeron_header_values_frame_t head;
        memcpy(&head, p, sizeof head);
        const size_t length = (size_t)frame_length - AERON_DATA_HEADER_LENGTH;
        const int64_t behind = at + (((int64_t)frame_length + 31) & ~(int64_t)31);
        if (frame_length < (int32_t)AERON_DATA_HEADER_LENGTH || behind > of->length || length > longest || head.type != DATA_TYPE ||
            (head.flags & WHOLE) != WHOLE || head.term_offset != at || head.term_id != of->term_id ||
            head.session_id != of->log->session_id) {
            self->others |= head.type != PADDING_TYPE || at == of->begin; /* padding behind messages ends a block; it comes next */
            break;
        }
        found[count++] = (ab_whole){.bytes = p + AERON_DATA_HEADER_LENGTH, .length = length,
                                    .position = of->position + (behind - of->begin)};
        at = behind;
    }
    *end = at;
    return count;
}

/* Give the sink what lies in the term, piece by piece: while one is taken, the lines of the next come from the publisher's core. The
 * image follows before what was passed has left the core's first cache: Aeron looks at it again. */
static void take_term(pass *self, const term *of, ab_session *session, aeron_image_t *image) {
    ab_subscription *subscription = self->subscription;
    ab_sink *sink = subscription->sink;
    const int64_t time_ns = ab_batch_time_ns(subscription);
    ab_whole messages[PIECE];
    int64_t at = of->begin, passed = at;
    bool more = true;
    for (size_t done = 0; more && done < AB_BLOCK_FRAMES; done += PIECE) {
        int64_t end;
        size_t count = look(self, of, session, at, PIECE, messages, &end);
        size_t taken = count == 0 ? 0 : sink->take(sink, session->session_id, time_ns, messages, count);
        if (taken > 0) {
            session->position = messages[taken - 1].position;
            session->skipping = false;
            self->taken += (uint32_t)taken;
            at = of->begin + (session->position - of->position);
        }
        subscription->ended |= taken < count;
        more = taken == PIECE;
        if (at > passed && (!more || at - passed >= LOOKED_AT)) {
            (void)ab_aeron->image_block_poll(image, nothing, NULL, (size_t)(at - passed));
            passed = at;
        }
    }
    if (at > passed) {
        (void)ab_aeron->image_block_poll(image, nothing, NULL, (size_t)(at - passed));
    }
}

static void visit(aeron_image_t *image, void *clientd) {
    pass *self = clientd;
    ab_subscription *subscription = self->subscription;
    term of;
    if (subscription->ended || ab_aeron->image_is_closed(image)) {
        return;
    }
    if (!find_term(subscription, image, &of)) {
        self->others = true;
        return;
    }
    ab_session *session = ab_session_find(subscription, of.log->session_id);
    if (session == NULL || session->assembling || session->position > of.position || session->replayed > of.position) {
        self->others = true;
        return;
    }
    take_term(self, &of, session, image);
}

bool ab_blocks_poll(ab_subscription *subscription, uint32_t *taken) {
    pass self = {.subscription = subscription};
    if (ab_aeron->image_block_poll != NULL && ab_aeron->subscription_for_each_image != NULL) {
        ab_aeron->subscription_for_each_image(subscription->aeron, visit, &self);
    } else {
        self.others = true;
    }
    *taken = self.taken;
    return !self.others || subscription->ended;
}
