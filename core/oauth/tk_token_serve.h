/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TOKEN_SERVE_H
#define TK_TOKEN_SERVE_H

/* A consumer's demand for a token: served from what is there, or by a refresh that it waits for. */

#include "tk_accounts.h"

enum tk_token_answer {
    TK_TOKEN_VALUE,  /* buf holds the token */
    TK_TOKEN_WAIT,   /* in progress: ask again after the next pass of the main loop */
    TK_TOKEN_REFUSED /* permanent until re-authorized or reconfigured; see info.err */
};

struct tk_token_info {
    enum tk_err err;     /* REFUSED: why; WAIT: what it waits for, or TK_OK */
    uint32_t generation; /* of the pair that the token is from */
    uint32_t expires_in; /* seconds that it is still valid */
    bool is_short;       /* less than was asked for: no longer one can be had now */
};

#define TK_MIN_VALID_DEFAULT 60 /* s */

/* See tk_token_get in tokenkeeper.h. */
enum tk_token_answer tk_token_serve(struct tk_accounts *all, const char *ref, uint32_t min_valid_s,
                                    char *buf, size_t size, struct tk_token_info *info);
enum tk_token_answer tk_token_serve_last(struct tk_accounts *all, const char *ref,
                                         uint32_t min_valid_s, char *buf, size_t size,
                                         struct tk_token_info *info);
void tk_token_serve_rejected(struct tk_accounts *all, const char *ref, uint32_t generation);

#endif
