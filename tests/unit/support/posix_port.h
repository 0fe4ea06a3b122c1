/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POSIX_PORT_H
#define POSIX_PORT_H

/* A POSIX port for each test, as its state. Include after cmocka.h. */

#include "patience.h"
#include "tk_clock.h"
#include "tk_posix.h"

static inline int set_up(void **state)
{
    struct tk_port *port = malloc(sizeof *port);

    tk_posix_init(port);
    *state = port;
    return 0;
}

static inline int tear_down(void **state)
{
    tk_posix_free(*state);
    free(*state);
    return 0;
}

static inline uint64_t now(void)
{
    return tk_clock_now_ms(NULL);
}

/* For polling loops; fails the test when that takes too long. */
static inline void poll_again(struct tk_port *port, uint64_t start_ms)
{
    assert_true(now() < start_ms + patient_ms());
    tk_wait(port, start_ms + patient_ms());
}

/* A pattern of bytes. */
static inline uint8_t letter(size_t at)
{
    return (uint8_t)(at * 7 + at / 251);
}

#endif
