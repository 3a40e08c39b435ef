/*
 * ab_result: what a native call answers.
 *
 * Guarantees
 *   - A result is an int (or an int64_t where a sequence or position is the good answer): zero or more is success, below
 *     zero is exactly one name of ab_result. The numbers are part of the border with Python and never change.
 *   - AB_NOT_CONNECTED .. AB_FAILED have the values that Aeron gives its own offer results, so they pass through unmapped.
 *   - A text is only ever filled in the call that failed: Aeron keeps its message per thread and overwrites it with the
 *     next one, so whoever detects a failure copies number and text at once (ab_error).
 */
#ifndef AB_RESULT_H
#define AB_RESULT_H

#include <stdint.h>

/* cffi:begin */
enum ab_result {
    AB_OK = 0,
    AB_NOT_CONNECTED = -1,  /* nobody subscribes yet: wait, drop or raise by policy */
    AB_BACK_PRESSURED = -2, /* the slowest subscriber holds us: the policy decides */
    AB_ADMIN_ACTION = -3,   /* Aeron was rotating a term; already retried, try again at once */
    AB_CLOSED = -4,         /* Aeron closed the resource under us: rebuild the client */
    AB_MAX_POSITION = -5,   /* the stream is used up (term length x 2^31): open a new publication */
    AB_FAILED = -6,         /* Aeron failed; number and text are in the ab_error */
    AB_TIMED_OUT = -7,      /* the deadline passed */
    AB_TOO_LARGE = -8,      /* longer than the publication's largest message */
    AB_STALE = -9,          /* the handle was closed, or never was one of ours */
    AB_NO_MEMORY = -10,
    AB_INVALID = -11,       /* an argument out of range: the caller's mistake */
    AB_RANGE = -12,         /* an integer above 2^63 - 1 in the body: other languages cannot read it */
    AB_UNKNOWN_TYPE = -13,  /* the body's type id was not declared for this stream */
    AB_MALFORMED = -14,     /* the bytes are not what their format promises */
    AB_ENCODE = -15,        /* the encoder raised: the message does not fit its declaration */
    AB_END = -16,           /* a journal has nothing more that is committed now */
    AB_CORRUPT = -17,       /* stored bytes are not what was written */
    AB_LOST = -18,          /* a hole in a journal, told once; the next call goes on behind it */
    AB_PURGED = -19,        /* retention removed what was asked for */
    AB_NO_SPACE = -20,      /* the file system is full; it goes on when there is room */
    AB_LOCKED = -21,        /* another writer has the directory */
    AB_NOT_FOUND = -22,     /* there is no journal */
    AB_REFUSED = -23,       /* another format, version or owner: not touched */
    AB_UNFIT = -24          /* a value does not look like what its field declares: to be looked at closely */
};

typedef struct {
    int32_t code;    /* an ab_result */
    int32_t errcode; /* Aeron's number (positive: errno or an Aeron error), 0 when Aeron was not involved */
    char text[1000]; /* zero-terminated, cut when longer */
} ab_error;
/* cffi:end */

#endif
