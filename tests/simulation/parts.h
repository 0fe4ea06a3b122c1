/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARTS_H
#define PARTS_H

/* Parts of the simulation beside soak runs. */

#include <stdbool.h>

/* Power failures at every step of a token rotation, with each fate of the request. Prints a table.
 * Returns the number of failures. */
unsigned rotation_run(bool quick);

/* A thousand gateways behind one address, after an outage. Prints the requests of the busiest
 * second, and writes those of each second to the file `series`, unless that is NULL. Returns the
 * number of failures. */
unsigned fleet_run(bool quick, const char *series);

#endif
