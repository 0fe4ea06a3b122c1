/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Calls the functions of libtokenkeeper and prints what they fill, a line each. After each one it
 * checks that errno is kept and that no descriptor is left.
 *
 *      consumer get MIN_VALID          consumer rejected GENERATION
 *      consumer call METHOD BODY [stop]    BODY: JSON, or @LENGTH for spaces in an object
 *      consumer threads COUNT          gets in as many threads; prints how many got a token
 *
 * Environment: TK_REF, TK_TIMEOUT (s), TK_WAIT (s).
 */

#include "libtokenkeeper.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ERRNO = 77, ROUNDS = 20, THREADS_MAX = 32 };

static struct tk_consumer consumer;
static size_t answer_len;
static bool stops;

static int number(const char *name)
{
    const char *value = getenv(name);

    return value == NULL ? 0 : atoi(value);
}

static int free_descriptor(void)
{
    int fd = dup(0);

    close(fd);
    return fd;
}

static void check(int fd)
{
    if (errno != ERRNO || free_descriptor() != fd) {
        puts("errno or a descriptor leaks");
        exit(99);
    }
}

static int report(const struct tk_consumer_error *e)
{
    printf("exit=%d code=%s retry_in=%u\nwords=%s\n", e->exit, e->code, (unsigned)e->retry_in_s,
           e->words);
    return e->exit;
}

static int get(bool is_rejected, uint32_t value)
{
    struct tk_consumer_token t;
    struct tk_consumer_error e;
    int fd = free_descriptor();

    errno = ERRNO;
    int status = is_rejected ? tk_consumer_rejected(&consumer, value, &t, &e)
                             : tk_consumer_get(&consumer, value, &t, &e);

    check(fd);
    if (status != TK_CONSUMER_OK)
        return report(&e);
    printf("access_token=%s\nclient_endpoint=%s\nportal=%s\nuser_id=%s\nmember_id=%s\nscope=%s\n",
           t.access_token, t.client_endpoint, t.portal, t.user_id, t.member_id, t.scope);
    printf("generation=%u\nexpires_in=%u\nexpires_at=%lld\nshort=%d\n", (unsigned)t.generation,
           (unsigned)t.expires_in, (long long)t.expires_at, t.is_short);
    return status;
}

static bool take(void *ctx, const char *data, size_t len)
{
    (void)ctx;
    answer_len += len;
    (void)fwrite(data, 1, len, stderr);
    return !stops;
}

static int call(const char *method, const char *body)
{
    char *large = NULL;
    struct tk_consumer_call c = {
        .method = method, .body = body, .body_len = strlen(body), .on_answer = take};
    struct tk_consumer_result r;
    struct tk_consumer_error e;
    int fd = free_descriptor();

    if (body[0] == '@') {
        c.body_len = strtoul(body + 1, NULL, 10);
        c.body = large = malloc(c.body_len);
        memset(large, ' ', c.body_len);
        large[0] = '{';
        large[c.body_len - 1] = '}';
    }
    c.wait_s = number("TK_WAIT");
    errno = ERRNO;
    int status = tk_consumer_call(&consumer, &c, &r, &e);

    check(fd);
    free(large);
    printf("outcome=%d status=%d has_next=%d next=%llu total=%llu last_id=%s operating=%u "
           "length=%zu\n",
           r.outcome, r.status, r.has_next, (unsigned long long)r.next, (unsigned long long)r.total,
           r.last_id, (unsigned)r.operating_s, answer_len);
    return status == TK_CONSUMER_OK ? status : report(&e);
}

static void *run_thread(void *got)
{
    struct tk_consumer_token t;
    struct tk_consumer_error e;

    for (int i = 0; i < ROUNDS; i++)
        *(int *)got += tk_consumer_get(&consumer, 1, &t, &e) == TK_CONSUMER_OK;
    return NULL;
}

static int run_threads(int count)
{
    pthread_t threads[THREADS_MAX];
    int got[THREADS_MAX] = {0}, sum = 0;

    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, run_thread, &got[i]);
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        sum += got[i];
    }
    printf("got=%d\n", sum);
    return sum == count * ROUNDS ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 64;
    consumer.ref = getenv("TK_REF");
    consumer.timeout_s = number("TK_TIMEOUT");
    stops = argc > 4;
    if (strcmp(argv[1], "threads") == 0)
        return run_threads(atoi(argv[2]));
    if (strcmp(argv[1], "call") == 0)
        return call(argv[2], argc > 3 ? argv[3] : "");
    return get(strcmp(argv[1], "rejected") == 0, (uint32_t)strtoul(argv[2], NULL, 10));
}
