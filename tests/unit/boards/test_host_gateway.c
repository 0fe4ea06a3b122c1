/* SPDX-License-Identifier: Apache-2.0 */

/* Finding a gateway among the serial ports of a machine that the test plays: pseudoterminals at
 * which threads answer. */

#include "gateway.h"

#include "client.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

enum { PORTS = 3, TICK_MS = 20 };

/* One end of a serial line. */
struct peer {
    int fd, other;
    bool is_gateway;
    volatile bool ends;
    pthread_t thread;
};

static struct peer peers[PORTS];
static struct tk_gateway gateway;
static struct tk_gateway_search search;

/* --- what else the program has --- */

void tk_host_message(const char *format, ...)
{
    (void)format;
}

bool tk_host_admin_path(const struct tk_options *options, char out[TK_HOST_PATH])
{
    (void)options;
    out[0] = '\0';
    return false;
}

int tk_client_console(const struct tk_options *options, struct tk_service *service)
{
    (void)options;
    (void)service;
    return TK_EXIT_NO_SERVICE;
}

/* --- peers --- */

/* "\x15\r" "@123 version\r": its answer. */
static void answer(const struct peer *p, const char *line)
{
    char out[128];
    const char *at = strchr(line, '@');

    if (at == NULL || !p->is_gateway)
        return;
    int len = snprintf(out, sizeof out, "tk> \r\n%.*s OK version=1 board=test id=gw-%d\r\n",
                       (int)strcspn(at, " "), at, (int)(p - peers));

    assert_int_equal(write(p->fd, out, (size_t)len), len);
}

static void *run_peer(void *owner)
{
    struct peer *p = owner;
    struct pollfd wait = {.fd = p->fd, .events = POLLIN};
    char line[128];
    size_t len = 0;

    while (!p->ends) {
        if (poll(&wait, 1, TICK_MS) <= 0 || read(p->fd, &line[len], 1) != 1)
            continue;
        if (line[len++] != '\r' && len < sizeof line - 1)
            continue;
        line[len] = '\0';
        answer(p, line);
        len = 0;
    }
    return NULL;
}

static void begin_peer(struct peer *p, const char *link)
{
    struct termios line;

    p->ends = false;
    p->fd = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(p->fd >= 0 && grantpt(p->fd) == 0 && unlockpt(p->fd) == 0);
    (void)unlink(link);
    assert_int_equal(symlink(ptsname(p->fd), link), 0);
    p->other = open(link, O_RDWR | O_NOCTTY);
    assert_int_equal(tcgetattr(p->other, &line), 0);
    cfmakeraw(&line);
    assert_int_equal(tcsetattr(p->other, TCSANOW, &line), 0);
    assert_int_equal(pthread_create(&p->thread, NULL, run_peer, p), 0);
}

static int begin(void **state)
{
    static char dir[] = "/tmp/tk-gateway-XXXXXX";

    (void)state;
    if (mkdtemp(dir) == NULL || chdir(dir) != 0)
        return -1;
    return system("mkdir dev; for i in 0 1 2; do mkdir -p sys/tty$i/device/driver; done");
}

static int end(void **state)
{
    (void)state;
    return system("rm -rf -- \"$PWD\"");
}

static void begin_peers(unsigned gateways)
{
    for (int i = 0; i < PORTS; i++) {
        char link[16];

        snprintf(link, sizeof link, "dev/tty%d", i);
        peers[i].is_gateway = (gateways >> i & 1) != 0;
        begin_peer(&peers[i], link);
    }
    search = (struct tk_gateway_search){.sys = "sys", .dev = "dev", .baud = TK_SERIAL_BAUD};
}

static void end_peers(void)
{
    tk_gateway_close(&gateway);
    for (int i = 0; i < PORTS; i++) {
        peers[i].ends = true;
        pthread_join(peers[i].thread, NULL);
        close(peers[i].other);
        close(peers[i].fd);
    }
}

/* --- tests --- */

static void one_gateway_is_found_and_stays_open(void **state)
{
    char id[16];

    (void)state;
    begin_peers(2);
    assert_int_equal(tk_gateway_find(&gateway, &search), TK_GATEWAY_OK);
    assert_int_equal(search.tried, PORTS);
    assert_string_equal(gateway.name, "dev/tty1");
    assert_string_equal(gateway.id, "gw-1");
    assert_int_equal(tk_gateway_ask(&gateway, "version", TK_GATEWAY_ASK_MS, NULL, NULL),
                     TK_GATEWAY_OK);
    assert_true(tk_gateway_pair(&gateway, "id", id, sizeof id));
    assert_string_equal(id, "gw-1");
    end_peers();
}

static void several_gateways_are_listed(void **state)
{
    (void)state;
    begin_peers(5);
    assert_int_equal(tk_gateway_find(&gateway, &search), TK_GATEWAY_ABSENT);
    assert_string_equal(gateway.code, "several_gateways");
    assert_string_equal(gateway.words, "several gateways answer; name one with --serial: dev/tty0 "
                                       "(gw-0) dev/tty2 (gw-2)");
    assert_int_equal(tk_gateway_fd(&gateway), -1);
    end_peers();
}

static void no_gateway_says_what_to_check(void **state)
{
    (void)state;
    begin_peers(0);
    assert_int_equal(tk_gateway_find(&gateway, &search), TK_GATEWAY_ABSENT);
    assert_string_equal(gateway.code, "no_gateway");
    assert_non_null(strstr(gateway.words, "3 serial ports"));
    assert_non_null(strstr(gateway.words, "cable"));
    assert_int_equal(tk_gateway_status(&gateway, TK_GATEWAY_ABSENT), TK_EXIT_NO_SERVICE);
    end_peers();
}

static void a_port_in_use_is_named(void **state)
{
    (void)state;
    begin_peers(4);
    assert_int_equal(flock(peers[2].other, LOCK_EX), 0);
    assert_int_equal(tk_gateway_find(&gateway, &search), TK_GATEWAY_ABSENT);
    assert_non_null(strstr(gateway.words, "dev/tty2 is in use"));
    end_peers();
}

static void count_line(void *owner, const char *line)
{
    assert_string_equal(line, "EVT x");
    ++*(unsigned *)owner;
}

/* Files are always ready: no wait ends by its timeout. */
static void a_peer_that_never_falls_silent_holds_up_no_call(void **state)
{
    static char lines[6 * 4096];
    unsigned taken = 0;
    FILE *file = tmpfile();

    (void)state;
    for (size_t i = 0; i < sizeof lines; i++)
        lines[i] = "EVT x\n"[i % 6];
    for (int i = 0; i < 256; i++)
        assert_int_equal(fwrite(lines, sizeof lines, 1, file), 1);
    rewind(file);
    gateway = (struct tk_gateway){.fd = dup(fileno(file)), .on_async = count_line, .owner = &taken};
    assert_int_equal(tk_gateway_ask(&gateway, "version", 1, NULL, NULL), TK_GATEWAY_TIMEOUT);
    taken = 0;
    assert_int_equal(tk_gateway_listen(&gateway, 0), TK_GATEWAY_OK);
    assert_in_range(taken, 1, 4096);
    tk_gateway_close(&gateway);
    fclose(file);
    gateway = (struct tk_gateway){.fd = open("/dev/zero", O_RDWR)}; /* no line ends */
    assert_int_equal(tk_gateway_ask(&gateway, "version", 1, NULL, NULL), TK_GATEWAY_TIMEOUT);
    assert_int_equal(tk_gateway_listen(&gateway, 0), TK_GATEWAY_OK);
    tk_gateway_close(&gateway);
}

static void pairs_and_values_are_split(void **state)
{
    char line[] = "key=a\\x20b\\x5cc=d", odd[] = "key=\\xff\\x4", none[] = "key", out[8];

    (void)state;
    assert_string_equal(tk_gateway_split(line), "a b\\c=d");
    assert_string_equal(line, "key");
    assert_string_equal(tk_gateway_split(odd), "\\xff\\x4");
    assert_null(tk_gateway_split(none));
    strcpy(gateway.last, "OK a=1 ab=22 c=123456789");
    assert_true(tk_gateway_pair(&gateway, "ab", out, sizeof out));
    assert_string_equal(out, "22");
    assert_true(tk_gateway_pair(&gateway, "c", out, sizeof out));
    assert_string_equal(out, "1234567");
    assert_false(tk_gateway_pair(&gateway, "b", out, sizeof out));
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_gateway_is_found_and_stays_open),
        cmocka_unit_test(several_gateways_are_listed),
        cmocka_unit_test(no_gateway_says_what_to_check),
        cmocka_unit_test(a_port_in_use_is_named),
        cmocka_unit_test(a_peer_that_never_falls_silent_holds_up_no_call),
        cmocka_unit_test(pairs_and_values_are_split),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
