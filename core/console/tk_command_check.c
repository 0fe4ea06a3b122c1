/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_clock.h"
#include "tk_container.h"
#include "tk_random.h"
#include "tk_rest_verify.h"
#include "tk_words.h"

#include <string.h>

#define CHECK_TIMEOUT_MS 60000
#define HOST_TIMEOUT_MS  15000
#define DHCP_TIMEOUT_MS  15000
#define NTP_TIMEOUT_MS   8000

/* The lines of the answer, in order. */
enum {
#define TK_CHECK(id, key) id,
#include "tk_check_lines.h"
#undef TK_CHECK
    REST_RESULT, /* prints the line REST */
    END
};

/* Lines of a host, from AUTH_NAME or PORTAL_NAME on. */
enum { HOST_NAME, HOST_TCP, HOST_TLS, HOST_CERTIFICATE, HOST_LINES };

static void put_line(struct tk_console *c, unsigned line, const char *text)
{
    char key[24];
    struct tk_text t;

    tk_text_init(&t, key, sizeof key);
    tk_words_add(&t, tk_words_of(TK_WORDS_CHECK, line));
    tk_console_data(c, key, text);
}

/* One line: "ok" and the detail, or the error and its hint. */
static void print(struct tk_console *c, unsigned line, enum tk_err err, const char *detail)
{
    char buf[256], code[TK_ERR_CODE_MAX + 1];
    struct tk_text t;

    if (c->job.u.check.err == TK_OK)
        c->job.u.check.err = err;
    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, tk_words_code(err, code));
    if (err != TK_OK || detail[0] != '\0')
        tk_text_char(&t, ' ');
    tk_words_add(&t, err);
    if (err == TK_OK)
        tk_text_add(&t, detail);
    put_line(c, line, buf);
}

/* --- the device --- */

static void print_clock(struct tk_console *c)
{
    char buf[64];
    struct tk_text t;
    int64_t now;
    enum tk_err err = TK_E_CLOCK_UNKNOWN;

    if (tk_time_can_verify(&c->env->rt->time, &now))
        err = tk_time_behind(&c->env->rt->time) > 0 ? TK_E_CLOCK_BEHIND : TK_OK;
    tk_text_init(&t, buf, sizeof buf);
    tk_text_time(&t, now);
    tk_text_print(&t, " quality=%s", tk_time_quality_name(tk_time_now(&c->env->rt->time, &now)));
    print(c, CLOCK, err, buf);
}

static void print_seed(struct tk_console *c)
{
    print(c, SEED, tk_random_ready(c->env->rt->config->port) ? TK_OK : TK_E_NOT_SEEDED, "");
}

/* No line where the operating system keeps the address. Without an address the check ends. */
static void step_network(struct tk_console *c)
{
    struct tk_ip ip;
    char buf[TK_IP_TEXT];
    struct tk_text t;
    int ret = tk_sock_get_ip(c->env->rt->config->port, &ip);
    uint64_t started_ms = c->job.deadline_ms - CHECK_TIMEOUT_MS;

    if (ret == TK_SOCK_AGAIN && tk_runtime_now(c->env->rt) < started_ms + DHCP_TIMEOUT_MS)
        return; /* the lease may be on its way */
    c->job.u.check.line = c->env->rt->netconf.ntp[0] == '\0' ? NTP + 1 : NTP;
    if (ret == TK_SOCK_ERR)
        return;
    tk_text_init(&t, buf, sizeof buf);
    if (ret == TK_SOCK_OK)
        tk_text_ip(&t, &ip);
    print(c, NETWORK, ret == TK_SOCK_OK ? TK_OK : TK_E_NO_NETWORK, buf);
    if (ret != TK_SOCK_OK)
        c->job.u.check.line = END;
}

/* Where a time server is set: it is queried anew; c->job.u.check.probe.ended: it
 * was. */
static void step_ntp(struct tk_console *c)
{
    struct tk_runtime *rt = c->env->rt;
    bool *is_queried = &c->job.u.check.probe.ended;
    uint64_t from_ms = c->job.deadline_ms - NTP_TIMEOUT_MS;

    if (!*is_queried) {
        *is_queried = true;
        (void)tk_clock_ntp_server(rt->config->port, rt->netconf.ntp);
        c->job.deadline_ms = tk_runtime_now(rt) + NTP_TIMEOUT_MS;
    } else if (tk_time_was_set(&rt->time, TK_TIME_SNTP, from_ms) || tk_command_is_late(c)) {
        bool is_set = tk_time_was_set(&rt->time, TK_TIME_SNTP, from_ms);

        c->job.deadline_ms = tk_runtime_now(rt) + CHECK_TIMEOUT_MS;
        print(c, c->job.u.check.line++, is_set ? TK_OK : TK_E_NTP_UNANSWERED, rt->netconf.ntp);
    }
}

/* --- a host --- */

static void add_address(struct tk_text *t, const struct tk_addr *addr)
{
    for (int i = 0; i < (addr->family == 4 ? 4 : 16); i++) {
        if (addr->family == 4) {
            tk_text_print(t, "%s%u", i > 0 ? "." : "", (unsigned)addr->bytes[i]);
        } else {
            tk_text_add(t, i > 0 && i % 2 == 0 ? ":" : "");
            tk_text_hex(t, &addr->bytes[i], 1);
        }
    }
}

/* The connection is gone once the request is done. */
static void update_probe(struct tk_probe *p, const struct tk_tls *tls)
{
    if (tls->stage > p->stage) /* another address may be tried after one that failed later */
        p->stage = tls->stage;
    if (tls->dial.count > 0)
        p->addr = tls->dial.addrs[tls->dial.current];
    if (tls->stage != TK_TLS_READY)
        return;
    p->version = mbedtls_ssl_get_version(&tls->ssl);
    p->not_after = tls->not_after;
}

static void probe_done(struct tk_request *r, enum tk_err err, struct tk_http *response)
{
    struct tk_probe *p = TK_CONTAINER_OF(r, struct tk_probe, request);

    (void)response;
    if (tk_https_tls(r) != NULL)
        update_probe(p, tk_https_tls(r));
    p->err = err;
    p->ended = true;
}

static void begin_host(struct tk_console *c, const struct tk_host *host)
{
    struct tk_probe *p = &c->job.u.check.probe;
    char buf[TK_HOST_TEXT];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_host(&t, host);
    put_line(c, c->job.u.check.line++, buf);
    memset(p, 0, sizeof *p);
    p->request.host = *host;
    p->request.done = probe_done;
    tk_https_start(&c->env->rt->https, &p->request, TK_PRIORITY_CHECK, HOST_TIMEOUT_MS);
}

static void begin_auth(struct tk_console *c)
{
    struct tk_host host;

    if (!tk_account_has_client(c->job.account)) {
        print(c, REST, TK_E_NO_CLIENT, "");
        c->job.u.check.line = END;
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

/* These errors are adjacent in tk_errors.h. */
static bool is_about_certificate(enum tk_err err)
{
    return err >= TK_E_TLS_UNTRUSTED && err <= TK_E_TLS_WEAK;
}

/* The line of a host that reports the probe's error. */
static unsigned failed_at(const struct tk_probe *p)
{
    if (is_about_certificate(p->err))
        return HOST_CERTIFICATE;
    return p->stage == TK_TLS_HANDSHAKE ? HOST_TLS : p->stage == TK_TLS_TCP ? HOST_TCP : HOST_NAME;
}

/* Whether the probe has got past what a line reports. */
static bool is_passed(const struct tk_probe *p, unsigned line)
{
    return p->ended || (line == HOST_NAME && p->stage > TK_TLS_NAME) ||
           (line == HOST_TCP && p->stage > TK_TLS_TCP);
}

static void print_passed(struct tk_console *c, unsigned line)
{
    const struct tk_probe *p = &c->job.u.check.probe;
    char buf[64];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    if (line == HOST_NAME)
        add_address(&t, &p->addr);
    if (line == HOST_TLS && p->version != NULL)
        tk_text_add(&t, p->version);
    if (line == HOST_CERTIFICATE) {
        tk_text_add(&t, "until=");
        tk_text_time(&t, p->not_after);
    }
    print(c, c->job.u.check.line++, TK_OK, buf);
}

/* first: AUTH_NAME or PORTAL_NAME. */
static void step_host(struct tk_console *c, unsigned first)
{
    struct tk_probe *p = &c->job.u.check.probe;
    unsigned line = c->job.u.check.line - first;
    const struct tk_tls *tls = p->ended ? NULL : tk_https_tls(&p->request);

    if (tls != NULL)
        update_probe(p, tls);
    if (p->ended && p->err != TK_OK && line == failed_at(p)) {
        print(c, c->job.u.check.line, p->err, "");
        c->job.u.check.line = (uint8_t)(first + HOST_LINES);
    } else if (is_passed(p, line)) {
        print_passed(c, line);
    }
}

/* --- REST --- */

/* Only a new authorization replaces this token. */
static bool is_revoked(const struct tk_account *a)
{
    return tk_account_has_pair(a) && !tk_account_is_renewable(a);
}

static void begin_rest(struct tk_console *c)
{
    struct tk_account *a = c->job.account;
    uint32_t left = 0;

    if (tk_account_seconds_left(a, tk_runtime_now(c->env->rt), &left) && left > 0) {
        tk_rest_verify(a);
        c->job.u.check.line++;
        return;
    }
    if (is_revoked(a))
        print(c, REST, TK_E_NEEDS_CODE, "");
    else
        put_line(c, REST, "skipped no valid token");
    c->job.u.check.line = END;
}

static void step_rest(struct tk_console *c)
{
    enum tk_err err = tk_rest_verify_error(c->job.account);

    if (tk_rest_verifying(c->job.account))
        return;
    if (err == TK_E_TOKEN_REFUSED && is_revoked(c->job.account))
        err = TK_E_NEEDS_CODE;
    print(c, REST, err, "");
    c->job.u.check.line = END;
}

/* --- the steps --- */

static void step_device(struct tk_console *c)
{
    switch (c->job.u.check.line++) {
    case CLOCK:
        print_clock(c);
        break;
    case SEED:
        print_seed(c);
        break;
    default:
        print(c, STORE, c->env->rt->storage.err, "");
    }
}

static void step_check(struct tk_console *c)
{
    switch (c->job.u.check.line) {
    case CLOCK:
    case SEED:
    case STORE:
        step_device(c);
        break;
    case NETWORK:
        step_network(c);
        break;
    case NTP:
        step_ntp(c);
        break;
    case AUTH_HOST:
        begin_auth(c);
        break;
    case PORTAL_HOST:
        begin_portal(c);
        break;
    case REST:
        begin_rest(c);
        break;
    case REST_RESULT:
        step_rest(c);
        break;
    case END:
        if (c->job.u.check.err == TK_OK)
            tk_console_ok(c, NULL);
        else
            tk_console_err(c, c->job.u.check.err);
        break;
    default:
        step_host(c, c->job.u.check.line < PORTAL_HOST ? AUTH_NAME : PORTAL_NAME);
    }
}

static void cancel_check(struct tk_console *c, enum tk_err why)
{
    tk_https_cancel(&c->env->rt->https, &c->job.u.check.probe.request);
    tk_console_err(c, why);
}

void tk_command_check(struct tk_console *c, char *args)
{
    (void)args;
    tk_command_wait(c, step_check, CHECK_TIMEOUT_MS);
    c->job.preemptible = true;
    c->job.cancel = cancel_check;
}
