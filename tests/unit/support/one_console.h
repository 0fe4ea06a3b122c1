/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ONE_CONSOLE_H
#define ONE_CONSOLE_H

/* A world for each test, with a terminal on its first console line. Include after cmocka.h. */

#include "world.h"

#include <string.h>

static struct world w;
static char out[65536];

static inline void collect(void)
{
    size_t len = strlen(out);

    len += tk_sim_console_drain(&w.port, 0, out + len, sizeof out - 1 - len);
    out[len] = '\0';
}

/* Sends bytes as a terminal does; the output is in `out`. */
static inline const char *type_bytes(const char *bytes, size_t len)
{
    out[0] = '\0';
    tk_sim_console_feed(&w.port, 0, bytes, len);
    for (int i = 0; i < 50; i++) {
        tk_keeper_run(&w.keeper);
        collect();
    }
    return out;
}

static inline const char *type(const char *text)
{
    return type_bytes(text, strlen(text));
}

static inline int set_up(void **state)
{
    (void)state;
    world_init(&w, 3);
    type("");
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    world_free(&w);
    return 0;
}

#endif
