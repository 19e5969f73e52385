/* Means of 8x8 blocks of pixels. */

#include "fast.h"
#ifdef __aarch64__
#include <arm_neon.h>
#endif

const char made_of[] = MADE_OF; /* hash of sources, options and compiler: deploy/kernel.py */

#define AHEAD 8192 /* bytes to prefetch, for the delay of memory: with less the code waits, with more
                      the first bytes have left the cache again */

typedef uint16_t u16x16 __attribute__((vector_size(32), aligned(1), may_alias));
typedef uint8_t u8x16 __attribute__((vector_size(16), aligned(1), may_alias));
typedef char i8x32 __attribute__((vector_size(32), aligned(1), may_alias));

/* Sums of the 16 neighbouring pairs in 32 bytes. */
static inline u16x16 pairs(const uint8_t *at)
{
#if defined(__AVX2__)
    const i8x32 ones = (i8x32){} + 1;
    return (u16x16)__builtin_ia32_pmaddubsw256(*(const i8x32 *)at, ones);
#elif defined(__aarch64__)
    union { uint16x8_t half[2]; u16x16 all; } sums;
    sums.half[0] = vpaddlq_u8(vld1q_u8(at)), sums.half[1] = vpaddlq_u8(vld1q_u8(at + 16));
    return sums.all;
#else
    const u16x16 both = *(const u16x16 *)at;
    return (both & 255) + (both >> 8);
#endif
}

/* Sums of the n neighbouring pairs in a row of 2 * n pixels. */
static void add_pairs(const uint8_t *restrict row, uint16_t *restrict sums, int n)
{
    int x = 0;
    for (; x + 32 <= n; x += 32) {
        __builtin_prefetch(row + 2 * x + AHEAD);
        *(u16x16 *)(sums + x) = pairs(row + 2 * x);
        *(u16x16 *)(sums + x + 16) = pairs(row + 2 * x + 32);
    }
    for (; x < n; x++)
        sums[x] = row[2 * x] + row[2 * x + 1];
}

/* n means of 2x2 pixels, rounded half up, from the pair sums of the row above and a row of 2 * n
   pixels. */
static void end_pairs(const uint16_t *restrict sums, const uint8_t *restrict row,
                      uint8_t *restrict out, int n)
{
    int x = 0;
    for (; x + 32 <= n; x += 32) {
        __builtin_prefetch(row + 2 * x + AHEAD);
        u16x16 one = (*(const u16x16 *)(sums + x) + pairs(row + 2 * x) + 2) >> 2;
        u16x16 two = (*(const u16x16 *)(sums + x + 16) + pairs(row + 2 * x + 32) + 2) >> 2;
        *(u8x16 *)(out + x) = __builtin_convertvector(one, u8x16);
        *(u8x16 *)(out + x + 16) = __builtin_convertvector(two, u8x16);
    }
    for (; x < n; x++)
        out[x] = (sums[x] + row[2 * x] + row[2 * x + 1] + 2) >> 2;
}

/* One row of n means of 2x2 pixels from two rows of 2 * n pixels that are in the cache. */
static void halve_rows(const uint8_t *restrict upper, const uint8_t *restrict lower,
                       uint8_t *restrict out, int n)
{
    int x = 0;
    for (; x + 16 <= n; x += 16) {
        u16x16 sum = (pairs(upper + 2 * x) + pairs(lower + 2 * x) + 2) >> 2;
        *(u8x16 *)(out + x) = __builtin_convertvector(sum, u8x16);
    }
    for (; x < n; x++)
        out[x] = (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1] + 2) >> 2;
}

/* Whether `luma` is a picture of contiguous byte rows with 8x8 pixels for each block. */
int can_halve(const Halving *to, const Array *luma)
{
    return luma->two == 2 && luma->dimensions == 2 && luma->item_bytes == 1 && luma->strides[1] == 1 &&
           luma->shape[0] >= 8 * to->rows && luma->shape[1] >= 8 * to->columns;
}

/* One row of means of 8x8 pixels by three halvings. The picture is read once, row after row: that is
   twice as fast as reading two rows alternately, and the results for a row stay in the cache. */
void halve_row(const Halving *to, const Array *luma, int y)
{
    const int columns = to->columns, wide = 4 * columns;
    const intptr_t stride = luma->strides[0];
    uint8_t *const upper = to->halves, *const lower = upper + wide;
    uint8_t *const quarters = to->quarters + 2 * y * 2 * columns;
    for (int n = 0; n < 4; n++) {
        const uint8_t *at = luma->data + (8 * y + 2 * n) * stride;
        add_pairs(at, to->sums, wide);
        end_pairs(to->sums, at + stride, n % 2 ? lower : upper, wide);
        if (n % 2)
            halve_rows(upper, lower, quarters + n / 2 * 2 * columns, 2 * columns);
    }
    halve_rows(quarters, quarters + 2 * columns, to->blocks + y * columns, columns);
}

/* All means. Returns 1, or 0 without any change if `luma` does not fit. */
int halve(const Halving *to, const Array *luma)
{
    if (!can_halve(to, luma))
        return 0;
    for (int y = 0; y < to->rows; y++)
        halve_row(to, luma, y);
    return 1;
}
