/* journal_script: a scripted workload on a journal, and the check that what comes back is what went in. For the tests that attack it.
 *
 *      script_step   append, write, sync, tick, idle, roll, purge, close and open again, kill and open again; drawn from `random`
 *      script_check  open what a crash left; inv_journal_is_prefix
 *
 * inv_journal_is_prefix: the recording has, from `keep` on at the latest, every sequence up to its end, each as it was appended, and
 *   the end   >= all that was told durable          nothing acknowledged is lost
 *             <= all that was appended               nothing is made up
 *             is where a batch ended                 a batch is there as a whole or not at all
 *
 * Content is a function of sequence and life (how many times the journal was opened by then): a record of an earlier life at a
 * sequence that was given out again is seen to be wrong.
 */
#ifndef AB_JOURNAL_SCRIPT_H
#define AB_JOURNAL_SCRIPT_H

#include "../ab_journal_format.h"
#include "check.h"
#include "faultfs.h"

#define SCRIPT_MOST 65536u /* sequences of one recording */
#define SCRIPT_TIME INT64_C(1700000000000000000)

typedef struct {
    const ab_storage *storage;
    const char *directory;
    uint64_t segment;
    int mode;              /* enum ab_journal_sync_mode */
    uint64_t random;       /* state of check_random */
    uint32_t percent_big;  /* of the records: longer ones, so that segments roll sooner */
    uint32_t small;        /* bytes of the others, fewer than this; 0: 300 */

    ab_journal *journal;   /* NULL: not open */
    uint32_t life;
    uint64_t keep;         /* sequences from here on may not be purged */
    uint64_t durable;      /* greatest durable sequence ever told */
    int64_t now_ns;        /* monotonic */
    int exact;             /* 0: batches were moved (resume): their ends are not known */
    int64_t counters[AB_JOURNAL_COUNTERS];
    uint64_t rolls, purged, opens;
    uint64_t appended;     /* sequences below it have a life */
    uint16_t lives[SCRIPT_MOST];
    uint8_t ends[SCRIPT_MOST + 1];
} script;

/* Content of a record: its length (at most `most` bytes), its bytes in *bytes (constant memory). */
size_t script_body(const script *s, uint64_t sequence, uint32_t life, const uint8_t **bytes);

/* Whether the record is the one that was appended with this sequence. */
int script_is_right(const script *s, const ab_journal_record *record);

/* Open the journal (a new life): the answer of ab_journal_open. */
int script_open(script *s, ab_journal_opened *opened, ab_error *error);

/* Append the next record. As ab_journal_append. */
int64_t script_append(script *s);

/* Note what the counters tell; to be called by whoever watches the file system and after each call. */
void script_note(script *s);

/* One random step: the answer of the journal's call, AB_OK mostly. */
int script_step(script *s, ab_error *error);

/* What a check found wrong; empty: nothing. */
typedef struct {
    char text[900];
    uint64_t next_sequence;
    int64_t cut_bytes, recovery_ns;
} script_found;

/* Read everything in the directory, without a writer: each record right and contiguous from `first` (0: wherever it begins). How many
 * records; *result is what ended it. */
uint64_t script_read(
    const script *s, const ab_storage *storage, int32_t flags, uint64_t *first, int *result, ab_error *error, script_found *found);

/* inv_journal_is_prefix of what a crash left in `storage`. It is opened, recovered, read, verified, and (`go_on`) written to and opened
 * again. 1: it holds. */
int script_check(const script *s, const ab_storage *storage, int go_on, script_found *found);

#endif
