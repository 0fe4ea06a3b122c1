/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_words.h"

static void step_help(struct tk_console *c)
{
    const struct tk_command *command;
    unsigned row = c->job.of.rows.next++;
    char buf[256];
    struct tk_text t;

    if (row == c->job.of.rows.end) {
        tk_console_ok(c, NULL);
        return;
    }
    command = &c->env->table->commands[row];
    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, command->form);
    tk_text_add(&t, command->form[0] == '\0' ? "" : " : ");
    tk_words_add(&t, tk_words_of_command(row));
    tk_console_data(c, command->name, buf);
}

/* The commands whose names begin with these words stand together in the table; where there is
 * none, the command that the line begins with is meant (`help set portal`). */
void tk_command_help(struct tk_console *c, char *args)
{
    const struct tk_command_table *table = c->env->table;
    const char *behind;
    const struct tk_command *command = tk_dispatch_find(table, args, &behind);
    unsigned first = 0, end = (unsigned)table->count;

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
    c->job.of.rows.next = first < end ? first : (unsigned)(command - table->commands);
    c->job.of.rows.end = first < end ? end : c->job.of.rows.next + 1;
}
