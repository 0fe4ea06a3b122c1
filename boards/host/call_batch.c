/* SPDX-License-Identifier: Apache-2.0 */

/*
 * `tokenkeeper call --batch FILE`: each line is a command, {"id":..,"method":..,"params":{..}}; 50
 * of them are one call of the method batch. Each result becomes a line, with the command's id.
 */

#include "call.h"
#include "call_job.h"
#include "json_members.h"
#include "php_query.h"
#include "tokenkeeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    COMMANDS_MAX = 50,
    ID_MAX = 40,
    READ_SIZE = 16384,
    ENDS_MAX = 40 /* bytes of a body around its commands */
};

struct command {
    char id[ID_MAX + 1];
    bool is_number; /* the id was written without quotes */
    bool has_result;
    unsigned long line;
};

struct batch {
    struct tk_call_job *job;

    /* the file */
    int fd;
    size_t at, end;
    char bytes[READ_SIZE];
    unsigned long line_number;
    struct tk_buffer line;
    bool has_line; /* it is not in a call yet */

    /* the current call */
    struct command commands[COMMANDS_MAX];
    size_t count;
    unsigned long first_line;
    struct tk_buffer cmd; /* its commands, as JSON members */
    struct tk_buffer value;
    size_t index; /* of the next result, where they are a list */
    bool has_refusal;
};

static struct batch *batch_of(const struct tk_walk *w)
{
    const struct tk_call_job *job = w->owner;

    return job->form;
}

static bool refuse(const struct batch *b, const char *words)
{
    tk_host_message("line %lu: %s", b->line_number, words);
    return false;
}

/* --- the file --- */

/* Reads the next line that is not blank. False at the end, and after a message. */
static bool read_line(struct batch *b, bool *failed)
{
    tk_buffer_cut(&b->line, 0);
    for (;;) {
        if (b->at == b->end) {
            ssize_t n = read(b->fd, b->bytes, sizeof b->bytes);

            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                *failed = !refuse(b, strerror(errno));
            if (n <= 0)
                break;
            b->at = 0;
            b->end = (size_t)n;
        }
        const char *from = b->bytes + b->at;
        const char *end = memchr(from, '\n', b->end - b->at);
        size_t len = end != NULL ? (size_t)(end - from) : b->end - b->at;

        tk_buffer_addn(&b->line, from, len);
        b->at += len + (end != NULL);
        if (end == NULL && tk_buffer_ok(&b->line))
            continue;
        b->line_number++;
        if (!tk_buffer_ok(&b->line)) {
            *failed = !refuse(b, "longer than 1 MB");
            return false;
        }
        if (strspn(b->line.bytes, " \t\r") < b->line.len)
            return true;
        tk_buffer_cut(&b->line, 0);
    }
    b->line_number += b->line.len > 0;
    return !*failed && b->line.len > 0;
}

/* --- a command --- */

/* Whether a command of this call has that id. */
static bool knows(const void *owner, const char *text, size_t len)
{
    const struct batch *b = owner;

    for (size_t i = 0; i < b->count; i++) {
        if (strlen(b->commands[i].id) == len && memcmp(b->commands[i].id, text, len) == 0)
            return true;
    }
    return false;
}

static bool take_id(struct batch *b, struct command *c, const struct tk_member *m)
{
    size_t quote = m->kind == TK_SCAN_STRING ? 1 : 0, len = m->value_len - 2 * quote;

    c->is_number = m->kind == TK_SCAN_OTHER;
    if (m->kind == TK_SCAN_OPEN || len == 0 || len > ID_MAX)
        return refuse(b, "an id has 1 to 40 letters, digits, _ and -");
    memcpy(c->id, m->value + quote, len);
    c->id[len] = '\0';
    if ((c->is_number ? strspn(c->id, "0123456789") : tk_query_word(c->id)) != len)
        return refuse(b, "an id has 1 to 40 letters, digits, _ and -");
    return true;
}

static bool take_method(struct batch *b, char method[TK_MEMBER_NAME + 1], const struct tk_member *m)
{
    if (m->kind == TK_SCAN_STRING && tk_member_decode(m->value + 1, m->value_len - 2, method) &&
        tk_method_is_valid(method))
        return true;
    return refuse(b, "method is no name of a method");
}

struct parts {
    struct command command;
    char method[TK_MEMBER_NAME + 1];
    struct tk_member params; /* kind TK_SCAN_BAD: there are none */
};

static bool take_member(struct batch *b, struct parts *p, const struct tk_member *m)
{
    if (strcmp(m->name, "id") == 0)
        return take_id(b, &p->command, m);
    if (strcmp(m->name, "method") == 0)
        return take_method(b, p->method, m);
    if (strcmp(m->name, "params") != 0)
        return refuse(b, "a command has id, method and params");
    p->params = *m;
    return m->kind == TK_SCAN_OPEN || refuse(b, "params must be an object");
}

static bool read_command(struct batch *b, struct parts *p)
{
    struct tk_json_scan s;
    struct tk_member m;

    *p = (struct parts){.params = {.kind = TK_SCAN_BAD}, .command = {.line = b->line_number}};
    (void)snprintf(p->command.id, sizeof p->command.id, "%lu", b->line_number);
    p->command.is_number = true;
    if (!tk_json_is_valid(b->line.bytes, b->line.len, true) ||
        !tk_is_utf8(b->line.bytes, b->line.len) ||
        !tk_members_begin(&s, b->line.bytes, b->line.len))
        return refuse(b, "not a JSON object");
    while (tk_members_next(&s, &m)) {
        if (!take_member(b, p, &m))
            return false;
    }
    return p->method[0] != '\0' || refuse(b, "method is missing");
}

/* Adds the command in the line to the call. *is_full: there is no room in this one. */
static bool add_command(struct batch *b, bool *is_full)
{
    char error[TK_QUERY_ERROR] = "";
    size_t before = b->cmd.len;
    struct parts p;

    if (!read_command(b, &p))
        return false;
    if (knows(b, p.command.id, strlen(p.command.id)))
        return refuse(b, "this id is in use in the same 50");
    if (b->count > 0)
        tk_buffer_char(&b->cmd, ',');
    tk_buffer_json(&b->cmd, p.command.id, strlen(p.command.id));
    tk_buffer_add(&b->cmd, ":\"");
    tk_buffer_add(&b->cmd, p.method);
    tk_buffer_char(&b->cmd, '?');
    if (p.params.kind == TK_SCAN_OPEN &&
        !tk_query_make(&b->cmd, p.params.value, p.params.value_len, knows, b, error) &&
        tk_buffer_ok(&b->cmd))
        return refuse(b, error[0] != '\0' ? error : "params must be an object");
    tk_buffer_char(&b->cmd, '"');
    *is_full = !tk_buffer_ok(&b->cmd);
    if (*is_full) {
        tk_buffer_cut(&b->cmd, before);
        return b->count > 0 || refuse(b, "longer than 1 MB");
    }
    b->commands[b->count++] = p.command;
    return true;
}

/* Reads commands for a call. False: one is wrong. */
static bool fill(struct batch *b)
{
    bool is_full = false, failed = false;

    tk_buffer_cut(&b->cmd, 0);
    b->count = 0;
    while (b->count < COMMANDS_MAX && !is_full) {
        if (!b->has_line && !read_line(b, &failed))
            return !failed;
        if (b->count == 0)
            b->first_line = b->line_number;
        if (!add_command(b, &is_full))
            return false;
        b->has_line = is_full;
    }
    return true;
}

/* --- results --- */

static bool is_at(const struct tk_walk *w, const char *name)
{
    return w->depth == 3 && strcmp(w->names[0], "result") == 0 && strcmp(w->names[1], name) == 0;
}

static bool begin_value(struct tk_walk *w, char first)
{
    (void)first;
    return is_at(w, "result") || is_at(w, "result_error");
}

static struct command *command_of(struct batch *b, const struct tk_walk *w)
{
    if (w->names[2][0] == '\0') /* a list: PHP makes one of the keys 0, 1, 2 ... */
        return b->index < b->count ? &b->commands[b->index++] : NULL;
    for (size_t i = 0; i < b->count; i++) {
        if (strcmp(b->commands[i].id, w->names[2]) == 0)
            return &b->commands[i];
    }
    return NULL;
}

static void begin_line(struct tk_call_job *job, const struct command *c)
{
    char text[ID_MAX + 16];
    const char *quote = c->is_number ? "" : "\"";
    int len = snprintf(text, sizeof text, "{\"id\":%s%s%s,", quote, c->id, quote);

    (void)tk_print_add(&job->out, text, (size_t)len);
}

/* The members of an error object, or another value as "error". */
static void print_error(struct batch *b)
{
    struct tk_call_job *job = b->job;
    bool is_object = b->value.len > 2 && b->value.bytes[0] == '{';

    b->has_refusal = true;
    if (is_object) {
        (void)tk_print_add(&job->out, b->value.bytes + 1, b->value.len - 2);
        return;
    }
    (void)tk_print_add(&job->out, "\"error\":", 8);
    (void)tk_print_add(&job->out, b->value.bytes, b->value.len);
}

static void print_value(struct batch *b, struct command *c, bool is_error)
{
    struct tk_call_job *job = b->job;

    c->has_result = true;
    begin_line(job, c);
    if (!tk_buffer_ok(&b->value)) {
        b->has_refusal = true;
        (void)tk_print_add(&job->out, "\"error\":\"too_large\"", 19);
    } else if (is_error) {
        print_error(b);
    } else {
        (void)tk_print_add(&job->out, "\"result\":", 9);
        (void)tk_print_add(&job->out, b->value.bytes, b->value.len);
    }
    (void)tk_print_add(&job->out, "}\n", 2);
}

static void take_value(struct tk_walk *w, const char *bytes, size_t len, bool is_end)
{
    struct batch *b = batch_of(w);
    struct command *c;

    tk_buffer_addn(&b->value, bytes, len);
    if (!is_end)
        return;
    c = command_of(b, w);
    if (c != NULL && b->value.len > 0)
        print_value(b, c, strcmp(w->names[1], "result_error") == 0);
    tk_buffer_cut(&b->value, 0);
}

/* Commands without a result: those after the first error, where that ends the batch. */
static void print_rest(struct batch *b)
{
    bool is_halted = b->job->options->halt && b->has_refusal;
    const char *words = is_halted ? "\"error\":\"not_run\"}\n" : "\"error\":\"unknown_outcome\"}\n";

    for (size_t i = 0; i < b->count; i++) {
        if (b->commands[i].has_result)
            continue;
        b->has_refusal = true;
        begin_line(b->job, &b->commands[i]);
        (void)tk_print_add(&b->job->out, words, strlen(words));
    }
}

/* --- calls --- */

static int call(struct batch *b)
{
    struct tk_call_job *job = b->job;
    struct tk_buffer body = {.max = TK_CALL_BODY_MAX};
    int status;

    tk_buffer_add(&body, job->options->halt ? "{\"halt\":1,\"cmd\":{" : "{\"halt\":0,\"cmd\":{");
    tk_buffer_addn(&body, b->cmd.bytes, b->cmd.len);
    tk_buffer_add(&body, "}}");
    b->index = 0;
    job->walk = (struct tk_walk){.owner = job};
    if (!job->options->raw) {
        job->walk.begin = begin_value;
        job->walk.take = take_value;
    }
    tk_buffer_cut(&b->value, 0);
    status = job->options->dry_run ? tk_call_show(job, "batch", &body)
                                   : tk_call_run(job, "batch", &body);
    tk_buffer_free(&body);
    if (job->options->raw && !job->options->dry_run)
        (void)tk_print_add(&job->out, "\n", 1);
    else if (status == TK_EXIT_OK && !job->options->dry_run)
        print_rest(b);
    return status;
}

/* Which lines a call that failed is about. */
static void report_lines(const struct batch *b)
{
    size_t command = (size_t)b->job->command;

    if (command > 0 && command <= b->count)
        tk_host_message("that was the command in line %lu", b->commands[command - 1].line);
    else
        tk_host_message("that was the call of lines %lu to %lu", b->first_line,
                        b->line_number - b->has_line);
}

static int run(struct batch *b)
{
    int status = TK_EXIT_OK;

    while (status == TK_EXIT_OK && !b->job->out.is_closed) {
        if (!fill(b))
            return TK_EXIT_USAGE;
        if (b->count == 0)
            break;
        status = call(b);
        if (status != TK_EXIT_OK)
            report_lines(b);
        if (b->has_refusal && b->job->options->halt)
            break;
    }
    return status == TK_EXIT_OK && b->has_refusal ? TK_EXIT_REFUSED : status;
}

int tk_call_batch(struct tk_call_job *job)
{
    static struct batch b;
    const char *path = job->options->batch;
    int status;

    b = (struct batch){.job = job,
                       .line = {.max = TK_CALL_BODY_MAX},
                       .cmd = {.max = TK_CALL_BODY_MAX - ENDS_MAX},
                       .value = {.max = TK_CALL_VALUE_MAX}};
    job->form = &b;
    job->flushes = true;
    tk_call_catch_signals();
    b.fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (b.fd < 0) {
        tk_host_message("cannot read %s: %s", path, strerror(errno));
        return TK_EXIT_USAGE;
    }
    status = run(&b);
    if (b.fd != STDIN_FILENO)
        close(b.fd);
    tk_buffer_free(&b.line);
    tk_buffer_free(&b.cmd);
    tk_buffer_free(&b.value);
    return status;
}
