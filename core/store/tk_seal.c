/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_seal.h"

#include <mbedtls/platform_util.h>
#include <string.h>

#define AES_KEY 16
#define BLOCK   16
#define SHA     32 /* bytes of a digest */
#define PAD     64 /* bytes of a block of SHA-256 */

/* --- HMAC-SHA256 (RFC 2104) with a key of 32 bytes --- */

static void begin_pad(mbedtls_sha256_context *sha, const uint8_t key[TK_SEAL_KEY], uint8_t with)
{
    uint8_t pad[PAD];

    memset(pad, with, sizeof pad);
    for (int i = 0; i < TK_SEAL_KEY; i++)
        pad[i] ^= key[i];
    (void)mbedtls_sha256_starts(sha, 0);
    (void)mbedtls_sha256_update(sha, pad, sizeof pad);
    mbedtls_platform_zeroize(pad, sizeof pad);
}

static void hmac_begin(mbedtls_sha256_context *sha, const uint8_t key[TK_SEAL_KEY])
{
    begin_pad(sha, key, 0x36);
}

static void hmac_end(mbedtls_sha256_context *sha, const uint8_t key[TK_SEAL_KEY], uint8_t out[SHA])
{
    (void)mbedtls_sha256_finish(sha, out);
    begin_pad(sha, key, 0x5c);
    (void)mbedtls_sha256_update(sha, out, SHA);
    (void)mbedtls_sha256_finish(sha, out);
}

/* --- struct tk_store_seal --- */

static void begin(void *ctx, const uint8_t *nonce)
{
    struct tk_seal *seal = ctx;

    seal->derives_nonce = nonce == NULL;
    if (seal->derives_nonce)
        hmac_begin(&seal->sha, seal->nonce_key);
    else
        (void)mbedtls_gcm_starts(&seal->gcm, MBEDTLS_GCM_DECRYPT, nonce, TK_STORE_NONCE);
}

static void add_head(void *ctx, const void *data, size_t len)
{
    struct tk_seal *seal = ctx;

    if (seal->derives_nonce)
        (void)mbedtls_sha256_update(&seal->sha, data, len);
    else
        (void)mbedtls_gcm_update_ad(&seal->gcm, data, len);
}

/* The tag covers the ciphertext: decrypt it and discard the plaintext. */
static void add_values(void *ctx, const void *data, size_t len)
{
    struct tk_seal *seal = ctx;
    const uint8_t *p = data;
    uint8_t plain[BLOCK];
    size_t n;

    if (seal->derives_nonce) {
        (void)mbedtls_sha256_update(&seal->sha, data, len);
        return;
    }
    for (; len > 0; len -= n, p += n) {
        size_t out;

        n = len < sizeof plain ? len : sizeof plain;
        (void)mbedtls_gcm_update(&seal->gcm, p, n, plain, sizeof plain, &out);
    }
    mbedtls_platform_zeroize(plain, sizeof plain);
}

static void end(void *ctx, uint8_t out[TK_STORE_TAG])
{
    struct tk_seal *seal = ctx;
    uint8_t digest[SHA];
    size_t len;

    if (seal->derives_nonce) {
        hmac_end(&seal->sha, seal->nonce_key, digest);
        memcpy(out, digest, TK_STORE_TAG);
    } else
        (void)mbedtls_gcm_finish(&seal->gcm, NULL, 0, &len, out, TK_STORE_TAG);
}

/* GCM encrypts with counter blocks from 2 on; 1 is for the tag. */
static void crypt(void *ctx, const uint8_t nonce[TK_STORE_NONCE], uint32_t offset, void *data,
                  size_t len)
{
    struct tk_seal *seal = ctx;
    uint8_t counter[BLOCK], stream[BLOCK];
    uint8_t *p = data;

    memcpy(counter, nonce, TK_STORE_NONCE);
    for (uint32_t at = offset; at < offset + len; at++) {
        uint32_t count = at / BLOCK + 2;

        for (int i = BLOCK - 1; i >= TK_STORE_NONCE; i--, count >>= 8)
            counter[i] = (uint8_t)count;
        if (at == offset || at % BLOCK == 0)
            (void)mbedtls_aes_crypt_ecb(&seal->aes, MBEDTLS_AES_ENCRYPT, counter, stream);
        *p++ ^= stream[at % BLOCK];
    }
    mbedtls_platform_zeroize(stream, sizeof stream);
}

/* --- init and free --- */

static void derive(struct tk_seal *seal, const uint8_t key[TK_SEAL_KEY], const char *purpose,
                   uint8_t out[SHA])
{
    hmac_begin(&seal->sha, key);
    (void)mbedtls_sha256_update(&seal->sha, (const uint8_t *)purpose, strlen(purpose));
    hmac_end(&seal->sha, key, out);
}

bool tk_seal_init(struct tk_seal *seal, const uint8_t key[TK_SEAL_KEY])
{
    uint8_t derived[SHA];

    seal->store = (struct tk_store_seal){.ctx = seal,
                                         .begin = begin,
                                         .add_head = add_head,
                                         .add_values = add_values,
                                         .end = end,
                                         .crypt = crypt};
    mbedtls_sha256_init(&seal->sha);
    mbedtls_aes_init(&seal->aes);
    mbedtls_gcm_init(&seal->gcm);
    derive(seal, key, "tokenkeeper store nonce", seal->nonce_key);
    derive(seal, key, "tokenkeeper store key", derived);
    bool good = mbedtls_aes_setkey_enc(&seal->aes, derived, 8 * AES_KEY) == 0 &&
                mbedtls_gcm_setkey(&seal->gcm, MBEDTLS_CIPHER_ID_AES, derived, 8 * AES_KEY) == 0;

    mbedtls_platform_zeroize(derived, sizeof derived);
    if (!good)
        tk_seal_free(seal);
    return good;
}

void tk_seal_free(struct tk_seal *seal)
{
    mbedtls_sha256_free(&seal->sha);
    mbedtls_aes_free(&seal->aes);
    mbedtls_gcm_free(&seal->gcm);
    mbedtls_platform_zeroize(seal, sizeof *seal);
}
