/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_VERSION_H
#define TK_VERSION_H

#define TK_VERSION "0.1.0"

#endif
