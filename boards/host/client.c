/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"
#include "host.h"
#include "leave.h"
#include "service.h"
#include "terminal.h"
#include "tk_json.h"
#include "tk_limits.h"
#include "tk_text.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_SIZE        16384
#define GET_TIMEOUT_S      30
#define TIMEOUT_MAX        3600
#define GRACE_MS           2000 /* added to the timeout of the request: the service keeps it too */
#define CONSOLE_TIMEOUT_MS 5000
#define BUSY_MS            200  /* before another attempt to get a console */
#define AGAIN_MS           10   /* before another attempt to connect */
#define LEAVE_KEY          0x1d /* Ctrl-] */
#define HOW_TO_LEAVE       "exit or Ctrl-] leaves; the service goes on"
#define LAST_ANSWER_MS     60000 /* timeout after the end of input */

/* Connects, greets and asks; again where the service closes the connection in favour of others. */
static enum tk_service_result ask(struct tk_service *s, const char *path, bool is_admin,
                                  const char *request, char *answer, size_t size)
{
    for (;;) {
        enum tk_service_result result = tk_service_open(s, path, is_admin);

        if (result == TK_SERVICE_OK)
            result = tk_service_ask(s, request, answer, size);
        if (result == TK_SERVICE_OK || result == TK_SERVICE_REFUSED)
            return result;
        tk_service_close(s);
        if (result != TK_SERVICE_ENDED || tk_service_now() >= s->deadline_ms)
            return result;
        (void)poll(NULL, 0, AGAIN_MS);
    }
}

/* --- get --- */

/* Adds a number of the command line to the request. */
static bool add_option(struct tk_text *t, const char *name, const char *value, uint32_t max)
{
    uint64_t number;

    if (value == NULL)
        return true;
    if (!tk_parse_u64(value, strlen(value), max, &number)) {
        tk_host_message("--%s takes a number up to %lu, not '%s'", name, (unsigned long)max, value);
        return false;
    }
    tk_text_char(t, ',');
    tk_text_json(t, strcmp(name, "min-valid") == 0 ? "min_valid" : name);
    tk_text_char(t, ':');
    tk_text_int(t, (int64_t)number);
    return true;
}

static bool make_request(const struct tk_options *o, struct tk_text *t)
{
    tk_text_add(t, "{\"op\":\"get\"");
    if (o->ref != NULL) {
        tk_text_add(t, ",\"ref\":");
        tk_text_json(t, o->ref);
    }
    if (!add_option(t, "min-valid", o->min_valid, UINT32_MAX) ||
        !add_option(t, "rejected", o->rejected, UINT32_MAX) ||
        !add_option(t, "timeout", o->timeout, TIMEOUT_MAX))
        return false;
    tk_text_add(t, "}\n");
    return tk_text_ok(t);
}

static uint64_t deadline_of(const struct tk_options *o)
{
    uint64_t seconds = GET_TIMEOUT_S;

    if (o->timeout != NULL)
        (void)tk_parse_u64(o->timeout, strlen(o->timeout), TIMEOUT_MAX, &seconds);
    return tk_service_now() + seconds * 1000 + GRACE_MS;
}

/* Prints the reply without its member "ok". */
static void print_json(const char *line)
{
    static const char ok[] = "{\"ok\":true,";

    printf("{%s", line + strlen(ok));
}

/* Whether the words tell what to type on the console. */
static bool names_command(const char *words)
{
    static const char *const signs[] = {"type ", "set ", "(help ", "see status", "with time"};

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (strstr(words, signs[i]) != NULL)
            return true;
    }
    return false;
}

static int print_error(struct tk_json *j)
{
    const char *error = tk_json_text(j, tk_json_member(j, 0, "error"));
    const char *words = tk_json_text(j, tk_json_member(j, 0, "words"));
    int64_t status;

    if (error == NULL || words == NULL || !tk_json_int(j, tk_json_member(j, 0, "exit"), &status)) {
        tk_host_message("invalid reply from the service");
        return TK_EXIT_INTERNAL;
    }
    tk_host_message("%s: %s%s", error, words,
                    names_command(words) ? " (in tokenkeeper console)" : "");
    return (int)status;
}

static int report_answer(char *answer)
{
    jsmntok_t tokens[TK_JSON_TOKENS];
    struct tk_json j;

    (void)tk_json_parse(&j, answer, strlen(answer), tokens, TK_JSON_TOKENS);
    return print_error(&j);
}

static int print_reply(const struct tk_options *o, const char *line)
{
    char copy[ANSWER_SIZE];
    jsmntok_t tokens[TK_JSON_TOKENS];
    struct tk_json j;
    const char *token = NULL;

    tk_copy(copy, sizeof copy, line);
    if (tk_json_parse(&j, copy, strlen(copy), tokens, TK_JSON_TOKENS))
        token = tk_json_text(&j, tk_json_member(&j, 0, "access_token"));
    if (token == NULL)
        return print_error(&j);
    if (o->json)
        print_json(line);
    else
        printf("%s\n", token);
    tk_wipe(copy, sizeof copy);
    return fflush(stdout) == 0 ? TK_EXIT_OK : TK_EXIT_INTERNAL;
}

int tk_host_get(const struct tk_options *options)
{
    char request[256], answer[ANSWER_SIZE], path[TK_HOST_PATH];
    struct tk_service service = {.deadline_ms = deadline_of(options)};
    struct tk_text t;
    int status;

    if (options->ref != NULL && strlen(options->ref) > TK_NAME_MAX) {
        tk_host_message("no account is called %s", options->ref);
        return TK_EXIT_NO_REF;
    }
    tk_text_init(&t, request, sizeof request);
    if (!make_request(options, &t) || !tk_host_socket_path(options, path))
        return TK_EXIT_USAGE;
    enum tk_service_result result = ask(&service, path, false, request, answer, sizeof answer);

    if (result == TK_SERVICE_OK || result == TK_SERVICE_REFUSED)
        status = print_reply(options, answer);
    else
        status = tk_service_report(result, path);
    tk_wipe(answer, sizeof answer);
    tk_service_close(&service);
    return status;
}

/* --- console --- */

/* Counts commands and answers: after the end of input, the answers of a script's commands are still
 * printed. */
struct traffic {
    int commands;    /* lines of input that get an answer */
    int answers;     /* lines of output that end one */
    bool in_line;    /* the current line of input is not empty */
    bool in_comment; /* it begins with #, and gets no answer */
    size_t len;      /* of line */
    char line[24];   /* the beginning of the current line of output */
};

static void count_input(struct traffic *t, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool end = bytes[i] == '\n' || bytes[i] == '\r';

        t->commands += end && t->in_line && !t->in_comment;
        if (!t->in_line)
            t->in_comment = bytes[i] == '#';
        t->in_line = !end && (t->in_line || bytes[i] != ' ');
    }
}

static bool ends_answer(const char *line)
{
    if (line[0] == '@')
        line += strspn(line, "@0123456789") + 1;
    return strncmp(line, "OK", 2) == 0 || strncmp(line, "ERR ", 4) == 0;
}

/* `client_secret: (50 characters, hidden)`: a line of input was a value, not a command. An empty
 * one was not counted as a command. */
static bool takes_value(const char *line)
{
    const char *at = line + strcspn(line, " :=");

    return strncmp(at, ": (", 3) == 0 && at[3] != '0';
}

static void count_output(struct traffic *t, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != '\n') {
            if (t->len < sizeof t->line - 1)
                t->line[t->len++] = bytes[i];
            continue;
        }
        t->line[t->len] = '\0';
        t->answers += ends_answer(t->line) || takes_value(t->line);
        t->len = 0;
    }
}

/* Input that the service has not taken yet. Waiting for the service here would block its output,
 * and the service may be waiting for room in it. */
struct typed {
    size_t len;
    char bytes[256];
    struct tk_leave leave;
};

static bool send_typed(int fd, struct typed *typed)
{
    ssize_t n = send(fd, typed->bytes, typed->len, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    typed->len -= (size_t)n;
    memmove(typed->bytes, typed->bytes + n, typed->len);
    return true;
}

/* Whether one of the keys leaves the console. */
static bool leaves(struct tk_leave *leave, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        enum tk_leave_event event = tk_leave_byte(leave, bytes[i]);

        if (bytes[i] == LEAVE_KEY || event == TK_LEAVE_WORD || event == TK_LEAVE_END ||
            event == TK_LEAVE_AGAIN)
            return true;
        if (event == TK_LEAVE_INTERRUPT)
            tk_host_message(HOW_TO_LEAVE);
    }
    return false;
}

static bool read_typed(struct typed *typed, struct traffic *t)
{
    ssize_t n = read(STDIN_FILENO, typed->bytes, sizeof typed->bytes);

    if (n <= 0 || (isatty(STDIN_FILENO) && leaves(&typed->leave, typed->bytes, (size_t)n)))
        return false;
    typed->len = (size_t)n;
    count_input(t, typed->bytes, typed->len);
    return true;
}

static bool pass_output(int fd, struct traffic *t)
{
    char bytes[1024];
    ssize_t n = read(fd, bytes, sizeof bytes), at = 0;

    if (n > 0)
        count_output(t, bytes, (size_t)n);
    while (at < n) {
        ssize_t written = write(STDOUT_FILENO, bytes + at, (size_t)(n - at));

        if (written < 0)
            return false;
        at += written;
    }
    return n > 0;
}

static int poll_both(struct pollfd p[2], const struct typed *typed, bool ended)
{
    p[0].fd = ended || typed->len > 0 ? -1 : STDIN_FILENO;
    p[1].events = (short)(typed->len > 0 ? POLLIN | POLLOUT : POLLIN);
    return poll(p, 2, ended ? LAST_ANSWER_MS : -1);
}

/* Copies bytes until either side ends; after the end of input, until all commands are answered.
 * Returns false if the last line of the input was incomplete. */
static bool pass_bytes(int fd)
{
    struct pollfd p[2] = {{.events = POLLIN}, {.fd = fd}};
    struct traffic t = {.commands = 0};
    struct typed typed = {.len = 0, .leave = {.len = 0}};
    bool ended = false;

    while (!ended || typed.len > 0 || t.answers < t.commands) {
        int n = poll_both(p, &typed, ended);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || ((p[1].revents & ~POLLOUT) != 0 && !pass_output(fd, &t)) ||
            ((p[1].revents & POLLOUT) != 0 && !send_typed(fd, &typed)))
            break;
        if (p[0].fd >= 0 && p[0].revents != 0 && !read_typed(&typed, &t)) {
            if (isatty(STDIN_FILENO))
                return true;
            ended = true;
        }
    }
    if (isatty(STDIN_FILENO))
        tk_host_message("the service has closed this console");
    return !ended || !t.in_line;
}

/* Asks an administrator's request; again while all consoles are active: one that falls silent gives
 * way. */
static enum tk_service_result ask_patiently(struct tk_service *s, const char *path,
                                            const char *request, char *answer, size_t size)
{
    s->deadline_ms = tk_service_now() + CONSOLE_TIMEOUT_MS;
    for (;;) {
        enum tk_service_result result = ask(s, path, true, request, answer, size);

        if (result != TK_SERVICE_OK || strstr(answer, "\"busy\"") == NULL ||
            tk_service_now() >= s->deadline_ms)
            return result;
        tk_service_close(s);
        (void)poll(NULL, 0, BUSY_MS);
    }
}

int tk_client_ask_admin(const struct tk_options *options, const char *request,
                        struct tk_service *service, char *answer, size_t size)
{
    char path[TK_HOST_PATH];

    if (!tk_host_admin_path(options, path))
        return TK_EXIT_USAGE;
    enum tk_service_result result = ask_patiently(service, path, request, answer, size);

    if (result != TK_SERVICE_OK && result != TK_SERVICE_REFUSED)
        return tk_service_report(result, path);
    if (strstr(answer, "\"ok\":true") != NULL)
        return TK_EXIT_OK;
    tk_service_close(service);
    return report_answer(answer);
}

int tk_client_console(const struct tk_options *options, struct tk_service *service)
{
    char answer[ANSWER_SIZE];

    return tk_client_ask_admin(options,
                               options->ask_pin ? "{\"op\":\"console\",\"ask_pin\":1}\n"
                                                : "{\"op\":\"console\"}\n",
                               service, answer, sizeof answer);
}

int tk_host_console(const struct tk_options *options)
{
    struct tk_service service;
    struct termios saved;
    int status = tk_client_console(options, &service);

    if (status != TK_EXIT_OK)
        return status;
    if (isatty(STDIN_FILENO))
        tk_host_message("type help; " HOW_TO_LEAVE);
    bool raw = isatty(STDIN_FILENO) && tk_terminal_make_raw(STDIN_FILENO, &saved, -1);

    bool whole = pass_bytes(service.fd);

    if (raw)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    tk_service_close(&service);
    if (whole)
        return TK_EXIT_OK;
    tk_host_message("the last line of the input is incomplete and was not run");
    return TK_EXIT_USAGE;
}

/* --- events --- */

/* Copies what the service sends until it ends. */
static int pass_events(int fd)
{
    char bytes[4096];
    ssize_t n;

    while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0 ||
           (n < 0 && (errno == EINTR || errno == EAGAIN))) {
        if (n > 0 && (fwrite(bytes, 1, (size_t)n, stdout) != (size_t)n || fflush(stdout) != 0))
            return TK_EXIT_INTERNAL;
    }
    tk_host_message("the service has ended");
    return TK_EXIT_NO_SERVICE;
}

int tk_host_events(const struct tk_options *options)
{
    char answer[ANSWER_SIZE];
    struct tk_service service;
    int status =
        tk_client_ask_admin(options, "{\"op\":\"events\"}\n", &service, answer, sizeof answer);

    if (status != TK_EXIT_OK)
        return status;
    status = pass_events(service.fd);
    tk_service_close(&service);
    return status;
}
