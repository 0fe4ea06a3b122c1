/* SPDX-License-Identifier: Apache-2.0 */

/* Requests to the authorization server, byte by byte; and what the operator pastes. */

#include "tk_http_request.h"
#include "tk_oauth.h"
#include "tk_version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct tk_host server = {.name = "oauth.bitrix.info", .port = 443};
static struct tk_client client;
static struct tk_redirect redirect;
static char buf[TK_WORK_SIZE];
static struct tk_text t;

static int set_up(void **state)
{
    (void)state;
    client = (struct tk_client){.portal = {.name = "acme.bitrix24.com", .port = 443},
                                .client_id = "local.5f0c.1",
                                .client_secret = "s3+c/r&t=%",
                                .scope = "crm,user"};
    tk_text_init(&t, buf, sizeof buf);
    memset(&redirect, 'x', sizeof redirect);
    return 0;
}

/* --- requests --- */

#define HEAD                                                                                       \
    "POST /oauth/token/ HTTP/1.1\r\nHost: oauth.bitrix.info\r\nUser-Agent: "                       \
    "tokenkeeper/" TK_VERSION "\r\nAccept: application/json\r\nAccept-Encoding: "                  \
    "identity\r\nContent-Type: application/x-www-form-urlencoded\r\n"

static void writes_an_exchange(void **state)
{
    static const char body[] = "grant_type=authorization_code&client_id=local.5f0c.1"
                               "&client_secret=s3%2bc%2fr%26t%3d%25&code=c%2b1";
    char want[1000];

    (void)state;
    snprintf(want, sizeof want, HEAD "Content-Length:%11zu\r\n\r\n%s", strlen(body), body);
    tk_oauth_exchange_request(&t, &server, &client, client.client_secret, "c+1");
    assert_true(tk_text_ok(&t));
    assert_string_equal(buf, want);
}

static void writes_a_refresh(void **state)
{
    static const char body[] = "grant_type=refresh_token&client_id=local.5f0c.1"
                               "&client_secret=s3%2bc%2fr%26t%3d%25&refresh_token=r.-_*%7e";
    char want[1000];

    (void)state;
    snprintf(want, sizeof want, HEAD "Content-Length:%11zu\r\n\r\n%s", strlen(body), body);
    tk_oauth_refresh_request(&t, &server, &client, client.client_secret, "r.-_*~");
    assert_true(tk_text_ok(&t));
    assert_string_equal(buf, want);
}

static void content_length_is_that_of_the_body(void **state)
{
    char token[TK_TOKEN_MAX + 1] = "";

    (void)state;
    for (int len = 1; len <= TK_TOKEN_MAX; len++) {
        memset(token, len % 2 == 0 ? 'x' : '&', (size_t)len);
        set_up(NULL);
        tk_oauth_refresh_request(&t, &server, &client, client.client_secret, token);
        assert_true(tk_text_ok(&t));
        const char *body = strstr(buf, "\r\n\r\n") + 4;
        const char *length = strstr(buf, "\r\nContent-Length:") + 17;

        assert_int_equal(strtoul(length, NULL, 10), strlen(body));
        assert_int_equal(strspn(length, "0123456789 "), strcspn(length, "\r"));
    }
}

static void the_largest_request_fits_its_buffer(void **state)
{
    char token[TK_TOKEN_MAX + 1], work[TK_WORK_SIZE];
    struct tk_host longest = {.port = 65535};

    (void)state;
    memset(token, '&', TK_TOKEN_MAX);
    token[TK_TOKEN_MAX] = '\0';
    memset(longest.name, 'h', TK_HOST_MAX);
    memset(client.client_id, '&', TK_CLIENT_ID_MAX);
    memset(client.client_secret, '&', TK_SECRET_MAX);
    tk_text_init(&t, work, sizeof work);
    tk_oauth_refresh_request(&t, &longest, &client, client.client_secret, token);
    assert_true(tk_text_ok(&t));
}

static void reports_a_request_that_does_not_fit(void **state)
{
    (void)state;
    tk_oauth_refresh_request(&t, &server, &client, client.client_secret, "r");
    size_t len = t.len;

    for (size_t size = 1; size <= len + 1; size++) {
        char *exact = malloc(size);

        tk_text_init(&t, exact, size);
        tk_oauth_refresh_request(&t, &server, &client, client.client_secret, "r");
        assert_int_equal(tk_text_ok(&t), size == len + 1);
        free(exact);
    }
}

static void a_request_without_body_has_no_content_length(void **state)
{
    static const struct tk_host other = {.name = "::1", .port = 8443};

    (void)state;
    size_t mark = tk_http_request(&t, "GET", &other, "/a?b", NULL);

    tk_http_request_end(&t, mark, 0);
    assert_string_equal(buf, "GET /a?b HTTP/1.1\r\nHost: [::1]:8443\r\nUser-Agent: "
                             "tokenkeeper/" TK_VERSION
                             "\r\nAccept: application/json\r\nAccept-Encoding: identity\r\n\r\n");
}

static void a_request_target_begins_with_a_slash_and_has_no_fragment(void **state)
{
    static const char *const rows[][2] = {{"/a#b", "GET /a HTTP"},
                                          {"", "GET / HTTP"},
                                          {"#b", "GET / HTTP"},
                                          {"?a#b", "GET /?a HTTP"},
                                          {"/a?b#?c", "GET /a?b HTTP"}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tk_text_init(&t, buf, sizeof buf);
        (void)tk_http_request(&t, "GET", &server, rows[i][0], NULL);
        assert_memory_equal(buf, rows[i][1], strlen(rows[i][1]));
    }
}

static void the_authorization_url_has_no_secret(void **state)
{
    (void)state;
    client.portal.port = 8443;
    strcpy(client.client_id, "a&b c");
    tk_oauth_authorization_url(&t, &client, "st/1");
    assert_string_equal(buf, "https://acme.bitrix24.com:8443/oauth/authorize/?client_id=a%26b+c"
                             "&state=st%2f1");
}

/* --- the server that gets the secret --- */

static void chooses_the_server_by_the_portals_domain(void **state)
{
    static const struct {
        const char *portal, *want;
    } rows[] = {
        {"acme.bitrix24.com", TK_OAUTH_WEST},
        {"acme.bitrix24.ru", TK_OAUTH_EAST},
        {"acme.bitrix24.by", TK_OAUTH_EAST},
        {"acme.bitrix24.kz", TK_OAUTH_EAST},
        {"acme.bitrix24.de", TK_OAUTH_WEST},
        {"acme.ru.example", TK_OAUTH_WEST},
        {"acmeru", TK_OAUTH_WEST},
        {"ru", TK_OAUTH_WEST},
        {"localhost", TK_OAUTH_WEST},
        {"", TK_OAUTH_WEST},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        strcpy(client.portal.name, rows[i].portal);
        assert_string_equal(tk_oauth_default_host(&client.portal), rows[i].want);
    }
}

static void knows_no_other_server(void **state)
{
    static const char *const none[] = {
        "",
        "oauth.bitrix24.info",
        "evil.oauth.bitrix.info",
        "oauth.bitrix.info.evil.com",
        "oauth.bitrix.info..",
        "oauth.bitrix.info:8443",
        "http://oauth.bitrix.info",
        "https://oauth.bitrix.info@evil.com/",
        "https://evil.com/?oauth.bitrix.info",
        "xoauth.bitrix.info",
    };

    (void)state;
    assert_string_equal(tk_oauth_known_host("oauth.bitrix.info"), TK_OAUTH_WEST);
    assert_string_equal(tk_oauth_known_host("OAuth.Bitrix24.Tech"), TK_OAUTH_EAST);
    assert_string_equal(tk_oauth_known_host("https://oauth.bitrix.info/rest/"), TK_OAUTH_WEST);
    assert_string_equal(tk_oauth_known_host("https://oauth.bitrix24.tech:443"), TK_OAUTH_EAST);
    assert_string_equal(tk_oauth_known_host("https://oauth.bitrix.info./rest/"), TK_OAUTH_WEST);
    assert_string_equal(tk_oauth_known_host("oauth.bitrix24.tech.:"), TK_OAUTH_EAST);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_null(tk_oauth_known_host(none[i]));
}

/* --- pasted codes and redirects --- */

static void reads_a_redirect(void **state)
{
    (void)state;
    assert_int_equal(tk_oauth_parse_redirect("http://localhost:7000/?code=c0de&state=s%31"
                                             "&domain=acme.bitrix24.com&member_id=m&scope=crm"
                                             "&server_domain=oauth.bitrix.info#x",
                                             &redirect),
                     TK_OK);
    assert_true(redirect.is_url);
    assert_string_equal(redirect.code, "c0de");
    assert_string_equal(redirect.state, "s1");
    assert_string_equal(redirect.domain, "acme.bitrix24.com");
    assert_string_equal(redirect.server_domain, "oauth.bitrix.info");
    assert_int_equal(tk_oauth_parse_redirect("?code=c", &redirect), TK_OK);
    assert_string_equal(redirect.state, "");
    assert_string_equal(redirect.domain, "");
    assert_string_equal(redirect.server_domain, "");
}

static void reads_a_bare_code(void **state)
{
    (void)state;
    assert_int_equal(tk_oauth_parse_redirect("c0de.+/=~", &redirect), TK_OK);
    assert_false(redirect.is_url);
    assert_string_equal(redirect.code, "c0de.+/=~");
    assert_string_equal(redirect.state, "");
    assert_string_equal(redirect.domain, "");
    assert_string_equal(redirect.server_domain, "");
}

static void rejects_input_without_a_code(void **state)
{
    static const char *const rows[] = {
        "",
        "a b",
        "a\tb",
        "c\xc3\xa9",
        "code=abc", /* part of a URL: the state may be missing */
        "http://localhost/abc",
        "http://localhost/#code=abc&x",
        "http://localhost/?",
        "http://localhost/?code=",
        "http://localhost/?code=a%20b",
        "http://localhost/?code=a+b",
        "http://localhost/?code=a%0d%0ab",
        "http://localhost/?code=a%00b",
        "http://localhost/?code=%C3%A9",
        "http://localhost/?code=%",
        "http://localhost/?xcode=abc",
        "http://localhost/?error=access_denied&state=x",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (tk_oauth_parse_redirect(rows[i], &redirect) != TK_E_NO_CODE)
            fail_msg("taken: %s", rows[i]);
    }
}

static void limit_code(int len)
{
    static char pasted[TK_TOKEN_MAX + 40], value[TK_TOKEN_MAX + 2];
    enum tk_err want = len <= TK_TOKEN_MAX ? TK_OK : TK_E_NO_CODE;

    memset(value, 'v', sizeof value);
    snprintf(pasted, sizeof pasted, "%.*s", len, value);
    assert_int_equal(tk_oauth_parse_redirect(pasted, &redirect), want);
    snprintf(pasted, sizeof pasted, "?code=%.*s&state=s", len, value);
    assert_int_equal(tk_oauth_parse_redirect(pasted, &redirect), want);
}

static void limits_the_length_of_code_state_and_domain(void **state)
{
    char pasted[2000], value[401];

    (void)state;
    memset(value, 'v', sizeof value);
    for (int len = 1; len <= 400; len++) {
        snprintf(pasted, sizeof pasted, "?code=c&state=%.*s&domain=%.*s", len, value, len, value);
        assert_int_equal(tk_oauth_parse_redirect(pasted, &redirect), TK_OK);
        assert_int_equal(strlen(redirect.state),
                         len < 48 ? len : 0); /* none instead of a truncated one */
        assert_int_equal(strlen(redirect.domain), len < TK_HOST_TEXT ? len : 0);
    }
    limit_code(1);
    limit_code(TK_TOKEN_MAX);
    limit_code(TK_TOKEN_MAX + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(writes_an_exchange),
        TEST(writes_a_refresh),
        TEST(content_length_is_that_of_the_body),
        TEST(the_largest_request_fits_its_buffer),
        TEST(reports_a_request_that_does_not_fit),
        TEST(a_request_without_body_has_no_content_length),
        TEST(a_request_target_begins_with_a_slash_and_has_no_fragment),
        TEST(the_authorization_url_has_no_secret),
        TEST(chooses_the_server_by_the_portals_domain),
        TEST(knows_no_other_server),
        TEST(reads_a_redirect),
        TEST(reads_a_bare_code),
        TEST(rejects_input_without_a_code),
        TEST(limits_the_length_of_code_state_and_domain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
