/*
 * fake_aeron: a scripted Aeron in the function table, for tests of what real Aeron does once a year.
 *
 * The way in: images with real term memory. A test appends frames, honest or hostile, and the fake's controlled poll walks
 * them as Aeron's does: images in turn, an abort ends one image and the next is asked, a commit at the end of the poll.
 * Every term is allocated to its exact length, so AddressSanitizer sees a read past it.
 *
 * The way out: what the next offers answer is a script of results; what was accepted is kept as one message each.
 *
 * One of everything, static; fake_install() starts afresh. Only the functions the message path uses are in the table.
 */
#ifndef FAKE_AERON_H
#define FAKE_AERON_H

#include "../ab_endpoint.h"

#define FAKE_IMAGES 80
#define FAKE_MESSAGES 1024
#define FAKE_WHOLE 0xC0
#define FAKE_BEGIN 0x80
#define FAKE_MIDDLE 0x00
#define FAKE_END 0x40

struct aeron_image_stct {
    bool listed;
    bool closed;
    int64_t correlation_id;
    int32_t session_id;
    int32_t initial_term_id;
    size_t position_bits_to_shift;
    size_t mtu_length;
    int64_t join_position;
    int64_t position;      /* the subscriber's */
    int64_t tail;          /* where the next frame goes */
    int64_t end_of_stream;
    uint8_t *terms[3];
};

typedef struct {
    const char *name;      /* of the function that took it */
    uint8_t *bytes;
    size_t length;
} fake_message;

typedef struct {
    aeron_image_t images[FAKE_IMAGES];
    size_t round_robin;
    int polls;
    int services;          /* calls of image_count */
    int blocks;            /* block polls that moved a position */
    int fail_poll;         /* the next so many polls answer -1 */
    int fail_header;       /* the next so many header_values answer -1 */

    int64_t results[16];   /* what the next offers answer; a 0 accepts */
    size_t result_count, result_next;
    int offers;            /* offers and claims asked */
    bool disconnected;     /* nobody subscribes */
    int aborted;           /* claims given back */
    int64_t out_position;
    fake_message messages[FAKE_MESSAGES];
    size_t message_count;

    int errcode;
    const char *errmsg;
} fake_aeron;

extern fake_aeron fake;

/* Put the fake into the table, empty. Frees what the last test left. */
void fake_install(void);
void fake_remove(void);
/* Whether the library has the block poll; fake_install: it does. */
void fake_give_blocks(bool given);

/* Stand-ins for the opaque objects. */
aeron_subscription_t *fake_subscription(void);
aeron_exclusive_publication_t *fake_publication(void);

/* An image with terms of 2^bits bytes that begins at `position`. It is in the list at once; fake_announce() is the conductor's
 * call of the handler. */
aeron_image_t *fake_image(int32_t session_id, size_t bits, size_t mtu_length, int32_t initial_term_id, int64_t position);
void fake_announce(ab_subscription *subscription, aeron_image_t *image);
/* Out of the list, then the conductor's call. */
void fake_image_leaves(ab_subscription *subscription, aeron_image_t *image);

/* Append a data frame with its honest length. */
void fake_append(aeron_image_t *image, int flags, const void *payload, size_t length);
/* Append 32 bytes whose header says what it likes. `occupies` is what the tail moves by. */
void fake_append_header(aeron_image_t *image, int32_t frame_length, int flags, int type, int32_t term_offset, int64_t occupies);
/* Cut a message into fragments of `mtu` - 32 bytes and append them. */
void fake_append_fragments(aeron_image_t *image, const void *payload, size_t length);

void fake_answer(int64_t result);

#endif
