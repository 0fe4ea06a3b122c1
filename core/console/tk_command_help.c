/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_setting_table.h"
#include "tk_words.h"

static void step_help(struct tk_console *c)
{
    const struct tk_command *command;
    unsigned row = c->job.u.rows.next++;
    char buf[TK_WORDS_MAX + 64];
    struct tk_text t;

    if (row == c->job.u.rows.end) {
        tk_console_ok(c, NULL);
        return;
    }
    command = &c->env->table->commands[row];
    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, command->usage);
    tk_text_add(&t, command->usage[0] == '\0' ? "" : " : ");
    tk_words_add(&t, tk_words_of_command(row));
    tk_console_data(c, command->name, buf);
}

/* Answers `help set <key>` with the valid values. False if the line is something else. */
static bool answer_setting(struct tk_console *c, const struct tk_command *command, const char *key)
{
    bool takes_key = command != NULL && (command->flags & TK_COMMAND_SETTING) != 0;
    const struct tk_setting_row *row = takes_key ? tk_setting_find(key) : NULL;
    char buf[TK_WORDS_MAX + 1];
    struct tk_text t;

    if (row == NULL)
        return false;
    tk_text_init(&t, buf, sizeof buf);
    tk_words_add(&t, tk_words_of_setting((size_t)(row - tk_setting_table)));
    tk_console_data(c, row->name, buf);
    tk_console_ok(c, NULL);
    return true;
}

/* Prints the commands whose names begin with these words, which are adjacent in the table; if there
 * are none, the command that the line begins with (`help unset portal`). */
void tk_command_help(struct tk_console *c, char *args)
{
    const struct tk_command_table *table = c->env->table;
    const char *key;
    const struct tk_command *command = tk_dispatch_find(table, args, &key);
    unsigned first = 0, end = (unsigned)table->count;

    if (answer_setting(c, command, key))
        return;
    while (first < end && *args != '\0' &&
           tk_dispatch_matches(table->commands[first].name, args) == 0)
        first++;
    while (end > first && *args != '\0' &&
           tk_dispatch_matches(table->commands[end - 1].name, args) == 0)
        end--;
    if (first == end && command == NULL) {
        tk_console_err(c, TK_E_UNKNOWN_COMMAND);
        return;
    }
    tk_console_continue(c, step_help);
    c->job.u.rows.next = first < end ? first : (unsigned)(command - table->commands);
    c->job.u.rows.end = first < end ? end : c->job.u.rows.next + 1;
}
