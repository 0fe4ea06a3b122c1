/* SPDX-License-Identifier: Apache-2.0 */
/* Wycheproof's vectors against the functions on octets: tk_ecdsa_verify, tk_ecdh_*, tk_rsa_public,
 * and what reads signatures in front of them. */
#include "tk_rsa.h"
#include "tk_signature.h"
#include "vectors.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <string.h>

static struct tk_ecc_work work;

static const struct tk_curve *curve_of(const struct vector *v)
{
    return vector_curve_octets(v) == 32 ? &tk_p256 : &tk_p384;
}

static bool is_uncompressed(const struct tk_curve *c, const struct vector_octets *point)
{
    return point->len == 1 + 2 * c->octets && point->at[0] == 4;
}

static bool accepts_ecdsa(const struct vector *v)
{
    const struct tk_curve *c = curve_of(v);
    uint8_t r[48], s[48];

    return is_uncompressed(c, &v->key) &&
           tk_signature_read(c, v->fields[1].at, v->fields[1].len, r, s) &&
           tk_ecdsa_verify(c, v->key.at + 1, v->hash, v->hash_len, r, s, &work);
}

static bool accepts_ecdh(const struct vector *v)
{
    const struct tk_curve *c = curve_of(v);
    uint8_t scalar[48], x[48];

    vector_scalar(v, scalar);
    return is_uncompressed(c, &v->fields[0]) &&
           tk_ecdh_shared(c, x, v->fields[0].at + 1, scalar, &work) &&
           v->fields[2].len == c->octets && memcmp(x, v->fields[2].at, c->octets) == 0;
}

/* --- RSA --- */

static mbedtls_md_type_t digest_of(const struct vector *v)
{
    return strcmp(v->digest, "SHA256") == 0   ? MBEDTLS_MD_SHA256
           : strcmp(v->digest, "SHA384") == 0 ? MBEDTLS_MD_SHA384
                                              : MBEDTLS_MD_SHA512;
}

/* The modulus as octets, and the exponent, by OpenSSL. */
static size_t read_key(const struct vector *v, uint8_t octets[512], uint64_t *exponent)
{
    const unsigned char *der = v->key.at;
    EVP_PKEY *key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &der, (long)v->key.len);
    BIGNUM *n = NULL, *e = NULL;

    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n);
    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e);
    size_t len = (size_t)BN_bn2bin(n, octets);

    *exponent = BN_get_word(e);
    BN_free(n);
    BN_free(e);
    EVP_PKEY_free(key);
    return len;
}

static bool accepts_rsa(const struct vector *v)
{
    static tk_limb m[TK_LIMBS_OF(TK_RSA_MAX_BITS)], x[TK_LIMBS_OF(TK_RSA_MAX_BITS)];
    static tk_limb memory[TK_RSA_WORK(TK_LIMBS_OF(TK_RSA_MAX_BITS))];
    const struct vector_octets *signature = &v->fields[1];
    uint8_t octets[512], info[TK_DIGEST_INFO_MAX];
    uint64_t e;
    size_t len = read_key(v, octets, &e);
    struct tk_modulus modulus = {m, (len + sizeof *m - 1) / sizeof *m, 0};

    tk_limbs_load(m, modulus.n, octets, len);
    modulus.inverse = tk_modulus_inverse(m[0]);
    if (signature->len != len)
        return false;
    tk_limbs_load(x, modulus.n, signature->at, len);
    if (!tk_rsa_public(&modulus, x, e, memory))
        return false;
    tk_limbs_store(octets, len, x);
    return tk_signature_is_encoded(
        octets, len, info, tk_signature_digest_info(digest_of(v), v->hash, v->hash_len, info));
}

static bool accepts(const struct vector *v)
{
    return strcmp(v->kind, "ecdsa") == 0  ? accepts_ecdsa(v)
           : strcmp(v->kind, "ecdh") == 0 ? accepts_ecdh(v)
                                          : accepts_rsa(v);
}

int main(int argc, char **argv)
{
    static const struct vector_rule rules[] = {
        {"CompressedPublic", false, "TLS has uncompressed points only (RFC 8422 5.1.2)"},
        {"MissingNull", false, "RFC 8017 B.1: the parameters of a DigestInfo are NULL"},
        {NULL, false, NULL}};

    return vectors_main(argc - 1, argv + 1, accepts, rules);
}
