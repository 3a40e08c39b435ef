/* ab_endpoint: make, configure and free the two ends of a stream; the image event ring. Rules and owners: ab_endpoint.h. */
#include "ab_endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "ab_gather.h"
#include "ab_marks.h"
#include "ab_replay.h"
#include "ab_session.h"

#define TYPE_IDS 65536u

_Static_assert((AB_IMAGE_EVENTS & (AB_IMAGE_EVENTS - 1)) == 0, "places in the image event ring wrap with a mask");

/* A table from type id to index + 1 for `types`. AB_INVALID for id 0 (ours) or an id that comes twice. */
static int index_types(const ab_type *types, size_t count, uint16_t **index) {
    *index = NULL;
    if (count > AB_TYPES_MAX) {
        return AB_INVALID;
    }
    uint16_t *made = calloc(TYPE_IDS, sizeof *made); /* 128 KiB of address space; only touched pages become memory */
    if (made == NULL) {
        return AB_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        if (types[i].type_id == AB_TYPE_CONTROL || made[types[i].type_id] != 0) {
            free(made);
            return AB_INVALID;
        }
        made[types[i].type_id] = (uint16_t)(i + 1);
    }
    *index = made;
    return AB_OK;
}

static bool stream_is_valid(int frame, int format) {
    bool framed = frame == 1 && format >= AB_FORMAT_RAW && format <= AB_FORMAT_STRUCT && format != AB_FORMAT_PROTOBUF;
    bool bare = frame == 0 && format == AB_FORMAT_RAW;
    return framed || bare;
}

/* ---- publication ------------------------------------------------------------------------------------------------- */

ab_publication *ab_publication_create(aeron_exclusive_publication_t *aeron, ab_handle client, int32_t session_id,
                                      int32_t stream_id, size_t max_message_length, size_t max_payload_length) {
    ab_publication *publication = calloc(1, sizeof *publication);
    if (publication != NULL) {
        publication->aeron = aeron;
        publication->client = client;
        publication->session_id = session_id;
        publication->stream_id = stream_id;
        publication->max_message_length = max_message_length;
        publication->max_payload_length = max_payload_length;
        publication->counters = publication->own_counters;
    }
    return publication;
}

static void release_layouts(ab_publication *publication) {
    for (size_t i = 0; publication->layouts != NULL && i < publication->type_count; i++) {
        ab_layout_release(publication->layouts[i]);
    }
    free(publication->layouts);
}

void ab_publication_free(ab_publication *publication) {
    if (publication != NULL) {
        ab_event_release(publication->wake);
        release_layouts(publication);
        ab_gather_free(publication->gather);
        free(publication->type_index);
        free(publication->types);
        free(publication);
    }
}

int ab_publication_configure(ab_handle handle, int frame, int format, uint32_t publisher, uint64_t sequence,
                             const ab_type *types, size_t type_count, int64_t *counters, ab_event *wake) {
    ab_publication *publication = ab_slot_peek(handle, AB_KIND_PUBLICATION);
    if (publication == NULL) {
        return AB_STALE;
    }
    if (!stream_is_valid(frame, format) || (frame == 1 && publisher == 0)) {
        return AB_INVALID;
    }
    uint16_t *index;
    int result = index_types(types, type_count, &index);
    if (result != AB_OK) {
        return result;
    }
    ab_type *kept = malloc((type_count + 1) * sizeof *kept); /* never of size 0, whose answer may be NULL */
    ab_layout **layouts = format == AB_FORMAT_STRUCT ? calloc(type_count + 1, sizeof(ab_layout *)) : NULL;
    if (kept == NULL || (format == AB_FORMAT_STRUCT && layouts == NULL)) {
        free(index);
        free(kept);
        free(layouts);
        return AB_NO_MEMORY;
    }
    if (type_count > 0) {
        memcpy(kept, types, type_count * sizeof *kept);
    }
    if (wake != NULL) {
        ab_event_retain(wake);
    }
    ab_event_release(publication->wake);
    release_layouts(publication);
    free(publication->type_index);
    free(publication->types);

    publication->layouts = layouts;
    publication->frame = frame;
    publication->format = (uint8_t)format;
    publication->publisher = publisher;
    publication->sequence = sequence;
    publication->type_index = index;
    publication->types = kept;
    publication->type_count = type_count;
    publication->counters = counters != NULL ? counters : publication->own_counters;
    publication->wake = wake;
    publication->configured = true;
    return AB_OK;
}

int ab_publication_layout(ab_handle handle, ab_layout *layout) {
    ab_publication *publication = ab_slot_peek(handle, AB_KIND_PUBLICATION);
    if (publication == NULL) {
        return AB_STALE;
    }
    uint16_t index = publication->configured ? publication->type_index[layout->type_id] : 0;
    if (index == 0 || publication->layouts == NULL) {
        return AB_INVALID;
    }
    ab_layout_retain(layout);
    ab_layout_release(publication->layouts[index - 1]);
    publication->layouts[index - 1] = layout;
    return AB_OK;
}

/* ---- subscription ------------------------------------------------------------------------------------------------ */

void ab_batch_retain(ab_batch *batch) { atomic_fetch_add_explicit(&batch->references, 1, memory_order_relaxed); }

void ab_batch_release(ab_batch *batch) {
    /* Acquire and release: whoever frees it sees what the other holders did to it. */
    if (batch != NULL && atomic_fetch_sub_explicit(&batch->references, 1, memory_order_acq_rel) == 1) {
        free(batch->bytes);
        free(batch->records);
        free(batch);
    }
}

static ab_batch *batch_create(void) {
    ab_batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL) {
        return NULL;
    }
    batch->capacity = AB_BATCH_HEAD + AB_BATCH_BYTES;
    batch->messages_max = AB_BATCH_MESSAGES;
    batch->bytes_max = AB_BATCH_BYTES;
    batch->bytes = malloc(batch->capacity);
    batch->records = calloc(batch->messages_max, sizeof *batch->records);
    if (batch->bytes == NULL || batch->records == NULL) {
        free(batch->bytes);
        free(batch->records);
        free(batch);
        return NULL;
    }
    batch->length = AB_BATCH_HEAD;
    atomic_init(&batch->references, 1);
    return batch;
}

ab_subscription *ab_subscription_create(aeron_subscription_t *aeron, ab_handle client) {
    ab_subscription *subscription = aligned_alloc(_Alignof(ab_subscription), sizeof *subscription);
    ab_batch *batch = batch_create();
    if (subscription == NULL || batch == NULL) {
        free(subscription);
        ab_batch_release(batch);
        return NULL;
    }
    memset(subscription, 0, sizeof *subscription);
    subscription->aeron = aeron;
    subscription->client = client;
    subscription->batch = batch;
    subscription->counters = subscription->own_counters;
    ab_quarantine_init(&subscription->quarantine);
    return subscription;
}

static void free_types(ab_subscription *subscription) {
    for (size_t i = 0; i < subscription->type_count; i++) {
        ab_layout_release(subscription->types[i].layout);
    }
    free(subscription->types);
}

void ab_subscription_free(ab_subscription *subscription) {
    if (subscription != NULL) {
        ab_session_free_all(subscription);
        ab_quarantine_free(&subscription->quarantine);
        ab_batch_release(subscription->batch);
        if (subscription->sink != NULL) {
            subscription->sink->release(subscription->sink);
        }
        ab_replay_free(subscription->replay);
        ab_marks_release(subscription->marks);
        free(subscription->type_index);
        free_types(subscription);
        free(subscription);
    }
}

int ab_subscription_configure(
    ab_handle handle, int frame, int format, const ab_type *types, size_t type_count, int64_t *counters) {
    ab_subscription *subscription = ab_slot_peek(handle, AB_KIND_SUBSCRIPTION);
    if (subscription == NULL) {
        return AB_STALE;
    }
    if (!stream_is_valid(frame, format)) {
        return AB_INVALID;
    }
    uint16_t *index;
    int result = index_types(types, type_count, &index);
    if (result != AB_OK) {
        return result;
    }
    ab_type_count *kept = calloc(type_count + 1, sizeof *kept);
    if (kept == NULL) {
        free(index);
        return AB_NO_MEMORY;
    }
    for (size_t i = 0; i < type_count; i++) {
        kept[i].type_id = types[i].type_id;
        kept[i].wanted = types[i].wanted;
    }
    free(subscription->type_index);
    free_types(subscription);

    subscription->frame = frame;
    subscription->format = (uint8_t)format;
    subscription->type_index = index;
    subscription->types = kept;
    subscription->type_count = type_count;
    subscription->counters = counters != NULL ? counters : subscription->own_counters;
    subscription->configured = true;
    return AB_OK;
}

int ab_subscription_layout(ab_handle handle, ab_layout *layout) {
    ab_subscription *subscription = ab_slot_peek(handle, AB_KIND_SUBSCRIPTION);
    if (subscription == NULL) {
        return AB_STALE;
    }
    uint16_t index = subscription->configured ? subscription->type_index[layout->type_id] : 0;
    if (index == 0 || subscription->format != AB_FORMAT_STRUCT) {
        return AB_INVALID;
    }
    ab_layout_retain(layout);
    ab_layout_release(subscription->types[index - 1].layout);
    subscription->types[index - 1].layout = layout;
    return AB_OK;
}

int ab_subscription_batch(ab_handle handle, uint32_t messages, size_t bytes) {
    ab_subscription *subscription = ab_slot_peek(handle, AB_KIND_SUBSCRIPTION);
    if (subscription == NULL) {
        return AB_STALE;
    }
    ab_batch *batch = subscription->batch;
    if (messages == 0 || messages > UINT16_MAX || bytes == 0 || bytes > AB_MESSAGE_MAX || batch->count > 0 ||
        batch->exports > 0) {
        return AB_INVALID;
    }
    ab_record *records = calloc(messages, sizeof *records);
    uint8_t *room = malloc(AB_BATCH_HEAD + bytes);
    if (records == NULL || room == NULL) {
        free(records);
        free(room);
        return AB_NO_MEMORY;
    }
    free(batch->records);
    free(batch->bytes);
    batch->records = records;
    batch->bytes = room;
    batch->capacity = AB_BATCH_HEAD + bytes;
    batch->messages_max = messages;
    batch->bytes_max = bytes;
    return AB_OK;
}

/* ---- image events ------------------------------------------------------------------------------------------------ */

void ab_image_event_put(ab_subscription *subscription, const ab_image_event *event) {
    ab_image_events *ring = &subscription->images;
    unsigned put = atomic_load_explicit(&ring->put, memory_order_relaxed);     /* ours */
    unsigned taken = atomic_load_explicit(&ring->taken, memory_order_acquire); /* SYNC D: its slot was read before */
    if (put - taken == AB_IMAGE_EVENTS) {
        atomic_fetch_add_explicit(&ring->lost, 1, memory_order_relaxed);
        return;
    }
    ring->events[put & (AB_IMAGE_EVENTS - 1)] = *event;
    atomic_store_explicit(&ring->put, put + 1, memory_order_release); /* SYNC C: the event is whole before it is seen */
}

bool ab_image_event_take(ab_subscription *subscription, ab_image_event *event) {
    ab_image_events *ring = &subscription->images;
    unsigned taken = atomic_load_explicit(&ring->taken, memory_order_relaxed); /* ours */
    if (taken == atomic_load_explicit(&ring->put, memory_order_acquire)) {     /* SYNC C */
        return false;
    }
    *event = ring->events[taken & (AB_IMAGE_EVENTS - 1)];
    atomic_store_explicit(&ring->taken, taken + 1, memory_order_release); /* SYNC D */
    return true;
}

void ab_on_available_image(void *clientd, aeron_subscription_t *aeron, aeron_image_t *image) {
    (void)aeron;
    aeron_image_constants_t constants;
    if (ab_aeron->image_constants(image, &constants) == 0) {
        ab_image_event_put(clientd, &(ab_image_event){
                                        .kind = AB_IMAGE_JOINED,
                                        .session_id = constants.session_id,
                                        .mtu_length = (uint32_t)constants.mtu_length,
                                        .initial_term_id = constants.initial_term_id,
                                        .position = constants.join_position,
                                    });
    }
}

void ab_on_unavailable_image(void *clientd, aeron_subscription_t *aeron, aeron_image_t *image) {
    (void)aeron;
    aeron_image_constants_t constants;
    if (ab_aeron->image_constants(image, &constants) == 0) {
        ab_image_event_put(clientd, &(ab_image_event){
                                        .kind = AB_IMAGE_LEFT,
                                        .session_id = constants.session_id,
                                        .position = ab_aeron->image_position(image),
                                        .end_of_stream = ab_aeron->image_end_of_stream_position(image),
                                    });
    }
}
