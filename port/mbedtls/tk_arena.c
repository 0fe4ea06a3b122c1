/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_arena.h"

#include <mbedtls/platform_util.h>
#include <string.h>

#define UNIT   8u
#define HEADER sizeof(struct tk_arena_block)

typedef struct tk_arena_block block;

/* The payload of a hole: its links in the list of holes. */
struct links {
    block *previous, *next;
};

#define MIN_UNITS ((HEADER + sizeof(struct links) + UNIT - 1) / UNIT)

static size_t units(const block *b)
{
    return b->size >> 1;
}

static void *payload(block *b)
{
    return (uint8_t *)b + HEADER;
}

static block *block_of(void *p)
{
    return (block *)(void *)((uint8_t *)p - HEADER);
}

static block *after(block *b)
{
    return (block *)(void *)((uint8_t *)b + units(b) * UNIT);
}

static block *before(block *b)
{
    return (block *)(void *)((uint8_t *)b - b->before * UNIT);
}

static void set_size(block *b, size_t size, int in_use)
{
    b->size = (uint16_t)(size << 1 | (unsigned)in_use);
    after(b)->before = (uint16_t)size;
}

/* --- holes --- */

static void add_hole(struct tk_arena *arena, block *b)
{
    struct links *l = payload(b);

    l->previous = NULL;
    l->next = arena->holes;
    if (l->next != NULL)
        ((struct links *)payload(l->next))->previous = b;
    arena->holes = b;
}

static void remove_hole(struct tk_arena *arena, block *b)
{
    struct links *l = payload(b);

    if (l->previous != NULL)
        ((struct links *)payload(l->previous))->next = l->next;
    else
        arena->holes = l->next;
    if (l->next != NULL)
        ((struct links *)payload(l->next))->previous = l->previous;
}

static block *smallest_hole(const struct tk_arena *arena, size_t wanted)
{
    block *best = NULL;

    for (block *b = arena->holes; b != NULL; b = ((struct links *)payload(b))->next) {
        if (units(b) == wanted)
            return b;
        if (units(b) > wanted && (best == NULL || units(b) < units(best)))
            best = b;
    }
    return best;
}

/* --- blocks --- */

void tk_arena_init(struct tk_arena *arena, void *memory, size_t size)
{
    uint8_t *end = (uint8_t *)memory + (size < TK_ARENA_MAX ? size : TK_ARENA_MAX);
    uint8_t *start = memory;

    while (((uintptr_t)start + HEADER) % UNIT != 0)
        start++;
    size_t all = (size_t)(end - start - HEADER) / UNIT;

    *arena = (struct tk_arena){.first = (block *)(void *)start};
    arena->first->before = 0;
    set_size(arena->first, all, 0);
    after(arena->first)->size = 1; /* end marker: an empty block in use */
    add_hole(arena, arena->first);
}

/* Allocates from a hole; the remainder becomes a hole of its own. */
static void take(struct tk_arena *arena, block *b, size_t wanted)
{
    size_t rest = units(b) - wanted;

    remove_hole(arena, b);
    if (rest < MIN_UNITS) {
        set_size(b, units(b), 1);
        return;
    }
    set_size(b, wanted, 1);
    set_size(after(b), rest, 0);
    add_hole(arena, after(b));
}

void *tk_arena_calloc(struct tk_arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > TK_ARENA_MAX / size)
        return NULL;
    size *= count;
    size_t wanted = (size + HEADER + UNIT - 1) / UNIT;

    if (wanted < MIN_UNITS)
        wanted = MIN_UNITS;
    block *b = smallest_hole(arena, wanted);

    if (b == NULL)
        return NULL;
    take(arena, b, wanted);
    arena->used += units(b) * UNIT;
    if (arena->used > arena->peak)
        arena->peak = arena->used;
    return memset(payload(b), 0, size);
}

void tk_arena_free(struct tk_arena *arena, void *p)
{
    if (p == NULL)
        return;
    block *b = block_of(p);
    size_t size = units(b);

    arena->used -= size * UNIT;
    mbedtls_platform_zeroize(p, size * UNIT - HEADER);
    if ((after(b)->size & 1) == 0) {
        remove_hole(arena, after(b));
        size += units(after(b));
    }
    if (b->before != 0 && (before(b)->size & 1) == 0) {
        b = before(b);
        remove_hole(arena, b);
        size += units(b);
    }
    set_size(b, size, 0);
    add_hole(arena, b);
}

size_t tk_arena_largest(const struct tk_arena *arena)
{
    size_t largest = 0;

    for (block *b = arena->holes; b != NULL; b = ((struct links *)payload(b))->next) {
        if (units(b) > largest)
            largest = units(b);
    }
    return largest == 0 ? 0 : largest * UNIT - HEADER;
}
