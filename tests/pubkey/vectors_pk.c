/* SPDX-License-Identifier: Apache-2.0 */
/* Wycheproof's vectors against mbedTLS's functions, as TLS and X.509 call them, with our arithmetic
 * behind them: keys as SubjectPublicKeyInfo, points as ServerECDHParams. */
#include "pk_support.h"
#include "tk_memo.h"
#include "vectors.h"

#include <mbedtls/ecdh.h>
#include <mbedtls/pk.h>
#include <string.h>

static mbedtls_md_type_t digest_of(const struct vector *v)
{
    return strcmp(v->digest, "SHA256") == 0   ? MBEDTLS_MD_SHA256
           : strcmp(v->digest, "SHA384") == 0 ? MBEDTLS_MD_SHA384
                                              : MBEDTLS_MD_SHA512;
}

/* The verdict; the memo's has to be the same, before and after it has seen the signature. */
static bool accepts_signature(const struct vector *v)
{
    mbedtls_pk_context pk;
    const struct vector_octets *signature = &v->fields[1];
    mbedtls_pk_type_t type = strcmp(v->kind, "rsa") == 0 ? MBEDTLS_PK_RSA : MBEDTLS_PK_ECDSA;
    bool good = pk_read_key(&pk, vector_curve_octets(v), v->key.at, v->key.len) == 0;

    good = good && mbedtls_pk_verify(&pk, digest_of(v), v->hash, v->hash_len, signature->at,
                                     signature->len) == 0;
    for (int i = 0; i < 2; i++) {
        bool again = tk_memo_verify(type, NULL, &pk, digest_of(v), v->hash, v->hash_len,
                                    signature->at, signature->len) == 0;

        if (again != good) {
            printf("%s: vector %u: the memo has another verdict\n", v->file, v->number);
            good = !good;
        }
    }
    mbedtls_pk_free(&pk);
    return good;
}

/* Instead of random octets: the scalar that the vector wants. */
static int give_scalar(void *scalar, unsigned char *out, size_t len)
{
    memcpy(out, scalar, len);
    return 0;
}

static bool accepts_point(const struct vector *v)
{
    mbedtls_ecdh_context ecdh;
    size_t octets = vector_curve_octets(v), len = v->fields[0].len;
    unsigned char params[256] = {3, 0, octets == 32 ? 23 : 24, (unsigned char)len}, out[128];
    const unsigned char *at = params;
    uint8_t scalar[48];

    vector_scalar(v, scalar);
    memcpy(params + 4, v->fields[0].at, len);
    mbedtls_ecdh_init(&ecdh);
    bool good = mbedtls_ecdh_read_params(&ecdh, &at, params + 4 + len) == 0 &&
                at == params + 4 + len &&
                mbedtls_ecdh_make_public(&ecdh, &len, out, sizeof out, give_scalar, scalar) == 0 &&
                mbedtls_ecdh_calc_secret(&ecdh, &len, out, sizeof out, give_scalar, scalar) == 0 &&
                len == v->fields[2].len && memcmp(out, v->fields[2].at, len) == 0;

    mbedtls_ecdh_free(&ecdh);
    return good;
}

static bool accepts(const struct vector *v)
{
    return strcmp(v->kind, "ecdh") == 0 ? accepts_point(v) : accepts_signature(v);
}

int main(int argc, char **argv)
{
    static const struct vector_rule rules[] = {
#if defined(PK_SMALL)
        {"CompressedPublic", false, "TLS has uncompressed points only (RFC 8422 5.1.2)"},
#else
        {"CompressedPublic", true, "mbedTLS reads it and finds the same point"},
#endif
        {"MissingNull", false, "RFC 8017 B.1: the parameters of a DigestInfo are NULL"},
        {NULL, false, NULL}
    };

    return vectors_main(argc - 1, argv + 1, accepts, rules);
}
