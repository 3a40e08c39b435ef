/* ab_resources.c: what is opened through a client: publications, subscriptions, counters. See ab_client.h for the rules.
 *
 * The three differ in Aeron's functions and in what hangs on them; how to wait for an add and for a close is one piece each,
 * with those functions as arguments.
 */
#include "ab_client_private.h"

#include <stdlib.h>
#include <time.h>

#include "ab_clock.h"
#include "ab_fail.h"

struct ab_counter {
    aeron_counter_t *aeron;
    ab_handle client;
    int64_t *value; /* in the driver's counters file */
    int32_t id;
};

static void nap(int pass) {
    /* An answer takes a duty cycle of the driver's and one of the client's conductor: some tens of µs to some ms. */
    nanosleep(&(struct timespec){.tv_nsec = pass < 20 ? 50000 : 500000}, NULL);
}

static void bury(ab_client *client, void (*free_object)(void *), void *object) {
    ab_buried *buried = malloc(sizeof(*buried));
    if (buried == NULL) {
        return; /* without memory the object stays for good: the one safe place */
    }
    buried->free = free_object;
    buried->object = object;
    pthread_mutex_lock(&client->lock);
    buried->next = client->buried;
    client->buried = buried;
    pthread_mutex_unlock(&client->lock);
}

static void free_publication(void *object) { ab_publication_free(object); }
static void free_subscription(void *object) { ab_subscription_free(object); }

/* ---- adding ------------------------------------------------------------------------------------------------------ */

typedef int (*poll_add)(void **resource, aeron_async_t *async);
typedef int (*cancel_add)(aeron_t *client, aeron_async_t *async);

/* Wait for an add that was sent. AB_OK: `*resource` is it. Any other: cancelled; `*late` tells whether Aeron may still come
 * with it for a moment (so that what its handlers point to must stay). */
static int wait_added(ab_client *client, aeron_async_t *async, poll_add poll, cancel_add cancel, void **resource,
                      const char *what, int64_t deadline_ns, int *late, ab_error *error) {
    *late = 0;
    for (int pass = 0;; pass++) {
        int done = poll(resource, async);
        if (done > 0) {
            return AB_OK;
        }
        if (done < 0) {
            return ab_aeron_failed(error, what);
        }
        *late = 1;
        if (ab_client_lost(client)) {
            return ab_fail(error, AB_CLOSED, 0, "%s: the connection to the media driver is lost", what);
        }
        if (atomic_load(&client->draining)) {
            cancel(client->aeron, async);
            return ab_fail(error, AB_STALE, 0, "%s: the Aeron client is closing", what);
        }
        if (ab_clock_monotonic_ns() >= deadline_ns) {
            cancel(client->aeron, async);
            return ab_fail(error, AB_TIMED_OUT, 0, "%s: the media driver did not answer in time", what);
        }
        *late = 0;
        nap(pass);
    }
}

/* The client, counted, or NULL with the error filled. */
static ab_client *enter_client(ab_handle handle, const char *what, ab_error *error) {
    ab_client *client = ab_slot_enter(handle, AB_KIND_CLIENT);
    if (client == NULL) {
        ab_fail(error, AB_STALE, 0, "%s: the Aeron client is closed", what);
        return NULL;
    }
    if (client->aeron == NULL || atomic_load(&client->draining)) {
        ab_slot_leave(handle);
        ab_fail(error, AB_STALE, 0, "%s: the Aeron client is %s", what,
                client->aeron == NULL ? "not connected" : "closing");
        return NULL;
    }
    return client;
}

ab_handle ab_publication_add_wait(ab_handle client_handle, const char *channel, int32_t stream_id, int64_t deadline_ns,
                                  ab_error *error) {
    static const char what[] = "cannot add the publication";
    ab_client *client = enter_client(client_handle, what, error);
    if (client == NULL) {
        return 0;
    }
    ab_handle handle = 0;
    int late;
    aeron_async_t *async;
    void *resource = NULL;
    if (ab_aeron->async_add_exclusive_publication(&async, client->aeron, channel, stream_id) < 0) {
        ab_aeron_failed(error, what);
    } else if (wait_added(client, async, (poll_add)(void *)ab_aeron->async_add_exclusive_publication_poll,
                          ab_aeron->async_add_exclusive_publication_cancel, &resource, what, deadline_ns, &late,
                          error) == AB_OK) {
        aeron_publication_constants_t constants;
        ab_publication *publication = NULL;
        if (ab_aeron->exclusive_publication_constants(resource, &constants) < 0) {
            ab_aeron_failed(error, what);
        } else if ((publication = ab_publication_create(
                        resource, client_handle, constants.session_id, constants.stream_id, constants.max_message_length,
                        constants.max_payload_length)) == NULL ||
                   (handle = ab_slot_open(AB_KIND_PUBLICATION, publication)) == 0) {
            ab_fail(error, AB_NO_MEMORY, 0, "%s: out of memory or of handles (%u)", what, AB_SLOTS);
        }
        if (handle == 0) {
            ab_publication_free(publication);
            ab_aeron->exclusive_publication_close(resource, NULL, NULL);
        } else {
            atomic_fetch_add(&client->children, 1);
        }
    }
    ab_slot_leave(client_handle);
    return handle;
}

ab_handle ab_subscription_add_wait(ab_handle client_handle, const char *channel, int32_t stream_id, int64_t deadline_ns,
                                   ab_error *error) {
    static const char what[] = "cannot add the subscription";
    ab_client *client = enter_client(client_handle, what, error);
    if (client == NULL) {
        return 0;
    }
    ab_handle handle = 0;
    int late = 0;
    aeron_async_t *async;
    void *resource = NULL;
    /* Made first: it is what Aeron's image handlers point to. */
    ab_subscription *subscription = ab_subscription_create(NULL, client_handle);
    if (subscription == NULL) {
        ab_fail(error, AB_NO_MEMORY, 0, "%s: out of memory", what);
    } else if (ab_aeron->async_add_subscription(&async, client->aeron, channel, stream_id, ab_on_available_image,
                                                subscription, ab_on_unavailable_image, subscription) < 0) {
        ab_aeron_failed(error, what);
    } else if (wait_added(client, async, (poll_add)(void *)ab_aeron->async_add_subscription_poll,
                          ab_aeron->async_add_subscription_cancel, &resource, what, deadline_ns, &late, error) == AB_OK) {
        subscription->aeron = resource;
        handle = ab_slot_open(AB_KIND_SUBSCRIPTION, subscription);
        if (handle == 0) {
            ab_fail(error, AB_NO_MEMORY, 0, "%s: all %u handles are taken", what, AB_SLOTS);
            ab_aeron->subscription_close(resource, NULL, NULL);
            late = 1;
        } else {
            atomic_fetch_add(&client->children, 1);
        }
    }
    if (handle == 0) {
        if (late) {
            bury(client, free_subscription, subscription);
        } else {
            ab_subscription_free(subscription);
        }
    }
    ab_slot_leave(client_handle);
    return handle;
}

ab_handle ab_counter_add_wait(ab_handle client_handle, int32_t type_id, const uint8_t *key, size_t key_length,
                              const char *label, size_t label_length, int64_t deadline_ns, ab_error *error) {
    static const char what[] = "cannot add the counter";
    ab_client *client = enter_client(client_handle, what, error);
    if (client == NULL) {
        return 0;
    }
    ab_handle handle = 0;
    int late;
    aeron_async_t *async;
    void *resource = NULL;
    if (ab_aeron->async_add_counter(&async, client->aeron, type_id, key, key_length, label, label_length) < 0) {
        ab_aeron_failed(error, what);
    } else if (wait_added(client, async, (poll_add)(void *)ab_aeron->async_add_counter_poll,
                          ab_aeron->async_add_counter_cancel, &resource, what, deadline_ns, &late, error) == AB_OK) {
        aeron_counter_constants_t constants = {0};
        ab_counter *counter = calloc(1, sizeof(*counter));
        ab_aeron->counter_constants(resource, &constants);
        if (counter != NULL) {
            counter->aeron = resource;
            counter->client = client_handle;
            counter->value = ab_aeron->counter_addr(resource);
            counter->id = constants.counter_id;
            handle = ab_slot_open(AB_KIND_COUNTER, counter);
        }
        if (handle == 0) {
            ab_fail(error, AB_NO_MEMORY, 0, "%s: out of memory or of handles (%u)", what, AB_SLOTS);
            free(counter);
            ab_aeron->counter_close(resource, NULL, NULL);
        } else {
            atomic_fetch_add(&client->children, 1);
        }
    }
    ab_slot_leave(client_handle);
    return handle;
}

/* ---- closing ----------------------------------------------------------------------------------------------------- */

typedef int (*close_aeron)(void *resource, aeron_notification_t on_complete, void *clientd);

/* On Aeron's conductor thread: the last thing it does with the resource. SYNC A, with wait_closed. */
static void on_closed(void *clientd) { atomic_store_explicit((_Atomic int *)clientd, 1, memory_order_release); }

/* Close a retired child: wait for its users, then for Aeron. */
static int close_child(ab_handle client_handle, ab_handle handle, close_aeron close, void *resource,
                       void (*free_object)(void *), void *object, int64_t deadline_ns, ab_error *error) {
    ab_client *client = ab_slot_enter(client_handle, AB_KIND_CLIENT);
    if (client == NULL) {
        return ab_fail(error, AB_STALE, 0, "closed after its Aeron client");
    }
    if (ab_slot_quiesce_wait(handle, deadline_ns) != AB_OK) {
        ab_slot_leave(client_handle);
        return ab_fail(error, AB_TIMED_OUT, 0, "a thread is still inside it; nothing was closed, try again");
    }
    int result = AB_OK;
    _Atomic int *closed = calloc(1, sizeof(*closed));
    int sent = closed != NULL && !ab_client_lost(client) && close(resource, on_closed, (void *)closed) >= 0;
    for (int pass = 0; sent && !atomic_load_explicit(closed, memory_order_acquire); pass++) { /* SYNC A */
        if (ab_client_lost(client)) {
            sent = 0; /* Aeron's conductor stands still: it frees everything when the client is closed */
        } else if (ab_clock_monotonic_ns() >= deadline_ns) {
            sent = 0;
            result = ab_fail(error, AB_FAILED, 0, "Aeron did not close it in time; it is freed with the client");
        } else {
            nap(pass);
        }
    }
    if (sent) {
        free_object(object);
        free((void *)closed);
    } else {
        bury(client, free_object, object);
        bury(client, free, (void *)closed); /* Aeron may still set it */
    }
    atomic_fetch_sub(&client->children, 1);
    ab_slot_leave(client_handle);
    return result;
}

ab_publication *ab_publication_retire(ab_handle handle) { return ab_slot_retire(handle, AB_KIND_PUBLICATION); }

int ab_publication_close_wait(ab_publication *publication, ab_handle handle, int64_t deadline_ns, ab_error *error) {
    return close_child(publication->client, handle, (close_aeron)(void *)ab_aeron->exclusive_publication_close,
                       publication->aeron, free_publication, publication, deadline_ns, error);
}

ab_subscription *ab_subscription_retire(ab_handle handle) { return ab_slot_retire(handle, AB_KIND_SUBSCRIPTION); }

int ab_subscription_close_wait(ab_subscription *subscription, ab_handle handle, int64_t deadline_ns, ab_error *error) {
    return close_child(subscription->client, handle, (close_aeron)(void *)ab_aeron->subscription_close,
                       subscription->aeron, free_subscription, subscription, deadline_ns, error);
}

ab_counter *ab_counter_retire(ab_handle handle) { return ab_slot_retire(handle, AB_KIND_COUNTER); }

int ab_counter_close_wait(ab_counter *counter, ab_handle handle, int64_t deadline_ns, ab_error *error) {
    return close_child(counter->client, handle, (close_aeron)(void *)ab_aeron->counter_close, counter->aeron, free,
                       counter, deadline_ns, error);
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

int ab_publication_info_get(ab_handle handle, ab_publication_info *info) {
    ab_publication *publication = ab_slot_peek(handle, AB_KIND_PUBLICATION);
    if (publication == NULL) {
        return AB_STALE;
    }
    aeron_publication_constants_t constants;
    if (ab_aeron->exclusive_publication_constants(publication->aeron, &constants) < 0) {
        return AB_FAILED;
    }
    *info = (ab_publication_info){
        .registration_id = constants.registration_id,
        .max_possible_position = constants.max_possible_position,
        .term_buffer_length = constants.term_buffer_length,
        .max_message_length = constants.max_message_length,
        .max_payload_length = constants.max_payload_length,
        .stream_id = constants.stream_id,
        .session_id = constants.session_id,
        .initial_term_id = constants.initial_term_id,
        .publication_limit_counter_id = constants.publication_limit_counter_id,
        .channel_status_indicator_id = constants.channel_status_indicator_id,
    };
    return AB_OK;
}

int ab_publication_is_connected(ab_handle handle) {
    ab_publication *publication = ab_slot_peek(handle, AB_KIND_PUBLICATION);
    return publication == NULL ? AB_STALE : ab_aeron->exclusive_publication_is_connected(publication->aeron) ? 1 : 0;
}

int64_t ab_publication_position(ab_handle handle) {
    ab_publication *publication = ab_slot_peek(handle, AB_KIND_PUBLICATION);
    return publication == NULL ? AB_STALE : ab_aeron->exclusive_publication_position(publication->aeron);
}

int64_t ab_publication_position_limit(ab_handle handle) {
    ab_publication *publication = ab_slot_peek(handle, AB_KIND_PUBLICATION);
    return publication == NULL ? AB_STALE : ab_aeron->exclusive_publication_position_limit(publication->aeron);
}

int64_t ab_publication_channel_status(ab_handle handle) {
    ab_publication *publication = ab_slot_peek(handle, AB_KIND_PUBLICATION);
    return publication == NULL ? AB_STALE : ab_aeron->exclusive_publication_channel_status(publication->aeron);
}

/* A subscription of this process, not one that only tests feed. */
static aeron_subscription_t *subscribed(ab_handle handle) {
    ab_subscription *subscription = ab_slot_peek(handle, AB_KIND_SUBSCRIPTION);
    return subscription == NULL ? NULL : subscription->aeron;
}

int ab_subscription_is_connected(ab_handle handle) {
    aeron_subscription_t *subscription = subscribed(handle);
    return subscription == NULL ? AB_STALE : ab_aeron->subscription_is_connected(subscription) ? 1 : 0;
}

int ab_subscription_image_count(ab_handle handle) {
    aeron_subscription_t *subscription = subscribed(handle);
    return subscription == NULL ? AB_STALE : ab_aeron->subscription_image_count(subscription);
}

int64_t ab_subscription_channel_status(ab_handle handle) {
    aeron_subscription_t *subscription = subscribed(handle);
    return subscription == NULL ? AB_STALE : ab_aeron->subscription_channel_status(subscription);
}

int64_t ab_subscription_registration_id(ab_handle handle) {
    aeron_subscription_t *subscription = subscribed(handle);
    aeron_subscription_constants_t constants;
    if (subscription == NULL) {
        return AB_STALE;
    }
    return ab_aeron->subscription_constants(subscription, &constants) < 0 ? AB_FAILED : constants.registration_id;
}

int ab_subscription_endpoint(ab_handle handle, char *text, size_t size) {
    aeron_subscription_t *subscription = subscribed(handle);
    return subscription == NULL ? AB_STALE : ab_aeron->subscription_resolved_endpoint(subscription, text, size);
}

int ab_counter_set(ab_handle handle, int64_t value) {
    ab_counter *counter = ab_slot_peek(handle, AB_KIND_COUNTER);
    if (counter == NULL) {
        return AB_STALE;
    }
    __atomic_store_n(counter->value, value, __ATOMIC_RELEASE); /* partner: any reader of the driver's counters file */
    return AB_OK;
}

int32_t ab_counter_id(ab_handle handle) {
    ab_counter *counter = ab_slot_peek(handle, AB_KIND_COUNTER);
    return counter == NULL ? AB_STALE : counter->id;
}
