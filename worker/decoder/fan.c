/* fan.c -- the tree of operations, walked depth first, so that at no time more pictures are held
 * than lie on the way to one output. */
#include "worker/decoder/fan.h"

#include "worker/decoder/pages.h"

/* Pictures in memory at a time that outputs go on from; budget.c counts on it. */
enum { HELD_MAX = 2 };

struct group { /* outputs that go on alike */
    size_t members[MR_RECIPE_OUTPUTS_MAX], count;
    size_t same; /* operations that they have in common; 0: this one output is done */
};
struct node {
    struct group groups[MR_RECIPE_OUTPUTS_MAX];
    size_t count;
};

static const struct mr_ops *ops_of(const struct dec_fan *fan, size_t output)
{
    return &fan->recipe->outputs[output].ops;
}

/* Outputs whose pixels are still in the colours of a profile that others keep. */
static bool converts(const struct dec_fan *fan, size_t output)
{
    return fan->keeps_profile && fan->recipe->outputs[output].icc == MR_ICC_SRGB;
}

static bool same_op(const struct dec_fan *fan, const struct mr_ops *a, const struct mr_ops *b,
                    size_t at)
{
    const struct mr_ops x = {a->list + at, 1}, y = {b->list + at, 1};

    return x.list->type == y.list->type && mr_ops_equal(fan->recipe, &x, &y);
}

/* How many operations from depth on both have in common. */
static size_t alike(const struct dec_fan *fan, size_t a, size_t b, size_t depth)
{
    const struct mr_ops *x = ops_of(fan, a), *y = ops_of(fan, b);
    size_t n = 0;

    if (converts(fan, a) != converts(fan, b))
        return 0;
    while (depth + n < x->count && depth + n < y->count && same_op(fan, x, y, depth + n))
        n++;
    return n;
}

/* share: outputs may be put together; else each is a group of its own. */
static void node_fill(struct node *node, const struct dec_fan *fan, const size_t *members,
                      size_t count, size_t depth, bool share)
{
    node->count = 0;
    for (size_t i = 0; i < count; i++) {
        size_t left = ops_of(fan, members[i])->count - depth, same = 0;
        struct group *group = NULL;

        for (size_t g = 0; share && !group && left && g < node->count; g++) {
            same = alike(fan, members[i], node->groups[g].members[0], depth);
            if (same)
                group = &node->groups[g];
        }
        if (!group) {
            group = &node->groups[node->count++];
            *group = (struct group){.same = left};
            same = left;
        }
        group->members[group->count++] = members[i];
        group->same = same < group->same ? same : group->same;
    }
}

static enum dec_failure branch(struct dec_picture *picture, const struct dec_fan *fan,
                               const size_t *members, size_t count, size_t depth, int held,
                               struct dec_fault *fault);

static enum dec_failure group_run(const struct dec_picture *from, const struct dec_fan *fan,
                                  const struct group *group, size_t depth, int held,
                                  struct dec_fault *fault)
{
    const size_t first = group->members[0];
    const struct mr_ops ops = {ops_of(fan, first)->list + depth, group->same};
    struct dec_picture picture = dec_picture_copy(from);
    enum dec_failure failure;

    if (converts(fan, first) && vips_image_get_typeof(picture.image, VIPS_META_ICC_NAME))
        picture.profiled = true;
    failure = dec_pages_run(&picture, &ops, fan->scene, fault);
    if (!failure && group->count == 1)
        failure = fan->finish(&picture, first, fan->user, fault);
    else if (!failure)
        failure =
            branch(&picture, fan, group->members, group->count, depth + group->same, held, fault);
    dec_picture_release(&picture);
    return failure;
}

static enum dec_failure branch(struct dec_picture *picture, const struct dec_fan *fan,
                               const size_t *members, size_t count, size_t depth, int held,
                               struct dec_fault *fault)
{
    enum dec_failure failure = DEC_OK;
    struct node *node = g_try_new(struct node, 1);

    if (!node)
        return dec_fail(fault, DEC_NO_MEMORY, "no memory for %zu outputs", count);
    node_fill(node, fan, members, count, depth, held + 1 < HELD_MAX);
    if (node->count > 1) {
        picture->streamed = true; /* shared: made once, into memory */
        failure = dec_picture_settle(picture, fault);
        held++;
    }
    for (size_t i = 0; !failure && i < node->count; i++)
        failure = group_run(picture, fan, &node->groups[i], depth, held, fault);
    g_free(node);
    return failure;
}

enum dec_failure dec_fan_run(struct dec_picture *picture, const struct dec_fan *fan,
                             struct dec_fault *fault)
{
    size_t members[MR_RECIPE_OUTPUTS_MAX];

    for (size_t i = 0; i < fan->recipe->output_count; i++)
        members[i] = i;
    return branch(picture, fan, members, fan->recipe->output_count, 0, 0, fault);
}
