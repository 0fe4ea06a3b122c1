/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ASSERT_H
#define TK_ASSERT_H

/*
 * TK_ASSERT(condition): a caller broke a rule of an interface. Never about input, a peer or flash:
 * those have errors. A build chooses what follows with -DTK_ASSERT_FAILED=name, a function
 *
 *      void name(void);
 *
 * that does not return (a board resets with a cause, the host program aborts); without it the
 * condition is not evaluated. The CMake option TK_ASSERTS names tk_assert_failed (tk_device.h).
 */
#if defined(TK_ASSERT_FAILED)
void TK_ASSERT_FAILED(void);
#define TK_ASSERT(condition) ((condition) ? (void)0 : TK_ASSERT_FAILED())
#else
#define TK_ASSERT(condition) ((void)(0 && (condition)))
#endif

#endif
