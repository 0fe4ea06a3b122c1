/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_template.h"

#include "tk_calendar.h"
#include "tk_string.h"

#include <string.h>

/* The length of a placeholder "{word}" at s; 0: there is none. */
static size_t placeholder(const char *s)
{
    size_t len;

    if (s[0] != '{')
        return 0;
    len = strspn(s + 1, "abcdefghijklmnopqrstuvwxyz_");
    return len > 0 && s[1 + len] == '}' ? len + 2 : 0;
}

static const struct tk_word *find(const struct tk_word *words, size_t count, const char *name,
                                  size_t len)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i].name) == len && memcmp(words[i].name, name, len) == 0)
            return &words[i];
    }
    return NULL;
}

/* Outside of strings a value stands alone: with a digit or another value beside it, some values
 * would give JSON and others not. */
static bool is_apart(const char *template, const char *from, const char *to)
{
    return (from == template || strchr(" \t\r\n{[:,", from[-1]) != NULL) &&
           strchr(" \t\r\n}]:,", *to) != NULL;
}

/* The length of an escape sequence of a JSON string at s, which a value cannot complete; 0: it is
 * none. */
static size_t escape(const char *s)
{
    size_t digits = 0;

    if (s[1] != 'u')
        return s[1] != '\0' ? 2 : 0;
    while (digits < 4 && tk_hex_value(s[2 + digits]) >= 0)
        digits++;
    return digits == 4 ? 6 : 0;
}

static void add_value(struct tk_text *t, const struct tk_word *word, const void *values,
                      bool in_string)
{
    const char *from = (const char *)values + word->offset;
    const char *quote = in_string ? "" : "\"";
    const char *text;
    int64_t number;

    if (word->kind != TK_WORD_TEXT) {
        memcpy(&number, from, sizeof number);
        if (word->kind == TK_WORD_NUMBER) {
            tk_text_int(t, number);
            return;
        }
        tk_text_add(t, quote);
        if (number != 0)
            tk_text_time(t, number);
        tk_text_add(t, quote);
        return;
    }
    memcpy(&text, from, sizeof text);
    if (in_string)
        tk_text_json_part(t, text);
    else
        tk_text_json(t, text);
}

void tk_template_write_all(struct tk_text *t, const struct tk_word *words, size_t count,
                           const void *values)
{
    for (size_t i = 0; i < count; i++) {
        tk_text_print(t, "%s\"%s\":", i == 0 ? "{" : ",", words[i].name);
        add_value(t, &words[i], values, false);
    }
    tk_text_char(t, '}');
}

enum tk_err tk_template_write(struct tk_text *t, const char *template, const struct tk_word *words,
                              size_t count, const void *values)
{
    bool in_string = false;

    for (const char *s = template; *s != '\0';) {
        size_t len = placeholder(s);

        if (len > 0) {
            const struct tk_word *word = find(words, count, s + 1, len - 2);

            if (word == NULL)
                return TK_E_TEMPLATE_WORD;
            if (!in_string && !is_apart(template, s, s + len))
                return TK_E_TEMPLATE_JSON;
            add_value(t, word, values, in_string);
            s += len;
            continue;
        }
        len = in_string && s[0] == '\\' ? escape(s) : 1;
        if (len == 0)
            return TK_E_TEMPLATE_JSON;
        if (s[0] == '"')
            in_string = !in_string;
        while (len-- > 0)
            tk_text_char(t, *s++);
    }
    return TK_OK;
}
