/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_KEYS_H
#define TK_KEYS_H

/*
 * Every key of the store (tk_store.h), in one table. Numbers are on flash for good: add new ones,
 * never change one or use it again. 1 to 31 belong to the device; account i has 32 of its own,
 * from 32 * (i + 1).
 */

#include <stdint.h>

/* The device's. */
enum {
    TK_KEY_ESCALATE_URL = 1,      /* text */
    TK_KEY_ESCALATE_LEVEL = 2,    /* 1 byte, 1 to 3 */
    TK_KEY_IP = 3,                /* text, as tk_ip_parse reads it */
    TK_KEY_NTP = 4,               /* a host name */
    TK_KEY_ESCALATE_TEMPLATE = 5, /* text */
    TK_KEY_COREZOID_LOGIN = 6,    /* text */
    TK_KEY_COREZOID_KEY = 7,      /* text, secret */
    TK_KEY_COREZOID_CONV = 8,     /* digits */
    TK_KEY_HISTORY = 9,           /* see tk_history.h */
    TK_KEY_CA_STAGED = 16,        /* pieces of a root that is being added */
    TK_KEY_CA_ROOT = 17           /* to 24: added roots, DER */
};

/* An account's. */
enum {
    TK_KEY_NAME = 1,
    TK_KEY_PORTAL = 2, /* from here to TK_KEY_RENEW in the order of enum tk_setting */
    TK_KEY_CLIENT_ID = 3,
    TK_KEY_CLIENT_SECRET = 4, /* secret */
    TK_KEY_SCOPE = 5,
    TK_KEY_AUTH_HOST = 6,
    TK_KEY_RENEW = 7,            /* 4 bytes, seconds */
    TK_KEY_PAIR = 8,             /* numbers of the pair; stays when the pair is forgotten */
    TK_KEY_ACCESS = 9,           /* secret */
    TK_KEY_REFRESH = 10,         /* secret */
    TK_KEY_GRANT_INFO = 11,      /* four strings with their NULs: endpoint, member, user, scope */
    TK_KEY_DISCOVERED_HOST = 12, /* a host name */
    TK_KEY_INTENT = 13,          /* present while a refresh may have been sent without an answer */
    TK_KEY_REVOCATION = 14,      /* 1 byte, enum tk_revocation */
    TK_KEY_USED_CODES = 15,      /* digests of the codes that were sent */
    TK_KEY_ESCALATION = 16,      /* see tk_alert_record.h */
    TK_KEY_SESSION = 17,         /* secret, see tk_account_session.h */
    TK_KEY_MOVED_FROM = 18,      /* the portal's host name before it moved */
    TK_KEY_LAST = TK_KEY_MOVED_FROM,
    TK_KEYS_PER_ACCOUNT = 32
};

/* The store's key of an account's item. */
static inline uint8_t tk_account_key(unsigned account, unsigned item)
{
    return (uint8_t)(TK_KEYS_PER_ACCOUNT * (account + 1) + item);
}

#endif
