/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The commands of the console, an X-macro in the order that `help` prints:
 *
 *      TK_COMMAND(name, usage, flags, run, help)
 *
 * name, usage and flags (without TK_COMMAND_): see struct tk_command; the first flag is the group
 * in which help lists it, CALL and REPORT are the options of tk_limits.h without which it is left
 * out; the command is the function tk_command_<run>; help is a user-facing
 * string (tk_words.h).
 */

TK_COMMAND("help", "[command]", 0, help,
           "lists the commands, or explains those that begin with these words")
TK_COMMAND("set", "<key> <value>", SET_UP | NEEDS_ARGS | SETTING, set,
           "changes a setting; help set <key> says what it takes, show lists all")
TK_COMMAND("unset", "<key>", SET_UP | NEEDS_ARGS, unset,
           "restores the default, or clears the value")
TK_COMMAND("show", "", SET_UP, show, "prints the settings, secrets as length and digest")
TK_COMMAND("check", "", SET_UP, check,
           "tests clock, seed, store and network, then the connection to each host")
TK_COMMAND("auth begin", "[other_user]", AUTHORIZE, auth_begin,
           "prints the link to open in a browser; other_user: who logs in may differ from the "
           "token's user")
TK_COMMAND("auth code", "<code | whole redirect address>",
           AUTHORIZE | NEEDS_ARGS | SECRET | PREEMPTS, auth_code,
           "exchanges the code for a token; a code expires after 30 seconds")
TK_COMMAND("auth refresh", "", AUTHORIZE, auth_refresh, "renews the token now")
TK_COMMAND("auth forget", "", AUTHORIZE | GUARDED, auth_forget,
           "deletes the token and client_secret_next; other settings stay")
TK_COMMAND("portal accept", "", AUTHORIZE | GUARDED, portal_accept,
           "takes the host in moved_to of status as the portal; the token stays")
TK_COMMAND("token", "[min_valid_s] [rejected=G]", USE | GUARDED, token,
           "prints a token valid for min_valid_s (60) or longer; G: a generation that got a 401")
TK_COMMAND("call", "<method> [name=value ... | {json}]", USE | NEEDS_ARGS | GUARDED | CALL, call,
           "calls a REST method; body= lines are its answer")
TK_COMMAND("status", "[--all]", USE, status,
           "prints the state of the account; --all: with diagnostics")
TK_COMMAND(
    "history", "[--security]", USE, history,
    "prints the last events, oldest first; --security: what operators changed or was refused")
TK_COMMAND("ref", "[name]", ACCOUNTS, ref, "lists the accounts, or selects one")
TK_COMMAND("ref add", "<name>", ACCOUNTS | NEEDS_ARGS, ref_add, "creates an account and selects it")
TK_COMMAND("ref del", "<name>", ACCOUNTS | NEEDS_ARGS | GUARDED, ref_del,
           "deletes an account that has no token")
TK_COMMAND("time", "[date | unix]", DEVICE, time,
           "prints or sets the clock (UTC); quality floor: it is at least that time")
TK_COMMAND("seed", "<64 to 128 hex digits>", DEVICE | NEEDS_ARGS | SECRET | GUARDED, seed,
           "seeds a device that has no random source")
TK_COMMAND("ca list", "", DEVICE, ca_list, "lists the added root certificates")
TK_COMMAND("ca add begin", "", DEVICE | GUARDED, ca_begin,
           "starts a new root certificate; discards an unfinished one")
TK_COMMAND("ca add", "<base64>", DEVICE | NEEDS_ARGS | GUARDED, ca_add,
           "adds one or more lines of the PEM file")
TK_COMMAND("ca add end", "", DEVICE | GUARDED, ca_end, "checks the certificate and trusts it")
TK_COMMAND("ca del", "<sha256>", DEVICE | NEEDS_ARGS | GUARDED, ca_del,
           "removes a root; the first 8 digits are enough")
TK_COMMAND("escalate test", "", DEVICE | REPORT, escalate_test, "sends a test to the webhook")
TK_COMMAND("corezoid_token takeover", "", DEVICE | GUARDED | REPORT, corezoid_takeover,
           "writes to the task although it is another gateway's")
TK_COMMAND("pin", "[console_pin]", DEVICE | SECRET, pin,
           "unlocks this console for 5 minutes; without a value: asks, echoes nothing")
TK_COMMAND("log", "<off|error|info>", DEVICE | NEEDS_ARGS, log,
           "sets which LOG lines are printed; info: each failed refresh too")
TK_COMMAND("selftest", "", DEVICE, selftest, "runs the port conformance tests on this device")
TK_COMMAND("version", "", DEVICE, version, "prints version, build date and device id")
TK_COMMAND("reboot", "", DEVICE, reboot, "restarts the device; stored data stays")
TK_COMMAND("factory-reset", "<last 4 of the id>", DEVICE | NEEDS_ARGS, factory_reset,
           "erases all stored data, then restarts")
