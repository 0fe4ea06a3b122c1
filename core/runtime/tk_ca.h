/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CA_H
#define TK_CA_H

/*
 * Root certificates that an operator added to those of the build. A certificate arrives in pieces,
 * which are collected in the store, and is trusted once it is complete and was checked: one
 * commit. It is handled in a buffer borrowed from an idle connection (tk_https_borrow_buffer).
 */

#include "tk_err.h"
#include "tk_https.h"
#include "tk_limits.h"
#include "tk_storage.h"

#include <mbedtls/x509_crt.h>

struct tk_ca_root {
    uint16_t len;         /* of its DER; 0: free */
    uint16_t subject;     /* offset of the subject in it */
    uint16_t subject_len; /* 0: unreadable, never used */
    uint8_t digest[32];   /* SHA-256 of its DER */
};

struct tk_ca {
    const struct tk_config *config;
    struct tk_storage *storage;
    struct tk_https *https;
    const struct tk_time *time;
    struct tk_ca_root roots[TK_CAS];
};

/* What identifies a root to an operator. */
struct tk_ca_info {
    int64_t not_after; /* unix */
    char subject[128]; /* its common name, or the last part of its subject that is text */
};

/* Reads the stored roots. Storage is open, https is set up; both and config outlive ca. */
void tk_ca_load(struct tk_ca *ca, const struct tk_config *config, struct tk_storage *storage,
                struct tk_https *https, const struct tk_time *time);

/* The callback for mbedtls_ssl_conf_ca_cb, called inside a handshake: candidates among the roots of
 * the build and those here. ca is a struct tk_ca. */
int tk_ca_find(void *ca, const mbedtls_x509_crt *child, mbedtls_x509_crt **candidates);

/* Changes when a root is added or removed, here or in the build. */
uint64_t tk_ca_id(const struct tk_ca *ca);

/* Starts a new collection and drops the one before. TK_E_STORAGE_*. */
enum tk_err tk_ca_begin(struct tk_ca *ca);

/* Appends bytes; *total is the size so far. On an error nothing is added:
 * TK_E_CA_NOT_BEGUN, TK_E_CA_TOO_LARGE, TK_E_TRY_LATER, TK_E_STORAGE_*. */
enum tk_err tk_ca_add(struct tk_ca *ca, const uint8_t *data, size_t len, size_t *total);

/* Checks the collected certificate and trusts it from now on; *root is it. On an error the
 * collection stays:
 * TK_E_CA_NOT_BEGUN, TK_E_CA_INVALID, TK_E_CA_EXPIRED, TK_E_CA_LIMIT, TK_E_TRY_LATER,
 * TK_E_STORAGE_*. */
enum tk_err tk_ca_end(struct tk_ca *ca, const struct tk_ca_root **root, struct tk_ca_info *info);

/* Removes the root whose digest begins with these hex digits, at least 8. TK_E_NO_SUCH_CA,
 * TK_E_BAD_VALUE (too few digits, or more than one root matches), TK_E_STORAGE_*. */
enum tk_err tk_ca_delete(struct tk_ca *ca, const char *digest);

/* Reads a root's info. TK_E_TRY_LATER, TK_E_CA_INVALID, TK_E_CA_EXPIRED. */
enum tk_err tk_ca_read_info(struct tk_ca *ca, const struct tk_ca_root *root,
                            struct tk_ca_info *info);

#endif
