/* SPDX-License-Identifier: Apache-2.0 */

/* `tokenkeeper do`: console commands from the command line, a file or standard input. */

#include "ask_secret.h"
#include "gateway.h"
#include "json_print.h"
#include "private_file.h"
#include "tk_limits.h"
#include "tk_string.h"
#include "tk_text.h"
#include "tokenkeeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    TIMEOUT_MAX = 3600,
    LINE_SIZE = TK_LINE_MAX + 1, /* of a command */
    FILE_LINES_MAX = 100000
};

struct doing {
    const struct tk_options *options;
    struct tk_gateway gateway;
    int timeout_ms;
    int status;       /* of the first command that failed */
    bool is_first;    /* of the data lines of an answer in JSON */
    const char *file; /* of the commands, for messages; NULL: the command line */
    unsigned line;    /* ... and the number of the current one */
};

/* --- secrets --- */

/* The address of a redirect may stand alone: the console takes it for a code. */
static bool is_address(const char *command)
{
    const char *scheme = strstr(command, "://");

    return scheme != NULL && strcspn(command, " ") > (size_t)(scheme - command);
}

/* Where the secret in a command begins; NULL: it has none. It may be empty: ask for it. */
static char *find_secret(char *command)
{
    char part[LINE_SIZE + 1];

    if (is_address(command))
        return command;
    for (size_t i = 0; i < strlen(command); i++) {
        bool ends_word = command[i + 1] == ' ' || command[i + 1] == '\0';

        if (!ends_word || i + 2 >= sizeof part)
            continue;
        memcpy(part, command, i + 1);
        memcpy(part + i + 1, " ", 2);
        if (tk_console_hides(part))
            return command + i + 1 + strspn(command + i + 1, " ");
    }
    return NULL;
}

static bool has_secret(char *command)
{
    const char *secret = find_secret(command);

    return secret != NULL && *secret != '\0';
}

/* The length of a command without its secret. */
static size_t length_before(char *command)
{
    const char *secret = find_secret(command);
    size_t len = secret == NULL ? strlen(command) : (size_t)(secret - command);

    while (len > 0 && command[len - 1] == ' ')
        len--;
    return len;
}

/* Completes a command whose secret was left out. */
static bool ask_for_secret(char command[LINE_SIZE])
{
    char question[80], value[LINE_SIZE];
    size_t len = strlen(command);

    snprintf(question, sizeof question, "%.60s (hidden): ", command);
    if (!tk_ask_secret(question, value, sizeof value)) {
        if (errno == EINTR || errno == E2BIG)
            tk_host_message("%s: no value was taken", command);
        else
            tk_host_message("%s: there is no terminal to ask for its value; put the whole command "
                            "into a file for -f, or on standard input for -",
                            command);
        return false;
    }
    bool fits = len + 1 + strlen(value) < LINE_SIZE;

    if (fits) {
        command[len] = ' ';
        strcpy(command + len + 1, value);
    } else {
        tk_host_message("%s: the value is too long", command);
    }
    tk_wipe(value, sizeof value);
    return fits;
}

/* --- answers --- */

static void print_event(void *owner, const char *line)
{
    (void)owner;
    fprintf(stderr, "%s\n", line);
}

static void print_data(void *owner, char *line)
{
    struct doing *d = owner;

    if (!d->options->json) {
        puts(line);
        return;
    }
    fputs(d->is_first ? "" : ",", stdout);
    d->is_first = false;
    tk_json_print_line(stdout, line);
}

/* Up to the value of a secret, which commands print nowhere. */
static void begin_json(struct doing *d, char *command)
{
    fputs("{\"command\":", stdout);
    tk_json_print(stdout, command, length_before(command));
    fputs(",\"data\":[", stdout);
    d->is_first = true;
}

static void end_json(const struct doing *d, enum tk_gateway_result result)
{
    const struct tk_gateway *g = &d->gateway;

    printf("],\"ok\":%s", result == TK_GATEWAY_OK ? "true" : "false");
    if (result == TK_GATEWAY_OK) {
        fputs(",\"pairs\":", stdout);
        tk_json_print_pairs(stdout, tk_gateway_last(g));
    } else {
        fputs(",\"error\":", stdout);
        tk_json_print(stdout, g->code, strlen(g->code));
        fputs(",\"words\":", stdout);
        tk_json_print(stdout, g->words, strlen(g->words));
        printf(",\"exit\":%d", tk_gateway_status(g, result));
    }
    puts("}");
}

static void end_text(const struct doing *d, enum tk_gateway_result result)
{
    const struct tk_gateway *g = &d->gateway;
    const char *pairs = tk_gateway_last(g);

    if (result == TK_GATEWAY_OK)
        printf("OK%s%s\n", *pairs == '\0' ? "" : " ", pairs);
    else if (result == TK_GATEWAY_ERR)
        printf("ERR %s %s\n", g->code, g->words);
    else
        tk_host_message("%s: %s", g->code, g->words);
}

/* --- commands --- */

static void note_status(struct doing *d, int status)
{
    if (d->status == TK_EXIT_OK)
        d->status = status;
    if (status != TK_EXIT_OK && d->file != NULL && !d->options->json)
        tk_host_message("%s, line %u: this command failed%s", d->file, d->line,
                        d->options->keep_going ? "" : "; stopped");
}

/* False: no further command is run. */
static bool run_command(struct doing *d, char command[LINE_SIZE])
{
    struct tk_gateway *g = &d->gateway;

    if (d->options->json)
        begin_json(d, command);
    enum tk_gateway_result result = tk_gateway_ask(g, command, d->timeout_ms, print_data, d);

    if (d->options->json)
        end_json(d, result);
    else
        end_text(d, result);
    note_status(d, tk_gateway_status(g, result));
    if (fflush(stdout) != 0) {
        d->status = TK_EXIT_INTERNAL;
        return false;
    }
    return result == TK_GATEWAY_OK || (result == TK_GATEWAY_ERR && d->options->keep_going);
}

/* Blank lines and comments are skipped. */
static bool take_command(struct doing *d, const char *line)
{
    char command[LINE_SIZE + 1];
    const char *secret;
    bool goes_on;

    if (!tk_copy(command, LINE_SIZE, line + strspn(line, " \t"))) {
        tk_host_message("a command is longer than %d characters", LINE_SIZE - 1);
        note_status(d, TK_EXIT_USAGE);
        return false;
    }
    for (size_t len = strlen(command); len > 0 && strchr(" \t\r", command[len - 1]) != NULL; len--)
        command[len - 1] = '\0';
    if (command[0] == '\0' || command[0] == '#')
        return true;
    secret = find_secret(command);
    goes_on = secret == NULL || *secret != '\0' || ask_for_secret(command);
    if (goes_on)
        goes_on = run_command(d, command);
    else
        note_status(d, TK_EXIT_USAGE);
    tk_wipe(command, sizeof command);
    return goes_on;
}

static void run_arguments(struct doing *d)
{
    for (size_t i = 0; i < d->options->count; i++) {
        if (!take_command(d, d->options->args[i]))
            return;
    }
}

/* --- files --- */

struct reader {
    int fd;
    size_t at, end;
    char bytes[4096];
};

/* 1: the next line, without its end; 0: there is none; -1: it is too long, or errno. */
static int next_line(struct reader *r, char line[LINE_SIZE])
{
    size_t len = 0;

    for (;;) {
        if (r->at == r->end) {
            ssize_t n = read(r->fd, r->bytes, sizeof r->bytes);

            if (n < 0 && errno == EINTR)
                continue;
            r->at = 0;
            r->end = n > 0 ? (size_t)n : 0;
            line[len] = '\0';
            if (n <= 0)
                return n < 0 ? -1 : len > 0;
        }
        char byte = r->bytes[r->at++];

        line[len] = '\0';
        if (byte == '\n')
            return 1;
        errno = E2BIG;
        if (len == LINE_SIZE - 1 || byte == '\0')
            return -1;
        line[len++] = byte;
    }
}

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* of an editor on Windows */

static void for_each_line(struct doing *d, int fd, bool (*take)(struct doing *d, const char *line))
{
    struct reader reader = {.fd = fd};
    char line[LINE_SIZE];
    int n = 0;

    for (d->line = 1; (n = next_line(&reader, line)) == 1; d->line++) {
        bool has_mark = d->line == 1 && strncmp(line, BYTE_ORDER_MARK, 3) == 0;

        if (d->line > FILE_LINES_MAX) {
            errno = EFBIG;
            n = -1;
            break;
        }
        if (!take(d, line + (has_mark ? 3 : 0)))
            break;
    }
    if (n < 0) {
        tk_host_message("%s, line %u: %s", d->file, d->line,
                        errno == E2BIG ? "not a command: too long, or not a text"
                                       : strerror(errno));
        note_status(d, TK_EXIT_USAGE);
    }
    tk_wipe(&reader, sizeof reader);
    tk_wipe(line, sizeof line);
}

/* Ends at the first secret, which others than the owner of the file may not read. */
static bool find_secrets(struct doing *d, const char *line)
{
    char command[LINE_SIZE + 1];
    bool found = tk_copy(command, LINE_SIZE, line + strspn(line, " \t")) && has_secret(command);

    tk_wipe(command, sizeof command);
    d->status = found ? TK_EXIT_USAGE : d->status;
    return !found;
}

/* Whether the file may be run: it has no secret, or no one else can read it. */
static bool check_file(struct doing *d, int fd)
{
    for_each_line(d, fd, find_secrets);
    if (d->status != TK_EXIT_OK && !tk_host_is_private(fd, d->file))
        return false;
    d->status = TK_EXIT_OK;
    return lseek(fd, 0, SEEK_SET) == 0;
}

/* --- the command line --- */

static int open_file(struct doing *d, int *fd)
{
    const struct tk_options *o = d->options;
    bool is_stdin = o->count == 1 && strcmp(o->args[0], "-") == 0;

    *fd = -1;
    if ((o->file != NULL) == (o->count > 0)) {
        tk_host_message("do takes commands, each in quotes, or -f FILE, or -; see tokenkeeper do "
                        "--help");
        return TK_EXIT_USAGE;
    }
    if (is_stdin) {
        d->file = "standard input";
        *fd = STDIN_FILENO;
    }
    if (o->file == NULL)
        return TK_EXIT_OK;
    d->file = o->file;
    *fd = open(o->file, O_RDONLY | O_CLOEXEC);
    if (*fd >= 0)
        return check_file(d, *fd) ? TK_EXIT_OK : TK_EXIT_USAGE;
    tk_host_message("cannot read %s: %s", o->file, strerror(errno));
    return TK_EXIT_USAGE;
}

static bool check_arguments(const struct tk_options *o)
{
    char command[LINE_SIZE + 1];

    for (size_t i = 0; i < o->count; i++) {
        if (!tk_copy(command, LINE_SIZE, o->args[i] + strspn(o->args[i], " \t")) ||
            !has_secret(command))
            continue;
        size_t len = length_before(command);

        tk_host_message("a secret on the command line is seen by other users and kept in the "
                        "shell's history; use '%.*s', which asks for it, or -f FILE, or -",
                        len == 0 ? 9 : (int)len, len == 0 ? "auth code" : command);
        return false;
    }
    return true;
}

static bool read_timeout(struct doing *d)
{
    uint64_t seconds = TK_GATEWAY_SLOW_MS / 1000;
    const char *text = d->options->timeout;

    if (text != NULL && !tk_parse_u64(text, strlen(text), TIMEOUT_MAX, &seconds)) {
        tk_host_message("--timeout takes a number up to %d, not '%s'", TIMEOUT_MAX, text);
        return false;
    }
    d->timeout_ms = (int)seconds * 1000;
    return true;
}

/* --ref: the account that the console's user had selected is selected again afterwards. */
static int run_all(struct doing *d, int fd)
{
    char before[TK_NAME_MAX + 1] = "";
    int status = tk_gateway_select(&d->gateway, d->options->ref, before);

    if (status != TK_EXIT_OK)
        return status;
    if (!d->options->json)
        d->gateway.on_async = print_event;
    if (fd >= 0)
        for_each_line(d, fd, take_command);
    else
        run_arguments(d);
    d->gateway.on_async = NULL;
    if (before[0] != '\0')
        (void)tk_gateway_select(&d->gateway, before, NULL);
    return d->status;
}

int tk_host_do(const struct tk_options *options)
{
    struct doing d = {.options = options};
    int fd, status = open_file(&d, &fd);

    if (status == TK_EXIT_OK && (!read_timeout(&d) || (fd < 0 && !check_arguments(options))))
        status = TK_EXIT_USAGE;
    if (fd == STDIN_FILENO) /* the program before it in a pipeline may be using the port */
        (void)poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1);
    if (status == TK_EXIT_OK)
        status = tk_gateway_open(&d.gateway, options);
    if (status == TK_EXIT_OK) {
        status = run_all(&d, fd);
        tk_gateway_close(&d.gateway);
    }
    if (fd > STDIN_FILENO)
        close(fd);
    return status;
}
