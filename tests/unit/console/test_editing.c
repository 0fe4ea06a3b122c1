/* SPDX-License-Identifier: Apache-2.0 */

/* What an operator sees of the line that is being typed, on a terminal of 80 columns. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_console.h"
#include "screen.h"

#define ADDRESS "http://localhost:7000/?code=c0de5ecret&state="

static struct screen screen;

/* Types bytes and shows what comes back. */
static void keys_of(const char *bytes, size_t len)
{
    type_bytes(bytes, len);
    screen_put(&screen, out);
}

static void keys(const char *text)
{
    keys_of(text, strlen(text));
}

/* The row of the cursor, which is marked by _. */
static const char *row(void)
{
    static char text[SCREEN_COLUMNS + 3];
    const char *shown = screen_from(&screen, screen.row);

    text[0] = '\0';
    strncat(text, shown, strcspn(shown, "\n"));
    return text;
}

static void fresh(void)
{
    keys("\x03");
    screen_init(&screen);
    keys("\r");
}

static int set_up_screen(void **state)
{
    set_up(state);
    fresh();
    return 0;
}

/* --- editing --- */

struct shown {
    const char *typed, *row;
};

static void check_rows(const struct shown *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t cut = 0; cut <= strlen(rows[i].typed); cut++) { /* in two reads */
            fresh();
            keys_of(rows[i].typed, cut);
            keys(rows[i].typed + cut);
            if (strcmp(row(), rows[i].row) != 0)
                print_error("%zu, cut at %zu: %s\n", i, cut, row());
            assert_string_equal(row(), rows[i].row);
        }
    }
}

static void keys_edit_the_line(void **state)
{
    static const struct shown rows[] = {
        {"ab\x7f", "tk> a_"},
        {"ab\b\b\b", "tk> _"},
        {"abc\x02X", "tk> abX_c"},
        {"abc\x1b[DX", "tk> abX_c"},
        {"abc\x1bOD\x1bODX", "tk> aX_bc"},
        {"abc\x02\x02\x06X", "tk> abX_c"},
        {"abc\x1b[D\x1b[D\x1b[CX", "tk> abX_c"},
        {"abc\x1b[D\x1b[D\x1bOC\x1bOC\x1bOCX", "tk> abcX_"},
        {"abc\x01X", "tk> X_abc"},
        {"abc\x1b[HX", "tk> X_abc"},
        {"abc\x1bOHX", "tk> X_abc"},
        {"abc\x1b[1~X", "tk> X_abc"},
        {"abc\x1b[7~X", "tk> X_abc"},
        {"abc\x01\x05X", "tk> abcX_"},
        {"abc\x01\x1b[FX", "tk> abcX_"},
        {"abc\x01\x1bOFX", "tk> abcX_"},
        {"abc\x01\x1b[4~X", "tk> abcX_"},
        {"abc\x01\x1b[8~X", "tk> abcX_"},
        {"abc\x01\x1b[3~", "tk> _bc"},
        {"abc\x1b[3~", "tk> abc_"},
        {"abc\x01\x04", "tk> _bc"},
        {"abc\x02\x7f", "tk> a_c"},
        {"abc\x01\x7f", "tk> _abc"},
        {"abc\x02\x0b", "tk> ab_"},
        {"abc\x0b", "tk> abc_"},
        {"abc\x15", "tk> _"},
        {"abc\x02\x15", "tk> _c"},
        {"ab cd  \x17", "tk> ab _"},
        {"ab cd\x17\x17", "tk> _"},
        {"ab cd ef\x02\x02\x17", "tk> ab _ef"},
        {"abc\x0c", "tk> abc_"},
        {"abc\x02\x0c", "tk> ab_c"},
        {"abc\x1b[B", "tk> _"},
        {"abc\x0e", "tk> _"},
        {"abc\x0e\x10", "tk> abc_"},
        {"abc\x10", "tk> abc_"},
        {"ab\tc", "tk> ab c_"},
        {"ab\x1a\x11\x13"
         "c",
         "tk> abc_"},
    };

    (void)state;
    check_rows(rows, sizeof rows / sizeof rows[0]);
}

static void an_edited_line_is_run_as_it_is_shown(void **state)
{
    (void)state;
    keys("logg infoo\x01\x06\x06\x06\x1b[3~\x05\x7f\r");
    assert_string_equal(screen_from(&screen, 1), "tk> log info\nOK log=info\ntk> _\n");
    fresh();
    keys("info\x01log \r");
    assert_string_equal(screen_from(&screen, 1), "tk> log info\nOK log=info\ntk> _\n");
}

/* What a terminal sends by itself, and keys that have no meaning here. */
static const char *const dropped[] = {
    "\x1b[I",
    "\x1b[O",
    "\x1b[200~",
    "\x1b[201~",
    "\x1b[M !!",
    "\x1b[M\xff\xfe!",
    "\x1b[<0;12;7M",
    "\x1b[<0;12;7m",
    "\x1b[32;12;7M",
    "\x1b[?1;2c",
    "\x1b[?62;1;2;6;22c",
    "\x1b[>0;276;0c",
    "\x1b[0n",
    "\x1b[24;80R",
    "\x1b[?2004;2$y",
    "\x1b[8;24;80t",
    "\x1b[1;5D",
    "\x1b[3;5~",
    "\x1b[15~",
    "\x1b[2~",
    "\x1b[5~",
    "\x1b[Z",
    "\x1b[[A",
    "\x1bOP",
    "\x1bOM",
    "\x1bO5D",
    "\33f",
    "\x1b\x7f",
    "\x1b(B",
    "\x1b#8",
    "\x1b\x1b[200~",
    "\x1b]11;rgb:0000/0000/0000\x07",
    "\x1b]11;rgb:0000/0000/0000\x1b\\",
    "\x1b]52;c;c3RhdHVz\x07",
    "\x1bP>|tmux 3.3a\x1b\\",
    "\x1bP1$r0m\x1b\\",
    "\x1b_Gi=1;OK\x1b\\",
    "\x1b^private\x1b\\",
    "\x1bXstart\x1b\\",
    "\x1b]0;a\x11\x13 b\x1b[I",
};

static void reports_are_dropped_whole(void **state)
{
    char typed[64];

    (void)state;
    for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++) {
        struct shown at_start = {typed, "tk> abc_"}, within = {typed, "tk> ab_c"};

        snprintf(typed, sizeof typed, "%sabc", dropped[i]);
        check_rows(&at_start, 1);
        snprintf(typed, sizeof typed, "abc\x02%s", dropped[i]);
        check_rows(&within, 1);
        snprintf(typed, sizeof typed, "@1 log %soff\r", dropped[i]);
        fresh();
        keys(typed);
        assert_non_null(strstr(screen_from(&screen, 0), "@1 OK log=off\n"));
    }
}

static void a_string_of_any_length_is_dropped(void **state)
{
    static char text[20000];

    (void)state;
    memset(text, 'x', sizeof text);
    keys("ab\x1b]52;c;");
    keys_of(text, sizeof text);
    keys("\x1b\\c");
    assert_string_equal(row(), "tk> abc_");
}

/* Alt-] typed by mistake: what was typed behind it is lost, so the line is not run. */
static void a_string_without_an_end_costs_its_line(void **state)
{
    (void)state;
    keys("log off\x1b] not this\r");
    assert_non_null(strstr(out, "ERR bad_byte "));
    keys("log off\r");
    assert_non_null(strstr(out, "OK log=off"));
    keys("log off\x1bPq\x03");
    keys("log info\r");
    assert_non_null(strstr(out, "OK log=info"));
}

static void an_unfinished_sequence_ends_with_its_line(void **state)
{
    static const char *const unfinished[] = {"\x1b", "\x1b[", "\x1b[1;", "\x1bO", "\x1b[M!"};
    char typed[40];

    (void)state;
    for (size_t i = 0; i < sizeof unfinished / sizeof unfinished[0]; i++) {
        snprintf(typed, sizeof typed, "log off%s\r", unfinished[i]);
        keys(typed);
        assert_non_null(strstr(out, "OK log=off"));
    }
}

/* --- the line before --- */

static void up_brings_back_the_line_before_once(void **state)
{
    (void)state;
    keys("log  off\r\x1b[A");
    assert_string_equal(row(), "tk> log  off_");
    keys("\x1b[A");
    assert_string_equal(row(), "tk> log  off_");
    keys("\x17info\r");
    assert_non_null(strstr(out, "OK log=info"));
    keys("\r\r\x10"); /* empty lines leave it */
    assert_string_equal(row(), "tk> log  info_");
    keys("\x0e");
    assert_string_equal(row(), "tk> _");
    keys("\x10");
    assert_string_equal(row(), "tk> log  info_");
    keys("\x03x\x0bs\x7f\x7f\x10");
    assert_string_equal(row(), "tk> _");
    keys("set scope crm,user\r\x10");
    assert_string_equal(row(), "tk> set scope crm,user_");
    keys("\r\x10");
    assert_string_equal(row(), "tk> set scope crm,user_");
}

static void a_refused_line_can_be_mended(void **state)
{
    (void)state;
    keys("log of\xc3\xbc\r\x10");
    assert_string_equal(row(), "tk> log of??_");
    keys("\x7f\x7f"
         "f\r");
    assert_non_null(strstr(out, "OK log=off"));
}

static bool remembers(const char *word)
{
    const char *typed = w.keeper.consoles[0].line.typed;
    size_t i = 0, len = strlen(word);

    while (i + len <= TK_LINE_MAX && memcmp(typed + i, word, len) != 0)
        i++;
    return i + len <= TK_LINE_MAX;
}

static void up_never_shows_a_secret(void **state)
{
    static const char *const lines[] = {
        "set client_secret hunter2\r",
        "set client_secret\rhunter2\r",
        "set escalate_url https://h/hunter2\r",
        "auth code hunter2\r",
        ADDRESS "hunter2\r",
        "set portal http://h/?code=hunter2\r",
        "set clientsecret hunter2\r",
        "unset client_secret hunter2\r",
        "pin hunter2\r",
        "seed hunter2\r",
        "client_secret hunter2\x01set \r",
        "set xclient_secret hunter2\x01\x06\x06\x06\x06\x04\r",
        "set client_secret hunter2\x15\r",
        "set client_secret hunter2\x0e\r",
        "set client_secret hunter2\x17\r",
        "set client_secret hunter2\x03",
        "@1 set client_secret hunter2\r",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        fresh();
        keys(lines[i]);
        tk_sim_advance(&w.port, 300);
        keys("");
        keys("\x10");
        assert_null(strstr(screen_from(&screen, screen.row), "hunter"));
        keys("\x1b[A\x1b[B\x10\x05");
        assert_null(strstr(screen_from(&screen, screen.row), "hunter"));
        assert_false(remembers("hunter"));
    }
}

/* --- secrets --- */

static void hidden_text_is_edited_at_its_end(void **state)
{
    static const struct shown rows[] = {
        {"set client_secret ab", "tk> set client_secret _"},
        {"set client_secret ab\x02\x01\x05\x06\x1b[3~\x0b\x10", "tk> set client_secret _"},
        {"set client_secret ab\x0c", "tk> set client_secret _"},
        {"set client_secret ab\x17\x7f", "tk> set client_secret_"},
        {"set client_secret ab\x7f\x7f\x7f\x7f", "tk> set client_secre_"},
        {"set client_secret ab\x15", "tk> _"},
        {"set client_secret ab\x0e", "tk> _"},
        {"client_secret ab\x01set ", "tk> set client_secret _"},
        {"http://ab\x7f\x7f\x7f/", "tk> http://_"},
        {"/?ode=ab\x02\x02\x02\x02\x02\x02"
         "c",
         "tk> /?code=_"},
    };

    (void)state;
    check_rows(rows, sizeof rows / sizeof rows[0]);
    fresh();
    keys("set client_secret abXY\x7f\x7f\x02"
         "c\r");
    assert_non_null(strstr(out, "(3 characters, hidden)"));
    assert_string_equal(w.keeper.accounts.of[0].client.client_secret, "abc");
}

static void a_value_that_is_asked_for_can_be_begun_again(void **state)
{
    (void)state;
    keys("set client_secret\rwrong\x15");
    keys("wrong too\x17\x10\x01\x0c right\x7f\x7f\x7f\x7f\x7f\x7fright\r");
    assert_string_equal(w.keeper.accounts.of[0].client.client_secret, "right");
    assert_string_equal(screen_from(&screen, 1),
                        "tk> set client_secret\nclient_secret: (5 characters, hidden)\n"
                        "OK client_secret_len=5 client_secret_sha256=27042f4e\ntk> _\n");
}

/* --- long lines --- */

static void a_long_line_scrolls(void **state)
{
    char text[201];

    (void)state;
    for (size_t i = 0; i < 200; i++)
        text[i] = (char)('a' + i % 26);
    text[200] = '\0';
    keys(text);
    assert_int_equal(screen.row, 1); /* it did not wrap */
    assert_in_range(screen.column, 5, 79);
    assert_memory_equal(screen.rows[1] + screen.column - 20, text + 180, 20);
    keys("\x01");
    assert_int_equal(screen.column, 4);
    assert_memory_equal(screen.rows[1], "tk> ", 4);
    assert_memory_equal(screen.rows[1] + 4, text, 75);
    keys("\x05\x7f\x7f\x01\x04");
    assert_memory_equal(screen.rows[1] + 4, text + 1, 75);
    assert_int_equal(w.keeper.consoles[0].line.len, 197);
    for (int i = 0; i < 300; i++)
        keys("\x06");
    assert_int_equal(w.keeper.consoles[0].line.at, 197);
    assert_int_equal(screen.row, 1);
    assert_memory_equal(screen.rows[1] + screen.column - 10, text + 188, 10);
    for (int i = 0; i < 190; i++) {
        keys("\x02");
        assert_in_range(screen.column, 4, 79);
        char under = screen.rows[1][screen.column];

        assert_int_equal(under, w.keeper.consoles[0].line.typed[w.keeper.consoles[0].line.at]);
    }
    keys("\x15\x0b");
    assert_string_equal(row(), "tk> _");
    assert_int_equal(screen.row, 1);
}

static void the_longest_line_can_be_typed_in_the_middle(void **state)
{
    char text[TK_LINE_MAX + 2];

    (void)state;
    memset(text, 'x', sizeof text);
    keys_of(text, TK_LINE_MAX);
    assert_int_equal(w.keeper.consoles[0].line.len, TK_LINE_MAX);
    keys("\x01y");
    assert_int_equal(w.keeper.consoles[0].line.refusal, TK_E_LINE_TOO_LONG);
    keys("\r");
    assert_non_null(strstr(out, "ERR line_too_long "));
}

/* --- EVT and LOG --- */

static void event(void)
{
    char buf[16];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "test");
    tk_keeper_event(&w.keeper, &t);
    keys("");
}

static void an_event_does_not_tear_what_is_typed(void **state)
{
    static const struct {
        const char *typed, *after, *seen;
    } rows[] = {
        {"log of", "f\r", "EVT test\ntk> log off\nOK log=off\ntk> _\n"},
        {"log ff\x02\x02", "o\r", "EVT test\ntk> log off\nOK log=off\ntk> _\n"},
        {"set client_secret hun", "ter2\r",
         "EVT test\ntk> set client_secret (7 characters, hidden)\n"
         "OK client_secret_len=7 client_secret_sha256=f52fbd32\ntk> _\n"},
        {"@1 log of", "f\r", "tk>\nEVT test\ntk>\n@1 OK log=off\n_\n"},
        {"", "log off\r", "tk>\nEVT test\ntk> log off\nOK log=off\ntk> _\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fresh();
        keys(rows[i].typed);
        event();
        keys(rows[i].after);
        assert_string_equal(screen_from(&screen, 1), rows[i].seen);
    }
}

static void two_events_do_not_either(void **state)
{
    (void)state;
    keys("status --al\x02\x02");
    event();
    event();
    assert_string_equal(screen_from(&screen, 1), "EVT test\nEVT test\ntk> status --_al\n");
}

/* What is typed while a command is in progress is shown after its answer. */
static void what_is_typed_early_is_shown_later(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 11000);
    world_latency(&w, 2000);
    keys("\r");
    screen_init(&screen);
    keys("auth refresh\rlog of");
    assert_string_equal(screen_from(&screen, 0), "auth refresh\n_\n");
    tk_sim_advance(&w.port, 2100);
    keys("");
    tk_sim_advance(&w.port, 2100);
    keys("");
    assert_string_equal(row(), "tk> log of_");
    keys("f\r");
    assert_non_null(strstr(out, "OK log=off"));
}

/* --- characters that are refused --- */

static void a_refused_character_is_named(void **state)
{
    static const struct {
        const char *typed, *words;
    } rows[] = {
        {"set scope a\xc2\xa0z", "the line held a no-break space at column 12; "},
        {"set\xc2\xadscope a", "the line held a soft hyphen at column 4; "},
        {"log\xe2\x80\x8b", "the line held a zero-width space at column 4; "},
        {"\xef\xbb\xbflog", "the line held a byte order mark at column 1; "},
        {"log \xe2\x80\x9coff\xe2\x80\x9d", "the line held a curly quote or a dash at column 5; "},
        {"log \xe2\x80\x98off", "the line held a curly quote or a dash at column 5; "},
        {"log \xc3\xbc\xc2\xa0", "the line held a letter that is not ASCII at column 5; "},
        {"log \xd0\xb0", "the line held a letter that is not ASCII at column 5; "},
        {"log \xe2\x80\x93", "the line held a curly quote or a dash at column 5; "},
        {"log \xf0\x9f\x98\x80", "the line held a letter that is not ASCII at column 5; "},
        {"log \xff", "the line held a letter that is not ASCII at column 5; "},
        {"log \x12off", "the line held a control character at column 5; "},
        {"log \x1d", "the line held a control character at column 5; "},
        {"@1 log \xc2\xa0", "the line held a no-break space at column 8; "},
        {"@1 log \x04", "the line held a control character at column 8; "},
        {"@1 log \x17", "the line held a control character at column 8; "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t cut = 0; cut <= strlen(rows[i].typed); cut++) {
            fresh();
            type_bytes(rows[i].typed, cut);
            type(rows[i].typed + cut);
            type("\r");
            if (strstr(out, rows[i].words) == NULL)
                print_error("%zu, cut at %zu: %s\n", i, cut, out);
            assert_non_null(strstr(out, "ERR bad_byte the line held "));
            assert_non_null(strstr(out, rows[i].words));
        }
    }
}

static void a_deleted_character_is_no_longer_refused(void **state)
{
    (void)state;
    keys("log \xc3\xbc");
    assert_string_equal(row(), "tk> log ??_");
    keys("\x7f\x7foff\r");
    assert_non_null(strstr(out, "OK log=off"));
    keys("\xef\xbb\xbflog info\x01\x04\x04\x04\r");
    assert_non_null(strstr(out, "OK log=info"));
    keys("\x12\x15log off\r");
    assert_non_null(strstr(out, "OK log=off"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_screen, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(keys_edit_the_line),
        TEST(an_edited_line_is_run_as_it_is_shown),
        TEST(reports_are_dropped_whole),
        TEST(a_string_of_any_length_is_dropped),
        TEST(a_string_without_an_end_costs_its_line),
        TEST(an_unfinished_sequence_ends_with_its_line),
        TEST(up_brings_back_the_line_before_once),
        TEST(a_refused_line_can_be_mended),
        TEST(up_never_shows_a_secret),
        TEST(hidden_text_is_edited_at_its_end),
        TEST(a_value_that_is_asked_for_can_be_begun_again),
        TEST(a_long_line_scrolls),
        TEST(the_longest_line_can_be_typed_in_the_middle),
        TEST(an_event_does_not_tear_what_is_typed),
        TEST(two_events_do_not_either),
        TEST(what_is_typed_early_is_shown_later),
        TEST(a_refused_character_is_named),
        TEST(a_deleted_character_is_no_longer_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
