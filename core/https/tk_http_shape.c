/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_http_shape.h"

#include <string.h>

/* Appends s with letters as `a`, digits as `0`, and all that is not printable ASCII as `?`. */
static void add_masked(struct tk_text *t, const char *s, size_t len)
{
    for (; len > 0; s++, len--) {
        char c = *s;

        if (tk_is_alnum(c))
            c = tk_is_digit(c) ? '0' : 'a';
        else if (c < 0x20 || c > 0x7e)
            c = '?';
        tk_text_char(t, c);
    }
}

/* A media type or a coding as it is, if it says nothing but that. */
static void add_known(struct tk_text *t, const char *key, const char *word)
{
    static const char known[] = "application/json text/html text/plain "
                                "x-gzip deflate br zstd compress";

    if (word[0] == '\0')
        return;
    tk_text_add(t, key);
    if (strstr(known, word) != NULL)
        tk_text_add(t, word);
    else
        add_masked(t, word, strlen(word));
}

void tk_http_shape(struct tk_text *t, const struct tk_http *h)
{
    tk_text_print(t, "http=%u", (unsigned)h->status);
    add_known(t, " type=", h->type);
    add_known(t, " coding=", h->coding);
    tk_text_print(t, " length=%u", (unsigned)h->length);
    if (h->body_len == 0)
        return;
    tk_text_add(t, " begins=");
    add_masked(t, h->body, h->body_len < TK_HTTP_BEGINNING ? h->body_len : TK_HTTP_BEGINNING);
}
