/* SPDX-License-Identifier: Apache-2.0 */

/* The sockets that the host program listens at, without descriptors to spare. */

#include "listener.h"

#include "host.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static struct tk_port port;
static struct tk_listener listener;
static char dir[] = "/tmp/tk-listener-XXXXXX";

/* Stands in for that of the program. */
void tk_host_message(const char *format, ...)
{
    (void)format;
}

static int open_listener(void **state)
{
    char path[64];

    (void)state;
    tk_posix_init(&port);
    snprintf(path, sizeof path, "%s/socket", mkdtemp(dir));
    return tk_listener_open(&listener, &port, path, NULL) ? 0 : -1;
}

static int close_listener(void **state)
{
    (void)state;
    tk_listener_close(&listener);
    tk_posix_free(&port);
    return rmdir(dir);
}

static int connected(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    strcpy(to.sun_path, listener.path);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void limit_descriptors(rlim_t count)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = count;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* A poll on the socket would not sleep: a client is there. */
static void without_descriptors_it_waits_instead_of_spinning(void **state)
{
    struct rlimit before;
    int client = connected(), next;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    next = dup(client);
    close(next);
    limit_descriptors((rlim_t)next);
    assert_int_equal(tk_listener_accept(&listener, 5000), TK_LISTENER_FULL);
    assert_int_equal(tk_listener_wait(&listener, 5000), 6000);
    assert_int_equal(port.watches[0].events, 0);
    assert_int_equal(tk_listener_accept(&listener, 5999), TK_LISTENER_NONE);
    limit_descriptors(before.rlim_cur);
    assert_int_equal(tk_listener_accept(&listener, 5999), TK_LISTENER_NONE);
    next = tk_listener_accept(&listener, 6000);
    assert_true(next >= 0);
    assert_true(tk_listener_wait(&listener, 6000) == UINT64_MAX);
    assert_int_not_equal(port.watches[0].events, 0);
    close(next);
    close(client);
}

static void a_descriptor_that_was_freed_is_used_at_once(void **state)
{
    struct rlimit before;
    int client = connected(), spare = dup(client), next;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit_descriptors((rlim_t)spare + 1);
    assert_int_equal(tk_listener_accept(&listener, 5000), TK_LISTENER_FULL);
    close(spare);
    tk_listener_resume(&listener);
    next = tk_listener_accept(&listener, 5000);
    assert_int_equal(next, spare);
    assert_int_equal(tk_listener_accept(&listener, 5000), TK_LISTENER_NONE);
    limit_descriptors(before.rlim_cur);
    close(next);
    close(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_descriptors_it_waits_instead_of_spinning),
        cmocka_unit_test(a_descriptor_that_was_freed_is_used_at_once),
    };

    return cmocka_run_group_tests(tests, open_listener, close_listener);
}
