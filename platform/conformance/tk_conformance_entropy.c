/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_conformance_parts.h"

#include "tk_entropy.h"

#include <string.h>

static const char *entropy_outcome(const suite *c)
{
    uint8_t buf[16];

    memset(buf, GUARD, sizeof buf);
    int ret = tk_entropy_get(c->port, buf, sizeof buf);

    if (ret == TK_ENTROPY_NOT_SEEDED && !tk_suite_is_all(buf, GUARD, sizeof buf))
        return TK_RULE("tk_entropy_get", "TK_ENTROPY_NOT_SEEDED, with buf untouched");
    return ret == TK_ENTROPY_OK || ret == TK_ENTROPY_NOT_SEEDED
               ? NULL
               : TK_RULE("tk_entropy_get", "there is no other result");
}

/* A byte that keeps its old value eight times was not filled. */
static const char *entropy_fills(const suite *c)
{
    uint8_t buf[64];
    uint8_t changed[sizeof buf] = {0};

    for (int i = 0; i < 8; i++) {
        uint8_t before = i % 2 == 0 ? 0x00 : 0xff;

        memset(buf, before, sizeof buf);
        (void)tk_entropy_get(c->port, buf, sizeof buf);
        for (size_t k = 0; k < sizeof buf; k++)
            changed[k] |= buf[k] ^ before;
    }
    return memchr(changed, 0, sizeof changed) == NULL
               ? NULL
               : TK_RULE("tk_entropy_get", "fills buf with len bytes");
}

static const char *entropy_fresh(const suite *c)
{
    uint8_t first[32], second[32];

    (void)tk_entropy_get(c->port, first, sizeof first);
    (void)tk_entropy_get(c->port, second, sizeof second);
    return memcmp(first, second, sizeof first) != 0 && !tk_entropy_repeats(first, sizeof first)
               ? NULL
               : "tk_entropy_get: bytes fit for keys";
}

static const char *entropy_any_length(const suite *c)
{
    static const uint8_t lengths[] = {0, 1, 2, 3, 5, 8, 13, 31, 33};
    uint8_t buf[48];

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t end = 8u + lengths[i];

        memset(buf, GUARD, sizeof buf);
        if (tk_entropy_get(c->port, buf + 8, lengths[i]) != TK_ENTROPY_OK)
            return TK_RULE("tk_entropy_get", "any len from 0");
        if (!tk_suite_is_all(buf, GUARD, 8) || !tk_suite_is_all(buf + end, GUARD, sizeof buf - end))
            return TK_RULE("tk_entropy_get", "fills buf with len bytes");
    }
    return NULL;
}

static bool is_seeded(const suite *c)
{
    uint8_t byte;

    return tk_entropy_get(c->port, &byte, 1) == TK_ENTROPY_OK;
}

void tk_suite_entropy(struct tk_suite_tally *t)
{
    static const struct tk_suite_check outcome[] = {{"entropy.outcome", entropy_outcome}};
    static const struct tk_suite_check seeded[] = {
        {"entropy.fills", entropy_fills},
        {"entropy.fresh", entropy_fresh},
        {"entropy.any_length", entropy_any_length},
    };

    TK_SUITE_RUN(t, outcome, NULL);
    TK_SUITE_RUN(t, seeded, is_seeded(t->c) ? NULL : "not seeded");
}
