/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TOKEN_SERVE_H
#define TK_TOKEN_SERVE_H

/* Serves the access token to a consumer: at once if it is valid for long enough, else after a
 * refresh. */

#include "tk_accounts.h"

enum tk_token_answer {
    TK_TOKEN_VALUE,  /* buf holds the token */
    TK_TOKEN_WAIT,   /* in progress: call again after the next pass of the main loop */
    TK_TOKEN_REFUSED /* permanent until re-authorized or reconfigured; see info.err */
};

struct tk_token_info {
    enum tk_err err;     /* TK_TOKEN_REFUSED: why; TK_TOKEN_WAIT: what delays it, or TK_OK */
    uint32_t generation; /* of the pair */
    uint32_t expires_in; /* s */
    bool is_short;       /* expires_in is below min_valid_s */
};

#define TK_MIN_VALID_DEFAULT 60 /* s */

/* As tk_token_get, tk_token_get_last and tk_token_rejected in tokenkeeper.h. */
enum tk_token_answer tk_token_serve(struct tk_accounts *all, const char *ref, uint32_t min_valid_s,
                                    char *buf, size_t size, struct tk_token_info *info);
enum tk_token_answer tk_token_serve_last(struct tk_accounts *all, const char *ref,
                                         uint32_t min_valid_s, char *buf, size_t size,
                                         struct tk_token_info *info);
uint32_t tk_token_serve_rejected(struct tk_accounts *all, const char *ref, uint32_t generation);

#endif
