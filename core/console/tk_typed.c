/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_typed.h"

#include "tk_text.h"

#include <string.h>

void tk_line_init(struct tk_line *l, enum tk_line_hides (*hides)(const struct tk_line *l))
{
    *l = (struct tk_line){.hides = hides};
}

bool tk_line_is_program(const struct tk_line *l)
{
    return l->len > 0 && l->typed[0] == '@' && !l->no_echo;
}

bool tk_line_has_echo(const struct tk_line *l)
{
    return !l->no_echo && !l->is_quiet && !tk_line_is_program(l);
}

bool tk_line_is_shown(const struct tk_line *l)
{
    return l->len > 0 && !l->is_done && tk_line_has_echo(l);
}

/* Of what was copied along with an address only a control character leaves a doubt. */
size_t tk_line_bad(const struct tk_line *l)
{
    size_t i = 0;

    while (i < l->len &&
           (tk_line_is_text(l->typed[i]) || (l->is_address && (l->typed[i] & 0x80) != 0)))
        i++;
    return i;
}

/* --- what is hidden --- */

/* Whether what follows typed[i] is hidden. */
static bool hides_after(struct tk_line *l, size_t i)
{
    char next = l->typed[i + 1];
    enum tk_line_hides hides;

    if (strchr(" /=", l->typed[i]) == NULL || l->no_echo || tk_line_is_program(l))
        return false;
    l->typed[i + 1] = '\0';
    hides = l->hides(l);
    l->typed[i + 1] = next;
    if (hides == TK_HIDES_NOTHING)
        return false;
    l->secret_from = (uint16_t)(i + 1);
    l->at = l->len;
    l->is_address = hides == TK_HIDES_ADDRESS;
    return true;
}

static void find_hidden(struct tk_line *l)
{
    if (l->len == 0)
        l->refusal = TK_OK;
    for (size_t i = 0; i < l->len && !hides_after(l, i); i++)
        continue;
}

/* --- changes --- */

void tk_line_insert(struct tk_line *l, char byte)
{
    size_t i = l->at++;

    l->last = 0;
    memmove(l->typed + i + 1, l->typed + i, l->len - i);
    l->typed[i] = byte;
    l->typed[++l->len] = '\0';
    if (l->secret_from != 0)
        return;
    if (l->at < l->len)
        find_hidden(l);
    else
        (void)hides_after(l, i);
}

void tk_line_delete(struct tk_line *l, size_t from, size_t to)
{
    memmove(l->typed + from, l->typed + to, l->len - to + 1U);
    l->len -= (uint16_t)(to - from);
    l->at = (uint16_t)from;
    find_hidden(l);
}

/* The line before stays while there is nothing else. */
void tk_line_cut(struct tk_line *l, size_t len)
{
    size_t end = len + l->last;

    tk_wipe(l->typed + end, sizeof l->typed - l->kept - end);
    l->len = l->at = (uint16_t)len;
    l->is_done = false;
    if (len < l->secret_from) {
        l->secret_from = 0;
        l->is_address = l->is_held = false;
    }
    find_hidden(l);
}

/* A command has put a NUL behind each word that it has read. */
void tk_line_swap_last(struct tk_line *l, uint16_t len, uint16_t last)
{
    l->last = last;
    l->len = l->at = len;
    for (size_t i = 0; i < len; i++) {
        if (l->typed[i] == '\0')
            l->typed[i] = ' ';
    }
    find_hidden(l);
}

char *tk_line_keep(struct tk_line *l, const char *bytes, size_t len)
{
    l->kept = (uint16_t)len;
    return memmove(l->typed + sizeof l->typed - len, bytes, len);
}
