/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_KEEPER_H
#define TK_KEEPER_H

/*
 * The keeper: the whole product in one struct that the caller owns. It has no globals, so that a
 * thousand of them can live in one process. A board's main is
 *
 *      tk_keeper_init(&keeper, &config);
 *      for (;;)
 *          tk_wait(port, tk_keeper_run(&keeper));
 *
 * All functions are called from that one loop; what else a program asks of its keeper (a token for
 * somebody) it asks before tk_keeper_run, which then begins what that needs.
 */

#include "tk_account.h"
#include "tk_ca.h"
#include "tk_console.h"
#include "tk_flash.h"
#include "tk_history.h"
#include "tk_https.h"
#include "tk_ip.h"
#include "tk_seal.h"
#include "tk_store.h"
#include "tk_time.h"
#include "tk_timer.h"
#include "tk_token.h"
#include "tk_webhook.h"

enum tk_log_level { TK_LOG_OFF, TK_LOG_ERROR, TK_LOG_INFO };

/* What a board tells its keeper. Everything pointed to lives as long as the keeper. */
struct tk_config {
    struct tk_port *port;
    const struct tk_flash *flash;   /* for the store */
    struct tk_seal *seal;           /* room to seal it, where the device has a key; NULL: none */
    const struct tk_flash *scratch; /* for selftest to destroy; NULL: there is none to spare */
    int64_t build_unix;             /* when this program was made */
    const char *board;              /* a word: "host", "lm3s6965evb" */

    mbedtls_x509_crt_ca_cb_t find_root; /* the roots of trust, as for tk_tls_config_init */
    void *trust;
    mbedtls_x509_crt *(*new_root)(void); /* an empty one on mbedTLS' heap, for it to free; NULL */
    uint64_t trust_id;                   /* another one with other roots, as tk_trust_id gives it */

    /* Every EVT and LOG line, without its line end, as it also goes to the consoles; NULL: to
     * nobody else. Never holds a secret. */
    void (*on_line)(void *ctx, const char *line);
    /* An account's escalation level changed (0: cleared), also for the board to act on. */
    void (*on_escalation)(void *ctx, const char *ref, int level, enum tk_err cause);
    void *ctx;
};

struct tk_keeper {
    const struct tk_config *config;
    struct tk_time time;
    struct tk_timers timers;
    struct tk_store store;
    struct tk_timer store_timer; /* what the store can do ahead */

    enum tk_log_level log_level;
    enum tk_err store_error; /* of opening the store */
    enum tk_err tls_error;   /* of setting TLS up */
    bool time_was_known;
    uint64_t started_ms; /* tick */
    bool told;           /* something in this pass, that the consoles have yet to print */
    enum tk_state shown[TK_ACCOUNTS]; /* the states of the last EVT lines */

    /* what is large comes last: short instructions reach only what is near the beginning */
    struct tk_ca ca; /* roots of trust that were added */
    struct tk_ip ip;
    char ntp[TK_HOST_MAX + 1]; /* "": none */
    struct tk_webhook webhook;
    struct tk_history history;
    struct tk_account accounts[TK_ACCOUNTS];
    struct tk_console consoles[TK_CONSOLES];
    struct tk_https net;
};

/* Opens the store, loads the accounts, and is ready to run. Always succeeds; what does not work
 * shows on the console. k may be used again after tk_keeper_free. */
void tk_keeper_init(struct tk_keeper *k, const struct tk_config *config);

/* Ends all connections and wipes k. */
void tk_keeper_free(struct tk_keeper *k);

/* One pass: consoles, network, whatever is due. The tick until which it may sleep when nothing
 * happens. */
uint64_t tk_keeper_run(struct tk_keeper *k);

/* The account of that name, or NULL. NULL or "" is the first one. */
struct tk_account *tk_keeper_account(struct tk_keeper *k, const char *ref);

/* Makes an account of that name. TK_E_REF_EXISTS, TK_E_REF_LIMIT, TK_E_BAD_VALUE,
 * TK_E_STORAGE_*. */
enum tk_err tk_keeper_add(struct tk_keeper *k, const char *ref);

/* Deletes an account without a pair. TK_E_IN_USE, TK_E_NO_SUCH_REF, TK_E_STORAGE_*; TK_E_BUSY
 * while a command is under way with it. */
enum tk_err tk_keeper_delete(struct tk_keeper *k, const char *ref);

/* How the device comes by its address (tk_ip.h), and who is asked for the time; "" is DHCP, and
 * nobody. TK_E_IP_SYSTEM and TK_E_CLOCK_SYSTEM where an operating system sees to that itself,
 * TK_E_BAD_VALUE, TK_E_STORAGE_*. */
enum tk_err tk_keeper_set_ip(struct tk_keeper *k, const char *ip);
enum tk_err tk_keeper_set_ntp(struct tk_keeper *k, const char *host);

/* The time became better known, by a console or by SNTP. */
enum tk_err tk_keeper_set_time(struct tk_keeper *k, int64_t unix_s, enum tk_time_quality quality);

/* Commits to the store, and what is new of the history with it. TK_E_STORAGE_*. */
enum tk_err tk_keeper_store(struct tk_keeper *k, const struct tk_store_value *values, size_t count);

/* An asynchronous line for people and programs: "EVT ..." or "LOG ...". */
void tk_keeper_event(struct tk_keeper *k, const struct tk_text *text);
void tk_keeper_log(struct tk_keeper *k, enum tk_log_level level, const struct tk_text *text);

uint64_t tk_keeper_now(const struct tk_keeper *k);

/* A number from 0 to below limit, from the entropy of the port; the middle while that is not
 * seeded, so that what waits for so long does wait. */
uint64_t tk_keeper_random(const struct tk_keeper *k, uint64_t limit);

#endif
