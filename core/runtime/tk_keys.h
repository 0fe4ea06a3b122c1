/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_KEYS_H
#define TK_KEYS_H

/*
 * All keys of the store (tk_store.h) and the formats of their values. Numbers are on flash for
 * good: add new ones, never change or reuse one. The device has keys 1 to 31; account i has 32
 * keys, from 32 * (i + 1). Text has no NUL; a setting at its default is absent.
 */

#include "tk_assert.h"
#include "tk_limits.h"

#include <stdint.h>

/* Keys of the device. */
enum {
    TK_KEY_ESCALATE_URL = 1,      /* text */
    TK_KEY_ESCALATE_LEVEL = 2,    /* 1 byte, 1 to 3 */
    TK_KEY_IP = 3,                /* text, see tk_ip_parse */
    TK_KEY_NTP = 4,               /* host name */
    TK_KEY_ESCALATE_TEMPLATE = 5, /* text */
    TK_KEY_COREZOID_LOGIN = 6,    /* text; the next two belong to it, see tk_corezoid.h */
    TK_KEY_COREZOID_KEY = 7,      /* text, secret */
    TK_KEY_COREZOID_CONV = 8,     /* digits */
    TK_KEY_HISTORY = 9,           /* see tk_history.c */
    TK_KEY_SECURITY = 10,         /* the same */
    TK_KEY_CONSOLE_PIN = 11,      /* see tk_pin.c */
    TK_KEY_ESCALATE_HEADER = 12,  /* text, secret */
    TK_KEY_CA_STAGED = 16,        /* see tk_ca.c */
    TK_KEY_CA_ROOT = 17           /* to 24: added roots, DER */
};

/* Keys of an account, for tk_account_key. */
enum {
    TK_KEY_NAME = 1,
    TK_KEY_PORTAL = 2, /* host name; up to TK_KEY_RENEW in the order of enum tk_setting */
    TK_KEY_CLIENT_ID = 3,
    TK_KEY_CLIENT_SECRET = 4, /* secret */
    TK_KEY_SCOPE = 5,
    TK_KEY_AUTH_HOST = 6,
    TK_KEY_RENEW = 7,            /* 4 bytes, seconds */
    TK_KEY_PAIR = 8,             /* see tk_account_store.c; kept when the pair is forgotten */
    TK_KEY_ACCESS = 9,           /* access token, secret */
    TK_KEY_REFRESH = 10,         /* refresh token, secret */
    TK_KEY_GRANT_INFO = 11,      /* client_endpoint, member_id, user_id, scope, each with its NUL */
    TK_KEY_DISCOVERED_HOST = 12, /* host name */
    TK_KEY_INTENT = 13,          /* present while the outcome of a refresh is unknown */
    TK_KEY_REVOCATION = 14,      /* 1 byte, enum tk_revocation */
    TK_KEY_USED_CODES = 15,      /* digests of authorization codes that were sent */
    TK_KEY_ESCALATION = 16,      /* see tk_alert_record.c */
    TK_KEY_SESSION = 17,         /* secret, see tk_account_session.c */
    TK_KEY_MOVED_FROM = 18,      /* former host[:port] of the portal */
    TK_KEY_CLIENT_SECRET_NEXT = 19, /* secret */
    TK_KEY_PORTAL_FAULT = 20, /* 1 byte, enum tk_portal_fault; after a move the new host[:port] */
    TK_KEY_TASK_LOGIN = 21,   /* text; to TK_KEY_TASK_URL in the order of enum tk_task_setting */
    TK_KEY_TASK_KEY = 22,     /* text, secret */
    TK_KEY_TASK_CONV = 23,    /* digits, behind a - if the task is to be blanked */
    TK_KEY_TASK_REF = 24,     /* text */
    TK_KEY_TASK_URL = 25,     /* text */
    TK_KEY_LAST = TK_KEY_TASK_URL,
    TK_KEYS_PER_ACCOUNT = 32
};

/* The slot of the account that a key belongs to; TK_NO_ACCOUNT for a key of the device. */
static inline uint8_t tk_key_account(uint16_t key)
{
    return (uint8_t)(key / TK_KEYS_PER_ACCOUNT - 1);
}

/* The key in the store. account: index of its slot; item: TK_KEY_NAME to TK_KEY_LAST. */
static inline uint16_t tk_account_key(unsigned account, unsigned item)
{
    TK_ASSERT(account < TK_ACCOUNTS && item >= TK_KEY_NAME && item <= TK_KEY_LAST);
    return (uint16_t)(TK_KEYS_PER_ACCOUNT * (account + 1) + item);
}

#endif
