/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CSV_H
#define TK_CSV_H

/* Comma-separated values (RFC 4180), UTF-8, with LF or CRLF; empty lines are left out. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { TK_CSV_ROWS = 1000, TK_CSV_COLUMNS = 48, TK_CSV_BYTES = 1024 * 1024 };

struct tk_csv {
    char *text; /* on the heap; wiped by tk_csv_free */
    size_t len;
    const char **cells; /* TK_CSV_COLUMNS a row; the first row names the columns */
    size_t rows, columns;
};

/* Reads a whole file from fd. False with the reason in why; c is to be freed in any case. */
bool tk_csv_read(struct tk_csv *c, int fd, char *why, size_t size);
void tk_csv_free(struct tk_csv *c);

const char *tk_csv_cell(const struct tk_csv *c, size_t row, size_t column);

/* The column of this name; c->columns: there is none. */
size_t tk_csv_column(const struct tk_csv *c, const char *name);

/* Writes a value, in quotes where it needs them. */
void tk_csv_print(FILE *out, const char *value);

#endif
