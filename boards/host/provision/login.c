/* SPDX-License-Identifier: Apache-2.0 */
#include "provision.h"

#include "browser.h"
#include "service.h"
#include "tk_string.h"
#include "tk_wipe.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* From `auth begin` to the code: at the loopback listener, or pasted at the terminal. */

enum { REMIND_MS = 60000, PASTE_MAX = 1000 };

struct login {
    struct tk_flow *flow;
    struct tk_loopback *loopback;
    uint64_t began_ms, caught_ms, deadline_ms, remind_ms;
    bool takes_paste, is_hidden, is_lost;
    struct termios saved; /* of the terminal, while it does not echo */
    size_t len;
    char pasted[PASTE_MAX + 1];
};

/* --- the terminal --- */

static void hide_typing(struct login *l)
{
    struct termios quiet;

    l->takes_paste = isatty(STDIN_FILENO) != 0;
    if (!l->takes_paste || tcgetattr(STDIN_FILENO, &l->saved) != 0)
        return;
    quiet = l->saved;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    quiet.c_cc[VSUSP] = _POSIX_VDISABLE; /* a shell must not get a terminal without echo */
    quiet.c_cc[VQUIT] = _POSIX_VDISABLE;
    l->is_hidden = tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
}

static void show_typing(struct login *l)
{
    if (l->is_hidden)
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &l->saved);
    l->is_hidden = false;
    tk_wipe(l->pasted, sizeof l->pasted);
    l->len = 0;
}

/* A pasted address is judged like one that the browser asks for. */
static void take_line(struct login *l)
{
    char text[80];

    snprintf(text, sizeof text, "(%zu characters, hidden)", strlen(l->pasted));
    tk_steps_note(&l->flow->p->steps, text);
    if (!tk_loopback_take(l->loopback, l->pasted))
        tk_steps_note(&l->flow->p->steps,
                      strstr(l->pasted, "/oauth/authorize") != NULL
                          ? "that is the link to open, not the address that the browser shows after"
                            " the login"
                          : "that is not the address of this login: it begins with "
                            "http://localhost and has code= in it");
}

static void read_typed(struct login *l)
{
    char bytes[256];
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);

    if (n == 0 || (n < 0 && errno != EINTR))
        l->takes_paste = false;
    for (ssize_t i = 0; i < n; i++) {
        if (bytes[i] != '\r' && bytes[i] != '\n') {
            if (l->len < PASTE_MAX && (unsigned char)bytes[i] >= ' ')
                l->pasted[l->len++] = bytes[i];
            continue;
        }
        l->pasted[l->len] = '\0';
        if (l->len > 0)
            take_line(l);
        tk_wipe(l->pasted, sizeof l->pasted);
        l->len = 0;
    }
    tk_wipe(bytes, sizeof bytes);
}

/* --- the link --- */

static void take_begin(void *owner, char *line)
{
    struct tk_flow *f = owner;
    const char *value = tk_gateway_split(line);

    if (value != NULL && strcmp(line, "url") == 0)
        snprintf(f->link, sizeof f->link, "%s", value);
    if (value != NULL && strcmp(line, "state") == 0)
        snprintf(f->auth_state, sizeof f->auth_state, "%s", value);
}

/* The link comes from a gateway: it leads to the portal that the operator named. */
static bool is_link(const struct tk_flow *f)
{
    static const char scheme[] = "https://";
    const char *host = f->link + sizeof scheme - 1;
    size_t len = strlen(f->portal);

    return strncmp(f->link, scheme, sizeof scheme - 1) == 0 && len > 0 &&
           strncmp(host, f->portal, len) == 0 && host[len] == '/' &&
           strspn(f->link + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:"
                               "/?#[]@!$&'()*+,;=%") == strlen(f->link + 1) &&
           f->auth_state[0] != '\0';
}

static bool over_ssh(void)
{
    const char *connection = getenv("SSH_CONNECTION");

    return connection != NULL && *connection != '\0';
}

static void say_ways(struct login *l, bool is_open)
{
    struct tk_steps *s = &l->flow->p->steps;
    char text[160];

    if (over_ssh()) {
        tk_steps_say(s, "on your own machine connect like this (Ctrl-C gives up), then open the "
                        "link there and log in:");
        snprintf(text, sizeof text, "ssh -L %u:localhost:%u ...", l->loopback->port,
                 l->loopback->port);
        tk_steps_link(s, text);
    } else {
        tk_steps_say(s, is_open ? "your browser is opening; waiting for the portal (Ctrl-C gives "
                                  "up). The link, if nothing shows:"
                                : "open this link in a browser of this machine and log in (Ctrl-C "
                                  "gives up):");
    }
    tk_steps_link(s, l->loopback->start);
    if (is_open || !l->takes_paste)
        return;
    tk_steps_note(s, "or open this one in any browser, log in, and paste the address of the error "
                     "page that follows here (it will not be shown):");
    tk_steps_link(s, l->flow->link);
}

static void open_browser(struct login *l)
{
    bool is_open = !l->flow->p->no_browser && !over_ssh() && tk_browser_open(l->loopback->start);

    say_ways(l, is_open);
}

/* --- waiting --- */

static void remind(struct login *l, uint64_t now_ms)
{
    if (now_ms < l->remind_ms)
        return;
    l->remind_ms = now_ms + REMIND_MS;
    tk_steps_note(&l->flow->p->steps,
                  l->loopback->is_opened
                      ? "still waiting. A login that failed does not come back: press Ctrl-C and "
                        "repeat this command"
                      : "still waiting: the link has not been opened");
}

static void wait_once(struct login *l)
{
    struct pollfd p[TK_LOOPBACK_FDS + 2];
    uint64_t now_ms = tk_service_now(), until_ms = l->deadline_ms;

    if (l->remind_ms < until_ms)
        until_ms = l->remind_ms;
    tk_loopback_wait(l->loopback, p, &until_ms);
    p[TK_LOOPBACK_FDS] =
        (struct pollfd){.fd = l->takes_paste ? STDIN_FILENO : -1, .events = POLLIN};
    p[TK_LOOPBACK_FDS + 1] =
        (struct pollfd){.fd = tk_gateway_fd(&l->flow->gateway), .events = POLLIN};
    int timeout = until_ms <= now_ms ? 0 : (int)(until_ms - now_ms);

    if (poll(p, TK_LOOPBACK_FDS + 2, timeout) < 0)
        return;
    now_ms = tk_service_now();
    tk_loopback_step(l->loopback, now_ms);
    if (p[TK_LOOPBACK_FDS].revents != 0)
        read_typed(l);
    if (p[TK_LOOPBACK_FDS + 1].revents != 0)
        l->is_lost = tk_gateway_listen(&l->flow->gateway, 0) != TK_GATEWAY_OK;
    remind(l, now_ms);
}

static enum tk_login_event wait_for_code(struct login *l)
{
    l->began_ms = tk_service_now();
    l->deadline_ms = l->began_ms + (uint64_t)l->flow->p->login_s * 1000;
    l->remind_ms = l->began_ms + REMIND_MS;
    while (l->loopback->event == TK_LOGIN_WAITING && tk_service_now() < l->deadline_ms &&
           !tk_provision_interrupted && !l->is_lost)
        wait_once(l);
    l->caught_ms = tk_service_now();
    return l->loopback->event;
}

static bool report_event(struct login *l, enum tk_login_event event)
{
    struct tk_flow *f = l->flow;
    char words[200];

    switch (event) {
    case TK_LOGIN_CODE:
        return true;
    case TK_LOGIN_REFUSED:
        snprintf(words, sizeof words,
                 "the portal has refused the login: %s. Log in as a user who "
                 "may use the application, then repeat",
                 l->loopback->error);
        return tk_flow_fail(f, TK_EXIT_OPERATOR, "login_refused", words);
    case TK_LOGIN_TWICE:
        return tk_flow_fail(f, TK_EXIT_OPERATOR, "opened_twice",
                            "the link was opened a second time: by another program, or by mistake. "
                            "Nothing was sent; repeat, and open it once");
    default:
        if (l->is_lost)
            return tk_flow_fail_result(f, TK_GATEWAY_LOST);
        if (tk_provision_interrupted)
            return tk_flow_fail(f, TK_EXIT_INTERRUPTED, "interrupted",
                                "repeat the command: the settings are kept");
        return tk_flow_fail(f, TK_EXIT_NO_LOGIN, "no_login",
                            "no login came in time; repeat, or see --login-timeout. If the portal "
                            "showed an error, check --portal and --client-id");
    }
}

/* --- the code --- */

static bool send_code(struct login *l)
{
    struct tk_flow *f = l->flow;
    char command[TK_LOOPBACK_ADDRESS + 16];
    double waited = (double)(l->caught_ms - l->began_ms) / 1000;

    tk_steps_begin(&f->p->steps, "code");
    snprintf(command, sizeof command, "auth code %s", l->loopback->address);
    double delay = (double)(tk_service_now() - l->caught_ms) / 1000;
    enum tk_gateway_result result = tk_flow_try(f, command, TK_GATEWAY_SLOW_MS, NULL);

    tk_wipe(command, sizeof command);
    if (result != TK_GATEWAY_OK)
        return tk_flow_fail_result(f, result);
    tk_steps_ok(&f->p->steps, "caught after %.1f s, sent after %.2f s", waited, delay);
    return true;
}

static bool catch_code(struct login *l)
{
    struct tk_flow *f = l->flow;

    if (!tk_loopback_begin(l->loopback, f->link, f->auth_state, f->gateway.id))
        return tk_flow_fail(f, TK_EXIT_INTERNAL, "no_random", "this machine has no /dev/urandom");
    tk_provision_waits = 1;
    hide_typing(l);
    open_browser(l);
    enum tk_login_event event = wait_for_code(l);

    show_typing(l);
    tk_provision_waits = 0;
    if (!report_event(l, event))
        return false;
    bool good = send_code(l);

    tk_loopback_step(l->loopback, tk_service_now()); /* what has come meanwhile */
    return good;
}

static void note(void *owner, const char *words)
{
    tk_steps_note(owner, words);
}

bool tk_provision_listen(struct tk_provision *p, char *why, size_t size)
{
    if (p->is_listening)
        return true;
    p->loopback.port = p->port;
    p->loopback.note = note;
    p->loopback.owner = &p->steps;
    p->is_listening = tk_loopback_open(&p->loopback, why, size);
    return p->is_listening;
}

bool tk_flow_login(struct tk_flow *f)
{
    struct login *l;
    char why[400];
    bool good;

    tk_steps_begin(&f->p->steps, "login");
    if (!tk_provision_listen(f->p, why, sizeof why))
        return tk_flow_fail(f, TK_EXIT_USAGE, "port_taken", why);
    if (!tk_flow_ask(f, "auth begin", TK_GATEWAY_SLOW_MS, take_begin))
        return false;
    if (!is_link(f))
        return tk_flow_fail(f, TK_EXIT_INTERNAL, "bad_link",
                            "the gateway's link does not lead to its portal");
    l = calloc(1, sizeof *l);
    if (l == NULL)
        return tk_flow_fail(f, TK_EXIT_INTERNAL, "no_memory", "try again");
    l->flow = f;
    l->loopback = &f->p->loopback;
    good = catch_code(l);
    tk_loopback_end(l->loopback);
    tk_wipe(l, sizeof *l);
    free(l);
    return good;
}
