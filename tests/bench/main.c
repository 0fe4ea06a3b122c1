/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool bench_measured(void);

unsigned bench_pair(const char *body)
{
    static const char *const names[] = {"\"access_token\":\"", "\"refresh_token\":\""};
    unsigned length = 0;

    for (int i = 0; i < 2; i++) {
        const char *at = strstr(body, names[i]);
        size_t len = at == NULL ? 0 : strcspn(at + strlen(names[i]), "\"");

        if (len == 0)
            return 0;
        length += (unsigned)len;
    }
    return length;
}

/* callgrind counts what happens in here: --toggle-collect=bench_measured */
__attribute__((noinline)) bool bench_measured(void)
{
    bool ok = bench_refresh();

    __asm__ volatile("" ::: "memory"); /* keeps this frame: no tail call */
    return ok;
}

static void prepare(enum bench_mode mode)
{
    if (mode == BENCH_NEW && tk_memo_clear != NULL)
        tk_memo_clear();
}

static bool run(enum bench_mode mode, int warm_up, int count)
{
    for (int i = 0; i < warm_up; i++) {
        prepare(mode);
        if (!bench_refresh())
            return false;
    }
    if (bench_meter_begin != NULL)
        bench_meter_begin();
    for (int i = 0; i < count; i++) {
        prepare(mode);
        if (!bench_measured())
            return false;
    }
    if (bench_meter_end != NULL)
        bench_meter_end();
    return true;
}

int main(int argc, char **argv)
{
    static const char *const modes[] = {"new", "full", "resumed", "kept"};
    struct bench b = {.mode = BENCH_NEW};

    if (argc != 6) {
        fprintf(stderr, "usage: %s new|full|resumed|kept PORT ROOT.pem WARM-UP COUNT\n", argv[0]);
        return 2;
    }
    while (strcmp(modes[b.mode], argv[1]) != 0) {
        if (++b.mode > BENCH_KEPT)
            return 2;
    }
    b.port = (uint16_t)atoi(argv[2]);
    b.root = argv[3];
    return bench_open(&b) && run(b.mode, atoi(argv[4]), atoi(argv[5])) ? 0 : 1;
}
