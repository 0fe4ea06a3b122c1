/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ARENA_H
#define TK_ARENA_H

/*
 * A heap in one array, for boards that do not link malloc. Best fit, 8-byte alignment, 4 bytes of
 * header per block; adjacent holes are merged when a block is freed. Main loop only.
 *
 *      | header 4 | payload, 8-byte aligned ... | header 4 | ... | end 4 |
 *      header: size of this block and of the one before it, in units of 8 bytes; lowest bit: in use
 *      a hole's payload: the holes before and after it in the list
 */

#include <stddef.h>
#include <stdint.h>

struct tk_arena_block {
    uint16_t size;   /* units << 1 | in use */
    uint16_t before; /* units of the previous block; 0: this is the first */
};

struct tk_arena {
    struct tk_arena_block *first;
    struct tk_arena_block *holes;
    size_t used, peak; /* bytes, headers included */
};

enum { TK_ARENA_MAX = 256 * 1024 - 16 };

/* memory must live as long as the arena. Of more than TK_ARENA_MAX bytes the rest is unused. */
void tk_arena_init(struct tk_arena *arena, void *memory, size_t size);

/* Returns zeroed memory, or NULL. */
void *tk_arena_calloc(struct tk_arena *arena, size_t count, size_t size);

/* Overwrites and frees a block; p may be NULL. */
void tk_arena_free(struct tk_arena *arena, void *p);

/* The size in bytes of the largest block that can be allocated now. */
size_t tk_arena_largest(const struct tk_arena *arena);

#endif
