/* SPDX-License-Identifier: Apache-2.0 */

/* Names with several addresses, at most of which there is no server. */

#include "server_private.h"

static struct tk_addr address(uint8_t family, uint8_t group, uint8_t number)
{
    struct tk_addr addr = {family, {10, group}};

    if (family == 6)
        addr.bytes[0] = 0xfd;
    addr.bytes[family == 6 ? 15 : 3] = number;
    return addr;
}

/* Of each family some do not answer, some have no route, and some refuse. */
static void add_dead(struct server *s)
{
    static const enum tk_sim_answer answers[] = {TK_SIM_SILENT, TK_SIM_UNREACHABLE, TK_SIM_REFUSE};

    for (uint8_t i = 0; i < 2 * TK_SOCK_FAMILY; i++) {
        s->dead[i] = (struct tk_sim_peer){.addr = address(i % 2 == 0 ? 6 : 4, 255, i / 2),
                                          .port = 443,
                                          .answer = answers[i / 2 % 3]};
        tk_sim_add_peer(s->port, &s->dead[i]);
    }
}

/* Appends some dead addresses of a family, with the live one, if any, somewhere between them. */
static void draw_family(struct server *s, uint64_t *random, unsigned host, uint8_t family,
                        const struct tk_addr *live)
{
    struct tk_sim_name *name = &s->names[host];
    uint64_t dead = server_random(random, TK_SOCK_FAMILY);
    uint64_t first = server_random(random, TK_SOCK_FAMILY);
    uint64_t before = server_random(random, dead + 1);

    for (uint64_t i = 0; i <= dead; i++) {
        if (i == before && live != NULL)
            name->addrs[s->addresses[host]++] = *live;
        if (i < dead)
            name->addrs[s->addresses[host]++] =
                address(family, 255, (uint8_t)((first + i) % TK_SOCK_FAMILY));
    }
}

void server_draw_addresses(struct server *s, uint64_t *random)
{
    if (s->dead[0].port == 0)
        add_dead(s);
    for (unsigned i = 0; i < s->host_count; i++) {
        uint8_t live = server_random(random, 2) == 0 ? 6 : 4, first = i % 2 == 0 ? 6 : 4;
        struct tk_addr addr = address(live, (uint8_t)i, (uint8_t)server_random(random, 256));

        s->peers[i].addr = addr;
        s->addresses[i] = 0;
        draw_family(s, random, i, first, first == live ? &addr : NULL);
        draw_family(s, random, i, 10 - first, first == live ? NULL : &addr);
        server_apply_way(s, i);
    }
}
