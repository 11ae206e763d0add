//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// The registers' use:
//   SI  the next token      DI   the end of the tokens
//   R8  the next literal    R13  where the next bits go
//   BX  bits not yet out    CX   how many they are, in its lowest 6 bits
//   R9  the codes           R10  the literals' codes    R12  distSymbols
//   R15 the token           R14  its literals that are left
//   AX, DX, R11             for a moment

// CODE loads the code of the literal in b.
#define CODE(b) \
	MOVBLZX b, DX            \
	MOVL    (R10)(DX*4), DX

// PUT adds the code in DX, whose length is in its lowest byte, to the bits.
#define PUT \
	MOVL  DX, R11            \
	SHRL  $8, R11            \
	SHLXQ CX, R11, R11       \
	ORQ   R11, BX            \
	ADDL  DX, CX

// FLUSH stores all bits, of which the whole bytes count. At most 63 are there.
#define FLUSH \
	MOVQ  BX, (R13)          \
	MOVL  CX, DX             \
	ANDL  $56, DX            \
	SHRXQ DX, BX, BX         \
	SHRL  $3, DX             \
	ADDQ  DX, R13            \
	ANDL  $7, CX

// func writeFast(c *codes, tokens *token, n int, src, out *byte, acc uint64, nacc uint) (written int, accEnd uint64, naccEnd uint)
TEXT ·writeFast(SB), NOSPLIT, $0-80
	MOVQ c+0(FP), R9
	MOVQ tokens+8(FP), SI
	MOVQ n+16(FP), DI
	LEAQ (SI)(DI*8), DI
	MOVQ src+24(FP), R8
	MOVQ out+32(FP), R13
	MOVQ acc+40(FP), BX
	MOVQ nacc+48(FP), CX
	LEAQ codes_lit(R9), R10
	LEAQ ·distSymbols(SB), R12

next:
	CMPQ SI, DI
	JEQ  done
	MOVQ (SI), R15
	ADDQ $8, SI
	MOVQ R15, R14
	SHRQ $40, R14
	SUBQ $4, R14
	JCS  rest

four: // literals at a time: at most 14 bits each, and 7 left over
	MOVL (R8), AX
	ADDQ $4, R8
	CODE(AL)
	PUT
	CODE(AH)
	PUT
	SHRL $16, AX
	CODE(AL)
	PUT
	CODE(AH)
	PUT
	FLUSH
	SUBQ $4, R14
	JCC  four

rest: // up to three literals
	ADDQ $4, R14
	JEQ  match

	// How many is as good as random, and a branch on it costs more than three
	// codes of which some are masked away.
	MOVL (R8), AX
	ADDQ R14, R8
	LEAQ (R14)(R14*2), R14
	LEAQ ·keeps(SB), R11
	LEAQ (R11)(R14*4), R14
	CODE(AL)
	ANDL 0(R14), DX
	PUT
	CODE(AH)
	ANDL 4(R14), DX
	PUT
	SHRL $16, AX
	CODE(AL)
	ANDL 8(R14), DX
	PUT
	FLUSH

match: // its length, its distance's symbol, and the lowest bits of the distance
	MOVQ    R15, AX
	SHRQ    $24, AX
	MOVWLZX AX, AX
	ADDQ    AX, R8
	MOVL    codes_match(R9)(AX*4), DX
	PUT
	MOVWLZX R15, AX
	MOVBLZX (R12)(AX*1), DX
	MOVL    codes_dist(R9)(DX*4), DX
	MOVWLZX DX, R11
	SHRL    $16, DX
	MOVBLZX DL, R14
	SHRL    $8, DX
	BZHIL   DX, AX, AX
	SHLXQ   R14, AX, AX
	ORQ     R11, AX
	SHLXQ   CX, AX, AX
	ORQ     AX, BX
	ADDL    R14, CX
	ADDL    DX, CX
	FLUSH
	JMP     next

done:
	SUBQ out+32(FP), R13
	MOVQ R13, written+56(FP)
	MOVQ BX, accEnd+64(FP)
	MOVQ CX, naccEnd+72(FP)
	RET
