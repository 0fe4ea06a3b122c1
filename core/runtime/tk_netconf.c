/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_netconf.h"

#include "tk_clock.h"
#include "tk_url.h"

#include <string.h>

/* A name or an address alone: no scheme, port or path. */
static bool parse_server(struct tk_host *out, const char *host)
{
    return tk_host_parse(out, host, NULL) && strchr(host, '/') == NULL &&
           strlen(out->name) == strlen(host);
}

static bool is_server(const char *host)
{
    struct tk_host parsed;

    return parse_server(&parsed, host);
}

static bool is_ip(const char *text)
{
    struct tk_ip ip;

    return tk_ip_parse(&ip, text);
}

void tk_netconf_load(struct tk_netconf *n, struct tk_port *port, struct tk_storage *storage)
{
    char ip[TK_IP_TEXT];

    n->port = port;
    n->storage = storage;
    if (tk_storage_text(storage, TK_KEY_IP, ip, sizeof ip, is_ip)) {
        (void)tk_ip_parse(&n->ip, ip);
        (void)tk_sock_set_ip(port, &n->ip); /* refused where an operating system owns the network */
    }
    (void)tk_storage_text(storage, TK_KEY_NTP, n->ntp, sizeof n->ntp, is_server);
    (void)tk_clock_ntp_server(port, n->ntp);
}

enum tk_err tk_netconf_set_ip(struct tk_netconf *n, const char *ip)
{
    struct tk_ip value = {.fixed = false};
    char text[TK_IP_TEXT];
    struct tk_text t;

    if (ip[0] != '\0' && !tk_ip_parse(&value, ip))
        return TK_E_BAD_VALUE;
    if (tk_sock_set_ip(n->port, &value) != TK_SOCK_OK)
        return TK_E_IP_SYSTEM;
    tk_text_init(&t, text, sizeof text);
    tk_text_ip(&t, &value);
    enum tk_err err = tk_storage_put(n->storage, TK_KEY_IP, text, value.fixed ? t.len : 0);

    if (err == TK_OK)
        n->ip = value;
    else
        (void)tk_sock_set_ip(n->port, &n->ip); /* back to the stored one */
    return err;
}

enum tk_err tk_netconf_set_ntp(struct tk_netconf *n, const char *host)
{
    struct tk_host parsed = {.port = 0};

    if (host[0] != '\0' && !parse_server(&parsed, host))
        return TK_E_BAD_VALUE;
    if (tk_clock_ntp_server(n->port, n->ntp) != 0) /* can it be set? */
        return TK_E_CLOCK_SYSTEM;
    enum tk_err err = tk_storage_put(n->storage, TK_KEY_NTP, parsed.name, strlen(parsed.name));

    if (err == TK_OK) {
        tk_copy(n->ntp, sizeof n->ntp, parsed.name);
        (void)tk_clock_ntp_server(n->port, n->ntp);
    }
    return err;
}
