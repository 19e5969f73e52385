/* What the parts of the compiled form share: rows of bits, one for each block of 8x8 pixels.

   All of it does to the bit what `plain.py` does with numpy and OpenCV: whole numbers, or floating
   point in the same order and without fused steps, or sums that are exact and so the same in any
   order. Nothing is allocated, nothing is kept but in what is handed in. For little-endian
   processors of 64 bits; only those with AVX2 or NEON have a form that is fast. Built by
   `deploy/kernel.py`. */

#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8x8 __attribute__((vector_size(8), aligned(1), may_alias));
typedef uint8_t u8x32 __attribute__((vector_size(32), aligned(1), may_alias));
typedef uint32_t u32 __attribute__((may_alias));
typedef float f32x8 __attribute__((vector_size(32), aligned(4), may_alias));

static inline int least(int a, int b) { return a < b ? a : b; }
static inline int most(int a, int b) { return a > b ? a : b; }

/* The lowest `n` bits, none of them for n < 0. */
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

/* Masks are rows of `words` of 64 bits, one for each block. Behind each row is at least one bit that
   stays 0, and before and behind all rows are REACH more of them: what is beside a bit can be taken
   from the words beside it, wherever it lies. */
#define KEPT 3  /* as there: turns for which what was found is kept */
#define REACH 2 /* as in fields.py: gaps bridged upwards and downwards */

/* 1 where anything is within `down` rows and one column; `tall` is room for a mask. */
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

/* What is known of the blocks. */
typedef struct {
    int64_t rows, columns, side; /* of blocks, and of the square that is around one */
    int64_t words;
    float *mean, *flicker, *limit; /* with 8 to spare */
    float *light; /* for each 8 blocks of a row, the last of which may be fewer, all that they are
                     judged by, see Light */
    uint8_t *learned, *ignored, *mean8, *limit8, *lamp_from;
    uint64_t *found[KEPT], *over; /* what was found in each turn, and the blocks that differ */
    uint64_t *lamps, *near, *tall; /* masks */
    void *sums; /* room for 2 * (columns + side + 8) doubles */
} Ground;

/* What light makes of 8 blocks: the brightness around now times `times`, plus `plus`; it may be off by
   `off` times the change of what is around, which was `local`, plus `limit`. */
typedef struct {
    f32x8 local, times, plus, off, limit;
} Light;

static inline Light *light_of(const Ground *ground, int y, int x)
{
    const int eights = (ground->columns + 7) / 8;
    return (Light *)ground->light + y * eights + x / 8;
}

/* A place beyond a border of n, mirrored at its last row or column. */
static inline int mirrored(int at, int n)
{
    if (n == 1)
        return 0;
    while (at < 0 || at >= n)
        at = at < 0 ? -at : 2 * (n - 1) - at;
    return at;
}

/* `reach` places beyond both ends of a row, mirrored at its first and last. */
#define MIRROR(row, columns, reach)                                       \
    for (int x = 1; x <= (reach); x++) {                                   \
        (row)[-x] = (row)[mirrored(-x, columns)];                          \
        (row)[(columns) - 1 + x] = (row)[mirrored((columns) - 1 + x, columns)]; \
    }

typedef struct {
    int64_t rows, columns; /* of blocks */
    uint8_t *quarters, *blocks;
    uint16_t *sums;  /* room for 4 * columns */
    uint8_t *halves; /* room for 8 * columns */
} Halving;

/* An array as NumPy's protocol for C tells of it, `__array_struct__`. */
typedef struct {
    int two, dimensions;
    char kind;
    int item_bytes, flags;
    intptr_t *shape, *strides;
    const uint8_t *data;
} Array;

int can_halve(const Halving *to, const Array *luma);
void halve_row(const Halving *to, const Array *luma, int y);
