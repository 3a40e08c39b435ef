/* ab_errors: what Aeron reports on threads of its own, kept until somebody asks.
 *
 * Aeron's default error handler prints and calls exit(1) (trap P1). Ours puts number and text here and returns.
 *
 * Rules
 *   - put: any thread, at any time; never waits, allocates nothing. A full ring drops the new error and counts it: the first
 *     ones tell the cause.
 *   - take: one thread at a time (callers hold the GIL). Oldest first.
 */
#ifndef AB_ERRORS_H
#define AB_ERRORS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ab_result.h"

#define AB_ERRORS 32u

typedef struct {
    _Atomic int state;  /* 0 empty, 1 being written, 2 full. SYNC A: released by put, acquired by take; and back */
    uint64_t order;     /* of all puts */
    ab_error error;
} ab_error_entry;

typedef struct {
    _Atomic uint64_t put;
    _Atomic uint64_t dropped;
    ab_error_entry entries[AB_ERRORS];
} ab_errors;

void ab_errors_put(ab_errors *errors, int code, int errcode, const char *text);

/* False when there is none. */
bool ab_errors_take(ab_errors *errors, ab_error *error);

#endif
