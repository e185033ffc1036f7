/* recipe_ops.h -- a parsed recipe as the decoder sees it: open structs, every default filled in.
 * The supervisor only needs recipe.h. */
#ifndef MR_RECIPE_OPS_H
#define MR_RECIPE_OPS_H

#include "common/model/format.h"
#include "common/model/recipe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MR_RECIPE_SIDE_MAX = 1000000,   /* px, of anything that a recipe names */
    MR_RECIPE_LAYERS_MAX = 32,      /* of one composite */
    MR_RECIPE_NESTING_MAX = 3,      /* composites within layers of composites */
    MR_RECIPE_BANDS_MAX = 4,        /* of a picture, alpha counted */
    MR_RECIPE_FACTOR_MAX = 1000000, /* of any factor or summand, either way */
    MR_RECIPE_KERNEL_SIDE_MAX = 101,
    MR_RECIPE_REGIONS_MAX = 256, /* of one redact */
    MR_RECIPE_TEXT_MAX = 4096,   /* bytes of text */
    MR_RECIPE_FONT_MAX = 128,    /* bytes of a font's name */
    MR_RECIPE_TEXT_SIZE_MAX = 2000,
    MR_RECIPE_PADDING_MAX = 10000,
    MR_RECIPE_KEY_MAX = 1024,    /* bytes of a blob key */
    MR_RECIPE_URL_MAX = 8192,    /* bytes of a URL */
    MR_RECIPE_HEADER_MAX = 1024, /* bytes of cache_control, content_disposition */
    MR_RECIPE_NAME_MAX = 64,     /* bytes of an output's name */
    MR_RECIPE_TAGS_MAX = 10,     /* of an object, as in S3, and so are: */
    MR_RECIPE_TAG_KEY_MAX = 128, /* bytes of a tag's key */
    MR_RECIPE_TAG_VALUE_MAX = 256,
    MR_RECIPE_TAGS_BYTES_MAX = 4096, /* of all of them, encoded */
    MR_RECIPE_PAGE_MAX = 100000,     /* pages of a source */
    MR_RECIPE_DPI_MAX = 2400,
};

struct mr_color {
    uint8_t r, g, b, a;
};

/* In the order of the words of recipe.md, and of libvips' and sharp's enumerations. */
enum mr_gravity_kind {
    MR_GRAVITY_CENTER,
    MR_GRAVITY_NORTH,
    MR_GRAVITY_NORTHEAST,
    MR_GRAVITY_EAST,
    MR_GRAVITY_SOUTHEAST,
    MR_GRAVITY_SOUTH,
    MR_GRAVITY_SOUTHWEST,
    MR_GRAVITY_WEST,
    MR_GRAVITY_NORTHWEST,
    MR_GRAVITY_ATTENTION,
    MR_GRAVITY_ENTROPY,
    MR_GRAVITY_FOCAL, /* {"x": 0..1, "y": 0..1} */
};
struct mr_gravity {
    enum mr_gravity_kind kind;
    double x, y; /* of FOCAL */
};

enum mr_fit { MR_FIT_COVER, MR_FIT_CONTAIN, MR_FIT_FILL, MR_FIT_INSIDE, MR_FIT_OUTSIDE };
enum mr_kernel {
    MR_KERNEL_NEAREST,
    MR_KERNEL_LINEAR,
    MR_KERNEL_CUBIC,
    MR_KERNEL_MITCHELL,
    MR_KERNEL_LANCZOS2,
    MR_KERNEL_LANCZOS3,
};
enum mr_extend { MR_EXTEND_BACKGROUND, MR_EXTEND_COPY, MR_EXTEND_REPEAT, MR_EXTEND_MIRROR };
enum mr_space {
    MR_SPACE_SRGB,
    MR_SPACE_BW,
    MR_SPACE_RGB16,
    MR_SPACE_GREY16,
    MR_SPACE_CMYK,
    MR_SPACE_LAB,
};
enum mr_align { MR_ALIGN_LEFT, MR_ALIGN_CENTER, MR_ALIGN_RIGHT };
enum mr_redact { MR_REDACT_FILL, MR_REDACT_BLUR, MR_REDACT_PIXELATE };
enum mr_chroma { MR_CHROMA_420, MR_CHROMA_444 };
enum mr_tiff { MR_TIFF_NONE, MR_TIFF_LZW, MR_TIFF_DEFLATE, MR_TIFF_JPEG, MR_TIFF_CCITTFAX4 };
enum mr_metadata { MR_METADATA_NONE, MR_METADATA_KEEP, MR_METADATA_COPYRIGHT };
enum mr_icc { MR_ICC_SRGB, MR_ICC_KEEP, MR_ICC_P3, MR_ICC_CMYK };
enum mr_metric { MR_METRIC_NONE, MR_METRIC_SSIMULACRA2, MR_METRIC_DSSIM };
/* The order of mr_blend_names. */
enum mr_blend {
    MR_BLEND_CLEAR,
    MR_BLEND_SOURCE,
    MR_BLEND_OVER,
    MR_BLEND_IN,
    MR_BLEND_OUT,
    MR_BLEND_ATOP,
    MR_BLEND_DEST,
    MR_BLEND_DEST_OVER,
    MR_BLEND_DEST_IN,
    MR_BLEND_DEST_OUT,
    MR_BLEND_DEST_ATOP,
    MR_BLEND_XOR,
    MR_BLEND_ADD,
    MR_BLEND_SATURATE,
    MR_BLEND_MULTIPLY,
    MR_BLEND_SCREEN,
    MR_BLEND_OVERLAY,
    MR_BLEND_DARKEN,
    MR_BLEND_LIGHTEN,
    MR_BLEND_COLOUR_DODGE,
    MR_BLEND_COLOUR_BURN,
    MR_BLEND_HARD_LIGHT,
    MR_BLEND_SOFT_LIGHT,
    MR_BLEND_DIFFERENCE,
    MR_BLEND_EXCLUSION,
};

struct mr_op;
struct mr_ops {
    struct mr_op *list; /* owned */
    size_t count;
};

struct mr_op_resize {
    int width, height; /* 0: not given */
    enum mr_fit fit;
    struct mr_gravity gravity;
    enum mr_kernel kernel;
    struct mr_color background;
    bool without_enlargement, without_reduction;
};
struct mr_op_crop {
    bool placed; /* by left and top, else by gravity */
    int left, top, width, height;
    struct mr_gravity gravity;
};
struct mr_op_trim {
    double threshold;
    bool colored; /* by background, else by the top-left pixel */
    struct mr_color background;
};
struct mr_op_extend {
    int top, bottom, left, right;
    enum mr_extend mode;
    struct mr_color background;
};
struct mr_op_rotate {
    double angle;
    struct mr_color background;
};
struct mr_op_affine {
    double matrix[4]; /* row by row */
    double idx, idy, odx, ody;
    struct mr_color background;
};
struct mr_op_blur {
    double sigma; /* 0: fast 3x3 box */
};
struct mr_op_sharpen {
    double sigma; /* 0: fast mild */
    double m1, m2, x1, y2, y3;
};
struct mr_op_median {
    int size;
};
struct mr_op_convolve {
    int width, height;
    double *kernel; /* owned; row by row */
    double scale, offset;
};
struct mr_op_pixelate {
    int size;
};
struct mr_op_morph { /* dilate, erode */
    int width;       /* px on each side of a pixel */
};
struct mr_op_gamma {
    double gamma;
};
struct mr_op_negate {
    bool alpha; /* too */
};
struct mr_op_normalize {
    double lower, upper; /* percent */
};
struct mr_op_clahe {
    int width, height, max_slope;
};
struct mr_op_threshold {
    double threshold; /* of 255 */
    bool grayscale;   /* by brightness, else each band by itself */
};
struct mr_op_linear {
    double a[MR_RECIPE_BANDS_MAX], b[MR_RECIPE_BANDS_MAX]; /* b of 255 */
    size_t count; /* 1: the same for every band but alpha */
};
struct mr_op_modulate {
    double brightness, saturation, hue, lightness;
};
struct mr_op_recomb {
    double matrix[16]; /* row by row */
    size_t side;       /* 3 or 4 */
};
struct mr_op_tint {
    struct mr_color color;
};
struct mr_op_duotone {
    struct mr_color shadow, highlight;
};
struct mr_op_ensure_alpha {
    double alpha; /* of what has none */
};
struct mr_op_extract_channel {
    int channel;
};
struct mr_op_colorspace {
    enum mr_space space;
};
struct mr_op_text {
    char *text, *font; /* owned */
    int size;          /* px */
    struct mr_color color, background;
    bool placed; /* by left and top, else by gravity */
    int left, top;
    struct mr_gravity gravity;
    int width; /* where lines wrap; 0: nowhere */
    enum mr_align align;
    int padding; /* of the background, around the text */
    double opacity;
};
struct mr_region {
    int left, top, width, height;
};
struct mr_op_redact {
    struct mr_region *regions; /* owned */
    size_t count;
    enum mr_redact mode;
};
struct mr_op_flatten {
    struct mr_color background;
};
struct mr_layer {
    size_t source; /* index of mr_recipe_sources() */
    bool placed;   /* by left and top, else by gravity */
    int left, top;
    struct mr_gravity gravity;
    enum mr_blend blend;
    double opacity;
    bool tile;
    struct mr_ops ops;
};
struct mr_op_composite {
    struct mr_layer *layers; /* owned */
    size_t count;
};

enum mr_op_type { /* in the order of mr_op_names */
                  MR_OP_RESIZE,
                  MR_OP_CROP,
                  MR_OP_TRIM,
                  MR_OP_EXTEND,
                  MR_OP_ROTATE,
                  MR_OP_FLIP,
                  MR_OP_FLOP,
                  MR_OP_AFFINE,
                  MR_OP_BLUR,
                  MR_OP_SHARPEN,
                  MR_OP_MEDIAN,
                  MR_OP_CONVOLVE,
                  MR_OP_PIXELATE,
                  MR_OP_DILATE,
                  MR_OP_ERODE,
                  MR_OP_GAMMA,
                  MR_OP_NEGATE,
                  MR_OP_NORMALIZE,
                  MR_OP_CLAHE,
                  MR_OP_THRESHOLD,
                  MR_OP_LINEAR,
                  MR_OP_MODULATE,
                  MR_OP_RECOMB,
                  MR_OP_GRAYSCALE,
                  MR_OP_TINT,
                  MR_OP_DUOTONE,
                  MR_OP_FLATTEN,
                  MR_OP_UNFLATTEN,
                  MR_OP_ENSURE_ALPHA,
                  MR_OP_REMOVE_ALPHA,
                  MR_OP_EXTRACT_CHANNEL,
                  MR_OP_COMPOSITE,
                  MR_OP_TEXT,
                  MR_OP_REDACT,
                  MR_OP_COLORSPACE,
};
struct mr_op {
    enum mr_op_type type;
    char at[96]; /* JSON pointer, for errors: "/outputs/0/ops/1" */
    union {
        struct mr_op_resize resize;
        struct mr_op_crop crop;
        struct mr_op_trim trim;
        struct mr_op_extend extend;
        struct mr_op_rotate rotate;
        struct mr_op_affine affine;
        struct mr_op_blur blur;
        struct mr_op_sharpen sharpen;
        struct mr_op_median median;
        struct mr_op_convolve convolve;
        struct mr_op_pixelate pixelate;
        struct mr_op_morph morph;
        struct mr_op_gamma gamma;
        struct mr_op_negate negate;
        struct mr_op_normalize normalize;
        struct mr_op_clahe clahe;
        struct mr_op_threshold threshold;
        struct mr_op_linear linear;
        struct mr_op_modulate modulate;
        struct mr_op_recomb recomb;
        struct mr_op_tint tint;
        struct mr_op_duotone duotone;
        struct mr_op_flatten flatten;
        struct mr_op_ensure_alpha ensure_alpha;
        struct mr_op_extract_channel extract_channel;
        struct mr_op_composite composite;
        struct mr_op_text text;
        struct mr_op_redact redact;
        struct mr_op_colorspace colorspace;
    };
};

struct mr_tag {
    char *key, *value; /* owned */
};
struct mr_target { /* the quality is the least that reaches it */
    enum mr_metric metric;
    double score; /* ssimulacra2: at least; dssim: at most */
};

struct mr_recipe_output {
    char *name, *key;                          /* owned */
    char *cache_control, *content_disposition; /* owned, or NULL */
    struct mr_tag tags[MR_RECIPE_TAGS_MAX];
    size_t tag_count;
    char *tags_text; /* owned, or NULL: as storage takes them */
    struct mr_ops ops;
    enum mr_format format;
    int quality;       /* 0: the format's default */
    int effort;        /* -1: the format's default */
    int compression;   /* png 0..9 */
    enum mr_tiff tiff; /* tiff's compression */
    int colors;        /* of a palette, 2..256 */
    int bitdepth;      /* 0: as the picture is */
    bool lossless, progressive, palette, tile, pyramid;
    enum mr_chroma chroma;
    enum mr_metadata metadata;
    enum mr_icc icc;
    int64_t max_bytes; /* 0: no limit of its own */
    struct mr_target target;
};

struct mr_source { /* what is read of which object */
    char *key;     /* owned; NULL where there is a */
    char *url;     /* owned */
    char at[96];   /* JSON pointer, for errors: "/source" */
    int page;      /* the first, from 0 */
    int pages;     /* so many from there; -1: all */
    double dpi;    /* of what has no pixels of its own; 0: 72 */
};

struct mr_recipe {
    struct mr_source sources[MR_RECIPE_SOURCES_MAX];
    size_t source_count;
    bool auto_orient;
    struct mr_ops ops;
    struct mr_recipe_output outputs[MR_RECIPE_OUTPUTS_MAX];
    size_t output_count;
};

/* They mean the same, whatever was left to the defaults.  False too where memory is out. */
bool mr_ops_equal(const struct mr_recipe *recipe, const struct mr_ops *a, const struct mr_ops *b);

/* NULL-terminated, indexed by the enumeration of the same name. */
extern const char *const mr_gravity_names[]; /* without FOCAL */
extern const char *const mr_fit_names[];
extern const char *const mr_kernel_names[];
extern const char *const mr_blend_names[];
extern const char *const mr_extend_names[];
extern const char *const mr_space_names[];
extern const char *const mr_align_names[];
extern const char *const mr_redact_names[];
extern const char *const mr_chroma_names[];
extern const char *const mr_tiff_names[];
extern const char *const mr_metric_names[]; /* without NONE */
extern const char *const mr_metadata_names[];
extern const char *const mr_icc_names[];
extern const char *const mr_op_names[];

#endif
