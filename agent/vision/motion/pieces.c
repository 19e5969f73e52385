/* Connects found blocks to pieces, and selects the pieces that count as motion. */

#include "fast.h"

typedef struct {
    int32_t row, from, to, root; /* columns [from, to) */
} Run;

typedef struct {
    int32_t x0, y0, x1, y1, first, is_in_hole; /* `first`: first column in the top row */
} Piece;

typedef struct {
    int64_t has_oldest, is_lasting, sure, lasts;
} Rule; /* as in fields.py */

typedef struct {
    const Ground *ground;
    const Rule *rule;
    uint64_t *spread, *moved, *joined, *lasting, *tall; /* masks */
    Run *runs;                                          /* rows * (columns / 2 + 1), as pieces */
    int32_t *queue;                                     /* rows * columns */
    Piece *pieces;
    double *out; /* x0, y0, x1, y1 of each selected piece, in shares */
} Pieces;

static int root_of(Run *runs, int n)
{
    while (runs[n].root != n)
        n = runs[n].root = runs[runs[n].root].root;
    return n;
}

/* Adds a run. The runs `above` to `end` (excluded) of the row above may touch it. Returns the first
   of these that may touch the next run. */
static int add_run(Run *runs, Run run, int above, int end)
{
    const int own = run.root;
    runs[own] = run;
    while (above < end && runs[above].to < run.from)
        above++;
    for (int n = above; n < end && runs[n].from <= run.to; n++) {
        const int one = root_of(runs, n), other = root_of(runs, own);
        runs[most(one, other)].root = least(one, other);
    }
    return above;
}

/* Finds the runs of `mask`. Runs that touch, also at corners, share one root: the first in reading
   order. Returns their number. */
static int runs_of(const uint64_t *mask, int rows, int words, Run *runs)
{
    int count = 0, above = 0;
    for (int y = 0; y < rows; y++, mask += words) {
        const int first = count;
        int from = -1;
        uint64_t last = 0;
        for (int n = 0; n < words; last = mask[n++] >> 63)
            for (uint64_t ends = mask[n] ^ (mask[n] << 1 | last); ends; ends &= ends - 1) {
                const int x = 64 * n + __builtin_ctzll(ends); /* start of a run, or its end */
                if (from >= 0)
                    above = add_run(runs, (Run){y, from, x, count++}, above, first);
                from = from < 0 ? x : -1;
            }
        above = first;
    }
    return count;
}

/* Whether a path over empty blocks leads from (y, x) to the border. `joined` is unchanged after the
   call. */
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

/* The piece without its growth by `join`. */
static Piece shrunk(const Pieces *step, Piece piece)
{
    piece.x0 += piece.x0 > 0;
    piece.x1 -= piece.x1 < step->ground->columns;
    piece.y0 += piece.y0 > 0 ? REACH : 0;
    piece.y1 -= piece.y1 < step->ground->rows ? REACH : 0;
    return piece;
}

/* Finds the connected pieces of `joined`. Returns their number. */
static int pieces_of(const Pieces *step)
{
    Run *const runs = step->runs;
    const int all = runs_of(step->joined, step->ground->rows, step->ground->words, runs);
    int count = 0;
    for (int n = 0; n < all; n++) { /* a root comes before the runs that refer to it */
        const Run run = runs[n];
        const int root = root_of(runs, n);
        if (root == n) {
            step->pieces[count] = (Piece){run.from, run.row, run.to, run.row + 1, run.from, 0};
            step->queue[n] = count++;
            continue;
        }
        Piece *piece = &step->pieces[step->queue[root]];
        piece->x0 = least(piece->x0, run.from), piece->x1 = most(piece->x1, run.to);
        piece->y1 = run.row + 1;
    }
    return count;
}

/* Sets `spread`: blocks accepted by the rule, grown by one block; `moved`: the differing blocks in
   it; and `joined`: `moved`, grown to bridge gaps. */
static void join(const Pieces *step, int turn)
{
    const int rows = step->ground->rows, columns = step->ground->columns, words = step->ground->words;
    const uint64_t *const found = step->ground->found[turn];
    const uint64_t *const before = step->ground->found[(turn + KEPT - 1) % KEPT];
    const uint64_t *const oldest = step->ground->found[(turn + KEPT - 2) % KEPT];
    const Rule *const rule = step->rule;
    for (int n = 0; n < rows * words; n++)
        step->lasting[n] = rule->has_oldest ? found[n] & before[n] & oldest[n] : 0;
    grow(rule->is_lasting ? step->lasting : found, step->spread, rows, words, columns, 1, step->tall);
    for (int n = 0; n < rows * words; n++)
        step->moved[n] = step->spread[n] & step->ground->over[n];
    grow(step->moved, step->joined, rows, words, columns, REACH, step->tall);
}

static int is_something(const Pieces *step, const Piece *piece)
{
    return counted(step->moved, step->ground->words, piece) >= step->rule->sure ||
           counted(step->lasting, step->ground->words, piece) >= step->rule->lasts;
}

static int area_of(const Piece *piece) { return (piece->x1 - piece->x0) * (piece->y1 - piece->y0); }

/* Keeps the pieces that count as motion and are not in a hole, of `count` pieces. Largest first; of
   equal ones the last first. Returns their number. */
static int rank(const Pieces *step, int count)
{
    Piece *const pieces = step->pieces;
    int kept = 0;
    for (int n = 0; n < count; n++) {
        if (pieces[n].is_in_hole)
            continue;
        const Piece piece = shrunk(step, pieces[n]);
        if (!is_something(step, &piece))
            continue;
        int place = kept++;
        for (; place > 0 && area_of(&pieces[place - 1]) <= area_of(&piece); place--)
            pieces[place] = pieces[place - 1];
        pieces[place] = piece;
    }
    return kept;
}

/* Writes the connected pieces of motion that count into `out`. Returns their number. */
int regions(const Pieces *step, int turn)
{
    const double rows = step->ground->rows, columns = step->ground->columns;
    Piece *const pieces = step->pieces;
    join(step, turn);
    int count = pieces_of(step);
    for (int n = 0; n < count; n++) { /* a piece in a hole of another belongs to that one */
        int is_out = 1;
        for (int other = 0; other < count && is_out; other++)
            if (lies_in(&pieces[n], &pieces[other]))
                is_out = is_outside(step, pieces[n].y0 - 1, pieces[n].first);
        pieces[n].is_in_hole = !is_out;
    }
    count = rank(step, count);
    for (int n = 0; n < count; n++) {
        double *const out = step->out + 4 * n;
        out[0] = pieces[n].x0 / columns, out[1] = pieces[n].y0 / rows;
        out[2] = pieces[n].x1 / columns, out[3] = pieces[n].y1 / rows;
    }
    return count;
}
