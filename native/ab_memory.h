/* ab_memory: giving back what a closed session freed.
 *
 * Every actor's thread allocates from an arena of its own, and glibc keeps freed arena memory for the next thread. A process
 * that opens and closes nodes would so keep the largest ones it ever had.
 */
#ifndef AB_MEMORY_H
#define AB_MEMORY_H

/* cffi:begin */
/* Give freed heap pages back to the operating system. Returns 1 when some were, 0 when none or the C library cannot. Any
 * thread; holds the GIL; some hundred microseconds. */
int ab_memory_trim(void);
/* cffi:end */

#endif
