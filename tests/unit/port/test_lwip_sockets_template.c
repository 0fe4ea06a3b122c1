/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where lwIP runs in a thread of its own, as under ESP-IDF or STM32Cube: the whole product on
 * port/template, with port/lwip_sockets instead of two of its files. The test implements the clock,
 * which the first failed check asks for.
 */
#include "tk_clock.h"
#include "tk_conformance.h"
#include "tk_lwip_sockets.h"
#include "tk_mbedtls.h"
#include "tk_port.h"
#include "tk_sock.h"
#include "tokenkeeper.h"

#include <lwip/tcpip.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct tk_port port;

uint64_t __wrap_tk_clock_now_ms(struct tk_port *p);

uint64_t __wrap_tk_clock_now_ms(struct tk_port *p)
{
    struct timespec now;

    (void)p;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Names of all failed checks. */
static void note_failure(void *ctx, const char *check, const char *result, const char *detail)
{
    (void)detail;
    if (strcmp(result, TK_CONFORMANCE_FAILED) == 0) {
        strcat(ctx, check);
        strcat(ctx, " ");
    }
}

static void only_flash_and_identity_are_left_to_implement(void **state)
{
    char red[1024] = "";
    const struct tk_conformance suite = {
        .port = &port, .scratch = &tk_port_scratch, .report = note_failure, .ctx = red};

    (void)state;
    (void)tk_conformance_run(&suite);
    assert_string_equal(red, "flash.geometry device.id ");
}

static void the_whole_program_runs(void **state)
{
    static struct tk_keeper keeper;
    const struct tk_config config = {
        .port = &port, .flash = &tk_port_store, .build_unix = 1, .board = "template"};
    uint64_t end_ms;

    (void)state;
    tk_keeper_init(&keeper, &config);
    end_ms = tk_clock_now_ms(&port) + 50;
    while (tk_clock_now_ms(&port) < end_ms) {
        uint64_t until_ms = tk_keeper_run(&keeper);

        tk_wait(&port, until_ms < end_ms ? until_ms : end_ms);
    }
    assert_int_equal(keeper.rt.storage.err, TK_E_STORAGE_FAILED);
    tk_keeper_free(&keeper);
}

static void on_ready(void *arg)
{
    sem_post(arg);
}

static int start(void **state)
{
    sem_t ready;

    (void)state;
    sem_init(&ready, 0, 0);
    tcpip_init(on_ready, &ready);
    sem_wait(&ready);
    sem_destroy(&ready);
    tk_port_init(&port);
    tk_mbedtls_init(&port, 0);
    return tk_lwip_sockets_init();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_flash_and_identity_are_left_to_implement),
        cmocka_unit_test(the_whole_program_runs),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
