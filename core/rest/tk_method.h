/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_METHOD_H
#define TK_METHOD_H

/* Names of REST methods. Pure functions. */

#include <stdbool.h>

#define TK_METHOD_MAX 64 /* characters, without the prefix */
#define TK_METHOD_V3  "api/"

/* 1 to TK_METHOD_MAX of [A-Za-z0-9._]: the name becomes part of a URL's path. No dot at either end
 * and no two in a row. A method of REST 3.0 has the prefix TK_METHOD_V3 before that. */
bool tk_method_is_valid(const char *method);

bool tk_method_is_v3(const char *method);

/* True if the name says that the method only reads: its last part, without a format such as .json,
 * is get, list, fields, count, current, search, info, scope, profile, time or test; but
 * event.offline.get deletes what it delivers. */
bool tk_method_reads(const char *method);

#endif
