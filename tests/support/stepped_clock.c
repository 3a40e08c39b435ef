/* stepped_clock: a wall clock that a test sets, for whole processes. Built and preloaded by tests/system/stepped.py.
 *
 * The file that STEPPED_CLOCK names holds two int64: an offset in ns, added to CLOCK_REALTIME; and a moment in ns since 1970 at which
 * the clock stands still (0: it goes). Monotonic clocks are not touched. Without the file everything is as ever.
 */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *settings;

__attribute__((constructor)) static void find_settings(void) {
    const char *path = getenv("STEPPED_CLOCK");
    int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        void *found = mmap(NULL, 16, PROT_READ, MAP_SHARED, file, 0);
        settings = found == MAP_FAILED ? NULL : found;
        close(file);
    }
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && settings != NULL && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t stands = settings[1];
        int64_t now = stands != 0 ? stands : (int64_t)time->tv_sec * 1000000000 + time->tv_nsec + settings[0];
        time->tv_sec = now / 1000000000;
        time->tv_nsec = now % 1000000000;
    }
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *place) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (place != NULL) {
        *place = now.tv_sec;
    }
    return now.tv_sec;
}
