/* SPDX-License-Identifier: Apache-2.0 */

/* A seal for the proof: not a real cipher, but as strict as one. */

#include "proof.h"

#include <string.h>

static uint64_t add(uint64_t hash, const void *data, size_t len)
{
    const uint8_t *p = data;

    while (len-- > 0)
        hash = (hash ^ *p++) * 0x100000001b3u;
    return hash;
}

static uint8_t key_byte(const uint8_t *nonce, uint32_t at)
{
    uint64_t word;

    memcpy(&word, nonce + 4, sizeof word);
    return (uint8_t)(mix(word, at / 8) >> at % 8 * 8);
}

static void seal_begin(void *ctx, const uint8_t *nonce)
{
    struct test_seal *seal = ctx;

    seal->derives_nonce = nonce == NULL;
    seal->is_header = false;
    seal->hash = seal->plain = 0xcbf29ce484222325u;
    seal->offset = 0;
    seal->writes = seal->writes && nonce != NULL;
    if (nonce == NULL)
        return;
    memcpy(seal->nonce, nonce, sizeof seal->nonce);
    seal->hash = add(seal->hash, nonce, TK_STORE_NONCE);
}

static void seal_head(void *ctx, const void *data, size_t len)
{
    struct test_seal *seal = ctx;

    seal->is_header = seal->is_header || (len == 4 && memcmp(data, "\0\0\0", 4) == 0);
    seal->hash = add(seal->hash, data, len);
    seal->plain = add(seal->plain, data, len);
}

static void seal_values(void *ctx, const void *data, size_t len)
{
    struct test_seal *seal = ctx;
    const uint8_t *p = data;

    seal->hash = add(seal->hash, data, len);
    for (size_t i = 0; i < len && seal->writes; i++) {
        uint8_t byte = p[i] ^ key_byte(seal->nonce, seal->offset++);

        seal->plain = add(seal->plain, &byte, 1);
    }
}

static void seal_end(void *ctx, uint8_t out[TK_STORE_TAG])
{
    struct test_seal *seal = ctx;
    uint64_t more = mix(seal->hash, 7);

    const struct device *d = seal->device;

    /* after a cut or a failed read the record does not count */
    if (seal->writes && !d->sim.off && !d->store.read_failed &&
        memcmp(&seal->plain, seal->nonce, sizeof seal->plain) != 0)
        seal->misused++;
    seal->writes = seal->derives_nonce && !seal->is_header;
    memcpy(out, &seal->hash, sizeof seal->hash);
    memcpy(out + 8, &more, sizeof more);
}

static void seal_crypt(void *ctx, const uint8_t nonce[TK_STORE_NONCE], uint32_t offset, void *data,
                       size_t len)
{
    uint8_t *p = data;

    (void)ctx;
    for (uint32_t i = 0; i < len; i++)
        p[i] ^= key_byte(nonce, offset + i);
}

void test_seal_init(struct test_seal *seal, const struct device *device)
{
    *seal = (struct test_seal){.store = {.ctx = seal,
                                         .begin = seal_begin,
                                         .add_head = seal_head,
                                         .add_values = seal_values,
                                         .end = seal_end,
                                         .crypt = seal_crypt},

                               .device = device};
}
