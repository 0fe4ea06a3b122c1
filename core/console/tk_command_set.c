/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_portal.h"
#include "tk_setting_table.h"

#include <string.h>

static void answer_setting(struct tk_console *c, const struct tk_setting_row *row, bool is_set)
{
    const struct tk_setting_kind *kind = &tk_setting_kinds[row->kind];
    const char *note = kind->note == NULL ? NULL : kind->note(c);
    char buf[TK_URL_MAX + 64], value[TK_URL_MAX + 1];
    struct tk_text pairs, text;

    tk_text_init(&pairs, buf, sizeof buf);
    tk_text_init(&text, value, sizeof value);
    kind->print(c, row->which, &text);
    if ((row->flags & TK_SETTING_MASKED) != 0 && text.len > 0)
        tk_command_masked(&pairs, row->name, value);
    else
        tk_command_pair(&pairs, row->name, value);
    if (note != NULL)
        tk_command_pair(&pairs, "note", note);
    if (!is_set && (row->flags & TK_SETTING_HIDDEN) != 0)
        tk_command_scrub(c, &pairs);
    tk_console_ok(c, &pairs);
    tk_wipe(value, sizeof value);
}

static void report_and_answer(struct tk_console *c, const struct tk_setting_row *row, bool is_set)
{
    tk_command_report(c, is_set ? TK_SECURITY_SET : TK_SECURITY_UNSET,
                      tk_setting_is_of_account(row) ? tk_console_account(c) : NULL, row->name);
    answer_setting(c, row, is_set);
}

static void store_and_answer(struct tk_console *c, const struct tk_setting_row *row,
                             const char *value)
{
    enum tk_err err = tk_setting_kinds[row->kind].store(c, row->which, value);

    if (err == TK_E_BAD_VALUE)
        tk_console_err_string(c, err, tk_setting_values(row));
    else if (err == TK_E_IN_USE && row->which == TK_SET_PORTAL &&
             tk_portal_has_moved(tk_console_account(c)))
        tk_console_err_string(c, err, TK_E_PORTAL_MOVED);
    else if (err != TK_OK)
        tk_console_err(c, err);
    else
        report_and_answer(c, row, value[0] != '\0');
}

static void on_value(struct tk_console *c, char *value)
{
    store_and_answer(c, &tk_setting_table[c->job.u.set.row], value);
}

/* What follows it may be a secret: the line cannot be brought back. */
static void fail_unknown(struct tk_console *c)
{
    c->line.last = 0;
    tk_console_err(c, TK_E_UNKNOWN_KEY);
}

/* The address of a redirect, pasted behind a setting whose value is shown. */
static bool would_show_code(const struct tk_console *c, const struct tk_setting_row *row,
                            const char *value)
{
    return c->line.is_address && (row->flags & TK_SETTING_MASKED) == 0 &&
           strstr(value, "code=") != NULL;
}

void tk_command_set(struct tk_console *c, char *args)
{
    const struct tk_setting_row *row = tk_setting_find(tk_command_word(&args));

    if (row == NULL) {
        fail_unknown(c);
    } else if (would_show_code(c, row, args)) {
        tk_console_err_string(c, TK_E_BAD_VALUE, tk_setting_values(row));
    } else if (*args != '\0') {
        store_and_answer(c, row, args);
    } else if ((row->flags & TK_SETTING_HIDDEN) != 0 && !tk_console_is_program(c)) {
        tk_console_ask(c, row->name, on_value);
        c->job.u.set.row = (unsigned)(row - tk_setting_table);
    } else if ((row->flags & TK_SETTING_HIDDEN) != 0) {
        tk_console_err(c, TK_E_NEED_VALUE);
    } else {
        tk_console_err_string(c, TK_E_NEED_VALUE, tk_setting_values(row));
    }
}

void tk_command_unset(struct tk_console *c, char *args)
{
    const struct tk_setting_row *row = tk_setting_find(args);

    if (row == NULL)
        fail_unknown(c);
    else
        store_and_answer(c, row, "");
}
