/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REQUESTS_H
#define REQUESTS_H

/* Requests to tk_https.c over the scripted TLS of tls_fake.h, and their results. */

#include "tk_https.h"
#include "tk_sim.h"
#include "tls_fake.h"

#define SECOND 1000
#define NEVER  UINT64_MAX

extern struct tk_port port;
extern struct tk_https https;

/* A request and its result. */
struct test_request {
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
    bool has_response;
    uint64_t done_ms;
};

/* The default deadline is 30 s from now. */
void submit(struct test_request *x, const char *name, const char *host, enum tk_priority priority);

/* Runs tk_https.c for ms of virtual time. */
void run_for(uint64_t ms);

/* Compares and clears tls_fake.log. */
void assert_log(const char *log);

/* x ended once, with err, at this tick. */
void assert_ended(const struct test_request *x, enum tk_err err, uint64_t at_ms);

/* Setup and teardown of a test. two: of the connections two are free, the last ones. */
int https_begin(void **state);
int https_begin_two(void **state);
int https_end(void **state);

#endif
