/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_KEYBOARD_H
#define TK_KEYBOARD_H

/*
 * Keys out of the bytes of a terminal. A key that sends a sequence becomes the control character
 * that does the same; any other sequence is dropped whole, of any length and cut anywhere:
 *
 * - ESC, intermediate bytes and a final one (ECMA-35), as Alt with a key sends;
 * - CSI and SS3, ESC [ and ESC O (ECMA-48 5.4): function keys, paste markers (what is pasted is
 *   taken), focus, mouse and status reports; also the three bytes after ESC [ M (X10 mouse) and the
 *   letter after ESC [ [ (F1 to F5 of the Linux console);
 * - control strings (OSC, DCS, APC, PM, SOS) up to BEL or ST.
 *
 * NUL, XON and XOFF are dropped, also within a sequence. Any other control character ends an
 * unfinished sequence and is a key itself, so that none lasts longer than its line. Not known:
 * C1 controls of one byte, which are a part of UTF-8 letters, and Telnet, which a serial line does
 * not carry.
 */

#include <stdbool.h>
#include <stdint.h>

enum tk_press {
    TK_PRESS_NONE = 0,
    TK_PRESS_HOME = 0x01,      /* Ctrl-A */
    TK_PRESS_LEFT = 0x02,      /* Ctrl-B */
    TK_PRESS_INTERRUPT = 0x03, /* Ctrl-C */
    TK_PRESS_DELETE = 0x04,    /* Ctrl-D */
    TK_PRESS_END = 0x05,       /* Ctrl-E */
    TK_PRESS_RIGHT = 0x06,     /* Ctrl-F */
    TK_PRESS_BACKSPACE = 0x08, /* Ctrl-H */
    TK_PRESS_KILL_END = 0x0b,  /* Ctrl-K */
    TK_PRESS_REDRAW = 0x0c,    /* Ctrl-L */
    TK_PRESS_DOWN = 0x0e,      /* Ctrl-N */
    TK_PRESS_UP = 0x10,        /* Ctrl-P */
    TK_PRESS_KILL = 0x15,      /* Ctrl-U */
    TK_PRESS_KILL_WORD = 0x17, /* Ctrl-W */
    TK_PRESS_SUSPEND = 0x1a,   /* Ctrl-Z */
    TK_PRESS_RUBOUT = 0x7f     /* DEL: what most terminals send for Backspace */
};

struct tk_keyboard {
    uint8_t state;     /* within a sequence; 0: not */
    uint8_t parameter; /* the only parameter byte of a sequence, or bytes left to drop */
};

/* The key or character that the byte completes; TK_PRESS_NONE: none. */
uint8_t tk_keyboard_byte(struct tk_keyboard *k, char byte);

/* Whether a control string has begun and not ended. */
bool tk_keyboard_in_string(const struct tk_keyboard *k);

#endif
