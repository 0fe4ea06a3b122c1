/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_account.h"

#include "tk_auth.h"
#include "tk_keeper.h"

#include <mbedtls/sha256.h>
#include <string.h>

/* The keys of account i are 32 * (i + 1) + these; 1 to 31 are the keeper's own. On flash for good:
 * numbers are added, never changed. */
enum {
    KEY_NAME = 1,
    KEY_PORTAL = 2,
    KEY_CLIENT_ID = 3,
    KEY_CLIENT_SECRET = 4,
    KEY_SCOPE = 5,
    KEY_AUTH_HOST = 6,
    KEY_RENEW = 7,
    KEY_PAIR = 8, /* see pack_pair; stays when the pair is forgotten */
    KEY_ACCESS = 9,
    KEY_REFRESH = 10,
    KEY_FACTS = 11,      /* four strings with their NULs: endpoint, member, user, scope */
    KEY_FOUND_HOST = 12, /* a host's name */
    KEY_INTENT = 13,     /* there: open */
    KEY_ENDED = 14,      /* 1 byte, enum tk_ended */
    KEY_CODES = 15,      /* digests of codes that were sent */
    KEY_ESCALATION = 16, /* see pack_escalation */
    KEY_LAST = KEY_ESCALATION,
    KEYS_AN_ACCOUNT = 32
};

enum { PAIR_SIZE = 32, ESCALATION_HEAD = 11, ESCALATION_SIZE = ESCALATION_HEAD + 24 };

static uint8_t key_of(const struct tk_account *a, int item)
{
    return (uint8_t)(KEYS_AN_ACCOUNT * (a->index + 1) + item);
}

/* --- numbers on flash, little-endian --- */

static void put(uint8_t **p, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        *(*p)++ = (uint8_t)(value >> 8 * i);
}

static uint64_t take(const uint8_t **p, int bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < bytes; i++)
        value |= (uint64_t) * (*p)++ << 8 * i;
    return value;
}

static void pack_pair(const struct tk_account *a, const struct tk_pair *pair, uint8_t *p)
{
    put(&p, pair->generation, 4);
    put(&p, pair->lifetime_s, 4);
    put(&p, (uint64_t)pair->issued_unix, 8);
    put(&p, (uint64_t)pair->expires_unix, 8);
    put(&p, (uint64_t)a->keeper->time.floor_unix, 8);
}

static int64_t unpack_pair(struct tk_pair *pair, const uint8_t *p)
{
    pair->generation = (uint32_t)take(&p, 4);
    pair->lifetime_s = (uint32_t)take(&p, 4);
    pair->issued_unix = (int64_t)take(&p, 8);
    pair->expires_unix = (int64_t)take(&p, 8);
    return (int64_t)take(&p, 8);
}

static size_t pack_escalation(const struct tk_escalation_record *r, uint8_t *buf)
{
    struct tk_text cause;
    uint8_t *p = buf;

    put(&p, r->level, 1);
    put(&p, r->delivered, 1);
    put(&p, r->cleared, 1);
    put(&p, (uint64_t)r->since, 8);
    tk_text_init(&cause, (char *)p, ESCALATION_SIZE - ESCALATION_HEAD);
    tk_text_add(&cause, tk_err_code((enum tk_err)r->cause));
    return ESCALATION_HEAD + cause.len + 1;
}

static void unpack_escalation(struct tk_escalation_record *r, const uint8_t *p)
{
    r->level = (uint8_t)take(&p, 1);
    r->delivered = (uint8_t)take(&p, 1);
    r->cleared = (uint8_t)take(&p, 1);
    r->since = (int64_t)take(&p, 8);
    r->cause = (uint8_t)tk_err_from_code((const char *)p);
}

/* --- reading --- */

void tk_account_init(struct tk_account *a, struct tk_keeper *keeper, uint8_t index)
{
    memset(a, 0, sizeof *a);
    a->keeper = keeper;
    a->index = index;
    a->renew_s = TK_RENEW_DEFAULT;
}

static bool load_bytes(const struct tk_account *a, int item, void *buf, int size)
{
    return tk_store_get(&a->keeper->store, key_of(a, item), buf, (size_t)size) == size;
}

/* A string as it was stored, without its NUL; "" when there is none. */
static bool load_text(const struct tk_account *a, int item, char *out, size_t size)
{
    int len = tk_store_get(&a->keeper->store, key_of(a, item), out, size - 1);

    out[len < 0 ? 0 : len] = '\0';
    return len > 0;
}

static void load_configuration(struct tk_account *a)
{
    char portal[TK_HOST_TEXT];
    uint8_t renew[4];
    const uint8_t *p = renew;

    if (load_text(a, KEY_PORTAL, portal, sizeof portal) &&
        !tk_host_parse(&a->client.portal, portal, NULL))
        a->client.portal.name[0] = '\0';
    load_text(a, KEY_CLIENT_ID, a->client.client_id, sizeof a->client.client_id);
    load_text(a, KEY_CLIENT_SECRET, a->client.client_secret, sizeof a->client.client_secret);
    load_text(a, KEY_SCOPE, a->client.scope, sizeof a->client.scope);
    load_text(a, KEY_AUTH_HOST, a->auth_host, sizeof a->auth_host);
    if (load_bytes(a, KEY_RENEW, renew, sizeof renew))
        a->renew_s = (uint32_t)take(&p, 4);
}

static void load_facts(struct tk_account *a)
{
    char text[sizeof a->facts];
    int len = tk_store_get(&a->keeper->store, key_of(a, KEY_FACTS), text, sizeof text);
    struct {
        char *to;
        size_t size;
    } parts[] = {{a->facts.client_endpoint, sizeof a->facts.client_endpoint},
                 {a->facts.member_id, sizeof a->facts.member_id},
                 {a->facts.user_id, sizeof a->facts.user_id},
                 {a->facts.scope, sizeof a->facts.scope}};
    const char *from = text;

    if (len <= 0 || text[len - 1] != '\0')
        return;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && from < text + len; i++) {
        tk_copy(parts[i].to, parts[i].size, from);
        from += strlen(from) + 1;
    }
}

static void load_pair(struct tk_account *a)
{
    uint8_t packed[PAIR_SIZE], ended;
    char host[TK_HOST_TEXT];

    if (!load_bytes(a, KEY_PAIR, packed, sizeof packed))
        return;
    tk_time_restore_floor(&a->keeper->time, unpack_pair(&a->pair, packed));
    if (!load_text(a, KEY_ACCESS, a->pair.access, sizeof a->pair.access) ||
        !load_text(a, KEY_REFRESH, a->pair.refresh, sizeof a->pair.refresh))
        a->pair.access[0] = '\0';
    load_facts(a);
    if (load_text(a, KEY_FOUND_HOST, host, sizeof host))
        a->found_host = tk_oauth_known_host(host);
    if (load_bytes(a, KEY_ENDED, &ended, 1))
        a->ended = (enum tk_ended)ended;
}

void tk_account_load(struct tk_account *a)
{
    uint8_t escalation[ESCALATION_SIZE] = {0}, open;

    a->used = load_text(a, KEY_NAME, a->name, sizeof a->name);
    if (!a->used)
        return;
    load_configuration(a);
    load_pair(a);
    a->refresh.intent = load_bytes(a, KEY_INTENT, &open, 1);
    (void)tk_store_get(&a->keeper->store, key_of(a, KEY_CODES), a->auth.used, sizeof a->auth.used);
    if (tk_store_get(&a->keeper->store, key_of(a, KEY_ESCALATION), escalation,
                     sizeof escalation - 1) > ESCALATION_HEAD)
        unpack_escalation(&a->escalation.record, escalation);
}

bool tk_account_previous_refresh(const struct tk_account *a, char out[TK_TOKEN_MAX + 1])
{
    int len = tk_store_previous(&a->keeper->store, key_of(a, KEY_REFRESH), out, TK_TOKEN_MAX);

    out[len < 0 ? 0 : len] = '\0';
    return len > 0;
}

/* --- writing --- */

static enum tk_err commit(struct tk_account *a, const struct tk_store_value *values, size_t count)
{
    switch (tk_store_commit(&a->keeper->store, values, count)) {
    case TK_STORE_OK:
        return TK_OK;
    case TK_STORE_FULL:
        return TK_E_STORAGE_FULL;
    default:
        return TK_E_STORAGE_FAILED;
    }
}

static enum tk_err store_bytes(struct tk_account *a, int item, const void *data, size_t len)
{
    struct tk_store_piece piece = {data, (uint16_t)len};
    struct tk_store_value value = {key_of(a, item), len > 0, &piece};

    return commit(a, &value, 1);
}

static enum tk_err store_text(struct tk_account *a, int item, const char *text)
{
    return store_bytes(a, item, text, strlen(text));
}

enum tk_err tk_account_create(struct tk_account *a, const char *name)
{
    enum tk_err err = store_text(a, KEY_NAME, name);

    if (err == TK_OK) {
        a->used = true;
        tk_copy(a->name, sizeof a->name, name);
    }
    return err;
}

enum tk_err tk_account_store_pair(struct tk_account *a, const struct tk_pair *pair,
                                  const struct tk_grant_facts *facts, const char *found_host)
{
    uint8_t packed[PAIR_SIZE];
    const char *host = found_host == NULL ? "" : found_host;
    struct tk_store_piece access = {pair->access, (uint16_t)strlen(pair->access)};
    struct tk_store_piece refresh = {pair->refresh, (uint16_t)strlen(pair->refresh)};
    struct tk_store_piece numbers = {packed, sizeof packed};
    struct tk_store_piece named = {host, (uint16_t)strlen(host)};
    struct tk_store_piece strings[] = {
        {facts->client_endpoint, (uint16_t)(strlen(facts->client_endpoint) + 1)},
        {facts->member_id, (uint16_t)(strlen(facts->member_id) + 1)},
        {facts->user_id, (uint16_t)(strlen(facts->user_id) + 1)},
        {facts->scope, (uint16_t)(strlen(facts->scope) + 1)}};
    struct tk_store_value values[] = {{key_of(a, KEY_ACCESS), 1, &access},
                                      {key_of(a, KEY_REFRESH), 1, &refresh},
                                      {key_of(a, KEY_PAIR), 1, &numbers},
                                      {key_of(a, KEY_FACTS), 4, strings},
                                      {key_of(a, KEY_FOUND_HOST), host[0] != '\0', &named},
                                      {key_of(a, KEY_INTENT), 0, NULL},
                                      {key_of(a, KEY_ENDED), 0, NULL}};

    pack_pair(a, pair, packed);
    return commit(a, values, sizeof values / sizeof values[0]);
}

enum tk_err tk_account_store_intent(struct tk_account *a, bool open)
{
    uint8_t yes = 1;

    return store_bytes(a, KEY_INTENT, &yes, open);
}

enum tk_err tk_account_store_ended(struct tk_account *a, enum tk_ended ended)
{
    uint8_t byte = (uint8_t)ended;
    struct tk_store_piece piece = {&byte, 1};
    struct tk_store_value values[] = {{key_of(a, KEY_ENDED), 1, &piece},
                                      {key_of(a, KEY_INTENT), 0, NULL}};

    return commit(a, values, 2);
}

enum tk_err tk_account_store_escalation(struct tk_account *a)
{
    uint8_t packed[ESCALATION_SIZE];
    const struct tk_escalation_record *r = &a->escalation.record;
    size_t len = pack_escalation(r, packed);

    return store_bytes(a, KEY_ESCALATION, packed, r->level > 0 || r->cleared ? len : 0);
}

/* --- codes that were sent --- */

static void digest(const char *code, uint8_t out[TK_DIGEST_SIZE])
{
    uint8_t full[32];

    (void)mbedtls_sha256((const uint8_t *)code, strlen(code), full, 0);
    memcpy(out, full, TK_DIGEST_SIZE);
}

bool tk_account_code_is_used(const struct tk_account *a, const char *code)
{
    uint8_t wanted[TK_DIGEST_SIZE];

    digest(code, wanted);
    for (int i = 0; i < TK_CODES_KEPT; i++) {
        if (memcmp(a->auth.used[i], wanted, sizeof wanted) == 0)
            return true;
    }
    return false;
}

enum tk_err tk_account_store_code(struct tk_account *a, const char *code)
{
    memmove(a->auth.used[1], a->auth.used[0], (TK_CODES_KEPT - 1) * TK_DIGEST_SIZE);
    digest(code, a->auth.used[0]);
    return store_bytes(a, KEY_CODES, a->auth.used, sizeof a->auth.used);
}

/* --- deleting --- */

static enum tk_err delete_items(struct tk_account *a, int first, int last)
{
    struct tk_store_value values[KEY_LAST];
    size_t count = 0;

    for (int item = first; item <= last; item++)
        values[count++] = (struct tk_store_value){key_of(a, item), 0, NULL};
    return commit(a, values, count);
}

static void forget_in_ram(struct tk_account *a)
{
    tk_wipe(a->pair.access, sizeof a->pair.access);
    tk_wipe(a->pair.refresh, sizeof a->pair.refresh);
    memset(&a->facts, 0, sizeof a->facts);
    a->found_host = NULL;
    a->ended = TK_NOT_ENDED;
    a->times_known = false;
}

enum tk_err tk_account_forget(struct tk_account *a)
{
    enum tk_err err = delete_items(a, KEY_ACCESS, KEY_ENDED);

    if (err == TK_OK)
        forget_in_ram(a);
    return err;
}

enum tk_err tk_account_delete(struct tk_account *a)
{
    enum tk_err err = delete_items(a, KEY_NAME, KEY_LAST);

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
    enum tk_err err = store_text(a, KEY_PORTAL, value);

    if (err == TK_OK)
        a->client.portal = host;
    return err;
}

static enum tk_err set_text(struct tk_account *a, int item, const char *value, char *field,
                            size_t size)
{
    if (strlen(value) >= size || !tk_is_plain(value))
        return TK_E_BAD_VALUE;
    enum tk_err err = store_text(a, item, value);

    if (err == TK_OK)
        tk_copy(field, size, value);
    return err;
}

static enum tk_err set_renew(struct tk_account *a, const char *value)
{
    uint32_t seconds = TK_RENEW_DEFAULT;
    uint8_t packed[4], *p = packed;

    if (strcmp(value, "on-demand") == 0)
        seconds = TK_RENEW_ON_DEMAND;
    else if (value[0] != '\0' && !tk_parse_duration(value, 60, 7 * 86400, &seconds))
        return TK_E_BAD_VALUE;
    put(&p, seconds, sizeof packed);
    enum tk_err err = store_bytes(a, KEY_RENEW, packed, value[0] == '\0' ? 0 : sizeof packed);

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

enum tk_err tk_account_set(struct tk_account *a, enum tk_setting setting, const char *value)
{
    struct tk_client *c = &a->client;

    if (is_bound(a, setting, value))
        return TK_E_IN_USE;
    switch (setting) {
    case TK_SET_PORTAL:
        return set_portal(a, value);
    case TK_SET_CLIENT_ID:
        return set_text(a, KEY_CLIENT_ID, value, c->client_id, sizeof c->client_id);
    case TK_SET_CLIENT_SECRET:
        return set_text(a, KEY_CLIENT_SECRET, value, c->client_secret, sizeof c->client_secret);
    case TK_SET_SCOPE:
        return set_text(a, KEY_SCOPE, value, c->scope, sizeof c->scope);
    case TK_SET_AUTH_HOST:
        return set_text(a, KEY_AUTH_HOST, value, a->auth_host, sizeof a->auth_host);
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
    return tk_net_active(&a->refresh.request) ? TK_REFRESHING : TK_READY;
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

bool tk_account_left(const struct tk_account *a, uint64_t now_ms, uint32_t *seconds)
{
    if (!a->times_known)
        return false;
    *seconds = now_ms < a->expires_ms ? (uint32_t)((a->expires_ms - now_ms) / 1000) : 0;
    return true;
}
