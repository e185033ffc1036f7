/* pictures.c -- damaged pictures of every format through the real decoder in its cage.  A decoder
 * may fail, run late or even crash on one; the supervisor lives, names the fault, and does the next
 * good task right.
 *
 * environment: FUZZ_SECONDS (60) how long; FUZZ_SEED (1) which damage.  What crashed a decoder is
 * kept beside the program as fuzz-picture-crash. */
#include "common/ports/clock.h"
#include "tests/unit/decoder/kit.h"

#include <string.h>

enum {
    SECONDS_DEFAULT = 60,
    SECONDS_MAX = 86400,
    DEADLINE_MS = 4000,
    CHECK_EVERY = 20, /* rounds between two good tasks */
    CHANGES_MAX = 12,
    GROWN_MAX = 64, /* bytes that damage may add */
};

static const char *const suffixes[] = {".jpg",
                                       ".jpg[interlace,Q=90]",
                                       ".png",
                                       ".png[interlace,palette]",
                                       ".webp",
                                       ".webp[lossless]",
                                       ".avif[effort=0]",
                                       ".gif",
                                       ".tif[compression=lzw]",
                                       ".tif[tile,compression=jpeg]",
                                       ".jxl[effort=1]",
                                       ".jp2"};
/* What has no writer: drawings are text. */
static const char *const drawings[] = {
    "<svg xmlns='http://www.w3.org/2000/svg' width='64' height='48'><defs><linearGradient id='g'>"
    "<stop stop-color='red'/><stop offset='1' stop-color='#00f'/></linearGradient><filter id='f'>"
    "<feGaussianBlur stdDeviation='2'/></filter></defs><g id='a' filter='url(#f)'><rect width='40' "
    "height='30' fill='url(#g)'/></g><use href='#a' x='9'/><text y='20'>Az</text></svg>",
    "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count "
    "1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 64 48]/Contents 4 0 R/Resources<<"
    "/Font<</F 5 0 R>>>>>>endobj\n4 0 obj<</Length 56>>stream\nBT /F 12 Tf 4 20 Td (Az0) Tj ET 1 0 "
    "0 rg 0 0 9 9 re f    \nendstream endobj\n5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica"
    ">>endobj\ntrailer<</Root 1 0 R/Size 6>>\n%%EOF\n"};
enum {
    SUFFIX_COUNT = sizeof suffixes / sizeof suffixes[0],
    DRAWING_COUNT = sizeof drawings / sizeof drawings[0],
    FILE_COUNT = SUFFIX_COUNT + DRAWING_COUNT,
    SINGLE_FIRST = SUFFIX_COUNT - 2, /* from here on each costs a decoder of its own */
    SINGLE_EVERY = 40,               /* so they are not taken as often */
};

static const char *const recipes[] = {
    "{\"source\":{\"key\":\"a\"},\"outputs\":[{\"name\":\"o\",\"format\":\"png\"}]}",
    "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"resize\",\"width\":16,\"height\":16,"
    "\"gravity\":"
    "\"attention\"}],\"outputs\":[{\"name\":\"o\",\"format\":\"jpeg\"}]}",
    "{\"source\":{\"key\":\"a\"},\"ops\":[{\"op\":\"rotate\",\"angle\":30},{\"op\":\"blur\"}],"
    "\"outputs\":[{\"name\":\"o\",\"format\":\"webp\",\"metadata\":\"keep\"},{\"name\":\"p\","
    "\"format\":\"auto\"}]}"};
enum { RECIPE_COUNT = sizeof recipes / sizeof recipes[0] };

static const char *const names[] = {"Image.Unsupported", "Image.Corrupt",     "Image.TooLarge",
                                    "Image.Timeout",     "Image.Crashed",     "Image.OutOfMemory",
                                    "Recipe.Invalid",    "Recipe.OutOfBounds"};
enum { NAME_COUNT = sizeof names / sizeof names[0] };

static uint64_t random_state;

static size_t pick(size_t count) /* xorshift64 */
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (size_t)((random_state >> 11) % count);
}

static long from_environment(const char *name, long fallback, long max)
{
    const char *text = getenv(name);
    char *end = NULL;
    const long n = text && *text ? strtol(text, &end, 10) : fallback;

    if ((end && *end) || n < 1 || n > max)
        fail_msg("%s: must be 1..%ld, not \"%s\"", name, max, text);
    return n;
}

/* data has GROWN_MAX bytes of room. */
static size_t damage(unsigned char *data, size_t len, const struct kit_file *other)
{
    static const unsigned char edges[] = {0, 1, 0x7f, 0x80, 0xff};
    const size_t at = pick(len);
    size_t span = 1 + pick(32);

    switch (pick(7)) {
    case 0: /* a bit */
        data[at] ^= (unsigned char)(1u << pick(8));
        return len;
    case 1: /* a byte, near the front more often than not: headers are there */
        data[pick(2) ? pick(len < 64 ? len : 64) : at] = (unsigned char)pick(256);
        return len;
    case 2: /* a length, a size or a count at its edge */
        for (size_t i = 0; i < 4 && at + i < len; i++)
            data[at + i] = edges[pick(sizeof edges)];
        return len;
    case 3: /* cut short */
        return pick(8) == 0 && at > 16 ? at : len;
    case 4: /* a piece is missing */
        if (len < 64)
            return len;
        span = span < len - at ? span : len - at;
        memmove(data + at, data + at + span, len - at - span);
        return len - span;
    case 5: /* a piece is there twice */
        if (pick(4))
            return len;
        span = span < len - at ? span : len - at;
        span = span < GROWN_MAX / 8 ? span : GROWN_MAX / 8;
        memmove(data + at + span, data + at, len - at);
        return len + span;
    default: /* a piece of another picture */
        span = span < len - at ? span : len - at;
        if (span < other->len)
            memcpy(data + at, (const char *)other->data + pick(other->len - span), span);
        return len;
    }
}

static void keep(const struct kit_file *file, long seed, unsigned round,
                 const struct wk_fault *fault)
{
    static const char path[] = "fuzz-picture-crash";
    FILE *out = fopen(path, "wb");

    if (out) {
        (void)fwrite(file->data, 1, file->len, out);
        (void)fclose(out);
    }
    print_message("fact: seed %ld, round %u: %s: %s; the picture is kept as %s\n", seed, round,
                  fault->name, fault->cause, path);
}

static void the_next_good_task_is_right(struct wk_decoder *decoder, const struct kit_file *good,
                                        unsigned round)
{
    VipsImage *image = kit_done(decoder, "", good, 1);

    if (image->Xsize != 64 || image->Ysize != 48)
        fail_msg("round %u: %dx%d", round, image->Xsize, image->Ysize);
    kit_is(image, 8, 8, kit_red, 8);
    kit_is(image, 56, 8, kit_green, 8);
    kit_is(image, 8, 40, kit_blue, 8);
    kit_is(image, 56, 40, kit_white, 8);
    g_object_unref(image);
}

static size_t name_index(const struct wk_fault *fault)
{
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (strcmp(names[i], fault->name) == 0)
            return i;
    fail_msg("\"%s\" is no fault that a task may have (%s)", fault->name, fault->cause);
    return 0;
}

static struct kit_file damaged(const struct kit_file *files)
{
    const struct kit_file *from =
        &files[pick(SINGLE_EVERY) ? pick(SINGLE_FIRST)
                                  : SINGLE_FIRST + pick(FILE_COUNT - SINGLE_FIRST)];
    size_t room = from->len + GROWN_MAX;
    struct kit_file file = {g_malloc(room), from->len};

    memcpy(file.data, from->data, from->len);
    for (size_t n = 1 + pick(CHANGES_MAX); n > 0 && file.len > 0; n--)
        if (file.len + GROWN_MAX / 8 <= room)
            file.len = damage(file.data, file.len, &files[pick(FILE_COUNT)]);
    return file;
}

static void no_damaged_picture_harms_the_next_task(void **state)
{
    static char untrusted[] = "jxl,jp2,svg,pdf";
    struct wk_imaging_config config = kit_config();
    const long seed = from_environment("FUZZ_SEED", 1, 1000000000);
    const int64_t end =
        mr_mono_ms() + from_environment("FUZZ_SECONDS", SECONDS_DEFAULT, SECONDS_MAX) * 1000;
    struct wk_decoder *decoder;
    struct kit_file files[FILE_COUNT], good;
    struct mr_recipe *todo[RECIPE_COUNT];
    unsigned round = 0, done = 0, faults[NAME_COUNT] = {0};

    (void)state;
    kit_setup("fuzz_pictures");
    config.untrusted = untrusted;
    decoder = kit_decoder(&config);
    good = kit_quarters(64, 48, ".png");
    for (size_t i = 0; i < FILE_COUNT; i++)
        files[i] = i < SUFFIX_COUNT ? kit_noise(40, 30, suffixes[i])
                                    : kit_text(drawings[i - SUFFIX_COUNT]);
    for (size_t i = 0; i < RECIPE_COUNT; i++)
        todo[i] = kit_recipe(recipes[i]);
    random_state = 0x9E3779B97F4A7C15u * (uint64_t)seed;
    for (; mr_mono_ms() < end; round++) {
        struct kit_file file = damaged(files);
        const struct wk_source source = {file.data, file.len};
        struct wk_rendered rendered;
        struct wk_fault fault = {0};
        const int pid = wk_decoder_pid(decoder);
        const enum mr_code rc = wk_decoder_render(decoder, todo[pick(RECIPE_COUNT)], &source, 1,
                                                  mr_mono_ms() + DEADLINE_MS, &rendered, &fault);

        if (rc == MR_OK) {
            done++;
        } else {
            faults[name_index(&fault)]++;
            if (strcmp(fault.name, "Image.Crashed") == 0)
                keep(&file, seed, round, &fault);
        }
        if (round % CHECK_EVERY == 0 || wk_decoder_pid(decoder) != pid)
            the_next_good_task_is_right(decoder, &good, round);
        g_free(file.data);
    }
    the_next_good_task_is_right(decoder, &good, round);
    print_message("fact: %u damaged pictures, %u still done", round, done);
    for (size_t i = 0; i < NAME_COUNT; i++)
        print_message(", %u %s", faults[i], names[i]);
    print_message("\n");
    assert_true(round > 0);
    for (size_t i = 0; i < RECIPE_COUNT; i++)
        mr_recipe_free(todo[i]);
    for (size_t i = 0; i < FILE_COUNT; i++)
        g_free(files[i].data);
    g_free(good.data);
    wk_decoder_free(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_damaged_picture_harms_the_next_task),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
