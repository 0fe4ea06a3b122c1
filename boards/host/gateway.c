/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway.h"

#include "buffer.h"
#include "service.h"
#include "tk_limits.h"
#include "tk_string.h"
#include "tk_text.h"
#include "tk_words.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ESC       0x1b
#define PROMPT    "tk> "
#define DROP_LINE "\025\r" /* Ctrl-U: what was half typed; CR: a question gets no value */

enum { BUSY_MS = 100, SEQ_MAX = 999999999, LISTEN_LINES_MAX = 1000 };
enum { NO_ESCAPE, AFTER_ESC, IN_SEQUENCE };

/* --- the line --- */

static int time_left(uint64_t deadline_ms)
{
    uint64_t now_ms = tk_service_now();

    return now_ms < deadline_ms ? (int)(deadline_ms - now_ms) : 0;
}

/* Waits; 1: ready, 0: the time is over, -1: lost. */
static int wait_for(const struct tk_gateway *g, short events, uint64_t deadline_ms)
{
    struct pollfd p = {.fd = g->fd, .events = events};
    int n;

    do
        n = poll(&p, 1, time_left(deadline_ms));
    while (n < 0 && errno == EINTR);
    return n > 0 && (p.revents & events) == 0 ? -1 : n;
}

static enum tk_gateway_result send_bytes(const struct tk_gateway *g, const char *bytes, size_t len,
                                         uint64_t deadline_ms)
{
    while (len > 0) {
        int ready = wait_for(g, POLLOUT, deadline_ms);

        if (ready <= 0)
            return ready == 0 ? TK_GATEWAY_TIMEOUT : TK_GATEWAY_LOST;
        ssize_t n = send(g->fd, bytes, len, MSG_NOSIGNAL);

        if (n < 0 && errno == ENOTSOCK)
            n = write(g->fd, bytes, len);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return TK_GATEWAY_LOST;
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return TK_GATEWAY_OK;
}

/* Whether the byte belongs to an escape sequence (ECMA-48 5.4). */
static bool in_escape(struct tk_gateway *g, char byte)
{
    if (g->escape == NO_ESCAPE) {
        g->escape = byte == ESC ? AFTER_ESC : NO_ESCAPE;
        return byte == ESC;
    }
    if (g->escape == AFTER_ESC && byte == '[')
        g->escape = IN_SEQUENCE;
    else if (g->escape == AFTER_ESC || byte < 0x20 || byte >= 0x40)
        g->escape = NO_ESCAPE;
    return true;
}

/* CR alone begins the line again: the console draws its prompt anew. True: the line is complete. */
static bool take_byte(struct tk_gateway *g, char byte)
{
    if (byte == '\n' || byte == '\r') {
        g->after_cr = byte == '\r';
        g->escape = NO_ESCAPE;
        return byte == '\n';
    }
    if (in_escape(g, byte) || byte < 0x20 || byte > 0x7e) /* noise, or aimed at a terminal */
        return false;
    if (g->after_cr) {
        g->len = 0;
        g->is_cut = g->after_cr = false;
    }
    if (g->len < sizeof g->line - 1)
        g->line[g->len++] = byte;
    else
        g->is_cut = true;
    return false;
}

static void strip_prompts(struct tk_gateway *g)
{
    const char *at = g->line;

    while (strncmp(at, PROMPT, sizeof PROMPT - 1) == 0)
        at += sizeof PROMPT - 1;
    memmove(g->line, at, strlen(at) + 1);
}

/* Reads up to the end of a line, into g->line. What has come by the deadline is still read, but no
 * more than g->in holds: a peer that never falls silent does not hold up the caller. */
static enum tk_gateway_result read_line(struct tk_gateway *g, uint64_t deadline_ms)
{
    bool is_last = false;

    for (;;) {
        while (g->at < g->end) {
            if (!take_byte(g, g->in[g->at++]))
                continue;
            g->line[g->is_cut ? 0 : g->len] = '\0';
            g->len = 0;
            g->is_cut = false;
            strip_prompts(g);
            return TK_GATEWAY_OK;
        }
        if (is_last)
            return TK_GATEWAY_TIMEOUT;
        is_last = time_left(deadline_ms) == 0;
        int ready = wait_for(g, POLLIN, deadline_ms);

        if (ready <= 0)
            return ready == 0 ? TK_GATEWAY_TIMEOUT : TK_GATEWAY_LOST;
        ssize_t n = read(g->fd, g->in, sizeof g->in);

        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return TK_GATEWAY_LOST;
        g->at = 0;
        g->end = n > 0 ? (size_t)n : 0;
    }
}

static bool hand_over(const struct tk_gateway *g)
{
    bool is_async = strncmp(g->line, "EVT ", 4) == 0 || strncmp(g->line, "LOG ", 4) == 0;

    if (is_async && g->on_async != NULL)
        g->on_async(g->owner, g->line);
    return is_async;
}

/* --- results --- */

enum tk_gateway_result tk_gateway_fail(struct tk_gateway *g, enum tk_gateway_result result,
                                       const char *code, const char *words)
{
    (void)tk_copy(g->code, sizeof g->code, code);
    (void)snprintf(g->words, sizeof g->words, "%s", words);
    return result;
}

static enum tk_gateway_result refuse(struct tk_gateway *g, enum tk_err err)
{
    char words[TK_WORDS_MAX + 1];
    struct tk_text t;

    tk_text_init(&t, words, sizeof words);
    tk_words_add(&t, err);
    return tk_gateway_fail(g, TK_GATEWAY_ERR, tk_err_code(err), words);
}

static enum tk_gateway_result report(struct tk_gateway *g, enum tk_gateway_result result,
                                     int timeout_ms)
{
    char words[TK_HOST_PATH + 128];

    if (result == TK_GATEWAY_TIMEOUT) {
        snprintf(words, sizeof words,
                 "the gateway at %s did not answer within %d.%d s; check cable and speed, and that "
                 "no other program reads there",
                 g->name, timeout_ms / 1000, timeout_ms % 1000 / 100);
        return tk_gateway_fail(g, result, "no_answer", words);
    }
    if (result == TK_GATEWAY_LOST) {
        snprintf(words, sizeof words, "%s was closed or unplugged; connect it, then repeat",
                 g->name);
        return tk_gateway_fail(g, result, "line_lost", words);
    }
    return result;
}

/* What follows ERR: its code, then words. */
static enum tk_gateway_result report_err(struct tk_gateway *g)
{
    const char *code = g->last + 4;
    size_t len = strcspn(code, " ");

    (void)snprintf(g->code, sizeof g->code, "%.*s", (int)len, code);
    (void)snprintf(g->words, sizeof g->words, "%s", code[len] == ' ' ? code + len + 1 : "");
    return TK_GATEWAY_ERR;
}

/* --- a command --- */

/* Between 1 and SEQ_MAX; the first one differs from those of a program that was here before. */
static uint32_t next_seq(uint32_t seq)
{
    struct timespec now = {0, 0};

    if (seq == 0) {
        (void)clock_gettime(CLOCK_REALTIME, &now);
        seq = (uint32_t)(((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000) % SEQ_MAX);
    }
    return seq % SEQ_MAX + 1;
}

static bool is_plain(const char *command)
{
    for (; *command != '\0'; command++) {
        if (*command < ' ' || *command > '~')
            return false;
    }
    return true;
}

static bool ends_answer(const char *line)
{
    return strcmp(line, "OK") == 0 || strncmp(line, "OK ", 3) == 0 || strncmp(line, "ERR ", 4) == 0;
}

static enum tk_gateway_result read_answer(struct tk_gateway *g, uint64_t deadline_ms,
                                          tk_gateway_take *take, void *owner)
{
    char prefix[16];
    size_t len = (size_t)snprintf(prefix, sizeof prefix, "@%u ", (unsigned)g->seq);
    enum tk_gateway_result result;

    while ((result = read_line(g, deadline_ms)) == TK_GATEWAY_OK) {
        bool is_ours = !hand_over(g) && strncmp(g->line, prefix, len) == 0;

        if (is_ours && ends_answer(g->line + len)) {
            (void)tk_copy(g->last, sizeof g->last, g->line + len);
            break;
        }
        if (is_ours && take != NULL)
            take(owner, g->line + len);
        if (time_left(deadline_ms) == 0) {
            result = TK_GATEWAY_TIMEOUT;
            break;
        }
    }
    tk_wipe(g->line, sizeof g->line);
    return result;
}

enum tk_gateway_result tk_gateway_ask(struct tk_gateway *g, const char *command, int timeout_ms,
                                      tk_gateway_take *take, void *owner)
{
    uint64_t deadline_ms = tk_service_now() + (uint64_t)timeout_ms;
    char line[TK_LINE_MAX + 2];

    g->last[0] = '\0';
    if (g->fd <= 0)
        return report(g, TK_GATEWAY_LOST, 0);
    if (!is_plain(command))
        return refuse(g, TK_E_BAD_BYTE);
    g->seq = next_seq(g->seq);
    int len = snprintf(line, sizeof line, "@%u %s\r", (unsigned)g->seq, command);

    if (len <= 0 || (size_t)len >= sizeof line) {
        tk_wipe(line, sizeof line);
        return refuse(g, TK_E_LINE_TOO_LONG);
    }
    enum tk_gateway_result result = send_bytes(g, line, (size_t)len, deadline_ms);

    tk_wipe(line, sizeof line);
    if (result == TK_GATEWAY_OK)
        result = read_answer(g, deadline_ms, take, owner);
    if (result != TK_GATEWAY_OK)
        return report(g, result, timeout_ms);
    return g->last[0] == 'O' ? TK_GATEWAY_OK : report_err(g);
}

enum tk_gateway_result tk_gateway_listen(struct tk_gateway *g, int timeout_ms)
{
    uint64_t deadline_ms = tk_service_now() + (uint64_t)timeout_ms;
    enum tk_gateway_result result = g->fd <= 0 ? TK_GATEWAY_LOST : TK_GATEWAY_OK;

    for (int i = 0; i < LISTEN_LINES_MAX && result == TK_GATEWAY_OK; i++) {
        result = read_line(g, deadline_ms);
        if (result == TK_GATEWAY_OK && hand_over(g))
            deadline_ms = 0; /* those that have come already */
    }
    return result == TK_GATEWAY_TIMEOUT ? TK_GATEWAY_OK : report(g, result, timeout_ms);
}

int tk_gateway_fd(const struct tk_gateway *g)
{
    return g->fd;
}

/* --- answers --- */

const char *tk_gateway_last(const struct tk_gateway *g)
{
    const char *space = strchr(g->last, ' ');

    return space == NULL ? "" : space + 1;
}

bool tk_gateway_pair(const struct tk_gateway *g, const char *key, char *out, size_t size)
{
    const char *at = tk_gateway_last(g);
    size_t key_len = strlen(key);

    while (*at != '\0') {
        size_t len = strcspn(at, " ");

        if (len > key_len && strncmp(at, key, key_len) == 0 && at[key_len] == '=') {
            (void)snprintf(out, size, "%.*s", (int)(len - key_len - 1), at + key_len + 1);
            return true;
        }
        at += len + strspn(at + len, " ");
    }
    out[0] = '\0';
    return false;
}

/* Returns its length, at most that of s. */
static size_t decode(const char *s, char *to)
{
    size_t len = 0;

    while (*s != '\0') {
        bool is_escape =
            s[0] == '\\' && s[1] == 'x' && tk_hex_value(s[2]) >= 0 && tk_hex_value(s[3]) >= 0;

        to[len] = *s;
        if (is_escape)
            to[len] = (char)(tk_hex_value(s[2]) * 16 + tk_hex_value(s[3]));
        len++;
        s += is_escape ? 4 : 1;
    }
    to[len] = '\0';
    return len;
}

void tk_gateway_unescape(char *value)
{
    char decoded[TK_GATEWAY_LINE];

    if (strchr(value, '\\') == NULL || strlen(value) >= sizeof decoded)
        return;
    size_t len = decode(value, decoded);

    if (tk_is_utf8(decoded, len))
        memcpy(value, decoded, len + 1);
    tk_wipe(decoded, sizeof decoded);
}

char *tk_gateway_split(char *line)
{
    char *value = strchr(line, '=');

    if (value == NULL)
        return NULL;
    *value++ = '\0';
    tk_gateway_unescape(value);
    return value;
}

/* --- opening --- */

static void note_version(struct tk_gateway *g)
{
    (void)tk_gateway_pair(g, "id", g->id, sizeof g->id);
    (void)tk_gateway_pair(g, "version", g->version, sizeof g->version);
    (void)tk_gateway_pair(g, "board", g->board, sizeof g->board);
}

/* Asks until it answers, with more patience each time: a gateway that is starting loses lines, and
 * one that still works for another program says busy. */
static enum tk_gateway_result greet(struct tk_gateway *g, int timeout_ms)
{
    uint64_t deadline_ms = tk_service_now() + (uint64_t)timeout_ms;
    enum tk_gateway_result result;
    int slice = TK_GATEWAY_PROBE_MS;

    for (;;) {
        int left = time_left(deadline_ms);

        result = send_bytes(g, DROP_LINE, sizeof DROP_LINE - 1, deadline_ms);
        if (result == TK_GATEWAY_OK)
            result = tk_gateway_ask(g, "version", slice < left ? slice : left, NULL, NULL);
        if (result == TK_GATEWAY_OK || result == TK_GATEWAY_LOST || time_left(deadline_ms) == 0)
            break;
        if (result == TK_GATEWAY_ERR)
            (void)poll(NULL, 0, left < BUSY_MS ? left : BUSY_MS);
        else
            slice *= 2;
    }
    if (result == TK_GATEWAY_OK)
        note_version(g);
    else if (result != TK_GATEWAY_ERR)
        (void)report(g, result, timeout_ms);
    if (result != TK_GATEWAY_OK)
        tk_gateway_close(g);
    return result;
}

enum tk_gateway_result tk_gateway_attach(struct tk_gateway *g, const char *name, int fd,
                                         int timeout_ms)
{
    *g = (struct tk_gateway){.on_async = g->on_async, .owner = g->owner, .fd = fd};
    (void)tk_copy(g->name, sizeof g->name, name);
    return fd < 0 ? TK_GATEWAY_ABSENT : greet(g, timeout_ms);
}

void tk_gateway_close(struct tk_gateway *g)
{
    if (g->fd > 0)
        close(g->fd);
    g->fd = -1;
    tk_wipe(g->in, sizeof g->in);
    tk_wipe(g->line, sizeof g->line);
    tk_wipe(g->last, sizeof g->last);
}
