/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_LOAD_H
#define STORE_LOAD_H

/* A gateway's load on its store: nine values at first, then commits of four (268 bytes), as a token
 * refresh makes them. Include after cmocka.h. */

#include "tk_sim_flash.h"
#include "tk_store.h"

#include <string.h>

enum { STATIC = 5, HOT = 4, KEYS = STATIC + HOT };

static const uint16_t lens[KEYS] = {24, 40, 50, 46, 60, 70, 70, 64, 64};
static struct tk_sim_flash f;
static struct tk_store s;

static inline void fill(uint8_t *value, int key, uint32_t commit)
{
    uint32_t x = commit * 2654435761u + (uint32_t)key * 40503u + 1;

    for (int i = 0; i < lens[key]; i++) {
        x = x * 1664525u + 1013904223u;
        value[i] = (uint8_t)(x >> 24);
    }
}

/* Commit 0 is provisioning: all nine. */
static inline int commit(uint32_t n)
{
    static uint8_t bytes[KEYS][70];
    struct tk_store_piece pieces[KEYS];
    struct tk_store_value values[KEYS];
    size_t count = 0;

    for (int key = n == 0 ? 0 : STATIC; key < KEYS; key++) {
        fill(bytes[key], key, n);
        pieces[key] = (struct tk_store_piece){bytes[key], lens[key]};
        values[count++] = (struct tk_store_value){(uint8_t)key, 1, &pieces[key]};
    }
    return tk_store_commit(&s, values, count);
}

static inline bool has(int key, uint32_t n)
{
    uint8_t got[70], want[70];

    fill(want, key, n);
    return tk_store_get(&s, (uint8_t)key, got, sizeof got) == lens[key] &&
           memcmp(got, want, lens[key]) == 0;
}

/* Whether the store holds exactly the values of commit n. */
static inline bool holds(uint32_t n)
{
    for (int key = 0; key < KEYS; key++) {
        if (!has(key, key < STATIC ? 0 : n))
            return false;
    }
    return true;
}

static inline bool is_blank(void)
{
    uint8_t got[70];

    for (int key = 0; key < KEYS; key++) {
        if (tk_store_get(&s, (uint8_t)key, got, sizeof got) != TK_STORE_MISSING)
            return false;
    }
    return true;
}

static inline void open_store(void)
{
    tk_sim_flash_power_on(&f);
    assert_int_equal(tk_store_open(&s, &f.flash, NULL), TK_STORE_OK);
}

static inline void begin(uint32_t size, uint32_t sectors, uint32_t unit)
{
    tk_sim_flash_init(&f, size, sectors, unit);
    open_store();
}

static inline void end(void)
{
    if (f.violations > 0)
        fail_msg("%s", f.violation);
    tk_sim_flash_free(&f);
}

static inline void run(uint32_t from, uint32_t to)
{
    for (uint32_t n = from; n < to; n++)
        assert_int_equal(commit(n), TK_STORE_OK);
}

#endif
