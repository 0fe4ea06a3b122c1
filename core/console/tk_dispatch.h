/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_DISPATCH_H
#define TK_DISPATCH_H

/* Finds the command that a line names in a table of commands. Pure functions. */

#include "tk_line.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { TK_PREFIX_SIZE = 13 }; /* "@<1 to 10 digits> " and its NUL */

struct tk_console;

enum tk_command_flag {
    TK_COMMAND_NEEDS_ARGS = 1, /* an empty argument list is a usage error */
    TK_COMMAND_SECRET = 2,     /* the arguments are secret: not echoed */
    TK_COMMAND_SETTING = 4,    /* the arguments name a setting, which may be secret */
    TK_COMMAND_GUARDED = 16,   /* console_pin is asked for before */
    TK_COMMAND_PREEMPTS = 8,   /* cancels a preemptible command (struct tk_job) */
    TK_COMMAND_GROUP = 32      /* times the group (0 to 7) in which help lists it */
};

struct tk_command {
    const char *name; /* one to three words, separated by one space; see tk_command_usage */
    uint8_t flags;    /* enum tk_command_flag */
    /* args: the rest of the line without leading and trailing spaces; may be modified. Either
     * answers (tk_console_ok, tk_console_err ...) before it returns, or continues in steps
     * (tk_console_continue) or with a value (tk_console_ask). */
    void (*run)(struct tk_console *c, char *args);
};

/* The syntax of the arguments, which stands behind the name and its NUL; "": it takes none. */
static inline const char *tk_command_usage(const struct tk_command *command)
{
    return command->name + strlen(command->name) + 1;
}

struct tk_command_table {
    const struct tk_command *commands; /* the first one is help */
    size_t count;
    const struct tk_command *address; /* takes an address, or a code; also without its name */
    /* Whether the arguments of a TK_COMMAND_SETTING name a secret. */
    bool (*setting_is_secret)(const char *args);
    /* Whether console_pin is asked for before the command, by its flags or its arguments. */
    bool (*is_guarded)(const struct tk_command *command, const char *args);
    /* Whether an operator's line is no command: it was taken, and answered or not. */
    bool (*take_line)(struct tk_console *c, char *line);
    /* Queues lines for the operator of a terminal that was attached. */
    void (*greet)(struct tk_console *c);
};

/* The command whose name the line begins with, in either case; the longest if several match, NULL
 * if none does. A ? is help. *args: where its arguments begin in the line. */
const struct tk_command *tk_dispatch_find(const struct tk_command_table *table, const char *line,
                                          const char **args);

/* The number of characters of line that match name in either case; words may be separated by
 * several spaces. 0: the line does not begin with this name. */
size_t tk_dispatch_matches(const char *line, const char *name);

/* Whether the line is the beginning of a name, or as many words of it are the name but for one
 * character that is wrong, missing or too many, or for two that changed places. */
bool tk_dispatch_is_near(const char *line, const char *name);

/* What follows this unfinished line and must not be echoed. */
enum tk_line_hides tk_dispatch_hides(const struct tk_command_table *table, const char *line);

/* Copies "@<1 to 10 digits> " to prefix, "" for a line without @. The rest of the line, or NULL if
 * the prefix is malformed. */
char *tk_dispatch_prefix(char *line, char prefix[TK_PREFIX_SIZE]);

/* Cuts leading and trailing spaces. */
char *tk_dispatch_trim(char *s);

#endif
