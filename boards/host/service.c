/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

#include "host.h"
#include "peer.h"
#include "tk_string.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SERVICE_USER "tokenkeeper" /* of the unit */

enum { LINE_MAX_BYTES = 512, LENGTH_SIZE = 16 };

uint64_t tk_service_now(void)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int time_left(const struct tk_service *s)
{
    uint64_t now_ms = tk_service_now();

    return now_ms < s->deadline_ms ? (int)(s->deadline_ms - now_ms) : 0;
}

/* --- connecting --- */

static bool is_trusted(int fd)
{
    const struct passwd *user = getpwnam(SERVICE_USER);
    struct tk_peer peer;

    return tk_peer_read(fd, &peer) &&
           (tk_peer_is_owner(&peer) || (user != NULL && user->pw_uid == peer.uid));
}

/* A service that has too many clients lets them wait in connect. */
static int connect_until(const struct tk_service *s, const struct sockaddr_un *address)
{
    int left = time_left(s) + 1; /* 0 would mean: without limit */
    struct timeval limit = {.tv_sec = left / 1000, .tv_usec = left % 1000 * 1000};

    if (setsockopt(s->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0)
        return -1;
    return connect(s->fd, (const struct sockaddr *)address, sizeof *address);
}

enum tk_service_result tk_service_open(struct tk_service *s, const char *path, bool is_admin)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    s->fd = -1;
    if (!tk_copy(address.sun_path, sizeof address.sun_path, path)) {
        errno = ENAMETOOLONG;
        return TK_SERVICE_ABSENT;
    }
    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->fd < 0)
        return TK_SERVICE_ABSENT;
    if (connect_until(s, &address) != 0) {
        enum tk_service_result result = errno == EAGAIN ? TK_SERVICE_TIMEOUT : TK_SERVICE_ABSENT;
        int why = errno;

        tk_service_close(s);
        errno = why;
        return result;
    }
    if (!is_admin || is_trusted(s->fd))
        return TK_SERVICE_OK;
    tk_service_close(s);
    return TK_SERVICE_FOREIGN;
}

void tk_service_close(struct tk_service *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

/* --- a request and its answer --- */

enum tk_service_result tk_service_send_bytes(const struct tk_service *s, const char *bytes,
                                             size_t len)
{
    while (len > 0) {
        ssize_t n = send(s->fd, bytes, len, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR)
            return errno == EAGAIN ? TK_SERVICE_TIMEOUT : TK_SERVICE_ENDED;
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return TK_SERVICE_OK;
}

enum tk_service_result tk_service_send(const struct tk_service *s, const char *text)
{
    return tk_service_send_bytes(s, text, strlen(text));
}

enum tk_service_result tk_service_read_some(const struct tk_service *s, char *buf, size_t size,
                                            size_t *len)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN};

    for (;;) {
        int n = poll(&p, 1, time_left(s));

        if (n == 0)
            return TK_SERVICE_TIMEOUT;
        if (n < 0)
            continue;
        ssize_t got = read(s->fd, buf, size);

        *len = got > 0 ? (size_t)got : 0;
        return got > 0 ? TK_SERVICE_OK : TK_SERVICE_ENDED;
    }
}

/* Reads exactly len bytes. */
static enum tk_service_result read_bytes(const struct tk_service *s, char *buf, size_t len)
{
    while (len > 0) {
        size_t got;
        enum tk_service_result result = tk_service_read_some(s, buf, len, &got);

        if (result != TK_SERVICE_OK)
            return result;
        buf += got;
        len -= got;
    }
    return TK_SERVICE_OK;
}

enum tk_service_result tk_service_read_line(const struct tk_service *s, char *buf, size_t size)
{
    enum tk_service_result result = TK_SERVICE_OK;

    for (size_t len = 0; len < size; len++) {
        result = read_bytes(s, buf + len, 1);
        if (result != TK_SERVICE_OK)
            return result;
        if (buf[len] == '\n') {
            buf[len] = '\0';
            return result;
        }
    }
    return TK_SERVICE_ENDED;
}

static enum tk_service_result read_pieces(const struct tk_service *s, char *answer, size_t size)
{
    size_t len = 0;

    for (;;) {
        char text[LENGTH_SIZE];
        uint64_t piece;
        enum tk_service_result result = tk_service_read_line(s, text, sizeof text);

        if (result != TK_SERVICE_OK)
            return result;
        if (!tk_parse_u64(text, strlen(text), size - 1 - len, &piece))
            return TK_SERVICE_ENDED;
        if (piece == 0)
            break;
        result = read_bytes(s, answer + len, (size_t)piece);
        if (result != TK_SERVICE_OK)
            return result;
        len += (size_t)piece;
    }
    answer[len] = '\0';
    return TK_SERVICE_OK;
}

enum tk_service_result tk_service_ask(struct tk_service *s, const char *request, char *answer,
                                      size_t size)
{
    enum tk_service_result result = tk_service_send(s, TK_SERVICE_GREETING);

    if (result == TK_SERVICE_OK)
        result = tk_service_send(s, request);
    if (result == TK_SERVICE_ENDED)
        result = TK_SERVICE_OK; /* the service may have said why before it closed */
    if (result == TK_SERVICE_OK)
        result = tk_service_read_line(s, answer, size < LINE_MAX_BYTES ? size : LINE_MAX_BYTES);
    if (result != TK_SERVICE_OK)
        return result;
    return strstr(answer, "\"tokenkeeper\":") == NULL ? TK_SERVICE_REFUSED
                                                      : read_pieces(s, answer, size);
}

static void explain_absent(const char *path, int error, char *words, size_t size)
{
    if (error == EACCES)
        (void)snprintf(words, size,
                       "no permission for %s: get and call need the service's group (id lists "
                       "yours; log in again after a change), other commands root",
                       path);
    else
        (void)snprintf(words, size,
                       "no service at %s: %s; start it, or name its socket in $TOKENKEEPER_SOCKET",
                       path, strerror(error));
}

int tk_service_explain(enum tk_service_result result, const char *path, char *words, size_t size)
{
    switch (result) {
    case TK_SERVICE_ABSENT:
        explain_absent(path, errno, words, size);
        return TK_EXIT_NO_SERVICE;
    case TK_SERVICE_FOREIGN:
        (void)snprintf(words, size,
                       "the service at %s does not run as root, as this user or as " SERVICE_USER
                       ": run this command as its user",
                       path);
        return TK_EXIT_NO_SERVICE;
    default:
        (void)snprintf(words, size, "the service at %s did not answer in time; try again", path);
        return TK_EXIT_RETRY;
    }
}

int tk_service_report(enum tk_service_result result, const char *path)
{
    char words[TK_HOST_PATH + 192];
    int status = tk_service_explain(result, path, words, sizeof words);

    tk_host_message("%s", words);
    return status;
}
