/* What finding motion makes of pictures and of masks: means, and connected pieces.

   To the bit what `plain.py` does with numpy and OpenCV. Nothing is allocated, nothing is kept but
   in what is handed in. For little-endian processors of 64 bits. Built by `deploy/fast.sh`. */

#include <stddef.h>
#include <stdint.h>
#ifdef __aarch64__
#include <arm_neon.h>
#endif

const char made_of[] = MADE_OF; /* the SHA-256 of this file and ground.c */

#define REACH 2    /* as in blocks.py: gaps bridged upwards and downwards */
#define AHEAD 6144 /* bytes that are asked for before they are halved: what a row of memory takes to
                      come; with less it is waited for, with more the first of it is gone again */

typedef uint16_t u16x16 __attribute__((vector_size(32), aligned(1), may_alias));
typedef uint8_t u8x16 __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint8_t u8x32 __attribute__((vector_size(32), aligned(1), may_alias));
typedef char i8x32 __attribute__((vector_size(32), aligned(1), may_alias));
typedef short i16x16 __attribute__((vector_size(32)));

static int least(int a, int b) { return a < b ? a : b; }
static int most(int a, int b) { return a > b ? a : b; }

/* Of 32 bytes each two that lie side by side, added. */
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

/* A row of 2 * n pixels to sums of two. */
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

/* Those of the row above and a row of 2 * n pixels to n means of 2x2, rounded half up. */
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

/* Two rows of 2 * n pixels that lie in the cache to one of n. */
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

typedef struct {
    int64_t rows, columns; /* of blocks */
    uint8_t *quarters, *blocks;
    uint16_t *sums;  /* room for 4 * columns */
    uint8_t *halves; /* room for 8 * columns */
} Halving;

/* Means of 8x8 by three halvings. The picture is read once, row after row: memory hands that out
   twice as fast as two rows in turn, and what is made of a row meanwhile lies in the cache. */
void halve(const Halving *to, const uint8_t *luma, ptrdiff_t stride)
{
    const int columns = to->columns, wide = 4 * columns;
    uint8_t *const upper = to->halves, *const lower = upper + wide;
    for (int y = 0; y < to->rows; y++) {
        uint8_t *const quarters = to->quarters + 2 * y * 2 * columns;
        for (int n = 0; n < 4; n++) {
            const uint8_t *at = luma + (8 * y + 2 * n) * stride;
            add_pairs(at, to->sums, wide);
            end_pairs(to->sums, at + stride, n % 2 ? lower : upper, wide);
            if (n % 2)
                halve_rows(upper, lower, quarters + n / 2 * 2 * columns, 2 * columns);
        }
        halve_rows(quarters, quarters + 2 * columns, to->blocks + y * columns, columns);
    }
}

typedef struct {
    int32_t row, from, to, root; /* columns [from, to) */
} Run;

typedef struct {
    int32_t x0, y0, x1, y1, blocks, lasting; /* how many moved, and of those how many did before */
} Piece;

typedef struct {
    int64_t rows, columns, words; /* of 64 blocks, a bit each, that hold a row and one bit more */
    const uint8_t *over;
    uint64_t *moved, *joined, *room; /* of rows * words; room for one more row */
    Run *runs;                       /* rows * (columns / 2 + 1), as of pieces */
    int32_t *queue;                  /* rows * columns */
    Piece *out;
} Pieces;

/* Of up to 32 bytes, which are not 0. */
static inline uint32_t bits(const uint8_t *at, int n)
{
    u8x32 bytes = {};
    if (n >= 32)
        bytes = *(const u8x32 *)at;
    else
        for (int x = 0; x < n; x++)
            bytes[x] = at[x];
    typedef _Bool flags __attribute__((ext_vector_type(32)));
    union { flags each; uint32_t all; } set = {__builtin_convertvector(bytes != 0, flags)};
    return set.all;
}

static void pack_row(const uint8_t *row, int columns, uint64_t *out, int words)
{
    for (int n = 0; n < words; n++) {
        const int x = 64 * n;
        out[n] = bits(row + x, columns - x) | (uint64_t)bits(row + x + 32, columns - x - 32) << 32;
    }
}

/* One row of what is within one column of `row`. */
static void widen(const uint64_t *restrict row, uint64_t *restrict out, int words, int columns)
{
    for (int n = 0; n < words; n++) {
        uint64_t before = n ? row[n - 1] : 0, after = n + 1 < words ? row[n + 1] : 0;
        out[n] = row[n] | row[n] << 1 | before >> 63 | row[n] >> 1 | after << 63;
    }
    out[columns / 64] &= ((uint64_t)1 << columns % 64) - 1;
}

/* 1 where anything is within `down` rows and one column; `row` is room for one. */
static void grow(const uint64_t *restrict mask, uint64_t *restrict out, int rows, int words,
                 int columns, int down, uint64_t *restrict row)
{
    for (int y = 0; y < rows; y++) {
        for (int n = 0; n < words; n++)
            row[n] = 0;
        for (int v = most(y - down, 0); v <= least(y + down, rows - 1); v++)
            for (int n = 0; n < words; n++)
                row[n] |= mask[v * words + n];
        widen(row, out + y * words, words, columns);
    }
}

/* The first column from `x` on that is set, or not; `columns` if none is. */
static int next(const uint64_t *row, int x, int columns, int is_set)
{
    while (x < columns) {
        uint64_t rest = (is_set ? row[x / 64] : ~row[x / 64]) >> x % 64;
        if (rest)
            return least(x + __builtin_ctzll(rest), columns);
        x = (x / 64 + 1) * 64;
    }
    return columns;
}

static int root_of(Run *runs, int n)
{
    while (runs[n].root != n)
        n = runs[n].root = runs[runs[n].root].root;
    return n;
}

/* The runs of `mask`; those that touch, corners too, have one root, the first in reading order. */
static int runs_of(const uint64_t *mask, int rows, int words, int columns, Run *runs)
{
    int count = 0, above = 0;
    for (int y = 0; y < rows; y++, mask += words) {
        const int first = count, end_above = first;
        for (int x = next(mask, 0, columns, 1); x < columns; x = next(mask, x, columns, 1)) {
            Run run = {y, x, next(mask, x, columns, 0), count};
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

/* Whether a way over empty blocks leads from (y, x) to the border. `joined` is left as it was. */
static int is_outside(const Pieces *step, int y, int x)
{
    const int rows = step->rows, columns = step->columns, words = step->words;
    int head = 0, tail = 0, is_out = 0;
    int32_t *const queue = step->queue;
    queue[tail++] = y * columns + x;
    step->joined[y * words + x / 64] |= (uint64_t)1 << x % 64;
    while (head < tail && !is_out) {
        const int v = queue[head] / columns, u = queue[head++] % columns;
        is_out = v == 0 || u == 0 || v == rows - 1 || u == columns - 1;
        const int beside[][2] = {{v - 1, u}, {v, u - 1}, {v, u + 1}, {v + 1, u}};
        for (int n = 0; n < 4 && !is_out; n++) {
            uint64_t *word = &step->joined[beside[n][0] * words + beside[n][1] / 64];
            const uint64_t bit = (uint64_t)1 << beside[n][1] % 64;
            if (!(*word & bit))
                *word |= bit, queue[tail++] = beside[n][0] * columns + beside[n][1];
        }
    }
    while (tail > 0) {
        const int at = queue[--tail];
        step->joined[at / columns * words + at % columns / 64] ^= (uint64_t)1 << at % columns % 64;
    }
    return is_out;
}

static int lies_in(const Piece *inner, const Piece *outer)
{
    return inner->x0 > outer->x0 && inner->x1 < outer->x1 && inner->y0 > outer->y0 &&
           inner->y1 < outer->y1;
}

/* A piece without what joining grew it by, and how many blocks of it moved. */
static Piece counted(const Pieces *step, Piece piece, const uint8_t *again, const uint8_t *oldest)
{
    const int columns = step->columns, words = step->words;
    piece.x0 += piece.x0 > 0;
    piece.x1 -= piece.x1 < columns;
    piece.y0 += piece.y0 > 0 ? REACH : 0;
    piece.y1 -= piece.y1 < step->rows ? REACH : 0;
    piece.blocks = piece.lasting = 0;
    for (int y = piece.y0; y < piece.y1; y++) {
        const uint64_t *row = step->moved + y * words;
        for (int x = piece.x0; x < piece.x1; x = (x / 64 + 1) * 64) {
            const int left = piece.x1 - x / 64 * 64;
            uint64_t word = row[x / 64] >> x % 64 << x % 64;
            word &= left < 64 ? ((uint64_t)1 << left) - 1 : ~(uint64_t)0;
            piece.blocks += __builtin_popcountll(word);
        }
        for (int n = y * columns + piece.x0; again && oldest && n < y * columns + piece.x1; n++)
            piece.lasting += again[n] & oldest[n];
    }
    return piece;
}

/* The pieces of `joined`, as they are there; `blocks` is the column of the first block of each. */
static int pieces_of(const Pieces *step)
{
    Run *const runs = step->runs;
    const int all = runs_of(step->joined, step->rows, step->words, step->columns, runs);
    int count = 0;
    for (int n = 0; n < all; n++) { /* a root comes before all that are its own */
        const Run run = runs[n];
        const int root = root_of(runs, n);
        if (root == n) {
            step->out[count] = (Piece){run.from, run.row, run.to, run.row + 1, run.from, 0};
            step->queue[n] = count++;
            continue;
        }
        Piece *piece = &step->out[step->queue[root]];
        piece->x0 = least(piece->x0, run.from), piece->x1 = most(piece->x1, run.to);
        piece->y1 = run.row + 1;
    }
    return count;
}

/* What moved, in connected pieces in reading order, into `out`: of `found`, which is what is
   believed, and what differs beside it. Where both `again` and `oldest` are 1 it moved before.
   Returns how many pieces. */
int pieces(const Pieces *step, const uint8_t *found, const uint8_t *again, const uint8_t *oldest)
{
    const int rows = step->rows, columns = step->columns, words = step->words;
    for (int y = 0; y < rows; y++)
        pack_row(found + y * columns, columns, step->joined + y * words, words);
    grow(step->joined, step->moved, rows, words, columns, 1, step->room);
    for (int y = 0; y < rows; y++) {
        pack_row(step->over + y * columns, columns, step->room, words);
        for (int n = 0; n < words; n++)
            step->moved[y * words + n] &= step->room[n];
    }
    grow(step->moved, step->joined, rows, words, columns, REACH, step->room);
    const int count = pieces_of(step);
    Piece *const out = step->out;
    for (int n = 0; n < count; n++) { /* what stands in a hole of another is a part of that */
        int is_out = 1;
        for (int other = 0; other < count && is_out; other++)
            if (lies_in(&out[n], &out[other]))
                is_out = is_outside(step, out[n].y0 - 1, out[n].blocks);
        out[n].lasting = is_out ? 0 : -1;
    }
    int kept = 0;
    for (int n = 0; n < count; n++)
        if (out[n].lasting == 0)
            out[kept++] = counted(step, out[n], again, oldest);
    return kept;
}
