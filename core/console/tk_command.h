/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_COMMAND_H
#define TK_COMMAND_H

/*
 * The commands of the console: one table (tk_commands.h), which `help` prints. A command gets what
 * stands behind its name, without spaces around it, and answers at once or in steps
 * (tk_console_continue).
 */

#include "tk_console.h"
#include "tk_webhook.h"

struct tk_command {
    const char *name; /* one to three words */
    const char *form; /* of what follows, "" for nothing */
    bool hidden;      /* what follows is a secret: not echoed */
    bool needs;       /* something must follow */
    void (*run)(struct tk_console *c, char *args);
};

extern const struct tk_command tk_commands[];
extern const size_t tk_command_count;

/* The command that a line begins with, and where the rest begins; NULL for none. */
const struct tk_command *tk_command_find(const char *line, const char **args);

/* Whether what follows the words of this unfinished line must not be echoed. */
bool tk_command_is_hidden(const char *line);

/* Answers with the form that the command under way has. */
void tk_command_err_usage(struct tk_console *c);

/* A value that was asked for (`set client_secret` without one). */
void tk_command_set_asked(struct tk_console *c, const char *setting, char *value);

/* Adds a setting of the sink. */
void tk_command_webhook(struct tk_keeper *k, enum tk_webhook_setting which, struct tk_text *t);

/* The commands with a file of their own. */
void tk_command_help(struct tk_console *c, char *args);
void tk_command_status(struct tk_console *c, char *args);
void tk_command_show(struct tk_console *c, char *args);
void tk_command_history(struct tk_console *c, char *args);
void tk_command_set(struct tk_console *c, char *args);
void tk_command_unset(struct tk_console *c, char *args);
void tk_command_check(struct tk_console *c, char *args);
void tk_command_auth_begin(struct tk_console *c, char *args);
void tk_command_auth_code(struct tk_console *c, char *args);
void tk_command_auth_refresh(struct tk_console *c, char *args);
void tk_command_auth_forget(struct tk_console *c, char *args);
void tk_command_token(struct tk_console *c, char *args);
void tk_command_escalate_test(struct tk_console *c, char *args);
void tk_command_ca_list(struct tk_console *c, char *args);
void tk_command_ca_begin(struct tk_console *c, char *args);
void tk_command_ca_add(struct tk_console *c, char *args);
void tk_command_ca_end(struct tk_console *c, char *args);
void tk_command_ca_del(struct tk_console *c, char *args);

/* Begins a pair of an OK line: `key=`, behind a space where there are others. */
void tk_command_key(struct tk_text *t, const char *key);

/* What tells two secrets apart: the first 8 hex digits of its SHA-256. */
void tk_command_digest(struct tk_text *t, const char *secret);

/* Cuts the next word off *rest; "" at the end. */
char *tk_command_word(char **rest);

#endif
