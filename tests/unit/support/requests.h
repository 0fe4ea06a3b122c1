/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REQUESTS_H
#define REQUESTS_H

/* Requests to tk_https.c above the scripted TLS of tls_fake.h, and how they ended. */

#include "tk_https.h"
#include "tk_sim.h"
#include "tls_fake.h"

#define SECOND 1000
#define NEVER  UINT64_MAX

extern struct tk_port port;
extern struct tk_https net;

/* A request and its result. */
struct want {
    struct tk_request r;
    const char *name;
    enum tk_err write_err;
    size_t padding;
    unsigned submit_again; /* times that the request is submitted from its own done callback */
    bool cancel_in_done;
    bool connect_only;

    unsigned writes, dones;
    enum tk_err err;
    int status;
    bool answered;
    uint64_t done_ms;
};

/* The deadline is 30 s where x has none. */
void submit(struct want *x, const char *name, const char *host, enum tk_priority priority);

/* Runs tk_https.c for ms of virtual time. */
void live(uint64_t ms);

/* Compares what was logged since the last call. */
void assert_log(const char *log);
void assert_ended(const struct want *x, enum tk_err err, uint64_t at_ms);

/* For cmocka. */
int net_begin(void **state);
int net_end(void **state);

#endif
