/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_sim_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *tk_sim_alloc(size_t size)
{
    void *p = malloc(size);

    if (p == NULL) {
        fputs("the simulation has no memory\n", stderr);
        abort();
    }
    return p;
}

void tk_sim_append(struct tk_sim_bytes *bytes, const void *data, size_t len)
{
    if (len > bytes->size - bytes->len) {
        size_t size = (bytes->len + len) * 2;
        uint8_t *bigger = tk_sim_alloc(size);

        if (bytes->len > 0)
            memcpy(bigger, bytes->data, bytes->len);
        free(bytes->data);
        bytes->data = bigger;
        bytes->size = size;
    }
    if (len > 0)
        memcpy(bytes->data + bytes->len, data, len);
    bytes->len += len;
}

size_t tk_sim_take(struct tk_sim_bytes *bytes, void *buf, size_t size)
{
    size_t n = size < bytes->len ? size : bytes->len;

    if (n == 0)
        return 0;
    memcpy(buf, bytes->data, n);
    bytes->len -= n;
    memmove(bytes->data, bytes->data + n, bytes->len);
    return n;
}
