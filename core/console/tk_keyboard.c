/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_keyboard.h"

#include <string.h>

#define BEL  0x07
#define XON  0x11
#define XOFF 0x13
#define ESC  0x1b

enum { PLAIN, ESCAPE, CSI, SS3, STRING, DROP }; /* of struct tk_keyboard.state */

enum { SEVERAL = '?' }; /* of struct tk_keyboard.parameter: more than one byte */

/* ESC [ <final>, or ESC [ <parameter> ~ of VT220 and rxvt. With more parameters, as with a modifier
 * key, it is none of ours. */
static uint8_t press_of(uint8_t parameter, uint8_t final)
{
    static const char names[] = "ABCDHF13478";
    static const char keys[] = {TK_PRESS_UP,   TK_PRESS_DOWN, TK_PRESS_RIGHT, TK_PRESS_LEFT,
                                TK_PRESS_HOME, TK_PRESS_END,  TK_PRESS_HOME,  TK_PRESS_DELETE,
                                TK_PRESS_END,  TK_PRESS_HOME, TK_PRESS_END};
    uint8_t name = final == '~' ? parameter : parameter == 0 ? final : SEVERAL;
    const char *found = name == 0 ? NULL : strchr(names, name);

    return found == NULL ? TK_PRESS_NONE : (uint8_t)keys[found - names];
}

static void begin(struct tk_keyboard *k, uint8_t byte)
{
    k->parameter = 0;
    if (byte == '[')
        k->state = CSI;
    else if (byte == 'O')
        k->state = SS3;
    else
        k->state = strchr("]P_^X", byte) != NULL ? STRING : PLAIN;
}

/* The final byte of CSI or SS3. */
static uint8_t end(struct tk_keyboard *k, uint8_t byte)
{
    bool is_csi = k->state == CSI;

    k->state = PLAIN;
    if (is_csi && k->parameter == 0 && (byte == 'M' || byte == '[')) {
        k->state = DROP;
        k->parameter = byte == 'M' ? 3 : 1;
        return TK_PRESS_NONE;
    }
    return press_of(k->parameter, byte);
}

/* A byte other than a control character. */
static uint8_t in_sequence(struct tk_keyboard *k, uint8_t byte)
{
    if (k->state == STRING)
        return TK_PRESS_NONE;
    if (k->state == DROP) {
        if (--k->parameter == 0)
            k->state = PLAIN;
    } else if (byte >= 0x80) { /* no sequence has it: noise, or Alt with a letter of UTF-8 */
        k->state = PLAIN;
        return byte;
    } else if (k->state == ESCAPE) {
        if (byte >= 0x30)
            begin(k, byte);
    } else if (byte >= 0x40 && byte != TK_PRESS_RUBOUT) {
        return end(k, byte);
    } else {
        k->parameter = k->parameter == 0 ? byte : SEVERAL;
    }
    return TK_PRESS_NONE;
}

bool tk_keyboard_in_string(const struct tk_keyboard *k)
{
    return k->state == STRING;
}

uint8_t tk_keyboard_byte(struct tk_keyboard *k, char byte)
{
    uint8_t state = k->state, key = (uint8_t)byte;

    if (key == 0 || key == XON || key == XOFF)
        return TK_PRESS_NONE;
    if (key == ESC) { /* of a string it may begin ST, which is ESC \ */
        k->state = ESCAPE;
        return TK_PRESS_NONE;
    }
    if (state != PLAIN && key >= 0x20)
        return in_sequence(k, key);
    k->state = PLAIN;
    return state == STRING && key == BEL ? TK_PRESS_NONE : key;
}
