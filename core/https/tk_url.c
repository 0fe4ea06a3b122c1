/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_url.h"

#include <string.h>

#define IPV6_MAX 45 /* ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255 */

static const char *skip_scheme(const char *s)
{
    static const char scheme[] = "https://";
    size_t i = 0;

    while (i < sizeof scheme - 1 && tk_lower(s[i]) == scheme[i])
        i++;
    if (i == sizeof scheme - 1)
        return s + i;
    return strstr(s, "://") == NULL ? s : NULL;
}

static bool parse_port(const char *s, size_t len, uint16_t *port)
{
    uint64_t value;

    if (!tk_parse_u64(s, len, UINT16_MAX, &value) || value == 0)
        return false;
    *port = (uint16_t)value;
    return true;
}

/* Letters, digits, hyphens, and single dots. */
static bool is_name(const char *s, size_t len)
{
    if (len == 0 || len > TK_HOST_MAX || s[0] == '.' || s[0] == '-')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!tk_is_alnum(s[i]) && s[i] != '.' && s[i] != '-')
            return false;
        if (i > 0 && s[i] == '.' && s[i - 1] == '.')
            return false;
    }
    return true;
}

/* Only enough to tell it from a name; tk_sock_lookup parses it. */
static bool is_ipv6(const char *s, size_t len)
{
    return len <= IPV6_MAX && strspn(s, "0123456789abcdefABCDEF:.") == len && strcspn(s, ":") < len;
}

static void store_name(struct tk_host *host, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        host->name[i] = tk_lower(s[i]);
    host->name[len] = '\0';
}

bool tk_host_parse(struct tk_host *host, const char *s, const char **rest)
{
    *host = (struct tk_host){.port = TK_HTTPS_PORT};
    s = skip_scheme(s);
    if (s == NULL)
        return false;

    size_t len = strcspn(s, "/?#");
    bool ipv6 = s[0] == '[';
    size_t name_len = strcspn(s + ipv6, ipv6 ? "]/" : ":/?#");
    const char *after = s + name_len + 2 * ipv6;

    if (ipv6 ? s[1 + name_len] != ']' || !is_ipv6(s + 1, name_len) : !is_name(s, name_len))
        return false;
    if (after < s + len &&
        (*after != ':' || !parse_port(after + 1, (size_t)(s + len - after) - 1, &host->port)))
        return false;
    store_name(host, s + ipv6, name_len);
    if (rest != NULL)
        *rest = s + len;
    return true;
}

bool tk_host_same(const struct tk_host *a, const struct tk_host *b)
{
    return a->port == b->port && strcmp(a->name, b->name) == 0;
}

void tk_text_host(struct tk_text *t, const struct tk_host *host)
{
    bool ipv6 = strchr(host->name, ':') != NULL;

    tk_text_add(t, ipv6 ? "[" : "");
    tk_text_add(t, host->name);
    tk_text_add(t, ipv6 ? "]" : "");
    if (host->port != TK_HTTPS_PORT && host->name[0] != '\0') {
        tk_text_char(t, ':');
        tk_text_int(t, host->port);
    }
}

/* s[len] is no hex digit, so that an escape at the end does not read past it. */
static bool decode(const char *s, size_t len, char *out, size_t size)
{
    struct tk_text t;

    tk_text_init(&t, out, size);
    for (const char *end = s + len; s < end; s++) {
        char c = *s == '+' ? ' ' : *s;

        if (c == '%') {
            int high = tk_hex_value(*++s), low = high < 0 ? -1 : tk_hex_value(*++s);

            if (low < 0 || (high | low) == 0)
                return false;
            c = (char)(high << 4 | low);
        }
        tk_text_char(&t, c);
    }
    return tk_text_ok(&t);
}

bool tk_query_value(const char *url, const char *name, char *out, size_t size)
{
    size_t name_len = strlen(name);
    const char *s = strchr(url, '?');
    bool ok = false;

    while (s != NULL && (*s == '?' || *s == '&')) {
        size_t len = strcspn(++s, "&#");

        if (len > name_len && memcmp(s, name, name_len) == 0 && s[name_len] == '=') {
            ok = decode(s + name_len + 1, len - name_len - 1, out, size);
            break;
        }
        s += len;
    }
    if (!ok)
        out[0] = '\0';
    return ok;
}
