/* SPDX-License-Identifier: Apache-2.0 */
#include "provision.h"

#include "buffer.h"
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Serves the page of boards/host/web, which speaks to the gateway from the browser. */

enum { PAGE_MAX = 1024 * 1024 };

static bool read_page(const char *path, struct tk_buffer *page)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && tk_buffer_read(page, fd);

    if (!good)
        tk_host_message("cannot read %s: %s", path, strerror(errno));
    else if (page->len == 0)
        tk_host_message("%s is empty", path);
    if (fd >= 0)
        close(fd);
    return good && page->len > 0;
}

static void serve(struct tk_loopback *l)
{
    struct pollfd p[TK_LOOPBACK_FDS];

    while (!tk_provision_interrupted) {
        uint64_t now_ms = tk_service_now(), until_ms = now_ms + TK_LOOPBACK_REQUEST_MS;

        tk_loopback_wait(l, p, &until_ms);
        (void)poll(p, TK_LOOPBACK_FDS, until_ms > now_ms ? (int)(until_ms - now_ms) : 0);
        tk_loopback_step(l, tk_service_now());
    }
}

int tk_page_serve(struct tk_provision *p, const char *path)
{
    struct tk_buffer page = {.max = PAGE_MAX};
    char why[400];
    bool good = read_page(path, &page);

    p->loopback.page = page.bytes;
    p->loopback.page_len = page.len;
    if (good && !tk_provision_listen(p, why, sizeof why)) {
        tk_host_message("port_taken: %s", why);
        good = false;
    }
    if (good) {
        fprintf(stderr, "open http://localhost:%u/ in a browser with Web Serial; Ctrl-C ends\n",
                p->port);
        serve(&p->loopback);
    }
    tk_buffer_free(&page);
    p->loopback.page = NULL;
    return good ? TK_EXIT_OK : TK_EXIT_USAGE;
}
