/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_account.h"

#include "tk_account_store.h"
#include "tk_auth.h"
#include "tk_duration.h"
#include "tk_keeper.h"

#include <string.h>

/* --- beginning and end --- */

void tk_account_init(struct tk_account *a, struct tk_keeper *keeper, uint8_t index)
{
    memset(a, 0, sizeof *a);
    a->keeper = keeper;
    a->index = index;
    a->renew_s = TK_RENEW_DEFAULT;
}

enum tk_err tk_account_create(struct tk_account *a, const char *name)
{
    enum tk_err err = tk_account_store_name(a, name);

    if (err == TK_OK) {
        a->used = true;
        tk_copy(a->name, sizeof a->name, name);
    }
    return err;
}

static void forget_in_ram(struct tk_account *a)
{
    tk_wipe(a->pair.access, sizeof a->pair.access);
    tk_wipe(a->pair.refresh, sizeof a->pair.refresh);
    memset(&a->facts, 0, sizeof a->facts);
    a->found_host = NULL;
    a->ended = TK_NOT_ENDED;
    a->facts_kept = false;
    a->times_known = false;
}

enum tk_err tk_account_forget(struct tk_account *a)
{
    enum tk_err err = tk_account_store_forget(a);

    if (err == TK_OK)
        forget_in_ram(a);
    return err;
}

enum tk_err tk_account_delete(struct tk_account *a)
{
    enum tk_err err = tk_account_store_delete(a);

    if (err == TK_OK) {
        tk_wipe(&a->pair, sizeof a->pair);
        forget_in_ram(a);
        tk_wipe(&a->client, sizeof a->client);
        a->used = false;
    }
    return err;
}

/* --- configuration --- */

bool tk_account_has_client(const struct tk_account *a)
{
    return a->client.portal.name[0] != '\0' && a->client.client_id[0] != '\0' &&
           a->client.client_secret[0] != '\0';
}

bool tk_account_has_pair(const struct tk_account *a)
{
    return a->pair.access[0] != '\0';
}

static enum tk_err set_portal(struct tk_account *a, const char *value)
{
    struct tk_host host = {.port = 0};

    if (value[0] != '\0' && !tk_host_parse(&host, value, NULL))
        return TK_E_BAD_VALUE;
    enum tk_err err = tk_account_store_setting(a, TK_SET_PORTAL, value);

    if (err == TK_OK)
        a->client.portal = host;
    return err;
}

static enum tk_err set_text(struct tk_account *a, enum tk_setting setting, const char *value,
                            char *field, size_t size)
{
    if (strlen(value) >= size || !tk_is_vchar(value))
        return TK_E_BAD_VALUE;
    enum tk_err err = tk_account_store_setting(a, setting, value);

    if (err == TK_OK)
        tk_copy(field, size, value);
    return err;
}

static enum tk_err set_renew(struct tk_account *a, const char *value)
{
    uint32_t seconds = TK_RENEW_DEFAULT;

    if (strcmp(value, "on-demand") == 0)
        seconds = TK_RENEW_ON_DEMAND;
    else if (value[0] != '\0' && !tk_parse_duration(value, 60, 7 * 86400, &seconds))
        return TK_E_BAD_VALUE;
    enum tk_err err = tk_account_store_renew(a, value[0] == '\0' ? NULL : &seconds);

    if (err == TK_OK)
        a->renew_s = seconds;
    return err;
}

/* A pair belongs to its portal and application; the secret may change. */
static bool is_bound(const struct tk_account *a, enum tk_setting setting, const char *value)
{
    return tk_account_has_pair(a) && (setting == TK_SET_PORTAL || setting == TK_SET_CLIENT_ID ||
                                      (setting == TK_SET_CLIENT_SECRET && value[0] == '\0'));
}

void tk_account_move(struct tk_account *a, const struct tk_host *to)
{
    struct tk_host from = a->client.portal;
    const char *path = "/rest/";
    char endpoint[sizeof a->facts.client_endpoint];
    struct tk_host unused;
    struct tk_text t;

    if (a->facts.client_endpoint[0] != '\0')
        (void)tk_host_parse(&unused, a->facts.client_endpoint, &path);
    tk_text_init(&t, endpoint, sizeof endpoint);
    tk_text_add(&t, "https://");
    tk_text_host(&t, to);
    tk_text_add(&t, path);
    if (!tk_text_ok(&t))
        return;
    tk_copy(a->facts.client_endpoint, sizeof a->facts.client_endpoint, endpoint);
    a->client.portal = *to;
    tk_history_add(a->keeper, TK_EVENT_MOVED, a->index, 0, TK_OK);
    (void)tk_account_store_move(a, &from);
}

bool tk_account_is_portal(const struct tk_account *a, const struct tk_host *host)
{
    char before[TK_HOST_TEXT];

    tk_account_portal_before(a, before);
    return strcmp(host->name, a->client.portal.name) == 0 || strcmp(host->name, before) == 0;
}

enum tk_err tk_account_set(struct tk_account *a, enum tk_setting setting, const char *value)
{
    struct tk_client *c = &a->client;

    if (is_bound(a, setting, value))
        return TK_E_IN_USE;
    switch (setting) {
    case TK_SET_PORTAL:
        return set_portal(a, value);
    case TK_SET_CLIENT_ID:
        return set_text(a, setting, value, c->client_id, sizeof c->client_id);
    case TK_SET_CLIENT_SECRET:
        return set_text(a, setting, value, c->client_secret, sizeof c->client_secret);
    case TK_SET_SCOPE:
        return set_text(a, setting, value, c->scope, sizeof c->scope);
    case TK_SET_AUTH_HOST:
        return set_text(a, setting, value, a->auth_host, sizeof a->auth_host);
    default:
        return set_renew(a, value);
    }
}

void tk_account_auth_host(const struct tk_account *a, struct tk_host *out)
{
    const char *host = a->auth_host;

    if (host[0] == '\0')
        host = a->found_host != NULL ? a->found_host : tk_oauth_default_host(&a->client.portal);
    (void)tk_host_parse(out, host, NULL);
}

void tk_account_found_host(struct tk_account *a, const char *host)
{
    if (a->auth_host[0] != '\0' || a->found_host == host)
        return;
    a->found_host = host;
    a->facts_kept = false;
}

/* --- state --- */

enum tk_state tk_account_state(const struct tk_account *a)
{
    if (tk_auth_exchanging(a))
        return TK_EXCHANGING;
    if (!tk_account_has_client(a))
        return TK_NO_CLIENT;
    if (!tk_account_has_pair(a) || a->ended != TK_NOT_ENDED)
        return TK_NEEDS_CODE;
    if (a->refresh.blocked_by != TK_OK)
        return TK_BLOCKED;
    if (a->refresh.failures > 0)
        return TK_RETRYING;
    return tk_https_active(&a->refresh.request) ? TK_REFRESHING : TK_READY;
}

const char *tk_state_name(enum tk_state state)
{
    static const char *const names[] = {"no_client", "needs_code", "exchanging", "refreshing",
                                        "ready",     "retrying",   "blocked"};

    return names[state];
}

static const char *missing_setting(const struct tk_account *a)
{
    if (a->client.portal.name[0] == '\0')
        return "portal_missing";
    return a->client.client_id[0] == '\0' ? "client_id_missing" : "client_secret_missing";
}

static const char *why_a_code_is_needed(const struct tk_account *a)
{
    if (!tk_account_has_pair(a))
        return "new";
    return a->ended == TK_ROTATION_LOST ? "rotation_lost" : "revoked";
}

const char *tk_account_reason(const struct tk_account *a)
{
    switch (tk_account_state(a)) {
    case TK_NO_CLIENT:
        return missing_setting(a);
    case TK_NEEDS_CODE:
        return why_a_code_is_needed(a);
    case TK_RETRYING:
        return tk_err_code(a->refresh.error);
    case TK_BLOCKED:
        return tk_err_code(a->refresh.blocked_by);
    default:
        return a->refresh.unstored ? tk_err_code(TK_E_STORAGE_FAILED) : "none";
    }
}

const char *tk_rest_status_name(enum tk_rest_status status)
{
    static const char *const names[] = {"unknown", "ok", "access_denied", "unreachable"};

    return names[status];
}

/* Whether one of two strings is in the other. */
static bool share(const char *secret, const char *word)
{
    return strstr(secret, word) != NULL || (secret[0] != '\0' && strstr(word, secret) != NULL);
}

/* Visible ASCII and spaces. */
static bool is_line(const char *s)
{
    while (*s >= ' ' && *s <= '~')
        s++;
    return *s == '\0';
}

void tk_account_set_server_error(struct tk_account *a, const char *word)
{
    bool secret = share(a->client.client_secret, word) || share(a->auth.code, word) ||
                  share(a->pair.access, word) || share(a->pair.refresh, word);
    struct tk_text t;

    a->server_error[0] = '\0';
    if (word[0] == '\0' ||
        (!secret && is_line(word) && tk_copy(a->server_error, sizeof a->server_error, word)))
        return;
    tk_text_init(&t, a->server_error, sizeof a->server_error);
    tk_text_int(&t, (int64_t)strlen(word));
    tk_text_add(&t, " characters");
}

bool tk_account_left(const struct tk_account *a, uint64_t now_ms, uint32_t *seconds)
{
    if (!a->times_known)
        return false;
    *seconds = now_ms < a->expires_ms ? (uint32_t)((a->expires_ms - now_ms) / 1000) : 0;
    return true;
}
