/* pages.c -- a roll of pages is taken apart, worked on page by page, and put together again.  Every
 * page that is done is put into memory, so that thousands of them are no pipeline of thousands. */
#include "worker/decoder/pages.h"

#include <stdlib.h>

struct roll {
    VipsImage **pages; /* owned, and each of them */
    int count;
    struct dec_picture like; /* what the pages are by now: size, colours; without an image */
};

static void roll_release(struct roll *roll)
{
    for (int i = 0; i < roll->count; i++)
        g_object_unref(roll->pages[i]);
    free(roll->pages);
}

static enum dec_failure page_of(const struct dec_picture *picture, int i, struct dec_picture *ret,
                                struct dec_fault *fault)
{
    int height = picture->image->Ysize / picture->pages;
    VipsImage *page;

    if (vips_extract_area(picture->image, &page, 0, i * height, picture->image->Xsize, height,
                          NULL))
        return dec_fail_vips(fault, DEC_CORRUPT, "page");
    dec_picture_still(page);
    *ret = *picture;
    ret->image = page;
    ret->pages = 1;
    return DEC_OK;
}

static enum dec_failure page_done(struct roll *roll, struct dec_picture *page,
                                  struct dec_fault *fault)
{
    enum dec_failure failure;

    page->streamed = true; /* into memory, whatever it is made of */
    failure = dec_picture_settle(page, fault);
    if (failure)
        return failure;
    if (roll->count > 0 && (page->image->Xsize != roll->pages[0]->Xsize ||
                            page->image->Ysize != roll->pages[0]->Ysize))
        return dec_fail(fault, DEC_RECIPE_INVALID,
                        "/source/pages: the operations make page %d %dx%d, and the one before it "
                        "%dx%d: all pages must be of one size",
                        roll->count, page->image->Xsize, page->image->Ysize, roll->pages[0]->Xsize,
                        roll->pages[0]->Ysize);
    roll->like = *page;
    roll->like.image = NULL;
    g_object_ref(page->image);
    roll->pages[roll->count++] = page->image;
    return DEC_OK;
}

static void field_copy(VipsImage *from, VipsImage *to, const char *field)
{
    GValue value = {0};

    if (vips_image_get_typeof(from, field) && vips_image_get(from, field, &value) == 0) {
        vips_image_set(to, field, &value);
        g_value_unset(&value);
    }
}

/* The picture becomes the roll's pages, one below the other.  Delays and loop are the roll's; the
 * palette comes with the pages, as long as they still have it. */
static enum dec_failure roll_join(struct dec_picture *picture, const struct roll *roll,
                                  struct dec_fault *fault)
{
    VipsImage *joined;
    int pages = picture->pages;

    if (vips_arrayjoin(roll->pages, &joined, roll->count, "across", 1, NULL))
        return dec_fail_vips(fault, DEC_CORRUPT, "pages");
    field_copy(picture->image, joined, "delay");
    field_copy(picture->image, joined, "loop");
    dec_picture_swap(picture, joined);
    picture->width = roll->like.width;
    picture->height = roll->like.height;
    picture->turn = roll->like.turn;
    picture->flop = roll->like.flop;
    picture->profiled = roll->like.profiled;
    picture->streamed = false;
    picture->pages = pages;
    return DEC_OK;
}

static enum dec_failure each_page(struct dec_picture *picture, const struct mr_ops *ops,
                                  const struct dec_scene *scene, struct dec_fault *fault)
{
    struct roll roll = {.pages = calloc((size_t)picture->pages, sizeof(VipsImage *))};
    struct dec_places places = {0};
    struct dec_scene of_all = scene ? *scene : (struct dec_scene){0};
    enum dec_failure failure = DEC_OK;

    of_all.places = &places; /* the first page decides for all of them */
    if (!roll.pages)
        return dec_fail(fault, DEC_NO_MEMORY, "no memory for %d pages", picture->pages);
    for (int i = 0; !failure && i < picture->pages; i++) {
        struct dec_picture page = {0};
        failure = page_of(picture, i, &page, fault);
        if (!failure && ops)
            failure = dec_ops_run(&page, ops, &of_all, fault);
        if (!failure && !ops)
            failure = dec_picture_upright(&page, fault);
        if (!failure && scene)
            failure = dec_size_check(scene->limits, page.width,
                                     (int64_t)page.height * picture->pages, "/source/pages", fault);
        if (!failure)
            failure = page_done(&roll, &page, fault);
        dec_picture_release(&page);
    }
    if (!failure)
        failure = roll_join(picture, &roll, fault);
    roll_release(&roll);
    return failure;
}

enum dec_failure dec_pages_run(struct dec_picture *picture, const struct mr_ops *ops,
                               const struct dec_scene *scene, struct dec_fault *fault)
{
    enum dec_failure failure;

    if (picture->pages <= 1)
        return dec_ops_run(picture, ops, scene, fault);
    if (ops->count == 0)
        return DEC_OK;
    failure = dec_picture_settle(picture, fault);
    return failure ? failure : each_page(picture, ops, scene, fault);
}

enum dec_failure dec_pages_upright(struct dec_picture *picture, struct dec_fault *fault)
{
    enum dec_failure failure;

    if (picture->pages <= 1)
        return dec_picture_upright(picture, fault);
    if (picture->turn == VIPS_ANGLE_D0 && !picture->flop)
        return DEC_OK;
    failure = dec_picture_settle(picture, fault);
    return failure ? failure : each_page(picture, NULL, NULL, fault);
}
