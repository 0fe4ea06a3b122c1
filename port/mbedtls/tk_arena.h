/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ARENA_H
#define TK_ARENA_H

/*
 * A heap in memory of the caller's, for a board whose libc should bring none. Four bytes a block,
 * eight-byte alignment, the smallest hole that fits is taken, neighbours join when freed.
 *
 *      | header 4 | payload, 8-byte aligned ... | header 4 | ... | end 4 |
 *      header: size of this block and of the one before it, in units of 8 bytes; lowest bit: in use
 *      a hole's payload: the holes before and after it in the list
 */

#include <stddef.h>
#include <stdint.h>

struct tk_arena_block {
    uint16_t size;   /* units << 1 | in use */
    uint16_t before; /* units of the block before this one; 0: it is the first */
};

struct tk_arena {
    struct tk_arena_block *first;
    struct tk_arena_block *holes;
    size_t used, peak; /* bytes, headers included */
};

enum { TK_ARENA_MAX = 256 * 1024 - 16 };

/* memory lives as long as the arena; size at most TK_ARENA_MAX, what is more is not used. */
void tk_arena_init(struct tk_arena *arena, void *memory, size_t size);

/* Cleared memory, or NULL. */
void *tk_arena_calloc(struct tk_arena *arena, size_t count, size_t size);

/* Overwrites and takes back; NULL is nothing. */
void tk_arena_free(struct tk_arena *arena, void *p);

/* The bytes of the largest block that would be given now. */
size_t tk_arena_largest(const struct tk_arena *arena);

#endif
