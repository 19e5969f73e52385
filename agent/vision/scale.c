/* What the network is shown: a part of a picture, made smaller or larger, and its colours.

   To the bit what `scale.py` does with numpy: whole numbers, or float32 in the same order and
   without fused steps. Nothing is allocated, nothing is kept but in what is handed in. Built by
   `deploy/kernel.py`. */

#include <stddef.h>
#include <stdint.h>

const char made_of[] = MADE_OF; /* hash of source, options and compiler: deploy/kernel.py */

/* One row made narrower; `wide` is known where this is called, which takes a third of the time. */
static inline __attribute__((always_inline)) void
narrow_row(const uint8_t *restrict row, float *restrict into, int columns,
           const int32_t *restrict left, const float *restrict weights, const int wide)
{
    for (int x = 0; x < columns; x++, weights += wide) {
        const uint8_t *at = row + left[x];
        float sum = at[0] * weights[0];
        for (int n = 1; n < wide; n++)
            sum += at[n] * weights[n];
        into[x] = sum;
    }
}

static void narrow(const uint8_t *restrict row, float *restrict into, int columns,
                   const int32_t *restrict left, const float *restrict weights, int wide)
{
    switch (wide) {
    case 2:
        narrow_row(row, into, columns, left, weights, 2);
        break;
    case 3:
        narrow_row(row, into, columns, left, weights, 3);
        break;
    case 4:
        narrow_row(row, into, columns, left, weights, 4);
        break;
    default:
        narrow_row(row, into, columns, left, weights, wide);
    }
}

/* A plane made smaller. Row y of `into` is the sum of `high` rows of `from`, beginning at top[y],
   by the weights `down`; its pixels likewise that of `wide` columns. `lines` has room for two. */
void shrink(const uint8_t *restrict from, ptrdiff_t stride, uint8_t *restrict into, int rows,
            int columns, const int32_t *restrict top, const float *restrict down, int high,
            const int32_t *restrict left, const float *restrict across, int wide,
            float *restrict lines)
{
    float *restrict line = lines, *restrict sum = lines + columns;
    int lies_there = -1;
    for (int y = 0; y < rows; y++, into += columns, down += high) {
        for (int x = 0; x < columns; x++)
            sum[x] = 0;
        for (int n = 0; n < high; n++) {
            if (down[n] == 0)
                continue;
            if (top[y] + n != lies_there) /* the last row of one is the first of the next */
                narrow(from + (top[y] + n) * stride, line, columns, left, across, wide);
            lies_there = top[y] + n;
            for (int x = 0; x < columns; x++)
                sum[x] += line[x] * down[n];
        }
        for (int x = 0; x < columns; x++)
            into[x] = (int)__builtin_rintf(sum[x]);
    }
}

/* The same where each pixel is the mean of two rows and two columns. */
void halve(const uint8_t *restrict from, ptrdiff_t stride, uint8_t *restrict into, int rows,
           int columns)
{
    for (int y = 0; y < rows; y++, from += 2 * stride, into += columns) {
        const uint8_t *lower = from + stride;
        for (int x = 0; x < columns; x++)
            into[x] = (from[2 * x] + from[2 * x + 1] + lower[2 * x] + lower[2 * x + 1] + 2) >> 2;
    }
}

/* The same where each pixel is the mean of `high` whole rows and `wide` whole columns, as many as
   one in `share`. `line` has room for a row of `from`. */
void divide(const uint8_t *restrict from, ptrdiff_t stride, uint8_t *restrict into, int rows,
            int columns, int high, int wide, float share, uint32_t *restrict line)
{
    for (int y = 0; y < rows; y++, into += columns) {
        for (int x = 0; x < columns * wide; x++)
            line[x] = from[x];
        for (int n = 1; n < high; n++)
            for (int x = 0; x < columns * wide; x++)
                line[x] += from[n * stride + x];
        from += high * stride;
        for (int x = 0; x < columns; x++) {
            uint32_t sum = 0;
            for (int n = 0; n < wide; n++)
                sum += line[x * wide + n];
            into[x] = (int)__builtin_rintf((float)(int32_t)sum * share);
        }
    }
}

/* A plane of `height` rows made larger: each pixel of `into` lies between two columns and two rows,
   by weights that are 2048 together. `lines` has room for `height` rows of `into`. */
void stretch(const uint8_t *restrict from, ptrdiff_t stride, int height, uint8_t *restrict into,
             int rows, int columns, const int32_t *restrict row, const uint16_t *restrict down,
             const int32_t *restrict column, const uint16_t *restrict across,
             uint16_t *restrict lines)
{
    for (int y = 0; y < height; y++, from += stride)
        for (int x = 0; x < columns; x++)
            lines[y * columns + x] = ((uint32_t)from[column[2 * x]] * across[2 * x] +
                                      (uint32_t)from[column[2 * x + 1]] * across[2 * x + 1]) >> 4;
    for (int y = 0; y < rows; y++, into += columns) {
        const uint16_t *upper = lines + row[2 * y] * columns;
        const uint16_t *lower = lines + row[2 * y + 1] * columns;
        uint32_t a = down[2 * y], b = down[2 * y + 1];
        for (int x = 0; x < columns; x++)
            into[x] = ((a * upper[x] >> 16) + (b * lower[x] >> 16) + 2) >> 2;
    }
}

static uint8_t byte(int32_t value)
{
    return value < 0 ? 0 : value > 255 ? 255 : value;
}

/* RGB of a picture in planes, BT.601 with 16-235; returns the sum of its green.
   `tint` has room for three rows of `columns`. */
uint32_t colour(const uint8_t *restrict luma, const uint8_t *restrict u, const uint8_t *restrict v,
                int rows, int columns, uint8_t *restrict rgb, ptrdiff_t stride,
                int32_t *restrict tint)
{
    int32_t *restrict red = tint, *restrict green = red + columns, *restrict blue = green + columns;
    uint32_t sum = 0;
    for (int y = 0; y < rows; y++, luma += columns, rgb += stride) {
        if (y % 2 == 0) {
            for (int x = 0; x < columns / 2; x++) {
                int32_t a = u[x] - 128, b = v[x] - 128;
                red[2 * x] = red[2 * x + 1] = (1 << 19) + 1673527 * b;
                green[2 * x] = green[2 * x + 1] = (1 << 19) - 852492 * b - 409993 * a;
                blue[2 * x] = blue[2 * x + 1] = (1 << 19) + 2116026 * a;
            }
            u += columns / 2, v += columns / 2;
        }
        for (int x = 0; x < columns; x++) {
            int32_t light = 1220542 * (luma[x] > 16 ? luma[x] - 16 : 0);
            uint8_t middle = byte((light + green[x]) >> 20);
            rgb[3 * x] = byte((light + red[x]) >> 20);
            rgb[3 * x + 1] = middle;
            rgb[3 * x + 2] = byte((light + blue[x]) >> 20);
            sum += middle;
        }
    }
    return sum;
}

/* Each byte `gain` times as large, 255 at the most. */
void brighten(uint8_t *rgb, ptrdiff_t stride, int rows, int bytes, float gain)
{
    for (int y = 0; y < rows; y++, rgb += stride)
        for (int x = 0; x < bytes; x++) {
            float value = __builtin_rintf(rgb[x] * gain);
            rgb[x] = value > 255.0f ? 255 : (int)value;
        }
}
