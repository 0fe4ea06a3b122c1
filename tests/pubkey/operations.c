/* SPDX-License-Identifier: Apache-2.0 */
#include "operations.h"

#include "signatures.h" /* written by vectors.py */
#include "tk_ecc.h"
#include "tk_rsa.h"

#include <string.h>

static struct tk_ecc_work work;

/* --- ECDH --- */

static uint32_t state = 2463534242; /* xorshift32 (Marsaglia, 2003) */

static uint8_t random_octet(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (uint8_t)(state >> 8);
}

/* First those whose leading windows are all zeros or all ones, then at random; below the order. */
static void make_scalar(uint8_t *scalar, unsigned number, size_t octets)
{
    static const uint8_t fills[] = {0, 0xff};

    for (size_t i = 0; i < octets; i++)
        scalar[i] = number < sizeof fills ? fills[number] : random_octet();
    scalar[0] &= 0x7f;
    scalar[octets - 1] |= 2;
}

static void run_scalar(const struct tk_curve *c, const char *names, unsigned number, uint8_t *peer)
{
    uint8_t scalar[48], q[96], x[48];

    make_scalar(scalar, number, c->octets);
    begin();
    (void)tk_ecdh_public(c, q, scalar, &work);
    end();
    begin();
    (void)tk_ecdh_shared(c, x, peer, scalar, &work);
    end();
    report(names, scalar, (unsigned)c->octets);
    report("public", q, 2 * (unsigned)c->octets);
    report("shared", x, (unsigned)c->octets);
    memcpy(peer, q, 2 * c->octets);
}

/* 2 times the generator: also a point. */
static void first_peer(const struct tk_curve *c, uint8_t *peer)
{
    uint8_t two[48] = {0};

    two[c->octets - 1] = 2;
    (void)tk_ecdh_public(c, peer, two, &work);
}

void run_ecdh(unsigned scalars)
{
    static uint8_t peers[2][96];

    first_peer(&tk_p256, peers[0]);
    first_peer(&tk_p384, peers[1]);
    for (unsigned i = 0; i < scalars; i++) {
        run_scalar(&tk_p256, "P-256", i, peers[0]);
        run_scalar(&tk_p384, "P-384", i, peers[1]);
    }
}

/* --- verification --- */

static bool verify_ecdsa(const struct tk_curve *c, const uint8_t *q, const uint8_t *hash,
                         size_t len, const uint8_t *r, const uint8_t *s)
{
    begin();
    bool good = tk_ecdsa_verify(c, q, hash, len, r, s, &work);

    end();
    return good;
}

/* Whether the signature is one of the hash, by the last octets of what it opens to. */
static bool verify_rsa(const uint8_t *n, const uint8_t *signature, size_t len, const uint8_t *hash)
{
    static tk_limb limbs[TK_LIMBS_OF(4096)], x[TK_LIMBS_OF(4096)];
    static tk_limb memory[TK_RSA_WORK(TK_LIMBS_OF(4096))];
    uint8_t opened[512];
    struct tk_modulus m = {limbs, len / sizeof *limbs, 0};

    tk_limbs_load(limbs, m.n, n, len);
    tk_limbs_load(x, m.n, signature, len);
    m.inverse = tk_modulus_inverse(limbs[0]);
    begin();
    bool good = tk_rsa_public(&m, x, 65537, memory);

    end();
    tk_limbs_store(opened, len, x);
    return good && memcmp(opened + len - 32, hash, 32) == 0;
}

unsigned run_verifications(void)
{
    unsigned wrong = 0;

    if (!verify_ecdsa(&tk_p256, p256_key, p256_hash, sizeof p256_hash, p256_r, p256_s))
        wrong = 1;
    if (!verify_ecdsa(&tk_p384, p384_key, p384_hash, sizeof p384_hash, p384_r, p384_s))
        wrong = 2;
    if (!verify_rsa(rsa2048_n, rsa2048_signature, sizeof rsa2048_n, rsa2048_hash))
        wrong = 3;
    if (!verify_rsa(rsa4096_n, rsa4096_signature, sizeof rsa4096_n, rsa4096_hash))
        wrong = 4;
    return wrong;
}
