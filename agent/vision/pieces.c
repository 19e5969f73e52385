/* What of the blocks found is connected. */

#include "fast.h"

typedef struct {
    int32_t row, from, to, root; /* columns [from, to) */
} Run;

typedef struct {
    int32_t x0, y0, x1, y1, blocks, lasting; /* how many moved, and of those how many did before */
} Piece;

typedef struct {
    const Ground *ground;
    uint64_t *spread, *moved, *joined, *lasting, *tall; /* masks */
    Run *runs;                                          /* rows * (columns / 2 + 1), as of pieces */
    int32_t *queue;                                     /* rows * columns */
    Piece *out;
} Pieces;

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
        for (int x = !any_of(mask, words) ? columns : next(mask, 0, columns, 1); x < columns; x = next(mask, x, columns, 1)) {
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
    const int rows = step->ground->rows, columns = step->ground->columns, words = step->ground->words;
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

static int counted(const uint64_t *mask, int words, const Piece *piece)
{
    int count = 0;
    for (int y = piece->y0; y < piece->y1; y++)
        for (int n = piece->x0 / 64; n <= (piece->x1 - 1) / 64; n++) {
            const uint64_t inside = lowest(piece->x1 - 64 * n) & ~lowest(piece->x0 - 64 * n);
            count += __builtin_popcountll(mask[y * words + n] & inside);
        }
    return count;
}

/* A piece without what joining grew it by, and how many blocks of it moved. */
static Piece shrunk(const Pieces *step, Piece piece)
{
    piece.x0 += piece.x0 > 0;
    piece.x1 -= piece.x1 < step->ground->columns;
    piece.y0 += piece.y0 > 0 ? REACH : 0;
    piece.y1 -= piece.y1 < step->ground->rows ? REACH : 0;
    piece.blocks = counted(step->moved, step->ground->words, &piece);
    piece.lasting = counted(step->lasting, step->ground->words, &piece);
    return piece;
}

/* The pieces of `joined`, as they are there; `blocks` is the column of the first block of each. */
static int pieces_of(const Pieces *step)
{
    Run *const runs = step->runs;
    const int all = runs_of(step->joined, step->ground->rows, step->ground->words, step->ground->columns, runs);
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

/* What moved, in connected pieces in reading order, into `out`: of what was found in this turn, or
   what of that was found in all of three turns running, and what differs beside it. Without an oldest
   turn nothing was. `spread` becomes what is believed, grown by one block. Returns how many pieces. */
int pieces(const Pieces *step, int turn, int has_oldest, int is_lasting)
{
    const int rows = step->ground->rows, columns = step->ground->columns, words = step->ground->words;
    const uint64_t *const found = step->ground->found[turn];
    const uint64_t *const before = step->ground->found[(turn + KEPT - 1) % KEPT];
    const uint64_t *const oldest = step->ground->found[(turn + KEPT - 2) % KEPT];
    for (int n = 0; n < rows * words; n++)
        step->lasting[n] = has_oldest ? found[n] & before[n] & oldest[n] : 0;
    grow(is_lasting ? step->lasting : found, step->spread, rows, words, columns, 1, step->tall);
    for (int n = 0; n < rows * words; n++)
        step->moved[n] = step->spread[n] & step->ground->over[n];
    grow(step->moved, step->joined, rows, words, columns, REACH, step->tall);
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
            out[kept++] = shrunk(step, out[n]);
    return kept;
}
