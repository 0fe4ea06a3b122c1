/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Random commands on four console lines, terminals that attach, detach and stop reading, faults of
 * servers and flash, restarts, and jumps of the clocks. Checks that the gateway does not spin
 * (world_run) and that core's lists stay intact. A failure prints the seed: test_keeper_random
 * <seed> repeats it, test_keeper_random <seed> <count> goes on from there.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#define STEPS 1500
#define SEEDS 40

static struct world w;
static uint64_t state_of_chance, first_seed = 100, seeds = SEEDS;

static unsigned chance(unsigned below)
{
    state_of_chance = state_of_chance * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state_of_chance >> 33) % below;
}

static void type_random_command(unsigned line)
{
    static const char *const commands[] = {"status --all",
                                           "show",
                                           "history",
                                           "help",
                                           "version",
                                           "check",
                                           "ca list",
                                           "log info",
                                           "ref",
                                           "ref add b",
                                           "ref add c",
                                           "ref b",
                                           "ref token",
                                           "ref del b",
                                           "ref del c",
                                           "ref del token",
                                           "set portal acme",
                                           "set client_id local.1",
                                           "set client_secret s3cret",
                                           "set client_secret bad",
                                           "set client_secret",
                                           "a value that was asked for",
                                           "auth begin",
                                           "auth code good",
                                           "auth code other",
                                           "auth code http://x/?code=third&state=",
                                           "auth refresh",
                                           "auth forget",
                                           "token",
                                           "token 3000",
                                           "token rejected=1",
                                           "escalate test",
                                           "set escalate_url https://hooks.example/a",
                                           "set escalate_url https://other.example/a",
                                           "unset escalate_url",
                                           "set escalate_level 1",
                                           "set escalate_level 3",
                                           "set escalate_template {\"a\":{level}}",
                                           "unset escalate_template",
                                           "set corezoid_login 1",
                                           "set corezoid_key k",
                                           "set corezoid_conv 3",
                                           "unset corezoid_login",
                                           "set corezoid_token_login 1",
                                           "set corezoid_token_key k",
                                           "set corezoid_token_conv 3",
                                           "set corezoid_token_ref r",
                                           "unset corezoid_token_conv",
                                           "corezoid_token takeover",
                                           "set escalate_header Authorization: a",
                                           "set renew on-demand",
                                           "set renew 1m",
                                           "unset renew",
                                           "time 1795003600",
                                           "@",
                                           "@77777777777 help",
                                           "\x03",
                                           "\x15",
                                           "\x1b[A"};
    char text[128];

    snprintf(text, sizeof text, "%s%s%s", chance(2) ? "@12 " : "",
             commands[chance(sizeof commands / sizeof commands[0])], chance(8) ? "\r\n" : "");
    tk_sim_console_feed(&w.port, line, text, strlen(text));
}

static void change_server_faults(void)
{
    static const char *const words[] = {"invalid_client", "invalid_grant", "PAYMENT_REQUIRED",
                                        "expired_token",  "something",     "wrong_client"};
    enum world_fault fault = (enum world_fault)chance(WORLD_BODY + 1);

    w.fault_status = chance(2) ? 400 : 503;
    w.fault_word = fault == WORLD_BODY ? "{\"a\":1}" : words[chance(6)];
    w.webhook_apart = chance(2);
    world_fault(&w, fault, fault > WORLD_UNTRUSTED ? chance(4) : 0);
    if (w.webhook_apart)
        world_webhook_fault(&w, (enum world_fault)chance(WORLD_ERROR));
    for (size_t i = 0; i < w.server.host_count; i++) {
        w.server.peers[i].reply_ms = chance(3) ? 0 : chance(8000);
        w.server.peers[i].connect_ms = chance(3) ? 0 : chance(4000);
    }
    world_give_code(&w, chance(2) ? "good" : "other");
}

static void change_environment(unsigned what)
{
    if (what < 2) {
        world_restart(&w, chance(100000));
        w.port.system = true;
    } else if (what < 4) {
        tk_sim_set_wall(&w.port, chance(3) ? TK_TIME_RTC : TK_TIME_NONE,
                        WORLD_UNIX + (int64_t)chance(1000000) - 100000);
    } else if (what < 6) {
        tk_sim_advance(&w.port, chance(4000000));
    } else if (what < 10) {
        w.flash.off = !w.flash.off && chance(3) == 0;
    } else if (what < 14) {
        world_fault(&w, WORLD_WELL, 0);
    } else {
        change_server_faults();
    }
}

static void do_something(void)
{
    unsigned line = chance(TK_CONSOLES), what = chance(100);

    if (what < 45)
        type_random_command(line);
    else if (what < 52)
        tk_sim_console_attach(&w.port, line, chance(3) > 0);
    else if (what < 56)
        w.port.consoles[line].out_max = chance(3) ? SIZE_MAX : chance(600);
    else if (what < 76)
        change_environment(what - 56);
    else
        world_run(&w, 1 + (chance(10) ? chance(3000) : chance(3000000)));
    tk_keeper_run(&w.keeper);
    w.events[0] = '\0';
    for (unsigned i = 0; i < TK_CONSOLES; i++) {
        if (w.port.consoles[i].out_max == SIZE_MAX) /* else the terminal does not read */
            w.port.consoles[i].out.len = 0;
    }
}

static void check_lists(void)
{
    const struct tk_https *net = &w.keeper.rt.https;
    uint64_t due_ms = 0;

    for (const struct tk_timer *t = w.keeper.rt.timers.first; t != NULL; t = t->next) {
        assert_in_range(t->due_ms, due_ms, TK_NEVER - 1);
        due_ms = t->due_ms;
    }
    for (const struct tk_request *r = net->queue; r != NULL; r = r->next)
        assert_true(r->queued && r->connection == NULL);
    for (const struct tk_connection *s = net->connections; s < net->connections + TK_CONNECTIONS;
         s++)
        assert_true(s->request == NULL || (s->request->connection == s && !s->request->queued));
}

static void lists_stay_intact_and_nothing_spins(void **state)
{
    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + seeds; seed++) {
        fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
        state_of_chance = seed;
        world_init(&w, seed);
        w.port.system = true;
        for (unsigned i = 0; i < STEPS; i++) {
            do_something();
            check_lists();
        }
        world_free(&w);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lists_stay_intact_and_nothing_spins)};

    if (argc > 1) {
        first_seed = strtoull(argv[1], NULL, 10);
        seeds = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
