/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_oauth_response.h"

#include "tk_words.h"

#include <string.h>

#define EXPIRES_UNKNOWN 120 /* s: until then a token without a readable lifetime is served */
#define NUMBER_MAX      24  /* characters */
#define TK_ENDPOINT_MAX (TK_HOST_TEXT + TK_PATH_MAX + 8)

#if TK_WORK_SIZE < 2 * TK_TOKEN_MAX + 2 * TK_ENDPOINT_MAX + TK_SCOPE_MAX + 512
#error "the fields of a response are kept in a connection's buffer"
#endif

enum {
    ACCESS = TK_REST_FIELDS,
    REFRESH,
    CLIENT_ENDPOINT,
    SERVER_ENDPOINT,
    MEMBER_ID,
    USER_ID,
    SCOPE,
    EXPIRES_IN,
    EXPIRES,
    FIELDS
};

static const struct tk_json_field fields[FIELDS] = {TK_REST_FIELD_LIST,
                                                    {"access_token", TK_TOKEN_MAX},
                                                    {"refresh_token", TK_TOKEN_MAX},
                                                    {"client_endpoint", TK_ENDPOINT_MAX},
                                                    {"server_endpoint", TK_ENDPOINT_MAX},
                                                    {"member_id", TK_ID_MAX},
                                                    {"user_id", TK_ID_MAX},
                                                    {"scope", TK_SCOPE_MAX},
                                                    {"expires_in", NUMBER_MAX},
                                                    {"expires", NUMBER_MAX}};

const struct tk_json_fields tk_oauth_fields = {.of = fields, .count = FIELDS};

/* The beginning of a value; "": there is none. */
static const char *beginning(const struct tk_http *http, unsigned field, uint32_t *len)
{
    const char *s = tk_json_pick_text(&http->pick, field, len);

    if (s != NULL)
        return s;
    *len = 0;
    return "";
}

/* A whole value; "" if it is longer than its field. */
static const char *text(const struct tk_http *http, unsigned field)
{
    uint32_t len;
    const char *s = beginning(http, field, &len);

    return len <= fields[field].max ? s : "";
}

/* --- errors --- */

enum server { OAUTH, PORTAL };

/* enum tk_err, by server */
static const uint8_t server_errors[][2] = {
#define TK_SERVER_ERROR(oauth, portal, code) {TK_E_##oauth, TK_E_##portal},
#include "tk_server_errors.h"
#undef TK_SERVER_ERROR
};

/* TK_OK: the code is not listed. */
static enum tk_err listed(const char *code, enum server server)
{
    char listed_code[TK_SERVER_ERROR_MAX + 1];
    struct tk_text t;

    for (size_t i = 0; *code != '\0' && i < sizeof server_errors / sizeof server_errors[0]; i++) {
        tk_text_init(&t, listed_code, sizeof listed_code);
        tk_words_add(&t, tk_words_of(TK_WORDS_SERVER_ERRORS, i));
        if (tk_same_nocase(listed_code, code))
            return (enum tk_err)server_errors[i][server];
    }
    return TK_OK;
}

bool tk_oauth_is_listed(const char *code)
{
    return listed(code, OAUTH) != TK_OK;
}

static enum tk_err error_by_status(int status)
{
    if (status >= 300 && status < 400)
        return TK_E_HTTP_REDIRECT;
    if (status == 408 || status == 429 || status == 503)
        return TK_E_SERVER_BUSY;
    return status >= 500 ? TK_E_SERVER_ERROR : TK_E_HTTP_STATUS;
}

/* A code that says that there is no error. */
static bool is_none(const char *code)
{
    return *code == '\0' || strcmp(code, "0") == 0;
}

/* The error code in the body decides, then the status. On a 5xx of the authorization server, a code
 * about the pair or the client is not trusted: the server may have rotated the pair before it
 * failed. */
static enum tk_err classify(const char *code, int status, enum server server)
{
    enum tk_err err = listed(code, server);
    bool is_unknown = err == TK_OK;

    if (*code == '\0')
        return status == 200 ? TK_OK : error_by_status(status);
    if (is_unknown)
        err = server == OAUTH ? TK_E_OAUTH_ERROR : TK_E_REST_ERROR;
    if (status >= 500 && (is_unknown || (server == OAUTH && tk_err_action(err) != TK_ACTION_RETRY)))
        return error_by_status(status);
    return is_unknown && status == 429 ? error_by_status(status) : err;
}

enum tk_err tk_oauth_rest_error(const char *code, int status)
{
    return classify(is_none(code) ? "" : code, status, PORTAL);
}

/* Codes count only in a body that is JSON, as far as it was read. */
static void read_error(const struct tk_http *http, enum server server, struct tk_server_error *e)
{
    uint32_t len;

    *e = (struct tk_server_error){"", ""};
    if (!tk_json_pick_is_whole(&http->pick) &&
        !(http->is_cut && tk_json_pick_is_clean(&http->pick)))
        return;
    e->code = beginning(http, TK_FIELD_ERROR, &len);
    e->description = beginning(http, TK_FIELD_DESCRIPTION, &len);
    if (*e->code == '\0' && server == PORTAL) {
        e->code = beginning(http, TK_FIELD_CODE, &len);
        e->description = beginning(http, TK_FIELD_MESSAGE, &len);
    }
}

/* Why a body is not what it should be. */
static enum tk_err unreadable(const struct tk_http *http)
{
    if (http->coding[0] != '\0')
        return TK_E_HTTP_CODED;
    return http->is_cut ? TK_E_HTTP_TOO_LARGE : TK_E_BAD_ANSWER;
}

/* --- lifetime --- */

/* Moves the decimal point; fraction: the digits behind it. */
static uint32_t scale(uint32_t value, const char *fraction, bool is_negative, uint32_t exponent)
{
    for (uint32_t i = 0; i < exponent && i < NUMBER_MAX; i++) {
        uint32_t digit = tk_is_digit(*fraction) ? (uint32_t)(*fraction++ - '0') : 0;

        if (is_negative)
            value /= 10;
        else
            value = value < UINT32_MAX / 10 ? value * 10 + digit : UINT32_MAX;
    }
    return value;
}

/* Any number (RFC 8259 section 6), also with blanks around it. Its fraction is dropped; a negative
 * one is 0. */
static bool read_seconds(const char *s, uint32_t *seconds)
{
    static const char blanks[] = {' ', TK_JSON_OTHER, '\0'};
    const char *digits, *fraction;
    uint32_t exponent = 0;
    bool is_negative, is_small = false;

    s += strspn(s, blanks);
    is_negative = *s == '-';
    digits = s + is_negative;
    s = fraction = tk_read_u32(digits, seconds);
    if (s == digits)
        return false;
    if (*s == '.')
        s = tk_read_u32(++fraction, &exponent); /* only its end matters */
    exponent = 0;
    if (tk_lower(*s) == 'e') {
        is_small = s[1] == '-';
        digits = s + 1 + (is_small || s[1] == '+');
        s = tk_read_u32(digits, &exponent);
        if (s == digits)
            return false;
    }
    *seconds = is_negative ? 0 : scale(*seconds, fraction, is_small, exponent);
    return s[strspn(s, blanks)] == '\0';
}

static uint32_t read_expires_in(const struct tk_http *http, int64_t now_unix)
{
    uint32_t number;
    int64_t seconds;

    if (read_seconds(text(http, EXPIRES_IN), &number)) {
        seconds = number;
    } else {
        if (!read_seconds(text(http, EXPIRES), &number))
            return EXPIRES_UNKNOWN;
        seconds = number - (http->date_unix != 0 ? http->date_unix : now_unix);
        if (seconds > TK_LIFETIME_MAX) /* in ms, or there is no time to compare it with */
            return EXPIRES_UNKNOWN;
    }
    if (seconds < 1)
        return 1;
    return seconds > TK_LIFETIME_MAX ? TK_LIFETIME_MAX : (uint32_t)seconds;
}

/* --- token responses --- */

/* RFC 6749 appendix A.12: VSCHAR */
static bool is_token(const char *s)
{
    while (*s >= ' ' && *s <= '~')
        s++;
    return *s == '\0';
}

/* TK_E_BAD_ANSWER: there is no pair. */
static enum tk_err read_pair(const struct tk_http *http, bool needs_both,
                             struct tk_token_response *response)
{
    uint32_t len, refresh_len;

    response->access_token = beginning(http, ACCESS, &len);
    response->refresh_token = beginning(http, REFRESH, &refresh_len);
    if (len == 0 || (refresh_len == 0 && needs_both))
        return TK_E_BAD_ANSWER;
    if (len < refresh_len)
        len = refresh_len;
    if (len > TK_TOKEN_MAX) {
        response->token_len = len;
        return TK_E_TOKEN_TOO_LONG;
    }
    return is_token(response->access_token) && is_token(response->refresh_token) ? TK_OK
                                                                                 : TK_E_BAD_ANSWER;
}

/* Fields from CLIENT_ENDPOINT to SCOPE, then the lifetime. */
static void read_members(const struct tk_http *http, int64_t now_unix,
                         struct tk_token_response *response)
{
    static const uint8_t offsets[] = {offsetof(struct tk_token_response, client_endpoint),
                                      offsetof(struct tk_token_response, server_endpoint),
                                      offsetof(struct tk_token_response, member_id),
                                      offsetof(struct tk_token_response, user_id),
                                      offsetof(struct tk_token_response, scope)};

    for (unsigned i = 0; i < sizeof offsets; i++)
        *(const char **)((char *)response + offsets[i]) = text(http, CLIENT_ENDPOINT + i);
    response->expires_in = read_expires_in(http, now_unix);
    response->error = (struct tk_server_error){"", ""};
}

enum tk_err tk_oauth_read_token_response(const struct tk_http *http, enum tk_err err,
                                         int64_t now_unix, struct tk_token_response *response)
{
    memset(response, 0, sizeof *response);
    response->error = (struct tk_server_error){"", ""};
    if (http == NULL)
        return err;
    read_error(http, OAUTH, &response->error);
    const char *code = response->error.code;
    bool is_whole = err == TK_OK && tk_json_pick_is_whole(&http->pick);
    bool is_good = http->status / 100 == 2 && is_none(code);

    if (err == TK_OK)
        err = classify(code, http->status, OAUTH);
    if (tk_oauth_is_listed(code))
        return err;
    enum tk_err pair = read_pair(http, !is_good || !is_whole, response);

    if (pair == TK_OK) {
        response->is_doubtful = !is_good;
        read_members(http, now_unix, response);
        return TK_OK;
    }
    if (pair == TK_E_TOKEN_TOO_LONG && is_good)
        return pair;
    return err == TK_OK ? unreadable(http) : err;
}

enum tk_err tk_oauth_read_rest_response(const struct tk_http *http, enum tk_err err,
                                        struct tk_server_error *error)
{
    *error = (struct tk_server_error){"", ""};
    if (http == NULL)
        return err;
    read_error(http, PORTAL, error);
    bool has_result = tk_json_pick_has(&http->pick, TK_FIELD_RESULT);

    if (has_result && is_none(error->code))
        error->code = "";
    if (has_result && *error->code == '\0' && http->status / 100 == 2)
        return TK_OK;
    if (err == TK_OK)
        err = classify(error->code, http->status, PORTAL);
    return err == TK_OK ? unreadable(http) : err;
}
