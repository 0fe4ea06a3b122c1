/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The store. If the first line is `i`, the rest is the content of flash; else that line has the
 * binary logarithm of the write unit and the number of sectors, and each further line is a step:
 *
 *      c KEY LEN   a commit of one value, new each time; d KEY deletes it
 *      m LEN       a commit of three values
 *      p           prepares; o reopens; z the same after a close in good order
 *      x N KIND    power fails in the Nth next operation, torn in a way of tk_sim_flash.h
 *      b AT XOR    bits of a byte of flash change
 *
 * It opens or refuses, in bounded time. A value that is read is one that was committed: the newest,
 * unless bits changed; all of a commit, or nothing, where power failed.
 */

#include "fuzz.h"

#include "tk_sim_flash.h"
#include "tk_store.h"

enum { SECTOR = 1024, SECTORS = 4, KEYS = 8, VALUE = 300, STEPS = 60, LINE = 40 };

/* Of a key: versions are numbers of commits. */
struct value {
    int len; /* -1: none */
    unsigned version;
};

static struct tk_sim_flash flash;
static struct tk_store store;
static struct value now[KEYS], next[KEYS]; /* next: if a commit that was cut counts */
static int lens[STEPS + 1][KEYS];          /* of each version; -1: the commit had no such value */
static bool is_cut, is_damaged, is_open;
static unsigned version;

/* --- any content --- */

static void commit_and_restart(void)
{
    const struct tk_store_piece piece = {"value", 5};
    const struct tk_store_value value = {7, 1, &piece};
    char buf[SECTOR];

    if (tk_store_commit(&store, &value, 1) != TK_STORE_OK)
        return;
    CHECK(tk_store_open(&store, &flash.flash, NULL) == TK_STORE_OK);
    CHECK(tk_store_get(&store, 7, buf, sizeof buf) == 5 && memcmp(buf, "value", 5) == 0);
}

static void run_image(struct fuzz_input *in)
{
    char buf[SECTOR];
    size_t len = in->left < SECTOR * SECTORS ? in->left : SECTOR * SECTORS;

    tk_sim_flash_init(&flash, SECTOR, SECTORS, 1);
    memcpy(flash.bytes, in->at, len);
    if (tk_store_open(&store, &flash.flash, NULL) == TK_STORE_OK) {
        for (uint16_t key = 0; key < 40; key++)
            CHECK(tk_store_get(&store, key, buf, sizeof buf) <= (int)sizeof buf);
        (void)tk_store_health(&store);
        commit_and_restart();
    }
}

/* --- steps --- */

static void fill(uint8_t *out, unsigned key, struct value v)
{
    for (int i = 0; i < v.len; i++)
        out[i] = (uint8_t)(v.version * 31 + key * 7 + (unsigned)i * 13);
}

static bool is_value(unsigned key, struct value v, const uint8_t *bytes, int len)
{
    uint8_t expected[VALUE];

    fill(expected, key, v);
    return len == v.len && memcmp(bytes, expected, (size_t)len) == 0;
}

static bool was_committed(unsigned key, const uint8_t *bytes, int len)
{
    for (unsigned v = 1; v <= version; v++) {
        if (lens[v][key] >= 0 && is_value(key, (struct value){lens[v][key], v}, bytes, len))
            return true;
    }
    return false;
}

/* Whether the store holds exactly these values. */
static bool holds(const struct value *of)
{
    uint8_t buf[VALUE];

    for (unsigned key = 0; key < KEYS; key++) {
        int len = tk_store_get(&store, (uint16_t)key, buf, sizeof buf);

        if (of[key].len < 0 ? len != TK_STORE_MISSING : !is_value(key, of[key], buf, len))
            return false;
    }
    return true;
}

static void check_damaged(void)
{
    uint8_t buf[VALUE];

    for (unsigned key = 0; key < KEYS; key++) {
        int len = tk_store_get(&store, (uint16_t)key, buf, sizeof buf);

        CHECK(len < 0 || was_committed(key, buf, len));
    }
}

static void reopen(void)
{
    tk_sim_flash_power_on(&flash);
    is_open = tk_store_open(&store, &flash.flash, NULL) == TK_STORE_OK;
    CHECK(is_open || is_damaged);
    if (!is_open)
        return;
    if (is_damaged) {
        check_damaged();
        return;
    }
    if (is_cut && holds(next))
        memcpy(now, next, sizeof now);
    CHECK(holds(now));
    is_cut = false;
}

/* of: the values; a len of -1 deletes. */
static void commit(const unsigned *keys, const int *of, size_t count)
{
    static uint8_t bytes[3][VALUE];
    struct tk_store_piece pieces[3];
    struct tk_store_value values[3];

    if (version == STEPS)
        return;
    version++;
    for (unsigned key = 0; key < KEYS; key++)
        lens[version][key] = -1;
    memcpy(next, now, sizeof next);
    for (size_t i = 0; i < count; i++) {
        next[keys[i]] = (struct value){of[i], version};
        lens[version][keys[i]] = of[i];
        fill(bytes[i], keys[i], next[keys[i]]);
        pieces[i] = (struct tk_store_piece){bytes[i], (uint16_t)(of[i] < 0 ? 0 : of[i])};
        values[i] = (struct tk_store_value){(uint16_t)keys[i], of[i] < 0 ? 0 : 1, &pieces[i]};
    }
    int result = tk_store_commit(&store, values, count);

    if (result == TK_STORE_OK)
        memcpy(now, next, sizeof now);
    is_cut = is_cut || flash.off;
    CHECK(result == TK_STORE_OK || result == TK_STORE_FULL || flash.off || is_damaged);
}

static void prepare(void)
{
    int result = TK_STORE_AGAIN;

    for (int i = 0; i < 1000 && result == TK_STORE_AGAIN; i++)
        result = tk_store_prepare(&store);
    CHECK(result != TK_STORE_AGAIN);
}

static void plan_cut(unsigned n, unsigned kind)
{
    flash.cut_at = flash.operations + 1 + n % 20;
    flash.torn_program = (enum tk_sim_torn_program)(kind % TK_SIM_TORN_PROGRAMS);
    flash.torn_erase = (enum tk_sim_torn_erase)(kind % TK_SIM_TORN_ERASES);
}

static void step(char what, unsigned a, unsigned b)
{
    const unsigned one[] = {a % KEYS}, three[] = {0, 1, 2};
    const int lengths[] = {(int)(b % VALUE)}, none[] = {-1};
    const int equal[] = {(int)(a % 100), (int)(a % 100), (int)(a % 100)};

    if (what == 'c')
        commit(one, lengths, 1);
    else if (what == 'd')
        commit(one, none, 1);
    else if (what == 'm')
        commit(three, equal, 3);
    else if (what == 'p')
        prepare();
    else if (what == 'z')
        tk_store_close(&store);
    else if (what == 'x')
        plan_cut(a, b);
    if (what == 'b') {
        flash.bytes[a % (flash.flash.sector_size * flash.flash.sectors)] ^= (uint8_t)b;
        is_damaged = is_damaged || (uint8_t)b != 0;
    }
    if (what == 'o' || what == 'z' || what == 'b' || flash.off)
        reopen();
    else if (!is_damaged)
        CHECK(holds(now));
}

static void run_steps(struct fuzz_input *in, const char *shape)
{
    char line[LINE];

    tk_sim_flash_init(&flash, SECTOR, 2 + (uint32_t)(shape[0] == '\0' ? 0 : (uint8_t)shape[1] % 4),
                      1u << ((uint8_t)shape[0] % 6));
    for (unsigned key = 0; key < KEYS; key++)
        now[key] = next[key] = (struct value){.len = -1};
    version = 0;
    is_cut = is_damaged = false;
    reopen();
    for (int i = 0; i < STEPS && in->left > 0 && is_open; i++) {
        if (fuzz_line(in, line, sizeof line) == 0)
            continue;
        const char *second = strchr(line + 1, ' ');

        second = second == NULL ? NULL : strchr(second + 1, ' ');
        step(line[0], line[1] == '\0' ? 0 : fuzz_number(line + 2, 16384),
             second == NULL ? 0 : fuzz_number(second + 1, 999));
    }
    CHECK(is_damaged || flash.violations == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    char line[LINE];

    fuzz_line(&in, line, sizeof line);
    if (strcmp(line, "i") == 0)
        run_image(&in);
    else
        run_steps(&in, line);
    tk_sim_flash_free(&flash);
    return 0;
}
