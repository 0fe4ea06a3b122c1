/* SPDX-License-Identifier: Apache-2.0 */
#include "gate.h"
#include "parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

#define SLICE_MS 100  /* the gateways' clocks are at most that far apart */
#define SECONDS  7200 /* that are looked at after the outage */

enum outage { SERVER_AWAY, SERVER_BUSY, POWER_AWAY, POWER_BUSY, OUTAGES };

/* Requests a second of 1,000 gateways that are allowed at the worst moment. Without backoff and
 * jitter all of them would come in the first. A busy server takes 2 a second from one address, and
 * 50 that come at once. */
static const struct {
    const char *name;
    bool power, busy;
    unsigned peak;
} outages[OUTAGES] = {
    [SERVER_AWAY] = {"server away", .peak = 20},
    [SERVER_BUSY] = {"server away, then busy", .busy = true, .peak = 20},
    [POWER_AWAY] = {"power away", .power = true, .peak = 80},
    [POWER_BUSY] = {"power away, server busy", .power = true, .busy = true, .peak = 250},
};

struct fleet {
    size_t count;
    struct gate **gates;
    uint64_t began_ms; /* the outage is over */
    unsigned seconds[SECONDS];
    uint64_t ready_ms; /* after the outage: the last one is ready */
    struct cloud_bucket bucket;
};

static struct fleet fleet;

static void asked(struct cloud *c)
{
    uint64_t second = (c->port->now_ms - fleet.began_ms) / SECOND;

    if (fleet.began_ms > 0 && c->port->now_ms >= fleet.began_ms && second < SECONDS)
        fleet.seconds[second]++;
}

/* Each begins at another moment of 25 minutes. */
static struct gate *new_gate(uint64_t seed)
{
    struct gate *g = malloc(sizeof *g);
    uint64_t random = seed;

    if (g == NULL)
        abort();
    gate_init(g, seed);
    gate_run_until(g, 1 + cloud_random(&random, 25 * MINUTE));
    gate_provision(g);
    g->cloud.asked = asked;
    return g;
}

static void run_until(uint64_t end_ms)
{
    for (uint64_t at_ms = SLICE_MS; at_ms <= end_ms; at_ms += SLICE_MS) {
        for (size_t i = 0; i < fleet.count; i++) {
            struct gate *g = fleet.gates[i];

            if (g->port.now_ms < at_ms && gate_next(g) < at_ms)
                gate_run_until(g, at_ms);
        }
    }
    for (size_t i = 0; i < fleet.count; i++) {
        if (fleet.gates[i]->port.now_ms < end_ms)
            gate_run_until(fleet.gates[i], end_ms);
    }
}

static void set_all(enum cloud_fault kind)
{
    struct cloud_trouble x = {.kind = kind, .odds = 100};

    for (size_t i = 0; i < fleet.count; i++)
        cloud_set(&fleet.gates[i]->cloud, CLOUD_ALL, &x);
}

static void happen(enum outage outage)
{
    run_until(HOUR);
    if (!outages[outage].power)
        set_all(CLOUD_REFUSES);
    fleet.began_ms = 2 * (uint64_t)HOUR;
    for (size_t i = 0; outages[outage].power && i < fleet.count; i++)
        gate_restart(fleet.gates[i], HOUR);
    run_until(2 * HOUR);
    set_all(CLOUD_WELL);
    for (size_t i = 0; outages[outage].busy && i < fleet.count; i++)
        fleet.gates[i]->cloud.bucket = &fleet.bucket;
}

static size_t count_ready(void)
{
    size_t ready = 0;

    for (size_t i = 0; i < fleet.count; i++) {
        const struct tk_account *a = gate_account(fleet.gates[i]);

        ready += tk_account_state(a) == TK_READY &&
                 a->issued_ms >= (int64_t)fleet.began_ms; /* a new pair, not what it had */
    }
    return ready;
}

static unsigned peak(void)
{
    unsigned most = 0;

    for (size_t i = 0; i < SECONDS; i++)
        most = fleet.seconds[i] > most ? fleet.seconds[i] : most;
    return most;
}

static void write_series(FILE *out, const char *name)
{
    for (size_t i = 0; out != NULL && i < SECONDS; i++)
        fprintf(out, "%s\t%zu\t%u\n", name, i, fleet.seconds[i]);
}

static bool suffer(enum outage outage, size_t count, FILE *out)
{
    unsigned total = 0;

    memset(&fleet, 0, sizeof fleet);
    fleet.count = count;
    fleet.gates = malloc(count * sizeof *fleet.gates);
    for (size_t i = 0; i < count; i++)
        fleet.gates[i] = new_gate(1 + i);
    happen(outage);
    for (uint64_t ms = 0; ms < SECONDS * (uint64_t)SECOND && fleet.ready_ms == 0; ms += MINUTE) {
        run_until(fleet.began_ms + ms);
        if (count_ready() == count)
            fleet.ready_ms = ms;
    }
    for (size_t i = 0; i < SECONDS; i++)
        total += fleet.seconds[i];
    bool good = peak() <= outages[outage].peak && fleet.ready_ms > 0;

    printf("%-24s %8zu %6u %8u %6u %8u %6llu min%s\n", outages[outage].name, count, peak(),
           outages[outage].peak, total, fleet.bucket.overflows,
           (unsigned long long)fleet.ready_ms / MINUTE, good ? "" : " FAILED");
    write_series(out, outages[outage].name);
    for (size_t i = 0; i < count; i++) {
        gate_free(fleet.gates[i]);
        free(fleet.gates[i]);
    }
    free(fleet.gates);
    return good;
}

unsigned fleet_run(bool quick, const char *series)
{
    unsigned failures = 0;
    FILE *out = series == NULL ? NULL : fopen(series, "w");

    printf("%-24s %8s %6s %8s %6s %8s %10s\n", "an hour's outage", "gateways", "peak/s", "at most",
           "all", "refused", "all ready");
    for (int i = 0; i < OUTAGES; i++)
        failures += !suffer((enum outage)i, quick ? 50 : 1000, out);
    if (out != NULL)
        fclose(out);
    return failures;
}
