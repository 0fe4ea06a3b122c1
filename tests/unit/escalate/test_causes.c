/* SPDX-License-Identifier: Apache-2.0 */

/* Compares core/escalate/causes.md with the code: each row, and each cause. */

#include "tk_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What a refresh ends with, and what else raises an alert (tk_alert_level.c). */
static bool is_cause(enum tk_err err)
{
    enum tk_action action = tk_err_action(err);

    return (action != TK_ACTION_NONE && action != TK_ACTION_REFRESH) || err == TK_E_OTHER_DEVICE ||
           err == TK_E_STORAGE_FAILED || err == TK_E_STORAGE_WORN || err == TK_E_COREZOID_TAKEN;
}

static void each_cause_is_in_the_table_with_its_words(void **state)
{
    static char table[32768];
    FILE *file = fopen(TK_SOURCE_DIR "/core/escalate/causes.md", "r");
    size_t rows = 0, causes = 0;

    (void)state;
    assert_non_null(file);
    table[fread(table, 1, sizeof table - 1, file)] = '\0';
    fclose(file);
    for (const char *at = table; (at = strstr(at, "\n| `")) != NULL; at++)
        rows++;
    for (int err = 1; err < TK_E_COUNT; err++) {
        char row[TK_WORDS_MAX + 60], words[TK_WORDS_MAX + 1];
        struct tk_text t;

        if (!is_cause((enum tk_err)err))
            continue;
        causes++;
        tk_text_init(&t, words, sizeof words);
        tk_words_add(&t, (unsigned)err);
        snprintf(row, sizeof row, "\n| `%s` | %s |\n", tk_err_code((enum tk_err)err), words);
        if (strstr(table, row) == NULL)
            fail_msg("not in the table:%s", row);
    }
    assert_int_equal(rows, causes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cause_is_in_the_table_with_its_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
