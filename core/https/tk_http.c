/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_http.h"

#include "tk_assert.h"
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
    CHUNK_END, /* the empty line after a chunk's data */
    TRAILER_LINES,
    COMPLETE
};

/* --- the request --- */

/* Content-Length is filled in later: white space before a field's value (OWS, RFC 9112 5) leaves
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
    TK_ASSERT(body_start >= 4 && body_start < t->len);
    TK_ASSERT(memcmp(t->buf + body_start - 4, "\r\n\r\n", 4) == 0);
    tk_text_init(&number, digits, sizeof digits);
    tk_text_int(&number, (int64_t)(t->len - body_start));
    memcpy(t->buf + body_start - strlen("\r\n\r\n") - number.len, digits, number.len);
}

/* --- the response --- */

void tk_http_begin(struct tk_http *h, char *body, size_t size)
{
    TK_ASSERT(size > 0);
    *h = (struct tk_http){.body = body, .body_size = size};
    body[0] = '\0';
}

/* True if a comma-separated list (RFC 9110 5.6.1) contains a token; token: in lower case. */
static bool has_token(const char *s, const char *token)
{
    size_t len = strlen(token);

    while (*s != '\0') {
        s += strspn(s, ", \t");
        size_t i = 0;

        while (i < len && tk_lower(s[i]) == token[i])
            i++;
        if (i == len && strchr(", \t;", s[i]) != NULL)
            return true;
        s += strcspn(s, ",");
    }
    return false;
}

/* Clamped to UINT32_MAX: body_bytes rejects a body that large. */
static bool content_length(struct tk_http *h, const char *value)
{
    uint64_t length;

    if (!tk_parse_u64(value, strlen(value), INT64_MAX, &length))
        return false;
    uint32_t clamped = length < UINT32_MAX ? (uint32_t)length : UINT32_MAX;

    if (h->has_length && clamped != h->remaining)
        return false;
    h->has_length = true;
    h->remaining = clamped;
    return true;
}

/* The request allowed no other coding (no TE field). */
static bool transfer_encoding(struct tk_http *h, const char *value)
{
    h->chunked = tk_same_nocase(value, "chunked");
    return h->chunked;
}

static bool connection(struct tk_http *h, const char *value)
{
    h->keep = has_token(value, "keep-alive") || (h->keep && !has_token(value, "close"));
    return true;
}

static bool date(struct tk_http *h, const char *value)
{
    if (!tk_http_date_parse(value, &h->date_unix))
        h->date_unix = 0;
    return true;
}

/* A relative reference has no host; other schemes are rejected by tk_host_parse. */
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

/* field-name ":" OWS field-value (RFC 9112 5); a line that begins with white space is a folded one,
 * which is obsolete. */
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

/* The empty line after the fields: decides how the body ends (RFC 9112 6.3). */
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
        h->state = h->remaining == 0 ? COMPLETE : BODY_LENGTH;
    else
        h->state = BODY_CLOSE;
    if (h->chunked && h->has_length)
        h->keep = false; /* may be response splitting (RFC 9112 6.1) */
    return true;
}

/* chunk-size [ chunk-ext ] (RFC 9112 7.1) */
static bool read_chunk_size(struct tk_http *h)
{
    size_t i = 0;
    int digit;

    h->remaining = 0;
    for (; (digit = tk_hex_value(h->line[i])) >= 0; i++)
        h->remaining = h->remaining << 4 | (uint32_t)digit;
    h->state = h->remaining == 0 ? TRAILER_LINES : CHUNK_DATA;
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

/* Removes trailing white space, but not the whole line: one of white space alone is not empty. A
 * line that was cut gets a CR at its end, which makes its value invalid. */
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

/* Keeps the beginning of a line that is too long. */
static void add_to_line(struct tk_http *h, const char *data, size_t len)
{
    size_t room = sizeof h->line - 1 - h->line_len;

    if (len > room)
        len = room;
    memcpy(h->line + h->line_len, data, len);
    h->line_len = (uint8_t)(h->line_len + len);
}

/* Consumes bytes up to the end of the line, and processes a complete line. Returns how many; 0: the
 * line is malformed. */
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

static int fail(struct tk_http *h, enum tk_err err)
{
    h->err = err;
    return TK_HTTP_FAILED;
}

/* Consumes bytes of the body. Returns how many; 0: it does not fit the buffer. */
static size_t body_bytes(struct tk_http *h, const char *data, size_t len)
{
    if (h->state != BODY_CLOSE && len > h->remaining)
        len = h->remaining;
    if (len >= h->body_size - h->body_len)
        return 0;
    memcpy(h->body + h->body_len, data, len);
    h->body_len += len;
    h->body[h->body_len] = '\0';
    if (h->state == BODY_CLOSE)
        return len;
    h->remaining -= (uint32_t)len;
    if (h->remaining == 0)
        h->state = h->state == CHUNK_DATA ? CHUNK_END : COMPLETE;
    return len;
}

static bool in_body(const struct tk_http *h)
{
    return h->state == BODY_LENGTH || h->state == BODY_CLOSE || h->state == CHUNK_DATA;
}

int tk_http_feed(struct tk_http *h, const char *data, size_t len)
{
    size_t at = 0;

    while (at < len && h->state != COMPLETE) {
        bool is_body = in_body(h);
        size_t used =
            is_body ? body_bytes(h, data + at, len - at) : line_bytes(h, data + at, len - at);

        if (used == 0)
            return fail(h, is_body ? TK_E_HTTP_TOO_LARGE : TK_E_HTTP_MALFORMED);
        at += used;
        h->head_bytes += is_body ? 0 : (uint32_t)used;
        if (h->head_bytes > HEAD_MAX)
            return fail(h, TK_E_HTTP_TOO_LARGE);
    }
    if (at < len)
        h->keep = false;
    return h->state == COMPLETE ? TK_HTTP_DONE : TK_HTTP_MORE;
}

int tk_http_end(struct tk_http *h)
{
    h->keep = false;
    if (h->state == BODY_CLOSE)
        h->state = COMPLETE;
    return h->state == COMPLETE ? TK_HTTP_DONE : fail(h, TK_E_CONN_LOST);
}
