/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration of mbedTLS with limbs of 32 bits on a 64-bit processor: its assembler is for limbs
 * of 64. */
#define MBEDTLS_HAVE_INT32
#undef MBEDTLS_HAVE_ASM
