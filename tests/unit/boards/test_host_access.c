/* SPDX-License-Identifier: Apache-2.0 */

/* The access file of the host program: what it takes, and what it permits. */

#include "access.h"
#include "host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct tk_access access_file;
static char message[512];

/* Stands in for that of the program. */
void tk_host_message(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
}

static bool parse(const char *text)
{
    memset(&access_file, 0, sizeof access_file);
    strcpy(access_file.text, text);
    message[0] = '\0';
    return tk_access_parse(&access_file, "F");
}

static struct tk_peer peer_of(uid_t uid, gid_t group, gid_t other)
{
    return (struct tk_peer){.uid = uid, .count = 2, .groups = {group, other}};
}

/* The rights of user 1004 in groups 1004 and 50. */
static tk_rights rights(void)
{
    struct tk_peer peer = peer_of(1004, 1004, 50);

    return tk_access_of(&access_file, &peer);
}

static bool may_call(const char *method)
{
    return tk_access_may_call(&access_file, rights(), "token", method);
}

static void rules_add_up(void **state)
{
    (void)state;
    assert_true(parse("# who\n"
                      "user 1004 accounts=token get\n"
                      "\tgroup 50  accounts=shop,crm2\tcall=crm.*   # no get\r\n"
                      "user 1005 accounts=* get call=user.current"));
    assert_int_equal(access_file.count, 3);
    assert_true(tk_access_may_get(&access_file, rights(), "token"));
    assert_false(tk_access_may_get(&access_file, rights(), "shop"));
    assert_false(tk_access_may_get(&access_file, rights(), "tok"));
    assert_false(tk_access_may_get(&access_file, rights(), "tokens"));
    assert_false(tk_access_may_get(&access_file, rights(), ""));
    assert_true(tk_access_may_call(&access_file, rights(), "token", "user.current"));
    assert_true(tk_access_may_call(&access_file, rights(), "crm2", "crm.deal.list"));
    assert_false(tk_access_may_call(&access_file, rights(), "crm2", "user.current"));
    assert_false(tk_access_may_call(&access_file, rights(), "crm", "crm.deal.list"));
}

static void those_who_are_not_named_have_no_rights(void **state)
{
    struct tk_peer peer = peer_of(1006, 1006, 51);

    (void)state;
    assert_true(parse("user 1004 accounts=* get\ngroup 50 accounts=* get\n"));
    assert_int_equal(tk_access_of(&access_file, &peer), 0);
    assert_false(tk_access_may_get(&access_file, 0, "token"));
    assert_false(tk_access_may_call(&access_file, 0, "token", "profile"));
    assert_true(parse("# none\n\n"));
    assert_int_equal(tk_access_of(&access_file, &peer), 0);
}

static void root_and_the_services_user_need_no_rule(void **state)
{
    struct tk_peer root = peer_of(0, 0, 0), self = peer_of(geteuid(), 1, 1);

    (void)state;
    assert_true(parse(""));
    assert_true(tk_access_of(&access_file, &root) == TK_RIGHTS_ALL);
    assert_true(tk_access_of(&access_file, &self) == TK_RIGHTS_ALL);
    assert_true(tk_access_may_get(&access_file, TK_RIGHTS_ALL, "any"));
    assert_true(tk_access_may_call(&access_file, TK_RIGHTS_ALL, "any", "crm.deal.list"));
    assert_false(tk_access_may_call(&access_file, TK_RIGHTS_ALL, "any", "event.bind"));
}

static void without_a_file_all_have_the_rights(void **state)
{
    (void)state;
    assert_true(tk_access_load(&access_file, NULL));
    assert_true(rights() == TK_RIGHTS_ALL);
}

static void patterns_match_whole_methods(void **state)
{
    (void)state;
    assert_true(parse("user 1004 accounts=* call=crm.*.list,user.current,*.get,tasks.*"));
    assert_true(may_call("crm.deal.list"));
    assert_true(may_call("CRM.Deal.LIST"));
    assert_true(may_call("crm.deal.x.list"));
    assert_true(may_call("user.current"));
    assert_true(may_call("disk.file.get"));
    assert_true(may_call("tasks.task.add"));
    assert_false(may_call("crm.deal.list.x"));
    assert_false(may_call("crm.list"));
    assert_false(may_call("crm.deal.lists"));
    assert_false(may_call("xcrm.deal.list"));
    assert_false(may_call("user.currents"));
    assert_false(may_call("user.curren"));
    assert_false(may_call("get"));
    assert_false(may_call("tasks"));
    assert_true(parse("user 1004 accounts=* call=*"));
    assert_true(may_call("profile"));
    assert_true(parse("user 1004 accounts=* call=**a*b**"));
    assert_true(may_call("xxaabb.b"));
    assert_false(may_call("xxbba"));
}

static void what_changes_who_receives_needs_its_full_name(void **state)
{
    static const char *const methods[] = {"event.bind",        "Event.Bind",
                                          "imbot.register",    "bizproc.workflow.start",
                                          "BIZPROC.robot.add", "placement.bind",
                                          "placement.get",     "app.option.set",
                                          "app.info",          "messageservice.sender.x.register"};

    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        char rule[128];

        assert_true(parse("user 1004 accounts=* get"));
        assert_false(may_call(methods[i]));
        assert_true(parse("user 1004 accounts=* call=*,*i*,e*,b*,im*.*er,messageservice.*"));
        assert_false(may_call(methods[i]));
        snprintf(rule, sizeof rule, "user 1004 accounts=* call=crm.*,%s", methods[i]);
        assert_true(parse(rule));
        assert_true(may_call(methods[i]));
    }
    assert_true(parse("user 1004 accounts=* call=*"));
    assert_true(may_call("event.unbind"));
    assert_true(may_call("apps.list"));
    assert_true(may_call("crm.app.list"));
}

static void other_spellings_of_a_method_are_refused(void **state)
{
    static const char *const methods[] = {
        "",          "batch",      "BATCH",       "batch.json",       "event.bind.json",
        "crm.x.XML", "crm..x",     ".crm.x",      "crm.x.",           "crm.x/event.bind",
        "crm.x?a=b", "crm.%62ind", "crm.x\nbind", "crm.x event.bind", "crm.*",
        "../crm.x",  "crm.x#",     "crm.x&a",     "crm.\xc3\xa4"};

    (void)state;
    assert_true(parse("user 1004 accounts=* get call=*,batch,event.bind,crm.*"));
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        assert_false(may_call(methods[i]));
}

static void invalid_rules_are_reported_with_their_line(void **state)
{
    static const struct {
        const char *text, *words;
    } wrong[] = {
        {"users 1 accounts=* get", "F:1: a rule begins with user or group, not 'users'"},
        {"\n\nuser", "F:3: no name after 'user'"},
        {"user no-such-user accounts=* get", "F:1: unknown user 'no-such-user'"},
        {"group no-such-group accounts=* get", "F:1: unknown group 'no-such-group'"},
        {"user -1 accounts=* get", "F:1: unknown user '-1'"},
        {"user 4294967295 accounts=* get", "F:1: unknown user '4294967295'"},
        {"user 1 get", "F:1: missing 'accounts='"},
        {"user 1 accounts=*", "F:1: this rule permits nothing; missing 'get or call='"},
        {"user 1 accounts=* get get", "F:1: a second 'get'"},
        {"user 1 accounts=* accounts=a get", "F:1: a second 'accounts='"},
        {"user 1 accounts=* call=a call=b", "F:1: a second 'call='"},
        {"user 1 accounts=* gets", "F:1: unexpected 'gets'"},
        {"user 1 accounts=* get call", "F:1: unexpected 'call'"},
        {"user 1 accounts=* admin", "F:1: unexpected 'admin'"},
        {"user 1 accounts= get", "F:1: not a list of accounts: ''"},
        {"user 1 accounts=a, get", "F:1: not a list of accounts: 'a,'"},
        {"user 1 accounts=a,*,b get", "F:1: not a list of accounts: 'a,*,b'"},
        {"user 1 accounts=A get", "F:1: not a list of accounts: 'A'"},
        {"user 1 accounts=abcdefghijklmnopq get",
         "F:1: not a list of accounts: 'abcdefghijklmnopq'"},
        {"user 1 accounts=* call=", "F:1: not a list of methods: ''"},
        {"user 1 accounts=* call=a,,b", "F:1: not a list of methods: 'a,,b'"},
        {"user 1 accounts=* call=a/b", "F:1: not a list of methods: 'a/b'"},
        {"user 1 accounts=* call=crm.*,bizproc.*",
         "F:1: these methods are permitted by their full names only: 'crm.*,bizproc.*'"},
        {"user 1 accounts=* call=*.bind",
         "F:1: these methods are permitted by their full names only: '*.bind'"},
        {"user 1 accounts=* get\nuser 1 accounts=* call=app.op*",
         "F:2: these methods are permitted by their full names only: 'app.op*'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(parse(wrong[i].text));
        assert_string_equal(message, wrong[i].words);
    }
}

static void the_number_of_rules_is_limited(void **state)
{
    char text[TK_ACCESS_SIZE] = "";

    (void)state;
    for (int i = 0; i < TK_ACCESS_RULES; i++)
        strcat(text, "user 1004 accounts=* get\n");
    assert_true(parse(text));
    assert_true(rights() != TK_RIGHTS_ALL);
    strcat(text, "user 1004 accounts=* get\n");
    assert_false(parse(text));
    assert_non_null(strstr(message, "F:64: more rules than fit"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_add_up),
        cmocka_unit_test(those_who_are_not_named_have_no_rights),
        cmocka_unit_test(root_and_the_services_user_need_no_rule),
        cmocka_unit_test(without_a_file_all_have_the_rights),
        cmocka_unit_test(patterns_match_whole_methods),
        cmocka_unit_test(what_changes_who_receives_needs_its_full_name),
        cmocka_unit_test(other_spellings_of_a_method_are_refused),
        cmocka_unit_test(invalid_rules_are_reported_with_their_line),
        cmocka_unit_test(the_number_of_rules_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
