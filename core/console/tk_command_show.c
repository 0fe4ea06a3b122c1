/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_setting_table.h"

static void show_setting(struct tk_console *c, const struct tk_setting_row *row)
{
    const struct tk_setting_kind *kind = &tk_setting_kinds[row->kind];
    char value[TK_URL_MAX + 1], buf[TK_URL_MAX + TK_IP_TEXT + 4];
    struct tk_text text, t;

    tk_text_init(&text, value, sizeof value);
    tk_text_init(&t, buf, sizeof buf);
    kind->print(c, row->which, &text);
    if ((row->flags & TK_SETTING_MASKED) == 0)
        tk_text_add(&t, value);
    else if (text.len > 0)
        tk_command_masked(&t, "", value);
    if (kind->print_effect != NULL)
        kind->print_effect(c, &t);
    tk_console_data(c, row->name, buf);
    tk_wipe(value, sizeof value);
}

static void step_show(struct tk_console *c)
{
    unsigned row = c->job.u.rows.next++;

    if (row == 0)
        tk_console_data(c, "ref", c->job.account->name);
    else if (row > TK_SETTING_ROWS)
        tk_console_ok(c, NULL);
    else if (tk_setting_table[row - 1].name[0] != '\0')
        show_setting(c, &tk_setting_table[row - 1]);
}

void tk_command_show(struct tk_console *c, char *args)
{
    (void)args;
    tk_console_continue(c, step_show);
}
