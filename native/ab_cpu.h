/* ab_cpu: the processors of this process and the calling thread's place on them.
 *
 * Rules of this file
 *   - CPUs are the kernel's numbers (as in /proc/cpuinfo and taskset), not counted from the first allowed one.
 *   - "Available" is the set of the main thread when the first function of this file was called, kept from then on: what a
 *     container or taskset gave the process, holes and all. (Asked again later, a pinned main thread would hide the rest.)
 *   - Everything but the list acts on the calling thread only. Nothing here waits.
 */
#ifndef AB_CPU_H
#define AB_CPU_H

#include <stdint.h>

#include "ab_result.h"

/* cffi:begin */
/* Most that a thread's name keeps, in bytes (the kernel's limit: 16 with the NUL). */
#define AB_CPU_NAME_MAX 15

/* Write at most `capacity` available CPUs, ascending, into `cpus`; returns how many there are (also when that is more), or
 * AB_FAILED. cpus may be NULL when capacity is 0. */
int ab_cpu_available(int32_t *cpus, int32_t capacity);

/* The CPU the calling thread runs on at this moment; AB_FAILED when the kernel does not say. */
int ab_cpu_current(void);

/* Let the calling thread run on `cpu` only. AB_INVALID: not one of the available ones; AB_FAILED: errno. */
int ab_cpu_pin(int cpu, ab_error *error);

/* Let the calling thread run on every available CPU again. AB_FAILED: errno. */
int ab_cpu_unpin(ab_error *error);

/* Name the calling thread for ps, top and debuggers; longer names are cut. Returns AB_OK or AB_FAILED. */
int ab_cpu_name(const char *name);

/* Write the calling thread's name into `name` (16 bytes). Returns AB_OK or AB_FAILED. */
int ab_cpu_name_of(char *name);
/* cffi:end */

#endif
