/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_conformance_parts.h"

static void run_standalone(struct tk_suite_tally *t)
{
    tk_suite_clock(t);
    tk_suite_entropy(t);
    tk_suite_flash(t);
    tk_suite_sock(t);
    tk_suite_device(t);
}

int tk_conformance_run_standalone(const struct tk_conformance *c)
{
    struct tk_suite_tally t = {c, 0, NULL};

    run_standalone(&t);
    return t.failures;
}

int tk_conformance_run(const struct tk_conformance *c)
{
    struct tk_suite_tally t = {c, 0, NULL};

    run_standalone(&t);
    tk_suite_sock_peer(&t);
    tk_suite_console(&t);
    return t.failures;
}
