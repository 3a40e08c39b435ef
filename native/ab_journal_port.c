/* ab_journal_port.c: see ab_journal_port.h for the rules. */
#include "ab_journal_port.h"

#include <stdlib.h>
#include <string.h>

#include "ab_clock.h"
#include "ab_fail.h"

/* ---- in and out -------------------------------------------------------------------------------------------------- */

/* The port, with this call inside and no other; NULL: *code and `error` say why. */
static ab_journal_port *enter(ab_handle handle, int kind, int *code, ab_error *error) {
    ab_journal_port *port = ab_slot_enter(handle, kind);
    int idle = 0;
    if (port == NULL) {
        *code = ab_fail(error, AB_STALE, 0, "the %s is closed", kind == AB_KIND_JOURNAL ? "journal" : "reader");
        return NULL;
    }
    if (!atomic_compare_exchange_strong_explicit(&port->busy, &idle, 1, memory_order_acquire, memory_order_relaxed)) {
        ab_slot_leave(handle);
        *code = ab_fail(error, AB_INVALID, 0, "another thread is inside this %s: it belongs to one thread at a time",
            kind == AB_KIND_JOURNAL ? "journal" : "reader");
        return NULL;
    }
    return port;
}

static void leave(ab_journal_port *port, ab_handle handle) {
    atomic_store_explicit(&port->busy, 0, memory_order_release);
    ab_slot_leave(handle);
}

/* Out of a journal's call: its text for the caller. */
static int64_t left(ab_journal_port *port, ab_handle handle, int64_t result, ab_error *error) {
    if (result < 0 && error != NULL) {
        *error = *ab_journal_error(port->journal);
        error->code = (int32_t)result;
    }
    leave(port, handle);
    return result;
}

static ab_handle open_port(int kind, ab_journal *journal, ab_journal_reader *reader, ab_error *error) {
    ab_journal_port *port = calloc(1, sizeof *port);
    ab_handle handle = 0;
    if (port != NULL) {
        port->journal = journal;
        port->reader = reader;
        handle = ab_slot_open(kind, port);
    }
    if (handle == 0) {
        free(port);
        ab_fail(error, AB_NO_MEMORY, 0, port == NULL ? "no memory for a handle" : "all %u handles are taken", AB_SLOTS);
    }
    return handle;
}

/* Wait until nobody is inside a retired handle. */
static int quiesce(ab_handle handle, int64_t deadline_ns, ab_error *error) {
    int code = ab_slot_quiesce_wait(handle, deadline_ns);
    return code == AB_OK ? AB_OK : ab_fail(error, code, 0, "a thread is still inside it; nothing was closed, try again");
}

/* ---- writer ------------------------------------------------------------------------------------------------------ */

ab_handle ab_journal_port_open_wait(const ab_journal_options *options, ab_journal_opened *opened, ab_error *error) {
    ab_journal *journal;
    if (ab_journal_open(options, NULL, &journal, opened, error) != AB_OK) {
        return 0;
    }
    ab_handle handle = open_port(AB_KIND_JOURNAL, journal, NULL, error);
    if (handle == 0) {
        ab_journal_close(journal, NULL);
    }
    return handle;
}

int64_t ab_journal_port_append(ab_handle journal, int32_t stream, int32_t session_id, int64_t stream_position,
    int64_t time_ns, const uint8_t *bytes, size_t length, ab_error *error) {
    int code;
    ab_journal_port *port = enter(journal, AB_KIND_JOURNAL, &code, error);
    return port == NULL ? code
                        : left(port, journal,
                              ab_journal_append(port->journal, stream, session_id, stream_position, time_ns, bytes, length), error);
}

int ab_journal_port_write_wait(ab_handle journal, ab_error *error) {
    int code;
    ab_journal_port *port = enter(journal, AB_KIND_JOURNAL, &code, error);
    return port == NULL ? code : (int)left(port, journal, ab_journal_write(port->journal), error);
}

int ab_journal_port_sync_wait(ab_handle journal, ab_error *error) {
    int code;
    ab_journal_port *port = enter(journal, AB_KIND_JOURNAL, &code, error);
    return port == NULL ? code : (int)left(port, journal, ab_journal_sync(port->journal), error);
}

int ab_journal_port_tick_wait(ab_handle journal, int64_t now_ns, int idle, ab_error *error) {
    int code;
    ab_journal_port *port = enter(journal, AB_KIND_JOURNAL, &code, error);
    return port == NULL ? code : (int)left(port, journal, ab_journal_tick(port->journal, now_ns, idle), error);
}

int64_t ab_journal_port_due(ab_handle journal) {
    int code;
    ab_journal_port *port = enter(journal, AB_KIND_JOURNAL, &code, NULL);
    if (port == NULL) {
        return code;
    }
    int64_t due = ab_journal_due(port->journal);
    leave(port, journal);
    return due;
}

int ab_journal_port_roll_wait(ab_handle journal, ab_error *error) {
    int code;
    ab_journal_port *port = enter(journal, AB_KIND_JOURNAL, &code, error);
    return port == NULL ? code : (int)left(port, journal, ab_journal_roll(port->journal), error);
}

int ab_journal_port_resume_wait(ab_handle journal, ab_journal_opened *opened, ab_error *error) {
    int code;
    ab_journal_port *port = enter(journal, AB_KIND_JOURNAL, &code, error);
    return port == NULL ? code : (int)left(port, journal, ab_journal_resume(port->journal, opened), error);
}

int ab_journal_port_purge_wait(
    ab_handle journal, const ab_journal_retention *retention, ab_journal_purged *purged, ab_error *error) {
    int code;
    ab_journal_port *port = enter(journal, AB_KIND_JOURNAL, &code, error);
    if (port != NULL) {
        code = ab_journal_purge(port->journal, retention, purged, error);
        leave(port, journal);
    }
    return code;
}

int64_t ab_journal_port_payload_max(ab_handle journal) {
    int code;
    ab_journal_port *port = enter(journal, AB_KIND_JOURNAL, &code, NULL);
    if (port == NULL) {
        return code;
    }
    int64_t most = ab_journal_payload_max(port->journal);
    leave(port, journal);
    return most;
}

int ab_journal_port_counters(ab_handle journal, int64_t *counters) {
    ab_journal_port *port = ab_slot_enter(journal, AB_KIND_JOURNAL); /* plain loads: whatever else is going on */
    if (port == NULL) {
        return AB_STALE;
    }
    for (int i = 0; i < AB_JOURNAL_COUNTERS; i++) {
        counters[i] = __atomic_load_n(&ab_journal_counters(port->journal)[i], __ATOMIC_RELAXED);
    }
    ab_slot_leave(journal);
    return AB_OK;
}

ab_journal_port *ab_journal_port_retire(ab_handle journal) { return ab_slot_retire(journal, AB_KIND_JOURNAL); }

int ab_journal_port_close_wait(ab_journal_port *port, ab_handle journal, int64_t deadline_ns, ab_error *error) {
    int code = quiesce(journal, deadline_ns, error);
    if (code == AB_OK) {
        code = ab_journal_close(port->journal, error);
        free(port);
    }
    return code;
}

int ab_journal_port_abandon_wait(ab_journal_port *port, ab_handle journal, int64_t deadline_ns, ab_error *error) {
    int code = quiesce(journal, deadline_ns, error);
    if (code == AB_OK) {
        ab_journal_abandon(port->journal);
        free(port);
    }
    return code;
}

/* ---- reader ------------------------------------------------------------------------------------------------------ */

ab_handle ab_journal_port_reader_open_wait(const char *directory, int32_t flags, ab_error *error) {
    ab_journal_reader *reader;
    if (ab_journal_reader_open(directory, NULL, flags, &reader, error) != AB_OK) {
        return 0;
    }
    ab_handle handle = open_port(AB_KIND_JOURNAL_READER, NULL, reader, error);
    if (handle == 0) {
        ab_journal_reader_close(reader);
    }
    return handle;
}

int ab_journal_port_seek_wait(ab_handle reader, int32_t seek, int64_t value, ab_error *error) {
    int code;
    ab_journal_port *port = enter(reader, AB_KIND_JOURNAL_READER, &code, error);
    if (port != NULL) {
        code = ab_journal_reader_seek(port->reader, seek, value, error);
        leave(port, reader);
    }
    return code;
}

int ab_journal_port_batch_wait(ab_handle reader, ab_journal_record *records, uint32_t capacity, ab_error *error) {
    int code;
    ab_journal_port *port = enter(reader, AB_KIND_JOURNAL_READER, &code, error);
    if (port != NULL) {
        code = ab_journal_reader_batch(port->reader, records, capacity, error);
        leave(port, reader);
    }
    return code;
}

int ab_journal_port_reader_state(ab_handle reader, ab_journal_reader_state *state) {
    int code;
    ab_journal_port *port = enter(reader, AB_KIND_JOURNAL_READER, &code, NULL);
    if (port == NULL) {
        return code;
    }
    ab_journal_reader_state_get(port->reader, state);
    leave(port, reader);
    return AB_OK;
}

ab_journal_port *ab_journal_port_reader_retire(ab_handle reader) { return ab_slot_retire(reader, AB_KIND_JOURNAL_READER); }

int ab_journal_port_reader_close_wait(ab_journal_port *port, ab_handle reader, int64_t deadline_ns, ab_error *error) {
    int code = quiesce(reader, deadline_ns, error);
    if (code == AB_OK) {
        ab_journal_reader_close(port->reader);
        free(port);
    }
    return code;
}

/* ---- tools ------------------------------------------------------------------------------------------------------- */

int ab_journal_port_verify_wait(const char *directory, ab_journal_report *report, ab_journal_problem *problems,
    uint32_t capacity, ab_journal_progress *progress, ab_error *error) {
    return ab_journal_verify(directory, NULL, report, problems, capacity, progress, error);
}

int ab_journal_port_repair_wait(const char *directory, int64_t now_ns, ab_journal_repaired *repaired,
    ab_journal_progress *progress, ab_error *error) {
    return ab_journal_repair(directory, NULL, now_ns, repaired, progress, error);
}

int64_t ab_journal_port_index_rebuild_wait(const char *directory, ab_journal_progress *progress, ab_error *error) {
    return ab_journal_index_rebuild(directory, NULL, progress, error);
}
