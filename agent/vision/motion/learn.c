/* Learns the background from blocks. */

#include "fast.h"

typedef double f64x8 __attribute__((vector_size(64), aligned(8), may_alias));

/* Moves the background by a share towards the present blocks; by at most `step` where `moved` is
   set. `moved` may be NULL. */
void take_in(const Ground *ground, const uint8_t *restrict blocks, const uint8_t *restrict moved,
             float share, float step)
{
    const int all = ground->rows * ground->columns;
    const float rest = 1 - share;
    float *restrict mean = ground->mean;
    for (int n = 0; !moved && n < all; n++)
        mean[n] = mean[n] * rest + (float)blocks[n] * share;
    for (int n = 0; moved && n < all; n++) {
        float now = blocks[n], away = now - mean[n], still = mean[n] * rest + now * share;
        away = away < step ? away : step;
        away = away > -step ? away : -step;
        mean[n] = moved[n] ? mean[n] + away : still;
    }
}

/* Moves the usual flicker one step up or down, towards the change since the last call; it stays
   between 0 and `highest`. */
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

typedef struct {
    float gusts, offset, over_noise, least_change, roughness, lamp, lamp_step;
} Limits;

/* Sets the values for the comparison of blocks: background, allowed difference, and brightness from
   which a block is a lamp. */
static void publish_limits(const Ground *ground, Limits limits)
{
    const int all = ground->rows * ground->columns;
    const uint8_t lamp = limits.lamp - 1, is_bright = limits.lamp - limits.lamp_step;
    const float *restrict mean = ground->mean, *restrict flicker = ground->flicker;
    float *restrict limit = ground->limit;
    uint8_t *restrict mean8 = ground->mean8, *restrict limit8 = ground->limit8;
    uint8_t *restrict lamp_from = ground->lamp_from;
    for (int n = 0; n < all; n++) {
        float times = flicker[n] * limits.gusts + limits.offset;
        float from = (times > limits.over_noise ? times : limits.over_noise) * flicker[n];
        from = from > limits.least_change ? from : limits.least_change;
        float whole = __builtin_rintf(from), middle = __builtin_rintf(mean[n]);
        uint8_t usual = (int)(middle < 255 ? middle : 255);
        limit[n] = from;
        limit8[n] = (int)(whole < 255 ? whole : 255);
        mean8[n] = usual;
        lamp_from[n] = usual >= is_bright ? 255 : lamp;
    }
    for (int n = 0; ground->ignored && n < all; n++)
        limit8[n] = ground->ignored[n] ? 255 : limit8[n];
}

/* Adds values rounded to multiples of 2^-28: the sum over a square of blocks is then exact. */
static void add_means(double *restrict sums, const float *restrict row, int columns, double times)
{
    for (int x = 0; x < columns; x++)
        sums[x] += times * (((double)row[x] + 0x1.8p24) - 0x1.8p24);
}

/* Sets the Light of each block in a row; `from` holds the column sums, from the first column around
   the first block. */
static void publish_light(const Ground *ground, int y, const double *from, float roughness)
{
    const int columns = ground->columns, at = y * columns, side = ground->side;
    const float area = side * side;
    const double one = 1.0 / area;
    for (int x = 0; x < columns; x += 8) {
        const f32x8 mean = *(const f32x8 *)(ground->mean + at + x);
        f64x8 around = *(const f64x8 *)(from + x);
        for (int n = 1; n < side; n++)
            around += *(const f64x8 *)(from + x + n);
        const f32x8 near = __builtin_convertvector(around * one, f32x8), least = {};
        const f32x8 half = (mean - near) / __builtin_elementwise_max(near * 2, least + 1);
        const f32x8 middle = half + 1;
        Light *const light = light_of(ground, y, x);
        light->local = near * area;
        light->times = middle / area;
        light->plus = mean - near * middle;
        light->off = (__builtin_elementwise_abs(half) + roughness) / area;
        light->limit = *(const f32x8 *)(ground->limit + at + x);
    }
}

/* Sets the values that frames are compared with until the next learning step. */
void publish(const Ground *ground, const Limits *limits)
{
    const int rows = ground->rows, columns = ground->columns, reach = ground->side / 2;
    double *const down = (double *)ground->sums + reach;
    publish_limits(ground, *limits);
    for (int x = 0; x < columns; x++)
        down[x] = 0;
    for (int v = -reach; v < reach; v++)
        add_means(down, ground->mean + mirrored(v, rows) * columns, columns, 1);
    for (int y = 0; y < rows; y++) {
        add_means(down, ground->mean + mirrored(y + reach, rows) * columns, columns, 1);
        MIRROR(down, columns, reach)
        publish_light(ground, y, down - reach, limits->roughness);
        add_means(down, ground->mean + mirrored(y - reach, rows) * columns, columns, -1);
    }
}
