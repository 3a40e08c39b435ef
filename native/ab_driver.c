/* ab_driver.c: see ab_driver.h for the rules. */
#include "ab_driver.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ab_aeron.h"
#include "ab_environ.h"
#include "ab_errors.h"
#include "ab_fail.h"

struct ab_driver {
    aeron_driver_context_t *context;
    aeron_driver_t *driver; /* NULL until started */
};

enum kind { TEXT, SIZE, U64, I32, BOOL, INT };

typedef struct {
    const char *name;
    enum kind kind;
    size_t member; /* offset of the setter in the table */
} setting;

#define SETTING(kind, name) {#name, kind, offsetof(ab_aeron_table, driver_context_set_##name)}

static const setting settings[] = {
    SETTING(TEXT, dir),
    SETTING(BOOL, dir_warn_if_exists),
    SETTING(INT, threading_mode),
    SETTING(BOOL, print_configuration),
    SETTING(BOOL, term_buffer_sparse_file),
    SETTING(BOOL, perform_storage_checks),
    SETTING(U64, low_file_store_warning_threshold),
    SETTING(SIZE, term_buffer_length),
    SETTING(SIZE, ipc_term_buffer_length),
    SETTING(SIZE, mtu_length),
    SETTING(SIZE, ipc_mtu_length),
    SETTING(SIZE, socket_so_rcvbuf),
    SETTING(SIZE, socket_so_sndbuf),
    SETTING(SIZE, rcv_initial_window_length),
    SETTING(SIZE, counters_buffer_length),
    SETTING(SIZE, error_buffer_length),
    SETTING(SIZE, to_conductor_buffer_length),
    SETTING(SIZE, to_clients_buffer_length),
    SETTING(SIZE, loss_report_buffer_length),
    SETTING(U64, client_liveness_timeout_ns),
    SETTING(U64, image_liveness_timeout_ns),
    SETTING(U64, publication_unblock_timeout_ns),
    SETTING(U64, publication_linger_timeout_ns),
    SETTING(U64, publication_connection_timeout_ns),
    SETTING(U64, counters_free_to_reuse_timeout_ns),
    SETTING(U64, timer_interval_ns),
    SETTING(U64, driver_timeout_ms),
    SETTING(I32, stream_session_limit),
    SETTING(BOOL, spies_simulate_connection),
    SETTING(TEXT, conductor_idle_strategy),
    SETTING(TEXT, sender_idle_strategy),
    SETTING(TEXT, receiver_idle_strategy),
    SETTING(TEXT, shared_idle_strategy),
    SETTING(TEXT, sharednetwork_idle_strategy),
    SETTING(TEXT, conductor_idle_strategy_init_args),
    SETTING(TEXT, sender_idle_strategy_init_args),
    SETTING(TEXT, receiver_idle_strategy_init_args),
    SETTING(TEXT, shared_idle_strategy_init_args),
    SETTING(TEXT, sharednetwork_idle_strategy_init_args),
    SETTING(I32, conductor_cpu_affinity),
    SETTING(I32, sender_cpu_affinity),
    SETTING(I32, receiver_cpu_affinity),
};

/* ---- what Aeron prints ------------------------------------------------------------------------------------------- */

static ab_errors printed;
static _Atomic int capturing;

/* Aeron's fprintf goes through here. Files (it saves the error log of a dead driver) are written; the terminal is not. */
static int capture(const char *file, uint64_t line, void *stream, const char *format, va_list args) {
    (void)file;
    (void)line;
    if (stream != stderr && stream != stdout) {
        return vfprintf(stream, format, args);
    }
    char text[sizeof(((ab_error *)NULL)->text)];
    int length = vsnprintf(text, sizeof(text), format, args);
    size_t end = strlen(text);
    while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == ' ')) {
        text[--end] = '\0';
    }
    if (end > 0) {
        ab_errors_put(&printed, AB_OK, 0, text);
    }
    return length;
}

int ab_printed_take(ab_error *error) { return ab_errors_take(&printed, error) ? 1 : 0; }

/* ---- open, set, start, close ------------------------------------------------------------------------------------- */

static int aeron_failed(ab_error *error, const char *what) {
    return ab_fail(error, AB_FAILED, ab_aeron->errcode(), "%s: %s", what, ab_aeron->errmsg());
}

ab_handle ab_driver_open(int inherit, ab_error *error) {
    if (ab_aeron == NULL || ab_aeron->driver_init == NULL) {
        ab_fail(error, AB_INVALID, 0, "no Aeron media driver is loaded (%s)",
                ab_aeron == NULL ? "load the library first" : "this library has the client alone");
        return 0;
    }
    if (ab_aeron->set_fprintf_handler != NULL && !atomic_exchange(&capturing, 1)) {
        ab_aeron->set_fprintf_handler(capture);
    }
    ab_driver *driver = calloc(1, sizeof(*driver));
    ab_environ hidden;
    if (driver == NULL || ab_environ_hide(&hidden, inherit) != AB_OK) {
        free(driver);
        ab_fail(error, AB_NO_MEMORY, 0, "out of memory for a media driver");
        return 0;
    }
    int made = ab_aeron->driver_context_init(&driver->context);
    ab_environ_show(&hidden);
    if (made < 0) {
        aeron_failed(error, "cannot make the media driver's context");
        free(driver);
        return 0;
    }
    ab_handle handle = ab_slot_open(AB_KIND_DRIVER, driver);
    if (handle == 0) {
        ab_fail(error, AB_NO_MEMORY, 0, "all %u handles are taken; close some", AB_SLOTS);
        ab_aeron->driver_context_close(driver->context);
        free(driver);
    }
    return handle;
}

static const setting *find_setting(const char *name) {
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        if (strcmp(settings[i].name, name) == 0) {
            return &settings[i];
        }
    }
    return NULL;
}

int ab_driver_set(ab_handle handle, const char *name, int64_t number, const char *text, ab_error *error) {
    ab_driver *driver = ab_slot_peek(handle, AB_KIND_DRIVER);
    if (driver == NULL) {
        return ab_fail(error, AB_STALE, 0, "the media driver is closed");
    }
    const setting *found = find_setting(name);
    if (found == NULL || driver->driver != NULL) {
        return ab_fail(error, AB_INVALID, 0, "the media driver setting %s %s", name,
                       found == NULL ? "does not exist" : "comes too late: it runs");
    }
    union {
        void *address;
        int (*text)(aeron_driver_context_t *, const char *);
        int (*size)(aeron_driver_context_t *, size_t);
        int (*u64)(aeron_driver_context_t *, uint64_t);
        int (*i32)(aeron_driver_context_t *, int32_t);
        int (*boolean)(aeron_driver_context_t *, bool);
        int (*integer)(aeron_driver_context_t *, int);
    } set;
    memcpy(&set, (const char *)ab_aeron + found->member, sizeof(set));
    int result = -1;
    switch (found->kind) {
        case TEXT: result = set.text(driver->context, text); break;
        case SIZE: result = set.size(driver->context, (size_t)number); break;
        case U64: result = set.u64(driver->context, (uint64_t)number); break;
        case I32: result = set.i32(driver->context, (int32_t)number); break;
        case BOOL: result = set.boolean(driver->context, number != 0); break;
        case INT: result = set.integer(driver->context, (int)number); break;
    }
    if (result < 0) {
        char what[128];
        snprintf(what, sizeof(what), "the media driver refuses the setting %s", name);
        return aeron_failed(error, what);
    }
    return AB_OK;
}

int ab_driver_start_wait(ab_handle handle, int remove_directory, ab_error *error) {
    ab_driver *driver = ab_slot_enter(handle, AB_KIND_DRIVER);
    if (driver == NULL) {
        return ab_fail(error, AB_STALE, 0, "the media driver is closed");
    }
    int result = AB_OK;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (driver->driver != NULL) {
        result = ab_fail(error, AB_INVALID, 0, "the media driver runs already");
    } else if (ab_aeron->driver_init(&driver->driver, driver->context) < 0) {
        driver->driver = NULL;
        result = aeron_failed(error, "the media driver does not start");
    } else {
        /* From here on the directory is ours. */
        ab_aeron->driver_context_set_dir_delete_on_shutdown(driver->context, remove_directory != 0);
        if (ab_aeron->driver_start(driver->driver, false) < 0) {
            result = aeron_failed(error, "the media driver's threads do not start");
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    ab_slot_leave(handle);
    return result;
}

ab_driver *ab_driver_retire(ab_handle handle) { return ab_slot_retire(handle, AB_KIND_DRIVER); }

int ab_driver_close_wait(ab_driver *driver, ab_handle handle, int64_t deadline_ns, ab_error *error) {
    if (ab_slot_quiesce_wait(handle, deadline_ns) != AB_OK) {
        return ab_fail(error, AB_TIMED_OUT, 0, "the media driver is still being started");
    }
    int result = AB_OK;
    if (driver->driver != NULL && ab_aeron->driver_close(driver->driver) < 0) {
        result = aeron_failed(error, "the media driver does not stop cleanly");
    }
    if (ab_aeron->driver_context_close(driver->context) < 0) {
        result = aeron_failed(error, "the media driver's directory is not removed");
    }
    free(driver);
    return result;
}
