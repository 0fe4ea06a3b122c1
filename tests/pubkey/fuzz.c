/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For libFuzzer: whatever the octets are, we and OpenSSL agree about them, and the sanitizers find
 * nothing. The first octet says what follows:
 *
 *     0  curve and length of the hash, point, hash, ECDSA-Sig-Value
 *     1  digest, length of the modulus, exponent, modulus, signature, made with no padding
 *     2  length of a SubjectPublicKeyInfo, that, hash, signature, as mbedTLS is given them
 *     3  ServerECDHParams
 */
#include "pk_support.h"
#include "tk_rsa.h"
#include "tk_signature.h"

#include <mbedtls/ecdh.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tk_ecc_work work;
static BN_CTX *bn;
static EC_GROUP *groups[2];

static const struct tk_curve *const curves[2] = {&tk_p256, &tk_p384};

/* What is left of the input. */
struct input {
    const uint8_t *at;
    size_t left;
};

/* So many octets; zeros where there are fewer. */
static void take(struct input *in, uint8_t *out, size_t len)
{
    size_t some = len < in->left ? len : in->left;

    memset(out, 0, len);
    if (some > 0)
        memcpy(out, in->at, some);
    in->at += some;
    in->left -= some;
}

static unsigned take_octet(struct input *in)
{
    uint8_t octet;

    take(in, &octet, 1);
    return octet;
}

static void agree(bool good)
{
    if (!good)
        abort();
}

/* --- ECDSA --- */

/* By OpenSSL: DER only, and positive numbers of at most so many octets. */
static ECDSA_SIG *read_signature(const uint8_t *der, size_t len, size_t octets)
{
    const uint8_t *at = der;
    uint8_t *again = NULL;
    ECDSA_SIG *sig = len == 0 ? NULL : d2i_ECDSA_SIG(NULL, &at, (long)len);

    if (sig == NULL)
        return NULL;
    int size = i2d_ECDSA_SIG(sig, &again);
    const BIGNUM *r = ECDSA_SIG_get0_r(sig), *s = ECDSA_SIG_get0_s(sig);
    bool good = size == (int)len && memcmp(again, der, len) == 0 && !BN_is_negative(r) &&
                !BN_is_negative(s) && !BN_is_zero(r) && !BN_is_zero(s) &&
                (size_t)BN_num_bytes(r) <= octets && (size_t)BN_num_bytes(s) <= octets;

    OPENSSL_free(again);
    if (good)
        return sig;
    ECDSA_SIG_free(sig);
    return NULL;
}

/* x of hash / s * g + r / s * q, modulo the order, is r. */
static bool openssl_verify(const EC_GROUP *group, const EC_POINT *q, BIGNUM *hash, const BIGNUM *r,
                           const BIGNUM *s)
{
    const BIGNUM *order = EC_GROUP_get0_order(group);

    if (q == NULL || BN_cmp(r, order) >= 0 || BN_cmp(s, order) >= 0)
        return false;
    BIGNUM *w = BN_mod_inverse(NULL, s, order, bn), *u2 = BN_new();
    EC_POINT *sum = EC_POINT_new(group);

    BN_mod_mul(hash, hash, w, order, bn);
    BN_mod_mul(u2, r, w, order, bn);
    EC_POINT_mul(group, sum, hash, q, u2, bn);
    bool good = EC_POINT_is_at_infinity(group, sum) != 1 &&
                EC_POINT_get_affine_coordinates(group, sum, w, NULL, bn) == 1;

    BN_nnmod(w, w, order, bn);
    good = good && BN_cmp(w, r) == 0;
    BN_free(w);
    BN_free(u2);
    EC_POINT_free(sum);
    return good;
}

static EC_POINT *read_point(const EC_GROUP *group, const uint8_t *octets, size_t len)
{
    EC_POINT *point = EC_POINT_new(group);

    if (EC_POINT_oct2point(group, point, octets, len, bn) == 1)
        return point;
    EC_POINT_free(point);
    return NULL;
}

static bool is_number(const BIGNUM *x, const uint8_t *octets, size_t len)
{
    uint8_t expected[48];

    return BN_bn2binpad(x, expected, (int)len) == (int)len && memcmp(octets, expected, len) == 0;
}

static void fuzz_ecdsa(struct input *in)
{
    unsigned choice = take_octet(in), curve = choice & 1;
    const struct tk_curve *c = curves[curve];
    size_t octets = c->octets, len = choice >> 1 & 0x7f;
    uint8_t point[97] = {4}, hash[128], r[48], s[48];

    take(in, point + 1, 2 * octets);
    take(in, hash, len);
    ECDSA_SIG *sig = read_signature(in->at, in->left, octets);

    agree(tk_signature_read(c, in->at, in->left, r, s) == (sig != NULL));
    if (sig == NULL)
        return;
    EC_POINT *q = read_point(groups[curve], point, 1 + 2 * octets);
    BIGNUM *number = BN_bin2bn(hash, (int)(len < octets ? len : octets), NULL);

    agree(is_number(ECDSA_SIG_get0_r(sig), r, octets) &&
          is_number(ECDSA_SIG_get0_s(sig), s, octets));
    agree(tk_ecc_is_point(c, point + 1) == (q != NULL));
    agree(tk_ecdsa_verify(c, point + 1, hash, len, r, s, &work) ==
          openssl_verify(groups[curve], q, number, ECDSA_SIG_get0_r(sig), ECDSA_SIG_get0_s(sig)));
    BN_free(number);
    EC_POINT_free(q);
    ECDSA_SIG_free(sig);
}

/* --- RSA --- */

enum { LIMBS = TK_LIMBS_OF(TK_RSA_MAX_BITS), MODULUS_MAX = TK_RSA_MAX_BITS / 8 };

/* signature^e mod n, in place, by OpenSSL. */
static bool openssl_power(const uint8_t *n, size_t len, uint64_t e, uint8_t *signature)
{
    BIGNUM *bn_n = BN_bin2bn(n, (int)len, NULL), *x = BN_bin2bn(signature, (int)len, NULL);
    BIGNUM *exponent = BN_new();
    bool good = BN_cmp(x, bn_n) < 0;

    BN_set_word(exponent, e);
    if (good) {
        BN_mod_exp(x, x, exponent, bn_n, bn);
        BN_bn2binpad(x, signature, (int)len);
    }
    BN_free(bn_n);
    BN_free(x);
    BN_free(exponent);
    return good;
}

/* 00 01 FF ... 00 and the DigestInfo, which is of the digests' constants of RFC 8017 9.2 (note 1).
 */
static bool is_encoded(const uint8_t *x, size_t len, unsigned digest, const uint8_t *hash)
{
    static const uint8_t head[] = {0x30, 0,    0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                   0x65, 0x03, 0x04, 0x02, 0,    0x05, 0x00, 0x04, 0};
    size_t hash_len = digest == 0 ? 32 : digest == 1 ? 48 : 64;
    uint8_t expected[MODULUS_MAX];

    if (len < sizeof head + hash_len + 11)
        return false;
    memset(expected, 0xff, len);
    expected[0] = 0;
    expected[1] = 1;
    uint8_t *info = expected + len - sizeof head - hash_len;

    info[-1] = 0;
    memcpy(info, head, sizeof head);
    info[1] = (uint8_t)(sizeof head - 2 + hash_len);
    info[14] = (uint8_t)(1 + digest);
    info[18] = (uint8_t)hash_len;
    memcpy(info + sizeof head, hash, hash_len);
    return memcmp(x, expected, len) == 0;
}

static void fuzz_rsa(struct input *in)
{
    static const mbedtls_md_type_t digests[] = {MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384,
                                                MBEDTLS_MD_SHA512};
    static tk_limb limbs[LIMBS], x[LIMBS], memory[TK_RSA_WORK(LIMBS)];
    uint8_t hash[64], exponent[8], n[MODULUS_MAX], signature[MODULUS_MAX], opened[MODULUS_MAX];
    uint8_t info[TK_DIGEST_INFO_MAX];
    unsigned digest = take_octet(in) % 3;
    size_t len = take_octet(in), hash_len = digest == 0 ? 32 : digest == 1 ? 48 : 64;
    uint64_t e = 0;

    len = 16 + (len << 8 | take_octet(in)) % (MODULUS_MAX - 15);
    take(in, hash, sizeof hash);
    take(in, exponent, sizeof exponent);
    take(in, n, len);
    take(in, signature, len);
    for (size_t i = 0; i < sizeof exponent; i++)
        e = e << 8 | exponent[i];
    e |= 1;
    n[0] |= n[0] == 0; /* the highest limb is not 0 */
    n[len - 1] |= 1;
    struct tk_modulus m = {limbs, (len + sizeof *limbs - 1) / sizeof *limbs, 0};

    tk_limbs_load(limbs, m.n, n, len);
    tk_limbs_load(x, m.n, signature, len);
    m.inverse = tk_modulus_inverse(limbs[0]);
    bool good = tk_rsa_public(&m, x, e, memory);

    agree(good == openssl_power(n, len, e, signature));
    if (!good)
        return;
    tk_limbs_store(opened, len, x);
    agree(memcmp(opened, signature, len) == 0);
    size_t info_len = tk_signature_digest_info(digests[digest], hash, hash_len, info);

    agree(tk_signature_is_encoded(opened, len, info, info_len) ==
          is_encoded(opened, len, digest, hash));
}

/* --- as mbedTLS is given them --- */

static void fuzz_key(struct input *in)
{
    static const mbedtls_md_type_t digests[] = {MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384,
                                                MBEDTLS_MD_SHA512};
    mbedtls_pk_context pk;
    unsigned digest = take_octet(in) % 3;
    size_t len = take_octet(in);
    uint8_t spki[1024], hash[64], *at = spki;

    len = (len << 8 | take_octet(in)) % sizeof spki;
    take(in, spki, len);
    take(in, hash, sizeof hash);
    mbedtls_pk_init(&pk);
    if (mbedtls_pk_parse_subpubkey(&at, spki + len, &pk) == 0)
        (void)mbedtls_pk_verify(&pk, digests[digest], hash,
                                digest == 0   ? 32
                                : digest == 1 ? 48
                                              : 64,
                                in->at, in->left);
    mbedtls_pk_free(&pk);
}

static int give_one(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    memset(out, 0, len);
    out[len - 1] = 1;
    return 0;
}

/* The shared secret of the scalar 1 is x of the point. */
static void fuzz_params(struct input *in)
{
    mbedtls_ecdh_context ecdh;
    const uint8_t *at = in->at;
    uint8_t public[128], secret[48];
    size_t len = 0;
    bool good = false;

    mbedtls_ecdh_init(&ecdh);
    if (mbedtls_ecdh_read_params(&ecdh, &at, in->at + in->left) == 0)
        good = mbedtls_ecdh_make_public(&ecdh, &len, public, sizeof public, give_one, NULL) == 0 &&
               mbedtls_ecdh_calc_secret(&ecdh, &len, secret, sizeof secret, give_one, NULL) == 0;
    mbedtls_ecdh_free(&ecdh);
    if (in->left < 5 || in->at[0] != 3 || in->at[1] != 0 || in->at[3] > in->left - 4)
        agree(!good);
    else if (in->at[2] == 23 || in->at[2] == 24) {
        const uint8_t *octets = in->at + 4;
        EC_POINT *point =
            octets[0] != 4 ? NULL : read_point(groups[in->at[2] - 23], octets, octets[-1]);

        agree(good == (point != NULL) && (!good || memcmp(secret, octets + 1, len) == 0));
        EC_POINT_free(point);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};

    if (bn == NULL) {
        bn = BN_CTX_new();
        groups[0] = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
        groups[1] = EC_GROUP_new_by_curve_name(NID_secp384r1);
    }
    switch (take_octet(&in)) {
    case 0:
        fuzz_ecdsa(&in);
        break;
    case 1:
        fuzz_rsa(&in);
        break;
    case 2:
        fuzz_key(&in);
        break;
    case 3:
        fuzz_params(&in);
        break;
    default:
        return -1; /* not for the corpus */
    }
    return 0;
}
