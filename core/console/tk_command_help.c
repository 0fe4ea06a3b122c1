/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_setting_table.h"
#include "tk_words.h"

#include <string.h>

#define WIDTH     80
#define INDENT    12 /* of the first page */
#define USAGE_MAX 16 /* a longer usage is not on the first page */

/* The first page: a title of INDENT characters for each TK_COMMAND_GROUP, from 1. */
static const char groups[] = "Set up      "
                             "Authorize   "
                             "Use         "
                             "Accounts    "
                             "Device      ";

enum { GROUPS = (sizeof groups - 1) / INDENT };

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

/* For a program: "name=usage : help". */
static void put_line(struct tk_console *c, const char *name, const char *usage, unsigned string)
{
    char buf[TK_WORDS_MAX + 80];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "%s%s", usage, usage[0] == '\0' ? "" : " : ");
    tk_words_add(&t, string);
    tk_console_data(c, name, buf);
}

/* For an operator: the syntax; then, indented, what it is, and about, if there is more to say. */
static void put_paragraph(struct tk_console *c, const char *name, const char *usage,
                          unsigned string, unsigned about)
{
    char buf[2 * TK_WORDS_MAX + 8];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "%s%s%s", name, usage[0] == '\0' ? "" : " ", usage);
    tk_output_line(&c->out, buf);
    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "  ");
    tk_words_add(&t, string);
    if (about != string) {
        tk_text_add(&t, ". ");
        tk_words_add(&t, about);
    }
    put_wrapped(c, buf);
}

static void step_help(struct tk_console *c)
{
    unsigned row = c->job.u.rows.next++;
    const struct tk_command *command = &c->env->table->commands[row];
    unsigned string = tk_words_of(TK_WORDS_COMMANDS, row);

    if (row == c->job.u.rows.end)
        tk_console_ok(c, NULL);
    else if (tk_console_is_program(c))
        put_line(c, command->name, tk_command_usage(command), string);
    else
        put_paragraph(c, command->name, tk_command_usage(command), string, string);
}

/* Answers `help set <key>` with the valid values. False if the line is something else. */
static bool answer_setting(struct tk_console *c, const struct tk_command *command, const char *key)
{
    bool takes_key = command != NULL && (command->flags & TK_COMMAND_SETTING) != 0;
    const struct tk_setting_row *row = takes_key ? tk_setting_find(key) : NULL;

    if (row == NULL)
        return false;
    unsigned values = tk_setting_values(row);

    if (tk_console_is_program(c))
        put_line(c, row->name, "", values);
    else
        put_paragraph(c, row->name, "<value>", values, values + 1);
    tk_console_ok(c, NULL);
    return true;
}

/* --- the first page --- */

/* Begins another line if the item does not fit. */
static void add_item(struct tk_console *c, struct tk_text *line, const char *name,
                     const char *usage)
{
    if (line->len + strlen("   ") + strlen(name) + 1 + strlen(usage) > WIDTH) {
        tk_output_line(&c->out, line->buf);
        tk_text_init(line, line->buf, line->size);
        tk_text_print(line, "%s", "            ");
    }
    tk_text_print(line, "%s%s%s%s", line->len > INDENT ? "   " : "", name,
                  usage[0] == '\0' ? "" : " ", usage);
}

static void step_groups(struct tk_console *c)
{
    const struct tk_command *command = c->env->table->commands;
    unsigned group = c->job.u.rows.next++;
    char buf[WIDTH + 1];
    struct tk_text line;

    tk_text_init(&line, buf, sizeof buf);
    if (group == GROUPS) {
        tk_words_add(&line, tk_words_of(TK_WORDS_HINTS, TK_HINT_HELP));
        tk_output_line(&c->out, buf);
        tk_console_ok(c, NULL);
        return;
    }
    tk_text_addn(&line, groups + INDENT * group, INDENT);
    for (size_t i = 0; i < c->env->table->count; i++, command++) {
        const char *usage = tk_command_usage(command);

        if (command->flags / TK_COMMAND_GROUP == group + 1)
            add_item(c, &line, command->name, strlen(usage) > USAGE_MAX ? "" : usage);
    }
    tk_output_line(&c->out, buf);
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
