/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SUPERVISOR_H
#define TK_SUPERVISOR_H

/*
 * Reports the state of this process to the service manager that started it, as sd_notify(3)
 * describes: datagrams on $NOTIFY_SOCKET, and a watchdog of $WATCHDOG_USEC. Without these variables
 * the functions do nothing. Spoken here rather than by libsystemd: it is one sendto, and a static
 * binary needs no library for it.
 *
 * Main loop only. A datagram that cannot be sent is lost: the manager's watchdog then ends us.
 */

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct tk_supervisor {
    int fd; /* -1: no service manager listens */
    struct sockaddr_un to;
    socklen_t to_len;
    uint32_t period_ms; /* between two signs of life; 0: the manager has no watchdog for us */
    uint64_t next_ms;
};

/* Reads the environment and removes the variables from it: children do not report. */
void tk_supervisor_open(struct tk_supervisor *s);
void tk_supervisor_close(struct tk_supervisor *s);

/* Sends one assignment: "READY=1", "STOPPING=1" or "STATUS=...". */
void tk_supervisor_report(const struct tk_supervisor *s, const char *assignment);

/* To be called in each pass of the main loop. Returns the tick (ms) of the next sign of life,
 * UINT64_MAX without a watchdog. */
uint64_t tk_supervisor_feed(struct tk_supervisor *s, uint64_t now_ms);

#endif
