/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include "host.h"
#include "tk_json.h"
#include "tk_posix.h"
#include "tk_words.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <mbedtls/base64.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_TIMEOUT_MS 5000
#define GET_TIMEOUT_S   30
#define GET_TIMEOUT_MAX 3600
#define ANSWER_SIZE     (2 * TK_TOKEN_MAX + 2048) /* a token may be escaped */

/* --- the socket file --- */

static bool is_served(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool served = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;

    if (fd >= 0)
        close(fd);
    return served;
}

/* Called between bind and listen, when no client can connect yet. */
static bool give_to_group(const char *path, const char *name)
{
    const struct group *group = getgrnam(name);

    if (group == NULL) {
        tk_host_message("no such group: %s", name);
        return false;
    }
    if (chown(path, (uid_t)-1, group->gr_gid) == 0 && chmod(path, 0660) == 0)
        return true;
    tk_host_message("cannot set the group of %s to %s: %s", path, name, strerror(errno));
    return false;
}

/* A socket that a killed service has left; other files are kept. */
static bool is_stale(const struct sockaddr_un *address)
{
    struct stat st;

    return lstat(address->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) && !is_served(address);
}

static bool bind_at(int fd, const struct sockaddr_un *address)
{
    mode_t old = umask(0177);
    int ret = bind(fd, (const struct sockaddr *)address, sizeof *address);

    int why = errno;

    if (ret != 0 && why == EADDRINUSE && is_stale(address) && unlink(address->sun_path) == 0) {
        ret = bind(fd, (const struct sockaddr *)address, sizeof *address);
        why = errno;
    }
    umask(old);
    if (ret != 0)
        tk_host_message("cannot listen at %s: %s", address->sun_path, strerror(why));
    return ret == 0;
}

bool tk_control_open(struct tk_control *c, struct tk_port *port, struct tk_keeper *keeper,
                     const char *path, const char *group)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memset(c, 0, sizeof *c);
    c->port = port;
    c->keeper = keeper;
    c->fd = -1;
    if (!tk_copy(c->path, sizeof c->path, path)) {
        tk_host_message("path of the socket longer than 107 characters: %s", path);
        return false;
    }
    memcpy(address.sun_path, c->path, sizeof c->path);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd < 0 || !bind_at(c->fd, &address)) {
        c->path[0] = '\0';
        return false;
    }
    return (group == NULL || give_to_group(path, group)) && listen(c->fd, 16) == 0 &&
           tk_posix_watch(port, c->fd, POLLIN) == 0;
}

/* --- a client --- */

static void end_client(struct tk_control *c, struct tk_control_client *client)
{
    tk_posix_watch(c->port, client->fd, 0);
    close(client->fd);
    tk_wipe(client, sizeof *client);
}

/* Sends a line of at most a few hundred bytes to an empty socket buffer, without waiting. */
static void reply(struct tk_control_client *client, struct tk_text *t)
{
    tk_text_add(t, "}\n");
    if (tk_text_ok(t))
        (void)!send(client->fd, t->buf, t->len, MSG_NOSIGNAL | MSG_DONTWAIT);
    tk_wipe(t->buf, t->len);
}

static void add_name(struct tk_text *t, const char *name)
{
    tk_text_char(t, ',');
    tk_text_json(t, name);
    tk_text_char(t, ':');
}

static void add_string(struct tk_text *t, const char *name, const char *value)
{
    add_name(t, name);
    tk_text_json(t, value);
}

static void add_number(struct tk_text *t, const char *name, int64_t value)
{
    add_name(t, name);
    tk_text_int(t, value);
}

static void reply_error(struct tk_control *c, struct tk_control_client *client, enum tk_err err,
                        int status)
{
    char buf[ANSWER_SIZE], words[TK_WORDS_MAX + 1];
    struct tk_text t, action;

    tk_text_init(&action, words, sizeof words);
    tk_words_add(&action, err);
    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "{\"ok\":false");
    add_string(&t, "error", tk_err_code(err));
    add_string(&t, "words", words);
    add_number(&t, "exit", status);
    reply(client, &t);
    end_client(c, client);
}

/* --- get --- */

static void reply_token(struct tk_control *c, struct tk_control_client *client, const char *token,
                        const struct tk_token_info *info)
{
    const struct tk_account *a = tk_keeper_account(c->keeper, client->ref);
    char buf[ANSWER_SIZE], portal[TK_HOST_TEXT];
    struct tk_text t, host;

    tk_text_init(&host, portal, sizeof portal);
    tk_text_host(&host, &a->client.portal);
    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "{\"ok\":true");
    add_string(&t, "ref", a->name);
    add_string(&t, "access_token", token);
    add_number(&t, "expires_in", info->expires_in);
    add_number(&t, "generation", info->generation);
    add_string(&t, "client_endpoint", a->info.client_endpoint);
    add_string(&t, "portal", portal);
    add_string(&t, "user_id", a->info.user_id);
    add_string(&t, "member_id", a->info.member_id);
    add_name(&t, "short");
    tk_text_add(&t, info->is_short ? "true" : "false");
    reply(client, &t);
    end_client(c, client);
}

static int exit_of(enum tk_err err)
{
    if (err == TK_E_NO_SUCH_REF)
        return TK_EXIT_NO_REF;
    if (err == TK_E_CLOCK_UNKNOWN) /* until the system has set its clock */
        return TK_EXIT_RETRY;
    return err == TK_E_NO_MEMORY ? TK_EXIT_INTERNAL : TK_EXIT_OPERATOR;
}

static void step_get(struct tk_control *c, struct tk_control_client *client, uint64_t now_ms)
{
    char token[TK_TOKEN_MAX + 1];
    struct tk_token_info info;
    bool last = now_ms >= client->deadline_ms;

    switch ((last ? tk_token_get_last : tk_token_get)(c->keeper, client->ref, client->min_valid_s,
                                                      token, sizeof token, &info)) {
    case TK_TOKEN_VALUE:
        reply_token(c, client, token, &info);
        break;
    case TK_TOKEN_REFUSED:
        reply_error(c, client, info.err, exit_of(info.err));
        break;
    default:
        if (last)
            reply_error(c, client, info.err == TK_OK ? TK_E_TRY_LATER : info.err, TK_EXIT_RETRY);
    }
    tk_wipe(token, sizeof token);
}

/* A number from 0 to max; larger ones are clamped, others are the default. */
static int64_t number_or(struct tk_json *j, const char *name, int64_t otherwise, int64_t max)
{
    int64_t value;

    if (!tk_json_int(j, tk_json_member(j, 0, name), &value) || value < 0)
        return otherwise;
    return value < max ? value : max;
}

static void begin_get(struct tk_control *c, struct tk_control_client *client, struct tk_json *j,
                      uint64_t now_ms)
{
    const char *ref = tk_json_text(j, tk_json_member(j, 0, "ref"));
    uint32_t rejected = (uint32_t)number_or(j, "rejected", 0, UINT32_MAX);

    if (ref != NULL && !tk_copy(client->ref, sizeof client->ref, ref)) {
        reply_error(c, client, TK_E_NO_SUCH_REF, TK_EXIT_NO_REF);
        return;
    }
    client->min_valid_s = (uint32_t)number_or(j, "min_valid", TK_MIN_VALID_DEFAULT, UINT32_MAX);
    client->deadline_ms =
        now_ms + 1000 * (uint64_t)number_or(j, "timeout", GET_TIMEOUT_S, GET_TIMEOUT_MAX);
    client->state = TK_CLIENT_WAITING;
    tk_posix_watch(c->port, client->fd,
                   POLLPRI); /* further input is ignored: only POLLHUP counts */
    if (rejected > 0)
        tk_token_rejected(c->keeper, client->ref, rejected);
    step_get(c, client, now_ms);
}

/* --- console --- */

static void become_console(struct tk_control *c, struct tk_control_client *client)
{
    char buf[32];
    struct tk_text t;

    for (unsigned line = 1; line < TK_CONSOLES; line++) {
        if (tk_posix_console_attached(c->port, line))
            continue;
        tk_text_init(&t, buf, sizeof buf);
        tk_text_add(&t, "{\"ok\":true");
        reply(client, &t);
        tk_posix_watch(c->port, client->fd, 0);
        tk_posix_console_attach(c->port, line, client->fd, client->fd);
        client->line = line;
        client->state = TK_CLIENT_CONSOLE;
        return;
    }
    reply_error(c, client, TK_E_BUSY, TK_EXIT_RETRY);
}

/* --- root --- */

static void reply_root(struct tk_control *c, struct tk_control_client *client, struct tk_json *j)
{
    char buf[2 * TK_CA_MAX], base64[4 * (TK_CA_MAX / 3 + 1) + 1];
    uint8_t der[TK_CA_MAX];
    int64_t index = number_or(j, "index", 0, TK_CAS);
    int len = index == TK_CAS ? 0
                              : tk_storage_get(&c->keeper->rt.storage,
                                               (uint16_t)(TK_KEY_CA_ROOT + index), der, sizeof der);
    size_t written = 0;
    struct tk_text t;

    (void)mbedtls_base64_encode((unsigned char *)base64, sizeof base64, &written, der,
                                len > 0 ? (size_t)len : 0);
    base64[written] = '\0';
    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "{\"ok\":true");
    add_string(&t, "der", base64);
    reply(client, &t);
    end_client(c, client);
}

/* --- a request --- */

static void run_request(struct tk_control *c, struct tk_control_client *client, uint64_t now_ms)
{
    jsmntok_t tokens[TK_JSON_TOKENS];
    struct tk_json j;
    const char *op = NULL;

    if (tk_json_parse(&j, client->text, client->len, tokens, TK_JSON_TOKENS))
        op = tk_json_text(&j, tk_json_member(&j, 0, "op"));
    if (op != NULL && strcmp(op, "get") == 0)
        begin_get(c, client, &j, now_ms);
    else if (op != NULL && strcmp(op, "root") == 0)
        reply_root(c, client, &j);
    else if (op != NULL && strcmp(op, "console") == 0)
        become_console(c, client);
    else
        reply_error(c, client, TK_E_USAGE, TK_EXIT_USAGE);
}

static void read_request(struct tk_control *c, struct tk_control_client *client, uint64_t now_ms)
{
    ssize_t n = recv(client->fd, client->text + client->len, TK_CONTROL_LINE - client->len, 0);

    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            end_client(c, client);
        return;
    }
    client->len += (size_t)n;
    client->text[client->len] = '\0';
    if (client->text[client->len - 1] == '\n')
        run_request(c, client, now_ms);
    else if (client->len == TK_CONTROL_LINE)
        reply_error(c, client, TK_E_LINE_TOO_LONG, TK_EXIT_USAGE);
}

static bool has_hung_up(const struct tk_control *c, const struct tk_control_client *client)
{
    return (tk_posix_ready(c->port, client->fd) & (POLLHUP | POLLERR)) != 0;
}

static void step_client(struct tk_control *c, struct tk_control_client *client, uint64_t now_ms)
{
    switch (client->state) {
    case TK_CLIENT_READING:
        read_request(c, client, now_ms);
        if (client->state == TK_CLIENT_READING && now_ms >= client->deadline_ms)
            end_client(c, client);
        break;
    case TK_CLIENT_WAITING:
        if (has_hung_up(c, client))
            end_client(c, client);
        else
            step_get(c, client, now_ms);
        break;
    case TK_CLIENT_CONSOLE:
        if (!tk_posix_console_attached(c->port, client->line))
            end_client(c, client);
        break;
    default:
        break;
    }
}

static struct tk_control_client *free_client(struct tk_control *c)
{
    for (size_t i = 0; i < TK_CONTROL_CLIENTS; i++) {
        if (c->clients[i].state == TK_CLIENT_FREE)
            return &c->clients[i];
    }
    return NULL;
}

/* Without a free slot clients wait in the backlog of the socket. */
static void accept_clients(struct tk_control *c, uint64_t now_ms)
{
    struct tk_control_client *client;

    while ((client = free_client(c)) != NULL) {
        int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0)
            return;
        if (tk_posix_watch(c->port, fd, POLLIN) != 0) {
            close(fd);
            return;
        }
        *client = (struct tk_control_client){
            .state = TK_CLIENT_READING, .fd = fd, .deadline_ms = now_ms + READ_TIMEOUT_MS};
    }
}

uint64_t tk_control_run(struct tk_control *c, uint64_t now_ms)
{
    uint64_t next = UINT64_MAX;

    accept_clients(c, now_ms);
    for (size_t i = 0; i < TK_CONTROL_CLIENTS; i++) {
        struct tk_control_client *client = &c->clients[i];

        step_client(c, client, now_ms);
        if ((client->state == TK_CLIENT_READING || client->state == TK_CLIENT_WAITING) &&
            client->deadline_ms < next)
            next = client->deadline_ms;
    }
    tk_posix_watch(c->port, c->fd, free_client(c) != NULL ? POLLIN : 0);
    return next;
}

void tk_control_close(struct tk_control *c)
{
    for (size_t i = 0; i < TK_CONTROL_CLIENTS; i++) {
        if (c->clients[i].state == TK_CLIENT_FREE)
            continue;
        if (c->clients[i].state == TK_CLIENT_CONSOLE)
            tk_posix_console_detach(c->port, c->clients[i].line);
        end_client(c, &c->clients[i]);
    }
    if (c->fd >= 0) {
        tk_posix_watch(c->port, c->fd, 0);
        close(c->fd);
    }
    if (c->path[0] != '\0')
        unlink(c->path);
}
