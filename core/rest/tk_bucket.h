/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_BUCKET_H
#define TK_BUCKET_H

/*
 * The portal's limit of requests: TK_BUCKET_DEPTH at once, then TK_BUCKET_PER_S a second
 * (https://apidocs.bitrix24.com/limits.html). Pure functions; zeroed memory is a full bucket.
 */

#include <stdbool.h>
#include <stdint.h>

enum { TK_BUCKET_DEPTH = 50, TK_BUCKET_MS = 500 /* for each request */ };

struct tk_bucket {
    uint64_t full_ms; /* the tick at which it is full */
};

/* The tick at which a request may be sent; now_ms or earlier: at once. */
uint64_t tk_bucket_free_ms(const struct tk_bucket *b);

/* Counts a request that is sent now. */
void tk_bucket_take(struct tk_bucket *b, uint64_t now_ms);

/* The portal says that the limit is reached: nothing is sent for wait_ms, then one by one. */
void tk_bucket_empty(struct tk_bucket *b, uint64_t now_ms, uint32_t wait_ms);

#endif
