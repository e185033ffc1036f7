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
    MR_RECIPE_SIDE_MAX = 1000000, /* px, of anything that a recipe names */
    MR_RECIPE_LAYERS_MAX = 32,    /* of one composite */
    MR_RECIPE_NESTING_MAX = 3,    /* composites within layers of composites */
    MR_RECIPE_KEY_MAX = 1024,     /* bytes of a blob key */
    MR_RECIPE_HEADER_MAX = 1024,  /* bytes of cache_control, content_disposition */
    MR_RECIPE_NAME_MAX = 64,      /* bytes of an output's name */
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
enum mr_chroma { MR_CHROMA_420, MR_CHROMA_444 };
enum mr_metadata { MR_METADATA_NONE, MR_METADATA_KEEP };
enum mr_icc { MR_ICC_SRGB, MR_ICC_KEEP };
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
struct mr_op_rotate {
    double angle;
    struct mr_color background;
};
struct mr_op_blur {
    double sigma; /* 0: fast 3x3 box */
};
struct mr_op_sharpen {
    double sigma; /* 0: fast mild */
    double m1, m2, x1, y2, y3;
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

enum mr_op_type {
    MR_OP_RESIZE,
    MR_OP_CROP,
    MR_OP_ROTATE,
    MR_OP_FLIP,
    MR_OP_FLOP,
    MR_OP_BLUR,
    MR_OP_SHARPEN,
    MR_OP_GRAYSCALE,
    MR_OP_FLATTEN,
    MR_OP_COMPOSITE,
};
struct mr_op {
    enum mr_op_type type;
    char at[96]; /* JSON pointer, for errors: "/outputs/0/ops/1" */
    union {
        struct mr_op_resize resize;
        struct mr_op_crop crop;
        struct mr_op_rotate rotate;
        struct mr_op_blur blur;
        struct mr_op_sharpen sharpen;
        struct mr_op_flatten flatten;
        struct mr_op_composite composite;
    };
};

struct mr_recipe_output {
    char *name, *key;                          /* owned */
    char *cache_control, *content_disposition; /* owned, or NULL */
    struct mr_ops ops;
    enum mr_format format;
    int quality;     /* 0: the format's default */
    int effort;      /* -1: the format's default */
    int compression; /* png 0..9 */
    bool lossless, progressive;
    enum mr_chroma chroma;
    enum mr_metadata metadata;
    enum mr_icc icc;
};

struct mr_recipe {
    char *sources[MR_RECIPE_SOURCES_MAX]; /* owned blob keys */
    size_t source_count;
    bool auto_orient;
    struct mr_ops ops;
    struct mr_recipe_output outputs[MR_RECIPE_OUTPUTS_MAX];
    size_t output_count;
};

/* NULL-terminated, indexed by the enumeration of the same name. */
extern const char *const mr_gravity_names[]; /* without FOCAL */
extern const char *const mr_fit_names[];
extern const char *const mr_kernel_names[];
extern const char *const mr_blend_names[];
extern const char *const mr_chroma_names[];
extern const char *const mr_metadata_names[];
extern const char *const mr_icc_names[];
extern const char *const mr_op_names[];

#endif
