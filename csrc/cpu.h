/* cpu.h - what this processor and its operating system can run. */
#ifndef CRNN_CPU_H
#define CRNN_CPU_H

int crnn_cpu_has_avx2(void);   /* AVX2 and FMA, and the system saves 256-bit registers */
int crnn_cpu_has_avx512(void); /* also AVX-512 F, DQ, BW and VL, and 512-bit registers */

#endif
