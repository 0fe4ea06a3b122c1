/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_params.h"

#include <string.h>

enum { DEPTH_MAX = 8 };

static char *next_word(char *word)
{
    word += strcspn(word, " ");
    return word + strspn(word, " ");
}

/* s[0..len) as a JSON string. */
static void add_string(struct tk_text *t, char *s, size_t len)
{
    char end = s[len];

    s[len] = '\0';
    tk_text_json(t, s);
    s[len] = end;
}

enum place { NEW, KNOWN, WRONG };

/* Whether a word before this one begins with the same name: the first len characters, and then a
 * [ or =. */
static enum place place_of(char *words, const char *word, size_t len)
{
    for (; words < word; words = next_word(words)) {
        if (strncmp(words, word, len) != 0)
            continue;
        if (words[len] == '[' && word[len] == '[')
            return KNOWN;
        if (words[len] == '[' || words[len] == '=')
            return WRONG;
    }
    return NEW;
}

/* The object of the words that begin with prefix[0..len). */
static bool add_object(struct tk_text *t, char *words, const char *prefix, size_t len,
                       unsigned depth)
{
    char before = '{';

    for (char *word = words; *word != '\0'; word = next_word(word)) {
        if (strncmp(word, prefix, len) != 0)
            continue;
        char *name = word + len;
        size_t name_len = strcspn(name, depth == 0 ? "[]:= " : "] ");
        size_t end = len + name_len + (depth > 0 && name[name_len] == ']');
        enum place place = place_of(words, word, end);

        if (place == KNOWN)
            continue;
        if (place == WRONG || name_len == 0 || depth == DEPTH_MAX)
            return false;
        tk_text_char(t, before);
        before = ',';
        add_string(t, name, name_len);
        tk_text_char(t, ':');
        if (word[end] == '=')
            add_string(t, word + end + 1, strcspn(word + end + 1, " "));
        else if (word[end] != '[' || !add_object(t, words, word, end + 1, depth + 1))
            return false;
    }
    tk_text_char(t, '}');
    return true;
}

bool tk_params_json(struct tk_text *t, char *words)
{
    if (*words == '\0') {
        tk_text_add(t, "{}");
        return true;
    }
    return add_object(t, words, words, 0, 0);
}
