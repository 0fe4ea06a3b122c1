/* SPDX-License-Identifier: Apache-2.0 */
#include "provision.h"

#include "ask_secret.h"
#include "random_hex.h"
#include "service.h"
#include "tk_string.h"
#include "tk_wipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define READY_FOR "the gateway is ready for"
#define REPLACE   "; nothing was changed. To replace its token: %s, then repeat"

enum { SEED_DIGITS = 64 };

/* --- asking --- */

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* The gateway asks for its PIN: from an option, or from the operator. */
static bool unlock(struct tk_flow *f)
{
    char command[TK_SECRET_SIZE + 8];
    char *pin = f->p->secrets.pin;

    if (*pin == '\0' && f->p->secrets.is_closed)
        return false;
    if (*pin == '\0' && !tk_ask_secret("console_pin: ", pin, TK_SECRET_SIZE)) {
        *pin = '\0';
        return false;
    }
    snprintf(command, sizeof command, "pin %s", pin);
    bool good =
        tk_gateway_ask(&f->gateway, command, TK_GATEWAY_ASK_MS, NULL, NULL) == TK_GATEWAY_OK;

    tk_wipe(command, sizeof command);
    if (!good)
        tk_wipe(pin, TK_SECRET_SIZE);
    return good;
}

enum tk_gateway_result tk_flow_try(struct tk_flow *f, const char *command, int timeout_ms,
                                   tk_gateway_take *take)
{
    enum tk_gateway_result result = tk_gateway_ask(&f->gateway, command, timeout_ms, take, f);

    if (result == TK_GATEWAY_ERR && is(f->gateway.code, "pin_needed") && unlock(f))
        result = tk_gateway_ask(&f->gateway, command, timeout_ms, take, f);
    return result;
}

bool tk_flow_fail(struct tk_flow *f, int exit, const char *code, const char *words)
{
    f->exit = exit;
    snprintf(f->code, sizeof f->code, "%s", code);
    tk_steps_fail(&f->p->steps, code, words);
    return false;
}

bool tk_flow_fail_result(struct tk_flow *f, enum tk_gateway_result result)
{
    return tk_flow_fail(f, tk_gateway_status(&f->gateway, result), f->gateway.code,
                        f->gateway.words);
}

bool tk_flow_ask(struct tk_flow *f, const char *command, int timeout_ms, tk_gateway_take *take)
{
    enum tk_gateway_result result = tk_flow_try(f, command, timeout_ms, take);

    if (tk_provision_interrupted)
        return tk_flow_fail(f, TK_EXIT_INTERRUPTED, "interrupted",
                            "repeat the command: what is done already is kept");
    return result == TK_GATEWAY_OK || tk_flow_fail_result(f, result);
}

static void take_status(void *owner, char *line)
{
    struct tk_flow *f = owner;
    const char *value = tk_gateway_split(line);
    const struct {
        const char *key;
        char *to;
        size_t size;
    } rows[] = {{"state", f->state, sizeof f->state},
                {"reason", f->reason, sizeof f->reason},
                {"last_error", f->last_error, sizeof f->last_error},
                {"portal", f->portal, sizeof f->portal},
                {"user_id", f->user_id, sizeof f->user_id},
                {"renew", f->renew, sizeof f->renew},
                {"rest", f->rest, sizeof f->rest},
                {"time_quality", f->quality, sizeof f->quality},
                {"expires_at", f->expires_at, sizeof f->expires_at},
                {"generation", f->generation, sizeof f->generation},
                {"scope_granted", f->scope_granted, sizeof f->scope_granted},
                {"action", f->action, sizeof f->action},
                {"client_id", f->client_id, sizeof f->client_id},
                {"client_secret", f->secret, sizeof f->secret},
                {"console_pin", f->pin, sizeof f->pin}};

    for (size_t i = 0; value != NULL && i < sizeof rows / sizeof rows[0]; i++) {
        if (is(line, rows[i].key)) {
            snprintf(rows[i].to, rows[i].size, "%s", value);
            tk_steps_clean(rows[i].to);
        }
    }
}

bool tk_flow_read_status(struct tk_flow *f)
{
    return tk_flow_ask(f, "status", TK_GATEWAY_ASK_MS, take_status) &&
           tk_flow_ask(f, "show", TK_GATEWAY_ASK_MS, take_status);
}

const char *tk_flow_do(struct tk_flow *f, const char *command)
{
    const char *socket = f->p->where.socket, *admin = f->p->where.admin;
    bool is_service = tk_plan_value(f->plan, "serial") == NULL && (socket != NULL || admin != NULL);

    snprintf(f->hint, sizeof f->hint, "tokenkeeper do %s %s '%s'",
             !is_service     ? "--serial"
             : admin != NULL ? "--admin"
                             : "--socket",
             !is_service     ? f->gateway.name
             : admin != NULL ? admin
                             : socket,
             command);
    return f->hint;
}

/* --- the gateway --- */

static void report_found(struct tk_flow *f, const struct tk_gateway_search *search)
{
    char text[TK_SERIAL_NAME + TK_GATEWAY_FIELD + 8];

    for (size_t i = 0; i < search->count; i++) {
        snprintf(text, sizeof text, "%s at %s", search->found[i].id, search->found[i].path);
        tk_steps_note(&f->p->steps, text);
    }
    (void)tk_flow_fail(f, search->count > 1 ? TK_EXIT_USAGE : TK_EXIT_NO_SERVICE, f->gateway.code,
                       f->gateway.words);
}

static bool has_service(const struct tk_flow *f)
{
    char path[TK_HOST_PATH];

    return tk_host_admin_path(&f->p->where, path) && access(path, W_OK) == 0;
}

static bool open_service(struct tk_flow *f)
{
    enum tk_gateway_result result = tk_gateway_open_service(&f->gateway, &f->p->where, &f->exit);

    if (result == TK_GATEWAY_ABSENT)
        return tk_flow_fail(f, f->exit, "no_service", "start it: tokenkeeper run");
    return result == TK_GATEWAY_OK || tk_flow_fail_result(f, result);
}

/* Asks at each serial port; without a gateway there, the service of this machine. */
static bool find(struct tk_flow *f)
{
    struct tk_gateway_search *search = calloc(1, sizeof *search);
    bool good;

    if (search == NULL)
        return tk_flow_fail(f, TK_EXIT_INTERNAL, "no_memory", "try again");
    search->sys = "/sys/class/tty";
    search->dev = "/dev";
    search->baud = f->p->baud;
    good = tk_gateway_find(&f->gateway, search) == TK_GATEWAY_OK;
    if (!good && search->count == 0 && has_service(f))
        good = open_service(f);
    else if (!good)
        report_found(f, search);
    free(search);
    return good;
}

static bool connect_to(struct tk_flow *f)
{
    const char *serial = tk_plan_value(f->plan, "serial");
    enum tk_gateway_result result;

    if (f->p->fleet != NULL && tk_is_pattern(serial))
        return tk_flow_next_port(f, serial);
    if (serial != NULL && !is(serial, "auto")) {
        result = tk_gateway_open_serial(&f->gateway, serial, f->p->baud, TK_GATEWAY_OPEN_MS);
        return result == TK_GATEWAY_OK || tk_flow_fail_result(f, result);
    }
    if (f->p->where.socket == NULL && f->p->where.admin == NULL)
        return find(f);
    return open_service(f);
}

static bool connect_gateway(struct tk_flow *f)
{
    const char *wanted = tk_plan_value(f->plan, "gateway");
    char words[400];

    if (!connect_to(f))
        return false;
    tk_steps_clean(f->gateway.id);
    tk_steps_clean(f->gateway.version);
    tk_steps_clean(f->gateway.board);
    snprintf(f->p->steps.gateway, sizeof f->p->steps.gateway, "%s", f->gateway.id);
    if (wanted != NULL && !is(wanted, f->gateway.id)) {
        snprintf(words, sizeof words, "%s is at %.200s; connect %.60s, or correct the file",
                 f->gateway.id, f->gateway.name, wanted);
        return tk_flow_fail(f, TK_EXIT_USAGE, "other_gateway", words);
    }
    tk_steps_ok(&f->p->steps, "%s at %s, %s, tokenkeeper %s", f->gateway.id, f->gateway.name,
                f->gateway.board, f->gateway.version);
    return true;
}

static bool select_account(struct tk_flow *f)
{
    const char *account = tk_plan_value(f->plan, "account");
    char command[64];

    if (account == NULL)
        return true;
    tk_steps_begin(&f->p->steps, "account");
    snprintf(command, sizeof command, "ref %.40s", account);
    enum tk_gateway_result result = tk_flow_try(f, command, TK_GATEWAY_ASK_MS, NULL);

    if (result == TK_GATEWAY_ERR && is(f->gateway.code, "no_such_ref")) {
        snprintf(command, sizeof command, "ref add %.40s", account);
        result = tk_flow_try(f, command, TK_GATEWAY_ASK_MS, NULL);
    }
    if (result != TK_GATEWAY_OK)
        return tk_flow_fail_result(f, result);
    tk_steps_ok(&f->p->steps, "%s", account);
    return true;
}

/* --- seed and clock --- */

static bool set_seed(struct tk_flow *f)
{
    char command[5 + SEED_DIGITS + 1] = "seed ";

    tk_steps_begin(&f->p->steps, "seed");
    if (!tk_random_hex(command + 5, SEED_DIGITS))
        return tk_flow_fail(f, TK_EXIT_INTERNAL, "no_random", "this machine has no /dev/urandom");
    enum tk_gateway_result result = tk_flow_try(f, command, TK_GATEWAY_ASK_MS, NULL);

    tk_wipe(command, sizeof command);
    if (result == TK_GATEWAY_ERR && is(f->gateway.code, "seed_own"))
        tk_steps_ok(&f->p->steps, "the gateway has a random source of its own");
    else if (result == TK_GATEWAY_OK)
        tk_steps_ok(&f->p->steps, "set (256 bits from this machine)");
    else
        return tk_flow_fail_result(f, result);
    return true;
}

/* A clock that the network or an operator has set is left alone. */
static bool set_clock(struct tk_flow *f)
{
    char command[40], text[40];
    time_t now = time(NULL);
    struct tm utc;
    bool unknown = is(f->quality, "none") || is(f->quality, "floor");

    tk_steps_begin(&f->p->steps, "clock");
    if (!unknown) {
        tk_steps_ok(&f->p->steps, "known to the gateway (%s)", f->quality);
        return true;
    }
    snprintf(command, sizeof command, "time %lld", (long long)now);
    if (!tk_flow_ask(f, command, TK_GATEWAY_ASK_MS, NULL))
        return false;
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", gmtime_r(&now, &utc));
    tk_steps_ok(&f->p->steps, "%s UTC, set from this machine", text);
    return true;
}

/* --- all of it --- */

static bool has_token(const struct tk_flow *f)
{
    return is(f->state, "ready") || is(f->state, "retrying") || is(f->state, "refreshing");
}

/* "acme" is acme.bitrix24.com, and an address is its host: the console says the same. */
static bool is_portal(const char *wanted, const char *portal)
{
    const char *host = strstr(wanted, "://") != NULL ? strstr(wanted, "://") + 3 : wanted;
    size_t len = strcspn(host, "/");

    if (strncasecmp(host, portal, len) != 0)
        return false;
    return portal[len] == '\0' || is(portal + len, ".bitrix24.com") || is(portal + len, ":443");
}

/* A gateway that has a token keeps it: whether it is the one that is wanted. */
static bool judge_ready(struct tk_flow *f)
{
    const char *portal = tk_plan_value(f->plan, "portal"), *user = tk_plan_value(f->plan, "user");
    const char *client = tk_plan_value(f->plan, "client_id");
    char words[TK_HOST_PATH + 400];

    f->was_ready = true;
    tk_steps_begin(&f->p->steps, "ready");
    if (portal != NULL && !is_portal(portal, f->portal))
        snprintf(words, sizeof words, READY_FOR " %.200s" REPLACE, f->portal,
                 tk_flow_do(f, "auth forget"));
    else if (client != NULL && !is(client, f->client_id))
        snprintf(words, sizeof words, READY_FOR " application %.130s" REPLACE, f->client_id,
                 tk_flow_do(f, "auth forget"));
    else if (user != NULL && !is(user, f->user_id))
        snprintf(words, sizeof words, READY_FOR " user %s" REPLACE, f->user_id,
                 tk_flow_do(f, "auth forget"));
    else
        return true;
    return tk_flow_fail(f, TK_EXIT_OPERATOR, "other_grant", words);
}

static bool prepare(struct tk_flow *f)
{
    return set_seed(f) && set_clock(f) && tk_flow_configure(f) && tk_flow_check(f);
}

static bool run(struct tk_flow *f, bool setup_only)
{
    if (!connect_gateway(f) || !select_account(f) || !tk_flow_read_status(f))
        return false;
    if (has_token(f))
        return judge_ready(f) && tk_flow_confirm(f);
    if (!f->is_prepared && !prepare(f))
        return false;
    if (setup_only)
        return true;
    return tk_flow_login(f) && tk_flow_confirm(f);
}

int tk_flow_run(struct tk_flow *f, bool setup_only)
{
    f->exit = TK_EXIT_OK;
    f->gateway.fd = -1;
    tk_steps_start(&f->p->steps);
    if (run(f, setup_only) && !setup_only) {
        tk_flow_propose_pin(f);
        tk_flow_print_card(f);
    }
    tk_gateway_close(&f->gateway);
    return f->exit;
}
