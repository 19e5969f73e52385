/* Which blocks differ from the background, and which of them light does not explain. */

#include "fast.h"

/* Of 32 flags, each 0 or all ones, a bit each. */
static inline uint32_t packed(u8x32 flags)
{
    typedef _Bool bools __attribute__((ext_vector_type(32)));
    union { bools each; uint32_t all; } set = {__builtin_convertvector(flags != 0, bools)};
    return set.all;
}

/* The blocks that differ by more than they may, into `flat`, and the lamps into `lamps`, all rows
   as one. Whether there are lamps. */
static int compare(const Ground *ground, const uint8_t *blocks, uint64_t *flat, uint64_t *lamps)
{
    const int all = ground->rows * ground->columns;
    const uint8_t *const mean = ground->mean8, *const limit = ground->limit8;
    const uint8_t *const lamp_from = ground->lamp_from;
    u32 *const half = (u32 *)flat, *const lamp_half = (u32 *)lamps, any = 0;
    int n = 0;
    for (; n + 32 <= all; n += 32) {
        const u8x32 now = *(const u8x32 *)(blocks + n), usual = *(const u8x32 *)(mean + n);
        const u8x32 apart =
            __builtin_elementwise_max(now, usual) - __builtin_elementwise_min(now, usual);
        half[n / 32] = packed((u8x32)(apart > *(const u8x32 *)(limit + n)));
        any |= lamp_half[n / 32] = packed((u8x32)(now > *(const u8x32 *)(lamp_from + n)));
    }
    half[n / 32] = lamp_half[n / 32] = 0;
    for (; n < all; n++) {
        uint8_t apart = blocks[n] > mean[n] ? blocks[n] - mean[n] : mean[n] - blocks[n];
        half[n / 32] |= (uint32_t)(apart > limit[n]) << n % 32;
        lamp_half[n / 32] |= (uint32_t)(blocks[n] > lamp_from[n]) << n % 32;
    }
    return (any | lamp_half[n / 32]) != 0;
}

/* `flat` as rows of words; how many are set. */
static int rows_of(const Ground *ground, const uint64_t *flat, uint64_t *out)
{
    const int columns = ground->columns, words = ground->words;
    int count = 0;
    for (int y = 0; y < ground->rows; y++)
        for (int n = 0; n < words; n++, out++) {
            const uint64_t kept = lowest(columns - 64 * n);
            *out = kept ? word_at(flat, y * columns + 64 * n) & kept : 0;
            count += __builtin_popcountll(*out);
        }
    return count;
}

/* Of 8 blocks, those that lie farther from what light makes of them than they may. At `from` begin
   the sums of columns that are around the first. */
static inline uint64_t judged(const Light *light, const uint8_t *blocks, int left, const float *from,
                              int side)
{
    u8x8 bytes = {};
    if (left >= 8)
        bytes = *(const u8x8 *)blocks;
    else
        for (int n = 0; n < left; n++)
            bytes[n] = blocks[n];
    const f32x8 now = __builtin_convertvector(bytes, f32x8);
    f32x8 near = *(const f32x8 *)from;
    for (int n = 1; n < side; n++)
        near += *(const f32x8 *)(from + n);
    const f32x8 apart = __builtin_elementwise_abs(now - (near * light->times + light->plus));
    const f32x8 bound = __builtin_elementwise_abs(near - light->local) * light->off + light->limit;
    typedef _Bool bools __attribute__((ext_vector_type(8)));
    union { bools each; uint8_t all; } set = {__builtin_convertvector(apart > bound, bools)};
    return set.all;
}

/* One row of `found`, of the blocks that differ alone. */
static void judge_row(const Ground *ground, int y, const uint8_t *blocks, const float *sums,
                      uint64_t *found)
{
    const int at = y * ground->columns, all = ground->rows * ground->columns, side = ground->side;
    for (int n = 0; n < ground->words; n++) {
        const uint64_t over = ground->over[y * ground->words + n];
        uint64_t word = 0;
        for (uint64_t left = over; left;) { /* eight at a time */
            const int from = __builtin_ctzll(left) / 8 * 8, x = 64 * n + from;
            const Light *const light = light_of(ground, y, x);
            word |= judged(light, blocks + at + x, all - at - x, sums + x, side) << from;
            left &= ~((uint64_t)255 << from);
        }
        found[n] = word & over;
    }
}

/* For each column what is around row `y`, added, in `tall`: a row comes in and one goes out. */
static void next_row(const Ground *ground, int y, const uint8_t *blocks, uint16_t *restrict tall)
{
    const int rows = ground->rows, columns = ground->columns, reach = ground->side / 2;
    const uint8_t *const in = blocks + mirrored(y + reach, rows) * columns;
    const uint8_t *const out = blocks + mirrored(y - reach - 1, rows) * columns;
    for (int x = 0; x < columns; x++)
        tall[x] += in[x] - out[x];
}

static void start_rows(const Ground *ground, int first, const uint8_t *blocks,
                       uint16_t *restrict tall)
{
    const int rows = ground->rows, columns = ground->columns, reach = ground->side / 2;
    for (int x = 0; x < columns; x++)
        tall[x] = 0;
    for (int v = first - reach - 1; v < first + reach; v++) {
        const uint8_t *const row = blocks + mirrored(v, rows) * columns;
        for (int x = 0; x < columns; x++)
            tall[x] += row[x];
    }
}

/* What is found of the blocks that differ, some of which there are, but for lamps. */
static void judge(const Ground *ground, const uint8_t *blocks, uint64_t *found)
{
    const int columns = ground->columns, words = ground->words, reach = ground->side / 2;
    float *const sums = (float *)ground->sums + reach;
    uint16_t *const tall = (uint16_t *)((double *)ground->sums + columns + ground->side + 8);
    int first = 0, end = ground->rows;
    while (!any_of(ground->over + first * words, words))
        first++;
    while (!any_of(ground->over + (end - 1) * words, words))
        end--;
    for (int n = 0; n < ground->rows * words; n++)
        found[n] = 0;
    start_rows(ground, first, blocks, tall);
    for (int y = first; y < end; y++) {
        next_row(ground, y, blocks, tall);
        if (!any_of(ground->over + y * words, words))
            continue;
        for (int x = 0; x < columns; x++)
            sums[x] = tall[x];
        MIRROR(sums, columns, reach)
        judge_row(ground, y, blocks, sums - reach, found + y * words);
    }
}

/* Fills `over` and what is found in this turn, which of those that differ light does not explain: no
   lamp does, and nothing that touches one. Returns how many differ, how many are found, and how many
   of these were found in the turn before, in 21 bits each. */
int64_t unlit(const Ground *ground, const uint8_t *blocks, int turn)
{
    uint64_t *const found = ground->found[turn];
    const uint64_t *const before = ground->found[(turn + KEPT - 1) % KEPT];
    const int rows = ground->rows, words = ground->words, all = rows * words;
    uint64_t *const lamps = ground->flat + all + 2;
    const int has_lamps = compare(ground, blocks, ground->flat, lamps);
    const int64_t differing = rows_of(ground, ground->flat, ground->over);
    int64_t count = 0, again = 0;
    if (!differing) {
        for (int n = 0; n < all; n++)
            found[n] = 0;
        return 0;
    }
    judge(ground, blocks, found);
    if (has_lamps) {
        rows_of(ground, lamps, ground->lamps);
        grow(ground->lamps, ground->near, rows, words, ground->columns, 1, ground->tall);
        for (int n = 0; n < all; n++)
            found[n] &= ~ground->near[n];
    }
    for (int n = 0; n < all; n++) {
        count += __builtin_popcountll(found[n]);
        again += __builtin_popcountll(found[n] & before[n]);
    }
    return differing | count << 21 | again << 42;
}

/* `halve`, and `unlit` of that in one call; -1 if it is no such picture. */
int64_t see(const Halving *to, const Array *luma, const Ground *ground, int turn)
{
    return halve(to, luma) ? unlit(ground, to->blocks, turn) : -1;
}
