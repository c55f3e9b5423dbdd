/*
 * Counts the instructions that a program executes under QEMU's user mode, by class.
 *
 * A block is classified once, when QEMU translates it. Each time it runs, QEMU itself adds its
 * counts: no call, so that a count costs little. A block is left only at its end (a branch or a
 * system call ends it), so adding at its beginning counts exactly. Additions are not atomic: the
 * program must do its work in one thread.
 *
 * When the program makes the system call MARK, which Linux has not, the counts so far are
 * written to QEMU's log, so that a program can say where a piece of its work begins and ends:
 *
 *     count <the call's first argument> <other> <simd> <dot> <half>
 *
 * Debian ships no header of QEMU's plugin interface. What is used of its version 1, that of the
 * QEMU 7.2 that benchmarks/arm/userland.py unpacks, is declared here; a QEMU of another version
 * refuses the plugin when it loads it.
 */

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "classify.h"

enum { MARK = 0xFACE };

enum { ADD_U64 = 0 }; /* the only operation that QEMU knows to put into a block */

struct qemu_plugin_tb;   /* a translated block */
struct qemu_plugin_insn; /* an instruction of one */

typedef void translated(uint64_t plugin, struct qemu_plugin_tb *block);
typedef void system_call(uint64_t plugin, unsigned int cpu, int64_t number, uint64_t a1,
                         uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6,
                         uint64_t a7, uint64_t a8);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t plugin, translated *callback);
void qemu_plugin_register_vcpu_syscall_cb(uint64_t plugin, system_call *callback);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *block, int operation,
                                              void *target, uint64_t value);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t at);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *instruction);
void qemu_plugin_outs(const char *text);

int qemu_plugin_version = 1;

static uint64_t executed[CLASSES];

static void on_translation(uint64_t plugin, struct qemu_plugin_tb *block)
{
    (void)plugin;
    uint64_t found[CLASSES] = {0};
    size_t length = qemu_plugin_tb_n_insns(block);
    for (size_t i = 0; i < length; i++) {
        uint32_t word;
        memcpy(&word, qemu_plugin_insn_data(qemu_plugin_tb_get_insn(block, i)), sizeof(word));
        found[facestyle_classify(word)]++;
    }
    for (int class = 0; class < CLASSES; class++) {
        if (found[class] > 0) {
            qemu_plugin_register_vcpu_tb_exec_inline(block, ADD_U64, &executed[class],
                                                     found[class]);
        }
    }
}

static void on_system_call(uint64_t plugin, unsigned int cpu, int64_t number, uint64_t a1,
                           uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6,
                           uint64_t a7, uint64_t a8)
{
    (void)plugin, (void)cpu, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    if (number != MARK) {
        return;
    }
    char line[160];
    snprintf(line, sizeof(line),
             "count %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", a1,
             executed[OTHER], executed[SIMD], executed[DOT], executed[HALF]);
    qemu_plugin_outs(line);
}

int qemu_plugin_install(uint64_t plugin, const void *info, int argc, char **argv)
{
    (void)info, (void)argc, (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(plugin, on_translation);
    qemu_plugin_register_vcpu_syscall_cb(plugin, on_system_call);
    return 0;
}
