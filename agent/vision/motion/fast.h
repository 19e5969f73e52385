/* Shared parts of the compiled form: bit masks with one bit for each block of 8x8 pixels.

   The results equal those of `plain.py` (numpy and OpenCV) to the bit: by whole numbers, by floating
   point in the same order without fused operations, or by sums that are exact in any order. Nothing
   is allocated; all state is in the arguments. For little-endian 64-bit processors; it is fast only
   with AVX2 or NEON. Built by `deploy/kernel.py`. */

#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8x8 __attribute__((vector_size(8), aligned(1), may_alias));
typedef uint8_t u8x32 __attribute__((vector_size(32), aligned(1), may_alias));
typedef uint32_t u32 __attribute__((may_alias));
typedef float f32x8 __attribute__((vector_size(32), aligned(4), may_alias));

static inline int least(int a, int b) { return a < b ? a : b; }
static inline int most(int a, int b) { return a > b ? a : b; }

/* The lowest `n` bits set; 0 for n < 0. */
static inline uint64_t lowest(int n)
{
    return n >= 64 ? ~(uint64_t)0 : n > 0 ? ((uint64_t)1 << n) - 1 : 0;
}

static inline int any_of(const uint64_t *row, int words)
{
    uint64_t any = 0;
    for (int n = 0; n < words; n++)
        any |= row[n];
    return any != 0;
}

/* A mask has rows of `words` 64-bit words, with one bit for each block. At least one bit after each
   row stays 0, and REACH more rows stand before the first row and after the last. So a bit's
   neighbours can be read from the words beside it at any position. */
#define KEPT 3  /* as in fields.py: frames for which found masks are kept */
#define REACH 2 /* as in fields.py: gaps bridged upwards and downwards */

/* Sets the bits with a set bit of `mask` within `down` rows and one column; `tall` is scratch space
   for a mask. */
static inline void grow(const uint64_t *mask, uint64_t *restrict out, int rows, int words,
                        int columns, int down, uint64_t *restrict tall)
{
    const int all = rows * words;
    for (int n = 0; n < all; n++)
        tall[n] = mask[n - words] | mask[n] | mask[n + words];
    for (int n = 0; down > 1 && n < all; n++)
        tall[n] |= mask[n - 2 * words] | mask[n + 2 * words];
    for (int n = 0; n < all; n++)
        out[n] = tall[n] | tall[n] << 1 | tall[n - 1] >> 63 | tall[n] >> 1 | tall[n + 1] << 63;
    for (int n = words - 1; n < all; n += words)
        out[n] &= lowest(columns % 64);
}

/* The state of the blocks. */
typedef struct {
    int64_t rows, columns, side; /* in blocks; `side` of the square around a block */
    int64_t words;
    float *mean, *flicker, *limit; /* 8 extra values at the end */
    float *light; /* a Light for each group of 8 blocks in a row; the last group may be smaller */
    uint8_t *learned, *ignored, *mean8, *limit8, *lamp_from;
    uint64_t *found[KEPT], *over; /* found blocks of each kept frame; differing blocks */
    uint64_t *lamps, *near, *tall; /* masks */
    void *sums; /* space for 2 * (columns + side + 8) doubles */
} Ground;

/* The expected brightness of 8 blocks under a change of light: the present sum around them times
   `times`, plus `plus`. The allowed error is `limit` plus `off` times the change of the sum from
   `local`. */
typedef struct {
    f32x8 local, times, plus, off, limit;
} Light;

static inline Light *light_of(const Ground *ground, int y, int x)
{
    const int eights = (ground->columns + 7) / 8;
    return (Light *)ground->light + y * eights + x / 8;
}

/* An index outside 0 to n - 1, mirrored at the first or last row or column. */
static inline int mirrored(int at, int n)
{
    if (n == 1)
        return 0;
    while (at < 0 || at >= n)
        at = at < 0 ? -at : 2 * (n - 1) - at;
    return at;
}

/* Fills `reach` values beyond both ends of a row, mirrored at its first and last value. */
#define MIRROR(row, columns, reach)                                       \
    for (int x = 1; x <= (reach); x++) {                                   \
        (row)[-x] = (row)[mirrored(-x, columns)];                          \
        (row)[(columns) - 1 + x] = (row)[mirrored((columns) - 1 + x, columns)]; \
    }

typedef struct {
    int64_t rows, columns; /* in blocks */
    uint8_t *quarters, *blocks;
    uint16_t *sums;  /* space for 4 * columns */
    uint8_t *halves; /* space for 8 * columns */
} Halving;

/* An array in the form of NumPy's C protocol, `__array_struct__`. */
typedef struct {
    int two, dimensions;
    char kind;
    int item_bytes, flags;
    intptr_t *shape, *strides;
    const uint8_t *data;
} Array;

int can_halve(const Halving *to, const Array *luma);
void halve_row(const Halving *to, const Array *luma, int y);
