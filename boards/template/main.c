/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_mbedtls.h"
#include "tk_port.h"
#include "tk_sock.h"
#include "tk_trust.h"
#include "tokenkeeper.h"

/* Of the linker script: mbedTLS' heap. */
extern uint8_t tk_arena_start[], tk_arena_end[];

/* Of the list that the build made. */
extern const struct tk_trust tk_roots;

static struct tk_port port;
static struct tk_keeper keeper;

/* FIXME tk_device.h: clocks, pins, the watchdog; the UART with 115200 8N1 for the console. */
static void start_board(void)
{
}

int main(void)
{
    const struct tk_config config = {.port = &port,
                                     .flash = &tk_port_store,
                                     .scratch = &tk_port_scratch,
                                     .build_unix = TK_BUILD_UNIX,
                                     .board = "template", /* FIXME tk_config.h: its name */
                                     .find_root = tk_trust_find,
                                     .trust = (void *)&tk_roots,
                                     .new_root = tk_trust_new,
                                     .trust_id = tk_trust_id(&tk_roots)};

    start_board();
    tk_port_init(&port);
    tk_mbedtls_init(&port, tk_arena_start, (size_t)(tk_arena_end - tk_arena_start));
    tk_keeper_init(&keeper, &config);
    for (;;)
        tk_wait(&port, tk_keeper_run(&keeper));
}
