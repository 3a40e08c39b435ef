/* ab_layout: which layouts are possible, which bodies fit, what a record may hold, and hostile bytes. */
#include "../ab_layout.h"

#include "check.h"

static const int64_t values[] = {-3, 0, 5};

/* int8 at 0, int32 at 4, enum at 8, bool at 12, text of 5 at 13; the last two have defaults. used 18, stride 24. */
static const ab_field fields[] = {
    {.kind = AB_FIELD_INT8, .offset = 0, .size = 1, .required = 1, .lowest = -128, .highest = 127, .name = "a"},
    {.kind = AB_FIELD_INT32, .offset = 4, .size = 4, .required = 1, .lowest = 0, .highest = 9, .name = "b"},
    {.kind = AB_FIELD_ENUM, .offset = 8, .size = 4, .required = 1, .value_first = 0, .value_count = 3, .name = "c"},
    {.kind = AB_FIELD_BOOL, .offset = 12, .size = 1, .name = "d"},
    {.kind = AB_FIELD_TEXT, .offset = 13, .size = 5, .name = "e"},
};

static ab_layout *made(void) {
    uint8_t record[24] = {0};
    record[12] = 1;
    record[13] = 'x';
    ab_layout *layout = ab_layout_make(1001, 3, fields, 5, values, 3, record, sizeof record);
    CHECK(layout != NULL);
    return layout;
}

static void only_fields_in_order_and_in_bounds_are_a_layout(void) {
    uint8_t record[AB_RECORD_MAX] = {0};
    ab_field one = {.kind = AB_FIELD_INT64, .offset = 0, .size = 8, .lowest = INT64_MIN, .highest = INT64_MAX};
    ab_field twice[2] = {one, one};
    CHECK(ab_layout_make(1, 1, &one, 0, NULL, 0, record, 8) == NULL);
    CHECK(ab_layout_make(1, 1, &one, 1, NULL, 0, record, 12) == NULL);
    CHECK(ab_layout_make(1, 1, &one, 1, NULL, 0, record, 0) == NULL);
    CHECK(ab_layout_make(1, 1, &one, 1, NULL, 0, record, 16) == NULL); /* more padding than alignment asks for */
    CHECK(ab_layout_make(1, 1, twice, 2, NULL, 0, record, 16) == NULL); /* they overlap */
    one.offset = 8;
    CHECK(ab_layout_make(1, 1, &one, 1, NULL, 0, record, 8) == NULL); /* outside */
    one.offset = UINT32_MAX;
    CHECK(ab_layout_make(1, 1, &one, 1, NULL, 0, record, 8) == NULL);
    one.offset = 0;
    one.size = 4;
    CHECK(ab_layout_make(1, 1, &one, 1, NULL, 0, record, 8) == NULL); /* an int64 of 4 bytes */
    one.kind = 13;
    CHECK(ab_layout_make(1, 1, &one, 1, NULL, 0, record, 8) == NULL);
    one = (ab_field){.kind = AB_FIELD_ENUM, .size = 4, .value_first = 2, .value_count = 2};
    CHECK(ab_layout_make(1, 1, &one, 1, values, 3, record, 8) == NULL); /* beyond the table of values */
    ab_layout_release(NULL);
}

static void a_body_fits_by_version_and_length(void) {
    ab_layout *layout = made();
    CHECK_EQUAL(18, layout->used);
    CHECK(layout->gaps);
    for (uint16_t version = 2; version <= 4; version++) {
        for (size_t length = 0; length < 64; length++) {
            bool expected = length == 18 || (version > 3 && length > 18) || (version < 3 && (length == 13 || length == 12));
            CHECK_EQUAL(expected, ab_layout_fits(layout, version, length));
        }
    }
    ab_layout_retain(layout);
    ab_layout_release(layout);
    ab_layout_release(layout);
}

static void a_record_is_filled_up_with_defaults_and_padding(void) {
    ab_layout *layout = made();
    uint8_t body[30], record[24];
    memset(body, 0xaa, sizeof body);
    ab_layout_fill(layout, body, 12, record);
    CHECK(memcmp(record, body, 12) == 0);
    CHECK_EQUAL(1, record[12]);
    CHECK(memcmp(record + 13, "x\0\0\0\0\0\0\0\0\0\0", 11) == 0);
    ab_layout_fill(layout, body, 30, record); /* a later version's: the end is not looked at */
    CHECK(memcmp(record, body, 18) == 0);
    CHECK(memcmp(record + 18, "\0\0\0\0\0\0", 6) == 0);
    ab_layout_clear_gaps(layout, record);
    CHECK(memcmp(record, "\xaa\0\0\0\xaa\xaa\xaa\xaa\xaa", 9) == 0);
    ab_layout_release(layout);
}

/* The number of the field that is wrong in a good record whose byte `at` became `value`; -1: none. */
static int wrong_after(const ab_layout *layout, size_t at, uint8_t value) {
    uint8_t record[24] = {200, 9, 9, 9, 9, 0, 0, 0, 5, 0, 0, 0, 1, 'a', 'b', 0, 0, 0};
    record[at] = value;
    uint32_t field = 99;
    return ab_layout_check(layout, record, &field) == AB_OK ? -1 : (int)field;
}

static void what_a_reader_would_trust_is_checked(void) {
    ab_layout *layout = made();
    CHECK_EQUAL(-1, wrong_after(layout, 0, 0x7f));
    CHECK_EQUAL(-1, wrong_after(layout, 1, 0xff)); /* padding is not looked at */
    CHECK_EQUAL(1, wrong_after(layout, 4, 10));
    CHECK_EQUAL(1, wrong_after(layout, 7, 0x80));
    CHECK_EQUAL(-1, wrong_after(layout, 8, 0));
    CHECK_EQUAL(2, wrong_after(layout, 8, 4));
    CHECK_EQUAL(2, wrong_after(layout, 11, 0xff));
    CHECK_EQUAL(-1, wrong_after(layout, 12, 0));
    CHECK_EQUAL(3, wrong_after(layout, 12, 2));
    CHECK_EQUAL(4, wrong_after(layout, 16, 'c')); /* behind the first 0 */
    CHECK_EQUAL(4, wrong_after(layout, 13, 0));   /* likewise */
    CHECK_EQUAL(4, wrong_after(layout, 13, 0x80));
    CHECK_EQUAL(4, wrong_after(layout, 14, 0xc3)); /* cut short by the 0 */
    ab_layout_release(layout);
}

static void utf8_is_that_of_the_standard(void) {
    static const struct {
        const char *text;
        bool right;
    } cases[] = {{"\xc3\xa9", true},      {"\xe2\x82\xac", true},      {"\xf0\x9f\x98\x80", true}, {"\xed\x9f\xbf", true},
                 {"\xc0\xaf", false},     {"\xe0\x80\xaf", false},     {"\xed\xa0\x80", false},    {"\xf4\x90\x80\x80", false},
                 {"\xf5\x80\x80\x80", false}, {"\xf0\x80\x80\xaf", false}, {"\xe2\x82", false},    {"\xff", false},
                 {"abcde", true},         {"abcd\xc3", false},         {"", true}};
    ab_layout *layout = made();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t record[24] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
        memcpy(record + 13, cases[i].text, strlen(cases[i].text));
        uint32_t field;
        CHECK_EQUAL(cases[i].right ? AB_OK : AB_MALFORMED, ab_layout_check(layout, record, &field));
    }
    ab_layout_release(layout);
}

int main(void) {
    RUN(only_fields_in_order_and_in_bounds_are_a_layout);
    RUN(a_body_fits_by_version_and_length);
    RUN(a_record_is_filled_up_with_defaults_and_padding);
    RUN(what_a_reader_would_trust_is_checked);
    RUN(utf8_is_that_of_the_standard);
    return 0;
}
