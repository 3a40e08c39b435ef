/*
 * ab_floor: flooding publisher, reading subscriber, and what a journal's disk and checksums cost. The rules are in
 * ab_floor.h; round trips and one way are in ab_floor_trips.c.
 */
#include "ab_floor_private.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ab_clock.h"
#include "ab_fail.h"
#include "ab_frame.h"
#include "ab_journal_format.h"
#include "ab_storage.h"

#define DRAIN_FRAGMENTS 2048u

int64_t ab_floor_offer(ab_publication *publication, const uint8_t *frame, size_t length, int numbered_at, uint64_t number) {
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
    for (uint32_t step = 0; result == AB_OK && (step % AB_FLOOR_LOOK_EVERY != 0 || ab_floor_is_mine(turn, mine)); step++) {
        int64_t position = ab_floor_offer(publication, frame, lengths[at], numbered_at, *number);
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

/* ---- reading ----------------------------------------------------------------------------------------------------- */

typedef struct {
    ab_floor_count *done;
    size_t skip;
    int64_t record;
} reading;

static uint64_t word_at(const uint8_t *bytes, size_t left) {
    uint64_t word = 0;
    memcpy(&word, bytes, left < sizeof(word) ? left : sizeof(word));
    return word;
}

/* Four sums side by side keep up with memory: one would wait for the addition before. */
static uint64_t sum_of(const uint8_t *bytes, size_t length) {
    uint64_t sums[4] = {0, 0, 0, 0}, words[4];
    size_t at = 0;
    for (; at + sizeof(words) <= length; at += sizeof(words)) {
        memcpy(words, bytes + at, sizeof(words));
        for (int i = 0; i < 4; i++) {
            sums[i] += words[i];
        }
    }
    for (; at < length; at += 8) {
        sums[0] += word_at(bytes + at, length - at);
    }
    return sums[0] + sums[1] + sums[2] + sums[3];
}

static int read_fragment(void *clientd, const uint8_t *buffer, size_t length, aeron_header_t *header) {
    const reading *how = clientd;
    ab_floor_count *done = how->done;
    size_t skip = how->skip < length ? how->skip : length;
    done->bytes += (int64_t)length;
    if (how->record == AB_FLOOR_HEAD) {
        done->checksum += word_at(buffer + skip, length - skip);
        done->messages++;
    } else if (how->record == AB_FLOOR_WHOLE) {
        done->checksum += sum_of(buffer + skip, length - skip);
        done->messages++;
    } else if (how->record == AB_FLOOR_OURS) {
        ab_frame frame;
        size_t body;
        done->checksum += word_at(buffer + skip, length - skip);
        done->messages += ab_frame_get(buffer, length, &frame, &body) == AB_OK ? frame.count : 0;
    } else {
        for (size_t at = skip; at + (size_t)how->record <= length; at += (size_t)how->record) {
            done->checksum += word_at(buffer + at, 8);
            done->messages++;
        }
    }
    return AERON_ACTION_CONTINUE;
}

int ab_floor_drain_wait(ab_handle handle, const int64_t *turn, int64_t mine, int64_t deadline_ns, size_t skip, int64_t record,
                        ab_floor_count *done) {
    if (record < AB_FLOOR_OURS || (record > 0 && record < 8)) {
        return AB_INVALID;
    }
    ab_subscription *subscription = ab_slot_enter(handle, AB_KIND_SUBSCRIPTION);
    if (subscription == NULL) {
        return AB_STALE;
    }
    reading how = {done, skip, record};
    int result = AB_OK;
    for (uint32_t step = 1; result == AB_OK && ab_floor_is_mine(turn, mine); step++) {
        int taken = ab_aeron->subscription_controlled_poll(subscription->aeron, read_fragment, &how, DRAIN_FRAGMENTS);
        if (taken < 0) {
            result = AB_FAILED;
        } else if (step % 16 == 0 && ab_clock_monotonic_ns() >= deadline_ns) {
            break;
        }
    }
    ab_slot_leave(handle);
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

/* ---- a disk whose sync takes as long as it is told ----------------------------------------------------------------- */

static _Atomic int64_t slow_sync_ns, slow_syncs, slow_spent_ns;

static int slow_sync(void *self, int file) {
    int64_t began = ab_clock_monotonic_ns(), until = began + atomic_load_explicit(&slow_sync_ns, memory_order_relaxed);
    struct timespec when = {.tv_sec = until / AB_NS_PER_S, .tv_nsec = until % AB_NS_PER_S};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR) {
    }
    atomic_fetch_add_explicit(&slow_syncs, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&slow_spent_ns, ab_clock_monotonic_ns() - began, memory_order_relaxed);
    return 0;
}

ab_handle ab_floor_slow_disk_open_wait(
    const ab_journal_options *options, ab_journal_opened *opened, ab_error *error, int64_t sync_ns) {
    static ab_storage storage; /* as the journal wants it: it lives as long as the process */
    storage = *ab_storage_real();
    storage.sync = slow_sync;
    atomic_store_explicit(&slow_sync_ns, sync_ns, memory_order_relaxed);
    ab_journal *journal;
    if (ab_journal_open(options, &storage, &journal, opened, error) != AB_OK) {
        return 0;
    }
    ab_journal_port *port = calloc(1, sizeof *port);
    ab_handle handle = 0;
    if (port != NULL) {
        port->journal = journal;
        handle = ab_slot_open(AB_KIND_JOURNAL, port);
    }
    if (handle == 0) {
        free(port);
        ab_journal_close(journal, NULL);
        ab_fail(error, AB_NO_MEMORY, 0, "no memory for a handle, or none is left");
    }
    return handle;
}

int64_t ab_floor_slow_disk_spent(int64_t *syncs) {
    *syncs = atomic_load_explicit(&slow_syncs, memory_order_relaxed);
    return atomic_load_explicit(&slow_spent_ns, memory_order_relaxed);
}
