/* ab_environ.c: see ab_environ.h. */
#include "ab_environ.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ab_result.h"

int ab_environ_hide(ab_environ *hidden, int inherit) {
    hidden->real = environ;
    hidden->shown = NULL;
    if (inherit || environ == NULL) {
        return AB_OK;
    }
    size_t count = 0;
    while (environ[count] != NULL) {
        count++;
    }
    char **shown = malloc((count + 1) * sizeof(*shown));
    if (shown == NULL) {
        return AB_NO_MEMORY;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environ[i], "AERON_", 6) != 0) {
            shown[kept++] = environ[i];
        }
    }
    shown[kept] = NULL;
    hidden->shown = shown;
    environ = shown;
    return AB_OK;
}

void ab_environ_show(ab_environ *hidden) {
    if (hidden->shown == NULL) {
        return;
    }
    if (environ == hidden->shown) { /* else somebody set a variable meanwhile: theirs is the array in use now */
        environ = hidden->real;
        free(hidden->shown);
    }
    hidden->shown = NULL;
}
