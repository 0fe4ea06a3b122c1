/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_webhook.h"

#include "tk_message.h"

#include <string.h>

enum { COREZOID_SETTINGS = 3 };

static const uint8_t keys[TK_WEBHOOK_SETTINGS] = {
    [TK_WEBHOOK_URL] = TK_KEY_ESCALATE_URL,           [TK_WEBHOOK_LEVEL] = TK_KEY_ESCALATE_LEVEL,
    [TK_WEBHOOK_TEMPLATE] = TK_KEY_ESCALATE_TEMPLATE, [TK_WEBHOOK_LOGIN] = TK_KEY_COREZOID_LOGIN,
    [TK_WEBHOOK_KEY] = TK_KEY_COREZOID_KEY,           [TK_WEBHOOK_CONV] = TK_KEY_COREZOID_CONV};

static bool consists_of(const char *value, const char *characters, size_t max)
{
    size_t len = strlen(value);

    return len <= max && strspn(value, characters) == len;
}

/* Without https:// a host is known by a dot or a port. */
static bool is_good_url(const char *url)
{
    struct tk_host host;
    const char *rest;

    return strlen(url) <= TK_URL_MAX && strcspn(url, ".:") < strcspn(url, "/?#") &&
           tk_host_parse(&host, url, &rest);
}

static bool is_good_login(const char *login)
{
    size_t len = 0;

    while (tk_is_alnum(login[len]) || (login[len] != '\0' && strchr("-_.", login[len]) != NULL))
        len++;
    return login[len] == '\0' && len <= TK_COREZOID_LOGIN_MAX;
}

static enum tk_err check_template(struct tk_https *https, const char *value)
{
    char *work = tk_https_borrow_buffer(https);

    if (strlen(value) > TK_TEMPLATE_MAX)
        return TK_E_BAD_VALUE;
    return work == NULL ? TK_E_TRY_LATER : tk_message_check(value, work, TK_WORK_SIZE);
}

static enum tk_err check(struct tk_https *https, enum tk_webhook_setting which, const char *value)
{
    bool good = false;

    if (value[0] == '\0')
        return TK_OK;
    switch (which) {
    case TK_WEBHOOK_TEMPLATE:
        return check_template(https, value);
    case TK_WEBHOOK_URL:
        good = is_good_url(value);
        break;
    case TK_WEBHOOK_LEVEL:
        good = consists_of(value, "123", 1);
        break;
    case TK_WEBHOOK_LOGIN:
        good = is_good_login(value);
        break;
    case TK_WEBHOOK_KEY:
        good = strlen(value) <= TK_COREZOID_KEY_MAX && tk_is_vchar(value);
        break;
    default:
        good = consists_of(value, "0123456789", TK_COREZOID_CONV_MAX) && value[0] != '0';
        break;
    }
    return good ? TK_OK : TK_E_BAD_VALUE;
}

/* The level is stored as a number. */
static enum tk_err store(struct tk_storage *storage, enum tk_webhook_setting which,
                         const char *value)
{
    uint8_t level = (uint8_t)(value[0] - '0');
    const void *data = which == TK_WEBHOOK_LEVEL ? (const void *)&level : value;

    return tk_storage_put(storage, keys[which], data, strlen(value));
}

void tk_webhook_get(const struct tk_webhook *w, struct tk_storage *storage,
                    enum tk_webhook_setting which, char out[TK_URL_MAX + 1])
{
    (void)tk_storage_text(storage, keys[which], out, TK_URL_MAX + 1);
    if (which == TK_WEBHOOK_LEVEL) {
        out[0] = (char)('0' + w->level);
        out[1] = '\0';
    }
}

void tk_webhook_load(struct tk_webhook *w, struct tk_storage *storage)
{
    char text[TK_URL_MAX + 1];

    tk_wipe(w->url, sizeof w->url);
    if (tk_storage_text(storage, TK_KEY_ESCALATE_URL, w->url, sizeof w->url) &&
        !is_good_url(w->url)) /* stored by a build that was less strict */
        w->url[0] = '\0';
    w->level = TK_ESCALATE_LEVEL_DEFAULT;
    (void)tk_storage_get(storage, TK_KEY_ESCALATE_LEVEL, &w->level, 1);
    w->corezoid = 0;
    for (int which = TK_WEBHOOK_LOGIN; which <= TK_WEBHOOK_CONV; which++)
        w->corezoid += tk_storage_text(storage, keys[which], text, sizeof text);
    tk_wipe(text, sizeof text);
}

/* Whether the setting is part of the target; level, template and key are not. */
static bool is_target(enum tk_webhook_setting which)
{
    return which == TK_WEBHOOK_URL || which == TK_WEBHOOK_LOGIN || which == TK_WEBHOOK_CONV;
}

enum tk_err tk_webhook_set(struct tk_webhook *w, struct tk_runtime *rt,
                           enum tk_webhook_setting which, const char *value, bool *new_target)
{
    char before[TK_URL_MAX + 1];
    enum tk_err err = check(&rt->https, which, value);

    if (err != TK_OK)
        return err;
    tk_webhook_get(w, &rt->storage, which, before);
    err = store(&rt->storage, which, value);
    *new_target = is_target(which) && strcmp(before, value) != 0;
    tk_wipe(before, sizeof before);
    if (err == TK_OK)
        tk_webhook_load(w, &rt->storage);
    return err;
}

enum tk_err tk_webhook_ready(const struct tk_webhook *w)
{
    if (w->corezoid % COREZOID_SETTINGS != 0)
        return TK_E_COREZOID_PARTLY;
    return w->corezoid == 0 && w->url[0] == '\0' ? TK_E_NO_ESCALATE_URL : TK_OK;
}

bool tk_webhook_is_corezoid(const struct tk_webhook *w)
{
    return w->corezoid == COREZOID_SETTINGS;
}

const char *tk_webhook_url(const struct tk_webhook *w)
{
    return w->url[0] == '\0' && w->corezoid > 0 ? TK_COREZOID_URL : w->url;
}
