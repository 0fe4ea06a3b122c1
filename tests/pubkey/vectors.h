/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VECTORS_H
#define VECTORS_H

/* Reads the files of vectors/ (vectors.py describes them) and compares an implementation with them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VECTOR_OCTETS_MAX = 4400, VECTOR_FIELDS = 3 };

struct vector_octets {
    size_t len;
    uint8_t at[VECTOR_OCTETS_MAX];
};

/* Fields: message and signature of a signature, else public point, private scalar, shared secret.
 */
struct vector {
    const char *file;
    char kind[8], curve[16], digest[8], result[16], flags[128];
    unsigned number;
    struct vector_octets key, fields[VECTOR_FIELDS];
    uint8_t hash[64]; /* of the message */
    size_t hash_len;
};

/* Octets of a coordinate of the curve; 0 for RSA. */
size_t vector_curve_octets(const struct vector *v);

/* The private scalar, big-endian, as many octets as a coordinate has. */
void vector_scalar(const struct vector *v, uint8_t *scalar);

/* What the implementation says of vectors whose result is "acceptable" and that have this flag. */
struct vector_rule {
    const char *flag;
    bool accepted;
    const char *reason;
};

/* Whether the implementation accepts a vector: the signature is good, or the shared secret is what
 * the vector says. */
typedef bool vector_verdict(const struct vector *v);

/* Reads all files; the exit status of a program. */
int vectors_main(int count, char **files, vector_verdict *accepts, const struct vector_rule *rules);

#endif
