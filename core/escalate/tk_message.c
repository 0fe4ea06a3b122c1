/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_message.h"

#include "tk_device.h"
#include "tk_json_scan.h"
#include "tk_limits.h"
#include "tk_template.h"
#include "tk_words.h"

#include <stddef.h>
#include <string.h>

#define AT(member) offsetof(struct tk_message, member)

/* In the order of the default message. */
static const struct tk_word words[] = {{"event", AT(event), TK_WORD_TEXT},
                                       {"account", AT(account), TK_WORD_TEXT},
                                       {"device", AT(device), TK_WORD_TEXT},
                                       {"portal", AT(portal), TK_WORD_TEXT},
                                       {"ref", AT(ref), TK_WORD_TEXT},
                                       {"level", AT(level), TK_WORD_NUMBER},
                                       {"since", AT(since), TK_WORD_NUMBER},
                                       {"cause", AT(cause), TK_WORD_TEXT},
                                       {"action", AT(action), TK_WORD_TEXT},
                                       {"said", AT(server_error), TK_WORD_TEXT},
                                       {"next_try", AT(next_try), TK_WORD_NUMBER},
                                       {"attempts", AT(attempts), TK_WORD_NUMBER},
                                       {"since_utc", AT(since), TK_WORD_UTC},
                                       {"next_try_utc", AT(next_try), TK_WORD_UTC}};

#define COUNT (sizeof words / sizeof words[0])

enum tk_err tk_message_write(struct tk_text *t, const char *template, const struct tk_message *m)
{
    if (template[0] != '\0')
        return tk_template_write(t, template, words, COUNT, m);
    tk_template_write_all(t, words, COUNT, m);
    return TK_OK;
}

/* --- checking a template --- */

/* The server's error code, escaped, or a host. */
#define SAID_MAX                                                                                   \
    (2 * TK_SERVER_ERROR_MAX < TK_HOST_TEXT ? TK_HOST_TEXT - 1 : 2 * TK_SERVER_ERROR_MAX)

enum { LONGEST = SAID_MAX < TK_WORDS_MAX ? TK_WORDS_MAX : SAID_MAX };

/* With the longest values: tests/unit/escalate/test_message.c compares. */
static enum tk_err write_longest(struct tk_text *t, const char *template)
{
    char text[LONGEST + 1];
    const char *end = text + LONGEST;
    struct tk_message m = {.event = end - 7,
                           .account = end - TK_NAME_MAX,
                           .device = end - TK_DEVICE_ID_MAX,
                           .portal = end - (TK_HOST_TEXT - 1),
                           .ref = end - (TK_DEVICE_ID_MAX + TK_NAME_MAX + 13),
                           .cause = end - TK_ERR_CODE_MAX,
                           .action = end - TK_WORDS_MAX,
                           .server_error = end - SAID_MAX,
                           .level = 4,
                           .since = 99999999999,
                           .next_try = 99999999999,
                           .attempts = UINT32_MAX};

    memset(text, 'x', LONGEST);
    text[LONGEST] = '\0';
    return tk_message_write(t, template, &m);
}

enum tk_err tk_message_check(const char *template, char *work, size_t size)
{
    struct tk_text t;

    tk_text_init(&t, work, size < TK_MESSAGE_MAX + 1 ? size : TK_MESSAGE_MAX + 1);
    enum tk_err err = write_longest(&t, template);

    if (err != TK_OK)
        return err;
    if (!tk_text_ok(&t))
        return TK_E_NO_MEMORY;
    return tk_json_is_valid(work, t.len, true) ? TK_OK : TK_E_TEMPLATE_JSON;
}
