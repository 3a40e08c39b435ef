/* ab_local: logs in memory and who reads them. Rules and owners: ab_local.h. */
#include "ab_local.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ab_fail.h"
#include "ab_poll.h"
#include "ab_slot.h"

#define TERM_MIN (64u * 1024u)
#define TERM_MAX (1024u * 1024u * 1024u)
#define FRAME_HEADER ((size_t)AERON_DATA_HEADER_LENGTH)
#define MESSAGE_SHARE 8u /* a message is at most this part of a term, as Aeron has it */
#define DATA_FRAME 1

struct ab_local_image {
    ab_local_image *next_of_reader;
    ab_local_image *next_of_log;
    ab_local_log *log;
    int64_t position; /* read up to here */
};

struct ab_local_log {
    ab_local_log *next;
    ab_local *meeting;
    ab_local_image *images;
    uint8_t *bytes;
    int64_t position; /* written up to here */
    int32_t session_id;
    bool open; /* its publication is */
};

struct ab_local_reader {
    ab_local_reader *next;
    ab_local *meeting;
    ab_subscription *subscription;
    ab_local_image *images; /* in the order of the next pass */
};

struct ab_local {
    pthread_mutex_t lock; /* all below, the logs, images and readers */
    uint32_t references, term_bits, log_count;
    size_t term_length;
    uint64_t refuse, lose;
    ab_local_log *logs;
    ab_local_reader *readers;
};

static size_t aligned(size_t length) { return (length + 31u) & ~(size_t)31u; }

static size_t max_message_length(const ab_local *meeting) {
    size_t share = meeting->term_length / MESSAGE_SHARE;
    return share < AB_MESSAGE_MAX ? share : AB_MESSAGE_MAX;
}

/* Unlock, and free the meeting when that was its last reference. */
static void leave(ab_local *meeting, uint32_t references) {
    meeting->references -= references;
    bool last = meeting->references == 0;
    pthread_mutex_unlock(&meeting->lock);
    if (last) {
        pthread_mutex_destroy(&meeting->lock);
        free(meeting);
    }
}

ab_local *ab_local_create(size_t term_length) {
    bool possible = term_length >= TERM_MIN && term_length <= TERM_MAX && (term_length & (term_length - 1)) == 0;
    ab_local *meeting = possible ? calloc(1, sizeof *meeting) : NULL;
    if (meeting != NULL) {
        pthread_mutex_init(&meeting->lock, NULL);
        meeting->references = 1;
        meeting->term_length = term_length;
        while ((size_t)1 << meeting->term_bits < term_length) {
            meeting->term_bits++;
        }
    }
    return meeting;
}

void ab_local_release(ab_local *meeting) {
    if (meeting != NULL) {
        pthread_mutex_lock(&meeting->lock);
        leave(meeting, 1);
    }
}

void ab_local_fault(ab_local *meeting, int64_t refuse, int64_t lose) {
    pthread_mutex_lock(&meeting->lock);
    meeting->refuse = refuse < 0 ? meeting->refuse : (uint64_t)refuse;
    meeting->lose = lose < 0 ? meeting->lose : (uint64_t)lose;
    pthread_mutex_unlock(&meeting->lock);
}

/* ---- images: the meeting's lock is held --------------------------------------------------------------------------- */

/* Without memory the subscription has no image of this log, as when a driver has none: never connected to it. */
static void join(ab_local_reader *reader, ab_local_log *log) {
    ab_local_image *image = malloc(sizeof *image);
    if (image == NULL) {
        return;
    }
    *image = (ab_local_image){
        .next_of_reader = reader->images, .next_of_log = log->images, .log = log, .position = log->position};
    reader->images = image;
    log->images = image;
    ab_image_event_put(reader->subscription, &(ab_image_event){.kind = AB_IMAGE_JOINED,
                                                               .session_id = log->session_id,
                                                               .mtu_length = (uint32_t)log->meeting->term_length,
                                                               .position = image->position});
}

/* Free a log that nobody writes or reads any more. */
static void drop_unused(ab_local_log *log) {
    if (log->open || log->images != NULL) {
        return;
    }
    ab_local_log **place = &log->meeting->logs;
    while (*place != log) {
        place = &(*place)->next;
    }
    *place = log->next;
    log->meeting->log_count--;
    free(log->bytes);
    free(log);
}

/* Take an image out of its log and free it; its reader forgets it by itself. */
static void drop_image(ab_local_image *image) {
    ab_local_log *log = image->log;
    ab_local_image **place = &log->images;
    while (*place != image) {
        place = &(*place)->next_of_log;
    }
    *place = image->next_of_log;
    free(image);
    drop_unused(log);
}

static void drop_images(ab_local_reader *reader) {
    while (reader->images != NULL) {
        ab_local_image *image = reader->images;
        reader->images = image->next_of_reader;
        drop_image(image);
    }
}

/* ---- publication -------------------------------------------------------------------------------------------------- */

ab_handle ab_local_publication_open(ab_local *meeting, int32_t session_id, int32_t stream_id) {
    size_t length = max_message_length(meeting);
    ab_publication *publication = ab_publication_create(NULL, 0, session_id, stream_id, length, length);
    ab_local_log *log = calloc(1, sizeof *log);
    uint8_t *bytes = malloc(meeting->term_length); /* only touched pages become memory */
    pthread_mutex_lock(&meeting->lock);
    bool room = publication != NULL && log != NULL && bytes != NULL && meeting->log_count < AB_SESSIONS;
    ab_handle handle = room ? ab_slot_open(AB_KIND_PUBLICATION, publication) : 0;
    if (handle == 0) {
        pthread_mutex_unlock(&meeting->lock);
        free(bytes);
        free(log);
        ab_publication_free(publication);
        return 0;
    }
    *log = (ab_local_log){
        .next = meeting->logs, .meeting = meeting, .bytes = bytes, .session_id = session_id, .open = true};
    meeting->logs = log;
    meeting->log_count++;
    meeting->references++;
    publication->local = log;
    for (ab_local_reader *reader = meeting->readers; reader != NULL; reader = reader->next) {
        join(reader, log);
    }
    pthread_mutex_unlock(&meeting->lock);
    return handle;
}

int ab_local_publication_close_wait(
    ab_publication *publication, ab_handle handle, int64_t deadline_ns, ab_error *error) {
    if (ab_slot_quiesce_wait(handle, deadline_ns) != AB_OK) {
        return ab_fail(error, AB_TIMED_OUT, 0, "a thread is still inside it; nothing was closed, try again");
    }
    ab_local_log *log = publication->local;
    ab_local *meeting = log->meeting;
    pthread_mutex_lock(&meeting->lock);
    log->open = false; /* what was sent stays for its images */
    drop_unused(log);
    leave(meeting, 1);
    ab_publication_free(publication);
    return AB_OK;
}

/* Up to where the slowest image lets it go on. */
static int64_t limit_of(const ab_local_log *log) {
    int64_t slowest = log->position;
    for (const ab_local_image *image = log->images; image != NULL; image = image->next_of_log) {
        slowest = image->position < slowest ? image->position : slowest;
    }
    return log->images == NULL ? log->position : slowest + (int64_t)(log->meeting->term_length / 2);
}

bool ab_local_is_connected(const ab_publication *publication) {
    pthread_mutex_lock(&publication->local->meeting->lock);
    bool connected = publication->local->images != NULL;
    return pthread_mutex_unlock(&publication->local->meeting->lock) == 0 && connected;
}

int64_t ab_local_send(
    ab_publication *publication, const uint8_t *header, size_t header_length, const uint8_t *body, size_t length) {
    ab_local_log *log = publication->local;
    ab_local *meeting = log->meeting;
    bool control = body == NULL;
    size_t frame_length = FRAME_HEADER + header_length + length;
    int64_t result;

    pthread_mutex_lock(&meeting->lock);
    if (log->images == NULL) {
        result = AB_NOT_CONNECTED;
    } else if (!control && meeting->refuse > 0) {
        meeting->refuse--;
        result = AB_BACK_PRESSURED;
    } else if (log->position >= limit_of(log)) {
        result = AB_BACK_PRESSURED;
    } else if (log->position >> meeting->term_bits > INT32_MAX - 1) {
        result = AB_MAX_POSITION;
    } else if (!control && meeting->lose > 0) {
        meeting->lose--;
        result = log->position;
    } else {
        size_t offset = (size_t)log->position & (meeting->term_length - 1);
        size_t left = meeting->term_length - offset;
        if (aligned(frame_length) > left) { /* at most half and a quarter of the ring are in use: there is room at its start */
            int32_t padding = -(int32_t)left;
            memcpy(log->bytes + offset, &padding, sizeof padding);
            log->position += (int64_t)left;
            offset = 0;
        }
        int32_t said = (int32_t)frame_length;
        uint8_t *place = log->bytes + offset;
        memcpy(place, &said, sizeof said);
        if (header_length > 0) {
            memcpy(place + FRAME_HEADER, header, header_length);
        }
        if (length > 0) {
            memcpy(place + FRAME_HEADER + header_length, body, length);
        }
        log->position += (int64_t)aligned(frame_length);
        result = log->position;
    }
    pthread_mutex_unlock(&meeting->lock);
    return result;
}

int ab_local_publication_state(ab_handle handle, ab_local_state *state) {
    const ab_publication *publication = ab_slot_peek(handle, AB_KIND_PUBLICATION);
    if (publication == NULL || publication->local == NULL) {
        return AB_STALE;
    }
    const ab_local_log *log = publication->local;
    pthread_mutex_lock(&log->meeting->lock);
    *state = (ab_local_state){
        .position = log->position, .position_limit = limit_of(log), .term_length = log->meeting->term_length,
        .max_message_length = publication->max_message_length,
        .session_id = publication->session_id, .stream_id = publication->stream_id,
    };
    for (const ab_local_image *image = log->images; image != NULL; image = image->next_of_log) {
        state->images++;
    }
    pthread_mutex_unlock(&log->meeting->lock);
    return AB_OK;
}

/* ---- subscription ------------------------------------------------------------------------------------------------- */

ab_handle ab_local_subscription_open(ab_local *meeting) {
    ab_subscription *subscription = ab_subscription_create(NULL, 0);
    ab_local_reader *reader = calloc(1, sizeof *reader);
    bool made = subscription != NULL && reader != NULL;
    ab_handle handle = made ? ab_slot_open(AB_KIND_SUBSCRIPTION, subscription) : 0;
    if (handle == 0) {
        free(reader);
        ab_subscription_free(subscription);
        return 0;
    }
    pthread_mutex_lock(&meeting->lock);
    *reader = (ab_local_reader){.next = meeting->readers, .meeting = meeting, .subscription = subscription};
    meeting->readers = reader;
    meeting->references++;
    subscription->local = reader;
    for (ab_local_log *log = meeting->logs; log != NULL; log = log->next) {
        if (log->open) {
            join(reader, log);
        }
    }
    pthread_mutex_unlock(&meeting->lock);
    return handle;
}

int ab_local_subscription_close_wait(
    ab_subscription *subscription, ab_handle handle, int64_t deadline_ns, ab_error *error) {
    if (ab_slot_quiesce_wait(handle, deadline_ns) != AB_OK) {
        return ab_fail(error, AB_TIMED_OUT, 0, "a thread is still inside it; nothing was closed, try again");
    }
    ab_local_reader *reader = subscription->local;
    ab_local *meeting = reader->meeting;
    pthread_mutex_lock(&meeting->lock);
    drop_images(reader);
    ab_local_reader **place = &meeting->readers;
    while (*place != reader) {
        place = &(*place)->next;
    }
    *place = reader->next;
    leave(meeting, 1);
    free(reader);
    ab_subscription_free(subscription);
    return AB_OK;
}

int ab_local_image_count(ab_handle handle) {
    const ab_subscription *subscription = ab_slot_peek(handle, AB_KIND_SUBSCRIPTION);
    if (subscription == NULL || subscription->local == NULL) {
        return AB_STALE;
    }
    const ab_local_reader *reader = subscription->local;
    int count = 0;
    pthread_mutex_lock(&reader->meeting->lock);
    for (const ab_local_image *image = reader->images; image != NULL; image = image->next_of_reader) {
        count++;
    }
    pthread_mutex_unlock(&reader->meeting->lock);
    return count;
}

/* Read an image until it ends, the batch is full, or `left` fragments were taken; returns how many are left. */
static uint32_t read_image(ab_subscription *subscription, const ab_local *meeting, ab_local_image *image, uint32_t left) {
    const ab_local_log *log = image->log;
    while (image->position < log->position && left > 0) {
        size_t offset = (size_t)image->position & (meeting->term_length - 1);
        const uint8_t *place = log->bytes + offset;
        int32_t frame_length;
        memcpy(&frame_length, place, sizeof frame_length);
        if (frame_length < 0) {
            image->position -= frame_length;
            continue;
        }
        aeron_header_values_t values = {
            .frame = {
                .frame_length = frame_length,
                .flags = AERON_DATA_HEADER_BEGIN_FLAG | AERON_DATA_HEADER_END_FLAG,
                .type = DATA_FRAME,
                .term_offset = (int32_t)offset,
                .session_id = log->session_id,
                .term_id = (int32_t)(image->position >> meeting->term_bits),
            },
            .position_bits_to_shift = meeting->term_bits,
        };
        size_t length = (size_t)frame_length - FRAME_HEADER;
        if (ab_poll_take(subscription, &values, place + FRAME_HEADER, length) != AERON_ACTION_CONTINUE) {
            break;
        }
        image->position += (int64_t)aligned((size_t)frame_length);
        left--;
    }
    return left;
}

bool ab_local_poll(ab_subscription *subscription, uint32_t fragments) {
    ab_local_reader *reader = subscription->local;
    ab_local *meeting = reader->meeting;
    uint32_t left = fragments;
    pthread_mutex_lock(&meeting->lock);
    ab_local_image *again = NULL; /* what was asked goes behind what was not: nobody is starved */
    ab_local_image **again_end = &again;
    while (reader->images != NULL && left > 0 && !subscription->ended) {
        ab_local_image *image = reader->images;
        reader->images = image->next_of_reader;
        left = read_image(subscription, meeting, image, left);
        const ab_local_log *log = image->log;
        if (!log->open && image->position == log->position) {
            ab_image_event_put(subscription, &(ab_image_event){.kind = AB_IMAGE_LEFT,
                                                               .session_id = log->session_id,
                                                               .position = image->position,
                                                               .end_of_stream = log->position});
            drop_image(image);
            continue;
        }
        image->next_of_reader = NULL;
        *again_end = image;
        again_end = &image->next_of_reader;
    }
    ab_local_image **end = &reader->images;
    while (*end != NULL) {
        end = &(*end)->next_of_reader;
    }
    *end = again;
    pthread_mutex_unlock(&meeting->lock);
    return left < fragments;
}
