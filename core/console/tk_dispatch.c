/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_dispatch.h"

#include "tk_string.h"

#include <string.h>

size_t tk_dispatch_matches(const char *line, const char *name)
{
    const char *at = line + strspn(line, " ");

    for (; *name != '\0'; name++) {
        if (*name == ' ' && *at == ' ')
            at += strspn(at, " ");
        else if (tk_lower(*at++) != *name)
            return 0;
    }
    return *at == '\0' || *at == ' ' ? (size_t)(at - line) : 0;
}

/* The characters of as many words of line as name has. */
static size_t words_len(const char *line, const char *name)
{
    size_t len = strcspn(line, " ");

    while ((name = strchr(name, ' ')) != NULL && line[len] != '\0') {
        len += 1 + strcspn(line + len + 1, " ");
        name++;
    }
    return len;
}

/* All but two adjacent characters are the same from the beginning and from the end. */
bool tk_dispatch_is_near(const char *line, const char *name)
{
    size_t len = words_len(line, name), name_len = strlen(name), same = 0, tail = 0;
    size_t shorter = len < name_len ? len : name_len;
    size_t longer = len + name_len - shorter;

    while (same < shorter && tk_lower(line[same]) == name[same])
        same++;
    while (same + tail < shorter && tk_lower(line[len - 1 - tail]) == name[name_len - 1 - tail])
        tail++;
    return len > 0 &&
           ((same == len && line[len] == '\0') || (longer > 2 && same + tail + 2 >= longer));
}

const struct tk_command *tk_dispatch_find(const struct tk_command_table *table, const char *line,
                                          const char **args)
{
    const struct tk_command *found = NULL;
    size_t longest = 0;

    if (line[0] == '?' && (line[1] == '\0' || line[1] == ' ')) {
        found = table->commands;
        longest = 1;
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t len = tk_dispatch_matches(line, table->commands[i].name);

        if (len > longest) {
            longest = len;
            found = &table->commands[i];
        }
    }
    *args = line + longest + strspn(line + longest, " ");
    return found;
}

/* "?code=" of an address, or of one in HTML; or the line begins with it. */
static bool ends_in_code(const char *line)
{
    size_t len = strlen(line);

    return tk_ends_with(line, "code=") &&
           (strspn(line, " \"'") + 5 == len || strchr("?&;", line[len - 6]) != NULL);
}

enum tk_line_hides tk_dispatch_hides(const struct tk_command_table *table, const char *line)
{
    const char *args;
    const struct tk_command *command = tk_dispatch_find(table, line, &args);

    if (ends_in_code(line))
        return TK_HIDES_ADDRESS;
    if (command == NULL)
        return tk_ends_with(line, "://") ? TK_HIDES_ADDRESS : TK_HIDES_NOTHING;
    if (command == table->address)
        return TK_HIDES_ADDRESS;
    return (command->flags & TK_COMMAND_SECRET) != 0 ||
                   ((command->flags & TK_COMMAND_SETTING) != 0 && table->setting_is_secret(args))
               ? TK_HIDES_SECRET
               : TK_HIDES_NOTHING;
}

char *tk_dispatch_prefix(char *line, char prefix[TK_PREFIX_SIZE])
{
    size_t digits = 0;

    prefix[0] = '\0';
    if (line[0] != '@')
        return line;
    while (tk_is_digit(line[1 + digits]))
        digits++;
    if (digits < 1 || digits > 10 || (line[1 + digits] != ' ' && line[1 + digits] != '\0'))
        return NULL;
    memcpy(prefix, line, 1 + digits);
    prefix[1 + digits] = ' ';
    prefix[2 + digits] = '\0';
    return line + 1 + digits;
}

char *tk_dispatch_trim(char *s)
{
    size_t len;

    s += strspn(s, " ");
    len = strlen(s);
    while (len > 0 && s[len - 1] == ' ')
        s[--len] = '\0';
    return s;
}
