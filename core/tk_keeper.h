/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_KEEPER_H
#define TK_KEEPER_H

/* The inside of a keeper: the rooms put together. Programs include tokenkeeper.h. */

#include "tk_accounts.h"
#include "tk_alerts.h"
#include "tk_console.h"
#include "tk_runtime.h"
#include "tk_state.h"

struct tk_keeper {
    struct tk_runtime rt;
    bool time_was_known;
    bool emitted;                     /* lines in this pass that the consoles have yet to write */
    enum tk_state shown[TK_ACCOUNTS]; /* the state in each account's last EVT line */
    struct tk_console_env env;
    struct tk_accounts accounts;
    struct tk_alerts alerts;
    struct tk_console consoles[TK_CONSOLES];
};

#endif
