/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_mbedtls.h"

#include "tk_arena.h"
#include "tk_clock.h"
#include "tk_device.h"
#include "tk_entropy.h"

#include <mbedtls/platform.h>
#include <mbedtls/platform_time.h>
#include <mbedtls/platform_util.h>
#include <stdlib.h>
#if defined(MBEDTLS_PSA_CRYPTO_C)
#include <psa/crypto.h>
#endif

static struct {
    struct tk_port *port;
    int64_t unix_s;
    uint64_t at_ms;
    bool refused;
#if defined(MBEDTLS_PLATFORM_CALLOC_MACRO)
    struct tk_arena arena;
    size_t blocks;
#else
    size_t limit;
    struct tk_mbedtls_heap heap;
#endif
} process;

/* --- the heap --- */

#if defined(MBEDTLS_PLATFORM_CALLOC_MACRO)

void *tk_mbedtls_calloc(size_t count, size_t size)
{
    void *p = tk_arena_calloc(&process.arena, count, size);

    process.blocks += p != NULL;
    process.refused = process.refused || p == NULL;
    return p;
}

void tk_mbedtls_free(void *p)
{
    tk_arena_free(&process.arena, p);
}

void tk_mbedtls_heap(struct tk_mbedtls_heap *out)
{
    *out = (struct tk_mbedtls_heap){process.arena.used, process.arena.peak, process.blocks};
}

void tk_mbedtls_heap_reset(void)
{
    process.arena.peak = process.arena.used;
    process.blocks = 0;
}

#else

/* Precedes each block; keeps it aligned for any type. */
union header {
    size_t size;
    long double align;
    void *align_too;
};

static void *refuse(void)
{
    process.refused = true;
    return NULL;
}

static void *heap_calloc(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / 2 / size)
        return refuse();
    size *= count;
    if (process.limit != 0 && size > process.limit - process.heap.used)
        return refuse();
    union header *block = calloc(1, sizeof *block + size);

    if (block == NULL)
        return refuse();
    block->size = size;
    process.heap.used += size;
    process.heap.blocks++;
    if (process.heap.used > process.heap.peak)
        process.heap.peak = process.heap.used;
    return block + 1;
}

static void heap_free(void *p)
{
    if (p == NULL)
        return;
    union header *block = (union header *)p - 1;

    process.heap.used -= block->size;
    mbedtls_platform_zeroize(p, block->size);
    free(block);
}

void tk_mbedtls_heap(struct tk_mbedtls_heap *out)
{
    *out = process.heap;
}

void tk_mbedtls_heap_reset(void)
{
    process.heap.peak = process.heap.used;
    process.heap.blocks = 0;
}

#endif

bool tk_device_alloc_failed(struct tk_port *port)
{
    bool refused = process.refused;

    (void)port;
    process.refused = false;
    return refused;
}

/* --- time --- */

mbedtls_time_t tk_mbedtls_time(mbedtls_time_t *out)
{
    uint64_t passed_ms = tk_clock_now_ms(process.port) - process.at_ms;
    mbedtls_time_t now = (mbedtls_time_t)(process.unix_s + (int64_t)(passed_ms / 1000));

    if (out != NULL)
        *out = now;
    return now;
}

/* Used for the age of a TLS 1.3 ticket. Only differences count, so that the tick will do. */
mbedtls_ms_time_t mbedtls_ms_time(void)
{
    return (mbedtls_ms_time_t)tk_clock_now_ms(process.port);
}

#if defined(MBEDTLS_PLATFORM_CALLOC_MACRO)

void tk_mbedtls_init(struct tk_port *port, void *memory, size_t size)
{
    process.port = port;
    tk_arena_init(&process.arena, memory, size);
}

#else

void tk_mbedtls_init(struct tk_port *port, size_t heap_limit)
{
    process.port = port;
    process.limit = heap_limit;
    mbedtls_platform_set_calloc_free(heap_calloc, heap_free);
    mbedtls_platform_set_time(tk_mbedtls_time);
#if defined(MBEDTLS_PSA_CRYPTO_C)
    (void)psa_crypto_init(); /* a failure is reported by the handshake */
#endif
}

#endif

void tk_mbedtls_set_time(int64_t unix_s)
{
    process.unix_s = unix_s;
    process.at_ms = tk_clock_now_ms(process.port);
}

#if defined(MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG)
psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context,
                                             uint8_t *output, size_t size, size_t *length)
{
    (void)context;
    if (tk_entropy_get(process.port, output, size) != TK_ENTROPY_OK)
        return PSA_ERROR_INSUFFICIENT_ENTROPY;
    *length = size;
    return PSA_SUCCESS;
}
#endif
