/* intrinsic_text.c -- functions of text. */
#include "orchestrator/asl/intrinsic_call.h"

#include "common/base/id.h"
#include "common/base/json.h"
#include "common/base/utf8.h"
#include "orchestrator/asl/digest.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Format ------------------------------------------------------------------------------- */

/* As Java prints a double that is no integer: the fewest digits that read back, and an exponent
 * outside of 1e-3 to 1e7. */
static void add_double(struct mr_buf *buf, double n)
{
    char digits[40], *mantissa = digits, *exponent;
    int precision = 0, power;

    do {
        (void)snprintf(digits, sizeof(digits), "%.*e", precision, n);
    } while (strtod(digits, NULL) < n || strtod(digits, NULL) > n ? ++precision < 17 : false);
    exponent = strchr(digits, 'e');
    power = atoi(exponent + 1);
    if (power >= -3 && power < 7) {
        mr_buf_addf(buf, "%.*f", precision > power ? precision - power : 1, n);
        return;
    }
    *exponent = '\0';
    mr_buf_addf(buf, "%s%sE%d", mantissa, strchr(mantissa, '.') ? "" : ".0", power);
}

/* As Java prints a value: a map is {a=1, b=[]}. */
static void add_value(struct mr_buf *buf, const cJSON *json)
{
    if (cJSON_IsString(json)) {
        mr_buf_add_str(buf, json->valuestring);
    } else if (cJSON_IsNumber(json)) {
        if (json->valuedouble <= 9007199254740991.0 && json->valuedouble >= -9007199254740991.0 &&
            json->valuedouble >= floor(json->valuedouble) &&
            json->valuedouble <= floor(json->valuedouble))
            mr_buf_add_int(buf, (int64_t)json->valuedouble);
        else
            add_double(buf, json->valuedouble);
    } else if (cJSON_IsBool(json)) {
        mr_buf_add_str(buf, cJSON_IsTrue(json) ? "true" : "false");
    } else if (cJSON_IsNull(json)) {
        mr_buf_add_str(buf, "null");
    } else {
        mr_buf_add_char(buf, cJSON_IsArray(json) ? '[' : '{');
        for (const cJSON *item = json->child; item; item = item->next) {
            if (cJSON_IsObject(json)) {
                mr_buf_add_str(buf, item->string);
                mr_buf_add_char(buf, '=');
            }
            add_value(buf, item);
            if (item->next)
                mr_buf_add_str(buf, ", ");
        }
        mr_buf_add_char(buf, cJSON_IsArray(json) ? ']' : '}');
    }
}

/* A buffer's text as a value; the buffer goes. */
static enum mr_code end_text(struct asl_call *call, enum mr_code rc, struct mr_buf *buf,
                             cJSON **ret)
{
    cJSON *json = NULL;

    if (!rc && buf->failed)
        rc = MR_NO_MEMORY;
    if (!rc && buf->len > ASL_INTRINSIC_BYTES_MAX)
        rc = asl_call_fail(call, "What it makes is larger than %d bytes", ASL_INTRINSIC_BYTES_MAX);
    if (!rc)
        json = cJSON_CreateString(buf->len ? buf->data : "");
    mr_buf_release(buf);
    return asl_call_end(rc, json, ret);
}

enum mr_code asl_fn_format(struct asl_call *call, cJSON **ret)
{
    struct mr_buf buf = {0};
    const char *pattern;
    uint32_t next = 1;
    enum mr_code rc = asl_call_string(call, 0, &pattern);

    for (const char *p = rc ? "" : pattern; *p && !rc && buf.len <= ASL_INTRINSIC_BYTES_MAX; p++) {
        if (*p == '\\' && p[1] && strchr("'{}\\", p[1])) {
            mr_buf_add_char(&buf, *++p);
        } else if (p[0] != '{' || p[1] != '}') {
            mr_buf_add_char(&buf, *p);
        } else if (next < call->count) {
            add_value(&buf, call->args[next++]);
            p++;
        } else {
            rc = asl_call_fail(call, "There are more {} than values");
        }
    }
    if (!rc && next < call->count)
        rc = asl_call_fail(call, "There are more values than {}");
    return end_text(call, rc, &buf, ret);
}

/* ---- StringSplit -------------------------------------------------------------------------- */

static enum mr_code add_piece(cJSON *array, const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    cJSON *item = NULL;

    if (copy) {
        memcpy(copy, text, len);
        copy[len] = '\0';
        item = cJSON_CreateString(copy);
        free(copy);
    }
    if (item && cJSON_AddItemToArray(array, item))
        return MR_OK;
    cJSON_Delete(item);
    return MR_NO_MEMORY;
}

/* The length of the character at text, which is UTF-8. */
static size_t char_len(const char *text)
{
    size_t len =
        mr_utf8_len((const unsigned char *)text, (const unsigned char *)text + strnlen(text, 4));

    return len ? len : 1;
}

/* A character as a number that no other has: its bytes. */
static uint32_t char_number(const char *text, size_t len)
{
    uint32_t number = 0;

    for (size_t i = 0; i < len; i++)
        number = number << 8 | (unsigned char)text[i];
    return number;
}

/* Characters, to be asked of often: texts may be as long as a state's data. */
struct characters {
    bool ascii[128];
    uint32_t *others; /* sorted */
    size_t count;
};

static int by_value(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static bool read_characters(struct characters *set, const char *text)
{
    *set = (struct characters){.others = malloc((strlen(text) + 1) * sizeof(*set->others))};
    if (!set->others)
        return false;
    while (*text) {
        size_t len = char_len(text);
        uint32_t number = char_number(text, len);
        if (number < 128)
            set->ascii[number] = true;
        else
            set->others[set->count++] = number;
        text += len;
    }
    qsort(set->others, set->count, sizeof(*set->others), by_value);
    return true;
}

static bool is_among(const struct characters *set, uint32_t number)
{
    if (number < 128)
        return set->ascii[number];
    return set->count > 0 &&
           bsearch(&number, set->others, set->count, sizeof(*set->others), by_value);
}

static enum mr_code split(const char *text, const struct characters *set, cJSON *into)
{
    const char *start = text;
    enum mr_code rc = MR_OK;

    while (!rc && *text) {
        size_t len = char_len(text);
        if (is_among(set, char_number(text, len))) {
            if (text > start)
                rc = add_piece(into, start, (size_t)(text - start));
            start = text + len;
        }
        text += len;
    }
    if (!rc && text > start)
        rc = add_piece(into, start, (size_t)(text - start));
    return rc;
}

/* At each of the characters; pieces with nothing in them are dropped. */
enum mr_code asl_fn_string_split(struct asl_call *call, cJSON **ret)
{
    struct characters set;
    const char *text, *characters;
    cJSON *array;
    enum mr_code rc = asl_call_string(call, 0, &text);

    if (!rc)
        rc = asl_call_string(call, 1, &characters);
    if (rc)
        return rc;
    if (!read_characters(&set, characters))
        return MR_NO_MEMORY;
    array = cJSON_CreateArray();
    rc = array ? split(text, &set, array) : MR_NO_MEMORY;
    free(set.others);
    return asl_call_end(rc, array, ret);
}

/* ---- encodings ---------------------------------------------------------------------------- */

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum mr_code asl_fn_base64_encode(struct asl_call *call, cJSON **ret)
{
    struct mr_buf buf = {0};
    const char *text;
    enum mr_code rc = asl_call_short_string(call, 0, &text);
    size_t len = rc ? 0 : strlen(text);

    for (size_t i = 0; i < len; i += 3) {
        uint32_t three = 0;
        for (size_t j = 0; j < 3; j++)
            three = three << 8 | (i + j < len ? (unsigned char)text[i + j] : 0u);
        for (size_t j = 0; j < 4; j++)
            mr_buf_add_char(&buf, i + j > len ? '=' : base64[three >> (18 - 6 * j) & 63]);
    }
    return end_text(call, rc, &buf, ret);
}

/* False: not base64. */
static bool decode(const char *text, struct mr_buf *buf)
{
    size_t len = strlen(text), chars;
    uint32_t bits = 0;

    while (len > 0 && text[len - 1] == '=' && strlen(text) - len < 2)
        len--;
    if ((len != strlen(text) && strlen(text) % 4 != 0) || len % 4 == 1)
        return false;
    for (chars = 0; chars < len; chars++) {
        const char *at = strchr(base64, text[chars]);
        if (!at)
            return false;
        bits = bits << 6 | (uint32_t)(at - base64);
        if (chars % 4 > 0) /* each but the first of four completes a byte */
            mr_buf_add_char(buf, (char)(bits >> (6 - 2 * (chars % 4)) & 0xFF));
    }
    return true;
}

static bool is_text(const struct mr_buf *buf)
{
    const unsigned char *p = (const unsigned char *)buf->data, *end = p + buf->len;

    while (p < end) {
        size_t len = *p ? mr_utf8_len(p, end) : 0;
        if (len == 0)
            return false;
        p += len;
    }
    return true;
}

enum mr_code asl_fn_base64_decode(struct asl_call *call, cJSON **ret)
{
    struct mr_buf buf = {0};
    const char *text;
    enum mr_code rc = asl_call_short_string(call, 0, &text);

    if (!rc && !decode(text, &buf))
        rc = asl_call_fail(call, "The string is not base64");
    else if (!rc && buf.len && !buf.failed && !is_text(&buf))
        rc = asl_call_fail(call, "What the string holds is not text in UTF-8");
    return end_text(call, rc, &buf, ret);
}

enum mr_code asl_fn_hash(struct asl_call *call, cJSON **ret)
{
    unsigned char bytes[ASL_DIGEST_BYTES_MAX];
    char hex[2 * ASL_DIGEST_BYTES_MAX + 1];
    const char *text, *name;
    enum asl_digest digest = ASL_MD5;
    size_t len;
    enum mr_code rc = asl_call_short_string(call, 0, &text);

    if (!rc)
        rc = asl_call_string(call, 1, &name);
    if (!rc && !asl_digest_find(name, &digest))
        rc = asl_call_fail(call, "'%.40s' is none of MD5, SHA-1, SHA-256, SHA-384 and SHA-512",
                           name);
    if (rc)
        return rc;
    len = asl_digest(digest, text, strlen(text), bytes);
    mr_hex(bytes, len, hex);
    return asl_call_end(MR_OK, cJSON_CreateString(hex), ret);
}

/* Of version 4, as if it were random. */
enum mr_code asl_fn_uuid(struct asl_call *call, cJSON **ret)
{
    uint64_t high = asl_call_random(call, 0), low = asl_call_random(call, 1);
    char text[40];

    high = (high & ~UINT64_C(0xF000)) | UINT64_C(0x4000);
    low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(1) << 63;
    (void)snprintf(
        text, sizeof(text), "%08" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%012" PRIx64,
        high >> 32, high >> 16 & 0xFFFF, high & 0xFFFF, low >> 48, low & UINT64_C(0xFFFFFFFFFFFF));
    return asl_call_end(MR_OK, cJSON_CreateString(text), ret);
}
