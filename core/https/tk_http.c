/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_http.h"

#include "tk_assert.h"
#include "tk_http_date.h"
#include "tk_wipe.h"

#include <string.h>

#define BYTES_MAX 307200 /* of the heads of a response; as curl */
#define BODY_MAX  65536  /* of its body, framing included */

enum {
    STATUS_LINE,
    FIELD_LINE,
    FIELD_END, /* after the line of a field, which the next line may continue */
    BODY_LENGTH,
    BODY_CLOSE, /* until the connection ends */
    CHUNK_SIZE,
    CHUNK_DIGITS,
    CHUNK_EXTENSION,
    CHUNK_DATA,
    CHUNK_END, /* the line end after a chunk's data */
    TRAILER_START,
    TRAILER_LINE,
    COMPLETE
};

void tk_http_begin(struct tk_http *h, char *body, size_t size)
{
    TK_ASSERT(size > 0);
    *h = (struct tk_http){.body = body, .body_size = size};
    body[0] = '\0';
}

void tk_http_wipe(struct tk_http *h)
{
    tk_wipe(h->body, h->used);
    if (h->fields != NULL && tk_http_has_head(h))
        tk_json_pick_wipe(&h->pick);
    h->fields = NULL; /* its owner may free them now */
}

bool tk_http_has_head(const struct tk_http *h)
{
    return h->state > FIELD_END;
}

/* --- values of fields --- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_word(const char *s, size_t len, const char *word)
{
    return tk_same_nocase_n(s, word, len) && word[len] == '\0';
}

/* In lower case, cut if it is too long. */
static void keep_word(char *to, size_t size, const char *s, size_t len)
{
    size_t i = 0;

    for (; i < len && i < size - 1; i++)
        to[i] = tk_lower(s[i]);
    to[i] = '\0';
}

/* Read as curl does: the first number of a list, the last of several fields; one of 19 digits says
 * nothing. Where RFC 9112 6.3 calls the framing invalid, the connection is not kept. */
static void content_length(struct tk_http *h, const char *value)
{
    uint32_t length;
    const char *digits = value + (*value == '+'), *end = tk_read_u32(digits, &length);

    if (end == digits) {
        h->bad_length = true;
        return;
    }
    h->must_close |= *end != '\0' || (h->has_length && length != h->remaining);
    h->has_length = (size_t)(end - digits) - strspn(digits, "0") < 19;
    h->remaining = length; /* no body of UINT32_MAX is read to its end */
}

enum field {
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    CONTENT_ENCODING,
    CONNECTION,
    CONTENT_TYPE,
    DATE,
    RETRY_AFTER,
    LOCATION
};

/* An element of Connection; or a coding: the last one but identity is kept, and but chunked as a
 * transfer coding, since the request allowed no other. */
static void read_item(struct tk_http *h, enum field field, const char *item, size_t len)
{
    if (field == CONNECTION) {
        h->must_close |= is_word(item, len, "close");
        h->keep |= is_word(item, len, "keep-alive");
    } else if (field == TRANSFER_ENCODING && is_word(item, len, "chunked")) {
        h->is_chunked = true;
    } else if (!is_word(item, len, "identity")) {
        keep_word(h->coding, sizeof h->coding, item, len);
    }
}

/* The elements of a comma-separated list (RFC 9110 5.6.1), without their parameters. */
static void read_list(struct tk_http *h, enum field field, const char *s)
{
    h->has_te |= field == TRANSFER_ENCODING;
    while (*(s += strspn(s, ", \t")) != '\0') {
        read_item(h, field, s, strcspn(s, ",; \t"));
        s += strcspn(s, ",");
    }
}

static void retry_after(struct tk_http *h, const char *value)
{
    uint32_t seconds;

    if (tk_http_date_parse(value, &h->retry_after)) {
        h->retry_after = -h->retry_after;
    } else {
        (void)tk_read_u32(value, &seconds);
        h->retry_after = seconds;
    }
}

/* A URL, or a reference with a host (RFC 3986 4.2). Other references have none. */
static void location(struct tk_http *h, const char *value)
{
    bool has_host = value[0] == '/' && value[1] == '/';

    if (has_host ? !tk_host_parse(&h->location, value + 2, NULL)
                 : !tk_is_https(value) || !tk_host_parse(&h->location, value, NULL))
        h->location.name[0] = '\0';
}

static void read_value(struct tk_http *h, enum field field, const char *value)
{
    switch (field) {
    case CONTENT_LENGTH:
        content_length(h, value);
        break;
    case CONTENT_TYPE:
        keep_word(h->type, sizeof h->type, value, strcspn(value, ",; \t"));
        break;
    case DATE:
        (void)tk_http_date_parse(value, &h->date_unix);
        break;
    case RETRY_AFTER:
        retry_after(h, value);
        break;
    case LOCATION:
        location(h, value);
        break;
    default:
        read_list(h, field, value);
    }
}

/* --- the head, whose lines are collected in the buffer of the body --- */

/* field-name ":" OWS field-value (RFC 9112 5). A line without a name is ignored, as is white space
 * before the colon (5.1); but not every recipient believes the length of such a field. */
static void read_field(struct tk_http *h)
{
    static const char names[] = "content-length\0transfer-encoding\0content-encoding\0connection\0"
                                "content-type\0date\0retry-after\0location\0";
    const char *line = h->body, *name = names;
    char first = tk_lower(*line);
    size_t colon = strcspn(line, ":"), len = colon;
    int i = 0;

    while (len > 0 && is_blank(line[len - 1]))
        len--;
    for (; *name != first || !is_word(line, len, name); i++) {
        name += strlen(name) + 1;
        if (*name == '\0')
            return;
    }
    if (line[colon] == ':' && (len == colon || i != CONTENT_LENGTH))
        read_value(h, (enum field)i, line + colon + 1 + strspn(line + colon + 1, " \t"));
}

/* HTTP/1.1 200 OK; of any version. */
static bool read_status(struct tk_http *h)
{
    const char *line = h->body + 5;
    uint64_t status;

    if (!is_word(h->body, 5, "http/") || !tk_is_digit(*line))
        return false;
    h->is_http11 = memcmp(line, "1.", 2) == 0 && line[2] != '0';
    line += strspn(line, "0123456789.");
    if (!is_blank(*line))
        return false;
    line += strspn(line, " \t");
    if (!tk_parse_u64(line, 3, 999, &status) || status < 100 || tk_is_digit(line[3]))
        return false;
    h->status = (int)status;
    h->state = FIELD_LINE;
    return true;
}

/* RFC 9110 5.5, RFC 9112 2.2 */
static void blank_out(struct tk_http *h, char c)
{
    char *at = h->body, *end = h->body + h->body_len;

    while ((at = memchr(at, c, (size_t)(end - at))) != NULL)
        *at = ' ';
}

/* NUL and CR become spaces, and white space at the end is dropped. */
static void finish_line(struct tk_http *h)
{
    size_t len = h->body_len;

    blank_out(h, '\0');
    blank_out(h, '\r');
    while (len > 0 && is_blank(h->body[len - 1]))
        len--;
    h->body[len] = '\0';
    h->body_len = 0;
    h->is_cut = false;
}

/* What follows an interim (1xx) response. 101 was not asked for (RFC 9110 7.8). */
static bool next_response(struct tk_http *h)
{
    struct tk_http before = *h;

    tk_http_begin(h, h->body, h->body_size);
    h->fields = before.fields;
    h->on_content = before.on_content;
    h->ctx = before.ctx;
    h->bytes = before.bytes;
    h->used = before.used;
    return before.status != 101;
}

/* The empty line after the fields: decides how the body ends (RFC 9112 6.3), and whether the
 * connection is kept (9.3; 6.1: not after what may be response splitting). */
static bool end_of_head(struct tk_http *h)
{
    if (h->status < 200)
        return next_response(h);
    h->body[0] = '\0';
    if (h->fields != NULL) {
        TK_ASSERT(h->body_size > TK_HTTP_BEGINNING + tk_json_pick_size(h->fields));
        tk_json_pick_begin(&h->pick, h->fields, h->body + TK_HTTP_BEGINNING + 1);
    }
    h->keep = (h->keep || h->is_http11) && !h->must_close &&
              !(h->has_te && (!h->is_http11 || h->has_length));
    if (h->status == 204 || h->status == 304)
        h->state = COMPLETE;
    else if (h->is_chunked)
        h->state = CHUNK_SIZE;
    else if (h->has_length && !h->has_te)
        h->state = h->remaining == 0 ? COMPLETE : BODY_LENGTH;
    else
        h->state = BODY_CLOSE;
    return h->state == COMPLETE || h->is_chunked || !h->bad_length;
}

static bool end_of_line(struct tk_http *h)
{
    while (h->body_len > 0 && h->body[h->body_len - 1] == '\r')
        h->body_len--;
    if (h->body_len == 0)
        return h->state == STATUS_LINE || end_of_head(h);
    if (h->state == FIELD_LINE) {
        h->state = FIELD_END;
        return true;
    }
    finish_line(h);
    return read_status(h);
}

/* The first byte after the line of a field: white space continues it (RFC 9112 5.2). A field that
 * does not fit is ignored. */
static void end_of_field(struct tk_http *h, char next)
{
    bool is_whole = !h->is_cut;

    h->state = FIELD_LINE;
    if (is_blank(next))
        return;
    finish_line(h);
    if (is_whole)
        read_field(h);
}

/* Appends what fits to the buffer. */
static void append(struct tk_http *h, const char *data, size_t len)
{
    size_t room = h->body_size - 1 - h->body_len;

    if (len > room) {
        len = room;
        h->is_cut = true;
    }
    memcpy(h->body + h->body_len, data, len);
    h->body_len += len;
    if (h->used < h->body_len)
        h->used = h->body_len;
}

/* Consumes bytes up to the end of the line. Returns how many; 0: the head is malformed. */
static size_t head_bytes(struct tk_http *h, const char *data, size_t len)
{
    const char *end = memchr(data, '\n', len);
    size_t used = end == NULL ? len : (size_t)(end - data);

    if (h->state == FIELD_END)
        end_of_field(h, *data);
    append(h, data, used);
    if (end == NULL)
        return used;
    return end_of_line(h) ? used + 1 : 0;
}

/* --- the body --- */

/* chunk-size [ chunk-ext ] (RFC 9112 7.1). Extensions are ignored. */
static bool chunk_line(struct tk_http *h, char c)
{
    int digit = tk_hex_value(c);

    if (h->state == CHUNK_EXTENSION || (h->state == CHUNK_DIGITS && digit < 0)) {
        h->state = c != '\n' ? CHUNK_EXTENSION : h->remaining > 0 ? CHUNK_DATA : TRAILER_START;
        return true;
    }
    if (h->state == CHUNK_SIZE)
        h->remaining = 0;
    if (digit < 0 || h->remaining >> 28 != 0)
        return false;
    h->remaining = h->remaining << 4 | (uint32_t)digit;
    h->state = CHUNK_DIGITS;
    return true;
}

/* A byte of the framing of chunks. False: it is malformed. */
static bool framing_byte(struct tk_http *h, char c)
{
    if (h->state < CHUNK_DATA)
        return chunk_line(h, c);
    if (h->state == CHUNK_END) {
        if (c == '\n')
            h->state = CHUNK_SIZE;
        return c == '\n' || c == '\r';
    }
    if (c == '\n')
        h->state = h->state == TRAILER_START ? COMPLETE : TRAILER_START;
    else if (c != '\r')
        h->state = TRAILER_LINE;
    return true;
}

static bool in_content(const struct tk_http *h)
{
    return h->state == BODY_LENGTH || h->state == BODY_CLOSE || h->state == CHUNK_DATA;
}

static void pick(struct tk_http *h, const char *data, size_t len)
{
    size_t room = TK_HTTP_BEGINNING - h->body_len;

    tk_json_pick_feed(&h->pick, data, len);
    append(h, data, len < room ? len : room);
}

/* Sets *len to what on_content takes. False: it takes nothing. */
static bool pass_on(struct tk_http *h, const char *data, size_t *len)
{
    size_t taken = h->on_content(h->ctx, h, data, *len);

    h->bytes = BYTES_MAX - BODY_MAX; /* only what comes between contents is limited */
    if (taken > *len) {
        h->err = TK_E_CANCELLED;
        return false;
    }
    h->is_paused = taken == 0;
    *len = taken;
    return taken > 0;
}

/* Consumes bytes of the content; drops those that do not fit. Returns how many; 0: on_content takes
 * none. */
static size_t content_bytes(struct tk_http *h, const char *data, size_t len)
{
    if (h->state != BODY_CLOSE && len > h->remaining)
        len = h->remaining;
    if (h->on_content != NULL && !pass_on(h, data, &len))
        return 0;
    if (h->fields != NULL)
        pick(h, data, len);
    else
        append(h, data, len);
    h->body[h->body_len] = '\0';
    h->length += (uint32_t)len;
    h->remaining -= (uint32_t)len;
    if (h->state != BODY_CLOSE && h->remaining == 0)
        h->state = h->state == CHUNK_DATA ? CHUNK_END : COMPLETE;
    return len;
}

static int fail(struct tk_http *h, enum tk_err err)
{
    h->err = err;
    return TK_HTTP_FAILED;
}

/* Consumes 1 to len bytes of one part of the response. Returns how many; 0: malformed. */
static size_t consume(struct tk_http *h, const char *data, size_t len)
{
    if (!tk_http_has_head(h))
        return head_bytes(h, data, len);
    return in_content(h) ? content_bytes(h, data, len) : framing_byte(h, *data);
}

/* More than the limit: what was read of the body counts. */
static int end_early(struct tk_http *h)
{
    if (!tk_http_has_head(h))
        return fail(h, TK_E_HTTP_TOO_LARGE);
    h->is_cut = true;
    h->keep = false;
    h->state = COMPLETE;
    return TK_HTTP_DONE;
}

int tk_http_feed(struct tk_http *h, const char *data, size_t len)
{
    h->is_paused = false;
    while (len > 0 && h->state != COMPLETE && !h->is_paused) {
        size_t left = BYTES_MAX - h->bytes, used;
        bool in_head = !tk_http_has_head(h);

        if (left == 0)
            return end_early(h);
        used = consume(h, data, len < left ? len : left);
        if (used == 0 && !h->is_paused)
            return fail(h, h->err != TK_OK ? h->err : TK_E_HTTP_MALFORMED);
        h->bytes += (uint32_t)used;
        if (in_head && tk_http_has_head(h))
            h->bytes = BYTES_MAX - BODY_MAX;
        data += used;
        len -= used;
    }
    h->rest = len;
    if (len > 0 && !h->is_paused)
        h->keep = false;
    return h->state == COMPLETE ? TK_HTTP_DONE : TK_HTTP_MORE;
}

int tk_http_end(struct tk_http *h)
{
    h->keep = false;
    if (h->state == BODY_CLOSE || h->state == TRAILER_START || h->state == TRAILER_LINE)
        h->state = COMPLETE;
    return h->state == COMPLETE ? TK_HTTP_DONE : fail(h, TK_E_CONN_LOST);
}

uint32_t tk_http_retry_after_s(const struct tk_http *h, int64_t now_unix)
{
    int64_t seconds = h->retry_after, base = h->date_unix != 0 ? h->date_unix : now_unix;

    if (seconds < 0)
        seconds = base == 0 ? 0 : -seconds - base;
    if (seconds < 0)
        return 0;
    return seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
}
