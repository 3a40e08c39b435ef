/*
 * ab.h: everything in native/, for one include.
 *
 * Read in this order: ab_result and ab_counters (words), ab_aeron (the door to Aeron), ab_slot, ab_driver and ab_client (who owns what),
 * ab_frame, ab_layout, ab_msgpack (bytes), ab_endpoint (the two ends of a stream), ab_offer (the way out), ab_poll and ab_wait (the
 * way in), ab_quarantine, then the instruments: ab_clock, ab_cpu, ab_histogram, ab_stats. Recordings: ab_storage, ab_journal.
 */
#ifndef AB_H
#define AB_H

#include "ab_result.h"
#include "ab_aeron.h"
#include "ab_slot.h"
#include "ab_clock.h"
#include "ab_cpu.h"
#include "ab_memory.h"
#include "ab_counters.h"
#include "ab_histogram.h"
#include "ab_stats.h"
#include "ab_frame.h"
#include "ab_layout.h"
#include "ab_msgpack.h"
#include "ab_wait.h"
#include "ab_quarantine.h"
#include "ab_endpoint.h"
#include "ab_offer.h"
#include "ab_gather.h"
#include "ab_poll.h"
#include "ab_driver.h"
#include "ab_client.h"
#include "ab_local.h"
#include "ab_replay.h"
#include "ab_floor.h"
#include "ab_crc32c.h"
#include "ab_storage.h"
#include "ab_journal.h"
#include "ab_journal_port.h"
#include "ab_record.h"
#include "ab_marks.h"

#endif
