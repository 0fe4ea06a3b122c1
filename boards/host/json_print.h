/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_JSON_PRINT_H
#define TK_JSON_PRINT_H

/* Answers of the console as JSON (RFC 8259), printed as they come. What is not UTF-8 is printed as
 * the console escapes it. */

#include <stddef.h>
#include <stdio.h>

/* s[0..len) as a string. */
void tk_json_print(FILE *out, const char *s, size_t len);

/* A data line `key=value`, which is modified, as {"key":...,"value":...}. */
void tk_json_print_line(FILE *out, char *line);

/* Pairs `a=b c=d` as an object. */
void tk_json_print_pairs(FILE *out, const char *pairs);

#endif
