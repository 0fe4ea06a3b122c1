/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BLOCKING_H
#define BLOCKING_H

/* A blocking socket and a request made beforehand, for contestants that have only TLS. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A connection to 127.0.0.1; -1 if it failed. */
int blocking_connect(uint16_t port);

/* Writes the whole request; agent: what User-Agent says. Returns its length. */
size_t blocking_request(char *out, size_t size, const char *agent, uint16_t port);

/* Terminates the response; true if its head and its body are there. */
bool blocking_is_whole(char *response, size_t len);

/* 200, with a pair. */
bool blocking_is_good(const char *response);

#endif
