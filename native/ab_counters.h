/*
 * ab_counters: the counters of one stream, a block of sixteen int64_t.
 *
 * Rules
 *   - One writer for each counter: the publication's owner writes the first five, the poller's thread the others. Plain
 *     stores; readers (the statistics file, `top`) may be a moment behind and never see a torn value on a 64-bit machine.
 *   - Everything counts messages, except the two byte counters (body bytes, without our frame) and AB_GAPS (holes).
 *   - Hello, Beat and Bye count nowhere.
 *   - Counters only grow.
 *   - inv_delivered_plus_missing_is_sent, for a publisher followed from its first message: at the publisher
 *     sent = PUBLISHED + DROPPED, at the subscriber arrived = RECEIVED + UNWANTED + UNKNOWN + MALFORMED - UNDECODED (a
 *     message is counted in one of the four when it arrives; when the decoder then refuses a RECEIVED one it becomes
 *     MALFORMED and UNDECODED too), and arrived + MISSING = sent.
 */
#ifndef AB_COUNTERS_H
#define AB_COUNTERS_H

/* cffi:begin */
#define AB_STREAM_COUNTERS 16

enum ab_stream_counter {
    AB_PUBLISHED = 0,           /* accepted by Aeron */
    AB_PUBLISHED_BYTES = 1,
    AB_DROPPED = 2,             /* given up by policy; each used up a sequence number */
    AB_BACK_PRESSURED_COUNT = 3, /* messages that met back pressure (once each, however often they were tried again) */
    AB_NOT_CONNECTED_COUNT = 4,  /* messages that found nobody connected (once each) */
    AB_RECEIVED = 5,            /* handed over in a batch */
    AB_RECEIVED_BYTES = 6,
    AB_GAPS = 7,                /* holes seen in a publisher's sequence */
    AB_MISSING = 8,             /* messages in those holes */
    AB_INVALID_FRAMES = 9,      /* Aeron frames dropped before ours was read: impossible length, broken reassembly */
    AB_MALFORMED_COUNT = 10,    /* our frame, or the body, is not what it says it is */
    AB_UNKNOWN = 11,            /* a type this stream does not declare */
    AB_UNWANTED = 12,           /* a declared type that no handler here takes; not quarantined */
    AB_QUARANTINED = 13,        /* entries ever put into the quarantine */
    AB_UNDECODED = 14           /* of those handed over, refused by the decoder afterwards */
};
/* cffi:end */

#endif
