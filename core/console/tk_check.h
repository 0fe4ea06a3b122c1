/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CHECK_H
#define TK_CHECK_H

/*
 * The command `check`: clock, seed, store; then for the authorization host and the portal how far
 * the way goes: name, TCP, TLS, certificate; then whether REST takes the token. One line a stage,
 * as it is reached; the first thing that is wrong stands behind ERR.
 */

#include "tk_https.h"

/* A connection that is opened to see how far it comes. */
struct tk_probe {
    struct tk_request request;
    bool ended;
    enum tk_err err;
    enum tk_tls_stage stage; /* the furthest */
    struct tk_addr addr;
    const char *version; /* "TLSv1.3"; a constant */
    int64_t not_after;
};

#endif
