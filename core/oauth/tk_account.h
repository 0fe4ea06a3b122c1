/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ACCOUNT_H
#define TK_ACCOUNT_H

/*
 * An account: portal + application + token, under a reference name. This is what it
 * knows, in RAM; its memory on flash is tk_account_store.h. How it lives stands in tk_auth.h (a
 * code becomes a pair) and tk_token.h (a pair is renewed and served).
 */

#include "tk_counters.h"
#include "tk_err.h"
#include "tk_escalate.h"
#include "tk_https.h"
#include "tk_limits.h"
#include "tk_oauth.h"
#include "tk_store.h"
#include "tk_timer.h"

struct tk_keeper;

#define TK_RENEW_DEFAULT   1500 /* s: 25 minutes, what this product promises */
#define TK_RENEW_ON_DEMAND 0

enum tk_state {
    TK_NO_CLIENT,  /* portal, client_id or client_secret is missing */
    TK_NEEDS_CODE, /* a person must authorize */
    TK_EXCHANGING, /* a code's request is open */
    TK_REFRESHING, /* a refresh's request is open */
    TK_READY,      /* a pair that will be renewed in time */
    TK_RETRYING,   /* a refresh failed and is tried again */
    TK_BLOCKED     /* a stored pair, but configuration, payment or permission forbids */
};

/* Why a pair came to its end; kept on flash, so that a restart does not try a dead pair again. */
enum tk_ended { TK_NOT_ENDED = 0, TK_REVOKED = 1, TK_ROTATION_LOST = 2 }; /* as on flash */

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
struct tk_grant_facts {
    char client_endpoint[TK_HOST_TEXT + TK_PATH_MAX + 9]; /* https://host/rest/ */
    char member_id[TK_ID_MAX + 1];
    char user_id[TK_ID_MAX + 1];
    char scope[TK_SCOPE_MAX + 1];
};

enum { TK_CODES_KEPT = 4, TK_DIGEST_SIZE = 8, TK_STATE_SIZE = 16 };

struct tk_auth {
    char state[2 * TK_STATE_SIZE + 1]; /* of the newest auth begin; "" before one */
    uint64_t armed_until_ms;           /* the connection is kept warm until then; 0: not */
    struct tk_timer warm_timer;
    struct tk_request warm_request;
    struct tk_timer retry_timer; /* the code was not sent yet, and will be tried again */
    struct tk_request request;
    char code[TK_TOKEN_MAX + 1];
    const char *server_domain; /* the auth host that the redirect named, a constant; or NULL */
    uint64_t sent_ms;
    enum tk_err result;                          /* of the last exchange that ended */
    enum tk_err cause;                           /* why a code could not be sent in time */
    enum tk_err warm_err;                        /* of the last attempt to warm up */
    uint8_t used[TK_CODES_KEPT][TK_DIGEST_SIZE]; /* codes that were sent, newest first */
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

struct tk_account {
    struct tk_keeper *keeper;
    uint8_t index;
    bool used; /* this place holds an account */

    /* configuration */
    uint32_t renew_s; /* TK_RENEW_ON_DEMAND, or 60 s to 7 d */

    /* what the server gave */
    const char *found_host; /* auto: the authorization host it named, a constant; NULL: none yet */
    enum tk_ended ended;
    bool facts_kept; /* flash has the facts, found_host and that nothing ended, as they are here */
    bool session_gone;   /* flash has no TLS session of it */
    int64_t issued_ms;   /* tick of the pair's issue, below 0 before this start ... */
    uint64_t expires_ms; /* ... and of its end; both valid when times_known */
    bool times_known;
    enum tk_err last_error; /* of the last refresh, exchange or call that failed; TK_OK since */
    char server_error[TK_SERVER_ERROR_MAX +
                      1]; /* the server's own word in its last answer, "" where it had none */

    struct tk_auth auth;
    struct tk_refresh refresh;
    struct tk_rest rest;
    struct tk_escalation escalation;
    struct tk_counters counters;

    /* what is large comes last: short instructions reach only what is near the beginning */
    char name[TK_NAME_MAX + 1];
    struct tk_pair pair;
    struct tk_client client;
    char auth_host[TK_HOST_TEXT]; /* "": auto */
    struct tk_grant_facts facts;
};

/* The configuration that `set` knows. */
enum tk_setting {
    TK_SET_PORTAL,
    TK_SET_CLIENT_ID,
    TK_SET_CLIENT_SECRET,
    TK_SET_SCOPE,
    TK_SET_AUTH_HOST,
    TK_SET_RENEW
};

/* An empty account in its place, as tk_keeper_init makes it. */
void tk_account_init(struct tk_account *a, struct tk_keeper *keeper, uint8_t index);

/* Names a place and keeps that. */
enum tk_err tk_account_create(struct tk_account *a, const char *name);

/* Checks, stores, and takes over a value; "" unsets it. Values come normalised where that is to be
 * done ("acme" is acme.bitrix24.com). TK_E_BAD_VALUE, TK_E_IN_USE, TK_E_STORAGE_*. */
enum tk_err tk_account_set(struct tk_account *a, enum tk_setting setting, const char *value);

/* Deletes the pair and all that came with it. The configuration stays. */
enum tk_err tk_account_forget(struct tk_account *a);

/* Deletes everything of it. */
enum tk_err tk_account_delete(struct tk_account *a);

/* The portal has another address now: takes it over and stores it. Where flash fails it is in RAM,
 * and will be found again. */
void tk_account_move(struct tk_account *a, const struct tk_host *to);

/* Whether a server that names this portal means ours: by its name, or by the one it had before. */
bool tk_account_is_portal(const struct tk_account *a, const struct tk_host *host);

bool tk_account_has_client(const struct tk_account *a);
bool tk_account_has_pair(const struct tk_account *a);

/* Where its codes and refresh tokens go. */
void tk_account_auth_host(const struct tk_account *a, struct tk_host *out);

/* An answer named it, a constant; an auth_host of the operator's goes before. */
void tk_account_found_host(struct tk_account *a, const char *host);

/* The state follows from the rest; it is kept nowhere. */
enum tk_state tk_account_state(const struct tk_account *a);
const char *tk_state_name(enum tk_state state);

/* The word behind `reason=`, "none" where there is nothing to say. A constant. */
const char *tk_account_reason(const struct tk_account *a);

const char *tk_rest_status_name(enum tk_rest_status status);

/* Keeps the word that a server gave for an error, "" for none: for people, so never with a secret
 * that it may have been sent. One that is too long, or no line of text, is told by its length. */
void tk_account_set_server_error(struct tk_account *a, const char *word);

/* Seconds that the access token is still valid, 0 when it is not; false while the time is
 * unknown. */
bool tk_account_left(const struct tk_account *a, uint64_t now_ms, uint32_t *seconds);

#endif
