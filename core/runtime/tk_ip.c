/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_ip.h"

#include <string.h>

/* --- parsing --- */

static uint32_t value_of(const uint8_t addr[4])
{
    return (uint32_t)addr[0] << 24 | (uint32_t)addr[1] << 16 | (uint32_t)addr[2] << 8 | addr[3];
}

static bool is_host(const uint8_t addr[4])
{
    return addr[0] != 0 && addr[0] != 127 && addr[0] < 224;
}

static bool is_valid(const struct tk_ip *ip)
{
    uint32_t addr = value_of(ip->addr), gateway = value_of(ip->gateway), dns = value_of(ip->dns);
    uint32_t host_bits = 0xffffffffu >> ip->prefix;

    if (!is_host(ip->addr) || (addr & host_bits) == 0 || (addr & host_bits) == host_bits)
        return false;
    if (gateway != 0 && ((gateway ^ addr) & ~host_bits) != 0)
        return false;
    return gateway != addr && (dns == 0 || is_host(ip->dns));
}

/* What follows the character c at s; NULL: there is another one. */
static const char *after(const char *s, char c)
{
    return s != NULL && *s == c ? s + 1 : NULL;
}

static const char *read_all(struct tk_ip *ip, const char *s)
{
    s = after(tk_read_ipv4(s, ip->addr), '/');
    if (s != NULL)
        s = after(tk_read_u8(s, &ip->prefix), ',');
    if (s != NULL)
        s = after(tk_read_ipv4(s, ip->gateway), ',');
    return s == NULL ? NULL : tk_read_ipv4(s, ip->dns);
}

bool tk_ip_parse(struct tk_ip *ip, const char *s)
{
    struct tk_ip parsed = {.fixed = true};

    if (strcmp(s, "dhcp") == 0) {
        *ip = (struct tk_ip){.fixed = false};
        return true;
    }
    s = read_all(&parsed, s);
    if (s == NULL || *s != '\0' || parsed.prefix < 1 || parsed.prefix > 30 || !is_valid(&parsed))
        return false;
    *ip = parsed;
    return true;
}

/* --- formatting --- */

static void add_address(struct tk_text *t, const uint8_t addr[4])
{
    for (int i = 0; i < 4; i++) {
        if (i > 0)
            tk_text_char(t, '.');
        tk_text_int(t, addr[i]);
    }
}

void tk_text_ip(struct tk_text *t, const struct tk_ip *ip)
{
    if (!ip->fixed) {
        tk_text_add(t, "dhcp");
        return;
    }
    add_address(t, ip->addr);
    tk_text_char(t, '/');
    tk_text_int(t, ip->prefix);
    tk_text_char(t, ',');
    add_address(t, ip->gateway);
    tk_text_char(t, ',');
    add_address(t, ip->dns);
}
