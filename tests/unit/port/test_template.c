/* SPDX-License-Identifier: Apache-2.0 */

/* port/template: it does not pretend to work, and its first failed check names what to implement
 * next, until none is left. The test plays what has been implemented. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "tk_clock.h"
#include "tk_conformance.h"
#include "tk_console_io.h"
#include "tk_device.h"
#include "tk_entropy.h"
#include "tk_mbedtls.h"
#include "tk_port.h"
#include "tk_sock.h"
#include "tokenkeeper.h"

enum implemented { NOTHING, CLOCK, WAIT, FLASH, SOCK, ID, ALL = ID };

static enum implemented implemented;
static struct tk_port port;

/* --- what has been implemented --- */

/* Time passes by 10 us with each call, and in tk_wait. */
static uint64_t now_us;

uint64_t __real_tk_clock_now_ms(struct tk_port *p);
uint64_t __wrap_tk_clock_now_ms(struct tk_port *p);

uint64_t __wrap_tk_clock_now_ms(struct tk_port *p)
{
    now_us += 10;
    return implemented >= CLOCK ? now_us / 1000 : __real_tk_clock_now_ms(p);
}

void __real_tk_wait(struct tk_port *p, uint64_t until_ms);
void __wrap_tk_wait(struct tk_port *p, uint64_t until_ms);

void __wrap_tk_wait(struct tk_port *p, uint64_t until_ms)
{
    if (implemented < WAIT)
        __real_tk_wait(p, until_ms);
    else if (now_us < until_ms * 1000)
        now_us = until_ms * 1000;
}

int __real_tk_sock_lookup(struct tk_port *p, const char *host);
int __wrap_tk_sock_lookup(struct tk_port *p, const char *host);

int __wrap_tk_sock_lookup(struct tk_port *p, const char *host)
{
    if (implemented < SOCK)
        return __real_tk_sock_lookup(p, host);
    return strcmp(host, "192.0.2.33") == 0 ? 0 : TK_SOCK_ERR;
}

int __real_tk_sock_lookup_poll(struct tk_port *p, int lookup, struct tk_addr *addrs, size_t max);
int __wrap_tk_sock_lookup_poll(struct tk_port *p, int lookup, struct tk_addr *addrs, size_t max);

int __wrap_tk_sock_lookup_poll(struct tk_port *p, int lookup, struct tk_addr *addrs, size_t max)
{
    if (implemented < SOCK)
        return __real_tk_sock_lookup_poll(p, lookup, addrs, max);
    addrs[0] = (struct tk_addr){4, {192, 0, 2, 33}};
    return 1;
}

const char *__real_tk_device_id(struct tk_port *p);
const char *__wrap_tk_device_id(struct tk_port *p);

const char *__wrap_tk_device_id(struct tk_port *p)
{
    return implemented >= ID ? "mine-0123456789ab" : __real_tk_device_id(p);
}

static uint8_t memory[2][1024];

static int read_memory(void *ctx, uint32_t offset, void *buf, size_t len)
{
    memcpy(buf, (uint8_t *)ctx + offset, len);
    return TK_FLASH_OK;
}

static int program_memory(void *ctx, uint32_t offset, const void *data, size_t len)
{
    memcpy((uint8_t *)ctx + offset, data, len);
    return TK_FLASH_OK;
}

static int erase_memory(void *ctx, uint32_t offset)
{
    memset((uint8_t *)ctx + offset, 0xFF, sizeof memory[0]);
    return TK_FLASH_OK;
}

static const struct tk_flash good_flash = {.sector_size = sizeof memory[0],
                                           .sectors = 2,
                                           .unit = 1,
                                           .ctx = memory,
                                           .read = read_memory,
                                           .program = program_memory,
                                           .erase = erase_memory};

/* --- selftest --- */

struct report {
    char first[64], detail[128]; /* of the first failed check */
    int red, skipped;
};

static void note_line(void *ctx, const char *check, const char *result, const char *detail)
{
    struct report *r = ctx;

    r->skipped += strcmp(result, TK_CONFORMANCE_SKIPPED) == 0;
    if (strcmp(result, TK_CONFORMANCE_FAILED) != 0)
        return;
    if (r->red++ == 0) {
        strncpy(r->first, check, sizeof r->first - 1);
        strncpy(r->detail, detail, sizeof r->detail - 1);
    }
}

static struct report selftest(enum implemented so_far)
{
    struct report r = {.red = 0};
    struct tk_conformance suite = {.port = &port, .report = note_line, .ctx = &r};

    implemented = so_far;
    suite.scratch = implemented >= FLASH ? &good_flash : &tk_port_scratch;
    tk_port_init(&port);
    int failures = tk_conformance_run(&suite);

    assert_int_equal(failures, r.red);
    return r;
}

static void as_it_is_only_the_clock_fails(void **state)
{
    struct report r = selftest(NOTHING);

    (void)state;
    assert_int_equal(r.red, 1);
    assert_string_equal(r.first, "clock.runs");
    assert_true(strncmp(r.detail, "tk_clock_now_ms", 15) == 0);
    assert_true(r.skipped > 20); /* checks that need the clock */
}

/* port/template/README.md has the same steps. */
static void each_first_failure_names_the_next_file_to_implement(void **state)
{
    static const struct {
        enum implemented so_far;
        const char *check, *names;
    } steps[] = {
        {NOTHING, "clock.runs", "tk_clock_now_ms"}, {CLOCK, "wait.sleeps", "tk_wait"},
        {WAIT, "flash.geometry", "tk_flash.h"},     {FLASH, "sock.digits", "tk_sock_lookup"},
        {SOCK, "device.id", "tk_device_id"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct report r = selftest(steps[i].so_far);

        assert_string_equal(r.first, steps[i].check);
        assert_true(strncmp(r.detail, steps[i].names, strlen(steps[i].names)) == 0);
    }
    assert_int_equal(selftest(ALL).red, 0);
}

/* --- stubs --- */

static void it_does_not_pretend_to_work(void **state)
{
    uint8_t buf[TK_DEVICE_KEY_SIZE] = {7};
    int64_t unix_s = 7;
    uint32_t value;

    (void)state;
    implemented = NOTHING;
    tk_port_init(&port);
    assert_int_equal(tk_console_read(&port, 0, buf, sizeof buf), TK_CONSOLE_CLOSED);
    assert_int_equal(tk_console_write(&port, 0, "a", 1), TK_CONSOLE_CLOSED);
    assert_int_equal(tk_entropy_get(&port, buf, sizeof buf), TK_ENTROPY_NOT_SEEDED);
    assert_int_equal(tk_entropy_seed(&port, buf, sizeof buf), TK_ENTROPY_NOT_SEEDED);
    assert_int_equal(tk_clock_unix(&port, &unix_s), TK_TIME_NONE);
    assert_int_equal(unix_s, 7);
    assert_int_equal(tk_clock_ntp_server(&port, "a.example"), -1);
    assert_false(tk_clock_ntp_poll(&port, &unix_s));
    assert_int_equal(tk_sock_open(&port, &(struct tk_addr){4, {127, 0, 0, 1}}, 1), TK_SOCK_ERR);
    assert_int_equal(tk_sock_set_ip(&port, NULL), TK_SOCK_ERR);
    assert_int_equal(tk_device_key(&port, buf), -1);
    assert_null(tk_device_metric(&port, 0, &value));
    for (int i = 0; i < 2; i++) {
        const struct tk_flash *flash = i == 0 ? &tk_port_store : &tk_port_scratch;

        assert_int_equal(flash->read(flash->ctx, 0, buf, 1), TK_FLASH_ERR);
        assert_int_equal(flash->program(flash->ctx, 0, buf, 1), TK_FLASH_ERR);
        assert_int_equal(flash->erase(flash->ctx, 0), TK_FLASH_ERR);
    }
    assert_int_equal(buf[0], 7);
}

/* With whatever has been implemented: its console must answer first. */
static void the_whole_program_runs(void **state)
{
    static struct tk_keeper keeper;
    const struct tk_config config = {
        .port = &port, .flash = &tk_port_store, .build_unix = 1, .board = "template"};

    (void)state;
    tk_port_init(&port);
    for (implemented = NOTHING; implemented <= WAIT; implemented++) {
        tk_keeper_init(&keeper, &config);
        for (int pass = 0; pass < 100; pass++)
            tk_wait(&port, tk_keeper_run(&keeper));
        assert_int_equal(keeper.rt.storage.err, TK_E_STORAGE_FAILED);
        tk_keeper_free(&keeper);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_it_is_only_the_clock_fails),
        cmocka_unit_test(each_first_failure_names_the_next_file_to_implement),
        cmocka_unit_test(it_does_not_pretend_to_work),
        cmocka_unit_test(the_whole_program_runs),
    };

    tk_mbedtls_init(&port, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
