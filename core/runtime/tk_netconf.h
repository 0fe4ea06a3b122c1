/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_NETCONF_H
#define TK_NETCONF_H

/* The device's own network settings: IPv4 configuration and SNTP server, stored and handed to the
 * port. Where an operating system owns them, setting is refused. */

#include "tk_ip.h"
#include "tk_limits.h"
#include "tk_storage.h"

struct tk_netconf {
    struct tk_port *port;
    struct tk_storage *storage;
    struct tk_ip ip;
    char ntp[TK_HOST_MAX + 1]; /* "": no server */
};

/* Reads the settings and configures the port with them. */
void tk_netconf_load(struct tk_netconf *n, struct tk_port *port, struct tk_storage *storage);

/* "" is DHCP. TK_E_BAD_VALUE, TK_E_IP_SYSTEM, TK_E_STORAGE_*. */
enum tk_err tk_netconf_set_ip(struct tk_netconf *n, const char *ip);

/* "" is no server. TK_E_BAD_VALUE, TK_E_CLOCK_SYSTEM, TK_E_STORAGE_*. */
enum tk_err tk_netconf_set_ntp(struct tk_netconf *n, const char *host);

#endif
