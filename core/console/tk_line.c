/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_line.h"

#include "tk_edit.h"
#include "tk_text.h"

#include <string.h>

void tk_line_kill(struct tk_line *l, struct tk_output *echo)
{
    tk_output_text(echo, "\r\n");
    l->is_stale = false;
    tk_line_cut(l, 0);
}

/* --- echo --- */

void tk_line_draw(struct tk_line *l, struct tk_output *echo)
{
    l->is_stale = false;
    tk_edit_draw(l, echo);
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
    bool is_at_end = l->at == l->len, is_hidden = l->secret_from != 0;

    if (l->len == TK_LINE_MAX - l->kept) {
        l->refusal = TK_E_LINE_TOO_LONG;
        return;
    }
    tk_line_insert(l, byte);
    if (is_hidden || !tk_line_has_echo(l))
        return;
    if (tk_edit_scrolls(l) || !is_at_end)
        l->is_stale = true;
    if (!l->is_stale)
        tk_edit_echo(echo, byte);
}

/* At the end of the line. */
static void erase(struct tk_line *l, struct tk_output *echo)
{
    if (l->len == 0)
        return;
    tk_line_cut(l, l->len - 1U);
    if (!tk_line_has_echo(l) || l->secret_from != 0)
        return;
    if (tk_edit_scrolls(l))
        l->is_stale = true;
    if (!l->is_stale)
        tk_output_text(echo, "\b \b");
}

/* CR, LF and CRLF each end one line. */
static bool is_line_end(struct tk_line *l, uint8_t byte)
{
    bool second = byte == '\n' && l->after_cr;

    l->after_cr = byte == '\r';
    return (byte == '\r' || byte == '\n') && !second;
}

static enum tk_line_event kill(struct tk_line *l, struct tk_output *echo)
{
    tk_line_kill(l, echo);
    return TK_LINE_KILLED;
}

static enum tk_line_event end(struct tk_line *l, struct tk_output *echo)
{
    if (l->is_address)
        l->is_held = true;
    else if (l->len > 0 || l->no_echo || l->refusal != TK_OK)
        return TK_LINE_DONE;
    else
        return kill(l, echo); /* typed stays, for TK_PRESS_UP */
    return TK_LINE_MORE;
}

void tk_line_finish(struct tk_line *l, struct tk_output *echo)
{
    bool is_operators = tk_line_has_echo(l);

    if (l->is_stale)
        tk_line_draw(l, echo);
    if (is_operators || l->no_echo) {
        report_hidden(l, echo);
        tk_output_text(echo, "\r\n");
    }
    l->last = is_operators && l->secret_from == 0 ? l->len : 0;
    if (l->refusal == TK_OK && tk_line_bad(l) < l->len)
        l->refusal = TK_E_BAD_BYTE;
    l->typed[l->len] = '\0';
    l->is_done = true;
}

static enum tk_line_event control(struct tk_line *l, uint8_t key, struct tk_output *echo)
{
    bool is_program = tk_line_is_program(l);

    if (key == TK_PRESS_INTERRUPT)
        return TK_LINE_INTERRUPT;
    if (key == TK_PRESS_RUBOUT)
        key = TK_PRESS_BACKSPACE;
    if (key == TK_PRESS_BACKSPACE && l->at == l->len)
        erase(l, echo);
    else if (key == '\t')
        add(l, ' ', echo);
    else if (key != '\n' && (is_program || !tk_edit_key(l, key))) {
        if (key == TK_PRESS_KILL)
            return kill(l, echo);
        add(l, (char)key, echo);
    }
    return TK_LINE_MORE;
}

enum tk_line_event tk_line_byte(struct tk_line *l, char byte, struct tk_output *echo)
{
    bool in_string = tk_keyboard_in_string(&l->keyboard);
    uint8_t press = tk_keyboard_byte(&l->keyboard, byte);

    if (press == TK_PRESS_NONE || (press != (uint8_t)byte && tk_line_is_program(l)))
        return TK_LINE_MORE;
    if (in_string) /* it has no end */
        add(l, (char)press, echo);
    if (is_line_end(l, press))
        return end(l, echo);
    if (press < 0x20 || press == TK_PRESS_RUBOUT)
        return control(l, press, echo);
    add(l, (char)press, echo);
    return TK_LINE_MORE;
}
