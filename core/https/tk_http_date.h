/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HTTP_DATE_H
#define TK_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* Parses "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate, RFC 9110 5.6.7), from 1970 on, into seconds
 * since 1970. The name of the day is not compared with the date. False, with *unix_s unchanged, for
 * anything else. Pure function. */
bool tk_http_date_parse(const char *s, int64_t *unix_s);

#endif
