/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_refusal.h"

#include "tk_command.h"
#include "tk_words.h"

#include <string.h>

/* Of what begins at s. */
static enum tk_hint name_of(const char *s)
{
    static const char marks[][4] = {"\xc2\xa0", "\xc2\xad", "\xe2\x80\x8b", "\xef\xbb\xbf",
                                    "\xe2\x80"};

    for (unsigned i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (strncmp(s, marks[i], strlen(marks[i])) == 0)
            return (enum tk_hint)(TK_HINT_NO_BREAK + i);
    }
    return (*s & 0x80) != 0 ? TK_HINT_LETTER : TK_HINT_CONTROL;
}

void tk_refusal_answer(struct tk_console *c, const char *prefix)
{
    size_t bad = tk_line_bad(&c->line);
    char text[TK_WORDS_MAX + 1];
    struct tk_text t;

    tk_text_init(&t, text, sizeof text);
    if (c->line.refusal == TK_E_BAD_BYTE) {
        tk_text_add(&t, "the line held ");
        tk_words_add(&t, tk_words_of(TK_WORDS_HINTS, name_of(c->line.typed + bad)));
        tk_text_print(&t, " at column %u; ", (unsigned)bad + 1);
    }
    tk_words_add(&t, c->line.refusal);
    tk_console_put_err_text(c, prefix, c->line.refusal, text);
}
