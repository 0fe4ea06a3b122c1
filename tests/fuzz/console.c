/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bytes typed at a console, with any control characters, fast and slow. The first byte says in what
 * state the gateway is: 0 blank, 1 with a pair, 2 the same with a PIN. A pause of 10 s stands for
 * the byte 0, a restart for 1; the end of the input for Ctrl-C.
 *
 * What comes back is text of bounded length without the client secret or a refresh token, and the
 * console then answers a command.
 */

#include "fuzz.h"

#include "provision.h"

enum { LINE_OUT = 16384, PIECE = 64 };

static struct world w;

static bool is_text(char c)
{
    return (c >= ' ' && c <= '~') || c == '\r' || c == '\n' || c == '\b' || c == '\a' ||
           c == '\t' || c == '\x1b';
}

/* Returns the number of bytes. */
static size_t check_output(void)
{
    static char text[1 << 20];
    size_t len = tk_sim_console_drain(&w.port, 0, text, sizeof text - 1);

    text[len] = '\0';
    for (size_t i = 0; i < len; i++)
        CHECK(is_text(text[i]));
    CHECK(!fuzz_has(text, CLIENT_SECRET) && !fuzz_has(w.events, CLIENT_SECRET));
    CHECK(!fuzz_has(text, w.keeper.accounts.of[0].pair.refresh));
    return len;
}

static void set_up(uint8_t state)
{
    world_init(&w, 1);
    if (state % 4 == 0)
        return;
    provision(&w);
    if (state % 4 == 2)
        (void)world_type(&w, "set console_pin 48151623");
}

/* Bytes up to the next one that is a step. */
static size_t take(struct fuzz_input *in, char piece[PIECE])
{
    size_t len = 0;

    while (len < PIECE && in->left > 0 && in->at[0] > 1)
        piece[len++] = (char)fuzz_byte(in);
    return len;
}

static void step(struct fuzz_input *in)
{
    char piece[PIECE];
    size_t len = take(in, piece);

    if (len > 0) {
        tk_sim_console_feed(&w.port, 0, piece, len);
        world_run(&w, 1);
    } else if (fuzz_byte(in) == 0) {
        world_run(&w, 10000);
    } else {
        world_restart(&w, 1000);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    size_t lines = 8, shown = 0;

    set_up(fuzz_byte(&in));
    for (size_t i = 0; i < in.left; i++)
        lines += in.at[i] == '\n' || in.at[i] == '\r' || in.at[i] <= 1;
    while (in.left > 0) {
        step(&in);
        shown += check_output();
    }
    tk_sim_console_feed(&w.port, 0, "\x03\n\x03\n", 4);
    world_run(&w, 130000);
    shown += check_output();
    CHECK(shown <= lines * LINE_OUT + 64 * size);
    CHECK(strncmp(world_type(&w, "version"), "OK", 2) == 0);
    world_free(&w);
    return 0;
}
