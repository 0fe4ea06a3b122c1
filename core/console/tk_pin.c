/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_pin.h"

#include "tk_entropy.h"

#include <mbedtls/sha256.h>
#include <string.h>

#define ROUNDS        1000 /* 0.1 s on a Cortex-M3 at 50 MHz */
#define DOUBLINGS_MAX 12   /* of a wait of 1 s */

enum { SALT = 8, DIGEST = 32 };

/* TK_KEY_CONSOLE_PIN */
struct stored {
    uint8_t salt[SALT];
    uint8_t digest[DIGEST];
    uint8_t failures; /* attempts in a row */
};

static void digest(const uint8_t salt[SALT], const char *pin, uint8_t out[DIGEST])
{
    uint8_t buf[DIGEST + SALT + TK_PIN_MAX] = {0};
    size_t len = strlen(pin);

    memcpy(buf + DIGEST, salt, SALT);
    memcpy(buf + DIGEST + SALT, pin, len);
    for (int i = 0; i < ROUNDS; i++)
        (void)mbedtls_sha256(buf, DIGEST + SALT + len, buf, 0);
    memcpy(out, buf, DIGEST);
    tk_wipe(buf, sizeof buf);
}

static int load(struct tk_runtime *rt, struct stored *s)
{
    return tk_storage_get(&rt->storage, TK_KEY_CONSOLE_PIN, s, sizeof *s);
}

bool tk_pin_is_set(struct tk_pin *p, struct tk_runtime *rt)
{
    struct stored s;
    int len = load(rt, &s);

    if (len != TK_STORE_FLASH)
        p->is_absent = len == TK_STORE_MISSING;
    return rt->storage.err == TK_OK && !p->is_absent;
}

static bool is_pin(const char *pin)
{
    size_t len = strlen(pin);

    return len >= TK_PIN_MIN && len <= TK_PIN_MAX && tk_is_vchar(pin);
}

enum tk_err tk_pin_set(struct tk_runtime *rt, const char *pin)
{
    struct stored s = {.failures = 0};

    if (pin[0] != '\0' && !is_pin(pin))
        return TK_E_BAD_VALUE;
    if (pin[0] != '\0' && tk_entropy_get(rt->config->port, s.salt, sizeof s.salt) != TK_ENTROPY_OK)
        return TK_E_NOT_SEEDED;
    if (pin[0] != '\0')
        digest(s.salt, pin, s.digest);
    return tk_storage_put(&rt->storage, TK_KEY_CONSOLE_PIN, &s, pin[0] == '\0' ? 0 : sizeof s);
}

static uint32_t left(const struct tk_pin *p, const struct tk_runtime *rt, uint8_t failures)
{
    unsigned doublings = failures < DOUBLINGS_MAX ? failures : DOUBLINGS_MAX;
    uint64_t until_ms = p->failed_ms + ((uint64_t)1000 << doublings);
    uint64_t now_ms = tk_runtime_now(rt);

    return failures == 0 ? 0 : tk_seconds_until(until_ms + 999, now_ms);
}

static bool is_same(const struct stored *s, const char *pin)
{
    uint8_t typed[DIGEST], differs = 0;

    if (!is_pin(pin))
        return false;
    digest(s->salt, pin, typed);
    for (size_t i = 0; i < DIGEST; i++)
        differs |= typed[i] ^ s->digest[i];
    return differs == 0;
}

/* The attempt counts before it is judged, so that cutting the power gains nothing. */
enum tk_err tk_pin_check(struct tk_pin *p, struct tk_runtime *rt, const char *pin, uint32_t *wait_s)
{
    struct stored s;

    *wait_s = 0;
    if (!tk_pin_is_set(p, rt))
        return TK_OK;
    if (load(rt, &s) != (int)sizeof s)
        return TK_E_STORAGE_FAILED;
    *wait_s = left(p, rt, s.failures);
    if (*wait_s > 0)
        return TK_E_WRONG_PIN;
    s.failures = (uint8_t)(s.failures + (s.failures < UINT8_MAX));
    p->failed_ms = tk_runtime_now(rt);
    enum tk_err err = tk_storage_put(&rt->storage, TK_KEY_CONSOLE_PIN, &s, sizeof s);

    if (err != TK_OK)
        return err;
    if (!is_same(&s, pin)) {
        *wait_s = left(p, rt, s.failures);
        return TK_E_WRONG_PIN;
    }
    s.failures = 0;
    return tk_storage_put(&rt->storage, TK_KEY_CONSOLE_PIN, &s, sizeof s);
}
