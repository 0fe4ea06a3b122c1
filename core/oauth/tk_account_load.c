/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_account_load.h"

#include "tk_account_session.h"
#include "tk_account_store.h"
#include "tk_account_value.h"
#include "tk_device.h"
#include "tk_le.h"

#include <string.h>

static void reject(const struct tk_account *a, int item)
{
    tk_storage_reject(&a->rt->storage, tk_account_key_of(a, item));
}

static bool load_bytes(const struct tk_account *a, int item, void *buf, size_t size)
{
    return tk_storage_bytes(&a->rt->storage, tk_account_key_of(a, item), buf, size);
}

static bool load_text(const struct tk_account *a, int item, char *out, size_t size,
                      bool (*valid)(const char *text))
{
    return tk_storage_text(&a->rt->storage, tk_account_key_of(a, item), out, size, valid);
}

/* A value of one byte from 1 to max; 0 if there is none. */
static uint8_t load_number(const struct tk_account *a, int item, uint8_t max)
{
    uint8_t byte;

    if (!load_bytes(a, item, &byte, 1))
        return 0;
    if (byte >= 1 && byte <= max)
        return byte;
    reject(a, item);
    return 0;
}

static bool is_host(const char *text)
{
    struct tk_host host;

    return tk_host_parse(&host, text, NULL);
}

static bool is_known_host(const char *text)
{
    return tk_oauth_known_host(text) != NULL;
}

static void load_renew(struct tk_account *a)
{
    uint8_t renew[4];
    uint32_t seconds;

    if (!load_bytes(a, TK_KEY_RENEW, renew, sizeof renew))
        return;
    seconds = (uint32_t)tk_le_get(renew, sizeof renew);
    if (tk_account_is_renew(seconds))
        a->renew_s = seconds;
    else
        reject(a, TK_KEY_RENEW);
}

static void load_configuration(struct tk_account *a)
{
    struct tk_client *c = &a->client;
    char portal[TK_HOST_TEXT];

    if (load_text(a, TK_KEY_PORTAL, portal, sizeof portal, is_host))
        (void)tk_host_parse(&c->portal, portal, NULL);
    for (int setting = TK_SET_CLIENT_ID; setting <= TK_SET_AUTH_HOST; setting++) {
        struct tk_account_text text = tk_account_text(a, (enum tk_setting)setting);

        load_text(a, TK_KEY_PORTAL + setting, text.value, text.size,
                  setting == TK_SET_AUTH_HOST ? is_host : tk_is_vchar);
    }
    load_renew(a);
}

/* host: to which the portal moved; "": it has not. */
static enum tk_portal_fault load_portal_fault(const struct tk_account *a, char host[TK_HOST_TEXT])
{
    uint8_t value[1 + TK_HOST_TEXT] = {TK_PORTAL_OK};
    int len = tk_storage_get(&a->rt->storage, tk_account_key_of(a, TK_KEY_PORTAL_FAULT), value,
                             TK_HOST_TEXT);

    host[0] = '\0';
    if (!tk_store_found(len))
        return TK_PORTAL_OK;
    if (len == 1 && value[0] == TK_PORTAL_USER_REFUSED)
        return TK_PORTAL_USER_REFUSED;
    if (len > 1 &&
        (value[0] == TK_PORTAL_MOVED_BY_ANSWER || value[0] == TK_PORTAL_MOVED_BY_REDIRECT) &&
        strlen((const char *)value) == (size_t)len && is_host((const char *)value + 1)) {
        tk_copy(host, TK_HOST_TEXT, (const char *)value + 1);
        return (enum tk_portal_fault)value[0];
    }
    reject(a, TK_KEY_PORTAL_FAULT);
    return TK_PORTAL_OK;
}

static void load_info(struct tk_account *a)
{
    char text[sizeof a->info], host[TK_HOST_TEXT];
    int len =
        tk_storage_get(&a->rt->storage, tk_account_key_of(a, TK_KEY_GRANT_INFO), text, sizeof text);

    if (tk_store_found(len) && !tk_account_unpack_info(&a->info, text, len)) {
        memset(&a->info, 0, sizeof a->info);
        reject(a, TK_KEY_GRANT_INFO);
    }
    if (load_text(a, TK_KEY_DISCOVERED_HOST, host, sizeof host, is_known_host))
        a->discovered_host = tk_oauth_known_host(host);
    a->revocation = (enum tk_revocation)load_number(a, TK_KEY_REVOCATION, TK_SUCCESSOR_LONG);
    a->portal_fault = load_portal_fault(a, host);
}

static bool is_own(const struct tk_account *a, const uint8_t packed[TK_PAIR_SIZE])
{
    uint8_t own[TK_DIGEST_SIZE];

    tk_account_digest(tk_device_id(a->rt->config->port), own);
    return memcmp(packed + TK_PAIR_DEVICE, own, sizeof own) == 0;
}

/* The length of what was stored; 0: nothing that a build stores. */
static int load_packed_pair(struct tk_account *a, uint8_t packed[TK_PAIR_SIZE])
{
    int len =
        tk_storage_get(&a->rt->storage, tk_account_key_of(a, TK_KEY_PAIR), packed, TK_PAIR_SIZE);
    int64_t floor;

    if (!tk_store_found(len))
        return 0;
    if ((len == TK_PAIR_DEVICE || len == TK_PAIR_SIZE) &&
        tk_account_unpack_pair(&a->pair, packed, &floor)) {
        tk_time_restore_floor(&a->rt->time, floor);
        return len;
    }
    memset(&a->pair, 0, sizeof a->pair);
    reject(a, TK_KEY_PAIR);
    return 0;
}

/* A pair of version 0.1 becomes this device's. Another device's stays on flash: it is of use again
 * where it came from. */
static void load_pair(struct tk_account *a)
{
    uint8_t packed[TK_PAIR_SIZE];
    int len = load_packed_pair(a, packed);

    if (len == 0)
        return;
    load_info(a);
    if (!load_text(a, TK_KEY_REFRESH, a->pair.refresh, sizeof a->pair.refresh, NULL) ||
        !load_text(a, TK_KEY_ACCESS, a->pair.access, sizeof a->pair.access, NULL))
        return;
    if (len == TK_PAIR_DEVICE)
        tk_account_store_time_floor(a);
    else
        a->foreign_pair = !is_own(a, packed);
    if (a->foreign_pair)
        tk_account_wipe_tokens(a);
}

static void load_session(struct tk_account *a)
{
    uint8_t data[TK_SESSION_HEAD + TK_HOST_TEXT + TK_SESSION_STORED_MAX];
    int len =
        tk_storage_get(&a->rt->storage, tk_account_key_of(a, TK_KEY_SESSION), data, sizeof data);

    if (tk_store_found(len) && (len < 0 || !tk_account_session_restore(a, data, (size_t)len)))
        reject(a, TK_KEY_SESSION);
    tk_wipe(data, sizeof data);
}

/* Also one that cannot be read. The name may be missing although others are there: a store does not
 * keep what it could not read. */
static bool has_value(const struct tk_account *a)
{
    for (int item = TK_KEY_NAME; item <= TK_KEY_LAST; item++) {
        if (tk_storage_get(&a->rt->storage, tk_account_key_of(a, item), NULL, 0) !=
            TK_STORE_MISSING)
            return true;
    }
    return false;
}

/* An account without a readable name has one that no operator can give: its settings are there. */
static bool load_name(struct tk_account *a)
{
    struct tk_storage *storage = &a->rt->storage;

    if (load_text(a, TK_KEY_NAME, a->name, sizeof a->name, tk_account_is_name))
        return true;
    if (storage->err != TK_OK || !has_value(a))
        return false;
    tk_account_reject_name(a);
    return true;
}

void tk_account_reject_name(struct tk_account *a)
{
    struct tk_text t;

    tk_text_init(&t, a->name, sizeof a->name);
    tk_text_char(&t, '?');
    tk_text_int(&t, a->index);
    reject(a, TK_KEY_NAME);
}

void tk_account_load(struct tk_account *a)
{
    uint8_t intent;

    a->used = load_name(a);
    if (!a->used)
        return;
    load_configuration(a);
    if (!load_bytes(a, TK_KEY_USED_CODES, a->auth.used_codes, sizeof a->auth.used_codes))
        memset(a->auth.used_codes, 0, sizeof a->auth.used_codes);
    load_pair(a);
    if (a->foreign_pair)
        return;
    intent = load_number(a, TK_KEY_INTENT, TK_INTENT_LONG);
    a->refresh.intent = intent != 0;
    a->refresh.too_long = intent == TK_INTENT_LONG;
    load_session(a);
}

void tk_account_former_portal(const struct tk_account *a, char out[TK_HOST_TEXT])
{
    load_text(a, TK_KEY_MOVED_FROM, out, TK_HOST_TEXT, is_host);
}

void tk_account_moved_to(const struct tk_account *a, char out[TK_HOST_TEXT])
{
    (void)load_portal_fault(a, out);
}

bool tk_account_previous_refresh_token(const struct tk_account *a, char out[TK_TOKEN_MAX + 1])
{
    return tk_storage_previous_text(&a->rt->storage, tk_account_key_of(a, TK_KEY_REFRESH), out,
                                    TK_TOKEN_MAX + 1);
}
