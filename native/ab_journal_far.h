/* ab_journal_far: the CRC of a long record in constant time, for a search that has to try one at each multiple of 8.
 *
 *      file     | 4,096 | 4,096 | 4,096 | 4,096 |          states of the CRC at each line, from one pass over all of it
 *                  [a ........................ b)          a .. line: computed; line .. line: from the states; line .. b: computed
 *
 * Rules of this file
 *   - Exact: the same answer as ab_format_check, for any bytes.
 *   - The states are of the file as it was when ab_far_begin read it: a writer that goes on behind makes a record not be seen, no more.
 *   - Memory is 4 bytes for 4,096 of the segment. Any thread, one at a time.
 */
#ifndef AB_JOURNAL_FAR_H
#define AB_JOURNAL_FAR_H

#include "ab_journal_store.h"

#define AB_FAR_LINE 4096u

typedef struct {
    const ab_store *store;
    int file;
    uint32_t seed;
    uint64_t first;    /* the line the states begin at */
    uint64_t lines;    /* how many there are */
    uint32_t *states;  /* at first, first + 4,096, ... */
    uint32_t *shifts;  /* of 0, 1, 2 ... lines */
    uint64_t shifted;
} ab_far;

/* Read from `from` to `end` (or the file's end). 0, or a negative errno; then, and after ab_far_end, there is nothing to free. */
int64_t ab_far_begin(ab_far *far, const ab_store *store, int file, uint32_t seed, uint64_t from, uint64_t end);
void ab_far_end(ab_far *far);

/* Is the record at `at`, whose first 40 bytes are `head` and that is `length` long (header included), whole? 1, 0, or a negative errno. */
int64_t ab_far_is_whole(ab_far *far, const uint8_t *head, uint64_t at, uint32_t length);

#endif
