/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_edit.h"

void tk_edit_echo(struct tk_output *echo, char byte)
{
    char shown = tk_line_is_text(byte) ? byte : '?';

    tk_output_put(echo, &shown, 1);
}

#if TK_EDITING

enum { SHOWN = 75 }; /* characters beside the prompt and the cursor, in 80 columns */

#define BIT(key) (1UL << TK_PRESS_##key)
#define KEYS                                                                                       \
    (BIT(HOME) | BIT(LEFT) | BIT(DELETE) | BIT(END) | BIT(RIGHT) | BIT(BACKSPACE) |                \
     BIT(KILL_END) | BIT(REDRAW) | BIT(DOWN) | BIT(UP) | BIT(KILL) | BIT(KILL_WORD) |              \
     BIT(SUSPEND))

/* --- the screen --- */

static size_t visible_len(const struct tk_line *l)
{
    return l->secret_from != 0 ? l->secret_from : l->len;
}

/* The cursor's index in typed. */
static size_t cursor_of(const struct tk_line *l)
{
    return l->secret_from != 0 ? l->secret_from : l->at;
}

bool tk_edit_scrolls(struct tk_line *l)
{
    size_t cursor = cursor_of(l);

    if (cursor - l->from <= SHOWN && (cursor > l->from || l->from == 0))
        return false;
    l->from = (uint16_t)(cursor > SHOWN / 2 ? cursor - SHOWN / 2 : 0);
    return true;
}

void tk_edit_draw(struct tk_line *l, struct tk_output *echo)
{
    size_t len;

    (void)tk_edit_scrolls(l);
    len = visible_len(l) - l->from;
    if (len > SHOWN)
        len = SHOWN;
    tk_output_clear_line(echo);
    tk_output_prompt(echo);
    for (size_t i = 0; i < len; i++)
        tk_edit_echo(echo, l->typed[l->from + i]);
    for (len += l->from; len > cursor_of(l); len--)
        tk_output_text(echo, "\b");
}

/* --- the line --- */

static size_t word_start(const struct tk_line *l)
{
    size_t i = l->at;

    while (i > 0 && l->typed[i - 1] == ' ')
        i--;
    while (i > 0 && l->typed[i - 1] != ' ')
        i--;
    return i;
}

/* The cursor's index after a key that moves it. */
static size_t moved(const struct tk_line *l, uint8_t key)
{
    switch (key) {
    case TK_PRESS_HOME:
        return 0;
    case TK_PRESS_LEFT:
        return l->at - (l->at > 0);
    case TK_PRESS_RIGHT:
        return l->at + (l->at < l->len);
    case TK_PRESS_END:
        return l->len;
    default:
        return l->at;
    }
}

static void edit(struct tk_line *l, uint8_t key)
{
    switch (key) {
    case TK_PRESS_BACKSPACE:
        tk_line_delete(l, moved(l, TK_PRESS_LEFT), l->at);
        break;
    case TK_PRESS_DELETE:
        tk_line_delete(l, l->at, moved(l, TK_PRESS_RIGHT));
        break;
    case TK_PRESS_KILL_END:
        tk_line_delete(l, l->at, l->len);
        break;
    case TK_PRESS_KILL:
        tk_line_delete(l, 0, l->at);
        break;
    case TK_PRESS_KILL_WORD:
        tk_line_delete(l, word_start(l), l->at);
        break;
    case TK_PRESS_UP:
        if (l->len == 0)
            tk_line_swap_last(l, l->last, 0);
        break;
    case TK_PRESS_DOWN:
        if (l->len > 0)
            tk_line_swap_last(l, 0, l->len);
        break;
    default:
        l->at = (uint16_t)moved(l, key);
    }
}

static void edit_hidden(struct tk_line *l, uint8_t key)
{
    if (key == TK_PRESS_KILL || key == TK_PRESS_DOWN)
        tk_line_cut(l, 0);
    else if (key == TK_PRESS_KILL_WORD)
        tk_line_cut(l, l->secret_from);
}

bool tk_edit_key(struct tk_line *l, uint8_t key)
{
    bool has_echo = tk_line_has_echo(l);

    if (key >= 0x20 || (KEYS >> key & 1) == 0)
        return false;
    if (has_echo && l->secret_from == 0)
        edit(l, key);
    else
        edit_hidden(l, key);
    l->is_stale = has_echo;
    return true;
}

#else

bool tk_edit_scrolls(struct tk_line *l)
{
    (void)l;
    return false;
}

void tk_edit_draw(struct tk_line *l, struct tk_output *echo)
{
    tk_output_clear_line(echo);
    tk_output_prompt(echo);
    for (size_t i = 0; i < (l->secret_from != 0 ? l->secret_from : l->len); i++)
        tk_edit_echo(echo, l->typed[i]);
}

/* Swallows the keys that only a build with editing obeys. */
bool tk_edit_key(struct tk_line *l, uint8_t key)
{
    (void)l;
    return key != TK_PRESS_KILL;
}

#endif
