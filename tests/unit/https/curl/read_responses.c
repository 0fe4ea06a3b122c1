/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads HTTP responses from stdin with tk_http.c, for judge.py. Each is 4 bytes of its length, the
 * lowest first, and its bytes, after which the connection closes. One line for each on stdout:
 *
 *      done|failed:<error> <status> <keep> <cut> <length> <retry after> <date> <coding> <body in
 * hex>
 *
 * Each is read whole, in pieces of 1, 2 and 3 bytes, and in two pieces cut at every byte. The first
 * difference ends the program.
 */

#include "tk_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE 2048 /* as on the smallest board */
#define CUTS_MAX    3000 /* of longer responses only the first and the last bytes are cuts */

struct reading {
    struct tk_http h;
    int result;
    char body[BUFFER_SIZE];
};

static char *response;
static size_t len;

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* first: bytes of the first piece; others: of each other. */
static void read_pieces(struct reading *r, size_t first, size_t others)
{
    size_t at = 0, piece = smaller(first, len);

    r->result = TK_HTTP_MORE;
    memset(r->body, 0, sizeof r->body);
    tk_http_begin(&r->h, r->body, sizeof r->body);
    while (at < len && r->result == TK_HTTP_MORE) {
        r->result = tk_http_feed(&r->h, response + at, piece);
        at += piece;
        piece = smaller(others, len - at);
    }
    if (at < len || r->result == TK_HTTP_FAILED)
        r->h.keep = false; /* as if the bytes after the end had come in the same piece */
    if (r->result == TK_HTTP_MORE)
        r->result = tk_http_end(&r->h);
    if (!tk_http_has_head(&r->h))
        memset(r->body, 0, sizeof r->body);
}

static void print(FILE *out, const struct reading *r)
{
    const struct tk_http *h = &r->h;

    if (r->result == TK_HTTP_DONE)
        fputs("done", out);
    else
        fprintf(out, "failed:%s", tk_err_code(h->err));
    fprintf(out, " %d %d %d %lu %lu %lld %s ", h->status, h->keep, h->is_cut,
            (unsigned long)h->length, (unsigned long)tk_http_retry_after_s(h, 0),
            (long long)h->date_unix, h->coding[0] == '\0' ? "-" : h->coding);
    for (size_t i = 0; tk_http_has_head(h) && i < h->body_len; i++)
        fprintf(out, "%02x", (unsigned char)r->body[i]);
    fputc('\n', out);
}

static bool is_same(const struct reading *a, const struct reading *b)
{
    const struct tk_http *x = &a->h, *y = &b->h;

    if (a->result != b->result || x->err != y->err || x->state != y->state)
        return false;
    if (!tk_http_has_head(x))
        return true;
    return x->status == y->status && x->keep == y->keep && x->is_cut == y->is_cut &&
           x->length == y->length && x->retry_after == y->retry_after &&
           x->date_unix == y->date_unix && strcmp(x->coding, y->coding) == 0 &&
           strcmp(x->type, y->type) == 0 && strcmp(x->location.name, y->location.name) == 0 &&
           x->body_len == y->body_len && strcmp(a->body, b->body) == 0;
}

static void compare(const struct reading *whole, size_t first, size_t others)
{
    static struct reading r;

    read_pieces(&r, first, others);
    if (is_same(whole, &r))
        return;
    fprintf(stderr, "pieces of %zu and %zu bytes are read as another response:\n", first, others);
    print(stderr, whole);
    print(stderr, &r);
    exit(1);
}

static void read_response(void)
{
    static struct reading whole;

    read_pieces(&whole, len, len);
    print(stdout, &whole);
    for (size_t piece = 1; piece <= 3; piece++)
        compare(&whole, piece, piece);
    for (size_t cut = 1; cut < len; cut++) {
        if (cut < CUTS_MAX / 2 || cut > len - smaller(len, CUTS_MAX / 2))
            compare(&whole, cut, len);
    }
}

int main(void)
{
    unsigned char size[4];

    while (fread(size, 1, sizeof size, stdin) == sizeof size) {
        len = size[0] | (size_t)size[1] << 8 | (size_t)size[2] << 16 | (size_t)size[3] << 24;
        response = malloc(len + 1);
        if (response == NULL || fread(response, 1, len, stdin) != len)
            return 1;
        read_response();
        free(response);
    }
    return 0;
}
