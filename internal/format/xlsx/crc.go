package xlsx

// crcPoly is the polynomial of CRC-32, x^0 in the highest bit (ISO/IEC 8802-3).
const crcPoly = 0xedb88320

// combineCRC returns the checksum of the concatenation of A and B, given both
// checksums and the length of B in bytes. Appending n zero bits multiplies a
// checksum by x^n modulo the polynomial.
func combineCRC(a, b uint32, lenB int64) uint32 {
	return mulCRC(a, powerCRC(uint64(lenB)*8)) ^ b
}

// powerCRC returns x^n modulo the polynomial, by repeated squaring.
func powerCRC(n uint64) uint32 {
	power := uint32(1) << 31  // x^0
	square := uint32(1) << 30 // x^1
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			power = mulCRC(power, square)
		}
		square = mulCRC(square, square)
	}
	return power
}

// mulCRC returns the product of two polynomials modulo crcPoly.
func mulCRC(a, b uint32) uint32 {
	product := uint32(0)
	for bit := uint32(1) << 31; bit != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		b = b>>1 ^ crcPoly&-(b&1)
	}
	return product
}
