/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_token_serve.h"

#include "tk_assert.h"
#include "tk_refresh.h"
#include "tk_token.h"

/* The seconds until a refresh can be forced; 0: it is. No other consumer waits for one that is
 * retried or blocked. */
static uint32_t force_refresh(struct tk_account *a)
{
    struct tk_refresh *r = &a->refresh;
    bool is_failing = a->revocation != TK_NOT_REVOKED || r->blocked_by != TK_OK || r->failures > 0;
    uint32_t wait_s = 0;

    if (is_failing || r->rejected_generation == a->pair.generation)
        return 0;
    if (!tk_account_refreshing(a))
        wait_s = tk_budget_take(&r->forced, tk_runtime_now(a->rt));
    if (wait_s == 0)
        r->rejected_generation = a->pair.generation;
    return wait_s;
}

uint32_t tk_token_serve_rejected(struct tk_accounts *all, const char *ref, uint32_t generation)
{
    struct tk_account *a = tk_accounts_find(all, ref);

    return a != NULL && generation > 0 && generation == a->pair.generation ? force_refresh(a) : 0;
}

static enum tk_token_answer refuse(struct tk_token_info *info, enum tk_err err)
{
    info->err = err;
    return TK_TOKEN_REFUSED;
}

static enum tk_token_answer wait_for(struct tk_token_info *info, enum tk_err err)
{
    info->err = err;
    return TK_TOKEN_WAIT;
}

static enum tk_token_answer give(const struct tk_account *a, char *buf, size_t size,
                                 struct tk_token_info *info)
{
    return tk_copy(buf, size, a->pair.access) ? TK_TOKEN_VALUE : refuse(info, TK_E_NO_MEMORY);
}

/* The token expires too soon, may have expired, was rejected, or the clock is behind. is_usable: it
 * has not expired and was not rejected. Waits for a refresh if that may succeed soon; else serves a
 * usable token. */
static enum tk_token_answer refresh_first(struct tk_account *a, bool is_usable, char *buf,
                                          size_t size, struct tk_token_info *info)
{
    bool needs_operator = a->revocation != TK_NOT_REVOKED || a->refresh.blocked_by != TK_OK;
    bool is_failing = a->refresh.failures > 0;
    bool too_soon = tk_token_too_soon(a);

    if (tk_account_refreshing(a) && !needs_operator)
        return wait_for(info, TK_OK);
    if (is_usable && (needs_operator || is_failing || too_soon))
        return give(a, buf, size, info);
    if (needs_operator)
        return refuse(info,
                      a->revocation != TK_NOT_REVOKED ? TK_E_NEEDS_CODE : a->refresh.blocked_by);
    if (is_failing)
        return wait_for(info, a->refresh.error);
    if (too_soon)
        tk_token_refresh_soon(a);
    else
        tk_refresh_demand(a);
    return wait_for(info, TK_OK);
}

static bool has_no_time(const struct tk_account *a)
{
    int64_t now_unix;

    return !a->times_known && !tk_time_can_verify(&a->rt->time, &now_unix);
}

/* last: the caller does not wait for a refresh; that another one rejected the token does not keep
 * it from him. */
static enum tk_token_answer serve(struct tk_accounts *all, const char *ref, uint32_t min_valid_s,
                                  bool last, char *buf, size_t size, struct tk_token_info *info)
{
    TK_ASSERT(buf != NULL && info != NULL);
    struct tk_account *a = tk_accounts_find(all, ref);

    *info = (struct tk_token_info){.err = TK_OK};
    if (a == NULL)
        return refuse(info, TK_E_NO_SUCH_REF);
    if (!tk_account_has_pair(a))
        return refuse(info, tk_account_has_client(a)      ? TK_E_NEEDS_CODE
                            : a->rt->storage.err != TK_OK ? a->rt->storage.err
                                                          : TK_E_NO_CLIENT);
    if (has_no_time(a))
        return refuse(info, TK_E_CLOCK_UNKNOWN);
    (void)tk_account_seconds_left(a, tk_runtime_now(a->rt), &info->expires_in);
    info->is_short = info->expires_in < min_valid_s;
    bool is_due = info->is_short && info->expires_in < a->pair.lifetime_s / 2;

    info->generation = a->pair.generation;
    bool is_rejected = !last && a->refresh.rejected_generation == a->pair.generation;
    bool is_usable = info->expires_in > 0 && !is_rejected;

    if (is_usable && !is_due && (last || !a->renew_first))
        return give(a, buf, size, info);
    return refresh_first(a, is_usable, buf, size, info);
}

enum tk_token_answer tk_token_serve(struct tk_accounts *all, const char *ref, uint32_t min_valid_s,
                                    char *buf, size_t size, struct tk_token_info *info)
{
    return serve(all, ref, min_valid_s, false, buf, size, info);
}

enum tk_token_answer tk_token_serve_last(struct tk_accounts *all, const char *ref,
                                         uint32_t min_valid_s, char *buf, size_t size,
                                         struct tk_token_info *info)
{
    enum tk_token_answer answer = tk_token_serve(all, ref, min_valid_s, buf, size, info);

    if (answer != TK_TOKEN_WAIT)
        return answer;
    answer = serve(all, ref, 0, true, buf, size, info);
    info->is_short = info->expires_in < min_valid_s;
    return answer;
}
