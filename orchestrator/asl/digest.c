/* digest.c -- MD5 (RFC 1321), SHA-1 and SHA-2 (FIPS 180-4), each from its document. */
#include "orchestrator/asl/digest.h"

#include <stdint.h>
#include <string.h>

/* clang-format off */
static const uint32_t md5_sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static const uint64_t cube_roots[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
    0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
    0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
    0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
    0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
    0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
    0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
    0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
    0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
    0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
    0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
    0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
    0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
    0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
    0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static const uint64_t square_roots[16] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
    0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
    0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
};
/* clang-format on */

static const struct algorithm {
    const char *name;
    size_t block; /* bytes */
    size_t result;
} algorithms[] = {
    [ASL_MD5] = {"MD5", 64, 16},         [ASL_SHA1] = {"SHA-1", 64, 20},
    [ASL_SHA256] = {"SHA-256", 64, 32},  [ASL_SHA384] = {"SHA-384", 128, 48},
    [ASL_SHA512] = {"SHA-512", 128, 64},
};

bool asl_digest_find(const char *name, enum asl_digest *ret)
{
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (strcmp(algorithms[i].name, name) == 0) {
            *ret = (enum asl_digest)i;
            return true;
        }
    }
    return false;
}

/* The state of any of them: 32-bit words stand in the low halves. */
struct state {
    uint64_t h[8];
};

static uint32_t left(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static uint32_t right32(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static uint64_t right64(uint64_t x, unsigned n)
{
    return x >> n | x << (64 - n);
}

static uint64_t big_endian(const unsigned char *p, unsigned bytes)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < bytes; i++)
        n = n << 8 | p[i];
    return n;
}

static void md5_block(struct state *s, const unsigned char *block)
{
    static const unsigned char shifts[4][4] = {
        {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    uint32_t a = (uint32_t)s->h[0], b = (uint32_t)s->h[1], c = (uint32_t)s->h[2],
             d = (uint32_t)s->h[3];

    for (unsigned i = 0; i < 64; i++) {
        uint32_t f, word, next;
        unsigned at;
        if (i < 16) {
            f = (b & c) | (~b & d);
            at = i;
        } else if (i < 32) {
            f = (d & b) | (~d & c);
            at = (5 * i + 1) % 16;
        } else if (i < 48) {
            f = b ^ c ^ d;
            at = (3 * i + 5) % 16;
        } else {
            f = c ^ (b | ~d);
            at = 7 * i % 16;
        }
        word = (uint32_t)block[at * 4] | (uint32_t)block[at * 4 + 1] << 8 |
               (uint32_t)block[at * 4 + 2] << 16 | (uint32_t)block[at * 4 + 3] << 24;
        next = b + left(a + f + md5_sines[i] + word, shifts[i / 16][i % 4]);
        a = d;
        d = c;
        c = b;
        b = next;
    }
    s->h[0] = (uint32_t)(s->h[0] + a);
    s->h[1] = (uint32_t)(s->h[1] + b);
    s->h[2] = (uint32_t)(s->h[2] + c);
    s->h[3] = (uint32_t)(s->h[3] + d);
}

static void sha1_block(struct state *s, const unsigned char *block)
{
    static const uint32_t constants[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32_t w[80], v[5];

    for (unsigned i = 0; i < 16; i++)
        w[i] = (uint32_t)big_endian(block + i * 4, 4);
    for (unsigned i = 16; i < 80; i++)
        w[i] = left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (unsigned i = 0; i < 5; i++)
        v[i] = (uint32_t)s->h[i];
    for (unsigned i = 0; i < 80; i++) {
        uint32_t f = v[1] ^ v[2] ^ v[3], next;
        if (i < 20)
            f = (v[1] & v[2]) | (~v[1] & v[3]);
        else if (i >= 40 && i < 60)
            f = (v[1] & v[2]) | (v[1] & v[3]) | (v[2] & v[3]);
        next = left(v[0], 5) + f + v[4] + constants[i / 20] + w[i];
        v[4] = v[3];
        v[3] = v[2];
        v[2] = left(v[1], 30);
        v[1] = v[0];
        v[0] = next;
    }
    for (unsigned i = 0; i < 5; i++)
        s->h[i] = (uint32_t)(s->h[i] + v[i]);
}

static void sha256_block(struct state *s, const unsigned char *block)
{
    uint32_t w[64], v[8];

    for (unsigned i = 0; i < 16; i++)
        w[i] = (uint32_t)big_endian(block + i * 4, 4);
    for (unsigned i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] +
               (right32(w[i - 15], 7) ^ right32(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (right32(w[i - 2], 17) ^ right32(w[i - 2], 19) ^ w[i - 2] >> 10);
    for (unsigned i = 0; i < 8; i++)
        v[i] = (uint32_t)s->h[i];
    for (unsigned i = 0; i < 64; i++) {
        uint32_t one = v[7] + (right32(v[4], 6) ^ right32(v[4], 11) ^ right32(v[4], 25)) +
                       ((v[4] & v[5]) ^ (~v[4] & v[6])) + (uint32_t)(cube_roots[i] >> 32) + w[i];
        uint32_t two = (right32(v[0], 2) ^ right32(v[0], 13) ^ right32(v[0], 22)) +
                       ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof(v[0]));
        v[4] += one;
        v[0] = one + two;
    }
    for (unsigned i = 0; i < 8; i++)
        s->h[i] = (uint32_t)(s->h[i] + v[i]);
}

static void sha512_block(struct state *s, const unsigned char *block)
{
    uint64_t w[80], v[8];

    for (unsigned i = 0; i < 16; i++)
        w[i] = big_endian(block + i * 8, 8);
    for (unsigned i = 16; i < 80; i++)
        w[i] = w[i - 16] + w[i - 7] +
               (right64(w[i - 15], 1) ^ right64(w[i - 15], 8) ^ w[i - 15] >> 7) +
               (right64(w[i - 2], 19) ^ right64(w[i - 2], 61) ^ w[i - 2] >> 6);
    memcpy(v, s->h, sizeof(v));
    for (unsigned i = 0; i < 80; i++) {
        uint64_t one = v[7] + (right64(v[4], 14) ^ right64(v[4], 18) ^ right64(v[4], 41)) +
                       ((v[4] & v[5]) ^ (~v[4] & v[6])) + cube_roots[i] + w[i];
        uint64_t two = (right64(v[0], 28) ^ right64(v[0], 34) ^ right64(v[0], 39)) +
                       ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof(v[0]));
        v[4] += one;
        v[0] = one + two;
    }
    for (unsigned i = 0; i < 8; i++)
        s->h[i] += v[i];
}

static void begin(enum asl_digest digest, struct state *s)
{
    static const uint32_t five[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};

    for (unsigned i = 0; i < 8; i++) {
        s->h[i] = square_roots[i + (digest == ASL_SHA384 ? 8 : 0)];
        if (digest == ASL_SHA256)
            s->h[i] >>= 32;
        if (digest == ASL_MD5 || digest == ASL_SHA1)
            s->h[i] = i < 5 ? five[i] : 0;
    }
}

static void add_block(enum asl_digest digest, struct state *s, const unsigned char *block)
{
    switch (digest) {
    case ASL_MD5:
        md5_block(s, block);
        break;
    case ASL_SHA1:
        sha1_block(s, block);
        break;
    case ASL_SHA256:
        sha256_block(s, block);
        break;
    case ASL_SHA384:
    case ASL_SHA512:
        sha512_block(s, block);
        break;
    }
}

size_t asl_digest(enum asl_digest digest, const void *data, size_t len,
                  unsigned char ret[ASL_DIGEST_BYTES_MAX])
{
    const unsigned char *bytes = data;
    size_t block = algorithms[digest].block, length = block / 8, rest = len % block;
    size_t word = block == 128 ? 8 : 4, tail_len = rest < block - length ? block : 2 * block;
    unsigned char tail[256] = {0};
    struct state s;

    begin(digest, &s);
    for (size_t i = 0; i + block <= len; i += block)
        add_block(digest, &s, bytes + i);
    if (rest > 0)
        memcpy(tail, bytes + len - rest, rest);
    tail[rest] = 0x80;
    for (size_t i = 0; i < 8; i++) /* the length in bits, of which MD5 writes the low byte first */
        tail[digest == ASL_MD5 ? tail_len - 8 + i : tail_len - 1 - i] =
            (unsigned char)((uint64_t)len * 8 >> (8 * i));
    for (size_t i = 0; i < tail_len; i += block)
        add_block(digest, &s, tail + i);
    for (size_t i = 0; i < algorithms[digest].result; i++) {
        size_t low = digest == ASL_MD5 ? i % word : word - 1 - i % word;
        ret[i] = (unsigned char)(s.h[i / word] >> (8 * low));
    }
    return algorithms[digest].result;
}
