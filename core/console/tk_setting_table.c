/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_setting_table.h"

#include "tk_account_set.h"
#include "tk_assert.h"
#include "tk_duration.h"
#include "tk_token.h"
#include "tk_token_task.h"
#include "tk_words.h"

#include <string.h>

/* --- of the account --- */

static enum tk_err store_on_account(struct tk_console *c, uint8_t which, const char *value)
{
    struct tk_account *a = tk_console_account(c);
    enum tk_err err = tk_account_set(a, (enum tk_setting)which, value);

    if (err == TK_OK)
        tk_token_configured(a);
    return err;
}

/* A name without dot or port means one on bitrix24.com. */
static bool is_short_name(const struct tk_host *host, const char *value)
{
    return strpbrk(host->name, ".:") == NULL && strcmp(host->name, "localhost") != 0 &&
           strchr(value, ':') == NULL;
}

static enum tk_err store_portal(struct tk_console *c, uint8_t which, const char *value)
{
    char full[TK_HOST_TEXT + 16];
    struct tk_host host;
    struct tk_text t;

    tk_text_init(&t, full, sizeof full);
    if (value[0] != '\0') {
        if (!tk_host_parse(&host, value, NULL))
            return TK_E_BAD_VALUE;
        tk_text_host(&t, &host);
        if (is_short_name(&host, value))
            tk_text_add(&t, ".bitrix24.com");
    }
    return store_on_account(c, which, full);
}

static void print_portal(struct tk_console *c, uint8_t which, struct tk_text *t)
{
    (void)which;
    tk_text_host(t, &tk_console_account(c)->client.portal);
}

static void print_text(struct tk_console *c, uint8_t which, struct tk_text *t)
{
    tk_text_add(t, tk_account_text(tk_console_account(c), (enum tk_setting)which).value);
}

static void print_next_secret(struct tk_console *c, uint8_t which, struct tk_text *t)
{
    char next[TK_SECRET_MAX + 1];

    (void)which;
    (void)tk_account_next_secret(tk_console_account(c), next);
    tk_text_add(t, next);
    tk_wipe(next, sizeof next);
}

static enum tk_err store_auth_host(struct tk_console *c, uint8_t which, const char *value)
{
    char full[TK_HOST_TEXT];
    struct tk_host host;
    struct tk_text t;

    tk_text_init(&t, full, sizeof full);
    if (value[0] != '\0' && strcmp(value, "auto") != 0) {
        if (!tk_host_parse(&host, value, NULL))
            return TK_E_BAD_VALUE;
        tk_text_host(&t, &host);
    }
    return store_on_account(c, which, full);
}

static void print_auth_host(struct tk_console *c, uint8_t which, struct tk_text *t)
{
    const char *host = tk_console_account(c)->auth_host;

    (void)which;
    tk_text_add(t, host[0] == '\0' ? "auto" : host);
}

void tk_setting_print_auth_host(struct tk_console *c, struct tk_text *t)
{
    const struct tk_account *a = tk_console_account(c);
    struct tk_host host = {.port = 0};

    if (a->auth_host[0] != '\0' || a->client.portal.name[0] != '\0')
        tk_account_auth_host(a, &host);
    tk_text_host(t, &host);
}

/* auth_host=auto (oauth.bitrix.info) */
static void effect_auth_host(struct tk_console *c, struct tk_text *t)
{
    const struct tk_account *a = tk_console_account(c);

    if (a->auth_host[0] != '\0' || a->client.portal.name[0] == '\0')
        return;
    tk_text_add(t, " (");
    tk_setting_print_auth_host(c, t);
    tk_text_char(t, ')');
}

static void print_renew(struct tk_console *c, uint8_t which, struct tk_text *t)
{
    uint32_t seconds = tk_console_account(c)->renew_s;

    (void)which;
    if (seconds == TK_RENEW_ON_DEMAND)
        tk_text_add(t, "on-demand");
    else
        tk_text_duration(t, seconds);
}

/* Bitrix24 asks applications to renew on demand; a timer is the operator's choice. */
static const char *note_renew(struct tk_console *c)
{
    return tk_console_account(c)->renew_s == TK_RENEW_ON_DEMAND ? NULL : "vendor_advises_on_demand";
}

#if TK_REPORT
/* --- of the token's task in Corezoid --- */

static struct tk_alert *alert_of(struct tk_console *c)
{
    return &c->env->alerts->of[tk_console_account(c)->index];
}

static enum tk_err store_task(struct tk_console *c, uint8_t which, const char *value)
{
    return tk_token_task_set(alert_of(c), (enum tk_task_setting)which, value);
}

static void print_task(struct tk_console *c, uint8_t which, struct tk_text *t)
{
    char value[TK_URL_MAX + 1];

    tk_token_task_get(alert_of(c), (enum tk_task_setting)which, value);
    tk_text_add(t, value);
    tk_wipe(value, sizeof value);
}

static const char *note_task(struct tk_console *c)
{
    return alert_of(c)->task.complete ? NULL : "corezoid_partly";
}

/* --- of the webhook --- */

static enum tk_err store_webhook(struct tk_console *c, uint8_t which, const char *value)
{
    return tk_alerts_set(c->env->alerts, (enum tk_webhook_setting)which, value);
}

static void print_webhook(struct tk_console *c, uint8_t which, struct tk_text *t)
{
    char value[TK_URL_MAX + 1];

    tk_webhook_get(&c->env->alerts->webhook, &c->env->rt->storage, (enum tk_webhook_setting)which,
                   value);
    tk_text_add(t, value);
    tk_wipe(value, sizeof value);
}

/* Nothing is posted until all three of Corezoid's settings are set. */
static const char *note_webhook(struct tk_console *c)
{
    return tk_webhook_ready(&c->env->alerts->webhook) == TK_E_COREZOID_PARTLY ? "corezoid_partly"
                                                                              : NULL;
}

#endif
/* --- of the network --- */

static enum tk_err store_ip(struct tk_console *c, uint8_t which, const char *value)
{
    (void)which;
    return tk_netconf_set_ip(&c->env->rt->netconf, value);
}

static void print_ip(struct tk_console *c, uint8_t which, struct tk_text *t)
{
    struct tk_ip now;

    (void)which;
    if (tk_sock_get_ip(c->env->rt->config->port, &now) == TK_SOCK_ERR)
        tk_text_add(t, "system");
    else
        tk_text_ip(t, &c->env->rt->netconf.ip);
}

/* ip=dhcp (10.0.2.15/24,10.0.2.2,10.0.2.3) */
static void effect_ip(struct tk_console *c, struct tk_text *t)
{
    struct tk_ip now;
    int ret = tk_sock_get_ip(c->env->rt->config->port, &now);

    if (ret == TK_SOCK_ERR || c->env->rt->netconf.ip.fixed)
        return;
    tk_text_add(t, " (");
    if (ret == TK_SOCK_OK)
        tk_text_ip(t, &now);
    else
        tk_text_add(t, "none yet");
    tk_text_char(t, ')');
}

static enum tk_err store_ntp(struct tk_console *c, uint8_t which, const char *value)
{
    (void)which;
    return tk_netconf_set_ntp(&c->env->rt->netconf, value);
}

static void print_ntp(struct tk_console *c, uint8_t which, struct tk_text *t)
{
    (void)which;
    tk_text_add(t, c->env->rt->netconf.ntp);
}

/* --- of the consoles --- */

static enum tk_err store_pin(struct tk_console *c, uint8_t which, const char *value)
{
    (void)which;
    return tk_pin_set(c->env->rt, value);
}

static void print_pin(struct tk_console *c, uint8_t which, struct tk_text *t)
{
    (void)which;
    tk_text_add(t, tk_pin_is_set(c->env->pin, c->env->rt) ? "set" : "");
}

/* --- the table --- */

enum { HIDDEN = TK_SETTING_HIDDEN, SECRET = TK_SETTING_SECRET, GUARDED = TK_SETTING_GUARDED };

enum { PORTAL, TEXT, NEXT_SECRET, AUTH_HOST, RENEW, TASK, WEBHOOK, IP, NTP, PIN };

const struct tk_setting_kind tk_setting_kinds[] = {
    [PORTAL] = {store_portal, print_portal, NULL, NULL},
    [TEXT] = {store_on_account, print_text, NULL, NULL},
    [NEXT_SECRET] = {store_on_account, print_next_secret, NULL, NULL},
    [AUTH_HOST] = {store_auth_host, print_auth_host, effect_auth_host, NULL},
    [RENEW] = {store_on_account, print_renew, NULL, note_renew},
#if TK_REPORT
    [TASK] = {store_task, print_task, NULL, note_task},
    [WEBHOOK] = {store_webhook, print_webhook, NULL, note_webhook},
#endif
    [IP] = {store_ip, print_ip, effect_ip, NULL},
    [NTP] = {store_ntp, print_ntp, NULL, NULL},
    [PIN] = {store_pin, print_pin, NULL, NULL}};

/* A setting that is left out has a row without a name, since the strings are numbered by rows. */
#define IS_IN(kind) (TK_REPORT || ((kind) != TASK && (kind) != WEBHOOK))

const struct tk_setting_row tk_setting_table[TK_SETTING_ROWS] = {
#define TK_SETTING(name, flags, which, kind, values, about)                                        \
    {IS_IN(kind) ? name : "", flags, which, kind},
#include "tk_settings.h"
#undef TK_SETTING
};

const struct tk_setting_row *tk_setting_find(const char *name)
{
    for (size_t i = 0; i < TK_SETTING_ROWS; i++) {
        if (name[0] != '\0' && tk_same_nocase(tk_setting_table[i].name, name))
            return &tk_setting_table[i];
    }
    return NULL;
}

unsigned tk_setting_values(const struct tk_setting_row *row)
{
    return tk_words_of(TK_WORDS_SETTINGS, 2 * (size_t)(row - tk_setting_table));
}

static bool has_flag(const char *args, uint8_t flag)
{
    for (size_t i = 0; i < TK_SETTING_ROWS; i++) {
        if ((tk_setting_table[i].flags & flag) != 0 &&
            tk_dispatch_matches(args, tk_setting_table[i].name) > 0)
            return true;
    }
    return false;
}

bool tk_setting_is_of_account(const struct tk_setting_row *row)
{
    return row->kind <= TASK;
}

bool tk_setting_is_secret(const char *args)
{
    return has_flag(args, TK_SETTING_HIDDEN);
}

bool tk_setting_is_guarded(const char *args)
{
    return has_flag(args, TK_SETTING_GUARDED);
}

void tk_setting_print(struct tk_console *c, const char *name, struct tk_text *t)
{
    const struct tk_setting_row *row = tk_setting_find(name);

    TK_ASSERT(row != NULL && (row->flags & TK_SETTING_MASKED) == 0);
    tk_setting_kinds[row->kind].print(c, row->which, t);
}
