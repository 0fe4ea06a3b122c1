/* SPDX-License-Identifier: Apache-2.0 */

/* Compares core/oauth/errors.md with the code: each row, and each error of the code. */

#include "respond.h"
#include "tk_counters.h"
#include "tk_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS_MAX = 240, CELLS_MAX = 5 };

struct row {
    char cells[CELLS_MAX][80];
    int count;
};

static struct row rows[ROWS_MAX];
static size_t row_count;

static void read_row(char *line)
{
    struct row *row = &rows[row_count];
    char *cell = strtok(line, "|\n");

    for (row->count = 0; cell != NULL && row->count < CELLS_MAX; row->count++) {
        cell += strspn(cell, " ");
        size_t len = strlen(cell);

        while (len > 0 && cell[len - 1] == ' ')
            len--;
        snprintf(row->cells[row->count], sizeof row->cells[0], "%.*s", (int)len, cell);
        cell = strtok(NULL, "|\n");
    }
    row_count++;
}

static int read_tables(void **state)
{
    FILE *file = fopen(TK_SOURCE_DIR "/core/oauth/errors.md", "r");
    char line[512];

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        assert_true(row_count < ROWS_MAX);
        if (line[0] == '|' && line[1] == ' ')
            read_row(line);
    }
    fclose(file);
    return 0;
}

static bool is_response_row(const struct row *row)
{
    return strcmp(row->cells[0], "oauth") == 0 || strcmp(row->cells[0], "portal") == 0;
}

/* Of the last table: an error and its action. */
static bool is_failure_row(const struct row *row)
{
    return row->count >= 2 && tk_words_err(row->cells[0]) != TK_OK;
}

/* The error code between backticks, or "". */
static const char *code_of(const char *body)
{
    static char word[80];
    const char *begin = strchr(body, '`');

    snprintf(word, sizeof word, "%s", begin == NULL ? "" : begin + 1);
    word[strcspn(word, "`")] = '\0';
    return word;
}

static void write_body(const char *body, char *out, size_t size)
{
    const char *word = code_of(body);

    if (strncmp(body, "v3 ", 3) == 0)
        snprintf(out, size, "{\"error\":{\"code\":\"%s\",\"message\":\"m\"}}", word);
    else if (word[0] != '\0')
        snprintf(out, size, "{\"error\":\"%s\",\"error_description\":\"d\"}", word);
    else if (strcmp(body, "html") == 0)
        snprintf(out, size, "<html>\"error\":\"invalid_grant\"</html>");
    else if (strcmp(body, "cut") == 0)
        snprintf(out, size, "{\"error\":\"invalid_gr");
    else if (strcmp(body, "json") == 0)
        snprintf(out, size, "{\"message\":\"invalid_grant\"}");
    else if (strcmp(body, "long") == 0)
        snprintf(out, size, "{\"access_token\":\"%0*d\",\"refresh_token\":\"r\"}", TK_TOKEN_MAX + 1,
                 0);
    else {
        assert_string_equal(body, "empty");
        out[0] = '\0';
    }
}

static enum tk_err parse_error(const struct row *row, const char **code)
{
    static struct tk_http http;
    static struct tk_token_response response;
    static struct tk_server_error error;
    char body[TK_TOKEN_MAX + 400];

    write_body(row->cells[2], body, sizeof body);
    respond(&http, atoi(row->cells[1]), body);
    if (strcmp(row->cells[0], "portal") == 0) {
        enum tk_err err = tk_oauth_read_rest_response(&http, TK_OK, &error);

        *code = error.code;
        return err;
    }
    enum tk_err err = tk_oauth_read_token_response(&http, TK_OK, 1780315782, &response);

    *code = response.error.code;
    return err;
}

static const char *action_name(enum tk_err err)
{
    static const char *const names[] = {"none", "retry", "wait", "block", "reauth", "refresh"};

    return names[tk_err_action(err)];
}

/* A longer code is not shown, so its end does not matter. */
static bool is_shown(const char *got, const char *want)
{
    return strncmp(got, want, TK_SERVER_ERROR_MAX + 1) == 0;
}

static void responses_agree_with_errors_md(void **state)
{
    size_t seen = 0;

    (void)state;
    for (size_t i = 0; i < row_count; i++) {
        const struct row *row = &rows[i];
        const char *server_error;

        if (!is_response_row(row))
            continue;
        enum tk_err err = parse_error(row, &server_error);

        seen++;
        if (strcmp(tk_err_code(err), row->cells[3]) != 0 ||
            strcmp(action_name(err), row->cells[4]) != 0 ||
            !is_shown(server_error, code_of(row->cells[2])))
            fail_msg("%s %s %s -> %s %s, error %s", row->cells[0], row->cells[1], row->cells[2],
                     tk_err_code(err), action_name(err), server_error);
    }
    assert_true(seen > 100);
}

static void actions_agree_with_errors_md(void **state)
{
    (void)state;
    for (size_t i = 0; i < row_count; i++) {
        if (is_failure_row(&rows[i]))
            assert_string_equal(action_name(tk_words_err(rows[i].cells[0])), rows[i].cells[1]);
    }
}

static bool has_word(const char *server, const char *word)
{
    for (size_t i = 0; i < row_count; i++) {
        if (strcmp(rows[i].cells[0], server) == 0 && rows[i].cells[2][0] == '`' &&
            tk_same_nocase(code_of(rows[i].cells[2]), word))
            return true;
    }
    return false;
}

static void every_known_error_code_is_in_errors_md(void **state)
{
    static const char *const words[] = {
#define TK_SERVER_ERROR(oauth, portal, word) word,
#include "tk_server_errors.h"
#undef TK_SERVER_ERROR
    };

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!has_word("oauth", words[i]) || !has_word("portal", words[i]))
            fail_msg("%s is missing", words[i]);
    }
}

static bool has_error(const char *code)
{
    for (size_t i = 0; i < row_count; i++) {
        if (strcmp(rows[i].cells[is_response_row(&rows[i]) ? 3 : 0], code) == 0)
            return true;
    }
    return false;
}

static void every_error_with_an_action_is_in_errors_md(void **state)
{
    (void)state;
    for (int err = 1; err < TK_E_COUNT; err++) {
        if (tk_err_action((enum tk_err)err) != TK_ACTION_NONE &&
            !has_error(tk_err_code((enum tk_err)err)))
            fail_msg("%s is missing", tk_err_code((enum tk_err)err));
    }
}

/* tk_refresh.c does not handle those. */
static void no_response_to_a_refresh_has_an_action_of_rest(void **state)
{
    (void)state;
    for (size_t i = 0; i < row_count; i++) {
        if (strcmp(rows[i].cells[0], "oauth") == 0)
            assert_true(strstr("retry wait block reauth", rows[i].cells[4]) != NULL);
    }
}

static void each_result_of_a_refresh_is_counted_by_its_action(void **state)
{
    struct tk_counters c = {0};

    (void)state;
    tk_counters_refreshed(&c, TK_OK, 300, false, false);
    tk_counters_refreshed(&c, TK_OK, 200, true, true);
    tk_counters_refreshed(&c, TK_E_TIMEOUT, 900, true, false);
    tk_counters_refreshed(&c, TK_E_INVALID_GRANT, 900, false, false);
    tk_counters_refreshed(&c, TK_E_TOKEN_REFUSED, 900, false, false); /* of REST */
    assert_int_equal(c.ok, 2);
    assert_int_equal(c.last_ms, 200);
    assert_int_equal(c.longest_ms, 300);
    assert_int_equal(c.retries, 2);
    assert_int_equal(c.recovered, 1);
    assert_int_equal(c.failed[TK_ACTION_RETRY], 1);
    assert_int_equal(c.failed[TK_ACTION_REAUTH], 1);
    assert_int_equal(c.failed[TK_ACTION_NONE], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(responses_agree_with_errors_md),
        cmocka_unit_test(actions_agree_with_errors_md),
        cmocka_unit_test(every_known_error_code_is_in_errors_md),
        cmocka_unit_test(every_error_with_an_action_is_in_errors_md),
        cmocka_unit_test(no_response_to_a_refresh_has_an_action_of_rest),
        cmocka_unit_test(each_result_of_a_refresh_is_counted_by_its_action),
    };

    return cmocka_run_group_tests(tests, read_tables, NULL);
}
