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
        {"acme.bitrix24.ru.", "acme.bitrix24.ru", 443, "", "acme.bitrix24.ru"},
        {"https://ACME.bitrix24.ru.:8443/x", "acme.bitrix24.ru", 8443, "/x",
         "acme.bitrix24.ru:8443"},
        {"127.0.0.1.", "127.0.0.1", 443, "", "127.0.0.1"},
        {"h:", "h", 443, "", "h"},
        {"https://h:/x", "h", 443, "/x", "h"},
        {"h.:", "h", 443, "", "h"},
        {"[::1]:", "::1", 443, "", "[::1]"},
        {"h:00443", "h", 443, "", "h"},
        {"h:008443", "h", 8443, "", "h:8443"},
        {"a_b", "a_b", 443, "", "a_b"},
        {"_a", "_a", 443, "", "_a"},
        {"a-.b-", "a-.b-", 443, "", "a-.b-"},
        {"1c", "1c", 443, "", "1c"},
        {"1.2.3.x", "1.2.3.x", 443, "", "1.2.3.x"},
        {"0xg", "0xg", 443, "", "0xg"},
        {"0.0.0.0", "0.0.0.0", 443, "", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255", 443, "", "255.255.255.255"},
        {"h/?u=http://x", "h", 443, "/?u=http://x", "h"},
        {"h?u=http://x", "h", 443, "?u=http://x", "h"},
        {"h/a%20b%0d%0A\\|", "h", 443, "/a%20b%0d%0A\\|", "h"},
        {"h/@:8443", "h", 443, "/@:8443", "h"},
        {"[1:2:3:4:5:6:7:8]/::", "1:2:3:4:5:6:7:8", 443, "/::", "[1:2:3:4:5:6:7:8]"},
        {"[::]", "::", 443, "", "[::]"},
        {"[1::]", "1::", 443, "", "[1::]"},
        {"[1:2:3:4:5:6:7:8]", "1:2:3:4:5:6:7:8", 443, "", "[1:2:3:4:5:6:7:8]"},
        {"[1:2:3::5:6:7:8]", "1:2:3::5:6:7:8", 443, "", "[1:2:3::5:6:7:8]"},
        {"[::2:3:4:5:6:7:8]", "::2:3:4:5:6:7:8", 443, "", "[::2:3:4:5:6:7:8]"},
        {"[1:2:3:4:5:6:1.2.3.4]", "1:2:3:4:5:6:1.2.3.4", 443, "", "[1:2:3:4:5:6:1.2.3.4]"},
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
        "h:/x",
        "https:h",
        "https:/h",
        "httpss://h",
        "https ://h",
        "h:0",
        "h:00",
        "h:0065536",
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
        "a%2eb",
        "a%",
        "*.b",
        "a~b",
        "a\\b",
        "h\\/x",
        "a|b",
        "\xd0\xb0.\xd1\x80\xd1\x84",
        "a,b",
        "a;b",
        ".h",
        "-h",
        "a..b",
        ".",
        "h..",
        "h..:443",
        "..",
        "127.1",
        "0x7f.1",
        "0x7f.0.0.1",
        "0X7F",
        "0x",
        "a.0x7f",
        "0177.0.0.1",
        "00.0.0.0",
        "1.2.3.04",
        "2130706433",
        "123",
        "a.123",
        "1.2.3",
        "1.2.3.256",
        "1.2.3.4.5",
        "1.2.3.4..",
        "h\xc3\xa9",
        "\x01",
        "::1",
        "2001:db8::1",
        "[::1",
        "[]",
        "[::1]x",
        "[::1]:0",
        "[::1].",
        "[::1].:443",
        "[::1/]",
        "[-1]",
        "[a%eth0]",
        "[[::1]]",
        "[good.com]",
        "[g::1]",
        "[1]",
        "[1:2]/::",
        "[:]",
        "[:::]",
        "[1:]",
        "[:1]",
        "[::1:]",
        "[1::2::3]",
        "[1:2]",
        "[1:2:3:4:5:6:7]",
        "[1:2:3:4:5:6:7:8:9]",
        "[1:2:3:4:5:6:7:8::]",
        "[1::2:3:4:5:6:7:8]",
        "[1:2:3:4:5:6:7:1.2.3.4]",
        "[::12345]",
        "[::1.2.3]",
        "[::1.2.3.256]",
        "[::0x1.2.3.4]",
        "[1.2.3.4]",
        "[1.2.3.4::]",
        "[fe80::1%eth0]",
        "[fe80::1%25eth0]",
        "[v1.x]",
        "1::2",
        "h/a b",
        "h/a\tb",
        "h/a\x7f",
        "h/\xd0\xb0",
        "h#\n",
        "h?\r",
        "https://host/rest/a HTTP/1.1\r\nX:/",
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
    for (size_t i = 0; i < sizeof pasted; i++)
        pasted[i] = i % 64 == 63 ? '.' : 'a';
    strcpy(pasted + TK_HOST_MAX, ":65535");
    assert_true(tk_host_parse(&host, pasted, NULL));
    assert_string_equal(host_text(), pasted);
    strcpy(pasted + TK_HOST_MAX, ".:65535"); /* the dot is not counted */
    assert_true(tk_host_parse(&host, pasted, NULL));
    strcpy(pasted + TK_HOST_MAX - 1, "aa:65535");
    assert_false(tk_host_parse(&host, pasted, NULL));
    strcpy(pasted, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b");
    assert_false(tk_host_parse(&host, pasted, NULL));
    assert_true(tk_host_parse(&host, pasted + 1, NULL));
    assert_true(
        tk_host_parse(&host, "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535", NULL));
    assert_false(
        tk_host_parse(&host, "[0ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535", NULL));
}

/* A caller without use for the path takes a host from a URL that is none. */
static void checks_the_path_only_where_it_is_used(void **state)
{
    (void)state;
    assert_true(tk_host_parse(&host, "https://h/a b", NULL));
    assert_string_equal(host_text(), "h");
    assert_true(tk_host_parse(&host, "https://h/\xd0\xb0", NULL));
    assert_false(tk_host_parse(&host, "https://h b/", NULL));
}

/* RFC 6066 3: no literal IP address in SNI. */
static void knows_an_address_from_a_name(void **state)
{
    static const char *const addresses[] = {"127.0.0.1", "1.2.3.4.", "[::1]", "[::ffff:1.2.3.4]"};
    static const char *const names[] = {"a",   "a.b",       "1.2.3.x",  "1c",
                                        "1-2", "beef.cafe", "1.2.3.4.b"};

    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        assert_true(tk_host_parse(&host, addresses[i], NULL));
        assert_true(tk_host_is_address(&host));
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_true(tk_host_parse(&host, names[i], NULL));
        assert_false(tk_host_is_address(&host));
    }
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
        {"?code=first&code=second", NULL},
        {"?code=first&x&code=", NULL},
        {"?code=first&code", "first"}, /* without a value it is another parameter */
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
        {"?code=%&code=1", NULL},
        {"?code=1&code=%", NULL},
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
        cmocka_unit_test(checks_the_path_only_where_it_is_used),
        cmocka_unit_test(knows_an_address_from_a_name),
        cmocka_unit_test(compares_hosts_by_name_and_port),
        cmocka_unit_test(finds_parameters),
        cmocka_unit_test(rejects_parameters_that_do_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
