/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HTTP_GET_H
#define TK_HTTP_GET_H

/*
 * A browser's request to http://localhost:<port> (RFC 9112), read strictly: one GET in origin form,
 * for that host, without a body and without bytes behind it. Pure functions.
 */

#include <stdbool.h>
#include <stddef.h>

enum { TK_HTTP_GET_MAX = 8192 /* bytes of a request */ };

/* The status of the answer; TK_GET_MORE: the request is not complete. */
enum tk_get {
    TK_GET_MORE = 0,
    TK_GET_OK = 200,
    TK_GET_BAD = 400,
    TK_GET_METHOD = 405,
    TK_GET_HOST = 421,    /* another host: a page of another origin, by DNS rebinding */
    TK_GET_LARGE = 431,   /* more than TK_HTTP_GET_MAX */
    TK_GET_PREFETCH = 503 /* a browser guesses; no person has opened the page */
};

/* Reads the request bytes[0..len); host is the Host that it must have, localhost:7000. After
 * TK_GET_OK its target is target[0..*target_len), within bytes: visible ASCII that begins with a
 * slash. */
enum tk_get tk_http_get(const char *bytes, size_t len, const char *host, const char **target,
                        size_t *target_len);

/* The value of a parameter of the target's query, decoded. False unless it is there once, is not
 * empty, is visible ASCII and fits into out. */
bool tk_http_get_param(const char *target, size_t len, const char *name, char *out, size_t size);

#endif
