/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CALL_LINK_H
#define TK_CALL_LINK_H

/* The client's side of a REST call: one request at the service's socket, and its answer. */

#include "service.h"

struct tk_call_request {
    const char *path; /* of the socket */
    const char *ref;  /* NULL: the first account */
    const char *method;
    const char *body; /* a JSON object */
    size_t len;
    bool reads;                 /* it may be repeated */
    int64_t wait_s;             /* -1: as long as timeout_s */
    uint64_t timeout_s;         /* until the answer begins */
    void (*waits)(void *owner); /* called each second in which nothing comes */
};

/* The second part of the answer, or what stands for it where there is none. */
struct tk_call_answer {
    bool ok;
    int status;         /* exit status */
    int64_t retry_in_s; /* -1: unknown */
    bool has_next;      /* there are more rows ... */
    int64_t more;       /* ... so many; 0: unknown */
    int64_t command;    /* of a batch, from 1, that is not permitted; 0: none */
    char error[80];
    char words[640];
    char json[2048]; /* as the service sent it, without its line end; "": it did not */
};

/* Makes the call; while too many calls are open, again until the timeout. take gets the portal's
 * answer. False: take or a signal ended the call, and *answer says nothing. */
bool tk_call_ask(const struct tk_call_request *request, tk_service_take *take, void *owner,
                 struct tk_call_answer *answer);

/* From now on SIGINT and SIGTERM end the current call and all later ones; unless they are ignored.
 * A second one ends the program. */
void tk_call_catch_signals(void);

/* The signal that did; 0: none. */
int tk_call_signal(void);

#endif
