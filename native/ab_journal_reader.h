/* ab_journal_reader: what the reader's two files share: ab_journal_read.c (on and on), ab_journal_seek.c (elsewhere). */
#ifndef AB_JOURNAL_READER_H
#define AB_JOURNAL_READER_H

#include "ab_journal_scan.h"

struct ab_journal_reader {
    ab_store store;
    ab_scan scan;        /* of the current segment; its last batch is what is handed out */
    int file;            /* the current segment, locked shared */
    int32_t flags;
    int unlocked;        /* 1: the file system has no locks */
    int broken;          /* 1: the chain of segments does not go on; said once, and again */
    int gap;             /* 1: the last answer was of a segment that is missing or has no header, not of damage in this one */
    int over;            /* 1: nothing can be read behind a gap that was stepped over */
    int headless;        /* 1: the oldest segments have no header; we are at the first that has, and have not said so */
    uint8_t uuid[16];
    uint64_t next, end;  /* offsets in the last batch: the next record, the batch's end */
    uint64_t limit;      /* offset behind the segment's last record, UINT64_MAX: it is the last segment */
    uint64_t skip_below; /* a sequence: lower ones were handed out already */
    uint64_t retried;    /* the place that was looked at before */
    uint32_t looks;      /* how often, beyond the first */
    uint64_t judged;     /* the place behind which no claim was found */
    uint64_t holes, lost;
    uint32_t segments;   /* as of the last look at the directory */
    uint64_t first_sequence;
    int64_t first_position;
};

#define AB_READER_TRIES 1000 /* a purge may run ahead of us; it is not faster so many times */

/* Close the segment that is read, and so let go of its lock. */
void ab_reader_shut(ab_journal_reader *reader);

/* List the directory, and note the first segment. AB_OK: `list` is to be freed; *readable is the first in it whose header is whole. */
int ab_reader_first(ab_journal_reader *reader, ab_segment_list *list, uint32_t *readable, ab_error *error);

/* The segment `due` is missing or has no header, as `text` says: AB_CORRUPT with where one can go on; with AB_JOURNAL_SKIP_CORRUPT
 * AB_LOST, and there. */
int ab_reader_gap(ab_journal_reader *reader, int64_t due, const char *text, ab_error *error);

/* Say once that the oldest segments cannot be read. As ab_reader_gap; AB_OK: they are gone by now, or can be. */
int ab_reader_headless(ab_journal_reader *reader, ab_error *error);

/* Whether a segment's header is whole. */
int ab_reader_can_read(const ab_journal_reader *reader, int64_t base);

/* Go to a segment's first record. AB_OK, AB_NOT_FOUND: it is gone, or a failure. */
int ab_reader_enter(ab_journal_reader *reader, int64_t base, ab_error *error);

/* Has another file our segment's name? A writer that failed again while it went on in a new segment (resume) begins that one anew; a reader
 * may have been in it. 1: yes, and we are at its start (what was handed out is not again); 0, or a failure. */
int ab_reader_replaced(ab_journal_reader *reader, ab_error *error);

/* After AB_CORRUPT: go behind the damage. AB_LOST: *from is where it began, the text tells; or a failure. */
int ab_reader_skip(ab_journal_reader *reader, uint64_t *from, ab_error *error);

/* Have a record at reader->next. AB_OK or why not, as ab_journal_reader_batch. */
int ab_reader_have(ab_journal_reader *reader, ab_error *error);

#endif
