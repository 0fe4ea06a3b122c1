/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_sock.h"

/* FIXME tk_sock.h: sleep until the tick, or until an interrupt or a socket has news. With
 * interrupts masked between the last look and the sleep, or whatever your system has for it, so
 * that no news is lost between. To begin with, returning at once works, and never rests. */
void tk_wait(struct tk_port *port, uint64_t until_ms)
{
    (void)port;
    (void)until_ms;
}
