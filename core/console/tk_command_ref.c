/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_state.h"

static void step_refs(struct tk_console *c)
{
    const struct tk_account *a;

    if (c->job.u.rows.next == TK_ACCOUNTS) {
        tk_command_ok(c, "ref", tk_console_account(c)->name);
        return;
    }
    a = &c->env->accounts->of[c->job.u.rows.next++];
    if (a->used)
        tk_console_data(c, a->name, tk_state_name(tk_account_state(a)));
}

void tk_command_ref(struct tk_console *c, char *args)
{
    if (*args == '\0') {
        tk_console_continue(c, step_refs);
        return;
    }
    struct tk_account *a = tk_accounts_find(c->env->accounts, args);

    if (a == NULL) {
        tk_console_err(c, TK_E_NO_SUCH_REF);
        return;
    }
    c->ref = a->index;
    tk_command_ok(c, "ref", a->name);
}

static void select_added(struct tk_console *c, char *ref)
{
    tk_command_report(c, TK_SECURITY_REF_ADDED, tk_accounts_find(c->env->accounts, ref), NULL);
    tk_command_ref(c, ref);
}

void tk_command_ref_add(struct tk_console *c, char *args)
{
    enum tk_err err = tk_accounts_add(c->env->accounts, args);

    if (err == TK_E_BAD_VALUE)
        tk_command_err_hint(c, TK_HINT_NAME);
    else if (err != TK_OK)
        tk_console_err(c, err);
    else
        select_added(c, args);
}

void tk_command_ref_del(struct tk_console *c, char *args)
{
    enum tk_err err = tk_accounts_delete(c->env->accounts, args);
    char buf[48];
    struct tk_text t;

    if (err != TK_OK) {
        tk_console_err(c, err);
        return;
    }
    tk_command_report(c, TK_SECURITY_REF_REMOVED, NULL, NULL);
    tk_text_init(&t, buf, sizeof buf);
    tk_command_pair(&t, "ref", tk_console_account(c)->name);
    tk_command_scrub(c, &t);
    tk_console_ok(c, &t);
}
