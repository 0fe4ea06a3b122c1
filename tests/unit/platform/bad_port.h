/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BAD_PORT_H
#define BAD_PORT_H

/* The POSIX port with one bug: each function of the contract is wrapped (-Wl,--wrap). */

#include "tk_flash.h"
#include "tk_posix.h"

enum bug {
    NO_BUG,
    CLOCK_STOPPED,
    CLOCK_RUNS_BACK,
    CLOCK_DOUBLE,
    CLOCK_HALF,
    CLOCK_DOUBLE_WITHOUT_WALL,
    WALL_WRITES_WITHOUT_TIME,
    WALL_OF_CONSOLE,
    WALL_IN_MS,
    WAIT_LATE,
    WAIT_SLEEPS_IN_PAST,
    WAIT_SPINS,
    WAIT_IGNORES_EVENTS,
    ENTROPY_WRITES_UNSEEDED,
    ENTROPY_UNKNOWN_RESULT,
    ENTROPY_SHORT,
    ENTROPY_REPEATS,
    ENTROPY_OVERRUNS,
    ENTROPY_REFUSES_LENGTH_0,
    FLASH_BAD_GEOMETRY,
    FLASH_ERASE_SHORT,
    FLASH_ERASE_NEIGHBOUR,
    FLASH_ERASE_SLOW,
    FLASH_PROGRAM_NEIGHBOUR,
    FLASH_PAGE_WRAPS,
    FLASH_UNIT_IS_8,
    FLASH_ALIASES,
    FLASH_IGNORES_PROGRAM,
    FLASH_ALIGNS_READS,
    FLASH_READ_OVERRUNS,
    FLASH_SYNC_FAILS,
    LOOKUP_REVERSES_BYTES,
    LOOKUP_REVERSES_IPV6,
    LOOKUP_MAPS_IPV4,
    NO_ROOM_IS_AN_ERROR,
    LOOKUP_FINDS_ALL_NAMES,
    LOOKUP_WITHOUT_ADDRESS,
    CANCEL_LEAKS,
    REFUSED_IS_CONNECTED,
    HANDLE_IN_USE,
    CLOSE_LEAKS,
    RECV_0_WITHOUT_DATA,
    RECV_0_AT_END,
    RECV_LOSES_LAST_BYTES,
    SEND_LOSES_BYTES,
    SEND_0,
    CONSOLE_READ_OVERRUNS,
    CONSOLE_NEVER_EMPTY,
    CONSOLE_WRITE_OVERCOUNTS,
    CONSOLE_NEVER_WRITES,
    ID_WITH_SPACE,
    ID_CHANGES,
    KEY_CHANGES,
    KEY_BLANK,
    WATCHDOG_HASTY
};

/* Before any other call of the port. */
void bad_port_begin(enum bug which);

/* The same for a flash; it refers to the one given. */
struct tk_flash bad_port_flash(const struct tk_flash *flash);

#endif
