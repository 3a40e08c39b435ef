/* ab_cpu: see ab_cpu.h for the rules. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "ab_cpu.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ab_fail.h"

/* A machine may have more CPUs than cpu_set_t's 1,024; this is beyond any kernel's limit (8,192). */
#define CPUS_MAX 16384

#define SET_SIZE CPU_ALLOC_SIZE(CPUS_MAX)

typedef union {
    cpu_set_t first; /* for its alignment and type */
    char bytes[CPU_ALLOC_SIZE(CPUS_MAX)];
} wide_set;

static wide_set available;
static int available_errno;
static pthread_once_t available_once = PTHREAD_ONCE_INIT;

static void read_available(void) {
    /* getpid() as a thread id is the main thread. */
    available_errno = sched_getaffinity(getpid(), SET_SIZE, &available.first) == 0 ? 0 : errno;
}

static int is_available(int cpu) {
    return cpu >= 0 && cpu < CPUS_MAX && CPU_ISSET_S((size_t)cpu, SET_SIZE, &available.first);
}

int ab_cpu_available(int32_t *cpus, int32_t capacity) {
    int32_t count = 0;

    pthread_once(&available_once, read_available);
    if (available_errno != 0) {
        return AB_FAILED;
    }
    for (int cpu = 0; cpu < CPUS_MAX; cpu++) {
        if (is_available(cpu)) {
            if (count < capacity) {
                cpus[count] = cpu;
            }
            count++;
        }
    }
    return count;
}

int ab_cpu_current(void) {
    const int cpu = sched_getcpu();
    return cpu < 0 ? AB_FAILED : cpu;
}

/* "0-1,4" into `text`: what an error must name beside the value. */
static void describe_available(char *text, size_t capacity) {
    size_t used = 0;

    text[0] = '\0';
    for (int cpu = 0; cpu < CPUS_MAX && used < capacity; cpu++) {
        if (!is_available(cpu)) {
            continue;
        }
        int last = cpu;
        while (is_available(last + 1)) {
            last++;
        }
        const char *comma = used == 0 ? "" : ",";
        const int wrote = last == cpu ? snprintf(text + used, capacity - used, "%s%d", comma, cpu)
                                      : snprintf(text + used, capacity - used, "%s%d-%d", comma, cpu, last);
        used += (size_t)wrote;
        cpu = last;
    }
}

static int set_affinity(const wide_set *set) {
    return sched_setaffinity(0, SET_SIZE, &set->first) == 0 ? 0 : errno; /* 0: the calling thread */
}

int ab_cpu_pin(int cpu, ab_error *error) {
    pthread_once(&available_once, read_available);
    if (available_errno != 0) {
        return ab_fail(error, AB_FAILED, available_errno, "cannot read the available CPUs: %s", strerror(available_errno));
    }
    if (!is_available(cpu)) {
        char text[256];

        describe_available(text, sizeof(text));
        return ab_fail(error, AB_INVALID, 0, "cpu %d is not one this process may use (%s); pin to one of these, or to none", cpu,
            text);
    }
    wide_set one;

    CPU_ZERO_S(SET_SIZE, &one.first);
    CPU_SET_S((size_t)cpu, SET_SIZE, &one.first);
    const int number = set_affinity(&one);
    if (number != 0) {
        return ab_fail(error, AB_FAILED, number, "cannot pin the thread to cpu %d: %s", cpu, strerror(number));
    }
    return AB_OK;
}

int ab_cpu_unpin(ab_error *error) {
    pthread_once(&available_once, read_available);
    const int number = available_errno != 0 ? available_errno : set_affinity(&available);
    if (number != 0) {
        return ab_fail(error, AB_FAILED, number, "cannot unpin the thread: %s", strerror(number));
    }
    return AB_OK;
}

int ab_cpu_name(const char *name) {
    char cut[AB_CPU_NAME_MAX + 1];

    snprintf(cut, sizeof(cut), "%s", name);
    return pthread_setname_np(pthread_self(), cut) == 0 ? AB_OK : AB_FAILED;
}

int ab_cpu_name_of(char *name) {
    return pthread_getname_np(pthread_self(), name, AB_CPU_NAME_MAX + 1) == 0 ? AB_OK : AB_FAILED;
}
