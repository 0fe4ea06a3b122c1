/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_WEBHOOK_H
#define TK_WEBHOOK_H

/*
 * Where this device escalates to: an https address that takes a POST of JSON, or Corezoid's API v2
 * once corezoid_login, corezoid_key and corezoid_conv are all set. What is used at once is kept in
 * RAM, the rest is read from flash when something is told.
 */

#include "tk_corezoid.h"
#include "tk_err.h"
#include "tk_limits.h"

#include <stdbool.h>

struct tk_keeper;

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
    char url[TK_URL_MAX + 1]; /* "": none was set */
    uint8_t level;            /* 1 to 3: from which on it is told */
    uint8_t corezoid;         /* how many of Corezoid's three settings there are */
};

void tk_webhook_load(struct tk_keeper *k);

/* "" unsets. TK_E_BAD_VALUE, of a template what tk_message_check says or TK_E_TRY_LATER,
 * TK_E_STORAGE_*. */
enum tk_err tk_webhook_set(struct tk_keeper *k, enum tk_webhook_setting which, const char *value);

/* A setting as text, "" where it is not set; the level always. */
void tk_webhook_get(struct tk_keeper *k, enum tk_webhook_setting which, char out[TK_URL_MAX + 1]);

/* TK_OK where something can be told; TK_E_NO_ESCALATE_URL, TK_E_COREZOID_PARTLY. */
enum tk_err tk_webhook_ready(const struct tk_webhook *s);

/* Whether it is Corezoid's API. */
bool tk_webhook_is_corezoid(const struct tk_webhook *s);

/* The address that requests go to. */
const char *tk_webhook_url(const struct tk_webhook *s);

#endif
