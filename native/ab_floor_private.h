/* ab_floor_private: what the files of ab_floor share. The rules are in ab_floor.h. */
#ifndef AB_FLOOR_PRIVATE_H
#define AB_FLOOR_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "ab_aeron.h"
#include "ab_endpoint.h"
#include "ab_floor.h"

/* The loops look at the shared word once in so many steps: its cache line is the other process's. */
#define AB_FLOOR_LOOK_EVERY 256u

static inline bool ab_floor_is_mine(const int64_t *turn, int64_t mine) {
    return atomic_load_explicit((const _Atomic int64_t *)turn, memory_order_relaxed) == mine;
}

/* Offer one frame, numbered at `numbered_at` (-1: nowhere). A position, or what Aeron answered below zero. */
int64_t ab_floor_offer(ab_publication *publication, const uint8_t *frame, size_t length, int numbered_at, uint64_t number);

#endif
