/* journal_script.c: see journal_script.h. */
#include "journal_script.h"

#include <stdarg.h>

#include "../ab_clock.h"

#define POOL 262144u

static uint64_t mixed(uint64_t a, uint64_t b) {
    uint64_t x = (a * UINT64_C(0x9e3779b97f4a7c15)) ^ (b * UINT64_C(0xc2b2ae3d27d4eb4f)) ^ UINT64_C(0x165667b19e3779f9);
    x = (x ^ (x >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
    return x ^ (x >> 32);
}

/* Random bytes that every record is a piece of. */
static const uint8_t *pool(void) {
    static uint8_t bytes[POOL];
    static int filled;
    if (!filled) {
        uint64_t state = 4711;
        for (size_t i = 0; i < POOL; i += 8) {
            ab_put_le64(bytes + i, check_random(&state));
        }
        filled = 1;
    }
    return bytes;
}

size_t script_body(const script *s, uint64_t sequence, uint32_t life, const uint8_t **bytes) {
    uint64_t h = mixed(sequence, life), kind = h % 100;
    size_t most = kind >= 100 - s->percent_big ? 60000 : kind >= 100 - 4 * s->percent_big ? 6000 : s->small > 0 ? s->small : 300;
    *bytes = pool() + (h >> 20) % (POOL - 65536);
    return (size_t)((h >> 7) % most);
}

static int64_t time_of(uint64_t sequence, uint32_t life) { return SCRIPT_TIME + 1000 * (int64_t)sequence + life; }

int script_is_right(const script *s, const ab_journal_record *record) {
    const uint8_t *bytes;
    if (record->sequence >= s->appended) {
        return 0;
    }
    uint32_t life = s->lives[record->sequence];
    size_t length = script_body(s, record->sequence, life, &bytes);
    return record->length == length && memcmp(record->bytes, bytes, length) == 0 && record->session_id == -(int32_t)life &&
           record->stream == record->sequence % 5 && record->stream_position == (int64_t)record->sequence * 64 &&
           record->time_ns == time_of(record->sequence, life) && record->flags == 0;
}

void script_note(script *s) {
    const int64_t *counters = s->counters;
    s->ends[counters[AB_JOURNAL_WRITTEN_SEQUENCE]] = 1;
    s->ends[counters[AB_JOURNAL_APPENDED_SEQUENCE]] = 1; /* should a write be coming, it ends here */
    if ((uint64_t)counters[AB_JOURNAL_DURABLE_SEQUENCE] > s->durable) {
        s->durable = (uint64_t)counters[AB_JOURNAL_DURABLE_SEQUENCE];
    }
}

int script_open(script *s, ab_journal_opened *opened, ab_error *error) {
    ab_journal_opened own;
    const ab_journal_options options = {.directory = s->directory,
        .segment_length = s->segment,
        .sync_mode = s->mode,
        .flags = AB_JOURNAL_CREATE,
        .now_ns = SCRIPT_TIME + (int64_t)s->opens,
        .counters = s->counters};
    opened = opened == NULL ? &own : opened;
    s->opens++;
    int result = ab_journal_open(&options, s->storage, &s->journal, opened, error);
    if (result != AB_OK) {
        s->journal = NULL;
        return result;
    }
    s->life++;
    s->appended = opened->next_sequence; /* what was given out behind it is given out again */
    memset(s->ends + s->appended, 0, SCRIPT_MOST - s->appended + 1);
    s->ends[s->appended] = 1;
    script_note(s);
    return AB_OK;
}

int64_t script_append(script *s) {
    const uint8_t *bytes;
    uint64_t sequence = s->appended;
    size_t length = script_body(s, sequence, s->life, &bytes);
    int64_t result = ab_journal_append(s->journal, (int32_t)(sequence % 5), -(int32_t)s->life, (int64_t)sequence * 64,
        time_of(sequence, s->life), bytes, length);
    if (result >= 0) {
        CHECK_EQUAL(sequence, result);
        s->lives[sequence] = (uint16_t)s->life;
        s->appended = sequence + 1;
    }
    return result;
}

static int purge(script *s, ab_error *error) {
    ab_journal_purged purged;
    uint64_t total = (uint64_t)s->counters[AB_JOURNAL_SEGMENTS] * s->segment;
    ab_journal_retention retention = {.bytes_max = (int64_t)(total / 2), .keep_position = INT64_MAX};
    s->keep = s->durable; /* the current segment is never removed, but all before it may be */
    int result = ab_journal_purge(s->journal, &retention, &purged, error);
    s->purged += purged.segments;
    return result;
}

static int close_and_open(script *s, int close, ab_error *error) {
    int result = AB_OK;
    if (close) {
        result = ab_journal_close(s->journal, error);
        script_note(s);
    } else {
        ab_journal_abandon(s->journal);
    }
    s->journal = NULL;
    return result == AB_OK ? script_open(s, NULL, error) : result;
}

int script_step(script *s, ab_error *error) {
    uint64_t draw = check_random(&s->random) >> 33;
    uint64_t kind = draw % 1000, many = draw / 1000 % 40;
    int result = AB_OK;
    s->now_ns += (int64_t)(draw % 700000);
    if (kind < 700) {
        for (uint64_t i = 0; i <= many && result >= 0; i++) {
            int64_t sequence = script_append(s);
            result = sequence < 0 ? (int)sequence : AB_OK;
        }
    }
    if (result == AB_OK && kind < 880) {
        result = ab_journal_tick(s->journal, s->now_ns, kind % 2);
    } else if (kind < 930) {
        result = ab_journal_write(s->journal);
    } else if (kind < 970) {
        result = ab_journal_sync(s->journal);
    } else if (kind < 980) {
        s->now_ns += INT64_C(2000000000); /* a checkpoint is due */
        result = ab_journal_tick(s->journal, s->now_ns, 1);
    } else if (kind < 985) {
        result = ab_journal_roll(s->journal);
        s->rolls++;
    } else if (kind < 990) {
        result = purge(s, error);
    } else {
        result = close_and_open(s, kind % 2, error);
    }
    if (s->journal != NULL) {
        script_note(s);
        if (result != AB_OK && result != AB_LOCKED) {
            *error = *ab_journal_error(s->journal);
        }
    }
    return result;
}

/* ---- checks ------------------------------------------------------------------------------------------------------ */

__attribute__((format(printf, 2, 3))) static int wrong(script_found *found, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(found->text, sizeof found->text, format, arguments);
    va_end(arguments);
    return 0;
}

uint64_t script_read(
    const script *s, const ab_storage *storage, int32_t flags, uint64_t *first, int *result, ab_error *error, script_found *found) {
    ab_journal_reader *reader;
    ab_journal_record records[64];
    ab_journal_reader_state state;
    uint64_t count = 0, next = 0;
    *error = (ab_error){0};
    *result = ab_journal_reader_open(s->directory, storage, flags, &reader, error);
    if (*result != AB_OK) {
        return 0;
    }
    ab_journal_reader_state_get(reader, &state);
    *first = next = state.first_sequence;
    for (;;) {
        *result = ab_journal_reader_batch(reader, records, 64, error);
        if (*result == AB_LOST && (flags & AB_JOURNAL_SKIP_CORRUPT) != 0) {
            next = UINT64_MAX; /* wherever it goes on */
            continue;
        }
        if (*result <= 0) {
            break;
        }
        for (int i = 0; i < *result; i++) {
            if (next != UINT64_MAX && records[i].sequence != next) {
                wrong(found, "sequence %llu was read where %llu was due", (unsigned long long)records[i].sequence,
                    (unsigned long long)next);
            } else if (!script_is_right(s, &records[i])) {
                wrong(found, "sequence %llu is not what was appended", (unsigned long long)records[i].sequence);
            }
            next = records[i].sequence + 1;
            count++;
        }
    }
    ab_journal_reader_close(reader);
    return count;
}

/* Append to what was recovered, close it, open it again: it is clean and has it all. */
static int goes_on(const script *s, ab_journal *journal, const ab_storage *storage, script_found *found) {
    script *own = malloc(sizeof *own);
    ab_error error = {0};
    ab_journal_opened opened = {0};
    int result = AB_OK, ok = 0;
    memcpy(own, s, sizeof *own);
    own->storage = storage;
    own->journal = journal;
    own->life++;
    own->appended = found->next_sequence;
    for (int i = 0; i < 30 && result == AB_OK; i++) {
        int64_t sequence = script_append(own);
        result = sequence < 0 ? (int)sequence : i % 7 == 0 ? ab_journal_sync(journal) : AB_OK;
    }
    uint64_t first, appended = own->appended;
    result = result == AB_OK ? ab_journal_close(journal, &error) : result;
    if (result != AB_OK) {
        wrong(found, "after recovery it does not go on: %d %.500s", result, error.text);
    } else if ((result = script_open(own, &opened, &error)) != AB_OK) {
        wrong(found, "after recovery, appends and close it does not open: %d %.500s", result, error.text);
    } else if (opened.next_sequence != appended || !opened.clean || opened.cut_bytes != 0) {
        wrong(found, "opened again it has %llu records, %llu were appended; clean %d, cut %lld", (unsigned long long)opened.next_sequence,
            (unsigned long long)appended, opened.clean, (long long)opened.cut_bytes);
    } else {
        uint64_t count = script_read(own, storage, 0, &first, &result, &error, found);
        ok = found->text[0] == 0 && first + count == appended && result == AB_END;
        if (!ok && found->text[0] == 0) {
            wrong(found, "opened again: %llu + %llu of %llu are read, then %d %.400s", (unsigned long long)first, (unsigned long long)count,
                (unsigned long long)appended, result, error.text);
        }
    }
    if (own->journal != NULL && result != AB_FAILED) {
        ab_journal_abandon(own->journal);
    }
    free(own);
    return ok;
}

static int check_end(const script *s, uint64_t first, uint64_t next, const char *what, script_found *found) {
    if (next < s->durable) {
        return wrong(found, "%s ends at %llu, but %llu were told durable", what, (unsigned long long)next, (unsigned long long)s->durable);
    }
    if (next > s->appended) {
        return wrong(found, "%s ends at %llu, but only %llu were appended", what, (unsigned long long)next,
            (unsigned long long)s->appended);
    }
    if (s->exact && !s->ends[next]) {
        return wrong(found, "%s ends at %llu, in the middle of a batch", what, (unsigned long long)next);
    }
    if (first > s->keep) {
        return wrong(found, "%s begins at %llu, but %llu was to be kept", what, (unsigned long long)first, (unsigned long long)s->keep);
    }
    return 1;
}

int script_check(const script *s, const ab_storage *storage, int go_on, script_found *found) {
    ab_journal *journal = NULL;
    ab_journal_opened opened = {0};
    ab_error error = {0};
    ab_journal_report report;
    uint64_t first = 0;
    int result;
    int64_t counters[AB_JOURNAL_COUNTERS];
    *found = (script_found){0};
    uint64_t count = script_read(s, storage, 0, &first, &result, &error, found); /* by a reader that comes before the writer */
    if (found->text[0] != 0) {
        return 0;
    }
    int none = result == AB_NOT_FOUND && s->durable == 0;
    if (result != AB_END && !none) {
        return wrong(found, "a reader of what was left ends with %d: %.600s", result, error.text);
    }
    if (!none && !check_end(s, first, first + count, "what was left, read as it is,", found)) {
        return 0;
    }
    const ab_journal_options options = {.directory = s->directory, .segment_length = s->segment, .sync_mode = s->mode,
        .flags = AB_JOURNAL_CREATE, .now_ns = SCRIPT_TIME + 1000000 + (int64_t)s->opens, .counters = counters};
    int64_t began = ab_clock_monotonic_ns();
    result = ab_journal_open(&options, storage, &journal, &opened, &error);
    found->recovery_ns = ab_clock_monotonic_ns() - began;
    if (result != AB_OK) {
        return wrong(found, "it does not open: %d %.700s", result, error.text);
    }
    found->next_sequence = opened.next_sequence;
    found->cut_bytes = opened.cut_bytes;
    count = script_read(s, storage, 0, &first, &result, &error, found);
    int ok = found->text[0] == 0 && check_end(s, first, opened.next_sequence, "the recovered journal", found);
    if (ok && (first + count != opened.next_sequence || result != AB_END || first != opened.first_sequence)) {
        ok = wrong(found, "recovered %llu .. %llu, but read are %llu records from %llu, then %d %.500s",
            (unsigned long long)opened.first_sequence,
            (unsigned long long)opened.next_sequence, (unsigned long long)count, (unsigned long long)first, result, error.text);
    }
    if (ok && go_on && (ab_journal_verify(s->directory, storage, &report, NULL, 0, NULL, &error) != AB_OK || report.problems != 0)) {
        ok = wrong(found, "verify finds %llu problems in the recovered journal", (unsigned long long)report.problems);
    }
    if (ok && go_on) {
        return goes_on(s, journal, storage, found);
    }
    ab_journal_abandon(journal);
    return ok;
}
