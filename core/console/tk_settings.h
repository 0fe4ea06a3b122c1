/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The settings, an X-macro in the order that `show` prints:
 *
 *      TK_SETTING(name, flags, which, kind, values, about)
 *
 * flags are without TK_SETTING_. The columns up to kind are those of struct tk_setting_row; values
 * (tk_words.h) says which are valid and follows ERR bad_value; about says what it is for, in `help
 * set <key>`.
 */

TK_SETTING("portal", GUARDED, TK_SET_PORTAL, PORTAL,
           "a name (acme is acme.bitrix24.com), host[:port], or an https URL; in its xn-- form if "
           "it is international",
           "The Bitrix24 portal that the token is for.")
TK_SETTING("client_id", 0, TK_SET_CLIENT_ID, TEXT, "up to 128 printable characters without space",
           "Of the application: on its page in the portal.")
TK_SETTING("client_secret", SECRET, TK_SET_CLIENT_SECRET, TEXT,
           "up to 128 printable characters without space",
           "Stands beside client_id. Type set client_secret alone: it is asked for, and not shown.")
TK_SETTING("client_secret_next", SECRET, TK_SET_CLIENT_SECRET_NEXT, NEXT_SECRET,
           "up to 128 printable characters without space",
           "Replaces client_secret once the server refuses that one.")
TK_SETTING("scope", 0, TK_SET_SCOPE, TEXT, "up to 255 printable characters without space: crm,user",
           "A note of the rights that the application needs; the portal grants them.")
TK_SETTING("auth_host", GUARDED, TK_SET_AUTH_HOST, AUTH_HOST,
           "auto (default), or host[:port]; in its xn-- form if it is international",
           "The authorization server; auto is the one of Bitrix24 for this portal.")
TK_SETTING("renew", 0, TK_SET_RENEW, RENEW, "25m (default), 60s to 7d, or on-demand",
           "How often the token is renewed. Bitrix24 advises on-demand, and may block applications "
           "that renew by the clock.")
TK_SETTING("corezoid_token_conv", GUARDED, TK_TASK_CONV, TASK, "up to 18 digits, the first not 0",
           "The Corezoid process that keeps the token in a task, for others to read.")
TK_SETTING("corezoid_token_login", GUARDED, TK_TASK_LOGIN, TASK,
           "up to 63 letters, digits, - _ and .", "The API user who writes that task.")
TK_SETTING("corezoid_token_key", SECRET | GUARDED, TK_TASK_KEY, TASK,
           "up to 128 printable characters without space", "The secret key of that API user.")
TK_SETTING("corezoid_token_ref", GUARDED, TK_TASK_REF, TASK, "up to 63 letters, digits, - _ and .",
           "The reference of that task; default: the name of the account.")
TK_SETTING("corezoid_token_url", GUARDED, TK_TASK_URL, TASK, "an https URL of up to 255 characters",
           "The address of Corezoid; default: its public one.")
TK_SETTING("escalate_url", SECRET | GUARDED, TK_WEBHOOK_URL, WEBHOOK,
           "an https URL of up to 255 characters: https://host/path",
           "Alerts are posted there as JSON.")
TK_SETTING("escalate_level", 0, TK_WEBHOOK_LEVEL, WEBHOOK, "1, 2 (default) or 3",
           "The lowest alert level that is posted.")
TK_SETTING("escalate_template", SECRET, TK_WEBHOOK_TEMPLATE, WEBHOOK,
           "a JSON object of up to 255 characters, with words like {account} and {level} in it",
           "What is posted, in place of the default.")
TK_SETTING("escalate_header", SECRET, TK_WEBHOOK_HEADER, WEBHOOK,
           "a line of up to 255 characters: Authorization: <scheme> <value>",
           "Is posted in the head of each alert.")
TK_SETTING("corezoid_login", 0, TK_WEBHOOK_LOGIN, WEBHOOK, "up to 63 letters, digits, - _ and .",
           "The API user who posts alerts as tasks.")
TK_SETTING("corezoid_key", SECRET, TK_WEBHOOK_KEY, WEBHOOK,
           "up to 128 printable characters without space", "The secret key of that API user.")
TK_SETTING("corezoid_conv", 0, TK_WEBHOOK_CONV, WEBHOOK, "up to 18 digits, the first not 0",
           "The Corezoid process that gets a task for each alert.")
TK_SETTING("ip", GUARDED, 0, IP,
           "dhcp (default), or a.b.c.d/nn,gateway,dns (0.0.0.0: no gateway or dns)",
           "The IPv4 address of this device.")
TK_SETTING("ntp", GUARDED, 0, NTP, "the host of a time server, without :port",
           "Sets the clock; without it, type time.")
TK_SETTING("console_pin", HIDDEN | GUARDED, 0, PIN, "6 to 16 printable characters without space",
           "Is asked for before commands that give or change trust.")
