/* ab_wait: events, the poll set, and the loop of the one way to wait. Rules and the two arguments: ab_wait.h. */
#include "ab_wait.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ab_clock.h"
#include "ab_endpoint.h"
#include "ab_poll.h"

#if defined(__linux__) && !defined(AB_WAIT_PORTABLE) /* tests build the other one too */
#define AB_WAIT_FUTEX 1
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#else
#define AB_WAIT_FUTEX 0
#include <pthread.h>
#endif

/* The clock is asked once in so many empty passes: it costs as much as a pass. */
#define PASSES_A_CLOCK 16u

/* A shorter sleep than this is none: the system call alone takes longer. */
#define PARK_NS_MIN AB_NS_PER_US

struct ab_event {
    _Atomic uint32_t word;     /* SYNC A */
    _Atomic uint32_t sleepers; /* SYNC A, SYNC B */
    atomic_uint references;
#if !AB_WAIT_FUTEX
    pthread_mutex_t lock;
    pthread_cond_t moved;
#endif
};

/* ---- events ------------------------------------------------------------------------------------------------------ */

ab_event *ab_event_create(void) {
    ab_event *event = calloc(1, sizeof *event);
    if (event != NULL) {
        atomic_init(&event->references, 1);
#if !AB_WAIT_FUTEX
        pthread_mutex_init(&event->lock, NULL);
        pthread_cond_init(&event->moved, NULL);
#endif
    }
    return event;
}

void ab_event_retain(ab_event *event) { atomic_fetch_add_explicit(&event->references, 1, memory_order_relaxed); }

void ab_event_release(ab_event *event) {
    if (event != NULL && atomic_fetch_sub_explicit(&event->references, 1, memory_order_acq_rel) == 1) {
#if !AB_WAIT_FUTEX
        pthread_cond_destroy(&event->moved);
        pthread_mutex_destroy(&event->lock);
#endif
        free(event);
    }
}

uint32_t ab_event_word(ab_event *event) { return atomic_load_explicit(&event->word, memory_order_acquire); }

uint32_t ab_event_sleepers(ab_event *event) { return atomic_load_explicit(&event->sleepers, memory_order_relaxed); }

static void wake_all(ab_event *event) {
#if AB_WAIT_FUTEX
    syscall(SYS_futex, &event->word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
#else
    pthread_mutex_lock(&event->lock); /* not between the sleeper's look at the word and its wait */
    pthread_cond_broadcast(&event->moved);
    pthread_mutex_unlock(&event->lock);
#endif
}

void ab_event_bump(ab_event *event) {
    atomic_fetch_add_explicit(&event->word, 1, memory_order_seq_cst);             /* SYNC A */
    if (atomic_load_explicit(&event->sleepers, memory_order_seq_cst) != 0) {      /* SYNC A */
        wake_all(event);
    }
}

void ab_event_wake_sleepers(ab_event *event) {
    atomic_thread_fence(memory_order_seq_cst);                                    /* SYNC B: the commit is before the look */
    if (atomic_load_explicit(&event->sleepers, memory_order_relaxed) != 0) {
        ab_event_bump(event);
    }
}

/* Sleep until the word is not `seen`, at most `timeout_ns` (AB_NO_DEADLINE: no limit). The caller announced itself. False
 * when a signal came: it must be seen to by whoever called us. */
static bool sleep_on(ab_event *event, uint32_t seen, int64_t timeout_ns) {
#if AB_WAIT_FUTEX
    struct timespec timeout = {.tv_sec = timeout_ns / AB_NS_PER_S, .tv_nsec = timeout_ns % AB_NS_PER_S};
    long result = syscall(
        SYS_futex, &event->word, FUTEX_WAIT_PRIVATE, seen, timeout_ns == AB_NO_DEADLINE ? NULL : &timeout, NULL, 0);
    return result == 0 || errno != EINTR;
#else
    /* A step of the realtime clock only makes one sleep too long or too short: keep them to a second. */
    int64_t until_ns = ab_clock_realtime_ns() + (timeout_ns < AB_NS_PER_S ? timeout_ns : AB_NS_PER_S);
    struct timespec until = {.tv_sec = until_ns / AB_NS_PER_S, .tv_nsec = until_ns % AB_NS_PER_S};
    pthread_mutex_lock(&event->lock);
    if (atomic_load_explicit(&event->word, memory_order_seq_cst) == seen) {
        pthread_cond_timedwait(&event->moved, &event->lock, &until);
    }
    pthread_mutex_unlock(&event->lock);
    return true;
#endif
}

/* ---- the poll set ------------------------------------------------------------------------------------------------ */

typedef struct {
    ab_handle subscription; /* 0: free */
    bool paused;
} entry;

/* How far idling came. */
typedef struct {
    uint32_t empty;   /* empty passes in a row */
    int64_t park_ns;  /* length of the last sleep */
    int64_t since_ns; /* of the first sleep; 0: none yet */
    bool kept;        /* the last wait timed out: the next goes on here */
} idling;

struct ab_poll_set {
    idling idling;
    int count;  /* entries in use, free ones in between included */
    int next;   /* who is asked first in the next pass */
    int failed; /* index behind the last AB_FAILED or AB_INVALID, or -1 */
    entry entries[AB_POLL_SET_MAX];
};

ab_poll_set *ab_poll_set_create(void) {
    ab_poll_set *set = calloc(1, sizeof *set);
    if (set != NULL) {
        set->failed = -1;
    }
    return set;
}

void ab_poll_set_free(ab_poll_set *set) { free(set); }

int ab_poll_set_add(ab_poll_set *set, ab_handle subscription) {
    if (subscription == 0) {
        return AB_INVALID;
    }
    int index = 0;
    while (index < set->count && set->entries[index].subscription != 0) {
        index++;
    }
    if (index == AB_POLL_SET_MAX) {
        return AB_INVALID;
    }
    set->entries[index] = (entry){.subscription = subscription};
    set->count = index == set->count ? index + 1 : set->count;
    return index;
}

static bool is_member(const ab_poll_set *set, int index) {
    return index >= 0 && index < set->count && set->entries[index].subscription != 0;
}

int ab_poll_set_remove(ab_poll_set *set, int index) {
    if (!is_member(set, index)) {
        return AB_INVALID;
    }
    set->entries[index] = (entry){0};
    while (set->count > 0 && set->entries[set->count - 1].subscription == 0) {
        set->count--;
    }
    return AB_OK;
}

int ab_poll_set_pause(ab_poll_set *set, int index, int paused) {
    if (!is_member(set, index)) {
        return AB_INVALID;
    }
    set->entries[index].paused = paused != 0;
    return AB_OK;
}

void ab_poll_set_service(ab_poll_set *set) {
    for (int index = 0; index < set->count; index++) {
        const entry *stream = &set->entries[index];
        ab_subscription *subscription =
            stream->paused && stream->subscription != 0 ? ab_slot_enter(stream->subscription, AB_KIND_SUBSCRIPTION) : NULL;
        if (subscription != NULL) {
            ab_poll_service(subscription);
            ab_slot_leave(stream->subscription);
        }
    }
}

int ab_poll_set_failed(const ab_poll_set *set) { return set->failed; }

void ab_poll_set_stir(ab_poll_set *set) { set->idling.kept = false; }

static int ask_open(ab_subscription *subscription, bool paused, bool *worked) {
    if (paused) {
        ab_poll_service(subscription);
        return 0;
    }
    if (subscription->handed && subscription->batch->exports > 0) {
        return AB_INVALID;
    }
    int result = ab_poll(subscription, worked);
    return result == AB_POLL_NOTICES ? 1 : result;
}

/* Ask one stream. Above zero: it has something. Below: an ab_result. */
static int ask(const entry *stream, bool *worked) {
    ab_subscription *subscription = ab_slot_enter(stream->subscription, AB_KIND_SUBSCRIPTION);
    if (subscription == NULL) {
        return 0; /* closed; its owner will take it out of the set */
    }
    int result = ask_open(subscription, stream->paused, worked);
    ab_slot_leave(stream->subscription);
    return result;
}

int ab_poll_set_next(ab_poll_set *set, int from) {
    for (int index = from < 0 ? 0 : from; index < set->count; index++) {
        const entry *stream = &set->entries[index];
        ab_subscription *subscription = ab_slot_peek(stream->subscription, AB_KIND_SUBSCRIPTION);
        int result = subscription == NULL ? 0 : ask_open(subscription, stream->paused, NULL);
        if (result > 0 || result == AB_INVALID) {
            return index;
        }
    }
    return AB_TIMED_OUT;
}

/* Ask every stream once, each pass beginning with another. The index of the first that has something, AB_FAILED or
 * AB_INVALID, or AB_TIMED_OUT when there is nothing. */
static int pass(ab_poll_set *set, bool *worked) {
    for (int i = 0; i < set->count; i++) {
        int index = set->next < set->count ? set->next : 0;
        set->next = index + 1;
        if (set->entries[index].subscription == 0) {
            continue;
        }
        int result = ask(&set->entries[index], worked);
        if (result != 0) {
            set->failed = result < 0 ? index : set->failed;
            return result < 0 ? result : index;
        }
    }
    return AB_TIMED_OUT;
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static void pause_core(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

/* How long the idle thread may sleep after `empty` empty passes in a row; 0: it must not sleep yet (and has spun or
 * yielded). `*park_ns` is the length of the last sleep, doubled from one to the next. */
static int64_t idle_step(const ab_idle *idle, uint32_t empty, int64_t *park_ns) {
    switch (idle->kind) {
        case AB_IDLE_BUSY_SPIN:
            pause_core();
            return 0;
        case AB_IDLE_YIELD:
            sched_yield();
            return 0;
        case AB_IDLE_SLEEP:
            return idle->max_park_ns > PARK_NS_MIN ? idle->max_park_ns : PARK_NS_MIN;
        default:
            break;
    }
    if (empty < idle->max_spins) {
        pause_core();
        return 0;
    }
    if (empty - idle->max_spins < idle->max_yields) {
        sched_yield();
        return 0;
    }
    *park_ns = *park_ns == 0 ? idle->min_park_ns : *park_ns * 2;
    *park_ns = *park_ns > idle->max_park_ns ? idle->max_park_ns : *park_ns;
    *park_ns = *park_ns < PARK_NS_MIN ? PARK_NS_MIN : *park_ns;
    return *park_ns;
}

/* Announce the sleep, look once more, sleep. What the wait is to answer, or AB_TIMED_OUT to go on. */
static int park(ab_event *event, uint32_t seen, ab_poll_set *set, int64_t timeout_ns) {
    int result = AB_TIMED_OUT;
    bool worked = false;
    atomic_fetch_add_explicit(&event->sleepers, 1, memory_order_seq_cst); /* SYNC A, SYNC B */
    atomic_thread_fence(memory_order_seq_cst);                            /* SYNC B: before the look into Aeron's logs */
    if (set != NULL) {
        result = pass(set, &worked);
    }
    if (result == AB_TIMED_OUT && !worked && !sleep_on(event, seen, timeout_ns)) {
        result = AB_WAKE;
    }
    atomic_fetch_sub_explicit(&event->sleepers, 1, memory_order_relaxed);
    return result;
}

int ab_wait(ab_event *event, uint32_t seen, ab_poll_set *set, const ab_idle *idle, int64_t deadline_ns) {
    static const ab_idle park_at_once = {.kind = AB_IDLE_SLEEP, .max_park_ns = AB_NS_PER_MS};
    idle = idle == NULL ? &park_at_once : idle;
    bool streams = set != NULL && set->count > 0;
    idling now_only = {0};
    idling *idling = streams ? &set->idling : &now_only;
    if (!idling->kept) {
        *idling = now_only;
    }
    idling->kept = false;
    uint32_t passes = 0;
    bool parked = false;

    while (true) {
        bool worked = false;
        if (ab_event_word(event) != seen) {
            return AB_WAKE;
        }
        if (streams) {
            int result = pass(set, &worked);
            if (result != AB_TIMED_OUT) {
                return result;
            }
        }
        if (worked) {
            *idling = now_only;
        }
        int64_t sleep_ns = worked ? 0 : idle_step(idle, idling->empty, &idling->park_ns);
        idling->empty += idling->empty < UINT32_MAX;
        int64_t left_ns = AB_NO_DEADLINE;
        if (sleep_ns > 0 || (deadline_ns != AB_NO_DEADLINE && (parked || passes++ % PASSES_A_CLOCK == 0))) {
            int64_t now_ns = ab_clock_monotonic_ns();
            left_ns = deadline_ns == AB_NO_DEADLINE ? AB_NO_DEADLINE : deadline_ns - now_ns;
            if (left_ns <= 0) {
                idling->kept = true;
                return AB_TIMED_OUT;
            }
            if (sleep_ns > 0) {
                idling->since_ns = idling->since_ns == 0 ? now_ns : idling->since_ns;
                if (idle->rest_park_ns > sleep_ns && now_ns - idling->since_ns >= AB_REST_AFTER_NS) {
                    sleep_ns = idle->rest_park_ns;
                }
            }
        }
        parked = sleep_ns > 0;
        if (parked) {
            int result = park(event, seen, streams ? set : NULL, streams && sleep_ns < left_ns ? sleep_ns : left_ns);
            if (result != AB_TIMED_OUT) {
                return result;
            }
        }
    }
}

int ab_event_wait(ab_event *event, uint32_t seen, const ab_idle *idle, int64_t deadline_ns) {
    return ab_wait(event, seen, NULL, idle, deadline_ns);
}

int ab_spin(ab_event *event, uint32_t seen, ab_poll_set *set, uint32_t looks) {
    bool worked;
    uint64_t each = set->count > 1 ? (uint64_t)set->count : 1;
    looks = set->idling.kept && looks > 1 ? 1 : looks; /* a wait that goes on does not begin to spin anew */
    for (uint64_t looked = 0; looked < looks; looked += each) {
        if (ab_event_word(event) != seen) {
            return AB_WAKE;
        }
        int result = pass(set, &worked);
        if (result != AB_TIMED_OUT) {
            set->idling.kept = false; /* there was work */
            return result;
        }
        pause_core();
    }
    return AB_TIMED_OUT;
}
