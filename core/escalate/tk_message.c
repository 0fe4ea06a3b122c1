/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_message.h"

#include "tk_device.h"
#include "tk_json_scan.h"
#include "tk_limits.h"
#include "tk_template.h"
#include "tk_words.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char default_template[] =
    "{\"event\":{event},\"account\":{account},\"device\":{device},\"portal\":{portal},"
    "\"ref\":{ref},\"level\":{level},\"since\":{since},\"cause\":{cause},\"action\":{action},"
    "\"said\":{said},\"next_try\":{next_try},\"attempts\":{attempts}}";

enum tk_err tk_message_write(struct tk_text *t, const char *template, const struct tk_message *m)
{
    const struct tk_word words[] = {{"event", m->event, 0},
                                    {"account", m->account, 0},
                                    {"device", m->device, 0},
                                    {"portal", m->portal, 0},
                                    {"ref", m->ref, 0},
                                    {"cause", m->cause, 0},
                                    {"action", m->action, 0},
                                    {"said", m->server_error, 0},
                                    {"level", NULL, m->level},
                                    {"since", NULL, m->since},
                                    {"next_try", NULL, m->next_try},
                                    {"attempts", NULL, m->attempts}};

    return tk_template_write(t, template[0] != '\0' ? template : default_template, words,
                             COUNT(words));
}

/* Its tails stand for the longest values: tests/unit/escalate/test_message.c compares. */
static const char longest[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                              "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                              "xxxxxxxxxxxxxxxxxxxxxxxxxxxx";

#define TEXT_OF(len) (longest + sizeof longest - 1 - (len))

/* The server's error code, escaped, or a host. */
#define SAID_MAX                                                                                   \
    (2 * TK_SERVER_ERROR_MAX < TK_HOST_TEXT ? TK_HOST_TEXT - 1 : 2 * TK_SERVER_ERROR_MAX)

static const struct tk_message longest_message = {.event = TEXT_OF(7),
                                                  .account = TEXT_OF(TK_NAME_MAX),
                                                  .device = TEXT_OF(TK_DEVICE_ID_MAX),
                                                  .portal = TEXT_OF(TK_HOST_TEXT - 1),
                                                  .ref =
                                                      TEXT_OF(TK_DEVICE_ID_MAX + TK_NAME_MAX + 13),
                                                  .cause = TEXT_OF(TK_ERR_CODE_MAX),
                                                  .action = TEXT_OF(TK_WORDS_MAX),
                                                  .server_error = TEXT_OF(SAID_MAX),
                                                  .level = 4,
                                                  .since = 99999999999,
                                                  .next_try = 99999999999,
                                                  .attempts = UINT32_MAX};

enum tk_err tk_message_check(const char *template, char *work, size_t size)
{
    struct tk_text t;

    tk_text_init(&t, work, size < TK_MESSAGE_MAX + 1 ? size : TK_MESSAGE_MAX + 1);
    enum tk_err err = tk_message_write(&t, template, &longest_message);

    if (err != TK_OK)
        return err;
    if (!tk_text_ok(&t))
        return TK_E_NO_MEMORY;
    return tk_json_is_valid(work, t.len, true) ? TK_OK : TK_E_TEMPLATE_JSON;
}
