/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_ip.h"

#include <string.h>

/* --- parsing --- */

/* Parses a decimal number of at most 3 digits, without leading zeros, and advances *s past it. */
static bool take_number(const char **s, uint64_t max, uint8_t *out)
{
    size_t len = strspn(*s, "0123456789");
    uint64_t value;

    if (len == 0 || len > 3 || (len > 1 && **s == '0') || !tk_parse_u64(*s, len, max, &value))
        return false;
    *s += len;
    *out = (uint8_t)value;
    return true;
}

static bool take_char(const char **s, char c)
{
    if (**s != c)
        return false;
    ++*s;
    return true;
}

static bool take_address(const char **s, uint8_t out[4])
{
    for (int i = 0; i < 4; i++) {
        if ((i > 0 && !take_char(s, '.')) || !take_number(s, 255, &out[i]))
            return false;
    }
    return true;
}

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

bool tk_ip_parse(struct tk_ip *ip, const char *s)
{
    struct tk_ip parsed = {.fixed = true};

    if (strcmp(s, "dhcp") == 0) {
        *ip = (struct tk_ip){.fixed = false};
        return true;
    }
    if (!take_address(&s, parsed.addr) || !take_char(&s, '/') ||
        !take_number(&s, 30, &parsed.prefix) || parsed.prefix == 0 || !take_char(&s, ',') ||
        !take_address(&s, parsed.gateway) || !take_char(&s, ',') || !take_address(&s, parsed.dns) ||
        *s != '\0' || !is_valid(&parsed))
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
