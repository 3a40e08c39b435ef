/* ab_whole: a whole message where it lies in a term: what a poll gives to who takes messages as they are (ab_sink), and what a journal
 * takes several of (ab_journal_append_run). */
#ifndef AB_WHOLE_H
#define AB_WHOLE_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *bytes;
    size_t length;
    int64_t position; /* of its image, behind it */
} ab_whole;

#endif
