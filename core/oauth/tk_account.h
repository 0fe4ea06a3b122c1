/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ACCOUNT_H
#define TK_ACCOUNT_H

/*
 * An account: one portal, one application (the OAuth client) and one token pair, under a reference
 * name. A pair is the access token and the refresh token of one token response (RFC 6749 section
 * 5.1). This header is the account in RAM; what works on it:
 *
 *      tk_auth.h           authorization: an authorization code becomes a pair
 *      tk_token.h          a pair's life: accepted, stored, when its refresh is due
 *      tk_refresh.h        the refresh request, and recovery if its response is lost
 *      tk_token_serve.h    serves the access token to consumers
 *      tk_rest_verify.h    verifies that the portal accepts the token
 *      tk_account_response.h   what may be shown of a server's responses
 *      tk_account_set.h    configuration
 *      tk_account_load.h, tk_account_store.h   all of it from and to flash
 *      tk_state.h          the state as `status` prints it
 *
 * Other rooms read its fields, except auth, refresh and rest, which are private to this folder, and
 * change it only through these headers. Call everything in this folder from the main loop. All
 * strings are NUL-terminated; "" means none.
 */

#include "tk_budget.h"
#include "tk_counters.h"
#include "tk_oauth.h"
#include "tk_oauth_response.h"
#include "tk_runtime.h"

#define TK_RENEW_DEFAULT   1500 /* s: 25 minutes */
#define TK_RENEW_ON_DEMAND 0
#define TK_RENEW_MIN       60
#define TK_RENEW_MAX       (7 * 86400)

/* The settings of an account; up to TK_SET_RENEW in the order of their keys in tk_keys.h. */
enum tk_setting {
    TK_SET_PORTAL,
    TK_SET_CLIENT_ID,
    TK_SET_CLIENT_SECRET,
    TK_SET_SCOPE,
    TK_SET_AUTH_HOST,
    TK_SET_RENEW,
    TK_SET_CLIENT_SECRET_NEXT
};

/* Why the server no longer honours the pair. Numbers are on flash: a restart must not retry a dead
 * pair. */
enum tk_revocation {
    TK_NOT_REVOKED = 0,
    TK_REVOKED = 1,       /* the server refused it, and no response had been lost before */
    TK_ROTATION_LOST = 2, /* ... after a lost response, which may have carried its successor */
    TK_SUCCESSOR_LONG = 3 /* ... after a response whose tokens are longer than TK_TOKEN_MAX */
};

/* Why calls of the portal are of no use although the pair is good. Numbers are on flash. */
enum tk_portal_fault {
    TK_PORTAL_OK = 0,
    TK_PORTAL_MOVED_BY_ANSWER = 1,   /* to a host that the operator must accept: as token responses
                                        say */
    TK_PORTAL_MOVED_BY_REDIRECT = 2, /* ... as the portal says */
    TK_PORTAL_USER_REFUSED = 3       /* the portal refuses the user who authorized */
};

/* Whether the portal's REST API accepts the access token. */
enum tk_rest_status { TK_REST_UNKNOWN, TK_REST_OK, TK_REST_DENIED, TK_REST_UNREACHABLE };

struct tk_pair {
    uint32_t generation; /* counts the pairs of this account, over restarts */
    uint32_t lifetime_s; /* expires_in of the token response */
    int64_t issued_unix;
    int64_t expires_unix;
    char access[TK_TOKEN_MAX + 1]; /* "": there is no pair */
    char refresh[TK_TOKEN_MAX + 1];
};

/* What a token response says about the grant beside the tokens; it rarely changes. */
struct tk_grant_info {
    char client_endpoint[TK_HOST_TEXT + TK_PATH_MAX + 9]; /* REST API: https://host/rest/ */
    char member_id[TK_ID_MAX + 1];                        /* of the portal */
    char user_id[TK_ID_MAX + 1];                          /* of the user who authorized */
    char scope[TK_SCOPE_MAX + 1];
};

enum {
    TK_USED_CODES = 4,      /* codes that are remembered */
    TK_DIGEST_SIZE = 8,     /* bytes of a truncated SHA-256 */
    TK_AUTH_STATE_SIZE = 16 /* random bytes of the OAuth state parameter */
};

/* tk_auth.c: authorization. */
struct tk_auth {
    char state[2 * TK_AUTH_STATE_SIZE + 1]; /* RFC 6749 section 4.1.1, hex; "": ended */
    uint64_t state_until_ms;                /* tick at which state ends */
    struct tk_timer preconnect_timer;       /* runs while the connection is kept open */
    uint64_t preconnect_until_ms;           /* ... which ends at this tick */
    struct tk_request preconnect_request;
    struct tk_timer retry_timer; /* runs while a code that was not sent waits for its next try */
    struct tk_request request;   /* the exchange */
    char code[TK_TOKEN_MAX + 1];
    const char *redirect_host; /* authorization host that the redirect named, a constant; or NULL */
    uint64_t sent_ms;
    enum tk_err result;         /* of the last exchange */
    enum tk_err send_error;     /* why a code could not be sent in time */
    enum tk_err preconnect_err; /* of the last attempt to connect */
    bool with_next_secret;      /* the request has client_secret_next */
    bool other_user;            /* the user of state may differ from that of the pair */
    bool any_user;              /* so may that of the code in progress */
    bool asks_user;   /* request is no exchange but asks whose the new pair is: its access token is
                         in code, and the rest here */
    bool is_doubtful; /* as in struct tk_token_response */
    uint32_t lifetime_s;
    char refresh_token[TK_TOKEN_MAX + 1];
    uint8_t used_codes[TK_USED_CODES][TK_DIGEST_SIZE]; /* digests of codes sent, newest first */
};

/* tk_token.c and tk_refresh.c: a pair's life and its refreshes. */
struct tk_refresh {
    struct tk_timer timer;
    struct tk_timer store_timer; /* retries the commit of a pair that is only in RAM */
    struct tk_request request;
    uint64_t sent_ms;
    uint64_t not_before_ms;       /* tick: the server wants no refresh before it; 0: any */
    uint64_t last_success_ms;     /* valid if has_succeeded */
    bool has_succeeded;           /* since the start */
    bool intent;                  /* a refresh was sent and its outcome is unknown; on flash too */
    bool too_long;                /* ... was answered with tokens that are too long; on flash too */
    bool in_doubt;                /* ... of an attempt before the current one */
    bool try_previous;            /* the pair was refused; its predecessor is tried */
    bool with_next_secret;        /* the request has client_secret_next */
    bool has_asked_time;          /* since the start */
    enum tk_err blocked_by;       /* TK_OK: not blocked */
    bool unstored;                /* the newest pair is only in RAM */
    uint32_t failures;            /* in a row */
    enum tk_err error;            /* of the last failure; TK_OK if failures is 0 */
    uint32_t store_failures;      /* in a row */
    uint32_t probe_s;             /* if blocked: interval to the next probe; 0: start over */
    uint32_t rejected_generation; /* a consumer met a 401 with it; 0: none */
    struct tk_budget forced;      /* refreshes that such a consumer may still force */
};

/* tk_rest_verify.c: the call that verifies the token. */
struct tk_rest {
    struct tk_request request;
    struct tk_timer timer; /* repeats a verification that failed */
    enum tk_rest_status status;
    enum tk_err err;   /* why status is not TK_REST_OK */
    uint8_t failures;  /* in a row */
    uint8_t redirects; /* followed so far by this verification */
    bool asks_user;    /* the request asks for the user, whom the token response did not name */
};

struct tk_account;

/* What happened to an account. The listener is called synchronously. "About to be stored": what the
 * listener adds to the history is part of the commit that follows. */
enum tk_account_event {
    TK_ACCOUNT_CHANGED,         /* its refresh was rescheduled: loaded, configured, time known */
    TK_ACCOUNT_CLOCK_SET,       /* failures whose only cause was an unknown time were dropped */
    TK_ACCOUNT_SECRET_PROMOTED, /* the server took client_secret_next; about to be stored */
    TK_ACCOUNT_EXCHANGED,       /* a code was exchanged for a pair, which is about to be stored */
    TK_ACCOUNT_RECOVERED, /* the previous pair was refreshed after a lost response; about to be
                             stored */
    TK_ACCOUNT_RENEWED,   /* a new pair is in use, perhaps not on flash */
    TK_ACCOUNT_STORED,    /* the retried commit of the pair succeeded, and no refresh is failing */
    TK_ACCOUNT_FAILED,    /* a refresh failed */
    TK_ACCOUNT_PORTAL,    /* its portal_fault changed */
    TK_ACCOUNT_MOVED,     /* the portal has a new host name, which is about to be stored */
    TK_ACCOUNT_FORGOTTEN, /* the pair was deleted */
    TK_ACCOUNT_DELETING,  /* about to be deleted */
    TK_ACCOUNT_DELETED    /* deleted; its slot is free */
};

struct tk_account_listener {
    void (*on)(void *ctx, struct tk_account *a, enum tk_account_event event);
    void *ctx;
};

struct tk_account {
    struct tk_runtime *rt;
    const struct tk_account_listener *listener;
    uint8_t index; /* of its slot */
    bool used;     /* the slot holds an account */
    uint8_t pins;  /* console commands that work on it; it is not deleted before they end */
    bool exported; /* set by the room above: the token is read where no one can ask for it, and is
                      renewed at 80 % of its life even on demand */

    /* configuration */
    uint32_t renew_s; /* TK_RENEW_ON_DEMAND, or 60 s to 7 d */

    /* the pair */
    const char *discovered_host; /* authorization host that a server named; NULL: none */
    enum tk_revocation revocation;
    enum tk_portal_fault portal_fault;
    bool foreign_pair;      /* flash holds the pair of another device, which is not in RAM */
    bool info_stored;       /* info, discovered_host and revocation are on flash as they are here */
    bool secret_promoted;   /* client_secret_next is in use, which is not on flash yet */
    bool session_cleared;   /* flash is known to hold no TLS session for it */
    int64_t issued_ms;      /* tick; below 0: before this start */
    uint64_t expires_ms;    /* tick */
    bool times_known;       /* else expires_ms is the latest possible tick, and issued_ms invalid */
    bool renew_first;       /* the clock is behind: a refresh goes before a token that is served */
    enum tk_err last_error; /* of the last refresh, exchange or call; TK_OK after a success */
    char server_error[TK_SERVER_ERROR_MAX + 1]; /* error code in the last response; both of them */
    char detail[TK_DETAIL_MAX + 1]; /* ... as tk_account_response.h lets them be shown */
    bool is_answer;   /* detail describes a response, else it is the server's description */
    bool is_retained; /* ... and remains until a good response */

    struct tk_auth auth;
    struct tk_refresh refresh;
    struct tk_rest rest;
    struct tk_counters counters;

    /* large members last: Thumb load/store offsets are limited to 124 bytes */
    char name[TK_NAME_MAX + 1];
    struct tk_pair pair;
    struct tk_client client;
    char auth_host[TK_HOST_TEXT]; /* set by the operator; "": auto */
    struct tk_grant_info info;
};

/* Sets up a free slot. rt and listener must outlive it. */
void tk_account_init(struct tk_account *a, struct tk_runtime *rt,
                     const struct tk_account_listener *listener, uint8_t index);

/* Whether an account can have this reference name, or this interval of refreshes in s. */
bool tk_account_is_name(const char *name);
bool tk_account_is_renew(uint32_t seconds);

/* Calls the listener. */
void tk_account_notify(struct tk_account *a, enum tk_account_event event);

/* Prints an event: `<subject> ref=<name> event=<event>`, and ` to=<host>` unless that is NULL. */
void tk_account_report(const struct tk_account *a, const char *subject, const char *event,
                       const struct tk_host *to);

/* The field of a setting that is text in RAM: client_id, client_secret, scope or auth_host. */
struct tk_account_text {
    char *value;
    size_t size; /* with the terminator */
};
struct tk_account_text tk_account_text(struct tk_account *a, enum tk_setting setting);

/* True if portal, client_id and client_secret are set. */
bool tk_account_has_client(const struct tk_account *a);

/* client_secret_next, which is on flash only. False, with out empty, if there is none. */
bool tk_account_next_secret(const struct tk_account *a, char out[TK_SECRET_MAX + 1]);

bool tk_account_has_pair(const struct tk_account *a);

/* Removes the tokens from RAM. */
void tk_account_wipe_tokens(struct tk_account *a);

/* True if it has a pair that the server has not refused. */
bool tk_account_is_renewable(const struct tk_account *a);

/* What an operator must change before the pair is of use: the last refresh says so, or
 * portal_fault. TK_OK: nothing. */
enum tk_err tk_account_blocked_by(const struct tk_account *a);

/* True while a code is being exchanged or waits for its next try. */
bool tk_account_exchanging(const struct tk_account *a);

/* True while a refresh request is active. */
bool tk_account_refreshing(const struct tk_account *a);

/* The last `auth begin` ends: no redirect URL is accepted before the next one. */
void tk_account_end_begin(struct tk_account *a);

/* The authorization host for its codes and refresh tokens: the operator's; else the one that a
 * server named; else by the portal's top-level domain. */
void tk_account_auth_host(const struct tk_account *a, struct tk_host *out);

/* A server named the authorization host, one of tk_oauth_known_host. Ignored if the operator set
 * auth_host. */
void tk_account_discover_host(struct tk_account *a, const char *host);

/* Sets last_error, the outcome of a refresh, an exchange or a call; nothing else writes it. */
void tk_account_set_error(struct tk_account *a, enum tk_err err);

/* Seconds until the access token expires, 0 once it has. False, with *seconds unchanged, while
 * there is no pair, or while the time is too uncertain to tell: the token may have expired. */
bool tk_account_seconds_left(const struct tk_account *a, uint64_t now_ms, uint32_t *seconds);

#endif
