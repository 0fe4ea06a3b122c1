/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LWIP_LOOKUP_H
#define LWIP_LOOKUP_H

/* Lookups of the port of wire.h. The last one, and its addresses: */

#include "lwip_sock.h"

static int lookup;
static struct tk_addr addrs[TK_SOCK_ADDRS];
static int found;

static bool answered(void)
{
    found = tk_sock_lookup_poll(port, lookup, addrs, TK_SOCK_ADDRS);
    return found != TK_SOCK_AGAIN;
}

/* Runs until it is answered. The number of addresses, or the error of tk_sock_lookup. */
static int resolve(const char *name)
{
    lookup = tk_sock_lookup(port, name);
    if (lookup < 0)
        return lookup;
    assert_true(wire_until(answered, 60000));
    return found;
}

#endif
