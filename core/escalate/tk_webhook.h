/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_WEBHOOK_H
#define TK_WEBHOOK_H

/*
 * The target of escalations: an https URL that takes a POST of JSON, or Corezoid's API v2 once
 * corezoid_login, corezoid_key and corezoid_conv are all set. What is needed often is kept in RAM,
 * the rest is read from flash for each POST.
 */

#include "tk_corezoid.h"
#include "tk_runtime.h"

enum { TK_ESCALATE_LEVEL_DEFAULT = 2 };

enum tk_webhook_setting {
    TK_WEBHOOK_URL,
    TK_WEBHOOK_LEVEL,
    TK_WEBHOOK_TEMPLATE,
    TK_WEBHOOK_LOGIN,
    TK_WEBHOOK_KEY,
    TK_WEBHOOK_CONV,
    TK_WEBHOOK_SETTINGS
};

#define TK_TEMPLATE_MAX TK_URL_MAX /* no setting is longer */

struct tk_webhook {
    char url[TK_URL_MAX + 1]; /* "": not set */
    uint8_t level;            /* 1 to 3: the lowest level that is posted */
    uint8_t corezoid;         /* how many of Corezoid's three settings are set */
};

void tk_webhook_load(struct tk_webhook *w, struct tk_storage *storage);

/* Checks, stores and applies a setting; "" unsets it. *new_target: POSTs go elsewhere from now on.
 * TK_E_BAD_VALUE, TK_E_STORAGE_*; for a template what tk_message_check says, and TK_E_TRY_LATER. */
enum tk_err tk_webhook_set(struct tk_webhook *w, struct tk_runtime *rt,
                           enum tk_webhook_setting which, const char *value, bool *new_target);

/* A setting as text, "" where it is not set; the level always. */
void tk_webhook_get(const struct tk_webhook *w, struct tk_storage *storage,
                    enum tk_webhook_setting which, char out[TK_URL_MAX + 1]);

/* TK_OK where a POST has a target; TK_E_NO_ESCALATE_URL, TK_E_COREZOID_PARTLY. */
enum tk_err tk_webhook_ready(const struct tk_webhook *w);

/* Whether the target is Corezoid's API. */
bool tk_webhook_is_corezoid(const struct tk_webhook *w);

/* The URL of the target. */
const char *tk_webhook_url(const struct tk_webhook *w);

#endif
