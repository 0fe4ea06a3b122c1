/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_account_value.h"

#include "tk_device.h"
#include "tk_le.h"

#include <mbedtls/sha256.h>
#include <string.h>

static void put(uint8_t **p, uint64_t value, int bytes)
{
    tk_le_put(*p, value, bytes);
    *p += bytes;
}

static uint64_t take(const uint8_t **p, int bytes)
{
    uint64_t value = tk_le_get(*p, bytes);

    *p += bytes;
    return value;
}

void tk_account_digest(const char *text, uint8_t out[TK_DIGEST_SIZE])
{
    uint8_t full[32];

    (void)mbedtls_sha256((const uint8_t *)text, strlen(text), full, 0);
    memcpy(out, full, TK_DIGEST_SIZE);
}

void tk_account_pack_pair(const struct tk_account *a, uint8_t out[TK_PAIR_SIZE])
{
    uint8_t *p = out;

    put(&p, a->pair.generation, 4);
    put(&p, a->pair.lifetime_s, 4);
    put(&p, (uint64_t)a->pair.issued_unix, 8);
    put(&p, (uint64_t)a->pair.expires_unix, 8);
    put(&p, (uint64_t)tk_time_stored_floor(&a->rt->time), 8);
    tk_account_digest(tk_device_id(a->rt->config->port), p);
}

bool tk_account_unpack_pair(struct tk_pair *pair, const uint8_t packed[TK_PAIR_SIZE],
                            int64_t *floor)
{
    const uint8_t *p = packed;

    pair->generation = (uint32_t)take(&p, 4);
    pair->lifetime_s = (uint32_t)take(&p, 4);
    pair->issued_unix = (int64_t)take(&p, 8);
    pair->expires_unix = (int64_t)take(&p, 8);
    *floor = (int64_t)take(&p, 8);
    return pair->lifetime_s <= TK_LIFETIME_MAX && tk_is_unix_time(pair->issued_unix) &&
           tk_is_unix_time(*floor) && pair->expires_unix == pair->issued_unix + pair->lifetime_s;
}

void tk_account_pack_info(const struct tk_grant_info *info,
                          struct tk_store_piece pieces[TK_INFO_STRINGS])
{
    const char *const strings[TK_INFO_STRINGS] = {info->client_endpoint, info->member_id,
                                                  info->user_id, info->scope};

    for (int i = 0; i < TK_INFO_STRINGS; i++)
        pieces[i] = (struct tk_store_piece){strings[i], (uint16_t)(strlen(strings[i]) + 1)};
}

bool tk_account_unpack_info(struct tk_grant_info *info, const char *text, int len)
{
    const struct {
        char *to;
        size_t size;
    } fields[TK_INFO_STRINGS] = {{info->client_endpoint, sizeof info->client_endpoint},
                                 {info->member_id, sizeof info->member_id},
                                 {info->user_id, sizeof info->user_id},
                                 {info->scope, sizeof info->scope}};
    const char *from = text;

    if (len <= 0 || text[len - 1] != '\0')
        return false;
    for (size_t i = 0; i < TK_INFO_STRINGS; i++) {
        if (from == text + len || !tk_copy(fields[i].to, fields[i].size, from))
            return false;
        from += strlen(from) + 1;
    }
    return from == text + len;
}
