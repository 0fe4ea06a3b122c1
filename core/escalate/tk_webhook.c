/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_webhook.h"

#include "tk_keeper.h"
#include "tk_message.h"

#include <string.h>

enum { COREZOID_SETTINGS = 3 };

/* On flash for good, among the keeper's own keys. */
static const uint8_t keys[TK_WEBHOOK_SETTINGS] = {
    [TK_WEBHOOK_URL] = 1,   [TK_WEBHOOK_LEVEL] = 2, [TK_WEBHOOK_TEMPLATE] = 5,
    [TK_WEBHOOK_LOGIN] = 6, [TK_WEBHOOK_KEY] = 7,   [TK_WEBHOOK_CONV] = 8};

static bool is_of(const char *value, const char *characters, size_t max)
{
    size_t len = strlen(value);

    return len <= max && strspn(value, characters) == len;
}

static bool is_good_url(const char *url)
{
    struct tk_host host;

    return strlen(url) <= TK_URL_MAX && tk_is_vchar(url) && tk_host_parse(&host, url, NULL);
}

static enum tk_err check_template(struct tk_keeper *k, const char *value)
{
    char *work = tk_https_borrow_buffer(&k->net);

    if (strlen(value) > TK_TEMPLATE_MAX)
        return TK_E_BAD_VALUE;
    return work == NULL ? TK_E_TRY_LATER : tk_message_check(value, work, TK_WORK_SIZE);
}

static enum tk_err check(struct tk_keeper *k, enum tk_webhook_setting which, const char *value)
{
    bool good = false;

    if (value[0] == '\0')
        return TK_OK;
    switch (which) {
    case TK_WEBHOOK_TEMPLATE:
        return check_template(k, value);
    case TK_WEBHOOK_URL:
        good = is_good_url(value);
        break;
    case TK_WEBHOOK_LEVEL:
        good = is_of(value, "123", 1);
        break;
    case TK_WEBHOOK_LOGIN:
        for (good = strlen(value) <= TK_COREZOID_LOGIN_MAX; good && *value != '\0'; value++)
            good = tk_is_alnum(*value) || strchr("-_.", *value) != NULL;
        break;
    case TK_WEBHOOK_KEY:
        good = strlen(value) <= TK_COREZOID_KEY_MAX && tk_is_vchar(value);
        break;
    default:
        good = is_of(value, "0123456789", TK_COREZOID_CONV_MAX) && value[0] != '0';
        break;
    }
    return good ? TK_OK : TK_E_BAD_VALUE;
}

/* The level lies on flash as a number. */
static enum tk_err store(struct tk_keeper *k, enum tk_webhook_setting which, const char *value)
{
    uint8_t level = (uint8_t)(value[0] - '0');
    struct tk_store_piece piece = {value, (uint16_t)strlen(value)};
    struct tk_store_value entry = {keys[which], value[0] != '\0', &piece};

    if (which == TK_WEBHOOK_LEVEL)
        piece.data = &level;
    return tk_keeper_store(k, &entry, 1);
}

void tk_webhook_get(struct tk_keeper *k, enum tk_webhook_setting which, char out[TK_URL_MAX + 1])
{
    int len = tk_store_get(&k->store, keys[which], out, TK_URL_MAX);

    out[len < 0 ? 0 : len] = '\0';
    if (which == TK_WEBHOOK_LEVEL) {
        out[0] = (char)('0' + k->webhook.level);
        out[1] = '\0';
    }
}

void tk_webhook_load(struct tk_keeper *k)
{
    char text[TK_URL_MAX + 1];

    tk_webhook_get(k, TK_WEBHOOK_URL, k->webhook.url);
    k->webhook.level = TK_ESCALATE_LEVEL_DEFAULT;
    (void)tk_store_get(&k->store, keys[TK_WEBHOOK_LEVEL], &k->webhook.level, 1);
    k->webhook.corezoid = 0;
    for (int which = TK_WEBHOOK_LOGIN; which <= TK_WEBHOOK_CONV; which++) {
        tk_webhook_get(k, (enum tk_webhook_setting)which, text);
        if (text[0] != '\0')
            k->webhook.corezoid++;
    }
    tk_wipe(text, sizeof text);
}

enum tk_err tk_webhook_set(struct tk_keeper *k, enum tk_webhook_setting which, const char *value)
{
    char before[TK_URL_MAX + 1];
    enum tk_err err = check(k, which, value);

    if (err != TK_OK)
        return err;
    tk_webhook_get(k, which, before);
    err = store(k, which, value);
    if (err != TK_OK)
        return err;
    bool another = which != TK_WEBHOOK_LEVEL && which != TK_WEBHOOK_TEMPLATE &&
                   which != TK_WEBHOOK_KEY && strcmp(before, value) != 0;

    tk_wipe(before, sizeof before);
    tk_webhook_load(k);
    for (size_t i = 0; i < TK_ACCOUNTS; i++) {
        if (k->accounts[i].used)
            tk_escalate_resume(&k->accounts[i], another);
    }
    return TK_OK;
}

enum tk_err tk_webhook_ready(const struct tk_webhook *s)
{
    if (s->corezoid % COREZOID_SETTINGS != 0)
        return TK_E_COREZOID_PARTLY;
    return s->corezoid == 0 && s->url[0] == '\0' ? TK_E_NO_ESCALATE_URL : TK_OK;
}

bool tk_webhook_is_corezoid(const struct tk_webhook *s)
{
    return s->corezoid == COREZOID_SETTINGS;
}

const char *tk_webhook_url(const struct tk_webhook *s)
{
    return s->url[0] == '\0' && s->corezoid > 0 ? TK_COREZOID_URL : s->url;
}
