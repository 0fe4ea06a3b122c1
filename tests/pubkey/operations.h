/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATIONS_H
#define OPERATIONS_H

/* Public-key operations whose instructions are counted: on a Cortex-M3 by the emulator, here by
 * valgrind. */

/* Both defined by the program, which counts from each begin() to the next end(). */
void begin(void);
void end(void);

/* Reports octets, in hexadecimal by the name of what they are. */
void report(const char *name, const unsigned char *octets, unsigned len);

/* So many scalars, of which each curve makes a public key and, with the key before, a shared
 * secret: four counts a scalar. Reported are scalars, keys and secrets. */
void run_ecdh(unsigned scalars);

/* Of a signature each: ECDSA with P-256, with P-384, RSA with 2048 bits, with 4096. Four counts, in
 * this order. 0, or the number of the one that is wrong. */
unsigned run_verifications(void);

#endif
