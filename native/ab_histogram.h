/* ab_histogram: log-linear histogram of durations in the manner of HDR histograms, recorded with plain increments.
 *
 * Rules of this file
 *   - Layout and arithmetic only: no allocation, no lock, no clock. It lives where its owner puts it: in the statistics
 *     file (ab_stats), in private memory, in a copy.
 *   - One writer. Its stores are relaxed and aligned: another thread or process may read at any time; each number it sees is
 *     whole, and counts only grow. A copy taken meanwhile is not one instant: its numbers may be some records apart.
 *   - A reader trusts nothing: any bytes of the right length are safe to summarise (sums saturate).
 *
 * Buckets. Values below 2^8 = 256 ns have one bucket each. From there on every power of two has 2^7 = 128 buckets:
 *
 *      value                     bucket width    buckets
 *      0 .. 255 ns               1 ns            0 .. 255        (shift 0)
 *      256 .. 511 ns             2 ns            256 .. 383      (shift 1)
 *      512 .. 1,023 ns           4 ns            384 .. 511      (shift 2)
 *      ...
 *      2^39 .. 2^40 - 1 ns       2^32 ns         4,224 .. 4,351  (shift 32; 2^40 ns are 18.3 minutes)
 *
 *      bucket(v) = shift * 128 + (v >> shift)   with   shift = max(0, floor(log2 v) - 7)
 *
 * A bucket answers with its highest value, so a percentile is never understated, and overstated by less than
 * 1/128 = 0.79 % of the value. Min and max are exact. Below 0 is recorded as 0 (and counted in `below`); 2^40 and more as
 * 2^40 - 1 (and counted in `above`; max keeps the value).
 */
#ifndef AB_HISTOGRAM_H
#define AB_HISTOGRAM_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* cffi:begin */
enum {
    AB_HISTOGRAM_BITS = 7,
    AB_HISTOGRAM_EXPONENT = 40,
    AB_HISTOGRAM_BUCKETS = 4352,
};

typedef struct ab_histogram {
    uint64_t min_ns; /* UINT64_MAX: nothing recorded */
    uint64_t max_ns; /* as recorded, also above 2^40 */
    uint64_t sum_ns;
    uint64_t below;
    uint64_t above;
    uint64_t spare[3];
    uint64_t counts[4352];
} ab_histogram;

typedef struct ab_histogram_summary {
    uint64_t count;
    uint64_t min_ns; /* 0 when count is 0 */
    uint64_t max_ns;
    uint64_t sum_ns;
    uint64_t below;
    uint64_t above;
} ab_histogram_summary;

/* Make it empty. By the owner, before anybody else knows of it. */
void ab_histogram_reset(ab_histogram *histogram);

/* Record one duration. By the owner's thread only. */
void ab_histogram_record(ab_histogram *histogram, int64_t ns);

/* Record `count` times the same duration: a batch whose messages share a measurement. By the owner's thread only. */
void ab_histogram_record_many(ab_histogram *histogram, int64_t ns, uint64_t count);

/* Copy what another thread or process writes, number by number. */
void ab_histogram_copy(ab_histogram *target, const ab_histogram *source);

/* Add all of `source` to `target`. Both are the caller's own (owner, or copies). */
void ab_histogram_merge(ab_histogram *target, const ab_histogram *source);

/* Count, min, max, sum. The count is that of the buckets, so it fits the percentiles. */
void ab_histogram_summarise(const ab_histogram *histogram, ab_histogram_summary *summary);

/* The least value that at least `millionths` of all records do not exceed: 500000 is the median, 999000 p99.9, 0 the
 * minimum, 1000000 (and more) the maximum. 0 when nothing was recorded. Exact rank arithmetic, no floating point. */
uint64_t ab_histogram_value_at(const ab_histogram *histogram, uint32_t millionths);

/* The bucket of a value, and the lowest and highest value of a bucket (0 <= bucket < AB_HISTOGRAM_BUCKETS). */
uint32_t ab_histogram_bucket(uint64_t ns);
uint64_t ab_histogram_lowest(uint32_t bucket);
uint64_t ab_histogram_highest(uint32_t bucket);
/* cffi:end */

#define AB_HISTOGRAM_LIMIT_NS (UINT64_C(1) << AB_HISTOGRAM_EXPONENT)

static_assert(AB_HISTOGRAM_BUCKETS == (AB_HISTOGRAM_EXPONENT - AB_HISTOGRAM_BITS + 1) << AB_HISTOGRAM_BITS,
    "the last bucket ends at 2^AB_HISTOGRAM_EXPONENT");
static_assert(sizeof(((ab_histogram *)0)->counts) == AB_HISTOGRAM_BUCKETS * sizeof(uint64_t), "cffi wants the number twice");
static_assert(offsetof(ab_histogram, counts) == 64, "counts start on a cache line of their own");
static_assert(sizeof(ab_histogram) == 34880 && sizeof(ab_histogram) % 64 == 0, "part of the statistics file, version 1");

#endif
