/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_POSIX_PRIVATE_H
#define TK_POSIX_PRIVATE_H

/* Shared by the files of this port. */

#include "tk_posix.h"

#include <poll.h>

enum {
    TK_POSIX_POLLED =
        2 + TK_POSIX_LOOKUPS + 2 * TK_POSIX_SOCKETS + 2 * TK_POSIX_CONSOLES + TK_POSIX_WATCHES
};

/* The number of the interface in the bytes of a link-local tk_addr, in network byte order. */
enum { TK_POSIX_SCOPE = 4 };

uint64_t tk_posix_now_ms(void);

/* A timer descriptor that becomes readable at a tick, even if the machine was suspended; -1 where
 * the system has none. */
int tk_posix_timer_open(void);
int tk_posix_timer_set(int timer, uint64_t at_ms); /* 0, or -1 */

/* Sets id and id_error of this machine. machine_id: path of the file of machine-id(5). */
void tk_posix_id_init(struct tk_port *port, const char *machine_id);

void tk_posix_wake_init(struct tk_port *port);
void tk_posix_wake_free(struct tk_port *port);
void tk_posix_wake_drain(const struct tk_port *port);
void tk_posix_lookup_init(struct tk_port *port);
void tk_posix_lookup_free(struct tk_port *port);
void tk_posix_sock_init(struct tk_port *port);
void tk_posix_sock_free(struct tk_port *port);
void tk_posix_console_init(struct tk_port *port);

/* What one tk_wait waits for. Each part of the port adds its descriptors, or conditions that are
 * already met. interest NULL: always wanted. */
struct tk_posix_wait_set {
    struct pollfd fds[TK_POSIX_POLLED];
    struct tk_posix_interest *interests[TK_POSIX_POLLED];
    nfds_t count;
    bool met;         /* a condition is met: do not sleep */
    bool short_sleep; /* a condition was skipped: sleep for a short time only */
};

void tk_posix_set_wanted(struct tk_posix_interest *interest, bool wanted);
void tk_posix_wait_fd(struct tk_posix_wait_set *w, int fd, short events,
                      struct tk_posix_interest *interest);
void tk_posix_wait_met(struct tk_posix_wait_set *w, struct tk_posix_interest *interest);

void tk_posix_lookup_add_waits(struct tk_port *port, struct tk_posix_wait_set *w);
void tk_posix_sock_add_waits(struct tk_port *port, struct tk_posix_wait_set *w);
void tk_posix_console_add_waits(struct tk_port *port, struct tk_posix_wait_set *w);

/* Writes output that was buffered for a slow terminal. */
void tk_posix_console_flush(struct tk_port *port);

#endif
