/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The settings, an X-macro in the order that `show` prints:
 *
 *      TK_SETTING(name, flags, which, kind, help)
 *
 * flags are without TK_SETTING_. The columns up to kind are those of struct tk_setting_row; help
 * (tk_words.h) says which values are valid and follows ERR bad_value.
 */

TK_SETTING(
    "portal", GUARDED, TK_SET_PORTAL, PORTAL,
    "a name (acme is acme.bitrix24.com), host[:port], or an https URL; in its xn-- form if it is "
    "international")
TK_SETTING(
    "client_id", 0, TK_SET_CLIENT_ID, TEXT,
    "up to 128 printable characters without space, from the application's page in the portal")
TK_SETTING("client_secret", SECRET, TK_SET_CLIENT_SECRET, TEXT, "like client_id")
TK_SETTING("client_secret_next", SECRET, TK_SET_CLIENT_SECRET_NEXT, NEXT_SECRET,
           "like client_secret, which it replaces once the server refuses that one")
TK_SETTING("scope", 0, TK_SET_SCOPE, TEXT, "up to 255 printable characters without space: crm,user")
TK_SETTING("auth_host", GUARDED, TK_SET_AUTH_HOST, AUTH_HOST,
           "auto, or host[:port]; in its xn-- form if it is international")
TK_SETTING("renew", 0, TK_SET_RENEW, RENEW, "60s to 7d (25m, 2h), or on-demand")
TK_SETTING("corezoid_token_conv", GUARDED, TK_TASK_CONV, TASK, "like corezoid_conv")
TK_SETTING("corezoid_token_login", GUARDED, TK_TASK_LOGIN, TASK, "like corezoid_login")
TK_SETTING("corezoid_token_key", SECRET | GUARDED, TK_TASK_KEY, TASK, "like corezoid_key")
TK_SETTING("corezoid_token_ref", GUARDED, TK_TASK_REF, TASK, "like corezoid_login")
TK_SETTING("corezoid_token_url", GUARDED, TK_TASK_URL, TASK, "like escalate_url")
TK_SETTING("escalate_url", SECRET | GUARDED, TK_WEBHOOK_URL, WEBHOOK,
           "an https URL of up to 255 characters: https://host/path")
TK_SETTING("escalate_level", 0, TK_WEBHOOK_LEVEL, WEBHOOK,
           "1, 2 or 3: the lowest level that is posted")
TK_SETTING("escalate_template", SECRET, TK_WEBHOOK_TEMPLATE, WEBHOOK,
           "a JSON object of up to 255 characters, with words like {account} and {level} in it")
TK_SETTING("escalate_header", SECRET, TK_WEBHOOK_HEADER, WEBHOOK,
           "a line of a POST's head, up to 255 characters: Authorization: <scheme> <value>")
TK_SETTING("corezoid_login", 0, TK_WEBHOOK_LOGIN, WEBHOOK,
           "up to 63 letters, digits, - _ and . : the login of an API user")
TK_SETTING("corezoid_key", SECRET, TK_WEBHOOK_KEY, WEBHOOK,
           "up to 128 printable characters without space: the secret key of that API user")
TK_SETTING("corezoid_conv", 0, TK_WEBHOOK_CONV, WEBHOOK,
           "up to 18 digits, the first not 0: the id of the process that gets the tasks")
TK_SETTING("ip", GUARDED, 0, IP, "dhcp, or a.b.c.d/nn,gateway,dns (0.0.0.0: no gateway or dns)")
TK_SETTING("ntp", GUARDED, 0, NTP, "the host of a time server, without :port")
TK_SETTING("console_pin", HIDDEN | GUARDED, 0, PIN,
           "6 to 16 printable characters without space: asked before commands that give or change "
           "trust")
