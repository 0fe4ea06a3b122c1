/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_rsa.h"

#include <bignum_core.h>
#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <mbedtls/platform.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/rsa.h>
#include <string.h>

enum { INFO_MAX = 19 + 64 }; /* the longest DigestInfo, of SHA-512 */

#define SEQUENCE (MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE)

/* --- the key --- */

/* Reads a positive INTEGER, whose DER may begin with a zero byte. */
static int read_integer(unsigned char **p, const unsigned char *end, mbedtls_mpi *out)
{
    size_t len;
    int ret = mbedtls_asn1_get_tag(p, end, &len, MBEDTLS_ASN1_INTEGER);

    if (ret != 0)
        return ret;
    for (; len > 0 && **p == 0; len--)
        (*p)++;
    ret = mbedtls_mpi_read_binary(out, *p, len);
    *p += len;
    return ret;
}

static int key_is_good(const mbedtls_mpi *n, const mbedtls_mpi *e)
{
    size_t bits = mbedtls_mpi_bitlen(n), e_bits = mbedtls_mpi_bitlen(e);

    return bits >= TK_RSA_MIN_BITS && bits <= TK_RSA_MAX_BITS && e_bits >= 2 &&
           e_bits <= TK_RSA_MAX_E && mbedtls_mpi_get_bit(n, 0) && mbedtls_mpi_get_bit(e, 0);
}

int tk_rsa_read(mbedtls_mpi *n, mbedtls_mpi *e, const unsigned char *der, size_t len)
{
    unsigned char *p = (unsigned char *)der;
    const unsigned char *end = der + len;
    int ret = mbedtls_asn1_get_tag(&p, end, &len, SEQUENCE);

    if (ret == 0 && p + len != end)
        ret = MBEDTLS_ERR_ASN1_LENGTH_MISMATCH;
    if (ret == 0)
        ret = read_integer(&p, end, n);
    if (ret == 0)
        ret = read_integer(&p, end, e);
    if (ret == 0 && p != end)
        ret = MBEDTLS_ERR_ASN1_LENGTH_MISMATCH;
    if (ret == 0 && !key_is_good(n, e))
        ret = MBEDTLS_ERR_RSA_BAD_INPUT_DATA;
    return ret;
}

/* --- Montgomery arithmetic modulo n, which is odd: x is represented as x * R mod n --- */

struct modulus {
    const mbedtls_mpi_uint *n;
    size_t limbs;
    mbedtls_mpi_uint mm;
    mbedtls_mpi_uint *scratch; /* twice the limbs, and one */
};

static void multiply(const struct modulus *m, mbedtls_mpi_uint *x, const mbedtls_mpi_uint *by)
{
    mbedtls_mpi_core_montmul(x, x, by, m->limbs, m->n, m->limbs, m->mm, m->scratch);
}

static void twice(const struct modulus *m, mbedtls_mpi_uint *x)
{
    mbedtls_mpi_uint carry = mbedtls_mpi_core_add(x, x, x, m->limbs);
    mbedtls_mpi_uint borrow = mbedtls_mpi_core_sub(x, x, m->n, m->limbs);

    if (carry < borrow)
        (void)mbedtls_mpi_core_add(x, x, m->n, m->limbs);
}

/* Computes R * R mod n. A division would need more memory than everything else: the highest power
 * of two below n is doubled up to 2 * R, and that is raised to the power of the number of bits of
 * R. */
static void square_of_r(const struct modulus *m, mbedtls_mpi_uint *out)
{
    size_t bits = mbedtls_mpi_core_bitlen(m->n, m->limbs);
    size_t r_bits = m->limbs * 8 * sizeof *out, bit = 1;

    memset(out, 0, m->limbs * sizeof *out);
    out[(bits - 1) / (8 * sizeof *out)] = (mbedtls_mpi_uint)1 << (bits - 1) % (8 * sizeof *out);
    for (size_t i = bits - 1; i <= r_bits; i++)
        twice(m, out);
    while (bit <= r_bits / 2)
        bit <<= 1;
    while ((bit >>= 1) != 0) {
        multiply(m, out, out);
        if (r_bits & bit)
            twice(m, out);
    }
}

/* x = x ^ e mod n; base: scratch memory of as many limbs. */
static void power(const struct modulus *m, mbedtls_mpi_uint *x, const mbedtls_mpi *e,
                  mbedtls_mpi_uint *base)
{
    static const mbedtls_mpi_uint one = 1;

    square_of_r(m, base);
    multiply(m, x, base);
    memcpy(base, x, m->limbs * sizeof *x);
    for (size_t bit = mbedtls_mpi_bitlen(e) - 1; bit > 0; bit--) {
        multiply(m, x, x);
        if (mbedtls_mpi_get_bit(e, bit - 1))
            multiply(m, x, base);
    }
    mbedtls_mpi_core_montmul(x, x, &one, 1, m->n, m->limbs, m->mm, m->scratch);
}

/* --- the signature --- */

/* Writes the DER of DigestInfo (9.2). Returns its length, or 0. */
static size_t digest_info(mbedtls_md_type_t md, const unsigned char *hash, size_t hash_len,
                          unsigned char out[INFO_MAX])
{
    const char *oid;
    size_t oid_len;

    if (mbedtls_oid_get_oid_by_md(md, &oid, &oid_len) != 0 ||
        hash_len != mbedtls_md_get_size_from_type(md) || 10 + oid_len + hash_len > INFO_MAX)
        return 0;
    const unsigned char head[] = {SEQUENCE,         (unsigned char)(8 + oid_len + hash_len),
                                  SEQUENCE,         (unsigned char)(4 + oid_len),
                                  MBEDTLS_ASN1_OID, (unsigned char)oid_len};
    const unsigned char tail[] = {MBEDTLS_ASN1_NULL, 0, MBEDTLS_ASN1_OCTET_STRING,
                                  (unsigned char)hash_len};

    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, oid, oid_len);
    memcpy(out + sizeof head + oid_len, tail, sizeof tail);
    memcpy(out + sizeof head + oid_len + sizeof tail, hash, hash_len);
    return 10 + oid_len + hash_len;
}

/* Whether encoded is 00 01 FF ... FF 00 and info: all bytes are compared, none is parsed. */
static int encodes(const unsigned char *encoded, size_t len, const unsigned char *info,
                   size_t info_len)
{
    size_t end = len - info_len - 1; /* of the padding */
    int good = encoded[0] == 0 && encoded[1] == 1 && encoded[end] == 0;

    for (size_t i = 2; i < end; i++)
        good = good && encoded[i] == 0xff;
    return good && memcmp(encoded + end + 1, info, info_len) == 0;
}

/* memory: 4 * limbs + 1; the result begins at memory + limbs. */
static int open_signature(const mbedtls_mpi *n, const mbedtls_mpi *e,
                          const unsigned char *signature, mbedtls_mpi_uint *memory)
{
    struct modulus m = {n->MBEDTLS_PRIVATE(p), n->MBEDTLS_PRIVATE(n), 0, NULL};
    mbedtls_mpi_uint *x = memory, *base = x + m.limbs;
    size_t len = mbedtls_mpi_size(n);

    m.scratch = base + m.limbs;
    m.mm = mbedtls_mpi_core_montmul_init(m.n);
    if (mbedtls_mpi_core_read_be(x, m.limbs, signature, len) != 0 ||
        mbedtls_mpi_core_sub(base, x, m.n, m.limbs) == 0)
        return MBEDTLS_ERR_RSA_VERIFY_FAILED; /* not below n (5.2.2) */
    power(&m, x, e, base);
    return mbedtls_mpi_core_write_be(x, m.limbs, (unsigned char *)base, len);
}

int tk_rsa_verify(const mbedtls_mpi *n, const mbedtls_mpi *e, mbedtls_md_type_t md,
                  const unsigned char *hash, size_t hash_len, const unsigned char *signature)
{
    unsigned char info[INFO_MAX];
    size_t info_len = digest_info(md, hash, hash_len, info), len = mbedtls_mpi_size(n);
    size_t limbs = n->MBEDTLS_PRIVATE(n);

    if (info_len == 0 || len < info_len + 11)
        return MBEDTLS_ERR_RSA_BAD_INPUT_DATA;
    mbedtls_mpi_uint *memory = mbedtls_calloc(4 * limbs + 1, sizeof *memory);

    if (memory == NULL)
        return MBEDTLS_ERR_MPI_ALLOC_FAILED;
    int ret = open_signature(n, e, signature, memory);

    if (ret == 0 && !encodes((unsigned char *)(memory + limbs), len, info, info_len))
        ret = MBEDTLS_ERR_RSA_VERIFY_FAILED;
    mbedtls_free(memory);
    return ret;
}
