/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_NETCONF_H
#define TK_NETCONF_H

/* The device's network settings: IPv4 configuration and SNTP server, on flash and in the port.
 * Where an operating system owns them they cannot be set. Call from the main loop only. */

#include "tk_ip.h"
#include "tk_limits.h"
#include "tk_storage.h"

struct tk_netconf {
    struct tk_port *port;
    struct tk_storage *storage;
    struct tk_ip ip;
    char ntp[TK_HOST_MAX + 1]; /* "": no server */
};

/* Loads the settings and applies them to the port. port and storage must outlive n. */
void tk_netconf_load(struct tk_netconf *n, struct tk_port *port, struct tk_storage *storage);

/* Applies and stores a configuration as tk_ip_parse reads it; "" is DHCP. After an error the former
 * one is in effect. TK_E_BAD_VALUE, TK_E_STORAGE_*; TK_E_IP_SYSTEM: the operating system owns it.
 */
enum tk_err tk_netconf_set_ip(struct tk_netconf *n, const char *ip);

/* Stores and applies a host name or IP address; "" is no server. After an error the former one is
 * in effect. TK_E_BAD_VALUE, TK_E_STORAGE_*; TK_E_CLOCK_SYSTEM: the operating system sets the time.
 */
enum tk_err tk_netconf_set_ntp(struct tk_netconf *n, const char *host);

#endif
