/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_FLEET_H
#define TK_FLEET_H

/* The gateways of `provision --from FILE`, and the file with their results, which is what a
 * repeated command resumes from. */

#include "csv.h"
#include "provision.h"

enum { TK_FLEET_TEXT = 64 };

/* In memory that child processes share. */
struct tk_fleet_result {
    bool is_ready, is_prepared;
    int exit; /* of the last attempt */
    char gateway[TK_FLEET_TEXT], code[TK_FLEET_TEXT];
    char generation[16], user_id[48], at[24];
};

struct tk_fleet {
    struct tk_provision *p;
    struct tk_csv csv;
    size_t count; /* of gateways; that of row i of the file is plans[i - 1] */
    struct tk_plan *plans;
    struct tk_fleet_result *results;
    char path[TK_HOST_PATH]; /* of the results */
};

/* Reads the file and the results of an earlier command. Returns an exit status, after a message
 * unless it is TK_EXIT_OK: then nothing was done yet. */
int tk_fleet_load(struct tk_fleet *fleet);
void tk_fleet_free(struct tk_fleet *fleet);

/* Whether a row has this gateway already. */
bool tk_fleet_knows(const struct tk_fleet *fleet, const char *gateway);

/* Writes all results beside the old ones, and replaces them. */
bool tk_fleet_save(const struct tk_fleet *fleet);

#endif
