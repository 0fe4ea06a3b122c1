/* SPDX-License-Identifier: Apache-2.0 */

/* Compares core/oauth/states.md with tk_account_state, for every combination of conditions. */

#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { COLUMNS = 10, ROWS_MAX = 16 };

enum { EXCHANGE, CLIENT, STORE, PAIR, FOREIGN, REVOKED, BLOCKED, MOVED, FAILURES, REFRESH };

struct row {
    char matches[COLUMNS]; /* 'y', 'n' or '-' */
    char state[32];
    char reason[32];
};

static struct row rows[ROWS_MAX];
static size_t row_count;

static bool read_cell(char **line, char *out, size_t size)
{
    char *end = strchr(*line, '|');

    if (end == NULL)
        return false;
    *end = '\0';
    *line += strspn(*line, " ");
    size_t len = strcspn(*line, " ");

    snprintf(out, size, "%.*s", (int)len, *line);
    *line = end + 1;
    return true;
}

static void read_row(char *line)
{
    struct row *row = &rows[row_count++];
    char cell[32];

    for (int i = 0; i < COLUMNS; i++) {
        assert_true(read_cell(&line, cell, sizeof cell));
        row->matches[i] = cell[0];
    }
    assert_true(read_cell(&line, row->state, sizeof row->state));
    assert_true(read_cell(&line, row->reason, sizeof row->reason));
}

static void read_table(void)
{
    FILE *file = fopen(TK_SOURCE_DIR "/core/oauth/states.md", "r");
    char line[512];

    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "| yes", 5) == 0 || strncmp(line, "| no ", 5) == 0)
            read_row(line + 1);
    }
    fclose(file);
    assert_in_range(row_count, 5, ROWS_MAX);
}

static const struct row *first_match(const bool conditions[COLUMNS])
{
    for (size_t i = 0; i < row_count; i++) {
        bool matches = true;

        for (int c = 0; c < COLUMNS; c++)
            matches = matches &&
                      (rows[i].matches[c] == '-' || (rows[i].matches[c] == 'y') == conditions[c]);
        if (matches)
            return &rows[i];
    }
    return NULL;
}

static void set_up_account(struct tk_account *a, const bool conditions[COLUMNS])
{
    static struct tk_runtime rt;

    memset(a, 0, sizeof *a);
    a->rt = &rt;
    rt.storage.err = conditions[STORE] ? TK_OK : TK_E_STORAGE_SEALED;
    a->auth.request.queued = conditions[EXCHANGE];
    a->auth.retry_timer.due_ms = TK_NEVER;
    if (conditions[CLIENT]) {
        strcpy(a->client.portal.name, "acme.bitrix24.com");
        strcpy(a->client.client_id, "l");
        strcpy(a->client.client_secret, "s");
    }
    strcpy(a->pair.access, conditions[PAIR] ? "a" : "");
    a->foreign_pair = conditions[FOREIGN];
    a->revocation = conditions[REVOKED] ? TK_REVOKED : TK_NOT_REVOKED;
    a->refresh.blocked_by = conditions[BLOCKED] ? TK_E_INVALID_CLIENT : TK_OK;
    a->portal_fault = conditions[MOVED] ? TK_PORTAL_MOVED_BY_ANSWER : TK_PORTAL_OK;
    a->refresh.failures = conditions[FAILURES];
    a->refresh.error = conditions[FAILURES] ? TK_E_TIMEOUT : TK_OK;
    a->refresh.request.queued = conditions[REFRESH];
}

static void states_md_agrees_with_the_code(void **state)
{
    static struct tk_account a;

    (void)state;
    read_table();
    for (unsigned bits = 0; bits < 1u << COLUMNS; bits++) {
        bool conditions[COLUMNS];
        char code[TK_ERR_CODE_MAX + 1];

        for (int c = 0; c < COLUMNS; c++)
            conditions[c] = bits >> c & 1;
        set_up_account(&a, conditions);
        const struct row *row = first_match(conditions);

        assert_non_null(row);
        assert_string_equal(tk_state_name(tk_account_state(&a)), row->state);
        assert_string_equal(tk_account_reason(&a, code), row->reason);
    }
}

static void every_state_is_in_states_md(void **state)
{
    (void)state;
    for (int s = TK_NO_CLIENT; s <= TK_BLOCKED; s++) {
        bool found = false;

        for (size_t i = 0; i < row_count; i++)
            found = found || strcmp(rows[i].state, tk_state_name((enum tk_state)s)) == 0;
        assert_true(found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_md_agrees_with_the_code),
        cmocka_unit_test(every_state_is_in_states_md),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
