/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_setting_table.h"
#include "tk_words.h"

#include <string.h>

#define WIDTH     80
#define USAGE_MAX 16 /* a longer usage is not on the first page */

/* The first page: a title for each TK_COMMAND_GROUP, from 1. */
static const char groups[] = "Set up      "
                             "Authorize   "
                             "Use         "
                             "Accounts    "
                             "Device      ";

enum { GROUPS = (sizeof groups - 1) / TK_ITEM_TITLE };

void tk_command_wrapped(struct tk_console *c, char *text)
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

/* For a program: "name=usage : help". For an operator: the syntax; then, indented, what it is, and
 * about, if there is more to say. */
static void put_help(struct tk_console *c, const char *name, const char *usage, unsigned string,
                     unsigned about)
{
    bool is_program = tk_console_is_program(c);
    char buf[2 * TK_WORDS_MAX + 8];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "%s%s%s", is_program ? "" : name, usage[0] == '\0' || is_program ? "" : " ",
                  usage);
    if (!is_program) {
        tk_output_line(&c->out, buf);
        tk_text_init(&t, buf, sizeof buf);
        tk_text_add(&t, "  ");
    } else if (t.len > 0) {
        tk_text_add(&t, " : ");
    }
    tk_words_add(&t, string);
    if (about != string && !is_program) {
        tk_text_add(&t, ". ");
        tk_words_add(&t, about);
    }
    if (is_program)
        tk_console_data(c, name, buf);
    else
        tk_command_wrapped(c, buf);
}

static void step_help(struct tk_console *c)
{
    unsigned row = c->job.u.rows.next++;
    const struct tk_command *command = &c->env->table->commands[row];
    unsigned string = tk_words_of(TK_WORDS_COMMANDS, row);

    if (row == c->job.u.rows.end)
        tk_console_ok(c, NULL);
    else if (command->name[0] != '\0')
        put_help(c, command->name, tk_command_usage(command), string, string);
}

/* Answers `help set <key>` with the valid values. False if the line is something else. */
static bool answer_setting(struct tk_console *c, const struct tk_command *command, const char *key)
{
    bool takes_key = command != NULL && (command->flags & TK_COMMAND_SETTING) != 0;
    const struct tk_setting_row *row = takes_key ? tk_setting_find(key) : NULL;

    if (row == NULL)
        return false;
    unsigned values = tk_setting_values(row);

    put_help(c, row->name, tk_console_is_program(c) ? "" : "<value>", values, values + 1);
    tk_console_ok(c, NULL);
    return true;
}

/* --- the first page --- */

void tk_command_item(struct tk_console *c, const char *title, const char *key, const char *value)
{
    unsigned *column = &c->job.u.rows.count;
    size_t len = strlen(key) + 1 + strlen(value);
    const char *before = title != NULL ? title : "   ";

    if (title != NULL || *column + 3 + len > WIDTH) {
        tk_output_new_line(&c->out);
        *column = 0;
    }
    if (title == NULL && *column == 0)
        before = "            ";
    tk_output_put(&c->out, before, *column == 0 ? TK_ITEM_TITLE : 3);
    *column += (unsigned)(*column == 0 ? TK_ITEM_TITLE : 3);
    tk_output_text(&c->out, key);
    tk_output_text(&c->out, *value == '\0' ? "" : " ");
    tk_console_visible(c, value);
    *column += (unsigned)len;
}

static void step_groups(struct tk_console *c)
{
    const struct tk_command *command = c->env->table->commands;
    unsigned group = c->job.u.rows.next++;
    const char *title = groups + (size_t)TK_ITEM_TITLE * group;

    for (size_t i = 0; i < c->env->table->count; i++, command++) {
        const char *usage = tk_command_usage(command);

        if (command->flags / TK_COMMAND_GROUP != group + 1)
            continue;
        tk_command_item(c, title, command->name, strlen(usage) > USAGE_MAX ? "" : usage);
        title = NULL;
    }
    if (group == GROUPS) {
        char buf[TK_WORDS_MAX];
        struct tk_text t;

        tk_text_init(&t, buf, sizeof buf);
        tk_words_add(&t, tk_words_of(TK_WORDS_HINTS, TK_HINT_HELP));
        tk_output_line(&c->out, buf);
        tk_console_ok(c, NULL);
    }
}

/* --- help --- */

/* Prints the commands whose names begin with these words, which are adjacent in the table; if there
 * are none, the command that the line begins with (`help unset portal`). */
void tk_command_help(struct tk_console *c, char *args)
{
    const struct tk_command_table *table = c->env->table;
    const char *key;
    const struct tk_command *command = tk_dispatch_find(table, args, &key);
    unsigned first = 0, end = (unsigned)table->count;

    if (*args == '\0' && !tk_console_is_program(c)) {
        tk_console_continue(c, step_groups);
        return;
    }
    if (answer_setting(c, command, key))
        return;
    for (char *at = args; *at != '\0'; at++)
        *at = tk_lower(*at);
    while (first < end && *args != '\0' &&
           tk_dispatch_matches(table->commands[first].name, args) == 0)
        first++;
    while (end > first && *args != '\0' &&
           tk_dispatch_matches(table->commands[end - 1].name, args) == 0)
        end--;
    if (first == end && command == NULL) {
        tk_console_err_unknown(c, args);
        return;
    }
    tk_console_continue(c, step_help);
    c->job.u.rows.next = first < end ? first : (unsigned)(command - table->commands);
    c->job.u.rows.end = first < end ? end : c->job.u.rows.next + 1;
}
