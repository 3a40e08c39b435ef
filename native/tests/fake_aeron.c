/* fake_aeron: see fake_aeron.h. */
#include "fake_aeron.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

fake_aeron fake;

struct aeron_header_stct {
    aeron_header_values_frame_t *frame;
    aeron_image_t *image;
};

static int the_subscription, the_publication;
static int64_t correlation_ids;

aeron_subscription_t *fake_subscription(void) { return (aeron_subscription_t *)&the_subscription; }
aeron_exclusive_publication_t *fake_publication(void) { return (aeron_exclusive_publication_t *)&the_publication; }

/* ---- the way in -------------------------------------------------------------------------------------------------- */

static uint8_t *byte_at(aeron_image_t *image, int64_t position) {
    int64_t mask = ((int64_t)1 << image->position_bits_to_shift) - 1;
    return image->terms[(position >> image->position_bits_to_shift) % 3] + (position & mask);
}

aeron_image_t *fake_image(int32_t session_id, size_t bits, size_t mtu_length, int32_t initial_term_id, int64_t position) {
    for (size_t i = 0; i < FAKE_IMAGES; i++) {
        aeron_image_t *image = &fake.images[i];
        if (image->listed || image->terms[0] != NULL) {
            continue;
        }
        *image = (aeron_image_t){
            .listed = true,
            .correlation_id = ++correlation_ids,
            .session_id = session_id,
            .initial_term_id = initial_term_id,
            .position_bits_to_shift = bits,
            .mtu_length = mtu_length,
            .join_position = position,
            .position = position,
            .tail = position,
            .end_of_stream = INT64_MAX,
        };
        for (int term = 0; term < 3; term++) {
            image->terms[term] = calloc(1, (size_t)1 << bits);
        }
        return image;
    }
    CHECK(!"the fake is out of images");
    return NULL;
}

void fake_announce(ab_subscription *subscription, aeron_image_t *image) {
    ab_on_available_image(subscription, fake_subscription(), image);
}

void fake_image_leaves(ab_subscription *subscription, aeron_image_t *image) {
    image->listed = false;
    image->closed = true;
    ab_on_unavailable_image(subscription, fake_subscription(), image);
}

static aeron_header_values_frame_t *frame_at_tail(aeron_image_t *image) {
    aeron_header_values_frame_t *frame = (aeron_header_values_frame_t *)byte_at(image, image->tail);
    memset(frame, 0, sizeof *frame);
    frame->type = 1;
    frame->session_id = image->session_id;
    frame->term_id = (int32_t)((uint32_t)image->initial_term_id + (uint32_t)(image->tail >> image->position_bits_to_shift));
    frame->term_offset = (int32_t)(image->tail & (((int64_t)1 << image->position_bits_to_shift) - 1));
    return frame;
}

void fake_append(aeron_image_t *image, int flags, const void *payload, size_t length) {
    aeron_header_values_frame_t *frame = frame_at_tail(image);
    CHECK(frame->term_offset + length + 32 <= (size_t)1 << image->position_bits_to_shift);
    frame->frame_length = (int32_t)length + 32;
    frame->flags = (uint8_t)flags;
    if (length > 0) {
        memcpy((uint8_t *)frame + 32, payload, length);
    }
    image->tail += (int64_t)((length + 32 + 31) & ~(size_t)31);
}

void fake_append_header(aeron_image_t *image, int32_t frame_length, int flags, int type, int32_t term_offset, int64_t occupies) {
    aeron_header_values_frame_t *frame = frame_at_tail(image);
    frame->frame_length = frame_length;
    frame->flags = (uint8_t)flags;
    frame->type = (int16_t)type;
    frame->term_offset = term_offset;
    image->tail += occupies;
}

void fake_append_fragments(aeron_image_t *image, const void *payload, size_t length) {
    size_t most = image->mtu_length - 32;
    for (size_t offset = 0; offset < length; offset += most) {
        size_t part = length - offset < most ? length - offset : most;
        int flags = (offset == 0 ? FAKE_BEGIN : 0) | (offset + part == length ? FAKE_END : 0);
        fake_append(image, flags, (const uint8_t *)payload + offset, part);
    }
}

/* As aeron_image_controlled_poll: within one term, the position moves once at the end. */
static size_t poll_image(aeron_image_t *image, aeron_controlled_fragment_handler_t handler, void *clientd, size_t limit) {
    size_t fragments = 0;
    int64_t begin = image->position;
    int64_t term_length = (int64_t)1 << image->position_bits_to_shift;
    int64_t end_of_term = (begin & ~(term_length - 1)) + term_length;
    int64_t position = begin;
    while (!image->closed && fragments < limit && position < end_of_term && position < image->tail) {
        aeron_header_values_frame_t *frame = (aeron_header_values_frame_t *)byte_at(image, position);
        int32_t frame_length = frame->frame_length;
        if (frame_length <= 0) {
            break;
        }
        int64_t aligned = ((int64_t)frame_length + 31) & ~(int64_t)31;
        position += aligned;
        if (frame->type == 0) {
            continue;
        }
        struct aeron_header_stct header = {frame, image};
        fragments++;
        /* Aeron's own subtraction: 32 is a size_t, so a frame_length of 1 makes this 2^64 - 31 */
        int action = handler(clientd, (uint8_t *)frame + 32, frame_length - (size_t)32, &header);
        if (action == AERON_ACTION_ABORT) {
            fragments--;
            position -= aligned;
            break;
        }
        CHECK_EQUAL(AERON_ACTION_CONTINUE, action);
    }
    image->position = position;
    return fragments;
}

static int controlled_poll(
    aeron_subscription_t *subscription, aeron_controlled_fragment_handler_t handler, void *clientd, size_t limit) {
    CHECK(subscription == fake_subscription());
    fake.polls++;
    if (fake.fail_poll > 0) {
        fake.fail_poll--;
        return -1;
    }
    aeron_image_t *listed[FAKE_IMAGES];
    size_t length = 0, fragments = 0;
    for (size_t i = 0; i < FAKE_IMAGES; i++) {
        if (fake.images[i].listed) {
            listed[length++] = &fake.images[i];
        }
    }
    size_t start = fake.round_robin++;
    if (start >= length) {
        start = 0;
        fake.round_robin = 1;
    }
    for (size_t i = 0; i < length && fragments < limit; i++) {
        fragments += poll_image(listed[(start + i) % length], handler, clientd, limit - fragments);
    }
    return (int)fragments;
}

static int image_count(aeron_subscription_t *subscription) {
    CHECK(subscription == fake_subscription());
    fake.services++;
    return 0;
}

static int header_values(aeron_header_t *header, aeron_header_values_t *values) {
    if (fake.fail_header > 0) {
        fake.fail_header--;
        return -1;
    }
    values->frame = *header->frame;
    values->initial_term_id = header->image->initial_term_id;
    values->position_bits_to_shift = header->image->position_bits_to_shift;
    return 0;
}

static void *header_context(aeron_header_t *header) { return header->image; }

static int image_constants(aeron_image_t *image, aeron_image_constants_t *constants) {
    *constants = (aeron_image_constants_t){
        .join_position = image->join_position,
        .position_bits_to_shift = image->position_bits_to_shift,
        .mtu_length = image->mtu_length,
        .correlation_id = image->correlation_id,
        .session_id = image->session_id,
        .initial_term_id = image->initial_term_id,
    };
    return 0;
}

static int64_t image_position(aeron_image_t *image) { return image->position; }
static bool image_is_closed(aeron_image_t *image) { return image->closed; }

static void for_each_image(
    aeron_subscription_t *subscription, void (*handler)(aeron_image_t *image, void *clientd), void *clientd) {
    CHECK(subscription == fake_subscription());
    for (size_t i = 0; i < FAKE_IMAGES; i++) {
        if (fake.images[i].listed) {
            handler(&fake.images[i], clientd);
        }
    }
}

/* As aeron_image_block_poll: whole frames up to the limit, padding alone. */
static int block_poll(aeron_image_t *image, aeron_block_handler_t handler, void *clientd, size_t limit) {
    int64_t begin = image->position, end = begin;
    int64_t term_length = (int64_t)1 << image->position_bits_to_shift;
    int64_t end_of_term = (begin & ~(term_length - 1)) + term_length;
    int64_t most = begin + (int64_t)limit < end_of_term ? begin + (int64_t)limit : end_of_term;
    while (!image->closed && end < most) {
        const aeron_header_values_frame_t *frame = (const aeron_header_values_frame_t *)byte_at(image, end);
        int64_t aligned = ((int64_t)frame->frame_length + 31) & ~(int64_t)31;
        if (frame->frame_length <= 0 || (frame->type == 0 && end > begin) || (frame->type != 0 && end + aligned > most)) {
            break;
        }
        end += aligned;
        if (frame->type == 0) {
            break;
        }
    }
    if (end > begin) {
        handler(clientd, byte_at(image, begin), (size_t)(end - begin), image->session_id, 0);
        fake.blocks++;
    }
    image->position = end;
    return (int)(end - begin);
}

static int64_t image_end_of_stream_position(aeron_image_t *image) { return image->end_of_stream; }

/* ---- the way out ------------------------------------------------------------------------------------------------- */

void fake_answer(int64_t result) {
    CHECK(fake.result_count < sizeof fake.results / sizeof *fake.results);
    fake.results[fake.result_count++] = result;
}

static int64_t next_result(size_t length) {
    fake.offers++;
    if (fake.result_next < fake.result_count && fake.results[fake.result_next++] != 0) {
        return fake.results[fake.result_next - 1];
    }
    return fake.out_position += (int64_t)((length + 32 + 31) & ~(size_t)31);
}

static fake_message *keep(const char *name, size_t length) {
    CHECK(fake.message_count < FAKE_MESSAGES);
    fake_message *message = &fake.messages[fake.message_count];
    void *bytes = NULL;
    CHECK_EQUAL(0, posix_memalign(&bytes, 16, length + 1)); /* not malloc: test_no_memory lets that fail */
    *message = (fake_message){name, bytes, length};
    return message;
}

static int64_t try_claim(aeron_exclusive_publication_t *publication, size_t length, aeron_buffer_claim_t *claim) {
    CHECK(publication == fake_publication());
    int64_t result = next_result(length);
    if (result > 0) {
        fake_message *message = keep("try_claim", length);
        *claim = (aeron_buffer_claim_t){NULL, message->bytes, length};
    }
    return result;
}

static int claim_commit(aeron_buffer_claim_t *claim) {
    CHECK(claim->data == fake.messages[fake.message_count].bytes);
    fake.message_count++;
    return 0;
}

static int claim_abort(aeron_buffer_claim_t *claim) {
    (void)claim;
    free(fake.messages[fake.message_count].bytes);
    fake.messages[fake.message_count].bytes = NULL;
    fake.aborted++;
    return 0;
}

static int64_t offerv(aeron_exclusive_publication_t *publication, aeron_iovec_t *parts, size_t count,
                      aeron_reserved_value_supplier_t supplier, void *clientd) {
    CHECK(publication == fake_publication());
    CHECK(supplier == NULL && clientd == NULL);
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        length += parts[i].iov_len;
    }
    int64_t result = next_result(length);
    if (result > 0) {
        uint8_t *to = keep("offerv", length)->bytes;
        for (size_t i = 0; i < count; i++) {
            memcpy(to, parts[i].iov_base, parts[i].iov_len);
            to += parts[i].iov_len;
        }
        fake.message_count++;
    }
    return result;
}

static bool is_connected(aeron_exclusive_publication_t *publication) { return !fake.disconnected; }

static int errcode(void) { return fake.errcode; }
static const char *errmsg(void) { return fake.errmsg; }

/* ---- install ----------------------------------------------------------------------------------------------------- */

static const ab_aeron_table table = {
    .errcode = errcode,
    .errmsg = errmsg,
    .subscription_controlled_poll = controlled_poll,
    .subscription_image_count = image_count,
    .header_values = header_values,
    .header_context = header_context,
    .image_constants = image_constants,
    .image_position = image_position,
    .image_is_closed = image_is_closed,
    .subscription_for_each_image = for_each_image,
    .image_block_poll = block_poll,
    .image_end_of_stream_position = image_end_of_stream_position,
    .exclusive_publication_try_claim = try_claim,
    .exclusive_publication_offerv = offerv,
    .exclusive_publication_is_connected = is_connected,
    .buffer_claim_commit = claim_commit,
    .buffer_claim_abort = claim_abort,
};

void fake_remove(void) {
    for (size_t i = 0; i < FAKE_IMAGES; i++) {
        for (int term = 0; term < 3; term++) {
            free(fake.images[i].terms[term]);
        }
    }
    for (size_t i = 0; i < fake.message_count; i++) {
        free(fake.messages[i].bytes);
    }
    memset(&fake, 0, sizeof fake);
    ab_aeron_use(NULL);
}

void fake_give_blocks(bool given) {
    static ab_aeron_table without;
    without = table;
    without.image_block_poll = NULL;
    ab_aeron_use(given ? &table : &without);
}

void fake_install(void) {
    fake_remove();
    fake.errmsg = "";
    ab_aeron_use(&table);
}
