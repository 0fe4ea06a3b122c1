/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_storage.h"

#include "tk_assert.h"
#include "tk_container.h"
#include "tk_device.h"
#include "tk_string.h"

#include <string.h>

#define COMMIT_MAX 25    /* values of a commit, without the history */
#define STEP_MS    20    /* between steps of tk_store_prepare */
#define RETRY_MS   60000 /* after a flash error */
#define OPEN_TRIES 3     /* while reads fail */

static uint64_t now_of(const struct tk_storage *s)
{
    return tk_clock_now_ms(s->config->port);
}

/* --- preparing --- */

/* What is on flash was not loaded: the caller restarts. Until then nothing is committed. */
static int reopen(struct tk_storage *s)
{
    struct tk_store store;

    s->reopened = tk_store_open(&store, s->config->flash, s->seal) == TK_STORE_OK;
    return s->reopened ? TK_STORE_OK : TK_STORE_FLASH;
}

static void prepare(struct tk_timer *timer, uint64_t now_ms)
{
    struct tk_storage *s = TK_CONTAINER_OF(timer, struct tk_storage, timer);
    int ret = s->err == TK_OK ? tk_store_prepare(&s->store) : reopen(s);

    if (ret != TK_STORE_OK)
        tk_timer_start(s->timers, timer, now_ms + (ret == TK_STORE_AGAIN ? STEP_MS : RETRY_MS));
}

/* --- opening --- */

/* NULL if the device has no key. */
static struct tk_store_seal *open_seal(const struct tk_config *config)
{
    uint8_t key[TK_DEVICE_KEY_SIZE];
    bool is_ready = config->seal != NULL && tk_device_key(config->port, key) == 0 &&
                    tk_seal_init(config->seal, key);

    tk_wipe(key, sizeof key);
    return is_ready ? &config->seal->store : NULL;
}

static int open_store(struct tk_storage *s, struct tk_store_seal *seal)
{
    int ret = TK_STORE_FLASH;

    for (int i = 0; i < OPEN_TRIES && ret == TK_STORE_FLASH; i++)
        ret = tk_store_open(&s->store, s->config->flash, seal);
    return ret;
}

static enum tk_err error_of(int ret)
{
    return ret == TK_STORE_OK        ? TK_OK
           : ret == TK_STORE_FULL    ? TK_E_STORAGE_FULL
           : ret == TK_STORE_SEALED  ? TK_E_STORAGE_SEALED
           : ret == TK_STORE_FOREIGN ? TK_E_STORAGE_FOREIGN
           : ret == TK_STORE_SHAPE   ? TK_E_STORAGE_SHAPE
           : ret == TK_STORE_FORMAT  ? TK_E_STORAGE_FORMAT
                                     : TK_E_STORAGE_FAILED;
}

void tk_storage_open(struct tk_storage *s, const struct tk_config *config, struct tk_timers *timers,
                     struct tk_history *history)
{
    s->config = config;
    s->timers = timers;
    s->history = history;
    s->seal = open_seal(config);
    s->err = error_of(open_store(s, s->seal));
    tk_timer_init(&s->timer, prepare);
    if (s->err == TK_OK || s->err == TK_E_STORAGE_FAILED)
        tk_timer_start(timers, &s->timer, now_of(s) + (s->err == TK_OK ? STEP_MS : RETRY_MS));
    if (!tk_history_load(history, &s->store))
        tk_storage_reject(s, TK_KEY_HISTORY);
}

void tk_storage_settle(struct tk_storage *s)
{
    tk_timer_stop(s->timers, &s->timer);
    tk_store_close(&s->store);
}

void tk_storage_close(struct tk_storage *s)
{
    if (tk_storage_is_sealed(s))
        tk_seal_free(s->config->seal);
}

bool tk_storage_is_sealed(const struct tk_storage *s)
{
    return s->store.seal != NULL;
}

/* --- values --- */

/* If the store is too full for the history, commits the values alone. */
static int commit(struct tk_storage *s, const struct tk_store_value *values, size_t count)
{
    struct tk_store_value all[COMMIT_MAX + TK_HISTORY_VALUES];
    struct tk_store_piece pieces[TK_HISTORY_VALUES];

    TK_ASSERT(count <= COMMIT_MAX);
    size_t more = tk_history_values(s->history, &all[count], pieces);

    if (more > 0) {
        if (count > 0)
            memcpy(all, values, count * sizeof *values);
        int ret = tk_store_commit(&s->store, all, count + more);

        if (ret == TK_STORE_OK)
            tk_history_stored(s->history);
        if (ret != TK_STORE_FULL)
            return ret;
    }
    return count == 0 ? TK_STORE_OK : tk_store_commit(&s->store, values, count);
}

enum tk_err tk_storage_commit(struct tk_storage *s, const struct tk_store_value *values,
                              size_t count)
{
    int ret = commit(s, values, count);

    if (s->store.top.error == TK_STORE_OK) /* prepare for the next one */
        tk_timer_start(s->timers, &s->timer, now_of(s) + STEP_MS);
    return error_of(ret);
}

enum tk_err tk_storage_put(struct tk_storage *s, uint16_t key, const void *data, size_t len)
{
    struct tk_store_piece piece = {data, (uint16_t)len};
    struct tk_store_value value = {key, len > 0, &piece};

    TK_ASSERT(len <= UINT16_MAX);
    return tk_storage_commit(s, &value, 1);
}

int tk_storage_get(struct tk_storage *s, uint16_t key, void *buf, size_t size)
{
    return tk_store_get(&s->store, key, buf, size);
}

void tk_storage_reject(struct tk_storage *s, uint16_t key)
{
    s->store.health |= TK_STORE_CORRUPT;
    if (s->corrupt_key != 0)
        return;
    s->corrupt_key = key;
    tk_history_add(s->history, TK_EVENT_CORRUPT, tk_key_account(key), 0, TK_OK);
}

bool tk_storage_bytes(struct tk_storage *s, uint16_t key, void *buf, size_t size)
{
    int len = tk_storage_get(s, key, buf, size);

    if (len == (int)size)
        return true;
    if (tk_store_found(len))
        tk_storage_reject(s, key);
    return false;
}

/* len: of a value in out, or TK_STORE_* (below 0). */
static bool terminate(char *out, int len)
{
    out[len < 0 ? 0 : len] = '\0';
    return len > 0;
}

bool tk_storage_text(struct tk_storage *s, uint16_t key, char *out, size_t size,
                     bool (*valid)(const char *text))
{
    TK_ASSERT(size > 0);
    int len = tk_storage_get(s, key, out, size - 1);

    (void)terminate(out, len);
    if (len < 0 ? !tk_store_found(len)
                : !tk_contains_control(out, (size_t)len) && (valid == NULL || valid(out)))
        return len > 0;
    tk_storage_reject(s, key);
    out[0] = '\0';
    return false;
}

bool tk_storage_previous_text(struct tk_storage *s, uint16_t key, char *out, size_t size)
{
    TK_ASSERT(size > 0);
    return terminate(out, tk_store_previous(&s->store, key, out, size - 1));
}

/* --- the whole store --- */

enum tk_err tk_storage_wipe(struct tk_storage *s)
{
    if (tk_store_wipe(&s->store) != TK_STORE_OK)
        return TK_E_STORAGE_FAILED;
    tk_store_close(&s->store);
    return TK_OK;
}

uint32_t tk_storage_scrub(struct tk_storage *s, uint32_t *sectors)
{
    int ret = tk_store_scrub(&s->store);
    uint32_t worn;

    (void)tk_storage_worn(s, &worn, sectors);
    return ret == TK_STORE_OK ? worn : *sectors;
}

bool tk_storage_worn(const struct tk_storage *s, uint32_t *worn, uint32_t *sectors)
{
    *worn = tk_store_worn(&s->store);
    *sectors = s->store.flash->sectors;
    return *worn > 0;
}

const char *tk_storage_health(const struct tk_storage *s)
{
    return tk_store_health(&s->store);
}
