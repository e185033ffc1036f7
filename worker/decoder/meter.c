/* meter.c -- a pass-through operation with a clock.  Reads of one image come from one thread at a
 * time (the concurrency is 1), so plain additions do. */
#include "worker/decoder/meter.h"

#include <time.h>

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t dec_cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static int generate(VipsRegion *out, void *sequence, void *a, void *b, gboolean *stop)
{
    VipsRegion *in = sequence;
    struct dec_meter *meter = b;
    int64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    int rc = vips_region_prepare(in, &out->valid);

    (void)a, (void)stop;
    meter->spent_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
    if (rc)
        meter->failed = true;
    else
        rc = vips_region_region(out, in, &out->valid, out->valid.left, out->valid.top);
    return rc;
}

int dec_meter_insert(VipsImage *image, struct dec_meter *meter, VipsImage **ret)
{
    VipsImage *out = vips_image_new();

    if (vips_image_pipelinev(out, VIPS_DEMAND_STYLE_THINSTRIP, image, NULL) ||
        vips_image_generate(out, vips_start_one, generate, vips_stop_one, image, meter)) {
        g_object_unref(out);
        return -1;
    }
    /* out reads image for as long as it lives */
    vips_object_local(out, image);
    g_object_ref(image);
    *ret = out;
    return 0;
}
