/* path_test.c -- what a path names.  Where more than one place can be named, the answers are those
 * that Jayway's JsonPath gave to the same questions, but for [] where the path's begin is missing.
 */
#include "tests/unit/asl/play.h"

#include "orchestrator/asl/path.h"
#include "orchestrator/asl/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text of what path names in json; "" where it names nothing, "!" where looking goes wrong. */
static const char *at(const char *path_text, const char *json)
{
    static char text[1024];
    struct asl_arena arena = {0};
    struct asl_path path;
    struct mr_error err;
    cJSON *tree = cJSON_Parse(json), *made = cJSON_CreateArray();
    const cJSON *found = NULL;

    assert_non_null(tree);
    if (asl_path_parse(&arena, path_text, &path, &err))
        fail_msg("%s", err.text);
    (void)snprintf(text, sizeof(text), "%s", asl_path_find(&path, tree, made, &found) ? "!" : "");
    if (found)
        assert_true(cJSON_PrintPreallocated((cJSON *)(uintptr_t)found, text, sizeof(text), false));
    cJSON_Delete(made);
    asl_arena_release(&arena);
    cJSON_Delete(tree);
    return text;
}

static void a_path_finds_what_it_names_and_nothing_else(void **state)
{
    static const char json[] = "{\"a\":{\"b c\":[10,[20,21],{\"d-e\":null}],\"\":5},\"a.b\":6,"
                               "\"\\u00e4\":7,\"q'\":8}";

    (void)state;
    assert_string_equal(at("$.a['b c'][0]", json), "10");
    assert_string_equal(at("$.a.['b c'].[0]", json), "10");
    assert_string_equal(at("$.a,b'c*", "{\"a,b'c*\":1}"), "1");
    assert_string_equal(at("$['a'][\"b c\"][1][1]", json), "21");
    assert_string_equal(at("$.a['b c'][2].d-e", json), "null");
    assert_string_equal(at("$.a['b c'][-2][0]", json), "20");
    assert_string_equal(at("$['a.b']", json), "6");
    assert_string_equal(at("$.\u00e4", json), "7");
    assert_string_equal(at("$['q\\'']", json), "8");
    assert_string_equal(at("$.a['']", json), "5");
    assert_string_equal(at("$.a[ 'b c' ][ 0 ]", json), "10");
    assert_string_equal(at("$.a.b", json), "");
    assert_string_equal(at("$.a['b c'][3]", json), "");
    assert_string_equal(at("$.a['b c'][-4]", json), "");
    assert_string_equal(at("$.a[0]", json), "");
    assert_string_equal(at("$.A", json), "");
    assert_string_equal(at("$['a.b'] ", json), "6");
    assert_string_equal(at("$.a.b ", "{\"a\":{\"b\":9}}"), "9");
    assert_string_equal(at("$  ", "[]"), "[]");
    assert_string_equal(at("$.a['b c'].x", json), "");
}

struct answer {
    const char *path, *json, *expected;
};

static void assert_answers(const struct answer *answers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(at(answers[i].path, answers[i].json), answers[i].expected) != 0)
            fail_msg("%s in %s: %s, not %s", answers[i].path, answers[i].json,
                     at(answers[i].path, answers[i].json), answers[i].expected);
}
#define ASSERT_ANSWERS(answers) assert_answers(answers, sizeof(answers) / sizeof((answers)[0]))

#define FIVE "{\"a\":[0,1,2,3,4]}"

static void a_slice_counts_as_jayway_does(void **state)
{
    static const struct answer answers[] = {
        {"$.a[1:3]", FIVE, "[1,2]"},
        {"$.a[:2]", FIVE, "[0,1]"},
        {"$.a[3:]", FIVE, "[3,4]"},
        {"$.a[-2:]", FIVE, "[3,4]"},
        {"$.a[:-2]", FIVE, "[0,1,2]"},
        {"$.a[-3:-1]", FIVE, "[2,3]"},
        {"$.a[1:-1]", FIVE, "[]"},
        {"$.a[-1:2]", FIVE, "[4,0,1]"},
        {"$.a[9:]", FIVE, "[]"},
        {"$.a[-9:]", FIVE, "[0,1,2,3,4]"},
        {"$.a[0:5:2]", FIVE, "[0,1,2,3,4]"}, /* a step means nothing */
        {"$.a[0:9]", FIVE, "[0,1,2,3,4]"},
    };

    (void)state;
    ASSERT_ANSWERS(answers);
}

static void a_union_takes_what_is_there(void **state)
{
    static const struct answer answers[] = {
        {"$.a[0,2,9]", FIVE, "[0,2]"},
        {"$.a[-1,0]", FIVE, "[4,0]"},
        {"$['a','b']", "{\"a\":1,\"b\":2,\"c\":3}", "{\"a\":1,\"b\":2}"},
        {"$['a','x']", "{\"a\":1,\"b\":2,\"c\":3}", "{\"a\":1}"},
        {"$['x','y']", "{\"a\":1}", "{}"},
        {"$['a','b']", "[1]", ""},
        {"$['a','b'].c", "{\"a\":{\"c\":1},\"b\":{\"c\":2}}", "[1,2]"},
    };

    (void)state;
    ASSERT_ANSWERS(answers);
}

static void an_index_may_be_counted_from_the_length(void **state)
{
    static const struct answer answers[] = {
        {"$.a[(@.length-1)]", FIVE, "4"},
        {"$.a[(@.length - 1)]", FIVE, "4"},
        {"$.a[ ( @.length() -5 ) ]", FIVE, "0"},
        {"$.a[(@.size() - 2)]", FIVE, "3"},
        {"$.a[(@.length-6)]", FIVE, ""},
        {"$.a[(@.length-0)]", FIVE, ""},
        {"$[(@.length-1)].b[(@.length-1)]", "[1,{\"b\":[2,{\"c\":3}]}]", "{\"c\":3}"},
        {"$.a[(@.length-1)]", "{\"a\":{\"b\":1}}", ""},
        {"$.a[*][(@.length-1)]", "{\"a\":[[1,2],[],[3]]}", "[2,3]"},
        {"$.a[?(@.b[(@.length-1)] == 2)].c",
         "{\"a\":[{\"b\":[1,2],\"c\":7},{\"b\":[2,1],\"c\":8}]}", "[7]"},
    };

    (void)state;
    ASSERT_ANSWERS(answers);
}

static void a_name_behind_a_bracket_needs_no_dot(void **state)
{
    static const struct answer answers[] = {
        {"$.[*]a[*]", "[{\"a\":[1,2]},{\"a\":[3]},{\"b\":4}]", "[1,2,3]"},
        {"$['x']y_z.w", "{\"x\":{\"y_z\":{\"w\":1}}}", "1"},
        {"$[0]a[-1:]b", "[{\"a\":[{\"b\":1},{\"b\":2}]}]", "[2]"},
        {"$.a[?(@.b)]b", "{\"a\":[{\"b\":1},{\"c\":2}]}", "[1]"},
        {"$.a[0]length()", "{\"a\":[[1,2]]}", "2"},
        {"$[0]\u00e4", "[{\"\u00e4\":1}]", "1"},
    };

    (void)state;
    ASSERT_ANSWERS(answers);
}

static void a_wildcard_takes_all_values(void **state)
{
    static const struct answer answers[] = {
        {"$.*", "{\"a\":1,\"b\":[2]}", "[1,[2]]"},
        {"$[*]", "{\"a\":1,\"b\":[2]}", "[1,[2]]"},
        {"$.a[*].b", "{\"a\":[{\"b\":1},{\"c\":2},3]}", "[1]"},
        {"$.a.*.b", "{\"a\":{\"x\":{\"b\":1},\"y\":{\"c\":1}}}", "[1]"},
        {"$.a[*]", "{\"a\":\"x\"}", "[]"},
        {"$.a[*]", "{\"a\":null}", "[]"},
    };

    (void)state;
    ASSERT_ANSWERS(answers);
}

static void what_is_missing_is_an_empty_list_only_where_a_list_is_asked_for(void **state)
{
    static const struct answer answers[] = {
        {"$.x[*]", "{}", "[]"},          {"$.x.y[1:5]", "{}", "[]"}, {"$.x[*].b", "{}", "[]"},
        {"$.x[?(@.c)]", "{}", "[]"},     {"$.x[0,1]", "{}", "[]"},   {"$..x", "{}", "[]"},
        {"$.a[0:1]", "{\"a\":5}", "[]"}, {"$.x", "{}", ""},          {"$.x[0]", "{}", ""},
        {"$.a.b.c", "{\"a\":null}", ""}, {"$.x.length()", "{}", ""},
    };

    (void)state;
    ASSERT_ANSWERS(answers);
}

static void two_dots_look_everywhere_the_outer_first(void **state)
{
    static const struct answer answers[] = {
        {"$..b", "{\"a\":[{\"b\":1},{\"c\":{\"b\":2}},3],\"b\":{\"b\":5}}", "[{\"b\":5},1,2,5]"},
        {"$..*", "{\"a\":[1,{\"b\":2}]}", "[[1,{\"b\":2}],1,{\"b\":2},2]"},
        {"$..[0]", "{\"a\":[[1],2]}", "[[1],1]"},
        {"$..[0:1]", "{\"a\":[[1],2]}", "[[1],1]"},
        {"$..['a','b']", "{\"a\":1,\"x\":{\"a\":2,\"b\":3}}", "[{\"a\":2,\"b\":3}]"},
        {"$.a..b", "{\"a\":{\"b\":1,\"c\":{\"b\":2}}}", "[1,2]"},
        {"$..a[*]", "{\"a\":[1,2],\"x\":{\"a\":{\"c\":3}}}", "[1,2,3]"},
        {"$..[?(@.b)]", "{\"a\":[{\"b\":1}],\"b\":3}", "[{\"a\":[{\"b\":1}],\"b\":3},{\"b\":1}]"},
        {"$..[0].a", "[[{\"a\":1}],{\"a\":2}]", "[2,1]"}, /* every item: Jayway's way */
    };

    (void)state;
    ASSERT_ANSWERS(answers);
}

#define BS "{\"a\":[{\"b\":1},{\"b\":\"1\"},{\"b\":null},{\"c\":true},5]}"

static void a_filter_takes_what_it_accepts(void **state)
{
    static const struct answer answers[] = {
        {"$.a[?(@.b)]", BS, "[{\"b\":1},{\"b\":\"1\"},{\"b\":null}]"},
        {"$.a[?(!@.b)]", BS, "[{\"c\":true},5]"},
        {"$.a[?(@.b == 1)]", BS, "[{\"b\":1},{\"b\":\"1\"}]"},
        {"$.a[?(@.b == '1')]", BS, "[{\"b\":1},{\"b\":\"1\"}]"},
        {"$.a[?(@.b === 1)]", BS, "[{\"b\":1}]"},
        {"$.a[?(@.b !== 1)]", BS, "[{\"b\":\"1\"},{\"b\":null},{\"c\":true},5]"},
        {"$.a[?(@.b != 1)]", BS, "[{\"b\":null},{\"c\":true},5]"},
        {"$.a[?(@.b == null)]", BS, "[{\"b\":null}]"},
        {"$.a[?(@.c == true)]", BS, "[{\"c\":true}]"},
        {"$.a[?(@.b < 2)]", BS, "[{\"b\":1}]"},
        {"$.a[?(@.b < \"2\")]", BS, "[{\"b\":\"1\"}]"},
        {"$.a[?(@ >= 5)]", BS, "[5]"},
        {"$.a[?(1 < @)]", "{\"a\":[1,2]}", "[2]"},
        {"$.a[?(@.b>1 && (@.c<3 || @.d))]",
         "{\"a\":[{\"b\":2,\"c\":1},{\"b\":2,\"d\":1},{\"b\":2}]}",
         "[{\"b\":2,\"c\":1},{\"b\":2,\"d\":1}]"},
        {"$.a[?(@.b == 1 && @.c == 2 || @.d)]", "{\"a\":[{\"b\":1},{\"b\":1,\"c\":2},{\"d\":0}]}",
         "[{\"b\":1,\"c\":2},{\"d\":0}]"},
        {"$.a[?(!(@.b == 1))]", "{\"a\":[{\"b\":1},{\"b\":2}]}", "[{\"b\":2}]"},
        {"$.a[?(@.b == $.k)]", "{\"a\":[{\"b\":1},{\"b\":2}],\"k\":2}", "[{\"b\":2}]"},
        {"$.a[?(@['b'][0] == 1)].b", "{\"a\":[{\"b\":[1]},{\"b\":[2]}]}", "[[1]]"},
        {"$.a[?(@.b in [1,'x'])]", "{\"a\":[{\"b\":1},{\"b\":2}]}", "[{\"b\":1}]"},
        {"$.a[?(@.b nin [1,3])]", "{\"a\":[{\"b\":1},{\"b\":2}]}", "[{\"b\":2}]"},
        {"$.a[?(@.b contains '2')]", "{\"a\":[{\"b\":[1,2]},{\"b\":\"12\"},{\"b\":3}]}",
         "[{\"b\":[1,2]},{\"b\":\"12\"}]"},
        {"$.a[?(@.b size 2)]", "{\"a\":[{\"b\":[1,2]},{\"b\":\"12\"},{\"b\":[]}]}",
         "[{\"b\":[1,2]},{\"b\":\"12\"}]"},
        {"$.a[?(@.b empty true)]", "{\"a\":[{\"b\":[1]},{\"b\":\"\"},{\"b\":{}}]}",
         "[{\"b\":\"\"},{\"b\":{}}]"},
        {"$.a[?(@.b subsetof [1,2,3])]", "{\"a\":[{\"b\":[1,2]},{\"b\":[4]}]}", "[{\"b\":[1,2]}]"},
        {"$.a[?(@.b anyof [1,9])]", "{\"a\":[{\"b\":[1,2]},{\"b\":[4]}]}", "[{\"b\":[1,2]}]"},
        {"$.a[?(@.b noneof [1,9])]", "{\"a\":[{\"b\":[1,2]},{\"b\":[4]}]}", "[{\"b\":[4]}]"},
        {"$.a[?(@.b=={\"c\":1})]", "{\"a\":[{\"b\":{\"c\":1}},{\"b\":1}]}", "[{\"b\":{\"c\":1}}]"},
        {"$.a[?(@.b.length() > 1)]", "{\"a\":[{\"b\":[1,2]},{\"b\":[1]}]}", "[{\"b\":[1,2]}]"},
        {"$.a[?(@.b == 'it\\'s')]", "{\"a\":[{\"b\":\"it's\"}]}", "[{\"b\":\"it's\"}]"},
        {"$.a[?(@.c)].c", "{\"a\":{\"c\":1}}", "[1]"}, /* an object is asked itself */
        {"$.a[?(@.c == 2)]", "{\"a\":{\"c\":1}}", "[]"},
        {"$.a[?(@)]", "{\"a\":[{\"b\":2},null]}", "[{\"b\":2},null]"},
    };

    (void)state;
    ASSERT_ANSWERS(answers);
}

#define KINDS                                                                                      \
    "{\"a\":[{\"b\":\"es\"},{\"b\":\"fr\",\"c\":1},{\"b\":\"IN PROGRESS\"},"                       \
    "{\"b\":\"2026-01-31\"},{\"b\":7},{\"b\":\"trueish\"},{\"b\":true}]}"

/* Workflows that ran on the service for years have been seen to leave the quotes out. */
static void a_filter_takes_text_without_quotes(void **state)
{
    static const struct answer answers[] = {
        {"$.a[?(@.b==es)]", KINDS, "[{\"b\":\"es\"}]"},
        {"$.a[?(@.b == fr )].c", KINDS, "[1]"},
        {"$.a[?(@.b==fr && @.c==1)]", KINDS, "[{\"b\":\"fr\",\"c\":1}]"},
        {"$.a[?(@.b==fr||@.b==es)].b", KINDS, "[\"es\",\"fr\"]"},
        {"$.a[?(@.b == IN PROGRESS)].b", KINDS, "[\"IN PROGRESS\"]"},
        {"$.a[?(@.b==2026-01-31)].b", KINDS, "[\"2026-01-31\"]"},
        {"$.a[?(@.b==trueish)].b", KINDS, "[\"trueish\"]"},
        {"$.a[?(@.b==TRUE)].b", KINDS, "[true]"},
        {"$.a[?(@.b==7)].b", KINDS, "[7]"},
        {"$.a[?(@.b >= fr)].b", KINDS, "[\"fr\",\"trueish\"]"},
        {"$.a[?(@.b==nothing)]", KINDS, "[]"},
        {"$.a[?(@.b==/app/x_y/z)]", "{\"a\":[{\"b\":\"/app/x_y/z\"},{\"b\":\"/app\"}]}",
         "[{\"b\":\"/app/x_y/z\"}]"},
    };

    (void)state;
    ASSERT_ANSWERS(answers);
}

static void a_regular_expression_matches_all_of_a_text(void **state)
{
    static const char json[] = "{\"a\":[\"xy\",\"yx\",\"XY\",5,\"a/b\",\"2026-01\",\"\\u00e4\"]}";
    static const struct answer answers[] = {
        {"$.a[?(@ =~ /x.*/)]", json, "[\"xy\"]"},
        {"$.a[?(@ =~ /x.*/i)]", json, "[\"xy\",\"XY\"]"},
        {"$.a[?(@ =~ /[xy]{2}/)]", json, "[\"xy\",\"yx\"]"},
        {"$.a[?(@ =~ /a\\/b|\\d+-\\d{2}/)]", json, "[\"a/b\",\"2026-01\"]"},
        {"$.a[?(@ =~ /[^a-zA-Z0-9\\/-]+/)]", json, "[\"\u00e4\"]"},
        {"$.a[?(@ =~ /(?:x|y)+?$/ && @ != 'yx')]", json, "[\"xy\"]"},
        {"$.a[?(@ =~ /^\\w\\b.\\w$/)]", json, "[\"a/b\"]"},
        {"$.a[?(@ =~ //)]", json, "[]"},
    };

    (void)state;
    ASSERT_ANSWERS(answers);
}

/* What would take a backtracking matcher for ever. */
static void a_regular_expression_takes_no_longer_than_its_length_times_the_text(void **state)
{
    char json[4200] = "[\"";

    (void)state;
    (void)memset(json + 2, 'a', 4096);
    (void)strcpy(json + 4098, "\"]");
    assert_string_equal(at("$[?(@ =~ /(a|aa)*(a*)*(a+)+b/)]", json), "[]");
}

static void a_function_may_end_a_path(void **state)
{
    static const struct answer answers[] = {
        {"$.a.length()", "{\"a\":[1,2]}", "2"},
        {"$.a.size()", "{\"a\":{\"x\":1}}", "1"},
        {"$.a.length()", "{\"a\":\"abc\"}", "null"},
        {"$.length()", "[1,2]", "2"},
        {"$.a.min()", "{\"a\":[3,1,2]}", "1"},
        {"$.a.max()", "{\"a\":[3,1,2]}", "3"},
        {"$.a.avg()", "{\"a\":[3,1,2]}", "2"},
        {"$.a.sum()", "{\"a\":[3,1,2]}", "6"},
        {"$.a.stddev()", "{\"a\":[1,3]}", "1"},
        {"$.a.concat()", "{\"a\":[\"x\",1,\"y\"]}", "\"x1y\""},
        {"$.a.min()", "{\"a\":[]}", "!"},
        {"$.a[*].length()", "{\"a\":[[1],[1,2]]}", "[1,2]"},
    };

    (void)state;
    ASSERT_ANSWERS(answers);
}

static void a_path_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *text, *word;
    } bad[] = {
        {"", "'$'"},
        {"a.b", "'$'"},
        {"$.", "name is missing"},
        {"$.a.", "name is missing"},
        {"$..", "name is missing"},
        {"$...a", "name is missing"},
        {"$[", "index"},
        {"$[]", "index"},
        {"$[1", "']'"},
        {"$[-]", "index"},
        {"$[(1)]", "(@.length - n)"},
        {"$[(@.length)]", "(@.length - n)"},
        {"$[(@.length+1)]", "(@.length - n)"},
        {"$[(@.count-1)]", "(@.length - n)"},
        {"$[(@.length--1)]", "(@.length - n)"},
        {"$[(@.length-x)]", "index"},
        {"$[(@.length-1]", "(@.length - n)"},
        {"$[(@.length-1),0]", "']'"},
        {"$[a]", "index"},
        {"$[0]a b", "['name']"},
        {"$[0] a", "begins with"},
        {"$[0]1", "begins with"},
        {"$[:]", "begin or an end"},
        {"$[::2]", "begin or an end"},
        {"$['a", "quote"},
        {"$['a'", "']'"},
        {"$['a',]", "quotes"},
        {"$[0,]", "index"},
        {"$.a b", "['name']"},
        {"$.a .b", "['name']"},
        {"$.a. ", "name is missing"},
        {"$ .a", "variable"},
        {"$[99999999999]", "index"},
        {"$1", "variable"},
        {"$a-b", "variable"},
        {"$states.input", "JSONata"},
        {"$.a.foo()", "function"},
        {"$.a.length(1)", "arguments"},
        {"$.a.length().b", "'.'"},
        {"$..length()", "'..'"},
        {"$.a[?(@.b]", "')'"},
        {"$.a[?()]", "filter wants"},
        {"$.a[?(true)]", "condition"},
        {"$.a[?(@.b==)]", "filter wants"},
        {"$.a[?(@.b in x)]", "filter wants"},
        {"$.a[?(@.b == x y", "')'"},
        {"$.a[?(@.b == x(y))]", "')'"},
        {"$.a[?(@.b == /x/)]", "filter wants"},
        {"$.a[?(@.b == 1e999)]", "number"},
        {"$.a[?(@.b in [1)]", "list"},
        {"$.a[?(@.b == {1:2})]", "quotes"},
        {"$.a[?(@.b =~ x)]", "regular"},
        {"$.a[?(@.b =~ /x)]", "not closed"},
        {"$.a[?(@.b =~ /(x/)]", "not closed"},
        {"$.a[?(@.b =~ /*/)]", "nothing to repeat"},
        {"$.a[?(@.b =~ /(?=x)/)]", "(?"},
        {"$.a[?(@.b =~ /(x{900}){2}/)]", "too large"},
        {"$.a[?@.b]", "[?(...)]"},
        {"$[?(((((((((((((((((@.a)))))))))))))))))]", "deep"},
        {"States.Format('{}', $.a)", "intrinsic function"},
    };
    struct asl_arena arena = {0};
    struct asl_path path;
    struct mr_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (asl_path_parse(&arena, bad[i].text, &path, &err) != MR_INVALID)
            fail_msg("'%s' passed", bad[i].text);
        if (!strstr(err.text, bad[i].word))
            fail_msg("'%s': %s", bad[i].text, err.text);
    }
    asl_arena_release(&arena);
}

static void a_path_has_a_limit_of_parts(void **state)
{
    char text[ASL_PATH_PARTS_MAX * 2 + 4] = "$";
    struct asl_arena arena = {0};
    struct asl_path path;
    struct mr_error err;

    (void)state;
    for (int i = 0; i < ASL_PATH_PARTS_MAX; i++)
        (void)strcat(text, ".a");
    assert_int_equal(asl_path_parse(&arena, text, &path, &err), MR_OK);
    (void)strcat(text, ".a");
    assert_int_equal(asl_path_parse(&arena, text, &path, &err), MR_INVALID);
    asl_arena_release(&arena);
}

/* Four '..' over a deep list of lists look at far more than there is. */
static void a_path_that_looks_at_too_much_is_stopped(void **state)
{
    struct asl_arena arena = {0};
    struct asl_path path;
    struct mr_error err;
    cJSON *tree = cJSON_CreateArray(), *at_end = tree, *made = cJSON_CreateArray();
    const cJSON *found = NULL;

    (void)state;
    for (int i = 0; i < 90; i++) {
        cJSON *inner = cJSON_CreateArray();
        cJSON_AddItemToArray(at_end, cJSON_CreateNumber(i));
        cJSON_AddItemToArray(at_end, inner);
        at_end = inner;
    }
    assert_int_equal(asl_path_parse(&arena, "$..*..*..*..*..*", &path, &err), MR_OK);
    assert_int_equal(asl_path_find(&path, tree, made, &found), MR_TOO_LARGE);
    assert_null(found);
    asl_arena_release(&arena);
    cJSON_Delete(made);
    cJSON_Delete(tree);
}

/* A large object below many lists is reached again and again, and looked through each time. */
static void the_way_through_large_objects_is_counted_too(void **state)
{
    static const char *const paths[] = {"$..*..*..*..nothing", "$..*..*..*..['x','y']",
                                        "$..*..*..[?(@ == $.o)]"};
    cJSON *tree = cJSON_CreateObject(), *at_end = tree, *made = cJSON_CreateArray(), *large;
    struct asl_arena arena = {0};
    char name[16];

    (void)state;
    large = cJSON_AddObjectToObject(tree, "o");
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(name, sizeof(name), "k%d", i);
        cJSON_AddNullToObject(large, name);
    }
    for (int i = 0; i < 60; i++)
        at_end = cJSON_AddObjectToObject(at_end, "a");
    large = cJSON_AddObjectToObject(at_end, "o");
    for (int i = 5000; i-- > 0;) { /* the other way round */
        (void)snprintf(name, sizeof(name), "k%d", i);
        cJSON_AddNullToObject(large, name);
    }
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct asl_path path;
        const cJSON *found = NULL;
        struct mr_error err;
        assert_int_equal(asl_path_parse(&arena, paths[i], &path, &err), MR_OK);
        if (asl_path_find(&path, tree, made, &found) != MR_TOO_LARGE)
            fail_msg("%s", paths[i]);
    }
    asl_arena_release(&arena);
    cJSON_Delete(made);
    cJSON_Delete(tree);
}

static void fields_that_are_written_to_take_reference_paths_alone(void **state)
{
    static const char *const bad[] = {"$.a[*]",       "$..a",        "$.a[0:1]",
                                      "$['a','b']",   "$.a[?(@.b)]", "$.a.length()",
                                      "$$.Execution", "$v",          "$.a[(@.length-1)]"};
    char definition[256];
    struct asl_machine *machine = NULL;
    struct mr_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(definition, sizeof(definition),
                       "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"ResultPath\":"
                       "\"%s\",\"End\":true}}}",
                       bad[i]);
        assert_int_equal(asl_machine_parse(definition, strlen(definition), NULL, &machine, &err),
                         MR_INVALID);
    }
}

static void a_list_goes_through_every_field_that_reads(void **state)
{
    (void)state;
    play_expect("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"InputPath\":"
                "\"$.a[?(@.n > 1)]\",\"Parameters\":{\"ns.$\":\"$[*].n\",\"count.$\":"
                "\"$.length()\"},\"OutputPath\":\"$['ns','count']\",\"End\":true}}}",
                "{\"a\":[{\"n\":1},{\"n\":2},{\"n\":3}]}", "{\"ns\":[2,3],\"count\":2}");
    play_expect("{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"Assign\":{\"v.$\":"
                "\"$.a[1:]\"},\"Next\":\"B\"},\"B\":{\"Type\":\"Map\",\"ItemsPath\":\"$v[*].n\","
                "\"ItemProcessor\":{\"StartAt\":\"I\",\"States\":{\"I\":{\"Type\":\"Succeed\"}}},"
                "\"End\":true}}}",
                "{\"a\":[{\"n\":1},{\"n\":2},{\"n\":3}]}", "[2,3]");
    play_expect("{\"StartAt\":\"C\",\"States\":{\"C\":{\"Type\":\"Choice\",\"Choices\":[{"
                "\"Variable\":\"$.a.length()\",\"NumericEquals\":3,\"Next\":\"S\"}]},"
                "\"S\":{\"Type\":\"Succeed\",\"OutputPath\":\"$$.Execution.Input.a[*].n\"}}}",
                "{\"a\":[{\"n\":1},{\"n\":2},{\"n\":3}]}", "[1,2,3]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_finds_what_it_names_and_nothing_else),
        cmocka_unit_test(a_slice_counts_as_jayway_does),
        cmocka_unit_test(a_union_takes_what_is_there),
        cmocka_unit_test(an_index_may_be_counted_from_the_length),
        cmocka_unit_test(a_name_behind_a_bracket_needs_no_dot),
        cmocka_unit_test(a_wildcard_takes_all_values),
        cmocka_unit_test(what_is_missing_is_an_empty_list_only_where_a_list_is_asked_for),
        cmocka_unit_test(two_dots_look_everywhere_the_outer_first),
        cmocka_unit_test(a_filter_takes_what_it_accepts),
        cmocka_unit_test(a_filter_takes_text_without_quotes),
        cmocka_unit_test(a_regular_expression_matches_all_of_a_text),
        cmocka_unit_test(a_regular_expression_takes_no_longer_than_its_length_times_the_text),
        cmocka_unit_test(a_function_may_end_a_path),
        cmocka_unit_test(a_path_is_refused_with_the_reason),
        cmocka_unit_test(a_path_has_a_limit_of_parts),
        cmocka_unit_test(a_path_that_looks_at_too_much_is_stopped),
        cmocka_unit_test(the_way_through_large_objects_is_counted_too),
        cmocka_unit_test(fields_that_are_written_to_take_reference_paths_alone),
        cmocka_unit_test(a_list_goes_through_every_field_that_reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
