/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_firmware.h"
#include "tk_lwip.h"
#include "tk_mbedtls.h"
#include "tk_trust.h"
#include "tokenkeeper.h"

/* Of the linker script: mbedTLS' heap. */
extern uint8_t tk_arena_start[], tk_arena_end[];

/* Of the list that the build made. */
extern const struct tk_trust tk_roots;

struct tk_port tk_firmware_port;

static struct tk_keeper keeper;

static void add_hex(struct tk_text *t, const char *key, uint32_t value)
{
    uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                        (uint8_t)value};

    tk_text_add(t, key);
    tk_text_hex(t, bytes, sizeof bytes);
}

/* Prints why the board started; after a fault or a failed assertion, where. */
static void report_start(void)
{
    struct tk_bare_crash crash;
    const char *crashed = tk_bare_crash_take(&crash);
    char buf[96];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "boot cause=");
    tk_text_add(&t, crashed != NULL ? crashed : tk_firmware_reset_cause());
    if (crashed != NULL) {
        add_hex(&t, " pc=0x", crash.pc);
        add_hex(&t, " lr=0x", crash.lr);
        add_hex(&t, " status=0x", crash.status);
    }
    tk_keeper_event(&keeper, &t);
}

int main(void)
{
    struct tk_port *port = &tk_firmware_port;
    const struct tk_config config = {.port = port,
                                     .flash = tk_firmware_board.store,
                                     .scratch = tk_firmware_board.scratch,
                                     .build_unix = tk_firmware_build_unix,
                                     .board = tk_firmware_board.name,
                                     .find_root = tk_trust_find,
                                     .trust = (void *)&tk_roots,
                                     .new_root = tk_trust_new,
                                     .trust_id = tk_trust_id(&tk_roots)};
    uint8_t unique[6];

    tk_firmware_start(unique);
    tk_bare_init(port, tk_firmware_board.id_prefix, unique);
    tk_mbedtls_init(port, tk_arena_start, (size_t)(tk_arena_end - tk_arena_start));
    tk_bare_seed_init(port, tk_firmware_board.seed);
    tk_lwip_init(port, tk_firmware_board.network);
    port->work = tk_lwip_work;
    tk_keeper_init(&keeper, &config);
    (void)tk_keeper_run(&keeper); /* greets, and listens to what is told from now on */
    report_start();
    for (;;)
        tk_wait(port, tk_keeper_run(&keeper));
}
