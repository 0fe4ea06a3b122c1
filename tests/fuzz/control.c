/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The sockets of the host program, with clients of several roles, a step a line:
 *
 *      + ROLE      connects: 0 may get the token, 1 may call, 2 may get another account's, 3 may do
 *                  nothing, 4 is an administrator; it is the one of the next steps
 *      @ N         so is client N
 *      > TEXT      sends text and a line feed; < TEXT without
 *      -           closes; = reads no more
 *      w S         up to 99 s pass
 *      f           the server cannot be reached; s: it does not answer; . it does
 *
 * What comes back follows boards/host/PROTOCOL.md, no client gets what its role does not permit,
 * and none of them a secret.
 */

#include "fuzz.h"

#include "control_host.h"
#include "provision.h"
#include "tk_json.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 6, STEPS = 40, LINE = 1200, ROOM = 1 << 16, TOKENS = 64 };

struct client {
    bool used, is_deaf;
    int fd;
    enum control_role role;
    unsigned requests, answers;
    bool is_console, is_stream;
    size_t len, at; /* of what came: all, and what was checked */
    char text[ROOM + 1];
};

static struct world w;
static struct client clients[CLIENTS];
static struct client *current;

/* --- tk_posix.h over the simulated port --- */

struct line {
    int fd; /* -1: detached */
    bool is_attached;
};

static struct line lines[TK_CONSOLES];

int tk_posix_watch(struct tk_port *port, int fd, short events)
{
    (void)port;
    (void)fd;
    (void)events;
    return 0;
}

short tk_posix_ready(const struct tk_port *port, int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    (void)port;
    (void)poll(&p, 1, 0);
    return p.revents;
}

void tk_posix_console_attach(struct tk_port *port, unsigned line, int in, int out)
{
    (void)out;
    lines[line].fd = in;
    tk_sim_console_attach(port, line, true);
}

void tk_posix_console_detach(struct tk_port *port, unsigned line)
{
    lines[line].fd = -1;
    tk_sim_console_attach(port, line, false);
}

bool tk_posix_console_attached(const struct tk_port *port, unsigned line)
{
    (void)port;
    return line < TK_CONSOLES && lines[line].fd >= 0;
}

uint64_t tk_posix_console_active(const struct tk_port *port, unsigned line)
{
    (void)port;
    (void)line;
    return 0;
}

static void move(unsigned line)
{
    char bytes[4096];
    ssize_t n = recv(lines[line].fd, bytes, sizeof bytes, 0);

    if (n == 0) {
        tk_posix_console_detach(&w.port, line);
        return;
    }
    if (n > 0)
        tk_sim_console_feed(&w.port, line, bytes, (size_t)n);
    while ((n = (ssize_t)tk_sim_console_drain(&w.port, line, bytes, sizeof bytes)) > 0)
        (void)!send(lines[line].fd, bytes, (size_t)n, MSG_NOSIGNAL);
}

/* --- what comes back --- */

static bool is_object(const char *bytes, size_t len)
{
    static char text[ROOM + 1];
    static jsmntok_t tokens[TOKENS];
    struct tk_json j;

    memcpy(text, bytes, len);
    text[len] = '\0';
    return tk_json_parse(&j, text, len, tokens, TOKENS) && tk_json_is_object(&j, 0);
}

/* A line from c->at on, without its end. False: it is not complete. */
static bool take_line(struct client *c, const char **line, size_t *len)
{
    char *end = memchr(c->text + c->at, '\n', c->len - c->at);

    if (end == NULL)
        return false;
    *line = c->text + c->at;
    *len = (size_t)(end - *line);
    c->at += *len + 1;
    return true;
}

static void check_answer(struct client *c, const char *answer, size_t len)
{
    static const char call[] = "{\"ok\":true,\"outcome\":\"done\"";
    bool good = len > 11 && memcmp(answer, "{\"ok\":true", 10) == 0;
    bool is_call = len >= sizeof call && memcmp(answer, call, sizeof call - 1) == 0;

    if (len < 6 || memcmp(answer, "{\"ok\":", 6) != 0) { /* what the portal answered to a call */
        CHECK(len == 0 || c->role == CONTROL_CALL || c->role == CONTROL_GET ||
              c->role == CONTROL_ADMIN);
        return;
    }
    CHECK(len <= 12288 && is_object(answer, len));
    CHECK(good || memcmp(answer, "{\"ok\":false,\"error\":\"", 21) == 0);
    CHECK(++c->answers <= c->requests);
    CHECK(!good || c->role == CONTROL_GET || c->role == CONTROL_ADMIN ||
          (is_call && c->role == CONTROL_CALL));
    if (good && len < 16) { /* nothing but "ok": a console, or events */
        CHECK(c->role == CONTROL_ADMIN);
        c->is_console = true;
    }
}

/* Takes one answer in pieces. False: it is not complete. */
static bool take_answer(struct client *c)
{
    static char answer[ROOM];
    size_t len = 0, n, before = c->at;
    const char *line;

    while (take_line(c, &line, &n)) {
        CHECK(n > 0 && n <= 4 && strspn(line, "0123456789") == n);
        size_t piece = (size_t)atoi(line);

        CHECK(piece <= 1024);
        if (piece == 0) {
            check_answer(c, answer, len);
            return true;
        }
        if (piece > c->len - c->at)
            break;
        memcpy(answer + len, c->text + c->at, piece);
        len += piece;
        c->at += piece;
    }
    c->at = before;
    return false;
}

/* The greeting, or an error in its place. */
static bool take_greeting(struct client *c)
{
    const char *line;
    size_t len;

    if (!take_line(c, &line, &len))
        return false;
    CHECK(is_object(line, len));
    CHECK(memcmp(line, "{\"tokenkeeper\":2,", 17) == 0 ? c->role != CONTROL_NONE
                                                       : memcmp(line, "{\"ok\":false", 11) == 0);
    return true;
}

static void check(struct client *c)
{
    const struct tk_account *account = &w.keeper.accounts.of[0];

    if (c->at == 0 && !take_greeting(c))
        return;
    while (!c->is_console && take_answer(c))
        ;
    c->text[c->len] = '\0';
    CHECK(!fuzz_has(c->text, account->pair.refresh) && !fuzz_has(c->text, CLIENT_SECRET));
    CHECK(c->role == CONTROL_GET || c->role == CONTROL_ADMIN ||
          !fuzz_has(c->text, account->pair.access));
}

static void receive(struct client *c)
{
    ssize_t n;

    while (!c->is_deaf && c->len < ROOM &&
           (n = recv(c->fd, c->text + c->len, ROOM - c->len, 0)) > 0)
        c->len += (size_t)n;
    check(c);
}

/* --- steps --- */

static void run(uint64_t ms)
{
    uint64_t end_ms = w.port.now_ms + ms;

    do {
        for (int i = 0; i < 4; i++) {
            bool again = control_pass(w.port.now_ms);

            for (unsigned line = 1; line < TK_CONSOLES; line++) {
                if (lines[line].fd >= 0)
                    move(line);
            }
            world_run(&w, 1);
            for (size_t j = 0; j < CLIENTS; j++) {
                if (clients[j].used)
                    receive(&clients[j]);
            }
            if (!again && i > 1)
                break;
        }
        if (w.port.now_ms < end_ms)
            world_run(&w, end_ms - w.port.now_ms > 1000 ? 1000 : end_ms - w.port.now_ms);
    } while (w.port.now_ms < end_ms);
}

static void connect_as(unsigned role)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        int fd = clients[i].used ? -1 : control_connect(role, w.port.now_ms);

        if (fd < 0)
            continue;
        current = &clients[i];
        current->used = true;
        current->fd = fd;
        current->role = role;
        return;
    }
}

static void disconnect(struct client *c)
{
    if (c->used)
        close(c->fd);
    memset(c, 0, offsetof(struct client, text));
}

static void send_text(const char *text, size_t len, bool ends)
{
    for (size_t i = 0; i < len; i++)
        current->requests += text[i] == '\n';
    current->requests += ends + 1; /* one may be too long */
    (void)!send(current->fd, text, len, MSG_NOSIGNAL);
    if (ends)
        (void)!send(current->fd, "\n", 1, MSG_NOSIGNAL);
}

static void step(char *line, size_t len)
{
    const char *rest = line + (len > 0) + (len > 1 && line[1] == ' ');
    unsigned n = fuzz_number(rest, 3700);

    if (line[0] == '+')
        connect_as(n % (CONTROL_ADMIN + 1));
    else if (line[0] == '@')
        current = &clients[n % CLIENTS];
    else if (line[0] == '-')
        disconnect(current);
    else if (line[0] == '=')
        current->is_deaf = true;
    else if (line[0] == 'f')
        world_fault(&w, WORLD_UNREACHABLE, 0);
    else if (line[0] == 's')
        world_fault(&w, WORLD_SILENT, 0);
    else if (line[0] == '.')
        world_fault(&w, WORLD_WELL, 0);
    else if ((line[0] == '>' || line[0] == '<') && current->used)
        send_text(rest, len - (size_t)(rest - line), line[0] == '>');
    run(line[0] == 'w' ? n % 100 * 1000 : 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    char line[LINE];

    for (unsigned i = 0; i < TK_CONSOLES; i++)
        lines[i].fd = -1;
    memset(clients, 0, sizeof clients);
    current = clients;
    world_init(&w, 1);
    provision(&w);
    control_begin(&w.port, &w.keeper);
    for (int i = 0; i < STEPS && in.left > 0; i++) {
        size_t len = fuzz_line(&in, line, sizeof line);

        step(line, len);
        CHECK(!fuzz_has(control_messages(), w.keeper.accounts.of[0].pair.access));
    }
    control_event("state ref=token state=ready reason=none");
    run(1);
    for (size_t i = 0; i < CLIENTS; i++)
        disconnect(&clients[i]);
    run(1);
    control_end();
    CHECK(strncmp(world_type(&w, "version"), "OK", 2) == 0);
    world_free(&w);
    return 0;
}
