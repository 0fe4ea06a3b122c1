/* SPDX-License-Identifier: Apache-2.0 */
#include "csv.h"

#include "buffer.h"
#include "tk_wipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool fail(char *why, size_t size, size_t line, const char *what)
{
    snprintf(why, size, "line %zu: %s", line, what);
    return false;
}

/* Unquotes the field at *at, in place; *at is behind it then, *end the character there, which is
 * overwritten by the field's terminator later. NULL: it is not valid. */
static char *read_field(char **at, char *end_of_text, char *end, size_t *line)
{
    char *field = *at, *out = *at, *in = *at;

    if (*in != '"') {
        in += strcspn(in, ",\r\n\"");
        *at = in;
        *end = *in;
        return *in == '"' ? NULL : field;
    }
    for (in++; in < end_of_text && (*in != '"' || in[1] == '"'); in++) {
        in += *in == '"';
        *line += *in == '\n';
        *out++ = *in;
    }
    if (in >= end_of_text)
        return NULL;
    *at = in + 1;
    *end = in[1];
    *out = '\0';
    return strchr(",\r\n", in[1]) != NULL ? field : NULL;
}

/* Fields of one line into cells; their number, 0 after an error. */
static size_t read_row(char **at, char *end_of_text, const char **cells, size_t *line)
{
    size_t count = 0;
    char end = ',';

    while (end == ',') {
        char *field = count < TK_CSV_COLUMNS ? read_field(at, end_of_text, &end, line) : NULL;

        if (field == NULL)
            return 0;
        cells[count++] = field;
        if (end == '\r' && (*at)[1] == '\n')
            *(*at)++ = '\0';
        else if (end == '\r')
            return 0;
        if (*at < end_of_text)
            *(*at)++ = '\0';
    }
    return count;
}

static void skip_empty(char **at, size_t *line)
{
    for (; **at == '\n' || (**at == '\r' && (*at)[1] == '\n'); (*at)++)
        *line += **at == '\n';
}

static bool parse(struct tk_csv *c, size_t len, char *why, size_t size)
{
    static const char mark[] = "\xef\xbb\xbf";
    char *at = c->text, *end = c->text + len;
    size_t line = 1;

    if (strncmp(at, mark, sizeof mark - 1) == 0)
        at += sizeof mark - 1;
    for (skip_empty(&at, &line); at < end; skip_empty(&at, &line), c->rows++) {
        const char **cells = c->cells + c->rows * TK_CSV_COLUMNS;
        const char *row[TK_CSV_COLUMNS];
        size_t count = c->rows <= TK_CSV_ROWS ? read_row(&at, end, row, &line) : 0;

        if (count == 0)
            return fail(why, size, line,
                        c->rows > TK_CSV_ROWS ? "too many rows" : "a field is not valid");
        if (c->rows > 0 && count != c->columns)
            return fail(why, size, line, "it has another number of fields than the first line");
        c->columns = count;
        memcpy(cells, row, count * sizeof row[0]);
        line++;
    }
    return c->rows > 1 || fail(why, size, line, "there is no row below the first line");
}

bool tk_csv_read(struct tk_csv *c, int fd, char *why, size_t size)
{
    struct tk_buffer b = {.max = TK_CSV_BYTES};

    memset(c, 0, sizeof *c);
    if (!tk_buffer_read(&b, fd)) {
        snprintf(why, size, "cannot be read, or is larger than 1 MB: %s", strerror(errno));
        tk_buffer_free(&b);
        return false;
    }
    c->text = b.bytes != NULL ? b.bytes : calloc(1, 1);
    c->len = b.len;
    c->cells = calloc((TK_CSV_ROWS + 2) * TK_CSV_COLUMNS, sizeof c->cells[0]);
    if (c->text == NULL || c->cells == NULL)
        return fail(why, size, 0, "no memory");
    if (strlen(c->text) != b.len || !tk_is_utf8(c->text, b.len))
        return fail(why, size, 1, "this is not UTF-8 text");
    return parse(c, b.len, why, size);
}

void tk_csv_free(struct tk_csv *c)
{
    if (c->text != NULL)
        tk_wipe(c->text, c->len);
    free(c->text);
    free(c->cells);
    memset(c, 0, sizeof *c);
}

const char *tk_csv_cell(const struct tk_csv *c, size_t row, size_t column)
{
    return c->cells[row * TK_CSV_COLUMNS + column];
}

size_t tk_csv_column(const struct tk_csv *c, const char *name)
{
    size_t i = 0;

    while (i < c->columns && strcmp(tk_csv_cell(c, 0, i), name) != 0)
        i++;
    return i;
}

void tk_csv_print(FILE *out, const char *value)
{
    if (value[strcspn(value, "\",\r\n")] == '\0') {
        fputs(value, out);
        return;
    }
    putc('"', out);
    for (; *value != '\0'; value++) {
        if (*value == '"')
            putc('"', out);
        putc(*value, out);
    }
    putc('"', out);
}
