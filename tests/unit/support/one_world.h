/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ONE_WORLD_H
#define ONE_WORLD_H

/* A world for each test: cmocka_unit_test_setup_teardown(test, set_up, tear_down). Include after
 * cmocka.h; WORLD_SEED may be defined before. */

#include "world.h"

#ifndef WORLD_SEED
#define WORLD_SEED 7
#endif

static struct world w;

static inline int set_up(void **state)
{
    (void)state;
    world_init(&w, WORLD_SEED);
    return 0;
}

/* Also checks that the store kept to the flash contract. */
static inline int tear_down(void **state)
{
    (void)state;
    assert_int_equal(w.flash.violations, 0);
    world_free(&w);
    return 0;
}

static inline void assert_status(const char *key, const char *value)
{
    assert_string_equal(world_status(&w, key), value);
}

/* The true time. */
static inline int64_t truth(void)
{
    return WORLD_UNIX + (int64_t)(w.port.now_ms / 1000);
}

#endif
