/* SPDX-License-Identifier: Apache-2.0 */

/* Comma-separated values, as spreadsheets write them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "provision/csv.h"

/* Reads a text; its cells are written with | between, rows with / between. "" after an error. */
static const char *read_text(const char *text, char out[1024])
{
    struct tk_csv c;
    char why[160] = "";
    FILE *file = tmpfile();

    fputs(text, file);
    rewind(file);
    bool good = tk_csv_read(&c, fileno(file), why, sizeof why);

    fclose(file);
    out[0] = '\0';
    for (size_t r = 0; good && r < c.rows; r++) {
        for (size_t k = 0; k < c.columns; k++)
            strcat(strcat(out, tk_csv_cell(&c, r, k)), k + 1 < c.columns ? "|" : "/");
    }
    assert_int_equal(good, why[0] == '\0');
    tk_csv_free(&c);
    return out;
}

static void test_each_file(void **state)
{
    static const struct {
        const char *text, *cells;
    } rows[] = {
        {"a,b\n1,2\n", "a|b/1|2/"},
        {"a,b\r\n1,2\r\n", "a|b/1|2/"},
        {"\xef\xbb\xbf"
         "a,b\n1,2",
         "a|b/1|2/"},
        {"a\n\"x,\"\"y\"\"\nz\"\n", "a/x,\"y\"\nz/"},
        {"a,b\n,\n", "a|b/|/"},
        {"\na,b\n\n\"\",2\r\n\r\n", "a|b/|2/"},
        {"a,b\n1,\"\"", "a|b/1|/"},
        {"", ""},
        {"a,b\n", ""},
        {"a,b\n1\n", ""},
        {"a,b\n1,2,3\n", ""},
        {"a\n\"x\n", ""},
        {"a\n\"x\"y\n", ""},
        {"a\nx\"y\n", ""},
        {"a\nx\ry\n", ""},
        {"a\n\xff\n", ""},
    };
    char out[1024];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(read_text(rows[i].text, out), rows[i].cells);
}

/* What is written is read as it was. */
static void test_round_trip(void **state)
{
    static const char *const values[] = {"plain", "", "a,b", "say \"x\"", "two\nlines"};
    char *text = NULL, out[1024];
    size_t size;
    FILE *file = open_memstream(&text, &size);

    (void)state;
    fputs("k,v\n", file);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        fputs("x,", file);
        tk_csv_print(file, values[i]);
        fputs("\n", file);
    }
    fclose(file);
    assert_string_equal(read_text(text, out), "k|v/x|plain/x|/x|a,b/x|say \"x\"/x|two\nlines/");
    free(text);
}

static void test_limits(void **state)
{
    size_t size = TK_CSV_ROWS * 4 + 16;
    char *text = calloc(1, size), out[1024];

    (void)state;
    for (size_t i = 0; i < TK_CSV_ROWS + 2; i++)
        strcat(text + (i > 0 ? 2 * (i - 1) : 0), "x\n");
    assert_string_equal(read_text(text, out), "");
    memset(text, ',', TK_CSV_COLUMNS + 1);
    assert_string_equal(read_text(text, out), "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_file),
                                       cmocka_unit_test(test_round_trip),
                                       cmocka_unit_test(test_limits)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
