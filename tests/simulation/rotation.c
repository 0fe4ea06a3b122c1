/* SPDX-License-Identifier: Apache-2.0 */
#include "invariants.h"
#include "parts.h"

#include "tk_account_set.h"
#include "tk_refresh.h"
#include "tk_token.h"

#include <stdio.h>
#include <string.h>

#define MINUTE 60000
#define HOUR   (60 * MINUTE)

/* Of the request during which the power fails. */
enum fate { ANSWERED, NEVER_ARRIVED, ANSWER_LOST, FATES };

enum place { IN_FLASH, IN_NETWORK, PLACES };

struct trial {
    enum fate fate;
    enum place place;
    uint64_t step;   /* of the refresh, from 1 */
    uint64_t second; /* step of the recovery at which the power fails again; 0: it does not */
    int torn;        /* how a write or an erase is torn */
    int64_t grace_ms;
};

struct sum {
    unsigned trials, recovered, lost, failures;
};

static struct gateway gateway;
static struct invariants invariants;

static const char *const fates[FATES] = {"answered", "never arrived", "answer lost"};
static const char *const places[PLACES] = {"flash", "network"};

static void refresh(void)
{
    gateway_run_until(&gateway, gateway.port.now_ms + 20000);
    (void)tk_refresh_start(gateway_account(&gateway));
}

static void begin(const struct trial *t)
{
    memset(&gateway, 0, sizeof gateway);
    gateway_init(&gateway, 1 + t->step * 31 + (uint64_t)t->torn);
    gateway.server.rules.old_refresh_grace_ms = t->grace_ms;
    gateway_provision(&gateway);
    (void)tk_alerts_set(&gateway.keeper.alerts, TK_WEBHOOK_URL, "https://watch.example/hook");
    invariants_init(&invariants, &gateway);
    refresh();
    refresh();
    gateway_run_until(&gateway, gateway.port.now_ms + 20000);
}

static void plan_cut(const struct trial *t, uint64_t step)
{
    gateway.flash.torn_program = (enum tk_sim_torn_program)(t->torn % TK_SIM_TORN_PROGRAMS);
    gateway.flash.torn_erase = (enum tk_sim_torn_erase)(t->torn % TK_SIM_TORN_ERASES);
    if (t->place == IN_FLASH)
        gateway.flash.cut_at = gateway.flash.operations + step;
    else
        gateway.cut_call = gateway.net_calls + step;
}

static void set_fate(enum fate fate)
{
    struct server_fault x = {.kind = SERVER_WELL, .odds = 100};

    if (fate == ANSWER_LOST)
        x.kind = SERVER_LOSES;
    if (fate == NEVER_ARRIVED) {
        x.kind = SERVER_FLOW;
        x.up = (struct tk_sim_flow){.event = TK_SIM_STALL, .after = 100, .until_ms = TK_SIM_NEVER};
    }
    server_set_fault(&gateway.server, OAUTH_HOSTS, &x);
}

/* Runs until the power has failed and come back. False: it did not fail within a minute. */
static bool run_to_cut(void)
{
    uint64_t boots = gateway.boots, end_ms = gateway.port.now_ms + MINUTE;

    while (gateway.boots == boots && gateway.port.now_ms < end_ms)
        gateway_step(&gateway, end_ms);
    return gateway.boots > boots;
}

/* Recovered, or lost where it cannot be otherwise: the server issued a pair that is not in flash.
 */
static bool is_good_end(bool must_recover, struct sum *sum)
{
    const struct tk_account *a = gateway_account(&gateway);
    const struct rules *s = &gateway.server.rules;
    uint32_t pair = rules_number(s, RULES_REFRESH, a->pair.refresh);
    bool newest = pair != 0 && s->chains[s->pairs[pair].chain].last == pair;
    bool recovered = gateway_state(&gateway) == TK_READY && newest;
    bool lost = gateway_state(&gateway) == TK_NEEDS_CODE && a->revocation == TK_ROTATION_LOST &&
                !newest && gateway_alert(&gateway)->record.level == 4 && !must_recover;

    sum->recovered += recovered;
    sum->lost += lost;
    if (recovered || lost)
        return invariants.violated == 0 && gateway.flash.violations == 0;
    return false;
}

static void print_failure(const struct trial *t)
{
    char code[TK_ERR_CODE_MAX + 1];

    printf("FAILED rotation %s, power lost in %s step %llu, again at %llu, torn %d, grace %lld: "
           "%s %s (%c) %s\n",
           fates[t->fate], places[t->place], (unsigned long long)t->step,
           (unsigned long long)t->second, t->torn, (long long)t->grace_ms,
           tk_state_name(gateway_state(&gateway)),
           tk_account_reason(gateway_account(&gateway), code),
           invariants.violated == 0 ? '-' : invariants.violated, invariants.detail);
}

/* After the first power failure. */
static void recover(const struct trial *t, struct sum *sum)
{
    bool must_recover = invariants_honoured(&invariants);

    if (t->second > 0) {
        plan_cut(t, t->second);
        (void)run_to_cut();
        must_recover = must_recover && t->grace_ms > 0; /* the recovery may be lost too */
    }
    gateway_run_until(&gateway, gateway.port.now_ms + HOUR);
    sum->trials++;
    if (is_good_end(must_recover, sum))
        return;
    sum->failures++;
    print_failure(t);
}

/* False: the refresh has fewer steps. */
static bool try(const struct trial *t, struct sum *sum)
{
    begin(t);
    set_fate(t->fate);
    (void)tk_refresh_start(gateway_account(&gateway));
    plan_cut(t, t->step);
    bool cut = run_to_cut();

    if (cut) {
        set_fate(ANSWERED);
        recover(t, sum);
    }
    gateway_free(&gateway);
    return cut;
}

static void all_steps(struct trial *t, bool quick, struct sum *sum)
{
    for (t->step = 1; t->step < 1000; t->step++) {
        bool cut = false;

        for (t->torn = 0; t->torn < (t->place == IN_FLASH ? 6 : 1); t->torn++) {
            for (t->second = 0; t->second <= (quick ? 0 : 24); t->second++)
                cut = try(t, sum) || cut;
        }
        if (!cut)
            return;
    }
}

unsigned rotation_run(bool quick)
{
    static const int64_t graces_ms[] = {0, 10 * MINUTE};
    unsigned failures = 0;

    printf("%-14s %-8s %6s %7s %10s %6s %6s\n", "request", "cut in", "grace", "trials", "recovered",
           "lost", "failed");
    for (int i = 0; i < FATES * PLACES * 2; i++) {
        struct trial t = {.fate = (enum fate)(i / (PLACES * 2)),
                          .place = (enum place)(i / 2 % PLACES),
                          .grace_ms = graces_ms[i % 2]};
        struct sum sum = {0};

        all_steps(&t, quick, &sum);
        printf("%-14s %-8s %4lld s %7u %10u %6u %6u\n", fates[t.fate], places[t.place],
               (long long)t.grace_ms / 1000, sum.trials, sum.recovered, sum.lost, sum.failures);
        failures += sum.failures + (sum.trials == 0);
    }
    return failures;
}
