/* ab_errors: order, bound, and three threads that report while one takes. */
#include "../ab_errors.h"

#include <pthread.h>
#include <stdatomic.h>

#include "check.h"

static void the_oldest_comes_first(void) {
    static ab_errors errors;
    ab_error error;
    CHECK(!ab_errors_take(&errors, &error));
    ab_errors_put(&errors, AB_FAILED, 1000, "first");
    ab_errors_put(&errors, AB_FAILED, 1001, "second");
    ab_errors_put(&errors, AB_OK, 0, NULL);
    CHECK(ab_errors_take(&errors, &error));
    CHECK_EQUAL(1000, error.errcode);
    CHECK_CONTAINS(error.text, "first");
    ab_errors_put(&errors, AB_FAILED, 1002, "fourth"); /* into the place that is free again, but in its turn */
    CHECK(ab_errors_take(&errors, &error) && error.errcode == 1001);
    CHECK(ab_errors_take(&errors, &error) && error.errcode == 0 && error.text[0] == '\0');
    CHECK(ab_errors_take(&errors, &error) && error.errcode == 1002);
    CHECK(!ab_errors_take(&errors, &error));
}

static void a_full_ring_keeps_the_first_and_counts_the_rest(void) {
    static ab_errors errors;
    for (int i = 0; i < 100; i++) {
        ab_errors_put(&errors, AB_FAILED, i, "text");
    }
    CHECK_EQUAL(100 - AB_ERRORS, atomic_load(&errors.dropped));
    ab_error error;
    for (int i = 0; i < (int)AB_ERRORS; i++) {
        CHECK(ab_errors_take(&errors, &error) && error.errcode == i);
    }
}

static void a_long_text_is_cut(void) {
    static ab_errors errors;
    static char text[5000];
    memset(text, 'x', sizeof text - 1);
    ab_error error;
    ab_errors_put(&errors, AB_FAILED, 1, text);
    CHECK(ab_errors_take(&errors, &error));
    CHECK_EQUAL(sizeof error.text - 1, strlen(error.text));
}

#define REPORTS 5000

static ab_errors busy;
static _Atomic int reporters = 3;

static void *reporter(void *name) {
    for (int i = 0; i < REPORTS; i++) {
        ab_errors_put(&busy, AB_FAILED, i, name);
    }
    atomic_fetch_sub(&reporters, 1);
    return NULL;
}

static void nothing_is_torn_and_all_is_counted(void) {
    static char names[3][8] = {"aaaaaaa", "bbbbbbb", "ccccccc"};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        CHECK(pthread_create(&threads[i], NULL, reporter, names[i]) == 0);
    }
    int64_t taken = 0;
    ab_error error;
    for (int done = 0; !done;) {
        done = atomic_load(&reporters) == 0;
        while (ab_errors_take(&busy, &error)) {
            CHECK(error.text[0] >= 'a' && error.text[0] <= 'c' && strcmp(error.text, names[error.text[0] - 'a']) == 0);
            taken++;
        }
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_EQUAL(3 * REPORTS, taken + (int64_t)atomic_load(&busy.dropped));
}

int main(void) {
    RUN(the_oldest_comes_first);
    RUN(a_full_ring_keeps_the_first_and_counts_the_rest);
    RUN(a_long_text_is_cut);
    RUN(nothing_is_torn_and_all_is_counted);
    return 0;
}
