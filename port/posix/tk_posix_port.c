/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* sigaction */
#include "tk_posix_private.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static void ignore_sigpipe(void)
{
    struct sigaction now;

    if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
        (void)signal(SIGPIPE, SIG_IGN);
}

void tk_posix_init(struct tk_port *port)
{
    memset(port, 0, sizeof *port);
    ignore_sigpipe();
    port->timer = tk_posix_timer_open();
    tk_posix_wake_init(port);
    tk_posix_lookup_init(port);
    tk_posix_sock_init(port);
    tk_posix_console_init(port);
    tk_posix_id_init(port, "/etc/machine-id");
}

void tk_posix_free(struct tk_port *port)
{
    for (unsigned i = 0; i < TK_POSIX_CONSOLES; i++)
        tk_posix_console_detach(port, i);
    tk_posix_sock_free(port);
    tk_posix_lookup_free(port);
    tk_posix_wake_free(port);
    if (port->timer >= 0)
        close(port->timer);
    port->timer = -1;
    memset(port->key, 0, sizeof port->key);
}
