/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CALL_H
#define TK_CALL_H

/*
 * REST calls with an account's token: one POST of a JSON object to the portal each, whose answer is
 * passed on as it comes, however long it is (https://apidocs.bitrix24.com). Here is kept what every
 * caller would have to write: a call waits for a valid token and for the portal's limit of
 * requests, follows a refresh after a 401, and is repeated where it is certain that nothing was
 * done, or the method only reads. A call that may change something and whose outcome is unknown is
 * never repeated.
 *
 * Call everything from the main loop; from other threads and tasks: tk_mailbox.h.
 */

#include "tk_accounts.h"
#include "tk_bucket.h"
#include "tk_method.h"

/* What is certain at the end of a call. */
enum tk_call_outcome {
    TK_CALL_NOT_SENT, /* the portal did nothing: refused before the method ran, or never reached */
    TK_CALL_UNKNOWN, /* it was sent and its answer is lost, incomplete or no answer of the method */
    TK_CALL_DONE     /* the portal answered, with a result or with an error of its own */
};

/* Found in the answer in passing. */
struct tk_call_result {
    enum tk_err err; /* TK_OK: the portal answered with a result, all of which was passed on */
    enum tk_call_outcome outcome;
    uint16_t status;                     /* of the last answer; 0: none */
    char error[TK_SERVER_ERROR_MAX + 1]; /* the portal's code as it may be shown; "": none */
    uint32_t retry_in_s; /* err is TK_E_REST_LIMIT or so: when it may be of use again; 0: unknown */
    bool has_next;       /* next is where the next page starts */
    uint32_t next, total;  /* 0 unless the answer has them */
    uint32_t operating_ms; /* of this method in the last 10 minutes, of the portal's 480 s */
    uint64_t last_id;      /* of the last row of a list; 0: none */
};

struct tk_call {
    /* Set by the caller before tk_call_start, and unchanged until done is called. Zero the rest. */
    const char *ref;     /* account; NULL or "": the first */
    const char *method;  /* tk_method_is_valid */
    uint32_t user;       /* calls of different users share the limit evenly; 0 if there is one */
    bool only_reads;     /* ... whatever its name says: it may be repeated */
    uint32_t timeout_ms; /* from the start until the answer begins, all waiting included */
    const char *id_key;  /* the member of a row that is its ID; NULL: "ID" and "id" */

    /* The body: a JSON object of body_len bytes without auth, access_token or Authorization among
     * its outermost members; 0: {}. Puts 1 to size bytes from offset on, and returns how many; 0:
     * the call ends with TK_E_CANCELLED. It is called for any offset, more than once. */
    size_t (*produce)(struct tk_call *call, uint32_t offset, char *out, size_t size);
    uint32_t body_len;

    /* Gets the answer in pieces, from its first byte on; an error of the portal too, once it is
     * certain that the call is not repeated. data is valid during the call. After TK_TAKE_PAUSE
     * nothing comes until tk_call_resume; TK_TAKE_NONE ends the call with TK_E_CANCELLED. NULL: not
     * needed. */
    enum tk_take (*on_body)(struct tk_call *call, const char *data, size_t len);

    /* Called once at the end; may start call again. */
    void (*done)(struct tk_call *call, const struct tk_call_result *result);

    /* private */
    struct tk_call *next;
};

/* The calls of a keeper. */
struct tk_calls;

/* Queues a call. Any other result than TK_OK: it was not started, and done will not be called:
 * TK_E_NO_SUCH_REF, TK_E_BAD_VALUE (not a method's name). */
enum tk_err tk_calls_start(struct tk_calls *all, struct tk_call *call);

/* Ends a call without calling its done; no effect on one that is not active. A request that was
 * sent may still be carried out. */
void tk_calls_cancel(struct tk_calls *all, struct tk_call *call);

/* After TK_TAKE_PAUSE: the answer goes on in the next pass of the main loop. */
void tk_calls_resume(struct tk_calls *all, struct tk_call *call);

/* Milliseconds until the portal's limit lets the call be sent; 0: it is not waiting for that. */
uint32_t tk_calls_wait_ms(const struct tk_calls *all, const struct tk_call *call);

#endif
