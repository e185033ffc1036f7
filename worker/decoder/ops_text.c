/* ops_text.c -- words on a picture, set by Pango.  Fonts are kept open by files.c. */
#include "worker/decoder/ops_step.h"

enum { DPI = 72 /* a point is a pixel */ };

/* How much of each pixel the letters cover. */
static int letters(const struct mr_op_text *text, VipsImage **ret)
{
    static const VipsAlign aligns[] = {[MR_ALIGN_LEFT] = VIPS_ALIGN_LOW,
                                       [MR_ALIGN_CENTER] = VIPS_ALIGN_CENTRE,
                                       [MR_ALIGN_RIGHT] = VIPS_ALIGN_HIGH};
    char *words = g_markup_escape_text(text->text, -1); /* vips_text() reads markup */
    char *font = g_strdup_printf("%s %d", text->font, text->size);
    int rc;

    if (text->width)
        rc = vips_text(ret, words, "font", font, "dpi", DPI, "width", text->width, "align",
                       aligns[text->align], NULL);
    else
        rc = vips_text(ret, words, "font", font, "dpi", DPI, "align", aligns[text->align], NULL);
    g_free(words);
    g_free(font);
    return rc;
}

/* One colour, with this as its alpha. */
static int painted(VipsObject *scope, VipsImage *cover, struct mr_color color, VipsImage **ret)
{
    const double zero[3] = {0, 0, 0}, rgb[3] = {color.r, color.g, color.b};
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 6);

    if (vips_black(&t[0], cover->Xsize, cover->Ysize, "bands", 3, NULL) ||
        vips_linear(t[0], &t[1], zero, rgb, 3, "uchar", TRUE, NULL) ||
        vips_linear1(cover, &t[2], color.a / 255.0, 0, "uchar", TRUE, NULL) ||
        vips_bandjoin2(t[1], t[2], &t[3], NULL))
        return -1;
    return vips_copy(t[3], ret, "interpretation", VIPS_INTERPRETATION_sRGB, NULL);
}

/* The letters, on their background where there is one, as a layer with alpha. */
static int label(VipsObject *scope, const struct mr_op_text *text, VipsImage **ret)
{
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 8);
    const double fade[4] = {1, 1, 1, text->opacity}, zero[4] = {0, 0, 0, 0};
    const struct mr_color back = text->background;
    int pad = text->padding;
    VipsImage *whole;

    if (letters(text, &t[0]) ||
        vips_embed(t[0], &t[1], pad, pad, t[0]->Xsize + 2 * pad, t[0]->Ysize + 2 * pad, NULL) ||
        painted(scope, t[1], text->color, &t[2]))
        return -1;
    whole = t[2];
    if (back.a > 0) {
        if (vips_black(&t[3], whole->Xsize, whole->Ysize, NULL) ||
            vips_linear1(t[3], &t[4], 1, 255, "uchar", TRUE, NULL) ||
            painted(scope, t[4], back, &t[5]) ||
            vips_composite2(t[5], t[2], &t[6], VIPS_BLEND_MODE_OVER, NULL))
            return -1;
        whole = t[6];
    }
    return vips_linear(whole, ret, fade, zero, 4, "uchar", TRUE, NULL);
}

/* Over the picture, which keeps its size. */
static int lay(VipsObject *scope, VipsImage *in, VipsImage **ret, const struct mr_op *op)
{
    const struct mr_op_text *text = &op->text;
    VipsImage **t = (VipsImage **)vips_object_local_array(scope, 4);
    int left = text->left, top = text->top;
    bool alpha = vips_image_hasalpha(in);

    if (label(scope, text, &t[0]) ||
        vips_copy(t[0], &t[1], "interpretation", VIPS_INTERPRETATION_sRGB, NULL))
        return -1;
    if (!text->placed)
        dec_place(&text->gravity, DEC_PLACE_CROP, (struct dec_size){in->Xsize, in->Ysize},
                  (struct dec_size){t[1]->Xsize, t[1]->Ysize}, &left, &top);
    if (vips_composite2(in, t[1], &t[2], VIPS_BLEND_MODE_OVER, "x", left, "y", top,
                        "compositing_space", VIPS_INTERPRETATION_sRGB, NULL))
        return -1;
    if (!alpha)
        return vips_extract_band(t[2], ret, 0, "n", t[2]->Bands - 1, NULL);
    *ret = t[2];
    g_object_ref(t[2]);
    return 0;
}

/* Letters are hardly larger than their size: how many pixels they may need at most, before any. */
static enum dec_failure size_check(const struct mr_op *op, const struct dec_limits *limits,
                                   struct dec_fault *fault)
{
    const struct mr_op_text *text = &op->text;
    int64_t letters = g_utf8_strlen(text->text, -1), side = text->size;
    int64_t width = letters * side + 2 * (int64_t)text->padding;
    int64_t height = 2 * side + 2 * (int64_t)text->padding;

    return dec_size_check(limits, width, height, op->at, fault);
}

static bool blank(const char *text)
{
    for (; *text; text = g_utf8_next_char(text))
        if (!g_unichar_isspace(g_utf8_get_char(text)))
            return false;
    return true;
}

enum dec_failure dec_op_text(struct dec_picture *picture, const struct mr_op *op,
                             const struct dec_scene *scene, struct dec_fault *fault)
{
    const struct mr_color colorful = {1, 0, 0, 255}; /* none that grey could be */
    enum dec_failure failure = dec_picture_colored(picture, colorful, fault);

    if (blank(op->text.text))
        return dec_fail(fault, DEC_RECIPE_INVALID, "%s/text: has nothing that can be drawn",
                        op->at);
    if (!failure)
        failure = size_check(op, scene->limits, fault);
    return failure ? failure : dec_step(picture, lay, op, fault);
}
