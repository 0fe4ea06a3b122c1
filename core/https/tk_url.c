/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_url.h"

#include <string.h>

#define LABEL_MAX   63 /* characters between two dots (RFC 1035 2.3.4) */
#define DIGITS      "0123456789"
#define HEX_LETTERS "abcdefABCDEF"

bool tk_is_https(const char *s)
{
    return tk_same_nocase_n(s, "https://", 8);
}

/* What follows "https://", or s if it has no scheme (RFC 3986 3.1); NULL for another one. */
static const char *skip_scheme(const char *s)
{
    size_t len = strcspn(s, ":/?#");

    if (strncmp(s + len, ":/", 2) != 0) /* ":/" alone is a mistyped "://" */
        return s;
    return tk_is_https(s) ? s + len + 3 : NULL;
}

/* Leading zeros are allowed; no digits at all are the default port (RFC 3986 3.2.3). */
static bool parse_port(const char *s, size_t len, uint16_t *port)
{
    uint64_t value = TK_HTTPS_PORT;

    if (len > 0 && (!tk_parse_u64(s, len, UINT16_MAX, &value) || value == 0))
        return false;
    *port = (uint16_t)value;
    return true;
}

/* s[len] is neither digit nor dot. */
static bool is_ipv4(const char *s, size_t len)
{
    uint8_t address[4];

    return tk_read_ipv4(s, address) == s + len;
}

/* Whether resolvers may read a name with this last label as an IPv4 address: 127.1, 0x7f.1. */
static bool is_number(const char *s, size_t len)
{
    bool hex = len >= 2 && s[0] == '0' && tk_lower(s[1]) == 'x';

    return strspn(s, hex ? DIGITS HEX_LETTERS "xX" : DIGITS) >= len;
}

/* Labels of letters, digits, hyphens and underscores, with a dot between them. */
static bool is_name(const char *s, size_t len)
{
    size_t label = 0; /* where it begins */

    if (len > TK_HOST_MAX || s[0] == '-')
        return false;
    for (size_t i = 0; i <= len; i++) {
        if (i == len || s[i] == '.') {
            if (i == label || i - label > LABEL_MAX)
                return false;
            label = i == len ? label : i + 1;
        } else if (!tk_is_alnum(s[i]) && s[i] != '-' && s[i] != '_') {
            return false;
        }
    }
    return !is_number(s + label, len - label) || is_ipv4(s, len);
}

#if TK_SOCK_IPV6

static bool has_all(int groups, const char *gap, const char *end)
{
    return gap != NULL && gap < end ? groups < 8 : groups == 8;
}

/* Eight groups of 16 bits, or fewer around one "::" (RFC 4291 2.2). s[len] is ']'. */
static bool is_ipv6(const char *s, size_t len)
{
    const char *end = s + len, *gap = strstr(s, "::");
    int groups = 0;

    if (gap == s)
        s += 2;
    while (s < end) {
        size_t digits = strspn(s, DIGITS HEX_LETTERS);

        if (s[digits] == '.') {
            groups += 2;
            return is_ipv4(s, (size_t)(end - s)) && has_all(groups, gap, end);
        }
        if (digits == 0 || digits > 4)
            return false;
        groups++;
        s += digits;
        if (s == gap)
            s += 2;
        else if (s < end && (*s != ':' || ++s == end))
            return false;
    }
    return has_all(groups, gap, end);
}

#else

static bool is_ipv6(const char *s, size_t len)
{
    (void)s;
    (void)len;
    return false;
}

#endif

static void store_name(struct tk_host *host, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        host->name[i] = tk_lower(s[i]);
    host->name[len] = '\0';
}

/* Parses the name at s, without its brackets and without the dot of the DNS root (RFC 3986 3.2.2).
 * Returns what follows; NULL: there is none. */
static const char *parse_name(struct tk_host *host, const char *s)
{
    bool ipv6 = s[0] == '[';

    s += ipv6;
    size_t len = strcspn(s, ipv6 ? "]/?#" : ":/?#");
    const char *after = s + len + ipv6;

    if (!ipv6 && len > 1 && s[len - 1] == '.')
        len--;
    if (ipv6 ? s[len] != ']' || !is_ipv6(s, len) : !is_name(s, len))
        return NULL;
    store_name(host, s, len);
    return after;
}

/* Parses ":port" or nothing, up to the path. Returns the path, query and fragment; NULL: the port
 * is not valid. "://" is a second scheme. */
static const char *parse_authority_end(struct tk_host *host, const char *s)
{
    size_t len = strcspn(s, "/?#");

    if (len > 0 && (*s != ':' || !parse_port(s + 1, len - 1, &host->port)))
        return NULL;
    return strncmp(s, "://", 3) == 0 ? NULL : s + len;
}

bool tk_host_parse(struct tk_host *host, const char *s, const char **rest)
{
    host->port = TK_HTTPS_PORT;
    s = skip_scheme(s);
    if (s != NULL)
        s = parse_name(host, s);
    if (s != NULL)
        s = parse_authority_end(host, s);
    if (s == NULL || (rest != NULL && !tk_is_vchar(s))) {
        host->name[0] = '\0';
        return false;
    }
    if (rest != NULL)
        *rest = s;
    return true;
}

bool tk_host_same(const struct tk_host *a, const struct tk_host *b)
{
    return a->port == b->port && strcmp(a->name, b->name) == 0;
}

bool tk_host_is_address(const struct tk_host *host)
{
    return strchr(host->name, ':') != NULL || strspn(host->name, DIGITS ".") == strlen(host->name);
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
    bool ok = false, is_found = false;

    while (s != NULL && (*s == '?' || *s == '&')) {
        size_t len = strcspn(++s, "&#");

        if (len > name_len && memcmp(s, name, name_len) == 0 && s[name_len] == '=') {
            ok = !is_found && decode(s + name_len + 1, len - name_len - 1, out, size);
            is_found = true;
        }
        s += len;
    }
    if (!ok)
        out[0] = '\0';
    return ok;
}
