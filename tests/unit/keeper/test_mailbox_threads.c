/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L /* sem_timedwait */
/*
 * The mailbox with threads: the keeper has one, in virtual time, and others ask it, with the hooks
 * of port/posix. What they share is compiled with the thread sanitizer.
 */
#include "patience.h"
#include "tk_mailbox_call.h"
#include "tk_mailbox_private.h"
#include "tk_posix_threads.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "one_world.h"

enum { SLOTS = 3, CALL_SLOTS = 2, THREADS = 8, ROUNDS = 200, STEP_MS = 100 };
enum { COUNT = SLOTS + CALL_SLOTS };

static struct tk_mailbox box;
static struct tk_mailbox_slot slots[SLOTS];
static struct tk_mailbox_call_slot call_slots[CALL_SLOTS];
static struct tk_posix_threads threads;
static struct tk_posix_waiter waiters[TK_MAILBOX_WAITERS(COUNT)];
static struct tk_mailbox_hooks hooks;

static pthread_t loop;
static atomic_bool ending;
static sem_t woken; /* at least one wake-up that the main loop has not seen */

int tk_posix_wake_open(struct tk_port *port);
void tk_posix_wake(const struct tk_port *port);

/* Of port/posix, for a main loop that sleeps in virtual time. */
int tk_posix_wake_open(struct tk_port *port)
{
    (void)port;
    return sem_init(&woken, 0, 0);
}

void tk_posix_wake(const struct tk_port *port)
{
    (void)port;
    sem_post(&woken);
}

/* A cmocka assertion belongs to one thread. */
static void check(bool good, const char *what, int line)
{
    if (good)
        return;
    fprintf(stderr, "line %d: %s\n", line, what);
    abort();
}

#define CHECK(condition) check(condition, #condition, __LINE__)

/* --- the main loop --- */

static atomic_bool held;
static atomic_int unlocks_to_pass;
static sem_t holding, left;

/* In a critical section. */
static bool is_asked(void)
{
    for (int i = 0; i < SLOTS; i++) {
        if (slots[i].state == TK_SLOT_ASKED)
            return true;
    }
    return false;
}

/* Stops the main loop once, after one of the critical sections in which a task asks. */
static void unlock_and_hold(void *ctx, uint32_t before)
{
    bool stop = held && pthread_equal(pthread_self(), loop) && is_asked() && unlocks_to_pass-- == 0;

    tk_posix_threads_unlock(ctx, before);
    if (stop) {
        held = false;
        sem_post(&holding);
        sem_wait(&left);
    }
}

/* Takes all wake-ups. Without one it waits for a moment: virtual time goes on when no task has
 * anything to ask. */
static bool was_woken(void)
{
    struct timespec at;
    bool any = false;

    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_nsec += 100000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_nsec -= 1000000000;
        at.tv_sec++;
    }
    while ((any ? sem_trywait(&woken) : sem_timedwait(&woken, &at)) == 0)
        any = true;
    return any;
}

static void *run_loop(void *arg)
{
    while (!ending) {
        tk_mailbox_run(&box);
        uint64_t until_ms = tk_keeper_run(&w.keeper), end_ms = w.port.now_ms + STEP_MS;

        if (until_ms > w.port.now_ms && !was_woken())
            tk_wait(&w.port, until_ms < end_ms ? until_ms : end_ms);
    }
    return arg;
}

/* --- the portal --- */

static unsigned executed[THREADS * ROUNDS]; /* by the portal, of each number */
static unsigned executed_all, expires_at;

/* Answers with the number in the body. The token expires with one of the calls. */
static const char *on_call(struct server *s, const char *request, const char *body)
{
    static char reply[80];
    const char *at = strstr(body, "\"N\":");
    long number = at == NULL ? -1 : strtol(at + 4, NULL, 10);

    (void)request;
    CHECK(number >= 0 && number < THREADS * ROUNDS);
    executed[number]++;
    memset(w.keeper.calls.buckets, 0, sizeof w.keeper.calls.buckets); /* no limit: it takes long */
    if (++executed_all == expires_at)
        s->rules.pairs[s->rules.pair_count].access_until = 0;
    snprintf(reply, sizeof reply, "{\"result\":{\"ID\":\"%ld\",\"NAME\":\"some words\"}}", number);
    return reply;
}

static void make_mailbox(void)
{
    tk_mailbox_init(&box, &w.keeper, &hooks);
    tk_mailbox_add_slots(&box, slots, SLOTS);
    tk_mailbox_add_call_slots(&box, call_slots, CALL_SLOTS);
}

static int restart(void)
{
    ending = false;
    return pthread_create(&loop, NULL, run_loop, NULL);
}

static int start(void)
{
    if (tk_posix_threads_init(&threads, &w.port, waiters, TK_MAILBOX_WAITERS(COUNT)) != 0)
        return -1;
    hooks = (struct tk_mailbox_hooks)TK_POSIX_THREADS_HOOKS(&threads);
    hooks.unlock = unlock_and_hold;
    make_mailbox();
    return restart();
}

static int begin(void **state)
{
    set_up(state);
    w.server.on_call = on_call;
    memset(executed, 0, sizeof executed);
    executed_all = expires_at = 0;
    world_provision(&w);
    return start();
}

static void end_loop(void)
{
    if (!ending) {
        ending = true;
        pthread_join(loop, NULL);
    }
}

static int end(void **state)
{
    end_loop();
    tk_posix_threads_free(&threads);
    sem_destroy(&woken);
    return tear_down(state);
}

static void start_all(pthread_t all[THREADS], void *(*run)(void *))
{
    for (intptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&all[i], NULL, run, (void *)i), 0);
}

static void join_all(const pthread_t all[THREADS])
{
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(all[i], NULL), 0);
}

/* --- tokens --- */

static bool is_token_of(const char *token, uint32_t generation)
{
    char wanted[20];

    snprintf(wanted, sizeof wanted, "access%u", (unsigned)generation);
    return strcmp(token, wanted) == 0;
}

static void get_one(uint32_t *generation)
{
    char token[TK_TOKEN_MAX + 1];
    struct tk_token_info info;
    enum tk_token_answer answer =
        tk_mailbox_get(&box, NULL, 60, (uint32_t)patient_ms(), token, sizeof token, &info);

    CHECK(answer == TK_TOKEN_VALUE);
    CHECK(is_token_of(token, info.generation));
    CHECK(info.generation >= *generation);
    *generation = info.generation;
}

/* With a timeout that may pass at any moment: what was not answered is not written later. */
static void get_in_a_hurry(uint32_t timeout_ms)
{
    char token[TK_TOKEN_MAX + 1] = "untouched";
    struct tk_token_info info;

    switch (tk_mailbox_get(&box, "token", 60, timeout_ms, token, sizeof token, &info)) {
    case TK_TOKEN_VALUE:
        CHECK(is_token_of(token, info.generation));
        break;
    case TK_TOKEN_WAIT:
        CHECK(info.err == TK_E_TRY_LATER || info.err == TK_E_BUSY);
        sched_yield();
        CHECK(strcmp(token, "untouched") == 0);
        break;
    default:
        CHECK(false);
    }
}

static void *get_many(void *arg)
{
    uint32_t generation = 0, wait_s;
    unsigned number = (unsigned)(intptr_t)arg;

    for (unsigned i = 0; i < ROUNDS; i++) {
        get_one(&generation);
        if ((i + number) % 8 == 0)
            get_in_a_hurry(i % 3);
        if ((i + number) % 50 == 0) {
            enum tk_err err =
                tk_mailbox_rejected(&box, NULL, generation, (uint32_t)patient_ms(), &wait_s);

            CHECK(err == TK_OK || (err == TK_E_TOO_SOON && wait_s > 0));
        }
    }
    return arg;
}

static void eight_threads_share_three_slots(void **state)
{
    pthread_t all[THREADS];

    (void)state;
    start_all(all, get_many);
    join_all(all);
}

/* --- calls --- */

struct reader {
    char text[80];
    size_t len;
};

static bool on_piece(struct tk_mailbox_call *call, const char *data, size_t len)
{
    struct reader *r = call->ctx;

    CHECK(len <= call->size && r->len + len < sizeof r->text);
    memcpy(r->text + r->len, data, len);
    r->len += len;
    r->text[r->len] = '\0';
    return true;
}

static bool answers(const char *text, unsigned number)
{
    char wanted[80];

    snprintf(wanted, sizeof wanted, "{\"result\":{\"ID\":\"%u\",\"NAME\":\"some words\"}}", number);
    return strcmp(text, wanted) == 0;
}

/* Every other one through a buffer of a few bytes. */
static struct tk_call_result call_one(unsigned number, uint32_t timeout_ms)
{
    char body[40], whole[80], few[7];
    struct reader reader = {.len = 0};
    struct tk_call_result result;
    struct tk_mailbox_call call = {
        .method = "crm.lead.add", .body = body, .buf = whole, .size = sizeof whole};

    if (number % 2 == 1) {
        call.buf = few;
        call.size = sizeof few;
        call.on_body = on_piece;
        call.ctx = &reader;
    }
    snprintf(body, sizeof body, "{\"fields\":{\"N\":%u}}", number);
    CHECK(tk_mailbox_call(&box, &call, timeout_ms, &result) == result.err);
    CHECK(result.err != TK_OK || answers(number % 2 == 1 ? reader.text : whole, number));
    memset(body, '*', sizeof body); /* a call that goes on would send that */
    return result;
}

enum { CALLS = 25 };

#define AGES UINT32_MAX /* the keeper counts it in virtual time, which flies */

static void *call_some(void *arg)
{
    unsigned number = CALLS * (unsigned)(intptr_t)arg;

    for (unsigned i = 0; i < CALLS; i++) {
        struct tk_call_result result = call_one(number + i, AGES);

        if (result.err)
            fprintf(stderr, "DBG %u err %s outcome %d status %d %s now %lu\n", number + i,
                    tk_err_code(result.err), result.outcome, result.status, result.error,
                    (unsigned long)w.port.now_ms);
        CHECK(result.err == TK_OK && result.outcome == TK_CALL_DONE);
    }
    return arg;
}

static void one_refresh_serves_the_calls_of_all(void **state)
{
    pthread_t all[THREADS];

    (void)state;
    end_loop();
    world_type(&w, "set renew on-demand");
    expires_at = THREADS * CALLS / 2;
    assert_int_equal(restart(), 0);
    start_all(all, call_some);
    join_all(all);
    assert_int_equal(executed_all, THREADS * CALLS);
    for (int i = 0; i < THREADS * CALLS; i++)
        assert_int_equal(executed[i], 1);
    end_loop();
    assert_int_equal(w.server.rules.pair_count, 2);
}

static enum tk_call_outcome outcomes[THREADS * ROUNDS];

/* One of four has a timeout that may pass at any moment. */
static void *call_in_a_hurry(void *arg)
{
    unsigned first = ROUNDS * (unsigned)(intptr_t)arg;

    for (unsigned i = first; i < first + ROUNDS; i++) {
        struct tk_call_result result = call_one(i, i % 4 == 0 ? i / 4 % 5 : AGES);

        CHECK(i % 4 == 0 || result.err == TK_OK);
        outcomes[i] = result.outcome;
    }
    return arg;
}

/* What is certain is true. */
static void calls_tell_what_is_certain(void **state)
{
    pthread_t all[THREADS];
    unsigned unknown = 0;

    (void)state;
    start_all(all, call_in_a_hurry);
    join_all(all);
    for (int i = 0; i < THREADS * ROUNDS; i++) {
        assert_true(executed[i] <= 1);
        if (outcomes[i] == TK_CALL_UNKNOWN)
            unknown++;
        else
            assert_int_equal(executed[i], outcomes[i] == TK_CALL_DONE);
    }
    assert_true(unknown <= THREADS * ROUNDS / 4);
}

/* --- a timeout while the main loop has the answer in its hands --- */

/* The main loop stops after section n, until the task's timeout has passed. */
static void leave_after(int n)
{
    char token[TK_TOKEN_MAX + 1] = "untouched";
    struct tk_token_info info;
    uint32_t generation = 0;

    sem_init(&holding, 0, 0);
    sem_init(&left, 0, 0);
    unlocks_to_pass = n;
    held = true;
    while (held)
        assert_int_equal(tk_mailbox_get(&box, NULL, 60, 30, token, sizeof token, &info),
                         TK_TOKEN_WAIT);
    sem_wait(&holding);
    sem_post(&left);
    get_one(&generation);
    assert_string_equal(token, "untouched");
    sem_destroy(&holding);
    sem_destroy(&left);
}

/* After it looked at the queue, took the post, and read what is asked. */
static void a_task_leaves_at_each_step_of_the_main_loop(void **state)
{
    (void)state;
    for (int n = 0; n < 3; n++)
        leave_after(n);
}

/* --- the end --- */

static atomic_int cancelled;

static void *get_until_closed(void *arg)
{
    char token[TK_TOKEN_MAX + 1];
    struct tk_token_info info;

    do {
        (void)tk_mailbox_get(&box, NULL, 60, (uint32_t)patient_ms(), token, sizeof token, &info);
    } while (info.err != TK_E_CANCELLED);
    cancelled++;
    return arg;
}

static void *close_and_wait(void *arg)
{
    while (!tk_mailbox_close(&box))
        sem_wait(&woken);
    return arg;
}

/* Twenty times: some wait for an answer, some for a slot, some are about to ask. */
static void closing_releases_all(void **state)
{
    pthread_t all[THREADS];

    (void)state;
    for (int i = 0; i < 20; i++) {
        cancelled = 0;
        start_all(all, get_until_closed);
        for (int n = 0; n < i; n++)
            sched_yield();
        end_loop();
        (void)close_and_wait(NULL);
        join_all(all);
        assert_int_equal(cancelled, THREADS);
        assert_true(tk_mailbox_close(&box));
        (void)was_woken();
        make_mailbox();
        assert_int_equal(restart(), 0);
    }
}

/* --- posts --- */

static atomic_uint posted, ran;

static void count(struct tk_mailbox *b, struct tk_mailbox_post *post)
{
    (void)b;
    (void)post;
    ran++;
}

static void *post_many(void *arg)
{
    static struct tk_mailbox_post posts[THREADS];
    struct tk_mailbox_post *post = &posts[(intptr_t)arg];

    *post = (struct tk_mailbox_post){.run = count};
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (tk_mailbox_post(&box, post))
            posted++;
    }
    while (ran < posted)
        sched_yield();
    return arg;
}

static void each_post_that_was_taken_runs_once(void **state)
{
    pthread_t all[THREADS];

    (void)state;
    start_all(all, post_many);
    join_all(all);
    assert_int_equal(ran, posted);
    assert_true(posted >= THREADS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(eight_threads_share_three_slots),
        TEST(one_refresh_serves_the_calls_of_all),
        TEST(calls_tell_what_is_certain),
        TEST(a_task_leaves_at_each_step_of_the_main_loop),
        TEST(closing_releases_all),
        TEST(each_post_that_was_taken_runs_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
