/* ab_histogram: buckets, error bound against a sorted list, clamping, merge, and a reader beside a writer. */
#include "../ab_histogram.h"

#include <pthread.h>

#include "check.h"

enum { SAMPLES = 20000 };

static int compare(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void every_value_lies_in_its_bucket_and_buckets_have_no_holes(void) {
    for (uint32_t bucket = 0; bucket < AB_HISTOGRAM_BUCKETS; bucket++) {
        CHECK_EQUAL(bucket, ab_histogram_bucket(ab_histogram_lowest(bucket)));
        CHECK_EQUAL(bucket, ab_histogram_bucket(ab_histogram_highest(bucket)));
        if (bucket > 0) {
            CHECK_EQUAL(ab_histogram_highest(bucket - 1) + 1, ab_histogram_lowest(bucket));
        }
    }
    CHECK_EQUAL(0, ab_histogram_lowest(0));
    CHECK_EQUAL(AB_HISTOGRAM_LIMIT_NS - 1, ab_histogram_highest(AB_HISTOGRAM_BUCKETS - 1));
    CHECK_EQUAL(AB_HISTOGRAM_BUCKETS - 1, ab_histogram_bucket(UINT64_MAX));
    CHECK_EQUAL(AB_HISTOGRAM_LIMIT_NS, ab_histogram_lowest(UINT32_MAX));
    CHECK_EQUAL(AB_HISTOGRAM_LIMIT_NS - 1, ab_histogram_highest(UINT32_MAX));
}

static void inv_percentile_bound(void) {
    static uint64_t sorted[SAMPLES];
    static const uint32_t millionths[] = {0, 1, 100000, 500000, 900000, 990000, 999000, 999900, 999999, 1000000};
    uint64_t state = 42;

    for (int round = 0; round < 20; round++) {
        ab_histogram histogram;
        ab_histogram_reset(&histogram);
        for (int i = 0; i < SAMPLES; i++) {
            sorted[i] = check_random(&state) >> (24 + check_random(&state) % 40); /* all magnitudes below 2^40 */
            ab_histogram_record(&histogram, (int64_t)sorted[i]);
        }
        qsort(sorted, SAMPLES, sizeof(sorted[0]), compare);
        for (size_t p = 0; p < sizeof(millionths) / sizeof(millionths[0]); p++) {
            uint64_t rank = ((uint64_t)SAMPLES * millionths[p] + 999999) / 1000000;
            rank = rank == 0 ? 1 : rank;
            const uint64_t exact = sorted[rank - 1], answer = ab_histogram_value_at(&histogram, millionths[p]);
            CHECK(answer >= exact);
            CHECK(answer - exact <= exact / 128);
        }
        ab_histogram_summary summary;
        ab_histogram_summarise(&histogram, &summary);
        CHECK_EQUAL(SAMPLES, summary.count);
        CHECK_EQUAL(sorted[0], summary.min_ns);
        CHECK_EQUAL(sorted[SAMPLES - 1], summary.max_ns);
    }
}

static void values_out_of_range_are_clamped_and_counted(void) {
    ab_histogram histogram;
    ab_histogram_summary summary;

    ab_histogram_reset(&histogram);
    ab_histogram_record(&histogram, -5);
    ab_histogram_record(&histogram, INT64_MIN);
    ab_histogram_record(&histogram, (int64_t)AB_HISTOGRAM_LIMIT_NS);
    ab_histogram_record(&histogram, INT64_MAX);
    ab_histogram_record(&histogram, (int64_t)AB_HISTOGRAM_LIMIT_NS - 1);
    ab_histogram_summarise(&histogram, &summary);
    CHECK_EQUAL(5, summary.count);
    CHECK_EQUAL(2, summary.below);
    CHECK_EQUAL(2, summary.above);
    CHECK_EQUAL(0, summary.min_ns);
    CHECK_EQUAL(INT64_MAX, summary.max_ns);
    CHECK_EQUAL(2, histogram.counts[0]);
    CHECK_EQUAL(3, histogram.counts[AB_HISTOGRAM_BUCKETS - 1]);
    CHECK_EQUAL(AB_HISTOGRAM_LIMIT_NS - 1, ab_histogram_value_at(&histogram, 999999));
    CHECK_EQUAL(INT64_MAX, ab_histogram_value_at(&histogram, 1000000));
}

static void an_empty_histogram_answers_zero(void) {
    ab_histogram histogram;
    ab_histogram_summary summary;

    ab_histogram_reset(&histogram);
    ab_histogram_summarise(&histogram, &summary);
    CHECK_EQUAL(0, summary.count);
    CHECK_EQUAL(0, summary.min_ns);
    CHECK_EQUAL(0, ab_histogram_value_at(&histogram, 500000));
    CHECK_EQUAL(0, ab_histogram_value_at(&histogram, UINT32_MAX));
}

static void merging_equals_recording_into_one(void) {
    ab_histogram one, left, right;
    uint64_t state = 7;

    ab_histogram_reset(&one);
    ab_histogram_reset(&left);
    ab_histogram_reset(&right);
    for (int i = 0; i < 10000; i++) {
        const int64_t ns = (int64_t)(check_random(&state) >> (20 + check_random(&state) % 40)) - 100;
        ab_histogram_record(&one, ns);
        ab_histogram_record(i % 3 == 0 ? &left : &right, ns);
    }
    ab_histogram_merge(&left, &right);
    CHECK(memcmp(&one, &left, sizeof(one)) == 0);

    ab_histogram many, single;
    ab_histogram_reset(&many);
    ab_histogram_reset(&single);
    ab_histogram_record_many(&many, 777, 5);
    ab_histogram_record_many(&many, 3, 0);
    for (int i = 0; i < 5; i++) {
        ab_histogram_record(&single, 777);
    }
    CHECK(memcmp(&many, &single, sizeof(many)) == 0);
}

static void a_count_seen_before_its_min_and_max_keeps_the_summary_in_order(void) {
    ab_histogram histogram;
    ab_histogram_summary summary;

    ab_histogram_reset(&histogram);
    histogram.counts[ab_histogram_bucket(5000)] = 1;
    ab_histogram_summarise(&histogram, &summary);
    CHECK(summary.min_ns <= summary.max_ns);
    CHECK_EQUAL(ab_histogram_bucket(5000), ab_histogram_bucket(summary.min_ns));
    CHECK_EQUAL(ab_histogram_bucket(5000), ab_histogram_bucket(summary.max_ns));
}

static void any_bytes_can_be_summarised(void) {
    ab_histogram histogram;
    ab_histogram_summary summary;
    uint64_t state = 99;

    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < sizeof(histogram) / 8; i++) {
            ((uint64_t *)&histogram)[i] = round == 0 ? UINT64_MAX : check_random(&state) >> (check_random(&state) % 64);
        }
        ab_histogram_summarise(&histogram, &summary);
        CHECK(summary.min_ns <= summary.max_ns);
        uint64_t before = 0;
        for (uint32_t millionths = 0; millionths <= 1000000; millionths += 50000) {
            const uint64_t value = ab_histogram_value_at(&histogram, millionths);
            CHECK(value >= before);
            before = value;
        }
        ab_histogram_merge(&histogram, &histogram);
    }
}

enum { RECORDS = 200000 };
static ab_histogram shared;
static int finished;

static void *record_many_values(void *unused) {
    uint64_t state = 3;

    (void)unused;
    for (int i = 0; i < RECORDS; i++) {
        ab_histogram_record(&shared, (int64_t)(check_random(&state) >> 34));
    }
    __atomic_store_n(&finished, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void a_reader_beside_the_writer_sees_counts_that_only_grow(void) {
    pthread_t writer;
    ab_histogram copy;
    ab_histogram_summary summary;
    uint64_t before = 0;
    int done;

    ab_histogram_reset(&shared);
    CHECK_EQUAL(0, pthread_create(&writer, NULL, record_many_values, NULL));
    do {
        done = __atomic_load_n(&finished, __ATOMIC_ACQUIRE);
        ab_histogram_copy(&copy, &shared);
        ab_histogram_summarise(&copy, &summary);
        CHECK(summary.count >= before && summary.count <= RECORDS);
        CHECK(ab_histogram_value_at(&copy, 500000) <= summary.max_ns);
        before = summary.count;
    } while (!done);
    pthread_join(writer, NULL);
    CHECK_EQUAL(RECORDS, before);
}

int main(void) {
    RUN(every_value_lies_in_its_bucket_and_buckets_have_no_holes);
    RUN(inv_percentile_bound);
    RUN(values_out_of_range_are_clamped_and_counted);
    RUN(an_empty_histogram_answers_zero);
    RUN(merging_equals_recording_into_one);
    RUN(a_count_seen_before_its_min_and_max_keeps_the_summary_in_order);
    RUN(any_bytes_can_be_summarised);
    RUN(a_reader_beside_the_writer_sees_counts_that_only_grow);
    return 0;
}
