/* ab_slot: handles, generations, users; and the table under four threads, where TSan and ASan see what a late user does. */
#include "../ab_slot.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static int64_t in_ns(int64_t ns) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec + ns;
}

static void close_slot(ab_handle handle, int kind) {
    CHECK(ab_slot_retire(handle, kind) != NULL);
    CHECK_EQUAL(AB_OK, ab_slot_quiesce_wait(handle, in_ns(0) + INT64_C(5000000000)));
}

static void a_handle_finds_its_object_and_no_other_kind(void) {
    int object;
    ab_handle handle = ab_slot_open(AB_KIND_CLIENT, &object);
    CHECK(handle != 0);
    CHECK(ab_slot_peek(handle, AB_KIND_CLIENT) == &object);
    CHECK(ab_slot_peek(handle, AB_KIND_DRIVER) == NULL);
    CHECK(ab_slot_enter(handle, AB_KIND_DRIVER) == NULL);
    CHECK(ab_slot_retire(handle, AB_KIND_DRIVER) == NULL);
    CHECK_EQUAL(1, ab_slot_count(AB_KIND_CLIENT));
    close_slot(handle, AB_KIND_CLIENT);
    CHECK_EQUAL(0, ab_slot_count(AB_KIND_NONE));
}

static void nonsense_is_never_valid(void) {
    const ab_handle nonsense[] = {0, 1, UINT64_MAX, (ab_handle)1 << 32 | AB_SLOTS, (ab_handle)2 << 32};
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        CHECK(ab_slot_peek(nonsense[i], AB_KIND_CLIENT) == NULL);
        CHECK(ab_slot_enter(nonsense[i], AB_KIND_CLIENT) == NULL);
        CHECK(ab_slot_retire(nonsense[i], AB_KIND_CLIENT) == NULL);
        CHECK_EQUAL(AB_STALE, ab_slot_quiesce_wait(nonsense[i], 0));
    }
    CHECK_EQUAL(0, ab_slot_open(AB_KIND_NONE, &(int){0}));
    CHECK_EQUAL(0, ab_slot_open(AB_KIND_CLIENT, NULL));
}

static void a_retired_handle_is_stale_for_ever(void) {
    int first, second;
    ab_handle old = ab_slot_open(AB_KIND_PUBLICATION, &first);
    close_slot(old, AB_KIND_PUBLICATION);
    CHECK(ab_slot_peek(old, AB_KIND_PUBLICATION) == NULL);
    CHECK(ab_slot_enter(old, AB_KIND_PUBLICATION) == NULL);
    CHECK(ab_slot_retire(old, AB_KIND_PUBLICATION) == NULL);
    for (uint32_t i = 0; i < 2 * AB_SLOTS; i++) { /* until its slot was used again */
        ab_handle handle = ab_slot_open(AB_KIND_PUBLICATION, &second);
        CHECK(handle != old);
        close_slot(handle, AB_KIND_PUBLICATION);
        CHECK(ab_slot_peek(old, AB_KIND_PUBLICATION) == NULL);
    }
}

static void the_table_has_an_end(void) {
    static ab_handle handles[AB_SLOTS];
    int object;
    for (uint32_t i = 0; i < AB_SLOTS; i++) {
        handles[i] = ab_slot_open(AB_KIND_COUNTER, &object);
        CHECK(handles[i] != 0);
    }
    CHECK_EQUAL(0, ab_slot_open(AB_KIND_COUNTER, &object));
    CHECK_EQUAL(AB_SLOTS, ab_slot_count(AB_KIND_NONE));
    for (uint32_t i = 0; i < AB_SLOTS; i++) {
        close_slot(handles[i], AB_KIND_COUNTER);
    }
    CHECK_EQUAL(0, ab_slot_count(AB_KIND_NONE));
}

static void closing_waits_for_who_is_inside(void) {
    int object;
    ab_handle handle = ab_slot_open(AB_KIND_SUBSCRIPTION, &object);
    CHECK(ab_slot_enter(handle, AB_KIND_SUBSCRIPTION) == &object);
    CHECK(ab_slot_retire(handle, AB_KIND_SUBSCRIPTION) == &object);
    CHECK_EQUAL(AB_TIMED_OUT, ab_slot_quiesce_wait(handle, in_ns(2000000)));
    CHECK(ab_slot_enter(handle, AB_KIND_SUBSCRIPTION) == NULL); /* nobody new */
    ab_slot_leave(handle);
    CHECK_EQUAL(AB_OK, ab_slot_quiesce_wait(handle, in_ns(0)));
}

static void the_child_of_a_fork_owns_nothing(void) {
    int object;
    ab_handle handle = ab_slot_open(AB_KIND_DRIVER, &object);
    CHECK(ab_slot_enter(handle, AB_KIND_DRIVER) != NULL);
    pid_t child = fork();
    if (child == 0) {
        int stale = ab_slot_peek(handle, AB_KIND_DRIVER) == NULL && ab_slot_retire(handle, AB_KIND_DRIVER) == NULL;
        ab_handle own = ab_slot_open(AB_KIND_DRIVER, &object);
        int usable = own != handle && ab_slot_peek(own, AB_KIND_DRIVER) == &object && ab_slot_count(AB_KIND_NONE) == 1;
        _exit(stale && usable ? 0 : 1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(ab_slot_peek(handle, AB_KIND_DRIVER) == &object); /* the parent keeps its own */
    ab_slot_leave(handle);
    close_slot(handle, AB_KIND_DRIVER);
}

/* Four threads: one opens, publishes the handle, closes and frees; three use whatever handle they see, also old ones.
 * Allowed outcomes of a use: the object of exactly that handle, or NULL. Forbidden: another's object, freed memory. */

#define ROUNDS 3000

static _Atomic uint64_t shown;
static _Atomic int finished;
static _Atomic int64_t uses;

typedef struct {
    uint64_t mark;
} thing;

static void *user(void *argument) {
    (void)argument;
    ab_handle old = 0;
    int64_t mine = 0;
    while (!atomic_load(&finished)) {
        ab_handle handle = atomic_load_explicit(&shown, memory_order_acquire);
        for (int i = 0; i < 2; i++) {
            ab_handle tried = i == 0 ? handle : old;
            thing *object = ab_slot_enter(tried, AB_KIND_SUBSCRIPTION);
            if (object != NULL) {
                CHECK(object->mark == ~tried); /* written after open, before it was shown */
                mine++;
                ab_slot_leave(tried);
            }
        }
        old = handle;
    }
    atomic_fetch_add(&uses, mine);
    return NULL;
}

static void four_threads_never_meet_a_closed_object(void) {
    pthread_t users[3];
    for (int i = 0; i < 3; i++) {
        CHECK(pthread_create(&users[i], NULL, user, NULL) == 0);
    }
    for (int round = 0; round < ROUNDS; round++) {
        thing *object = malloc(sizeof *object);
        ab_handle handle = ab_slot_open(AB_KIND_SUBSCRIPTION, object);
        object->mark = ~handle;
        atomic_store_explicit(&shown, handle, memory_order_release);
        if (round % 64 == 0) {
            sched_yield(); /* on few cores the users would never be seen inside */
        }
        CHECK(ab_slot_retire(handle, AB_KIND_SUBSCRIPTION) == object);
        CHECK_EQUAL(AB_OK, ab_slot_quiesce_wait(handle, in_ns(INT64_C(10000000000))));
        object->mark = 0;
        free(object);
    }
    atomic_store(&finished, 1);
    for (int i = 0; i < 3; i++) {
        pthread_join(users[i], NULL);
    }
    CHECK_EQUAL(0, ab_slot_count(AB_KIND_NONE));
    printf("   %" PRId64 " uses of %d objects\n", atomic_load(&uses), ROUNDS);
}

int main(void) {
    RUN(a_handle_finds_its_object_and_no_other_kind);
    RUN(nonsense_is_never_valid);
    RUN(a_retired_handle_is_stale_for_ever);
    RUN(the_table_has_an_end);
    RUN(closing_waits_for_who_is_inside);
    RUN(the_child_of_a_fork_owns_nothing);
    RUN(four_threads_never_meet_a_closed_object);
    return 0;
}
