/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CA_H
#define TK_CA_H

/*
 * Roots of trust that a person added to those of the build. A certificate comes in pieces, which
 * are collected in the store; it counts once it is whole and was looked at, from one commit on.
 * Needs no memory of its own: a certificate is handled in the buffer of a connection that has no
 * use for it (tk_https_borrow_buffer).
 */

#include "tk_err.h"
#include "tk_limits.h"
#include "tk_text.h"

#include <mbedtls/x509_crt.h>

struct tk_keeper;

struct tk_ca_root {
    uint16_t len;         /* of its DER; 0: the place is free */
    uint16_t subject;     /* where in it the subject's DER begins */
    uint16_t subject_len; /* 0: it cannot be read, and is never used */
    uint8_t digest[32];   /* SHA-256 of its DER */
};

struct tk_ca {
    struct tk_keeper *keeper;
    struct tk_ca_root roots[TK_CAS];
};

/* What a person wants to know of a root. */
struct tk_ca_facts {
    int64_t not_after; /* unix */
    char subject[128]; /* its common name, or the last part of its subject that is text */
};

/* Finds what is stored. The keeper's store is open, its network is set up. */
void tk_ca_load(struct tk_ca *ca, struct tk_keeper *keeper);

/* As mbedtls_ssl_conf_ca_cb wants it, inside a handshake: the roots of the build, and those here.
 * ca is a struct tk_ca. */
int tk_ca_find(void *ca, const mbedtls_x509_crt *child, mbedtls_x509_crt **candidates);

/* Another number with other roots, of the build or here. */
uint64_t tk_ca_id(const struct tk_ca *ca);

/* Begins to collect; what was collected before is dropped. TK_E_STORAGE_*. */
enum tk_err tk_ca_begin(struct tk_ca *ca);

/* The next bytes; *total becomes what there is by now. Nothing is added where it fails:
 * TK_E_CA_NOT_BEGUN, TK_E_CA_TOO_LARGE, TK_E_TRY_LATER, TK_E_STORAGE_*. */
enum tk_err tk_ca_add(struct tk_ca *ca, const uint8_t *data, size_t len, size_t *total);

/* Trusts what was collected from now on; *root is it. What was collected stays where it fails:
 * TK_E_CA_NOT_BEGUN, TK_E_CA_INVALID, TK_E_CA_EXPIRED, TK_E_CA_LIMIT, TK_E_TRY_LATER,
 * TK_E_STORAGE_*. */
enum tk_err tk_ca_end(struct tk_ca *ca, const struct tk_ca_root **root, struct tk_ca_facts *facts);

/* Trusts the root whose digest begins with these hex digits no more. At least 8 of them.
 * TK_E_NO_SUCH_CA, TK_E_BAD_VALUE (more than one begins so), TK_E_STORAGE_*. */
enum tk_err tk_ca_delete(struct tk_ca *ca, const char *digest);

/* What stands in a root; TK_E_TRY_LATER, TK_E_CA_INVALID. */
enum tk_err tk_ca_look(struct tk_ca *ca, const struct tk_ca_root *root, struct tk_ca_facts *facts);

#endif
