/* ab_aeron.c: fill the table. See ab_aeron.h for the rules. */
#include "ab_aeron.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "ab_fail.h"

/* The layouts restated in ab_aeron.h, as Aeron 1.53 has them on a 64-bit machine. */
_Static_assert(sizeof(void *) == 8, "actorbus needs a 64-bit machine");
_Static_assert(sizeof(aeron_header_values_frame_t) == 32, "data header");
_Static_assert(sizeof(aeron_header_values_t) == 44, "header values are packed to 4 bytes");
_Static_assert(sizeof(aeron_publication_constants_t) == 88, "publication constants");
_Static_assert(sizeof(aeron_image_constants_t) == 72, "image constants");

/* Every function we use is there since 1.49; 2.x may change any of them. */
#define AB_AERON_MAJOR 1
#define AB_AERON_MINOR_LEAST 49

const ab_aeron_table *ab_aeron; /* NULL: nothing loaded */
static ab_aeron_table loaded;
static char version[256];
static int32_t version_number;

static void *open_library(const char *path, ab_error *error) {
    /* Lazy, because the library inside the pyaeron wheel is a Python extension: it names symbols of an interpreter that a
     * plain C test does not have, and that nobody calls. Never closed again: Aeron leaves threads' keys behind. */
    void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL) {
        ab_fail(error, AB_FAILED, 0, "cannot load the Aeron library %s: %s", path, dlerror());
    }
    return library;
}

static const char *first_missing;

static void find(void *library, const char *name, void *member) {
    void *symbol = dlsym(library, name);
    if (symbol == NULL && first_missing == NULL) {
        first_missing = name;
    }
    memcpy(member, &symbol, sizeof(symbol)); /* a data pointer and a function pointer are one size here (POSIX) */
}

static int find_client(void *library) {
#define AB_FIND(result, name, parameters) find(library, "aeron_" #name, &loaded.name);
    AB_AERON_OPTIONAL_FUNCTIONS(AB_FIND)
    first_missing = NULL;
    AB_AERON_CLIENT_FUNCTIONS(AB_FIND)
    return first_missing == NULL;
}

static int find_driver(void *library) {
    first_missing = NULL;
    AB_AERON_DRIVER_FUNCTIONS(AB_FIND)
#undef AB_FIND
    if (first_missing != NULL) {
        loaded.driver_init = NULL; /* all or nothing */
    }
    return first_missing == NULL;
}

int ab_aeron_load(const char *path, ab_error *error) {
    if (ab_aeron != NULL) {
        return AB_OK;
    }
    if (path == NULL) {
        path = "libaeron.so";
    }
    void *library = open_library(path, error);
    if (library == NULL) {
        return AB_FAILED;
    }
    if (!find_client(library)) {
        const char *missing = first_missing;
        memset(&loaded, 0, sizeof(loaded));
        dlclose(library);
        return ab_fail(error, AB_FAILED, 0, "the Aeron library %s lacks %s: it is too old, or not Aeron's C client", path, missing);
    }
    if (loaded.version_major() != AB_AERON_MAJOR || loaded.version_minor() < AB_AERON_MINOR_LEAST) {
        int major = loaded.version_major(), minor = loaded.version_minor(), patch = loaded.version_patch();
        memset(&loaded, 0, sizeof(loaded));
        dlclose(library);
        return ab_fail(error, AB_FAILED, 0, "the Aeron library %s is version %d.%d.%d; wanted is %d.%d or a later %d.x", path,
                       major, minor, patch, AB_AERON_MAJOR, AB_AERON_MINOR_LEAST, AB_AERON_MAJOR);
    }
    find_driver(library);
    snprintf(version, sizeof(version), "%s", loaded.version_full());
    version_number = loaded.version_major() * 1000000 + loaded.version_minor() * 1000 + loaded.version_patch();
    ab_aeron = &loaded;
    return AB_OK;
}

int ab_aeron_load_driver(const char *path, ab_error *error) {
    if (ab_aeron != &loaded) {
        return ab_fail(error, AB_INVALID, 0, "load the Aeron client library before the driver's (%s)", path);
    }
    if (loaded.driver_init != NULL) {
        return AB_OK;
    }
    void *library = open_library(path, error);
    if (library == NULL) {
        return AB_FAILED;
    }
    if (!find_driver(library)) {
        const char *missing = first_missing;
        dlclose(library);
        return ab_fail(error, AB_FAILED, 0, "the Aeron driver library %s lacks %s", path, missing);
    }
    return AB_OK;
}

void ab_aeron_use(const ab_aeron_table *table) { ab_aeron = table; }

int ab_aeron_loaded(void) { return ab_aeron == NULL ? 0 : ab_aeron->driver_init == NULL ? 1 : 2; }

const char *ab_aeron_version(void) { return version; }

int32_t ab_aeron_version_number(void) { return version_number; }
