/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_H
#define BENCH_H

/*
 * A contestant: something that does one OAuth refresh. main.c warms it up, has it measured and
 * stands between it and the command line.
 */

#include <stdbool.h>
#include <stdint.h>

#define BENCH_HOST "oauth.bitrix.info" /* the server's name; its address is always 127.0.0.1 */
#define BENCH_PATH "/oauth/token/"

/* What is posted: the fields as ours writes them. */
#define BENCH_ID      "local.5f0c9a1b2c3d4e.12345678"
#define BENCH_SECRET  "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"
#define BENCH_REFRESH "d4c1f2e35a0b6978007f2e3100000001f0f1079a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d"
#define BENCH_FORM                                                                                 \
    "grant_type=refresh_token&client_id=" BENCH_ID "&client_secret=" BENCH_SECRET                  \
    "&refresh_token=" BENCH_REFRESH

enum bench_mode {
    BENCH_NEW,     /* a new connection, to a server whose certificates were never seen */
    BENCH_FULL,    /* a new connection, nothing kept from the one before but its certificates */
    BENCH_RESUMED, /* a new connection that resumes the session of the one before */
    BENCH_KEPT     /* the connection of the request before */
};

struct bench {
    enum bench_mode mode;
    uint16_t port;
    const char *root; /* file with the one trusted root, PEM */
};

/* The contestant's part. Once, then for each refresh: true when a pair came. */
bool bench_open(const struct bench *b);
bool bench_refresh(void);

/* For contestants without a JSON parser: the length of the pair's two tokens, 0 if one is missing.
 */
unsigned bench_pair(const char *body);

/* In mbedTLS as ours and the floor have it: forgets verified signatures. */
void tk_memo_clear(void) __attribute__((weak));

/* In meter.c, where that is loaded: from begin to end is what it reports. */
void bench_meter_begin(void) __attribute__((weak));
void bench_meter_end(void) __attribute__((weak));

#endif
