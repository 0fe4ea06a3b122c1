/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_account_store.h"

#include "tk_account_session.h"
#include "tk_assert.h"
#include "tk_device.h"
#include "tk_le.h"

#include <mbedtls/sha256.h>
#include <string.h>

/* TK_KEY_PAIR: generation 4 | lifetime 4 | issued 8 | expires 8 | tk_time_stored_floor 8 | digest
 * of the device's id 8. Version 0.1 stored no digest. */
enum { PAIR_DEVICE = 32, PAIR_SIZE = PAIR_DEVICE + TK_DIGEST_SIZE };

/* TK_KEY_INTENT: 1 byte; LONG: tk_refresh.too_long */
enum { INTENT_OPEN = 1, INTENT_LONG = 2 };

/* TK_KEY_GRANT_INFO: strings with their NULs */
enum { INFO_STRINGS = 4 };

static uint16_t key_of(const struct tk_account *a, int item)
{
    return tk_account_key(a->index, (unsigned)item);
}

/* --- packed values --- */

static void put(uint8_t **p, uint64_t value, int bytes)
{
    tk_le_put(*p, value, bytes);
    *p += bytes;
}

static uint64_t take(const uint8_t **p, int bytes)
{
    uint64_t value = tk_le_get(*p, bytes);

    *p += bytes;
    return value;
}

static void digest(const char *text, uint8_t out[TK_DIGEST_SIZE])
{
    uint8_t full[32];

    (void)mbedtls_sha256((const uint8_t *)text, strlen(text), full, 0);
    memcpy(out, full, TK_DIGEST_SIZE);
}

static void pack_pair(const struct tk_account *a, uint8_t *p)
{
    put(&p, a->pair.generation, 4);
    put(&p, a->pair.lifetime_s, 4);
    put(&p, (uint64_t)a->pair.issued_unix, 8);
    put(&p, (uint64_t)a->pair.expires_unix, 8);
    put(&p, (uint64_t)tk_time_stored_floor(&a->rt->time), 8);
    digest(tk_device_id(a->rt->config->port), p);
}

/* False if no build stores such times; *floor: of the wall time. */
static bool unpack_pair(struct tk_pair *pair, const uint8_t *p, int64_t *floor)
{
    pair->generation = (uint32_t)take(&p, 4);
    pair->lifetime_s = (uint32_t)take(&p, 4);
    pair->issued_unix = (int64_t)take(&p, 8);
    pair->expires_unix = (int64_t)take(&p, 8);
    *floor = (int64_t)take(&p, 8);
    return pair->lifetime_s <= TK_LIFETIME_MAX && tk_is_unix_time(pair->issued_unix) &&
           tk_is_unix_time(*floor) && pair->expires_unix == pair->issued_unix + pair->lifetime_s;
}

static void pack_info(const struct tk_grant_info *info, struct tk_store_piece pieces[INFO_STRINGS])
{
    const char *const strings[INFO_STRINGS] = {info->client_endpoint, info->member_id,
                                               info->user_id, info->scope};

    for (int i = 0; i < INFO_STRINGS; i++)
        pieces[i] = (struct tk_store_piece){strings[i], (uint16_t)(strlen(strings[i]) + 1)};
}

static bool unpack_info(struct tk_grant_info *info, const char *text, int len)
{
    const struct {
        char *to;
        size_t size;
    } fields[INFO_STRINGS] = {{info->client_endpoint, sizeof info->client_endpoint},
                              {info->member_id, sizeof info->member_id},
                              {info->user_id, sizeof info->user_id},
                              {info->scope, sizeof info->scope}};
    const char *from = text;

    if (len <= 0 || text[len - 1] != '\0')
        return false;
    for (size_t i = 0; i < INFO_STRINGS; i++) {
        if (from == text + len || !tk_copy(fields[i].to, fields[i].size, from))
            return false;
        from += strlen(from) + 1;
    }
    return from == text + len;
}

/* --- loading --- */

static void reject(const struct tk_account *a, int item)
{
    tk_storage_reject(&a->rt->storage, key_of(a, item));
}

static bool load_bytes(const struct tk_account *a, int item, void *buf, size_t size)
{
    return tk_storage_bytes(&a->rt->storage, key_of(a, item), buf, size);
}

static bool load_text(const struct tk_account *a, int item, char *out, size_t size,
                      bool (*valid)(const char *text))
{
    return tk_storage_text(&a->rt->storage, key_of(a, item), out, size, valid);
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
    int len = tk_storage_get(&a->rt->storage, key_of(a, TK_KEY_PORTAL_FAULT), value, TK_HOST_TEXT);

    host[0] = '\0';
    if (len < 0 && len > TK_STORE_SHORT)
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
    int len = tk_storage_get(&a->rt->storage, key_of(a, TK_KEY_GRANT_INFO), text, sizeof text);

    if ((len >= 0 || len <= TK_STORE_SHORT) && !unpack_info(&a->info, text, len)) {
        memset(&a->info, 0, sizeof a->info);
        reject(a, TK_KEY_GRANT_INFO);
    }
    if (load_text(a, TK_KEY_DISCOVERED_HOST, host, sizeof host, is_known_host))
        a->discovered_host = tk_oauth_known_host(host);
    a->revocation = (enum tk_revocation)load_number(a, TK_KEY_REVOCATION, TK_SUCCESSOR_LONG);
    a->portal_fault = load_portal_fault(a, host);
}

static bool is_own(const struct tk_account *a, const uint8_t packed[PAIR_SIZE])
{
    uint8_t own[TK_DIGEST_SIZE];

    digest(tk_device_id(a->rt->config->port), own);
    return memcmp(packed + PAIR_DEVICE, own, sizeof own) == 0;
}

/* The length of what was stored; 0: nothing that a build stores. */
static int load_packed_pair(struct tk_account *a, uint8_t packed[PAIR_SIZE])
{
    int len = tk_storage_get(&a->rt->storage, key_of(a, TK_KEY_PAIR), packed, PAIR_SIZE);
    int64_t floor;

    if (len < 0 && len > TK_STORE_SHORT)
        return 0;
    if ((len == PAIR_DEVICE || len == PAIR_SIZE) && unpack_pair(&a->pair, packed, &floor)) {
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
    uint8_t packed[PAIR_SIZE];
    int len = load_packed_pair(a, packed);

    if (len == 0)
        return;
    load_info(a);
    if (!load_text(a, TK_KEY_REFRESH, a->pair.refresh, sizeof a->pair.refresh, NULL) ||
        !load_text(a, TK_KEY_ACCESS, a->pair.access, sizeof a->pair.access, NULL))
        a->pair.access[0] = '\0';
    else if (len == PAIR_DEVICE)
        tk_account_store_time_floor(a);
    else
        a->foreign_pair = !is_own(a, packed);
    if (a->foreign_pair)
        tk_account_wipe_tokens(a);
}

static void load_session(struct tk_account *a)
{
    uint8_t data[TK_SESSION_HEAD + TK_HOST_TEXT + TK_SESSION_STORED_MAX];
    int len = tk_storage_get(&a->rt->storage, key_of(a, TK_KEY_SESSION), data, sizeof data);

    if ((len >= 0 && !tk_account_session_restore(a, data, (size_t)len)) || len <= TK_STORE_SHORT)
        reject(a, TK_KEY_SESSION);
    tk_wipe(data, sizeof data);
}

/* Also one that cannot be read. The name may be missing although others are there: a store does not
 * keep what it could not read. */
static bool has_value(const struct tk_account *a)
{
    for (int item = TK_KEY_NAME; item <= TK_KEY_LAST; item++) {
        if (tk_storage_get(&a->rt->storage, key_of(a, item), NULL, 0) != TK_STORE_MISSING)
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
    load_session(a);
    intent = load_number(a, TK_KEY_INTENT, INTENT_LONG);
    a->refresh.intent = intent != 0;
    a->refresh.too_long = intent == INTENT_LONG;
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
    return tk_storage_previous_text(&a->rt->storage, key_of(a, TK_KEY_REFRESH), out,
                                    TK_TOKEN_MAX + 1);
}

/* --- commits --- */

/* The values of one commit. Data that is added must stay valid until the commit. */
struct batch {
    struct tk_account *a;
    size_t count;
    struct tk_store_value values[10];
    struct tk_store_piece pieces[10]; /* of a value that is one piece */
    struct tk_store_piece info[INFO_STRINGS];
    uint8_t revocation;
};

static void begin(struct batch *b, struct tk_account *a)
{
    b->a = a;
    b->count = 0;
}

/* count 0 deletes the value. */
static void add_pieces(struct batch *b, int item, const struct tk_store_piece *pieces, size_t count)
{
    TK_ASSERT(b->count < sizeof b->values / sizeof b->values[0]);
    b->values[b->count++] = (struct tk_store_value){key_of(b->a, item), (uint8_t)count, pieces};
}

/* len 0 deletes the value. */
static void add(struct batch *b, int item, const void *data, size_t len)
{
    struct tk_store_piece *piece = &b->pieces[b->count];

    *piece = (struct tk_store_piece){data, (uint16_t)len};
    add_pieces(b, item, piece, len > 0);
}

static void add_text(struct batch *b, int item, const char *text)
{
    add(b, item, text, strlen(text));
}

static enum tk_err commit(const struct batch *b)
{
    return tk_storage_commit(&b->a->rt->storage, b->values, b->count);
}

static enum tk_err store_bytes(struct tk_account *a, int item, const void *data, size_t len)
{
    struct batch b;

    begin(&b, a);
    add(&b, item, data, len);
    return commit(&b);
}

/* client_secret, once client_secret_next has replaced it. */
static void add_promoted_secret(struct batch *b)
{
    if (!b->a->secret_promoted)
        return;
    add_text(b, TK_KEY_CLIENT_SECRET, b->a->client.client_secret);
    add(b, TK_KEY_CLIENT_SECRET_NEXT, NULL, 0);
}

/* --- name and configuration --- */

enum tk_err tk_account_store_name(struct tk_account *a, const char *name)
{
    return store_bytes(a, TK_KEY_NAME, name, strlen(name));
}

enum tk_err tk_account_store_setting(struct tk_account *a, enum tk_setting setting,
                                     const char *value)
{
    struct batch b;

    TK_ASSERT(setting != TK_SET_RENEW);
    begin(&b, a);
    if (setting == TK_SET_CLIENT_SECRET_NEXT)
        add_text(&b, TK_KEY_CLIENT_SECRET_NEXT, value);
    else
        add_text(&b, TK_KEY_PORTAL + (int)setting, value);
    if (setting == TK_SET_PORTAL)
        add(&b, TK_KEY_MOVED_FROM, NULL, 0);
    return commit(&b);
}

enum tk_err tk_account_store_renew(struct tk_account *a, const uint32_t *seconds)
{
    uint8_t packed[4], *p = packed;

    put(&p, seconds == NULL ? 0 : *seconds, sizeof packed);
    return store_bytes(a, TK_KEY_RENEW, packed, seconds == NULL ? 0 : sizeof packed);
}

/* --- the pair --- */

static void add_info_and_revocation(struct batch *b)
{
    const struct tk_account *a = b->a;

    pack_info(&a->info, b->info);
    add_pieces(b, TK_KEY_GRANT_INFO, b->info, INFO_STRINGS);
    add_text(b, TK_KEY_DISCOVERED_HOST, a->discovered_host == NULL ? "" : a->discovered_host);
    b->revocation = (uint8_t)a->revocation;
    add(b, TK_KEY_REVOCATION, &b->revocation, a->revocation != TK_NOT_REVOKED);
}

enum tk_err tk_account_store_info(struct tk_account *a)
{
    struct batch b;

    begin(&b, a);
    add_info_and_revocation(&b);
    return commit(&b);
}

/* Else its refresh token would become the previous one, which is tried after a lost response. */
static enum tk_err delete_foreign_pair(struct tk_account *a)
{
    return a->foreign_pair ? store_bytes(a, TK_KEY_REFRESH, NULL, 0) : TK_OK;
}

enum tk_err tk_account_store_pair(struct tk_account *a)
{
    uint8_t packed[PAIR_SIZE], open = INTENT_OPEN;
    struct tk_session_value session;
    bool has_session = tk_account_session_pack(a, &session);
    enum tk_err err = delete_foreign_pair(a);
    struct batch b;

    if (err != TK_OK)
        return err;
    pack_pair(a, packed);
    begin(&b, a);
    add_text(&b, TK_KEY_ACCESS, a->pair.access);
    add_text(&b, TK_KEY_REFRESH, a->pair.refresh);
    add(&b, TK_KEY_PAIR, packed, sizeof packed);
    add(&b, TK_KEY_INTENT, &open, a->refresh.intent);
    add_promoted_secret(&b);
    if (!a->info_stored)
        add_info_and_revocation(&b);
    if (has_session || !a->session_cleared)
        add_pieces(&b, TK_KEY_SESSION, session.pieces, has_session ? 3 : 0);
    err = commit(&b);
    a->foreign_pair = a->foreign_pair && err != TK_OK;
    a->info_stored = a->info_stored || err == TK_OK;
    a->secret_promoted = a->secret_promoted && err != TK_OK;
    a->session_cleared = err == TK_OK && !has_session;
    return err;
}

enum tk_err tk_account_store_portal_fault(struct tk_account *a, const char *moved_to)
{
    uint8_t fault = (uint8_t)a->portal_fault;
    const struct tk_store_piece pieces[2] = {{&fault, 1}, {moved_to, (uint16_t)strlen(moved_to)}};
    struct batch b;

    begin(&b, a);
    add_pieces(&b, TK_KEY_PORTAL_FAULT, pieces,
               fault == TK_PORTAL_OK ? 0
               : moved_to[0] == '\0' ? 1
                                     : 2);
    return commit(&b);
}

enum tk_err tk_account_store_move(struct tk_account *a, const struct tk_host *from)
{
    char portal[TK_HOST_TEXT], former[TK_HOST_TEXT];
    struct tk_text t;
    struct batch b;

    tk_text_init(&t, portal, sizeof portal);
    tk_text_host(&t, &a->client.portal);
    tk_text_init(&t, former, sizeof former);
    tk_text_host(&t, from);
    a->info_stored = false;
    begin(&b, a);
    add_text(&b, TK_KEY_PORTAL, portal);
    add_info_and_revocation(&b);
    add_text(&b, TK_KEY_MOVED_FROM, former);
    if (a->portal_fault == TK_PORTAL_OK)
        add(&b, TK_KEY_PORTAL_FAULT, NULL, 0);
    return commit(&b);
}

void tk_account_store_time_floor(struct tk_account *a)
{
    uint8_t packed[PAIR_SIZE];

    /* Times and generation of a pair that is only in RAM must not precede its tokens. */
    if (a->pair.generation == 0 || a->refresh.unstored || a->foreign_pair)
        return;
    pack_pair(a, packed);
    (void)store_bytes(a, TK_KEY_PAIR, packed, sizeof packed);
}

enum tk_err tk_account_store_intent(struct tk_account *a, bool open)
{
    uint8_t byte = a->refresh.too_long ? INTENT_LONG : INTENT_OPEN;

    return store_bytes(a, TK_KEY_INTENT, &byte, open);
}

enum tk_err tk_account_store_revocation(struct tk_account *a, enum tk_revocation revocation)
{
    uint8_t byte = (uint8_t)revocation;
    struct batch b;

    a->info_stored = false; /* should this commit fail, the next one of a pair repeats it */
    begin(&b, a);
    add(&b, TK_KEY_REVOCATION, &byte, 1);
    add(&b, TK_KEY_INTENT, NULL, 0);
    return commit(&b);
}

/* --- authorization codes that were sent --- */

bool tk_account_code_is_used(const struct tk_account *a, const char *code)
{
    uint8_t wanted[TK_DIGEST_SIZE];

    digest(code, wanted);
    for (int i = 0; i < TK_USED_CODES; i++) {
        if (memcmp(a->auth.used_codes[i], wanted, sizeof wanted) == 0)
            return true;
    }
    return false;
}

enum tk_err tk_account_store_code(struct tk_account *a, const char *code)
{
    memmove(a->auth.used_codes[1], a->auth.used_codes[0], (TK_USED_CODES - 1) * TK_DIGEST_SIZE);
    digest(code, a->auth.used_codes[0]);
    return store_bytes(a, TK_KEY_USED_CODES, a->auth.used_codes, sizeof a->auth.used_codes);
}

/* --- deletion --- */

enum tk_err tk_account_store_forget(struct tk_account *a)
{
    static const uint8_t items[] = {
        TK_KEY_ACCESS,      TK_KEY_REFRESH,    TK_KEY_GRANT_INFO, TK_KEY_DISCOVERED_HOST,
        TK_KEY_INTENT,      TK_KEY_REVOCATION, TK_KEY_SESSION,    TK_KEY_CLIENT_SECRET_NEXT,
        TK_KEY_PORTAL_FAULT};
    struct batch b;

    begin(&b, a);
    for (size_t i = 0; i < sizeof items; i++)
        add(&b, items[i], NULL, 0);
    if (a->secret_promoted)
        add_text(&b, TK_KEY_CLIENT_SECRET, a->client.client_secret);
    enum tk_err err = commit(&b);

    a->secret_promoted = a->secret_promoted && err != TK_OK;
    return err;
}

enum tk_err tk_account_store_delete(struct tk_account *a)
{
    struct tk_store_value values[TK_KEY_LAST];

    for (int item = 1; item <= TK_KEY_LAST; item++)
        values[item - 1] = (struct tk_store_value){key_of(a, item), 0, NULL};
    return tk_storage_commit(&a->rt->storage, values, TK_KEY_LAST);
}
