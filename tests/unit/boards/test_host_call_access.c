/* SPDX-License-Identifier: Apache-2.0 */

/* Which REST calls a client may make: methods, and each command of a batch. */

#include "call_access.h"
#include "host_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct tk_access access_file;
static struct tk_batch_commands commands;

static struct tk_access_rights rights(bool is_owner)
{
    struct tk_peer peer = {.uid = 1004};

    memset(&access_file, 0, sizeof access_file);
    strcpy(access_file.text, "user 1004 accounts=token call=crm.*,user.current,app.info\n");
    assert_true(tk_access_parse(&access_file, "F"));
    return (struct tk_access_rights){
        .access = &access_file, .rights = tk_access_of(&access_file, &peer), .is_owner = is_owner};
}

static enum tk_access_verdict judge(const char *method)
{
    struct tk_access_rights r = rights(false);

    return tk_access_judge(&r, "token", method);
}

static enum tk_access_verdict judge_batch(const char *body)
{
    struct tk_access_rights r = rights(false);

    return tk_access_judge_batch(&r, "token", body, strlen(body), &commands);
}

static void methods(void **state)
{
    struct tk_access_rights r = rights(true);

    (void)state;
    assert_int_equal(judge("crm.deal.list"), TK_ACCESS_ALLOWED);
    assert_int_equal(judge("api/crm.deal.list"), TK_ACCESS_ALLOWED);
    assert_int_equal(judge("app.info"), TK_ACCESS_ALLOWED);
    assert_int_equal(judge("im.notify"), TK_ACCESS_REFUSED);
    assert_int_equal(judge("event.bind"), TK_ACCESS_REFUSED);
    assert_int_equal(judge("api/event.bind"), TK_ACCESS_REFUSED);
    assert_int_equal(judge("crm.deal.list.json"), TK_ACCESS_REFUSED);
    assert_int_equal(judge("crm/deal"), TK_ACCESS_MALFORMED);
    assert_int_equal(judge(""), TK_ACCESS_MALFORMED);
    assert_int_equal(judge("batch"), TK_ACCESS_ALLOWED);
    assert_int_equal(judge("BATCH.json"), TK_ACCESS_MALFORMED);
    assert_int_equal(judge("api/batch"), TK_ACCESS_MALFORMED);
    assert_int_equal(tk_access_judge(&r, "token", "event.bind"), TK_ACCESS_ALLOWED);
    assert_int_equal(tk_access_judge(&r, "token", "batch.xml"), TK_ACCESS_MALFORMED);
}

static void commands_of_a_batch(void **state)
{
    static const char *const refused[] = {
        "{\"cmd\":{\"a\":\"crm.x.get\",\"b\":\"im.notify?a=b\"}}",
        "{\"cmd\":[\"im.notify\"]}",
        "{\"CMD\":[\"im.notify\"]}",
        "{\"c\\u006dd\":[\"im.notify\"]}",
        "{\"cmd\":[\"crm.x.get\"],\"cmd\":[\"im.notify\"]}",
        "{\"cmd\":[\"\\u0069m.notify\"]}",
        "{\"cmd\":[\"event.bind\"],\"Cmd\":[\"crm.x.get\"]}",
    };

    (void)state;
    assert_int_equal(
        judge_batch("{\"halt\":0,\"cmd\":{\"a\":\"crm.x.get?id=1\",\"b\":\"user.current\"}}"),
        TK_ACCESS_ALLOWED);
    assert_true(commands.reads);
    assert_int_equal(judge_batch("{\"cmd\":[\"crm.x.get\",\"crm.x.add?a[]=%20\"]}"),
                     TK_ACCESS_ALLOWED);
    assert_false(commands.reads);
    assert_int_equal(judge_batch("{\"cmd\":[]}"), TK_ACCESS_ALLOWED);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_equal(judge_batch(refused[i]), TK_ACCESS_REFUSED);
    assert_int_equal(judge_batch("{\"cmd\":[\"crm.lead.list\",\"im.notify\",\"im.notify\"]}"),
                     TK_ACCESS_REFUSED);
    assert_int_equal(commands.count, 2);
}

static void malformed_batches(void **state)
{
    static const char *const wrong[] = {"",
                                        "{}",
                                        "[]",
                                        "{\"cmd\":\"crm.x.get\"}",
                                        "{\"cmd\":{\"a\":{\"b\":\"crm.x.get\"}}}",
                                        "{\"cmd\":[1]}",
                                        "{\"cmd\":[\"batch?cmd[a]=im.notify\"]}",
                                        "{\"cmd\":[\"Batch\"]}",
                                        "{\"cmd\":[\" crm.x.get\"]}",
                                        "{\"cmd\":[\"/crm.x.get\"]}",
                                        "{\"cmd\":[\"api/crm.x.get\"]}",
                                        "{\"cmd\":[\"crm.x.get\\u0000\"]}",
                                        "{\"cmd\":[\"crm.x.get?auth=1\"]}",
                                        "{\"cmd\":[\"crm.x.get?a=1&%61uth=1\"]}",
                                        "{\"cmd\":[\"crm.x.get?a=1&+AUTH[x]=1\"]}",
                                        "{\"cmd\":[\"crm.x.get?%20auth=1\"]}",
                                        "{\"cmd\":[\"crm.x.get?+%20+auth=1\"]}",
                                        "{\"cmd\":[\"crm.x.get?%20%20auth=1\"]}",
                                        "{\"cmd\":[\"crm.x.get?access%20token=1\"]}",
                                        "{\"cmd\":[\"crm.x.get?access.token=1\"]}",
                                        "{\"cmd\":[\"crm.x.get?access[token=1\"]}",
                                        "{\"cmd\":[\"crm.x.get?auth\"]}"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(judge_batch(wrong[i]), TK_ACCESS_MALFORMED);
    assert_int_equal(judge_batch("{\"cmd\":[\"crm.x.get?author=1&x=auth\"]}"), TK_ACCESS_ALLOWED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods),
        cmocka_unit_test(commands_of_a_batch),
        cmocka_unit_test(malformed_batches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
