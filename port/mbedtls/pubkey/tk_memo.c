/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_memo.h"

#include <mbedtls/rsa.h>
#include <mbedtls/sha256.h>
#include <string.h>

enum { ENTRIES = 4, DIGEST = 32, PARAMETERS = 5 };

static uint8_t entries[ENTRIES][DIGEST]; /* most recently used first; zeros: free */

/* --- what is remembered --- */

/* With its length in front: different inputs are never the same octets. */
static int add(mbedtls_sha256_context *sha, const void *data, size_t len)
{
    const uint32_t size = (uint32_t)len;
    int ret = mbedtls_sha256_update(sha, (const uint8_t *)&size, sizeof size);

    return ret != 0 ? ret : mbedtls_sha256_update(sha, data, len);
}

static int digest_all(mbedtls_sha256_context *sha, const uint32_t algorithm[PARAMETERS],
                      const struct tk_memo_key *key, const unsigned char *hash, size_t hash_len,
                      const unsigned char *signature, size_t len, uint8_t out[DIGEST])
{
    int ret = mbedtls_sha256_starts(sha, 0);

    if (ret == 0)
        ret = add(sha, algorithm, PARAMETERS * sizeof *algorithm);
    for (int i = 0; i < 2 && ret == 0; i++)
        ret = add(sha, key->pieces[i], key->sizes[i]);
    if (ret == 0)
        ret = add(sha, hash, hash_len);
    if (ret == 0)
        ret = add(sha, signature, len);
    return ret != 0 ? ret : mbedtls_sha256_finish(sha, out);
}

/* Parameters of RSASSA-PSS are part of the algorithm. */
static void describe(uint32_t algorithm[PARAMETERS], mbedtls_pk_type_t type, mbedtls_md_type_t md,
                     const void *options, const mbedtls_pk_context *pk)
{
    algorithm[0] = (uint32_t)type;
    algorithm[1] = (uint32_t)md;
    algorithm[2] = (uint32_t)mbedtls_pk_get_bitlen(pk);
    algorithm[3] = algorithm[4] = 0;
#if defined(MBEDTLS_X509_RSASSA_PSS_SUPPORT)
    if (type == MBEDTLS_PK_RSASSA_PSS && options != NULL) {
        const mbedtls_pk_rsassa_pss_options *pss = options;

        algorithm[3] = (uint32_t)pss->mgf1_hash_id;
        algorithm[4] = (uint32_t)pss->expected_salt_len;
    }
#else
    (void)options;
#endif
}

/* --- entries --- */

/* Puts the digest in front, and drops the entry `at`: its own, or the last. */
static void use(const uint8_t digest[DIGEST], unsigned at)
{
    memmove(entries[1], entries[0], at * DIGEST);
    memcpy(entries[0], digest, DIGEST);
}

static unsigned find(const uint8_t digest[DIGEST])
{
    unsigned i = 0;

    while (i < ENTRIES && memcmp(entries[i], digest, DIGEST) != 0)
        i++;
    return i;
}

void tk_memo_clear(void)
{
    memset(entries, 0, sizeof entries);
}

int tk_memo_verify(mbedtls_pk_type_t type, const void *options, mbedtls_pk_context *pk,
                   mbedtls_md_type_t md, const unsigned char *hash, size_t hash_len,
                   const unsigned char *signature, size_t len)
{
    mbedtls_sha256_context sha;
    struct tk_memo_key key = {{NULL, NULL}, {0, 0}};
    uint32_t algorithm[PARAMETERS];
    uint8_t digest[DIGEST];
    unsigned at;

    if (hash_len == 0) /* as mbedtls_pk_verify takes it */
        hash_len = mbedtls_md_get_size_from_type(md);
    describe(algorithm, type, md, options, pk);
    mbedtls_sha256_init(&sha);
    bool hashed = hash != NULL && tk_memo_key(pk, &key) &&
                  digest_all(&sha, algorithm, &key, hash, hash_len, signature, len, digest) == 0;

    mbedtls_sha256_free(&sha);
    if (hashed && (at = find(digest)) < ENTRIES) {
        use(digest, at);
        return 0;
    }
    int ret = mbedtls_pk_verify_ext(type, options, pk, md, hash, hash_len, signature, len);

    if (ret == 0 && hashed)
        use(digest, ENTRIES - 1);
    return ret;
}
