/* ab_histogram: see ab_histogram.h for the rules and the buckets. */
#include "ab_histogram.h"

#include <string.h>

/* Relaxed: one writer; readers need whole numbers and no order (SYNC none). On x86-64 and arm64 these are plain moves. */
static uint64_t load(const uint64_t *number) {
    return __atomic_load_n(number, __ATOMIC_RELAXED);
}

static void store(uint64_t *number, uint64_t value) {
    __atomic_store_n(number, value, __ATOMIC_RELAXED);
}

static void add(uint64_t *number, uint64_t value) {
    store(number, load(number) + value);
}

/* Sums of numbers that may come from a damaged file must not wrap round to something plausible. */
static uint64_t add_saturated(uint64_t a, uint64_t b) {
    return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

uint32_t ab_histogram_bucket(uint64_t ns) {
    if (ns >= AB_HISTOGRAM_LIMIT_NS) {
        return AB_HISTOGRAM_BUCKETS - 1;
    }
    /* The or keeps small values at shift 0 without a branch: 2^BITS is the first value whose shift may leave 0. */
    const int shift = 63 - AB_HISTOGRAM_BITS - __builtin_clzll(ns | (UINT64_C(1) << AB_HISTOGRAM_BITS));

    return ((uint32_t)shift << AB_HISTOGRAM_BITS) + (uint32_t)(ns >> shift);
}

uint64_t ab_histogram_lowest(uint32_t bucket) {
    if (bucket > AB_HISTOGRAM_BUCKETS) {
        bucket = AB_HISTOGRAM_BUCKETS; /* one past the last: the limit itself */
    }
    const uint32_t row = bucket >> AB_HISTOGRAM_BITS; /* rows 0 and 1 both have shift 0 */
    const uint32_t shift = row == 0 ? 0 : row - 1;

    return (uint64_t)(bucket - (shift << AB_HISTOGRAM_BITS)) << shift;
}

uint64_t ab_histogram_highest(uint32_t bucket) {
    return ab_histogram_lowest(bucket < AB_HISTOGRAM_BUCKETS ? bucket + 1 : AB_HISTOGRAM_BUCKETS) - 1;
}

void ab_histogram_reset(ab_histogram *histogram) {
    memset(histogram, 0, sizeof(*histogram));
    histogram->min_ns = UINT64_MAX;
}

void ab_histogram_record_many(ab_histogram *histogram, int64_t ns, uint64_t count) {
    if (count == 0) {
        return;
    }
    uint64_t value = (uint64_t)ns;
    if (ns < 0) {
        value = 0;
        add(&histogram->below, count);
    } else if (value >= AB_HISTOGRAM_LIMIT_NS) {
        add(&histogram->above, count);
    }
    if (value < load(&histogram->min_ns)) {
        store(&histogram->min_ns, value);
    }
    if (value > load(&histogram->max_ns)) {
        store(&histogram->max_ns, value);
    }
    store(&histogram->sum_ns, add_saturated(load(&histogram->sum_ns), value * count));
    add(&histogram->counts[ab_histogram_bucket(value)], count);
}

void ab_histogram_record(ab_histogram *histogram, int64_t ns) {
    ab_histogram_record_many(histogram, ns, 1);
}

void ab_histogram_copy(ab_histogram *target, const ab_histogram *source) {
    target->min_ns = load(&source->min_ns);
    target->max_ns = load(&source->max_ns);
    target->sum_ns = load(&source->sum_ns);
    target->below = load(&source->below);
    target->above = load(&source->above);
    memset(target->spare, 0, sizeof(target->spare));
    for (uint32_t bucket = 0; bucket < AB_HISTOGRAM_BUCKETS; bucket++) {
        target->counts[bucket] = load(&source->counts[bucket]);
    }
}

void ab_histogram_merge(ab_histogram *target, const ab_histogram *source) {
    if (load(&source->min_ns) < load(&target->min_ns)) {
        store(&target->min_ns, load(&source->min_ns));
    }
    if (load(&source->max_ns) > load(&target->max_ns)) {
        store(&target->max_ns, load(&source->max_ns));
    }
    store(&target->sum_ns, add_saturated(load(&target->sum_ns), load(&source->sum_ns)));
    store(&target->below, add_saturated(load(&target->below), load(&source->below)));
    store(&target->above, add_saturated(load(&target->above), load(&source->above)));
    for (uint32_t bucket = 0; bucket < AB_HISTOGRAM_BUCKETS; bucket++) {
        store(&target->counts[bucket], add_saturated(load(&target->counts[bucket]), load(&source->counts[bucket])));
    }
}

void ab_histogram_summarise(const ab_histogram *histogram, ab_histogram_summary *summary) {
    uint64_t count = 0, lowest = 0, highest = 0;

    for (uint32_t bucket = 0; bucket < AB_HISTOGRAM_BUCKETS; bucket++) {
        const uint64_t here = load(&histogram->counts[bucket]);
        if (here == 0) {
            continue;
        }
        if (count == 0) {
            lowest = bucket;
        }
        highest = bucket;
        count = add_saturated(count, here);
    }
    memset(summary, 0, sizeof(*summary));
    summary->sum_ns = load(&histogram->sum_ns);
    summary->below = load(&histogram->below);
    summary->above = load(&histogram->above);
    if (count == 0) {
        return;
    }
    /* A copy taken during a record may hold a count without its min or max: keep all three true to one another. */
    const uint64_t min_top = ab_histogram_highest((uint32_t)lowest);
    const uint64_t max_floor = ab_histogram_lowest((uint32_t)highest);
    const uint64_t min_ns = load(&histogram->min_ns);
    const uint64_t max_ns = load(&histogram->max_ns);

    summary->count = count;
    summary->max_ns = max_ns > max_floor ? max_ns : max_floor;
    summary->min_ns = min_ns < min_top ? min_ns : min_top;
    if (summary->min_ns > summary->max_ns) {
        summary->min_ns = summary->max_ns;
    }
}

uint64_t ab_histogram_value_at(const ab_histogram *histogram, uint32_t millionths) {
    ab_histogram_summary summary;

    ab_histogram_summarise(histogram, &summary);
    if (summary.count == 0 || millionths == 0) {
        return summary.min_ns;
    }
    if (millionths >= 1000000) {
        return summary.max_ns;
    }
    /* ceil(count * millionths / 10^6) without a 128-bit product: count = a * 10^6 + b. At least 1, at most count. */
    const uint64_t a = summary.count / 1000000, b = summary.count % 1000000;
    const uint64_t rank = a * millionths + (b * millionths + 999999) / 1000000;
    uint64_t seen = 0;

    for (uint32_t bucket = 0; bucket < AB_HISTOGRAM_BUCKETS; bucket++) {
        seen = add_saturated(seen, load(&histogram->counts[bucket]));
        if (seen >= rank) {
            const uint64_t highest = ab_histogram_highest(bucket);
            return highest < summary.max_ns ? highest : summary.max_ns;
        }
    }
    return summary.max_ns;
}
