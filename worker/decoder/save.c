/* save.c -- defaults are sharp's, where docs/recipe.md has no other. */
#include "worker/decoder/save.h"

#include "worker/decoder/heif.h"

#include <math.h>

enum {
    WEBP_EFFORT = 4,
    AVIF_EFFORT = 3,
    HEIF_EFFORT = 4,
    PNG_EFFORT = 7,
    GIF_EFFORT = 7,
    JXL_EFFORT = 7,
    EFFORT_DEFAULT = -1,
    TILE_SIDE = 256,
};

static const double interpalette_error_max = 3; /* of GIF: frames this alike share their colours */

static int effort_of(const struct mr_recipe_output *output, int otherwise, int min, int max)
{
    int effort = output->effort == EFFORT_DEFAULT ? otherwise : output->effort;

    return effort < min ? min : effort > max ? max : effort;
}

static VipsForeignSubsample subsample_of(const struct mr_recipe_output *output)
{
    return output->chroma == MR_CHROMA_444 || output->lossless ? VIPS_FOREIGN_SUBSAMPLE_OFF
                                                               : VIPS_FOREIGN_SUBSAMPLE_ON;
}

/* Bits of an index into so many colours: a power of two of them, as the codecs have it. */
static int palette_bits(int colors)
{
    int bits = 1, needed = (int)ceil(log2(colors));

    while (bits * 2 <= needed)
        bits *= 2;
    return bits;
}

static int save_png(VipsImage *image, VipsTarget *target, const struct mr_recipe_output *output,
                    unsigned keep)
{
    bool deep = image->BandFmt == VIPS_FORMAT_USHORT;
    int bits = output->bitdepth && output->bitdepth < 8 ? output->bitdepth : 8;
    bool palette = output->palette || (bits < 8 && image->Bands > 1);

    if (palette && bits == 8)
        bits = palette_bits(output->colors);
    return vips_pngsave_target(image, target, "compression", output->compression, "interlace",
                               output->progressive, "filter", VIPS_FOREIGN_PNG_FILTER_NONE,
                               "palette", palette, "Q", 100, "dither", 1.0, "bitdepth",
                               deep ? 16 : bits, "effort", effort_of(output, PNG_EFFORT, 1, 10),
                               "keep", keep, NULL);
}

static int save_gif(VipsImage *image, VipsTarget *target, const struct mr_recipe_output *output,
                    unsigned keep)
{
    /* operations make colours that the palette of the source has not: every frame gets its own */
    return vips_gifsave_target(image, target, "bitdepth", palette_bits(output->colors), "effort",
                               effort_of(output, GIF_EFFORT, 1, 10), "reuse", FALSE, "interlace",
                               output->progressive, "interframe_maxerror", 0.0,
                               "interpalette_maxerror", interpalette_error_max, "dither", 1.0,
                               "keep", keep, NULL);
}

static int save_tiff(VipsImage *image, VipsTarget *target, const struct mr_recipe_output *output,
                     int quality, unsigned keep)
{
    static const VipsForeignTiffCompression compressions[] = {
        [MR_TIFF_NONE] = VIPS_FOREIGN_TIFF_COMPRESSION_NONE,
        [MR_TIFF_LZW] = VIPS_FOREIGN_TIFF_COMPRESSION_LZW,
        [MR_TIFF_DEFLATE] = VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE,
        [MR_TIFF_JPEG] = VIPS_FOREIGN_TIFF_COMPRESSION_JPEG,
        [MR_TIFF_CCITTFAX4] = VIPS_FOREIGN_TIFF_COMPRESSION_CCITTFAX4,
    };
    int bits = output->bitdepth < 8 ? output->bitdepth : 0;

    return vips_tiffsave_target(image, target, "compression", compressions[output->tiff], "Q",
                                quality, "predictor", VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL,
                                "bitdepth", bits, "tile", output->tile, "tile_width", TILE_SIDE,
                                "tile_height", TILE_SIDE, "pyramid", output->pyramid, "keep", keep,
                                NULL);
}

static int save_heif(VipsImage *image, VipsTarget *target, const struct mr_recipe_output *output,
                     enum mr_format format, int quality, unsigned keep)
{
    bool avif = format == MR_FORMAT_AVIF;

    dec_heif_tune(avif && !output->lossless);
    return vips_heifsave_target(
        image, target, "Q", quality, "lossless", output->lossless, "compression",
        avif ? VIPS_FOREIGN_HEIF_COMPRESSION_AV1 : VIPS_FOREIGN_HEIF_COMPRESSION_HEVC, "effort",
        effort_of(output, avif ? AVIF_EFFORT : HEIF_EFFORT, 0, 9), "subsample_mode",
        subsample_of(output), "bitdepth", output->bitdepth ? output->bitdepth : 8, "keep", keep,
        NULL);
}

int dec_save(VipsImage *image, VipsTarget *target, const struct mr_recipe_output *output,
             enum mr_format format, int quality, unsigned keep)
{
    switch (format) {
    case MR_FORMAT_JPEG:
        return vips_jpegsave_target(image, target, "Q", quality, "interlace", output->progressive,
                                    "subsample_mode", subsample_of(output), "optimize_coding", TRUE,
                                    "keep", keep, NULL);
    case MR_FORMAT_PNG:
        return save_png(image, target, output, keep);
    case MR_FORMAT_WEBP:
        return vips_webpsave_target(image, target, "Q", quality, "lossless", output->lossless,
                                    "effort", effort_of(output, WEBP_EFFORT, 0, 6), "alpha_q", 100,
                                    "keep", keep, NULL);
    case MR_FORMAT_AVIF:
    case MR_FORMAT_HEIC:
        return save_heif(image, target, output, format, quality, keep);
    case MR_FORMAT_GIF:
        return save_gif(image, target, output, keep);
    case MR_FORMAT_TIFF:
        return save_tiff(image, target, output, quality, keep);
    case MR_FORMAT_JXL:
        return vips_jxlsave_target(image, target, "Q", quality, "lossless", output->lossless,
                                   "effort", effort_of(output, JXL_EFFORT, 1, 9), "keep", keep,
                                   NULL);
    case MR_FORMAT_RAW:
        return vips_rawsave_target(image, target, NULL);
    case MR_FORMAT_AUTO:
    case MR_FORMAT_BEST:
    case MR_FORMAT_SVG:
    case MR_FORMAT_PDF:
    case MR_FORMAT_JP2:
    case MR_FORMAT_COUNT:
        break;
    }
    vips_error("save", "no encoder for %s", mr_format_name(format));
    return -1;
}
