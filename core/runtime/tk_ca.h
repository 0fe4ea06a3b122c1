/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CA_H
#define TK_CA_H

/*
 * Root certificates that an operator added to those of the build. A certificate arrives in pieces
 * (tk_ca_begin, tk_ca_add), which are staged in the store over restarts; tk_ca_end checks it and
 * trusts it, in one commit.
 *
 * Certificates are handled in a buffer borrowed from an idle connection (tk_https_borrow_buffer);
 * TK_E_TRY_LATER means that none is idle. Call from the main loop only; tk_ca_find is called
 * within it.
 */

#include "tk_err.h"
#include "tk_https.h"
#include "tk_limits.h"
#include "tk_storage.h"

#include <mbedtls/x509_crt.h>

/* An added root in RAM; its DER is on flash. */
struct tk_ca_root {
    uint16_t len;         /* bytes of DER; 0: the slot is free */
    uint16_t subject_len; /* 0: unreadable, never used */
    uint8_t digest[32];   /* SHA-256 of the DER */
};

struct tk_ca {
    const struct tk_config *config;
    struct tk_storage *storage;
    struct tk_https *https;
    const struct tk_time *time;
    struct tk_ca_root roots[TK_CAS];
};

/* Identifies a root to an operator. */
struct tk_ca_info {
    int64_t not_after; /* unix time */
    char subject[128]; /* common name, or the last attribute if there is none */
};

/* Loads the stored roots. storage is open and https initialized; all arguments must outlive ca. */
void tk_ca_load(struct tk_ca *ca, const struct tk_config *config, struct tk_storage *storage,
                struct tk_https *https, const struct tk_time *time);

/* An mbedtls_x509_crt_ca_cb_t, called within a handshake; ca is a struct tk_ca. Returns the roots
 * of the build and the added ones whose subject may be the issuer of child. */
int tk_ca_find(void *ca, const mbedtls_x509_crt *child, mbedtls_x509_crt **candidates);

/* Identifies the set of trusted roots, added and of the build; differs for another set. */
uint64_t tk_ca_id(const struct tk_ca *ca);

/* Starts a new certificate and drops the staged one. TK_E_STORAGE_*. */
enum tk_err tk_ca_begin(struct tk_ca *ca);

/* Appends a piece to the staged certificate. *total: bytes so far. TK_E_CA_NOT_BEGUN,
 * TK_E_CA_TOO_LARGE, TK_E_TRY_LATER, TK_E_STORAGE_*: nothing was added. */
enum tk_err tk_ca_add(struct tk_ca *ca, const uint8_t *data, size_t len, size_t *total);

/* Checks the staged certificate and trusts it from now on. *root: its slot. One that was added
 * before is no error. TK_E_CA_NOT_BEGUN, TK_E_CA_INVALID (not one CA certificate in DER),
 * TK_E_CA_UNSUPPORTED (this build cannot read it), TK_E_CA_EXPIRED, TK_E_CA_LIMIT (no free slot),
 * TK_E_TRY_LATER, TK_E_STORAGE_*: the certificate stays staged. */
enum tk_err tk_ca_end(struct tk_ca *ca, const struct tk_ca_root **root, struct tk_ca_info *info);

/* Deletes the root whose digest begins with these hex digits, 8 or more. TK_E_NO_SUCH_CA,
 * TK_E_STORAGE_*; TK_E_BAD_VALUE: too few digits, or more than one match. */
enum tk_err tk_ca_delete(struct tk_ca *ca, const char *digest);

/* Reads a root from flash. *info is filled on TK_OK and TK_E_CA_EXPIRED. TK_E_CA_INVALID,
 * TK_E_CA_UNSUPPORTED, TK_E_TRY_LATER. */
enum tk_err tk_ca_read_info(struct tk_ca *ca, const struct tk_ca_root *root,
                            struct tk_ca_info *info);

#endif
