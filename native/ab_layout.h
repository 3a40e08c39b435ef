/*
 * ab_layout: the fixed layout of one message class, and whether bytes are such a record (format struct, docs/wire-format.md).
 *
 *      body      | field 0 | padding | field 1 | ... | last field |              `used` bytes
 *      record    | field 0 | padding | field 1 | ... | last field | padding |    `stride` bytes: a multiple of 8
 *
 * Rules
 *   - A body of this class's own version has exactly `used` bytes. One of a later version may be longer: what follows is not
 *     looked at. One of an earlier version may end with any field behind which all have defaults; these then come from the
 *     defaults the layout was made with. Everything else is malformed.
 *   - A reader trusts what a record holds, so what could mislead it is checked here, once: a bool is 0 or 1, an enum one of its
 *     values, a bounded integer within its bounds, text UTF-8 up to its first 0 and 0 from there on.
 *   - Padding is written as 0 and not looked at.
 *
 * Immutable once made, and counted: any thread. The functions allocate nothing but in ab_layout_make.
 */
#ifndef AB_LAYOUT_H
#define AB_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ab_result.h"

/* cffi:begin */
enum ab_field_kind {
    AB_FIELD_INT8 = 1, AB_FIELD_INT16 = 2, AB_FIELD_INT32 = 3, AB_FIELD_INT64 = 4,
    AB_FIELD_UINT8 = 5, AB_FIELD_UINT16 = 6, AB_FIELD_UINT32 = 7,
    AB_FIELD_FLOAT64 = 8,
    AB_FIELD_BOOL = 9,   /* one byte, 0 or 1 */
    AB_FIELD_ENUM = 10,  /* an int32 of those the class knows */
    AB_FIELD_TEXT = 11,  /* UTF-8, filled up with 0 */
    AB_FIELD_BYTES = 12  /* exactly `size` bytes */
};

#define AB_FIELD_NAME 48
#define AB_FIELDS_MAX 1024
#define AB_RECORD_MAX 65536

typedef struct {
    int kind;             /* ab_field_kind */
    uint32_t offset;
    uint32_t size;
    int required;         /* 1: it has no default */
    int64_t lowest;       /* bounds of an integer */
    int64_t highest;
    uint32_t value_first; /* AB_FIELD_ENUM: its values, sorted, in the table given to ab_layout_make */
    uint32_t value_count;
    char name[AB_FIELD_NAME]; /* for error texts; cut when longer, zero-terminated */
} ab_field;

typedef struct ab_layout ab_layout;

/* Make a layout of `field_count` fields in order of their offsets; `record` holds the defaults, `stride` bytes. Copies what it is
 * given. NULL without memory, or when the fields are not a layout (a size or offset out of order or out of bounds). */
ab_layout *ab_layout_make(uint16_t type_id, uint16_t version, const ab_field *fields, size_t field_count,
                          const int64_t *values, size_t value_count, const uint8_t *record, size_t stride);
void ab_layout_retain(ab_layout *layout);
void ab_layout_release(ab_layout *layout); /* NULL is fine */

/* May a body of this schema version have this length? */
int ab_layout_fits(const ab_layout *layout, uint16_t version, size_t length);

/* Is the record, of `stride` bytes, one a reader may trust? AB_OK, or AB_MALFORMED and `*field` is the number of the wrong one. */
int ab_layout_check(const ab_layout *layout, const uint8_t *record, uint32_t *field);
/* cffi:end */

struct ab_layout {
    int references; /* atomic */
    uint16_t type_id;
    uint16_t version;
    bool gaps;               /* there is padding between fields */
    uint32_t used;           /* end of the last field: the length of a body */
    uint32_t stride;         /* used, rounded up to 8: from one record of a batch or array to the next */
    uint32_t field_count;
    uint32_t picky_count;    /* fields that ab_layout_check looks at */
    uint32_t *picky;
    ab_field *fields;
    int64_t *values;
    uint8_t *record;         /* of defaults */
};

/* Copy a body that ab_layout_fits said yes to into a record: `stride` bytes, defaults and padding included. */
void ab_layout_fill(const ab_layout *layout, const uint8_t *body, size_t length, uint8_t *record);

/* Write 0 into the padding of a record. */
void ab_layout_clear_gaps(const ab_layout *layout, uint8_t *record);

/* Is `value` one of an enum field's? */
bool ab_layout_knows(const ab_layout *layout, const ab_field *field, int64_t value);

/* Read an integer, bool or enum field of a record. */
int64_t ab_field_integer(const ab_field *field, const uint8_t *record);

#endif
