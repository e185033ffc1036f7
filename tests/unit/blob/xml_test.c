/* xml_test.c -- the reader of S3's answers takes what S3 sends, and little else. */
#include "common/adapters/blob_xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct mr_buf seen;
static struct mr_error err;

static enum mr_code note(void *ctx, const char *path, const char *text, struct mr_error *e)
{
    (void)e;
    mr_buf_addf(ctx, "%s=%s\n", path, text);
    return MR_OK;
}

static enum mr_code read_text(const char *text)
{
    mr_buf_reset(&seen);
    return mr_xml_read(text, strlen(text), note, &seen, &err);
}

static int release(void **state)
{
    (void)state;
    mr_buf_release(&seen);
    return 0;
}

static void elements_are_told_as_they_end(void **state)
{
    (void)state;
    assert_int_equal(
        read_text("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<List xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                  "<More>true</More><Item a='1' b=\"&lt;\"><Key>a b</Key><Size>1</Size>"
                  "</Item>\n <Empty/><None></None></List>\n"),
        MR_OK);
    assert_string_equal(seen.data,
                        "List/More=true\nList/Item/Key=a b\nList/Item/Size=1\nList/Item=\n"
                        "List/Empty=\nList/None=\nList=\n");
}

static void entities_are_decoded(void **state)
{
    (void)state;
    assert_int_equal(
        read_text("<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#xe4;&#x20AC;&#x1F600;&#10;</a>"),
        MR_OK);
    assert_string_equal(seen.data, "a=<>&\"'AB\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n\n");
}

static void what_is_not_of_the_form_is_corrupt(void **state)
{
    static const char *const wrong[] = {
        "",
        " ",
        "text",
        "<",
        "<a",
        "<a>",
        "<a><b></a></b>",
        "</a>",
        "<a></b>",
        "<a></a><b></b>",
        "<a></a>x",
        "<a b></a>",
        "<a b=c></a>",
        "<a b='c></a>",
        "<a /b></a>",
        "<1></1>",
        "<a><></a>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        "<a><![CDATA[x]]></a>",
        "<a><!-- x --></a>",
        "<a><?php x?></a>",
        "<?xml",
        "<a>&nbsp;</a>",
        "<a>&</a>",
        "<a>&;</a>",
        "<a>&#;</a>",
        "<a>&#0;</a>",
        "<a>&#x;</a>",
        "<a>&#xd800;</a>",
        "<a>&#x110000;</a>",
        "<a>&#1;</a>",
        "<a>&#99999999999999999999;</a>",
        "<a>&#-1;</a>",
        "<a>&lt</a>",
        "<a><b><c><d><e><f><g><h><i><j><k><l><m><n><o><p><q></q></p></o></n></m></l></k></j></i></"
        "h>"
        "</g></f></e></d></c></b></a>",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (read_text(wrong[i]) != MR_CORRUPT)
            fail_msg("%s is taken", wrong[i]);
    assert_int_equal(mr_xml_read("<a>\0</a>", 8, note, &seen, &err), MR_CORRUPT);
    assert_int_equal(mr_xml_read(NULL, 0, note, &seen, &err), MR_CORRUPT);
}

static void a_nul_byte_is_corrupt_wherever_it_stands(void **state)
{
#define TEXT(text) {text, sizeof(text) - 1}
    static const struct {
        const char *text;
        size_t len;
    } wrong[] = {
        TEXT("<a\0></a\0>"),     TEXT("<a><b\0></b\0></a>"), TEXT("<a \0='c'></a>"),
        TEXT("<a b\0='c'></a>"), TEXT("<a b='\0'></a>"),     TEXT("<a>&lt\0;</a>"),
        TEXT("<a>&#65\0x;</a>"), TEXT("<a>x\0</a>"),         TEXT("<a></a>\0"),
    };
#undef TEXT
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (mr_xml_read(wrong[i].text, wrong[i].len, note, &seen, &err) != MR_CORRUPT)
            fail_msg("the NUL of %zu is taken: %s", i, wrong[i].text);
}

/* No text that is cut anywhere is read beyond its end (asan watches) or taken for whole. */
static void a_cut_text_is_corrupt(void **state)
{
    static const char text[] = "<?xml version='1.0'?><a b='c'><d>e&amp;f</d><g/></a>";
    (void)state;
    for (size_t len = 0; len < sizeof text - 1; len++) {
        struct mr_buf exact = {0};
        mr_buf_add(&exact, text, len);
        assert_int_equal(mr_xml_read(exact.data, len, note, &seen, &err), MR_CORRUPT);
        mr_buf_release(&exact);
    }
}

static enum mr_code stop_at_b(void *ctx, const char *path, const char *text, struct mr_error *e)
{
    (void)text;
    ++*(int *)ctx;
    return strcmp(path, "a/b") == 0 ? mr_fail(e, MR_BUSY, "enough") : MR_OK;
}

static void a_reader_may_end_it(void **state)
{
    int count = 0;
    (void)state;
    assert_int_equal(mr_xml_read("<a><b/><c/></a>", 15, stop_at_b, &count, &err), MR_BUSY);
    assert_int_equal(count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_told_as_they_end),
        cmocka_unit_test(entities_are_decoded),
        cmocka_unit_test(what_is_not_of_the_form_is_corrupt),
        cmocka_unit_test(a_nul_byte_is_corrupt_wherever_it_stands),
        cmocka_unit_test(a_cut_text_is_corrupt),
        cmocka_unit_test(a_reader_may_end_it),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
