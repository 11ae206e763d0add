//go:build !purego

#include "textflag.h"

// func copyAVX2(dst, src *byte, n int, specials *[16]byte) int
TEXT ·copyAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ specials+24(FP), DX
	VBROADCASTI128 (DX), Y0
	XORL AX, AX

loop:
	VMOVDQU (SI), Y1
	VMOVDQU Y1, (DI)
	VPSHUFB Y1, Y0, Y2  // each byte's low four bits choose a special byte; from 0x80 on it is 0
	VPCMPEQB Y1, Y2, Y2 // the byte is that one
	VPMOVMSKB Y2, DX
	SUBQ $32, CX
	JLE  last
	POPCNTL DX, DX
	ADDQ DX, AX
	ADDQ $32, SI
	ADDQ $32, DI
	JMP  loop

last:
	NEGL CX      // 0 … 31 bytes of this piece lie past n
	SHLL CX, DX  // and do not count
	POPCNTL DX, DX
	ADDQ DX, AX
	VZEROUPPER
	MOVQ AX, ret+32(FP)
	RET
