/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_MBEDTLS_H
#define TK_MBEDTLS_H

/*
 * The parts of mbedTLS that exist once per process: its heap, its time and, for the PSA part of TLS
 * 1.3, its random numbers. All three come from one port. Main loop only.
 */

#include <mbedtls/build_info.h>
#include <mbedtls/platform_time.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tk_port;

/* Called once, before the first keeper. The heap overwrites blocks when they are freed. */
#if defined(MBEDTLS_PLATFORM_CALLOC_MACRO)
/* memory: the heap, for the life of the program. */
void tk_mbedtls_init(struct tk_port *port, void *memory, size_t size);
#else
/* heap_limit: most bytes in use, beyond which allocations fail; 0: no limit. */
void tk_mbedtls_init(struct tk_port *port, size_t heap_limit);
#endif

/* time() of mbedTLS. */
mbedtls_time_t tk_mbedtls_time(mbedtls_time_t *out);

/* Called by tk_clock_set_unix: time() is unix_s now and advances with the tick. */
void tk_mbedtls_set_time(int64_t unix_s);

struct tk_mbedtls_heap {
    size_t used;   /* bytes now; in an arena including headers */
    size_t peak;   /* highest use since tk_mbedtls_heap_reset */
    size_t blocks; /* allocations since tk_mbedtls_heap_reset */
};

void tk_mbedtls_heap(struct tk_mbedtls_heap *out);
void tk_mbedtls_heap_reset(void);

#ifdef __cplusplus
}
#endif

#endif
