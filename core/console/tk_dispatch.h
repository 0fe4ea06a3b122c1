/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_DISPATCH_H
#define TK_DISPATCH_H

/* Finds the command that a line names, in the table that the console was given. Pure functions. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tk_console;

enum tk_command_flag {
    TK_COMMAND_NEEDS_ARGS = 1, /* something must follow its name */
    TK_COMMAND_HIDES = 2,      /* what follows is a secret: not echoed */
    TK_COMMAND_SETS = 4,       /* what follows is a setting, which may be one */
    TK_COMMAND_TAKES_OVER = 8  /* ends a command in progress that yields (struct tk_job) */
};

struct tk_command {
    const char *name; /* one to three words */
    const char *form; /* of its arguments, "" for none */
    uint8_t flags;    /* enum tk_command_flag */
    /* args: what follows the name, without spaces around it; changed at will. Answers at once, or
     * goes on in steps (tk_console_continue). */
    void (*run)(struct tk_console *c, char *args);
};

struct tk_command_table {
    const struct tk_command *commands;
    size_t count;
    bool (*setting_is_secret)(const char *args); /* of a TK_COMMAND_SETS */
};

/* The command that a line begins with, the longest name first, and where its arguments begin; NULL
 * for none. */
const struct tk_command *tk_dispatch_find(const struct tk_command_table *table, const char *line,
                                          const char **args);

/* The length of the line's beginning that is this name, its words separated by any number of
 * spaces; 0: it is not. */
size_t tk_dispatch_matches(const char *line, const char *name);

/* Whether what follows this unfinished line must not be echoed. */
bool tk_dispatch_hides(const struct tk_command_table *table, const char *line);

#endif
