/*
 * ab_endpoint: the two ends of a stream, an exclusive publication and a subscription, and what we keep beside them.
 *
 * Who owns what
 *   | part                       | made by            | used by                     | freed by                        |
 *   | aeron                      | ab_client          | ab_offer, ab_poll           | ab_client, after quiesce        |
 *   | the struct                 | ab_*_create        | through its handle          | ab_*_free, after Aeron's close  |
 *   | counters                   | the caller (stats) | plain stores by the owner   | the caller, after the handle    |
 *   | wake                       | ab_event_create    | ab_offer                    | counted (ab_event_release)      |
 *   | batch                      | ab_subscription    | ab_poll, exported views     | counted (ab_batch_release)      |
 *   | image events               | the struct         | conductor puts, poller takes| with the struct                 |
 *
 * Threads
 *   A publication is used by one thread at a time: its handle's builtin keeps the GIL, and that is the lock around sequence
 *   and offer (trap P10). A subscription belongs to its poller's thread (trap P15); the only other visitor is Aeron's
 *   conductor, through the image event ring.
 *
 * The image event ring: one producer, Aeron's conductor in on_available/on_unavailable; one consumer, the poller's thread at
 * the start of a pass. When it is full the event is counted in `lost` and the poller says so in a notice: a session whose
 * departure was lost only keeps its reassembly bytes until its table entry is needed.
 */
#ifndef AB_ENDPOINT_H
#define AB_ENDPOINT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ab_aeron.h"
#include "ab_clock.h"
#include "ab_counters.h"
#include "ab_frame.h"
#include "ab_layout.h"
#include "ab_quarantine.h"
#include "ab_result.h"
#include "ab_shape.h"
#include "ab_slot.h"
#include "ab_wait.h"
#include "ab_whole.h"

/* cffi:begin */
/* A message type a stream declares. */
typedef struct {
    uint16_t type_id;
    uint16_t version;   /* written by a publisher; a subscriber takes every version (fields are appended, with defaults) */
    uint16_t wanted;    /* subscriber: 1 when a handler takes it */
} ab_type;

/* What to do with an open publication. `frame` 1: our 32 bytes in front; 0: bodies as they are. `format` is an ab_format.
 * `publisher` is the random id of this publisher start, `sequence` its next number: both are kept over a reconnect, so that
 * subscribers see what was lost in between. `counters` has AB_STREAM_COUNTERS numbers and outlives the publication (NULL:
 * its own). `wake` is the event of this node's poller of the stream, or NULL; it is retained.
 * AB_OK, AB_STALE, AB_INVALID (frame, format, publisher 0, a type 0 or declared twice), AB_NO_MEMORY. Keeps the GIL. */
int ab_publication_configure(ab_handle publication, int frame, int format, uint32_t publisher, uint64_t sequence,
                             const ab_type *types, size_t type_count, int64_t *counters, ab_event *wake);

/* The same for a subscription: the types it declares and wants; counters as above. Before this it takes nothing. */
int ab_subscription_configure(ab_handle subscription, int frame, int format, const ab_type *types, size_t type_count,
                              int64_t *counters);

/* Format struct: the layout of a type this end was configured with; it is retained. AB_OK, AB_STALE, or AB_INVALID for a type
 * that was not declared or another format. Keeps the GIL. */
int ab_publication_layout(ab_handle publication, ab_layout *layout);
int ab_subscription_layout(ab_handle subscription, ab_layout *layout);

/* How much one batch takes: messages, and bytes of bodies (a larger message has a batch alone). Before the first poll.
 * AB_OK, AB_STALE, AB_INVALID (0, above 65,535 messages or 16 MiB, or the batch is in use), AB_NO_MEMORY. Keeps the GIL. */
int ab_subscription_batch(ab_handle subscription, uint32_t messages, size_t bytes);

enum ab_image_event_kind { AB_IMAGE_JOINED = 1, AB_IMAGE_LEFT = 2 };
/* cffi:end */

typedef struct ab_gather ab_gather;             /* ab_gather: batch frames on their way out */
typedef struct ab_local_log ab_local_log;       /* ab_local: the in-process transport */
typedef struct ab_local_image ab_local_image;
typedef struct ab_local_reader ab_local_reader;
typedef struct ab_replay ab_replay;             /* ab_replay: a recording in front of the live stream */
typedef struct ab_marks ab_marks;               /* ab_marks: how far each session is recorded */

#define AB_BATCH_MESSAGES 256u              /* what a batch takes unless ab_subscription_batch says else */
#define AB_BATCH_BYTES 65536u
#define AB_SESSIONS 64u                     /* the driver's session limit of a stream */
#define AB_IMAGE_LOGS 128u                  /* images whose log is known; twice the limit of sessions */
#define AB_PUBLISHERS 256u                  /* remembered publisher starts; the longest silent one makes room */
#define AB_MESSAGE_MAX (16u * 1024u * 1024u) /* Aeron's own limit: AERON_MAX_MESSAGE_LENGTH */
#define AB_REASSEMBLY_MAX (64u * 1024u * 1024u) /* all half-received messages of a subscription together */
#define AB_NOTICES 256u
#define AB_IMAGE_EVENTS 1024u               /* a power of two */
#define AB_TYPES_MAX 65535u

/* ---- publication ------------------------------------------------------------------------------------------------- */

typedef struct ab_publication {
    aeron_exclusive_publication_t *aeron; /* NULL: an in-process one */
    ab_local_log *local;    /* NULL: Aeron's */
    ab_handle client;
    int32_t session_id;
    int32_t stream_id;
    size_t max_message_length;
    size_t max_payload_length;

    int frame;
    uint8_t format;
    bool configured;
    bool hello_due;         /* Hello was refused (nobody connected): ab_offer says it before the next message */
    bool held;              /* refused messages wait in front: new ones are refused, only retries pass */
    uint32_t publisher;
    uint64_t sequence;      /* of the next message */
    int64_t *counters;      /* never NULL */
    ab_event *wake;         /* or NULL */
    uint16_t *type_index;   /* by type id: index into types + 1, 0 undeclared; 65,536 entries, touched as needed */
    ab_type *types;
    ab_layout **layouts;    /* one for each of types; NULL but for format struct */
    ab_gather *gather;      /* NULL: frames of several are made of lists and arrays alone */
    size_t type_count;
    ab_stamp stamp;         /* publish times */
    ab_shape shapes[AB_SHAPES]; /* of the elements of lists */
    ab_error error;         /* of the last AB_FAILED */
    int64_t own_counters[AB_STREAM_COUNTERS];
} ab_publication;

/* Zeroed but for the arguments; NULL without memory. Nothing is sent before ab_publication_configure. */
ab_publication *ab_publication_create(aeron_exclusive_publication_t *aeron, ab_handle client, int32_t session_id,
                                      int32_t stream_id, size_t max_message_length, size_t max_payload_length);
/* After the handle is retired and Aeron's publication closed. NULL is fine. */
void ab_publication_free(ab_publication *publication);

/* ---- subscription ------------------------------------------------------------------------------------------------ */

/* Where a message of the batch came from. */
typedef struct {
    int64_t position;        /* of its end in the stream, as Aeron's header position: polling on from here gives the next */
    uint64_t sequence;
    int64_t publish_time_ns; /* 0 without our frame */
    int32_t session_id;
    uint32_t publisher;
    uint32_t offset;         /* of the body in the batch's bytes */
    uint32_t length;
    uint32_t index;          /* in its batch frame */
    uint16_t type_id;
    uint16_t version;
} ab_record;

/* The messages handed over by one poll: bytes and records. Counted, since a view of the bytes may outlive the close. */
typedef struct {
    atomic_uint references;
    uint32_t exports;         /* views of the bytes now out; while there are any nothing is written (GIL) */
    uint8_t *bytes;           /* AB_BATCH_HEAD bytes that end with the msgpack array header, then the bodies */
    size_t length;            /* used, head included */
    size_t capacity;
    size_t arrived;           /* bytes of its bodies as they came; fixed layouts are padded here */
    size_t unused;            /* batches in a row that did not need a grown buffer */
    uint32_t count;           /* messages, and records in use */
    bool replayed;            /* some of them come from a recording: ab_replay_recorded knows which */
    bool complete;            /* handed over: the array header is written, the port may look */
    int64_t receive_time_ns;  /* realtime, of the pass that took them; 0 before the first message */
    uint32_t messages_max;    /* records */
    size_t bytes_max;
    ab_record *records;
} ab_batch;

#define AB_BATCH_HEAD 8u  /* so that fixed layouts lie aligned; its last five bytes are */
#define AB_BATCH_ARRAY 3u /* 0xdd and a u32: msgpack's array 32 */

typedef struct {
    int32_t session_id;
    bool used;
    bool assembling;
    bool skipping;            /* fragments of a message whose beginning we lack go by; it is already counted */
    uint32_t publisher;       /* index of the publisher last seen here, AB_PUBLISHERS: none */
    uint32_t fragment_max;    /* mtu - 32, or 0 when Aeron did not tell */
    int64_t position;         /* end of the last fragment taken; a later one must end behind it */
    int64_t assembly_begin;   /* of the half-received message: a mark is before it */
    int64_t replayed;         /* fragments that end here or before are in a recording: dropped, no fault; 0: none */
    int64_t last_used;        /* pass number, for the choice of who makes room */
    int64_t resume_position;  /* a batch frame that was cut by a full batch: its end, */
    uint32_t resume_index;    /* and its first message not yet delivered */
    int32_t initial_term_id;  /* of its image */
    uint32_t mark;            /* ab_marks: its row + 1; 0: none */
    uint8_t *assembly;        /* the half-received message */
    size_t assembled;
    size_t assembly_capacity;
} ab_session;

typedef struct {
    uint32_t id;              /* 0: free */
    int32_t session_id;
    uint64_t next;            /* sequence expected */
    int64_t last_used;        /* number of the pass that ended its life; who is live is not asked */
    bool live;                /* joined, and neither Bye nor its image's end seen */
} ab_publisher;

/* Something between messages. Fields that a kind does not name are 0. */
typedef struct {
    int32_t kind;             /* ab_notice_kind */
    int32_t session_id;
    uint32_t publisher;
    uint64_t first;
    uint64_t last;
    int64_t position;
} ab_notice;

typedef struct {
    int32_t kind;             /* ab_image_event_kind */
    int32_t session_id;
    uint32_t mtu_length;      /* joined; 0 when unknown */
    int32_t initial_term_id;  /* joined */
    int64_t position;         /* joined: where it begins for us; left: how far it was read */
    int64_t end_of_stream;    /* left: where the stream ended, INT64_MAX when Aeron does not know */
} ab_image_event;

typedef struct {
    _Alignas(64) atomic_uint put;   /* SYNC C: released by the conductor, acquired by the poller */
    atomic_uint lost;
    _Alignas(64) atomic_uint taken; /* SYNC D: released by the poller, acquired by the conductor */
    _Alignas(64) ab_image_event events[AB_IMAGE_EVENTS];
} ab_image_events;

typedef struct {
    uint16_t type_id;
    uint16_t wanted;
    int64_t delivered;
    ab_layout *layout;        /* format struct; NULL: nothing of this type can be taken */
} ab_type_count;

/* Where the log of an image is in memory. */
typedef struct {
    bool met;                 /* a fragment was seen in it */
    const uint8_t *begin;     /* address of the payload of a frame at its offset 0; NULL: not known */
} ab_term;

typedef struct {
    bool used;
    int32_t session_id;       /* what its frames must say */
    int32_t initial_term_id;
    uint32_t term_bits;
    int64_t image_id;         /* Aeron's correlation id: never used twice */
    ab_term terms[3];
    const uint8_t *broken_at; /* a fragment that leads out of its term: counted once */
    int64_t last_used;        /* number of the pass */
} ab_image_log;

/* Who takes whole messages as they are, in place of the batch: a recorder. Both run inside ab_poll, on the poller's thread. */
typedef struct ab_sink ab_sink;
struct ab_sink {
    /* Messages of one session in their order, received at `time_ns` (realtime; of the pass). How many it took from the front; there is
     * no room now for the rest, which comes again in a later pass. The bytes are the caller's and are gone afterwards. */
    size_t (*take)(ab_sink *sink, int32_t session_id, int64_t time_ns, const ab_whole *messages, size_t count);
    /* The pass is over. AB_OK, or a negative code with `*error` set: ab_poll then returns it. */
    int (*end_pass)(ab_sink *sink, ab_error *error);
    void (*release)(ab_sink *sink); /* the subscription is freed */
};

typedef struct ab_subscription {
    aeron_subscription_t *aeron; /* NULL: in-process, or only fed by tests */
    ab_local_reader *local;   /* NULL: Aeron's, or fed */
    ab_sink *sink;            /* NULL: messages go to the batch */
    ab_replay *replay;        /* NULL: live only */
    ab_marks *marks;          /* NULL: none */
    ab_handle client;

    int frame;
    uint8_t format;
    bool configured;
    bool ended;               /* this pass: the batch is full or must end; every further fragment is aborted */
    bool handed;              /* the batch went to the port: the next pass begins a new one */
    int64_t pass;             /* number of the pass, for ages */
    int64_t pass_time_ns;     /* realtime of this pass, 0 until needed */
    int64_t *counters;        /* never NULL */
    uint16_t marks_stream;    /* number of the stream in the recording */
    bool marks_framed;
    int64_t repeated;         /* messages dropped because a mark has them */
    ab_batch *batch;

    uint16_t *type_index;     /* by type id: index into types + 1, 0 undeclared; 65,536 entries, touched as needed */
    ab_type_count *types;
    size_t type_count;

    const aeron_image_t *image; /* whose fragments come now; only compared, never followed */
    int64_t image_position;   /* where this pass began in it */
    ab_image_log *log;        /* of it; NULL: not known */
    bool learning;            /* an image was met in this pass: it is known in the next */
    ab_image_log logs[AB_IMAGE_LOGS];

    ab_shape shapes[AB_SHAPES]; /* of the bodies, in format msgpack */
    uint32_t session_last;    /* index of the session met last */
    size_t reassembly_bytes;
    ab_session sessions[AB_SESSIONS];
    ab_publisher publishers[AB_PUBLISHERS];

    uint32_t notice_first, notice_count;
    ab_notice notices[AB_NOTICES];

    ab_quarantine quarantine;
    ab_error error;           /* of the last AB_FAILED */
    int64_t own_counters[AB_STREAM_COUNTERS];
    ab_image_events images;
} ab_subscription;

/* NULL without memory. `aeron` may be set later, as Aeron wants the image handlers' clientd (this struct) when it is added. */
ab_subscription *ab_subscription_create(aeron_subscription_t *aeron, ab_handle client);
/* After the handle is retired and Aeron's subscription closed (no image handler runs any more). NULL is fine. */
void ab_subscription_free(ab_subscription *subscription);

/* The conductor's side of the ring. Never waits, allocates nothing. */
void ab_image_event_put(ab_subscription *subscription, const ab_image_event *event);
/* The poller's side: false when empty. */
bool ab_image_event_take(ab_subscription *subscription, ab_image_event *event);

/* Aeron image handlers for async_add_subscription; clientd is the ab_subscription. They read the image's constants and
 * positions and put an event; they run on Aeron's conductor thread and hand nothing to Python. */
void ab_on_available_image(void *clientd, aeron_subscription_t *subscription, aeron_image_t *image);
void ab_on_unavailable_image(void *clientd, aeron_subscription_t *subscription, aeron_image_t *image);

void ab_batch_retain(ab_batch *batch);
void ab_batch_release(ab_batch *batch);

#endif
