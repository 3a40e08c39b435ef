/* ab_replay without a live side: what is given of a recording, from where to where, how fast, and what is said of damage. */
#include "replay_bus.h"

static void the_recording_alone_is_followed(void) {
    bus all;
    begin(&all);
    publish_as(&all, 0);
    send_many(&all, 0, 700);
    record_all(&all);
    replay(&all, (ab_replay_options){.seek = AB_SEEK_EARLIEST});
    drain(&all);
    CHECK_EQUAL(700, all.got);
    CHECK_EQUAL(700, all.replayed);
    send_many(&all, 0, 10);
    drain(&all);
    CHECK_EQUAL(700, all.got); /* not recorded yet */
    record_all(&all);
    drain(&all);
    CHECK_EQUAL(710, all.got);
    CHECK_EQUAL(0, all.joined + all.ended + all.gaps);
    finish(&all);
}

static void what_a_record_was_is_told(void) {
    bus all;
    begin(&all);
    publish_as(&all, 0);
    send_many(&all, 0, 20);
    record_all(&all);
    replay(&all, (ab_replay_options){.seek = AB_SEEK_SEQUENCE, .value = 8});
    ab_subscription *subscription = subscription_of(all.reader);
    int count;
    while ((count = ab_poll(subscription, NULL)) == AB_POLL_NOTICES) {
        ab_notice notice;
        while (ab_poll_notice(subscription, &notice)) {
        }
    }
    CHECK(count > 0);
    const ab_recorded *first = ab_replay_recorded(subscription, 0), *second = ab_replay_recorded(subscription, 1);
    CHECK(first != NULL && second != NULL);
    CHECK_EQUAL(8, first->sequence); /* 7 is the other stream's */
    CHECK_EQUAL(first->sequence + 1, second->sequence);
    CHECK_EQUAL(9000, first->time_ns);
    CHECK(second->position > first->position);
    CHECK_EQUAL(9000, subscription->batch->receive_time_ns);
    CHECK(ab_replay_recorded(subscription, (uint32_t)count) == NULL);
    ab_replay_state state;
    CHECK_EQUAL(AB_OK, ab_subscription_replay_state(all.reader, &state));
    CHECK_EQUAL(AB_REPLAY_READS, state.phase);
    CHECK_EQUAL(all.records, state.sequence);
    int64_t position = first->position;
    stop_reading(&all);

    replay(&all, (ab_replay_options){.seek = AB_SEEK_POSITION, .value = position}); /* goes on behind it */
    all.first[0] = -1;
    drain(&all);
    CHECK_EQUAL(8, all.first[0]);
    finish(&all);
}

/* Append a batch frame, or one message, of publisher 1: numbers from `first` on. */
static void append_frame(bus *all, uint32_t first, uint16_t count) {
    uint8_t bytes[1000];
    const ab_frame frame = {.version = AB_FRAME_VERSION, .format = AB_FORMAT_RAW, .type = AB_TYPE_RAW, .publisher = 1,
                            .count = count, .header_length = AB_FRAME_LENGTH, .sequence = first};
    ab_frame_encode(&frame, bytes);
    size_t at = AB_FRAME_LENGTH + (count > 1 ? count * 4u : 0);
    for (uint32_t i = 0; i < count; i++) {
        if (count > 1) {
            ab_put_le32(bytes + AB_FRAME_LENGTH + i * 4, 8);
        }
        memset(bytes + at, 0, 8);
        ab_put_le32(bytes + at + 4, first + i);
        at += 8;
    }
    CHECK(ab_journal_append(all->journal, STREAM, 100, (first + count) * 1024, 1000 * (first + 1), bytes, at) >= 0);
    CHECK_EQUAL(AB_OK, ab_journal_write(all->journal));
}

static void each_message_of_a_record_has_a_place_of_its_own(void) {
    bus all;
    int64_t places[16] = {0};
    begin(&all);
    append_frame(&all, 0, 10);
    append_frame(&all, 10, 1);
    append_frame(&all, 11, 5);
    for (int cut = 0; cut < 2; cut++) { /* also when a record is given in pieces */
        int64_t got = 0;
        replay(&all, (ab_replay_options){.seek = AB_SEEK_EARLIEST});
        ab_subscription *subscription = subscription_of(all.reader);
        subscription->batch->messages_max = cut ? 3 : subscription->batch->messages_max;
        while (got < 16) {
            int count = ab_poll(subscription, NULL);
            ab_notice notice;
            while (ab_poll_notice(subscription, &notice)) {
            }
            for (int i = 0; i < count; i++, got++) {
                int64_t place = ab_replay_recorded(subscription, (uint32_t)i)->position;
                CHECK(cut ? place == places[got] : got == 0 || place > places[got - 1]);
                places[got] = place;
            }
            if (count > 0) {
                ab_poll_handover(subscription);
            }
        }
        stop_reading(&all);
    }
    for (int i = 0; i < 16; i++) {
        all.first[0] = -1;
        all.got = 0;
        replay(&all, (ab_replay_options){.seek = AB_SEEK_POSITION, .value = places[i]});
        ab_replay_state state;
        CHECK_EQUAL(AB_OK, ab_subscription_replay_state(all.reader, &state));
        CHECK(state.position >= places[i] && (i == 15 || state.position < places[i + 1]));
        drain(&all);
        CHECK_EQUAL(15 - i, all.got);
        CHECK(i == 15 || all.first[0] == i + 1);
        stop_reading(&all);
    }
    CHECK_EQUAL(0, all.gaps);
    finish(&all);
}

static void a_place_behind_the_end_is_the_end_for_who_says_so(void) {
    bus all;
    ab_error error;
    begin(&all);
    append_frame(&all, 0, 10);
    CHECK_EQUAL(AB_INVALID, attach(&all, (ab_replay_options){.seek = AB_SEEK_POSITION, .value = 1 << 20}, &error));
    stop_reading(&all);
    replay(&all, (ab_replay_options){.seek = AB_SEEK_POSITION, .value = 1 << 20, .to_end = 1});
    append_frame(&all, 10, 5);
    drain(&all);
    CHECK_EQUAL(5, all.got);
    finish(&all);
}

static void from_a_time_on_nothing_earlier_comes(void) {
    bus all;
    ab_error error;
    begin(&all);
    append_frame(&all, 0, 10);
    int64_t now_ns = ab_clock_realtime_ns();
    CHECK_EQUAL(AB_INVALID, attach(&all, (ab_replay_options){.seek = AB_SEEK_TIME, .value = now_ns + AB_NS_PER_S}, &error));
    stop_reading(&all);
    replay(&all, (ab_replay_options){.seek = AB_SEEK_TIME, .value = 50 * 1000});
    append_frame(&all, 10, 20); /* received at 11 us, written now */
    append_frame(&all, 60, 5);
    drain(&all);
    CHECK_EQUAL(60, all.first[0]);
    CHECK_EQUAL(5, all.got);
    finish(&all);
}

static void it_ends_where_it_was_told(void) {
    static const struct {
        int kind;
        int64_t value;
        int messages;
    } ends[] = {
        {AB_REPLAY_END_SEQUENCE, 100, 86}, {AB_REPLAY_END_SEQUENCE, 0, 0}, {AB_REPLAY_END_TIME, 6000, 5},
        {AB_REPLAY_END_NOW, 0, 300},       {AB_REPLAY_END_TIME, 6001, 6}, {AB_REPLAY_END_NOW, 0, 305},
    };
    bus all;
    begin(&all);
    publish_as(&all, 0);
    send_many(&all, 0, 300);
    record_all(&all);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        all.got = all.ended = 0;
        all.first[0] = -1;
        replay(&all, (ab_replay_options){.seek = AB_SEEK_EARLIEST, .end = ends[i].kind, .end_value = ends[i].value});
        if (i == 3) { /* what comes after is not in it */
            send_many(&all, 0, 5);
            record_all(&all);
        }
        drain(&all);
        CHECK_EQUAL(ends[i].messages, all.got);
        CHECK_EQUAL(1, all.ended);
        CHECK(!read_once(&all));
        stop_reading(&all);
    }
    finish(&all);
}

static void an_end_that_is_not_written_yet_is_waited_for(void) {
    bus all;
    begin(&all);
    publish_as(&all, 0);
    send_many(&all, 0, 6);
    record_all(&all);
    replay(&all, (ab_replay_options){.seek = AB_SEEK_EARLIEST, .end = AB_REPLAY_END_SEQUENCE, .end_value = 10});
    drain(&all);
    CHECK_EQUAL(0, all.ended);
    send_many(&all, 0, 20);
    record_all(&all);
    drain(&all);
    CHECK_EQUAL(9, all.got);
    CHECK_EQUAL(1, all.ended);
    finish(&all);
}

static void speed_keeps_the_recorded_time(void) {
    bus all;
    begin(&all);
    publish_as(&all, 0);
    send_many(&all, 0, 6); /* at 1,000, 2,000 ... 6,000 ns */
    record_all(&all);
    replay(&all, (ab_replay_options){.seek = AB_SEEK_EARLIEST, .speed = 1e-4}); /* 10 ms from one to the next */
    int64_t begun_ns = ab_clock_monotonic_ns();
    while (all.got < 6) {
        read_once(&all);
        int64_t due = (ab_clock_monotonic_ns() - begun_ns) / (10 * AB_NS_PER_MS) + 1;
        CHECK(all.got <= due);
    }
    CHECK(ab_clock_monotonic_ns() - begun_ns >= 49 * AB_NS_PER_MS);
    finish(&all);
}

static void what_is_wrong_is_said(void) {
    bus all;
    ab_error error;
    char path[700];
    begin(&all);
    publish_as(&all, 0);
    send_many(&all, 0, 200);
    record_all(&all);
    CHECK_EQUAL(AB_INVALID, attach(&all, (ab_replay_options){.seek = AB_SEEK_SEQUENCE, .value = 9999}, &error));
    ab_batch_close(all.reader);
    CHECK_EQUAL(AB_INVALID, attach(&all, (ab_replay_options){.speed = -1}, &error));
    ab_batch_close(all.reader);
    replay(&all, (ab_replay_options){.seek = AB_SEEK_EARLIEST});
    CHECK_EQUAL(AB_INVALID, ab_subscription_replay_wait(all.reader, &(ab_replay_options){.directory = all.folder}, &error));
    stop_reading(&all);

    CHECK_EQUAL(AB_OK, ab_journal_close(all.journal, &error));
    all.journal = NULL;
    segment_path(path, all.folder, 0);
    flip_bit(path, 4096 + 100 * 100, 3);
    replay(&all, (ab_replay_options){.seek = AB_SEEK_EARLIEST});
    drain(&all);
    CHECK_EQUAL(1, all.failed);
    CHECK(all.got < 200);
    ab_replay_state state;
    CHECK_EQUAL(AB_OK, ab_subscription_replay_state(all.reader, &state));
    CHECK_EQUAL(AB_REPLAY_FAILED, state.phase);
    CHECK_EQUAL(AB_CORRUPT, state.code);
    CHECK_CONTAINS(state.text, ".journal");
    CHECK(!read_once(&all));
    finish(&all);
}

int main(void) {
    RUN(the_recording_alone_is_followed);
    RUN(what_a_record_was_is_told);
    RUN(each_message_of_a_record_has_a_place_of_its_own);
    RUN(a_place_behind_the_end_is_the_end_for_who_says_so);
    RUN(from_a_time_on_nothing_earlier_comes);
    RUN(it_ends_where_it_was_told);
    RUN(an_end_that_is_not_written_yet_is_waited_for);
    RUN(speed_keeps_the_recorded_time);
    RUN(what_is_wrong_is_said);
    return 0;
}
