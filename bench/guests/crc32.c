/* crc32: table driven, one byte at a time; a chain of dependent loads. */
static unsigned table[256];
#ifndef SIZE
#define SIZE (1 << 20)
#endif
static unsigned char data[SIZE];

long long run(int rounds) {
    for (unsigned i = 0; i < 256; i++) {
        unsigned c = i;
        for (int bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
        table[i] = c;
    }
    for (int i = 0; i < (int)sizeof data; i++) data[i] = (unsigned char)(i ^ i >> 7);
    unsigned crc = ~0u;
    for (int r = 0; r < rounds; r++)
        for (int i = 0; i < (int)sizeof data; i++) crc = table[(crc ^ data[i]) & 255] ^ crc >> 8;
    return ~crc;
}
