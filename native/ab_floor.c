/*
 * ab_floor: count-only subscriber, flooding publisher, ping and pong. The rules are in ab_floor.h.
 *
 * The loops look at the shared word once in LOOK_EVERY steps: its cache line is the other process's.
 */
#include "ab_floor.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ab_aeron.h"
#include "ab_clock.h"
#include "ab_endpoint.h"
#include "ab_journal_format.h"

#define LOOK_EVERY 256u
#define DRAIN_FRAGMENTS 2048u
#define PING_LENGTH_MAX 1024u
#define PING_PATIENCE_NS (2 * AB_NS_PER_S)

static bool is_mine(const int64_t *turn, int64_t mine) {
    return atomic_load_explicit((const _Atomic int64_t *)turn, memory_order_relaxed) == mine;
}

/* One frame, numbered. A position, or what Aeron answered below zero. */
static int64_t offer_one(ab_publication *publication, const uint8_t *frame, size_t length, int numbered_at, uint64_t number) {
    if (length <= publication->max_payload_length) {
        aeron_buffer_claim_t claim;
        int64_t position = ab_aeron->exclusive_publication_try_claim(publication->aeron, length, &claim);
        if (position > 0) {
            memcpy(claim.data, frame, length);
            if (numbered_at >= 0) {
                memcpy(claim.data + numbered_at, &number, sizeof(number));
            }
            ab_aeron->buffer_claim_commit(&claim);
        }
        return position;
    }
    if (numbered_at < 0) {
        return ab_aeron->exclusive_publication_offer(publication->aeron, frame, length, NULL, NULL);
    }
    /* The head of a long frame is gathered from a numbered copy. */
    uint8_t head[64];
    size_t head_length = sizeof(head) < length ? sizeof(head) : length;
    memcpy(head, frame, head_length);
    memcpy(head + numbered_at, &number, sizeof(number));
    aeron_iovec_t parts[2] = {
        {.iov_base = head, .iov_len = head_length},
        {.iov_base = (uint8_t *)frame + head_length, .iov_len = length - head_length},
    };
    return ab_aeron->exclusive_publication_offerv(publication->aeron, parts, 2, NULL, NULL);
}

static bool is_final(int64_t position) {
    return position < 0 && position != AERON_PUBLICATION_BACK_PRESSURED && position != AERON_PUBLICATION_ADMIN_ACTION &&
           position != AERON_PUBLICATION_NOT_CONNECTED;
}

int ab_floor_flood_wait(ab_handle handle, const uint8_t *frames, const uint32_t *lengths, size_t count, int numbered_at,
                        uint64_t each, uint64_t *number, const int64_t *turn, int64_t mine, int yields, ab_floor_count *done) {
    ab_publication *publication = ab_slot_enter(handle, AB_KIND_PUBLICATION);
    if (publication == NULL) {
        return AB_STALE;
    }
    int result = publication->aeron != NULL && count > 0 && numbered_at <= 56 ? AB_OK : AB_INVALID;
    const uint8_t *frame = frames;
    size_t at = 0;
    for (uint32_t step = 0; result == AB_OK && (step % LOOK_EVERY != 0 || is_mine(turn, mine)); step++) {
        int64_t position = offer_one(publication, frame, lengths[at], numbered_at, *number);
        if (position > 0) {
            done->messages++;
            done->bytes += lengths[at];
            *number += each;
            frame += lengths[at];
            if (++at == count) {
                at = 0;
                frame = frames;
            }
        } else if (is_final(position)) {
            result = AB_FAILED;
        } else {
            done->refused++;
            if (yields) {
                sched_yield();
            }
        }
    }
    ab_slot_leave(handle);
    return result;
}

static int count_fragment(void *clientd, const uint8_t *buffer, size_t length, aeron_header_t *header) {
    ab_floor_count *done = clientd;
    uint64_t first = 0;
    memcpy(&first, buffer, length < sizeof(first) ? length : sizeof(first));
    done->checksum += first;
    done->messages++;
    done->bytes += (int64_t)length;
    return AERON_ACTION_CONTINUE;
}

int ab_floor_drain_wait(ab_handle handle, const int64_t *turn, int64_t mine, int64_t deadline_ns, ab_floor_count *done) {
    ab_subscription *subscription = ab_slot_enter(handle, AB_KIND_SUBSCRIPTION);
    if (subscription == NULL) {
        return AB_STALE;
    }
    int result = AB_OK;
    for (uint32_t step = 1; result == AB_OK && is_mine(turn, mine); step++) {
        int taken =
            ab_aeron->subscription_controlled_poll(subscription->aeron, count_fragment, done, DRAIN_FRAGMENTS);
        if (taken < 0) {
            result = AB_FAILED;
        } else if (step % 16 == 0 && ab_clock_monotonic_ns() >= deadline_ns) {
            break;
        }
    }
    ab_slot_leave(handle);
    return result;
}

/* ---- ping and pong ------------------------------------------------------------------------------------------------ */

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

static int ping(ab_publication *publication, ab_subscription *subscription, size_t length, int64_t warm_ns,
                int64_t deadline_ns, ab_histogram *trips) {
    uint8_t payload[PING_LENGTH_MAX] = {0};
    for (uint64_t number = 1;; number++) {
        answer found = {0, false};
        int64_t began = ab_clock_monotonic_ns();
        if (began >= deadline_ns) {
            return AB_OK;
        }
        while (offer_one(publication, payload, length, 0, number) <= 0) {
            if (ab_clock_monotonic_ns() - began > PING_PATIENCE_NS) {
                return AB_TIMED_OUT;
            }
        }
        for (uint32_t step = 1; !found.came; step++) {
            ab_aeron->subscription_controlled_poll(subscription->aeron, take_answer, &found, 1);
            if (step % LOOK_EVERY == 0 && ab_clock_monotonic_ns() - began > PING_PATIENCE_NS) {
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

int ab_floor_ping_wait(ab_handle out, ab_handle in, size_t length, int64_t warm_ns, int64_t deadline_ns, ab_histogram *trips) {
    if (length < 8 || length > PING_LENGTH_MAX) {
        return AB_INVALID;
    }
    ab_publication *publication = ab_slot_enter(out, AB_KIND_PUBLICATION);
    if (publication == NULL) {
        return AB_STALE;
    }
    ab_subscription *subscription = ab_slot_enter(in, AB_KIND_SUBSCRIPTION);
    int result = AB_STALE;
    if (subscription != NULL) {
        result = ping(publication, subscription, length, warm_ns, deadline_ns, trips);
        ab_slot_leave(in);
    }
    ab_slot_leave(out);
    return result;
}

typedef struct {
    ab_publication *publication;
    const int64_t *turn;
    int64_t mine;
} echo;

static int send_back(void *clientd, const uint8_t *buffer, size_t length, aeron_header_t *header) {
    const echo *way = clientd;
    for (uint32_t step = 1; offer_one(way->publication, buffer, length, -1, 0) <= 0; step++) {
        if (step % LOOK_EVERY == 0 && !is_mine(way->turn, way->mine)) {
            break;
        }
    }
    return AERON_ACTION_CONTINUE;
}

int ab_floor_pong_wait(ab_handle out, ab_handle in, const int64_t *turn, int64_t mine) {
    ab_publication *publication = ab_slot_enter(out, AB_KIND_PUBLICATION);
    if (publication == NULL) {
        return AB_STALE;
    }
    ab_subscription *subscription = ab_slot_enter(in, AB_KIND_SUBSCRIPTION);
    int result = AB_STALE;
    if (subscription != NULL) {
        echo way = {publication, turn, mine};
        result = AB_OK;
        for (uint32_t step = 0; result == AB_OK && (step % LOOK_EVERY != 0 || is_mine(turn, mine)); step++) {
            if (ab_aeron->subscription_controlled_poll(subscription->aeron, send_back, &way, 10) < 0) {
                result = AB_FAILED;
            }
        }
        ab_slot_leave(in);
    }
    ab_slot_leave(out);
    return result;
}

/* ---- checksums --------------------------------------------------------------------------------------------------- */

#define CHECKSUM_MAX 4096u
#define CHECKSUM_BATCH 262144u /* of a journal that does not sync */

int64_t ab_floor_checksum_wait(size_t length, int64_t records, uint32_t *sum) {
    size_t padded = ab_padded(AB_RECORD_HEADER + length), count = CHECKSUM_BATCH / padded;
    if (length > CHECKSUM_MAX || records < 0) {
        return AB_INVALID;
    }
    uint8_t *batch = calloc(count, padded);
    if (batch == NULL) {
        return AB_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        ab_format_head(batch + i * padded, i, &(ab_journal_record){.length = (uint32_t)length});
    }
    uint32_t chain = 0;
    int64_t began = ab_clock_monotonic_ns();
    for (int64_t done = 0; done < records; done += (int64_t)count) {
        size_t now = (size_t)(records - done) < count ? (size_t)(records - done) : count;
        chain = ab_format_seal(batch, now * padded, 1, AB_JOURNAL_HEADER + (uint64_t)done * padded, chain);
    }
    int64_t spent = ab_clock_monotonic_ns() - began;
    free(batch);
    *sum = chain;
    return spent;
}
