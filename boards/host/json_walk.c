/* SPDX-License-Identifier: Apache-2.0 */
#include "json_walk.h"

#include "tk_string.h"

#include <string.h>

enum { KINDS = 64 /* levels in is_object; nothing is wanted deeper */ };

/* --- names --- */

static char *name_of(struct tk_walk *w)
{
    return w->depth > 0 && w->depth <= TK_WALK_LEVELS ? w->names[w->depth - 1] : NULL;
}

static void begin_name(struct tk_walk *w)
{
    char *name = name_of(w);

    w->name_len = 0;
    if (name != NULL)
        name[0] = '\0';
}

static void add_to_name(struct tk_walk *w, char c)
{
    char *name = name_of(w);

    if (name == NULL || w->name_len > TK_WALK_NAME)
        return;
    name[w->name_len++] = c;
    name[w->name_len] = '\0';
}

/* \u and four digits of an ASCII character at s: that; else 0. */
static char ascii_escape(const char *s)
{
    int value = 0;

    for (int i = 0; i < 4; i++) {
        int digit = s[i] != '\0' ? tk_hex_value(s[i]) : -1;

        if (digit < 0)
            return '\0';
        value = value << 4 | digit;
    }
    return (char)(value < 0x80 ? value : 0);
}

/* Names that matter are plain: an escaped letter or slash in them counts as that, other escapes
 * stay as they are. */
static void end_name(struct tk_walk *w)
{
    char *to = name_of(w);

    if (to == NULL)
        return;
    for (const char *s = to; *s != '\0';) {
        char c = s[0] == '\\' && s[1] == 'u' ? ascii_escape(s + 2) : '\0';

        if (c != '\0')
            s += 6;
        else if (s[0] == '\\' && s[1] != '\0' && strchr("\"\\/", s[1]) != NULL)
            s++;
        *to++ = c != '\0' ? c : *s++;
    }
    *to = '\0';
}

/* --- values --- */

static void begin_value(struct tk_walk *w, char first)
{
    if (w->is_wanted || !w->begin(w, first))
        return;
    w->is_wanted = true;
    w->wanted_depth = w->depth;
}

/* At the last byte of a value, or before the byte that follows it (len 0). */
static void end_value(struct tk_walk *w, const char *byte, size_t len)
{
    if (!w->is_wanted || w->depth != w->wanted_depth)
        return;
    w->is_wanted = false;
    w->take(w, byte, len, true);
}

static void end_scalar(struct tk_walk *w)
{
    if (!w->in_scalar)
        return;
    w->in_scalar = false;
    end_value(w, "", 0);
}

static void open(struct tk_walk *w, bool is_object)
{
    if (w->depth++ < KINDS)
        w->is_object = w->is_object << 1 | is_object;
    w->is_name = is_object;
    begin_name(w);
}

static void close(struct tk_walk *w, const char *byte)
{
    if (w->depth == 0)
        return;
    if (--w->depth < KINDS)
        w->is_object >>= 1;
    w->is_name = false;
    if (w->is_wanted && w->depth == w->wanted_depth)
        end_value(w, byte, 1);
    else if (w->is_wanted)
        w->take(w, byte, 1, false);
    else if (w->close != NULL)
        w->close(w);
}

static void pass_on(struct tk_walk *w, const char *bytes, size_t len)
{
    if (w->is_wanted)
        w->take(w, bytes, len, false);
}

static void feed_plain(struct tk_walk *w, const char *byte)
{
    char c = *byte;

    if (c == '"') {
        w->in_string = true;
        if (w->is_name)
            begin_name(w);
        else
            begin_value(w, c);
        pass_on(w, byte, 1);
    } else if (c == '{' || c == '[') {
        end_scalar(w);
        begin_value(w, c);
        pass_on(w, byte, 1);
        open(w, c == '{');
    } else if (c == '}' || c == ']') {
        end_scalar(w);
        close(w, byte);
    } else if (c == ',' || c == ':') {
        end_scalar(w);
        w->is_name = c == ',' && (w->is_object & 1) != 0;
        pass_on(w, byte, 1);
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        end_scalar(w);
    } else {
        if (!w->in_scalar)
            begin_value(w, c);
        w->in_scalar = true;
        pass_on(w, byte, 1);
    }
}

/* Bytes of text[0..len) that are the string's, with its end. */
static size_t feed_string(struct tk_walk *w, const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && w->in_string) {
        char c = text[n++];

        if (w->in_escape)
            w->in_escape = false;
        else if (c == '\\')
            w->in_escape = true;
        else if (c == '"')
            w->in_string = false;
        if (w->is_name && w->in_string)
            add_to_name(w, c);
    }
    if (!w->in_string && !w->is_name && w->is_wanted && w->depth == w->wanted_depth) {
        end_value(w, text, n);
        return n;
    }
    if (!w->in_string && w->is_name)
        end_name(w);
    pass_on(w, text, n);
    return n;
}

void tk_walk_feed(struct tk_walk *w, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        if (w->in_string)
            i += feed_string(w, text + i, len - i);
        else
            feed_plain(w, text + i++);
    }
}
