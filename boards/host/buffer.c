/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_SIZE = 256, READ_SIZE = 16384 };

/* Makes room for len more bytes and the terminator. */
static bool grow(struct tk_buffer *b, size_t len)
{
    size_t size = b->size > 0 ? b->size : FIRST_SIZE;
    char *bytes;

    if (b->failed || len > b->max - b->len)
        return false;
    while (size < b->len + len + 1)
        size *= 2;
    if (size == b->size)
        return true;
    bytes = realloc(b->bytes, size);
    if (bytes == NULL)
        return false;
    b->bytes = bytes;
    b->size = size;
    return true;
}

void tk_buffer_addn(struct tk_buffer *b, const char *s, size_t len)
{
    if (!grow(b, len)) {
        b->failed = true;
        return;
    }
    memcpy(b->bytes + b->len, s, len);
    b->len += len;
    b->bytes[b->len] = '\0';
}

void tk_buffer_add(struct tk_buffer *b, const char *s)
{
    tk_buffer_addn(b, s, strlen(s));
}

void tk_buffer_char(struct tk_buffer *b, char c)
{
    tk_buffer_addn(b, &c, 1);
}

void tk_buffer_json(struct tk_buffer *b, const char *s, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    tk_buffer_char(b, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c < ' ') {
            char escape[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};

            tk_buffer_addn(b, escape, sizeof escape);
            continue;
        }
        if (c == '"' || c == '\\')
            tk_buffer_char(b, '\\');
        tk_buffer_char(b, s[i]);
    }
    tk_buffer_char(b, '"');
}

bool tk_buffer_ok(const struct tk_buffer *b)
{
    return !b->failed;
}

void tk_buffer_cut(struct tk_buffer *b, size_t len)
{
    b->len = len;
    b->failed = false;
    if (b->bytes != NULL)
        b->bytes[len] = '\0';
}

void tk_buffer_free(struct tk_buffer *b)
{
    free(b->bytes);
    *b = (struct tk_buffer){.max = b->max};
}

bool tk_buffer_read(struct tk_buffer *b, int fd)
{
    char bytes[READ_SIZE];
    ssize_t n;

    while ((n = read(fd, bytes, sizeof bytes)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        tk_buffer_addn(b, bytes, (size_t)n);
        if (b->failed)
            break;
    }
    errno = EFBIG;
    return tk_buffer_ok(b);
}

/* Bytes of the sequence that begins with c, and the least value that needs so many. 0: none. */
static size_t sequence(unsigned char c, uint32_t *value, uint32_t *least)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;

    *value = len <= 1 ? c : c & (0x7fU >> len);
    *least = smallest[len];
    return len;
}

bool tk_is_utf8(const char *s, size_t len)
{
    uint32_t value, least;

    for (size_t i = 0, n; i < len; i += n) {
        n = sequence((unsigned char)s[i], &value, &least);
        if (n == 0 || n > len - i)
            return false;
        for (size_t k = 1; k < n; k++) {
            if (((unsigned char)s[i + k] & 0xc0) != 0x80)
                return false;
            value = value << 6 | ((unsigned char)s[i + k] & 0x3f);
        }
        if (value < least || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
            return false;
    }
    return true;
}
