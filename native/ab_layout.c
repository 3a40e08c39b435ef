/* ab_layout: fixed layouts. The rules are in ab_layout.h. */
#include "ab_layout.h"

#include <stdlib.h>
#include <string.h>

#include "ab_bytes.h"

static bool field_is_possible(const ab_field *field, uint32_t end, size_t stride, size_t value_count) {
    static const uint8_t sizes[] = {0, 1, 2, 4, 8, 1, 2, 4, 8, 1, 4, 0, 0};
    if (field->kind < AB_FIELD_INT8 || field->kind > AB_FIELD_BYTES || field->size == 0 || field->size > AB_RECORD_MAX) {
        return false;
    }
    uint32_t wanted = sizes[field->kind];
    if ((wanted != 0 && field->size != wanted) || field->offset < end || field->offset > stride ||
        field->size > stride - field->offset) {
        return false;
    }
    return field->kind != AB_FIELD_ENUM ||
           (field->value_first <= value_count && field->value_count <= value_count - field->value_first);
}

static bool is_picky(const ab_field *field) {
    int64_t lowest, highest;
    switch (field->kind) {
        case AB_FIELD_FLOAT64:
        case AB_FIELD_BYTES: return false;
        case AB_FIELD_BOOL:
        case AB_FIELD_ENUM:
        case AB_FIELD_TEXT: return true;
        case AB_FIELD_INT64: return field->lowest > INT64_MIN || field->highest < INT64_MAX;
        default: break;
    }
    if (field->kind >= AB_FIELD_UINT8) {
        lowest = 0;
        highest = ((int64_t)1 << (8u * field->size)) - 1;
    } else {
        highest = ((int64_t)1 << (8u * field->size - 1u)) - 1;
        lowest = -highest - 1;
    }
    return field->lowest > lowest || field->highest < highest;
}

static void layout_free(ab_layout *layout) {
    if (layout != NULL) {
        free(layout->picky);
        free(layout->fields);
        free(layout->values);
        free(layout->record);
        free(layout);
    }
}

ab_layout *ab_layout_make(uint16_t type_id, uint16_t version, const ab_field *fields, size_t field_count,
                          const int64_t *values, size_t value_count, const uint8_t *record, size_t stride) {
    if (field_count == 0 || field_count > AB_FIELDS_MAX || stride == 0 || stride % 8u != 0 || stride > AB_RECORD_MAX) {
        return NULL;
    }
    ab_layout *layout = calloc(1, sizeof *layout);
    if (layout == NULL) {
        return NULL;
    }
    layout->references = 1;
    layout->type_id = type_id;
    layout->version = version;
    layout->stride = (uint32_t)stride;
    layout->field_count = (uint32_t)field_count;
    layout->fields = malloc(field_count * sizeof *layout->fields);
    layout->picky = malloc(field_count * sizeof *layout->picky);
    layout->values = malloc((value_count + 1) * sizeof *layout->values);
    layout->record = malloc(stride);
    if (layout->fields == NULL || layout->picky == NULL || layout->values == NULL || layout->record == NULL) {
        layout_free(layout);
        return NULL;
    }
    memcpy(layout->fields, fields, field_count * sizeof *fields);
    memcpy(layout->record, record, stride);
    if (value_count > 0) {
        memcpy(layout->values, values, value_count * sizeof *values);
    }
    for (uint32_t i = 0; i < layout->field_count; i++) {
        ab_field *field = &layout->fields[i];
        field->name[AB_FIELD_NAME - 1] = 0;
        if (!field_is_possible(field, layout->used, stride, value_count)) {
            layout_free(layout);
            return NULL;
        }
        layout->gaps |= field->offset > layout->used;
        layout->used = field->offset + field->size;
        if (is_picky(field)) {
            layout->picky[layout->picky_count++] = i;
        }
    }
    if (stride - layout->used >= 8u) {
        layout_free(layout);
        return NULL;
    }
    return layout;
}

void ab_layout_retain(ab_layout *layout) { (void)__atomic_fetch_add(&layout->references, 1, __ATOMIC_RELAXED); }

void ab_layout_release(ab_layout *layout) {
    if (layout != NULL && __atomic_fetch_sub(&layout->references, 1, __ATOMIC_ACQ_REL) == 1) {
        layout_free(layout);
    }
}

int ab_layout_fits(const ab_layout *layout, uint16_t version, size_t length) {
    if (length == layout->used) {
        return 1;
    }
    if (length > layout->used) {
        return version > layout->version;
    }
    if (version >= layout->version) {
        return 0;
    }
    for (uint32_t i = layout->field_count; i-- > 1;) { /* all from i on have defaults, and the body ends before i */
        const ab_field *field = &layout->fields[i];
        if (field->required) {
            return 0;
        }
        const ab_field *before = &layout->fields[i - 1];
        if (length == before->offset + before->size) {
            return 1;
        }
    }
    return 0;
}

void ab_layout_fill(const ab_layout *layout, const uint8_t *body, size_t length, uint8_t *record) {
    uint32_t used = layout->used;
    if (length >= used) {
        memcpy(record, body, used);
        memset(record + used, 0, layout->stride - used);
    } else {
        memcpy(record, layout->record, layout->stride);
        memcpy(record, body, length);
    }
}

void ab_layout_clear_gaps(const ab_layout *layout, uint8_t *record) {
    uint32_t end = 0;
    for (uint32_t i = 0; i < layout->field_count; i++) {
        const ab_field *field = &layout->fields[i];
        memset(record + end, 0, field->offset - end);
        end = field->offset + field->size;
    }
}

bool ab_layout_knows(const ab_layout *layout, const ab_field *field, int64_t value) {
    const int64_t *values = layout->values + field->value_first;
    uint32_t low = 0, high = field->value_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2u;
        if (values[middle] < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < field->value_count && values[low] == value;
}

int64_t ab_field_integer(const ab_field *field, const uint8_t *record) {
    const uint8_t *at = record + field->offset;
    switch (field->kind) {
        case AB_FIELD_INT8: return (int8_t)at[0];
        case AB_FIELD_INT16: return (int16_t)ab_le16(at);
        case AB_FIELD_INT32:
        case AB_FIELD_ENUM: return (int32_t)ab_le32(at);
        case AB_FIELD_INT64: return (int64_t)ab_le64(at);
        case AB_FIELD_UINT8:
        case AB_FIELD_BOOL: return at[0];
        case AB_FIELD_UINT16: return ab_le16(at);
        default: return ab_le32(at);
    }
}

/* Continuation bytes that follow a leading byte, and the range of the first of them (RFC 3629); -1: no leading byte. */
static int utf8_lead(uint8_t lead, uint8_t *lowest, uint8_t *highest) {
    *lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    *highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (lead < 0x80) {
        return 0;
    }
    return lead < 0xc2 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : -1;
}

#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u

/* Is there nothing but 0? */
static bool is_empty(const uint8_t *text, uint32_t size) {
    uint32_t i = 0;
    for (; i + 8u <= size; i += 8u) {
        if (ab_le64(text + i) != 0) {
            return false;
        }
    }
    while (i < size && text[i] == 0) {
        i++;
    }
    return i == size;
}

static bool text_is_right(const uint8_t *text, uint32_t size) {
    uint32_t i = 0;
    for (uint64_t word, zero; i + sizeof word <= size; i += sizeof word) { /* eight characters of ASCII at once */
        word = ab_le64(text + i);
        zero = (word - ONES) & ~word & HIGHS; /* its lowest bit is the top bit of the first 0 */
        if ((word & HIGHS) != 0) {
            break;
        }
        if (zero != 0) {
            return word < (zero & (0 - zero)) >> 7 && is_empty(text + i + sizeof word, size - i - (uint32_t)sizeof word);
        }
    }
    while (i < size && text[i] != 0) {
        uint8_t lowest, highest;
        int more = utf8_lead(text[i++], &lowest, &highest);
        if (more < 0 || (uint32_t)more > size - i) {
            return false;
        }
        for (int j = 0; j < more; j++, i++) {
            if (text[i] < lowest || text[i] > highest) {
                return false;
            }
            lowest = 0x80;
            highest = 0xbf;
        }
    }
    return is_empty(text + i, size - i);
}

int ab_layout_check(const ab_layout *layout, const uint8_t *record, uint32_t *wrong) {
    for (uint32_t i = 0; i < layout->picky_count; i++) {
        const ab_field *field = &layout->fields[layout->picky[i]];
        bool right;
        if (field->kind == AB_FIELD_TEXT) {
            right = text_is_right(record + field->offset, field->size);
        } else {
            int64_t value = ab_field_integer(field, record);
            if (field->kind == AB_FIELD_ENUM) {
                right = ab_layout_knows(layout, field, value);
            } else {
                right = field->kind == AB_FIELD_BOOL ? value <= 1 : value >= field->lowest && value <= field->highest;
            }
        }
        if (!right) {
            *wrong = layout->picky[i];
            return AB_MALFORMED;
        }
    }
    return AB_OK;
}
