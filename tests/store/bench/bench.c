/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Measures the store under the load that other stores were measured with: nine values (488 bytes),
 * then commits of four of them (268 bytes). Prints rows of the table in bench.py.
 */

#include "tk_seal.h"
#include "tk_sim_flash.h"
#include "tk_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 9, FIXED = 5, COMMITS = 20000, YEARS = 210000 };

static const int lens[KEYS] = {24, 40, 50, 46, 60, 70, 70, 64, 64};

struct row {
    const char *name;
    uint32_t sectors, sector_size, unit;
    struct tk_store_seal *seal;
};

struct cost {
    double bytes, operations, erases;
    uint64_t worst_bytes, worst_operations, worst_erases, worst_read;
    uint64_t mount_read, mount_most, all_read;
    uint32_t spread;
};

static struct tk_sim_flash f;
static struct tk_store s;

static void need(bool good, const char *message)
{
    if (good)
        return;
    fprintf(stderr, "store_bench: %s\n", message);
    exit(1);
}

static void fill(uint8_t *value, int key, uint32_t n)
{
    uint32_t x = n * 2654435761u + (uint32_t)key * 40503u + 1;

    for (int i = 0; i < lens[key]; i++) {
        x = x * 1664525u + 1013904223u;
        value[i] = (uint8_t)(x >> 24);
    }
}

static void commit(int from, int to, uint32_t n)
{
    static uint8_t bytes[KEYS][70];
    struct tk_store_piece pieces[KEYS];
    struct tk_store_value values[KEYS];
    size_t count = 0;

    for (int key = from; key < to; key++) {
        fill(bytes[key], key, n);
        pieces[key] = (struct tk_store_piece){bytes[key], (uint16_t)lens[key]};
        values[count++] = (struct tk_store_value){(uint8_t)key, 1, &pieces[key]};
    }
    need(tk_store_commit(&s, values, count) == TK_STORE_OK, "a commit failed");
}

/* A token refresh as the keeper stores it: the intent, then the new pair with a TLS session of 400
 * bytes, which clears the intent. */
static void whole_refresh(uint32_t n)
{
    static uint8_t one = 1, session[400];
    struct tk_store_piece intent = {&one, 1}, ticket = {session, sizeof session}, pieces[KEYS];
    struct tk_store_value open = {20, 1, &intent}, values[6];
    static uint8_t bytes[KEYS][70];

    need(tk_store_commit(&s, &open, 1) == TK_STORE_OK, "storing an intent failed");
    memset(session, (int)(n & 0xff), sizeof session);
    for (int key = FIXED; key < KEYS; key++) {
        fill(bytes[key], key, n);
        pieces[key] = (struct tk_store_piece){bytes[key], (uint16_t)lens[key]};
        values[key - FIXED] = (struct tk_store_value){(uint8_t)key, 1, &pieces[key]};
    }
    values[4] = (struct tk_store_value){20, 0, NULL};
    values[5] = (struct tk_store_value){21, 1, &ticket};
    need(tk_store_commit(&s, values, 6) == TK_STORE_OK, "storing a pair failed");
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void measure_mount(const struct row *r, struct cost *c)
{
    struct tk_store another;
    uint8_t bufs[KEYS][70];
    struct tk_store_query wants[KEYS];
    uint64_t read = f.read_bytes;

    need(tk_store_open(&another, &f.flash, r->seal) == TK_STORE_OK, "the store does not open");
    c->mount_read += f.read_bytes - read;
    c->mount_most = most(c->mount_most, f.read_bytes - read);
    read = f.read_bytes;
    for (int key = 0; key < KEYS; key++)
        wants[key] = (struct tk_store_query){.key = (uint8_t)key, .size = 70, .buf = bufs[key]};
    need(tk_store_get_all(&another, wants, KEYS) == TK_STORE_OK && wants[8].len == lens[8],
         "values are missing");
    c->all_read += f.read_bytes - read;
}

static void measure_commit(struct cost *c, uint32_t n, bool whole)
{
    uint64_t bytes = f.program_bytes, operations = f.operations, erases = f.erases,
             read = f.read_bytes;

    if (whole)
        whole_refresh(n);
    else
        commit(FIXED, KEYS, n);
    c->worst_bytes = most(c->worst_bytes, f.program_bytes - bytes);
    c->worst_operations = most(c->worst_operations, f.operations - operations);
    c->worst_erases = most(c->worst_erases, f.erases - erases);
    c->worst_read = most(c->worst_read, f.read_bytes - read);
}

static uint32_t spread(void)
{
    uint32_t least = UINT32_MAX, highest = 0;

    for (uint32_t i = 0; i < f.flash.sectors; i++) {
        least = f.wear[i] < least ? f.wear[i] : least;
        highest = f.wear[i] > highest ? f.wear[i] : highest;
    }
    return highest - least;
}

static struct cost measure(const struct row *r, bool whole)
{
    struct cost c = {.bytes = 0};
    uint32_t mounts = 0;

    tk_sim_flash_init(&f, r->sector_size, r->sectors, r->unit);
    need(tk_store_open(&s, &f.flash, r->seal) == TK_STORE_OK, "the store does not open");
    commit(0, KEYS, 0);
    for (uint32_t n = 1; n <= 200; n++)
        measure_commit(&c, n, whole);
    uint64_t bytes = f.program_bytes, operations = f.operations, erases = f.erases;

    for (uint32_t n = 201; n <= 200 + COMMITS; n++) {
        measure_commit(&c, n, whole);
        if (n % 31 == 0 && ++mounts)
            measure_mount(r, &c);
    }
    c.bytes = (double)(f.program_bytes - bytes) / COMMITS;
    c.operations = (double)(f.operations - operations) / COMMITS;
    c.erases = (double)(f.erases - erases) / COMMITS;
    c.mount_read /= mounts;
    c.all_read /= mounts;
    for (uint32_t n = 0;
         n < YEARS - COMMITS && r->sector_size == 4096 && r->unit == 1 && r->seal == NULL; n++)
        commit(FIXED, KEYS, n);
    c.spread = spread();
    need(f.violations == 0, "the flash contract was violated");
    tk_sim_flash_free(&f);
    return c;
}

/* A whole refresh is two commits and is counted as one. */
static void print_row(const struct row *r, bool whole)
{
    struct cost c = measure(r, whole);

    printf("| %s%s | %u x %u | %u | %.0f | %.2f | %.1f | %.4f | %.2f | %llu / %llu / %llu | %llu | "
           "%llu / %llu | %llu | %u |\n",
           r->name, whole ? ", whole refresh" : "", (unsigned)r->sectors, (unsigned)r->sector_size,
           (unsigned)r->unit, c.bytes, c.bytes / 276, c.operations, c.erases, c.erases / 0.0674,
           (unsigned long long)c.worst_bytes, (unsigned long long)c.worst_operations,
           (unsigned long long)c.worst_erases, (unsigned long long)c.worst_read,
           (unsigned long long)c.mount_read, (unsigned long long)c.mount_most,
           (unsigned long long)c.all_read, (unsigned)c.spread);
    fflush(stdout);
}

int main(void)
{
    static const uint32_t units[] = {1, 4, 8, 16, 32};
    struct row r = {"tokenkeeper", 2, 4096, 1, NULL};

    for (size_t u = 0; u < 5; u++) {
        r.unit = units[u];
        for (r.sectors = 2; r.sectors <= 8; r.sectors *= 2)
            print_row(&r, false);
    }
    r = (struct row){"tokenkeeper", 4, 1024, 1, NULL};
    for (r.sectors = 4; r.sectors <= 16; r.sectors *= 2)
        print_row(&r, false);
    static const uint8_t key[TK_SEAL_KEY] = {1};
    static struct tk_seal seal;

    need(tk_seal_init(&seal, key), "tk_seal_init failed");
    r = (struct row){"tokenkeeper", 4, 4096, 1, NULL};
    print_row(&r, true);
    r.name = "tokenkeeper, sealed";
    r.seal = &seal.store;
    for (r.sectors = 2; r.sectors <= 8; r.sectors *= 2)
        print_row(&r, false);
    r.sectors = 4;
    print_row(&r, true);
    r.unit = 16;
    print_row(&r, false);
    tk_seal_free(&seal);
    return 0;
}
