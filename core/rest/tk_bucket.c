/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_bucket.h"

#define FILL_MS ((uint64_t)TK_BUCKET_DEPTH * TK_BUCKET_MS)

uint64_t tk_bucket_free_ms(const struct tk_bucket *b)
{
    return b->full_ms < FILL_MS - TK_BUCKET_MS ? 0 : b->full_ms - (FILL_MS - TK_BUCKET_MS);
}

void tk_bucket_take(struct tk_bucket *b, uint64_t now_ms)
{
    b->full_ms = (b->full_ms > now_ms ? b->full_ms : now_ms) + TK_BUCKET_MS;
}

void tk_bucket_empty(struct tk_bucket *b, uint64_t now_ms, uint32_t wait_ms)
{
    uint64_t full_ms = now_ms + wait_ms + FILL_MS - TK_BUCKET_MS;

    if (b->full_ms < full_ms)
        b->full_ms = full_ms;
}
