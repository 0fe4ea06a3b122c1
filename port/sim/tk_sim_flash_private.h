/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SIM_FLASH_PRIVATE_H
#define TK_SIM_FLASH_PRIVATE_H

/* Private to the files of tk_sim_flash: torn operations are in one of their own. */

#include "tk_sim_flash.h"

#define NO_ERASE UINT32_MAX

enum { PROGRAMMED = 1, TORN = 2 }; /* state of a unit; 0: erased */

/* Bits of ecc: the unit reads as an error; that is decided anew at each power-on; at each read. */
enum { ECC_ERROR = 1, ECC_BY_RESTART = 2, ECC_BY_READ = 4 };

uint64_t tk_sim_flash_random(struct tk_sim_flash *f);
uint8_t tk_sim_flash_random_byte(struct tk_sim_flash *f);

/* Sets bytes to what the part reads as after an erase. */
void tk_sim_flash_blank(const struct tk_sim_flash *f, uint32_t at, uint32_t len);

void tk_sim_flash_program_units(struct tk_sim_flash *f, uint32_t offset, const uint8_t *data,
                                uint32_t units);

/* Leaves a program or erase as torn_program or torn_erase has it. */
void tk_sim_flash_tear_program(struct tk_sim_flash *f, uint32_t offset, const uint8_t *data,
                               uint32_t units);
void tk_sim_flash_tear_erase(struct tk_sim_flash *f, uint32_t offset);

/* The unit in which a program stopped. */
void tk_sim_flash_tear_unit(struct tk_sim_flash *f, uint32_t offset, const uint8_t *data);

/* A byte some of whose bits are undecided. */
uint8_t tk_sim_flash_read_weak(struct tk_sim_flash *f, uint8_t byte, uint8_t bits);

#endif
