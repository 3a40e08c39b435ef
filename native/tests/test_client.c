/* ab_client, ab_resources, ab_driver over a scripted table: adds that are late or refused, closes that Aeron never answers, a
 * client that is lost, a driver that does not start. AddressSanitizer sees what is freed too early, LeakSanitizer what is not. */
#include "../ab_client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "../ab_aeron.h"
#include "../ab_driver.h"
#include "check.h"

#define MS INT64_C(1000000)

/* What the fake does next, and what it saw. */
static struct {
    _Atomic int answer;          /* of add polls: 1 there, 0 not yet, -1 refused */
    _Atomic int lost;
    int silent;                  /* closes are never answered */
    int start_fails;             /* driver_init */
    _Atomic int cancelled, closed, removes_directory;
    int environment_seen;        /* AERON_TEST was visible while a context was made */
    aeron_error_handler_t handler;
    void *clientd;
} fake;

static int64_t in_ms(int64_t ms) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec + ms * MS;
}

static int some; /* stands for every opaque object of Aeron's */
#define THING ((void *)&some)

static int fake_errcode(void) { return -11; }
static const char *fake_errmsg(void) { return "no space"; }
static int fake_context_init(aeron_context_t **context) {
    fake.environment_seen = getenv("AERON_TEST") != NULL;
    *context = THING;
    return 0;
}
static int ok_context(aeron_context_t *context) { return 0; }
static int ok_text(aeron_context_t *context, const char *value) { return 0; }
static int ok_number(aeron_context_t *context, uint64_t value) { return 0; }
static int set_handler(aeron_context_t *context, aeron_error_handler_t handler, void *clientd) {
    fake.handler = handler;
    fake.clientd = clientd;
    return 0;
}
static int fake_init(aeron_t **client, aeron_context_t *context) {
    *client = THING;
    return 0;
}
static int ok_client(aeron_t *client) { return 0; }
static int fake_close(aeron_t *client) {
    return 0;
}
static bool is_closed(aeron_t *client) { return atomic_load(&fake.lost); }

static int add(aeron_async_t **async, aeron_t *client, const char *uri, int32_t stream_id) {
    if (strcmp(uri, "bad") == 0) {
        return -1;
    }
    *async = THING;
    return 0;
}
static int add_poll_publication(aeron_exclusive_publication_t **publication, aeron_async_t *async) {
    *publication = THING;
    return atomic_load(&fake.answer);
}
static int cancel(aeron_t *client, aeron_async_t *async) {
    atomic_fetch_add(&fake.cancelled, 1);
    return 0;
}
static int add_subscription(aeron_async_t **async, aeron_t *client, const char *uri, int32_t stream_id,
                            aeron_on_image_t on_available, void *clientd, aeron_on_image_t on_unavailable, void *clientd2) {
    *async = THING;
    return 0;
}
static int add_poll_subscription(aeron_subscription_t **subscription, aeron_async_t *async) {
    *subscription = THING;
    return atomic_load(&fake.answer);
}
static int constants(aeron_exclusive_publication_t *publication, aeron_publication_constants_t *into) {
    *into = (aeron_publication_constants_t){.session_id = 7, .stream_id = 1001, .max_message_length = 8192,
                                            .max_payload_length = 1376};
    return 0;
}
static int close_child(void *resource, aeron_notification_t on_complete, void *clientd) {
    atomic_fetch_add(&fake.closed, 1);
    if (!fake.silent && on_complete != NULL) {
        on_complete(clientd);
    }
    return 0;
}
static int close_publication(aeron_exclusive_publication_t *publication, aeron_notification_t on_complete, void *clientd) {
    return close_child(publication, on_complete, clientd);
}
static int close_subscription(aeron_subscription_t *subscription, aeron_notification_t on_complete, void *clientd) {
    return close_child(subscription, on_complete, clientd);
}
static bool connected(aeron_exclusive_publication_t *publication) { return true; }

static int driver_context_init(aeron_driver_context_t **context) {
    *context = THING;
    return 0;
}
static int ok_driver_context(aeron_driver_context_t *context) { return 0; }
static int driver_init(aeron_driver_t **driver, aeron_driver_context_t *context) {
    *driver = THING;
    return fake.start_fails ? -1 : 0;
}
static int driver_start(aeron_driver_t *driver, bool manual) { return 0; }
static int driver_close(aeron_driver_t *driver) { return 0; }
static int remove_directory(aeron_driver_context_t *context, bool value) {
    atomic_store(&fake.removes_directory, value);
    return 0;
}
static int set_size(aeron_driver_context_t *context, size_t value) { return value == 1 ? -1 : 0; }

static const ab_aeron_table table = {
    .errcode = fake_errcode,
    .errmsg = fake_errmsg,
    .context_init = fake_context_init,
    .context_close = ok_context,
    .context_set_dir = ok_text,
    .context_set_client_name = ok_text,
    .context_set_driver_timeout_ms = ok_number,
    .context_set_idle_strategy_init_args = ok_text,
    .context_set_idle_strategy = ok_text,
    .context_set_error_handler = set_handler,
    .init = fake_init,
    .start = ok_client,
    .close = fake_close,
    .is_closed = is_closed,
    .async_add_exclusive_publication = add,
    .async_add_exclusive_publication_poll = add_poll_publication,
    .async_add_exclusive_publication_cancel = cancel,
    .async_add_subscription = add_subscription,
    .async_add_subscription_poll = add_poll_subscription,
    .async_add_subscription_cancel = cancel,
    .exclusive_publication_constants = constants,
    .exclusive_publication_close = close_publication,
    .exclusive_publication_is_connected = connected,
    .subscription_close = close_subscription,
    .driver_context_init = driver_context_init,
    .driver_context_close = ok_driver_context,
    .driver_init = driver_init,
    .driver_start = driver_start,
    .driver_close = driver_close,
    .driver_context_set_dir_delete_on_shutdown = remove_directory,
    .driver_context_set_term_buffer_length = set_size,
};

static ab_error error;

static ab_handle open_client(void) {
    memset(&fake, 0, sizeof fake);
    fake.answer = 1;
    ab_aeron_use(&table);
    ab_handle client = ab_client_open("/nowhere", "test", 10000, MS, 0, &error);
    CHECK(client != 0);
    CHECK_EQUAL(AB_OK, ab_client_connect_wait(client, &error));
    return client;
}

static void close_client(ab_handle client) {
    CHECK_EQUAL(AB_OK, ab_client_drain(client));
    ab_client *retired = ab_client_retire(client);
    CHECK(retired != NULL);
    CHECK_EQUAL(AB_OK, ab_client_close_wait(retired, client, in_ms(1000), &error));
    CHECK_EQUAL(AB_STALE, ab_client_is_lost(client));
    CHECK_EQUAL(0, ab_slot_count(AB_KIND_NONE));
}

static void children_close_before_their_client(void) {
    ab_handle client = open_client();
    ab_handle publication = ab_publication_add_wait(client, "aeron:ipc", 1001, in_ms(1000), &error);
    ab_handle subscription = ab_subscription_add_wait(client, "aeron:ipc", 1001, in_ms(1000), &error);
    CHECK(publication != 0 && subscription != 0);
    CHECK_EQUAL(2, ab_client_children(client));
    CHECK(ab_client_retire(client) == NULL); /* refused: children */
    ab_publication_info info;
    CHECK_EQUAL(AB_OK, ab_publication_info_get(publication, &info));
    CHECK_EQUAL(7, info.session_id);
    CHECK_EQUAL(8192, info.max_message_length);
    CHECK_EQUAL(1, ab_publication_is_connected(publication));
    CHECK_EQUAL(AB_OK, ab_publication_close_wait(ab_publication_retire(publication), publication, in_ms(1000), &error));
    CHECK_EQUAL(AB_STALE, ab_publication_is_connected(publication));
    CHECK(ab_publication_retire(publication) == NULL);
    CHECK_EQUAL(
        AB_OK, ab_subscription_close_wait(ab_subscription_retire(subscription), subscription, in_ms(1000), &error));
    CHECK_EQUAL(2, fake.closed);
    close_client(client);
}

static void an_add_that_is_refused_says_why(void) {
    ab_handle client = open_client();
    CHECK_EQUAL(0, ab_publication_add_wait(client, "bad", 1, in_ms(1000), &error));
    CHECK_EQUAL(AB_FAILED, error.code);
    CHECK_EQUAL(-11, error.errcode);
    CHECK_CONTAINS(error.text, "cannot add the publication: no space");
    fake.answer = -1;
    CHECK_EQUAL(0, ab_subscription_add_wait(client, "aeron:ipc", 1, in_ms(1000), &error));
    CHECK_EQUAL(AB_FAILED, error.code);
    CHECK_EQUAL(0, ab_client_children(client));
    close_client(client);
}

static void an_add_without_an_answer_ends_at_its_deadline(void) {
    ab_handle client = open_client();
    fake.answer = 0;
    CHECK_EQUAL(0, ab_publication_add_wait(client, "aeron:ipc", 1, in_ms(5), &error));
    CHECK_EQUAL(AB_TIMED_OUT, error.code);
    CHECK_EQUAL(0, ab_subscription_add_wait(client, "aeron:ipc", 1, in_ms(5), &error));
    CHECK_EQUAL(AB_TIMED_OUT, error.code);
    CHECK_EQUAL(2, fake.cancelled);
    close_client(client);
}

static void *add_for_long(void *handle) {
    ab_error *failed = calloc(1, sizeof *failed);
    ab_publication_add_wait(*(ab_handle *)handle, "aeron:ipc", 1, in_ms(60000), failed);
    return failed;
}

static void draining_ends_an_add_that_waits(void) {
    ab_handle client = open_client();
    fake.answer = 0;
    pthread_t adder;
    CHECK(pthread_create(&adder, NULL, add_for_long, &client) == 0);
    nanosleep(&(struct timespec){.tv_nsec = 5 * MS}, NULL);
    CHECK_EQUAL(AB_OK, ab_client_drain(client));
    void *failed;
    pthread_join(adder, &failed);
    CHECK_EQUAL(AB_STALE, ((ab_error *)failed)->code);
    free(failed);
    CHECK_EQUAL(0, ab_subscription_add_wait(client, "aeron:ipc", 1, in_ms(1000), &error)); /* and no new one begins */
    CHECK_EQUAL(AB_STALE, error.code);
    close_client(client);
}

static void a_close_that_aeron_never_answers_is_freed_with_the_client(void) {
    ab_handle client = open_client();
    ab_handle publication = ab_publication_add_wait(client, "aeron:ipc", 1001, in_ms(1000), &error);
    fake.silent = 1;
    CHECK_EQUAL(AB_FAILED, ab_publication_close_wait(ab_publication_retire(publication), publication, in_ms(5), &error));
    CHECK_EQUAL(0, ab_client_children(client));
    close_client(client); /* LeakSanitizer: it was */
}

static void a_lost_clients_children_are_freed_with_it(void) {
    ab_handle client = open_client();
    ab_handle subscription = ab_subscription_add_wait(client, "aeron:ipc", 1001, in_ms(1000), &error);
    fake.lost = 1;
    CHECK_EQUAL(1, ab_client_is_lost(client));
    CHECK_EQUAL(
        AB_OK, ab_subscription_close_wait(ab_subscription_retire(subscription), subscription, in_ms(1000), &error));
    CHECK_EQUAL(0, fake.closed); /* Aeron was not asked: its conductor stands still */
    fake.answer = 0;
    CHECK_EQUAL(0, ab_subscription_add_wait(client, "aeron:ipc", 1, in_ms(1000), &error));
    CHECK_EQUAL(AB_CLOSED, error.code);
    close_client(client);
}

static void a_user_inside_delays_the_close(void) {
    ab_handle client = open_client();
    ab_handle subscription = ab_subscription_add_wait(client, "aeron:ipc", 1001, in_ms(1000), &error);
    CHECK(ab_slot_enter(subscription, AB_KIND_SUBSCRIPTION) != NULL);
    ab_subscription *retired = ab_subscription_retire(subscription);
    CHECK_EQUAL(AB_TIMED_OUT, ab_subscription_close_wait(retired, subscription, in_ms(5), &error));
    CHECK_EQUAL(1, ab_client_children(client)); /* nothing happened */
    ab_slot_leave(subscription);
    CHECK_EQUAL(AB_OK, ab_subscription_close_wait(retired, subscription, in_ms(1000), &error));
    close_client(client);
}

static void what_aeron_reports_is_kept(void) {
    ab_handle client = open_client();
    fake.handler(fake.clientd, 1000, "MediaDriver keepalive: age=12ms");
    CHECK_EQUAL(1, ab_client_error_take(client, &error));
    CHECK_EQUAL(1000, error.errcode);
    CHECK_CONTAINS(error.text, "keepalive");
    CHECK_EQUAL(0, ab_client_error_take(client, &error));
    close_client(client);
}

static void the_environment_is_hidden_unless_asked(void) {
    memset(&fake, 0, sizeof fake);
    ab_aeron_use(&table);
    setenv("AERON_TEST", "1", 1);
    for (int inherit = 0; inherit < 2; inherit++) {
        ab_handle client = ab_client_open("/nowhere", "test", 10000, MS, inherit, &error);
        CHECK_EQUAL(inherit, fake.environment_seen);
        CHECK(getenv("AERON_TEST") != NULL); /* it is back */
        ab_client *retired = ab_client_retire(client);
        CHECK_EQUAL(AB_OK, ab_client_close_wait(retired, client, in_ms(1000), &error));
    }
    unsetenv("AERON_TEST");
}

static void a_driver_that_does_not_start_keeps_its_hands_off_the_directory(void) {
    memset(&fake, 0, sizeof fake);
    ab_aeron_use(&table);
    for (fake.start_fails = 0; fake.start_fails < 2; fake.start_fails++) {
        atomic_store(&fake.removes_directory, 0);
        ab_handle driver = ab_driver_open(0, &error);
        CHECK_EQUAL(AB_OK, ab_driver_set(driver, "term_buffer_length", 65536, "", &error));
        CHECK_EQUAL(AB_FAILED, ab_driver_set(driver, "term_buffer_length", 1, "", &error));
        CHECK_CONTAINS(error.text, "term_buffer_length");
        CHECK_EQUAL(AB_INVALID, ab_driver_set(driver, "no_such_thing", 1, "", &error));
        CHECK_EQUAL(fake.start_fails ? AB_FAILED : AB_OK, ab_driver_start_wait(driver, 1, &error));
        CHECK_EQUAL(!fake.start_fails, atomic_load(&fake.removes_directory));
        ab_driver *retired = ab_driver_retire(driver);
        CHECK_EQUAL(AB_OK, ab_driver_close_wait(retired, driver, in_ms(1000), &error));
        CHECK_EQUAL(AB_STALE, ab_driver_set(driver, "term_buffer_length", 65536, "", &error));
    }
}

static void a_library_without_aeron_names_what_it_lacks(void) {
    ab_aeron_use(NULL);
    CHECK_EQUAL(AB_FAILED, ab_aeron_load("libm.so.6", &error));
    CHECK_CONTAINS(error.text, "aeron_version_full");
    CHECK_EQUAL(AB_FAILED, ab_aeron_load("/no/such/library.so", &error));
    CHECK_CONTAINS(error.text, "/no/such/library.so");
    CHECK_EQUAL(0, ab_aeron_loaded());
    CHECK_EQUAL(0, ab_client_open("/nowhere", "test", 1, 1, 0, &error));
    CHECK_EQUAL(0, ab_driver_open(0, &error));
}

int main(void) {
    RUN(children_close_before_their_client);
    RUN(an_add_that_is_refused_says_why);
    RUN(an_add_without_an_answer_ends_at_its_deadline);
    RUN(draining_ends_an_add_that_waits);
    RUN(a_close_that_aeron_never_answers_is_freed_with_the_client);
    RUN(a_lost_clients_children_are_freed_with_it);
    RUN(a_user_inside_delays_the_close);
    RUN(what_aeron_reports_is_kept);
    RUN(the_environment_is_hidden_unless_asked);
    RUN(a_driver_that_does_not_start_keeps_its_hands_off_the_directory);
    RUN(a_library_without_aeron_names_what_it_lacks);
    return 0;
}
