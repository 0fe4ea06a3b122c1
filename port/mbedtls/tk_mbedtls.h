/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_MBEDTLS_H
#define TK_MBEDTLS_H

/*
 * What mbedTLS has once a process, not once a keeper: its heap, its time and, for the PSA part of
 * TLS 1.3, its random source. All three come from one port.
 */

#include <mbedtls/build_info.h>
#include <mbedtls/platform_time.h>
#include <stddef.h>
#include <stdint.h>

struct tk_port;

/* Once, before the first keeper. The heap answers "no memory" above heap_limit bytes in use (0: no
 * limit), and overwrites what it frees. */
#if defined(MBEDTLS_PLATFORM_CALLOC_MACRO)
/* ... A board's heap: memory is its, for ever. */
void tk_mbedtls_init(struct tk_port *port, void *memory, size_t size);
#else
void tk_mbedtls_init(struct tk_port *port, size_t heap_limit);
#endif

/* mbedTLS' time(). */
mbedtls_time_t tk_mbedtls_time(mbedtls_time_t *out);

/* From tk_clock_set_unix: time() is unix_s now and runs on with the tick. */
void tk_mbedtls_set_time(int64_t unix_s);

struct tk_mbedtls_heap {
    size_t used;   /* bytes now: as asked for, or with headers in an arena */
    size_t peak;   /* most since tk_mbedtls_heap_reset */
    size_t blocks; /* allocations since tk_mbedtls_heap_reset */
};

void tk_mbedtls_heap(struct tk_mbedtls_heap *out);
void tk_mbedtls_heap_reset(void);

#endif
