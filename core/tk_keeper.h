/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_KEEPER_H
#define TK_KEEPER_H

/* The inside of a keeper, public only so that a program can allocate one: all members are private.
 * Its functions are in tokenkeeper.h. */

#include "tk_accounts.h"
#include "tk_alerts.h"
#include "tk_calls.h"
#include "tk_console.h"
#include "tk_runtime.h"
#include "tk_state.h"

struct tk_keeper {
    struct tk_runtime rt;
    bool running;        /* inside tk_keeper_init or tk_keeper_run */
    bool time_was_known; /* in the last pass */
    bool clock_behind;   /* and noticed ... */
    uint64_t behind_ms;  /* ... at this tick */
    int64_t behind_s;    /* to be reported; 0: nothing is */
    bool emitted;        /* in this pass: lines that the consoles write in the next one */
    bool stopping;       /* tk_keeper_shutdown was called, or a reboot is due */
    uint64_t stop_by_ms; /* tick: it waits no longer; 0: it has nothing to wait for any more */
    enum tk_state reported[TK_ACCOUNTS]; /* in each account's last EVT line */
    struct tk_pin pin;
    struct tk_console_env env;
    struct tk_accounts accounts;
    struct tk_calls calls;
    struct tk_alerts alerts;
    struct tk_console consoles[TK_CONSOLES];
};

#endif
