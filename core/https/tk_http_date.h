/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HTTP_DATE_H
#define TK_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* Parses a date of HTTP (RFC 9110 5.6.7) into seconds since 1970: "Sun, 06 Nov 1994 08:49:37 GMT",
 * "Sunday, 06-Nov-94 08:49:37 GMT" or "Sun Nov  6 08:49:37 1994"; and as curl does, its parts in
 * any order and case, and +hhmm instead of GMT. From 1970 on; years 00 to 70 are those from 2000.
 * The name of the day is not compared with the date. False, with *unix_s unchanged, for anything
 * else. Pure function. */
bool tk_http_date_parse(const char *s, int64_t *unix_s);

#endif
