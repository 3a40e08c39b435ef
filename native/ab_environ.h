/* ab_environ: hide AERON_* from the environment while an Aeron context is made.
 *
 * Aeron reads about a hundred settings from the environment, one of which loads any shared library
 * (AERON_DRIVER_DYNAMIC_LIBRARIES). Settings come from the topology, so the environment is not asked unless a user says so.
 *
 * Rules
 *   - `environ` is pointed at a copy of the array without those entries and pointed back; no variable is changed or freed, so
 *     a thread that reads the environment meanwhile finds everything but AERON_*.
 *   - Callers keep the GIL between hide and show: Python's own putenv needs it, so the array does not change under us.
 */
#ifndef AB_ENVIRON_H
#define AB_ENVIRON_H

typedef struct {
    char **real;
    char **shown; /* NULL: nothing is hidden */
} ab_environ;

/* AB_OK or AB_NO_MEMORY. With `inherit` nothing is hidden. */
int ab_environ_hide(ab_environ *hidden, int inherit);
void ab_environ_show(ab_environ *hidden);

#endif
