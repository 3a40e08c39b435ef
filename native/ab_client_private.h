/* ab_client_private: what ab_client.c and ab_resources.c share. Nobody else includes it. */
#ifndef AB_CLIENT_PRIVATE_H
#define AB_CLIENT_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "ab_aeron.h"
#include "ab_client.h"
#include "ab_errors.h"

/* Something to be freed with the client, when Aeron cannot call into it any more. */
typedef struct ab_buried {
    struct ab_buried *next;
    void (*free)(void *object);
    void *object;
} ab_buried;

struct ab_client {
    aeron_context_t *context;
    aeron_t *aeron;            /* NULL until connected */
    _Atomic int draining;      /* no more adds */
    _Atomic int children;      /* open or being closed */
    pthread_mutex_t lock;      /* buried */
    ab_buried *buried;
    ab_errors errors;
};

/* Aeron closed the client for good: the driver timed out, or took it for dead. */
static inline int ab_client_lost(ab_client *client) {
    return client->aeron != NULL && ab_aeron->is_closed(client->aeron) ? 1 : 0;
}

/* Fill `error` from Aeron's thread-local one, at once (trap P24). Returns AB_FAILED. */
int ab_aeron_failed(ab_error *error, const char *what);

#endif
