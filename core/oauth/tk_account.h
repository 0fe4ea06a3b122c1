/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ACCOUNT_H
#define TK_ACCOUNT_H

/*
 * An account: portal + application + token pair, under a reference name. This is what it knows in
 * RAM. Its memory on flash is tk_account_store.h, what changes it tk_account_set.h, its state
 * tk_state.h. Its life: a code becomes a pair (tk_auth.h), the pair is renewed (tk_token.h) and
 * served (tk_token_serve.h).
 */

#include "tk_counters.h"
#include "tk_oauth.h"
#include "tk_runtime.h"

#define TK_RENEW_DEFAULT   1500 /* s: 25 minutes, what this product promises */
#define TK_RENEW_ON_DEMAND 0

/* Why a pair came to its end; kept on flash, so that a restart does not try a dead pair again. */
enum tk_revocation { TK_NOT_REVOKED = 0, TK_REVOKED = 1, TK_ROTATION_LOST = 2 }; /* as on flash */

enum tk_rest_status { TK_REST_UNKNOWN, TK_REST_OK, TK_REST_DENIED, TK_REST_UNREACHABLE };

struct tk_pair {
    uint32_t generation; /* counts the pairs that the account has had */
    uint32_t lifetime_s; /* what the server said: expires_in */
    int64_t issued_unix;
    int64_t expires_unix;
    char access[TK_TOKEN_MAX + 1]; /* "": there is no pair */
    char refresh[TK_TOKEN_MAX + 1];
};

/* What the server told together with the pair, and what rarely changes. */
struct tk_grant_info {
    char client_endpoint[TK_HOST_TEXT + TK_PATH_MAX + 9]; /* https://host/rest/ */
    char member_id[TK_ID_MAX + 1];
    char user_id[TK_ID_MAX + 1];
    char scope[TK_SCOPE_MAX + 1];
};

enum { TK_USED_CODES = 4, TK_DIGEST_SIZE = 8, TK_STATE_SIZE = 16 };

struct tk_auth {
    char state[2 * TK_STATE_SIZE + 1]; /* of the newest auth begin; "" before one */
    uint64_t preconnect_until_ms;      /* the connection is kept warm until then; 0: not */
    struct tk_timer preconnect_timer;
    struct tk_request preconnect_request;
    struct tk_timer retry_timer; /* the code was not sent yet, and will be tried again */
    struct tk_request request;
    char code[TK_TOKEN_MAX + 1];
    const char *redirect_host; /* the auth host that the redirect named, a constant; or NULL */
    uint64_t sent_ms;
    enum tk_err result;                                /* of the last exchange that ended */
    enum tk_err send_error;                            /* why a code could not be sent in time */
    enum tk_err preconnect_err;                        /* of the last attempt to warm up */
    uint8_t used_codes[TK_USED_CODES][TK_DIGEST_SIZE]; /* codes that were sent, newest first */
};

struct tk_refresh {
    struct tk_timer timer;
    struct tk_timer store_timer; /* tries again to store what is only in RAM */
    struct tk_request request;
    uint64_t sent_ms;
    uint64_t last_success_ms; /* tick; valid when has_succeeded */
    bool has_succeeded;       /* since the start */
    bool intent;              /* a refresh may have been sent without an answer; on flash too */
    bool in_doubt;            /* ... and that was an attempt before the newest one */
    bool try_previous;        /* the newest pair was refused; the one before it is tried */
    enum tk_err blocked_by;   /* TK_OK: not blocked */
    bool unstored;            /* the newest pair is only in RAM */
    uint32_t failures;        /* in a row */
    enum tk_err error;        /* of the last one; TK_OK when there are none */
    uint32_t store_failures;
    uint32_t probe_s;  /* of a blocked account: how long until the next probe */
    uint32_t rejected; /* a generation that a consumer met a 401 with; 0: none */
};

struct tk_rest {
    struct tk_request request;
    struct tk_timer timer; /* proves again what could not be proven */
    enum tk_rest_status status;
    enum tk_err err;  /* why not TK_REST_OK */
    uint8_t failures; /* in a row */
    uint8_t hops;     /* redirects that this proof has followed */
};

struct tk_account;

/* What happens to an account, for whoever records or reports it. The listener is called at once,
 * and may commit: what is stored next comes after it. */
enum tk_account_event {
    TK_ACCOUNT_CHANGED,   /* its plan: loaded, configured, or the time became known */
    TK_ACCOUNT_CLOCK_SET, /* failures whose only cause was an unknown time were dropped */
    TK_ACCOUNT_EXCHANGED, /* a code became a pair, which is about to be stored */
    TK_ACCOUNT_RECOVERED, /* the previous pair was still honoured after a lost answer; as above */
    TK_ACCOUNT_RENEWED,   /* a new pair is in use; err: TK_OK, or why flash does not have it */
    TK_ACCOUNT_STORED,    /* flash has the pair at last, and no refresh has failed since */
    TK_ACCOUNT_FAILED,    /* a refresh failed */
    TK_ACCOUNT_MOVED,     /* the portal has another address, which is about to be stored */
    TK_ACCOUNT_FORGOTTEN, /* the pair was deleted */
    TK_ACCOUNT_DELETING,  /* about to be deleted */
    TK_ACCOUNT_DELETED    /* gone; its place is free */
};

struct tk_account_listener {
    void (*on)(void *ctx, struct tk_account *a, enum tk_account_event event, enum tk_err err);
    void *ctx;
};

struct tk_account {
    struct tk_runtime *rt;
    const struct tk_account_listener *listener;
    uint8_t index;
    bool used;    /* this place holds an account */
    uint8_t pins; /* commands at work on it: it is not deleted meanwhile */

    /* configuration */
    uint32_t renew_s; /* TK_RENEW_ON_DEMAND, or 60 s to 7 d */

    /* what the server gave */
    const char
        *discovered_host; /* auto: the authorization host it named, a constant; NULL: none yet */
    enum tk_revocation revocation;
    bool info_stored; /* flash has the facts, discovered_host and that nothing ended, as they are
                         here */
    bool session_cleared; /* flash has no TLS session of it */
    int64_t issued_ms;    /* tick of the pair's issue, below 0 before this start ... */
    uint64_t expires_ms;  /* ... and of its end; both valid when times_known */
    bool times_known;
    enum tk_err last_error; /* of the last refresh, exchange or call that failed; TK_OK since */
    char server_error[TK_SERVER_ERROR_MAX +
                      1]; /* the server's own word in its last answer, "" where it had none */

    struct tk_auth auth;
    struct tk_refresh refresh;
    struct tk_rest rest;
    struct tk_counters counters;

    /* what is large comes last: short instructions reach only what is near the beginning */
    char name[TK_NAME_MAX + 1];
    struct tk_pair pair;
    struct tk_client client;
    char auth_host[TK_HOST_TEXT]; /* "": auto */
    struct tk_grant_info info;
};

/* A free place, before anything is loaded. rt and listener outlive it. */
void tk_account_init(struct tk_account *a, struct tk_runtime *rt,
                     const struct tk_account_listener *listener, uint8_t index);

/* Calls the listener. */
void tk_account_notify(struct tk_account *a, enum tk_account_event event, enum tk_err err);

bool tk_account_has_client(const struct tk_account *a);
bool tk_account_has_pair(const struct tk_account *a);

/* Whether a code is being exchanged, or waits to be sent again. */
bool tk_account_exchanging(const struct tk_account *a);

/* Whether a refresh request is open. */
bool tk_account_refreshing(const struct tk_account *a);

/* The host that its codes and refresh tokens go to. */
void tk_account_auth_host(const struct tk_account *a, struct tk_host *out);

/* A server named the authorization host, a constant of tk_oauth.h; an auth_host that the operator
 * set takes precedence. */
void tk_account_discover_host(struct tk_account *a, const char *host);

const char *tk_rest_status_name(enum tk_rest_status status);

/* Keeps the server's word for an error, "" for none, for operators: never one that shares text
 * with a secret it may have been sent. A word that is too long, or not printable, is replaced by
 * its length. */
void tk_account_set_server_error(struct tk_account *a, const char *word);

/* Seconds that the access token is still valid, 0 when it is not; false while the time is
 * unknown. */
bool tk_account_seconds_left(const struct tk_account *a, uint64_t now_ms, uint32_t *seconds);

#endif
