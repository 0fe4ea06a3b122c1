/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CALL_JOB_H
#define TK_CALL_JOB_H

/* What the forms of `tokenkeeper call` share: one call whose answer is read value by value. */

#include "buffer.h"
#include "call_link.h"
#include "call_output.h"
#include "host.h"
#include "json_walk.h"

enum {
    TK_CALL_SAID_SIZE = 8192,            /* bytes of an answer that are kept for an error in it */
    TK_CALL_VALUE_MAX = 16 * 1024 * 1024 /* bytes of a row */
};

struct tk_call_job {
    const struct tk_options *options;
    char path[TK_HOST_PATH]; /* of the socket */
    int64_t wait_s;
    uint64_t timeout_s;
    struct tk_call_output out;
    void *form;   /* --all's or --batch's own */
    bool flushes; /* what is printed goes out at once, not when it is complete */

    /* of the current call */
    struct tk_walk walk; /* the owner is this */
    bool stopped;        /* the caller wants no more of this answer */
    bool has_next;       /* the portal says that there are more rows */
    uint64_t more;       /* how many; 0: it does not say */
    int64_t command;     /* of a batch, from 1, that is not permitted; 0: none */
    size_t said_len;
    char said[TK_CALL_SAID_SIZE]; /* its beginning */
    char words[640];              /* of an error in it */
};

/* Makes a call; walk has callbacks, or the answer is printed as it is. Returns an exit status; an
 * error was printed. */
int tk_call_run(struct tk_call_job *job, const char *method, const struct tk_buffer *body);

/* Prints the request instead, without the token. */
int tk_call_show(struct tk_call_job *job, const char *method, const struct tk_buffer *body);

/* The result of one call, on one line. */
int tk_call_result(struct tk_call_job *job, const char *method, const struct tk_buffer *body);

/* All rows of a list, page by page. */
int tk_call_pages(struct tk_call_job *job, const char *method, const struct tk_buffer *body);

/* The commands in a file, 50 in a call. */
int tk_call_batch(struct tk_call_job *job);

#endif
