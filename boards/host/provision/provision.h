/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_PROVISION_H
#define TK_PROVISION_H

/* `tokenkeeper provision`: makes gateways ready from this machine. */

#include "gateway.h"
#include "host.h"
#include "loopback.h"
#include "steps.h"
#include "tk_limits.h"

#include <signal.h>

enum {
    TK_EXIT_NO_LOGIN = 9, /* the login did not come in time, or was given up */
    TK_EXIT_INTERRUPTED = 130,
    TK_PLAN_VALUES = 40,
    TK_SECRETS = 16,
    TK_SECRET_SIZE = 256
};

/* What is wanted of a gateway: settings of its console, and gateway, serial, account, user and
 * note. The texts are the owner's. */
struct tk_plan {
    struct {
        const char *key, *value;
    } values[TK_PLAN_VALUES];
    size_t count;
};

/* The value; NULL: not given. */
const char *tk_plan_value(const struct tk_plan *plan, const char *key);

/* False if there is no room. An empty value is the same as none. */
bool tk_plan_add(struct tk_plan *plan, const char *key, const char *value);

/* Whether a value must not be shown, or be an argument; whether a file of --from may have it. */
bool tk_plan_is_secret(const char *key);
bool tk_plan_is_column(const char *key);

/* Secrets of applications, by client_id, so that each is asked for once. */
struct tk_secrets {
    bool is_given;              /* one was given with an option ... */
    char given[TK_SECRET_SIZE]; /* ... and is that of all gateways */
    size_t count;
    struct {
        char client_id[TK_CLIENT_ID_MAX + 1];
        char secret[TK_SECRET_SIZE];
    } known[TK_SECRETS];
    bool is_closed;           /* nothing is asked for any more */
    char pin[TK_SECRET_SIZE]; /* of the consoles; "": not known */
};

/* Reads a secret of one line from a descriptor, or from a file of mode 0600. False after a message.
 */
bool tk_secret_read_fd(const char *number, char out[TK_SECRET_SIZE]);
bool tk_secret_read_file(const char *path, char out[TK_SECRET_SIZE]);

/* The secret of an application; asks on the terminal. NULL: there is none to be had. */
const char *tk_secret_of(struct tk_secrets *s, const char *client_id);

struct tk_provision {
    /* options */
    struct tk_options where; /* socket, admin */
    struct tk_plan plan;     /* what options say about every gateway */
    bool json, dry_run, no_browser, no_pin, sets_pin;
    unsigned login_s; /* to wait for the login */
    unsigned port;    /* of the handler */
    unsigned baud;
    unsigned jobs;
    const char *from, *result, *page;

    struct tk_fleet *fleet; /* NULL: one gateway */
    struct tk_secrets secrets;
    struct tk_steps steps;
    struct tk_loopback loopback;
    bool is_listening;
};

/* Ctrl-C ends the program, or while a part waits, which then ends by itself, sets the first. */
extern volatile sig_atomic_t tk_provision_interrupted, tk_provision_waits;

/* One gateway on its way. */
struct tk_flow {
    struct tk_provision *p;
    const struct tk_plan *plan;
    bool is_prepared; /* it is set up and checked */
    bool was_ready;
    struct tk_gateway gateway;
    int exit;

    char state[32], reason[64], last_error[64], portal[TK_HOST_TEXT], user_id[48], renew[32],
        quality[16];
    char expires_at[40], generation[16], action[200], scope_granted[300], rest[24];
    char client_id[TK_CLIENT_ID_MAX + 1], secret[48], pin[16];
    char link[800], auth_state[80]; /* of auth begin */
    char user_name[128];
    char hint[TK_HOST_PATH + 80]; /* of tk_flow_do */
    char code[TK_GATEWAY_FIELD];  /* of the failure; "": none */
};

/* Connects, sets and checks; then, unless setup_only, logs in and confirms. Returns the exit
 * status. */
int tk_flow_run(struct tk_flow *f, bool setup_only);

/* Asks the gateway, and for its PIN where it wants one. After a failure a step is reported and
 * f->exit set. */
bool tk_flow_ask(struct tk_flow *f, const char *command, int timeout_ms, tk_gateway_take *take);

/* The same, without a report. */
enum tk_gateway_result tk_flow_try(struct tk_flow *f, const char *command, int timeout_ms,
                                   tk_gateway_take *take);

/* Reports a failure; false. */
bool tk_flow_fail(struct tk_flow *f, int exit, const char *code, const char *words);
bool tk_flow_fail_result(struct tk_flow *f, enum tk_gateway_result result);

/* Opens the next port at which the wanted gateway answers, or one that no other row has; ports come
 * and go. pattern: see tk_is_pattern. */
bool tk_flow_next_port(struct tk_flow *f, const char *pattern);

/* Whether a port is to be found: NULL, auto, or a pattern of glob(3). */
bool tk_is_pattern(const char *serial);

/* Reads `status` into f. */
bool tk_flow_read_status(struct tk_flow *f);

/* The command line that runs a command of the console at this gateway. */
const char *tk_flow_do(struct tk_flow *f, const char *command);

/* Stages of it. */
bool tk_flow_configure(struct tk_flow *f);
bool tk_flow_check(struct tk_flow *f);
bool tk_flow_login(struct tk_flow *f);
bool tk_flow_confirm(struct tk_flow *f);
void tk_flow_propose_pin(struct tk_flow *f);
void tk_flow_print_card(const struct tk_flow *f);

/* Opens the listener, once; false with the reason in why. */
bool tk_provision_listen(struct tk_provision *p, char *why, size_t size);

/* All gateways of the file p->from. */
int tk_fleet_run(struct tk_provision *p);

/* Serves the file at / until Ctrl-C. Returns the exit status. */
int tk_page_serve(struct tk_provision *p, const char *path);

/* Asks on the terminal; Enter alone leaves out empty. False without a terminal, or at its end. */
bool tk_prompt(const char *question, char *out, size_t size);

#endif
