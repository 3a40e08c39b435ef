/* ab_errors.c: see ab_errors.h. */
#include "ab_errors.h"

#include <stddef.h>
#include <stdio.h>

void ab_errors_put(ab_errors *errors, int code, int errcode, const char *text) {
    uint64_t order = atomic_fetch_add_explicit(&errors->put, 1, memory_order_relaxed);
    for (uint32_t i = 0; i < AB_ERRORS; i++) {
        ab_error_entry *entry = &errors->entries[i];
        int empty = 0;
        if (!atomic_compare_exchange_strong_explicit(
                &entry->state, &empty, 1, memory_order_acquire, memory_order_relaxed)) { /* SYNC A */
            continue;
        }
        entry->order = order;
        entry->error.code = code;
        entry->error.errcode = errcode;
        snprintf(entry->error.text, sizeof(entry->error.text), "%s", text == NULL ? "" : text);
        atomic_store_explicit(&entry->state, 2, memory_order_release); /* SYNC A */
        return;
    }
    atomic_fetch_add_explicit(&errors->dropped, 1, memory_order_relaxed);
}

bool ab_errors_take(ab_errors *errors, ab_error *error) {
    ab_error_entry *oldest = NULL;
    for (uint32_t i = 0; i < AB_ERRORS; i++) {
        ab_error_entry *entry = &errors->entries[i];
        if (atomic_load_explicit(&entry->state, memory_order_acquire) == 2 && /* SYNC A */
            (oldest == NULL || entry->order < oldest->order)) {
            oldest = entry;
        }
    }
    if (oldest == NULL) {
        return false;
    }
    *error = oldest->error;
    atomic_store_explicit(&oldest->state, 0, memory_order_release); /* SYNC A */
    return true;
}
