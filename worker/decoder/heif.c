/* heif.c -- functions of libheif that libvips calls, in front of libheif's own: libvips 8.16 has no
 * words for the encoder's tuning, and goes on to encode inside its pipeline, when all pixels
 * have come and what they came from could be let go. */
#include "worker/decoder/heif.h"

#include "worker/decoder/shed.h"

#include <dlfcn.h>
#include <libheif/heif.h>
#include <string.h>

typedef struct heif_error set_string_fn(struct heif_encoder *, const char *, const char *);
typedef struct heif_error encode_fn(struct heif_context *, const struct heif_image *,
                                    struct heif_encoder *, const struct heif_encoding_options *,
                                    struct heif_image_handle **);

static bool for_stills;

void dec_heif_tune(bool stills)
{
    for_stills = stills;
}

/* libheif's own, to which this program is linked. */
static void *own(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

struct heif_error heif_encoder_set_parameter_string(struct heif_encoder *encoder, const char *name,
                                                    const char *value)
{
    static set_string_fn *set;

    if (!set)
        *(void **)&set = own("heif_encoder_set_parameter_string");
    /* libvips sets chroma once for each encoder.  An older libaom has no such tune: its own stays.
     */
    if (for_stills && strcmp(name, "chroma") == 0 && strstr(heif_encoder_get_name(encoder), "AV1"))
        (void)set(encoder, "tune", "iq");
    return set(encoder, name, value);
}

struct heif_error heif_context_encode_image(struct heif_context *context,
                                            const struct heif_image *image,
                                            struct heif_encoder *encoder,
                                            const struct heif_encoding_options *options,
                                            struct heif_image_handle **ret)
{
    static encode_fn *encode;

    if (!encode)
        *(void **)&encode = own("heif_context_encode_image");
    dec_shed_sources();
    return encode(context, image, encoder, options, ret);
}
