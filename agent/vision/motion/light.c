/* Finds the blocks that differ from the background and are not explained by a change of light. */

#include "fast.h"

/* One bit for each of 32 flags that are 0 or all ones. */
static inline uint32_t packed(u8x32 flags)
{
    typedef _Bool bools __attribute__((ext_vector_type(32)));
    union { bools each; uint32_t all; } set = {__builtin_convertvector(flags != 0, bools)};
    return set.all;
}

/* One pass over a picture, row after row. */
typedef struct {
    const Ground *ground;
    const uint8_t *blocks;
    uint64_t *found;
    int64_t differing; /* number of differing blocks so far */
    uint32_t lit;      /* not 0 if any block is a lamp */
} Look;

/* Finds the blocks of a row that differ by more than their limit, and the lamps. */
static void compare_row(Look *look, int y)
{
    const Ground *const ground = look->ground;
    const int columns = ground->columns, all = ground->rows * columns, first = y * columns;
    u32 *const over = (u32 *)(ground->over + y * ground->words);
    u32 *const lamps = (u32 *)(ground->lamps + y * ground->words);
    for (int x = 0; x < columns; x += 32) {
        const int at = first + x, left = least(columns - x, 32);
        const uint8_t *const blocks = look->blocks + at, *const lamp_from = ground->lamp_from + at;
        const uint8_t *const mean = ground->mean8 + at, *const limit = ground->limit8 + at;
        uint32_t differ = 0, lit = 0;
        if (at + 32 <= all) {
            const u8x32 now = *(const u8x32 *)blocks, usual = *(const u8x32 *)mean;
            const u8x32 apart =
                __builtin_elementwise_max(now, usual) - __builtin_elementwise_min(now, usual);
            differ = packed((u8x32)(apart > *(const u8x32 *)limit));
            lit = packed((u8x32)(now > *(const u8x32 *)lamp_from));
        } else
            for (int n = 0; n < left; n++) {
                uint8_t apart = blocks[n] > mean[n] ? blocks[n] - mean[n] : mean[n] - blocks[n];
                differ |= (uint32_t)(apart > limit[n]) << n;
                lit |= (uint32_t)(blocks[n] > lamp_from[n]) << n;
            }
        over[x / 32] = differ & lowest(left);
        look->lit |= lamps[x / 32] = lit & lowest(left);
        look->differing += __builtin_popcount(over[x / 32]);
    }
}

/* Of 8 blocks, a bit for each that differs from its expected brightness by more than allowed (see
   Light). `from` holds the column sums, from the first column around the first block. */
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

/* Updates `tall`, the sum around the row in each column, from row `y - 1` to row `y`. */
static void next_row(const Ground *ground, int y, const uint8_t *blocks, uint16_t *restrict tall)
{
    const int rows = ground->rows, columns = ground->columns, reach = ground->side / 2;
    const uint8_t *const in = blocks + mirrored(y + reach, rows) * columns;
    const uint8_t *const out = blocks + mirrored(y - reach - 1, rows) * columns;
    for (int x = 0; x < columns; x++)
        tall[x] += in[x] - out[x];
}

/* Sets `tall` for the first row. */
static void first_row(const Ground *ground, const uint8_t *blocks, uint16_t *restrict tall)
{
    const int rows = ground->rows, columns = ground->columns, reach = ground->side / 2;
    for (int x = 0; x < columns; x++)
        tall[x] = 0;
    for (int v = -reach; v <= reach; v++) {
        const uint8_t *const row = blocks + mirrored(v, rows) * columns;
        for (int x = 0; x < columns; x++)
            tall[x] += row[x];
    }
}

/* Finds the differing blocks of a row that light does not explain; lamps are not yet removed. */
static void judge_row(const Look *look, int y)
{
    const Ground *const ground = look->ground;
    const int columns = ground->columns, words = ground->words, side = ground->side, reach = side / 2;
    const int at = y * columns, all = ground->rows * columns;
    const uint64_t *const over = ground->over + y * words;
    float *const sums = (float *)ground->sums + reach;
    uint16_t *const tall = (uint16_t *)((double *)ground->sums + columns + side + 8);
    y ? next_row(ground, y, look->blocks, tall) : first_row(ground, look->blocks, tall);
    const int differs = any_of(over, words);
    for (int x = 0; differs && x < columns; x++)
        sums[x] = tall[x];
    if (differs)
        MIRROR(sums, columns, reach)
    for (int n = 0; n < words; n++) {
        uint64_t word = 0;
        for (uint64_t left = over[n]; left;) { /* eight at a time */
            const int from = __builtin_ctzll(left) / 8 * 8, x = 64 * n + from;
            const Light *const light = light_of(ground, y, x);
            word |= judged(light, look->blocks + at + x, all - at - x, sums - reach + x, side) << from;
            left &= ~((uint64_t)255 << from);
        }
        look->found[y * words + n] = word & over[n];
    }
}

/* Compares row `y`, now complete, and judges the row whose surrounding rows are all complete. */
static void look_at(Look *look, int y)
{
    const int rows = look->ground->rows, reach = look->ground->side / 2;
    compare_row(look, y);
    if (y >= reach)
        judge_row(look, y - reach);
    for (int last = most(0, rows - reach); y == rows - 1 && last < rows; last++)
        judge_row(look, last);
}

/* Removes lamps and the blocks beside them. Returns three numbers in 21 bits each: differing blocks,
   found blocks, and found blocks that were also found in the frame before. */
static int64_t counted(const Look *look, const uint64_t *before)
{
    const Ground *const ground = look->ground;
    const int all = ground->rows * ground->words;
    uint64_t *const found = look->found;
    int64_t count = 0, again = 0;
    if (look->lit) {
        grow(ground->lamps, ground->near, ground->rows, ground->words, ground->columns, 1, ground->tall);
        for (int n = 0; n < all; n++)
            found[n] &= ~ground->near[n];
    }
    for (int n = 0; look->differing && n < all; n++) {
        count += __builtin_popcountll(found[n]);
        again += __builtin_popcountll(found[n] & before[n]);
    }
    return look->differing | count << 21 | again << 42;
}

/* Fills `over` (differing blocks) and the found mask of this frame: differing blocks that light does
   not explain, without lamps and the blocks beside them. Returns the numbers, see `counted`. */
int64_t unlit(const Ground *ground, const uint8_t *blocks, int turn)
{
    Look look = {ground, blocks, ground->found[turn], 0, 0};
    for (int y = 0; y < ground->rows; y++)
        look_at(&look, y);
    return counted(&look, ground->found[(turn + KEPT - 1) % KEPT]);
}

/* `halve` and `unlit` in one pass, to compute while memory loads the next rows. Returns -1 if `luma`
   does not fit. */
int64_t see(const Halving *to, const Array *luma, const Ground *ground, int turn)
{
    Look look = {ground, to->blocks, ground->found[turn], 0, 0};
    if (!can_halve(to, luma))
        return -1;
    for (int y = 0; y < ground->rows; y++) {
        halve_row(to, luma, y);
        look_at(&look, y);
    }
    return counted(&look, ground->found[(turn + KEPT - 1) % KEPT]);
}
