/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_accounts.h"

#include "tk_account_load.h"
#include "tk_account_set.h"
#include "tk_account_store.h"
#include "tk_auth.h"
#include "tk_refresh.h"
#include "tk_rest_verify.h"
#include "tk_token.h"

#include <string.h>

#define DEFAULT_REF "token"

/* --- lookup --- */

struct tk_account *tk_accounts_find(struct tk_accounts *all, const char *ref)
{
    for (size_t i = 0; i < TK_ACCOUNTS; i++) {
        struct tk_account *a = &all->of[i];

        if (a->used && (ref == NULL || ref[0] == '\0' || strcmp(a->name, ref) == 0))
            return a;
    }
    return NULL;
}

/* --- slots --- */

static void init_slot(struct tk_accounts *all, uint8_t index)
{
    struct tk_account *a = &all->of[index];

    tk_account_init(a, all->rt, &all->listener, index);
    tk_token_init(a);
    tk_refresh_init(a);
    tk_auth_init(a);
    tk_rest_verify_init(a);
}

static void load_slot(struct tk_accounts *all, uint8_t index)
{
    struct tk_account *a = &all->of[index];

    init_slot(all, index);
    tk_account_load(a);
    if (a->used && tk_accounts_find(all, a->name) != a)
        tk_account_reject_name(a);
}

/* If flash fails the default account is in RAM only. */
static void ensure_one(struct tk_accounts *all)
{
    struct tk_account *first = &all->of[0];

    if (tk_accounts_find(all, NULL) != NULL)
        return;
    (void)tk_account_create(first, DEFAULT_REF);
    first->used = true;
    tk_copy(first->name, sizeof first->name, DEFAULT_REF);
}

void tk_accounts_init(struct tk_accounts *all, struct tk_runtime *rt,
                      const struct tk_account_listener *listener)
{
    all->rt = rt;
    all->listener = *listener;
    for (uint8_t i = 0; i < TK_ACCOUNTS; i++)
        load_slot(all, i);
    ensure_one(all);
}

enum tk_err tk_accounts_add(struct tk_accounts *all, const char *ref)
{
    if (!tk_account_is_name(ref))
        return TK_E_BAD_VALUE;
    if (tk_accounts_find(all, ref) != NULL)
        return TK_E_REF_EXISTS;
    for (uint8_t i = 0; i < TK_ACCOUNTS; i++) {
        if (!all->of[i].used)
            return tk_account_create(&all->of[i], ref);
    }
    return TK_E_REF_LIMIT;
}

enum tk_err tk_accounts_delete(struct tk_accounts *all, const char *ref)
{
    struct tk_account *a = tk_accounts_find(all, ref);

    if (a == NULL)
        return TK_E_NO_SUCH_REF;
    if (tk_account_has_pair(a))
        return TK_E_IN_USE;
    if (a->pins > 0)
        return TK_E_BUSY;
    tk_account_notify(a, TK_ACCOUNT_DELETING);
    enum tk_err err = tk_account_delete(a);

    if (err != TK_OK)
        return err;
    tk_auth_cancel(a);
    tk_timer_stop(&all->rt->timers, &a->refresh.store_timer);
    tk_account_notify(a, TK_ACCOUNT_DELETED);
    init_slot(all, a->index);
    ensure_one(all);
    return TK_OK;
}

/* --- storing --- */

void tk_accounts_store_now(struct tk_accounts *all)
{
    for (size_t i = 0; i < TK_ACCOUNTS; i++) {
        if (all->of[i].refresh.unstored)
            tk_timer_start(&all->rt->timers, &all->of[i].refresh.store_timer,
                           tk_runtime_now(all->rt));
    }
}

bool tk_accounts_are_stored(const struct tk_accounts *all)
{
    for (size_t i = 0; i < TK_ACCOUNTS; i++) {
        if (all->of[i].refresh.unstored)
            return false;
    }
    return true;
}

/* --- time --- */

void tk_accounts_schedule(struct tk_accounts *all)
{
    for (size_t i = 0; i < TK_ACCOUNTS; i++) {
        tk_token_schedule(&all->of[i]);
        tk_rest_verify_resume(&all->of[i]);
    }
}

void tk_accounts_renew_first(struct tk_accounts *all)
{
    for (size_t i = 0; i < TK_ACCOUNTS; i++)
        tk_token_renew_first(&all->of[i]);
}

enum tk_err tk_accounts_set_time(struct tk_accounts *all, int64_t unix_s,
                                 enum tk_time_quality quality)
{
    int64_t floor_unix = all->rt->time.floor_unix;
    enum tk_err err = tk_time_set(&all->rt->time, unix_s, quality);

    for (size_t i = 0; i < TK_ACCOUNTS && all->rt->time.floor_unix < floor_unix; i++)
        tk_account_store_time_floor(&all->of[i]);
    return err;
}
