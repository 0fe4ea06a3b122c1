/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_container.h"
#include "tk_entropy.h"
#include "tk_rest_verify.h"
#include "tk_words.h"

#include <string.h>

#define HOST_TIMEOUT_MS 15000
#define ALL_MS          60000
#define LEASE_MS        15000 /* for DHCP, which may be at it after a start */

/* The lines of an answer, in their order. */
enum {
    CLOCK,
    SEED,
    STORE,
    NETWORK,
    AUTH_HOST,
    AUTH_NAME,
    AUTH_TCP,
    AUTH_TLS,
    AUTH_CERTIFICATE,
    PORTAL_HOST,
    PORTAL_NAME,
    PORTAL_TCP,
    PORTAL_TLS,
    PORTAL_CERTIFICATE,
    REST_BEGIN,
    REST,
    END
};

static const char *const keys[] = {
    "clock",       "seed",       "store",      "network",           "auth.host",
    "auth.name",   "auth.tcp",   "auth.tls",   "auth.certificate",  "portal.host",
    "portal.name", "portal.tcp", "portal.tls", "portal.certificate"};

static void print(struct tk_console *c, const char *key, enum tk_err err, const char *detail)
{
    char buf[256];
    struct tk_text t;

    if (c->job.of.check.err == TK_OK)
        c->job.of.check.err = err;
    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, tk_err_code(err));
    if (err != TK_OK || detail[0] != '\0')
        tk_text_char(&t, ' ');
    tk_words_add(&t, err);
    if (err == TK_OK)
        tk_text_add(&t, detail);
    tk_console_data(c, key, buf);
}

/* --- the device --- */

static void print_clock(struct tk_console *c)
{
    char buf[64];
    struct tk_text t;
    int64_t now;
    bool known = tk_time_known(&c->env->rt->time, &now);

    tk_text_init(&t, buf, sizeof buf);
    tk_text_time(&t, now);
    tk_text_add(&t, " quality=");
    tk_text_add(&t, tk_time_quality_name(tk_time_now(&c->env->rt->time, &now)));
    print(c, keys[CLOCK], known ? TK_OK : TK_E_CLOCK_UNKNOWN, buf);
}

static void print_seed(struct tk_console *c)
{
    uint8_t byte;
    bool seeded = tk_entropy_get(c->env->rt->config->port, &byte, 1) == TK_ENTROPY_OK;

    print(c, keys[SEED], seeded ? TK_OK : TK_E_NOT_SEEDED, "");
}

/* Where an operating system keeps the address there is no such line: the next ones tell. */
static void step_network(struct tk_console *c)
{
    struct tk_ip ip;
    char buf[TK_IP_TEXT];
    struct tk_text t;
    int ret = tk_sock_get_ip(c->env->rt->config->port, &ip);

    if (ret == TK_SOCK_AGAIN && tk_runtime_now(c->env->rt) + ALL_MS < c->job.deadline_ms + LEASE_MS)
        return;
    c->job.of.check.stage++;
    if (ret == TK_SOCK_ERR)
        return;
    tk_text_init(&t, buf, sizeof buf);
    if (ret == TK_SOCK_OK)
        tk_text_ip(&t, &ip);
    print(c, keys[NETWORK], ret == TK_SOCK_OK ? TK_OK : TK_E_NO_NETWORK, buf);
    if (ret != TK_SOCK_OK)
        c->job.of.check.stage = END;
}

/* --- a host --- */

static void add_address(struct tk_text *t, const struct tk_addr *addr)
{
    for (int i = 0; i < (addr->family == 4 ? 4 : 16); i++) {
        if (addr->family == 4) {
            tk_text_add(t, i > 0 ? "." : "");
            tk_text_int(t, addr->bytes[i]);
        } else {
            tk_text_add(t, i > 0 && i % 2 == 0 ? ":" : "");
            tk_text_hex(t, &addr->bytes[i], 1);
        }
    }
}

/* What the connection knows is gone after `done`. */
static void look(struct tk_probe *p, const struct tk_tls *tls)
{
    p->stage = tls->stage;
    if (tls->addr_next > 0)
        p->addr = tls->addrs[tls->addr_next - 1];
    if (tls->stage != TK_TLS_READY)
        return;
    p->version = mbedtls_ssl_get_version(&tls->ssl);
    p->not_after = tls->not_after;
}

static void probe_done(struct tk_request *r, enum tk_err err, struct tk_http *answer)
{
    struct tk_probe *p = TK_CONTAINER_OF(r, struct tk_probe, request);

    (void)answer;
    if (tk_https_tls(r) != NULL)
        look(p, tk_https_tls(r));
    p->err = err;
    p->ended = true;
}

static void begin_host(struct tk_console *c, const struct tk_host *host)
{
    struct tk_probe *p = &c->job.of.check.probe;
    char buf[TK_HOST_TEXT];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_host(&t, host);
    tk_console_data(c, keys[c->job.of.check.stage++], buf);
    memset(p, 0, sizeof *p);
    p->request.host = *host;
    p->request.priority = TK_PRIORITY_CHECK;
    p->request.deadline_ms = tk_runtime_now(c->env->rt) + HOST_TIMEOUT_MS;
    p->request.done = probe_done;
    tk_https_submit(&c->env->rt->https, &p->request);
}

static void begin_auth(struct tk_console *c)
{
    struct tk_host host;

    if (!tk_account_has_client(c->job.account)) {
        print(c, "rest", TK_E_NO_CLIENT, "");
        c->job.of.check.stage = END;
        return;
    }
    tk_account_auth_host(c->job.account, &host);
    begin_host(c, &host);
}

static void begin_portal(struct tk_console *c)
{
    struct tk_text path;
    char buf[TK_PATH_MAX + 16];
    struct tk_host host;

    tk_text_init(&path, buf, sizeof buf);
    if (!tk_rest_target(c->job.account, "", &host, &path))
        host = c->job.account->client.portal;
    begin_host(c, &host);
}

static bool is_about_certificate(enum tk_err err)
{
    return err >= TK_E_TLS_UNTRUSTED && err <= TK_E_TLS_WEAK;
}

/* The line, counted from the name's, at which the way ended. */
static unsigned failed_at(const struct tk_probe *p)
{
    if (is_about_certificate(p->err))
        return 3;
    return p->stage == TK_TLS_HANDSHAKE ? 2 : p->stage == TK_TLS_TCP ? 1 : 0;
}

static void print_stage(struct tk_console *c, unsigned stage)
{
    const struct tk_probe *p = &c->job.of.check.probe;
    char buf[64];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    if (stage == 0)
        add_address(&t, &p->addr);
    if (stage == 2 && p->version != NULL)
        tk_text_add(&t, p->version);
    if (stage == 3) {
        tk_text_add(&t, "until=");
        tk_text_time(&t, p->not_after);
    }
    print(c, keys[c->job.of.check.stage++], TK_OK, buf);
}

static void step_host(struct tk_console *c, unsigned first)
{
    struct tk_probe *p = &c->job.of.check.probe;
    unsigned stage = c->job.of.check.stage - first;
    const struct tk_tls *tls = p->ended ? NULL : tk_https_tls(&p->request);

    if (tls != NULL)
        look(p, tls);
    if (p->ended && p->err != TK_OK && stage == failed_at(p)) {
        print(c, keys[c->job.of.check.stage], p->err, "");
        c->job.of.check.stage = (uint8_t)(first + 4);
    } else if (p->ended || (stage < 2 && p->stage > TK_TLS_NAME + stage)) {
        print_stage(c, stage);
    }
}

/* --- REST --- */

static void begin_rest(struct tk_console *c)
{
    struct tk_account *a = c->job.account;
    uint32_t left = 0;

    if (tk_account_seconds_left(a, tk_runtime_now(c->env->rt), &left) && left > 0) {
        tk_rest_verify(a);
        c->job.of.check.stage++;
    } else {
        tk_console_data(c, "rest", "skipped no valid token");
        c->job.of.check.stage = END;
    }
}

static void step_rest(struct tk_console *c)
{
    if (tk_rest_verifying(c->job.account))
        return;
    print(c, "rest", tk_rest_verify_error(c->job.account), "");
    c->job.of.check.stage = END;
}

/* --- in order --- */

static void step_device(struct tk_console *c)
{
    switch (c->job.of.check.stage++) {
    case CLOCK:
        print_clock(c);
        break;
    case SEED:
        print_seed(c);
        break;
    default:
        print(c, keys[STORE], c->env->rt->storage.err, "");
    }
}

static void step_check(struct tk_console *c)
{
    switch (c->job.of.check.stage) {
    case CLOCK:
    case SEED:
    case STORE:
        step_device(c);
        break;
    case NETWORK:
        step_network(c);
        break;
    case AUTH_HOST:
        begin_auth(c);
        break;
    case PORTAL_HOST:
        begin_portal(c);
        break;
    case REST_BEGIN:
        begin_rest(c);
        break;
    case REST:
        step_rest(c);
        break;
    case END:
        if (c->job.of.check.err == TK_OK)
            tk_console_ok(c, NULL);
        else
            tk_console_err(c, c->job.of.check.err);
        break;
    default:
        step_host(c, c->job.of.check.stage < PORTAL_HOST ? AUTH_NAME : PORTAL_NAME);
    }
}

static void end_check(struct tk_console *c, enum tk_err why)
{
    tk_https_cancel(&c->env->rt->https, &c->job.of.check.probe.request);
    tk_console_err(c, why);
}

void tk_command_check(struct tk_console *c, char *args)
{
    (void)args;
    tk_command_wait(c, step_check, ALL_MS);
    c->job.yields = true;
    c->job.end = end_check;
}
