/* sniff.c -- formats by their first bytes. */
#include "worker/decoder/sniff.h"

#include <string.h>

enum { FTYP_BRANDS_MAX = 64, SVG_HEAD_MAX = 4096 };

/* clang-format off */
static const struct {
    size_t at;
    const char *bytes;
    size_t len;
    enum mr_format format; /* AUTO: known, and not read */
    const char *word;
} signatures[] = {
    {0, "\xff\xd8\xff", 3, MR_FORMAT_JPEG, "JPEG"},
    {0, "\x89PNG\r\n\x1a\n", 8, MR_FORMAT_PNG, "PNG"},
    {0, "GIF87a", 6, MR_FORMAT_GIF, "GIF"},
    {0, "GIF89a", 6, MR_FORMAT_GIF, "GIF"},
    {0, "II*\0", 4, MR_FORMAT_TIFF, "TIFF"},
    {0, "MM\0*", 4, MR_FORMAT_TIFF, "TIFF"},
    {0, "II+\0", 4, MR_FORMAT_TIFF, "BigTIFF"},
    {0, "MM\0+", 4, MR_FORMAT_TIFF, "BigTIFF"},
    {0, "%PDF-", 5, MR_FORMAT_PDF, "PDF"},
    {0, "\xff\x0a", 2, MR_FORMAT_JXL, "JPEG XL"},
    {4, "JXL \r\n", 6, MR_FORMAT_JXL, "JPEG XL"},
    {4, "jP  \r\n", 6, MR_FORMAT_JP2, "JPEG 2000"},
    {0, "\xff\x4f\xff\x51", 4, MR_FORMAT_JP2, "JPEG 2000"},
    {0, "BM", 2, MR_FORMAT_AUTO, "BMP"},
    {0, "8BPS", 4, MR_FORMAT_AUTO, "Photoshop"},
};
static const struct {
    const char brand[5];
    enum mr_format format;
} brands[] = {
    {"avif", MR_FORMAT_AVIF}, {"avis", MR_FORMAT_AVIF},
    {"heic", MR_FORMAT_HEIC}, {"heix", MR_FORMAT_HEIC}, {"heim", MR_FORMAT_HEIC}, {"heis", MR_FORMAT_HEIC},
    {"hevc", MR_FORMAT_HEIC}, {"hevx", MR_FORMAT_HEIC},
    {"mif1", MR_FORMAT_HEIC}, {"msf1", MR_FORMAT_HEIC},
};
/* clang-format on */

static bool brand_find(const unsigned char *text, enum mr_format *ret)
{
    for (size_t i = 0; i < sizeof(brands) / sizeof(brands[0]); i++)
        if (memcmp(text, brands[i].brand, 4) == 0) {
            *ret = brands[i].format;
            return true;
        }
    return false;
}

/* A file of boxes: AVIF is often of the general major brand mif1 and says avif further on. */
static bool sniff_boxes(const unsigned char *p, size_t len, enum mr_format *ret)
{
    size_t box;

    if (len < 16 || memcmp(p + 4, "ftyp", 4) != 0)
        return false;
    box = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    if (box > len)
        box = len;
    if (!brand_find(p + 8, ret))
        return false;
    for (size_t at = 16; at + 4 <= box && at < 16 + 4 * FTYP_BRANDS_MAX; at += 4)
        if (memcmp(p + at, "avif", 4) == 0)
            *ret = MR_FORMAT_AVIF;
    return true;
}

/* A drawing is text: its root element comes after no more than declarations, comments and white
 * space, none of which can be mistaken for another format's bytes. */
static bool sniff_svg(const unsigned char *p, size_t len)
{
    size_t head = len < SVG_HEAD_MAX ? len : SVG_HEAD_MAX, i = 0;

    if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
        i = 3;
    while (i < head && (p[i] == ' ' || p[i] == '\t' || p[i] == '\r' || p[i] == '\n'))
        i++;
    if (i == head || p[i] != '<')
        return false;
    for (; i + 4 < head; i++)
        if (memcmp(p + i, "<svg", 4) == 0)
            return true;
    return false;
}

bool dec_sniff(const void *data, size_t len, enum mr_format *ret, const char **ret_word)
{
    const unsigned char *p = data;

    *ret_word = len ? "not an image that is known here" : "empty";
    if (len >= 12 && memcmp(p, "RIFF", 4) == 0 && memcmp(p + 8, "WEBP", 4) == 0) {
        *ret = MR_FORMAT_WEBP;
        return true;
    }
    if (sniff_boxes(p, len, ret))
        return true;
    for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++)
        if (len >= signatures[i].at + signatures[i].len &&
            memcmp(p + signatures[i].at, signatures[i].bytes, signatures[i].len) == 0) {
            *ret = signatures[i].format;
            *ret_word = signatures[i].word;
            return signatures[i].format != MR_FORMAT_AUTO;
        }
    if (!sniff_svg(p, len))
        return false;
    *ret = MR_FORMAT_SVG;
    *ret_word = "SVG";
    return true;
}
