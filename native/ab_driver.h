/* ab_driver: a C media driver inside this process.
 *
 *      open ── set* ── start_wait ─┬─ (threads of its own serve the directory) ── retire ── close_wait
 *                                  └─ failed: retire, close_wait as well
 *
 * Rules
 *   - One driver a handle, one directory a driver. **Aeron erases the directory it is given** when no driver is active in it:
 *     whoever calls start has checked it (actorbus/transport/directory.py).
 *   - The directory is removed at the close only after *this* driver had it: Aeron, told to remove it beforehand, removes a
 *     live driver's directory after its own start was refused.
 *   - open keeps the GIL (it reads the environment, see ab_environ.h); start_wait and close_wait release it.
 *   - The driver's threads block every signal: Python's handlers run in the main thread.
 *   - What Aeron would print goes to ab_printed_take instead.
 */
#ifndef AB_DRIVER_H
#define AB_DRIVER_H

#include <stdint.h>

#include "ab_result.h"
#include "ab_slot.h"

/* cffi:begin */
typedef struct ab_driver ab_driver;

/* A driver not yet started. 0 on failure. `inherit`: 1 lets AERON_* variables set what is not set below. */
ab_handle ab_driver_open(int inherit, ab_error *error);

/* Set one thing before the start: `name` as in Aeron's aeron_driver_context_set_*. Text settings take `text`, all others
 * `number`. AB_OK, AB_INVALID (no such name), AB_FAILED (Aeron refused the value), AB_STALE. */
int ab_driver_set(ab_handle driver, const char *name, int64_t number, const char *text, ab_error *error);

/* Start its threads. `remove_directory` 1: the directory goes away with the driver. AB_OK, AB_FAILED, AB_STALE. */
int ab_driver_start_wait(ab_handle driver, int remove_directory, ab_error *error);

/* Closing, step 1: the handle is stale from now on. NULL when it was. Step 2: stop and free. AB_OK, AB_FAILED, AB_TIMED_OUT. */
ab_driver *ab_driver_retire(ab_handle driver);
int ab_driver_close_wait(ab_driver *driver, ab_handle handle, int64_t deadline_ns, ab_error *error);

/* The oldest line Aeron wanted to print in this process; 0 when there is none, 1 when `error.text` has it. */
int ab_printed_take(ab_error *error);
/* cffi:end */

#endif
