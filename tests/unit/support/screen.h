/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCREEN_H
#define SCREEN_H

/*
 * What an operator sees: a terminal of 80 columns that knows CR, LF, BS and ESC [ K, and wraps like
 * a VT100. Any other control character fails the test. Include after cmocka.h.
 */

#include <stdio.h>
#include <string.h>

enum { SCREEN_COLUMNS = 80, SCREEN_ROWS = 400 };

struct screen {
    char rows[SCREEN_ROWS][SCREEN_COLUMNS + 1];
    int row, column;
    int sequence; /* characters seen of ESC [ K */
};

static inline void screen_init(struct screen *s)
{
    memset(s, 0, sizeof *s);
    memset(s->rows, ' ', sizeof s->rows);
}

static inline void screen_sequence(struct screen *s, char c)
{
    assert_int_equal(c, "\x1b[K"[s->sequence++]);
    if (s->sequence < 3)
        return;
    memset(s->rows[s->row] + s->column, ' ', (size_t)(SCREEN_COLUMNS - s->column));
    s->sequence = 0;
}

static inline void screen_text(struct screen *s, char c)
{
    assert_in_range(c, ' ', '~');
    if (s->column == SCREEN_COLUMNS) {
        s->row++;
        s->column = 0;
    }
    s->rows[s->row][s->column++] = c;
}

static inline void screen_put(struct screen *s, const char *text)
{
    for (; *text != '\0'; text++) {
        if (s->sequence > 0 || *text == '\x1b')
            screen_sequence(s, *text);
        else if (*text == '\r')
            s->column = 0;
        else if (*text == '\n')
            s->row++;
        else if (*text == '\b')
            s->column -= s->column > 0;
        else
            screen_text(s, *text);
        assert_in_range(s->row, 0, SCREEN_ROWS - 1);
    }
}

/* The rows from `first` on down to the cursor's, without trailing spaces, each ended by LF; where
 * the cursor stands there is a `_` if it is within the row or right behind it. */
static inline const char *screen_from(const struct screen *s, int first)
{
    static char text[SCREEN_ROWS * (SCREEN_COLUMNS + 2)];
    char *to = text;

    for (int row = first; row <= s->row; row++) {
        int len = SCREEN_COLUMNS;

        while (len > 0 && s->rows[row][len - 1] == ' ' && !(row == s->row && len == s->column))
            len--;
        for (int i = 0; i < len || (row == s->row && i == s->column); i++) {
            if (row == s->row && i == s->column)
                *to++ = '_';
            if (i < len)
                *to++ = s->rows[row][i];
        }
        *to++ = '\n';
    }
    *to = '\0';
    return text;
}

#endif
