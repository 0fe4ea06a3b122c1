/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARTS_H
#define PARTS_H

#include <stdbool.h>

/* The power goes at every step of a rotation, with each fate of the request. Prints a table. The
 * number of failures. */
unsigned rotation_run(bool quick);

/* A thousand gateways behind one address, after an outage. Prints how many requests came in each
 * second, and writes them to the file `series` (NULL: none). The number of failures. */
unsigned fleet_run(bool quick, const char *series);

/* Asks the rules what stands on stdin, a line at a time; see test_rules.py. An exit code. */
int rules_ask(void);

#endif
