/* The steps of finding motion that every frame takes, each as a pass or two over memory.

   To the bit what `motion.py` and `ground.py` do with numpy and OpenCV: whole numbers, or float32
   in the same order and without fused steps. Nothing is allocated, nothing is kept but in what is
   handed in. For little-endian processors. Built by `deploy/fast.sh`. */

#include <stddef.h>
#include <stdint.h>

const char made_of[] = MADE_OF; /* the SHA-256 of this file */

#define REACH 2 /* as in motion.py: gaps bridged upwards and downwards */
#define STRIP 16 /* rows of blocks that are read in order before they are halved, a row of pixels
                    at a time: memory hands that out twice as fast as two rows in turn */

typedef uint16_t u16x16 __attribute__((vector_size(32), aligned(1), may_alias));
typedef uint8_t u8x16 __attribute__((vector_size(16), aligned(1), may_alias));

static int least(int a, int b) { return a < b ? a : b; }
static int most(int a, int b) { return a > b ? a : b; }

/* Means of 2x2, rounded half up: two rows of 2 * n pixels to one of n. */
static void halve_rows(const uint8_t *restrict upper, const uint8_t *restrict lower,
                       uint8_t *restrict out, int n)
{
    int x = 0;
    for (; x + 16 <= n; x += 16) {
        u16x16 a = *(const u16x16 *)(upper + 2 * x), b = *(const u16x16 *)(lower + 2 * x);
        u16x16 sum = ((a & 255) + (a >> 8) + (b & 255) + (b >> 8) + 2) >> 2;
        *(u8x16 *)(out + x) = __builtin_convertvector(sum, u8x16);
    }
    for (; x < n; x++)
        out[x] = (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1] + 2) >> 2;
}

static void touch(const uint8_t *from, ptrdiff_t stride, int rows, int columns)
{
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < columns; x += 64)
            (void)*(const volatile uint8_t *)(from + y * stride + x);
}

/* Means of 8x8 by three halvings; `halves`, `quarters` and `blocks` are what each leaves. */
void halve(const uint8_t *luma, ptrdiff_t stride, int rows, int columns, uint8_t *halves,
           uint8_t *quarters, uint8_t *blocks)
{
    for (int y = 0; y < rows; y++) {
        if (y % STRIP == 0)
            touch(luma + 8 * y * stride, stride, 8 * least(STRIP, rows - y), 8 * columns);
        for (int n = 0; n < 4; n++) {
            const uint8_t *at = luma + (8 * y + 2 * n) * stride;
            halve_rows(at, at + stride, halves + (4 * y + n) * 4 * columns, 4 * columns);
        }
        for (int n = 0; n < 2; n++) {
            const uint8_t *at = halves + (4 * y + 2 * n) * 4 * columns;
            halve_rows(at, at + 4 * columns, quarters + (2 * y + n) * 2 * columns, 2 * columns);
        }
        const uint8_t *at = quarters + 2 * y * 2 * columns;
        halve_rows(at, at + 2 * columns, blocks + y * columns, columns);
    }
}

/* A place beyond a border of n, mirrored at its last row or column. */
static int mirrored(int at, int n)
{
    if (n == 1)
        return 0;
    while (at < 0 || at >= n)
        at = at < 0 ? -at : 2 * (n - 1) - at;
    return at;
}

/* 0 into `mask` for each lamp of one row and the blocks that touch it. */
static void clear_lamps(uint8_t *restrict mask, int rows, int columns, int y,
                        const uint8_t *restrict row, const uint8_t *restrict lamp_from)
{
    uint8_t any = 0;
    for (int x = 0; x < columns; x++)
        any |= row[x] > lamp_from[x];
    for (int x = 0; any && x < columns; x++)
        if (row[x] > lamp_from[x])
            for (int v = most(y - 1, 0); v <= least(y + 1, rows - 1); v++)
                for (int u = most(x - 1, 0); u <= least(x + 1, columns - 1); u++)
                    mask[v * columns + u] = 0;
}

static void add_row(int32_t *restrict sums, const uint8_t *restrict row, int columns, int times)
{
    for (int x = 0; x < columns; x++)
        sums[x] += times * row[x];
}

/* One row of `found`: which blocks lie farther from what light makes of them than it may. */
static void judge_row(const uint8_t *restrict blocks, int columns, const int32_t *restrict around,
                      const float *restrict local, const float *restrict times,
                      const float *restrict plus, int all, const uint8_t *restrict over,
                      uint8_t *restrict found)
{
    for (int x = 0; x < columns; x++) {
        float near = (float)around[x], apart = (float)blocks[x] - (near * times[x] + plus[x]);
        float bound = __builtin_fabsf(near - local[x]) * times[all + x] + plus[all + x];
        found[x] = (__builtin_fabsf(apart) > bound) & (over[x] != 0);
    }
}

/* The blocks that differ (`over`) and those of them that light does not explain (`found`).
   `times` and `plus` are two fields each: what light makes of a block, and how far it may be off.
   `sums` has room for 2 * columns + side integers. Returns how many differ. */
int unlit(const uint8_t *restrict blocks, int rows, int columns, int side,
          const uint8_t *restrict mean, const uint8_t *restrict limit,
          const uint8_t *restrict lamp_from, const float *restrict local,
          const float *restrict times, const float *restrict plus, uint8_t *restrict over,
          uint8_t *restrict found, int32_t *restrict sums)
{
    const int all = rows * columns, reach = side / 2;
    int differing = 0;
    uint8_t lamps = 0;
    for (int n = 0; n < all; n++) {
        uint8_t apart = blocks[n] > mean[n] ? blocks[n] - mean[n] : mean[n] - blocks[n];
        over[n] = apart > limit[n] ? apart - limit[n] : 0;
        lamps |= blocks[n] > lamp_from[n];
    }
    for (int y = 0; y < rows; y++) {
        uint16_t of_row = 0;
        for (int x = 0; x < columns; x++)
            of_row += over[y * columns + x] != 0;
        differing += of_row;
    }
    if (!differing)
        return 0;
    int32_t *restrict around = sums, *inside = sums + columns + reach;
    for (int x = 0; x < columns; x++)
        inside[x] = 0;
    for (int v = -reach; v < reach; v++)
        add_row(inside, blocks + mirrored(v, rows) * columns, columns, 1);
    for (int y = 0; y < rows; y++) {
        add_row(inside, blocks + mirrored(y + reach, rows) * columns, columns, 1);
        for (int x = 1; x <= reach; x++) {
            inside[-x] = inside[mirrored(-x, columns)];
            inside[columns - 1 + x] = inside[mirrored(columns - 1 + x, columns)];
        }
        int32_t sum = 0;
        for (int x = -reach; x < reach; x++)
            sum += inside[x];
        for (int x = 0; x < columns; x++) {
            around[x] = sum += inside[x + reach];
            sum -= inside[x - reach];
        }
        judge_row(blocks + y * columns, columns, around, local + y * columns, times + y * columns,
                  plus + y * columns, all, over + y * columns, found + y * columns);
        add_row(inside, blocks + mirrored(y - reach, rows) * columns, columns, -1);
    }
    for (int y = 0; lamps && y < rows; y++)
        clear_lamps(found, rows, columns, y, blocks + y * columns, lamp_from + y * columns);
    return differing;
}

/* 1 where anything is within `down` rows and one column. `row` has room for columns + 2 bytes. */
static void grow(const uint8_t *restrict mask, uint8_t *restrict out, int rows, int columns,
                 int down, uint8_t *restrict row)
{
    row[0] = row[columns + 1] = 0;
    for (int y = 0; y < rows; y++) {
        for (int x = 0; x < columns; x++)
            row[1 + x] = 0;
        for (int v = most(y - down, 0); v <= least(y + down, rows - 1); v++)
            for (int x = 0; x < columns; x++)
                row[1 + x] |= mask[v * columns + x];
        for (int x = 0; x < columns; x++)
            out[y * columns + x] = (row[x] | row[x + 1] | row[x + 2]) != 0;
    }
}

typedef struct {
    int32_t row, from, to, root; /* columns [from, to) */
} Run;

typedef struct {
    int32_t x0, y0, x1, y1, blocks;
} Piece;

static int root_of(Run *runs, int n)
{
    while (runs[n].root != n)
        n = runs[n].root = runs[runs[n].root].root;
    return n;
}

/* The runs of `mask`; those that touch, corners too, have one root, the first in reading order. */
static int runs_of(const uint8_t *mask, int rows, int columns, Run *runs)
{
    int count = 0, above = 0;
    for (int y = 0; y < rows; y++) {
        const int first = count, end_above = first;
        for (int x = 0; x < columns; x++) {
            if (!mask[y * columns + x])
                continue;
            Run run = {y, x, x, count};
            while (run.to < columns && mask[y * columns + run.to])
                run.to++;
            x = run.to;
            runs[count] = run;
            while (above < end_above && runs[above].to < run.from)
                above++;
            for (int n = above; n < end_above && runs[n].from <= run.to; n++) {
                int one = root_of(runs, n), other = root_of(runs, count);
                runs[most(one, other)].root = least(one, other);
            }
            count++;
        }
        above = first;
    }
    return count;
}

/* Whether a way over empty blocks leads from (y, x) to the border. `mask` is left as it was. */
static int is_outside(uint8_t *mask, int rows, int columns, int y, int x, int32_t *queue)
{
    int head = 0, tail = 0, is_out = 0;
    queue[tail++] = y * columns + x;
    mask[queue[0]] = 2;
    while (head < tail && !is_out) {
        const int at = queue[head++], v = at / columns, u = at % columns;
        is_out = v == 0 || u == 0 || v == rows - 1 || u == columns - 1;
        const int beside[] = {at - columns, at - 1, at + 1, at + columns};
        for (int n = 0; n < 4 && !is_out; n++)
            if (!mask[beside[n]])
                mask[beside[n]] = 2, queue[tail++] = beside[n];
    }
    while (tail > 0)
        mask[queue[--tail]] = 0;
    return is_out;
}

static int lies_in(const Piece *inner, const Piece *outer)
{
    return inner->x0 > outer->x0 && inner->x1 < outer->x1 && inner->y0 > outer->y0 &&
           inner->y1 < outer->y1;
}

/* A piece without what joining grew it by, and how many blocks of it moved. */
static Piece counted(Piece piece, const uint8_t *moved, int rows, int columns)
{
    piece.x0 += piece.x0 > 0;
    piece.x1 -= piece.x1 < columns;
    piece.y0 += piece.y0 > 0 ? REACH : 0;
    piece.y1 -= piece.y1 < rows ? REACH : 0;
    for (int y = piece.y0; y < piece.y1; y++)
        for (int x = piece.x0; x < piece.x1; x++)
            piece.blocks += moved[y * columns + x];
    return piece;
}

/* What moved, in connected pieces in reading order; `blocks` of each moved.
   `found` is what is believed and `over` what differs; `spread` becomes `found` grown by one block,
   `moved` what of that differs, `joined` what is connected. Room for rows * (columns / 2 + 1) in
   `runs` and `out`, for rows * columns in `queue`. Returns how many pieces. */
int pieces(const uint8_t *found, const uint8_t *over, int rows, int columns, uint8_t *spread,
           uint8_t *moved, uint8_t *joined, Run *runs, int32_t *queue, Piece *out)
{
    grow(found, spread, rows, columns, 1, (uint8_t *)queue);
    for (int n = 0; n < rows * columns; n++)
        moved[n] = (spread[n] != 0) & (over[n] != 0);
    grow(moved, joined, rows, columns, REACH, (uint8_t *)queue);
    const int all = runs_of(joined, rows, columns, runs);
    int count = 0;
    for (int n = 0; n < all; n++) { /* a root comes before all that are its own */
        const Run run = runs[n];
        const int root = root_of(runs, n);
        if (root == n) {
            out[count] = (Piece){run.from, run.row, run.to, run.row + 1, run.from}; /* for now */
            queue[n] = count++;
            continue;
        }
        Piece *piece = &out[queue[root]];
        piece->x0 = least(piece->x0, run.from), piece->x1 = most(piece->x1, run.to);
        piece->y1 = run.row + 1;
    }
    for (int n = 0; n < count; n++) { /* what stands in a hole of another is a part of that */
        int is_out = 1;
        for (int other = 0; other < count && is_out; other++)
            if (lies_in(&out[n], &out[other]))
                is_out = is_outside(joined, rows, columns, out[n].y0 - 1, out[n].blocks, queue);
        out[n].blocks = is_out ? 0 : -1;
    }
    int kept = 0;
    for (int n = 0; n < count; n++)
        if (out[n].blocks == 0)
            out[kept++] = counted(out[n], moved, rows, columns);
    return kept;
}
