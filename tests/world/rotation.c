/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle.h"
#include "parts.h"
#include "tk_account_set.h"
#include "tk_token.h"

#include <stdio.h>
#include <string.h>

#define MINUTE 60000
#define HOUR   (60 * MINUTE)

/* What becomes of the request in which the power goes. */
enum fate { ANSWERED, NEVER_ARRIVED, ANSWER_LOST, FATES };

enum place { IN_FLASH, IN_NETWORK, PLACES };

struct trial {
    enum fate fate;
    enum place place;
    uint64_t step;   /* of the refresh, from 1 */
    uint64_t second; /* of the recovery: the power goes there once more; 0: it does not */
    int torn;        /* a bit pattern of both */
    int64_t grace_ms;
};

struct sum {
    unsigned trials, recovered, lost, failures;
};

static struct gate gate;
static struct oracle oracle;

static const char *const fates[FATES] = {"answered", "never arrived", "answer lost"};
static const char *const places[PLACES] = {"flash", "network"};

static void refresh(void)
{
    gate_run_until(&gate, gate.port.now_ms + 20000);
    (void)tk_refresh_start(gate_account(&gate));
}

static void begin(const struct trial *t)
{
    memset(&gate, 0, sizeof gate);
    gate_init(&gate, 1 + t->step * 31 + (uint64_t)t->torn);
    gate.cloud.rules.old_refresh_grace_ms = t->grace_ms;
    gate_provision(&gate);
    (void)tk_escalator_set(&gate.keeper.escalator, TK_WEBHOOK_URL, "https://watch.example/hook");
    oracle_init(&oracle, &gate);
    refresh();
    refresh();
    gate_run_until(&gate, gate.port.now_ms + 20000);
}

static void plan(const struct trial *t, uint64_t step)
{
    gate.flash.torn_program = (enum tk_sim_torn_program)(t->torn % TK_SIM_TORN_PROGRAMS);
    gate.flash.torn_erase = (enum tk_sim_torn_erase)(t->torn % TK_SIM_TORN_ERASES);
    if (t->place == IN_FLASH)
        gate.flash.cut_at = gate.flash.operations + step;
    else
        gate.cut_touch = gate.touches + step;
}

static void set_fate(enum fate fate)
{
    struct cloud_trouble x = {.kind = CLOUD_WELL, .odds = 100};

    if (fate == ANSWER_LOST)
        x.kind = CLOUD_LOSES;
    if (fate == NEVER_ARRIVED) {
        x.kind = CLOUD_FLOW;
        x.up = (struct tk_sim_flow){.event = TK_SIM_STALL, .after = 100, .until_ms = TK_SIM_NEVER};
    }
    cloud_set(&gate.cloud, CLOUD_OAUTH, &x);
}

/* So long until it has booted, or it is clear that it never comes there. */
static bool is_cut(void)
{
    uint64_t boots = gate.boots, end_ms = gate.port.now_ms + MINUTE;

    while (gate.boots == boots && gate.port.now_ms < end_ms)
        gate_step(&gate, end_ms);
    return gate.boots > boots;
}

/* Recovered, or the answer is truly gone: the server gave a pair that no flash holds. */
static bool judge(const struct trial *t, bool must_recover, struct sum *sum)
{
    const struct tk_account *a = gate_account(&gate);
    const struct rules *s = &gate.cloud.rules;
    uint32_t pair = rules_number(s, RULES_REFRESH, a->pair.refresh);
    bool newest = pair != 0 && s->chains[s->pairs[pair].chain].last == pair;
    bool recovered = gate_state(&gate) == TK_READY && newest;
    bool lost = gate_state(&gate) == TK_NEEDS_CODE && a->revocation == TK_ROTATION_LOST &&
                !newest && gate_escalation(&gate)->record.level == 4 && !must_recover;

    sum->recovered += recovered;
    sum->lost += lost;
    if (recovered || lost)
        return oracle.broken == 0 && gate.flash.violations == 0;
    (void)t;
    return false;
}

/* False: the refresh has fewer steps. */
static bool try(const struct trial *t, struct sum *sum)
{
    begin(t);
    set_fate(t->fate);
    (void)tk_refresh_start(gate_account(&gate));
    plan(t, t->step);
    bool cut = is_cut();

    if (!cut) {
        gate_free(&gate);
        return false;
    }
    set_fate(ANSWERED);
    bool must_recover = oracle_honoured(&oracle);

    if (t->second > 0) {
        plan(t, t->second);
        (void)is_cut();
        must_recover = must_recover && t->grace_ms > 0; /* the recovery may be lost too */
    }
    gate_run_until(&gate, gate.port.now_ms + HOUR);
    sum->trials++;
    if (!judge(t, must_recover, sum)) {
        sum->failures++;
        printf(
            "FAILED rotation %s, power lost in %s step %llu, again at %llu, torn %d, grace %lld: "
            "%s %s (%c) %s\n",
            fates[t->fate], places[t->place], (unsigned long long)t->step,
            (unsigned long long)t->second, t->torn, (long long)t->grace_ms,
            tk_state_name(gate_state(&gate)), tk_account_reason(gate_account(&gate)),
            oracle.broken == 0 ? '-' : oracle.broken, oracle.words);
    }
    gate_free(&gate);
    return true;
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
