/* SPDX-License-Identifier: Apache-2.0 */
#include "blocking.h"

#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int blocking_connect(uint16_t port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0)
        return fd;
    close(fd);
    return -1;
}

size_t blocking_request(char *out, size_t size, const char *agent, uint16_t port)
{
    return (size_t)snprintf(out, size,
                            "POST " BENCH_PATH " HTTP/1.1\r\nHost: " BENCH_HOST ":%u\r\n"
                            "User-Agent: %s\r\nAccept: application/json\r\n"
                            "Content-Type: application/x-www-form-urlencoded\r\n"
                            "Content-Length: %zu\r\n\r\n" BENCH_FORM,
                            port, agent, strlen(BENCH_FORM));
}

bool blocking_is_whole(char *response, size_t len)
{
    const char *body, *length;

    response[len] = '\0';
    body = strstr(response, "\r\n\r\n");
    length = strstr(response, "Content-Length: ");
    return body != NULL && length != NULL &&
           response + len >= body + 4 + strtoul(length + 16, NULL, 10);
}

bool blocking_is_good(const char *response)
{
    return memcmp(response, "HTTP/1.1 200", 12) == 0 && bench_pair(response) > 0;
}
