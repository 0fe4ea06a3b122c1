/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_setting_table.h"
#include "tk_words.h"

#include <string.h>

#define WIDTH 80

/* In lines that end between words; the later ones are indented. */
static void put_wrapped(struct tk_console *c, char *text)
{
    while (strlen(text) > WIDTH) {
        char *end = text + WIDTH;

        while (*end != ' ')
            end--;
        *end = '\0';
        tk_output_line(&c->out, text);
        text = end - 1;
        text[0] = text[1] = ' ';
    }
    tk_output_line(&c->out, text);
}

/* "name usage : help"; for a program "name=usage : help", in one line. */
static void put_help(struct tk_console *c, const char *name, const char *usage, unsigned string)
{
    char buf[TK_WORDS_MAX + 80];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "%s%s%s : ", name, usage[0] == '\0' ? "" : " ", usage);
    tk_words_add(&t, string);
    if (tk_console_is_program(c))
        tk_console_data(c, name, buf + strlen(name) + (usage[0] == '\0' ? 3 : 1));
    else
        put_wrapped(c, buf);
}

static void step_help(struct tk_console *c)
{
    unsigned row = c->job.u.rows.next++;
    const struct tk_command *command = &c->env->table->commands[row];

    if (row == c->job.u.rows.end)
        tk_console_ok(c, NULL);
    else
        put_help(c, command->name, tk_command_usage(command), tk_words_of(TK_WORDS_COMMANDS, row));
}

/* Answers `help set <key>` with the valid values. False if the line is something else. */
static bool answer_setting(struct tk_console *c, const struct tk_command *command, const char *key)
{
    bool takes_key = command != NULL && (command->flags & TK_COMMAND_SETTING) != 0;
    const struct tk_setting_row *row = takes_key ? tk_setting_find(key) : NULL;

    if (row == NULL)
        return false;
    put_help(c, row->name, "", tk_words_of(TK_WORDS_SETTINGS, (size_t)(row - tk_setting_table)));
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
