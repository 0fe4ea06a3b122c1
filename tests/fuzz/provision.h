/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROVISION_H
#define PROVISION_H

/* A gateway with a client secret, and a pair, that no input has by chance. */

#include "fuzz.h"
#include "world.h"

#define CLIENT_SECRET "vR4tY8uN1pQ6"

/* From now on, tokens are as the real server's. */
static inline void set_client(struct world *w)
{
    struct rules *r = &w->server.rules;

    r->readable = false;
    strcpy(r->clients[0].secret, CLIENT_SECRET);
    world_set_client(w);
    (void)world_type(w, "set client_secret " CLIENT_SECRET);
}

static inline void provision(struct world *w)
{
    char code[RULES_TOKEN + 1], line[RULES_TOKEN + 16];
    struct rules *r = &w->server.rules;

    set_client(w);
    rules_text(r, RULES_CODE, rules_new_code(r, 0, server_now(&w->server)), code);
    snprintf(line, sizeof line, "auth code %s", code);
    CHECK(strncmp(world_type(w, line), "OK state=ready", 14) == 0);
}

#endif
