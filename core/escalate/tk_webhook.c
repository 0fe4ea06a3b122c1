/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_webhook.h"

#include "tk_message.h"

#include <string.h>

enum { COREZOID_SETTINGS = 3 };

static const uint8_t keys[TK_WEBHOOK_SETTINGS] = {
    [TK_WEBHOOK_URL] = TK_KEY_ESCALATE_URL,           [TK_WEBHOOK_LEVEL] = TK_KEY_ESCALATE_LEVEL,
    [TK_WEBHOOK_TEMPLATE] = TK_KEY_ESCALATE_TEMPLATE, [TK_WEBHOOK_HEADER] = TK_KEY_ESCALATE_HEADER,
    [TK_WEBHOOK_LOGIN] = TK_KEY_COREZOID_LOGIN,       [TK_WEBHOOK_KEY] = TK_KEY_COREZOID_KEY,
    [TK_WEBHOOK_CONV] = TK_KEY_COREZOID_CONV};

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

static bool is_good_header(const char *header)
{
    static const char name[] = "Authorization: ";

    return strlen(header) <= TK_URL_MAX && tk_same_nocase_n(header, name, sizeof name - 1);
}

static bool is_good_level(const char *level)
{
    return consists_of(level, "123", 1);
}

/* NULL: see check_template. */
bool (*const tk_webhook_valid[TK_WEBHOOK_SETTINGS])(const char *value) = {
    [TK_WEBHOOK_URL] = is_good_url,        [TK_WEBHOOK_LEVEL] = is_good_level,
    [TK_WEBHOOK_HEADER] = is_good_header,  [TK_WEBHOOK_LOGIN] = tk_corezoid_is_login,
    [TK_WEBHOOK_KEY] = tk_corezoid_is_key, [TK_WEBHOOK_CONV] = tk_corezoid_is_conv};

static enum tk_err check_template(struct tk_https *https, const char *value)
{
    char *work = tk_https_borrow_buffer(https);

    if (strlen(value) > TK_TEMPLATE_MAX)
        return TK_E_BAD_VALUE;
    if (work == NULL)
        return TK_E_TRY_LATER;
    enum tk_err err = tk_message_check(value, work, TK_WORK_SIZE);

    tk_wipe(work, TK_WORK_SIZE);
    return err;
}

enum tk_err tk_webhook_check(struct tk_https *https, enum tk_webhook_setting which,
                             const char *value)
{
    if (value[0] == '\0')
        return TK_OK;
    if (which == TK_WEBHOOK_TEMPLATE)
        return check_template(https, value);
    bool is_good = tk_webhook_valid[which](value) && (which != TK_WEBHOOK_CONV || value[0] != '-');

    return is_good ? TK_OK : TK_E_BAD_VALUE;
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
    if (which == TK_WEBHOOK_LEVEL) {
        out[0] = (char)('0' + w->level);
        out[1] = '\0';
    } else if (which == TK_WEBHOOK_TEMPLATE && w->bad_template) {
        out[0] = '\0';
    } else {
        (void)tk_storage_text(storage, keys[which], out, TK_URL_MAX + 1, tk_webhook_valid[which]);
    }
}

/* 1 to 3, one byte. */
static void load_level(struct tk_webhook *w, struct tk_storage *storage)
{
    uint8_t level;

    w->level = TK_ESCALATE_LEVEL_DEFAULT;
    if (!tk_storage_bytes(storage, TK_KEY_ESCALATE_LEVEL, &level, 1))
        return;
    if (level >= 1 && level <= 3)
        w->level = level;
    else
        tk_storage_reject(storage, TK_KEY_ESCALATE_LEVEL);
}

/* One with words of another build is left to tk_message_write; while no buffer can be had to check
 * it, one that was set is good. */
static void load_template(struct tk_webhook *w, struct tk_runtime *rt, char text[TK_URL_MAX + 1])
{
    w->bad_template = false;
    tk_webhook_get(w, &rt->storage, TK_WEBHOOK_TEMPLATE, text);
    enum tk_err err = tk_webhook_check(&rt->https, TK_WEBHOOK_TEMPLATE, text);

    w->bad_template = err == TK_E_TEMPLATE_JSON;
    if (w->bad_template)
        tk_storage_reject(&rt->storage, TK_KEY_ESCALATE_TEMPLATE);
}

void tk_webhook_load(struct tk_webhook *w, struct tk_runtime *rt)
{
    char text[TK_URL_MAX + 1];

    if (!TK_REPORT)
        return;
    tk_wipe(w->url, sizeof w->url);
    (void)tk_storage_text(&rt->storage, TK_KEY_ESCALATE_URL, w->url, sizeof w->url, is_good_url);
    load_level(w, &rt->storage);
    load_template(w, rt, text);
    w->corezoid = 0;
    for (int which = TK_WEBHOOK_LOGIN; which <= TK_WEBHOOK_CONV; which++) {
        tk_webhook_get(w, &rt->storage, (enum tk_webhook_setting)which, text);
        w->corezoid = (uint8_t)(w->corezoid + (text[0] != '\0'));
    }
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
    enum tk_err err = tk_webhook_check(&rt->https, which, value);

    if (err != TK_OK)
        return err;
    tk_webhook_get(w, &rt->storage, which, before);
    err = store(&rt->storage, which, value);
    *new_target = is_target(which) && strcmp(before, value) != 0;
    tk_wipe(before, sizeof before);
    if (err == TK_OK)
        tk_webhook_load(w, rt);
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
    return w->url[0] == '\0' ? TK_COREZOID_URL : w->url;
}
