/* ab_aeron: Aeron through one table of function pointers (architecture D8).
 *
 * Rules of this file
 *   - The only place that knows Aeron's names and layouts. No Aeron header is ever included: types are opaque here, the few
 *     value layouts that cross the border are restated below and are checked by size in ab_aeron.c.
 *   - `ab_aeron` is NULL until ab_aeron_load() or ab_aeron_use() succeeded. It is set once, before any other thread of ours
 *     calls Aeron, and never changes while an Aeron object is open. Call as  ab_aeron->exclusive_publication_offer(...).
 *   - A member is named as Aeron's function without the prefix `aeron_`. Both lists below make the members and the loader,
 *     so a function is named once.
 *   - A fault test fills a table of its own (designated initialisers, the rest NULL) and hands it to ab_aeron_use().
 *
 * Sources: aeron-client aeronc.h and aeron-driver aeronmd.h, Aeron 1.53.
 */
#ifndef AB_AERON_H
#define AB_AERON_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ab_result.h"

/* Opaque: only pointers to these ever pass through our hands. */
typedef struct aeron_context_stct aeron_context_t;
typedef struct aeron_stct aeron_t;
typedef struct aeron_exclusive_publication_stct aeron_exclusive_publication_t;
typedef struct aeron_subscription_stct aeron_subscription_t;
typedef struct aeron_image_stct aeron_image_t;
typedef struct aeron_header_stct aeron_header_t;
typedef struct aeron_counter_stct aeron_counter_t;
typedef struct aeron_counters_reader_stct aeron_counters_reader_t;
typedef struct aeron_client_registering_resource_stct aeron_async_t; /* one type behind every aeron_async_add_*_t */
typedef struct aeron_driver_context_stct aeron_driver_context_t;
typedef struct aeron_driver_stct aeron_driver_t;

/* What offer and try_claim return below zero (a position above it). */
#define AERON_PUBLICATION_NOT_CONNECTED (-1L)
#define AERON_PUBLICATION_BACK_PRESSURED (-2L)
#define AERON_PUBLICATION_ADMIN_ACTION (-3L)
#define AERON_PUBLICATION_CLOSED (-4L)
#define AERON_PUBLICATION_MAX_POSITION_EXCEEDED (-5L)
#define AERON_PUBLICATION_ERROR (-6L)

/* What a controlled fragment handler answers. */
#define AERON_ACTION_ABORT 1    /* stop; this fragment is delivered again */
#define AERON_ACTION_BREAK 2    /* stop after this fragment */
#define AERON_ACTION_COMMIT 3   /* go on; the position moves now */
#define AERON_ACTION_CONTINUE 4 /* go on; the position moves at the end of the poll */

/* Bits of the flags of a data frame. Both set: a whole message in one fragment. */
#define AERON_DATA_HEADER_BEGIN_FLAG 0x80
#define AERON_DATA_HEADER_END_FLAG 0x40
#define AERON_DATA_HEADER_LENGTH 32u

/* Client errors (aeron_errcode, error handler) beyond errno. */
#define AERON_CLIENT_ERROR_DRIVER_TIMEOUT 1000
#define AERON_CLIENT_ERROR_CLIENT_TIMEOUT 1001
#define AERON_CLIENT_ERROR_CONDUCTOR_SERVICE_TIMEOUT 1002
#define AERON_CLIENT_ERROR_BUFFER_FULL 1003
#define AERON_CLIENT_ERROR_DRIVER_BUFFER_FULL 1004

/* A data frame's header and what a position is computed from. Aeron packs both to 4 bytes. */
#pragma pack(push, 4)
typedef struct aeron_header_values_frame {
    int32_t frame_length;
    int8_t version;
    uint8_t flags;
    int16_t type;
    int32_t term_offset;
    int32_t session_id;
    int32_t stream_id;
    int32_t term_id;
    int64_t reserved_value;
} aeron_header_values_frame_t;

typedef struct aeron_header_values {
    aeron_header_values_frame_t frame;
    int32_t initial_term_id;
    size_t position_bits_to_shift;
} aeron_header_values_t;
#pragma pack(pop)

typedef struct aeron_iovec {
    uint8_t *iov_base;
    size_t iov_len;
} aeron_iovec_t;

typedef struct aeron_buffer_claim {
    uint8_t *frame_header;
    uint8_t *data;
    size_t length;
} aeron_buffer_claim_t;

typedef struct aeron_publication_constants {
    const char *channel;
    int64_t original_registration_id;
    int64_t registration_id;
    int64_t max_possible_position;
    size_t position_bits_to_shift;
    size_t term_buffer_length;
    size_t max_message_length;
    size_t max_payload_length;
    int32_t stream_id;
    int32_t session_id;
    int32_t initial_term_id;
    int32_t publication_limit_counter_id;
    int32_t channel_status_indicator_id;
} aeron_publication_constants_t;

typedef void (*aeron_notification_t)(void *clientd);
typedef void (*aeron_error_handler_t)(void *clientd, int errcode, const char *message);
typedef void (*aeron_on_image_t)(void *clientd, aeron_subscription_t *subscription, aeron_image_t *image);
typedef int64_t (*aeron_reserved_value_supplier_t)(void *clientd, uint8_t *buffer, size_t frame_length);
typedef void (*aeron_block_handler_t)(
    void *clientd, const uint8_t *buffer, size_t length, int32_t session_id, int32_t term_id);

typedef int (*aeron_controlled_fragment_handler_t)(
    void *clientd, const uint8_t *buffer, size_t length, aeron_header_t *header);
typedef int (*aeron_fprintf_handler_t)(const char *file, uint64_t line, void *stream, const char *format, va_list args);

typedef struct aeron_subscription_constants {
    const char *channel;
    aeron_on_image_t on_available_image;
    aeron_on_image_t on_unavailable_image;
    int64_t registration_id;
    int32_t stream_id;
    int32_t channel_status_indicator_id;
} aeron_subscription_constants_t;

typedef struct aeron_image_constants {
    aeron_subscription_t *subscription;
    const char *source_identity;
    int64_t correlation_id;
    int64_t join_position;
    size_t position_bits_to_shift;
    size_t term_buffer_length;
    size_t mtu_length;
    int32_t session_id;
    int32_t initial_term_id;
    int32_t subscriber_position_id;
} aeron_image_constants_t;

typedef struct aeron_counter_constants {
    int64_t correlation_id;
    int64_t registration_id;
    int32_t counter_id;
} aeron_counter_constants_t;

/* X(result, name, (parameters)): every client function we call. All must be present. */
#define AB_AERON_CLIENT_FUNCTIONS(X)                                                                                        \
    X(const char *, version_full, (void))                                                                                   \
    X(int, version_major, (void))                                                                                           \
    X(int, version_minor, (void))                                                                                           \
    X(int, version_patch, (void))                                                                                           \
    X(int, errcode, (void))                                                                                                 \
    X(const char *, errmsg, (void))                                                                                         \
    X(int64_t, nano_clock, (void))                                                                                          \
    X(int64_t, epoch_clock, (void))                                                                                         \
    X(int, default_path, (char *path, size_t path_length))                                                                  \
    X(int, context_init, (aeron_context_t **context))                                                                       \
    X(int, context_close, (aeron_context_t *context))                                                                       \
    X(int, context_set_dir, (aeron_context_t *context, const char *value))                                                  \
    X(int, context_set_driver_timeout_ms, (aeron_context_t *context, uint64_t value))                                       \
    X(int, context_set_keepalive_interval_ns, (aeron_context_t *context, uint64_t value))                                   \
    X(int, context_set_idle_strategy_init_args, (aeron_context_t *context, const char *value))                              \
    X(int, context_set_idle_strategy, (aeron_context_t *context, const char *value))                                        \
    X(int, context_set_client_name, (aeron_context_t *context, const char *value))                                          \
    X(int, context_set_pre_touch_mapped_memory, (aeron_context_t *context, bool value))                                     \
    X(int, context_set_error_handler, (aeron_context_t *context, aeron_error_handler_t handler, void *clientd))             \
    X(int, context_set_on_close_client, (aeron_context_t *context, aeron_notification_t handler, void *clientd))            \
    X(int, init, (aeron_t **client, aeron_context_t *context))                                                              \
    X(int, start, (aeron_t *client))                                                                                        \
    X(int, close, (aeron_t *client))                                                                                        \
    X(bool, is_closed, (aeron_t *client))                                                                                   \
    X(int64_t, client_id, (aeron_t *client))                                                                                \
    X(aeron_counters_reader_t *, counters_reader, (aeron_t *client))                                                        \
    X(int64_t *, counters_reader_addr, (aeron_counters_reader_t *reader, int32_t counter_id))                               \
    X(int, counters_reader_counter_label,                                                                                   \
      (aeron_counters_reader_t *reader, int32_t counter_id, char *buffer, size_t buffer_length))                            \
    X(int, async_add_exclusive_publication, (aeron_async_t **async, aeron_t *client, const char *uri, int32_t stream_id))   \
    X(int, async_add_exclusive_publication_poll, (aeron_exclusive_publication_t **publication, aeron_async_t *async))       \
    X(int, async_add_exclusive_publication_cancel, (aeron_t *client, aeron_async_t *async))                                 \
    X(int, async_add_subscription,                                                                                          \
      (aeron_async_t **async, aeron_t *client, const char *uri, int32_t stream_id, aeron_on_image_t on_available,           \
       void *on_available_clientd, aeron_on_image_t on_unavailable, void *on_unavailable_clientd))                          \
    X(int, async_add_subscription_poll, (aeron_subscription_t **subscription, aeron_async_t *async))                        \
    X(int, async_add_subscription_cancel, (aeron_t *client, aeron_async_t *async))                                          \
    X(int, async_add_counter,                                                                                               \
      (aeron_async_t **async, aeron_t *client, int32_t type_id, const uint8_t *key, size_t key_length, const char *label,   \
       size_t label_length))                                                                                                \
    X(int, async_add_counter_poll, (aeron_counter_t **counter, aeron_async_t *async))                                       \
    X(int, async_add_counter_cancel, (aeron_t *client, aeron_async_t *async))                                               \
    X(int64_t *, counter_addr, (aeron_counter_t *counter))                                                                  \
    X(int, counter_constants, (aeron_counter_t *counter, aeron_counter_constants_t *constants))                             \
    X(int, counter_close, (aeron_counter_t *counter, aeron_notification_t on_complete, void *clientd))                      \
    X(int64_t, exclusive_publication_offer,                                                                                 \
      (aeron_exclusive_publication_t *publication, const uint8_t *buffer, size_t length,                                    \
       aeron_reserved_value_supplier_t supplier, void *clientd))                                                            \
    X(int64_t, exclusive_publication_offerv,                                                                                \
      (aeron_exclusive_publication_t *publication, aeron_iovec_t *iov, size_t count,                                        \
       aeron_reserved_value_supplier_t supplier, void *clientd))                                                            \
    X(int64_t, exclusive_publication_try_claim,                                                                             \
      (aeron_exclusive_publication_t *publication, size_t length, aeron_buffer_claim_t *claim))                             \
    X(int, buffer_claim_commit, (aeron_buffer_claim_t *claim))                                                              \
    X(int, buffer_claim_abort, (aeron_buffer_claim_t *claim))                                                               \
    X(int, exclusive_publication_constants,                                                                                 \
      (aeron_exclusive_publication_t *publication, aeron_publication_constants_t *constants))                               \
    X(int64_t, exclusive_publication_position, (aeron_exclusive_publication_t *publication))                                \
    X(int64_t, exclusive_publication_position_limit, (aeron_exclusive_publication_t *publication))                          \
    X(int64_t, exclusive_publication_channel_status, (aeron_exclusive_publication_t *publication))                          \
    X(bool, exclusive_publication_is_connected, (aeron_exclusive_publication_t *publication))                               \
    X(bool, exclusive_publication_is_closed, (aeron_exclusive_publication_t *publication))                                  \
    X(int, exclusive_publication_close,                                                                                     \
      (aeron_exclusive_publication_t *publication, aeron_notification_t on_complete, void *clientd))                        \
    X(int, subscription_controlled_poll,                                                                                    \
      (aeron_subscription_t *subscription, aeron_controlled_fragment_handler_t handler, void *clientd, size_t limit))       \
    X(int, subscription_constants, (aeron_subscription_t *subscription, aeron_subscription_constants_t *constants))         \
    X(bool, subscription_is_connected, (aeron_subscription_t *subscription))                                                \
    X(bool, subscription_is_closed, (aeron_subscription_t *subscription))                                                   \
    X(int, subscription_image_count, (aeron_subscription_t *subscription))                                                  \
    X(int64_t, subscription_channel_status, (aeron_subscription_t *subscription))                                           \
    X(int, subscription_resolved_endpoint,                                                                                  \
      (aeron_subscription_t *subscription, const char *address, size_t address_length))                                     \
    X(int, subscription_close, (aeron_subscription_t *subscription, aeron_notification_t on_complete, void *clientd))       \
    X(int, image_constants, (aeron_image_t *image, aeron_image_constants_t *constants))                                     \
    X(int64_t, image_position, (aeron_image_t *image))                                                                      \
    X(int64_t, image_end_of_stream_position, (aeron_image_t *image))                                                        \
    X(bool, image_is_end_of_stream, (aeron_image_t *image))                                                                 \
    X(bool, image_is_closed, (aeron_image_t *image))                                                                        \
    X(int, header_values, (aeron_header_t *header, aeron_header_values_t *values))                                          \
    X(int64_t, header_position, (aeron_header_t *header))                                                                   \
    X(void *, header_context, (aeron_header_t *header))

/* Optional, each: NULL where the library has none. */
#define AB_AERON_OPTIONAL_FUNCTIONS(X)                                                                                      \
    X(aeron_fprintf_handler_t, set_fprintf_handler, (aeron_fprintf_handler_t handler))                                      \
    X(void, subscription_for_each_image,                                                                                    \
      (aeron_subscription_t *subscription, void (*handler)(aeron_image_t *image, void *clientd), void *clientd))            \
    X(int, image_block_poll,                                                                                                \
      (aeron_image_t *image, aeron_block_handler_t handler, void *clientd, size_t block_length_limit))

/* Media driver functions: optional as a group (a client-only library has none; then driver_init is NULL). */
#define AB_AERON_DRIVER_FUNCTIONS(X)                                                                                        \
    X(int, driver_context_init, (aeron_driver_context_t **context))                                                         \
    X(int, driver_context_close, (aeron_driver_context_t *context))                                                         \
    X(int, driver_init, (aeron_driver_t **driver, aeron_driver_context_t *context))                                         \
    X(int, driver_start, (aeron_driver_t *driver, bool manual_main_loop))                                                   \
    X(int, driver_close, (aeron_driver_t *driver))                                                                          \
    X(int, driver_context_set_dir, (aeron_driver_context_t *context, const char *value))                                    \
    X(int, driver_context_set_dir_warn_if_exists, (aeron_driver_context_t *context, bool value))                            \
    X(int, driver_context_set_dir_delete_on_start, (aeron_driver_context_t *context, bool value))                           \
    X(int, driver_context_set_dir_delete_on_shutdown, (aeron_driver_context_t *context, bool value))                        \
    X(int, driver_context_set_threading_mode, (aeron_driver_context_t *context, int mode))                                  \
    X(int, driver_context_set_print_configuration, (aeron_driver_context_t *context, bool value))                           \
    X(int, driver_context_set_term_buffer_sparse_file, (aeron_driver_context_t *context, bool value))                       \
    X(int, driver_context_set_perform_storage_checks, (aeron_driver_context_t *context, bool value))                        \
    X(int, driver_context_set_low_file_store_warning_threshold, (aeron_driver_context_t *context, uint64_t value))          \
    X(int, driver_context_set_term_buffer_length, (aeron_driver_context_t *context, size_t value))                          \
    X(int, driver_context_set_ipc_term_buffer_length, (aeron_driver_context_t *context, size_t value))                      \
    X(int, driver_context_set_mtu_length, (aeron_driver_context_t *context, size_t value))                                  \
    X(int, driver_context_set_ipc_mtu_length, (aeron_driver_context_t *context, size_t value))                              \
    X(int, driver_context_set_socket_so_rcvbuf, (aeron_driver_context_t *context, size_t value))                            \
    X(int, driver_context_set_socket_so_sndbuf, (aeron_driver_context_t *context, size_t value))                            \
    X(int, driver_context_set_rcv_initial_window_length, (aeron_driver_context_t *context, size_t value))                   \
    X(int, driver_context_set_counters_buffer_length, (aeron_driver_context_t *context, size_t value))                      \
    X(int, driver_context_set_error_buffer_length, (aeron_driver_context_t *context, size_t value))                         \
    X(int, driver_context_set_to_conductor_buffer_length, (aeron_driver_context_t *context, size_t value))                  \
    X(int, driver_context_set_to_clients_buffer_length, (aeron_driver_context_t *context, size_t value))                    \
    X(int, driver_context_set_loss_report_buffer_length, (aeron_driver_context_t *context, size_t value))                   \
    X(int, driver_context_set_client_liveness_timeout_ns, (aeron_driver_context_t *context, uint64_t value))                \
    X(int, driver_context_set_image_liveness_timeout_ns, (aeron_driver_context_t *context, uint64_t value))                 \
    X(int, driver_context_set_publication_unblock_timeout_ns, (aeron_driver_context_t *context, uint64_t value))            \
    X(int, driver_context_set_publication_linger_timeout_ns, (aeron_driver_context_t *context, uint64_t value))             \
    X(int, driver_context_set_publication_connection_timeout_ns, (aeron_driver_context_t *context, uint64_t value))         \
    X(int, driver_context_set_counters_free_to_reuse_timeout_ns, (aeron_driver_context_t *context, uint64_t value))         \
    X(int, driver_context_set_timer_interval_ns, (aeron_driver_context_t *context, uint64_t value))                         \
    X(int, driver_context_set_driver_timeout_ms, (aeron_driver_context_t *context, uint64_t value))                         \
    X(int, driver_context_set_stream_session_limit, (aeron_driver_context_t *context, int32_t value))                       \
    X(int, driver_context_set_spies_simulate_connection, (aeron_driver_context_t *context, bool value))                     \
    X(int, driver_context_set_conductor_idle_strategy, (aeron_driver_context_t *context, const char *value))                \
    X(int, driver_context_set_sender_idle_strategy, (aeron_driver_context_t *context, const char *value))                   \
    X(int, driver_context_set_receiver_idle_strategy, (aeron_driver_context_t *context, const char *value))                 \
    X(int, driver_context_set_shared_idle_strategy, (aeron_driver_context_t *context, const char *value))                   \
    X(int, driver_context_set_sharednetwork_idle_strategy, (aeron_driver_context_t *context, const char *value))            \
    X(int, driver_context_set_conductor_idle_strategy_init_args, (aeron_driver_context_t *context, const char *value))      \
    X(int, driver_context_set_sender_idle_strategy_init_args, (aeron_driver_context_t *context, const char *value))         \
    X(int, driver_context_set_receiver_idle_strategy_init_args, (aeron_driver_context_t *context, const char *value))       \
    X(int, driver_context_set_shared_idle_strategy_init_args, (aeron_driver_context_t *context, const char *value))         \
    X(int, driver_context_set_sharednetwork_idle_strategy_init_args, (aeron_driver_context_t *context, const char *value))  \
    X(int, driver_context_set_conductor_cpu_affinity, (aeron_driver_context_t *context, int32_t value))                     \
    X(int, driver_context_set_sender_cpu_affinity, (aeron_driver_context_t *context, int32_t value))                        \
    X(int, driver_context_set_receiver_cpu_affinity, (aeron_driver_context_t *context, int32_t value))

typedef struct ab_aeron_table {
#define AB_AERON_MEMBER(result, name, parameters) result(*name) parameters;
    AB_AERON_CLIENT_FUNCTIONS(AB_AERON_MEMBER)
    AB_AERON_OPTIONAL_FUNCTIONS(AB_AERON_MEMBER)
    AB_AERON_DRIVER_FUNCTIONS(AB_AERON_MEMBER)
#undef AB_AERON_MEMBER
} ab_aeron_table;

/* The table in use; NULL until one is loaded. Read-only for everyone but ab_aeron.c. */
extern const ab_aeron_table *ab_aeron;

/* Put a scripted table in place (fault tests); NULL unloads. The caller keeps it alive. */
void ab_aeron_use(const ab_aeron_table *table);

/* cffi:begin */
/* Load the client functions, and the driver functions where the same library has them, from the library at `path`
 * (NULL: the names the dynamic linker knows for libaeron). Once loaded, a second call does nothing.
 * Returns AB_OK, or AB_FAILED with the reason (the file, the first missing symbol, the version) in `error`. */
int ab_aeron_load(const char *path, ab_error *error);

/* Add the driver functions from a library of their own (system libaeron_driver). Same results. */
int ab_aeron_load_driver(const char *path, ab_error *error);

int ab_aeron_loaded(void);                    /* 0 nothing, 1 client functions, 2 client and driver functions */
const char *ab_aeron_version(void);           /* Aeron's own full version text; "" when nothing is loaded */
int32_t ab_aeron_version_number(void);        /* major * 1000000 + minor * 1000 + patch; 0 when nothing is loaded */
/* cffi:end */

#endif
