/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_setting_table.h"

#include <string.h>

/* len=50 sha256=3fa1b2c4 */
static void add_masked(struct tk_text *t, const char *secret)
{
    if (secret[0] == '\0')
        return;
    tk_text_add(t, "len=");
    tk_text_int(t, (int64_t)strlen(secret));
    tk_text_add(t, " sha256=");
    tk_command_digest(t, secret);
}

static void show_setting(struct tk_console *c, const struct tk_setting_row *row)
{
    char value[TK_URL_MAX + 1], buf[TK_URL_MAX + TK_IP_TEXT + 4];
    struct tk_text text, t;

    tk_text_init(&text, value, sizeof value);
    tk_text_init(&t, buf, sizeof buf);
    row->print(c, row->which, &text);
    if (row->secret)
        add_masked(&t, value);
    else
        tk_text_add(&t, value);
    if (row->print_effect != NULL)
        row->print_effect(c, &t);
    tk_console_data(c, row->name, buf);
    tk_wipe(value, sizeof value);
}

static void step_show(struct tk_console *c)
{
    unsigned row = c->job.u.rows.next++;

    if (row == 0)
        tk_console_data(c, "ref", c->job.account->name);
    else if (row <= TK_SETTING_ROWS)
        show_setting(c, &tk_setting_table[row - 1]);
    else
        tk_console_ok(c, NULL);
}

void tk_command_show(struct tk_console *c, char *args)
{
    (void)args;
    tk_console_continue(c, step_show);
}
