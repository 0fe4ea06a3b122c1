/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_rows.h"

#include "tk_duration.h"

void tk_row_print(struct tk_console *c, const struct tk_row *row)
{
    char buf[400];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    row->value(c, &t);
    tk_console_data(c, row->key, buf);
}

void tk_row_ref(struct tk_console *c, struct tk_text *t)
{
    tk_text_add(t, c->job.account->name);
}

void tk_row_portal(struct tk_console *c, struct tk_text *t)
{
    tk_text_host(t, &c->job.account->client.portal);
}

void tk_row_scope(struct tk_console *c, struct tk_text *t)
{
    tk_text_add(t, c->job.account->client.scope);
}

void tk_row_renew(struct tk_console *c, struct tk_text *t)
{
    if (c->job.account->renew_s == TK_RENEW_ON_DEMAND)
        tk_text_add(t, "on-demand");
    else
        tk_text_duration(t, c->job.account->renew_s);
}

void tk_row_auth_host(struct tk_console *c, struct tk_text *t)
{
    struct tk_host host = {.port = 0};

    if (c->job.account->auth_host[0] != '\0' || c->job.account->client.portal.name[0] != '\0')
        tk_account_auth_host(c->job.account, &host);
    tk_text_host(t, &host);
}
