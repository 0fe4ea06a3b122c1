/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_account_set.h"

#include "tk_account_store.h"
#include "tk_assert.h"
#include "tk_duration.h"

#include <string.h>

/* --- creation and deletion --- */

enum tk_err tk_account_create(struct tk_account *a, const char *name)
{
    TK_ASSERT(!a->used && name[0] != '\0' && strlen(name) <= TK_NAME_MAX);
    enum tk_err err = tk_account_store_name(a, name);

    if (err == TK_OK) {
        a->used = true;
        tk_copy(a->name, sizeof a->name, name);
    }
    return err;
}

static void wipe_pair(struct tk_account *a)
{
    tk_account_wipe_tokens(a);
    a->foreign_pair = false;
    memset(&a->info, 0, sizeof a->info);
    a->discovered_host = NULL;
    a->revocation = TK_NOT_REVOKED;
    a->portal_fault = TK_PORTAL_OK;
    a->info_stored = false;
    a->times_known = a->renew_first = false;
    a->expires_ms = TK_NEVER;
}

enum tk_err tk_account_forget(struct tk_account *a)
{
    enum tk_err err = tk_account_store_forget(a);

    if (err == TK_OK)
        wipe_pair(a);
    return err;
}

enum tk_err tk_account_delete(struct tk_account *a)
{
    enum tk_err err = tk_account_store_delete(a);

    if (err == TK_OK)
        a->used = false;
    return err;
}

/* --- configuration --- */

static enum tk_err set_portal(struct tk_account *a, const char *value)
{
    struct tk_host host = {.port = 0};

    if (value[0] != '\0' && !tk_host_parse(&host, value, NULL))
        return TK_E_BAD_VALUE;
    enum tk_err err = tk_account_store_setting(a, TK_SET_PORTAL, value);

    if (err != TK_OK)
        return err;
    a->client.portal = host;
    tk_account_end_begin(a);
    return TK_OK;
}

static enum tk_err set_text(struct tk_account *a, enum tk_setting setting, const char *value)
{
    struct tk_account_text text = tk_account_text(a, setting);

    if (strlen(value) >= text.size || !tk_is_vchar(value))
        return TK_E_BAD_VALUE;
    enum tk_err err = tk_account_store_setting(a, setting, value);

    if (err == TK_OK)
        tk_copy(text.value, text.size, value);
    return err;
}

/* It is on flash only. */
static enum tk_err set_next_secret(struct tk_account *a, const char *value)
{
    if (strlen(value) > TK_SECRET_MAX || !tk_is_vchar(value))
        return TK_E_BAD_VALUE;
    return tk_account_store_setting(a, TK_SET_CLIENT_SECRET_NEXT, value);
}

static enum tk_err set_renew(struct tk_account *a, const char *value)
{
    uint32_t seconds = TK_RENEW_DEFAULT;

    if (strcmp(value, "on-demand") == 0)
        seconds = TK_RENEW_ON_DEMAND;
    else if (value[0] != '\0' && !tk_parse_duration(value, TK_RENEW_MIN, TK_RENEW_MAX, &seconds))
        return TK_E_BAD_VALUE;
    enum tk_err err = tk_account_store_renew(a, value[0] == '\0' ? NULL : &seconds);

    if (err == TK_OK)
        a->renew_s = seconds;
    return err;
}

/* A pair belongs to its portal and client_id, and goes to no other authorization host. The secret
 * may be rotated, but not removed. */
static bool is_bound_by_pair(const struct tk_account *a, enum tk_setting setting, const char *value)
{
    return (tk_account_has_pair(a) || a->foreign_pair) &&
           (setting == TK_SET_PORTAL || setting == TK_SET_CLIENT_ID ||
            setting == TK_SET_AUTH_HOST || (setting == TK_SET_CLIENT_SECRET && value[0] == '\0'));
}

enum tk_err tk_account_set(struct tk_account *a, enum tk_setting setting, const char *value)
{
    if (is_bound_by_pair(a, setting, value))
        return TK_E_IN_USE;
    switch (setting) {
    case TK_SET_PORTAL:
        return set_portal(a, value);
    case TK_SET_CLIENT_ID:
        tk_account_end_begin(a);
        return set_text(a, setting, value);
    case TK_SET_CLIENT_SECRET_NEXT:
        return set_next_secret(a, value);
    case TK_SET_RENEW:
        return set_renew(a, value);
    default:
        return set_text(a, setting, value);
    }
}
