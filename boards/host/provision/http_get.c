/* SPDX-License-Identifier: Apache-2.0 */
#include "http_get.h"

#include "tk_string.h"

#include <string.h>
#include <strings.h>

/* --- the request --- */

static bool is_visible(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (s[i] < 0x21 || s[i] > 0x7e)
            return false;
    }
    return true;
}

/* Ends of line are CRLF, and there is no other control byte but a tab. */
static bool is_clean(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool in_pair = s[i] == '\r' ? i + 1 < len && s[i + 1] == '\n'
                                    : s[i] != '\n' || (i > 0 && s[i - 1] == '\r');

        if (!in_pair || ((unsigned char)s[i] < 0x20 && strchr("\r\n\t", s[i]) == NULL) ||
            s[i] == '\0')
            return false;
    }
    return true;
}

static enum tk_get read_request_line(const char *line, size_t len, const char **target,
                                     size_t *target_len)
{
    static const char version[] = " HTTP/1.1";
    const char *space = memchr(line, ' ', len);
    size_t tail = sizeof version - 1;

    if (space == NULL || len < tail || memcmp(line + len - tail, version, tail) != 0)
        return TK_GET_BAD;
    if (space - line != 3 || memcmp(line, "GET", 3) != 0)
        return TK_GET_METHOD;
    *target = space + 1;
    if (line + len - tail <= *target)
        return TK_GET_BAD;
    *target_len = (size_t)(line + len - tail - *target);
    return **target == '/' && is_visible(*target, *target_len) ? TK_GET_OK : TK_GET_BAD;
}

/* The value of a field of this name, without white space around it; NULL: another field. */
static const char *field(const char *line, size_t len, const char *name, size_t *value_len)
{
    size_t n = strlen(name);

    if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
        return NULL;
    const char *at = line + n + 1, *end = line + len;

    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *value_len = (size_t)(end - at);
    return at;
}

static bool is_value(const char *value, size_t len, const char *wanted)
{
    return value != NULL && len == strlen(wanted) && strncasecmp(value, wanted, len) == 0;
}

/* What a field says about the request; *hosts counts those called Host. */
static enum tk_get judge_field(const char *line, size_t len, const char *host, int *hosts)
{
    const char *value;
    size_t value_len = 0;

    if (memchr(line, ':', len) == NULL || line[0] == ' ' || line[0] == '\t')
        return TK_GET_BAD;
    if ((value = field(line, len, "Host", &value_len)) != NULL) {
        (*hosts)++;
        return is_value(value, value_len, host) ? TK_GET_OK : TK_GET_HOST;
    }
    if (field(line, len, "Transfer-Encoding", &value_len) != NULL ||
        ((value = field(line, len, "Content-Length", &value_len)) != NULL &&
         !is_value(value, value_len, "0")))
        return TK_GET_BAD;
    value = field(line, len, "Sec-Purpose", &value_len);
    if (value == NULL)
        value = field(line, len, "Purpose", &value_len);
    return value != NULL && value_len >= 8 && strncasecmp(value, "prefetch", 8) == 0
               ? TK_GET_PREFETCH
               : TK_GET_OK;
}

/* at: behind the request line; end: behind the empty line. */
static enum tk_get read_fields(const char *at, const char *end, const char *host)
{
    enum tk_get worst = TK_GET_OK;
    int hosts = 0;

    while (at < end - 2) {
        const char *next = memchr(at, '\r', (size_t)(end - at));
        enum tk_get found = judge_field(at, (size_t)(next - at), host, &hosts);

        if (worst == TK_GET_OK)
            worst = found;
        at = next + 2;
    }
    return worst == TK_GET_OK && hosts != 1 ? TK_GET_BAD : worst;
}

static const char *find_end(const char *bytes, size_t len)
{
    for (size_t i = 0; i + 4 <= len; i++) {
        if (memcmp(bytes + i, "\r\n\r\n", 4) == 0)
            return bytes + i + 4;
    }
    return NULL;
}

enum tk_get tk_http_get(const char *bytes, size_t len, const char *host, const char **target,
                        size_t *target_len)
{
    const char *end = find_end(bytes, len), *line_end;
    enum tk_get found;

    if (!is_clean(bytes, len > 0 && bytes[len - 1] == '\r' ? len - 1 : len))
        return TK_GET_BAD;
    if (end == NULL)
        return len < TK_HTTP_GET_MAX ? TK_GET_MORE : TK_GET_LARGE;
    if (end != bytes + len)
        return TK_GET_BAD;
    line_end = memchr(bytes, '\r', len);
    found = read_request_line(bytes, (size_t)(line_end - bytes), target, target_len);
    return found == TK_GET_OK ? read_fields(line_end + 2, end, host) : found;
}

/* --- the query --- */

/* Decodes a percent-encoded value of visible ASCII. */
static bool decode(const char *s, size_t len, char *out, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char c = s[i] == '+' ? ' ' : s[i];

        if (c == '%') {
            int high = i + 2 < len ? tk_hex_value(s[i + 1]) : -1;
            int low = i + 2 < len ? tk_hex_value(s[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (n + 1 >= size || !is_visible(&c, 1))
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return n > 0;
}

bool tk_http_get_param(const char *target, size_t len, const char *name, char *out, size_t size)
{
    const char *end = target + len, *at = memchr(target, '?', len);
    size_t name_len = strlen(name);
    int found = 0;

    while (at != NULL && ++at < end) {
        const char *next = memchr(at, '&', (size_t)(end - at));
        size_t n = (size_t)((next == NULL ? end : next) - at);

        if (n > name_len && memcmp(at, name, name_len) == 0 && at[name_len] == '=' &&
            (++found > 1 || !decode(at + name_len + 1, n - name_len - 1, out, size)))
            return false;
        at = next;
    }
    return found == 1;
}
