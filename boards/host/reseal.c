/* SPDX-License-Identifier: Apache-2.0 */
#include "reseal.h"

#include <string.h>

/* Calls step with r->key for each key that has a value in r->from, until it fails. */
static int for_each(struct tk_reseal *r, int (*step)(struct tk_reseal *r))
{
    int ret = TK_STORE_OK;

    r->count = 0;
    for (unsigned key = 0; key <= TK_STORE_KEY_MAX && ret == TK_STORE_OK; key++) {
        int len = tk_store_get(r->from, (uint16_t)key, NULL, 0);

        r->key = (uint16_t)key;
        if (tk_store_found(len)) {
            r->count++;
            ret = step(r);
        } else if (len != TK_STORE_MISSING && len != TK_STORE_KEY) {
            ret = len;
        }
    }
    return ret;
}

/* --- copying --- */

static int put(struct tk_reseal *r, int len)
{
    struct tk_store_piece piece = {r->value, (uint16_t)len};
    struct tk_store_value value = {r->key, 1, &piece};

    return len < 0 ? len : tk_store_commit(r->to, &value, 1);
}

/* One that is damaged is of no use: it is for rollback only. */
static int copy_previous(struct tk_reseal *r)
{
    int len = tk_store_previous(r->from, r->key, r->value, sizeof r->value);

    return len < 0 ? TK_STORE_OK : put(r, len);
}

static int copy_value(struct tk_reseal *r)
{
    return put(r, tk_store_get(r->from, r->key, r->value, sizeof r->value));
}

int tk_reseal_copy(struct tk_reseal *r)
{
    int ret = for_each(r, copy_previous);

    return ret != TK_STORE_OK ? ret : for_each(r, copy_value);
}

/* --- comparing --- */

typedef int reader(struct tk_store *s, uint16_t key, void *buf, size_t size);

static bool is_same(struct tk_reseal *r, reader *read)
{
    int len = read(r->from, r->key, r->value, sizeof r->value);

    return len >= 0 && read(r->to, r->key, r->other, sizeof r->other) == len &&
           memcmp(r->value, r->other, (size_t)len) == 0;
}

static int compare_value(struct tk_reseal *r)
{
    bool good = is_same(r, tk_store_get);

    if (good && tk_store_previous(r->from, r->key, r->value, sizeof r->value) >= 0)
        good = is_same(r, tk_store_previous);
    return good ? TK_STORE_OK : TK_STORE_FLASH;
}

int tk_reseal_compare(struct tk_reseal *r)
{
    return for_each(r, compare_value);
}

int tk_reseal(struct tk_reseal *r, const struct tk_flash *flash, struct tk_store_seal *seal)
{
    (void)tk_store_open(r->to, flash, seal);
    int ret = tk_reseal_copy(r);

    if (ret != TK_STORE_OK)
        return ret;
    tk_store_close(r->to);
    ret = tk_store_open(r->to, flash, seal);
    return ret != TK_STORE_OK ? ret : tk_reseal_compare(r);
}
