/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HTTP_SHAPE_H
#define TK_HTTP_SHAPE_H

#include "tk_http.h"

/* Appends what may be shown of a response that could not be read: "http=200 type=text/html
 * coding=gzip length=5120 begins=<aaaa>", where missing fields are left out. `begins` has the first
 * 32 bytes of the body, with letters as `a`, digits as `0`, and what is not printable ASCII as `?`;
 * so does a type or coding that is not well known. At most TK_HTTP_SHAPE_MAX characters. Call it
 * before the body is decoded in place. */
enum { TK_HTTP_SHAPE_MAX = 134 };
void tk_http_shape(struct tk_text *t, const struct tk_http *h);

#endif
