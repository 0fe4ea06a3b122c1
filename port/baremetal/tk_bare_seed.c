/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_bare.h"
#include "tk_board.h"
#include "tk_entropy.h"

#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>
#include <string.h>

/*
 * Random numbers for a chip without a random source: from a seed that is provisioned once. Two
 * sectors hold the same seed, which has not been used yet:
 *
 *      | serial 4 | seed 32 | SHA-256 of both, first 16 |  0xFF to the end of a unit      a sector
 *
 * At each start its successor is written to one sector, then to the other, and read back; only then
 * is the seed used. A power cut at any point leaves an unused seed; a damaged sector has a copy.
 */

enum { SEED = 32, CHECK = 16, RECORD_MAX = 256 };

struct seed {
    uint32_t serial;
    uint8_t bytes[SEED];
};

static void digest(const char *purpose, const struct seed *s, const void *more, size_t len,
                   uint8_t out[SEED])
{
    mbedtls_sha256_context sha;

    mbedtls_sha256_init(&sha);
    (void)mbedtls_sha256_starts(&sha, 0);
    (void)mbedtls_sha256_update(&sha, (const uint8_t *)purpose, strlen(purpose));
    (void)mbedtls_sha256_update(&sha, (const uint8_t *)s, sizeof *s);
    (void)mbedtls_sha256_update(&sha, more, len);
    (void)mbedtls_sha256_finish(&sha, out);
    mbedtls_sha256_free(&sha);
}

/* --- in flash --- */

static bool read_seed(const struct tk_flash *flash, uint32_t sector, struct seed *s)
{
    uint8_t check[CHECK], right[SEED];
    uint32_t offset = sector * flash->sector_size;

    if (flash->read(flash->ctx, offset, s, sizeof *s) != TK_FLASH_OK ||
        flash->read(flash->ctx, offset + sizeof *s, check, CHECK) != TK_FLASH_OK)
        return false;
    digest("check", s, "", 0, right);
    return memcmp(check, right, CHECK) == 0;
}

static bool erase(const struct tk_flash *flash, uint32_t offset)
{
    int ret;

    do {
        ret = flash->erase(flash->ctx, offset);
    } while (ret == TK_FLASH_AGAIN);
    return ret == TK_FLASH_OK;
}

static bool write_seed(const struct tk_flash *flash, uint32_t sector, const struct seed *s)
{
    uint8_t record[RECORD_MAX], check[SEED];
    uint32_t offset = sector * flash->sector_size;
    size_t len = sizeof *s + CHECK;
    struct seed back;

    memset(record, 0xFF, sizeof record);
    memcpy(record, s, sizeof *s);
    digest("check", s, "", 0, check);
    memcpy(record + sizeof *s, check, CHECK);
    len = (len + flash->unit - 1) / flash->unit * flash->unit;
    bool good = erase(flash, offset) &&
                flash->program(flash->ctx, offset, record, len) == TK_FLASH_OK &&
                read_seed(flash, sector, &back) && memcmp(&back, s, sizeof back) == 0;

    mbedtls_platform_zeroize(record, sizeof record);
    mbedtls_platform_zeroize(&back, sizeof back);
    return good;
}

/* Finds the newest seed and its sector. The other sector must be replaced first. */
static bool find_seed(const struct tk_flash *flash, struct seed *s, uint32_t *sector)
{
    struct seed other;
    bool first = read_seed(flash, 0, s);
    bool second = read_seed(flash, 1, &other);

    *sector = 0;
    if (second && (!first || other.serial > s->serial)) {
        *s = other;
        *sector = 1;
    }
    mbedtls_platform_zeroize(&other, sizeof other);
    return first || second;
}

static bool replace_seed(const struct tk_flash *flash, const struct seed *s, uint32_t sector)
{
    return write_seed(flash, 1 - sector, s) && write_seed(flash, sector, s);
}

/* --- in use --- */

/* Replaces the seed by its successor, then seeds the DRBG. more: additional input, random or at
 * least different at each start. */
static bool start(struct tk_port *port, const struct seed *s, uint32_t sector, const void *more,
                  size_t len)
{
    struct seed next = {.serial = s->serial + 1};
    uint8_t use[SEED];

    digest("next", s, more, len, next.bytes);
    digest("use", s, more, len, use);
    mbedtls_hmac_drbg_free(&port->drbg);
    mbedtls_hmac_drbg_init(&port->drbg);
    port->seeded =
        replace_seed(port->seed_flash, &next, sector) &&
        mbedtls_hmac_drbg_seed_buf(&port->drbg, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), use,
                                   sizeof use) == 0;
    mbedtls_platform_zeroize(use, sizeof use);
    mbedtls_platform_zeroize(&next, sizeof next);
    return port->seeded;
}

void tk_bare_seed_init(struct tk_port *port, const struct tk_flash *seed_flash)
{
    struct seed s;
    uint32_t sector, ticks = tk_board_ticks();

    port->seed_flash = seed_flash;
    mbedtls_hmac_drbg_init(&port->drbg);
    if (find_seed(seed_flash, &s, &sector))
        (void)start(port, &s, sector, &ticks, sizeof ticks);
    mbedtls_platform_zeroize(&s, sizeof s);
}

int tk_entropy_seed(struct tk_port *port, const void *data, size_t len)
{
    struct seed s = {.serial = 0};
    uint32_t sector = 0;

    if (!find_seed(port->seed_flash, &s, &sector))
        s = (struct seed){.serial = 0};
    bool good = start(port, &s, sector, data, len);

    mbedtls_platform_zeroize(&s, sizeof s);
    return good ? TK_ENTROPY_OK : TK_ENTROPY_NOT_SEEDED;
}

int tk_entropy_get(struct tk_port *port, void *buf, size_t len)
{
    return tk_bare_drbg(port, buf, len) ? TK_ENTROPY_OK : TK_ENTROPY_NOT_SEEDED;
}
