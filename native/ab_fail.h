/* ab_fail: fill an ab_error and return its code in one step, at the place that detects the failure.
 *
 * The text says what, with the value and the bound, and what to do. `error` may be NULL: the code alone is then the answer.
 */
#ifndef AB_FAIL_H
#define AB_FAIL_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "ab_result.h"

/* Returns `code`. `errcode` is an errno value, or 0. A text that is too long is cut. */
__attribute__((format(printf, 4, 5))) static inline int ab_fail(
    ab_error *error, int code, int errcode, const char *format, ...) {
    if (error != NULL) {
        va_list arguments;

        error->code = code;
        error->errcode = errcode;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof(error->text), format, arguments);
        va_end(arguments);
    }
    return code;
}

#endif
