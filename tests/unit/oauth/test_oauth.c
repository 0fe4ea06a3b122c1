/* SPDX-License-Identifier: Apache-2.0 */

/* Responses of the token endpoint and of the REST API, as Bitrix24 writes them. */

#include "tk_oauth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW ((int64_t)1780315782)

static struct tk_http http;
static struct tk_token_response response;
static char body[4096];

static void parse(int status, const char *text)
{
    memset(body, 0, sizeof body);
    strcpy(body, text);
    http = (struct tk_http){.status = status, .body = body, .body_len = strlen(text)};
    memset(&response, 0, sizeof response);
}

static enum tk_err parse_error(int status, const char *text)
{
    parse(status, text);
    return tk_oauth_read_token_response(&http, NOW, &response);
}

static enum tk_err parse_portal_error(int status, const char *text)
{
    parse(status, text);
    const char *server_error;

    return tk_oauth_read_rest_response(&http, &server_error);
}

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
    assert_int_equal(response.expires_in, 3600);
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

static void reads_lifetimes_in_every_form(void **state)
{
    static const struct {
        const char *member;
        uint32_t want;
    } rows[] = {
        {"\"x\":1", 3600},
        {"\"expires_in\":3600", 3600},
        {"\"expires_in\":\"3600\"", 3600},
        {"\"expires_in\":12,\"expires\":1780319382", 12},
        {"\"expires\":1780319382", 3600},
        {"\"expires\":\"1780319382\"", 3600},
        {"\"expires_in\":null,\"expires\":1780315882", 100},
        {"\"expires_in\":\"soon\",\"expires\":1780315882", 100},
        {"\"expires_in\":3600.5", 3600},
        {"\"expires_in\":null", 3600},
        {"\"expires_in\":0", 1},
        {"\"expires_in\":-5", 1},
        {"\"expires\":1", 1},
        {"\"expires\":-999999999999999999", 1},
        {"\"expires_in\":999999999999999999", 31622400},
        {"\"expires_in\":4294967297", 31622400},
        {"\"expires_in\":99999999999999999999", 3600},
        {"\"expires\":999999999999999999", 31622400},
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

static void rejects_tokens_that_cannot_be_stored(void **state)
{
    char token[TK_TOKEN_MAX + 2], text[1000];

    (void)state;
    memset(token, 't', sizeof token);
    for (int len = 0; len <= TK_TOKEN_MAX + 1; len++) {
        bool fits = len > 0 && len <= TK_TOKEN_MAX;

        token[TK_TOKEN_MAX + 1] = '\0';
        assert_int_equal(tk_oauth_is_token(token + TK_TOKEN_MAX + 1 - len), fits);
        snprintf(text, sizeof text, "{\"access_token\":\"%.*s\",\"refresh_token\":\"r\"}", len,
                 token);
        assert_int_equal(parse_error(200, text), fits ? TK_OK : TK_E_BAD_ANSWER);
        snprintf(text, sizeof text, "{\"access_token\":\"a\",\"refresh_token\":\"%.*s\"}", len,
                 token);
        assert_int_equal(parse_error(200, text), fits ? TK_OK : TK_E_BAD_ANSWER);
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
        "[{\"access_token\":\"a\",\"refresh_token\":\"r\"}]",
        "{\"access_token\":\"a\"}",
        "{\"refresh_token\":\"r\"}",
        "{\"access_token\":\"a\",\"refresh_token\":null}",
        "{\"access_token\":\"a\",\"refresh_token\":{}}",
        "{\"access_token\":true,\"refresh_token\":\"r\"}",
        "{\"access_token\":\"a b\",\"refresh_token\":\"r\"}",
        "{\"access_token\":\"a\\r\\nX: y\",\"refresh_token\":\"r\"}",
        "{\"access_token\":\"a\\u0000\",\"refresh_token\":\"r\"}",
        "{\"access_token\":\"\\u00e9\",\"refresh_token\":\"r\"}",
        "{\"Access_Token\":\"a\",\"refresh_token\":\"r\"}",
        "{\"result\":{\"access_token\":\"a\",\"refresh_token\":\"r\"}}",
        "{\"access_token\":\"a\",\"refresh_token\":\"r\"",
        "{\"access_token\":\"a\",\"refresh_token\":\"r\"}x",
        "{\"error\":{\"code\":\"X\"}}",
        "<html><body>access_token refresh_token</body></html>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (parse_error(200, rows[i]) != TK_E_BAD_ANSWER)
            fail_msg("%s", rows[i]);
    }
}

static void rejects_responses_with_too_many_members(void **state)
{
    char text[2000] = "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"x\":[1";

    (void)state;
    for (int i = 0; i < 100; i++)
        strcat(text, ",1");
    strcat(text, "]}");
    assert_int_equal(parse_error(200, text), TK_E_BAD_ANSWER);
}

static void reports_why_a_body_cannot_be_read(void **state)
{
    (void)state;
    parse(200, "\x1f\x8b\x08");
    strcpy(http.coding, "gzip");
    assert_int_equal(tk_oauth_read_token_response(&http, NOW, &response), TK_E_HTTP_CODED);
    parse(503, "\x1f\x8b\x08"); /* the status decides */
    strcpy(http.coding, "gzip");
    assert_int_equal(tk_oauth_read_token_response(&http, NOW, &response), TK_E_SERVER_BUSY);
    parse(200, "{\"access_token\":\"a\",\"refresh_token\":\"r\"}"); /* its field is wrong */
    strcpy(http.coding, "gzip");
    assert_int_equal(tk_oauth_read_token_response(&http, NOW, &response), TK_OK);
    parse(200, "<html>");
    http.is_cut = true;
    assert_int_equal(tk_oauth_read_token_response(&http, NOW, &response), TK_E_HTTP_TOO_LARGE);
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
        {200, "{\"error\":\"something_new\",\"access_token\":\"a\",\"refresh_token\":\"r\"}",
         TK_E_OAUTH_ERROR},
        {400, "{\"error\":\"0\"}", TK_E_OAUTH_ERROR},
        {400, "{\"error\":5}", TK_E_OAUTH_ERROR},
        {400, "{\"error\":\"\"}", TK_E_HTTP_STATUS},
        {401, "{\"error\":{\"code\":\"BITRIX_REST_V3_EXCEPTION_ACCESSDENIED\"}}", TK_E_HTTP_STATUS},
        {400, "{\"error\":\"invalid_grant\"", TK_E_HTTP_STATUS}, /* truncated: no error code */
        {400, "error=invalid_grant", TK_E_HTTP_STATUS},
        {404, "", TK_E_HTTP_STATUS},
        {201, "{\"access_token\":\"a\",\"refresh_token\":\"r\"}", TK_E_HTTP_STATUS},
        {204, "", TK_E_HTTP_STATUS},
        {302, "<html>moved</html>", TK_E_HTTP_REDIRECT},
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
                assert_true(tk_oauth_is_token(response.access_token) &&
                            tk_oauth_is_token(response.refresh_token) && response.expires_in > 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_documented_response),
        cmocka_unit_test(needs_only_the_two_tokens),
        cmocka_unit_test(reports_why_a_body_cannot_be_read),
        cmocka_unit_test(ignores_members_of_other_types),
        cmocka_unit_test(reads_lifetimes_in_every_form),
        cmocka_unit_test(rejects_tokens_that_cannot_be_stored),
        cmocka_unit_test(rejects_responses_without_a_pair),
        cmocka_unit_test(rejects_responses_with_too_many_members),
        cmocka_unit_test(distinguishes_errors_of_the_authorization_server),
        cmocka_unit_test(no_5xx_revokes_a_pair),
        cmocka_unit_test(distinguishes_errors_of_the_portal),
        cmocka_unit_test(survives_any_changed_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
