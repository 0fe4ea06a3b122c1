# SPDX-License-Identifier: Apache-2.0
"""Violations that selftest.py injects, each with its check, and look-alikes that are allowed.

Names that a check would find in this very file are put together from halves.
"""

from __future__ import annotations

from dataclasses import dataclass

URL = "core/https/tk_url.c"
OAUTH = "core/oauth/tk_oauth.c"
SCRIPT = "tests/demo.sh"


@dataclass(frozen=True)
class Plant:
    """Text to append to a file, which is created if needed, and the expected problem."""

    check: str
    title: str
    file: str
    text: str
    expect: str | None  # a pattern; None: no problem
    instead_of: str = ""  # a pattern that the text replaces; empty: append


def _function(lines: int, name: str = "tk_planted") -> str:
    body = "".join(f"    at[{line}] = {line};\n" for line in range(lines))
    return f"\nvoid {name}(int *at);\n\nvoid {name}(int *at)\n{{\n{body}}}\n"


def _call(function: str) -> str:
    """An undefined symbol, as a call leaves it in an object."""
    return (f'extern const int tk_other __asm__("{function}");\nconst int *tk_planted(void);\n'
            "const int *tk_planted(void)\n{\n    return &tk_other;\n}\n")


INCLUDES = [
    Plant("includes", "core includes a port", URL, '#include "tk_posix.h"\n',
          r"core/https may not include tk_posix\.h of port/posix"),
    Plant("includes", "core includes a port by path", URL, '#include "../port/sim/tk_sim.h"\n',
          r"core/https may not include \.\./port/sim/tk_sim\.h"),
    Plant("includes", "core includes stdlib.h", URL, "#include <stdlib.h>\n",
          r"core/https may not include <stdlib\.h>"),
    Plant("includes", "core includes stdio.h", URL, "#include <stdio.h>\n",
          r"core/https may not include <stdio\.h>"),
    Plant("includes", "core includes a system's header", URL, "# include <sys/socket.h>\n",
          r"core/https may not include <sys/socket\.h>"),
    Plant("includes", "platform includes core", "platform/tk_clock.h", '#include "tokenkeeper.h"\n',
          r"platform may not include tokenkeeper\.h of core"),
    Plant("includes", "platform includes mbedTLS", "platform/tk_clock.h",
          "#include <mbedtls/ssl.h>\n", r"platform may not include <mbedtls/ssl\.h>"),
    Plant("includes", "a port includes core", "port/posix/tk_posix.h", '#include "tk_err.h"\n',
          r"port/posix may not include tk_err\.h of core/base"),
    Plant("includes", "a port includes another port", "port/posix/tk_posix.h",
          '#include "tk_sim.h"\n', r"port/posix may not include tk_sim\.h of port/sim"),
    Plant("includes", "a room includes a room above it", URL, '#include "tk_account.h"\n',
          r"core/https may not include tk_account\.h of core/oauth"),
    Plant("includes", "a room includes the room beside it", URL, '#include "tk_store.h"\n',
          r"core/https may not include tk_store\.h of core/store"),
    Plant("includes", "a room includes the public header", URL, '#include "tokenkeeper.h"\n',
          r"core/https may not include tokenkeeper\.h of core"),
    Plant("includes", "a board includes the inside of a room", "boards/host/main.c",
          '#include "tk_account.h"\n', r"boards/host may not include tk_account\.h of core/oauth"),
    Plant("includes", "a board includes the inside of the store", "boards/host/main.c",
          '#include "tk_store_plan.h"\n',
          r"boards/host may not include tk_store_plan\.h of core/store"),
    Plant("includes", "a board includes the store", "boards/host/main.c",
          '#include "tk_store.h"\n', None),
    Plant("includes", "core tests for Linux", URL, "#if defined(__linux__)\n#endif\n",
          r"core/https may not depend on __linux__"),
    Plant("includes", "core tests for Windows over two lines", URL,
          "#if TK_CONNECTIONS > 1 && \\\n    defined(_WIN32)\n#endif\n",
          r"core/https may not depend on _WIN32"),
    Plant("includes", "core tests for ESP-IDF", URL, "#ifdef ESP_PLATFORM\n#endif\n",
          r"core/https may not depend on ESP_PLATFORM"),
    Plant("includes", "an include in a comment", URL, "/*\n#include <stdio.h>\n*/\n", None),
    Plant("includes", "a port uses the mbedTLS port", "port/posix/tk_posix.h",
          '#include "tk_trust.h"\n', None),
    Plant("includes", "core tests for mbedTLS", URL, "#ifdef MBEDTLS_AES_C\n#endif\n", None),
]

ROOMS = [
    Plant("rooms", "a call of a room above", URL,
          _call("tk_keeper_run"), r"tk_url\.c:1: uses tk_keeper_run of core$"),
    Plant("rooms", "a call of the room beside", URL,
          _call("tk_store_get"), r"tk_url\.c:1: uses tk_store_get of core/store$"),
    Plant("rooms", "a room that is too large", "core/console/tk_planted.h", "\n" * 5000,
          r"core/console:1: has \d+\.\d % of core's lines, over 25 %"),
    Plant("rooms", "an unknown room", "core/planted/tk_planted.h", "\n",
          r"core/planted:1: a room that"),
    Plant("rooms", "a call of a room below", URL, _call("tk_text_add"), None),
]

CIRCLES = [
    Plant("circles", "a circle of includes", "core/https/tk_http_date.h", '#include "tk_http.h"\n',
          r"a circle of tk_http, tk_http_date: tk_http needs \w+(\.h)? of tk_http_date, "
          r"tk_http_date needs tk_http\.h of tk_http$"),
    Plant("circles", "a circle of includes in angle brackets", "core/store/tk_store_types.h",
          "#include <tk_store.h>\n", r"a circle of .*tk_store_types needs tk_store\.h of tk_store"),
    Plant("circles", "a circle of calls", URL, _call("tk_http_begin"),
          r"a circle of tk_http, tk_url: .*tk_url needs tk_http_begin of tk_http$"),
    Plant("circles", "a call in the direction of the others", "core/https/tk_http.c",
          _call("tk_host_parse"), None),
]

ACCOUNTS = [
    Plant("accounts", "a private member in console", "core/console/tk_console.c",
          "int tk_planted(struct tk_account *a);\nint tk_planted(struct tk_account *a)\n"
          "{\n    return a->refresh.failures;\n}\n", r"private to core/oauth: ->refresh\.failures"),
    Plant("accounts", "the address of a private part in console", "core/console/tk_console.c",
          "    f(&a->auth);\n", r"private to core/oauth: &a->auth"),
    Plant("accounts", "a private member in oauth", "core/oauth/tk_token.c",
          "    return a->refresh.failures;\n", None),
    Plant("accounts", "a private member in a comment", "core/console/tk_console.c",
          "/* a->refresh.failures */\n", None),
]

KEYS = [
    Plant("keys", "a key that is a number", "core/runtime/tk_netconf.c",
          "    return tk_storage_put(n->storage, 25, data, len);\n", r"tk_netconf\.c:\d+: a key that is"),
    Plant("keys", "a value under a number", "core/runtime/tk_ca.c",
          "    struct tk_store_value value = {25, 1, &piece};\n", r"tk_ca\.c:\d+: a key that is"),
    Plant("keys", "a variable that holds a number", "core/escalate/tk_webhook.c",
          "    const uint8_t key = 25;\n", r"tk_webhook\.c:\d+: a key that is"),
    Plant("keys", "a number of an account", "core/oauth/tk_account_store.c",
          "    add_text(&b, 19, a->name);\n", r"tk_account_store\.c:\d+: a key that is"),
    Plant("keys", "a key by a macro of its own", "core/runtime/tk_netconf.c",
          "    (void)tk_storage_get(n->storage, MINE, buf, sizeof buf);\n", r"a key that is not of"),
    Plant("keys", "a key in another file", "core/escalate/tk_webhook.h",
          "enum { TK_KEY_PLANTED = 25 };\n", r"tk_webhook\.h:\d+: defines a key outside"),
    Plant("keys", "a function of keys", "core/escalate/tk_alert_record.c",
          "static uint8_t key_of(int i)\n{\n    return (uint8_t)(25 + i);\n}\n", r"uses no key of"),
    Plant("keys", "two keys of one number", "core/runtime/tk_keys.h", "TK_KEY_NTP = 3,",
          r"TK_KEY_NTP has the number of TK_KEY_IP", r"TK_KEY_NTP = 4,"),
    Plant("keys", "a key in a comment", "core/runtime/tk_netconf.c",
          "/* tk_storage_put(storage, 25, data, len) */\n", None),
    Plant("keys", "a comparison", "core/runtime/tk_netconf.c", "    if (TK_KEY_IP == key)\n", None),
]

SYMBOLS = [
    Plant("symbols", "core allocates", URL,
          "void *malloc(size_t);\nvoid *tk_planted(void);\n"
          "void *tk_planted(void)\n{\n    return malloc(9);\n}\n", r"core may not use malloc"),
    Plant("symbols", "core allocates through mbedTLS", URL,
          "void *mbedtls_calloc(size_t, size_t);\nvoid *tk_planted(void);\n"
          "void *tk_planted(void)\n{\n    return mbedtls_calloc(9, 9);\n}\n",
          r"core may not use mbedtls_calloc"),
    Plant("symbols", "core prints", URL,
          "int puts(const char *);\nint tk_planted(void);\n"
          'int tk_planted(void)\n{\n    return puts("a");\n}\n', r"core may not use puts"),
    Plant("symbols", "core has a writable static", URL,
          "int tk_planted(void);\nint tk_planted(void)\n{\n    static int count;\n"
          "    return ++count;\n}\n", r"\.bss holds writable data: count"),
    Plant("symbols", "core has a writable global with a value", URL, "int tk_planted = 9;\n",
          r"\.data holds writable data: tk_planted"),
    Plant("symbols", "a symbol has no prefix", URL, "int planted(void);\n"
          "int planted(void)\n{\n    return 9;\n}\n", r"exports planted, which does not begin"),
    Plant("symbols", "a constant table of pointers", URL,
          "extern const char *const tk_planted[2];\n"
          'const char *const tk_planted[2] = {"a", "b"};\n', None),
]

LIMITS = [
    Plant("limits", "an oversize function", URL, _function(41), r"tk_planted has 4\d code lines"),
    Plant("limits", "an oversize file", "core/tk_planted.c", "int tk_planted;\n" * 501,
          r"501 code lines, over"),
    Plant("limits", "many long functions", "core/tk_planted.c",
          "".join(_function(30, f"tk_planted_{number}") for number in range(200)),
          r"95th percentile of all functions is 3\d code lines|tk_planted\.c:1: \d+ code lines"),
    Plant("limits", "a long comment", URL, "/*\n" + " * words\n" * 600 + " */\n", None),
]

LAYOUT = [
    Plant("layout", "badly formatted C", URL, "int tk_planted (int a){return a;}\n",
          r"core/https/tk_url\.c:\d+: not formatted"),
]

HYGIENE = [
    Plant("hygiene", "a mirror's name", SCRIPT, "# http://deb." + "debian.org/debian\n",
          r"names a package registry"),
    Plant("hygiene", "a registry's name", SCRIPT, "# https://py" + "pi.org/simple\n",
          r"names a package registry"),
    Plant("hygiene", "a download", SCRIPT, "# https://github" + ".com/zserge/jsmn/archive/a.zip\n",
          r"names a package registry"),
    Plant("hygiene", "a machine's path", SCRIPT, "cd /wor" + "k/main\n", r"names a path of one"),
    Plant("hygiene", "root's home", SCRIPT, "cd /roo" + "t/.cache\n", r"names a path of one"),
    Plant("hygiene", "an unfinished note", URL, "/* TO" + "DO: more */\n",
          r"has an unfinished note"),
    Plant("hygiene", "an unfinished note in the template", "port/template/tk_port_wait.c",
          "/* FIX" + "ME tk_sock.h: more */\n", None),
    Plant("hygiene", "trailing white space", SCRIPT, "true \n", r"has trailing white space"),
    Plant("hygiene", "a tab in C", URL, "\tint a;\n", r"has a tab"),
    Plant("hygiene", "a letter beyond ASCII", SCRIPT, "# \u00fc\n", r"not ASCII"),
    Plant("hygiene", "no licence", "tests/planted.py", "print()\n", r"no SPDX line"),
    Plant("hygiene", "third-party source", "core/jsmn.h",
          "/* SPDX-License-Identifier: Apache-2.0 */\n", r"third-party source"),
    Plant("hygiene", "third-party source of lwIP", "port/lwip/src/core/tcp.c",
          "/* SPDX-License-Identifier: Apache-2.0 */\n", r"third-party source"),
    Plant("hygiene", "a copyright line", URL, "/* Copyri" + "ght 2020 them */\n",
          r"has a copyright line"),
    Plant("hygiene", "a large file", "tests/planted.txt", "words\n" * 40000, r"240000 bytes, over"),
    Plant("hygiene", "a binary", "tests/planted.bin", "\0\n", r"is not text"),
    Plant("hygiene", "a large seed", "tests/fuzz/seeds/json/planted", "words\n" * 400,
          r"2400 bytes, over 2048"),
    Plant("hygiene", "a seed's machine path", "tests/fuzz/seeds/json/planted", "/wor" + "k/main",
          r"names a path of one"),
    Plant("hygiene", "a binary seed", "tests/fuzz/seeds/json/planted", "\0\u00fc \t", None),
    Plant("hygiene", "a link to a project's page", SCRIPT,
          "# https://github.com/zserge/jsmn\n", None),
    Plant("hygiene", "a name for mktemp", SCRIPT, "mktemp -d /tmp/tk-XXXXX" + "X\n", None),
]

WORDS = [
    Plant("words", "a phrase", URL, "/* It waits for wa" + "nt of a clock. */\n",
          r"'for wa" + r"nt of': write"),
    Plant("words", "a phrase over two lines of a comment", URL, "/* All this is as go" + "od\n * as "
          "all. */\n", r"'as go" + r"od as all': write"),
    Plant("words", "a phrase over two lines of a message", "boards/host/main.c",
          'const char a[] = "lost for wa' + 'nt "\n                 "of a clock";\n',
          r"'for wa" + r"nt of': write"),
    Plant("words", "a phrase over two lines of a quotation", "README.md",
          "\n> lost for wa" + "nt\n> of a clock\n", r"'for wa" + r"nt of': write"),
    Plant("words", "a pointer", "core/console/tk_line.c", "char *re" + "st;\n", r"'char re" + "st': "),
    Plant("words", "a struct", URL, "struct tk_ne" + "t;\n", r"'tk_ne" + r"t': write tk_https"),
    Plant("words", "a name", "tests/e2e/test_get.py", "# tk_ne" + "t_send\n",
          r"'tk_ne" + r"t_send': write tk_https"),
    Plant("words", "a habit", URL, "/* No" + "body calls it. */\n", r"'No" + r"body': write"),
    Plant("words", "a name of one folder elsewhere", SCRIPT, "# starved\n", None),
]

ALLOWED = [
    Plant("allowed", "a stale line", "tests/checks/allowed.txt",
          "layout core/tk_planted.c: not formatted\n", r"allowed\.txt:\d+: stale"),
    Plant("allowed", "a comment", "tests/checks/allowed.txt", "# layout\n", None),
]

CROSS = [
    Plant("cross", "an exceeded budget", OAUTH, "extern const char tk_planted[7000];\n"
          "const char tk_planted[7000] = {1};\n", r"= \d+ bytes on Cortex-M3, over"),
    Plant("cross", "writable data", OAUTH, "int tk_planted = 9;\n", r"4 bytes of writable data"),
    Plant("cross", "a long of 64 bits", OAUTH,
          "typedef char tk_planted[sizeof(long) == 8 ? 1 : -1];\n", r"tk_oauth\.c:\d+:.* error:"),
    Plant("cross", "a large stack frame", OAUTH,
          "int tk_planted(int n);\nint tk_planted(int n)\n{\n    volatile char all[1200];\n"
          "    all[n] = 9;\n    return all[0];\n}\n", r"tk_planted has a stack frame of \d+ bytes"),
    Plant("cross", "a stack frame of variable size", OAUTH,
          "int tk_planted(int n);\nint tk_planted(int n)\n{\n    volatile char all[n];\n"
          "    all[n - 1] = 9;\n    return all[0];\n}\n", r"tk_planted has a stack frame"),
]

NEEDS = [
    Plant("needs", "a header of needs that is not included", "core/https/tk_tls_config.c", "",
          r"core compiles without MBEDTLS_\w+", r'#include "tk_tls_needs.h"'),
]

CPLUSPLUS = [
    Plant("cplusplus", "a header with the linkage of C++", "platform/tk_clock.h",
          'extern "C++" {', r'tk_clock\.h:1: tk_clock_\w+ has no extern "C"', r'extern "C" \{'),
    Plant("cplusplus", "a word of C++", "core/base/tk_text.h", "int tk_planted(int class);\n",
          r"(tokenkeeper|tk_mailbox\w*)\.h:1: does not compile as C\+\+"),
    Plant("cplusplus", "a function that the header names and does not have", "core/tokenkeeper.h",
          "", r"tokenkeeper\.h:1: does not compile as C\+\+", r'#include "tk_words.h"'),
]


def _named(title: str, text: str, expect: str | None) -> Plant:
    """Text in README, before its last section."""
    return Plant("readme", title, "README.md", f"{text}\n\n## Licence", expect, r"## Licence")


README = [
    Plant("readme", "a version that the changelog does not have", "core/base/tk_version.h",
          'TK_VERSION "9.9.9"', r"CHANGELOG\.md:1: begins with", r'TK_VERSION ".*"'),
    Plant("readme", "stale sizes", "core/README.md", "constants** | **9** |", r"sizes are stale",
          r"constants\*\* \| \*\*\d+\*\* \|"),
    Plant("readme", "stale sizes of a room", "core/https/README.md", "responses | 9 |",
          r"core/https/README\.md:\d+: the sizes are stale", r"responses \| \d+ \|"),
    _named("a flag of another command", "`tokenkeeper console --json`", r"has no flag --json"),
    _named("a flag that does not exist", "    tokenkeeper get --min-walid 60",
           r"get has no flag --min-walid"),
    _named("a flag alone", "`--plan" + "ted`", r"has a flag --planted"),
    _named("a command that does not exist", "`tokenkeeper planted`", r"no command planted"),
    _named("a path", "`core/tk_planted.h`", r"there is no core/tk_planted\.h"),
    _named("a folder", "`bench/`", r"there is no bench/"),
    _named("a path of the service", "`/etc/tokenkeeper/planted`", r"nothing else knows /etc/"),
    _named("a console command", "    tk> auth planted", r"console has no command auth planted"),
    _named("a console command in a sentence", "`auth planted`", r"no command auth planted"),
    _named("a setting", "`set planted 9`", r"set knows no planted"),
    _named("an error", "    ERR planted do this", r"there is no error planted"),
    _named("a key of an answer", "    OK planted=9", r"prints no planted="),
    _named("a value", "`rest=planted`", r"rest is never planted"),
    _named("an option of CMake", "`-DTK_PLANTED=9`", r"CMake has no TK_PLANTED"),
    _named("a word", "`tk_planted_word`", r"nothing else knows tk_planted_word"),
    _named("a link", "[it](core/tk_planted.md)", r"leads nowhere: core/tk_planted\.md"),
    _named("a link to a heading", "[it](core/README.md#planted)", r"leads nowhere: .*#planted"),
    _named("a file of a build", "`build/planted/tokenkeeper`", r"there is no build/planted/"),
    Plant("readme", "a setting in another README", "port/mbedtls/README.md", "\n`set planted 9`\n",
          r"port/mbedtls/README\.md:\d+: set knows no planted"),
    Plant("readme", "a path in another README", "tests/simulation/README.md", "\n`tests/planted.py`\n",
          r"tests/simulation/README\.md:\d+: there is no tests/planted\.py"),
    _named("what there is", "`tokenkeeper get --rejected 3 --json`, `set renew 30m`,\n"
           "`tests/unit`, `reason=revoked`, `-DTK_TESTS=OFF`, `auth code`", None),
]

SUITE = [
    Plant("suite", "a folder without a row", "tests/planted/test_planted.py", "#\n",
          r"FOLDERS and tests/ differ in planted"),
    Plant("suite", "another command", "tests/README.md", "`tests/bench.sh`", "row of bench is stale",
          r"`tests/bench\.sh --check`"),
    Plant("suite", "seconds that are no number", "tests/README.md",
          "`tests/bench.sh --check` | many |", "row of bench is stale",
          r"`tests/bench\.sh --check` \| \d* \|"),
]

COMMANDS = [
    Plant("commands", "a command that no test runs", "README.md", "\n    tests/demo.sh --planted\n",
          r"README\.md:\d+: no test runs tests/demo\.sh --planted"),
    Plant("commands", "a program that no test runs", "tests/simulation/README.md",
          "\n```sh\nplanted now\n```\n", r"tests/simulation/README\.md:\d+: no test runs planted now"),
    Plant("commands", "a command behind others", "README.md",
          "\n    tests/demo.sh\n    planted now\n", r"no test runs planted now"),
    Plant("commands", "code that is in no file", "core/oauth/README.md",
          "\nAfter:\n\n```c\nint tk_planted;\n```\n", r"no file has this code"),
    Plant("commands", "code of before", "core/oauth/README.md",
          "\nBefore:\n\n```c\nint tk_planted;\n```\n", None),
    Plant("commands", "a drawing", "README.md", "\n    planted/   a folder\n", None),
]

ALL = (INCLUDES + ROOMS + CIRCLES + ACCOUNTS + KEYS + SYMBOLS + LIMITS + LAYOUT + HYGIENE + WORDS
       + ALLOWED + CROSS + CPLUSPLUS + NEEDS + README + SUITE + COMMANDS)
