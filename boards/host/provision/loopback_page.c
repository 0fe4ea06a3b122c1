/* SPDX-License-Identifier: Apache-2.0 */
#include "loopback_page.h"

#include <stdio.h>
#include <string.h>

#define PRIVATE                                                                                    \
    "Cache-Control: no-store\r\n"                                                                  \
    "Referrer-Policy: no-referrer\r\n"                                                             \
    "X-Content-Type-Options: nosniff\r\n"

static const struct {
    const char *status;
    const char *words; /* %s: the gateway */
} pages[] = {
    [TK_PAGE_START] = {"302 Found", "The portal's page is the next one.\n"},
    [TK_PAGE_CODE] = {"200 OK", "The code is on its way to gateway %s. You may close this "
                                "window; the terminal has the result.\n"},
    [TK_PAGE_DONE] = {"409 Conflict", "This login has ended already. You may close this window.\n"},
    [TK_PAGE_REFUSED] = {"200 OK", "The portal has refused the login of gateway %s; the terminal "
                                   "says why. You may close this window.\n"},
    [TK_PAGE_TWICE] = {"410 Gone", "This link works once, and it has been opened before: by you, "
                                   "or by another program. The login has been given up; start it "
                                   "again in the terminal.\n"},
    [TK_PAGE_STATE] = {"403 Forbidden", "This is the answer to another login. Start again in the "
                                        "terminal.\n"},
    [TK_PAGE_USER] = {"403 Forbidden", "This login is another user's.\n"},
    [TK_PAGE_NOT_FOUND] = {"404 Not Found", "There is nothing here. Start in the terminal.\n"},
    [TK_PAGE_BAD] = {"400 Bad Request", "The request is not valid.\n"},
    [TK_PAGE_METHOD] = {"405 Method Not Allowed", "GET only.\n"},
    [TK_PAGE_HOST] = {"421 Misdirected Request",
                      "Open the link in the terminal, which begins with http://localhost.\n"},
    [TK_PAGE_LARGE] = {"431 Request Header Fields Too Large", "The request is too large.\n"},
    [TK_PAGE_LATE] = {"408 Request Timeout", "The request was not complete in time.\n"},
    [TK_PAGE_PREFETCH] = {"503 Service Unavailable", "Open this page yourself.\n"}};

size_t tk_loopback_page(enum tk_page page, const char *link, const char *gateway, char *out,
                        size_t size)
{
    char body[320];
    bool leads = page == TK_PAGE_START && link != NULL;
    const char *name = gateway != NULL ? gateway : "";
    const char *mark = strstr(pages[page].words, "%s");
    int before = mark == NULL ? (int)strlen(pages[page].words) : (int)(mark - pages[page].words);

    snprintf(body, sizeof body, "%.*s%s%s", before, pages[page].words, mark == NULL ? "" : name,
             mark == NULL ? "" : mark + 2);
    int len = snprintf(out, size,
                       "HTTP/1.1 %s\r\n"
                       "%s%s%s"
                       "%s"
                       "Content-Type: text/plain; charset=utf-8\r\n"
                       "Content-Length: %zu\r\n" PRIVATE
                       "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                       "Connection: close\r\n"
                       "\r\n"
                       "%s",
                       pages[page].status, leads ? "Location: " : "", leads ? link : "",
                       leads ? "\r\n" : "", page == TK_PAGE_METHOD ? "Allow: GET\r\n" : "",
                       strlen(body), body);

    return len < 0 ? 0 : (size_t)len < size ? (size_t)len : size - 1;
}

size_t tk_loopback_file(size_t len, char *out, size_t size)
{
    int n = snprintf(out, size,
                     "HTTP/1.1 200 OK\r\n"
                     "Content-Type: text/html; charset=utf-8\r\n"
                     "Content-Length: %zu\r\n" PRIVATE
                     "Content-Security-Policy: frame-ancestors 'none'\r\n"
                     "Connection: close\r\n"
                     "\r\n",
                     len);

    return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}
