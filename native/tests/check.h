/* check: what the C tests of native/ assert with. A failure prints file, line and both values, and ends the program with 1. */
#ifndef AB_CHECK_H
#define AB_CHECK_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s: not true: %s\n", __FILE__, __LINE__, __func__, #condition); \
            exit(1); \
        } \
    } while (0)

#define CHECK_EQUAL(expected, actual) \
    do { \
        const int64_t expected_ = (int64_t)(expected), actual_ = (int64_t)(actual); \
        if (expected_ != actual_) { \
            fprintf(stderr, "%s:%d: %s: %s is %" PRId64 ", expected %" PRId64 "\n", __FILE__, __LINE__, __func__, #actual, \
                actual_, expected_); \
            exit(1); \
        } \
    } while (0)

#define CHECK_CONTAINS(text, part) \
    do { \
        if (strstr((text), (part)) == NULL) { \
            fprintf(stderr, "%s:%d: %s: '%s' does not contain '%s'\n", __FILE__, __LINE__, __func__, (text), (part)); \
            exit(1); \
        } \
    } while (0)

/* Run one test function and say so. */
#define RUN(test) \
    do { \
        test(); \
        printf("ok %s\n", #test); \
    } while (0)

/* xorshift64*: the same numbers on every machine for a seed. */
static inline uint64_t check_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

#endif
