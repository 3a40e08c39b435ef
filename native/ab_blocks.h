/* ab_blocks: the way of whole messages to a sink (a recorder): many frames of a term at once, without a call from Aeron for each.
 *
 *      the term, from the image's position on:   | whole | whole | whole | part ...
 *                                                └ given to the sink one by one ┘└ left to Aeron's own poll
 *                                                └ Aeron's block poll moves the position behind them
 *
 * Rules
 *   - Only what needs nothing else is taken here: a data frame that is a message, honest about its place (ab_poll.c, "where a fragment
 *     lies"), of a session we know, in a term whose address ab_poll has learned. Everything else stays for ab_poll.
 *   - A frame's length is read once, with acquire as Aeron reads it, and checked before it is used.
 *   - What the sink does not take stays in the term, and so does what lies behind it.
 *   - inv_positions_never_go_back: a session's position moves with each message, before the image's does.
 *
 * Thread: the poller's.
 */
#ifndef AB_BLOCKS_H
#define AB_BLOCKS_H

#include <stdbool.h>

#include "ab_endpoint.h"

/* Frames of one image in one pass at most. */
#define AB_BLOCK_FRAMES 1024u

/* Give the sink what can be taken so. `*taken`: messages and paddings passed. True: nothing is left that ab_poll could take now. */
bool ab_blocks_poll(ab_subscription *subscription, uint32_t *taken);

#endif
