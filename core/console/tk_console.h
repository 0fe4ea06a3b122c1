/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CONSOLE_H
#define TK_CONSOLE_H

/*
 * One console line: bytes become commands, commands give answers; a person and a program can use
 * it at the same time.
 *
 * - A person gets the prompt `tk> ` and an echo. A program begins each line with `@<digits> `: no
 *   echo, no prompt, no questions, and the same prefix on each line of the answer.
 * - An answer is any number of `key=value` lines and exactly one that begins with OK or ERR.
 * - EVT and LOG lines are asynchronous and never stand inside an answer.
 *
 * The console is given the table of commands (tk_dispatch.h) and knows none of them by name.
 * Nothing here blocks or allocates: an answer is written as fast as the line takes it.
 */

#include "tk_dispatch.h"
#include "tk_escalator.h"
#include "tk_job.h"
#include "tk_line.h"
#include "tk_output.h"

enum { TK_PREFIX_SIZE = 13 };

/* What commands work on; shared by all lines. */
struct tk_console_env {
    struct tk_runtime *rt;
    struct tk_accounts *accounts;
    struct tk_escalator *escalator;
    const struct tk_command_table *table;
};

struct tk_console {
    const struct tk_console_env *env;
    bool attached;
    uint8_t ref;                      /* index of the selected account */
    char prefix[TK_PREFIX_SIZE];      /* of the answer: "@7 ", or "" for a person */
    const struct tk_command *command; /* the newest that was found */
    struct tk_job job;

    /* large members last: Thumb load/store offsets are limited to 124 bytes */
    struct tk_output out;
    struct tk_line line;
};

/* number: of the line in tk_console_io.h. env outlives c. */
void tk_console_init(struct tk_console *c, const struct tk_console_env *env, unsigned number);

/* Reads, runs and writes what is possible now. The tick at which it wants to run again without any
 * input; UINT64_MAX for none. */
uint64_t tk_console_run(struct tk_console *c, uint64_t now_ms);

/* Queues an EVT or LOG line. */
void tk_console_emit(struct tk_console *c, const char *line);

/* Whether every byte of the answers has left. */
bool tk_console_is_drained(const struct tk_console *c);

/* --- for commands --- */

/* One data line; control bytes of the value are printed as \xHH. */
void tk_console_data(struct tk_console *c, const char *key, const char *value);
void tk_console_data_int(struct tk_console *c, const char *key, int64_t value);

/* The last line of an answer: OK with `pairs` (NULL for none); or ERR with the error's own words,
 * with a string of tk_words.h, or with these words. Ends the command. */
void tk_console_ok(struct tk_console *c, const struct tk_text *pairs);
void tk_console_err(struct tk_console *c, enum tk_err err);
void tk_console_err_sentence(struct tk_console *c, enum tk_err err, unsigned sentence);
void tk_console_err_words(struct tk_console *c, enum tk_err err, const char *words);

/* ERR usage with the form of the command in progress. */
void tk_console_err_usage(struct tk_console *c);

/* The command continues in steps, on the account that is selected now. */
void tk_console_continue(struct tk_console *c, tk_console_step step);

/* Asks for a value, without an echo; 60 s. */
void tk_console_ask(struct tk_console *c, const char *prompt,
                    void (*take)(struct tk_console *c, char *value));

/* The account that the command works on: the selected one. */
struct tk_account *tk_console_account(struct tk_console *c);

bool tk_console_is_program(const struct tk_console *c);

#endif
