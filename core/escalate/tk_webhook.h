/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_WEBHOOK_H
#define TK_WEBHOOK_H

/*
 * The webhook, to which alerts are posted: an https URL that accepts a POST of JSON, or Corezoid's
 * API v2 once corezoid_login, corezoid_key and corezoid_conv are all set. URL and level are kept in
 * RAM, the rest is read from flash for each POST.
 */

#include "tk_corezoid.h"
#include "tk_runtime.h"

enum { TK_ESCALATE_LEVEL_DEFAULT = 2 };

enum tk_webhook_setting {
    TK_WEBHOOK_URL,
    TK_WEBHOOK_LEVEL,
    TK_WEBHOOK_TEMPLATE,
    TK_WEBHOOK_HEADER,
    TK_WEBHOOK_LOGIN,
    TK_WEBHOOK_KEY,
    TK_WEBHOOK_CONV,
    TK_WEBHOOK_SETTINGS
};

/* Whether a stored value is one; NULL for the template. */
extern bool (*const tk_webhook_valid[TK_WEBHOOK_SETTINGS])(const char *value);

#define TK_TEMPLATE_MAX TK_URL_MAX /* no webhook setting is longer than a URL */

struct tk_webhook {
    char url[TK_URL_MAX + 1]; /* "": not set */
    uint8_t level;            /* 1 to 3: the lowest level that is posted */
    bool bad_template;        /* the stored template was rejected */
    uint8_t corezoid;         /* number of Corezoid's three settings that are set */
};

/* Reads the settings from flash. */
void tk_webhook_load(struct tk_webhook *w, struct tk_runtime *rt);

/* Checks a setting, as tk_webhook_set. */
enum tk_err tk_webhook_check(struct tk_https *https, enum tk_webhook_setting which,
                             const char *value);

/* Checks, stores and applies a setting; "" restores the default. *new_target: whether POSTs go to
 * another target from now on. TK_E_BAD_VALUE, TK_E_STORAGE_*; for a template the errors of
 * tk_message_check, and TK_E_TRY_LATER while all connections are in use. */
enum tk_err tk_webhook_set(struct tk_webhook *w, struct tk_runtime *rt,
                           enum tk_webhook_setting which, const char *value, bool *new_target);

/* A setting as text, "" if it is not set. The level has a default. The caller wipes secrets. */
void tk_webhook_get(const struct tk_webhook *w, struct tk_storage *storage,
                    enum tk_webhook_setting which, char out[TK_URL_MAX + 1]);

/* Whether there is a target: TK_OK, TK_E_NO_ESCALATE_URL, TK_E_COREZOID_PARTLY. */
enum tk_err tk_webhook_ready(const struct tk_webhook *w);

/* Whether the target is Corezoid's API. */
bool tk_webhook_is_corezoid(const struct tk_webhook *w);

/* The URL of the target, with Corezoid's default; "" without a target. */
const char *tk_webhook_url(const struct tk_webhook *w);

#endif
