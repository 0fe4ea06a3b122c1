/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_duration.h"

#include "tk_account_set.h"
#include "tk_token.h"
#include "tk_words.h"

#include <string.h>

/* Each setting: how it is stored, and how it is answered. */
struct setting {
    const char *name;
    bool secret;   /* never printed, asked for without an echo */
    uint8_t which; /* enum tk_setting or tk_webhook_setting, for its functions */
    enum tk_err (*store)(struct tk_console *c, uint8_t which, const char *value);
    void (*answer)(struct tk_console *c, uint8_t which, struct tk_text *t);
};

static enum tk_err store_on_account(struct tk_console *c, uint8_t which, const char *value)
{
    struct tk_account *a = tk_console_account(c);
    enum tk_err err = tk_account_set(a, (enum tk_setting)which, value);

    if (err == TK_OK)
        tk_token_schedule(a);
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

static void answer_portal(struct tk_console *c, uint8_t which, struct tk_text *t)
{
    (void)which;
    tk_text_host(t, &tk_console_account(c)->client.portal);
}

static void answer_client(struct tk_console *c, uint8_t which, struct tk_text *t)
{
    const struct tk_client *client = &tk_console_account(c)->client;

    tk_text_add(t, which == TK_SET_CLIENT_ID       ? client->client_id
                   : which == TK_SET_CLIENT_SECRET ? client->client_secret
                                                   : client->scope);
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

static void answer_auth_host(struct tk_console *c, uint8_t which, struct tk_text *t)
{
    const char *host = tk_console_account(c)->auth_host;

    (void)which;
    tk_text_add(t, host[0] == '\0' ? "auto" : host);
}

/* The vendor asks for renewal on demand; this product's timer is the operator's choice. */
static void answer_renew(struct tk_console *c, uint8_t which, struct tk_text *t)
{
    uint32_t seconds = tk_console_account(c)->renew_s;

    (void)which;
    if (seconds == TK_RENEW_ON_DEMAND) {
        tk_text_add(t, "on-demand");
        return;
    }
    tk_text_duration(t, seconds);
    tk_text_add(t, " note=vendor_advises_on_demand");
}

static enum tk_err store_webhook(struct tk_console *c, uint8_t which, const char *value)
{
    return tk_escalator_set(c->env->escalator, (enum tk_webhook_setting)which, value);
}

static void answer_webhook(struct tk_console *c, uint8_t which, struct tk_text *t)
{
    char value[TK_URL_MAX + 1];

    tk_webhook_get(&c->env->escalator->webhook, &c->env->rt->storage,
                   (enum tk_webhook_setting)which, value);
    tk_text_add(t, value);
    tk_wipe(value, sizeof value);
}

static enum tk_err store_ip(struct tk_console *c, uint8_t which, const char *value)
{
    (void)which;
    return tk_netconf_set_ip(&c->env->rt->netconf, value);
}

static void answer_ip(struct tk_console *c, uint8_t which, struct tk_text *t)
{
    (void)which;
    tk_text_ip(t, &c->env->rt->netconf.ip);
}

static enum tk_err store_ntp(struct tk_console *c, uint8_t which, const char *value)
{
    (void)which;
    return tk_netconf_set_ntp(&c->env->rt->netconf, value);
}

static void answer_ntp(struct tk_console *c, uint8_t which, struct tk_text *t)
{
    (void)which;
    tk_text_add(t, c->env->rt->netconf.ntp);
}

static const struct setting settings[] = {
#define TK_SETTING(name, secret, which, store, answer, words) {name, secret, which, store, answer},
#include "tk_settings.h"
#undef TK_SETTING
};

static const struct setting *find_setting(const char *name)
{
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i];
    }
    return NULL;
}

bool tk_command_setting_is_secret(const char *args)
{
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (settings[i].secret && tk_dispatch_matches(args, settings[i].name) > 0)
            return true;
    }
    return false;
}

/* <key>_len=50 <key>_sha256=3fa1b2c4 */
static void add_masked(struct tk_text *t, const char *name, const char *secret)
{
    tk_text_add(t, name);
    tk_text_add(t, "_len=");
    tk_text_int(t, (int64_t)strlen(secret));
    tk_text_char(t, ' ');
    tk_text_add(t, name);
    tk_text_add(t, "_sha256=");
    tk_command_digest(t, secret);
}

static void answer_setting(struct tk_console *c, const struct setting *s)
{
    char buf[TK_URL_MAX + 32], value[TK_URL_MAX + 1];
    struct tk_text pairs, text;

    tk_text_init(&pairs, buf, sizeof buf);
    tk_text_init(&text, value, sizeof value);
    s->answer(c, s->which, &text);
    if (s->secret && text.len > 0) {
        add_masked(&pairs, s->name, value);
    } else {
        tk_text_add(&pairs, s->name);
        tk_text_char(&pairs, '=');
        tk_text_add(&pairs, value);
    }
    if (s->store == store_webhook &&
        tk_webhook_ready(&c->env->escalator->webhook) == TK_E_COREZOID_PARTLY)
        tk_text_add(&pairs, " note=corezoid_partly"); /* and nothing is told until it is whole */
    tk_console_ok(c, &pairs);
    tk_wipe(value, sizeof value);
}

static void store_and_answer(struct tk_console *c, const struct setting *s, char *value)
{
    enum tk_err err = s->store(c, s->which, value);

    if (err == TK_E_BAD_VALUE)
        tk_console_err_sentence(c, err, tk_words_of_setting((size_t)(s - settings)));
    else if (err != TK_OK)
        tk_console_err(c, err);
    else
        answer_setting(c, s);
}

static void take_value(struct tk_console *c, char *value)
{
    store_and_answer(c, &settings[c->job.of.set.index], value);
}

void tk_command_set(struct tk_console *c, char *args)
{
    const struct setting *s = find_setting(tk_command_word(&args));

    if (s == NULL) {
        tk_console_err(c, TK_E_UNKNOWN_KEY);
    } else if (*args != '\0') {
        store_and_answer(c, s, args);
    } else if (s->secret && !tk_console_is_program(c)) {
        tk_console_ask(c, s->name, take_value);
        c->job.of.set.index = (unsigned)(s - settings);
    } else {
        tk_console_err(c, TK_E_NEED_VALUE);
    }
}

void tk_command_unset(struct tk_console *c, char *args)
{
    const struct setting *s = find_setting(args);
    char nothing[] = "";

    if (s == NULL)
        tk_console_err(c, TK_E_UNKNOWN_KEY);
    else
        store_and_answer(c, s, nothing);
}
