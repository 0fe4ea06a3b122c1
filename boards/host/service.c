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

enum { LINE_MAX_BYTES = 512, LENGTH_SIZE = 16, PIECE_MAX = 16384, WAIT_MS = 1000 };

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
    s->at = s->end = 0;
    s->is_stream = is_admin;
    s->gap_ms = 0;
    s->waits = NULL;
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

/* Waits until the service reads or writes. */
static enum tk_service_result wait_for(const struct tk_service *s, short events)
{
    struct pollfd p = {.fd = s->fd, .events = events};

    for (;;) {
        int left = time_left(s), step = s->waits != NULL && left > WAIT_MS ? WAIT_MS : left;
        int n = poll(&p, 1, step);

        if (n > 0)
            return TK_SERVICE_OK;
        if (n == 0 && step == left)
            return TK_SERVICE_TIMEOUT;
        if (n == 0)
            s->waits(s->owner);
    }
}

enum tk_service_result tk_service_send_bytes(const struct tk_service *s, const char *bytes,
                                             size_t len)
{
    while (len > 0) {
        ssize_t n = send(s->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EAGAIN && wait_for(s, POLLOUT) != TK_SERVICE_OK)
            return TK_SERVICE_TIMEOUT;
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return TK_SERVICE_ENDED;
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return TK_SERVICE_OK;
}

enum tk_service_result tk_service_send(const struct tk_service *s, const char *text)
{
    return tk_service_send_bytes(s, text, strlen(text));
}

/* Reads what there is, 1 to size bytes; waits for the first one. */
static enum tk_service_result read_some(const struct tk_service *s, char *buf, size_t size,
                                        size_t *len)
{
    enum tk_service_result result = wait_for(s, POLLIN);
    ssize_t got = result == TK_SERVICE_OK ? read(s->fd, buf, size) : -1;

    *len = got > 0 ? (size_t)got : 0;
    if (result != TK_SERVICE_OK)
        return result;
    return got > 0 ? TK_SERVICE_OK : TK_SERVICE_ENDED;
}

/* Reads more where all is used: of a stream not more than the caller needs. */
static enum tk_service_result fill(struct tk_service *s, size_t needed)
{
    size_t size = s->is_stream && needed < sizeof s->bytes ? needed : sizeof s->bytes;

    if (s->at < s->end)
        return TK_SERVICE_OK;
    s->at = s->end = 0;
    return read_some(s, s->bytes, size, &s->end);
}

enum tk_service_result tk_service_read_line(struct tk_service *s, char *line, size_t size)
{
    for (size_t len = 0; len < size; len++) {
        enum tk_service_result result = fill(s, 1);

        if (result != TK_SERVICE_OK)
            return result;
        line[len] = s->bytes[s->at++];
        if (line[len] == '\n') {
            line[len] = '\0';
            return TK_SERVICE_OK;
        }
    }
    return TK_SERVICE_ENDED;
}

static enum tk_service_result read_piece(struct tk_service *s, size_t left, tk_service_take *take,
                                         void *owner, bool *wanted)
{
    while (left > 0 && *wanted) {
        enum tk_service_result result = fill(s, left);

        if (result != TK_SERVICE_OK)
            return result;
        size_t n = s->end - s->at < left ? s->end - s->at : left;

        *wanted = take(owner, s->bytes + s->at, n);
        if (s->gap_ms > 0)
            s->deadline_ms = tk_service_now() + s->gap_ms;
        s->at += n;
        left -= n;
    }
    return TK_SERVICE_OK;
}

enum tk_service_result tk_service_read_part(struct tk_service *s, tk_service_take *take,
                                            void *owner, bool *wanted)
{
    while (*wanted) {
        char text[LENGTH_SIZE];
        uint64_t len;
        enum tk_service_result result = tk_service_read_line(s, text, sizeof text);

        if (result == TK_SERVICE_OK && !tk_parse_u64(text, strlen(text), PIECE_MAX, &len))
            result = TK_SERVICE_ENDED;
        if (result == TK_SERVICE_OK && len > 0)
            result = read_piece(s, (size_t)len, take, owner, wanted);
        if (result != TK_SERVICE_OK || len == 0)
            return result;
    }
    return TK_SERVICE_OK;
}

struct kept {
    char *text;
    size_t len, size;
};

static bool keep(void *owner, const char *bytes, size_t len)
{
    struct kept *kept = owner;

    if (len >= kept->size - kept->len)
        return false;
    memcpy(kept->text + kept->len, bytes, len);
    kept->len += len;
    kept->text[kept->len] = '\0';
    return true;
}

enum tk_service_result tk_service_read_text(struct tk_service *s, char *text, size_t size)
{
    struct kept kept = {.text = text, .size = size};
    bool fits = true;

    text[0] = '\0';
    enum tk_service_result result = tk_service_read_part(s, keep, &kept, &fits);

    return fits ? result : TK_SERVICE_ENDED;
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
                                                      : tk_service_read_text(s, answer, size);
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
