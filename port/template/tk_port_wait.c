/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_sock.h"

/* FIXME tk_sock.h: sleep until the tick reaches until_ms, or an interrupt or a socket wakes the
 * loop. Mask interrupts between the last check and the sleep (or use what your system offers) so
 * that no wake-up is lost. To start with, returning at once works, but never sleeps. */
void tk_wait(struct tk_port *port, uint64_t until_ms)
{
    (void)port;
    (void)until_ms;
}
