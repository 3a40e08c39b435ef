/*
 * ab_replay and then live: no gap, no duplicate, nobody held back.
 *
 * one_random_join: publishers come, go, fall silent and say their Beats, the recorder lags, the reader begins anywhere; after that every
 * publisher's messages went on one by one from the first that came to the last that was sent.
 */
#include "replay_bus.h"

static void replay_goes_on_live(void) {
    bus all;
    begin(&all);
    publish_as(&all, 0);
    send_many(&all, 0, 500);
    record_all(&all);
    replay(&all, (ab_replay_options){.seek = AB_SEEK_EARLIEST, .join = 1});
    send_many(&all, 0, 50);
    record_all(&all);
    drain(&all);
    CHECK_EQUAL(550, all.got);
    CHECK_EQUAL(1, all.joined);
    send_many(&all, 0, 30); /* not recorded: these come live */
    drain(&all);
    CHECK_EQUAL(580, all.got);
    CHECK_EQUAL(550, all.replayed);
    CHECK_EQUAL(0, all.gaps);
    CHECK_EQUAL(0, subscription_of(all.reader)->counters[AB_INVALID_FRAMES]);
    finish(&all);
}

static void a_recording_that_lags_is_waited_for(void) {
    bus all;
    begin(&all);
    publish_as(&all, 0);
    send_many(&all, 0, 100);
    record_all(&all);
    replay(&all, (ab_replay_options){.seek = AB_SEEK_EARLIEST, .join = 1});
    send_many(&all, 0, 40);
    drain(&all); /* the live side has 140, the recording 100 */
    CHECK_EQUAL(100, all.got);
    CHECK_EQUAL(0, all.joined);
    send_many(&all, 0, 10); /* held */
    record_all(&all);
    drain(&all);
    CHECK_EQUAL(1, all.joined);
    CHECK_EQUAL(150, all.got);
    CHECK_EQUAL(0, all.gaps);
    finish(&all);
}

static void a_recorder_that_is_gone_holds_nobody_for_long(void) {
    bus all;
    begin(&all);
    publish_as(&all, 0);
    send_many(&all, 0, 100);
    record_all(&all);
    replay(&all, (ab_replay_options){.seek = AB_SEEK_EARLIEST, .join = 1});
    int64_t until_ns = ab_clock_monotonic_ns() + 3 * AB_NS_PER_S, longest_ns = 0, refused_ns = 0;
    while (ab_clock_monotonic_ns() < until_ns && all.waits == 0) {
        bool sent = send_one(&all, 0, 500);
        int64_t now_ns = ab_clock_monotonic_ns();
        refused_ns = sent ? 0 : (refused_ns == 0 ? now_ns : refused_ns);
        longest_ns = refused_ns != 0 && now_ns - refused_ns > longest_ns ? now_ns - refused_ns : longest_ns;
        read_once(&all);
        ab_poll_service(subscription_of(all.reader));
        if (sent && all.sent[0] % 512 == 0) { /* the dead recorder of this test must not hold anybody either */
            ab_subscription *recorder = subscription_of(all.recorder);
            while (ab_poll(recorder, NULL) != 0) {
                ab_notice notice;
                while (ab_poll_notice(recorder, &notice)) {
                }
                ab_poll_handover(recorder);
            }
        }
    }
    CHECK_EQUAL(1, all.waits);
    CHECK_EQUAL(100, all.got);
    CHECK(longest_ns < 400 * AB_NS_PER_MS);
    finish(&all);
}

#define PATIENCE_NS (50 * AB_NS_PER_MS)

static void until_joined(bus *all) {
    for (int64_t began_ns = ab_clock_monotonic_ns(); all->joined == 0;) {
        read_once(all);
        CHECK(ab_clock_monotonic_ns() - began_ns < 5 * AB_NS_PER_S);
    }
    drain(all);
}

static void what_the_recording_never_gets_is_said_and_it_goes_live(void) {
    bus all;
    begin(&all);
    publish_as(&all, 0);
    send_many(&all, 0, 100);
    record_all(&all);
    int64_t recorded_ns = ab_clock_monotonic_ns();
    replay(&all, (ab_replay_options){.seek = AB_SEEK_EARLIEST, .join = 1, .patience_ns = PATIENCE_NS});
    send_many(&all, 0, 40); /* which the reader lets go by */
    miss_all(&all);
    until_joined(&all);
    CHECK(ab_clock_monotonic_ns() - recorded_ns >= PATIENCE_NS);
    CHECK_EQUAL(100, all.got);
    CHECK_EQUAL(100, all.replayed);
    CHECK_EQUAL(1, all.lost);
    CHECK_EQUAL(100, all.lost_last.session_id);
    CHECK(all.lost_last.last > all.lost_last.first);
    all.next[0] = 140; /* what comes next */
    send_many(&all, 0, 10);
    drain(&all);
    CHECK_EQUAL(110, all.got);
    CHECK_EQUAL(1, all.gaps);
    CHECK_EQUAL(100, all.gap_last.first);
    CHECK_EQUAL(139, all.gap_last.last);
    finish(&all);
}

static void one_that_went_and_was_not_recorded_is_said_and_holds_nobody_up(void) {
    bus all;
    begin(&all);
    publish_as(&all, 0);
    send_many(&all, 0, 100);
    record_all(&all);
    replay(&all, (ab_replay_options){.seek = AB_SEEK_EARLIEST, .join = 1, .patience_ns = PATIENCE_NS});
    send_many(&all, 0, 10);
    read_once(&all); /* and lets them go by */
    miss_all(&all);
    leave_as(&all, 0);
    miss_all(&all);
    publish_as(&all, 1);
    send_many(&all, 1, 5);
    record_all(&all);
    until_joined(&all);
    CHECK_EQUAL(105, all.got);
    for (int64_t began_ns = ab_clock_monotonic_ns(); all.lost == 0;) {
        read_once(&all);
        CHECK(ab_clock_monotonic_ns() - began_ns < 5 * AB_NS_PER_S);
    }
    CHECK_EQUAL(100, all.lost_last.session_id);
    CHECK_EQUAL(1, all.gaps);
    CHECK_EQUAL(1, all.gap_last.publisher);
    CHECK_EQUAL(100, all.gap_last.first);
    CHECK_EQUAL(109, all.gap_last.last);
    CHECK_EQUAL(10, subscription_of(all.reader)->counters[AB_MISSING]);
    finish(&all);
}

static void the_last_words_of_one_that_went_may_be_written_late(void) {
    for (int seen = 0; seen < 2; seen++) { /* whether its image was there when the replay began */
        bus all;
        begin(&all);
        publish_as(&all, 0);
        send_many(&all, 0, 50);
        record_all(&all);
        send_many(&all, 0, 50); /* the recorder has them, its file has not */
        if (seen == 0) {
            leave_as(&all, 0);
        }
        replay(&all, (ab_replay_options){.seek = AB_SEEK_EARLIEST, .join = 1});
        drain(&all);
        if (seen == 1) {
            leave_as(&all, 0);
            drain(&all);
        }
        publish_as(&all, 1);
        until_joined(&all);
        send_many(&all, 1, 20);
        drain(&all);
        CHECK_EQUAL(70, all.got);
        record_all(&all);
        for (int64_t began_ns = ab_clock_monotonic_ns(); all.got < 120;) {
            read_once(&all);
            CHECK(ab_clock_monotonic_ns() - began_ns < 5 * AB_NS_PER_S);
        }
        CHECK_EQUAL(100, all.next[0]);
        CHECK_EQUAL(20, all.next[1]);
        CHECK_EQUAL(0, all.gaps + all.lost);
        finish(&all);
    }
}

static void a_quiet_publisher_joins_with_its_beat(void) {
    bus all;
    begin(&all);
    publish_as(&all, 0);
    send_many(&all, 0, 30);
    ab_offer_control(publication_of(all.publishers[0]), AB_BEAT); /* so that its stream goes on behind the last record */
    record_all(&all);
    replay(&all, (ab_replay_options){.seek = AB_SEEK_EARLIEST, .join = 1});
    drain(&all);
    CHECK_EQUAL(30, all.got);
    CHECK_EQUAL(0, all.joined);
    ab_offer_control(publication_of(all.publishers[0]), AB_BEAT);
    drain(&all);
    CHECK_EQUAL(1, all.joined);
    send_many(&all, 0, 3);
    drain(&all);
    CHECK_EQUAL(33, all.got);
    finish(&all);
}

static void who_ended_before_is_in_the_recording_and_who_begins_later_is_live(void) {
    bus all;
    begin(&all);
    publish_as(&all, 0);
    send_many(&all, 0, 25);
    record_all(&all);
    leave_as(&all, 0);
    publish_as(&all, 1);
    send_many(&all, 1, 10);
    record_all(&all);
    replay(&all, (ab_replay_options){.seek = AB_SEEK_EARLIEST, .join = 1});
    drain(&all);
    CHECK_EQUAL(1, all.joined); /* the recording has all up to where the second one's image begins */
    send_many(&all, 1, 1);
    record_all(&all);
    drain(&all);
    CHECK_EQUAL(36, all.got);
    publish_as(&all, 2);
    send_many(&all, 2, 7);
    send_many(&all, 1, 7);
    drain(&all);
    CHECK_EQUAL(50, all.got);
    CHECK_EQUAL(35, all.replayed);
    CHECK_EQUAL(0, all.gaps);
    finish(&all);
}

static void while_nobody_is_here_the_recording_is_followed(void) {
    bus all;
    begin(&all);
    publish_as(&all, 0);
    send_many(&all, 0, 25);
    record_all(&all);
    leave_as(&all, 0);
    record_all(&all);
    replay(&all, (ab_replay_options){.seek = AB_SEEK_EARLIEST, .join = 1});
    drain(&all);
    CHECK_EQUAL(25, all.got);
    CHECK_EQUAL(0, all.joined);
    publish_as(&all, 1);
    send_many(&all, 1, 5);
    drain(&all);
    record_all(&all);
    drain(&all);
    CHECK_EQUAL(30, all.got);
    CHECK_EQUAL(1, all.joined);
    finish(&all);
}

/* Random publishers, sizes, lags and passes: whatever they do, nothing is missing and nothing comes twice. */
static void one_random_join(uint64_t seed) {
    bus all;
    begin(&all);
    uint32_t steps = 200 + check_random(&seed) % 800;
    uint32_t attach_at = check_random(&seed) % (steps / 2);
    uint32_t recorder_share = 1 + check_random(&seed) % 8;
    int64_t start = 0;
    bool left[PUBLISHERS] = {0};
    for (uint32_t step = 0; step < steps || all.joined == 0; step++) {
        CHECK(step < 100000);
        int who = (int)(check_random(&seed) % PUBLISHERS);
        if (step >= steps) { /* give it a chance: everybody says something, everything is recorded */
            record_all(&all);
        }
        if (all.publishers[who] == 0 && !left[who]) {
            publish_as(&all, who);
        } else if (all.publishers[who] != 0 && who != 0 && check_random(&seed) % 60 == 0) {
            leave_as(&all, who);
            left[who] = true;
        } else if (all.publishers[who] != 0) {
            for (uint64_t i = check_random(&seed) % 40; i > 0; i--) {
                send_one(&all, who, 8 + check_random(&seed) % 590);
            }
            if (check_random(&seed) % 10 == 0) {
                ab_offer_control(publication_of(all.publishers[who]), AB_BEAT);
            }
        }
        if (step % recorder_share == 0) {
            record(&all);
        }
        if (step == attach_at) {
            if (check_random(&seed) % 2 == 0) { /* else the recorder has not written all yet, also of those that went */
                record_all(&all);
            }
            start = all.records == 0 ? 0 : (int64_t)(check_random(&seed) % all.records);
            replay(&all, (ab_replay_options){.seek = AB_SEEK_SEQUENCE, .value = start, .join = 1});
        }
        for (uint64_t i = check_random(&seed) % 4; step > attach_at && i > 0; i--) {
            read_once(&all);
        }
    }
    int64_t began_ns = ab_clock_monotonic_ns();
    for (bool left_over = true; left_over;) {
        record_all(&all);
        drain(&all);
        left_over = false;
        for (int who = 0; who < PUBLISHERS; who++) {
            left_over |= all.last[who] >= start && all.sent[who] != all.next[who];
        }
        CHECK(!left_over || ab_clock_monotonic_ns() - began_ns < 5 * AB_NS_PER_S);
    }
    for (int who = 0; who < PUBLISHERS; who++) {
        CHECK(all.first[who] < 0 || all.sent[who] == all.next[who]);
    }
    CHECK_EQUAL(0, all.gaps + all.lost);
    CHECK_EQUAL(0, all.failed);
    CHECK_EQUAL(0, subscription_of(all.reader)->counters[AB_INVALID_FRAMES]);
    finish(&all);
}

static void random_joins_have_no_gap_and_no_duplicate(void) {
    for (uint64_t seed = 1; seed <= 24; seed++) {
        one_random_join(seed * UINT64_C(0x9e3779b97f4a7c15));
    }
}

int main(void) {
    RUN(replay_goes_on_live);
    RUN(a_recording_that_lags_is_waited_for);
    RUN(a_recorder_that_is_gone_holds_nobody_for_long);
    RUN(what_the_recording_never_gets_is_said_and_it_goes_live);
    RUN(one_that_went_and_was_not_recorded_is_said_and_holds_nobody_up);
    RUN(the_last_words_of_one_that_went_may_be_written_late);
    RUN(a_quiet_publisher_joins_with_its_beat);
    RUN(who_ended_before_is_in_the_recording_and_who_begins_later_is_live);
    RUN(while_nobody_is_here_the_recording_is_followed);
    RUN(random_joins_have_no_gap_and_no_duplicate);
    return 0;
}
