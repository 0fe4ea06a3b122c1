/* SPDX-License-Identifier: Apache-2.0 */

/* A whole gateway: bytes typed at its console, and servers that answer whatever the input says.
 * Whatever that is, the gateway stays responsive, and a pair that it has is one that was issued. */

#include "fuzz.h"

#include "world.h"

enum { PART_MAX = 300, STEPS_MAX = 24 };

enum { TYPE, ANSWER, STATUS, PASS_TIME, RESTART, PROVISION, KINDS };

/* The bytes up to the next 0x00, or to the end. */
static size_t take_part(struct fuzz_input *in, char out[PART_MAX + 1])
{
    size_t len = 0;
    uint8_t byte;

    while (len < PART_MAX && in->left > 0 && (byte = fuzz_byte(in)) != 0)
        out[len++] = (char)byte;
    out[len] = '\0';
    return len;
}

static void step(struct world *w, struct fuzz_input *in)
{
    static char part[PART_MAX + 1]; /* world_fault keeps it */
    uint8_t kind = fuzz_byte(in);
    size_t len;

    switch (kind % KINDS) {
    case TYPE:
        len = take_part(in, part);
        tk_sim_console_feed(&w->port, 0, part, len);
        tk_sim_console_feed(&w->port, 0, "\n", 1);
        break;
    case ANSWER:
        take_part(in, part);
        w->fault_word = part;
        world_fault(w, WORLD_BODY, 1 + kind / KINDS % 3);
        break;
    case STATUS:
        w->fault_status = 200 + 2 * fuzz_byte(in);
        world_fault(w, WORLD_STATUS, 1);
        break;
    case PASS_TIME:
        world_run(w, (uint64_t)(fuzz_byte(in) + 1) * 20000);
        return;
    case RESTART:
        world_restart(w, 1000);
        return;
    default:
        tk_sim_console_feed(&w->port, 0, "auth code code1\n", 16);
        world_give_code(w, "code1");
        break;
    }
    world_run(w, 100);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    static char rest[65536];
    struct fuzz_input in = {data, size};

    world_init(&w, 1);
    if (fuzz_byte(&in) & 1)
        world_provision(&w);
    for (int i = 0; i < STEPS_MAX && in.left > 0; i++)
        step(&w, &in);
    tk_sim_console_feed(&w.port, 0, "\x03\n", 2);
    world_run(&w, 130000);
    (void)tk_sim_console_drain(&w.port, 0, rest, sizeof rest);
    CHECK(strcmp(world_type(&w, "version"), "OK") >= 0);
    world_free(&w);
    return 0;
}
