/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CALL_H
#define TK_CALL_H

/*
 * REST calls with an account's token: one POST of a JSON object to the portal each, whose answer is
 * passed on as it comes, however long it is (https://apidocs.bitrix24.com). A call waits for a
 * valid token and for the portal's limit of requests, follows a refresh after a 401, and is
 * repeated if it is certain that nothing was done, or if the method only reads. A call that may
 * change something and whose outcome is unknown is never repeated, unless the portal knows it by
 * its idempotency key (REST 3.0).
 *
 * A method of REST 3.0 has the prefix of its address: api/tasks.task.get.
 *
 * Programs start calls with tk_call_start and the like (tokenkeeper.h). Call everything from the
 * main loop; from other threads and tasks: tk_mailbox.h.
 */

#include "tk_method.h"
#include "tk_request.h"

/* What is certain at the end of a call. */
enum tk_call_outcome {
    TK_CALL_NOT_SENT, /* the portal did nothing: refused before the method ran, or never reached */
    TK_CALL_UNKNOWN, /* it was sent and its answer is lost, incomplete or no answer of the method */
    TK_CALL_DONE     /* the portal answered, with a result or with an error of its own */
};

/* How a call ended, and what its answer says. */
struct tk_call_result {
    enum tk_err err; /* TK_OK: the portal answered with a result, all of which was passed on */
    enum tk_call_outcome outcome;
    uint16_t status;                     /* of the last answer; 0: none */
    char error[TK_SERVER_ERROR_MAX + 1]; /* the portal's code as it may be shown; "": none */
    uint32_t retry_in_s;                 /* until another call may succeed; 0: unknown */
    bool has_next;                       /* next is where the next page starts */
    uint32_t next, total;                /* 0 unless the answer has them */
    uint32_t operating_ms; /* of this method in the last 10 minutes, of the portal's 480 s */
    uint64_t last_id;      /* of the last row of a list; 0: none */
};

struct tk_call {
    /* Set by the caller before tk_call_start, and unchanged until done is called. Zero the rest. */
    const char *ref;     /* account; NULL or "": the first */
    const char *method;  /* tk_method_is_valid */
    uint32_t user;       /* calls of different users share the limit evenly; 0 if there is one */
    bool only_reads;     /* it changes nothing, whatever its name says: it may be repeated */
    uint32_t timeout_ms; /* from the start until the answer begins, all waiting included */
    const char *id_key;  /* the member of a row that is its ID, in any case; NULL: "id" */

    /* The body: a JSON object of body_len bytes without auth, access_token or Authorization among
     * its outermost members; 0: {}. Puts 1 to size bytes from offset on, and returns how many; 0:
     * the call ends with TK_E_CANCELLED. It is called for any offset, more than once, and from
     * tk_call_start. */
    size_t (*produce)(struct tk_call *call, uint32_t offset, char *out, size_t size);
    uint32_t body_len;

    /* Gets the answer in pieces, from its first byte on; an error of the portal too, once it is
     * certain that the call is not repeated. data is valid during the call. Returns how many bytes
     * it takes, and gets the rest at once. 0: nothing comes until tk_call_resume, then the rest;
     * after 60 s without it the call ends with TK_E_TRUNCATED. TK_TAKE_NONE ends the call with
     * TK_E_CANCELLED. NULL: not needed. */
    size_t (*on_body)(struct tk_call *call, const char *data, size_t len);

    /* Called once at the end, within tk_keeper_run, tk_keeper_shutdown or tk_keeper_free; may start
     * call again. */
    void (*done)(struct tk_call *call, const struct tk_call_result *result);

    /* private */
    struct tk_call *next;
    struct tk_calls *all;
    struct tk_account *account; /* pinned; NULL: it is not active */
    bool is_sending;            /* request is active */
    bool is_empty;              /* the body has no members */
    bool is_unknown;            /* it was sent, and its outcome is unknown */
    bool is_refused;            /* its token, of this generation, was refused */
    uint8_t answer;             /* what becomes of it */
    uint8_t held_len;
    uint8_t tries;     /* that failed */
    uint8_t limits;    /* that the portal's limit refused */
    uint8_t redirects; /* followed */
    uint16_t err;      /* enum tk_err: what delays it */
    uint32_t turn;     /* the lowest goes first */
    uint32_t generation;
    uint32_t number;      /* of this call, in its idempotency key */
    uint64_t deadline_ms; /* ticks */
    uint64_t not_before_ms;
    struct tk_json_fields fields;
    struct tk_request request;
    char held[56]; /* the beginning of the answer, until it is certain what becomes of it */
};

/* Whether it changes nothing: its outcome need not be known. */
static inline bool tk_call_only_reads(const struct tk_call *call)
{
    return call->only_reads || tk_method_reads(call->method);
}

/* Whether its request is on its way: it may be carried out, also after tk_call_cancel. */
static inline bool tk_call_was_sent(const struct tk_call *call)
{
    return call->account != NULL && call->is_sending && call->request.sent;
}

#endif
