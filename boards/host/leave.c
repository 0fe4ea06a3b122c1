/* SPDX-License-Identifier: Apache-2.0 */
#include "leave.h"

#include <strings.h>

#define CTRL_C    0x03
#define CTRL_D    0x04
#define BACKSPACE 0x08
#define CTRL_U    0x15
#define DEL       0x7f

static bool is_word(struct tk_leave *l)
{
    if (l->len != 4)
        return false;
    l->text[l->len] = '\0';
    return strcasecmp(l->text, "exit") == 0 || strcasecmp(l->text, "quit") == 0;
}

static enum tk_leave_event interrupt(struct tk_leave *l)
{
    bool was_armed = l->is_armed;

    l->is_armed = l->len == 0;
    l->len = 0;
    if (!l->is_armed)
        return TK_LEAVE_NOT;
    return was_armed ? TK_LEAVE_AGAIN : TK_LEAVE_INTERRUPT;
}

static void add(struct tk_leave *l, char byte)
{
    if (byte < ' ') /* it may edit the line */
        l->len = sizeof l->text;
    if (l->len < sizeof l->text)
        l->text[l->len++] = byte;
}

enum tk_leave_event tk_leave_byte(struct tk_leave *l, char byte)
{
    bool is_leaving;

    if (byte == CTRL_C)
        return interrupt(l);
    l->is_armed = false;
    switch (byte) {
    case '\r':
    case '\n':
        is_leaving = is_word(l);
        l->len = 0;
        return is_leaving ? TK_LEAVE_WORD : TK_LEAVE_NOT;
    case CTRL_D:
        return l->len == 0 ? TK_LEAVE_END : TK_LEAVE_NOT;
    case CTRL_U:
        l->len = 0;
        break;
    case BACKSPACE:
    case DEL:
        l->len -= l->len > 0 && l->len < sizeof l->text;
        break;
    default:
        add(l, byte);
    }
    return TK_LEAVE_NOT;
}
