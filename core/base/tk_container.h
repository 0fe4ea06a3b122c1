/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CONTAINER_H
#define TK_CONTAINER_H

#include <stddef.h>

/* The struct `type` whose member `member` is at `pointer`: how a callback finds its owner. */
#define TK_CONTAINER_OF(pointer, type, member)                                                     \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
