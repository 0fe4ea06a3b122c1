/* SPDX-License-Identifier: Apache-2.0 */
/* Replaces mbedTLS's pk_wrap.c and rsa.c in the profile `small`, which only verifies: it never
 * signs, decrypts or holds a private key. Of mbedtls_rsa_context only N, E and len are used. */
#include "tk_rsa.h"

#include <mbedtls/ecdsa.h>
#include <mbedtls/error.h>
#include <mbedtls/platform.h>
#include <mbedtls/rsa.h>
#include <pk_wrap.h>
#include <rsa_internal.h>

/* --- RSA --- */

int mbedtls_rsa_parse_pubkey(mbedtls_rsa_context *rsa, const unsigned char *key, size_t len)
{
    int ret = tk_rsa_read(&rsa->MBEDTLS_PRIVATE(N), &rsa->MBEDTLS_PRIVATE(E), key, len);

    rsa->MBEDTLS_PRIVATE(len) = mbedtls_mpi_size(&rsa->MBEDTLS_PRIVATE(N));
    return ret;
}

static int rsa_can_do(mbedtls_pk_type_t type)
{
    return type == MBEDTLS_PK_RSA;
}

static size_t rsa_bits(mbedtls_pk_context *pk)
{
    mbedtls_rsa_context *rsa = pk->MBEDTLS_PRIVATE(pk_ctx);

    return mbedtls_mpi_bitlen(&rsa->MBEDTLS_PRIVATE(N));
}

static int rsa_verify(mbedtls_pk_context *pk, mbedtls_md_type_t md, const unsigned char *hash,
                      size_t hash_len, const unsigned char *signature, size_t len)
{
    mbedtls_rsa_context *rsa = pk->MBEDTLS_PRIVATE(pk_ctx);

    if (len != rsa->MBEDTLS_PRIVATE(len))
        return MBEDTLS_ERR_RSA_VERIFY_FAILED;
    return tk_rsa_verify(&rsa->MBEDTLS_PRIVATE(N), &rsa->MBEDTLS_PRIVATE(E), md, hash, hash_len,
                         signature);
}

static void *rsa_alloc(void)
{
    return mbedtls_calloc(1, sizeof(mbedtls_rsa_context)); /* zeroed: integers without limbs */
}

static void rsa_free(void *ctx)
{
    mbedtls_rsa_context *rsa = ctx;

    mbedtls_mpi_free(&rsa->MBEDTLS_PRIVATE(N));
    mbedtls_mpi_free(&rsa->MBEDTLS_PRIVATE(E));
    mbedtls_free(rsa);
}

const mbedtls_pk_info_t mbedtls_rsa_info = {.type = MBEDTLS_PK_RSA,
                                            .name = "RSA",
                                            .get_bitlen = rsa_bits,
                                            .can_do = rsa_can_do,
                                            .verify_func = rsa_verify,
                                            .ctx_alloc_func = rsa_alloc,
                                            .ctx_free_func = rsa_free};

/* --- elliptic curves --- */

/* ecp.c calls this instead of mbedtls_mpi_exp_mod, which it needs only to decompress points. TLS
 * forbids compressed points (RFC 8422 5.1.2), and no authority signs one; supporting them costs 1.2
 * KB. */
int tk_pk_no_power(mbedtls_mpi *x, const mbedtls_mpi *a, const mbedtls_mpi *e, const mbedtls_mpi *n,
                   mbedtls_mpi *rr);

int tk_pk_no_power(mbedtls_mpi *x, const mbedtls_mpi *a, const mbedtls_mpi *e, const mbedtls_mpi *n,
                   mbedtls_mpi *rr)
{
    (void)x;
    (void)a;
    (void)e;
    (void)n;
    (void)rr;
    return MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE;
}

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
    mbedtls_ecp_keypair *ec = pk->MBEDTLS_PRIVATE(pk_ctx);

    return ec->MBEDTLS_PRIVATE(grp).pbits;
}

static int ec_verify(mbedtls_pk_context *pk, mbedtls_md_type_t md, const unsigned char *hash,
                     size_t hash_len, const unsigned char *signature, size_t len)
{
    int ret =
        mbedtls_ecdsa_read_signature(pk->MBEDTLS_PRIVATE(pk_ctx), hash, hash_len, signature, len);

    (void)md;
    return ret == MBEDTLS_ERR_ECP_SIG_LEN_MISMATCH ? MBEDTLS_ERR_PK_SIG_LEN_MISMATCH : ret;
}

static void *ec_alloc(void)
{
    mbedtls_ecp_keypair *ec = mbedtls_calloc(1, sizeof *ec);

    if (ec != NULL)
        mbedtls_ecp_keypair_init(ec);
    return ec;
}

static void ec_free(void *ctx)
{
    mbedtls_ecp_keypair_free(ctx);
    mbedtls_free(ctx);
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
