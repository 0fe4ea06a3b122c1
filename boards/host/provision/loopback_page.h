/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LOOPBACK_PAGE_H
#define TK_LOOPBACK_PAGE_H

/* The answers of the loopback listener: plain text without the code. Pure. */

#include <stdbool.h>
#include <stddef.h>

enum tk_page {
    TK_PAGE_START, /* leads to the link */
    TK_PAGE_CODE,
    TK_PAGE_DONE, /* the login has ended already */
    TK_PAGE_REFUSED,
    TK_PAGE_TWICE,
    TK_PAGE_STATE,
    TK_PAGE_USER,
    TK_PAGE_NOT_FOUND,
    TK_PAGE_BAD,
    TK_PAGE_METHOD,
    TK_PAGE_HOST,
    TK_PAGE_LARGE,
    TK_PAGE_LATE,
    TK_PAGE_PREFETCH,
    TK_PAGE_FILE /* see tk_loopback_file */
};

/* Writes a whole response; returns its length. link: for TK_PAGE_START; gateway: its name. */
size_t tk_loopback_page(enum tk_page page, const char *link, const char *gateway, char *out,
                        size_t size);

/* Writes the head of a response with HTML of so many bytes; returns its length. */
size_t tk_loopback_file(size_t len, char *out, size_t size);

#endif
