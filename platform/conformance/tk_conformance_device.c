/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_conformance_parts.h"

#include "tk_device.h"

#include <string.h>

static bool is_legal(const char *id)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    size_t len = strlen(id);

    return len >= 4 && len <= TK_DEVICE_ID_MAX && strspn(id, letters) == len;
}

static const char *device_id(const suite *c)
{
    const char *id = tk_device_id(c->port);
    char first[TK_DEVICE_ID_MAX + 1];

    if (id == NULL || !is_legal(id))
        return TK_RULE("tk_device_id", "4 to 32 characters of [A-Za-z0-9-]");
    strcpy(first, id);
    return strcmp(first, tk_device_id(c->port)) == 0 && strcmp(first, id) == 0
               ? NULL
               : TK_RULE("tk_device_id", "the string lives as long as the port");
}

static const char *device_key(const suite *c)
{
    uint8_t first[TK_DEVICE_KEY_SIZE], second[TK_DEVICE_KEY_SIZE];

    memset(first, 0x00, sizeof first);
    memset(second, 0xff, sizeof second);
    if (tk_device_key(c->port, first) != 0 || tk_device_key(c->port, second) != 0 ||
        memcmp(first, second, sizeof first) != 0)
        return TK_RULE("tk_device_key", "the same key at every call");
    return tk_suite_is_all(first, first[0], sizeof first)
               ? TK_RULE("tk_device_key", "the device's own secret key")
               : NULL;
}

static const char *device_watchdog(const suite *c)
{
    return tk_device_feed_watchdog(c->port) >= 10000
               ? NULL
               : TK_RULE("tk_device_feed_watchdog", "the next call is wanted, 10,000 or more");
}

static bool has_key(const suite *c)
{
    uint8_t key[TK_DEVICE_KEY_SIZE];

    return tk_device_key(c->port, key) == 0;
}

void tk_suite_device(struct tk_suite_tally *t)
{
    static const struct tk_suite_check id[] = {{"device.id", device_id},
                                               {"device.watchdog", device_watchdog}};
    static const struct tk_suite_check key[] = {{"device.key", device_key}};

    TK_SUITE_RUN(t, id, NULL);
    TK_SUITE_RUN(t, key, has_key(t->c) ? NULL : "no device key");
}
