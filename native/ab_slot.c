/* ab_slot.c: see ab_slot.h for the rules.
 *
 * A generation is odd while the slot is open and even while it is not, so a handle (odd generation << 32 | slot) is never 0.
 *
 * Orderings
 *   SYNC A  open publishes kind and object with a release of the generation; peek and enter acquire it.
 *   SYNC B  enter adds itself to users and then looks at the generation; retire moves the generation and then looks at
 *           users. Both pairs are sequentially consistent: one of the two always sees the other (Dekker), so either enter
 *           refuses or quiesce waits. Release/acquire would allow both to miss.
 *   SYNC C  leave releases what was done inside; quiesce acquires it before the object is closed.
 */
#include "ab_slot.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

typedef struct {
    _Atomic uint32_t generation;
    _Atomic uint32_t users;
    int kind;     /* SYNC A */
    void *object; /* SYNC A */
    int taken;    /* under the lock: open, or retired and not quiesced yet */
    char pad[36]; /* a cache line each: the users of one stream do not slow those of another */
} ab_slot;

_Static_assert(sizeof(ab_slot) == 64, "a slot is one cache line");

static ab_slot slots[AB_SLOTS];
static uint32_t next_slot;                    /* under the lock: where the search for a free slot starts */
static atomic_flag locked = ATOMIC_FLAG_INIT; /* open and free only; held for a scan at most. A flag and not a mutex: a
                                                 fork while another thread holds it must not lock the child for ever. */

static pthread_once_t watching_forks = PTHREAD_ONCE_INIT;

static void watch_forks(void) { pthread_atfork(NULL, NULL, ab_slot_forked); }

static void lock(void) {
    while (atomic_flag_test_and_set_explicit(&locked, memory_order_acquire)) {
        sched_yield();
    }
}

static void unlock(void) { atomic_flag_clear_explicit(&locked, memory_order_release); }

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static ab_slot *slot_of(ab_handle handle) {
    uint32_t index = (uint32_t)handle;
    return index < AB_SLOTS ? &slots[index] : NULL;
}

static uint32_t generation_of(ab_handle handle) { return (uint32_t)(handle >> 32); }

ab_handle ab_slot_open(int kind, void *object) {
    if (kind == AB_KIND_NONE || object == NULL) {
        return 0;
    }
    pthread_once(&watching_forks, watch_forks);
    ab_handle handle = 0;
    lock();
    for (uint32_t tried = 0; tried < AB_SLOTS; tried++) {
        uint32_t index = (next_slot + tried) % AB_SLOTS;
        ab_slot *slot = &slots[index];
        if (slot->taken) {
            continue;
        }
        uint32_t generation = atomic_load_explicit(&slot->generation, memory_order_relaxed) + 1;
        slot->taken = 1;
        slot->kind = kind;
        slot->object = object;
        atomic_store_explicit(&slot->generation, generation, memory_order_release); /* SYNC A */
        next_slot = index + 1;
        handle = (ab_handle)generation << 32 | index;
        break;
    }
    unlock();
    return handle;
}

void *ab_slot_peek(ab_handle handle, int kind) {
    ab_slot *slot = slot_of(handle);
    if (slot == NULL || (generation_of(handle) & 1) == 0 ||
        atomic_load_explicit(&slot->generation, memory_order_acquire) != generation_of(handle)) { /* SYNC A */
        return NULL;
    }
    return slot->kind == kind ? slot->object : NULL;
}

void *ab_slot_enter(ab_handle handle, int kind) {
    ab_slot *slot = slot_of(handle);
    if (slot == NULL || (generation_of(handle) & 1) == 0) {
        return NULL;
    }
    atomic_fetch_add_explicit(&slot->users, 1, memory_order_seq_cst);                              /* SYNC B */
    if (atomic_load_explicit(&slot->generation, memory_order_seq_cst) == generation_of(handle)     /* SYNC A, B */
        && slot->kind == kind) {
        return slot->object;
    }
    atomic_fetch_sub_explicit(&slot->users, 1, memory_order_release);
    return NULL;
}

void ab_slot_leave(ab_handle handle) {
    ab_slot *slot = slot_of(handle);
    if (slot != NULL) {
        atomic_fetch_sub_explicit(&slot->users, 1, memory_order_release); /* SYNC C */
    }
}

void *ab_slot_retire(ab_handle handle, int kind) {
    ab_slot *slot = slot_of(handle);
    uint32_t generation = generation_of(handle);
    if (slot == NULL || (generation & 1) == 0) {
        return NULL;
    }
    /* Read before the exchange: afterwards the slot is the winner's alone, and so are these two. */
    void *object = ab_slot_peek(handle, kind);
    if (object == NULL) {
        return NULL;
    }
    return atomic_compare_exchange_strong_explicit(
               &slot->generation, &generation, generation + 1, memory_order_seq_cst, memory_order_relaxed) /* SYNC B */
               ? object
               : NULL;
}

int ab_slot_quiesce_wait(ab_handle handle, int64_t deadline_ns) {
    ab_slot *slot = slot_of(handle);
    if (slot == NULL ||
        atomic_load_explicit(&slot->generation, memory_order_relaxed) != generation_of(handle) + 1) {
        return AB_STALE;
    }
    /* Users are inside for the length of one native poll, at most one park: yield first, then sleep a little. */
    for (int pass = 0; atomic_load_explicit(&slot->users, memory_order_seq_cst) != 0; pass++) { /* SYNC B, C */
        if (now_ns() >= deadline_ns) {
            return AB_TIMED_OUT;
        }
        if (pass < 100) {
            sched_yield();
        } else {
            nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
        }
    }
    lock();
    slot->taken = 0;
    unlock();
    return AB_OK;
}

int ab_slot_is_open(ab_handle handle, int kind) { return ab_slot_peek(handle, kind) != NULL; }

int ab_slot_count(int kind) {
    int count = 0;
    lock();
    for (uint32_t index = 0; index < AB_SLOTS; index++) {
        ab_slot *slot = &slots[index];
        if ((atomic_load_explicit(&slot->generation, memory_order_acquire) & 1) != 0 &&
            (kind == AB_KIND_NONE || slot->kind == kind)) {
            count++;
        }
    }
    unlock();
    return count;
}

void ab_slot_forked(void) {
    /* Only the forking thread exists here. Objects are left alone: their memory is shared with the parent's (copy on
     * write), and freeing them would run Aeron's code without its threads. */
    atomic_flag_clear(&locked);
    for (uint32_t index = 0; index < AB_SLOTS; index++) {
        ab_slot *slot = &slots[index];
        uint32_t generation = atomic_load_explicit(&slot->generation, memory_order_relaxed);
        if ((generation & 1) != 0) {
            atomic_store_explicit(&slot->generation, generation + 1, memory_order_relaxed);
        }
        atomic_store_explicit(&slot->users, 0, memory_order_relaxed);
        slot->taken = 0;
    }
}
