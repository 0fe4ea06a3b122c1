/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The settings, an X-macro in the order that `show` prints:
 *
 *      TK_SETTING(name, flags, which, store, print, print_effect, note, help)
 *
 * flags are without TK_SETTING_. The columns up to note are those of struct tk_setting_row; help
 * (tk_words.h) says which values are valid and follows ERR bad_value.
 */

TK_SETTING(
    "portal", GUARDED, TK_SET_PORTAL, store_portal, print_portal, NULL, NULL,
    "a name (acme is acme.bitrix24.com), host[:port], or an https URL; in its xn-- form if it is "
    "international")
TK_SETTING(
    "client_id", 0, TK_SET_CLIENT_ID, store_on_account, print_client, NULL, NULL,
    "up to 128 printable characters without space, from the application's page in the portal")
TK_SETTING(
    "client_secret", SECRET, TK_SET_CLIENT_SECRET, store_on_account, print_client, NULL, NULL,
    "up to 128 printable characters without space, from the application's page in the portal")
TK_SETTING("client_secret_next", SECRET, TK_SET_CLIENT_SECRET_NEXT, store_on_account,
           print_next_secret, NULL, NULL,
           "like client_secret, which it replaces once the server refuses that one")
TK_SETTING("scope", 0, TK_SET_SCOPE, store_on_account, print_client, NULL, NULL,
           "up to 255 printable characters without space: crm,user")
TK_SETTING("auth_host", GUARDED, TK_SET_AUTH_HOST, store_auth_host, print_auth_host,
           effect_auth_host, NULL, "auto, or host[:port]; in its xn-- form if it is international")
TK_SETTING("renew", 0, TK_SET_RENEW, store_on_account, print_renew, NULL, note_renew,
           "60s to 7d (25m, 2h), or on-demand")
TK_SETTING("corezoid_token_conv", GUARDED, TK_TASK_CONV, store_task, print_task, NULL, note_task,
           "like corezoid_conv")
TK_SETTING("corezoid_token_login", GUARDED, TK_TASK_LOGIN, store_task, print_task, NULL, note_task,
           "like corezoid_login")
TK_SETTING("corezoid_token_key", SECRET | GUARDED, TK_TASK_KEY, store_task, print_task, NULL,
           note_task, "like corezoid_key")
TK_SETTING("corezoid_token_ref", GUARDED, TK_TASK_REF, store_task, print_task, NULL, note_task,
           "like corezoid_login")
TK_SETTING("corezoid_token_url", GUARDED, TK_TASK_URL, store_task, print_task, NULL, note_task,
           "like escalate_url")
TK_SETTING("escalate_url", SECRET | GUARDED, TK_WEBHOOK_URL, store_webhook, print_webhook, NULL,
           note_webhook, "an https URL of up to 255 characters: https://host/path")
TK_SETTING("escalate_level", 0, TK_WEBHOOK_LEVEL, store_webhook, print_webhook, NULL, note_webhook,
           "1, 2 or 3: the lowest level that is posted")
TK_SETTING("escalate_template", SECRET, TK_WEBHOOK_TEMPLATE, store_webhook, print_webhook, NULL,
           note_webhook,
           "a JSON object of up to 255 characters, with words like {account} and {level} in it")
TK_SETTING("escalate_header", SECRET, TK_WEBHOOK_HEADER, store_webhook, print_webhook, NULL,
           note_webhook,
           "a line of a POST's head, up to 255 characters: Authorization: <scheme> <value>")
TK_SETTING("corezoid_login", 0, TK_WEBHOOK_LOGIN, store_webhook, print_webhook, NULL, note_webhook,
           "up to 63 letters, digits, - _ and . : the login of an API user")
TK_SETTING("corezoid_key", SECRET, TK_WEBHOOK_KEY, store_webhook, print_webhook, NULL, note_webhook,
           "up to 128 printable characters without space: the secret key of that API user")
TK_SETTING("corezoid_conv", 0, TK_WEBHOOK_CONV, store_webhook, print_webhook, NULL, note_webhook,
           "up to 18 digits, the first not 0: the id of the process that gets the tasks")
TK_SETTING("ip", GUARDED, 0, store_ip, print_ip, effect_ip, NULL,
           "dhcp, or a.b.c.d/nn,gateway,dns (0.0.0.0: no gateway or dns)")
TK_SETTING("ntp", GUARDED, 0, store_ntp, print_ntp, NULL, NULL,
           "the host of a time server, without :port")
TK_SETTING("console_pin", HIDDEN | GUARDED, 0, store_pin, print_pin, NULL, NULL,
           "6 to 16 printable characters without space: asked before commands that give or change "
           "trust")
