/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_account.h"

#include "tk_assert.h"
#include "tk_keys.h"

#include <string.h>

void tk_account_init(struct tk_account *a, struct tk_runtime *rt,
                     const struct tk_account_listener *listener, uint8_t index)
{
    TK_ASSERT(listener->on != NULL && index < TK_ACCOUNTS);
    memset(a, 0, sizeof *a);
    a->rt = rt;
    a->listener = listener;
    a->index = index;
    a->renew_s = TK_RENEW_DEFAULT;
    a->expires_ms = TK_NEVER;
}

void tk_account_notify(struct tk_account *a, enum tk_account_event event)
{
    TK_ASSERT(a->listener != NULL); /* tk_account_init was not called */
    a->listener->on(a->listener->ctx, a, event);
}

void tk_account_report(const struct tk_account *a, const char *subject, const char *event,
                       const struct tk_host *to)
{
    char buf[TK_HOST_TEXT + 80];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "%s ref=%s event=%s", subject, a->name, event);
    if (to != NULL) {
        tk_text_add(&t, " to=");
        tk_text_host(&t, to);
    }
    tk_runtime_event(a->rt, &t);
}

/* --- values --- */

bool tk_account_is_name(const char *name)
{
    size_t len = strlen(name);

    return len >= 1 && len <= TK_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == len;
}

bool tk_account_is_renew(uint32_t seconds)
{
    return seconds == TK_RENEW_ON_DEMAND || (seconds >= TK_RENEW_MIN && seconds <= TK_RENEW_MAX);
}

struct tk_account_text tk_account_text(struct tk_account *a, enum tk_setting setting)
{
    struct tk_client *c = &a->client;

    switch (setting) {
    case TK_SET_CLIENT_ID:
        return (struct tk_account_text){c->client_id, sizeof c->client_id};
    case TK_SET_CLIENT_SECRET:
        return (struct tk_account_text){c->client_secret, sizeof c->client_secret};
    case TK_SET_SCOPE:
        return (struct tk_account_text){c->scope, sizeof c->scope};
    default:
        TK_ASSERT(setting == TK_SET_AUTH_HOST);
        return (struct tk_account_text){a->auth_host, sizeof a->auth_host};
    }
}

/* --- state --- */

bool tk_account_exchanging(const struct tk_account *a)
{
    return tk_https_active(&a->auth.request) || a->auth.retry_timer.due_ms != TK_NEVER;
}

bool tk_account_refreshing(const struct tk_account *a)
{
    return tk_https_active(&a->refresh.request);
}

bool tk_account_has_client(const struct tk_account *a)
{
    return a->client.portal.name[0] != '\0' && a->client.client_id[0] != '\0' &&
           a->client.client_secret[0] != '\0';
}

bool tk_account_next_secret(const struct tk_account *a, char out[TK_SECRET_MAX + 1])
{
    return tk_storage_text(&a->rt->storage, tk_account_key(a->index, TK_KEY_CLIENT_SECRET_NEXT),
                           out, TK_SECRET_MAX + 1, tk_is_vchar);
}

bool tk_account_has_pair(const struct tk_account *a)
{
    return a->pair.access[0] != '\0';
}

void tk_account_wipe_tokens(struct tk_account *a)
{
    tk_wipe(a->pair.access, sizeof a->pair.access);
    tk_wipe(a->pair.refresh, sizeof a->pair.refresh);
}

bool tk_account_is_renewable(const struct tk_account *a)
{
    return tk_account_has_pair(a) && a->revocation == TK_NOT_REVOKED;
}

enum tk_err tk_account_blocked_by(const struct tk_account *a)
{
    if (a->refresh.blocked_by != TK_OK)
        return a->refresh.blocked_by;
    if (a->portal_fault == TK_PORTAL_OK)
        return TK_OK;
    return a->portal_fault == TK_PORTAL_USER_REFUSED ? TK_E_USER_REFUSED : TK_E_PORTAL_MOVED;
}

bool tk_account_seconds_left(const struct tk_account *a, uint64_t now_ms, uint32_t *seconds)
{
    if (!a->times_known && now_ms < a->expires_ms)
        return false;
    *seconds = tk_seconds_until(a->expires_ms, now_ms);
    return true;
}

void tk_account_end_begin(struct tk_account *a)
{
    a->auth.state[0] = '\0';
    a->auth.other_user = false;
}

/* --- authorization host --- */

void tk_account_auth_host(const struct tk_account *a, struct tk_host *out)
{
    const char *host = a->auth_host;

    if (host[0] == '\0')
        host = a->discovered_host != NULL ? a->discovered_host
                                          : tk_oauth_default_host(&a->client.portal);
    (void)tk_host_parse(out, host, NULL);
}

void tk_account_discover_host(struct tk_account *a, const char *host)
{
    if (a->auth_host[0] != '\0' || a->discovered_host == host)
        return;
    a->discovered_host = host;
    a->info_stored = false;
}

/* --- errors --- */

void tk_account_set_error(struct tk_account *a, enum tk_err err)
{
    a->last_error = err;
}
