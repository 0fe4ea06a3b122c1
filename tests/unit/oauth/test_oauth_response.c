/* SPDX-License-Identifier: Apache-2.0 */

/* Responses of the token endpoint and of the REST API, as Bitrix24 writes them. */

#include "respond.h"
#include "tk_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW ((int64_t)1780315782)

static struct tk_http http;
static struct tk_token_response response;

static enum tk_err parse_error(int status, const char *text)
{
    respond(&http, status, text);
    return tk_oauth_read_token_response(&http, TK_OK, NOW, &response);
}

static enum tk_err parse_portal_error(int status, const char *text)
{
    struct tk_server_error error;

    respond(&http, status, text);
    return tk_oauth_read_rest_response(&http, TK_OK, &error);
}

/* A response with this result, whose connection was lost behind it. */
static enum tk_err parse_cut_result(int status, const char *text)
{
    struct tk_server_error error;

    respond(&http, status, text);
    return tk_oauth_read_rest_response(&http, TK_E_CONN_LOST, &error);
}

static void takes_a_result_with_any_2xx_and_of_a_response_that_is_cut(void **state)
{
    (void)state;
    for (int status = 200; status < 300; status += 33)
        assert_int_equal(parse_portal_error(status, "{\"result\":true}"), TK_OK);
    assert_int_equal(parse_portal_error(400, "{\"result\":true}"), TK_E_HTTP_STATUS);
    assert_int_equal(parse_portal_error(500, "{\"result\":true}"), TK_E_SERVER_ERROR);
    assert_int_equal(parse_portal_error(200, "{\"result\":1,\"error\":\"odd\"}"), TK_E_REST_ERROR);
    assert_int_equal(parse_cut_result(200, "{\"result\":{\"ID\":5},\"time\":{\"sta"), TK_OK);
    assert_int_equal(parse_cut_result(200, "{\"result\":{\"ID\":5,\"STA"), TK_E_CONN_LOST);
    assert_int_equal(parse_cut_result(502, "{\"result\":true}"), TK_E_CONN_LOST);
}

enum { SHORT = 120 }; /* s: the lifetime of a token without one */

/* --- token responses --- */

/* The sample in Bitrix24's documentation, with slashes escaped as on the wire. */
static void reads_the_documented_response(void **state)
{
    (void)state;
    assert_int_equal(
        parse_error(200, "{\n    \"access_token\": \"ydtj8pho532wydb5ixk78ol7uqlb7sch\",\n"
                         "    \"client_endpoint\": \"https:\\/\\/portal.bitrix24.com\\/rest\\/\",\n"
                         "    \"domain\": \"oauth.bitrix.info\",\n"
                         "    \"expires\": 1780319382,\n    \"expires_in\": 3600,\n"
                         "    \"member_id\": \"a223c6b3710f85df22e9377d6c4f7553\",\n"
                         "    \"refresh_token\": \"3s6lr4kr3cv2od4v853gvrchb875bwxb\",\n"
                         "    \"scope\": \"crm,entity,im,task\",\n"
                         "    \"server_endpoint\": \"https:\\/\\/oauth.bitrix.info\\/rest\\/\",\n"
                         "    \"status\": \"F\",\n    \"user_id\": 67\n}\n"),
        TK_OK);
    assert_string_equal(response.access_token, "ydtj8pho532wydb5ixk78ol7uqlb7sch");
    assert_string_equal(response.refresh_token, "3s6lr4kr3cv2od4v853gvrchb875bwxb");
    assert_string_equal(response.client_endpoint, "https://portal.bitrix24.com/rest/");
    assert_string_equal(response.server_endpoint, "https://oauth.bitrix.info/rest/");
    assert_string_equal(response.member_id, "a223c6b3710f85df22e9377d6c4f7553");
    assert_string_equal(response.user_id, "67");
    assert_string_equal(response.scope, "crm,entity,im,task");
    assert_int_equal(response.expires_in, 3600);
}

static void needs_only_the_two_tokens(void **state)
{
    (void)state;
    assert_int_equal(parse_error(200, "{\"access_token\":\"a\",\"refresh_token\":\"r\"}"), TK_OK);
    assert_string_equal(response.client_endpoint, "");
    assert_string_equal(response.server_endpoint, "");
    assert_string_equal(response.member_id, "");
    assert_string_equal(response.user_id, "");
    assert_string_equal(response.scope, "");
    assert_int_equal(response.expires_in, SHORT);
}

/* Both are of the server's clock, which may differ from ours. */
static void expires_counts_from_the_date_of_the_response(void **state)
{
    static const char text[] =
        "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"expires\":1795003500}";

    (void)state;
    respond_in(&http, 1000, 200, "Date: Wed, 18 Nov 2026 11:05:00 GMT\r\n", text, strlen(text));
    assert_int_equal(tk_oauth_read_token_response(&http, TK_OK, NOW, &response), TK_OK);
    assert_int_equal(response.expires_in, 3600);
    respond_in(&http, 1000, 200, "", text, strlen(text));
    assert_int_equal(tk_oauth_read_token_response(&http, TK_OK, 0, &response), TK_OK);
    assert_int_equal(response.expires_in, SHORT);
}

static void ignores_members_of_other_types(void **state)
{
    (void)state;
    assert_int_equal(
        parse_error(200, "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"user_id\":\"1\","
                         "\"scope\":null,\"member_id\":false,\"client_endpoint\":[],"
                         "\"server_endpoint\":{\"x\":1},\"error\":\"\",\"error\":null}"),
        TK_OK);
    assert_string_equal(response.user_id, "1");
    assert_string_equal(response.scope, "");
    assert_string_equal(response.server_endpoint, "");
}

/* What cannot be read is taken for short: a dead token must not look valid. */
static void reads_lifetimes_in_every_form(void **state)
{
    static const struct {
        const char *member;
        uint32_t want;
    } rows[] = {
        {"\"expires_in\":3600", 3600},
        {"\"expires_in\":\"3600\"", 3600},
        {"\"expires_in\":120.0", 120},
        {"\"expires_in\":\"120.0\"", 120},
        {"\"expires_in\":120.5", 120},
        {"\"expires_in\":120.999999999999999999999", SHORT}, /* longer than any number in use */
        {"\"expires_in\":120E0", 120},
        {"\"expires_in\":1.2e2", 120},
        {"\"expires_in\":1.2345E+3", 1234},
        {"\"expires_in\":12000e-2", 120},
        {"\"expires_in\":\"1.2e2\"", 120},
        {"\"expires_in\":\" 120 \"", 120},
        {"\"expires_in\":\"120\\n\"", 120},
        {"\"expires_in\":\"0120\"", 120},
        {"\"expires_in\":12,\"expires\":1780319382", 12},
        {"\"expires\":1780319382", 3600},
        {"\"expires\":\"1780319382\"", 3600},
        {"\"expires\":1780319382.5", 3600},
        {"\"expires\":1.780319382e9", 3600},
        {"\"expires_in\":null,\"expires\":1780315882", 100},
        {"\"expires_in\":\"soon\",\"expires\":1780315882", 100},
        {"\"expires_in\":0", 1},
        {"\"expires_in\":0.9", 1},
        {"\"expires_in\":-5", 1},
        {"\"expires_in\":-0", 1},
        {"\"expires\":1", 1},
        {"\"expires\":-999999999999999999", 1},
        {"\"expires_in\":999999999999999999", 31622400},
        {"\"expires_in\":4294967297", 31622400},
        {"\"expires_in\":99999999999999999999", 31622400},
        {"\"expires_in\":1e999", 31622400},
        {"\"expires_in\":1e-999", 1},
        {"\"expires\":999999999999999999", SHORT},
        {"\"expires\":1780319382000", SHORT}, /* ms */
        {"\"expires\":1811938182", 31622400},
        {"\"expires\":1811938183", SHORT},
        {"\"expires_in\":429496729.9e1", 31622400},
        {"\"x\":1", SHORT},
        {"\"expires_in\":null", SHORT},
        {"\"expires_in\":\"\"", SHORT},
        {"\"expires_in\":\" \"", SHORT},
        {"\"expires_in\":\"-\"", SHORT},
        {"\"expires_in\":\".5\"", SHORT},
        {"\"expires_in\":\"120 s\"", SHORT},
        {"\"expires_in\":\"1 20\"", SHORT},
        {"\"expires_in\":\"0x78\"", SHORT},
        {"\"expires_in\":\"1e\"", SHORT},
        {"\"expires_in\":\"1e+\"", SHORT},
        {"\"expires_in\":\"PT1H\"", SHORT},
        {"\"expires_in\":true", SHORT},
        {"\"expires_in\":[120]", SHORT},
        {"\"expires_in\":{}", SHORT},
        {"\"expires_in\":\"00000000000000000000000003600\"", SHORT},
        {"\"expires\":\"tomorrow\"", SHORT},
    };
    char text[300];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(text, sizeof text, "{\"access_token\":\"a\",%s,\"refresh_token\":\"r\"}",
                 rows[i].member);
        assert_int_equal(parse_error(200, text), TK_OK);
        if (response.expires_in != rows[i].want)
            fail_msg("%s -> %u", rows[i].member, (unsigned)response.expires_in);
    }
}

static void respond_with_tokens(size_t access, size_t refresh)
{
    static char text[2 * TK_TOKEN_MAX + 5000];
    char *at = text;

    at += sprintf(at, "{\"access_token\":\"");
    memset(at, 'a', access);
    at += access;
    at += sprintf(at, "\",\"expires_in\":60,\"refresh_token\":\"");
    memset(at, 'r', refresh);
    strcpy(at + refresh, "\"}");
    respond(&http, 200, text);
}

static void tokens_have_room_for_so_many_characters(void **state)
{
    static const size_t lengths[] = {1, 70, TK_TOKEN_MAX - 1, TK_TOKEN_MAX};

    (void)state;
    for (size_t i = 0; i < 16; i++) {
        size_t access = lengths[i / 4], refresh = lengths[i % 4];

        respond_with_tokens(access, refresh);
        assert_int_equal(tk_oauth_read_token_response(&http, TK_OK, NOW, &response), TK_OK);
        assert_int_equal(strlen(response.access_token), access);
        assert_int_equal(strlen(response.refresh_token), refresh);
    }
}

static void longer_tokens_are_reported_with_their_length(void **state)
{
    static const size_t rows[][2] = {{TK_TOKEN_MAX + 1, 70},
                                     {70, TK_TOKEN_MAX + 1},
                                     {TK_TOKEN_MAX + 4000, 1},
                                     {TK_TOKEN_MAX + 1, TK_TOKEN_MAX + 2},
                                     {TK_TOKEN_MAX + 500, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        respond_with_tokens(rows[i][0], rows[i][1]);
        assert_int_equal(tk_oauth_read_token_response(&http, TK_OK, NOW, &response),
                         TK_E_TOKEN_TOO_LONG);
        assert_int_equal(response.token_len, rows[i][rows[i][1] > rows[i][0]]);
    }
    http.status = 500;
    assert_int_equal(tk_oauth_read_token_response(&http, TK_OK, NOW, &response), TK_E_SERVER_ERROR);
    respond_with_tokens(TK_TOKEN_MAX + 1, 70);
    http.status = 404; /* an answer of another server, whatever is in it */
    assert_int_equal(tk_oauth_read_token_response(&http, TK_OK, NOW, &response), TK_E_HTTP_STATUS);
}

/* RFC 6749 appendix A.12 and A.17: VSCHAR. */
static void tokens_may_have_every_character_of_the_rfc(void **state)
{
    char text[400];

    (void)state;
    for (int c = 0; c < 256; c++) {
        bool is_vschar = c >= ' ' && c <= '~';

        snprintf(text, sizeof text,
                 "{\"access_token\":\"a\\u%04xb\",\"refresh_token\":\"\\u%04x\"}", c, c);
        assert_int_equal(parse_error(200, text), is_vschar ? TK_OK : TK_E_BAD_ANSWER);
        if (is_vschar)
            assert_true(response.access_token[1] == c && response.refresh_token[0] == c);
        if (c == 0 || c == '"' || c == '\\')
            continue;
        snprintf(text, sizeof text, "{\"access_token\":\"a\",\"refresh_token\":\"r%cs\"}", c);
        assert_int_equal(parse_error(200, text), is_vschar ? TK_OK : TK_E_BAD_ANSWER);
    }
}

/* RFC 6749 section 6: the server may issue a new refresh token. */
static void without_a_refresh_token_the_old_one_stays(void **state)
{
    static const char *const members[] = {"",
                                          ",\"refresh_token\":null",
                                          ",\"refresh_token\":\"\"",
                                          ",\"refresh_token\":false",
                                          ",\"refresh_token\":[]",
                                          ",\"refresh_token\":{\"a\":\"b\"}"};
    char text[200];

    (void)state;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        snprintf(text, sizeof text, "{\"access_token\":\"a\",\"expires_in\":60%s}", members[i]);
        assert_int_equal(parse_error(200, text), TK_OK);
        assert_string_equal(response.access_token, "a");
        assert_string_equal(response.refresh_token, "");
        assert_false(response.is_doubtful);
        assert_int_equal(parse_error(400, text), TK_E_HTTP_STATUS);
        text[strlen(text) - 1] = '\0'; /* it may have been in what is missing */
        assert_int_equal(parse_error(200, text), TK_E_BAD_ANSWER);
        strcat(text, "}<p>");
        assert_int_equal(parse_error(200, text), TK_E_BAD_ANSWER);
    }
}

/* The pair counts: beside no error, ... */
static void an_error_that_is_none_does_not_cost_the_pair(void **state)
{
    static const char *const values[] = {
        "0", "null", "false", "\"\"", "\"0\"", "[]", "{}", "true", "{\"code\":\"invalid_grant\"}"};
    char text[200];

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        snprintf(text, sizeof text,
                 "{\"error\":%s,\"access_token\":\"a\",\"refresh_token\":\"r\",\"error\":%s}",
                 values[i], values[i]);
        assert_int_equal(parse_error(200, text), TK_OK);
        assert_false(response.is_doubtful);
        assert_string_equal(response.error.code, "");
    }
}

/* ... and beside a status or a code that says nothing about it. */
static void a_pair_with_an_unknown_error_is_doubtful(void **state)
{
    static const struct {
        int status;
        const char *error;
        enum tk_err without, with; /* a pair */
    } rows[] = {{200, "\"none\"", TK_E_OAUTH_ERROR, TK_OK},
                {200, "5", TK_E_OAUTH_ERROR, TK_OK},
                {201, "\"\"", TK_E_HTTP_STATUS, TK_OK},
                {203, "\"\"", TK_E_HTTP_STATUS, TK_OK},
                {400, "\"\"", TK_E_HTTP_STATUS, TK_OK},
                {302, "null", TK_E_HTTP_REDIRECT, TK_OK},
                {500, "null", TK_E_SERVER_ERROR, TK_OK},
                {999, "null", TK_E_SERVER_ERROR, TK_OK},
                {503, "\"news\"", TK_E_SERVER_BUSY, TK_OK},
                {200, "\"invalid_grant\"", TK_E_INVALID_GRANT, TK_E_INVALID_GRANT},
                {200, "\"server_error\"", TK_E_SERVER_ERROR, TK_E_SERVER_ERROR},
                {500, "\"invalid_grant\"", TK_E_SERVER_ERROR, TK_E_SERVER_ERROR}};
    char text[200];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(text, sizeof text, "{\"error\":%s}", rows[i].error);
        assert_int_equal(parse_error(rows[i].status, text), rows[i].without);
        snprintf(text, sizeof text,
                 "{\"error\":%s,\"access_token\":\"a\",\"refresh_token\":\"r\",\"expires_in\":60}",
                 rows[i].error);
        assert_int_equal(parse_error(rows[i].status, text), rows[i].with);
        if (rows[i].with == TK_OK)
            assert_int_equal(response.is_doubtful,
                             rows[i].status / 100 != 2 || rows[i].without == TK_E_OAUTH_ERROR);
    }
}

/* Whatever surrounds it, follows it, or is wrong with the rest. */
static void takes_the_pair_from_whatever_can_be_read(void **state)
{
    static const char *const rows[] = {
        "{\"access_token\":\"a\",\"refresh_token\":\"r\"",
        "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"scope\":\"cr",
        "{\"access_token\":\"a\",\"refresh_token\":\"r\"}x",
        "{\"access_token\":\"a\",\"refresh_token\":\"r\"}<!-- 0.1 s -->",
        "\xef\xbb\xbf{\"access_token\":\"a\",\"refresh_token\":\"r\"}",
        "<br />\n<b>Warning</b>: x {y} in <b>z</b><br />\n"
        "{\"access_token\":\"a\",\"refresh_token\":\"r\"}",
        "<html><body><pre>{\"access_token\":\"a\",\"refresh_token\":\"r\"}</pre></body></html>",
        "[{\"access_token\":\"a\",\"refresh_token\":\"r\"}]",
        "{\"access_token\":\"x\",\"access_token\":\"a\",\"refresh_token\":\"r\"}",
        "{\"access\\u005ftoken\":\"\\u0061\",\"refresh_token\":\"r\"}",
        "{\"token_type\":\"Bearer\",\"access_token\":\"a\",\"refresh_token\":\"r\"}",
        "{\"token_type\":\"bEARER\",\"access_token\":\"a\",\"refresh_token\":\"r\"}",
        "{\"token_type\":\"mac\",\"access_token\":\"a\",\"refresh_token\":\"r\"}",
        "{\"token_type\":null,\"access_token\":\"a\",\"refresh_token\":\"r\",\"id_token\":\"x.y."
        "z\"}",
        "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"expires_in\":}",
        "{\"x\":{\"access_token\":\"n\",\"y\":[{\"refresh_token\":\"n\"}]},\"access_token\":\"a\","
        "\"refresh_token\":\"r\",\"z\":{\"refresh_token\":\"n\"}}"};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (parse_error(200, rows[i]) != TK_OK || strcmp(response.access_token, "a") != 0 ||
            strcmp(response.refresh_token, "r") != 0 || response.is_doubtful)
            fail_msg("%s", rows[i]);
    }
}

static void a_lost_connection_does_not_cost_the_pair(void **state)
{
    static const char text[] = "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"scope\":\"crm\"}";
    size_t first = strstr(text, ",\"scope\"") - text;

    (void)state;
    for (size_t len = 0; len < strlen(text); len++) {
        respond_in(&http, 1, 200, "X: y\r\n", text, len);
        enum tk_err want = len < first ? TK_E_CONN_LOST : TK_OK;

        assert_int_equal(tk_oauth_read_token_response(&http, TK_E_CONN_LOST, NOW, &response), want);
        if (want == TK_OK)
            assert_string_equal(response.refresh_token, "r");
    }
    assert_int_equal(tk_oauth_read_token_response(NULL, TK_E_TIMEOUT, NOW, &response),
                     TK_E_TIMEOUT);
    respond(&http, 400, "{\"error\":\"invalid_grant\"}"); /* and then it was lost */
    assert_int_equal(tk_oauth_read_token_response(&http, TK_E_CONN_LOST, NOW, &response),
                     TK_E_CONN_LOST);
}

/* Unknown members of any size, before, between and after. */
static void size_and_nesting_do_not_cost_the_pair(void **state)
{
    static const char *const pads[] = {
        "\"p\":\"%s\"",     "\"p\":[%s", "\"p\":{\"q\":[{\"r\":\"%s\"}]}",
        "\"scope\":\"%s\"", "\"p\":%s",  "\"%s\":1"};
    enum { PAD = 10000 };
    static char pad[PAD + 1], member[PAD + 100], text[4 * PAD];

    (void)state;
    for (size_t i = 0; i < sizeof pads / sizeof pads[0]; i++) {
        memset(pad, i == 1 ? '[' : i == 4 ? '1' : 'x', PAD);
        if (i == 1)
            memset(pad + PAD / 2, ']', PAD / 2 + 1);
        pad[PAD] = '\0';
        if (i == 1)
            pad[PAD - 1] = ']';
        snprintf(member, sizeof member, pads[i], pad);
        if (i == 1)
            strcat(member, "]");
        for (int where = 1; where < 8; where++) {
            snprintf(text, sizeof text,
                     "{%s%s\"access_token\":\"a\",%s%s\"refresh_token\":\"r\"%s%s}",
                     where & 1 ? member : "", where & 1 ? "," : "", where & 2 ? member : "",
                     where & 2 ? "," : "", where & 4 ? "," : "", where & 4 ? member : "");
            respond_in(&http, 100, 200, "", text, strlen(text));
            assert_int_equal(tk_oauth_read_token_response(&http, TK_OK, NOW, &response), TK_OK);
            assert_string_equal(response.access_token, "a");
            assert_string_equal(response.refresh_token, "r");
            assert_string_equal(response.scope, "");
        }
    }
}

static void members_that_do_not_fit_are_missing(void **state)
{
    static const char *const names[] = {"client_endpoint", "server_endpoint", "member_id",
                                        "user_id", "scope"};
    static char text[4000], value[3000];

    (void)state;
    memset(value, '7', sizeof value - 1);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(text, sizeof text,
                 "{\"%s\":\"%s\",\"access_token\":\"a\",\"refresh_token\":\"r\"}", names[i], value);
        assert_int_equal(parse_error(200, text), TK_OK);
        assert_string_equal(response.client_endpoint, "");
        assert_string_equal(response.server_endpoint, "");
        assert_string_equal(response.member_id, "");
        assert_string_equal(response.user_id, "");
        assert_string_equal(response.scope, "");
    }
}

static void members_that_just_fit_are_taken(void **state)
{
    char text[400];

    (void)state;
    for (int len = TK_ID_MAX; len <= TK_ID_MAX + 1; len++) {
        snprintf(text, sizeof text,
                 "{\"member_id\":\"%0*d\",\"access_token\":\"a\",\"refresh_token\":\"r\"}", len, 7);
        assert_int_equal(parse_error(200, text), TK_OK);
        assert_int_equal(strlen(response.member_id), len <= TK_ID_MAX ? TK_ID_MAX : 0);
    }
}

static void pieces_do_not_matter(void **state)
{
    static const char text[] =
        "\xef\xbb\xbf{\"access_token\":\"a\\/\\u0062\",\"x\":[{\"y\":\"\\\"}\"}],\"error\":\"\","
        "\"expires_in\":120E0,\"refresh_token\":\"r\",\"user_id\":7,\"scope\":null}\r\n";

    (void)state;
    for (size_t piece = 1; piece < sizeof text; piece++) {
        assert_int_equal(respond_in(&http, piece, 200, "", text, strlen(text)), TK_HTTP_DONE);
        assert_int_equal(tk_oauth_read_token_response(&http, TK_OK, NOW, &response), TK_OK);
        assert_string_equal(response.access_token, "a/b");
        assert_string_equal(response.refresh_token, "r");
        assert_string_equal(response.user_id, "7");
        assert_int_equal(response.expires_in, 120);
    }
}

static void rejects_responses_without_a_pair(void **state)
{
    static const char *const rows[] = {
        "",
        "null",
        "[]",
        "{}",
        "\"access_token\"",
        "{\"refresh_token\":\"r\"}",
        "{\"access_token\":\"\",\"refresh_token\":\"r\"}",
        "{\"access_token\":null,\"refresh_token\":\"r\"}",
        "{\"access_token\":true,\"refresh_token\":\"r\"}",
        "{\"access_token\":\"a\\r\\nX: y\",\"refresh_token\":\"r\"}",
        "{\"access_token\":\"a\\u0000\",\"refresh_token\":\"r\"}",
        "{\"access_token\":\"\\u00e9\",\"refresh_token\":\"r\"}",
        "{\"Access_Token\":\"a\",\"refresh_token\":\"r\"}",
        "{\"result\":{\"access_token\":\"a\",\"refresh_token\":\"r\"}}",
        "{\"error\":{\"code\":\"X\"}}",
        "<html><body>access_token refresh_token</body></html>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (parse_error(200, rows[i]) != TK_E_BAD_ANSWER)
            fail_msg("%s", rows[i]);
    }
}

static void reports_why_a_body_cannot_be_read(void **state)
{
    static const char gzip[] = "Content-Encoding: gzip\r\n", zip[] = "\x1f\x8b\x08";
    static const char pair[] = "{\"access_token\":\"a\",\"refresh_token\":\"r\"}";

    (void)state;
    respond_in(&http, 9, 200, gzip, zip, 3);
    assert_int_equal(tk_oauth_read_token_response(&http, TK_OK, NOW, &response), TK_E_HTTP_CODED);
    respond_in(&http, 9, 503, gzip, zip, 3); /* the status decides */
    assert_int_equal(tk_oauth_read_token_response(&http, TK_OK, NOW, &response), TK_E_SERVER_BUSY);
    respond_in(&http, 9, 200, gzip, pair, strlen(pair)); /* its field is wrong */
    assert_int_equal(tk_oauth_read_token_response(&http, TK_OK, NOW, &response), TK_OK);
}

/* What lies beyond the limit of the connection is lost, and not what came before. */
static void what_was_read_of_an_endless_body_counts(void **state)
{
    enum { MUCH = 400000 };
    static const struct {
        const char *begin;
        int status;
        enum tk_err want;
    } rows[] = {
        {"<html>", 200, TK_E_HTTP_TOO_LARGE},
        {"{\"x\":\"", 200, TK_E_HTTP_TOO_LARGE},
        {"{\"access_token\":\"a\",\"x\":\"", 200, TK_E_HTTP_TOO_LARGE},
        {"{\"access_token\":\"a\",\"refresh_token\":\"r\",\"x\":\"", 200, TK_OK},
        {"{\"error\":\"invalid_grant\",\"error_description\":\"", 400, TK_E_INVALID_GRANT},
        {"<p>{\"error\":\"invalid_grant\",\"error_description\":\"", 400, TK_E_HTTP_STATUS},
        {"<html>", 502, TK_E_SERVER_ERROR},
    };
    char *text = malloc(MUCH);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(text, 'x', MUCH);
        memcpy(text, rows[i].begin, strlen(rows[i].begin));
        respond_in(&http, 1000, rows[i].status, "", text, MUCH);
        assert_int_equal(tk_oauth_read_token_response(&http, TK_OK, NOW, &response), rows[i].want);
    }
    free(text);
}

/* --- error responses --- */

struct row {
    int status;
    const char *text;
    enum tk_err want;
};

static void distinguishes_errors_of_the_authorization_server(void **state)
{
    static const struct row rows[] = {
        {400, "{\"error\":\"invalid_grant\"}", TK_E_INVALID_GRANT},
        {400, "{\"error\":\"invalid_grant\",\"domain\":\"xxxx.bitrix24.com.br\"}",
         TK_E_INVALID_GRANT},
        {200, "{\"error\":\"wrong_client\"}", TK_E_WRONG_CLIENT},
        {400, "{\"error\":\"invalid_client\"}", TK_E_INVALID_CLIENT},
        {401, "{\"error\":\"invalid_client\"}", TK_E_INVALID_CLIENT},
        {401, "{\"error\":\"PAYMENT_REQUIRED\",\"error_description\":\"Payment required\"}",
         TK_E_PAYMENT_REQUIRED},
        {400, "{\"error\":\"expired_token\",\"error_description\":\"The ... has expired.\"}",
         TK_E_EXPIRED_TOKEN},
        {400,
         "{\"error\":\"invalid_request\",\"error_description\":\"No \\\"refresh_token\\\" found\"}",
         TK_E_INVALID_REQUEST},
        {400, "{\"error\":\"bad_verification_code\"}", TK_E_INVALID_GRANT},
        {403, "{\"error\":\"invalid_scope\"}", TK_E_INVALID_SCOPE},
        {403, "{\"error\":\"insufficient_scope\"}", TK_E_INVALID_SCOPE},
        {401, "{\"error\":\"NOT_INSTALLED\"}", TK_E_NOT_INSTALLED},
        {401, "{\"error\":\"ERROR_OAUTH\"}", TK_E_NOT_INSTALLED},
        {401, "{\"error\":\"CONNECTION_ERROR\"}", TK_E_SERVER_ERROR},
        {503, "{\"error\":\"QUERY_LIMIT_EXCEEDED\"}", TK_E_SERVER_BUSY},
        {429, "{\"error\":\"OPERATION_TIME_LIMIT\"}", TK_E_SERVER_BUSY},
        {400, "{\"error\":\"verification_needed\"}", TK_E_OAUTH_ERROR},
        {200, "{\"error\":\"something_new\",\"access_token\":\"a\"}", TK_E_OAUTH_ERROR},
        {400, "{\"error\":\"0\"}", TK_E_OAUTH_ERROR},
        {400, "{\"error\":5}", TK_E_OAUTH_ERROR},
        {400, "{\"error\":\"\"}", TK_E_HTTP_STATUS},
        {401, "{\"error\":{\"code\":\"BITRIX_REST_V3_EXCEPTION_ACCESSDENIED\"}}", TK_E_HTTP_STATUS},
        {400, "{\"error\":\"invalid_grant\"", TK_E_HTTP_STATUS}, /* truncated: no error code */
        {400, "error=invalid_grant", TK_E_HTTP_STATUS},
        {404, "", TK_E_HTTP_STATUS},
        {400, "<p>{\"error\":\"invalid_grant\"}</p>", TK_E_HTTP_STATUS},
        {400, "{\"error\":\"invalid_grant\"}{}", TK_E_HTTP_STATUS},
        {200, "{\"error\":\"invalid_grant\"}x", TK_E_BAD_ANSWER},
        {201, "{\"access_token\":\"\"}", TK_E_HTTP_STATUS},
        {204, "", TK_E_HTTP_STATUS},
        {302, "<html>moved</html>", TK_E_HTTP_REDIRECT},
        {299, "", TK_E_HTTP_STATUS},
        {300, "", TK_E_HTTP_REDIRECT},
        {399, "", TK_E_HTTP_REDIRECT},
        {408, "", TK_E_SERVER_BUSY},
        {429, "", TK_E_SERVER_BUSY},
        {429, "{\"error\":\"something_new\"}", TK_E_SERVER_BUSY},
        {500, "<html>oops</html>", TK_E_SERVER_ERROR},
        {502, "", TK_E_SERVER_ERROR},
        {503, "<html>invalid_grant</html>", TK_E_SERVER_BUSY},
        {500, "{\"error\":\"PORTAL_DELETED\"}", TK_E_SERVER_ERROR},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum tk_err got = parse_error(rows[i].status, rows[i].text);

        if (got != rows[i].want)
            fail_msg("%d %s -> %s", rows[i].status, rows[i].text, tk_err_code(got));
    }
}

/* Not even the one that is stored behind those codes. */
static void no_other_word_is_listed(void **state)
{
    char word[TK_WORDS_MAX + 1];
    struct tk_text t;

    (void)state;
    tk_text_init(&t, word, sizeof word);
    tk_words_add(&t, tk_words_of(TK_WORDS_STATUS, 0));
    assert_in_range(strlen(word), 1, TK_SERVER_ERROR_MAX);
    assert_false(tk_oauth_is_listed(word));
    assert_false(tk_oauth_is_listed(""));
    assert_true(tk_oauth_is_listed("error_unexpected_answer"));
}

/* A 5xx says nothing about the pair, whatever its body. */
static void no_5xx_revokes_a_pair(void **state)
{
    static const char *const words[] = {"invalid_grant",         "expired_token",
                                        "bad_verification_code", "wrong_client",
                                        "PAYMENT_REQUIRED",      "something_new"};
    char text[100];

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        snprintf(text, sizeof text, "{\"error\":\"%s\"}", words[i]);
        for (int status = 500; status < 600; status++)
            assert_int_equal(tk_err_action(parse_error(status, text)), TK_ACTION_RETRY);
    }
}

static void distinguishes_errors_of_the_portal(void **state)
{
    static const struct row rows[] = {
        {200, "{\"result\":{\"ID\":1},\"time\":{}}", TK_OK},
        {200, "{\"result\":null}", TK_OK},
        {200, "{\"result\":[],\"error\":\"\"}", TK_OK},
        {200, "{\"result\":[],\"error\":0}", TK_OK},
        {200, "<p>{\"result\":[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]}", TK_OK},
        {200, "{\"result\":[],\"x\":", TK_OK},
        {200, "{\"result\":[", TK_E_BAD_ANSWER},
        {401, "{\"error\":{\"code\":\"expired_token\",\"message\":\"m\"}}", TK_E_TOKEN_REFUSED},
        {200, "{}", TK_E_BAD_ANSWER},
        {200, "<html></html>", TK_E_BAD_ANSWER},
        {200, "", TK_E_BAD_ANSWER},
        {401, "{\"error\":\"expired_token\"}",
         TK_E_TOKEN_REFUSED}, /* of the access token, not of the pair */
        {401, "{\"error\":\"invalid_grant\"}", TK_E_REST_ERROR},
        {401, "{\"error\":\"invalid_token\"}", TK_E_TOKEN_REFUSED},
        {404, "{\"error\":\"ERROR_METHOD_NOT_FOUND\"}", TK_E_REST_ERROR},
        {401, "{\"error\":\"ACCESS_DENIED\"}", TK_E_ACCESS_DENIED},
        {403, "{\"error\":\"user_access_error\"}", TK_E_ACCESS_DENIED},
        {403, "{\"error\":\"insufficient_scope\"}", TK_E_INVALID_SCOPE},
        {401, "{\"error\":\"APPLICATION_NOT_FOUND\"}", TK_E_NOT_INSTALLED},
        {503, "{\"error\":\"OVERLOAD_LIMIT\"}", TK_E_PORTAL_CLOSED},
        {302, "", TK_E_HTTP_REDIRECT},
        {403, "<html></html>", TK_E_HTTP_STATUS},
        {500, "{\"result\":1}", TK_E_SERVER_ERROR},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum tk_err got = parse_portal_error(rows[i].status, rows[i].text);

        if (got != rows[i].want)
            fail_msg("%d %s -> %s", rows[i].status, rows[i].text, tk_err_code(got));
    }
}

static void survives_any_changed_byte(void **state)
{
    static const char good[] = "{\"access_token\":\"a\\/b\",\"expires_in\":\"3600\",\"error\":\"\","
                               "\"refresh_token\":\"\\u0072\"}";
    char text[sizeof good];

    (void)state;
    for (size_t at = 0; at < sizeof good - 1; at++) {
        for (int c = 1; c < 256; c++) {
            strcpy(text, good);
            text[at] = (char)c;
            if (parse_error(200, text) == TK_OK)
                assert_true(response.access_token[0] != '\0' && response.expires_in > 0);
        }
    }
}

static void without_a_response_the_error_is_that_of_the_connection(void **state)
{
    struct tk_server_error error = {"x", "x"};

    (void)state;
    memset(&response, 'x', sizeof response);
    assert_int_equal(tk_oauth_read_token_response(NULL, TK_E_TIMEOUT, NOW, &response),
                     TK_E_TIMEOUT);
    assert_string_equal(response.error.code, "");
    assert_int_equal(response.token_len, 0);
    assert_int_equal(tk_oauth_read_rest_response(NULL, TK_E_CONN_LOST, &error), TK_E_CONN_LOST);
    assert_string_equal(error.code, "");
    assert_string_equal(error.description, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_result_with_any_2xx_and_of_a_response_that_is_cut),
        cmocka_unit_test(reads_the_documented_response),
        cmocka_unit_test(needs_only_the_two_tokens),
        cmocka_unit_test(expires_counts_from_the_date_of_the_response),
        cmocka_unit_test(ignores_members_of_other_types),
        cmocka_unit_test(reads_lifetimes_in_every_form),
        cmocka_unit_test(tokens_have_room_for_so_many_characters),
        cmocka_unit_test(longer_tokens_are_reported_with_their_length),
        cmocka_unit_test(tokens_may_have_every_character_of_the_rfc),
        cmocka_unit_test(without_a_refresh_token_the_old_one_stays),
        cmocka_unit_test(an_error_that_is_none_does_not_cost_the_pair),
        cmocka_unit_test(a_pair_with_an_unknown_error_is_doubtful),
        cmocka_unit_test(takes_the_pair_from_whatever_can_be_read),
        cmocka_unit_test(a_lost_connection_does_not_cost_the_pair),
        cmocka_unit_test(size_and_nesting_do_not_cost_the_pair),
        cmocka_unit_test(members_that_do_not_fit_are_missing),
        cmocka_unit_test(members_that_just_fit_are_taken),
        cmocka_unit_test(pieces_do_not_matter),
        cmocka_unit_test(rejects_responses_without_a_pair),
        cmocka_unit_test(reports_why_a_body_cannot_be_read),
        cmocka_unit_test(what_was_read_of_an_endless_body_counts),
        cmocka_unit_test(distinguishes_errors_of_the_authorization_server),
        cmocka_unit_test(no_other_word_is_listed),
        cmocka_unit_test(no_5xx_revokes_a_pair),
        cmocka_unit_test(distinguishes_errors_of_the_portal),
        cmocka_unit_test(survives_any_changed_byte),
        cmocka_unit_test(without_a_response_the_error_is_that_of_the_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
