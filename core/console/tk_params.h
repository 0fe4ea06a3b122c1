/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_PARAMS_H
#define TK_PARAMS_H

/* The parameters of a REST method, as typed. Pure functions. */

#include "tk_text.h"

/* Appends the JSON object of name=value words with spaces between them. Names are those of PHP:
 * fields[PHONE][0][VALUE]=1 is {"fields":{"PHONE":{"0":{"VALUE":"1"}}}}, which the portal reads as
 * a list. Values are text. False: a word has no name or no =, a name has a colon (name:=JSON is of
 * the host program), or two have the same name. words is changed and restored. */
bool tk_params_json(struct tk_text *t, char *words);

#endif
