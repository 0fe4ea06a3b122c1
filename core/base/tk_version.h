/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_VERSION_H
#define TK_VERSION_H

#define TK_VERSION "0.2.0"

#endif
