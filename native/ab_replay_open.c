/* ab_replay_open: a replay is attached to its subscription, looked at, and freed. Rules: ab_replay.h. */
#include "ab_replay_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ab_clock.h"
#include "ab_fail.h"

#define PATIENCE_NS (10 * AB_NS_PER_S) /* a disk that stalls is back by then; who is gone is not waited for much longer */

void ab_replay_free(ab_replay *replay) {
    if (replay != NULL) {
        if (replay->reader != NULL) {
            ab_journal_reader_close(replay->reader);
        }
        free(replay->sessions);
        free(replay->recorded);
        free(replay);
    }
}

static int seek(ab_replay *replay, const ab_replay_options *options, ab_error *error) {
    int result = ab_journal_reader_seek(replay->reader, options->seek, options->value, error);
    if (options->seek != AB_SEEK_POSITION) {
        return result;
    }
    if (result == AB_INVALID && options->to_end && options->value >= 0) {
        return ab_journal_reader_seek(replay->reader, AB_SEEK_END, 0, error);
    }
    replay->inside = options->value;
    return result;
}

/* Open the reader at its place. */
static int open_reader(ab_replay *replay, const ab_replay_options *options, ab_error *error) {
    ab_journal_reader_state state;
    int result = ab_journal_reader_open(options->directory, NULL, 0, &replay->reader, error);
    if (result == AB_OK && options->end == AB_REPLAY_END_NOW) {
        result = ab_journal_reader_seek(replay->reader, AB_SEEK_END, 0, error);
        if (result == AB_OK) {
            ab_journal_reader_state_get(replay->reader, &state);
            replay->end = AB_REPLAY_END_POSITION;
            replay->end_value = state.position;
        }
    }
    if (result == AB_OK && options->seek == AB_SEEK_TIME && options->value > ab_clock_realtime_ns()) {
        result = ab_fail(error, AB_INVALID, 0, "a time in the future: what comes from then on is not there to be replayed");
    }
    if (result == AB_OK) {
        result = seek(replay, options, error);
    }
    if (result == AB_OK) {
        ab_journal_reader_state_get(replay->reader, &state);
        replay->sequence = (int64_t)state.sequence;
        replay->position = state.position > replay->inside ? state.position : replay->inside;
        replay->start_time_ns = options->seek == AB_SEEK_TIME ? options->value : 0;
    }
    return result;
}

int ab_subscription_replay_wait(ab_handle handle, const ab_replay_options *options, ab_error *error) {
    if (options->stream_count == 0 || !(options->speed >= 0) || options->end < AB_REPLAY_NO_END ||
        options->end > AB_REPLAY_END_NOW) {
        return ab_fail(error, AB_INVALID, 0, "a replay needs a stream, a speed of 0 or more and a known kind of end");
    }
    ab_replay *replay = calloc(1, sizeof *replay);
    if (replay == NULL) {
        return ab_fail(error, AB_NO_MEMORY, 0, "no memory for a replay");
    }
    replay->phase = AB_REPLAY_READS;
    replay->join = options->join != 0;
    replay->end = options->end;
    replay->end_value = options->end_value;
    replay->speed = options->speed;
    replay->patience_ns = options->patience_ns > 0 ? options->patience_ns : PATIENCE_NS;
    replay->begun_ns = ab_clock_monotonic_ns();
    for (uint32_t i = 0; i < options->stream_count; i++) {
        replay->streams[options->streams[i] / 8] |= (uint8_t)(1u << options->streams[i] % 8);
    }
    int result = open_reader(replay, options, error);
    ab_subscription *subscription = result == AB_OK ? ab_slot_enter(handle, AB_KIND_SUBSCRIPTION) : NULL;
    if (result == AB_OK && subscription == NULL) {
        result = ab_fail(error, AB_STALE, 0, "the subscription is closed");
    } else if (subscription != NULL && subscription->replay != NULL) {
        result = ab_fail(error, AB_INVALID, 0, "the subscription replays already");
    } else if (subscription != NULL) {
        subscription->replay = replay;
        replay = NULL;
    }
    if (subscription != NULL) {
        ab_slot_leave(handle);
    }
    ab_replay_free(replay);
    return result;
}

int ab_subscription_replay_state(ab_handle handle, ab_replay_state *state) {
    const ab_subscription *subscription = ab_slot_peek(handle, AB_KIND_SUBSCRIPTION);
    if (subscription == NULL) {
        return AB_STALE;
    }
    memset(state, 0, sizeof *state);
    const ab_replay *replay = subscription->replay;
    if (replay != NULL) {
        state->phase = replay->phase;
        state->code = replay->phase == AB_REPLAY_FAILED ? replay->error.code : AB_OK;
        state->pending = subscription->handed ? 0 : subscription->batch->count;
        state->messages = replay->messages;
        state->records = replay->read;
        state->retries = replay->retries;
        state->sequence = replay->sequence;
        state->position = replay->position;
        state->end_position = replay->end == AB_REPLAY_END_POSITION ? replay->end_value : 0;
        state->elapsed_ns = (replay->ended_ns != 0 ? replay->ended_ns : ab_clock_monotonic_ns()) - replay->begun_ns;
        (void)snprintf(state->text, sizeof state->text, "%s", replay->error.text);
    }
    return AB_OK;
}
