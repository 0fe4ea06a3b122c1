/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A QEMU plugin that counts the instructions of a function, including its calls: from `enter` to
 * the next of the `leave` addresses. At each end it writes a line "steps instructions", the sums so
 * far, to `out`.
 *
 *      -plugin steps.so,out=FILE,enter=0x1234,leave=0x5678,leave=0x9abc
 *
 * Debian has no package of the header: these declarations are from the QEMU documentation, "TCG
 * plugins", version 1 of the interface.
 */

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;

extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
                                                  void (*cb)(uint64_t, struct qemu_plugin_tb *));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t at);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
                                                   void (*cb)(unsigned, void *), int flags,
                                                   void *user);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op,
                                                       void *to, uint64_t value);

int qemu_plugin_version = 1;
int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

enum { LEAVES = 8, NO_REGISTERS = 0, ADD = 0 };

static uint64_t enter, leaves[LEAVES];
static unsigned leave_count;
static int out;

static uint64_t executed, began, spent, steps;
static bool inside;

static void on_enter(unsigned cpu, void *user)
{
    (void)cpu;
    (void)user;
    inside = true;
    began = executed;
}

static void on_leave(unsigned cpu, void *user)
{
    (void)cpu;
    (void)user;
    if (!inside)
        return;
    inside = false;
    spent += executed - began;
    steps++;
    dprintf(out, "%llu %llu\n", (unsigned long long)steps, (unsigned long long)spent);
}

static bool is_leave(uint64_t at)
{
    for (unsigned i = 0; i < leave_count; i++) {
        if (leaves[i] == at)
            return true;
    }
    return false;
}

static void on_translated(uint64_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t at = qemu_plugin_insn_vaddr(insn);

        if (at == enter)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_enter, NO_REGISTERS, NULL);
        if (is_leave(at))
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_leave, NO_REGISTERS, NULL);
        qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD, &executed, 1);
    }
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "enter=", 6) == 0)
            enter = strtoull(argv[i] + 6, NULL, 0);
        else if (strncmp(argv[i], "leave=", 6) == 0 && leave_count < LEAVES)
            leaves[leave_count++] = strtoull(argv[i] + 6, NULL, 0);
        else if (strncmp(argv[i], "out=", 4) == 0)
            out = open(argv[i] + 4, O_WRONLY | O_CREAT | O_APPEND, 0600);
        else
            return 1;
    }
    if (enter == 0 || leave_count == 0 || out <= 0)
        return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translated);
    return 0;
}
