/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SINK_H
#define TK_SINK_H

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

enum tk_sink_setting {
    TK_SINK_URL,
    TK_SINK_LEVEL,
    TK_SINK_TEMPLATE,
    TK_SINK_LOGIN,
    TK_SINK_KEY,
    TK_SINK_CONV,
    TK_SINK_SETTINGS
};

#define TK_TEMPLATE_MAX TK_URL_MAX /* no setting is longer */

struct tk_sink {
    char url[TK_URL_MAX + 1]; /* "": none was set */
    uint8_t level;            /* 1 to 3: from which on it is told */
    uint8_t corezoid;         /* how many of Corezoid's three settings there are */
};

void tk_sink_load(struct tk_keeper *k);

/* "" unsets. TK_E_BAD_VALUE, of a template what tk_message_check says or TK_E_TRY_LATER,
 * TK_E_STORAGE_*. */
enum tk_err tk_sink_set(struct tk_keeper *k, enum tk_sink_setting which, const char *value);

/* A setting as text, "" where it is not set; the level always. */
void tk_sink_get(struct tk_keeper *k, enum tk_sink_setting which, char out[TK_URL_MAX + 1]);

/* TK_OK where something can be told; TK_E_NO_ESCALATE_URL, TK_E_COREZOID_PARTLY. */
enum tk_err tk_sink_ready(const struct tk_sink *s);

/* Whether it is Corezoid's API. */
bool tk_sink_is_corezoid(const struct tk_sink *s);

/* The address that requests go to. */
const char *tk_sink_url(const struct tk_sink *s);

#endif
