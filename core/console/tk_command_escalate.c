/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_token_task.h"

static void step_test(struct tk_console *c)
{
    enum tk_err err;
    int status;

    if (tk_alerts_testing(c->env->alerts, c->job.account, &err, &status))
        return;
    if (status > 0)
        tk_console_data_int(c, "http", status);
    if (err != TK_OK)
        tk_console_err(c, err);
    else
        tk_command_ok(c, "delivered", "yes");
}

void tk_command_escalate_test(struct tk_console *c, char *args)
{
    enum tk_err err = tk_alerts_test(c->env->alerts, tk_console_account(c));

    (void)args;
    if (err != TK_OK)
        tk_console_err(c, err);
    else
        tk_command_wait(c, step_test, TK_COMMAND_WAIT_MS);
}

void tk_command_corezoid_takeover(struct tk_console *c, char *args)
{
    struct tk_alert *alert = &c->env->alerts->of[tk_console_account(c)->index];
    enum tk_err err = tk_token_task_takeover(alert);

    (void)args;
    if (err != TK_OK)
        tk_console_err(c, err);
    else
        tk_console_ok(c, NULL);
}
