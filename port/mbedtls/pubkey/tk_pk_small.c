/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profile `small`: replaces mbedTLS's bignum.c, ecp.c, ecdh.c, ecdsa.c, rsa.c and pk_wrap.c for
 * a client that verifies signatures and agrees on keys, and has no private key of its own. Only
 * these functions look inside mbedTLS's structures: a point keeps x and y as octets at X.p, an ECDH
 * context its scalar at d.p, and an RSA key is a struct rsa_key.
 */
#include "tk_memo.h"
#include "tk_rsa.h"
#include "tk_signature.h"

#include <mbedtls/ecdh.h>
#include <mbedtls/ecp.h>
#include <mbedtls/error.h>
#include <mbedtls/platform.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/rsa.h>
#include <mbedtls/ssl.h>
#include <pk_wrap.h>
#include <rsa_internal.h>
#include <string.h>

/* --- curves and points --- */

static const struct tk_curve *curve_of(mbedtls_ecp_group_id id)
{
    return id == MBEDTLS_ECP_DP_SECP256R1   ? &tk_p256
           : id == MBEDTLS_ECP_DP_SECP384R1 ? &tk_p384
                                            : NULL;
}

static uint8_t *octets_of(const mbedtls_mpi *x)
{
    return (uint8_t *)x->MBEDTLS_PRIVATE(p);
}

/* Replaces what x has by len octets of zeros. NULL: out of memory. */
static uint8_t *make_octets(mbedtls_mpi *x, size_t len)
{
    mbedtls_free(x->MBEDTLS_PRIVATE(p));
    x->MBEDTLS_PRIVATE(p) = mbedtls_calloc(1, len);
    return octets_of(x);
}

static void free_octets(mbedtls_mpi *x) /* the heap wipes what it frees */
{
    mbedtls_free(x->MBEDTLS_PRIVATE(p));
    x->MBEDTLS_PRIVATE(p) = NULL;
}

void mbedtls_ecp_group_init(mbedtls_ecp_group *group)
{
    memset(group, 0, sizeof *group);
}

void mbedtls_ecp_group_free(mbedtls_ecp_group *group)
{
    memset(group, 0, sizeof *group);
}

int mbedtls_ecp_group_load(mbedtls_ecp_group *group, mbedtls_ecp_group_id id)
{
    const struct tk_curve *curve = curve_of(id);

    if (curve == NULL)
        return MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE;
    mbedtls_ecp_group_init(group);
    group->id = id;
    group->pbits = group->nbits = 8 * curve->octets;
    return 0;
}

/* The uncompressed form (SEC 1 2.3.3) only: RFC 8422 5.1.2 deprecates compressed points in TLS, and
 * RFC 5480 2.2 makes support of them in certificates optional. */
int mbedtls_ecp_point_read_binary(const mbedtls_ecp_group *group, mbedtls_ecp_point *point,
                                  const unsigned char *octets, size_t len)
{
    const struct tk_curve *curve = curve_of(group->id);

    if (curve == NULL || len != 1 + 2 * curve->octets || octets[0] != 4)
        return MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE;
    uint8_t *xy = make_octets(&point->MBEDTLS_PRIVATE(X), 2 * curve->octets);

    if (xy == NULL)
        return MBEDTLS_ERR_MPI_ALLOC_FAILED;
    memcpy(xy, octets + 1, 2 * curve->octets);
    return 0;
}

int mbedtls_ecp_check_pubkey(const mbedtls_ecp_group *group, const mbedtls_ecp_point *point)
{
    const struct tk_curve *curve = curve_of(group->id);

    return tk_ecc_is_point(curve, octets_of(&point->MBEDTLS_PRIVATE(X)))
               ? 0
               : MBEDTLS_ERR_ECP_INVALID_KEY;
}

/* --- ECDHE (RFC 8422 5.4 and 5.7) --- */

void mbedtls_ecdh_init(mbedtls_ecdh_context *ctx)
{
    memset(ctx, 0, sizeof *ctx);
}

#define SCALAR(ctx) (&(ctx)->MBEDTLS_PRIVATE(ctx).MBEDTLS_PRIVATE(mbed_ecdh).MBEDTLS_PRIVATE(d))
#define PEER(ctx)   (&(ctx)->MBEDTLS_PRIVATE(ctx).MBEDTLS_PRIVATE(mbed_ecdh).MBEDTLS_PRIVATE(Qp))

void mbedtls_ecdh_free(mbedtls_ecdh_context *ctx)
{
    if (ctx == NULL)
        return;
    free_octets(SCALAR(ctx));
    free_octets(&PEER(ctx)->MBEDTLS_PRIVATE(X));
}

/* The named groups of RFC 8422 5.1.1 that this profile has. */
static mbedtls_ecp_group_id group_of(unsigned named)
{
    return named == MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1   ? MBEDTLS_ECP_DP_SECP256R1
           : named == MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1 ? MBEDTLS_ECP_DP_SECP384R1
                                                           : MBEDTLS_ECP_DP_NONE;
}

/* ServerECDHParams (RFC 8422 5.4): named_curve (3), the group, the length of the point, the point.
 */
int mbedtls_ecdh_read_params(mbedtls_ecdh_context *ctx, const unsigned char **at,
                             const unsigned char *end)
{
    const unsigned char *p = *at;
    mbedtls_ecp_group group;

    if (end - p < 4 || p[0] != 3 || end - p < 4 + p[3])
        return MBEDTLS_ERR_ECP_BAD_INPUT_DATA;
    int ret = mbedtls_ecp_group_load(&group, group_of((unsigned)(p[1] << 8 | p[2])));

    if (ret == 0)
        ret = mbedtls_ecp_point_read_binary(&group, PEER(ctx), p + 4, p[3]);
    if (ret != 0)
        return ret;
    ctx->MBEDTLS_PRIVATE(grp_id) = group.id;
    *at = p + 4 + p[3];
    return 0;
}

/* Draws a scalar, again while it is out of range (SP 800-56A 5.6.1.2.2), and makes its point. */
static int make_key(const struct tk_curve *curve, uint8_t *scalar, uint8_t *point,
                    int (*random)(void *, unsigned char *, size_t), void *ctx)
{
    struct tk_ecc_work *work = mbedtls_calloc(1, sizeof *work);
    int ret = work == NULL ? MBEDTLS_ERR_MPI_ALLOC_FAILED : MBEDTLS_ERR_ECP_RANDOM_FAILED;

    for (int tries = 0; work != NULL && tries < 30 && ret == MBEDTLS_ERR_ECP_RANDOM_FAILED;
         tries++) {
        if (random(ctx, scalar, curve->octets) != 0)
            break;
        if (tk_ecdh_public(curve, point, scalar, work))
            ret = 0;
    }
    mbedtls_free(work);
    return ret;
}

int mbedtls_ecdh_make_public(mbedtls_ecdh_context *ctx, size_t *written, unsigned char *out,
                             size_t size, int (*random)(void *, unsigned char *, size_t),
                             void *random_ctx)
{
    const struct tk_curve *curve = curve_of(ctx->MBEDTLS_PRIVATE(grp_id));
    size_t len = 1 + 2 * curve->octets;
    uint8_t *scalar = make_octets(SCALAR(ctx), curve->octets);

    if (scalar == NULL || size < 1 + len)
        return scalar == NULL ? MBEDTLS_ERR_MPI_ALLOC_FAILED : MBEDTLS_ERR_ECP_BUFFER_TOO_SMALL;
    out[0] = (unsigned char)len;
    out[1] = 4; /* uncompressed */
    *written = 1 + len;
    return make_key(curve, scalar, out + 2, random, random_ctx);
}

int mbedtls_ecdh_calc_secret(mbedtls_ecdh_context *ctx, size_t *written, unsigned char *out,
                             size_t size, int (*random)(void *, unsigned char *, size_t),
                             void *random_ctx)
{
    const struct tk_curve *curve = curve_of(ctx->MBEDTLS_PRIVATE(grp_id));
    struct tk_ecc_work *work = mbedtls_calloc(1, sizeof *work);

    (void)random;
    (void)random_ctx;
    if (work == NULL || size < curve->octets) {
        mbedtls_free(work);
        return MBEDTLS_ERR_MPI_ALLOC_FAILED;
    }
    bool good = tk_ecdh_shared(curve, out, octets_of(&PEER(ctx)->MBEDTLS_PRIVATE(X)),
                               octets_of(SCALAR(ctx)), work);

    mbedtls_free(work);
    *written = curve->octets;
    return good ? 0 : MBEDTLS_ERR_ECP_INVALID_KEY;
}

/* --- ECDSA --- */

static int ec_can_do(mbedtls_pk_type_t type)
{
    return type == MBEDTLS_PK_ECKEY || type == MBEDTLS_PK_ECKEY_DH || type == MBEDTLS_PK_ECDSA;
}

static int ecdsa_can_do(mbedtls_pk_type_t type)
{
    return type == MBEDTLS_PK_ECDSA;
}

static int ecdh_can_do(mbedtls_pk_type_t type)
{
    return type == MBEDTLS_PK_ECKEY || type == MBEDTLS_PK_ECKEY_DH;
}

static size_t ec_bits(mbedtls_pk_context *pk)
{
    const mbedtls_ecp_keypair *ec = pk->MBEDTLS_PRIVATE(pk_ctx);

    return ec->MBEDTLS_PRIVATE(grp).pbits;
}

static int ec_verify(mbedtls_pk_context *pk, mbedtls_md_type_t md, const unsigned char *hash,
                     size_t hash_len, const unsigned char *signature, size_t len)
{
    const mbedtls_ecp_keypair *ec = pk->MBEDTLS_PRIVATE(pk_ctx);
    const struct tk_curve *curve = curve_of(ec->MBEDTLS_PRIVATE(grp).id);
    const uint8_t *point = octets_of(&ec->MBEDTLS_PRIVATE(Q).MBEDTLS_PRIVATE(X));
    uint8_t r[48], s[48];

    (void)md;
    if (!tk_signature_read(curve, signature, len, r, s))
        return MBEDTLS_ERR_ECP_VERIFY_FAILED;
    struct tk_ecc_work *work = mbedtls_calloc(1, sizeof *work);

    if (work == NULL)
        return MBEDTLS_ERR_MPI_ALLOC_FAILED;
    bool good = tk_ecdsa_verify(curve, point, hash, hash_len, r, s, work);

    mbedtls_free(work);
    return good ? 0 : MBEDTLS_ERR_ECP_VERIFY_FAILED;
}

static void *ec_alloc(void)
{
    return mbedtls_calloc(1, sizeof(mbedtls_ecp_keypair));
}

static void ec_free(void *ctx)
{
    mbedtls_ecp_keypair *ec = ctx;

    free_octets(&ec->MBEDTLS_PRIVATE(Q).MBEDTLS_PRIVATE(X));
    mbedtls_free(ec);
}

const mbedtls_pk_info_t mbedtls_eckey_info = {.type = MBEDTLS_PK_ECKEY,
                                              .name = "EC",
                                              .get_bitlen = ec_bits,
                                              .can_do = ec_can_do,
                                              .verify_func = ec_verify,
                                              .ctx_alloc_func = ec_alloc,
                                              .ctx_free_func = ec_free};

const mbedtls_pk_info_t mbedtls_eckeydh_info = {.type = MBEDTLS_PK_ECKEY_DH,
                                                .name = "EC_DH",
                                                .get_bitlen = ec_bits,
                                                .can_do = ecdh_can_do,
                                                .ctx_alloc_func = ec_alloc,
                                                .ctx_free_func = ec_free};

const mbedtls_pk_info_t mbedtls_ecdsa_info = {.type = MBEDTLS_PK_ECDSA,
                                              .name = "ECDSA",
                                              .get_bitlen = ec_bits,
                                              .can_do = ecdsa_can_do,
                                              .verify_func = ec_verify,
                                              .ctx_alloc_func = ec_alloc,
                                              .ctx_free_func = ec_free};

/* --- RSA --- */

struct rsa_key {
    struct tk_modulus n; /* n.m: its limbs, on the heap */
    size_t bits;
    uint64_t e;
};

/* A positive INTEGER of DER without its leading zeros. */
static int read_integer(unsigned char **p, const unsigned char *end, const unsigned char **value,
                        size_t *len)
{
    int ret = mbedtls_asn1_get_tag(p, end, len, MBEDTLS_ASN1_INTEGER);

    if (ret != 0)
        return ret;
    *value = *p;
    *p += *len;
    for (; *len > 0 && **value == 0; (*len)--)
        (*value)++;
    return 0;
}

static size_t bits_of(const unsigned char *value, size_t len)
{
    size_t bits = 8 * len;

    for (unsigned top = len == 0 ? 0x80 : value[0]; (top & 0x80) == 0; top <<= 1)
        bits--;
    return bits;
}

static int set_key(struct rsa_key *key, const unsigned char *n, size_t n_len,
                   const unsigned char *e, size_t e_len)
{
    size_t bits = bits_of(n, n_len), e_bits = bits_of(e, e_len);

    if (bits < TK_RSA_MIN_BITS || bits > TK_RSA_MAX_BITS || e_bits < 2 ||
        e_bits > TK_RSA_MAX_E_BITS || (n[n_len - 1] & 1) == 0 || (e[e_len - 1] & 1) == 0)
        return MBEDTLS_ERR_RSA_BAD_INPUT_DATA;
    size_t limbs = (n_len + sizeof(tk_limb) - 1) / sizeof(tk_limb);
    tk_limb *m = mbedtls_calloc(limbs, sizeof *m);

    if (m == NULL)
        return MBEDTLS_ERR_MPI_ALLOC_FAILED;
    tk_limbs_load(m, limbs, n, n_len);
    mbedtls_free((void *)key->n.m);
    *key = (struct rsa_key){.n = {m, limbs, tk_modulus_inverse(m[0])}, .bits = bits};
    for (size_t i = 0; i < e_len; i++)
        key->e = key->e << 8 | e[i];
    return 0;
}

/* RSAPublicKey (RFC 8017 A.1.1). rsa is the pk_ctx that rsa_alloc() made: a struct rsa_key. */
int mbedtls_rsa_parse_pubkey(mbedtls_rsa_context *rsa, const unsigned char *der, size_t len)
{
    unsigned char *p = (unsigned char *)der;
    const unsigned char *end = der + len, *n, *e;
    size_t n_len, e_len;
    int ret = mbedtls_asn1_get_tag(&p, end, &len, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE);

    if (ret == 0 && p + len != end)
        ret = MBEDTLS_ERR_ASN1_LENGTH_MISMATCH;
    if (ret == 0)
        ret = read_integer(&p, end, &n, &n_len);
    if (ret == 0)
        ret = read_integer(&p, end, &e, &e_len);
    if (ret == 0 && p != end)
        ret = MBEDTLS_ERR_ASN1_LENGTH_MISMATCH;
    return ret != 0 ? ret : set_key((struct rsa_key *)(void *)rsa, n, n_len, e, e_len);
}

static int rsa_can_do(mbedtls_pk_type_t type)
{
    return type == MBEDTLS_PK_RSA;
}

static size_t rsa_bits(mbedtls_pk_context *pk)
{
    return ((const struct rsa_key *)pk->MBEDTLS_PRIVATE(pk_ctx))->bits;
}

/* memory: the signature in limbs, then the scratch memory of tk_rsa_public, reused for octets. */
static bool rsa_opens(const struct rsa_key *key, const unsigned char *signature, size_t len,
                      const uint8_t *info, size_t info_len, tk_limb *memory)
{
    uint8_t *encoded = (uint8_t *)(memory + key->n.n);

    tk_limbs_load(memory, key->n.n, signature, len);
    if (!tk_rsa_public(&key->n, memory, key->e, memory + key->n.n))
        return false;
    tk_limbs_store(encoded, len, memory);
    return tk_signature_is_encoded(encoded, len, info, info_len);
}

static int rsa_verify(mbedtls_pk_context *pk, mbedtls_md_type_t md, const unsigned char *hash,
                      size_t hash_len, const unsigned char *signature, size_t len)
{
    const struct rsa_key *key = pk->MBEDTLS_PRIVATE(pk_ctx);
    uint8_t info[TK_DIGEST_INFO_MAX];
    size_t info_len = tk_signature_digest_info(md, hash, hash_len, info);

    if (len != (key->bits + 7) / 8)
        return MBEDTLS_ERR_RSA_VERIFY_FAILED;
    tk_limb *memory = mbedtls_calloc(key->n.n + TK_RSA_WORK(key->n.n), sizeof *memory);

    if (memory == NULL)
        return MBEDTLS_ERR_MPI_ALLOC_FAILED;
    bool good = rsa_opens(key, signature, len, info, info_len, memory);

    mbedtls_free(memory);
    return good ? 0 : MBEDTLS_ERR_RSA_VERIFY_FAILED;
}

static void *rsa_alloc(void)
{
    return mbedtls_calloc(1, sizeof(struct rsa_key));
}

static void rsa_free(void *ctx)
{
    struct rsa_key *key = ctx;

    mbedtls_free((void *)key->n.m);
    mbedtls_free(key);
}

const mbedtls_pk_info_t mbedtls_rsa_info = {.type = MBEDTLS_PK_RSA,
                                            .name = "RSA",
                                            .get_bitlen = rsa_bits,
                                            .can_do = rsa_can_do,
                                            .verify_func = rsa_verify,
                                            .ctx_alloc_func = rsa_alloc,
                                            .ctx_free_func = rsa_free};

/* --- for tk_memo.c --- */

bool tk_memo_key(const mbedtls_pk_context *pk, struct tk_memo_key *key)
{
    if (mbedtls_pk_get_type(pk) == MBEDTLS_PK_RSA) {
        const struct rsa_key *rsa = pk->MBEDTLS_PRIVATE(pk_ctx);

        *key =
            (struct tk_memo_key){{rsa->n.m, &rsa->e}, {rsa->n.n * sizeof(tk_limb), sizeof rsa->e}};
        return true;
    }
    if (!mbedtls_pk_can_do(pk, MBEDTLS_PK_ECKEY))
        return false;
    const mbedtls_ecp_keypair *ec = pk->MBEDTLS_PRIVATE(pk_ctx);

    *key = (struct tk_memo_key){{octets_of(&ec->MBEDTLS_PRIVATE(Q).MBEDTLS_PRIVATE(X)), NULL},
                                {2 * curve_of(ec->MBEDTLS_PRIVATE(grp).id)->octets, 0}};
    return true;
}
