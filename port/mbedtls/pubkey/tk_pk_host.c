/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profile `host`: mbedTLS keeps its structures, and P-256, P-384 and RSA's public operation are
 * computed here: behind its ALT hooks (mbedtls_ecdh_gen_public, mbedtls_ecdh_compute_shared,
 * mbedtls_ecdsa_verify), and where it has none behind a call that ../build/pubkey.cmake renames.
 */
#include "tk_memo.h"
#include "tk_rsa.h"
#include "tk_signature.h"

#include <mbedtls/ecdh.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/error.h>
#include <mbedtls/platform.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/rsa.h>
#include <string.h>

typedef int random_function(void *ctx, unsigned char *out, size_t len);

/* NULL: a curve that is left to mbedTLS. */
static const struct tk_curve *curve_of(const mbedtls_ecp_group *group)
{
    return group->id == MBEDTLS_ECP_DP_SECP256R1   ? &tk_p256
           : group->id == MBEDTLS_ECP_DP_SECP384R1 ? &tk_p384
                                                   : NULL;
}

/* mbedtls_mpi_write_binary ignores the sign. */
static int get_number(const mbedtls_mpi *x, uint8_t *octets, size_t len)
{
    return x->MBEDTLS_PRIVATE(s) < 0 ? MBEDTLS_ERR_MPI_NEGATIVE_VALUE
                                     : mbedtls_mpi_write_binary(x, octets, len);
}

static int get_point(const struct tk_curve *c, const mbedtls_ecp_point *q, uint8_t xy[96])
{
    int ret = get_number(&q->MBEDTLS_PRIVATE(X), xy, c->octets);

    return ret != 0 ? ret : get_number(&q->MBEDTLS_PRIVATE(Y), xy + c->octets, c->octets);
}

static int put_point(const struct tk_curve *c, mbedtls_ecp_point *q, const uint8_t xy[96])
{
    int ret = mbedtls_mpi_read_binary(&q->MBEDTLS_PRIVATE(X), xy, c->octets);

    if (ret == 0)
        ret = mbedtls_mpi_read_binary(&q->MBEDTLS_PRIVATE(Y), xy + c->octets, c->octets);
    return ret != 0 ? ret : mbedtls_mpi_lset(&q->MBEDTLS_PRIVATE(Z), 1);
}

/* --- ECDH --- */

/* q = d * generator */
static int make_public(const struct tk_curve *c, mbedtls_ecp_point *q, const mbedtls_mpi *d)
{
    struct tk_ecc_work work;
    uint8_t scalar[48], xy[96];
    int ret = get_number(d, scalar, c->octets);

    if (ret == 0)
        ret = tk_ecdh_public(c, xy, scalar, &work) ? put_point(c, q, xy)
                                                   : MBEDTLS_ERR_ECP_INVALID_KEY;
    mbedtls_platform_zeroize(scalar, sizeof scalar);
    mbedtls_platform_zeroize(&work, sizeof work);
    return ret;
}

int mbedtls_ecdh_gen_public(mbedtls_ecp_group *group, mbedtls_mpi *d, mbedtls_ecp_point *q,
                            random_function *random, void *ctx)
{
    const struct tk_curve *c = curve_of(group);
    int ret = mbedtls_ecp_gen_privkey(group, d, random, ctx);

    if (ret != 0)
        return ret;
    return c == NULL ? mbedtls_ecp_mul(group, q, d, &group->G, random, ctx) : make_public(c, q, d);
}

static int make_shared(const struct tk_curve *c, mbedtls_mpi *z, const mbedtls_ecp_point *q,
                       const mbedtls_mpi *d)
{
    struct tk_ecc_work work;
    uint8_t scalar[48], xy[96], x[48];
    int ret = get_number(d, scalar, c->octets);

    if (ret == 0)
        ret = get_point(c, q, xy);
    if (ret == 0)
        ret = tk_ecdh_shared(c, x, xy, scalar, &work) ? mbedtls_mpi_read_binary(z, x, c->octets)
                                                      : MBEDTLS_ERR_ECP_INVALID_KEY;
    mbedtls_platform_zeroize(scalar, sizeof scalar);
    mbedtls_platform_zeroize(x, sizeof x);
    mbedtls_platform_zeroize(&work, sizeof work);
    return ret;
}

/* As in mbedTLS's ecdh.c, for X25519. A product at infinity is an error of mbedtls_ecp_mul. */
static int make_shared_otherwise(mbedtls_ecp_group *group, mbedtls_mpi *z,
                                 const mbedtls_ecp_point *q, const mbedtls_mpi *d,
                                 random_function *random, void *ctx)
{
    mbedtls_ecp_point p;

    mbedtls_ecp_point_init(&p);
    int ret = mbedtls_ecp_mul(group, &p, d, q, random, ctx);

    if (ret == 0)
        ret = mbedtls_mpi_copy(z, &p.MBEDTLS_PRIVATE(X));
    mbedtls_ecp_point_free(&p);
    return ret;
}

int mbedtls_ecdh_compute_shared(mbedtls_ecp_group *group, mbedtls_mpi *z,
                                const mbedtls_ecp_point *q, const mbedtls_mpi *d,
                                random_function *random, void *ctx)
{
    const struct tk_curve *c = curve_of(group);

    return c == NULL ? make_shared_otherwise(group, z, q, d, random, ctx) : make_shared(c, z, q, d);
}

/* psa_crypto_ecp.c calls this as mbedtls_ecp_mul, for the public key of a TLS 1.3 key share. */
int tk_ecp_mul(mbedtls_ecp_group *group, mbedtls_ecp_point *r, const mbedtls_mpi *m,
               const mbedtls_ecp_point *p, random_function *random, void *ctx);

int tk_ecp_mul(mbedtls_ecp_group *group, mbedtls_ecp_point *r, const mbedtls_mpi *m,
               const mbedtls_ecp_point *p, random_function *random, void *ctx)
{
    const struct tk_curve *c = curve_of(group);

    return c == NULL || p != &group->G ? mbedtls_ecp_mul(group, r, m, p, random, ctx)
                                       : make_public(c, r, m);
}

/* pk_ecc.c and psa_crypto_ecp.c call this as mbedtls_ecp_check_pubkey. */
int tk_ecp_check_pubkey(const mbedtls_ecp_group *group, const mbedtls_ecp_point *point);

int tk_ecp_check_pubkey(const mbedtls_ecp_group *group, const mbedtls_ecp_point *point)
{
    const struct tk_curve *c = curve_of(group);
    uint8_t xy[96];

    if (c == NULL)
        return mbedtls_ecp_check_pubkey(group, point);
    return mbedtls_mpi_cmp_int(&point->MBEDTLS_PRIVATE(Z), 1) == 0 &&
                   get_point(c, point, xy) == 0 && tk_ecc_is_point(c, xy)
               ? 0
               : MBEDTLS_ERR_ECP_INVALID_KEY;
}

/* --- ECDSA --- */

static int verify(const mbedtls_ecp_group *group, const mbedtls_ecp_point *q,
                  const unsigned char *hash, size_t len, const uint8_t *r, const uint8_t *s)
{
    const struct tk_curve *c = curve_of(group);
    struct tk_ecc_work work;
    uint8_t xy[96];

    return get_point(c, q, xy) == 0 && tk_ecdsa_verify(c, xy, hash, len, r, s, &work)
               ? 0
               : MBEDTLS_ERR_ECP_VERIFY_FAILED;
}

int mbedtls_ecdsa_verify(mbedtls_ecp_group *group, const unsigned char *hash, size_t len,
                         const mbedtls_ecp_point *q, const mbedtls_mpi *r, const mbedtls_mpi *s)
{
    const struct tk_curve *c = curve_of(group);
    uint8_t r_octets[48], s_octets[48];

    if (c == NULL)
        return MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE; /* this build has no other curve for ECDSA */
    if (get_number(r, r_octets, c->octets) != 0 || get_number(s, s_octets, c->octets) != 0)
        return MBEDTLS_ERR_ECP_VERIFY_FAILED;
    return verify(group, q, hash, len, r_octets, s_octets);
}

/* pk_wrap.c calls this as mbedtls_ecdsa_read_signature, which accepts more than DER. */
int tk_ecdsa_read_signature(mbedtls_ecdsa_context *key, const unsigned char *hash, size_t hash_len,
                            const unsigned char *signature, size_t len);

int tk_ecdsa_read_signature(mbedtls_ecdsa_context *key, const unsigned char *hash, size_t hash_len,
                            const unsigned char *signature, size_t len)
{
    const mbedtls_ecp_group *group = &key->MBEDTLS_PRIVATE(grp);
    const struct tk_curve *c = curve_of(group);
    uint8_t r[48], s[48];

    if (c == NULL)
        return MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE;
    if (!tk_signature_read(c, signature, len, r, s))
        return MBEDTLS_ERR_ECP_VERIFY_FAILED;
    return verify(group, &key->MBEDTLS_PRIVATE(Q), hash, hash_len, r, s);
}

/* --- RSA --- */

typedef char limbs_are_the_same[sizeof(tk_limb) == sizeof(mbedtls_mpi_uint) ? 1 : -1];

/* Limbs without the zeros on top. */
static size_t limbs_of(const mbedtls_mpi *x)
{
    return (mbedtls_mpi_size(x) + sizeof(tk_limb) - 1) / sizeof(tk_limb);
}

static uint64_t exponent_of(const mbedtls_mpi *e)
{
    uint8_t octets[TK_RSA_MAX_E_BITS / 8];
    uint64_t value = 0;

    (void)mbedtls_mpi_write_binary(e, octets, sizeof octets);
    for (size_t i = 0; i < sizeof octets; i++)
        value = value << 8 | octets[i];
    return value;
}

/* rsa.c calls this as mbedtls_mpi_exp_mod_unsafe, in its public operation: x = a^e mod n. */
int tk_mpi_exp_mod(mbedtls_mpi *x, const mbedtls_mpi *a, const mbedtls_mpi *e, const mbedtls_mpi *n,
                   mbedtls_mpi *rr);

int tk_mpi_exp_mod(mbedtls_mpi *x, const mbedtls_mpi *a, const mbedtls_mpi *e, const mbedtls_mpi *n,
                   mbedtls_mpi *rr)
{
    size_t limbs = limbs_of(n);
    tk_limb memory[TK_LIMBS_OF(TK_RSA_MAX_BITS) + TK_RSA_WORK(TK_LIMBS_OF(TK_RSA_MAX_BITS))];
    const struct tk_modulus m = {n->MBEDTLS_PRIVATE(p), limbs,
                                 tk_modulus_inverse(n->MBEDTLS_PRIVATE(p)[0])};

    if (mbedtls_mpi_bitlen(e) > TK_RSA_MAX_E_BITS || limbs > TK_LIMBS_OF(TK_RSA_MAX_BITS) ||
        mbedtls_mpi_cmp_mpi(a, n) >= 0 || mbedtls_mpi_cmp_int(a, 0) < 0 ||
        mbedtls_mpi_cmp_int(e, 1) < 0 || (n->MBEDTLS_PRIVATE(p)[0] & 1) == 0)
        return mbedtls_mpi_exp_mod(x, a, e, n, rr);
    int ret = mbedtls_mpi_grow(x, limbs);

    if (ret != 0)
        return ret;
    memset(memory, 0, limbs * sizeof *memory);
    memcpy(memory, a->MBEDTLS_PRIVATE(p), limbs_of(a) * sizeof *memory);
    (void)tk_rsa_public(&m, memory, exponent_of(e), memory + limbs);
    memset(x->MBEDTLS_PRIVATE(p), 0, x->MBEDTLS_PRIVATE(n) * sizeof(mbedtls_mpi_uint));
    memcpy(x->MBEDTLS_PRIVATE(p), memory, limbs * sizeof *memory);
    x->MBEDTLS_PRIVATE(s) = 1;
    return 0;
}

/* --- for tk_memo.c --- */

static void add_piece(struct tk_memo_key *key, int i, const mbedtls_mpi *x)
{
    key->pieces[i] = x->MBEDTLS_PRIVATE(p);
    key->sizes[i] = limbs_of(x) * sizeof(tk_limb);
}

bool tk_memo_key(const mbedtls_pk_context *pk, struct tk_memo_key *key)
{
    if (mbedtls_pk_get_type(pk) == MBEDTLS_PK_RSA) {
        const mbedtls_rsa_context *rsa = mbedtls_pk_rsa(*pk);

        add_piece(key, 0, &rsa->MBEDTLS_PRIVATE(N));
        add_piece(key, 1, &rsa->MBEDTLS_PRIVATE(E));
        return true;
    }
    if (!mbedtls_pk_can_do(pk, MBEDTLS_PK_ECKEY))
        return false;
    const mbedtls_ecp_keypair *ec = mbedtls_pk_ec(*pk);

    add_piece(key, 0, &ec->MBEDTLS_PRIVATE(Q).MBEDTLS_PRIVATE(X));
    add_piece(key, 1, &ec->MBEDTLS_PRIVATE(Q).MBEDTLS_PRIVATE(Y));
    return true;
}
