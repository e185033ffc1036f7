/* ssimulacra2.c -- SSIMULACRA 2.1: structure, ringing and blur, at six scales, in the three
 * channels of XYB, weighed as its author tuned them to what people say of compressed pictures.
 *
 * Everything is a sum over pixels, so a picture goes through in bands of rows: the memory it takes
 * is that of its half-size copies, not that of its maps. */
#include "worker/decoder/measure.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    SCALES = 6,
    SIDE_MIN = 8, /* of a scale, for there to be a next one */
    REACH = 4,    /* of the blur, to each side */
    TAPS = 2 * REACH + 1,
    BAND_ROWS = 32,
    ROWS = BAND_ROWS + 2 * REACH,
    MAPS = 3, /* of each channel: structure, ringing, blur */
    NORMS = 2 /* of each map: mean, and the fourth root of the mean fourth power */
};

static const float c2 = 0.0009f;

/* By channel, scale, norm and map. */
static const double weights[3 * SCALES * NORMS * MAPS] = {
    /* X */
    0.0, 0.0007376606707406586, 0.0, 0.0, 0.0007793481682867309, 0.0, 0.0, 0.0004371155730107379,
    0.0, 1.1041726426657346, 0.00066284834129271, 0.00015231632783718752, 0.0,
    0.0016406437456599754, 0.0, 1.8422455520539298, 11.441172603757666, 0.0, 0.0007989109436015163,
    0.000176816438078653, 0.0, 1.8787594979546387, 10.94906990605142, 0.0, 0.0007289346991508072,
    0.9677937080626833, 0.0, 0.00014003424285435884, 0.9981766977854967, 0.00031949755934435053,
    0.0004550992113792063, 0.0, 0.0, 0.0013648766163243398, 0.0, 0.0,
    /* Y */
    0.0, 0.0, 0.0, 7.466890328078848, 0.0, 17.445833984131262, 0.0006235601634041466, 0.0, 0.0,
    6.683678146179332, 0.00037724407979611296, 1.027889937768264, 225.20515300849274, 0.0, 0.0,
    19.213238186143016, 0.0011401524586618361, 0.001237755635509985, 176.39317598450694, 0.0, 0.0,
    24.43300999870476, 0.28520802612117757, 0.0004485436923833408, 0.0, 0.0, 0.0, 34.77906344483772,
    44.835625328877896, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
    /* B - Y */
    0.0, 0.0008680556573291698, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0005313191874358747, 0.0,
    0.00016533814161379112, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0004179171803251336, 0.0017290828234722833,
    0.0, 0.0020827005846636437, 0.0, 0.0, 8.826982764996862, 23.19243343998926, 0.0,
    95.1080498811086, 0.9863978034400682, 0.9834382792465353, 0.0012286405048278493,
    171.2667255897307, 0.9807858872435379, 0.0, 0.0, 0.0, 0.0005130064588990679, 0.0,
    0.00010854057858411537};

/* ---- the blur ------------------------------------------------------------------------------- */

static double determinant(double m[3][3])
{
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
           m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
           m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

/* Solves m x = v by Cramer's rule. */
static void solve(double m[3][3], const double v[3], double x[3])
{
    double whole = determinant(m);

    for (int i = 0; i < 3; i++) {
        double part[3][3];
        memcpy(part, m, sizeof(part));
        for (int row = 0; row < 3; row++)
            part[row][i] = v[row];
        x[i] = determinant(part) / whole;
    }
}

/* A Gaussian of 1.5 as the sum of three cosines, cut off where all of them are 0 (D. Charalampidis,
 * "Recursive implementation of the Gaussian filter using truncated cosine functions", 2016). */
static void taps_make(float taps[TAPS])
{
    const double sigma = 1.5, radius = REACH + 1, pi = acos(-1);
    double omega[3], p[3], r[3], rho[3], beta[3];

    for (int i = 0; i < 3; i++) {
        double sign = i == 1 ? -1 : 1;
        omega[i] = (2 * i + 1) * pi / (2 * radius);
        p[i] = sign / tan(omega[i] / 2);
        r[i] = sign * p[i] * p[i] / sin(omega[i]);
        rho[i] = exp(-sigma * sigma * omega[i] * omega[i] / 2) / radius;
    }
    double d13 = p[0] * r[1] - r[0] * p[1];
    double zeta1 = (p[1] * r[2] - r[1] * p[2]) / d13, zeta3 = (p[2] * r[0] - r[2] * p[0]) / d13;
    double m[3][3] = {{p[0], p[1], p[2]}, {r[0], r[1], r[2]}, {zeta1, zeta3, 1}};
    const double v[3] = {1, radius * radius - sigma * sigma,
                         zeta1 * rho[0] + zeta3 * rho[1] + rho[2]};
    solve(m, v, beta);
    for (int n = -REACH; n <= REACH; n++) {
        double sum = 0;
        for (int i = 0; i < 3; i++)
            sum += beta[i] * cos(omega[i] * n);
        taps[n + REACH] = (float)sum;
    }
}

/* ---- pictures at a scale -------------------------------------------------------------------- */

struct level {            /* one of the two pictures; linear light */
    const uint8_t *bytes; /* the picture itself, or */
    float *planes[3];     /* a smaller one; owned */
    int width, height;
};

struct work {
    float eotf[256]; /* sRGB to light */
    float taps[TAPS];
    float *memory;         /* owned; all that follows is in it */
    float *channels[2][3]; /* of the two pictures: ROWS rows of XYB */
    float *product, *half; /* ROWS rows */
    float *blurred[5];     /* BAND_ROWS rows: a, b, aa, bb, ab */
    float *line;           /* a row with room at both ends */
};

static void row_linear(const struct work *work, const struct level *level, int y, float *rgb[3])
{
    size_t n = (size_t)level->width;

    if (!level->bytes) {
        for (int c = 0; c < 3; c++)
            memcpy(rgb[c], level->planes[c] + n * y, n * sizeof(float));
        return;
    }
    for (size_t x = 0; x < n; x++)
        for (int c = 0; c < 3; c++)
            rgb[c][x] = work->eotf[level->bytes[(n * y + x) * 3 + c]];
}

static float absorbed(float sum)
{
    const float bias = 0.0037930732552754493f;

    return cbrtf(sum + bias > 0 ? sum + bias : 0) - cbrtf(bias);
}

/* Linear light to XYB, each channel moved to about 0..1. */
static void row_xyb(float *rgb[3], int width)
{
    for (int x = 0; x < width; x++) {
        float r = rgb[0][x], g = rgb[1][x], b = rgb[2][x];
        float l = absorbed(0.3f * r + 0.622f * g + 0.078f * b);
        float m = absorbed(0.23f * r + 0.692f * g + 0.078f * b);
        float s =
            absorbed(0.24342268924547819f * r + 0.20476744424496821f * g + 0.5518098665095536f * b);
        float first = (l - m) / 2, luma = (l + m) / 2;
        rgb[0][x] = first * 14 + 0.42f;
        rgb[1][x] = luma + 0.01f;
        rgb[2][x] = s - luma + 0.55f;
    }
}

/* Means of two by two; the last row and column count twice where there is an odd one. */
static bool halve(const struct work *work, struct level *level)
{
    int width = (level->width + 1) / 2, height = (level->height + 1) / 2;
    size_t n = (size_t)level->width;
    struct level half = {.width = width, .height = height};
    float *rows = malloc(n * 6 * sizeof(float));
    bool good = rows != NULL;

    for (int c = 0; c < 3; c++) {
        half.planes[c] = malloc((size_t)width * height * sizeof(float));
        good = good && half.planes[c];
    }
    for (int y = 0; good && y < height; y++) {
        float *upper[3] = {rows, rows + n, rows + 2 * n};
        float *lower[3] = {rows + 3 * n, rows + 4 * n, rows + 5 * n};
        int below = 2 * y + 1 < level->height ? 2 * y + 1 : level->height - 1;
        row_linear(work, level, 2 * y, upper);
        row_linear(work, level, below, lower);
        for (int c = 0; c < 3; c++)
            for (int x = 0; x < width; x++) {
                int right = 2 * x + 1 < level->width ? 2 * x + 1 : level->width - 1;
                half.planes[c][(size_t)width * y + x] =
                    (upper[c][2 * x] + upper[c][right] + lower[c][2 * x] + lower[c][right]) / 4;
            }
    }
    free(rows);
    for (int c = 0; c < 3; c++)
        free(level->planes[c]);
    *level = half;
    return good;
}

/* ---- maps ----------------------------------------------------------------------------------- */

/* rows rows of in, with REACH more above and below them, to out; beyond the picture all is 0. */
static void blur(const struct work *work, const float *in, float *out, int width, int rows)
{
    const float *taps = work->taps;
    float *line = work->line;

    memset(line, 0, REACH * sizeof(float));
    memset(line + REACH + width, 0, REACH * sizeof(float));
    for (int y = 0; y < rows + 2 * REACH; y++) {
        float *half = work->half + (size_t)width * y;
        memcpy(line + REACH, in + (size_t)width * y, (size_t)width * sizeof(float));
        for (int x = 0; x < width; x++) {
            float sum = 0;
            for (int i = 0; i < TAPS; i++)
                sum += taps[i] * line[x + i];
            half[x] = sum;
        }
    }
    for (int y = 0; y < rows; y++) {
        float *to = out + (size_t)width * y;
        memset(to, 0, (size_t)width * sizeof(float));
        for (int i = 0; i < TAPS; i++) {
            const float *from = work->half + (size_t)width * (y + i);
            for (int x = 0; x < width; x++)
                to[x] += taps[i] * from[x];
        }
    }
}

static void product(const struct work *work, const float *a, const float *b, float *out, int width,
                    int rows)
{
    size_t n = (size_t)width * (rows + 2 * REACH);

    for (size_t i = 0; i < n; i++)
        work->product[i] = a[i] * b[i];
    blur(work, work->product, out, width, rows);
}

struct sums { /* of one channel at one scale */
    double of[MAPS][NORMS];
};

static void sums_add(struct sums *sums, int map, double error)
{
    double square = error * error;

    sums->of[map][0] += error;
    sums->of[map][1] += square * square;
}

static void compare(const struct work *work, int channel, int width, int rows, struct sums *sums)
{
    const float *a = work->channels[0][channel], *b = work->channels[1][channel];
    float *const *blurred = work->blurred;
    size_t n = (size_t)width * rows, middle = (size_t)width * REACH;

    blur(work, a, blurred[0], width, rows);
    blur(work, b, blurred[1], width, rows);
    product(work, a, a, blurred[2], width, rows);
    product(work, b, b, blurred[3], width, rows);
    product(work, a, b, blurred[4], width, rows);
    for (size_t i = 0; i < n; i++) {
        float ma = blurred[0][i], mb = blurred[1][i];
        float mean = 1 - (ma - mb) * (ma - mb);
        float shared = 2 * (blurred[4][i] - ma * mb) + c2;
        float own = (blurred[2][i] - ma * ma) + (blurred[3][i] - mb * mb) + c2;
        double structure = 1.0 - (double)(mean * shared / own);
        double edges =
            (1.0 + fabs((double)b[middle + i] - mb)) / (1.0 + fabs((double)a[middle + i] - ma)) -
            1.0;
        sums_add(sums, 0, structure > 0 ? structure : 0);
        sums_add(sums, 1, edges > 0 ? edges : 0);  /* where the original has none */
        sums_add(sums, 2, edges < 0 ? -edges : 0); /* gone, that the original has */
    }
}

static void scale_compare(const struct work *work, const struct level levels[2],
                          struct sums sums[3])
{
    int width = levels[0].width, height = levels[0].height;
    size_t n = (size_t)width;

    for (int from = 0; from < height; from += BAND_ROWS) {
        int rows = height - from < BAND_ROWS ? height - from : BAND_ROWS;
        for (int which = 0; which < 2; which++)
            for (int row = 0; row < rows + 2 * REACH; row++) {
                int y = from + row - REACH;
                float *at[3];
                for (int c = 0; c < 3; c++)
                    at[c] = work->channels[which][c] + n * row;
                if (y < 0 || y >= height) {
                    for (int c = 0; c < 3; c++)
                        memset(at[c], 0, n * sizeof(float));
                    continue;
                }
                row_linear(work, &levels[which], y, at);
                row_xyb(at, width);
            }
        for (int c = 0; c < 3; c++)
            compare(work, c, width, rows, &sums[c]);
    }
}

/* ---- all of it ------------------------------------------------------------------------------ */

static bool work_make(struct work *work, int width)
{
    size_t row = (size_t)width, floats = row * (8 * ROWS + 5 * BAND_ROWS) + row + 2 * REACH;
    float *at = malloc(floats * sizeof(float));

    *work = (struct work){.memory = at};
    if (!at)
        return false;
    for (int which = 0; which < 2; which++)
        for (int c = 0; c < 3; c++, at += row * ROWS)
            work->channels[which][c] = at;
    work->product = at;
    at += row * ROWS;
    work->half = at;
    at += row * ROWS;
    for (int i = 0; i < 5; i++, at += row * BAND_ROWS)
        work->blurred[i] = at;
    work->line = at;
    for (int i = 0; i < 256; i++) {
        double v = i / 255.0;
        work->eotf[i] = (float)(v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
    }
    taps_make(work->taps);
    return true;
}

static double score_of(double weighed)
{
    double x = weighed * 0.9562382616834844;

    x = 2.326765642916932 * x - 0.020884521182843837 * x * x + 6.248496625763138e-05 * x * x * x;
    return x > 0 ? 100 - 10 * pow(x, 0.6276336467831387) : 100;
}

/* The weights follow each other for the scales that there are: so it was tuned, and so it is done
 * for pictures too small for all six. */
static double weigh(struct sums sums[SCALES][3], int scales)
{
    const double *weight = weights;
    double weighed = 0;

    for (int c = 0; c < 3; c++)
        for (int scale = 0; scale < scales; scale++)
            for (int norm = 0; norm < NORMS; norm++)
                for (int map = 0; map < MAPS; map++)
                    weighed += *weight++ * sums[scale][c].of[map][norm];
    return weighed;
}

double dec_ssimulacra2(const uint8_t *original, const uint8_t *other, int width, int height)
{
    struct level levels[2] = {{.bytes = original, .width = width, .height = height},
                              {.bytes = other, .width = width, .height = height}};
    struct sums sums[SCALES][3] = {0};
    struct work work;
    bool good = work_make(&work, width);
    int scales = 0;

    while (good && scales < SCALES && levels[0].width >= SIDE_MIN && levels[0].height >= SIDE_MIN) {
        if (scales > 0)
            good = halve(&work, &levels[0]) && halve(&work, &levels[1]);
        if (!good)
            break;
        scale_compare(&work, levels, sums[scales]);
        for (int c = 0; c < 3; c++)
            for (int map = 0; map < MAPS; map++) {
                double *of = sums[scales][c].of[map];
                double pixels = (double)levels[0].width * levels[0].height;
                of[0] /= pixels;
                of[1] = sqrt(sqrt(of[1] / pixels));
            }
        scales++;
    }
    for (int i = 0; i < 2; i++)
        for (int c = 0; c < 3; c++)
            free(levels[i].planes[c]);
    free(work.memory);
    return good ? score_of(weigh(sums, scales)) : (double)NAN;
}
