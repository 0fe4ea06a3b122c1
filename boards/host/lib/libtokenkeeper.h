/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIBTOKENKEEPER_H
#define LIBTOKENKEEPER_H

/*
 * For programs in C on the machine of a tokenkeeper service: its access tokens, and calls of the
 * portal that the service makes. This header and libtokenkeeper.c are all of it; they need POSIX.1
 * and no other library. The protocol is in boards/host/PROTOCOL.md.
 *
 *      struct tk_consumer consumer = {.ref = NULL};
 *      struct tk_consumer_token token;
 *      struct tk_consumer_error error;
 *
 *      if (tk_consumer_get(&consumer, TK_CONSUMER_MIN_VALID, &token, &error) != 0)
 *          fprintf(stderr, "%s: %s\n", error.code, error.words);
 *
 * Each function connects, asks, closes the connection and returns within its timeout. There is no
 * state between two of them: any thread may call them at any time, also after fork. They keep
 * errno, raise no SIGPIPE, and their descriptors are closed by exec. They read the environment, so
 * no other thread may change it meanwhile. About 20 KB of stack are needed. Texts are UTF-8,
 * NUL-terminated; "" means none.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TK_CONSUMER_MIN_VALID 60 /* s; suits most programs */

/* What functions return, and error.exit: the exit statuses of `tokenkeeper get` and `call`. */
enum tk_consumer_exit {
    TK_CONSUMER_OK = 0,
    TK_CONSUMER_USAGE = 2,      /* an argument is invalid */
    TK_CONSUMER_NO_SERVICE = 3, /* none runs, or this user may not connect */
    TK_CONSUMER_NO_REF = 4,     /* no account has this name */
    TK_CONSUMER_OPERATOR = 5,   /* an operator must act, see words; or this is not allowed */
    TK_CONSUMER_RETRY = 6,      /* try again later, see retry_in_s */
    TK_CONSUMER_REFUSED = 7,    /* the portal answered with an error of its own */
    TK_CONSUMER_UNKNOWN = 8,    /* whether the call was carried out */
    TK_CONSUMER_INTERNAL = 70
};

/* Whom to ask. All zero: the first account of the service of this machine. */
struct tk_consumer {
    const char *socket; /* NULL: $TOKENKEEPER_SOCKET, else where `tokenkeeper get` looks */
    const char *ref;    /* name of the account */
    int timeout_s;      /* at most 3600; 0: 30 for a token, 75 until the answer to a call begins;
                           below 0: nothing is waited for that is not there */
};

/* Filled by each function. */
struct tk_consumer_error {
    int exit;
    char code[64];       /* does not change between versions */
    char words[512];     /* what to do */
    uint32_t retry_in_s; /* 0: unknown */
};

struct tk_consumer_token {
    char access_token[2049];   /* secret */
    char client_endpoint[256]; /* where to call with it: https://host/rest/ */
    char portal[136];          /* host of the portal */
    char user_id[41], member_id[41];
    char scope[256];
    int64_t expires_at;  /* Unix time */
    uint32_t expires_in; /* s */
    uint32_t generation; /* counts the tokens of this account */
    bool is_short;       /* fewer than min_valid_s seconds are left, and no renewal helps now */
};

/* A token for which at least min_valid_s seconds are left; it is renewed first if need be. Get it
 * for each use and do not keep it: a renewal replaces it. */
int tk_consumer_get(const struct tk_consumer *consumer, uint32_t min_valid_s,
                    struct tk_consumer_token *token, struct tk_consumer_error *error);

/* The portal answered 401 to a token of this generation: gets another one. If that was the newest,
 * it is renewed, once a minute and ten times an hour at most, then "too_soon" (TK_CONSUMER_RETRY).
 */
int tk_consumer_rejected(const struct tk_consumer *consumer, uint32_t generation,
                         struct tk_consumer_token *token, struct tk_consumer_error *error);

enum tk_consumer_outcome {
    TK_CONSUMER_NOT_SENT, /* the portal did nothing */
    TK_CONSUMER_IN_DOUBT, /* it was sent, and its answer is lost or incomplete */
    TK_CONSUMER_DONE      /* the portal answered */
};

struct tk_consumer_call {
    const char *method; /* 1 to 64 of A-Z a-z 0-9 . _; of REST 3.0: with api/ before them */
    const char *body;   /* a JSON object without auth, access_token and Authorization */
    size_t body_len;    /* at most 1048576; 0: {} */
    bool only_reads;    /* changes nothing, whatever its name says, and may be repeated */
    int wait_s; /* for the portal's limit of requests; 0: as long as the timeout; below 0: not */

    /* Gets the portal's answer as it comes, in pieces of at most 1024 bytes, valid until it
     * returns; an error of the portal too. False ends the call: "cancelled". NULL: not needed. */
    bool (*on_answer)(void *ctx, const char *data, size_t len);
    void *ctx;
};

/* What is certain, and what was found in the answer in passing. */
struct tk_consumer_result {
    enum tk_consumer_outcome outcome;
    int status;           /* HTTP; 0: no answer */
    bool has_next;        /* next is where the next page starts */
    uint64_t next, total; /* 0 unless the answer has them */
    char last_id[24];     /* of the last row */
    uint32_t operating_s; /* of this method in the last 10 minutes, of 480; 0: unknown */
};

/* One call of the portal; TK_CONSUMER_OK: it answered with a result, and on_answer got all of it.
 * The service adds the token, keeps the limits, follows a 401 and repeats what reads; a call that
 * may have changed something and whose outcome is in doubt is never repeated: look at the portal
 * before you do. */
int tk_consumer_call(const struct tk_consumer *consumer, const struct tk_consumer_call *call,
                     struct tk_consumer_result *result, struct tk_consumer_error *error);

#ifdef __cplusplus
}
#endif

#endif
