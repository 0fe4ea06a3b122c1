/* SPDX-License-Identifier: Apache-2.0 */
#include "pk_support.h"

#include <mbedtls/ecp.h>
#include <mbedtls/rsa.h>
#include <stdlib.h>
#include <string.h>

enum { SPKI_MAX = 1024 };

static const uint8_t p256[] = {0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                               0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t p384[] = {0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
                               0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
static const uint8_t rsa[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                              0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};

/* A tag and a length of two octets, which DER would write shorter for a small one: mbedTLS does not
 * mind. */
static size_t put_head(uint8_t *out, uint8_t tag, size_t len)
{
    const uint8_t head[] = {tag, 0x82, (uint8_t)(len >> 8), (uint8_t)len};

    memcpy(out, head, sizeof head);
    return sizeof head;
}

int pk_read_key(mbedtls_pk_context *pk, size_t octets, const uint8_t *key, size_t len)
{
    uint8_t spki[SPKI_MAX], *end = spki, *at = spki;
    const uint8_t *algorithm = octets == 32 ? p256 : octets == 48 ? p384 : rsa;
    size_t size = octets == 32 ? sizeof p256 : octets == 48 ? sizeof p384 : sizeof rsa;

    mbedtls_pk_init(pk);
    if (size + 1 + len + 8 > sizeof spki)
        abort();
    end += put_head(end, 0x30, size + 4 + 1 + len);
    memcpy(end, algorithm, size);
    end += size;
    end += put_head(end, 0x03, 1 + len);
    *end++ = 0; /* unused bits */
    memcpy(end, key, len);
    end += len;
    return mbedtls_pk_parse_subpubkey(&at, end, pk);
}

/* --- a port's part --- */

int pk_allocations_left = -1;

#if defined(PK_SMALL)
void *tk_mbedtls_calloc(size_t count, size_t size)
{
    return pk_allocations_left-- == 0 ? NULL : calloc(count, size);
}

void tk_mbedtls_free(void *p)
{
    free(p);
}

time_t tk_mbedtls_time(time_t *out)
{
    (void)out;
    return 0;
}

/* Of private keys, which nothing here parses; a firmware's linker leaves them out, one for
 * sanitizers does not. */
int mbedtls_rsa_parse_key(mbedtls_rsa_context *ctx, const unsigned char *key, size_t len);

int mbedtls_rsa_parse_key(mbedtls_rsa_context *ctx, const unsigned char *key, size_t len)
{
    (void)ctx, (void)key, (void)len;
    abort();
}

int mbedtls_mpi_read_binary(mbedtls_mpi *x, const unsigned char *octets, size_t len)
{
    (void)x, (void)octets, (void)len;
    abort();
}

int mbedtls_ecp_read_key(mbedtls_ecp_group_id id, mbedtls_ecp_keypair *key,
                         const unsigned char *octets, size_t len)
{
    (void)id, (void)key, (void)octets, (void)len;
    abort();
}

int mbedtls_ecp_mul(mbedtls_ecp_group *group, mbedtls_ecp_point *r, const mbedtls_mpi *m,
                    const mbedtls_ecp_point *p, int (*random)(void *, unsigned char *, size_t),
                    void *ctx)
{
    (void)group, (void)r, (void)m, (void)p, (void)random, (void)ctx;
    abort();
}
#endif
