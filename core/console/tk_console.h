/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CONSOLE_H
#define TK_CONSOLE_H

/*
 * One console line: bytes become commands, commands give answers, and both people and programs can
 * use it at once.
 *
 * - A person gets the prompt `tk> ` and an echo. A program begins each line with `@<digits> `: no
 *   echo, no prompt, nothing asked, and each line of the answer has the same beginning.
 * - An answer is any number of `key=value` lines and exactly one that begins with OK or ERR.
 * - Lines that begin with EVT or LOG come by themselves, never inside an answer.
 * - A line that is too long, or held a byte that no command has, is refused whole.
 *
 * What the commands are stands in tk_command.h. Nothing here blocks or allocates: answers are
 * made as fast as the line takes them.
 */

#include "tk_check.h"
#include "tk_err.h"
#include "tk_limits.h"
#include "tk_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tk_account;
struct tk_command;
struct tk_console;
struct tk_keeper;

enum { TK_PREFIX_SIZE = 13 };

/* Goes on with a command that could not be answered at once; called again each pass until it has
 * answered. Prints at most one line a call. */
typedef void (*tk_console_step)(struct tk_console *c);

/* What a command under way remembers between its steps. */
struct tk_job {
    tk_console_step step; /* NULL: no command is under way */
    bool waiting;         /* for something outside; else only for room in the output */
    bool yields;          /* `auth code` may end it */
    /* Ends it early and answers: Ctrl-C, `auth code`, or nobody is there any more. NULL: it just
     * answers ERR. What was sent to a server goes on. */
    void (*end)(struct tk_console *c, enum tk_err why);
    struct tk_account *account;
    unsigned item;        /* the next line to print, or the next stage */
    uint64_t deadline_ms; /* tick at which it wants to go on at the latest */
    uint32_t number;      /* whatever the command needs */
    enum tk_err err;      /* the first thing that went wrong */
};

struct tk_console {
    struct tk_keeper *keeper;
    unsigned line; /* its number in the contract */
    bool attached;
    uint8_t ref; /* index of the selected account */

    /* the line that is being typed */
    uint16_t len;
    enum tk_err refusal; /* why the line cannot be run; TK_OK */
    uint8_t escape;      /* where in an escape sequence of a terminal */
    bool after_cr;
    uint16_t hidden_from; /* the echo stopped there; 0: it did not */
    const char *asking;   /* the setting whose value is asked for; NULL */

    /* the answer */
    char prefix[TK_PREFIX_SIZE];      /* "@7 ", or "" for a person */
    const struct tk_command *command; /* the newest that was found */
    struct tk_job job;
    struct tk_probe probe; /* of `check` */

    /* what goes out */
    bool at_column_0;
    bool prompted;  /* the last that went out is a prompt */
    uint32_t lines; /* that went out so far */
    size_t out_len;
    size_t async_len;
    uint32_t async_lost;

    /* what is large comes last: short instructions reach only what is near the beginning */
    char typed[TK_LINE_MAX + 1];
    char out[TK_CONSOLE_OUT];
    char async[TK_CONSOLE_ASYNC]; /* lines that wait for the end of an answer, each with its NUL */
};

void tk_console_init(struct tk_console *c, struct tk_keeper *keeper, unsigned line);

/* Reads, runs and writes what is possible now. The tick at which it wants to go on though nothing
 * happens. */
uint64_t tk_console_run(struct tk_console *c, uint64_t now_ms);

/* Queues an EVT or LOG line. */
void tk_console_tell(struct tk_console *c, const char *line);

/* Whether all that was answered has left. */
bool tk_console_is_drained(const struct tk_console *c);

/* --- for commands --- */

/* One data line. The value is printed with \xHH where it holds control bytes. */
void tk_console_data(struct tk_console *c, const char *key, const char *value);
void tk_console_data_int(struct tk_console *c, const char *key, int64_t value);

/* The last line of an answer: OK and what was added to `pairs` (NULL for nothing), or ERR with the
 * error's own words, or a sentence of tk_words.h, or these words. Ends the command. */
void tk_console_ok(struct tk_console *c, const struct tk_text *pairs);
void tk_console_err(struct tk_console *c, enum tk_err err);
void tk_console_err_sentence(struct tk_console *c, enum tk_err err, unsigned sentence);
void tk_console_err_words(struct tk_console *c, enum tk_err err, const char *words);

/* The command goes on in steps. */
void tk_console_continue(struct tk_console *c, tk_console_step step);

/* Begins to ask for a setting's value, without an echo. */
void tk_console_ask(struct tk_console *c, const char *setting);

/* Waits until the line took all that was printed, 2 s at most: for the few who cannot answer in
 * steps. */
void tk_console_drain(struct tk_console *c);

/* The account that the line has selected. */
struct tk_account *tk_console_account(struct tk_console *c);

bool tk_console_is_program(const struct tk_console *c);

#endif
