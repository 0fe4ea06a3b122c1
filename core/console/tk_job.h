/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_JOB_H
#define TK_JOB_H

/* What a command in progress remembers between its steps. */

#include "tk_account.h"
#include "tk_https.h"

struct tk_console;

/* Continues a command that was not answered at once; called each pass until it answers. Prints at
 * most one line a call. */
typedef void (*tk_console_step)(struct tk_console *c);

/* `check`: a connection that is opened to see how far it comes. */
struct tk_probe {
    struct tk_request request;
    bool ended;
    enum tk_err err;
    enum tk_tls_stage stage; /* the furthest */
    struct tk_addr addr;
    const char *version; /* "TLSv1.3"; a constant */
    int64_t not_after;
};

struct tk_job {
    tk_console_step step; /* NULL: no command is in progress */
    bool waiting;         /* for something outside; else only for room in the output */
    bool yields;          /* to a command that takes over */
    /* Ends it early and answers: Ctrl-C, a command that takes over, or the console closed. NULL:
     * just answers ERR. What was sent to a server goes on. */
    void (*end)(struct tk_console *c, enum tk_err why);
    /* Takes the value that was asked for; NULL: none was. */
    void (*take)(struct tk_console *c, char *value);
    struct tk_account *account; /* that it works on: not deleted meanwhile */
    uint64_t deadline_ms;       /* tick at which it goes on at the latest */
    union {
        struct {
            unsigned next, end; /* rows still to print */
            unsigned count;     /* printed */
        } rows;
        struct {
            unsigned index; /* of the setting */
        } set;
        struct {
            uint8_t step;
        } begin;
        struct {
            uint32_t generation; /* before */
        } refresh;
        struct {
            uint32_t min_valid_s;
        } token;
        struct {
            uint8_t stage;
            enum tk_err err; /* the first that failed */
            struct tk_probe probe;
        } check;
    } of;
};

#endif
