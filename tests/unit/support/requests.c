/* SPDX-License-Identifier: Apache-2.0 */
#include "requests.h"

#include "tk_container.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct tk_port port;
struct tk_https https;
static struct tk_time wall;

static enum tk_err write_request(struct tk_request *r, struct tk_text *out)
{
    struct test_request *x = TK_CONTAINER_OF(r, struct test_request, r);

    x->writes++;
    tk_text_add(out, "GET /");
    tk_text_add(out, x->name);
    for (size_t i = 0; i < x->padding; i++)
        tk_text_char(out, ' ');
    tk_text_add(out, "\r\n\r\n");
    return x->write_err;
}

static void note_end(struct tk_request *r, enum tk_err err, struct tk_http *response)
{
    struct test_request *x = TK_CONTAINER_OF(r, struct test_request, r);

    x->dones++;
    x->err = err;
    x->has_response = response != NULL;
    if (response != NULL)
        assert_ptr_not_equal(tk_https_borrow_buffer(&https), response->body);
    x->status = response != NULL ? response->status : 0;
    x->done_ms = port.now_ms;
    if (x->submit_again > 0) {
        x->submit_again--;
        tk_https_submit(&https, r);
    }
    if (x->cancel_in_done)
        tk_https_cancel(&https, r);
}

void submit(struct test_request *x, const char *name, const char *host, enum tk_priority priority)
{
    x->name = name;
    assert_true(tk_host_parse(&x->r.host, host, NULL));
    x->r.priority = priority;
    if (x->r.deadline_ms == 0)
        x->r.deadline_ms = port.now_ms + 30 * SECOND;
    x->r.write = x->connect_only ? NULL : write_request;
    x->r.done = note_end;
    tk_https_submit(&https, &x->r);
}

void run_for(uint64_t ms)
{
    uint64_t end_ms = port.now_ms + ms;
    unsigned spins = 0;

    for (;;) {
        uint64_t until_ms = tk_https_step(&https, port.now_ms);
        uint64_t event_ms = tls_fake_next_ms(port.now_ms);

        until_ms = event_ms < until_ms ? event_ms : until_ms;
        if (until_ms > end_ms && port.now_ms == end_ms)
            return;
        until_ms = until_ms < end_ms ? until_ms : end_ms;
        spins = until_ms > port.now_ms ? 0 : spins + 1;
        assert_true(spins < 1000);
        if (until_ms > port.now_ms)
            tk_sim_advance(&port, until_ms - port.now_ms);
    }
}

void assert_log(const char *log)
{
    assert_string_equal(tls_fake.log, log);
    tls_fake.log[0] = '\0';
}

void assert_ended(const struct test_request *x, enum tk_err err, uint64_t at_ms)
{
    assert_int_equal(x->dones, 1);
    assert_string_equal(tk_err_code(x->err), tk_err_code(err));
    assert_true(x->has_response || err != TK_OK);
    assert_int_equal(x->done_ms, at_ms);
    assert_false(tk_https_active(&x->r));
}

int https_begin(void **state)
{
    (void)state;
    tls_fake_reset();
    tk_sim_init(&port, 1);
    tk_sim_set_wall(&port, TK_TIME_RTC, 1795000000);
    tk_time_init(&wall, &port, 1790000000);
    memset(&https, 0xff, sizeof https); /* of an owner that does not clear it */
    return tk_https_init(&https, &port, &wall, NULL, NULL) == TK_OK ? 0 : -1;
}

/* The others have a request each that is never answered. */
int https_begin_two(void **state)
{
    static struct test_request held[TK_CONNECTIONS];

    if (https_begin(state) != 0)
        return -1;
    memset(held, 0, sizeof held);
    tls_fake.response_ms = NEVER;
    for (size_t i = 2; i < TK_CONNECTIONS; i++) {
        held[i].r.deadline_ms = NEVER;
        submit(&held[i], "held", "held", TK_PRIORITY_EXCHANGE);
    }
    run_for(0);
    tls_fake.response_ms = 0;
    tls_fake.opened = 0;
    tls_fake.log[0] = '\0';
    return 0;
}

int https_end(void **state)
{
    (void)state;
    tk_https_free(&https);
    tk_sim_free(&port);
    return 0;
}
