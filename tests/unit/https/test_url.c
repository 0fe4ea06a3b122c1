/* SPDX-License-Identifier: Apache-2.0 */

/* Hosts, URLs and query parameters. */

#include "tk_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct tk_host host;
static char out[300];

static const char *host_text(void)
{
    static char text[TK_HOST_TEXT];
    struct tk_text t;

    tk_text_init(&t, text, sizeof text);
    tk_text_host(&t, &host);
    assert_true(tk_text_ok(&t));
    return text;
}

static void parses_hosts(void **state)
{
    static const struct {
        const char *pasted, *name;
        unsigned port;
        const char *rest, *text;
    } rows[] = {
        {"acme", "acme", 443, "", "acme"},
        {"acme.bitrix24.com", "acme.bitrix24.com", 443, "", "acme.bitrix24.com"},
        {"ACME.Bitrix24.DE", "acme.bitrix24.de", 443, "", "acme.bitrix24.de"},
        {"https://acme.bitrix24.ru", "acme.bitrix24.ru", 443, "", "acme.bitrix24.ru"},
        {"HTTPS://h/", "h", 443, "/", "h"},
        {"h/a/b?c=d#e", "h", 443, "/a/b?c=d#e", "h"},
        {"h?c=d", "h", 443, "?c=d", "h"},
        {"h#e", "h", 443, "#e", "h"},
        {"https://h:8443/crm/", "h", 8443, "/crm/", "h:8443"},
        {"h:443", "h", 443, "", "h"},
        {"h:65535", "h", 65535, "", "h:65535"},
        {"h:1", "h", 1, "", "h:1"},
        {"127.0.0.1:8443", "127.0.0.1", 8443, "", "127.0.0.1:8443"},
        {"[::1]", "::1", 443, "", "[::1]"},
        {"https://[2001:DB8::1]:8443/x", "2001:db8::1", 8443, "/x", "[2001:db8::1]:8443"},
        {"[::ffff:127.0.0.1]", "::ffff:127.0.0.1", 443, "", "[::ffff:127.0.0.1]"},
        {"xn--80ak6aa92e.com", "xn--80ak6aa92e.com", 443, "", "xn--80ak6aa92e.com"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *rest = NULL;

        if (!tk_host_parse(&host, rows[i].pasted, &rest))
            fail_msg("rejected: %s", rows[i].pasted);
        assert_string_equal(host.name, rows[i].name);
        assert_int_equal(host.port, rows[i].port);
        assert_string_equal(rest, rows[i].rest);
        assert_string_equal(host_text(), rows[i].text);
        struct tk_host again;

        assert_true(tk_host_parse(&again, host_text(), NULL));
        assert_true(tk_host_same(&host, &again));
    }
}

static void rejects_other_hosts(void **state)
{
    static const char *const rows[] = {
        "",
        "/",
        "https://",
        "https:///x",
        "http://h",
        "ftp://h",
        "://h",
        "https:/h",
        "https://https://h",
        "h:",
        "h:0",
        "h:65536",
        "h:-1",
        "h:+1",
        "h:x",
        "h:1x",
        "h:99999999999999999999",
        "h:1:2",
        ":443",
        "user@h",
        "https://user@h",
        "https://user:pw@h",
        "https://good.com@evil.com",
        "https://good.com:443@evil.com/",
        "https://good.com\\@evil.com",
        "a b",
        " h",
        "h ",
        "h\t",
        "h\n",
        "h\r\nX: y",
        "a_b",
        "a%2eb",
        "a,b",
        "a;b",
        ".h",
        "-h",
        "a..b",
        "h\xc3\xa9",
        "\x01",
        "::1",
        "2001:db8::1",
        "[::1",
        "[]",
        "[::1]x",
        "[::1]:",
        "[::1]:0",
        "[::1/]",
        "[-1]",
        "[a%eth0]",
        "[[::1]]",
        "[good.com]",
        "[g::1]",
        "[1]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *rest = "untouched";

        if (tk_host_parse(&host, rows[i], &rest))
            fail_msg("accepted: %s as %s", rows[i], host_text());
        assert_string_equal(rest, "untouched");
        assert_string_equal(host.name, "");
    }
}

/* Every accepted host fits TK_HOST_TEXT. */
static void limits_the_length_of_hosts(void **state)
{
    char pasted[TK_HOST_MAX + 20];

    (void)state;
    memset(pasted, 'a', sizeof pasted);
    strcpy(pasted + TK_HOST_MAX, ":65535");
    assert_true(tk_host_parse(&host, pasted, NULL));
    assert_string_equal(host_text(), pasted);
    strcpy(pasted + TK_HOST_MAX, "a:65535");
    assert_false(tk_host_parse(&host, pasted, NULL));
    assert_true(
        tk_host_parse(&host, "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535", NULL));
    assert_false(
        tk_host_parse(&host, "[0ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535", NULL));
}

static void compares_hosts_by_name_and_port(void **state)
{
    struct tk_host other;

    (void)state;
    assert_true(tk_host_parse(&host, "A.b", NULL));
    assert_true(tk_host_parse(&other, "https://a.B:443/x", NULL));
    assert_true(tk_host_same(&host, &other));
    assert_true(tk_host_parse(&other, "a.b:444", NULL));
    assert_false(tk_host_same(&host, &other));
    assert_true(tk_host_parse(&other, "a.bc", NULL));
    assert_false(tk_host_same(&host, &other));
    host = (struct tk_host){.name = ""};
    assert_string_equal(host_text(), "");
}

static void finds_parameters(void **state)
{
    static const struct {
        const char *url, *want; /* of "code"; NULL: none */
    } rows[] = {
        {"http://localhost:7000/?code=abc&state=x", "abc"},
        {"?code=abc", "abc"},
        {"?state=x&code=abc#code=other", "abc"},
        {"?code=", ""},
        {"?code=&x", ""},
        {"?code=a=b", "a=b"},
        {"?code=a+b%20c", "a b c"},
        {"?code=%2B%2f%2F%C3%A9", "+//\xc3\xa9"},
        {"?code=first&code=second", "first"},
        {"?xcode=1&code_=2&codes=3&code=4", "4"},
        {"?x?code=1&code=2", "2"},
        {"??code=1", NULL},
        {"?&&code=1", "1"},
        {"?Code=1", NULL},
        {"?code", NULL},
        {"?code&x", NULL},
        {"?cod=1", NULL},
        {"code=abc", NULL},
        {"?x#?code=1", NULL},
        {"?x#&code=1", NULL},
        {"", NULL},
        {"?", NULL},
        {"?code=%", NULL},
        {"?code=%4", NULL},
        {"?code=%4&1", NULL},
        {"?code=%4#1", NULL},
        {"?code=%zz", NULL},
        {"?code=%%41", NULL},
        {"?code=%-1", NULL},
        {"?code=a%00b", NULL},
        {"?code=%&code=1", NULL}, /* the first one counts, even if malformed */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool ok = tk_query_value(rows[i].url, "code", out, sizeof out);

        if (ok != (rows[i].want != NULL) || (ok && strcmp(out, rows[i].want) != 0))
            fail_msg("%s -> %d %s", rows[i].url, ok, out);
    }
}

static void rejects_parameters_that_do_not_fit(void **state)
{
    char small[4];

    (void)state;
    assert_true(tk_query_value("?a=xyz", "a", small, sizeof small));
    assert_string_equal(small, "xyz");
    assert_true(tk_query_value("?a=%78%79%7A", "a", small, sizeof small));
    assert_string_equal(small, "xyz");
    assert_false(tk_query_value("?a=wxyz", "a", small, sizeof small));
    assert_string_equal(small, ""); /* not truncated */
    assert_false(tk_query_value("?a=xy%zz", "a", small, sizeof small));
    assert_string_equal(small, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_hosts),
        cmocka_unit_test(rejects_other_hosts),
        cmocka_unit_test(limits_the_length_of_hosts),
        cmocka_unit_test(compares_hosts_by_name_and_port),
        cmocka_unit_test(finds_parameters),
        cmocka_unit_test(rejects_parameters_that_do_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
