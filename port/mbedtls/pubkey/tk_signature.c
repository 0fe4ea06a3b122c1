/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_signature.h"

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <string.h>

#define SEQUENCE (MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE)

/* Reads a positive INTEGER of at most `octets` octets in DER. Returns the octets of der that it
 * takes, 0 if it is not one. */
static size_t read_integer(const uint8_t *der, size_t len, uint8_t *out, size_t octets)
{
    if (len < 3 || der[0] != MBEDTLS_ASN1_INTEGER || der[1] == 0 || der[1] > len - 2)
        return 0;
    size_t size = der[1];
    const uint8_t *value = der + 2;
    size_t zero = value[0] == 0; /* DER has it only in front of a set highest bit */

    if (size > zero + octets || (value[0] & 0x80) != 0 ||
        (zero == 1 && (size == 1 || (value[1] & 0x80) == 0)))
        return 0;
    memset(out, 0, octets);
    memcpy(out + octets - (size - zero), value + zero, size - zero);
    return 2 + size;
}

bool tk_signature_read(const struct tk_curve *c, const uint8_t *der, size_t len, uint8_t *r,
                       uint8_t *s)
{
    if (len < 2 || der[0] != SEQUENCE || der[1] != len - 2) /* two numbers are below 128 octets */
        return false;
    der += 2;
    len -= 2;
    size_t first = read_integer(der, len, r, c->octets);

    return first > 0 && read_integer(der + first, len - first, s, c->octets) == len - first &&
           len > first;
}

size_t tk_signature_digest_info(mbedtls_md_type_t md, const uint8_t *hash, size_t len,
                                uint8_t out[TK_DIGEST_INFO_MAX])
{
    const char *oid;
    size_t oid_len;

    if (mbedtls_oid_get_oid_by_md(md, &oid, &oid_len) != 0 ||
        len != mbedtls_md_get_size_from_type(md))
        return 0;
    const uint8_t head[] = {SEQUENCE,         (uint8_t)(8 + oid_len + len),
                            SEQUENCE,         (uint8_t)(4 + oid_len),
                            MBEDTLS_ASN1_OID, (uint8_t)oid_len};
    const uint8_t tail[] = {MBEDTLS_ASN1_NULL, 0, MBEDTLS_ASN1_OCTET_STRING, (uint8_t)len};

    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, oid, oid_len);
    memcpy(out + sizeof head + oid_len, tail, sizeof tail);
    memcpy(out + sizeof head + oid_len + sizeof tail, hash, len);
    return 10 + oid_len + len;
}

bool tk_signature_is_encoded(const uint8_t *encoded, size_t len, const uint8_t *info,
                             size_t info_len)
{
    if (info_len == 0 || len < info_len + 11)
        return false;
    size_t end = len - info_len - 1; /* of the padding */
    bool good = encoded[0] == 0 && encoded[1] == 1 && encoded[end] == 0;

    for (size_t i = 2; i < end; i++)
        good = good && encoded[i] == 0xff;
    return good && memcmp(encoded + end + 1, info, info_len) == 0;
}
