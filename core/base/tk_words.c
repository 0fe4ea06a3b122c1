/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_words.h"

#include <string.h>

#include "tk_words_packed.h" /* of core/base/words.py, while building */

enum { /* where each table's sentences begin: that of TK_OK stands before all */
       COMMANDS = TK_E_COUNT,
       SETTINGS = COMMANDS
#define TK_COMMAND(...) +1
#include "tk_commands.h"
#undef TK_COMMAND
       ,
       END = SETTINGS
#define TK_SETTING(...) +1
#include "tk_settings.h"
#undef TK_SETTING
};

typedef char every_sentence_is_there[END == SENTENCES ? 1 : -1];
typedef char no_sentence_is_longer[LONGEST <= TK_WORDS_MAX ? 1 : -1];

/* A byte is a character, or two bytes, each of which may be two again. */
static void add_byte(struct tk_text *t, uint8_t byte)
{
    uint8_t later[DEEPEST];
    size_t n = 0;

    for (;;) {
        for (; byte >= FIRST_PAIR; byte = pairs[byte - FIRST_PAIR][0])
            later[n++] = pairs[byte - FIRST_PAIR][1];
        tk_text_char(t, (char)(byte - 1 + FIRST_CHARACTER));
        if (n == 0)
            return;
        byte = later[--n];
    }
}

void tk_words_add(struct tk_text *t, unsigned sentence)
{
    const uint8_t *at = sentences;

    while (sentence-- > 0)
        at += strlen((const char *)at) + 1;
    while (*at != 0)
        add_byte(t, *at++);
}

unsigned tk_words_of_command(size_t row)
{
    return COMMANDS + (unsigned)row;
}

unsigned tk_words_of_setting(size_t row)
{
    return SETTINGS + (unsigned)row;
}
