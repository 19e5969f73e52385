/* What finding motion makes of block means: which differ by more than light explains, and the
   background that is learned of them.

   To the bit what `plain.py` does with numpy and OpenCV: whole numbers, or floating point in the
   same order and without fused steps, or sums that are exact and so the same in any order. Nothing
   is allocated, nothing is kept but in what is handed in. Built by `deploy/fast.sh`. */

#include <stdint.h>

static int least(int a, int b) { return a < b ? a : b; }
static int most(int a, int b) { return a > b ? a : b; }

typedef struct {
    int64_t rows, columns, side; /* of blocks, and of the square that is around one */
    float *mean, *flicker, *local, *times, *plus; /* the last two: two fields each */
    uint8_t *learned, *ignored, *mean8, *limit8, *lamp_from, *over;
    void *room; /* for 3 * columns + 2 * side doubles and a byte for each row */
} Ground;

/* A place beyond a border of n, mirrored at its last row or column. */
static int mirrored(int at, int n)
{
    if (n == 1)
        return 0;
    while (at < 0 || at >= n)
        at = at < 0 ? -at : 2 * (n - 1) - at;
    return at;
}

/* Sums of `side` columns around each of a row, those beyond its ends mirrored: of two places, of
   four and so on, and of these as many as make up the side. All must be exact. `level` has room
   for columns + 2 * side. */
#define SUMS_AROUND(name, number)                                                              \
    static void name(const number *restrict row, number *restrict level,                       \
                     number *restrict around, int columns, int side)                           \
    {                                                                                          \
        const int reach = side / 2;                                                            \
        for (int x = 0; x < columns; x++)                                                      \
            level[reach + x] = row[x], around[x] = 0;                                          \
        for (int x = 1; x <= reach; x++) {                                                     \
            level[reach - x] = row[mirrored(-x, columns)];                                     \
            level[reach + columns - 1 + x] = row[mirrored(columns - 1 + x, columns)];          \
        }                                                                                      \
        for (int width = 1, from = 0; width <= side; width *= 2) {                             \
            if (side & width) {                                                                \
                for (int x = 0; x < columns; x++)                                              \
                    around[x] += level[from + x];                                              \
                from += width;                                                                 \
            }                                                                                  \
            for (int x = 0; x < columns + side - 2 * width; x++)                               \
                level[x] += level[x + width];                                                  \
        }                                                                                      \
    }
SUMS_AROUND(around_blocks, float)
SUMS_AROUND(around_means, double)

static void add_blocks(float *restrict sums, const uint8_t *restrict row, int columns, float times)
{
    for (int x = 0; x < columns; x++)
        sums[x] += times * (float)row[x];
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

/* One row of `found`: which blocks lie farther from what light makes of them than it may. */
static void judge_row(const Ground *ground, int y, const uint8_t *restrict blocks,
                      const float *restrict around, uint8_t *restrict found)
{
    const int columns = ground->columns, at = y * columns, all = ground->rows * columns;
    const float *restrict local = ground->local + at, *restrict times = ground->times + at;
    const float *restrict plus = ground->plus + at;
    const uint8_t *restrict over = ground->over + at;
    for (int x = 0; x < columns; x++) {
        float apart = (float)blocks[at + x] - (around[x] * times[x] + plus[x]);
        float away = __builtin_fabsf(around[x] - local[x]);
        float bound = away * times[all + x] + plus[all + x];
        found[at + x] = (__builtin_fabsf(apart) > bound) & (over[x] != 0);
    }
}

/* What of each block differs by more than it may, into `over`; how many do. `any` says which rows
   have such, `lamps` whether one is a lamp. */
static int compare(const Ground *ground, const uint8_t *restrict blocks, uint8_t *restrict any,
                   uint8_t *lamps)
{
    const int columns = ground->columns;
    int differing = 0;
    *lamps = 0;
    for (int y = 0; y < ground->rows; y++) {
        const uint8_t *restrict row = blocks + y * columns, *restrict mean = ground->mean8 + y * columns;
        const uint8_t *restrict limit = ground->limit8 + y * columns;
        const uint8_t *restrict lamp_from = ground->lamp_from + y * columns;
        uint8_t *restrict over = ground->over + y * columns, lamp = 0, some = 0;
        for (int x = 0; x < columns; x++) {
            uint8_t apart = row[x] > mean[x] ? row[x] - mean[x] : mean[x] - row[x];
            over[x] = apart > limit[x] ? apart - limit[x] : 0;
            some |= over[x];
            lamp |= row[x] > lamp_from[x];
        }
        any[y] = some != 0;
        uint16_t of_row = 0;
        for (int x = 0; some && x < columns; x++)
            of_row += over[x] != 0;
        differing += of_row, *lamps |= lamp;
    }
    return differing;
}

/* The blocks that differ (`over`) and those of them that light does not explain (`found`, filled
   unless nothing differs). Returns how many differ. */
int unlit(const Ground *ground, const uint8_t *restrict blocks, uint8_t *restrict found)
{
    const int rows = ground->rows, columns = ground->columns, reach = ground->side / 2;
    float *const down = ground->room, *const around = down + columns, *const level = around + columns;
    uint8_t *const any = (uint8_t *)((double *)ground->room + 3 * columns + 2 * ground->side);
    uint8_t lamps;
    const int differing = compare(ground, blocks, any, &lamps);
    if (!differing)
        return 0;
    for (int x = 0; x < columns; x++)
        down[x] = 0;
    for (int v = -reach; v < reach; v++)
        add_blocks(down, blocks + mirrored(v, rows) * columns, columns, 1);
    for (int y = 0; y < rows; y++) {
        add_blocks(down, blocks + mirrored(y + reach, rows) * columns, columns, 1);
        if (any[y]) {
            around_blocks(down, level, around, columns, ground->side);
            judge_row(ground, y, blocks, around, found);
        }
        for (int x = 0; !any[y] && x < columns; x++)
            found[y * columns + x] = 0;
        add_blocks(down, blocks + mirrored(y - reach, rows) * columns, columns, -1);
    }
    for (int y = 0; lamps && y < rows; y++)
        clear_lamps(found, rows, columns, y, blocks + y * columns, ground->lamp_from + y * columns);
    return differing;
}

/* The background a share of the way to the blocks of now; where something moved (`moved`, which
   may be none), by no more than `step`. */
void take_in(const Ground *ground, const uint8_t *restrict blocks, const uint8_t *restrict moved,
             float share, float step)
{
    const int all = ground->rows * ground->columns;
    const float rest = 1 - share;
    float *restrict mean = ground->mean;
    for (int n = 0; n < all; n++) {
        float now = blocks[n], away = now - mean[n], still = mean[n] * rest + now * share;
        away = away < step ? away : step;
        away = away > -step ? away : -step;
        mean[n] = moved && moved[n] ? mean[n] + away : still;
    }
}

/* Usual flicker a step up or down to the change since the last time, between 0 and `highest`. */
void follow(const Ground *ground, const uint8_t *restrict blocks, float down, float up, float highest)
{
    const int all = ground->rows * ground->columns;
    float *restrict flicker = ground->flicker;
    uint8_t *restrict learned = ground->learned;
    for (int n = 0; n < all; n++) {
        uint8_t apart = blocks[n] > learned[n] ? blocks[n] - learned[n] : learned[n] - blocks[n];
        float usual = flicker[n] + ((float)apart > flicker[n] ? up : down);
        usual = usual < highest ? usual : highest;
        flicker[n] = usual > 0 ? usual : 0;
        learned[n] = blocks[n];
    }
}

/* Whole multiples of 2^-28, of which as many as there are blocks around add up without rounding. */
static void add_means(double *restrict sums, const float *restrict row, int columns, double times)
{
    for (int x = 0; x < columns; x++)
        sums[x] += times * (((double)row[x] + 0x1.8p24) - 0x1.8p24);
}

typedef struct {
    float gusts, offset, over_noise, least_change, roughness, lamp, lamp_step;
} Limits;

/* What a row of blocks is compared with: its background, how far from that is too far, from where
   on a block is a lamp. */
static void publish_limits(const Ground *ground, int y, const Limits *limits)
{
    const int columns = ground->columns, at = y * columns, all = ground->rows * columns;
    const uint8_t lamp = limits->lamp - 1, is_bright = limits->lamp - limits->lamp_step;
    const float *restrict mean = ground->mean + at, *restrict flicker = ground->flicker + at;
    float *restrict limit = ground->plus + all + at;
    uint8_t *restrict mean8 = ground->mean8 + at, *restrict limit8 = ground->limit8 + at;
    uint8_t *restrict lamp_from = ground->lamp_from + at;
    for (int x = 0; x < columns; x++) {
        float times = flicker[x] * limits->gusts + limits->offset;
        float from = (times > limits->over_noise ? times : limits->over_noise) * flicker[x];
        limit[x] = from > limits->least_change ? from : limits->least_change;
        float whole = __builtin_rintf(limit[x]), middle = __builtin_rintf(mean[x]);
        limit8[x] = (int)(whole < 255 ? whole : 255);
        mean8[x] = (int)(middle < 255 ? middle : 255);
        lamp_from[x] = mean8[x] >= is_bright ? 255 : lamp;
    }
    for (int x = 0; ground->ignored && x < columns; x++)
        limit8[x] = ground->ignored[at + x] ? 255 : limit8[x];
}

/* What light may make of a row of blocks; `around` is what lies around each, added. */
static void publish_light(const Ground *ground, int y, const double *restrict around, float roughness)
{
    const int columns = ground->columns, at = y * columns, all = ground->rows * columns;
    const float area = ground->side * ground->side;
    const double one = 1.0 / area;
    const float *restrict mean = ground->mean + at;
    float *restrict local = ground->local + at, *restrict times = ground->times + at;
    float *restrict plus = ground->plus + at;
    for (int x = 0; x < columns; x++) {
        float near = (float)(around[x] * one), twice = near * 2;
        float half = (mean[x] - near) / (twice > 1 ? twice : 1), middle = half + 1;
        plus[x] = mean[x] - near * middle;
        times[x] = middle / area;
        times[all + x] = (__builtin_fabsf(half) + roughness) / area;
        local[x] = near * area;
    }
}

/* What frames are compared with until the next learning. */
void publish(const Ground *ground, const Limits *limits)
{
    const int rows = ground->rows, columns = ground->columns, reach = ground->side / 2;
    double *const down = ground->room, *const around = down + columns, *const level = around + columns;
    for (int x = 0; x < columns; x++)
        down[x] = 0;
    for (int v = -reach; v < reach; v++)
        add_means(down, ground->mean + mirrored(v, rows) * columns, columns, 1);
    for (int y = 0; y < rows; y++) {
        publish_limits(ground, y, limits);
        add_means(down, ground->mean + mirrored(y + reach, rows) * columns, columns, 1);
        around_means(down, level, around, columns, ground->side);
        publish_light(ground, y, around, limits->roughness);
        add_means(down, ground->mean + mirrored(y - reach, rows) * columns, columns, -1);
    }
}
