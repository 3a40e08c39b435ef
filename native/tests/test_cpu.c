/* ab_cpu and ab_clock: the calling thread's place, name and time. */
#include "../ab_cpu.h"

#include <pthread.h>

#include "../ab_clock.h"
#include "check.h"

static int32_t cpus[16384];

static void *pin_to_each_available_cpu(void *unused) {
    ab_error error;
    const int count = ab_cpu_available(cpus, 16384);

    CHECK(count > 0);
    for (int i = 0; i < count; i++) {
        CHECK_EQUAL(AB_OK, ab_cpu_pin(cpus[i], &error));
        CHECK_EQUAL(cpus[i], ab_cpu_current());
        CHECK_EQUAL(count, ab_cpu_available(NULL, 0)); /* a pin does not change what the process may use */
    }
    CHECK_EQUAL(AB_OK, ab_cpu_unpin(&error));
    return unused;
}

static void a_thread_runs_where_it_was_pinned(void) {
    pthread_t thread;
    CHECK_EQUAL(0, pthread_create(&thread, NULL, pin_to_each_available_cpu, NULL));
    CHECK_EQUAL(0, pthread_join(thread, NULL));
}

static void a_cpu_that_is_not_there_is_refused_with_those_that_are(void) {
    static const int wrong[] = {-1, 16383, 16384, 1 << 30};
    ab_error error;
    char first[32];

    CHECK(ab_cpu_available(cpus, 1) >= 1);
    snprintf(first, sizeof(first), "(%d", cpus[0]);
    for (int i = 0; i < 4; i++) {
        CHECK_EQUAL(AB_INVALID, ab_cpu_pin(wrong[i], &error));
        CHECK_CONTAINS(error.text, first);
    }
    CHECK_EQUAL(AB_INVALID, ab_cpu_pin(-1, NULL));
}

static void *name_the_thread(void *unused) {
    char name[AB_CPU_NAME_MAX + 1];

    CHECK_EQUAL(AB_OK, ab_cpu_name("poller"));
    CHECK_EQUAL(AB_OK, ab_cpu_name_of(name));
    CHECK(strcmp("poller", name) == 0);
    CHECK_EQUAL(AB_OK, ab_cpu_name("poller of the bars stream"));
    CHECK_EQUAL(AB_OK, ab_cpu_name_of(name));
    CHECK(strcmp("poller of the b", name) == 0);
    return unused;
}

static void a_name_is_cut_where_the_kernel_ends_it(void) {
    pthread_t thread;
    CHECK_EQUAL(0, pthread_create(&thread, NULL, name_the_thread, NULL));
    CHECK_EQUAL(0, pthread_join(thread, NULL));
}

static void clocks_go_forward_and_deadlines_do_not_wrap(void) {
    const int64_t before = ab_clock_monotonic_ns();
    CHECK(ab_clock_monotonic_ns() >= before);
    CHECK(ab_clock_realtime_ns() > INT64_C(1700000000) * AB_NS_PER_S); /* later than 2023 */
    CHECK_EQUAL(15, ab_clock_deadline_ns(10, 5));
    CHECK_EQUAL(AB_NO_DEADLINE, ab_clock_deadline_ns(10, INT64_MAX));
    CHECK_EQUAL(AB_NO_DEADLINE, ab_clock_deadline_ns(10, -1));
    CHECK_EQUAL(INT64_MAX - 1, ab_clock_deadline_ns(INT64_MAX - 1, 0));
}

int main(void) {
    RUN(a_thread_runs_where_it_was_pinned);
    RUN(a_cpu_that_is_not_there_is_refused_with_those_that_are);
    RUN(a_name_is_cut_where_the_kernel_ends_it);
    RUN(clocks_go_forward_and_deadlines_do_not_wrap);
    return 0;
}
