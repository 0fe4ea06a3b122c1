/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_rows.h"

#include <string.h>

/* A secret is shown by what tells two of them apart. */
static void add_masked(struct tk_text *t, const char *secret)
{
    if (secret[0] == '\0')
        return;
    tk_text_add(t, "len=");
    tk_text_int(t, (int64_t)strlen(secret));
    tk_text_add(t, " sha256=");
    tk_command_digest(t, secret);
}

static void add_setting(struct tk_console *c, struct tk_text *t, enum tk_webhook_setting which)
{
    char value[TK_URL_MAX + 1];

    tk_webhook_get(&c->env->escalator->webhook, &c->env->rt->storage, which, value);
    tk_text_add(t, value);
}

static void show_client_id(struct tk_console *c, struct tk_text *t)
{
    tk_text_add(t, c->job.account->client.client_id);
}

static void show_client_secret(struct tk_console *c, struct tk_text *t)
{
    add_masked(t, c->job.account->client.client_secret);
}

static void show_auth_host(struct tk_console *c, struct tk_text *t)
{
    if (c->job.account->auth_host[0] != '\0') {
        tk_text_add(t, c->job.account->auth_host);
        return;
    }
    tk_text_add(t, "auto");
    if (c->job.account->client.portal.name[0] == '\0')
        return;
    tk_text_add(t, " (");
    tk_row_auth_host(c, t);
    tk_text_add(t, ")");
}

static void show_escalate_url(struct tk_console *c, struct tk_text *t)
{
    add_masked(t, c->env->escalator->webhook.url);
}

static void show_escalate_level(struct tk_console *c, struct tk_text *t)
{
    tk_text_int(t, c->env->escalator->webhook.level);
}

static void add_masked_webhook(struct tk_console *c, struct tk_text *t,
                               enum tk_webhook_setting which)
{
    char value[TK_URL_MAX + 1];

    tk_webhook_get(&c->env->escalator->webhook, &c->env->rt->storage, which, value);
    add_masked(t, value);
    tk_wipe(value, sizeof value);
}

/* It may hold a key of whoever takes it. */
static void show_template(struct tk_console *c, struct tk_text *t)
{
    add_masked_webhook(c, t, TK_WEBHOOK_TEMPLATE);
}

static void show_corezoid_login(struct tk_console *c, struct tk_text *t)
{
    add_setting(c, t, TK_WEBHOOK_LOGIN);
}

static void show_corezoid_key(struct tk_console *c, struct tk_text *t)
{
    add_masked_webhook(c, t, TK_WEBHOOK_KEY);
}

static void show_corezoid_conv(struct tk_console *c, struct tk_text *t)
{
    add_setting(c, t, TK_WEBHOOK_CONV);
}

/* ip=dhcp (10.0.2.15/24,10.0.2.2,10.0.2.3) */
static void show_ip(struct tk_console *c, struct tk_text *t)
{
    struct tk_ip now;
    int ret = tk_sock_get_ip(c->env->rt->config->port, &now);

    if (ret == TK_SOCK_ERR) {
        tk_text_add(t, "system");
        return;
    }
    tk_text_ip(t, &c->env->rt->netconf.ip);
    if (c->env->rt->netconf.ip.fixed)
        return;
    tk_text_add(t, " (");
    if (ret == TK_SOCK_OK)
        tk_text_ip(t, &now);
    else
        tk_text_add(t, "none yet");
    tk_text_char(t, ')');
}

static void show_ntp(struct tk_console *c, struct tk_text *t)
{
    tk_text_add(t, c->env->rt->netconf.ntp);
}

static const struct tk_row show_rows[] = {
    {"ref", tk_row_ref},
    {"portal", tk_row_portal},
    {"client_id", show_client_id},
    {"client_secret", show_client_secret},
    {"scope", tk_row_scope},
    {"auth_host", show_auth_host},
    {"renew", tk_row_renew},
    {"escalate_url", show_escalate_url},
    {"escalate_level", show_escalate_level},
    {"escalate_template", show_template},
    {"corezoid_login", show_corezoid_login},
    {"corezoid_key", show_corezoid_key},
    {"corezoid_conv", show_corezoid_conv},
    {"ip", show_ip},
    {"ntp", show_ntp},
};

static void step_show(struct tk_console *c)
{
    unsigned row = c->job.of.rows.next++;

    if (row == sizeof show_rows / sizeof show_rows[0])
        tk_console_ok(c, NULL);
    else
        tk_row_print(c, &show_rows[row]);
}

void tk_command_show(struct tk_console *c, char *args)
{
    (void)args;
    tk_console_continue(c, step_show);
}
