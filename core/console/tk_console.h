/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CONSOLE_H
#define TK_CONSOLE_H

/*
 * One console line. An operator and a program can use it at the same time:
 *
 * - An operator gets the prompt `tk> ` and an echo. A program begins each line with `@<digits> `
 *   and gets no echo, no prompt and no questions; each line of the answer repeats the prefix.
 * - An answer is any number of `key=value` lines, then exactly one that begins with OK or ERR.
 * - EVT and LOG lines are asynchronous and never appear inside an answer.
 *
 * The console is given the table of commands (tk_dispatch.h) and knows none of them by name.
 * It does not block or allocate; commands produce output at the speed of the line. Call all of it
 * from the main loop.
 */

#include "tk_alerts.h"
#include "tk_dispatch.h"
#include "tk_job.h"
#include "tk_line.h"
#include "tk_output.h"
#include "tk_pin.h"

/* What commands work on; shared by all console lines. */
struct tk_console_env {
    struct tk_runtime *rt;
    struct tk_accounts *accounts;
    struct tk_alerts *alerts;
    struct tk_calls *calls;
    const struct tk_command_table *table;
    struct tk_pin *pin;
};

/* Where the next line stands in a PEM file that an operator pastes. */
enum tk_pem { TK_PEM_OFF, TK_PEM_OUTSIDE, TK_PEM_INSIDE, TK_PEM_KEY };

struct tk_console {
    const struct tk_console_env *env;
    bool attached;                    /* a terminal or program is connected */
    bool answer_due;                  /* a command was started and has not answered */
    uint8_t ref;                      /* index of the selected account */
    uint8_t read_at;                  /* when the last byte was read: tick / 16, its lower bits */
    uint64_t unlocked_until_ms;       /* tick: until then console_pin is not asked for */
    char prefix[TK_PREFIX_SIZE];      /* of each line of the answer: "@7 "; "" for an operator */
    uint8_t pem;                      /* enum tk_pem: after `ca add begin` */
    uint8_t pem_err;                  /* enum tk_err: of the certificate that is being read */
    const struct tk_command *command; /* the last one started; NULL: it was unknown */
    struct tk_job job;

    /* large members last: Thumb load/store offsets are limited to 124 bytes */
    struct tk_output out;
    struct tk_line line;
};

/* number: of the line in tk_console_io.h. env must outlive c. */
void tk_console_init(struct tk_console *c, const struct tk_console_env *env, unsigned number);

/* Queues an EVT or LOG line, without a line end; dropped while nothing is attached. */
void tk_console_emit(struct tk_console *c, const char *line);

/* --- for commands --- */

/* A value within a line: bytes that are not printable ASCII are printed as \xHH. */
void tk_console_visible(struct tk_console *c, const char *value);

/* One data line. */
void tk_console_data(struct tk_console *c, const char *key, const char *value);
void tk_console_data_int(struct tk_console *c, const char *key, int64_t value);

/* The last line of an answer, exactly once per command: it ends the command. OK with `pairs`
 * ("key=value key=value"; NULL: none); or ERR with the error's hint, with another string of
 * tk_words.h, with a text, with retry_in= and the hint, or `usage` with the command's own. */
void tk_console_ok(struct tk_console *c, const struct tk_text *pairs);
void tk_console_err(struct tk_console *c, enum tk_err err);
void tk_console_err_string(struct tk_console *c, enum tk_err err, unsigned string);
void tk_console_err_text(struct tk_console *c, enum tk_err err, const char *text);
void tk_console_err_retry(struct tk_console *c, enum tk_err err, uint32_t wait_s);
void tk_console_err_usage(struct tk_console *c);

/* Answers ERR unknown_command with the commands that these words may mean. */
void tk_console_err_unknown(struct tk_console *c, const char *words);

/* The line was no command, and is not answered. */
void tk_console_unanswered(struct tk_console *c);

/* No PEM file is being pasted any more. */
void tk_console_end_pem(struct tk_console *c);

/* Continues the command with step, and pins the selected account (c->job.account) until it
 * answers. */
void tk_console_continue(struct tk_console *c, tk_console_step step);

/* Asks the operator for a secret value, without echo, and pins the account likewise. on_value
 * answers or continues; ERR need_value if no value comes within 60 s. */
void tk_console_ask(struct tk_console *c, const char *question,
                    void (*on_value)(struct tk_console *c, char *value));

/* The account that the command works on: the pinned one, else the selected one. */
struct tk_account *tk_console_account(struct tk_console *c);

/* Whether console_pin must be given first. */
bool tk_console_is_locked(const struct tk_console *c);

/* Checks console_pin; unlocks the console, or answers ERR: false. */
bool tk_console_unlock(struct tk_console *c, const char *pin);

/* Whether the command came from a program, with a prefix. */
bool tk_console_is_program(const struct tk_console *c);

/* --- for tk_console_run.c --- */

bool tk_console_is_busy(const struct tk_console *c);

/* Unless a command is in progress: the prompt, and what was typed meanwhile. */
void tk_console_prompt(struct tk_console *c);

/* Forgets the command in progress, which has answered or is replaced. */
void tk_console_end_job(struct tk_console *c);

/* Answers the command in progress: ERR why. */
void tk_console_cancel(struct tk_console *c, enum tk_err why);

/* Queues "<prefix>ERR <code> <string>" without a line end. string: of tk_words.h, or a text. */
void tk_console_put_err(struct tk_console *c, const char *prefix, enum tk_err err, unsigned string);
void tk_console_put_err_text(struct tk_console *c, const char *prefix, enum tk_err err,
                             const char *text);

/* Ends the last line of an answer, and the command. */
void tk_console_answered(struct tk_console *c);

#endif
