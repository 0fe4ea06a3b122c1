/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_JOB_H
#define TK_JOB_H

/* The command in progress on a console line: what it does next, and its state between steps. */

#include "tk_account.h"
#include "tk_call.h"
#include "tk_https.h"

struct tk_console;

/* Continues a command that has not answered yet. Called in each pass of the main loop until it
 * answers; prints at most one line a call. */
typedef void (*tk_console_step)(struct tk_console *c);

/* A connection attempt of `check`. */
struct tk_probe {
    struct tk_request request;
    bool ended;
    enum tk_err err;         /* the outcome; valid when it has ended */
    enum tk_tls_stage stage; /* the furthest stage reached */
    struct tk_addr addr;     /* the address tried last */
    const char *version;     /* "TLSv1.3"; a constant; NULL before the handshake */
    int64_t not_after;       /* end of the certificate chain's validity, Unix time */
};

struct tk_job {
    tk_console_step step; /* NULL: no command continues in steps */
    bool waiting;         /* step waits for an event; false: only for room in the output queue */
    bool paused;          /* step is run as soon as there is room in the output queue */
    bool preemptible;     /* a TK_COMMAND_PREEMPTS cancels it; other commands get ERR busy */
    /* Called instead of the next step to end the command and answer it: on Ctrl-C, a preempting
     * command, or a closed console. Requests already sent continue. NULL: answers ERR why. */
    void (*cancel)(struct tk_console *c, enum tk_err why);
    /* Receives the value that tk_console_ask asked for; NULL: none is asked for. */
    void (*on_value)(struct tk_console *c, char *value);
    struct tk_account *account; /* it works on; pinned, so that it is not deleted */
    uint64_t deadline_ms;       /* tick: step runs then at the latest; the question ends then */

    /* State of one command. */
    union {
        struct {
            unsigned next, end; /* index of the next row, and one past the last */
            unsigned count;     /* rows printed */
        } rows;                 /* commands that print a table */
        struct {
            char line[160]; /* the command that console_pin is asked for */
        } guarded;
        struct {
            unsigned row; /* of tk_setting_table */
        } set;
        struct {
            uint32_t generation; /* before the refresh */
        } refresh;
        struct {
            uint32_t min_valid_s;
            uint32_t rejected; /* generation that got a 401; 0: none */
        } token;
        struct {
            uint8_t line;    /* the next line to print: CLOCK to END in tk_command_check.c */
            enum tk_err err; /* the first error, or TK_OK */
            struct tk_probe probe;
        } check;
        struct tk_call call; /* its method and body: tk_line_keep */
    } u;
};

#endif
