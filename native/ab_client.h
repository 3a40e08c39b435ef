/* ab_client: the connection to a media driver, and what is opened through it.
 *
 * Who owns what, and the order of closing
 *      client ──< publication, subscription, counter
 *
 *   1 ab_client_drain       no new children; an add that waits gives up
 *   2 each child            ab_*_retire   with the GIL: a caller that peeked has returned, no later one finds it
 *                           ab_*_close_wait   users of ab_slot_enter have left; Aeron's close, and its notice
 *   3 the client            ab_client_retire (refused while a child is open), ab_client_close_wait
 *
 * Rules
 *   - Aeron's close is immediate and frees under anybody's feet (trap P18), hence the order above and the slot table.
 *   - A child of a lost client (the driver went away) cannot be closed by Aeron any more: it is put aside and freed with the
 *     client. Aeron may call a subscription's image handlers until then.
 *   - Every wait has a deadline (CLOCK_MONOTONIC, ns). Aeron's own loop for a connection has none for a broken CnC file
 *     (trap P13): the caller has looked at that file before (actorbus/transport/cnc.py).
 *   - `*_wait` functions release the GIL, all others keep it. Aeron's conductor thread blocks every signal and runs no Python.
 */
#ifndef AB_CLIENT_H
#define AB_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "ab_endpoint.h"
#include "ab_result.h"
#include "ab_slot.h"

/* cffi:begin */
typedef struct ab_client ab_client;
typedef struct ab_publication ab_publication;
typedef struct ab_subscription ab_subscription;
typedef struct ab_counter ab_counter;

/* A client not yet connected; 0 on failure. `idle_ns`: how long Aeron's conductor thread sleeps between two looks.
 * `inherit` 1: AERON_* variables count. */
ab_handle ab_client_open(const char *directory, const char *name, int64_t driver_timeout_ms, int64_t idle_ns, int inherit,
                         ab_error *error);

/* Connect and start the conductor. AB_OK, AB_FAILED, AB_STALE. Waits at most the driver timeout. */
int ab_client_connect_wait(ab_handle client, ab_error *error);

int64_t ab_client_id(ab_handle client);                      /* Aeron's id of the client, or AB_STALE */
int ab_client_is_lost(ab_handle client);                     /* 1: closed by Aeron for good, 0, or AB_STALE. Any thread */
int ab_client_error_take(ab_handle client, ab_error *error); /* 1: the oldest error Aeron reported; 0: none; AB_STALE */
int ab_client_children(ab_handle client);                    /* open or closing, or AB_STALE */

int ab_client_drain(ab_handle client);                       /* AB_OK or AB_STALE */
ab_client *ab_client_retire(ab_handle client);               /* NULL: stale, or children are left */
int ab_client_close_wait(ab_client *client, ab_handle handle, int64_t deadline_ns, ab_error *error);

/* Adding answers a handle, or 0 with error->code: AB_FAILED (Aeron's number and text), AB_TIMED_OUT, AB_CLOSED (the client is
 * lost), AB_STALE (the client is closed or closing), AB_NO_MEMORY. */
ab_handle ab_publication_add_wait(ab_handle client, const char *channel, int32_t stream_id, int64_t deadline_ns,
                                  ab_error *error);
ab_handle ab_subscription_add_wait(ab_handle client, const char *channel, int32_t stream_id, int64_t deadline_ns,
                                   ab_error *error);
ab_handle ab_counter_add_wait(ab_handle client, int32_t type_id, const uint8_t *key, size_t key_length, const char *label,
                              size_t label_length, int64_t deadline_ns, ab_error *error);

/* Closing, step 1 and 2. close_wait: AB_OK; AB_TIMED_OUT (a user is still inside: nothing happened, call it again); AB_FAILED
 * (Aeron needed longer: put aside, freed with the client; no second call). */
ab_publication *ab_publication_retire(ab_handle publication);
int ab_publication_close_wait(ab_publication *publication, ab_handle handle, int64_t deadline_ns, ab_error *error);
ab_subscription *ab_subscription_retire(ab_handle subscription);
int ab_subscription_close_wait(ab_subscription *subscription, ab_handle handle, int64_t deadline_ns, ab_error *error);
ab_counter *ab_counter_retire(ab_handle counter);
int ab_counter_close_wait(ab_counter *counter, ab_handle handle, int64_t deadline_ns, ab_error *error);

/* What does not change while a publication is open. */
typedef struct {
    int64_t registration_id;
    int64_t max_possible_position;
    size_t term_buffer_length;
    size_t max_message_length;  /* Aeron's, our frame included */
    size_t max_payload_length;  /* of one fragment, our frame included */
    int32_t stream_id;
    int32_t session_id;
    int32_t initial_term_id;
    int32_t publication_limit_counter_id;
    int32_t channel_status_indicator_id;
} ab_publication_info;

int ab_publication_info_get(ab_handle publication, ab_publication_info *info); /* AB_OK, AB_FAILED, AB_STALE */
int ab_publication_is_connected(ab_handle publication);                        /* 1, 0, AB_STALE */
int64_t ab_publication_position(ab_handle publication);                        /* bytes; or AB_CLOSED, AB_STALE */
int64_t ab_publication_position_limit(ab_handle publication);                  /* bytes; or AB_CLOSED, AB_STALE */
int64_t ab_publication_channel_status(ab_handle publication);                  /* 1 active, -1 errored, AB_STALE */

/* These look at Aeron's list of images: the poller's thread alone may call them (trap P15). */
int ab_subscription_is_connected(ab_handle subscription);                      /* 1, 0, AB_STALE */
int ab_subscription_image_count(ab_handle subscription);                       /* or AB_STALE */
/* These do not: any thread. */
int64_t ab_subscription_channel_status(ab_handle subscription);                /* 1 active, -1 errored, AB_STALE */
int64_t ab_subscription_registration_id(ab_handle subscription);               /* or AB_STALE */
/* The address a UDP subscription is bound to, as `host:port`, which tells a port asked for as 0. Its length, 0 while it is
 * not bound, AB_FAILED, AB_STALE. */
int ab_subscription_endpoint(ab_handle subscription, char *text, size_t size);

int ab_counter_set(ab_handle counter, int64_t value);                          /* AB_OK or AB_STALE */
int32_t ab_counter_id(ab_handle counter);                                      /* in the driver's counters file; AB_STALE */
/* cffi:end */

#endif
