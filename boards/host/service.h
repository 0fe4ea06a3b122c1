/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_SERVICE_H
#define TK_HOST_SERVICE_H

/* A client's connection to the service, as PROTOCOL.md says. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TK_SERVICE_GREETING "{\"tokenkeeper\":2}\n"

enum tk_service_result {
    TK_SERVICE_OK,
    TK_SERVICE_ABSENT,  /* nothing listens at path: see errno */
    TK_SERVICE_FOREIGN, /* at the administrators' socket: not root, nor this user, nor tokenkeeper
                         */
    TK_SERVICE_TIMEOUT,
    TK_SERVICE_ENDED,  /* the service closed the connection without an answer: try again */
    TK_SERVICE_REFUSED /* answer is the error that came instead of a greeting */
};

struct tk_service {
    int fd; /* -1: not connected */
    uint64_t deadline_ms;
    uint64_t gap_ms; /* each byte of an answer moves the deadline, so far ahead; 0: none does */
    void (*waits)(void *owner); /* called each second in which nothing moves; NULL: not needed */
    void *owner;

    /* private */
    bool is_stream; /* the connection may go on without pieces: nothing behind an answer is read */
    size_t at, end; /* of what was read and not used */
    char bytes[16384];
};

/* The time of tk_service.deadline_ms, ms. */
uint64_t tk_service_now(void);

/* Connects before the deadline, which is set before; the rest needs no initialization. is_admin:
 * the service must run as a user that administrators trust. */
enum tk_service_result tk_service_open(struct tk_service *s, const char *path, bool is_admin);

/* Greets, sends one request with its line end, and reads the answer, NUL-terminated. */
enum tk_service_result tk_service_ask(struct tk_service *s, const char *request, char *answer,
                                      size_t size);

/* Sends text, or bytes of any kind. */
enum tk_service_result tk_service_send(const struct tk_service *s, const char *text);
enum tk_service_result tk_service_send_bytes(const struct tk_service *s, const char *bytes,
                                             size_t len);

/* Reads a line; its end is removed. TK_SERVICE_ENDED also for one of size bytes or more. */
enum tk_service_result tk_service_read_line(struct tk_service *s, char *line, size_t size);

/* Gets bytes of an answer, which are valid during the call. False: no more. */
typedef bool tk_service_take(void *owner, const char *bytes, size_t len);

/* Reads the pieces up to a length of 0. *wanted, true before, becomes false where take wants no
 * more: then the rest is not read. */
enum tk_service_result tk_service_read_part(struct tk_service *s, tk_service_take *take,
                                            void *owner, bool *wanted);

/* The same as a text, NUL-terminated. TK_SERVICE_ENDED also for one of size bytes or more. */
enum tk_service_result tk_service_read_text(struct tk_service *s, char *text, size_t size);

void tk_service_close(struct tk_service *s);

/* What a result other than OK and REFUSED means for the user, in words[0..size); returns the exit
 * status. The other one prints it, too. */
int tk_service_explain(enum tk_service_result result, const char *path, char *words, size_t size);
int tk_service_report(enum tk_service_result result, const char *path);

#endif
