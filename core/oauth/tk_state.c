/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_state.h"

#include "tk_assert.h"
#include "tk_words.h"

enum tk_state tk_account_state(const struct tk_account *a)
{
    if (tk_account_exchanging(a))
        return TK_EXCHANGING;
    if (!tk_account_has_client(a))
        return a->rt->storage.err == TK_OK ? TK_NO_CLIENT : TK_BLOCKED;
    if (!tk_account_is_renewable(a))
        return TK_NEEDS_CODE;
    if (tk_account_blocked_by(a) != TK_OK)
        return TK_BLOCKED;
    if (a->refresh.failures > 0)
        return TK_RETRYING;
    return tk_account_refreshing(a) ? TK_REFRESHING : TK_READY;
}

const char *tk_state_name(enum tk_state state)
{
    static const char *const names[] = {"no_client", "needs_code", "exchanging", "refreshing",
                                        "ready",     "retrying",   "blocked"};

    TK_ASSERT((size_t)state < sizeof names / sizeof names[0]);
    return names[state];
}

static const char *missing_setting(const struct tk_account *a)
{
    if (a->client.portal.name[0] == '\0')
        return "portal_missing";
    return a->client.client_id[0] == '\0' ? "client_id_missing" : "client_secret_missing";
}

static const char *needs_code_reason(const struct tk_account *a, char code[TK_ERR_CODE_MAX + 1])
{
    if (!tk_account_has_pair(a))
        return a->foreign_pair ? tk_words_code(TK_E_OTHER_DEVICE, code) : "new";
    if (a->revocation == TK_SUCCESSOR_LONG)
        return tk_words_code(TK_E_TOKEN_TOO_LONG, code);
    return a->revocation == TK_ROTATION_LOST ? "rotation_lost" : "revoked";
}

const char *tk_account_reason(const struct tk_account *a, char code[TK_ERR_CODE_MAX + 1])
{
    switch (tk_account_state(a)) {
    case TK_NO_CLIENT:
        return missing_setting(a);
    case TK_NEEDS_CODE:
        return needs_code_reason(a, code);
    case TK_RETRYING:
        return tk_words_code(a->refresh.error, code);
    case TK_BLOCKED:
        return tk_words_code(
            tk_account_has_client(a) ? tk_account_blocked_by(a) : a->rt->storage.err, code);
    default:
        return a->refresh.unstored ? tk_words_code(TK_E_STORAGE_FAILED, code) : "none";
    }
}
