/* SPDX-License-Identifier: Apache-2.0 */
#include "reseal.h"

#include <string.h>

enum { BATCH = 64 }; /* keys of one walk over the flash */

/* --- all keys --- */

/* Asks for the lengths of the values of a batch of keys. */
static int find(struct tk_store *store, uint16_t first, struct tk_store_query queries[BATCH])
{
    memset(queries, 0, BATCH * sizeof *queries);
    for (uint16_t i = 0; i < BATCH; i++)
        queries[i].key = (uint16_t)(first + i);
    return tk_store_get_all(store, queries, BATCH);
}

/* Calls step with r->key for each key that has a value in r->from, until it fails. */
static int for_each(struct tk_reseal *r, int (*step)(struct tk_reseal *r))
{
    struct tk_store_query queries[BATCH];
    int ret = TK_STORE_OK;

    r->count = 0;
    for (unsigned first = 0; first <= TK_STORE_KEY_MAX && ret == TK_STORE_OK; first += BATCH) {
        ret = find(r->from, (uint16_t)first, queries);
        for (unsigned i = 0; i < BATCH && ret == TK_STORE_OK; i++) {
            r->key = queries[i].key;
            if (queries[i].len != TK_STORE_MISSING && queries[i].len != TK_STORE_KEY) {
                r->count++;
                ret = step(r);
            }
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
