/* ab_client.c: the connection itself. See ab_client.h for the rules; the children are in ab_resources.c. */
#include "ab_client_private.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "ab_environ.h"
#include "ab_fail.h"

int ab_aeron_failed(ab_error *error, const char *what) {
    return ab_fail(error, AB_FAILED, ab_aeron->errcode(), "%s: %s", what, ab_aeron->errmsg());
}

/* On Aeron's conductor thread. */
static void on_error(void *clientd, int errcode, const char *message) {
    ab_client *client = clientd;
    ab_errors_put(&client->errors, AB_FAILED, errcode, message);
}

static int set_up(ab_client *client, const char *directory, const char *name, int64_t driver_timeout_ms, int64_t idle_ns) {
    aeron_context_t *context = client->context;
    char idle[32];
    snprintf(idle, sizeof(idle), "%" PRId64, idle_ns);
    /* The argument before the strategy: Aeron reads it when the strategy is set. */
    if (ab_aeron->context_set_dir(context, directory) < 0 || ab_aeron->context_set_client_name(context, name) < 0 ||
        ab_aeron->context_set_driver_timeout_ms(context, (uint64_t)driver_timeout_ms) < 0 ||
        ab_aeron->context_set_idle_strategy_init_args(context, idle) < 0 ||
        ab_aeron->context_set_idle_strategy(context, "sleep-ns") < 0 ||
        ab_aeron->context_set_error_handler(context, on_error, client) < 0) {
        return -1;
    }
    return 0;
}

ab_handle ab_client_open(const char *directory, const char *name, int64_t driver_timeout_ms, int64_t idle_ns, int inherit,
                         ab_error *error) {
    if (ab_aeron == NULL) {
        ab_fail(error, AB_INVALID, 0, "no Aeron library is loaded");
        return 0;
    }
    ab_client *client = calloc(1, sizeof(*client));
    ab_environ hidden;
    if (client == NULL || ab_environ_hide(&hidden, inherit) != AB_OK) {
        free(client);
        ab_fail(error, AB_NO_MEMORY, 0, "out of memory for an Aeron client");
        return 0;
    }
    int made = ab_aeron->context_init(&client->context);
    ab_environ_show(&hidden);
    if (made < 0 || set_up(client, directory, name, driver_timeout_ms, idle_ns) < 0) {
        ab_aeron_failed(error, "cannot make the Aeron client's context");
        if (made >= 0) {
            ab_aeron->context_close(client->context);
        }
        free(client);
        return 0;
    }
    pthread_mutex_init(&client->lock, NULL);
    ab_handle handle = ab_slot_open(AB_KIND_CLIENT, client);
    if (handle == 0) {
        ab_fail(error, AB_NO_MEMORY, 0, "all %u handles are taken; close some", AB_SLOTS);
        ab_aeron->context_close(client->context);
        free(client);
    }
    return handle;
}

int ab_client_connect_wait(ab_handle handle, ab_error *error) {
    ab_client *client = ab_slot_enter(handle, AB_KIND_CLIENT);
    if (client == NULL) {
        return ab_fail(error, AB_STALE, 0, "the Aeron client is closed");
    }
    int result = AB_OK;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (client->aeron != NULL || client->context == NULL) {
        result = ab_fail(error, AB_INVALID, 0, "the Aeron client was connected before");
    } else if (ab_aeron->init(&client->aeron, client->context) < 0) {
        result = ab_aeron_failed(error, "no connection to the media driver");
        /* Given up, not closed: after some failures Aeron has unmapped the CnC file and would unmap the address again,
         * which by then may be another thread's. Costs a few kilobytes, and only after the file looked well. */
        client->aeron = NULL;
        client->context = NULL;
    } else if (ab_aeron->start(client->aeron) < 0) {
        result = ab_aeron_failed(error, "the Aeron client's thread does not start");
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    ab_slot_leave(handle);
    return result;
}

int64_t ab_client_id(ab_handle handle) {
    ab_client *client = ab_slot_peek(handle, AB_KIND_CLIENT);
    return client == NULL || client->aeron == NULL ? AB_STALE : ab_aeron->client_id(client->aeron);
}

int ab_client_is_lost(ab_handle handle) {
    ab_client *client = ab_slot_peek(handle, AB_KIND_CLIENT);
    return client == NULL ? AB_STALE : ab_client_lost(client);
}

int ab_client_error_take(ab_handle handle, ab_error *error) {
    ab_client *client = ab_slot_peek(handle, AB_KIND_CLIENT);
    return client == NULL ? AB_STALE : ab_errors_take(&client->errors, error) ? 1 : 0;
}

int ab_client_children(ab_handle handle) {
    ab_client *client = ab_slot_peek(handle, AB_KIND_CLIENT);
    return client == NULL ? AB_STALE : atomic_load(&client->children);
}

int ab_client_drain(ab_handle handle) {
    ab_client *client = ab_slot_peek(handle, AB_KIND_CLIENT);
    if (client == NULL) {
        return AB_STALE;
    }
    atomic_store(&client->draining, 1);
    return AB_OK;
}

ab_client *ab_client_retire(ab_handle handle) {
    ab_client *client = ab_slot_peek(handle, AB_KIND_CLIENT);
    if (client == NULL || atomic_load(&client->children) != 0) {
        return NULL;
    }
    return ab_slot_retire(handle, AB_KIND_CLIENT);
}

int ab_client_close_wait(ab_client *client, ab_handle handle, int64_t deadline_ns, ab_error *error) {
    if (ab_slot_quiesce_wait(handle, deadline_ns) != AB_OK) {
        return ab_fail(error, AB_TIMED_OUT, 0, "a thread still adds to the Aeron client; nothing was freed");
    }
    int result = AB_OK;
    if (client->aeron != NULL && ab_aeron->close(client->aeron) < 0) {
        return ab_aeron_failed(error, "the Aeron client does not stop"); /* its thread may live: nothing is freed */
    }
    if (client->context != NULL && ab_aeron->context_close(client->context) < 0) {
        result = ab_aeron_failed(error, "the Aeron client's context is not freed");
    }
    for (ab_buried *buried = client->buried; buried != NULL;) {
        ab_buried *next = buried->next;
        buried->free(buried->object);
        free(buried);
        buried = next;
    }
    pthread_mutex_destroy(&client->lock);
    free(client);
    return result;
}
