/* ab_memory: the C library's own trim, where it has one. */
#include "ab_memory.h"

#if defined(__GLIBC__) || defined(__linux__)
#include <malloc.h>
#endif

int ab_memory_trim(void) {
#if defined(__GLIBC__)
    return malloc_trim(0);
#else
    return 0;
#endif
}
