/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_account_store.h"

#include "tk_account_session.h"
#include "tk_account_value.h"
#include "tk_assert.h"
#include "tk_le.h"

#include <string.h>

/* --- commits --- */

/* The values of one commit. Data that is added must stay valid until the commit. */
struct batch {
    struct tk_account *a;
    size_t count;
    struct tk_store_value values[10];
    struct tk_store_piece pieces[10]; /* of a value that is one piece */
    struct tk_store_piece info[TK_INFO_STRINGS];
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
    b->values[b->count++] =
        (struct tk_store_value){tk_account_key_of(b->a, item), (uint8_t)count, pieces};
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
    uint8_t packed[4];

    tk_le_put(packed, seconds == NULL ? 0 : *seconds, sizeof packed);
    return store_bytes(a, TK_KEY_RENEW, packed, seconds == NULL ? 0 : sizeof packed);
}

/* --- the pair --- */

static void add_info_and_revocation(struct batch *b)
{
    const struct tk_account *a = b->a;

    tk_account_pack_info(&a->info, b->info);
    add_pieces(b, TK_KEY_GRANT_INFO, b->info, TK_INFO_STRINGS);
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
    uint8_t packed[TK_PAIR_SIZE], open = TK_INTENT_OPEN;
    struct tk_session_value session;
    bool has_session = tk_account_session_pack(a, &session);
    enum tk_err err = delete_foreign_pair(a);
    struct batch b;

    if (err != TK_OK)
        return err;
    tk_account_pack_pair(a, packed);
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
    uint8_t packed[TK_PAIR_SIZE];

    /* Times and generation of a pair that is only in RAM must not precede its tokens. */
    if (a->pair.generation == 0 || a->refresh.unstored || a->foreign_pair)
        return;
    tk_account_pack_pair(a, packed);
    (void)store_bytes(a, TK_KEY_PAIR, packed, sizeof packed);
}

enum tk_err tk_account_store_intent(struct tk_account *a, bool open)
{
    uint8_t byte = a->refresh.too_long ? TK_INTENT_LONG : TK_INTENT_OPEN;

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

    tk_account_digest(code, wanted);
    for (int i = 0; i < TK_USED_CODES; i++) {
        if (memcmp(a->auth.used_codes[i], wanted, sizeof wanted) == 0)
            return true;
    }
    return false;
}

enum tk_err tk_account_store_code(struct tk_account *a, const char *code)
{
    memmove(a->auth.used_codes[1], a->auth.used_codes[0], (TK_USED_CODES - 1) * TK_DIGEST_SIZE);
    tk_account_digest(code, a->auth.used_codes[0]);
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
        values[item - 1] = (struct tk_store_value){tk_account_key_of(a, item), 0, NULL};
    return tk_storage_commit(&a->rt->storage, values, TK_KEY_LAST);
}
