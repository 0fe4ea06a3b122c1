/* SPDX-License-Identifier: Apache-2.0 */
#include "steps.h"

#include "json_print.h"
#include "service.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { INDENT = 10, TEXT_COLUMNS = 59, NOTE_COLUMNS = 69, TEXT_MAX = 1024 };

void tk_steps_start(struct tk_steps *s)
{
    s->gateway[0] = '\0';
    s->start_ms = tk_service_now();
    tk_steps_begin(s, "gateway");
}

void tk_steps_begin(struct tk_steps *s, const char *step)
{
    s->step = step;
    s->began_ms = tk_service_now();
}

static void print_object(const struct tk_steps *s, uint64_t ms, bool ok, const char *code,
                         const char *words)
{
    fputs("{\"gateway\":", stdout);
    tk_json_print(stdout, s->gateway, strlen(s->gateway));
    printf(",\"step\":\"%s\",\"ms\":%llu,\"ok\":%s,\"code\":", s->step, (unsigned long long)ms,
           ok ? "true" : "false");
    tk_json_print(stdout, code, strlen(code));
    fputs(",\"do\":", stdout);
    tk_json_print(stdout, words, strlen(words));
    fputs("}\n", stdout);
    (void)fflush(stdout);
}

/* How much of the text fits into a line; it ends at a space where there is one. */
static size_t line_length(const char *text, size_t columns)
{
    size_t len = strlen(text);

    if (len <= columns)
        return len;
    for (len = columns; len > 0 && text[len] != ' '; len--)
        continue;
    return len > 0 ? len : strcspn(text, " ");
}

/* seconds below 0: none are printed. */
static void print_lines(const char *step, const char *text, double seconds)
{
    do {
        size_t len = line_length(text, seconds < 0 ? NOTE_COLUMNS : TEXT_COLUMNS);
        const char *next = text + len + strspn(text + len, " ");

        fprintf(stderr, "%-*s", INDENT, step);
        if (*next == '\0' && seconds >= 0)
            fprintf(stderr, "%-*.*s %6.1f s\n", TEXT_COLUMNS, (int)len, text, seconds);
        else
            fprintf(stderr, "%.*s\n", (int)len, text);
        step = "";
        text = next;
    } while (*text != '\0');
}

/* Terminals also obey U+0080 to U+009F, in UTF-8 0xc2 and one of 0x80 to 0x9f. */
void tk_steps_clean(char *text)
{
    char *out = text;

    for (; *text != '\0'; text++) {
        const unsigned char *at = (const unsigned char *)text;

        if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
            text++;
        else if (at[0] >= 0x20 && at[0] != 0x7f)
            *out++ = *text;
    }
    *out = '\0';
}

static void end(struct tk_steps *s, bool ok, char *text, const char *code, const char *words)
{
    uint64_t ms = tk_service_now() - s->began_ms;

    tk_steps_clean(text);
    if (s->json)
        print_object(s, ms, ok, code, words);
    else
        print_lines(s->step, text, (double)ms / 1000);
    tk_steps_begin(s, s->step);
}

void tk_steps_ok(struct tk_steps *s, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    end(s, true, text, "", "");
}

void tk_steps_fail(struct tk_steps *s, const char *code, const char *words)
{
    char text[TEXT_MAX];

    snprintf(text, sizeof text, "FAILED %s: %s", code, words);
    end(s, false, text, code, words);
}

static void say(const struct tk_steps *s, const char *step, const char *words)
{
    char text[TEXT_MAX];

    snprintf(text, sizeof text, "%s", words);
    tk_steps_clean(text);
    if (s->json)
        fprintf(stderr, "%s\n", text);
    else
        print_lines(step, text, -1);
}

void tk_steps_say(struct tk_steps *s, const char *words)
{
    say(s, s->step, words);
}

void tk_steps_note(struct tk_steps *s, const char *words)
{
    say(s, "", words);
}

void tk_steps_link(struct tk_steps *s, const char *link)
{
    if (s->json)
        print_object(s, tk_service_now() - s->began_ms, true, "open", link);
    fprintf(stderr, "%s\n", link);
}
