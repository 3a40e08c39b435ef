/* ab_slot: the table of handles. Ownership by slot and generation (trap P18).
 *
 * Rules of this file
 *   - Everything with an Aeron object behind it is known outside as a 64-bit handle: generation << 32 | slot. 0 is never valid.
 *   - Closing *retires* the handle first: its generation moves on, and every later use of the old value finds nothing.
 *   - A caller that holds the GIL *peeks*: nobody can retire the handle during its call, since retiring needs the GIL too.
 *     A caller that works without the GIL *enters* and *leaves*: the closer waits until the last one has left (quiesce).
 *   - After fork() the child owns nothing: every handle it inherited is stale (trap P20).
 *   - Fixed size, no allocation, safe from any thread.
 *
 *      owner                      user without the GIL
 *      retire   generation += 1   enter   users += 1, then look at the generation; gone: users -= 1, NULL
 *      quiesce  wait users == 0   leave   users -= 1
 *      close the Aeron object
 *      free     slot may be used again
 */
#ifndef AB_SLOT_H
#define AB_SLOT_H

#include <stdint.h>

#include "ab_result.h"

/* cffi:begin */
typedef uint64_t ab_handle;

enum ab_kind {
    AB_KIND_NONE = 0,
    AB_KIND_DRIVER = 1,
    AB_KIND_CLIENT = 2,
    AB_KIND_PUBLICATION = 3,
    AB_KIND_SUBSCRIPTION = 4,
    AB_KIND_COUNTER = 5,
    AB_KIND_JOURNAL = 6,
    AB_KIND_JOURNAL_READER = 7,
};

/* How many handles of `kind` are open (AB_KIND_NONE: of all kinds). Any thread; a moment's truth. */
int ab_slot_count(int kind);

/* 1 when the handle is open and of that kind. */
int ab_slot_is_open(ab_handle handle, int kind);

/* Make every handle of this process stale. The child of a fork gets it by itself (pthread_atfork). */
void ab_slot_forked(void);
/* cffi:end */

#define AB_SLOTS 4096u

/* Give `object` a handle; 0 when all slots are taken. */
ab_handle ab_slot_open(int kind, void *object);

/* The object, or NULL when the handle is stale or of another kind. Callers hold the GIL. */
void *ab_slot_peek(ab_handle handle, int kind);

/* As peek, and counted: the object stays until ab_slot_leave. Callers need no GIL. */
void *ab_slot_enter(ab_handle handle, int kind);
void ab_slot_leave(ab_handle handle);

/* Make the handle stale and return its object (NULL: it was stale already, somebody else closes it). */
void *ab_slot_retire(ab_handle handle, int kind);

/* After retire: wait until nobody is inside any more, then free the slot. AB_OK, or AB_TIMED_OUT at `deadline_ns`
 * (CLOCK_MONOTONIC): the slot and its object then stay for good, as somebody may still use them. */
int ab_slot_quiesce_wait(ab_handle handle, int64_t deadline_ns);

#endif
