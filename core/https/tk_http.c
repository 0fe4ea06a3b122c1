/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_http.h"

#include "tk_http_date.h"
#include "tk_version.h"

#include <string.h>

#define HEAD_MAX     16384
#define INTERIMS_MAX 8

enum {
    STATUS_LINE,
    FIELD_LINES,
    BODY_LENGTH, /* Content-Length */
    BODY_CLOSE,  /* until the connection ends */
    CHUNK_LINE,
    CHUNK_DATA,
    CHUNK_END, /* the empty line behind a chunk's data */
    TRAILER_LINES,
    COMPLETE
};

/* --- the request --- */

/* Content-Length stands before the body is known; OWS before a field's value (RFC 9112 5) leaves
 * room for it. */
#define LENGTH_ROOM "      "

size_t tk_http_request(struct tk_text *t, const char *method, const struct tk_host *host,
                       const char *path, const char *body_type)
{
    tk_text_add(t, method);
    tk_text_char(t, ' ');
    tk_text_add(t, path);
    tk_text_add(t, " HTTP/1.1\r\nHost: ");
    tk_text_host(t, host);
    tk_text_add(t, "\r\nUser-Agent: tokenkeeper/" TK_VERSION "\r\nAccept: application/json\r\n");
    if (body_type != NULL) {
        tk_text_add(t, "Content-Type: ");
        tk_text_add(t, body_type);
        tk_text_add(t, "\r\nContent-Length:" LENGTH_ROOM "\r\n");
    }
    tk_text_add(t, "\r\n");
    return t->len;
}

void tk_http_request_end(struct tk_text *t, size_t body_start)
{
    char digits[sizeof LENGTH_ROOM];
    struct tk_text number;

    if (!tk_text_ok(t) || t->len == body_start)
        return;
    tk_text_init(&number, digits, sizeof digits);
    tk_text_int(&number, (int64_t)(t->len - body_start));
    memcpy(t->buf + body_start - strlen("\r\n\r\n") - number.len, digits, number.len);
}

/* --- the answer --- */

void tk_http_begin(struct tk_http *h, char *body, size_t size)
{
    *h = (struct tk_http){.body = body, .body_size = size};
    body[0] = '\0';
}

bool tk_http_begun(const struct tk_http *h)
{
    return h->head_bytes > 0;
}

/* Whether a comma-separated list holds a word (RFC 9110 5.6.1). */
static bool lists(const char *s, const char *word)
{
    size_t len = strlen(word);

    while (*s != '\0') {
        s += strspn(s, ", \t");
        size_t i = 0;

        while (i < len && tk_lower(s[i]) == word[i])
            i++;
        if (i == len && strchr(", \t;", s[i]) != NULL)
            return true;
        s += strcspn(s, ",");
    }
    return false;
}

/* More than fits any memory is as good as all that is more: it is refused when it comes. */
static bool content_length(struct tk_http *h, const char *value)
{
    uint64_t length;

    if (!tk_parse_u64(value, strlen(value), INT64_MAX, &length))
        return false;
    uint32_t left = length < UINT32_MAX ? (uint32_t)length : UINT32_MAX;

    if (h->has_length && left != h->left)
        return false;
    h->has_length = true;
    h->left = left;
    return true;
}

/* We offered no other coding than chunked. */
static bool transfer_encoding(struct tk_http *h, const char *value)
{
    h->chunked = tk_same_nocase(value, "chunked");
    return h->chunked;
}

static bool connection(struct tk_http *h, const char *value)
{
    h->keep = lists(value, "keep-alive") || (h->keep && !lists(value, "close"));
    return true;
}

static bool date(struct tk_http *h, const char *value)
{
    if (!tk_http_date_parse(value, &h->date_unix))
        h->date_unix = 0;
    return true;
}

/* A path alone is no host, nor is what has another scheme. */
static bool location(struct tk_http *h, const char *value)
{
    if (strstr(value, "://") == NULL || !tk_host_parse(&h->location, value, NULL))
        h->location.name[0] = '\0';
    return true;
}

static const struct {
    const char *name;
    bool (*read)(struct tk_http *h, const char *value);
} fields[] = {{"content-length", content_length},
              {"transfer-encoding", transfer_encoding},
              {"connection", connection},
              {"date", date},
              {"location", location}};

/* name: OWS value (RFC 9112 5) */
static bool read_field(struct tk_http *h)
{
    char *colon = strchr(h->line, ':'), first = tk_lower(h->line[0]);

    if (colon == NULL || first == ' ' || first == '\t')
        return false;
    *colon = '\0';
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (first == fields[i].name[0] && tk_same_nocase(h->line, fields[i].name))
            return fields[i].read(h, colon + 1 + strspn(colon + 1, " \t"));
    }
    return true;
}

static bool read_status(struct tk_http *h)
{
    uint64_t status;

    /* HTTP/1.1 200 OK */
    if (strlen(h->line) < 12 || memcmp(h->line, "HTTP/1.", 7) != 0 || !tk_is_digit(h->line[7]) ||
        h->line[8] != ' ' || !tk_parse_u64(h->line + 9, 3, 599, &status) || status < 100)
        return false;
    if (h->line[12] != '\0' && h->line[12] != ' ')
        return false;
    h->status = (int)status;
    h->keep = h->line[7] != '0';
    h->state = FIELD_LINES;
    return true;
}

/* The end of a head: what kind of body follows (RFC 9112 6.3). */
static bool end_of_head(struct tk_http *h)
{
    if (h->status < 200) {
        h->state = STATUS_LINE;
        h->chunked = h->has_length = false;
        h->date_unix = 0;
        h->location.name[0] = '\0';
        return h->status != 101 && ++h->interims <= INTERIMS_MAX;
    }
    if (h->status == 204 || h->status == 304)
        h->state = COMPLETE;
    else if (h->chunked)
        h->state = CHUNK_LINE;
    else if (h->has_length)
        h->state = h->left == 0 ? COMPLETE : BODY_LENGTH;
    else
        h->state = BODY_CLOSE;
    if (h->chunked && h->has_length)
        h->keep = false; /* a sign of request smuggling (RFC 9112 6.1) */
    return true;
}

/* 1*HEXDIG [;extension] */
static bool read_chunk_size(struct tk_http *h)
{
    size_t i = 0;
    int digit;

    h->left = 0;
    for (; (digit = tk_hex_value(h->line[i])) >= 0; i++)
        h->left = h->left << 4 | (uint32_t)digit;
    h->state = h->left == 0 ? TRAILER_LINES : CHUNK_DATA;
    return i > 0 && i <= 8 && strchr(" \t;", h->line[i]) != NULL;
}

static bool end_of_line(struct tk_http *h)
{
    bool empty = h->line[0] == '\0';

    switch (h->state) {
    case STATUS_LINE:
        return read_status(h);
    case FIELD_LINES:
        return empty ? end_of_head(h) : read_field(h);
    case CHUNK_LINE:
        return read_chunk_size(h);
    case CHUNK_END:
        h->state = CHUNK_LINE;
        return empty;
    default: /* TRAILER_LINES */
        if (empty)
            h->state = COMPLETE;
        return true;
    }
}

/* White space behind a line is none of its value; a line of white space alone is no empty line.
 * One that was longer than is kept ends in CR, which no value does: half a value is none. */
static void trim_line(struct tk_http *h)
{
    size_t len = h->line_len;

    if (len == sizeof h->line - 1) {
        h->line[len - 1] = '\r';
    } else {
        if (len > 0 && h->line[len - 1] == '\r')
            len--;
        while (len > 1 && (h->line[len - 1] == ' ' || h->line[len - 1] == '\t'))
            len--;
    }
    h->line[len] = '\0';
    h->line_len = 0;
}

/* A line that is longer than any we use is read to its end and only its beginning kept. */
static void add_to_line(struct tk_http *h, const char *data, size_t len)
{
    size_t room = sizeof h->line - 1 - h->line_len;

    if (len > room)
        len = room;
    memcpy(h->line + h->line_len, data, len);
    h->line_len = (uint8_t)(h->line_len + len);
}

/* Takes bytes of a head, to the end of its line where that is among them; 0 for a bad line. */
static size_t line_bytes(struct tk_http *h, const char *data, size_t len)
{
    const char *end = memchr(data, '\n', len);
    size_t used = end == NULL ? len : (size_t)(end - data);

    if (memchr(data, '\0', used) != NULL)
        return 0;
    add_to_line(h, data, used);
    if (end == NULL)
        return used;
    trim_line(h);
    return end_of_line(h) ? used + 1 : 0;
}

static int failed(enum tk_err *err, enum tk_err why)
{
    *err = why;
    return TK_HTTP_FAILED;
}

/* Takes what belongs to the body from data; 0 when it does not fit. */
static size_t body_bytes(struct tk_http *h, const char *data, size_t len)
{
    if (h->state != BODY_CLOSE && len > h->left)
        len = h->left;
    if (len >= h->body_size - h->body_len)
        return 0;
    memcpy(h->body + h->body_len, data, len);
    h->body_len += len;
    h->body[h->body_len] = '\0';
    if (h->state == BODY_CLOSE)
        return len;
    h->left -= (uint32_t)len;
    if (h->left == 0)
        h->state = h->state == CHUNK_DATA ? CHUNK_END : COMPLETE;
    return len;
}

static bool in_body(const struct tk_http *h)
{
    return h->state == BODY_LENGTH || h->state == BODY_CLOSE || h->state == CHUNK_DATA;
}

int tk_http_feed(struct tk_http *h, const char *data, size_t len, enum tk_err *err)
{
    size_t at = 0;

    while (at < len && h->state != COMPLETE) {
        bool is_body = in_body(h);
        size_t used =
            is_body ? body_bytes(h, data + at, len - at) : line_bytes(h, data + at, len - at);

        if (used == 0)
            return failed(err, is_body ? TK_E_HTTP_TOO_LARGE : TK_E_HTTP_MALFORMED);
        at += used;
        h->head_bytes += is_body ? 0 : (uint32_t)used;
        if (h->head_bytes > HEAD_MAX)
            return failed(err, TK_E_HTTP_TOO_LARGE);
    }
    if (at < len)
        h->keep = false;
    return h->state == COMPLETE ? TK_HTTP_DONE : TK_HTTP_MORE;
}

int tk_http_end(struct tk_http *h, enum tk_err *err)
{
    h->keep = false;
    if (h->state == BODY_CLOSE)
        h->state = COMPLETE;
    return h->state == COMPLETE ? TK_HTTP_DONE : failed(err, TK_E_CONN_LOST);
}
