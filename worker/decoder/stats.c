/* stats.c -- least, most, mean and deviation of each channel, from sums that stay whole numbers. */
#include "worker/decoder/tally.h"

#include <math.h>

void dec_stats_init(struct dec_stats *stats)
{
    *stats = (struct dec_stats){0};
    for (int channel = 0; channel < 4; channel++)
        stats->channels[channel].min = UINT8_MAX;
}

void dec_stats_row(struct dec_stats *stats, const uint8_t *row, int width, int bands)
{
    for (int channel = 0; channel < bands; channel++) {
        struct dec_channel_stats *s = &stats->channels[channel];
        const uint8_t *p = row + channel;
        uint64_t sum = 0, squares = 0;
        int min = s->min, max = s->max;

        for (int x = 0; x < width; x++, p += bands) {
            sum += *p;
            squares += (uint64_t)(*p * *p);
            min = *p < min ? *p : min;
            max = *p > max ? *p : max;
        }
        s->sum += sum;
        s->squares += squares;
        s->min = min;
        s->max = max;
    }
    stats->pixels += (uint64_t)width;
}

double dec_stats_mean(const struct dec_stats *stats, int channel)
{
    return (double)stats->channels[channel].sum / (double)stats->pixels;
}

double dec_stats_stdev(const struct dec_stats *stats, int channel)
{
    const struct dec_channel_stats *s = &stats->channels[channel];
    double n = (double)stats->pixels, sum = (double)s->sum;
    double spread = (double)s->squares - sum * sum / n;

    return stats->pixels > 1 && spread > 0 ? sqrt(spread / (n - 1)) : 0;
}
