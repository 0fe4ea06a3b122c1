/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_line.h"

#include "tk_text.h"

#include <string.h>

#define CTRL_C    0x03
#define BACKSPACE 0x08
#define CTRL_U    0x15
#define ESC       0x1b
#define DEL       0x7f

enum { NO_ESCAPE, AFTER_ESC, IN_SEQUENCE }; /* of struct tk_line.escape */

void tk_line_init(struct tk_line *l, bool (*is_secret)(const void *ctx, const char *typed),
                  const void *ctx)
{
    *l = (struct tk_line){.is_secret = is_secret, .ctx = ctx};
}

void tk_line_clear(struct tk_line *l)
{
    tk_wipe(l->typed, sizeof l->typed - l->kept);
    l->len = 0;
    l->secret_from = 0;
    l->refusal = TK_OK;
}

char *tk_line_keep(struct tk_line *l, const char *bytes, size_t len)
{
    l->kept = (uint16_t)len;
    return memmove(l->typed + sizeof l->typed - len, bytes, len);
}

void tk_line_kill(struct tk_line *l, struct tk_output *echo)
{
    tk_output_text(echo, "\r\n");
    tk_line_clear(l);
}

/* --- echo --- */

static bool is_echoed(const struct tk_line *l)
{
    return !l->no_echo && l->typed[0] != '@' && l->secret_from == 0;
}

/* In place of the echo of a secret, so that the operator sees what arrived. */
static void report_hidden(const struct tk_line *l, struct tk_output *echo)
{
    char buf[40];
    struct tk_text t;

    if (l->secret_from == 0 && !l->no_echo)
        return;
    tk_text_init(&t, buf, sizeof buf);
    tk_text_char(&t, '(');
    tk_text_int(&t, l->len - l->secret_from);
    tk_text_add(&t, " characters, hidden)");
    tk_output_text(echo, buf);
}

/* --- bytes --- */

static void add(struct tk_line *l, char byte, struct tk_output *echo)
{
    if (l->len == TK_LINE_MAX - l->kept) {
        l->refusal = TK_E_LINE_TOO_LONG;
        return;
    }
    l->typed[l->len++] = byte;
    l->typed[l->len] = '\0';
    if (is_echoed(l))
        tk_output_put(echo, &byte, 1);
    if (l->secret_from == 0 && byte == ' ' && l->is_secret(l->ctx, l->typed))
        l->secret_from = l->len;
}

static void erase(struct tk_line *l, struct tk_output *echo)
{
    if (l->len == 0)
        return;
    if (l->len == l->secret_from)
        l->secret_from = 0;
    if (is_echoed(l))
        tk_output_text(echo, "\b \b");
    l->typed[--l->len] = '\0';
}

static enum tk_line_event end(struct tk_line *l, struct tk_output *echo)
{
    l->typed[l->len] = '\0';
    report_hidden(l, echo);
    if (l->typed[0] != '@' || l->no_echo)
        tk_output_text(echo, "\r\n");
    return TK_LINE_DONE;
}

/* Whether the byte belongs to an escape sequence, which is dropped: ESC x, ESC O x, or ESC [ ...
 * letter (ECMA-48 5.4). A control byte ends an unfinished one. */
static bool in_escape(struct tk_line *l, char byte)
{
    if (l->escape == NO_ESCAPE || (byte > 0 && byte < 0x20)) {
        l->escape = byte == ESC ? AFTER_ESC : NO_ESCAPE;
        return byte == ESC;
    }
    if (l->escape == AFTER_ESC && (byte == '[' || byte == 'O'))
        l->escape = IN_SEQUENCE;
    else if (l->escape == AFTER_ESC || (byte >= 0x40 && byte <= 0x7e))
        l->escape = NO_ESCAPE;
    return true;
}

/* CR, LF and CRLF each end one line. */
static bool is_line_end(struct tk_line *l, char byte)
{
    bool second = byte == '\n' && l->after_cr;

    l->after_cr = byte == '\r';
    return (byte == '\r' || byte == '\n') && !second;
}

static enum tk_line_event control(struct tk_line *l, char byte, struct tk_output *echo)
{
    switch (byte) {
    case CTRL_C:
        return TK_LINE_INTERRUPT;
    case CTRL_U:
        tk_line_kill(l, echo);
        return TK_LINE_KILLED;
    case BACKSPACE:
    case DEL:
        erase(l, echo);
        break;
    case '\t':
        add(l, ' ', echo);
        break;
    case '\0':
    case '\n':
        break;
    default:
        l->refusal = l->refusal == TK_OK ? TK_E_BAD_BYTE : l->refusal;
    }
    return TK_LINE_MORE;
}

enum tk_line_event tk_line_byte(struct tk_line *l, char byte, struct tk_output *echo)
{
    if (in_escape(l, byte))
        return TK_LINE_MORE;
    if (is_line_end(l, byte))
        return end(l, echo);
    if (byte < 0x20 || byte >= 0x7f)
        return control(l, byte, echo);
    add(l, byte, echo);
    return TK_LINE_MORE;
}
