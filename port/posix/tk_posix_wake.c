/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* pipe2 */
#include "tk_posix_private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void tk_posix_wake_init(struct tk_port *port)
{
    port->wake[0] = port->wake[1] = -1;
}

int tk_posix_wake_open(struct tk_port *port)
{
    return port->wake[0] >= 0 ? 0 : pipe2(port->wake, O_CLOEXEC | O_NONBLOCK);
}

/* A full pipe has woken it already. */
void tk_posix_wake(const struct tk_port *port)
{
    int before = errno;

    while (write(port->wake[1], "", 1) < 0 && errno == EINTR)
        continue;
    errno = before;
}

/* A wake-up after this ends the next tk_wait. */
void tk_posix_wake_drain(const struct tk_port *port)
{
    char bytes[64];

    while (port->wake[0] >= 0 && read(port->wake[0], bytes, sizeof bytes) == sizeof bytes)
        continue;
}

void tk_posix_wake_free(struct tk_port *port)
{
    if (port->wake[0] >= 0) {
        close(port->wake[0]);
        close(port->wake[1]);
    }
    tk_posix_wake_init(port);
}
