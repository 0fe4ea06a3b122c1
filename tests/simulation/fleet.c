/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway.h"
#include "parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

#define SLICE_MS 100  /* the gateways' clocks differ by at most that */
#define SECONDS  7200 /* that are counted after the outage */

enum outage { SERVER_DOWN, SERVER_BUSY, POWER_DOWN, POWER_BUSY, OUTAGES };

/* peak: the most requests a second of 1,000 gateways. Without backoff and jitter all of them would
 * come in the first second. A busy server accepts 2 a second from one address, and bursts of 50. */
static const struct {
    const char *name;
    bool power, busy;
    unsigned peak;
} outages[OUTAGES] = {
    [SERVER_DOWN] = {"server down", .peak = 20},
    [SERVER_BUSY] = {"server down, then busy", .busy = true, .peak = 20},
    [POWER_DOWN] = {"power down", .power = true, .peak = 80},
    [POWER_BUSY] = {"power down, server busy", .power = true, .busy = true, .peak = 250},
};

struct fleet {
    size_t count;
    struct gateway **gateways;
    uint64_t end_ms; /* of the outage; 0: not known yet */
    unsigned seconds[SECONDS];
    uint64_t ready_ms; /* from the end of the outage until all are ready */
    struct server_bucket bucket;
};

static struct fleet fleet;

static void on_request(struct server *s, unsigned host, const char *request)
{
    uint64_t second = (s->port->now_ms - fleet.end_ms) / SECOND;

    (void)request;
    if (s->hosts[host].role == SERVER_OAUTH && fleet.end_ms > 0 &&
        s->port->now_ms >= fleet.end_ms && second < SECONDS)
        fleet.seconds[second]++;
}

/* Provisioned at a random moment of 25 minutes. */
static struct gateway *new_gateway(uint64_t seed)
{
    struct gateway *g = malloc(sizeof *g);
    uint64_t random = seed;

    if (g == NULL)
        abort();
    gateway_init(g, seed);
    gateway_run_until(g, 1 + server_random(&random, 25 * MINUTE));
    gateway_provision(g);
    g->server.on_request = on_request;
    return g;
}

static void run_until(uint64_t end_ms)
{
    for (uint64_t at_ms = SLICE_MS; at_ms <= end_ms; at_ms += SLICE_MS) {
        for (size_t i = 0; i < fleet.count; i++) {
            struct gateway *g = fleet.gateways[i];

            if (g->port.now_ms < at_ms && gateway_next(g) < at_ms)
                gateway_run_until(g, at_ms);
        }
    }
    for (size_t i = 0; i < fleet.count; i++) {
        if (fleet.gateways[i]->port.now_ms < end_ms)
            gateway_run_until(fleet.gateways[i], end_ms);
    }
}

static void set_all(enum server_fault_kind kind)
{
    struct server_fault x = {.kind = kind};

    for (size_t i = 0; i < fleet.count; i++)
        server_set_fault(&fleet.gateways[i]->server, SERVER_ALL, &x);
}

static void run_outage(enum outage outage)
{
    run_until(HOUR);
    if (!outages[outage].power)
        set_all(SERVER_REFUSES);
    fleet.end_ms = 2 * (uint64_t)HOUR;
    for (size_t i = 0; outages[outage].power && i < fleet.count; i++)
        gateway_restart(fleet.gateways[i], HOUR);
    run_until(2 * HOUR);
    set_all(SERVER_WELL);
    for (size_t i = 0; outages[outage].busy && i < fleet.count; i++)
        fleet.gateways[i]->server.bucket = &fleet.bucket;
}

static size_t count_ready(void)
{
    size_t ready = 0;

    for (size_t i = 0; i < fleet.count; i++) {
        const struct tk_account *a = gateway_account(fleet.gateways[i]);

        ready += tk_account_state(a) == TK_READY &&
                 a->issued_ms >= (int64_t)fleet.end_ms; /* a new pair, not what it had */
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

static void build_fleet(size_t count)
{
    memset(&fleet, 0, sizeof fleet);
    fleet.count = count;
    fleet.gateways = malloc(count * sizeof *fleet.gateways);
    if (fleet.gateways == NULL)
        abort();
    for (size_t i = 0; i < count; i++)
        fleet.gateways[i] = new_gateway(1 + i);
}

static void free_fleet(void)
{
    for (size_t i = 0; i < fleet.count; i++) {
        gateway_free(fleet.gateways[i]);
        free(fleet.gateways[i]);
    }
    free(fleet.gateways);
}

static void run_recovery(void)
{
    for (uint64_t ms = 0; ms < SECONDS * (uint64_t)SECOND && fleet.ready_ms == 0; ms += MINUTE) {
        run_until(fleet.end_ms + ms);
        if (count_ready() == fleet.count)
            fleet.ready_ms = ms;
    }
}

static bool run_fleet(enum outage outage, size_t count, FILE *out)
{
    unsigned total = 0;

    build_fleet(count);
    run_outage(outage);
    run_recovery();
    for (size_t i = 0; i < SECONDS; i++)
        total += fleet.seconds[i];
    bool good = peak() <= outages[outage].peak && fleet.ready_ms > 0;

    printf("%-24s %8zu %6u %8u %6u %8u %6llu min%s\n", outages[outage].name, count, peak(),
           outages[outage].peak, total, fleet.bucket.overflows,
           (unsigned long long)fleet.ready_ms / MINUTE, good ? "" : " FAILED");
    write_series(out, outages[outage].name);
    free_fleet();
    return good;
}

unsigned fleet_run(bool quick, const char *series)
{
    unsigned failures = 0;
    FILE *out = series == NULL ? NULL : fopen(series, "w");

    printf("%-24s %8s %6s %8s %6s %8s %10s\n", "an hour's outage", "gateways", "peak/s", "at most",
           "total", "refused", "all ready");
    for (int i = 0; i < OUTAGES; i++)
        failures += !run_fleet((enum outage)i, quick ? 50 : 1000, out);
    if (out != NULL)
        fclose(out);
    return failures;
}
